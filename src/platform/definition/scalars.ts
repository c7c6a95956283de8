/** The small values that a definition is made of, each with its own sentence when it is wrong. */
import { z } from "zod";
import type { BitRate, Bytes, Duration, Money } from "../../kernel/units.ts";
import { range } from "../cidr.ts";

/** A name that becomes part of AWS names: the shortest limit met is 32 characters (load balancers, target groups). */
export const identifier = (max = 20) =>
  z
    .string()
    .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, "lower-case letters, digits and single hyphens, beginning with a letter")
    .max(max);

export const cidr = z.string().refine((text) => range(text) !== undefined, "an IPv4 range such as 10.0.0.0/16, with no host bits set");
export const ipv4 = z.ipv4();
export const port = z.number().int().min(1).max(65_535);
export const domainName = z.string().regex(/^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/, "a domain name such as shop.example.com");
export const cron = z
  .string()
  .regex(/^cron\(\S+( \S+){5}\)$|^rate\(\d+ (minutes?|hours?|days?)\)$/, "an AWS schedule: cron(0 3 * * ? *) or rate(1 day)");
export const percent = (min: number, max: number) => z.number().int().min(min).max(max);

/** Milliseconds: write `minutes(5)`. */
export const duration = (min: Duration, max: Duration) =>
  z.number().int().min(min).max(max).meta({ unit: "milliseconds" }) as unknown as z.ZodType<Duration, Duration>;

/** Milliseconds, one of these: write `days(30)`. */
export const durationOf = (choices: readonly Duration[]) =>
  z.union(choices.map((each) => z.literal(each))).meta({ unit: "milliseconds" }) as unknown as z.ZodType<Duration, Duration>;

/** Bytes: write `gib(200)`. */
export const size = (min: Bytes, max: Bytes) =>
  z.number().int().min(min).max(max).meta({ unit: "bytes" }) as unknown as z.ZodType<Bytes, Bytes>;

/** Bits per second: write `gbps(10)`. */
export const bitRate = (min: BitRate, max: BitRate) =>
  z.number().min(min).max(max).meta({ unit: "bits per second" }) as unknown as z.ZodType<BitRate, BitRate>;

/** US dollars: write `usd(500)`. */
export const money = z.number().positive().meta({ unit: "US dollars" }) as unknown as z.ZodType<Money, Money>;
