/**
 * The names that one region, the data centre or a runbook needs to know of another. They are deterministic, so nothing has to be looked up:
 * the other side derives the same name. What AWS names at random is handed over through a parameter (`handovers.ts`).
 */
import type { Definition, Role } from "./definition.ts";

/** `AWS::AccountId` and the like are for templates; a text may hold them as `${AWS::AccountId}` for `Fn::Sub`. */
export const account = "${AWS::AccountId}";

export function names({ name }: Pick<Definition, "name">) {
  return {
    /** CloudFormation stack: the same in each region. */
    stack: (part: string) => `${name}-${part}`,
    /** SSM parameter path. */
    parameter: (path: string) => `/${name}/${path}`,
    /** Secrets Manager; the same in each region. */
    secret: (path: string) => `${name}/${path}`,
    keyAlias: `alias/${name}`,
    vault: name,
    airGappedVault: `${name}-air-gapped`,
    cluster: name,
    /** RDS identifier: the writer's and the replica's, each in its region. */
    database: name,
    /** ECS service and task definition family. */
    service: (service: string) => service,
    /** For `Fn::Sub`: bucket names are global. */
    shareBucket: (share: string, region: string) => `${name}-${share}-${account}-${region}`,
    /** Where data-centre hosts mount a share, and containers there find it. */
    mountPoint: (share: string) => `/mnt/causeway/${share}`,
    logBucket: (region: string) => `${name}-logs-${account}-${region}`,
    /** What Systems Manager knows of the machines. */
    inventoryBucket: (region: string) => `${name}-inventory-${account}-${region}`,
    /** Templates and assets of the recovery. */
    recoveryBucket: (region: string) => `${name}-recovery-${account}-${region}`,
    logGroup: (path: string) => `/${name}/${path}`,
    repository: (image: string) => `${name}/${image}`,
    /** IAM is global: a fixed role name carries its region. */
    role: (purpose: string, region: string) => `${name}-${purpose}-${region}`,
    document: (purpose: string) => `${name}-${purpose}`,
    /** The public name of one region's front. */
    regional: (role: Role, domain: string) => `${role}.${domain}`,
  };
}

export type Names = ReturnType<typeof names>;
