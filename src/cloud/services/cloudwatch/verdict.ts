/** From datapoints to a state. Pure. docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html */
import type { ComparisonOperator } from "@aws-sdk/client-cloudwatch";

export type Verdict = "OK" | "ALARM" | "INSUFFICIENT_DATA" | "keep";
export type Missing = "breaching" | "notBreaching" | "ignore" | "missing";

export type Rule = { periods: number; datapoints: number; threshold: number; operator: ComparisonOperator; missing: Missing };

const comparisons: Record<string, (value: number, threshold: number) => boolean> = {
  GreaterThanThreshold: (value, threshold) => value > threshold,
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
  LessThanOrEqualToThreshold: (value, threshold) => value <= threshold,
};

export const isComparison = (operator: string): boolean => operator in comparisons;

export const breaches = ({ operator, threshold }: Pick<Rule, "operator" | "threshold">, value: number): boolean =>
  comparisons[operator]!(value, threshold);

/** CW-005: how many datapoints are looked at, two more than are judged. */
export const rangeOf = (periods: number): number => periods + 2;

/** `range`: oldest first, NaN is missing. CW-003, CW-006 to CW-009. */
export function verdict(rule: Rule, range: ArrayLike<number>): Verdict {
  const { periods, datapoints, missing } = rule;
  let real = 0;
  let breaching = 0;
  let oldest = 0;
  // Newest first, for as many as are judged; position 1 is the newest.
  for (let position = 1; position <= range.length && real < periods; position++) {
    const value = range[range.length - position]!;
    if (Number.isNaN(value)) continue;
    real++;
    if (!breaches(rule, value)) continue;
    breaching++;
    oldest = position;
  }
  if (breaching >= datapoints) return "ALARM";
  if (real >= periods) return "OK";
  if (missing === "breaching") return breaching + periods - real >= datapoints ? "ALARM" : "OK";
  if (missing === "notBreaching" || real > breaching) return "OK";
  if (real === 0) return missing === "missing" ? "INSUFFICIENT_DATA" : "keep";
  // Only breaching ones are there, and too few: when the oldest is old enough no better ones will come.
  return missing === "missing" && oldest >= datapoints ? "ALARM" : "keep";
}
