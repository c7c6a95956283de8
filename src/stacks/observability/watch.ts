/** One thing that is watched, and the alarm it becomes. */
import type { Stack } from "aws-cdk-lib";
import * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import { pascal, type Place } from "../place.ts";

export type Metric = {
  namespace: string;
  metric: string;
  dimensions: Record<string, string>;
  statistic: "Minimum" | "Maximum" | "Average" | "Sum";
  /** What counts instead of the value, as an expression of it. */
  counted?: string;
};

/**
 * A Metrics Insights query, for metrics whose other dimensions only AWS knows: an alarm on a metric must name every dimension, a query need not.
 * docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-metrics-insights-querylanguage.html
 */
export type Query = { query: string };

export type Watch = (Metric | Query) & {
  /** Ends the alarm's name, and its logical id in Pascal case. */
  purpose: string;
  /** What is lost, and what that means. */
  description: string;
  /** It alarms when the value is below or above. */
  below?: number;
  above?: number;
  /** Seconds, and how many of them in a row. */
  period: number;
  periods: number;
  /** What silence means. */
  missing: "breaching" | "notBreaching" | "ignore";
};

export function alarm(stack: Stack, { names }: Place, watch: Watch, topicArn: string): void {
  const { purpose, description, below, above, periods, missing } = watch;
  new cloudwatch.CfnAlarm(stack, `${pascal(purpose)}Alarm`, {
    alarmName: names.stack(purpose),
    alarmDescription: description,
    ...watched(watch),
    threshold: below ?? above,
    comparisonOperator: below === undefined ? "GreaterThanThreshold" : "LessThanThreshold",
    evaluationPeriods: periods,
    treatMissingData: missing,
    alarmActions: [topicArn],
    okActions: [topicArn],
  });
}

function watched(watch: Watch): Partial<cloudwatch.CfnAlarmProps> {
  const { purpose: label, period } = watch;
  if ("query" in watch) return { metrics: [{ id: "watched", label, expression: watch.query, period, returnData: true }] };
  const { namespace, metric: metricName, statistic, counted } = watch;
  const dimensions = Object.entries(watch.dimensions).map(([name, value]) => ({ name, value }));
  if (counted === undefined) return { namespace, metricName, dimensions, statistic, period };
  return {
    metrics: [
      { id: "value", returnData: false, metricStat: { metric: { namespace, metricName, dimensions }, period, stat: statistic } },
      { id: "watched", label, expression: counted, returnData: true },
    ],
  };
}
