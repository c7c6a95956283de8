/** Wall clocks of time zones by their IANA names, for schedules that are not in UTC. */
import { days, instant, type Instant } from "../kernel/units.ts";

export function isTimeZone(zone: string): boolean {
  try {
    formatOf(zone);
    return true;
  } catch {
    return false;
  }
}

/** What the clock on that wall shows, as if it were UTC. */
export function wallClock(at: Instant, zone: string): Instant {
  const parts = Object.fromEntries(
    formatOf(zone)
      .formatToParts(at)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return instant(Date.UTC(year, month - 1, day, hour, minute, second) + (Number(at) % 1000));
}

/** The moment at which that wall's clock shows it. What a change to summer time leaves out is the moment after the gap; of two the first. */
export function momentOf(wall: Instant, zone: string): Instant {
  // The zone's distance from UTC a day before and a day after: one of them is the one that counts.
  const [before, after] = [-1 * DAY, Number(DAY)].map((way) => wall - (wallClock(instant(wall + way), zone) - (wall + way))) as [
    number,
    number,
  ];
  const both = [before, after].filter((moment) => wallClock(instant(moment), zone) === wall);
  return instant(both.length > 0 ? Math.min(...both) : before);
}

const DAY = days(1);
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (!format) {
    const numeric = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" } as const;
    format = new Intl.DateTimeFormat("en-US", { ...numeric, timeZone: zone, hourCycle: "h23" });
    formats.set(zone, format);
  }
  return format;
}
