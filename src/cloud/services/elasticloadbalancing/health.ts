/**
 * Health checks: what one would find is worked out when the world changes, and when it will have been found often enough.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
 */
import { milliseconds, plus, seconds, type Instant } from "../../../kernel/units.ts";
import { probe } from "./probe.ts";
import { reportHealth } from "./metrics.ts";
import { leaderOf, targetKey, type Here, type Target, type TargetGroup, type TargetState, type Timers } from "./state.ts";
import { slowDown, slowOver } from "./slow-start.ts";
import { cutOff, refresh } from "./traffic.ts";

// In AWS's words, as DescribeTargetHealth gives them.
const descriptions: Record<string, string> = {
  "Elb.RegistrationInProgress": "Target registration is in progress",
  "Elb.InitialHealthChecking": "Initial health checks in progress",
  "Target.Timeout": "Request timed out",
  "Target.FailedHealthChecks": "Health checks failed",
  "Target.DeregistrationInProgress": "Target deregistration is in progress",
  "Target.NotRegistered": "Target is not registered to the target group",
};

/** Why a target gets neither requests nor checks. ALB-007 */
type Unused = { reason: "Target.NotInUse" | "Target.InvalidState"; description: string };

function unusedBy(call: Here, group: TargetGroup, { id, zone }: Target): Unused | undefined {
  const balancer = leaderOf(call, group);
  if (!balancer)
    return { reason: "Target.NotInUse", description: "Target group is not configured to receive traffic from the load balancer" };
  if (group.TargetType === "instance") {
    const state = call.peek("ec2").instances.get(id)?.state ?? "terminated";
    if (state === "stopped" || state === "terminated")
      return { reason: "Target.InvalidState", description: `Target is in the ${state} state` };
  }
  if (zone !== undefined && zone !== "all" && !balancer.nodes.some((node) => node.zone === zone))
    return { reason: "Target.NotInUse", description: "Target is in an Availability Zone that is not enabled for the load balancer" };
  return undefined;
}

/** A new target, or one that comes into use: its first check comes when it is registered, and one that passes is enough. ALB-004, ALB-026 */
export function begin(call: Here, group: TargetGroup, target: Target): void {
  const unused = unusedBy(call, group, target);
  if (unused) return turn(call, group, target, "unused", unused.reason, unused.description);
  target.first = plus(call.now, call.latency("target-registration"));
  target.streak = { from: target.first, count: 0, before: 0 };
  target.outcome = probe(call, group, target);
  turn(call, group, target, "initial");
  expect(call, group, target);
}

/** What rules, subnets or an instance's state make of a target. */
export function revise(call: Here, group: TargetGroup, target: Target): void {
  if (target.state === "draining") return;
  const unused = unusedBy(call, group, target);
  if (unused) {
    forgetEvent(call, target);
    turn(call, group, target, "unused", unused.reason, unused.description);
  } else if (target.state === "unused") begin(call, group, target);
}

/** The first check at that time or after it. ALB-003: their times are fixed, whatever they find and however long that takes. */
function nextCheck({ HealthCheckIntervalSeconds }: TargetGroup, { first }: Target, at: Instant): Instant {
  if (at <= first) return first;
  const interval = seconds(HealthCheckIntervalSeconds);
  return plus(first, milliseconds(Math.ceil((at - first) / interval) * interval));
}

/** Checks of the present streak that were before that time. */
const done = ({ HealthCheckIntervalSeconds }: TargetGroup, { streak }: Target, at: Instant): number =>
  at <= streak.from ? 0 : Math.ceil((at - streak.from) / seconds(HealthCheckIntervalSeconds));

/** Schedules the moment when enough checks in a row have found what one finds now. ALB-004, ALB-005 */
function expect(call: Here, group: TargetGroup, target: Target): void {
  forgetEvent(call, target);
  const well = target.outcome === undefined;
  if (target.state === (well ? "healthy" : "unhealthy")) return;
  const needed = !well ? group.UnhealthyThresholdCount : target.state === "initial" ? 1 : group.HealthyThresholdCount;
  const more = Math.max(0, needed - target.streak.count - 1);
  // Who does not answer is known to have failed only when the time for it has passed.
  const wait = target.outcome === "Target.Timeout" ? group.HealthCheckTimeoutSeconds : 0;
  const at = plus(target.streak.from, seconds(more * group.HealthCheckIntervalSeconds + wait));
  const data = { group: group.TargetGroupArn, target: targetKey(target.id, target.port) };
  target.event = call.after(milliseconds(Math.max(0, at - call.now)), "checked", data);
}

