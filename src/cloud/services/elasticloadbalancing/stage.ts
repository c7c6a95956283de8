/** A region with machines in two zones and containers on them, for stories about load balancers. */
import { CloudWatch } from "@aws-sdk/client-cloudwatch";
import { EC2 } from "@aws-sdk/client-ec2";
import { ElasticLoadBalancingV2, type CreateTargetGroupInput } from "@aws-sdk/client-elastic-load-balancing-v2";
import { ServiceQuotas } from "@aws-sdk/client-service-quotas";
import { SSM } from "@aws-sdk/client-ssm";
import { mib, minutes, plus, seconds, type Duration } from "../../../kernel/units.ts";
import type { Act } from "../../../world/acts.ts";
import { start } from "../../../world/containers.ts";
import { clients } from "../../clients.ts";
import { ACCOUNT, Cloud, root } from "../../cloud.ts";
import type { Here } from "./state.ts";
import { servedOf } from "./traffic.ts";

const region = "eu-west-1";
const image = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id";

type Workload = Extract<Act, { act: "image" }>["behaviour"];
type Ground = Awaited<ReturnType<typeof ground>>;

/** Machines stand in zone 1, zone 2, zone 1 and so on. They have run for two minutes. */
export async function stage({ machines = 2 } = {}) {
  const made = await ground(machines);
  return { ...made, ...deeds(made), ...shortcuts(made) };
}

async function ground(machines: number) {
  const cloud = new Cloud({ paranoid: true, latencies: "median" });
  const at = clients(cloud);
  const [ec2, elb, cloudwatch] = [at(EC2, { region }), at(ElasticLoadBalancingV2, { region }), at(CloudWatch, { region })];
  const after = (delay: Duration) => void cloud.advance(plus(cloud.run.now, delay));
  const ImageId = (await at(SSM, { region }).getParameter({ Name: image })).Parameter?.Value ?? "";
  if (machines > 2) {
    await at(ServiceQuotas, { region }).requestServiceQuotaIncrease({ ServiceCode: "ec2", QuotaCode: "L-1216C47A", DesiredValue: 1000 });
    after(minutes(24 * 60));
  }
  const VpcId = (await ec2.createVpc({ CidrBlock: "10.20.0.0/16" })).Vpc?.VpcId ?? "";
  const subnets: string[] = [];
  const zones: string[] = [];
  for (const [number, AvailabilityZoneId] of ["euw1-az1", "euw1-az2"].entries()) {
    const { Subnet } = await ec2.createSubnet({ VpcId, CidrBlock: `10.20.${number}.0/24`, AvailabilityZoneId });
    subnets.push(Subnet?.SubnetId ?? "");
    zones.push(Subnet?.AvailabilityZone ?? "");
  }
  const instances: string[] = [];
  for (let number = 0; number < machines; number++) {
    const SubnetId = subnets[number % 2];
    const { Instances } = await ec2.runInstances({ ImageId, InstanceType: "t3.small", SubnetId, MinCount: 1, MaxCount: 1 });
    instances.push(Instances?.[0]?.InstanceId ?? "");
  }
  after(minutes(2));
  return { cloud, at, ec2, elb, cloudwatch, after, VpcId, subnets, zones, instances };
}

