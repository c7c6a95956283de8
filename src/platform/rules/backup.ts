/** Backup plans: lifetimes that the vault's lock and AWS Backup's tiers accept. */
import { days, type Duration } from "../../kernel/units.ts";
import { inUnit } from "../written.ts";
import { rule } from "./rule.ts";

const time = (each: Duration) => inUnit(each, "milliseconds");

export const lockOrder = rule({
  id: "DAT020",
  why: "The lock holds every copy for a time between both.",
  fix: "lock: { min: days(7), max: days(365) }",
  needs: ["backup"],
  *check({ backup: { lock } }) {
    if (lock.max !== undefined && lock.min > lock.max)
      yield { path: ["backup", "lock", "max"], message: `The lock's max, ${time(lock.max)}, is below its min, ${time(lock.min)}.` };
  },
});

export const keptWithinLock = rule({
  id: "DAT021",
  // docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html
  why: "A locked vault fails every job whose lifetime is outside its bounds.",
  fix: "keep for a time between backup.lock.min and max",
  needs: ["backup"],
  *check({ backup: { plans, lock } }) {
    const { min, max = Infinity } = lock;
    if (min > max) return;
    for (const [name, plan] of Object.entries(plans)) {
      for (const key of ["keep", "keepCopies"] as const) {
        const kept = plan[key];
        if (kept >= min && kept <= max) continue;
        yield {
          path: ["backup", "plans", name, key],
          message: `Plan ${name} keeps for ${time(kept)}, which the lock refuses: ${time(min)} at least${lock.max ? `, ${time(lock.max)} at most` : ""}.`,
        };
      }
    }
  },
});

export const coldLongEnough = rule({
  id: "DAT022",
  // docs.aws.amazon.com/aws-backup/latest/devguide/API_Lifecycle.html
  why: "What is moved to cold storage stays there for 90 days at least.",
  fix: "keep: days(365)",
  needs: ["backup"],
  *check({ backup: { plans } }) {
    for (const [name, { coldAfter, keep, keepCopies }] of Object.entries(plans)) {
      if (coldAfter === undefined) continue;
      for (const [key, kept] of Object.entries({ keep, keepCopies })) {
        if (kept >= coldAfter + days(90)) continue;
        yield {
          path: ["backup", "plans", name, key],
          message: `Plan ${name} moves to cold storage after ${time(coldAfter)} and keeps for ${time(kept)}.`,
        };
      }
    }
  },
});

export const continuousLimits = rule({
  id: "DAT023",
  // docs.aws.amazon.com/aws-backup/latest/devguide/point-in-time-recovery.html
  why: "Continuous backups reach back 35 days and have no cold storage.",
  fix: "keep: days(35), and a second plan for what is kept longer",
  needs: ["backup"],
  *check({ backup: { plans } }) {
    for (const [name, { continuous, keep, coldAfter }] of Object.entries(plans)) {
      if (!continuous) continue;
      if (keep > days(35))
        yield { path: ["backup", "plans", name, "keep"], message: `Plan ${name} is continuous and keeps for ${time(keep)}.` };
      if (coldAfter !== undefined)
        yield { path: ["backup", "plans", name, "coldAfter"], message: `Plan ${name} is continuous and moves to cold storage.` };
    }
  },
});

export const timeToFinish = rule({
  id: "DAT024",
  // docs.aws.amazon.com/aws-backup/latest/devguide/plan-options-and-configuration.html
  why: "The time to finish counts from the schedule, so it contains the time to begin.",
  fix: "startWithin: hours(1), completeWithin: hours(8)",
  needs: ["backup"],
  *check({ backup: { plans } }) {
    for (const [name, { startWithin, completeWithin }] of Object.entries(plans)) {
      if (completeWithin > startWithin) continue;
      yield {
        path: ["backup", "plans", name, "completeWithin"],
        message: `Plan ${name} may begin after ${time(startWithin)} but must be done after ${time(completeWithin)}.`,
      };
    }
  },
});
