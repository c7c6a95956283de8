/** Why an alarm is in its state, in AWS's words: CW-013. */
import { date, type Instant } from "../../../kernel/units.ts";
import type { MetricAlarm } from "./state.ts";
import { breaches, type Verdict } from "./verdict.ts";

const words: Record<string, string> = {
  GreaterThanThreshold: "greater than",
  GreaterThanOrEqualToThreshold: "greater than or equal to",
  LessThanThreshold: "less than",
  LessThanOrEqualToThreshold: "less than or equal to",
};

type Point = { value: number; at: Instant };

export function reasonFor(alarm: MetricAlarm, to: Verdict, until: Instant, now: Date): { text: string; data: string } {
  const points = recent(alarm, until);
  const { operator, threshold, periods, datapoints, input } = alarm;
  const breaching = points.filter(({ value }) => breaches(alarm, value)).length;
  const list = points.map(({ value, at }) => `${spoken(value)} (${stamp(at)})`).join(", ");
  const compared = `${words[operator]} the threshold (${spoken(threshold)})`;
  const transition = `(minimum ${counted(datapoints)} for OK -> ALARM transition)`;
  const no = `no datapoints were received for ${counted(periods, "period")}`;
  const of = (count: number) => `${count} out of the last ${counted(points.length)} [${list}] ${count === 1 ? "was" : "were"}`;
  const text =
    to === "INSUFFICIENT_DATA"
      ? `Insufficient Data: ${counted(periods)} ${periods === 1 ? "was" : "were"} unknown.`
      : points.length === 0
        ? `Threshold Crossed: ${no} and ${counted(periods)} ${periods === 1 ? "was" : "were"} treated as [${to === "ALARM" ? "Breaching" : "NonBreaching"}].`
        : to === "ALARM"
          ? `Threshold Crossed: ${of(breaching)} ${compared} ${transition}.`
          : `Threshold Crossed: ${of(points.length - breaching)} not ${compared} (minimum ${counted(Math.max(1, periods - datapoints + 1))} for ALARM -> OK transition).`;
  const data = JSON.stringify({
    version: "1.0",
    queryDate: zoned(now),
    startDate: points.length ? zoned(date(points.at(-1)!.at)) : undefined,
    statistic: input.Statistic ?? input.ExtendedStatistic,
    period: alarm.period / 1000,
    recentDatapoints: points.map(({ value }) => value).toReversed(),
    threshold,
    evaluatedDatapoints: points.map(({ value, at }) => ({ timestamp: zoned(date(at)), value })),
  });
  return { text, data };
}

/** The real datapoints that were judged, newest first. */
export function recent(alarm: MetricAlarm, until: Instant): Point[] {
  const { window, periods, period } = alarm;
  return window
    .map((value, at) => ({ value, at: (until - (window.length - at) * period) as Instant }))
    .filter(({ value }) => !Number.isNaN(value))
    .slice(-periods)
    .toReversed();
}

const counted = (count: number, noun = "datapoint"): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
const spoken = (value: number): string => (Number.isInteger(value) ? value.toFixed(1) : String(value));
/** `03/07/25 08:29:00`: day, month, year. */
const stamp = (at: Instant): string => {
  const [, year, month, day, time] = /^\d\d(\d\d)-(\d\d)-(\d\d)T(\d\d:\d\d:\d\d)/.exec(date(at).toISOString())!;
  return `${day}/${month}/${year} ${time}`;
};
const zoned = (at: Date): string => at.toISOString().replace("Z", "+0000");
