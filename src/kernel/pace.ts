/** Drives a run by the wall clock: real time × speed, or as fast as possible whenever somebody waits. The only place that reads a real clock. */
import { advance, nextAt, settle, type Handler, type Run } from "./loop.ts";
import type { Instant } from "./units.ts";

/** Virtual seconds per real second; 0 = time stands still; `max` = real time, but work that somebody waits for is done at once. */
export type Speed = number | "max";

/** So many events are handled before others get a turn. */
const EVENTS_PER_TURN = 10_000;
// The longest delay that setTimeout takes: 2^31 - 1 ms.
const SLEEP_MAX = 2 ** 31 - 1;

export type PaceOptions<Universe> = {
  /** The run may be exchanged (reset), so it is asked for each time. */
  run: () => Run<Universe>;
  handle: Handler<Universe>;
  speed: Speed;
};

export class Pace<Universe = any> {
  readonly #run: () => Run<Universe>;
  readonly #handle: Handler<Universe>;
  #speed: Speed;
  #running = false;
  #timer: NodeJS.Timeout | undefined;
  /** The pair of moments from which the virtual time is reckoned. */
  #anchor = { real: 0, virtual: 0 };

  constructor({ run, handle, speed }: PaceOptions<Universe>) {
    this.#run = run;
    this.#handle = handle;
    this.#speed = speed;
  }

  get speed(): Speed {
    return this.#speed;
  }

  start(): void {
    this.#running = true;
    this.#hold();
    this.poke();
  }

  stop(): void {
    this.#running = false;
    clearTimeout(this.#timer);
  }

  /** Brings the run to what the wall clock says. Others get a turn in between when much is due. */
  async catchUp(): Promise<void> {
    if (!this.#running) return;
    // The target is fixed first: at a great speed a moving one might never be reached.
    const target = Math.max(this.#target(), this.#run().now) as Instant;
    await this.#to(target);
    if (this.#speed === "max" && this.#run().working > 0) this.#settle();
  }

  /** To be called when something may have been scheduled: does what is due at speed `max`, and sets the alarm. */
  poke(): void {
    clearTimeout(this.#timer);
    if (!this.#running) return;
    if (this.#speed === "max" && this.#run().working > 0) this.#settle();
    const next = nextAt(this.#run());
    const factor = this.#speed === "max" ? 1 : this.#speed;
    if (next === Number.POSITIVE_INFINITY || factor === 0) return;
    const delay = Math.min(SLEEP_MAX, Math.max(0, Math.ceil((next - this.#target()) / factor)));
    this.#timer = setTimeout(() => void this.catchUp().then(() => this.poke()), delay);
    this.#timer.unref();
  }

  setSpeed(speed: Speed): void {
    this.#hold();
    this.#speed = speed;
    this.poke();
  }

  /** Moves the clock ahead by order, whatever the speed. An earlier instant than now moves nothing. */
  async advanceTo(until: Instant): Promise<void> {
    await this.#to(until);
    this.#hold();
    this.poke();
  }

  async #to(target: Instant): Promise<void> {
    for (;;) {
      const run = this.#run();
      if (target < run.now) return;
      if (advance(run, target, this.#handle, EVENTS_PER_TURN) < EVENTS_PER_TURN) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #settle(): void {
    settle(this.#run(), this.#handle);
    this.#hold();
  }

  /** Virtual time goes on from where the run is now. */
  #hold(): void {
    this.#anchor = { real: Date.now(), virtual: this.#run().now };
  }

  #target(): number {
    const factor = this.#speed === "max" ? 1 : this.#speed;
    return Math.floor(this.#anchor.virtual + (Date.now() - this.#anchor.real) * factor);
  }
}
