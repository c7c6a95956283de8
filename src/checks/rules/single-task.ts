/** No service is one task. */
import type { Check } from "../check.ts";

export const singleTask: Check = {
  id: "RES042",
  title: "Every service has two tasks at least",
  why: "One task is in one zone: with the zone, the machine or the task itself the service is gone until another one has started.",
  fix: "scaling: { min: 2 }",
  *check({ definition: { services } }) {
    for (const [name, { scaling }] of Object.entries(services)) {
      // None at all is meant: a service that is scaled to nothing.
      if (scaling.min !== 1) continue;
      yield { message: `${name} may be down to one task.`, severity: "warning", place: { path: ["services", name, "scaling", "min"] } };
    }
  },
};
