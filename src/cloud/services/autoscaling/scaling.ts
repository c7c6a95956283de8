/** From an alarm to a desired capacity. https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-target-tracking.html */
import type { AdjustmentType, MetricAggregationType } from "@aws-sdk/client-application-auto-scaling";
import { plus, seconds } from "../../../kernel/units.ts";
import { AwsError, type Notices } from "../../service.ts";
import { adjusted, aggregated, stepFor, tracked } from "../applicationautoscaling/arithmetic.ts";
import { inProgress } from "./activities.ts";
import { isCooling, resize } from "./groups.ts";
import { isManaged } from "./policies.ts";
import { serves, warmupOf } from "./replacement.ts";
import { counts, runs, type Group, type Here, type Policy, type Timers } from "./state.ts";

/** An alarm has a policy among its actions. What would change nothing takes no event: the alarm says it again each minute. */
export function heard(call: Here, { action, alarmName: alarm, state, values }: Notices["alarm-action"]): void {
  const found = find(call, action);
  if (!found || (state !== "ALARM" && found.policy.PolicyType !== "SimpleScaling")) return;
  if (found.policy.PolicyType !== "SimpleScaling" && values.length === 0) return;
  if (wish(call, { ...found, alarm, values }) !== undefined)
    call.after(call.latency("scaling-action"), "act", { policy: action, alarm, state, values });
}

/** By the ARN of its policy. */
function find(call: Here, arn: string): { group: Group; policy: Policy } | undefined {
  const [, name = "", policyName = ""] = /:autoScalingGroupName\/(.+):policyName\/(.+)$/.exec(arn) ?? [];
  const group = call.state.groups.get(name);
  const policy = group?.policies.get(policyName);
  return group && policy?.PolicyARN === arn ? { group, policy } : undefined;
}

export function act(call: Here, { policy: arn, alarm, state, values }: Timers["act"]): void {
  const found = find(call, arn);
  const to = found && wish(call, { ...found, alarm, values });
  if (!found || to === undefined) return;
  change(call, found.group, found.policy, to, `a monitor alarm ${alarm} in state ${state} triggered policy ${found.policy.PolicyName}`);
}

type Asked = { values: number[]; threshold?: number; honour: boolean };

/** Somebody executes a policy by hand. */
export function carryOut(call: Here, group: Group, policy: Policy, { values, threshold, honour }: Asked): void {
  if (honour && policy.PolicyType === "SimpleScaling" && isHeld(call, group))
    throw new AwsError("ScalingActivityInProgress", "A scaling activity or its cooldown is in progress and blocks this action.");
  const to = bounded(
    group,
    policy.PolicyType === "StepScaling" ? stepped(call, { group, policy, values }, threshold ?? 0) : simple(group, policy),
  );
  if (to !== undefined) change(call, group, policy, to, `a user request executed policy ${policy.PolicyName}`);
}

function change(call: Here, group: Group, policy: Policy, to: number, reason: string): void {
  if (policy.PolicyType === "SimpleScaling") group.cooldown = { length: policy.Cooldown ?? group.DefaultCooldown };
  resize(call, group, { min: group.MinSize, max: group.MaxSize, desired: to }, reason);
}

/** Simple scaling waits for the activities of the one before, and for its cooldown. ASG-016 */
const isHeld = (call: Here, group: Group): boolean => inProgress(group) || isCooling(call, group);

/** An alarm's question to a policy of a group. */
type Question = { group: Group; policy: Policy; alarm: string; values: readonly number[] };

/** What the desired capacity is to be; undefined: what it is. */
function wish(call: Here, question: Question): number | undefined {
  const { group, policy, alarm } = question;
  if (!runs(group, "AlarmNotification") || policy.Enabled === false || group.Status !== undefined) return undefined;
  if (policy.PolicyType === "SimpleScaling") return isHeld(call, group) ? undefined : bounded(group, simple(group, policy));
  if (policy.PolicyType === "TargetTrackingScaling") return bounded(group, trackedBy(call, question));
  const threshold = call.peek("cloudwatch").alarms.get(alarm);
  if (threshold?.kind !== "metric" || threshold.threshold === undefined) return undefined;
  return bounded(group, stepped(call, question, threshold.threshold));
}

/** ASG-028: while a zone is shifted away from, policies take nothing away. */
function bounded({ MinSize, MaxSize, DesiredCapacity, shifted }: Group, to: number | undefined): number | undefined {
  if (to === undefined) return undefined;
  const within = Math.min(MaxSize, Math.max(MinSize, to));
  return within === DesiredCapacity || (within < DesiredCapacity && shifted.size > 0) ? undefined : within;
}

