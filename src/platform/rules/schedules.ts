/** AWS's cron: six fields, of which day-of-month or day-of-week is a question mark. */
import { rule, type Path } from "./rule.ts";

export const cronForm = rule({
  id: "DEF020",
  // docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
  why: "A day is given in the month or in the week; the other field is ?, and both or none is refused.",
  fix: "cron(MINUTE HOUR DAY-OF-MONTH MONTH DAY-OF-WEEK YEAR), such as cron(0 3 * * ? *)",
  needs: ["services", "operations", "backup"],
  *check({ services, operations: { patch }, backup }) {
    const all: { path: Path; cron: string }[] = [
      ...Object.entries(services).flatMap(([name, { scaling }]) =>
        scaling.schedule.map(({ at: cron }, index) => ({ path: ["services", name, "scaling", "schedule", index, "at"], cron })),
      ),
      ...(["cloud", "site"] as const).map((where) => ({ path: ["operations", "patch", where, "schedule"], cron: patch[where].schedule })),
      ...Object.entries(backup.plans).map(([name, { schedule: cron }]) => ({ path: ["backup", "plans", name, "schedule"], cron })),
      ...(backup.restoreTest ? [{ path: ["backup", "restoreTest", "schedule"], cron: backup.restoreTest.schedule }] : []),
    ];
    for (const { path, cron } of all) {
      const [, , dayOfMonth, , dayOfWeek] = /^cron\((.*)\)$/.exec(cron)?.[1]?.split(" ") ?? [];
      if (dayOfMonth === undefined || (dayOfMonth === "?") !== (dayOfWeek === "?")) continue;
      yield { path, message: `${cron} has ${dayOfMonth === "?" ? "no day" : "two kinds of days"}.` };
    }
  },
});
