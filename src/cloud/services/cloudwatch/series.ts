/**
 * Metrics as they are kept: what held from when on, and single samples. A period's datapoint is worked out when somebody looks.
 * docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html
 */
import { days, hours, type Instant } from "../../../kernel/units.ts";

/** A step function: from `at[i]` on the value is `values[i]`; NaN is none. */
type Steps = { at: number[]; values: number[] };

/** Samples by the minute that they fall into. */
type Samples = { sum: number; count: number; min: number; max: number; values: Map<number, number> };

export type Metric = {
  key: string;
  namespace: string;
  name: string;
  dimensions: { Name: string; Value: string }[];
  unit: string;
  /** What other services report: a gauge, or so many a second. */
  steps?: Steps & { kind: "level" | "rate" };
  /** What was put; by the beginning of its second or minute. */
  samples?: Map<number, Samples>;
  /** Seconds that a sample's bucket is long. */
  resolution: 1 | 60;
  /** When something was said of it last. */
  last: Instant;
  /** Of alarms that look at it. */
  alarms: Set<string>;
};

export type Statistic = {
  sum: number;
  count: number;
  min: number;
  max: number;
  /** Value → how often, for percentiles. */ values: [number, number][];
};

// CW-016: after so long nothing is kept at a minute's resolution, after so long nothing at all.
const MINUTES_KEPT = days(15);
const KEPT = days(455);
// Steps are thinned when so many have come since: seldom enough to cost nothing.
const THIN_AT = 32_768;

export const seriesKey = (namespace: string, name: string, dimensions: readonly { Name?: string; Value?: string }[]): string => {
  let key = `${namespace}\n${name}`;
  const sorted = dimensions.length > 1 ? dimensions.toSorted((one, other) => ((one.Name ?? "") < (other.Name ?? "") ? -1 : 1)) : dimensions;
  for (const { Name, Value } of sorted) key += `\n${Name}=${Value}`;
  return key;
};

/** Answers whether anything is different from now on. */
export function setStep(metric: Metric, kind: "level" | "rate", now: Instant, value: number): boolean {
  metric.steps ??= { kind, at: [], values: [] };
  const { at, values } = metric.steps;
  const last = values.length - 1;
  if (last < 0 ? Number.isNaN(value) : Object.is(values[last], value)) return false;
  metric.last = now;
  if (last >= 0 && at[last] === now) values[last] = value;
  else {
    at.push(now);
    values.push(value);
  }
  if (at.length >= THIN_AT && at.length % 1024 === 0) thin(metric.steps, now);
  return true;
}

export function addSample(metric: Metric, at: Instant, { sum, count, min, max, values }: Statistic): void {
  metric.samples ??= new Map();
  const bucket = Math.floor(at / (metric.resolution * 1000)) * metric.resolution * 1000;
  let known = metric.samples.get(bucket);
  if (!known)
    metric.samples.set(
      bucket,
      (known = { sum: 0, count: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY, values: new Map() }),
    );
  known.sum += sum;
  known.count += count;
  known.min = Math.min(known.min, min);
  known.max = Math.max(known.max, max);
  for (const [value, times] of values) known.values.set(value, (known.values.get(value) ?? 0) + times);
  metric.last = Math.max(metric.last, at) as Instant;
}

/** The datapoint of the period that begins at `from`; undefined: it is missing. */
export function datapoint(metric: Metric, from: number, until: number): Statistic | undefined {
  const stepped = metric.steps && ofSteps(metric.steps, from, until);
  const sampled = metric.samples && ofSamples(metric.samples, metric.resolution * 1000, from, until);
  if (!stepped || !sampled) return stepped ?? sampled;
  return {
    sum: stepped.sum + sampled.sum,
    count: stepped.count + sampled.count,
    min: Math.min(stepped.min, sampled.min),
    max: Math.max(stepped.max, sampled.max),
    values: [...stepped.values, ...sampled.values],
  };
}

