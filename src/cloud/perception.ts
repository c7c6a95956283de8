/** How services learn of what has changed without being asked: from the world, and from each other. At the same instant, in a fixed order. */
import { assert } from "../kernel/assert.ts";
import { cancel, schedule } from "../kernel/loop.ts";
import { unit } from "../kernel/random.ts";
import { plus, type Duration, type Instant } from "../kernel/units.ts";
import type { Change, Happening, Physics } from "../world/physics.ts";
import type { World } from "../world/world.ts";
import { root, type Cloud } from "./cloud.ts";
import type { Call, Notice, Service } from "./service.ts";
import type { ServiceName } from "./services/list.ts";

/** The owner of the world's own events. */
export const WORLD = "world";

/** A service that looks or hears, with one of its states. */
type Perceiver = { name: ServiceName; account: string; region: string; perceive: (call: Call, what: any) => void };

export class Perception {
  readonly #cloud: Cloud;
  /** Kind of change, or topic → who perceives it; made anew when there are more states or services. */
  readonly #perceivers = new Map<string, Perceiver[]>();
  #known = "";

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
  }

  /** Tells all that has become different, until nothing more becomes so. */
  drain(): void {
    const { world, notices } = this.#cloud.run.universe;
    for (let told = 0; world.changes.length + notices.length > 0; told++) {
      assert(told < 10_000, "the world and the cloud do not come to rest");
      for (const change of world.changes.splice(0)) this.#tellChange(change);
      for (const notice of notices.splice(0)) this.#tellNotice(notice);
    }
  }

  /** Of an operation that was refused. */
  forget(): void {
    this.#cloud.run.universe.world.changes.length = 0;
    this.#cloud.run.universe.notices.length = 0;
  }

  #tellChange(change: Change): void {
    for (const each of this.#of(change.kind, ({ senses }) => senses?.[change.kind]))
      if (change.region === undefined || each.region === "-" || change.region === each.region) this.#tell(each, change);
  }

  #tellNotice({ account, region, topic, data }: Notice): void {
    for (const each of this.#of(topic, ({ hears }) => hears?.[topic]))
      if (each.account === account && each.region === region) this.#tell(each, data);
  }

  #tell({ name, account, region, perceive }: Perceiver, what: unknown): void {
    perceive(this.#cloud.context(name, region, root(account, name)), what);
  }

  #of(what: string, ear: (service: Service) => unknown): Perceiver[] {
    const { states } = this.#cloud.run.universe;
    const known = `${states.size}/${this.#cloud.loaded.size}`;
    if (this.#known !== known) this.#perceivers.clear();
    this.#known = known;
    let found = this.#perceivers.get(what);
    if (found) return found;
    found = [];
    for (const key of [...states.keys()].sort()) {
      const [account, region, name] = key.split("/") as [string, string, ServiceName];
      const service = this.#cloud.loaded.get(name);
      const perceive = service && (ear(service) as Perceiver["perceive"] | undefined);
      if (perceive) found.push({ name, account, region, perceive });
    }
    this.#perceivers.set(what, found);
    return found;
  }
}

/** The world's hands on a run; the run may be replaced, by a reset. */
export class RunPhysics implements Physics {
  readonly #cloud: Cloud;
  constructor(cloud: Cloud) {
    this.#cloud = cloud;
  }
  get world(): World {
    return this.#cloud.run.universe.world;
  }
  get now(): Instant {
    return this.#cloud.run.now;
  }
  random(): number {
    return unit(this.#cloud.run.random);
  }
  later(delay: Duration, happening: Happening, awaited: boolean): number {
    return schedule(this.#cloud.run, plus(this.now, delay), { owner: WORLD, type: happening.type, data: happening, background: !awaited });
  }
  cancel(event: number): void {
    cancel(this.#cloud.run, event);
  }
}
