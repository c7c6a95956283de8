import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createRun, schedule, type PendingEvent, type Run } from "./loop.ts";
import { Pace, type Speed } from "./pace.ts";
import { minutes, plus, seconds, type Instant } from "./units.ts";

beforeEach(() => void vi.useFakeTimers({ now: 0, toFake: ["setTimeout", "clearTimeout", "Date"] }));
afterEach(() => void vi.useRealTimers());

function paced(speed: Speed) {
  const run: Run<{ seen: string[] }> = createRun("pace", 0 as Instant, { seen: [] });
  const handle = (_run: typeof run, { type }: PendingEvent) => void run.universe.seen.push(`${type} at ${run.now / 1000}`);
  const pace = new Pace({ run: () => run, handle, speed });
  const put = (delay: number, type: string, background = false) =>
    schedule(run, plus(run.now, seconds(delay)), { owner: "test", type, data: {}, background });
  return { run, pace, put, seen: run.universe.seen };
}

test("at speed 1 an event comes when its time has come", async () => {
  const { pace, put, seen } = paced(1);
  put(10, "due");
  pace.start();
  await vi.advanceTimersByTimeAsync(9_999);
  expect(seen).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(seen).toEqual(["due at 10"]);
  pace.stop();
});

test("at speed 60 a minute passes in a second, and the speed can be changed while running", async () => {
  const { pace, put, seen, run } = paced(60);
  put(60, "after a minute");
  put(120, "after two");
  pace.start();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(seen).toEqual(["after a minute at 60"]);
  pace.setSpeed(0);
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(run.now).toBe(60_000); // time stood still
  pace.setSpeed(1);
  await vi.advanceTimersByTimeAsync(59_999);
  expect(seen).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(seen).toEqual(["after a minute at 60", "after two at 120"]);
  pace.stop();
});

test("at speed max what somebody waits for is done at once, and the background keeps real time from there", async () => {
  const { pace, put, seen, run } = paced("max");
  pace.start();
  put(300, "work");
  put(600, "schedule", true);
  pace.poke();
  expect(seen).toEqual(["work at 300"]);
  await vi.advanceTimersByTimeAsync(299_999);
  expect(seen).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(seen).toEqual(["work at 300", "schedule at 600"]);
  expect(run.now).toBe(600_000);
  pace.stop();
});

test("an ordered move of the clock handles what is due on the way and time goes on from there", async () => {
  const { pace, put, seen, run } = paced(1);
  put(30, "on the way");
  pace.start();
  await pace.advanceTo(plus(run.now, minutes(1)));
  expect(seen).toEqual(["on the way at 30"]);
  put(5, "later");
  pace.poke();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(seen).toEqual(["on the way at 30", "later at 65"]);
  pace.stop();
});

test("a run without events sets no alarm", () => {
  const { pace } = paced(1);
  pace.start();
  expect(vi.getTimerCount()).toBe(0);
  pace.stop();
});
