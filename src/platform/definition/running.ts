/** How it is run: care of the machines, recovery, the public name, money. */
import { z } from "zod";
import { days, hours, minutes, seconds } from "../../kernel/units.ts";
import { cron, domainName, duration, durationOf, identifier, money } from "./scalars.ts";

const patching = z.strictObject({
  /** When it begins, UTC. Default Sundays at 02:00 for the regions, Mondays for the data centre. */
  schedule: cron.default("cron(0 2 ? * SUN *)"),
  /** How long the window is open. Default 3 hours. */
  length: duration(hours(1), hours(24)).default(hours(3)),
  /** Patches wait so long after their release. Debian and Ubuntu do not say when that was: theirs do not wait. */
  approveAfter: duration(days(0), days(360)).default(days(7)),
  /** Percent of the machines at a time. */
  concurrency: z.number().int().min(1).max(100).default(25),
});

export const operationsSchema = z.strictObject({
  /** Windows in which machines are drained, patched and restarted. */
  patch: z
    .strictObject({
      /** The regions' instances. */
      cloud: patching.prefault({}),
      /** The data centre's hosts. */
      site: patching.prefault({ schedule: "cron(0 2 ? * MON *)" }),
    })
    .prefault({}),
  /** Scripts to run on machines: name → shell commands. Each becomes an SSM document. */
  scripts: z
    .record(
      identifier(32),
      z.strictObject({
        /** One sentence for whoever runs it. */
        description: z.string().min(1),
        /** Shell commands, in order. */
        commands: z.array(z.string()).min(1),
        /** Given up after so long. Default 1 hour. */
        timeout: duration(seconds(30), hours(48)).default(hours(1)),
      }),
    )
    .default({}),
  /** Shells through Session Manager, logged; on data-centre machines it needs the advanced tier, which costs. */
  sessions: z
    .strictObject({
      /** On the regions' instances. Default yes. */
      cloud: z.boolean().default(true),
      /** On the data centre's hosts. Default no. */
      site: z.boolean().default(false),
    })
    .prefault({}),
  /** Who hears of alarms. */
  notify: z.array(z.email()).default([]),
});

export const recoverySchema = z.strictObject({
  /** What waits in the recovery region, from nothing to as much as here: less of it costs less and takes longer. */
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
        /** From the first failed request until requests pass again. */
        rto: duration(seconds(0), days(14)),
        /** How old the data may then be. */
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
      /** Default 10 s, which costs a little more. */
      interval: durationOf([seconds(10), seconds(30)]).default(seconds(10)),
      /** In a row. Default 3. */
      failures: z.number().int().min(1).max(10).default(3),
    })
    .prefault({}),
  /** Active-active: by share of requests, or to the nearest region. */
  routing: z.enum(["weighted", "latency"]).default("latency"),
});

export const budgetSchema = z.strictObject({
  /** For all that carries the platform's tag. */
  monthly: money,
  /** Who hears when it will not suffice, and when 90 % is spent. */
  notify: z.array(z.email()).min(1),
});
