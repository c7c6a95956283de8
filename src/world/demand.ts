/** What users ask for: requests a second to a name, as steps over time. Arithmetic, not calls. */
import { milliseconds, type Duration, type Instant } from "../kernel/units.ts";
import type { Physics } from "./physics.ts";

/** From `at` after the beginning on, `rate` requests a second. */
export type Step = { at: Duration; rate: number };

export type Demand = {
  /** The DNS name that users have, a load balancer's or a record's. */
  name: string;
  /** What rules of a load balancer look at. */
  host?: string;
  path: string;
  method: string;
  began: Instant;
  /** In order of `at`, the first at 0. */
  steps: Step[];
  /** The steps begin anew after so long. */
  every?: Duration;
  /** Now, in requests a second. */
  rate: number;
  /** Its next step. */
  event?: number;
};

export type Wish = Pick<Demand, "name" | "steps"> & Partial<Pick<Demand, "host" | "path" | "method" | "every">>;

/** Replaces the demand of that id, if there was one. */
export function demand(physics: Physics, id: string, { name, host, path = "/", method = "GET", steps, every }: Wish): void {
  forget(physics, id);
  physics.world.demands.set(id, { name, host, path, method, steps, every, began: physics.now, rate: 0 });
  step(physics, id, 0);
}

export function forget(physics: Physics, id: string): void {
  const { world } = physics;
  const known = world.demands.get(id);
  if (!known) return;
  if (known.event !== undefined) physics.cancel(known.event);
  world.demands.delete(id);
  world.changes.push({ kind: "demand", demand: id });
}

/** The step of that number, over all rounds, begins. */
export function step(physics: Physics, id: string, number: number): void {
  const known = physics.world.demands.get(id);
  const now = known?.steps[number % known.steps.length];
  if (!known || !now) return;
  const rate = now.rate;
  if (rate !== known.rate || number === 0) {
    known.rate = rate;
    physics.world.changes.push({ kind: "demand", demand: id });
  }
  const last = number % known.steps.length === known.steps.length - 1;
  if (last && known.every === undefined) return void delete known.event;
  const next = last ? known.every! : known.steps[(number % known.steps.length) + 1]!.at;
  known.event = physics.later(milliseconds(next - now.at), { type: "demand", demand: id, step: number + 1 }, false);
}
