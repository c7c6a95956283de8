/** Wall clocks of time zones. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { instant } from "../kernel/units.ts";
import { isTimeZone, momentOf, wallClock } from "./time-zones.ts";

const shown = (text: string, zone: string) => new Date(momentOf(instant(text), zone)).toISOString();

test("a wall clock's time is the moment at which it shows it, in winter and in summer", () => {
  expect(shown("2026-01-15T09:00:00Z", "Europe/Berlin")).toBe("2026-01-15T08:00:00.000Z");
  expect(shown("2026-07-15T09:00:00Z", "Europe/Berlin")).toBe("2026-07-15T07:00:00.000Z");
  expect(shown("2026-07-15T09:00:00Z", "America/New_York")).toBe("2026-07-15T13:00:00.000Z");
});

test("an hour that summer time leaves out is the hour after the gap; of one that comes twice it is the first", () => {
  // 29 March 2026: at 02:00 clocks go to 03:00, which is 01:00 UTC. 25 October: at 03:00 they go back to 02:00.
  expect(shown("2026-03-29T02:30:00Z", "Europe/Berlin")).toBe("2026-03-29T01:30:00.000Z");
  expect(shown("2026-10-25T02:30:00Z", "Europe/Berlin")).toBe("2026-10-25T00:30:00.000Z");
});

test("there and back is the same, outside the two hours of a year that are not", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 4_000_000_000 }),
      fc.constantFrom("Europe/Berlin", "Asia/Kolkata", "America/Sao_Paulo", "UTC"),
      (at, zone) => {
        const moment = instant(at * 1000);
        const again = momentOf(wallClock(moment, zone), zone);
        expect(again === moment || wallClock(again, zone) === wallClock(moment, zone)).toBe(true);
      },
    ),
  );
});

test("names of zones are checked", () => {
  expect([isTimeZone("Europe/Berlin"), isTimeZone("Mars/Olympus")]).toEqual([true, false]);
});
