/** The definition: the user's `platform.ts`, parsed and with its defaults. What is derived from it is in `addresses.ts`, `strategies.ts`, `names.ts`. */
import { z } from "zod";
import { backupSchema, dataAlarms, databaseSchema, filesSchema } from "./definition/data.ts";
import { addressesSchema, logRetention, regionSchema, siteSchema } from "./definition/places.ts";
import { budgetSchema, domainSchema, operationsSchema, recoverySchema } from "./definition/running.ts";
import { identifier } from "./definition/scalars.ts";
import { clusterSchema, registrySchema, serviceSchema } from "./definition/workload.ts";

/** Changes a synthesized stack before it is written; what it adds is checked like everything else. */
export type Override = (stack: OverriddenStack) => void;
/** The CDK stack (`aws-cdk-lib`'s `Stack`), with the part and region it is of. The type is open so that definitions need no CDK. */
export type OverriddenStack = { part: string; region: string; role: "primary" | "recovery"; stack: any };

export const definitionSchema = z.strictObject({
  /** Names every resource. */
  name: identifier(16),
  /** Where it runs, and where it is recovered to. */
  regions: z.strictObject({
    /** Where it runs in quiet times. */
    primary: regionSchema,
    /** Where the platform is recovered to. Needed by every strategy but `none`. */
    recovery: regionSchema.optional(),
  }),
  /** The address plan. Everything in it has a default. */
  addresses: addressesSchema.prefault({}),
  /** The data centre. */
  site: siteSchema.optional(),
  /** Where images come from. */
  registry: registrySchema.prefault({}),
  /** Service → what runs. The name is the ECS service, the task family and the host name for other services. */
  services: z.record(identifier(20), serviceSchema),
  /** The EC2 instances that the regions' tasks run on. */
  cluster: clusterSchema.prefault({}),
  /** The one relational database, on RDS. Without it there is none. */
  database: databaseSchema.optional(),
  /** Shares over NFS, each with a bucket behind it. */
  files: filesSchema.prefault({}),
  /** Patches, scripts, shells, and who hears of alarms. */
  operations: operationsSchema.prefault({}),
  /** AWS Backup: plans, the vault's lock, restore tests. */
  backup: backupSchema.prefault({}),
  /** How it survives the loss of its region. */
  recovery: recoverySchema,
  /** The public name. Without it nothing is reachable from outside. */
  domain: domainSchema.optional(),
  /** What a month may cost. Without it nobody is told. */
  budget: budgetSchema.optional(),
  /** Levels at which somebody hears of the data's copies falling behind. */
  alarms: dataAlarms.prefault({}),
  /** How long logs are kept. Default 30 days. */
  logs: logRetention,
  /**
   * What AWS has granted in both regions, by quota code, such as `{ "L-1216C47A": 64 }` for 64 vCPUs. Quotas that are not named have AWS's default.
   */
  quotas: z.record(z.string().regex(/^L-[0-9A-F]{8}$/, "a quota code such as L-1216C47A"), z.number().min(0)).default({}),
  /** On every resource, besides `causeway:platform`. */
  tags: z.record(z.string().min(1).max(128), z.string().max(256)).default({}),
  /** The way out: change any synthesized resource. */
  override: z.custom<Override>((value) => typeof value === "function", "a function").optional(),
});

/** What a user writes. */
export type PlatformInput = z.input<typeof definitionSchema>;
/** With every default filled in. */
export type Definition = z.output<typeof definitionSchema>;

export type Site = NonNullable<Definition["site"]>;
export type Router = Site["routers"][number];
export type Service = Definition["services"][string];
export type Database = NonNullable<Definition["database"]>;
export type Share = Definition["files"]["shares"][string];
export type Strategy = Definition["recovery"]["strategy"];
export type Role = "primary" | "recovery";
