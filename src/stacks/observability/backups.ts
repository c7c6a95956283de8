/** Backups that fail, and backups that nobody makes. docs.aws.amazon.com/aws-backup/latest/devguide/cloudwatch.html */
import type { Place } from "../place.ts";
import type { Watch } from "./watch.ts";

const day = 24 * 3600;

export function backups({ definition, names, role, holdings, other }: Place): Watch[] {
  const metric = { namespace: "AWS/Backup", dimensions: { BackupVaultName: names.vault }, statistic: "Sum" as const };
  const failed = { ...metric, above: 0, period: 3600, periods: 1, missing: "notBreaching" as const };
  const watches: Watch[] = [];
  if (other)
    watches.push({
      ...failed,
      metric: "NumberOfCopyJobsFailed",
      purpose: "copy-failed",
      description: `A backup was not copied to ${other.region}.`,
    });
  // Where plans run (protection.ts).
  if (role !== "primary" && holdings.files !== "writable") return watches;
  watches.push({ ...failed, metric: "NumberOfBackupJobsFailed", purpose: "backup-failed", description: "A backup failed." });
  if (Object.values(definition.backup.plans).some(({ schedule }) => daily(schedule)))
    watches.push({
      ...metric,
      metric: "NumberOfBackupJobsCompleted",
      purpose: "no-backup",
      description: "No backup was completed for two days. A job that never starts does not fail either.",
      below: 1,
      period: day,
      periods: 2,
      missing: "breaching",
    });
  return watches;
}

/** Every day at least: `cron(minutes hours day month weekday year)`, or a rate. */
function daily(schedule: string): boolean {
  if (schedule.startsWith("rate")) return /^rate\((1 day|\d+ (minutes?|hours?))\)$/.test(schedule);
  const [, , dayOfMonth, month, weekday] = schedule.slice("cron(".length, -1).split(" ");
  return [dayOfMonth, month, weekday].every((field) => field === "*" || field === "?");
}
