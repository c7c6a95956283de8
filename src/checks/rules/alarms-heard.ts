/** Somebody hears the alarms. */
import type { Check } from "../check.ts";

export const alarmsHeard: Check = {
  id: "RES032",
  title: "Somebody hears the alarms",
  why: "Alarms go to a topic, and a topic without subscribers keeps nothing: who decides about a recovery must hear first.",
  fix: 'operations: { notify: ["platform@example.com"] }',
  *check({ definition: { operations } }) {
    if (operations.notify.length > 0) return;
    yield { message: "Nobody is told of alarms.", severity: "warning", place: { path: ["operations", "notify"] } };
  },
};
