/** The hold model: take the next event, schedule one at a random distance; with 1 thousand to 1 million pending. */
import FlatQueue from "flatqueue";
import { advance, createRun, nextAt, schedule, type PendingEvent, type Run } from "../src/kernel/loop.ts";
import { seed, unit } from "../src/kernel/random.ts";
import type { Instant } from "../src/kernel/units.ts";
import { median, perSecond, report, smoke } from "./report.ts";

// Distances are drawn beforehand, so that what is measured is the queue.
const DISTANCES = 65_536;
const random = seed("hold");
const distances = Float64Array.from({ length: DISTANCES }, () => Math.floor(-Math.log(1 - unit(random)) * 100_000) + 1);

function flat(pending: number): (times: number) => void {
  const queue = new FlatQueue<object>();
  const payload = {};
  for (let index = 0; index < pending; index++) queue.push(payload, distances[index % DISTANCES]!);
  let draw = 0;
  return (times) => {
    for (let index = 0; index < times; index++) {
      const at = queue.peekValue()!;
      const event = queue.pop()!;
      queue.push(event, at + distances[draw++ & (DISTANCES - 1)]!);
    }
  };
}

function kernel(pending: number): (times: number) => void {
  const run = createRun<object>("hold", 0 as Instant, {});
  const event: PendingEvent = { owner: "bench", type: "hold", data: undefined, background: false };
  for (let index = 0; index < pending; index++) schedule(run, distances[index % DISTANCES]! as Instant, event);
  let draw = 0;
  const handle = (at: Run<object>, each: PendingEvent) =>
    void schedule(at, (at.now + distances[draw++ & (DISTANCES - 1)]!) as Instant, each);
  return (times) => {
    for (let left = times; left > 0;) left -= advance(run, Math.max(nextAt(run), run.now + 1e6) as Instant, handle, left);
  };
}

for (const pending of smoke ? [1_000] : [1_000, 100_000, 1_000_000]) {
  // Each is made once, as a run is, and measured in turns.
  const theirs = flat(pending);
  const ours = kernel(pending);
  const measured = { ours: [] as number[], theirs: [] as number[] };
  for (let round = 0; round < (smoke ? 1 : 5); round++) {
    measured.theirs.push(perSecond(theirs));
    measured.ours.push(perSecond(ours));
  }
  const name = `${pending.toLocaleString("en")} pending`;
  report(`${name}: kernel`, median(measured.ours) / 1e6, "M events/s");
  report(`${name}: flatqueue alone`, median(measured.theirs) / 1e6, "M events/s");
  report(`${name}: flatqueue / kernel`, median(measured.theirs) / median(measured.ours), "×", "≤ 2");
}
