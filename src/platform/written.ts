/** Values as a definition writes them: `seconds(30)` rather than 30000, for messages and for generated source. */
import { days, gbps, gib, hours, kib, mbps, mib, minutes, seconds, tib } from "../kernel/units.ts";

/** What `.meta({ unit })` of the schema says of a number. */
export type UnitName = "milliseconds" | "bytes" | "bits per second" | "US dollars";

type Step = { name: string; size: number };

const steps: Record<UnitName, Step[]> = {
  milliseconds: [
    { name: "days", size: days(1) },
    { name: "hours", size: hours(1) },
    { name: "minutes", size: minutes(1) },
    { name: "seconds", size: seconds(1) },
    { name: "milliseconds", size: 1 },
  ],
  bytes: [
    { name: "tib", size: tib(1) },
    { name: "gib", size: gib(1) },
    { name: "mib", size: mib(1) },
    { name: "kib", size: kib(1) },
    { name: "bytes", size: 1 },
  ],
  "bits per second": [
    { name: "gbps", size: gbps(1) },
    { name: "mbps", size: mbps(1) },
  ],
  "US dollars": [{ name: "usd", size: 1 }],
};

/** The largest unit that leaves a whole number: 90 000 ms → `seconds(90)`. */
export function inUnit(value: number, unit: UnitName): string {
  const all = steps[unit];
  const step = (value === 0 ? all.at(-2) : all.find(({ size }) => value % size === 0)) ?? all.at(-1)!;
  return `${step.name}(${value / step.size})`;
}

/** Below this a number of that unit was most likely written without its unit. */
const bare: Record<UnitName, number> = { milliseconds: 1000, bytes: mib(1), "bits per second": mbps(1), "US dollars": 0 };

export const looksBare = (value: number, unit: UnitName): boolean => value > 0 && value < bare[unit];

/** Units that people have in mind when they write a bare number: seconds before minutes, gibibytes before mebibytes. */
const likely: Record<UnitName, string[]> = {
  milliseconds: ["seconds", "minutes", "hours", "days"],
  bytes: ["gib", "mib", "tib"],
  "bits per second": ["gbps", "mbps"],
  "US dollars": ["usd"],
};

/** What was probably meant by a bare number: the first likely unit that puts it within bounds. */
export function meant(value: number, unit: UnitName, min: number, max: number): string {
  const name = likely[unit].find((each) => {
    const size = steps[unit].find((step) => step.name === each)!.size;
    return value * size >= min && value * size <= max;
  });
  return `${name ?? likely[unit][0]}(${value})`;
}

/** Any value in a message: short, and never its inner text when that could be long or odd. */
export function shown(value: unknown, unit?: UnitName): string {
  if (typeof value === "number") return unit && Number.isFinite(value) ? inUnit(value, unit) : String(value);
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
  if (typeof value === "boolean" || value === null) return String(value);
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** `a, b or c`. */
export const oneOf = (choices: readonly string[]): string =>
  choices.length < 2 ? choices.join("") : `${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}`;