/** A gauge is sampled once a minute, by its mean over the part of it in which it had a value; a count is summed. */
function ofSteps({ kind, at, values }: Steps & { kind: "level" | "rate" }, from: number, until: number): Statistic | undefined {
  let index = before(at, from);
  if (index >= 0 && (index === at.length - 1 || at[index + 1]! >= until)) return constant(kind, values[index]!, from, until);
  const result: Statistic = { sum: 0, count: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY, values: [] };
  for (let minute = from; minute < until; minute += 60_000) {
    const end = Math.min(until, minute + 60_000);
    let area = 0;
    let defined = 0;
    while (index + 1 < at.length && at[index + 1]! <= minute) index++;
    for (let step = Math.max(0, index); step < at.length && at[step]! < end; step++) {
      const begin = Math.max(minute, at[step]!);
      const length = Math.min(end, at[step + 1] ?? end) - begin;
      const value = values[step]!;
      if (length <= 0 || Number.isNaN(value)) continue;
      area += value * length;
      defined += length;
      if (kind === "level") {
        result.min = Math.min(result.min, value);
        result.max = Math.max(result.max, value);
      }
    }
    if (defined === 0) continue;
    const sample = kind === "rate" ? area / 1000 : area / defined;
    result.sum += sample;
    result.count++;
    result.values.push([sample, 1]);
    if (kind === "rate") {
      result.min = Math.min(result.min, sample);
      result.max = Math.max(result.max, sample);
    }
  }
  return result.count === 0 ? undefined : result;
}

function constant(kind: "level" | "rate", value: number, from: number, until: number): Statistic | undefined {
  if (Number.isNaN(value)) return undefined;
  const count = Math.max(1, Math.round((until - from) / 60_000));
  const sample = kind === "rate" ? (value * (until - from)) / count / 1000 : value;
  return { sum: sample * count, count, min: sample, max: sample, values: [[sample, count]] };
}

function ofSamples(samples: Map<number, Samples>, length: number, from: number, until: number): Statistic | undefined {
  const result: Statistic = { sum: 0, count: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY, values: [] };
  for (let bucket = Math.floor(from / length) * length; bucket < until; bucket += length) {
    const known = bucket >= from ? samples.get(bucket) : undefined;
    if (!known) continue;
    result.sum += known.sum;
    result.count += known.count;
    result.min = Math.min(result.min, known.min);
    result.max = Math.max(result.max, known.max);
    result.values.push(...known.values);
  }
  return result.count === 0 ? undefined : result;
}

/** The last step at or before a moment; -1: there is none. */
function before(at: readonly number[], moment: number): number {
  // Most look at the end.
  if (at.length > 0 && at[at.length - 1]! <= moment) return at.length - 1;
  let low = 0;
  let high = at.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (at[middle]! <= moment) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Old steps become hours' means; what is too old goes. */
function thin(steps: Steps & { kind: "level" | "rate" }, now: Instant): void {
  const recent = Math.max(0, before(steps.at, now - MINUTES_KEPT));
  const at: number[] = [];
  const values: number[] = [];
  const hour = hours(1);
  const first = Math.max(steps.at[0] ?? now, now - KEPT);
  for (let from = Math.floor(first / hour) * hour; from < (steps.at[recent] ?? now); from += hour) {
    const mean = ofSteps(steps, from, from + hour);
    const value = mean ? mean.sum / mean.count / (steps.kind === "rate" ? 60 : 1) : Number.NaN;
    if (values.length > 0 && Object.is(values.at(-1), value)) continue;
    at.push(from);
    values.push(value);
  }
  steps.at = [...at, ...steps.at.slice(recent)];
  steps.values = [...values, ...steps.values.slice(recent)];
}

/** AWS's statistics by name: `Average`, `p99.9`, `tm90`… Undefined: there is no such. */
export function statisticOf(name: string): ((statistic: Statistic) => number) | undefined {
  const plain: Record<string, (statistic: Statistic) => number> = {
    Sum: ({ sum }) => sum,
    SampleCount: ({ count }) => count,
    Average: ({ sum, count }) => sum / count,
    Minimum: ({ min }) => min,
    Maximum: ({ max }) => max,
  };
  if (plain[name]) return plain[name];
  const percent = Number(/^p(\d{1,2}(?:\.\d{1,10})?|100)$/.exec(name)?.[1] ?? Number.NaN);
  return Number.isNaN(percent) ? undefined : (statistic) => percentile(statistic, percent);
}

/** By the nearest rank. */
function percentile({ values, count }: Statistic, percent: number): number {
  const sorted = values.toSorted(([one], [other]) => one - other);
  let rank = Math.max(1, Math.ceil((percent / 100) * count));
  for (const [value, times] of sorted) {
    rank -= times;
    if (rank <= 0) return value;
  }
  return sorted.at(-1)?.[0] ?? Number.NaN;
}
