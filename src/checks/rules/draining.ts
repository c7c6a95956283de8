/** Tasks that leave do not hold up a deployment, nor a failover. */
import { minutes } from "../../kernel/units.ts";
import { inUnit } from "../../platform/written.ts";
import type { Check } from "../check.ts";

/** Our figure: requests to containers end within seconds, and AWS's default of 300 s is part of every deployment. */
const longest = minutes(2);

export const draining: Check = {
  id: "RES061",
  title: "Targets leave the load balancer within two minutes",
  // docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
  why: "Every deployment, every scale-in and every step back waits so long for each task that leaves.",
  fix: "route: { deregistrationDelay: seconds(30) }",
  *check({ definition: { services } }) {
    for (const [name, { route }] of Object.entries(services)) {
      if (!route || route.deregistrationDelay <= longest) continue;
      const message = `Tasks of ${name} take ${inUnit(route.deregistrationDelay, "milliseconds")} to leave the load balancer.`;
      yield { message, severity: "warning", place: { path: ["services", name, "route", "deregistrationDelay"] } };
    }
  },
};
