/** Backups are restored before they are needed. */
import type { Check } from "../check.ts";

export const restoreTests: Check = {
  id: "RES024",
  title: "Backups are restored on a schedule",
  // docs.aws.amazon.com/aws-backup/latest/devguide/restore-testing.html
  why: "A backup that was never restored is a hope: keys, roles and subnets that a restore needs are found missing on the day.",
  fix: 'restoreTest: { schedule: "cron(0 5 ? * SUN *)" }',
  *check({ definition: { backup, database, files } }) {
    const kept = database !== undefined || Object.keys(files.shares).length > 0;
    if (!kept || Object.keys(backup.plans).length === 0 || backup.restoreTest) return;
    yield { message: "No restore is ever tried.", severity: "warning", place: { path: ["backup", "restoreTest"] } };
  },
};
