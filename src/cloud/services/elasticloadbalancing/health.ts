/**
 * Health checks: what one would find is worked out when the world changes, and when it will have been found often enough.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
 */
import { milliseconds, seconds, type Duration } from "../../../kernel/units.ts";
import { listenerAt, listenerKey } from "../../../world/containers.ts";
import { alive } from "../../../world/machines.ts";
import type { Change } from "../../../world/physics.ts";
import { level } from "../cloudwatch/report.ts";
import type { Here, Target, TargetGroup, TargetState, Timers } from "./state.ts";
import { flowOfGroup, flowSoon } from "./traffic.ts";

const targetKey = (id: string, port: number): string => `${id}:${port}`;

/** Where a target listens: an instance by its address in the VPC, an address as it is. */
export function placeOf(call: Here, group: TargetGroup, { id, port }: Target): { key: string; machine?: string } {
  if (group.TargetType === "instance") {
    const machine = call.world.machines.get(id);
    return { key: listenerKey(machine?.network ?? "", machine?.address ?? "", port), machine: id };
  }
  const key = listenerKey(group.VpcId, id, port);
  return { key, machine: call.world.containers.get(call.world.listeners.get(key) ?? "")?.machine };
}

/** What a check finds now; undefined: it is well. ALB-006 */
function outcomeOf(call: Here, group: TargetGroup, target: Target): string | undefined {
  const { key, machine } = placeOf(call, group, target);
  if (machine !== undefined && !alive(call.world.machines.get(machine))) return "Target.Timeout";
  const container = listenerAt(call.world, key);
  if (!container) return "Target.FailedHealthChecks";
  return container.behaviour.unhealthy ? "Target.ResponseCodeMismatch" : undefined;
}

const descriptions: Record<string, string> = {
  "Target.Timeout": "Request timed out",
  "Target.FailedHealthChecks": "Health checks failed",
  "Target.ResponseCodeMismatch": "Health checks failed with these codes: [503]",
};

export function register(call: Here, group: TargetGroup, id: string, port: number): void {
  const known = group.targets.get(targetKey(id, port));
  if (known?.state === "draining" && known.event !== undefined) call.cancel(known.event);
  else if (known) return;
  const target: Target = {
    id,
    port,
    zone: zoneOf(call, id),
    state: "initial",
    reason: "Elb.RegistrationInProgress",
    description: "Target registration is in progress",
    load: 0,
  };
  group.targets.set(targetKey(id, port), target);
  const { machine = id } = placeOf(call, group, target);
  call.state.watched.set(machine, (call.state.watched.get(machine) ?? new Set()).add(group.TargetGroupArn));
  if (group.LoadBalancerArns.length === 0) return turn(call, group, target, "unused", "Target.NotInUse");
  // The first check comes when it is registered, and one that passes is enough: ALB-004, ALB-026.
  target.outcome = outcomeOf(call, group, target);
  const first = call.latency("target-registration");
  const wait = target.outcome === undefined ? first : milliseconds(first + failing(group));
  target.event = call.after(wait, "checked", {
    group: group.TargetGroupArn,
    target: targetKey(id, port),
    to: target.outcome === undefined ? "healthy" : "unhealthy",
  });
}

const zoneOf = (call: Here, id: string): string | undefined => call.peek("ec2").instances.get(id)?.Placement.AvailabilityZone;

/** From the first check that fails until so many have: the last of them has to time out too. ALB-004, ALB-005 */
const failing = ({
  HealthCheckIntervalSeconds: interval,
  UnhealthyThresholdCount: count,
  HealthCheckTimeoutSeconds: timeout,
}: TargetGroup): Duration => seconds(interval * (count - 1) + timeout);

/** ALB-008 */
export function deregister(call: Here, group: TargetGroup, target: Target): void {
  if (target.state === "draining") return;
  if (target.event !== undefined) call.cancel(target.event);
  turn(call, group, target, "draining", "Target.DeregistrationInProgress");
  const delay = seconds(Number(group.attributes["deregistration_delay.timeout_seconds"]));
  target.event = call.after(delay, "drained", { group: group.TargetGroupArn, target: targetKey(target.id, target.port) });
}

