/** Metrics in and out: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html */
import type * as sdk from "@aws-sdk/client-cloudwatch";
import { days, hours, instant, seconds, type Instant } from "../../../kernel/units.ts";
import { AwsError, type Operations } from "../../service.ts";
import { touched } from "./evaluation.ts";
import { evaluated } from "./expressions.ts";
import { made } from "./report.ts";
import { addSample, datapoint, seriesKey, statisticOf, type Metric, type Statistic } from "./series.ts";
import { invalid, page, wrongValue, type Here, type State, type Timers } from "./state.ts";

// CW-016
const PAST = days(14);
const FUTURE = hours(2);
const DIMENSIONS_MAX = 30;
const LISTED = days(14);
const POINTS_MAX = 1440;
const DATA_MAX = 100_800;

export const metricOperations = {
  PutMetricData(call, { Namespace, MetricData = [], EntityMetricData }) {
    if (EntityMetricData) throw new AwsError("NotImplemented", "Causeway does not emulate EntityMetricData.", 501);
    if (Namespace.startsWith("AWS/"))
      throw wrongValue('The value AWS/ for parameter Namespace is invalid: namespaces of AWS begin with "AWS/".');
    if (MetricData.length > 1000)
      throw new AwsError("RequestEntityTooLarge", "The collection MetricData must not have a size greater than 1000.", 413);
    const points = MetricData.map((datum, at) => checked(call, datum, at));
    for (const { name, dimensions, unit, resolution, at, statistic } of points) {
      const metric = made(call, Namespace, name, dimensions, unit);
      metric.unit = unit;
      if (resolution === 1) metric.resolution = 1;
      addSample(metric, at, statistic);
      touched(call, metric, at);
    }
  },

  ListMetrics(call, { Namespace, MetricName, Dimensions = [], RecentlyActive, NextToken }) {
    const since = call.now - (RecentlyActive ? hours(3) : LISTED);
    const all = [...call.state.metrics.values()].filter(
      (metric) =>
        lastOf(call, metric) > since &&
        (!Namespace || metric.namespace === Namespace) &&
        (!MetricName || metric.name === MetricName) &&
        Dimensions.every(({ Name, Value }) =>
          metric.dimensions.some((each) => each.Name === Name && (Value === undefined || each.Value === Value)),
        ),
    );
    const { items, next } = page(all, 500, NextToken);
    return {
      Metrics: items.map(({ namespace, name, dimensions }) => ({ Namespace: namespace, MetricName: name, Dimensions: dimensions })),
      NextToken: next,
    };
  },

  GetMetricStatistics(
    call,
    { Namespace, MetricName, Dimensions = [], StartTime, EndTime, Period, Statistics = [], ExtendedStatistics = [], Unit },
  ) {
    const times = periods(StartTime, EndTime, Period);
    if (times.length > POINTS_MAX)
      throw invalid(`You have requested up to ${times.length} datapoints, which exceeds the limit of ${POINTS_MAX}.`);
    if (Statistics.length + ExtendedStatistics.length === 0) throw invalid("Statistics or ExtendedStatistics is required.");
    const strange = [...Statistics, ...ExtendedStatistics].find((name) => !statisticOf(name));
    if (strange !== undefined) throw wrongValue(`The statistic ${strange} is not valid.`);
    const metric = call.state.metrics.get(seriesKey(Namespace, MetricName, Dimensions));
    if (!metric || (Unit !== undefined && Unit !== metric.unit)) return { Label: MetricName, Datapoints: [] };
    const Datapoints = times.flatMap((time): sdk.Datapoint[] => {
      const found = datapoint(metric, time, Math.min(time + Period * 1000, call.now));
      return found
        ? [{ Timestamp: new Date(time), Unit: metric.unit as sdk.StandardUnit, ...shown(found, Statistics, ExtendedStatistics) }]
        : [];
    });
    return { Label: MetricName, Datapoints };
  },

  GetMetricData(call, { MetricDataQueries, StartTime, EndTime, ScanBy = "TimestampDescending", MaxDatapoints = DATA_MAX }) {
    const own = MetricDataQueries.map(({ MetricStat, Period }) => MetricStat?.Period ?? Period).find((each) => each !== undefined) ?? 60;
    if (own % 60 !== 0 && ![1, 5, 10, 30].includes(own))
      throw invalid(`The period ${own} must be 1, 5, 10, 30, or any multiple of 60 seconds.`);
    if (new Set(MetricDataQueries.map(({ Id }) => Id)).size < MetricDataQueries.length) throw invalid("Every query has an id of its own.");
    const times = periods(StartTime, EndTime, own);
    if (times.length * MetricDataQueries.length > MaxDatapoints)
      throw new AwsError("NotImplemented", `Causeway answers at most ${MaxDatapoints} datapoints at once.`, 501);
    const done = evaluated(call, MetricDataQueries, times, seconds(own));
    const MetricDataResults = MetricDataQueries.filter(({ ReturnData }) => ReturnData !== false).flatMap(({ Id = "" }) =>
      (done.get(Id) ?? []).map(({ label, values }) => {
        const points = values.flatMap((value, at) => (Number.isNaN(value) ? [] : [{ at: times[at]!, value }]));
        if (ScanBy !== "TimestampAscending") points.reverse();
        return {
          Id,
          Label: label,
          Timestamps: points.map(({ at }) => new Date(at)),
          Values: points.map(({ value }) => value),
          StatusCode: "Complete" as const,
        };
      }),
    );
    return { MetricDataResults, Messages: [] };
  },
} satisfies Operations<sdk.CloudWatch, State, Timers>;

