import fc from "fast-check";
import { expect, test } from "vitest";
import { digest } from "./digest.ts";
import {
  advance,
  cancel,
  createRun,
  fork,
  nextAt,
  release,
  rollback,
  savepoint,
  schedule,
  settle,
  type EventId,
  type PendingEvent,
  type Run,
} from "./loop.ts";
import { hex, unit } from "./random.ts";
import { decode, encode } from "./snapshot.ts";
import { milliseconds, plus, type Instant } from "./units.ts";

/** A universe in which every event leaves a mark, draws from chance and sometimes brings about others. */
type Marks = { log: string[]; ids: EventId[] };

const start = (seed: string | number = 1) => createRun<Marks>(seed, 0 as Instant, { log: [], ids: [] });

const event = (type: string, background = false): PendingEvent => ({ owner: "test", type, data: {}, background });

function handle(run: Run<Marks>, { type, background }: PendingEvent): void {
  run.universe.log.push(`${run.now} ${type} ${hex(run.random, 4)}`);
  if (unit(run.random) < 0.4)
    run.universe.ids.push(
      schedule(run, plus(run.now, milliseconds(Math.floor(unit(run.random) * 50))), event(`${type}'`.slice(-8), background)),
    );
  if (unit(run.random) < 0.2 && run.universe.ids.length > 0)
    cancel(run, run.universe.ids[Math.floor(unit(run.random) * run.universe.ids.length)]!);
}

type Step = { do: "schedule"; delay: number; background: boolean } | { do: "cancel"; which: number } | { do: "advance"; by: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("schedule" as const), delay: fc.integer({ min: 0, max: 200 }), background: fc.boolean() }),
  fc.record({ do: fc.constant("cancel" as const), which: fc.nat(50) }),
  fc.record({ do: fc.constant("advance" as const), by: fc.integer({ min: 0, max: 100 }) }),
);

const steps = fc.array(step, { maxLength: 40 });

function take(run: Run<Marks>, each: Step): void {
  const { ids } = run.universe;
  if (each.do === "schedule") ids.push(schedule(run, plus(run.now, milliseconds(each.delay)), event(`e${ids.length}`, each.background)));
  if (each.do === "cancel" && ids.length > 0) cancel(run, ids[each.which % ids.length]!);
  if (each.do === "advance") advance(run, plus(run.now, milliseconds(each.by)), handle, 10_000);
}

const play = (run: Run<Marks>, all: Step[]) => {
  for (const each of all) take(run, each);
  return run;
};

test("the same seed and inputs give byte-equal runs", () => {
  fc.assert(
    fc.property(fc.integer(), steps, (seed, all) => {
      const one = play(start(seed), all);
      const other = play(start(seed), all);
      expect(encode(one).equals(encode(other))).toBe(true);
    }),
  );
});

test("another seed gives another run", () => {
  const all: Step[] = [
    { do: "schedule", delay: 1, background: false },
    { do: "advance", by: 10 },
  ];
  expect(digest(play(start(1), all))).not.toBe(digest(play(start(2), all)));
});

test("a fork diverges from its parent without touching it", () => {
  fc.assert(
    fc.property(steps, steps, (before, after) => {
      const parent = play(start(), before);
      const was = encode(parent);
      const child = fork(parent);
      expect(digest(child)).toBe(digest(parent));
      play(child, [...after, { do: "schedule", delay: 0, background: false }, { do: "advance", by: 5 }]);
      expect(encode(parent).equals(was)).toBe(true);
      expect(digest(child)).not.toBe(digest(parent));
    }),
  );
});

test("events come out in (at, seq) order whatever the order in", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ at: fc.integer({ min: 0, max: 30 }), cancelled: fc.boolean() }), { maxLength: 400 }), (all) => {
      const run = start();
      const ids = all.map(({ at }, seq) => schedule(run, at as Instant, event(String(seq))));
      all.forEach(({ cancelled }, index) => cancelled && cancel(run, ids[index]!));
      const came: [number, number][] = [];
      advance(run, 30 as Instant, ({ now }, { type }) => void came.push([now, Number(type)]));
      const expected = all
        .map(({ at, cancelled }, seq) => ({ at, seq, cancelled }))
        .filter(({ cancelled }) => !cancelled)
        .sort((a, b) => a.at - b.at || a.seq - b.seq)
        .map(({ at, seq }) => [at, seq]);
      expect(came).toEqual(expected);
      expect(run.working).toBe(0);
    }),
  );
});

