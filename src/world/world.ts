/** What physically is, whoever watches: plain data. What happens to it is in the file of its noun. */
import type { Container, Behaviour } from "./containers.ts";
import type { Demand } from "./demand.ts";
import type { Machine } from "./machines.ts";
import type { Installed, Patch } from "./patches.ts";
import type { Change } from "./physics.ts";
import type { Registry } from "./registries.ts";
import type { Outcome } from "./scripts.ts";

export type World = {
  /** Regions that are lost as a whole. */
  regionsLost: Set<string>;
  /** Zones by id (`euw1-az1`) without power. */
  zonesLost: Set<string>;
  /** `zone id/instance type` of which no more can be had; `*` for every type. */
  shortages: Set<string>;
  /** `site/region` that cannot reach each other over any line. */
  linesCut: Set<string>;
  machines: Map<string, Machine>;
  containers: Map<string, Container>;
  /** What listens where: `network/address/port` → container. */
  listeners: Map<string, string>;
  /** Image → how it behaves; see `behaviourOf`. */
  images: Map<string, Behaviour>;
  /** Registries that are not AWS's, by host name. */
  registries: Map<string, Registry>;
  demands: Map<string, Demand>;
  /** A part of a script → what a script with it comes to. */
  scripts: Map<string, Outcome>;
  /** By name. */
  patches: Map<string, Patch>;
  /** Machine → what it has of them. */
  installed: Map<string, Map<string, Installed>>;
  /** Since the cloud last looked. */
  changes: Change[];
};

export const createWorld = (): World => ({
  regionsLost: new Set(),
  zonesLost: new Set(),
  shortages: new Set(),
  linesCut: new Set(),
  machines: new Map(),
  containers: new Map(),
  listeners: new Map(),
  images: new Map(),
  registries: new Map(),
  demands: new Map(),
  scripts: new Map(),
  patches: new Map(),
  installed: new Map(),
  changes: [],
});