/** A gauge that still has a value was said something of just now. */
function lastOf(call: Here, { steps, last }: Metric): Instant {
  const value = steps?.values.at(-1);
  return value === undefined || Number.isNaN(value) ? last : call.now;
}

/** The beginnings of the periods between two moments, on the period's own grid. */
function periods(start: Date, end: Date, period: number): number[] {
  if (period < 1) throw invalid("Period must be at least 1.");
  if (end <= start) throw invalid("The parameter StartTime must be less than the parameter EndTime.");
  const length = period * 1000;
  const first = Math.floor(start.getTime() / length) * length;
  return Array.from({ length: Math.max(0, Math.ceil((end.getTime() - first) / length)) }, (_, at) => first + at * length);
}

function shown(found: Statistic, statistics: readonly string[], extended: readonly string[]): sdk.Datapoint {
  const plain = Object.fromEntries(statistics.map((name) => [name, statisticOf(name)!(found)]));
  if (extended.length === 0) return plain;
  return { ...plain, ExtendedStatistics: Object.fromEntries(extended.map((name) => [name, statisticOf(name)!(found)])) };
}

function checked(call: Here, datum: sdk.MetricDatum, index: number) {
  const {
    MetricName = "",
    Dimensions = [],
    Timestamp,
    Value,
    StatisticValues,
    Values,
    Counts,
    Unit = "None",
    StorageResolution = 60,
  } = datum;
  const where = `MetricData.member.${index + 1}`;
  if (!MetricName) throw invalid(`The parameter ${where}.MetricName is required.`);
  if (Dimensions.length > DIMENSIONS_MAX)
    throw wrongValue(`The collection ${where}.Dimensions must not have a size greater than ${DIMENSIONS_MAX}.`);
  const at = Timestamp ? instant(Timestamp) : call.now;
  if (at < call.now - PAST || at > call.now + FUTURE)
    throw wrongValue(
      `The parameter ${where}.Timestamp must specify a time no more than two weeks in the past and no more than two hours in the future.`,
    );
  if ([Value, StatisticValues, Values].filter((each) => each !== undefined).length !== 1)
    throw invalid(
      `The parameters ${where}.Value, ${where}.StatisticValues and ${where}.Values are mutually exclusive, and one of them is required.`,
    );
  const statistic = StatisticValues ? ofSet(StatisticValues, where) : ofValues(Values ?? [Value!], Counts, where);
  const dimensions = Dimensions.map(({ Name = "", Value: value = "" }) => ({ Name, Value: value }));
  return { name: MetricName, dimensions, unit: Unit, resolution: StorageResolution === 1 ? (1 as const) : (60 as const), at, statistic };
}

function ofSet({ Sum = 0, SampleCount = 0, Minimum = 0, Maximum = 0 }: sdk.StatisticSet, where: string): Statistic {
  if (SampleCount <= 0 || Minimum > Maximum) throw wrongValue(`The parameter ${where}.StatisticValues is not valid.`);
  // A percentile is known of a set only where all of its samples are the same.
  return { sum: Sum, count: SampleCount, min: Minimum, max: Maximum, values: [[Sum / SampleCount, SampleCount]] };
}

function ofValues(values: readonly number[], counts: readonly number[] | undefined, where: string): Statistic {
  if (values.length === 0 || values.length > 150) throw invalid(`The collection ${where}.Values must have 1 to 150 members.`);
  if (counts && counts.length !== values.length)
    throw invalid(`The collections ${where}.Values and ${where}.Counts must have the same size.`);
  if (values.some((value) => !Number.isFinite(value)))
    throw wrongValue(`The value NaN or infinity for parameter ${where}.Value is invalid.`);
  const pairs = values.map((value, at): [number, number] => [value, counts?.[at] ?? 1]);
  const count = pairs.reduce((sum, [, times]) => sum + times, 0);
  const sum = pairs.reduce((total, [value, times]) => total + value * times, 0);
  return { sum, count, min: Math.min(...values), max: Math.max(...values), values: pairs };
}
