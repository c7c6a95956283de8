/**
 * Alarms are judged once a minute, and only those of which another verdict is possible.
 * docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
 */
import { minutes, plus, since, type Duration, type Instant } from "../../../kernel/units.ts";
import { act, repeat } from "./actions.ts";
import { evaluated, type Evaluated } from "./expressions.ts";
import { reasonFor } from "./reasons.ts";
import { datapoint, statisticOf, type Metric } from "./series.ts";
import type { Here, MetricAlarm, Timers } from "./state.ts";
import { rangeOf, verdict } from "./verdict.ts";

const MINUTE = minutes(1);

/** Something was said of a metric, of this moment on. */
export function touched(call: Here, metric: Metric, from: Instant): void {
  for (const name of metric.alarms) {
    const alarm = call.state.alarms.get(name);
    if (alarm?.kind !== "metric") continue;
    alarm.changed = Math.max(alarm.changed, call.now) as Instant;
    // What was looked at already has to be looked at again.
    if (from < alarm.until) alarm.until = 0 as Instant;
    watch(call, alarm);
  }
}

/** The alarm is judged from the next minute on until its range is the same for ever. */
export function watch(call: Here, alarm: MetricAlarm): void {
  call.state.active.add(alarm.name);
  tickOn(call);
}

/** One event a minute for all alarms of the region, while there is one to judge or to repeat. */
export function tickOn(call: Here): void {
  if (call.state.ticking) return;
  call.state.ticking = true;
  call.state.delay ??= call.latency("metric-visible");
  const delay = call.state.delay;
  // The first minute whose close is still to be seen.
  const until = ((Math.floor((call.now - delay) / MINUTE) + 1) * MINUTE) as Instant;
  call.background(since(call.now, plus(until, delay)), "tick", { until });
}

export function tick(call: Here, { until }: Timers["tick"]): void {
  for (const name of call.state.active) {
    const alarm = call.state.alarms.get(name);
    if (alarm?.kind !== "metric") call.state.active.delete(name);
    else judge(call, alarm, until);
  }
  for (const name of call.state.repeating) repeat(call, name);
  call.state.ticking = call.state.active.size + call.state.repeating.size > 0;
  if (call.state.ticking) call.background(MINUTE, "tick", { until: plus(until, MINUTE) });
}

function judge(call: Here, alarm: MetricAlarm, until: Instant): void {
  slide(call, alarm, until);
  const range = rangeOf(alarm.periods) * alarm.period;
  // Nothing has changed within the range, nor will anything by itself.
  if (alarm.changed < until - range) call.state.active.delete(alarm.name);
  const found = verdict(alarm, alarm.window);
  if (found === "keep" || found === alarm.state) return;
  const { text, data } = reasonFor(alarm, found, until, call.date);
  act(call, alarm, found, text, data);
}

/** Brings the range up to `until`: only the datapoints that it has not seen are worked out. */
function slide(call: Here, alarm: MetricAlarm, until: Instant): void {
  const length = rangeOf(alarm.periods);
  const moved = alarm.until === 0 ? Number.POSITIVE_INFINITY : (until - alarm.until) / alarm.period;
  alarm.until = until;
  // Longer periods slide by minutes, and so are other periods each time (CW-001).
  if (alarm.window.length !== length || !Number.isInteger(moved) || moved >= length) {
    alarm.window = Array.from({ length }, (_, at) => valueAt(call, alarm, plus(until, (-(length - at) * alarm.period) as Duration)));
    return;
  }
  for (let back = moved; back > 0; back--) {
    alarm.window.shift();
    alarm.window.push(valueAt(call, alarm, plus(until, (-back * alarm.period) as Duration)));
  }
}

/** The datapoint of the period that begins then; NaN when it is missing. */
export function valueAt(call: Here, alarm: MetricAlarm, from: Instant): number {
  const { input, period, metrics } = alarm;
  if (input.Metrics?.length) return expressed(call, alarm, from);
  const metric = call.state.metrics.get(metrics[0]!);
  const statistic = metric && datapoint(metric, from, from + period);
  return statistic ? statisticOf(input.Statistic ?? input.ExtendedStatistic ?? "")!(statistic) : Number.NaN;
}

function expressed(call: Here, { input, period }: MetricAlarm, from: Instant): number {
  const times = [from];
  const found: Evaluated = evaluated(call, input.Metrics ?? [], times, period);
  const returned = input.Metrics?.find(({ ReturnData }) => ReturnData !== false)?.Id ?? "";
  return found.get(returned)?.[0]?.values[0] ?? Number.NaN;
}
