/** What must not be lost: database, files, backups. */
import { z } from "zod";
import { days, gib, hours, minutes, tib } from "../../kernel/units.ts";
import { cidr, cron, duration, identifier, percent, port, size } from "./scalars.ts";

export const databaseSchema = z.strictObject({
  engine: z.enum(["postgres", "mysql", "mariadb"]).default("postgres"),
  /** Default: postgres 17.6, mysql 8.4.6, mariadb 11.8.3. */
  version: z
    .string()
    .regex(/^\d+(\.\d+){0,2}$/)
    .optional(),
  class: z
    .string()
    .regex(/^db\.[a-z0-9]+\.[a-z0-9]+$/, "an instance class such as db.m6g.large")
    .default("db.m6g.large"),
  /** A synchronous standby in the second zone. */
  multiAz: z.boolean().default(true),
  storage: z
    .strictObject({
      initial: size(gib(20), tib(64)).default(gib(100)),
      /** RDS grows the volume up to here and never shrinks it; 26 % above `initial` at least makes sense. */
      max: size(gib(22), tib(64)).default(gib(500)),
    })
    .prefault({}),
  /** How far back point-in-time restore reaches; 0 would forbid replicas. */
  backupRetention: duration(days(0), days(35)).default(days(7)),
  /** The recovery region's copy, where the strategy has one. Class default: the writer's. */
  replica: z
    .strictObject({
      class: z
        .string()
        .regex(/^db\.[a-z0-9]+\.[a-z0-9]+$/)
        .optional(),
      multiAz: z.boolean().default(false),
    })
    .prefault({}),
  /** Default: the engine's own. */
  port: port.optional(),
  name: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,62}$/)
    .default("app"),
  /** UTC. */
  backupWindow: z
    .string()
    .regex(/^\d\d:\d\d-\d\d:\d\d$/)
    .default("02:00-02:30"),
  maintenanceWindow: z
    .string()
    .regex(/^[a-z]{3}:\d\d:\d\d-[a-z]{3}:\d\d:\d\d$/)
    .default("sun:03:00-sun:03:30"),
  parameters: z.record(z.string(), z.string()).default({}),
});

const share = z.strictObject({
  /** Who may mount it: addresses or ranges of the data centre. Default: the whole site. */
  clients: z.array(cidr.or(z.ipv4())).min(1).max(100).optional(),
  squash: z.enum(["RootSquash", "NoSquash", "AllSquash"]).default("RootSquash"),
  readOnly: z.boolean().default(false),
  /** `intelligent`: objects go to S3 Intelligent-Tiering at once; `standard`: they stay. */
  tiering: z.enum(["intelligent", "standard"]).default("intelligent"),
  /** Intelligent-Tiering's archive tiers. Refused here: NFS reads of an archived object fail until it is restored. */
  archive: z.strictObject({ after: duration(days(90), days(730)) }).optional(),
  /** Old versions of a file leave after so long. */
  versions: duration(days(1), days(3650)).default(days(30)),
  /** Nobody, not even root, removes a version for so long. */
  lock: duration(days(1), days(3650)).optional(),
  /** The gateway looks for objects that others wrote after so long. */
  refresh: duration(minutes(5), days(30)).optional(),
});

export const filesSchema = z.strictObject({
  gateway: z
    .strictObject({
      /** The gateway's address in the data centre. */
      address: z.ipv4(),
      /** In the recovery region's gateway. */
      recoveryAddress: z.ipv4().optional(),
      /** Its cache disks, each 150 GiB at least. */
      cache: z
        .array(size(gib(150), tib(64)))
        .min(1)
        .max(32)
        .default([gib(150)]),
    })
    .optional(),
  shares: z.record(identifier(), share).default({}),
});

export const backupSchema = z.strictObject({
  plans: z
    .record(
      identifier(),
      z.strictObject({
        /** Default 05:00 UTC: after the database's own windows, in which its backup jobs would fail. */
        schedule: cron.default("cron(0 5 * * ? *)"),
        /** Time to begin in, and to finish in. */
        startWithin: duration(hours(1), days(7)).default(hours(1)),
        completeWithin: duration(hours(2), days(30)).default(hours(8)),
        keep: duration(days(1), days(36_500)).default(days(35)),
        /** In the recovery region's vault. */
        keepCopies: duration(days(1), days(36_500)).default(days(35)),
        /** Point-in-time restore of database and buckets, up to 35 days. */
        continuous: z.boolean().default(false),
        /** Move to cold storage after so long; stays there 90 days at least. */
        coldAfter: duration(days(1), days(36_500)).optional(),
      }),
    )
    .prefault({ daily: {} }),
  /** `governance`: privileged users may remove a lock; `compliance`: nobody, ever. */
  lock: z
    .strictObject({
      mode: z.enum(["governance", "compliance"]).default("governance"),
      min: duration(days(1), days(36_500)).default(days(7)),
      max: duration(days(1), days(36_500)).optional(),
    })
    .prefault({}),
  /** A backup never restored is not a backup: a restore of each kind on a schedule. */
  restoreTest: z
    .strictObject({ schedule: cron.default("cron(0 8 ? * SUN *)"), within: duration(days(1), days(365)).default(days(7)) })
    .nullable()
    .prefault({}),
  /** Virtual machines in the data centre (VMware), through AWS's backup gateway. */
  hypervisor: z.strictObject({ host: z.string().min(1), name: identifier() }).optional(),
  /** A second, logically air-gapped vault. */
  airGapped: z.boolean().default(false),
});

/** Alarm levels that are the data's. */
export const dataAlarms = z.strictObject({
  /** Percent of the gateway's cache that is not uploaded yet. */
  cacheDirty: percent(1, 100).default(80),
  replicaLag: duration(minutes(0), hours(24)).default(minutes(5)),
  replicationPending: duration(minutes(1), hours(24)).default(minutes(15)),
});