/** What happens to containers, and what users do and get. */
function deeds({ cloud, instances }: Ground) {
  const here = () => cloud.context("elasticloadbalancing", region, root(ACCOUNT)) as Here;
  return {
    /** It listens at once and has a core; a request takes 10 ms of it, so it serves a hundred a second. */
    serve: (id: string, machine: number | string, port = 80, behaviour: Workload = {}) => {
      cloud.act({ act: "image", image: id, behaviour: { startup: 0, idle: 0, latency: 20, drain: 1000, ...behaviour } });
      const host = typeof machine === "string" ? machine : (instances[machine] ?? "");
      start(cloud.physics, { id, machine: host, image: id, limit: { cores: 1, memory: mib(512) }, ports: [{ port }] });
      cloud.advance(cloud.run.now);
    },
    crash: (container: string) => cloud.act({ act: "end-container", container, code: 1 }),
    demand: (name: string, rate: number, { id = "users", ...asked }: { path?: string; host?: string; id?: string } = {}) => {
      cloud.act({ act: "demand", id, name, steps: [{ at: 0, rate }], ...asked });
      cloud.advance(cloud.run.now);
    },
    /** Of containers, rounded to thousandths, when all has happened that happens now. */
    load: (...ids: string[]) => {
      cloud.advance(cloud.run.now);
      return ids.map((id) => Math.round((cloud.run.universe.world.containers.get(id)?.load ?? 0) * 1000) / 1000);
    },
    failed: (id = "users") => servedOf(here(), id).failed,
    /** What another service would do here. */
    within: (deed: (call: Here) => void) => {
      deed(here());
      cloud.act({ act: "no-demand", id: "nobody" }); // so that all is told
    },
  };
}

/** Shorter ways to the API. */
function shortcuts({ cloud, elb, cloudwatch, after, VpcId, subnets, instances }: Ground) {
  return {
    group: async (Name: string, more: Partial<CreateTargetGroupInput> = {}, attributes: Record<string, string | number> = {}) => {
      const { TargetGroups } = await elb.createTargetGroup({ Name, Protocol: "HTTP", Port: 80, VpcId, ...more });
      const { TargetGroupArn = "" } = TargetGroups?.[0] ?? {};
      const Attributes = Object.entries(attributes).map(([Key, Value]) => ({ Key, Value: String(Value) }));
      if (Attributes.length > 0) await elb.modifyTargetGroupAttributes({ TargetGroupArn, Attributes });
      return TargetGroupArn;
    },
    /** An active load balancer whose only listener leads to that group. */
    front: async (TargetGroupArn: string, Name = "front") => {
      const { LoadBalancers } = await elb.createLoadBalancer({ Name, Subnets: subnets, Scheme: "internal" });
      const { LoadBalancerArn = "", DNSName = "" } = LoadBalancers?.[0] ?? {};
      const DefaultActions = [{ Type: "forward" as const, TargetGroupArn }];
      const { Listeners } = await elb.createListener({ LoadBalancerArn, Port: 80, Protocol: "HTTP", DefaultActions });
      after(minutes(2));
      return { LoadBalancerArn, DNSName, ListenerArn: Listeners?.[0]?.ListenerArn ?? "" };
    },
    register: (TargetGroupArn: string, ...targets: (number | string)[]) =>
      elb.registerTargets({ TargetGroupArn, Targets: targets.map((each) => ({ Id: typeof each === "string" ? each : instances[each] })) }),
    deregister: (TargetGroupArn: string, target: number) => elb.deregisterTargets({ TargetGroupArn, Targets: [{ Id: instances[target] }] }),
    /** `state reason` of each target, in the order of registration. */
    health: async (TargetGroupArn: string) => {
      const { TargetHealthDescriptions = [] } = await elb.describeTargetHealth({ TargetGroupArn });
      return TargetHealthDescriptions.map(({ TargetHealth }) => [TargetHealth?.State, TargetHealth?.Reason].filter(Boolean).join(" "));
    },
    /** The datapoint of the minute that has just ended. */
    metric: async (MetricName: string, dimensions: Record<string, string>, statistic: "Sum" | "Average" | "Maximum" = "Sum") => {
      const end = Math.floor(Number(cloud.run.now) / 60_000) * 60_000;
      const { Datapoints } = await cloudwatch.getMetricStatistics({
        Namespace: "AWS/ApplicationELB",
        MetricName,
        Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
        StartTime: new Date(end - 60_000),
        EndTime: new Date(end),
        Period: 60,
        Statistics: [statistic],
      });
      return Datapoints?.[0]?.[statistic];
    },
  };
}

/** The part of an ARN that metrics name. */
export const named = (arn: string): string => arn.replace(/^.*:(loadbalancer\/)?/, "");

export { minutes, seconds };
