/** The pieces that every picture shows in the same way. */
import { gib, tib, type BitRate, type Bytes, type Duration } from "../../kernel/units.ts";
import type { Database, Definition, Role, Service } from "../definition.ts";
import { holdings, type Holdings, type Presence } from "../strategies.ts";
import type { Group, Item, Look, Node, State, Tone } from "./layout.ts";

export const item = (id: string, icon: string, tone: Tone, title: string, notes: string[] = [], state: State = "on"): Item => ({
  kind: "item",
  id,
  icon,
  tone,
  title,
  notes,
  state,
});

export const group = (id: string, look: Look, direction: "row" | "column", children: Node[], more: Partial<Group> = {}): Group => ({
  kind: "group",
  id,
  look,
  direction,
  children,
  ...more,
});

export const space = (id: string, width: number, height = 1): Node => ({ kind: "space", id, width, height });

export const speed = (rate: BitRate): string => (rate >= 1e9 ? `${rate / 1e9} Gbps` : `${rate / 1e6} Mbps`);
export const volume = (size: Bytes): string => (size >= tib(1) ? `${size / tib(1)} TiB` : `${Math.round(size / gib(1))} GiB`);
export const time = (span: Duration): string =>
  span >= 3_600_000 && span % 3_600_000 === 0
    ? `${span / 3_600_000} h`
    : span >= 60_000
      ? `${Math.round(span / 60_000)} min`
      : `${span / 1000} s`;

export const stateOf = (presence: Presence): State => (presence === "live" ? "on" : presence === "zero" ? "small" : "off");

export const engineName = ({ engine }: Database): string => ({ postgres: "PostgreSQL", mysql: "MySQL", mariadb: "MariaDB" })[engine];

export const servicesOn = (definition: Definition, where: "cloud" | "site"): [string, Service][] =>
  Object.entries(definition.services).filter(([, service]) => service.runsOn === where || service.runsOn === "both");

/** Names in one line, the rest as a number. */
export function listed(names: string[], most = 3): string {
  return names.length <= most ? names.join(", ") : `${names.slice(0, most - 1).join(", ")} and ${names.length - most + 1} more`;
}

/** "4–12 instances, 25 %": how much of the cluster runs in quiet times. */
export function clusterSize(definition: Definition, held: Holdings): string {
  const { min, max } = definition.cluster;
  if (held.compute === "off" || held.compute === "prepared") return "not deployed";
  if (held.compute === "zero") return `0 of ${max} instances`;
  return `${Math.ceil(min * held.share)}–${max} instances`;
}

export const strategyName: Record<Definition["recovery"]["strategy"], string> = {
  none: "No recovery region",
  "backup-restore": "Backup and restore",
  "pilot-light": "Pilot light",
  "warm-standby": "Warm standby",
  "hot-standby": "Hot standby",
  "active-active": "Multi-site active/active",
};

export const held = (definition: Definition, role: Role): Holdings => holdings(definition, role);
