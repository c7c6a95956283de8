/**
 * The future, as plain data: a 4-ary heap over typed arrays, ordered by (at, seq), payloads beside it in slots.
 * A cancelled event stays in the heap as a tombstone until it comes up or until tombstones are the majority.
 */
import { assert } from "./assert.ts";

export type Queue<Payload = unknown> = {
  /** Events in the heap, tombstones included. */
  size: number;
  dead: number;
  heapAt: Float64Array;
  heapSlot: Int32Array;
  /** By slot: the seq of the event in it; `-1 - seq` once cancelled; NaN when free. */
  slotSeq: Float64Array;
  payloads: (Payload | undefined)[];
  /** Free slots, the first `freeCount` of it. */
  free: Int32Array;
  freeCount: number;
};

/** Names an event for `cancel`: safe to keep after the event has fired. */
export type EventId = number;

// An id is seq × 2^22 + slot: four million pending events, two thousand million in a run.
const SLOTS = 2 ** 22;
const SEQ_MAX = 2 ** 31;

export function createQueue<Payload>(): Queue<Payload> {
  const capacity = 64;
  return {
    size: 0,
    dead: 0,
    heapAt: new Float64Array(capacity),
    heapSlot: new Int32Array(capacity),
    slotSeq: new Float64Array(capacity).fill(Number.NaN),
    payloads: Array.from({ length: capacity }),
    free: Int32Array.from({ length: capacity }, (_, index) => capacity - 1 - index),
    freeCount: capacity,
  };
}

export const pending = (queue: Queue): number => queue.size - queue.dead;

export function push<Payload>(queue: Queue<Payload>, at: number, seq: number, payload: Payload): EventId {
  if (seq >= SEQ_MAX) assert(false, "more than two thousand million events in one run");
  if (queue.freeCount === 0) grow(queue);
  const slot = queue.free[--queue.freeCount]!;
  queue.slotSeq[slot] = seq;
  queue.payloads[slot] = payload;
  rise(queue, queue.size++, at, slot);
  return seq * SLOTS + slot;
}

/** The time of the next live event; Infinity when there is none. */
export function nextAt(queue: Queue): number {
  if (queue.dead > 0) bury(queue);
  return queue.size === 0 ? Number.POSITIVE_INFINITY : queue.heapAt[0]!;
}

/** Takes the next live event; undefined when there is none. Its time is what `nextAt` said. */
export function pop<Payload>(queue: Queue<Payload>): Payload | undefined {
  if (queue.dead > 0) bury(queue);
  if (queue.size === 0) return undefined;
  const slot = queue.heapSlot[0]!;
  const payload = queue.payloads[slot];
  removeTop(queue, slot);
  return payload;
}

/** The payload of a live event; undefined when it has fired or was cancelled. */
export function find<Payload>(queue: Queue<Payload>, id: EventId): Payload | undefined {
  const slot = id % SLOTS;
  return queue.slotSeq[slot] === (id - slot) / SLOTS ? queue.payloads[slot] : undefined;
}

/** Whether it was still to come. The payload stays in its slot until the tombstone goes, so that `revive` can undo it. */
export function cancel(queue: Queue, id: EventId): boolean {
  const slot = id % SLOTS;
  const seq = (id - slot) / SLOTS;
  if (queue.slotSeq[slot] !== seq) return false;
  queue.slotSeq[slot] = -1 - seq;
  queue.dead++;
  return true;
}

/** Undoes a `cancel`, if nothing was popped or swept in between. */
export function revive(queue: Queue, id: EventId): void {
  const slot = id % SLOTS;
  const seq = (id - slot) / SLOTS;
  assert(queue.slotSeq[slot] === -1 - seq, "only a tombstone can be revived");
  queue.slotSeq[slot] = seq;
  queue.dead--;
}

/** Drops all tombstones when they are the majority. */
export function sweep(queue: Queue): void {
  if (queue.dead < 64 || queue.dead * 2 < queue.size) return;
  const { heapAt, heapSlot, size } = queue;
  const live: { at: number; slot: number }[] = [];
  for (let index = 0; index < size; index++) {
    const slot = heapSlot[index]!;
    if (queue.slotSeq[slot]! >= 0) live.push({ at: heapAt[index]!, slot });
    else release(queue, slot);
  }
  live.sort((a, b) => a.at - b.at || queue.slotSeq[a.slot]! - queue.slotSeq[b.slot]!); // a sorted array is a heap
  live.forEach(({ at, slot }, index) => {
    heapAt[index] = at;
    heapSlot[index] = slot;
  });
  queue.size = live.length;
  queue.dead = 0;
}

