/** What every benchmark prints: one JSON line a figure, read by scripts/bench.js. Importing it runs nothing. */

export const smoke = process.argv.includes("--smoke");

export function report(what: string, value: number, unit: string, reach = ""): void {
  console.log(JSON.stringify({ what, value, unit, reach }));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

/** Milliseconds that `work` takes. */
export async function milliseconds(work: () => unknown): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

/** Runs `work` for about `time` milliseconds and answers how often it ran a second. */
export function perSecond(work: (times: number) => void, time = smoke ? 5 : 1000): number {
  let times = 1000;
  for (;;) {
    const from = performance.now();
    work(times);
    const took = performance.now() - from;
    if (took >= time) return (times / took) * 1000;
    times = Math.ceil(times * Math.min(10, (time * 1.2) / Math.max(took, 0.01)));
  }
}
