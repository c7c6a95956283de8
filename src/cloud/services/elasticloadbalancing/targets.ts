/** What is registered in target groups. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-register-targets.html */
import type * as sdk from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Instant } from "../../../kernel/units.ts";
import { AwsError, type Operations } from "../../service.ts";
import { block, holds, parseAddress } from "../ec2/cidr.ts";
import { begin, drain, forgetEvent, healthOf, notRegistered } from "./health.ts";
import { reportHealth } from "./metrics.ts";
import { containerOf, inVpc, listenerOn, siteOf } from "./probe.ts";
import { anomalies, registered } from "./sharing.ts";
import { groupOf, invalid, refuse, targetKey, type Here, type State, type Target, type TargetGroup, type Timers } from "./state.ts";
import { cut, refresh } from "./traffic.ts";
import { overrideOf } from "./zonal-shift.ts";

const TARGETS_MAX = 1000; // targets per target group: load-balancer-limits.html
/** "You can't specify publicly routable IP addresses": load-balancer-target-groups.html#target-type */
const PRIVATE = ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"].map(block);

export const targetOperations = {
  RegisterTargets(call, { TargetGroupArn, Targets }) {
    const group = groupOf(call, TargetGroupArn);
    if (Targets.length === 0) throw invalid("A target must be specified");
    const wanted = Targets.map((each) => ({ ...checkTarget(call, group, each), id: each.Id ?? "", port: each.Port ?? group.Port }));
    const fresh = new Set(wanted.map(({ id, port }) => targetKey(id, port)).filter((key) => !group.targets.has(key)));
    const most = group.TargetType === "alb" ? 1 : TARGETS_MAX;
    if (group.targets.size + fresh.size > most)
      throw new AwsError("TooManyTargets", `The maximum number of targets has been reached for target group '${TargetGroupArn}'`);
    for (const each of wanted) register(call, group, each);
  },

  DeregisterTargets(call, { TargetGroupArn, Targets }) {
    const group = groupOf(call, TargetGroupArn);
    const leaving = new Set<Target>();
    for (const { Id = "", Port } of Targets) {
      if (Port !== undefined) {
        const target = group.targets.get(targetKey(Id, Port));
        if (target) leaving.add(target);
        continue;
      }
      // Without a port: wherever that one is registered.
      for (const target of group.targets.values()) if (target.id === Id) leaving.add(target);
    }
    for (const target of leaving) deregister(call, group, target);
  },

  DescribeTargetHealth(call, { TargetGroupArn, Targets, Include }) {
    const group = groupOf(call, TargetGroupArn);
    const all = [...group.targets.values()];
    const asked = Targets?.length
      ? Targets.flatMap(({ Id = "", Port }) => {
          const found = all.filter(({ id, port }) => id === Id && (Port === undefined || port === Port));
          return found.length > 0 ? found : [{ id: Id, port: Port ?? group.Port }];
        })
      : all;
    const detects = Include?.some((what) => what === "AnomalyDetection" || what === "All") ?? false;
    const odd = detects ? anomalous(call, group) : undefined;
    return { TargetHealthDescriptions: asked.map((each) => described(call, group, each, odd)) };
  },
} satisfies Operations<sdk.ElasticLoadBalancingV2, State, Timers>;

function described(
  call: Here,
  group: TargetGroup,
  target: Target | Pick<Target, "id" | "port">,
  odd: ReadonlySet<Target> | undefined,
): sdk.TargetHealthDescription {
  const known = "state" in target;
  const health = known ? healthOf(call, target) : notRegistered;
  const AvailabilityZone = known && group.TargetType === "ip" ? target.zone : undefined;
  const mitigates = group.attributes["load_balancing.algorithm.anomaly_mitigation"] === "on";
  return {
    Target: { Id: target.id, Port: target.port, ...(AvailabilityZone && { AvailabilityZone }) },
    HealthCheckPort: group.HealthCheckPort === "traffic-port" ? String(target.port) : group.HealthCheckPort,
    TargetHealth: health as sdk.TargetHealth,
    ...(odd &&
      known && {
        AnomalyDetection: {
          Result: odd.has(target) ? "anomalous" : "normal",
          MitigationInEffect: odd.has(target) && mitigates ? "yes" : "no",
        },
      }),
    ...(known && { AdministrativeOverride: overrideOf(call, group, target) }),
  };
}

/** ALB-011 */
function anomalous(call: Here, group: TargetGroup): Set<Target> {
  const healthy = [...group.targets.values()].filter(({ state }) => state === "healthy");
  const containers = healthy.map((target) => containerOf(call, group, target));
  const odd = anomalies(healthy, containers);
  return new Set(healthy.filter((_target, at) => odd[at]));
}

