/** Schedule expressions, in UTC: docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html */
import { days, hours, instant, minutes, plus, type Duration, type Instant } from "../../../kernel/units.ts";

export type Schedule = { every: Duration } | { cron: Cron };

type Cron = {
  minutes: number[];
  hours: number[];
  days: (year: number, month: number) => number[];
  months: number[];
  years: (year: number) => boolean;
};

const UNITS: Record<string, (count: number) => Duration> = { minute: minutes, minutes, hour: hours, hours, day: days, days };

/** Undefined when it is neither a rate nor a cron expression that AWS would take. */
export function parseSchedule(text: string): Schedule | undefined {
  const rate = /^rate\((\d+) (minutes?|hours?|days?)\)$/.exec(text);
  if (rate) {
    const count = Number(rate[1]);
    // One is singular, more are plural: AWS refuses "rate(1 minutes)"
    return count > 0 && (count === 1) === !rate[2]!.endsWith("s") ? { every: UNITS[rate[2]!]!(count) } : undefined;
  }
  const fields = /^cron\(([^()]+)\)$/.exec(text)?.[1]?.trim().split(/\s+/);
  if (fields?.length !== 6) return undefined;
  const cron = parseCron(fields as [string, string, string, string, string, string]);
  return cron && { cron };
}

/** When it falls due next after a moment. A rate counts from `anchor`. Undefined = never again. */
export function nextAfter(schedule: Schedule, after: Instant, anchor: Instant): Instant | undefined {
  if ("every" in schedule) {
    const { every } = schedule;
    return plus(anchor, ((Math.floor((after - anchor) / every) + 1) * every) as Duration);
  }
  const { cron } = schedule;
  const from = new Date(Math.floor(after / 60_000) * 60_000 + 60_000);
  for (let year = from.getUTCFullYear(); year <= 2199; year++) {
    if (!cron.years(year)) continue;
    const at = nextIn(cron, year, from);
    if (at !== undefined) return instant(at);
  }
  return undefined;
}

function nextIn({ minutes: wantedMinutes, hours: wantedHours, days: daysOf, months }: Cron, year: number, from: Date): number | undefined {
  for (const month of months) {
    if (Date.UTC(year, month, 1) <= from.getTime() && year === from.getUTCFullYear() && month < from.getUTCMonth()) continue;
    for (const day of daysOf(year, month)) {
      if (Date.UTC(year, month - 1, day + 1) <= from.getTime()) continue;
      for (const hour of wantedHours) {
        for (const minute of wantedMinutes) {
          const at = Date.UTC(year, month - 1, day, hour, minute);
          if (at >= from.getTime()) return at;
        }
      }
    }
  }
  return undefined;
}

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

function parseCron([minute, hour, day, month, weekday, year]: [string, string, string, string, string, string]): Cron | undefined {
  const wantedMinutes = values(minute, 0, 59);
  const wantedHours = values(hour, 0, 23);
  const months = values(month, 1, 12, MONTHS);
  const years = year === "*" ? undefined : values(year, 1970, 2199);
  // Days of the month and of the week exclude each other: one of them is "?"
  if (!wantedMinutes || !wantedHours || !months || (year !== "*" && !years) || (day === "?") === (weekday === "?")) return undefined;
  const daysOf = weekday === "?" ? monthDays(day) : weekDays(weekday);
  return daysOf && { minutes: wantedMinutes, hours: wantedHours, months, days: daysOf, years: (each) => !years || years.includes(each) };
}

/** `*`, `5`, `1-5`, `0/15`, `1-30/5`, `MON-FRI`, and lists of them. */
function values(field: string, min: number, max: number, names: readonly string[] = []): number[] | undefined {
  const number = (text: string) => {
    const named = names.indexOf(text.toUpperCase());
    return named >= 0 ? named + 1 : /^\d+$/.test(text) ? Number(text) : Number.NaN;
  };
  const found = new Set<number>();
  for (const part of field.split(",")) {
    const [range, step] = part.split("/") as [string, string?];
    if (step !== undefined && !(/^\d+$/.test(step) && Number(step) > 0)) return undefined;
    const [first, last] = range === "*" ? [String(min), String(max)] : (range.split("-") as [string, string?]);
    const from = number(first);
    const to = last === undefined ? (step === undefined ? from : max) : number(last);
    if (!(from >= min && to <= max && from <= to)) return undefined;
    for (let value = from; value <= to; value += Number(step ?? 1)) found.add(value);
  }
  return [...found].sort((a, b) => a - b);
}

const lastDay = (year: number, month: number) => new Date(Date.UTC(year, month, 0)).getUTCDate();
/** 1 = Sunday, as AWS counts. */
const weekdayOf = (year: number, month: number, day: number) => new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 1;

type Days = (year: number, month: number) => number[];

function monthDays(field: string): Days | undefined {
  if (field === "L") return (year, month) => [lastDay(year, month)];
  const near = /^(\d{1,2}|L)W$/.exec(field)?.[1];
  if (near !== undefined) {
    if (near !== "L" && (Number(near) < 1 || Number(near) > 31)) return undefined;
    return (year, month) => nearestWeekday(year, month, near === "L" ? lastDay(year, month) : Number(near));
  }
  const wanted = values(field, 1, 31);
  return wanted && ((year, month) => wanted.filter((day) => day <= lastDay(year, month)));
}

/** The working day next to a day, within its month. */
function nearestWeekday(year: number, month: number, day: number): number[] {
  const last = lastDay(year, month);
  if (day > last) return [];
  const weekday = weekdayOf(year, month, day);
  if (weekday === 7) return [day > 1 ? day - 1 : day + 2];
  if (weekday === 1) return [day < last ? day + 1 : day - 2];
  return [day];
}

function weekDays(field: string): Days | undefined {
  const nth = /^([1-7]|[A-Z]{3})#([1-5])$/i.exec(field);
  const last = /^([1-7]|[A-Z]{3})L$/i.exec(field);
  const [single] = nth || last ? (values((nth ?? last)![1]!, 1, 7, WEEKDAYS) ?? []) : [];
  if ((nth || last) && single === undefined) return undefined;
  const wanted = nth || last ? [single!] : field.toUpperCase() === "L" ? [7] : values(field, 1, 7, WEEKDAYS);
  if (!wanted) return undefined;
  return (year, month) => {
    const all: number[] = [];
    for (let day = 1; day <= lastDay(year, month); day++) if (wanted.includes(weekdayOf(year, month, day))) all.push(day);
    if (nth) return all.slice(Number(nth[2]) - 1, Number(nth[2]));
    return last ? all.slice(-1) : all;
  };
}
