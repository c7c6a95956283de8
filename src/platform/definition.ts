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
  regions: z.strictObject({
    primary: regionSchema,
    /** Where the platform is recovered to. Needed by every strategy but `none`. */
    recovery: regionSchema.optional(),
  }),
  addresses: addressesSchema.prefault({}),
  /** The data centre. */
  site: siteSchema.optional(),
  registry: registrySchema.prefault({}),
  services: z.record(identifier(20), serviceSchema),
  cluster: clusterSchema.prefault({}),
  database: databaseSchema.optional(),
  files: filesSchema.prefault({}),
  operations: operationsSchema.prefault({}),
  backup: backupSchema.prefault({}),
  recovery: recoverySchema,
  /** The public name. Without it nothing is reachable from outside. */
  domain: domainSchema.optional(),
  budget: budgetSchema.optional(),
  alarms: dataAlarms.prefault({}),
  /** How long logs are kept. Default 30 days. */
  logs: logRetention,
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