export function drained(call: Here, { group: arn, target: key }: Timers["drained"]): void {
  const group = call.state.targetGroups.get(arn);
  const target = group?.targets.get(key);
  if (!group || target?.state !== "draining") return;
  group.targets.delete(key);
  call.tell("target-health", { targetGroupArn: arn, id: target.id, port: target.port, state: "unused", reason: "Target.NotRegistered" });
}

/** So many checks have found the same. */
export function checked(call: Here, { group: arn, target: key, to }: Timers["checked"]): void {
  const group = call.state.targetGroups.get(arn);
  const target = group?.targets.get(key);
  if (!group || !target || target.state === "draining") return;
  target.event = undefined;
  if (to === "healthy") turn(call, group, target, "healthy");
  else turn(call, group, target, "unhealthy", target.outcome);
}

/** Something that a check would see is different: how long until enough checks have seen it? */
function reconsider(call: Here, group: TargetGroup, target: Target): void {
  if (target.state === "draining" || target.state === "unused") return;
  const outcome = outcomeOf(call, group, target);
  const well = outcome === undefined;
  if (well === (target.outcome === undefined) && target.event !== undefined) {
    target.outcome = outcome;
    return;
  }
  target.outcome = outcome;
  if (target.event !== undefined) call.cancel(target.event);
  target.event = undefined;
  if (well === (target.state === "healthy")) return;
  const { HealthCheckIntervalSeconds: interval, HealthyThresholdCount: count } = group;
  // The next check is anywhere within an interval; on the mean half of it has passed.
  const next = seconds(interval / 2);
  const wait = !well ? next + failing(group) : target.state === "initial" ? next : next + seconds(interval * (count - 1));
  target.event = call.after(milliseconds(wait), "checked", {
    group: group.TargetGroupArn,
    target: targetKey(target.id, target.port),
    to: well ? "healthy" : "unhealthy",
  });
}

function turn(call: Here, group: TargetGroup, target: Target, state: TargetState, reason?: string): void {
  if (target.state === state && target.reason === reason) return;
  target.state = state;
  target.reason = reason;
  target.description =
    reason === undefined
      ? undefined
      : (descriptions[reason] ?? (state === "draining" ? "Target deregistration is in progress" : undefined));
  report(call, group);
  call.tell("target-health", { targetGroupArn: group.TargetGroupArn, id: target.id, port: target.port, state, reason });
  flowOfGroup(call, group);
}

/** ALB-024: while there is a load balancer to count for. */
export function report(call: Here, group: TargetGroup): void {
  for (const arn of group.LoadBalancerArns) {
    const balancer = call.state.loadBalancers.get(arn);
    if (!balancer) continue;
    const dimensions = { TargetGroup: group.fullName, LoadBalancer: balancer.fullName };
    const count = (state: TargetState) => [...group.targets.values()].filter((each) => each.state === state).length;
    level(call, { namespace: "AWS/ApplicationELB", name: "HealthyHostCount", dimensions, unit: "Count" }, count("healthy"));
    level(call, { namespace: "AWS/ApplicationELB", name: "UnHealthyHostCount", dimensions, unit: "Count" }, count("unhealthy"));
  }
}

export function containerChanged(call: Here, { container }: Extract<Change, { kind: "container" }>): void {
  const machine = call.world.containers.get(container)?.machine;
  if (machine !== undefined) lookAt(call, machine, call.world.containers.get(container)?.listens);
}

export const machineChanged = (call: Here, { machine }: Extract<Change, { kind: "machine" }>): void => lookAt(call, machine);

function lookAt(call: Here, machine: string, listens?: readonly string[]): void {
  const touched = new Set<string>();
  for (const arn of call.state.watched.get(machine) ?? []) {
    const group = call.state.targetGroups.get(arn);
    if (!group) continue;
    for (const target of group.targets.values()) {
      const place = placeOf(call, group, target);
      if (place.machine !== machine || (listens && !listens.includes(place.key))) continue;
      reconsider(call, group, target);
      for (const balancer of group.LoadBalancerArns) touched.add(balancer);
    }
  }
  // Requests find out at once what checks find out later.
  for (const balancer of touched) flowSoon(call, balancer);
}
