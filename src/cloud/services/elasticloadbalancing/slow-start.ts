/** Slow start. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html#slow-start-mode */
import { milliseconds } from "../../../kernel/units.ts";
import { SLOW_STEPS } from "./sharing.ts";
import { targetKey, type Here, type Target, type TargetGroup, type Timers } from "./state.ts";
import { refresh } from "./traffic.ts";

const durationOf = ({ attributes }: TargetGroup): number => Number(attributes["slow_start.duration_seconds"] ?? 0) * 1000;

/** ALB-010: it has become healthy; it starts slowly if another one was there before that does not. A first batch is at full speed at once. */
export function slowDown(call: Here, group: TargetGroup, target: Target): void {
  slowOver(call, target);
  const duration = durationOf(group);
  if (duration === 0) return;
  const ready = [...group.targets.values()].some(({ state, slow, since }) => state === "healthy" && !slow && since < call.now);
  if (ready) target.slow = { since: call.now, event: nextStep(call, group, target, duration) };
}

/** Slow start is over, or it is no longer healthy. */
export function slowOver(call: Here, target: Target): void {
  if (target.slow) call.cancel(target.slow.event);
  target.slow = undefined;
}

export function quicker(call: Here, { group: arn, target: key }: Timers["quicker"]): void {
  const group = call.state.targetGroups.get(arn);
  const target = group?.targets.get(key);
  if (!group || !target?.slow) return;
  const duration = durationOf(group);
  if (call.now - target.slow.since >= duration) target.slow = undefined;
  else target.slow.event = nextStep(call, group, target, duration);
  refresh(call, group);
}

const nextStep = (call: Here, group: TargetGroup, target: Target, duration: number): number =>
  call.after(milliseconds(duration / SLOW_STEPS), "quicker", { group: group.TargetGroupArn, target: targetKey(target.id, target.port) });

/** The attribute has changed: who is in slow start is so by the new duration, and when there is none, no more. */
export function slowSettled(call: Here, group: TargetGroup): void {
  if (durationOf(group) > 0) return;
  for (const target of group.targets.values()) slowOver(call, target);
}
