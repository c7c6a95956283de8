/** Promises against the arithmetic of the strategy that is to keep them. */
import type { Strategy } from "../platform/definition.ts";
import { estimate, spoken, type Span, type Step } from "../platform/recovery-time.ts";
import type { Duration } from "../kernel/units.ts";
import type { Check, Complaint } from "./check.ts";

/** From the slowest to the fastest; the next one is the advice. */
const ladder: Strategy[] = ["none", "backup-restore", "pilot-light", "warm-standby", "hot-standby", "active-active"];

const faster = (strategy: Strategy): Pick<Complaint, "fix"> => {
  const next = ladder[ladder.indexOf(strategy) + 1];
  return next ? { fix: `strategy: "${next}", or promise what the estimate says` } : {};
};

const breakdown = (steps: readonly Step[]): string =>
  steps
    .map(
      ({ title, median, p95, meanwhile }) =>
        `${meanwhile ? "meanwhile " : ""}${title} ${spoken(median)}${p95 > median ? ` (${spoken(p95)})` : ""}`,
    )
    .join(", ");

/** Shorter than the median it is not kept in half of the cases: an error. Shorter than the bad cases: a warning. */
function* short(message: string, promised: Duration, { median, p95 }: Span, more: Omit<Complaint, "message">): Generator<Complaint> {
  if (promised >= p95) return;
  yield { message, severity: promised < median ? "error" : "warning", ...more };
}

export const timeToRecover: Check = {
  id: "OBJ001",
  title: "The strategy recovers within the promised time",
  why: "From the first failed request until requests pass again there are steps that take their time, and people who decide. In brackets: in 19 of 20 cases.",
  fix: "promise what the estimate says",
  *check({ definition }) {
    const { strategy } = definition.recovery;
    for (const { journey, promised, rto } of estimate(definition) ?? []) {
      const message = `${journey} is promised back in ${spoken(promised.rto)}, and ${strategy} takes ${spoken(rto.median)} (${spoken(rto.p95)}): ${breakdown(rto.steps)}.`;
      yield* short(message, promised.rto, rto, { place: { path: ["recovery", "objectives", journey, "rto"] }, ...faster(strategy) });
    }
  },
};

export const dataLost: Check = {
  id: "OBJ002",
  title: "The strategy loses no more data than promised",
  why: "What was not copied when the region was lost is lost. Each store has its own delay, and the journey has the worst of its stores.",
  fix: "promise what the estimate says",
  *check({ definition }) {
    const { strategy } = definition.recovery;
    for (const { journey, promised, rpo } of estimate(definition) ?? []) {
      const message = `${journey} may lose ${spoken(promised.rpo)} of data, and ${strategy} loses ${spoken(rpo.median)} (${spoken(rpo.p95)}): ${breakdown(rpo.stores)}.`;
      const place = { path: ["recovery", "objectives", journey, "rpo"] };
      // A replica is the most that there is, and backups lose to it; nothing copies files faster.
      const copied = strategy === "backup-restore" && rpo.stores.some(({ title }) => title.startsWith("database"));
      yield* short(message, promised.rpo, rpo, { place, ...(copied && faster(strategy)) });
    }
  },
};

export const nothingRecovers: Check = {
  id: "OBJ003",
  title: "A promise has a strategy that keeps it",
  why: "Without a recovery region nothing comes back while the primary one is lost.",
  fix: 'strategy: "backup-restore"',
  *check({ definition }) {
    if (definition.recovery.strategy !== "none") return;
    for (const [journey, { rto }] of Object.entries(definition.recovery.objectives)) {
      const message = `${journey} is promised back in ${spoken(rto)}, but the strategy is none.`;
      yield { message, place: { path: ["recovery", "objectives", journey] } };
    }
  },
};

export const objectives: Check[] = [timeToRecover, dataLost, nothingRecovers];
