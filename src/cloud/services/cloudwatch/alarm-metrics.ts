/** Which metrics an alarm looks at: those that it names, and those that its queries find. */
import type * as sdk from "@aws-sdk/client-cloudwatch";
import { matching, parseQuery } from "./insights.ts";
import { seriesKey, type Metric } from "./series.ts";
import type { Here, MetricAlarm } from "./state.ts";

const isQuery = (expression: string | undefined): boolean => /^\s*SELECT\b/i.test(expression ?? "");

export const queriesOf = ({ Metrics = [] }: sdk.PutMetricAlarmInput): string[] =>
  Metrics.flatMap(({ Expression = "" }) => (isQuery(Expression) ? Expression : []));

const keysOf = ({ Metrics = [], Namespace, MetricName, Dimensions = [] }: sdk.PutMetricAlarmInput): string[] =>
  Metrics.length
    ? Metrics.flatMap(({ MetricStat }) =>
        MetricStat?.Metric
          ? seriesKey(MetricStat.Metric.Namespace ?? "", MetricStat.Metric.MetricName ?? "", MetricStat.Metric.Dimensions ?? [])
          : [],
      )
    : [seriesKey(Namespace ?? "", MetricName ?? "", Dimensions)];

/** Ties the alarm to its metrics, made when nothing was said of them yet. */
export function tie(call: Here, alarm: MetricAlarm, make: (key: string) => Metric): void {
  const queries = queriesOf(alarm.input);
  const found = queries.flatMap((query) => matching(call, parseQuery(query)).map(({ key }) => key));
  alarm.metrics = [...new Set([...keysOf(alarm.input), ...found])];
  for (const key of alarm.metrics) make(key).alarms.add(alarm.name);
  if (queries.length) call.state.querying.add(alarm.name);
}

export function untie(call: Here, { name, metrics }: MetricAlarm): void {
  for (const key of metrics) call.state.metrics.get(key)?.alarms.delete(name);
  call.state.querying.delete(name);
}

/** A metric is new: it may be one of those that the alarm's query means. */
export function attach(call: Here, name: string, metric: Metric): void {
  const alarm = call.state.alarms.get(name);
  if (alarm?.kind !== "metric" || !queriesOf(alarm.input).some((query) => matching(call, parseQuery(query)).includes(metric))) return;
  alarm.metrics.push(metric.key);
  metric.alarms.add(name);
}
