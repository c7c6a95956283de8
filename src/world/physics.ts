/** What the world's own code may use: itself, the time, chance, and a moment of its own later on. */
import type { Duration, Instant } from "../kernel/units.ts";
import type { World } from "./world.ts";

export interface Physics {
  readonly world: World;
  readonly now: Instant;
  /** Uniform in [0, 1). */
  random(): number;
  /** What the world will do by itself. `awaited`: somebody waits for it, so that a run is not settled before. Returns a handle for `cancel`. */
  later(delay: Duration, happening: Happening, awaited: boolean): number;
  cancel(event: number): void;
}

/** Moments of the world's own; `happenings.ts` says what they do. */
export type Happening =
  | { type: "booted"; machine: string; boot: number }
  | { type: "listening"; container: string }
  | { type: "exited"; container: string; code: number }
  | { type: "demand"; demand: string; step: number };

/** What has just become different. Services that look at such things are told at the same instant, and see it when their own rules say so. */
export type Change = {
  /** Only the services of this region are told; absent = all are. */
  region?: string;
} & (
  | { kind: "machine"; machine: string }
  | { kind: "container"; container: string }
  /** How much these containers have to do. */
  | { kind: "load"; containers: string[] }
  | { kind: "zone"; zone: string }
  | { kind: "line"; site: string }
  | { kind: "demand"; demand: string }
  | { kind: "registry"; registry: string }
);
