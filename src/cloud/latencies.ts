/** Durations that AWS does not promise, each with its median, its 95th percentile, where it is from and how sure that is. */
import { minutes, seconds, type Duration } from "../kernel/units.ts";

type Latency = {
  median: Duration;
  p95: Duration;
  source: string;
  /** `documented`: AWS says so; `observed`: somebody measured it; `inferred`: our reading, to be turned when somebody knows better. */
  confidence: "documented" | "observed" | "inferred";
};

/** One line each; the rules are `docs/semantics/compute.md`, section 9. */
export const latencies = {
  /** RunInstances → running. */
  "instance-running": { median: seconds(17), p95: seconds(20), source: "LAT-002", confidence: "observed" },
  /** Running → its services start: with the former, 30 s from launch. */
  "instance-boot": { median: seconds(13), p95: seconds(40), source: "LAT-003", confidence: "observed" },
  /** Stopped → running, with what it has on its disks: a warm pool's gain. */
  "instance-start": { median: seconds(8), p95: seconds(12), source: "LAT-017", confidence: "inferred" },
  "instance-stopping": { median: seconds(30), p95: seconds(60), source: "no measurement found", confidence: "inferred" },
  "instance-shutting-down": { median: seconds(30), p95: seconds(60), source: "no measurement found", confidence: "inferred" },
  /** CreateVolume → available. */
  "volume-creation": { median: seconds(3), p95: seconds(10), source: "no measurement found", confidence: "inferred" },
  /** On to an instance, or off it. */
  "volume-attachment": { median: seconds(2), p95: seconds(6), source: "no measurement found", confidence: "inferred" },
  /** ModifyVolume → completed: "a few minutes to a few hours", ebs/latest/userguide/monitoring-volume-modifications.html */
  "volume-optimization": { median: minutes(10), p95: minutes(60), source: "no measurement found", confidence: "inferred" },
  /** Written completely, as an image's are too; the first of a volume takes longest. */
  snapshot: { median: minutes(3), p95: minutes(15), source: "no measurement found", confidence: "inferred" },
  /** A system that no longer answers → its status check says impaired. */
  "status-check-impaired": { median: minutes(2), p95: minutes(5), source: "LAT-013", confidence: "inferred" },
  /** Boot → status checks passed. */
  "status-check-passed": { median: minutes(2), p95: minutes(3), source: "LAT-013", confidence: "inferred" },
  /** System up → the ECS agent has registered: 41 s from launch. */
  "agent-registration": { median: seconds(11), p95: seconds(20), source: "LAT-004", confidence: "observed" },
  /** The agent is gone → agentConnected is false. */
  "agent-lost": { median: minutes(3), p95: minutes(4), source: "LAT-014, ECS-027", confidence: "inferred" },
  /** The line is back → the agent has reconnected. */
  "agent-reconnect": { median: seconds(30), p95: minutes(2), source: "LAT-014, ECS-027", confidence: "inferred" },
  /** A scheduler that was told of something → it acts. */
  "ecs-scheduler": { median: seconds(5), p95: seconds(10), source: "LAT-005", confidence: "inferred" },
  /** Task placed → the agent has the task. */
  "task-to-agent": { median: seconds(1), p95: seconds(2), source: "no measurement found", confidence: "inferred" },
  /** Before the first byte of an image; its size at the registry's rate comes on top. */
  "image-pull": { median: seconds(1), p95: seconds(3), source: "LAT-006", confidence: "inferred" },
  "container-start": { median: seconds(2), p95: seconds(3), source: "LAT-007", confidence: "inferred" },
  /** A task of a service ended → its replacement is started. */
  "service-relaunch": { median: seconds(18), p95: seconds(30), source: "LAT-007", confidence: "observed" },
  /** RegisterTargets → its first health check. */
  "target-registration": { median: seconds(5), p95: seconds(10), source: "LAT-012", confidence: "inferred" },
  /** CreateLoadBalancer → active: AWS says "a few minutes". */
  "load-balancer-provisioning": { median: minutes(2), p95: minutes(4), source: "no measurement found", confidence: "inferred" },
  /** A minute has closed → its datapoint is seen by an alarm. */
  "metric-visible": { median: seconds(45), p95: seconds(60), source: "LAT-009, CW-020", confidence: "observed" },
  /** An alarm's action → who scales has acted. */
  "scaling-action": { median: seconds(5), p95: seconds(10), source: "LAT-009", confidence: "inferred" },
  /** A group was told something, or something in it changed → Auto Scaling looks at it: 1, 6, 16 and 37 s stand between the two in causes of activities that AWS and its users print. */
  "group-pass": {
    median: seconds(6),
    p95: seconds(30),
    source: "docs.aws.amazon.com/cli describe-scaling-activities",
    confidence: "observed",
  },
  /** An instance's status check is impaired → its group gives it up, with the two minutes of the check itself within LAT-013. */
  "status-check-tolerance": { median: minutes(2), p95: minutes(3), source: "LAT-013, ASG-003", confidence: "inferred" },
  /** A launch failed → the next try; doubled each time. */
  "launch-retry": { median: minutes(1), p95: minutes(2), source: "no measurement found", confidence: "inferred" },
  /** A managed node goes silent → ConnectionLost: two of its five-minute pings. */
  "node-lost": { median: minutes(10), p95: minutes(10), source: "SSM-006", confidence: "inferred" },
  /** SendCommand → a node that is online has it. */
  "command-delivery": { median: seconds(1), p95: seconds(3), source: "no measurement found", confidence: "inferred" },
  "image-replication": { median: minutes(5), p95: minutes(30), source: "ECR-008", confidence: "documented" },
} satisfies Record<string, Latency>;

export type LatencyName = keyof typeof latencies;

/** Bytes a second from a registry in the same region to a host. LAT-006, inferred. */
export const REGISTRY_RATE = 90_000_000;
