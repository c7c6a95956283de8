/** A run: one universe with its time, chance and pending events, all plain data; and what moves it. */
import { assert } from "./assert.ts";
import * as queues from "./queue.ts";
import { copy, restore, seed as seeded, type Random } from "./random.ts";
import type { Duration, Instant } from "./units.ts";

export type EventId = queues.EventId;

export type PendingEvent = {
  /** Whose it is; opaque here. */
  owner: string;
  type: string;
  data: unknown;
  /** True for what nobody waits for: schedules, expiry, retention. */
  background: boolean;
};

export type Run<Universe> = {
  now: Instant;
  /** The next event's number: ties in time are broken by it. */
  seq: number;
  random: Random;
  queue: queues.Queue<PendingEvent>;
  /** Pending events that somebody waits for. */
  working: number;
  universe: Universe;
  /** What was scheduled and cancelled since the savepoint; only while an operation runs. */
  undo?: { scheduled: EventId[]; cancelled: EventId[] };
};

export type Handler<Universe> = (run: Run<Universe>, event: PendingEvent) => void;

export function createRun<Universe>(seed: string | number, start: Instant, universe: Universe): Run<Universe> {
  return { now: start, seq: 0, random: seeded(seed), queue: queues.createQueue(), working: 0, universe };
}

export function schedule(run: Run<unknown>, at: Instant, event: PendingEvent): EventId {
  if (at < run.now) assert(false, `${event.owner} ${event.type} is scheduled ${run.now - at} ms in the past`);
  const id = queues.push(run.queue, at, run.seq++, event);
  if (!event.background) run.working++;
  if (run.undo !== undefined) run.undo.scheduled.push(id);
  return id;
}

/** Whether it was still to come; an event that has fired or was cancelled before is no error. */
export function cancel(run: Run<unknown>, id: EventId): boolean {
  const event = queues.find(run.queue, id);
  if (!event) return false;
  queues.cancel(run.queue, id);
  if (!event.background) run.working--;
  if (run.undo) run.undo.cancelled.push(id);
  else queues.sweep(run.queue);
  return true;
}

export const nextAt = (run: Run<unknown>): Instant => queues.nextAt(run.queue) as Instant;

/**
 * Handles every event up to and including `until`, then sets the time to it. `advance(a); advance(b)` equals `advance(b)`.
 * Returns how many events it handled; stops early after `limit` of them, with the time of the last. It never stops amid an instant:
 * whoever acts then would act before events that a replay of the same moment handles first.
 */
export function advance<Universe>(run: Run<Universe>, until: Instant, handle: Handler<Universe>, limit = Number.POSITIVE_INFINITY): number {
  assert(until >= run.now, "time does not run backwards");
  let handled = 0;
  for (;;) {
    const at = queues.nextAt(run.queue);
    if (at > until) break;
    if (handled >= limit && at > run.now) return handled;
    next(run, at as Instant, handle);
    handled++;
  }
  run.now = until;
  return handled;
}

/**
 * As fast as possible until nothing is pending that anybody waits for. What is in the background and falls due on the way happens in order.
 * Stops after `most` of virtual time, for work that never ends.
 */
export function settle<Universe>(run: Run<Universe>, handle: Handler<Universe>, most = (365 * 86_400_000) as Duration): number {
  const end = run.now + most;
  let handled = 0;
  while (run.working > 0) {
    const at = queues.nextAt(run.queue);
    if (at > end) break;
    next(run, at as Instant, handle);
    handled++;
  }
  // The instant is finished, so that a replay that advances to it does the same.
  return handled + advance(run, run.now, handle);
}

function next<Universe>(run: Run<Universe>, at: Instant, handle: Handler<Universe>): void {
  const event = queues.pop(run.queue)!;
  run.now = at;
  if (!event.background) run.working--;
  handle(run, event);
}

export type Savepoint = { seq: number; working: number; random: Random };

/** Begins an operation that may throw. The universe itself is not covered: operations check before they act. */
export function savepoint(run: Run<unknown>): Savepoint {
  assert(!run.undo, "savepoints do not nest");
  run.undo = { scheduled: [], cancelled: [] };
  return { seq: run.seq, working: run.working, random: copy(run.random) };
}

/** The operation completed: nothing is to be undone. */
export function release(run: Run<unknown>, _point: Savepoint): void {
  const swept = run.undo!.cancelled.length > 0;
  delete run.undo;
  if (swept) queues.sweep(run.queue);
}

/** The operation threw: time's queue, chance and numbering are as they were. */
export function rollback(run: Run<unknown>, { seq, working, random }: Savepoint): void {
  const { scheduled, cancelled } = run.undo!;
  for (const id of cancelled) queues.revive(run.queue, id);
  for (const id of scheduled) queues.cancel(run.queue, id);
  delete run.undo;
  run.seq = seq;
  run.working = working;
  restore(run.random, random);
  queues.sweep(run.queue);
}

/** A second run that shares nothing with the first. */
export const fork = <Universe>(run: Run<Universe>): Run<Universe> => structuredClone(run);