/** So many checks have found the same. */
export function checked(call: Here, { group: arn, target: key }: Timers["checked"]): void {
  const group = call.state.targetGroups.get(arn);
  const target = group?.targets.get(key);
  if (!group || !target) return;
  target.event = undefined;
  if (target.outcome === undefined) turn(call, group, target, "healthy");
  else turn(call, group, target, "unhealthy", reasonOf(target.outcome), descriptionOf(target.outcome));
}

/** Something that a check sees may be different. */
export function reconsider(call: Here, group: TargetGroup, target: Target): void {
  if (target.state === "draining" || target.state === "unused") return;
  const outcome = probe(call, group, target);
  if (outcome === target.outcome) return;
  const turned = (outcome === undefined) !== (target.outcome === undefined);
  target.outcome = outcome;
  if (turned) {
    const checks = done(group, target, call.now);
    const { streak } = target;
    // What no check has seen did not happen: the row before it goes on.
    const unseen = checks === 0 && streak.count === 0;
    target.streak = { from: nextCheck(group, target, call.now), count: unseen ? streak.before : 0, before: streak.count + checks };
  }
  expect(call, group, target);
  if (!turned && target.state === "unhealthy" && outcome !== undefined)
    turn(call, group, target, "unhealthy", reasonOf(outcome), descriptionOf(outcome));
}

/** The group's settings are others: checks that were made still count, the next one is in time by the old interval. */
export function resettle(call: Here, group: TargetGroup, change: () => void): void {
  const rows = [...group.targets.values()].map((target) => ({
    target,
    checks: done(group, target, call.now),
    next: nextCheck(group, target, call.now),
  }));
  change();
  for (const { target, checks, next } of rows) {
    if (target.state === "draining" || target.state === "unused") continue;
    target.first = next;
    target.streak = { ...target.streak, from: next, count: target.streak.count + checks };
    reconsider(call, group, target);
    expect(call, group, target);
  }
}

/** ALB-008: no new requests from now on, and gone when the delay has passed, whether anything is in flight or not. */
export function drain(call: Here, group: TargetGroup, target: Target): void {
  forgetEvent(call, target);
  slowOver(call, target);
  const delay = seconds(Number(group.attributes["deregistration_delay.timeout_seconds"]));
  target.cut = cutOff(call, group, target, delay);
  turn(call, group, target, "draining", "Target.DeregistrationInProgress", descriptions["Target.DeregistrationInProgress"]);
  target.event = call.after(delay, "drained", { group: group.TargetGroupArn, target: targetKey(target.id, target.port) });
}

export function forgetEvent(call: Here, target: Target): void {
  if (target.event !== undefined) call.cancel(target.event);
  target.event = undefined;
}

/** `Target.ResponseCodeMismatch 503` → its reason. */
const reasonOf = (outcome: string): string => outcome.split(" ")[0] ?? "";
const descriptionOf = (outcome: string): string | undefined => {
  const [reason = "", code] = outcome.split(" ");
  return code === undefined ? descriptions[reason] : `Health checks failed with these codes: [${code}]`;
};

function turn(call: Here, group: TargetGroup, target: Target, state: TargetState, reason?: string, description?: string): void {
  const before = target.state;
  const same = before === state && target.reason === reason;
  Object.assign(target, { state, reason, description });
  if (same) return;
  if (before !== state) target.since = call.now;
  if (state === "healthy") slowDown(call, group, target);
  else slowOver(call, target);
  call.tell("target-health", { targetGroupArn: group.TargetGroupArn, id: target.id, port: target.port, state, reason });
  reportHealth(call, group);
  refresh(call, group);
}

/** What DescribeTargetHealth says of it now. Of one that waits for its first check it depends on the hour. */
export function healthOf({ now }: Here, { state, reason, description, first }: Target) {
  if (state !== "initial") return { State: state, Reason: reason, Description: description };
  const Reason = now < first ? "Elb.RegistrationInProgress" : "Elb.InitialHealthChecking";
  return { State: state, Reason, Description: descriptions[Reason] };
}

export const notRegistered = {
  State: "unused",
  Reason: "Target.NotRegistered",
  Description: descriptions["Target.NotRegistered"],
} as const;
