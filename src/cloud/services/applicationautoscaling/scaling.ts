/** From an alarm to a number of tasks. docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html */
import type { Notices } from "../../service.ts";
import { fulfilled, notScaled, setDesired, tasksOf, type Tasks } from "./activities.ts";
import { adjusted, aggregated, stepFor, tracked } from "./arithmetic.ts";
import { policiesOf, policyKey, type Here, type Policy, type Target, type Timers } from "./state.ts";

// AAS-009: ECS's default in both directions.
const COOLDOWN = 300;

/** What a policy wants: so many tasks. `base` is what it was reckoned from. */
type Proposal = { to: number; base: number; cooldown: number; cause: string };

/** An alarm has a policy among its actions. What would change nothing takes no event: the alarm says it again each minute. */
export function heard(call: Here, { action, alarmName: alarm, state, values }: Notices["alarm-action"]): void {
  if (state !== "ALARM" || values.length === 0) return; // AAS-012
  if (proposed(call, { policy: action, alarm, values }))
    call.after(call.latency("scaling-action"), "act", { policy: action, alarm, values });
}

export function act(call: Here, said: Timers["act"]): void {
  const found = proposed(call, said);
  if (!found) return;
  const { target, to, base, cooldown, cause } = found;
  setDesired(call, target, to, cause, { from: base, to, cooldown });
}

function proposed(call: Here, { policy: arn, alarm, values }: Timers["act"]): (Proposal & { target: Target }) | undefined {
  const policy = policyOf(call, arn);
  const target = policy && call.state.targets.get(policy.ResourceId);
  const tasks = target && tasksOf(call, target.ResourceId);
  if (!policy || !target || !tasks) return undefined;
  const cause = `monitor alarm ${alarm} in state ALARM triggered policy ${policy.PolicyName}`;
  const proposal = wish(call, { policy, target, tasks, alarm, values, cause });
  return proposal && { ...proposal, target };
}

/** The service's tasks are others. */
export function changed(call: Here, { serviceArn }: Notices["service-changed"]): void {
  const target = call.state.targets.get(serviceArn.slice(serviceArn.indexOf(":service/") + 1));
  if (target?.pending !== undefined) fulfilled(call, target);
}

/** An alarm's question to a policy. */
type Question = { policy: Policy; target: Target; tasks: Tasks; alarm: string; values: readonly number[]; cause: string };

/** What is to be done now; undefined: nothing. */
function wish(call: Here, question: Question): Proposal | undefined {
  const { policy, target, tasks, cause } = question;
  const proposal = policy.PolicyType === "StepScaling" ? stepped(call, question) : trackedBy(call, question);
  if (!proposal || proposal.to === tasks.desired) return undefined;
  const out = proposal.to > tasks.desired;
  const { MinCapacity: min, MaxCapacity: max, SuspendedState: suspended } = target;
  if (out ? suspended.DynamicScalingOutSuspended : suspended.DynamicScalingInSuspended || tasks.deploying) return undefined; // AAS-015
  // AAS-002: from outside the bounds the way out goes to the nearer bound first, the way in stays.
  if (tasks.desired < min) return out ? { ...proposal, to: min } : undefined;
  if (tasks.desired > max) return out ? undefined : { ...proposal, to: max };
  const to = Math.min(max, Math.max(min, proposal.to));
  if (to === tasks.desired) {
    const reason = out
      ? ({ Code: "AlreadyAtMaxCapacity", MaxCapacity: max } as const)
      : ({ Code: "AlreadyAtMinCapacity", MinCapacity: min } as const);
    notScaled(call, target, cause, reason);
    return undefined;
  }
  return held(call, target, to, out) ? undefined : { ...proposal, to };
}

/** AAS-009: by a cooldown. Out goes on only beyond what the one before it has added already; in waits. */
function held(call: Here, { cooldowns }: Target, to: number, out: boolean): boolean {
  if (!out) return cooldowns.in !== undefined && call.now < cooldowns.in.until;
  return cooldowns.out !== undefined && call.now < cooldowns.out.until && to <= cooldowns.out.to;
}

