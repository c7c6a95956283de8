/** What ECS knows of a region, and the words its files share. */
import type * as sdk from "@aws-sdk/client-ecs";
import type { Duration, Instant } from "../../../kernel/units.ts";
import { AwsError, type Call, type Known } from "../../service.ts";
import type { Series } from "../cloudwatch/report.ts";

export type Tags = Record<string, string>;

export type Cluster = {
  arn: string;
  name: string;
  status: "ACTIVE" | "INACTIVE";
  settings: sdk.ClusterSetting[];
  configuration?: sdk.ClusterConfiguration;
  capacityProviders: string[];
  strategy: sdk.CapacityProviderStrategyItem[];
  connectNamespace?: string;
  tags: Tags;
  /** By ARN. */
  instances: Set<string>;
  services: Set<string>;
  tasks: Set<string>;
};

export type TaskDefinition = Known<
  sdk.TaskDefinition,
  "taskDefinitionArn" | "family" | "revision" | "status" | "containerDefinitions" | "networkMode"
> & {
  tags: Tags;
  needs: Need;
};

/** What a task takes of its machine: CPU units, MiB, ports. */
export type Need = { cpu: number; memory: number; ports: number[] };

export type ContainerInstance = {
  arn: string;
  id: string;
  cluster: string;
  /** Of the world. */
  machine: string;
  /** `i-…`, or `mi-…` of a machine outside AWS. */
  ec2InstanceId: string;
  external: boolean;
  status: "ACTIVE" | "DRAINING" | "INACTIVE";
  connected: boolean;
  /** It is being terminated, and its agent was there when that began. */
  leaving: boolean;
  attributes: Map<string, string>;
  registered: { cpu: number; memory: number };
  remaining: { cpu: number; memory: number; ports: Set<number> };
  registeredAt: Date;
  version: number;
  provider?: string;
  tags: Tags;
  tasks: Set<string>;
  /** Images that its disk has, or will have when they are fetched: from when on. */
  cached: Map<string, Instant>;
  /** The next moment of its agent. */
  event?: number;
};

export type TaskContainer = {
  name: string;
  arn: string;
  /** Of the world. */
  id: string;
  image: string;
  essential: boolean;
  status: "PENDING" | "RUNNING" | "STOPPED";
  health: "UNKNOWN" | "HEALTHY" | "UNHEALTHY";
  /** What its checks will find next, if nothing changes. */
  awaits?: "HEALTHY" | "UNHEALTHY";
  exitCode?: number;
  reason?: string;
  bindings: { containerPort: number; hostPort: number; protocol: "tcp" | "udp"; bindIP: string }[];
  /** The next health check that counts. */
  event?: number;
};

type TaskStatus = "PROVISIONING" | "PENDING" | "ACTIVATING" | "RUNNING" | "DEACTIVATING" | "STOPPING" | "DEPROVISIONING" | "STOPPED";

export type Task = {
  arn: string;
  id: string;
  cluster: string;
  definition: string;
  instance?: string;
  group: string;
  startedBy?: string;
  launchType: "EC2" | "EXTERNAL";
  provider?: string;
  /** ARN of the service, and the id of its deployment. */
  service?: string;
  deployment?: string;
  lastStatus: TaskStatus;
  desiredStatus: "RUNNING" | "STOPPED";
  containers: TaskContainer[];
  zone?: string;
  version: number;
  created: Date;
  pullStarted?: Date;
  pullStopped?: Date;
  started?: Date;
  stopping?: Date;
  executionStopped?: Date;
  stopped?: Date;
  stopCode?: sdk.TaskStopCode;
  stoppedReason?: string;
  tags: Tags;
  overrides?: sdk.TaskOverride;
  protectedUntil?: Instant;
  /** By target group: the health of its target. */
  targets: Map<string, string>;
  /** It counts toward the healthy ones of its service. */
  counted: boolean;
  /** Why it is to be replaced. */
  unhealthy?: string;
  /** Cores and bytes in use, as last reported. */
  used: { cores: number; memory: number };
  event?: number;
};

export type Deployment = {
  id: string;
  status: "PRIMARY" | "ACTIVE";
  definition: string;
  created: Date;
  updated: Date;
  rollout: "IN_PROGRESS" | "COMPLETED" | "FAILED";
  rolloutReason: string;
  failed: number;
  /** One of its tasks has run. */
  ran: boolean;
  /** What its tasks run beside the definition. */
  balancers: sdk.LoadBalancer[];
  strategy: sdk.CapacityProviderStrategyItem[];
};

