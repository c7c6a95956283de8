/** What each region holds under each strategy: the table of recovery.md as data. */
import type { Definition, Role, Strategy } from "./definition.ts";

/**
 * `live`: deployed and working. `zero`: deployed with nothing running. `off`: in a template that is deployed with `DrActive=false`.
 * `prepared`: a template that waits in the region. `absent`: not there.
 */
export type Presence = "live" | "zero" | "off" | "prepared" | "absent";

export type Holdings = {
  /** Keys, secrets, vault, log buckets, reserved addresses: the ground that recovery stands on. */
  foundation: Presence;
  network: Presence;
  nat: Presence;
  link: Presence;
  registry: Presence;
  /** `restored`: made by the runbook from backups. */
  database: "writer" | "replica" | "restored" | "absent";
  files: "writable" | "read-only" | "prepared" | "absent";
  /** Load balancer, cluster and services. */
  compute: Presence;
  /** Part of the primary's capacity that runs here in quiet times. */
  share: number;
  operations: Presence;
  observability: Presence;
  /** What Route 53 answers with this region for. */
  traffic: "primary" | "secondary" | "shared" | "absent";
};

const whole: Holdings = {
  foundation: "live",
  network: "live",
  nat: "live",
  link: "live",
  registry: "live",
  database: "writer",
  files: "writable",
  compute: "live",
  share: 1,
  operations: "live",
  observability: "live",
  traffic: "primary",
};

const standby = { ...whole, database: "replica", files: "read-only", traffic: "secondary" } satisfies Holdings;

const recovery: Record<Strategy, (wishes: Definition["recovery"]) => Holdings> = {
  none: () => ({
    ...whole,
    foundation: "absent",
    network: "absent",
    nat: "absent",
    link: "absent",
    registry: "absent",
    database: "absent",
    files: "absent",
    compute: "absent",
    share: 0,
    operations: "absent",
    observability: "absent",
    traffic: "absent",
  }),
  "backup-restore": () => ({
    ...standby,
    network: "prepared",
    nat: "prepared",
    link: "prepared",
    database: "restored",
    files: "prepared",
    compute: "prepared",
    share: 0,
    operations: "prepared",
    observability: "prepared",
  }),
  "pilot-light": ({ off }) => ({
    ...standby,
    nat: off === "undeployed" ? "off" : "live",
    compute: off === "undeployed" ? "off" : "zero",
    share: 0,
  }),
  "warm-standby": ({ share }) => ({ ...standby, share }),
  "hot-standby": () => ({ ...standby, share: 1 }),
  "active-active": () => ({ ...standby, share: 1, files: "writable", traffic: "shared" }),
};

export function holdings(definition: Pick<Definition, "recovery" | "site" | "database" | "files" | "domain">, role: Role): Holdings {
  const held = role === "recovery" ? recovery[definition.recovery.strategy](definition.recovery) : { ...whole };
  if (role === "primary" && definition.recovery.strategy === "active-active") held.traffic = "shared";
  return {
    ...held,
    link: definition.site?.directConnect || definition.site?.vpn ? held.link : "absent",
    database: definition.database ? held.database : "absent",
    files: Object.keys(definition.files.shares).length ? held.files : "absent",
    traffic: definition.domain ? held.traffic : "absent",
  };
}
