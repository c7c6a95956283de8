/** The loss of a region is seen early enough. */
import { inUnit } from "../../platform/written.ts";
import type { Check } from "../check.ts";

export const detection: Check = {
  id: "RES063",
  title: "The health check leaves time for the recovery",
  // docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
  why: "Nothing begins before the check has failed often enough, and nobody is served before resolvers ask again: both are part of the time that is promised.",
  fix: "check: { interval: 10_000, failures: 3 }",
  *check({ definition: { domain, recovery } }) {
    const [journey, strictest] = Object.entries(recovery.objectives).toSorted(([, one], [, other]) => one.rto - other.rto)[0] ?? [];
    if (!domain || !strictest || recovery.strategy === "none") return;
    const seen = domain.check.interval * domain.check.failures;
    // Our figure: with half of the time gone the rest of the recovery has no room for one thing that goes wrong.
    if (seen + domain.ttl <= strictest.rto / 2) return;
    const spoken = (value: number) => inUnit(value, "milliseconds");
    yield {
      message: `The loss is seen after ${spoken(seen)} and resolvers ask again after ${spoken(domain.ttl)}: more than half of the ${spoken(strictest.rto)} of ${journey}.`,
      severity: "warning",
      place: { path: ["domain", "check"] },
    };
  },
};
