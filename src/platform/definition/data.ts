/** What must not be lost: database, files, backups. */
import { z } from "zod";
import { days, gbps, gib, hours, mbps, minutes, tib } from "../../kernel/units.ts";
import { bitRate, cidr, cron, duration, identifier, percent, port, size } from "./scalars.ts";

export const databaseSchema = z.strictObject({
  /** Default `postgres`. */
  engine: z.enum(["postgres", "mysql", "mariadb"]).default("postgres"),
  /** Default: postgres 17.6, mysql 8.4.6, mariadb 11.8.3. */
  version: z
    .string()
    .regex(/^\d+(\.\d+){0,2}$/)
    .optional(),
  /** The machine, in each of its zones. Default db.m6g.large. */
  class: z
    .string()
    .regex(/^db\.[a-z0-9]+\.[a-z0-9]+$/, "an instance class such as db.m6g.large")
    .default("db.m6g.large"),
  /** A synchronous standby in the second zone. */
  multiAz: z.boolean().default(true),
  /** Its gp3 volume, encrypted. */
  storage: z
    .strictObject({
      /** Size at first. Default 100 GiB. */
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
      /** Default: the writer's. Replicas may be smaller, and grow when promoted. */
      class: z
        .string()
        .regex(/^db\.[a-z0-9]+\.[a-z0-9]+$/)
        .optional(),
      /** A standby of the copy in a second zone there. */
      multiAz: z.boolean().default(false),
    })
    .prefault({}),
  /** Default: the engine's own. */
  port: port.optional(),
  /** The first database in it. Default `app`. */
  name: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,62}$/)
    .default("app"),
  /** When the daily snapshot is made, UTC: half an hour at least. Default 02:00-02:30. */
  backupWindow: z
    .string()
    .regex(/^\d\d:\d\d-\d\d:\d\d$/)
    .default("02:00-02:30"),
  /** When AWS may change the machine, UTC: half an hour at least, apart from the backups. Default sun:03:00-sun:03:30. */
  maintenanceWindow: z
    .string()
    .regex(/^[a-z]{3}:\d\d:\d\d-[a-z]{3}:\d\d:\d\d$/)
    .default("sun:03:00-sun:03:30"),
  /** The engine's settings, by RDS's names. */
  parameters: z.record(z.string(), z.string()).default({}),
});

const share = z.strictObject({
  /** Who may mount it: addresses or ranges of the data centre. Default: the whole site. */
  clients: z.array(cidr.or(z.ipv4())).min(1).max(100).optional(),
  /** Whose files they are for clients that say they are root, or anybody. Default `RootSquash`: root is nobody. */
  squash: z.enum(["RootSquash", "NoSquash", "AllSquash"]).default("RootSquash"),
  /** Clients only read. */
  readOnly: z.boolean().default(false),
  /** `intelligent`: objects go to S3 Intelligent-Tiering at once; `standard`: they stay. */
  tiering: z.enum(["intelligent", "standard"]).default("intelligent"),
  /** Intelligent-Tiering's archive tiers. Refused here: NFS reads of an archived object fail until it is restored. */
  archive: z
    .strictObject({
      /** Objects that nobody read for so long. */
      after: duration(days(90), days(730)),
    })
    .optional(),
  /** Old versions of a file leave after so long. */
  versions: duration(days(1), days(3650)).default(days(30)),
  /** Nobody, not even root, removes a version for so long. */
  lock: duration(days(1), days(3650)).optional(),
  /** The gateway looks for objects that others wrote after so long. */
  refresh: duration(minutes(5), days(30)).optional(),
  /** What the data centre writes to it at its peak; the gateway's cache must hold an hour of it. Default 100 Mbps. */
  writes: bitRate(mbps(0), gbps(400)).default(mbps(100)),
});

export const filesSchema = z.strictObject({
  /** The S3 File Gateway in the data centre. */
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
  /** Share → what is shared. Each has a bucket, copied to the recovery region. */
  shares: z.record(identifier(), share).default({}),
});

export const backupSchema = z.strictObject({
  /** Plan → when, and for how long it is kept. Default: one, daily. */
  plans: z
    .record(
      identifier(),
      z.strictObject({
        /** Default 05:00 UTC: after the database's own windows, in which its backup jobs would fail. */
        schedule: cron.default("cron(0 5 * * ? *)"),
        /** A job that has not begun by then is given up. Default 1 hour. */
        startWithin: duration(hours(1), days(7)).default(hours(1)),
        /** A job that has not finished by then, from its schedule on, is given up. Default 8 hours. */
        completeWithin: duration(hours(2), days(30)).default(hours(8)),
        /** In the primary region's vault. Default 35 days. */
        keep: duration(days(1), days(36_500)).default(days(35)),
        /** In the recovery region's vault. Default 35 days. */
        keepCopies: duration(days(1), days(36_500)).default(days(35)),
        /** Point-in-time restore of database and buckets, up to 35 days. */
        continuous: z.boolean().default(false),
        /** Move to cold storage after so long; stays there 90 days at least. */
        coldAfter: duration(days(1), days(36_500)).optional(),
      }),
    )
    .prefault({ daily: {} }),
  /** The vault's lock: copies can neither be removed before `min` nor be kept beyond `max`. */
  lock: z
    .strictObject({
      /** `governance`: privileged users may remove a lock; `compliance`: nobody, ever. */
      mode: z.enum(["governance", "compliance"]).default("governance"),
      /** Default 7 days. */
      min: duration(days(1), days(36_500)).default(days(7)),
      /** Default: none. */
      max: duration(days(1), days(36_500)).optional(),
    })
    .prefault({}),
  /** A backup never restored is not a backup: a restore of each kind on a schedule. */
  restoreTest: z
    .strictObject({
      /** Default Sundays at 08:00 UTC. */
      schedule: cron.default("cron(0 8 ? * SUN *)"),
      /** Of a copy that is not older. Default 7 days. */
      within: duration(days(1), days(365)).default(days(7)),
    })
    .nullable()
    .prefault({}),
  /** Virtual machines in the data centre (VMware), through AWS's backup gateway. */
  hypervisor: z
    .strictObject({
      /** Name or address of the vCenter or ESXi host. */
      host: z.string().min(1),
      /** What AWS Backup calls it. */
      name: identifier(),
    })
    .optional(),
  /** A second, logically air-gapped vault. */
  airGapped: z.boolean().default(false),
});

/** Alarm levels that are the data's. */
export const dataAlarms = z.strictObject({
  /** Percent of the gateway's cache that is not uploaded yet. */
  cacheDirty: percent(1, 100).default(80),
  /** How far the recovery region's database may be behind. Default 5 minutes. */
  replicaLag: duration(minutes(0), hours(24)).default(minutes(5)),
  /** How long an object may wait for its copy. Default 15 minutes, what S3 promises with replication time control. */
  replicationPending: duration(minutes(1), hours(24)).default(minutes(15)),
});
