/** How many tasks a metric asks for. Pure: docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-step-scaling-policies.html */
import type { AdjustmentType, MetricAggregationType, StepAdjustment } from "@aws-sdk/client-application-auto-scaling";

/** Proportional: more is rounded up, and less only where the rest stays below the target. AAS-006, AAS-007, AAS-013. */
export function tracked(running: number, metric: number, target: number): number {
  if (running === 0) return metric > 0 ? 1 : 0;
  // Of 0.1 + 0.2 and its like nothing is rounded up.
  return Math.ceil(Number(((running * metric) / target).toPrecision(12)));
}

/** The step that the breach falls into. AAS-019: above the threshold the lower bound belongs to it, below it the upper one. */
export function stepFor(steps: readonly StepAdjustment[], metric: number, threshold: number): StepAdjustment | undefined {
  const delta = metric - threshold;
  return steps.find(
    ({ MetricIntervalLowerBound: lower = Number.NEGATIVE_INFINITY, MetricIntervalUpperBound: upper = Number.POSITIVE_INFINITY }) =>
      delta >= 0 ? delta >= lower && delta < upper : delta > lower && delta <= upper,
  );
}

/** Why such steps can't be a policy's: they overlap, leave a gap, or are not open where they must be. AAS-019 */
export function stepsFault(steps: readonly StepAdjustment[]): string | undefined {
  const sorted = steps
    .map(({ MetricIntervalLowerBound: lower, MetricIntervalUpperBound: upper }) => ({ lower, upper }))
    .toSorted((one, other) => (one.lower ?? Number.NEGATIVE_INFINITY) - (other.lower ?? Number.NEGATIVE_INFINITY));
  for (const [at, { lower, upper }] of sorted.entries()) {
    if (lower !== undefined && upper !== undefined && upper <= lower)
      return "StepAdjustment upper bound must be greater than its lower bound.";
    const next = sorted[at + 1];
    if (next && (upper === undefined || next.lower === undefined || upper > next.lower)) return "StepAdjustment intervals can't overlap.";
    if (next && upper! < next.lower!) return "There must not be a gap between two StepAdjustment intervals.";
  }
  if ((sorted[0]?.lower ?? 0) < 0)
    return "There must be a StepAdjustment with an unspecified lower bound when one has a negative lower bound.";
  if ((sorted.at(-1)?.upper ?? 0) > 0)
    return "There must be a StepAdjustment with an unspecified upper bound when one has a positive upper bound.";
  return undefined;
}

/** AAS-020 */
export function adjusted(capacity: number, type: AdjustmentType, amount: number, magnitude = 0): number {
  if (type === "ExactCapacity") return amount;
  const change = type === "ChangeInCapacity" ? amount : percent((capacity * amount) / 100);
  const least = type === "PercentChangeInCapacity" && change !== 0 ? Math.sign(change) * Math.max(Math.abs(change), magnitude) : change;
  return Math.max(0, capacity + least);
}

/** Towards zero, but for what is less than one: that is one. */
const percent = (change: number): number => (change !== 0 && Math.abs(change) < 1 ? Math.sign(change) : Math.trunc(change));

/** AAS-022; null is the average. */
export function aggregated(values: readonly number[], type: MetricAggregationType = "Average"): number {
  if (type === "Minimum") return Math.min(...values);
  if (type === "Maximum") return Math.max(...values);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