const simple = (
  { DesiredCapacity }: Group,
  { AdjustmentType = "ChangeInCapacity", ScalingAdjustment = 0, MinAdjustmentMagnitude }: Policy,
): number => adjusted(DesiredCapacity, AdjustmentType as AdjustmentType, ScalingAdjustment, MinAdjustmentMagnitude);

/** Who is there, as policies see it. ASG-018 */
function census(call: Here, group: Group, policy: Policy): { warm: number; warming: number; leaving: number } {
  // ASG-017
  const warmup = policy.EstimatedInstanceWarmup ?? (group.DefaultInstanceWarmup === undefined ? group.DefaultCooldown : warmupOf(group));
  const found = { warm: 0, warming: 0, leaving: 0 };
  for (const member of group.members.values()) {
    if (member.LifecycleState.startsWith("Terminating")) found.leaving++;
    if (!counts(member)) continue;
    // CAS-012 counts from the launch.
    const warm = isManaged(policy) ? call.now >= plus(member.launched, seconds(warmup)) : serves(call, member, warmup);
    if (warm && member.LifecycleState === "InService") found.warm++;
    else found.warming++;
  }
  return found;
}

/** ASG-021: reckoned without what is warming up, so that a second step adds only what it goes beyond the first. */
function stepped(call: Here, { group, policy, values }: Omit<Question, "alarm">, threshold: number): number | undefined {
  const { AdjustmentType = "ChangeInCapacity", StepAdjustments = [], MinAdjustmentMagnitude, MetricAggregationType } = policy;
  const step = stepFor(StepAdjustments, aggregated(values, MetricAggregationType as MetricAggregationType | undefined), threshold);
  if (!step) return undefined;
  const { DesiredCapacity: desired } = group;
  const { warming, leaving } = census(call, group, policy);
  const base = Math.max(0, desired - warming);
  const out = adjusted(base, AdjustmentType as AdjustmentType, step.ScalingAdjustment ?? 0, MinAdjustmentMagnitude);
  if (out > base || AdjustmentType === "ExactCapacity")
    return out > desired || (AdjustmentType === "ExactCapacity" && warming === 0) ? out : undefined;
  if (warming > 0) return undefined; // ASG-018
  const into = adjusted(desired + leaving, AdjustmentType as AdjustmentType, step.ScalingAdjustment ?? 0, MinAdjustmentMagnitude);
  return into < desired ? into : undefined;
}

function trackedBy(call: Here, { group, policy, alarm, values }: Question): number | undefined {
  const { TargetValue = 1, DisableScaleIn } = policy.TargetTrackingConfiguration!;
  const metric = values[0]!;
  const { warm, warming, leaving } = census(call, group, policy);
  const { DesiredCapacity: desired } = group;
  if (alarm === policy.Alarms[0]?.AlarmName) {
    if (isManaged(policy)) return warming > 0 ? undefined : managedOut(desired, warm, metric / TargetValue);
    const to = tracked(warm, metric, TargetValue);
    return to > desired ? to : undefined;
  }
  if (DisableScaleIn || warming > 0) return undefined; // ASG-018
  // What is leaving still counts, so that it does not take others along.
  const to = Math.max(tracked(warm + leaving, metric, TargetValue), othersWant(call, group, policy, warm + leaving));
  if (to >= desired) return undefined;
  return isManaged(policy) ? Math.max(to, Math.ceil(desired / 2)) : to; // CAS-011: up to half of them a minute
}

/** CAS-003: out of nothing it is reckoned as if there were one. */
function managedOut(desired: number, running: number, share: number): number | undefined {
  const to = Math.ceil(Number((Math.max(1, running) * share).toPrecision(12)));
  return to > desired ? to : undefined;
}

/** ASG-019: in only if all that may scale in want it, and then as far as the most cautious of them. */
function othersWant(call: Here, group: Group, policy: Policy, running: number): number {
  let most = 0;
  const { alarms } = call.peek("cloudwatch");
  for (const other of group.policies.values()) {
    const tracking = other.TargetTrackingConfiguration;
    if (other === policy || !tracking || tracking.DisableScaleIn || other.Enabled === false) continue;
    const alarm = alarms.get(other.Alarms[1]?.AlarmName ?? "");
    if (alarm?.state !== "ALARM") return Number.POSITIVE_INFINITY;
    const { recentDatapoints = [] } = JSON.parse(alarm.reasonData ?? "{}") as { recentDatapoints?: number[] };
    const latest = recentDatapoints.at(-1);
    most = Math.max(most, latest === undefined ? Number.POSITIVE_INFINITY : tracked(running, latest, tracking.TargetValue ?? 1));
  }
  return most;
}
