/** The database: room to grow, backups that recovery can stand on, windows that RDS takes. */
import { hours, minutes } from "../../kernel/units.ts";
import { holdings } from "../strategies.ts";
import { inUnit } from "../written.ts";
import { rule } from "./rule.ts";

export const storageGrows = rule({
  id: "DAT001",
  // docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html
  why: "RDS grows a volume by 10 % at least, and refuses a ceiling below that.",
  fix: "storage: { initial: gib(200), max: gib(500) }",
  needs: ["database"],
  *check({ database }) {
    if (!database) return;
    const { initial, max } = database.storage;
    if (max >= 1.1 * initial) return;
    yield {
      path: ["database", "storage", "max"],
      message: `The ceiling, ${inUnit(max, "bytes")}, is less than 10 % above ${inUnit(initial, "bytes")}.`,
    };
  },
});

export const backupsForRecovery = rule({
  id: "DAT002",
  // docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.html
  why: "RDS makes replicas and copies of a database with automated backups only.",
  fix: "backupRetention: days(7)",
  needs: ["database", "recovery", "site", "files", "domain"],
  *check(definition) {
    if (definition.database?.backupRetention !== 0) return;
    const { database } = holdings(definition, "recovery");
    if (database === "absent") return;
    yield {
      path: ["database", "backupRetention"],
      message: `Strategy ${definition.recovery.strategy} needs automated backups, but none are kept.`,
    };
  },
});

export const portTaken = rule({
  id: "DAT003",
  // docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html, Port
  why: "RDS listens on ports from 1150 on.",
  fix: "port: 5432",
  needs: ["database"],
  *check({ database }) {
    if (database?.port !== undefined && database.port < 1150)
      yield { path: ["database", "port"], message: `RDS does not listen on port ${database.port}.` };
  },
});

const week = 7 * 24 * 60;
const names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/** `sun:03:00` or `03:00` as minutes; undefined when there is no such time. */
function moment(text: string): number | undefined {
  const [, day = "mon", hour, minute] = /^(?:([a-z]{3}):)?(\d\d):(\d\d)$/.exec(text) ?? [];
  const [at, whole, part] = [names.indexOf(day), Number(hour), Number(minute)];
  return at >= 0 && whole < 24 && part < 60 ? at * 24 * 60 + whole * 60 + part : undefined;
}

/** From and length, in minutes; `period` is after how long it comes again. */
function window(text: string, period: number): { from: number; length: number } | undefined {
  const [from, to] = text.split("-").map(moment);
  return from === undefined || to === undefined ? undefined : { from, length: (to - from + period) % period };
}

export const windows = rule({
  id: "DAT004",
  // docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html, PreferredBackupWindow and PreferredMaintenanceWindow
  why: "Each window lasts 30 minutes at least (maintenance a day at most), and they may not overlap.",
  fix: 'backupWindow: "02:00-02:30", maintenanceWindow: "sun:03:00-sun:03:30"',
  needs: ["database"],
  *check({ database }) {
    if (!database) return;
    const day = hours(24) / minutes(1);
    const backup = window(database.backupWindow, day);
    const care = window(database.maintenanceWindow, week);
    const path = (key: string) => ["database", key];
    if (!backup || backup.length < 30)
      yield { path: path("backupWindow"), message: `${database.backupWindow} is not a time of day of 30 minutes or more.` };
    if (!care || care.length < 30 || care.length > day) {
      yield { path: path("maintenanceWindow"), message: `${database.maintenanceWindow} is not a time of the week of 30 minutes to a day.` };
    } else if (backup && backup.length >= 30) {
      const gap = (((backup.from - care.from) % day) + day) % day;
      if (gap >= care.length && day - gap >= backup.length) return;
      yield {
        path: path("backupWindow"),
        message: `The backup window ${database.backupWindow} overlaps the maintenance window ${database.maintenanceWindow}.`,
      };
    }
  },
});
