/** How many tasks a metric asks for: AWS's own worked examples. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { adjusted, aggregated, stepFor, tracked } from "./arithmetic.ts";

test.each([
  // running, metric, target → tasks
  [4, 75, 50, 6],
  [3, 75, 50, 5], // 4.5: one and a half more are two
  [4, 40, 50, 4], // 3.2: 0.8 fewer are none
  [10, 45, 50, 9],
  [2, 100, 90, 3],
  [0, 12, 50, 1], // AAS-013: from nothing the least that is possible
  [0, 0, 50, 0],
  [3, 30, 30, 3],
])("AAS-006 AAS-007 AAS-013 %d tasks at %d of %d become %d", (running, metric, target, expected) => {
  expect(tracked(running, metric, target)).toBe(expected);
});

test("AAS-007 what is left after a scale-in stays at or below its target", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5000 }),
      fc.integer({ min: 1, max: 1000 }),
      fc.integer({ min: 1, max: 1000 }),
      (running, metric, target) => {
        const to = tracked(running, metric, target);
        if (to >= running) return;
        expect((running * metric) / to).toBeLessThanOrEqual(target * (1 + 1e-9));
        expect(((running * metric) / Math.max(1, to - 1)) * (to > 1 ? 1 : Number.POSITIVE_INFINITY)).toBeGreaterThan(target * (1 - 1e-9));
      },
    ),
  );
});

const out = [
  { MetricIntervalLowerBound: 0, MetricIntervalUpperBound: 10, ScalingAdjustment: 0 },
  { MetricIntervalLowerBound: 10, MetricIntervalUpperBound: 20, ScalingAdjustment: 10 },
  { MetricIntervalLowerBound: 20, ScalingAdjustment: 30 },
];
const into = [
  { MetricIntervalLowerBound: -10, MetricIntervalUpperBound: 0, ScalingAdjustment: 0 },
  { MetricIntervalLowerBound: -20, MetricIntervalUpperBound: -10, ScalingAdjustment: -10 },
  { MetricIntervalUpperBound: -20, ScalingAdjustment: -30 },
];

test("AAS-019 AAS-021 AWS's example: 10 tasks, a threshold of 50", () => {
  // 60 falls on the bound of the second step, which belongs to it: 10 % of 10 is 1. 70: 30 % of 11 is 3.3, so 3.
  // 40 falls on the bound of the step below: -10 % of 14 is -1.4, so -1. 30: -30 % of 13 is -3.9, so -3.
  let capacity = 10;
  const capacities = [60, 70, 40, 30].map((metric) => {
    const step = stepFor(metric > 50 ? out : into, metric, 50);
    capacity = adjusted(capacity, "PercentChangeInCapacity", step?.ScalingAdjustment ?? 0);
    return capacity;
  });
  expect(capacities).toEqual([11, 14, 13, 10]);
});

test.each([
  // percent of 100 tasks' worth; what it comes to
  [12.7, 12],
  [0.3, 1],
  [-0.3, -1],
  [-6.67, -6],
  [0, 0],
])("AAS-020 a change of %d tasks by percent is one of %d", (change, expected) => {
  expect(adjusted(1000, "PercentChangeInCapacity", change / 10) - 1000).toBe(expected);
});

test("AAS-020 a percentage changes at least by the least magnitude; an exact capacity is itself", () => {
  expect(adjusted(4, "PercentChangeInCapacity", 25, 2)).toBe(6);
  expect(adjusted(4, "PercentChangeInCapacity", -25, 2)).toBe(2);
  expect(adjusted(4, "ExactCapacity", 9)).toBe(9);
  expect(adjusted(4, "ChangeInCapacity", -6)).toBe(0);
});

test("AAS-022 datapoints are taken by their average unless the policy says otherwise", () => {
  expect([aggregated([60, 70, 80]), aggregated([60, 70, 80], "Minimum"), aggregated([60, 70, 80], "Maximum")]).toEqual([70, 60, 80]);
});