/** Live events in the order in which they will come: for snapshots, digests and people. */
export function inOrder<Payload>(queue: Queue<Payload>): { at: number; seq: number; payload: Payload }[] {
  const events: { at: number; seq: number; payload: Payload }[] = [];
  for (let index = 0; index < queue.size; index++) {
    const slot = queue.heapSlot[index]!;
    if (queue.slotSeq[slot]! >= 0) events.push({ at: queue.heapAt[index]!, seq: queue.slotSeq[slot]!, payload: queue.payloads[slot]! });
  }
  return events.sort((a, b) => a.at - b.at || a.seq - b.seq);
}

function bury(queue: Queue): void {
  while (queue.dead > 0 && queue.size > 0) {
    const slot = queue.heapSlot[0]!;
    if (queue.slotSeq[slot]! >= 0) return;
    queue.dead--;
    removeTop(queue, slot);
  }
}

function release(queue: Queue, slot: number): void {
  queue.slotSeq[slot] = Number.NaN;
  queue.payloads[slot] = undefined;
  queue.free[queue.freeCount++] = slot;
}

function removeTop(queue: Queue, slot: number): void {
  release(queue, slot);
  const last = --queue.size;
  if (last > 0) sink(queue, queue.heapAt[last]!, queue.heapSlot[last]!);
}

/** Whether the event in slot `one` was scheduled before that in slot `other`; also of tombstones. */
function earlier({ slotSeq }: Queue, one: number, other: number): boolean {
  const a = slotSeq[one]!;
  const b = slotSeq[other]!;
  return (a < 0 ? -1 - a : a) < (b < 0 ? -1 - b : b);
}

function rise(queue: Queue, start: number, at: number, slot: number): void {
  const { heapAt, heapSlot } = queue;
  let index = start;
  while (index > 0) {
    const parent = (index - 1) >> 2;
    const parentAt = heapAt[parent]!;
    if (parentAt < at || (parentAt === at && earlier(queue, heapSlot[parent]!, slot))) break;
    heapAt[index] = parentAt;
    heapSlot[index] = heapSlot[parent]!;
    index = parent;
  }
  heapAt[index] = at;
  heapSlot[index] = slot;
}

/** Which of two places holds the earlier event. Arithmetic instead of a branch, which nothing could predict; equal times are rare. */
function firstOf(queue: Queue, one: number, other: number): number {
  const { heapAt, heapSlot } = queue;
  const at = heapAt[one]!;
  const otherAt = heapAt[other]!;
  if (at === otherAt) return earlier(queue, heapSlot[one]!, heapSlot[other]!) ? one : other;
  return one + (other - one) * +(otherAt < at);
}

/** Puts an event in at the top and lets it sink to its place. */
function sink(queue: Queue, at: number, slot: number): void {
  const { heapAt, heapSlot, size } = queue;
  let index = 0;
  for (;;) {
    const first = index * 4 + 1;
    if (first >= size) break;
    let least = first;
    if (first + 3 < size) least = firstOf(queue, firstOf(queue, first, first + 1), firstOf(queue, first + 2, first + 3));
    else for (let child = first + 1; child < size; child++) least = firstOf(queue, least, child);
    const leastAt = heapAt[least]!;
    if (leastAt > at || (leastAt === at && earlier(queue, slot, heapSlot[least]!))) break;
    heapAt[index] = leastAt;
    heapSlot[index] = heapSlot[least]!;
    index = least;
  }
  heapAt[index] = at;
  heapSlot[index] = slot;
}

function grow(queue: Queue): void {
  const before = queue.slotSeq.length;
  const capacity = before * 2;
  assert(capacity <= SLOTS, "more than four million pending events");
  const heapAt = new Float64Array(capacity);
  heapAt.set(queue.heapAt);
  queue.heapAt = heapAt;
  const heapSlot = new Int32Array(capacity);
  heapSlot.set(queue.heapSlot);
  queue.heapSlot = heapSlot;
  const slotSeq = new Float64Array(capacity).fill(Number.NaN, before);
  slotSeq.set(queue.slotSeq);
  queue.slotSeq = slotSeq;
  for (let slot = before; slot < capacity; slot++) queue.payloads.push(undefined);
  queue.free = new Int32Array(capacity);
  for (let slot = capacity - 1; slot >= before; slot--) queue.free[queue.freeCount++] = slot;
}