/** What a proposal is reckoned from: during a scale-out's cooldown, without what it has added (AAS-022). */
function baseOf(call: Here, { cooldowns: { out } }: Target, { running }: Tasks): number {
  if (!out || call.now >= out.until) return running;
  return running >= out.to ? running - (out.to - out.from) : Math.min(out.from, running);
}

function trackedBy(call: Here, { policy, target, tasks, alarm, values, cause }: Question): Proposal | undefined {
  const { TargetValue = 0, ScaleOutCooldown, ScaleInCooldown, DisableScaleIn } = policy.TargetTrackingScalingPolicyConfiguration!;
  const metric = values[0]!;
  if (alarm === policy.Alarms[0]?.AlarmName) {
    const base = baseOf(call, target, tasks);
    const to = tracked(base, metric, TargetValue);
    return to > tasks.desired ? { to, base, cooldown: ScaleOutCooldown ?? COOLDOWN, cause } : undefined;
  }
  if (DisableScaleIn) return undefined;
  const to = Math.max(tracked(tasks.running, metric, TargetValue), othersWant(call, policy, target, tasks));
  const from = Math.min(tasks.running, tasks.desired);
  if (to < from) return { to, base: tasks.running, cooldown: ScaleInCooldown ?? COOLDOWN, cause };
  // AAS-007: one task less would be one too few.
  if (from > target.MinCapacity && to === from)
    notScaled(call, target, cause, { Code: "AutoScalingAnticipatedFlapping", CurrentCapacity: tasks.desired });
  return undefined;
}

/** AAS-014: in only if all that may scale in want it, and then as far as the most cautious of them. */
function othersWant(call: Here, policy: Policy, target: Target, { running, desired }: Tasks): number {
  let most = 0;
  for (const other of policiesOf(call, target)) {
    const tracking = other.TargetTrackingScalingPolicyConfiguration;
    if (other === policy || !tracking || tracking.DisableScaleIn) continue;
    const [alarm] = call.ask("cloudwatch").DescribeAlarms({ AlarmNames: [other.Alarms[1]!.AlarmName] }).MetricAlarms ?? [];
    if (alarm?.StateValue !== "ALARM") return desired;
    const { recentDatapoints = [] } = JSON.parse(alarm.StateReasonData ?? "{}") as { recentDatapoints?: number[] };
    const latest = recentDatapoints.at(-1);
    most = Math.max(most, latest === undefined ? desired : tracked(running, latest, tracking.TargetValue ?? 1));
  }
  return most;
}

function stepped(call: Here, { policy, target, tasks, alarm: name, values, cause }: Question): Proposal | undefined {
  const configuration = policy.StepScalingPolicyConfiguration!;
  const {
    AdjustmentType = "ChangeInCapacity",
    StepAdjustments = [],
    MinAdjustmentMagnitude,
    MetricAggregationType,
    Cooldown,
  } = configuration;
  const [alarm] = call.ask("cloudwatch").DescribeAlarms({ AlarmNames: [name] }).MetricAlarms ?? [];
  if (alarm?.Threshold === undefined) return undefined;
  const step = stepFor(StepAdjustments, aggregated(values, MetricAggregationType), alarm.Threshold);
  if (!step) return undefined;
  const base = baseOf(call, target, tasks);
  const to = adjusted(base, AdjustmentType, step.ScalingAdjustment ?? 0, MinAdjustmentMagnitude);
  // Reckoned from fewer tasks than there will be, it takes none away (AAS-022).
  if (to === base || (to > base && to <= tasks.desired)) return undefined;
  return { to, base, cooldown: Cooldown ?? COOLDOWN, cause };
}

/** Its ARN ends with what it is known by. */
function policyOf(call: Here, arn: string): Policy | undefined {
  const [, resource, name] = /:resource\/ecs\/(.+):policyName\/(.+)$/.exec(arn) ?? [];
  return resource === undefined || name === undefined ? undefined : call.state.policies.get(policyKey(resource, name));
}
