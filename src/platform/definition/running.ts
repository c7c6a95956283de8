/** How it is run: care of the machines, recovery, the public name, money. */
import { z } from "zod";
import { days, hours, minutes, seconds } from "../../kernel/units.ts";
import { cron, domainName, duration, identifier, money } from "./scalars.ts";

const patching = z.strictObject({
  schedule: cron.default("cron(0 2 ? * SUN *)"),
  length: duration(hours(1), hours(24)).default(hours(3)),
  /** Patches wait so long after their release. Debian and Ubuntu do not say when that was: theirs do not wait. */
  approveAfter: duration(days(0), days(360)).default(days(7)),
  /** Percent of the machines at a time. */
  concurrency: z.number().int().min(1).max(100).default(25),
});

export const operationsSchema = z.strictObject({
  patch: z.strictObject({ cloud: patching.prefault({}), site: patching.prefault({ schedule: "cron(0 2 ? * MON *)" }) }).prefault({}),
  /** Scripts to run on machines: name → shell commands. Each becomes an SSM document. */
  scripts: z
    .record(
      identifier(32),
      z.strictObject({
        description: z.string().min(1),
        commands: z.array(z.string()).min(1),
        timeout: duration(seconds(30), hours(48)).default(hours(1)),
      }),
    )
    .default({}),
  /** Shells through Session Manager, logged; on data-centre machines it needs the advanced tier, which costs. */
  sessions: z.strictObject({ cloud: z.boolean().default(true), site: z.boolean().default(false) }).prefault({}),
  /** Who hears of alarms. */
  notify: z.array(z.email()).default([]),
});

export const recoverySchema = z.strictObject({
  strategy: z.enum(["none", "backup-restore", "pilot-light", "warm-standby", "hot-standby", "active-active"]),
  /** Pilot light only: what is off is not deployed, or deployed at zero. */
  off: z.enum(["undeployed", "zero-scaled"]).default("undeployed"),
  /** Warm standby only: the part of the primary's capacity that is always on. */
  share: z.number().min(0.05).max(1).default(0.25),
  /** Journey → what is promised for it. */
  objectives: z
    .record(
      identifier(),
      z.strictObject({
        /** From the first failed request until requests pass again, and how old the data may then be. */
        rto: duration(seconds(0), days(14)),
        rpo: duration(seconds(0), days(14)),
        /** The services on the journey's way; a service has the strictest promise of its journeys. */
        services: z.array(z.string()).min(1),
        /** Whether the journey writes: writes wait for the promotion of the database. */
        writes: z.boolean().default(true),
      }),
    )
    .default({}),
  /** Keep the missing capacity reserved in the recovery region (billed as if it ran). */
  reserveCapacity: z.boolean().default(false),
  /** People: from the alarm until somebody decides. Part of the RTO where no machine decides. */
  decision: duration(seconds(0), hours(24)).default(minutes(5)),
});

export const domainSchema = z.strictObject({
  /** What users type. */
  name: domainName,
  /** The hosted zone: its id when there is one; without it the platform makes one of that name. */
  zone: z
    .string()
    .regex(/^Z[A-Z0-9]{5,}$/, "a hosted zone id such as Z0123456789ABC")
    .optional(),
  /** How long resolvers remember. Part of the RTO. */
  ttl: duration(seconds(5), hours(1)).default(seconds(60)),
  /** A check asks every 10 or 30 s, and needs so many failures. */
  check: z
    .strictObject({
      interval: z.union([z.literal(10_000), z.literal(30_000)]).default(10_000),
      failures: z.number().int().min(1).max(10).default(3),
    })
    .prefault({}),
  /** Active-active: by share of requests, or to the nearest region. */
  routing: z.enum(["weighted", "latency"]).default("latency"),
});

export const budgetSchema = z.strictObject({ monthly: money, notify: z.array(z.email()).min(1) });
