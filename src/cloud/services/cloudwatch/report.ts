/** How other services report metrics: not points, but what holds from now on. A minute's points are worked out when somebody looks. */
import type { Call } from "../../service.ts";
import { attach } from "./alarm-metrics.ts";
import { touched } from "./evaluation.ts";
import { addSample, seriesKey, setStep, type Metric } from "./series.ts";
import type { Here } from "./state.ts";

/** `dimensions` in AWS's names, e.g. `{ ClusterName, ServiceName }`. */
export type Series = {
  namespace: string;
  name: string;
  dimensions: Record<string, string>;
  unit?: string;
  /** Worked out once by `seriesOf`, for what is reported often. */
  key?: string;
};

const listed = (dimensions: Record<string, string>) => Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));

/** The series, to be kept by who reports it again and again. */
export const seriesOf = (series: Series): Series => ({
  ...series,
  key: seriesKey(series.namespace, series.name, listed(series.dimensions)),
});

/** From now on a gauge has this value, until it is told otherwise; undefined: it has none any more, and its minutes are missing. */
export function level(call: Call, series: Series, value: number | undefined): void {
  const here = call.within("cloudwatch") as Here;
  const metric = metricOf(here, series);
  if (setStep(metric, "level", call.now, value ?? Number.NaN)) touched(here, metric, call.now);
}

/** From now on so many a second are counted (a minute's Sum is sixty times that); undefined: nothing is reported any more. */
export function rate(call: Call, series: Series, perSecond: number | undefined): void {
  const here = call.within("cloudwatch") as Here;
  const metric = metricOf(here, series);
  if (setStep(metric, "rate", call.now, perSecond ?? Number.NaN)) touched(here, metric, call.now);
}

/** One sample of that value, now. */
export function sample(call: Call, series: Series, value: number): void {
  const here = call.within("cloudwatch") as Here;
  const metric = metricOf(here, series);
  addSample(metric, call.now, { sum: value, count: 1, min: value, max: value, values: [[value, 1]] });
  touched(here, metric, call.now);
}

function metricOf(here: Here, { namespace, name, dimensions, unit = "None", key }: Series): Metric {
  const known = key === undefined ? undefined : here.state.metrics.get(key);
  return known ?? made(here, namespace, name, listed(dimensions), unit);
}

/** The metric of that name, made when it is first spoken of. */
export function made(here: Here, namespace: string, name: string, dimensions: { Name: string; Value: string }[], unit = "None"): Metric {
  const key = seriesKey(namespace, name, dimensions);
  let metric = here.state.metrics.get(key);
  if (!metric) {
    metric = { key, namespace, name, dimensions, unit, resolution: 60, last: 0 as Metric["last"], alarms: new Set() };
    here.state.metrics.set(key, metric);
    for (const alarm of here.state.querying) attach(here, alarm, metric);
  }
  return metric;
}