export type Service = {
  arn: string;
  name: string;
  cluster: string;
  status: "ACTIVE" | "DRAINING" | "INACTIVE";
  definition: string;
  desired: number;
  scheduling: "REPLICA" | "DAEMON";
  launchType?: "EC2" | "EXTERNAL";
  configuration: { minimum: number; maximum: number; breaker: sdk.DeploymentCircuitBreaker };
  placement: { constraints: sdk.PlacementConstraint[]; strategies: sdk.PlacementStrategy[] };
  rebalancing: "ENABLED" | "DISABLED";
  grace: Duration;
  /** Newest first. */
  deployments: Deployment[];
  /** The definition of the last deployment that completed. */
  completed?: string;
  /** Tasks that are not stopped, by ARN, in the order of their start. */
  tasks: Set<string>;
  events: { id: string; at: Date; message: string }[];
  created: Date;
  createdBy: string;
  tags: Tags;
  propagate: sdk.PropagateTags;
  managedTags: boolean;
  execute: boolean;
  connect?: sdk.ServiceConnectConfiguration;
  role?: string;
  /** Attempts to place a task that failed one after the other. */
  unplaced: number;
  /** Starts that failed one after the other, and until when nothing is started for that. */
  failures: number;
  waitsUntil?: Instant;
  /** The scheduler's next look, and when it is. */
  event?: number;
  looksAt?: Instant;
  /** Sums over its running tasks, as last reported, and as what. */
  used: { cores: number; memory: number; tasks: number };
  reported?: { cpu: Series; memory: Series };
};

export const state = () => ({
  services: new Map<string, Service>(),
  clusters: new Map<string, Cluster>(),
  /** Family → its highest revision ever. */
  families: new Map<string, number>(),
  definitions: new Map<string, TaskDefinition>(),
  instances: new Map<string, ContainerInstance>(),
  /** Machine → its container instance. */
  machines: new Map<string, string>(),
  tasks: new Map<string, Task>(),
  /** Container of the world → its task. */
  containers: new Map<string, string>(),
  /** Target `group/id/port` → task. */
  targets: new Map<string, string>(),
  settings: new Map<string, string>(),
});

export type State = ReturnType<typeof state>;
export type Timers = {
  look: { service: string };
  agentUp: { machine: string };
  agentLost: { instance: string };
  taskNext: { task: string };
  taskKilled: { task: string };
  taskForgotten: { task: string };
  healthChecked: { task: string; container: string };
  counted: { task: string };
};
export type Here = Call<State, Timers>;

export const clientError = (message: string): AwsError => new AwsError("ClientException", message);
export const invalid = (message: string): AwsError => new AwsError("InvalidParameterException", message);

export const tagMap = (tags: readonly sdk.Tag[] = []): Tags => Object.fromEntries(tags.map(({ key = "", value = "" }) => [key, value]));
export const tagList = (tags: Tags): sdk.Tag[] => Object.entries(tags).map(([key, value]) => ({ key, value }));

export const idOf = (arn: string): string => arn.slice(arn.lastIndexOf("/") + 1);

/** A page of ARNs or shapes, by offset in an opaque token. */
export function page<Item>(items: readonly Item[], max = 100, token?: string): { items: Item[]; next?: string } {
  if (max < 1 || max > 100) throw invalid("maxResults must be between 1 and 100.");
  const begin = token === undefined ? 0 : Number(Buffer.from(token, "base64url").toString());
  if (!Number.isInteger(begin) || begin < 0) throw invalid("Invalid token");
  const next = begin + max < items.length ? Buffer.from(String(begin + max)).toString("base64url") : undefined;
  return { items: items.slice(begin, begin + max), next };
}

export function clusterOf(call: Here, asked = "default"): Cluster {
  const cluster = call.state.clusters.get(asked.startsWith("arn:") ? idOf(asked) : asked);
  if (cluster?.status !== "ACTIVE") throw new AwsError("ClusterNotFoundException", "Cluster not found.");
  return cluster;
}

/** By name or ARN. */
export function serviceOf(call: Here, cluster: Cluster, asked: string): Service {
  const service = call.state.services.get(asked.startsWith("arn:") ? asked : `${cluster.arn.replace(":cluster/", ":service/")}/${asked}`);
  if (!service || service.cluster !== cluster.name) throw new AwsError("ServiceNotFoundException", "Service not found.");
  return service;
}

/** `family`, `family:revision` or the ARN; a family is its newest active revision. */
export function definitionOf(call: Here, asked: string): TaskDefinition {
  const name = asked.startsWith("arn:") ? idOf(asked) : asked;
  const [family = "", revision] = name.split(":");
  if (revision !== undefined) {
    const definition = call.state.definitions.get(`${family}:${revision}`);
    if (!definition) throw clientError("Unable to describe task definition.");
    return definition;
  }
  for (let number = call.state.families.get(family) ?? 0; number > 0; number--) {
    const definition = call.state.definitions.get(`${family}:${number}`);
    if (definition?.status === "ACTIVE") return definition;
  }
  throw clientError("TaskDefinition not found.");
}