/** Also a target that is on its way out begins anew. */
function register(call: Here, group: TargetGroup, { id, port, zone }: { id: string; port: number; zone?: string }): void {
  const key = targetKey(id, port);
  const known = group.targets.get(key);
  if (known && known.state !== "draining") return;
  if (known) forgetEvent(call, known);
  const target: Target = {
    id,
    port,
    zone,
    state: "unused",
    since: call.now,
    first: 0 as Instant,
    streak: { from: 0 as Instant, count: 0, before: 0 },
    load: known?.load ?? 0,
    container: known?.container,
  };
  if (group.TargetType === "ip") target.network = siteOf(call, group, target);
  group.targets.set(key, target);
  const holders = call.state.holders.get(id) ?? new Set();
  call.state.holders.set(id, holders.add(group.TargetGroupArn));
  begin(call, group, target);
}

/** One that gets nothing anyway goes at once. */
function deregister(call: Here, group: TargetGroup, target: Target): void {
  if (target.state === "draining") return;
  if (registered(target)) drain(call, group, target);
  else gone(call, group, target);
}

export function drained(call: Here, { group: arn, target: key }: Timers["drained"]): void {
  const group = call.state.targetGroups.get(arn);
  const target = group?.targets.get(key);
  if (!group || target?.state !== "draining") return;
  cut(call, group, target.cut ?? 0, 502); // ALB-008, ALB-020
  gone(call, group, target);
}

function gone(call: Here, group: TargetGroup, target: Target): void {
  forgetEvent(call, target);
  group.targets.delete(targetKey(target.id, target.port));
  forgetHolder(call, group, target.id);
  const { id, port } = target;
  call.tell("target-health", { targetGroupArn: group.TargetGroupArn, id, port, state: "unused", reason: "Target.NotRegistered" });
  reportHealth(call, group);
  refresh(call, group);
}

export function forgetHolder(call: Here, group: TargetGroup, id: string): void {
  for (const target of group.targets.values()) if (target.id === id) return;
  const holders = call.state.holders.get(id);
  holders?.delete(group.TargetGroupArn);
  if (holders?.size === 0) call.state.holders.delete(id);
}

/** Refuses what cannot be a target of that group; answers the zone it is in. */
function checkTarget(
  call: Here,
  group: TargetGroup,
  { Id = "", Port, AvailabilityZone, QuicServerId }: sdk.TargetDescription,
): { zone?: string } {
  refuse("targets", { QuicServerId });
  if (Port !== undefined && (Port < 1 || Port > 65_535)) throw invalid(`Target port '${Port}' must be between 1 and 65535`);
  if (group.TargetType === "ip") return { zone: checkAddress(call, group, Id, AvailabilityZone) };
  if (AvailabilityZone !== undefined) throw invalid(`An Availability Zone cannot be specified for targets of type '${group.TargetType}'`);
  if (group.TargetType === "alb") return checkBalancer(call, group, Id, Port ?? group.Port);
  return { zone: checkInstance(call, group, Id) };
}

function checkInstance(call: Here, group: TargetGroup, id: string): string | undefined {
  const instance = call.peek("ec2").instances.get(id);
  if (!instance) throw new AwsError("InvalidTarget", `The following targets are not valid instance IDs: '${id}'`);
  if (instance.VpcId !== group.VpcId)
    throw new AwsError("InvalidTarget", `The following targets are not in the target group VPC '${group.VpcId}': '${id}'`);
  // "must be in the running state when you register it": target-group-register-targets.html
  if (instance.state !== "running")
    throw new AwsError("InvalidTarget", `The following targets are not in a running state and cannot be registered: '${id}'`);
  return instance.Placement.AvailabilityZone;
}

function checkAddress(call: Here, group: TargetGroup, address: string, zone: string | undefined): string {
  const parsed = parseAddress(address);
  if (parsed?.family !== 4) throw new AwsError("InvalidTarget", `The IP address '${address}' is not a valid IPv4 address`);
  if (inVpc(call, group.VpcId, address)) {
    for (const subnet of call.peek("ec2").subnets.values())
      if (subnet.VpcId === group.VpcId && holds(block(subnet.CidrBlock), 4, parsed.value)) return subnet.AvailabilityZone;
    throw new AwsError("InvalidTarget", `The IP address '${address}' is not in a subnet of the target group VPC '${group.VpcId}'`);
  }
  if (!PRIVATE.some((range) => holds(range, 4, parsed.value)))
    throw new AwsError("InvalidTarget", `The IP address '${address}' is not a private address`);
  if (zone === undefined)
    throw invalid(`You must specify an Availability Zone, or 'all', for the IP address '${address}': it is outside the VPC`);
  return zone;
}

function checkBalancer(call: Here, group: TargetGroup, arn: string, port: number): {} {
  const balancer = call.state.loadBalancers.get(arn);
  if (balancer?.Type !== "application") throw new AwsError("InvalidTarget", `'${arn}' is not an Application Load Balancer`);
  if (balancer.VpcId !== group.VpcId)
    throw new AwsError("InvalidTarget", `The load balancer '${arn}' is not in the target group VPC '${group.VpcId}'`);
  // "must have at least one listener whose port matches the target group port": API_TargetDescription.html
  if (port !== group.Port)
    throw new AwsError("InvalidTarget", `The port of the load balancer must be that of the target group: ${group.Port}`);
  if (!listenerOn(call, balancer, port)) throw new AwsError("InvalidTarget", `The load balancer '${arn}' has no listener on port ${port}`);
  return {};
}