test("snapshot, load and continue equals never having stopped", () => {
  fc.assert(
    fc.property(steps, steps, (before, after) => {
      const unbroken = play(start(), [...before, ...after]);
      const loaded = play(decode(encode(play(start(), before))) as Run<Marks>, after);
      expect(digest(loaded)).toBe(digest(unbroken));
    }),
  );
});

test("advancing in two steps equals advancing in one", () => {
  fc.assert(
    fc.property(steps, fc.nat(300), fc.nat(300), (all, first, second) => {
      const once = play(start(), all);
      const twice = fork(once);
      advance(once, plus(once.now, milliseconds(first + second)), handle);
      advance(twice, plus(twice.now, milliseconds(first)), handle);
      advance(twice, plus(twice.now, milliseconds(second)), handle);
      expect(digest(twice)).toBe(digest(once));
    }),
  );
});

test("an operation that throws leaves the run byte-equal", () => {
  fc.assert(
    fc.property(
      steps,
      fc.array(
        step.filter((each) => each.do !== "advance"),
        { maxLength: 20 },
      ),
      (before, during) => {
        const run = play(start(), before);
        const was = digest(run);
        const point = savepoint(run);
        const ids = [...run.universe.ids];
        for (const each of during) {
          if (each.do === "schedule") ids.push(schedule(run, plus(run.now, milliseconds(each.delay)), event("undone")));
          if (each.do === "cancel" && ids.length > 0) cancel(run, ids[each.which % ids.length]!);
          unit(run.random);
        }
        rollback(run, point);
        expect(digest(run)).toBe(was);
        // And it goes on as if nothing had been tried.
        const untouched = play(start(), before);
        advance(run, plus(run.now, milliseconds(500)), handle);
        advance(untouched, plus(untouched.now, milliseconds(500)), handle);
        expect(digest(run)).toBe(digest(untouched));
      },
    ),
  );
});

test("an operation that completes keeps what it scheduled and cancelled", () => {
  const run = start();
  const first = schedule(run, 10 as Instant, event("first"));
  const point = savepoint(run);
  cancel(run, first);
  schedule(run, 20 as Instant, event("second"));
  release(run, point);
  expect(nextAt(run)).toBe(20);
  expect(run.working).toBe(1);
});

test("settling does the work that somebody waits for, and on the way what falls due in the background", () => {
  const run = start();
  const seen: string[] = [];
  schedule(run, 5 as Instant, event("background before", true));
  schedule(run, 10 as Instant, event("work"));
  schedule(run, 10 as Instant, event("background at the same instant", true));
  schedule(run, 11 as Instant, event("background after", true));
  expect(settle(run, (_run, { type }) => void seen.push(type))).toBe(3);
  expect(seen).toEqual(["background before", "work", "background at the same instant"]);
  expect(run.now).toBe(10);
});

test("a limit never stops amid an instant", () => {
  const run = start();
  for (const at of [1, 1, 1, 2]) schedule(run, at as Instant, event(`at ${at}`));
  const seen: string[] = [];
  expect(advance(run, 5 as Instant, (_run, { type }) => void seen.push(type), 2)).toBe(3); // the third is of the same instant
  expect([seen, run.now]).toEqual([["at 1", "at 1", "at 1"], 1]);
});

test("nothing can be scheduled in the past", () => {
  const run = start();
  advance(run, 10 as Instant, handle);
  expect(() => schedule(run, 9 as Instant, event("late"))).toThrow("in the past");
});

test("thousands of cancelled events do not stay in memory", () => {
  const run = start();
  for (let index = 0; index < 100_000; index++) cancel(run, schedule(run, (index + 1) as Instant, event("never")));
  expect(run.queue.size).toBeLessThan(200);
  expect(run.queue.slotSeq.length).toBeLessThan(1024);
});
