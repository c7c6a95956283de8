/** Resolvers forget the lost region soon. */
import { seconds } from "../../kernel/units.ts";
import { inUnit } from "../../platform/written.ts";
import type { Check } from "../check.ts";

/** docs.aws.amazon.com/Route53/latest/DeveloperGuide/best-practices-dns.html: 60 seconds for records with health checks. */
const longest = seconds(60);

export const recordLife: Check = {
  id: "RES060",
  title: "Resolvers remember the public name for a minute at most",
  why: "After the health check has failed, users go on asking the lost region until their resolver asks again.",
  fix: "ttl: seconds(60)",
  *check({ definition: { domain }, places }) {
    if (!domain || domain.ttl <= longest || places.length < 2) return;
    const message = `Resolvers remember ${domain.name} for ${inUnit(domain.ttl, "milliseconds")}.`;
    yield { message, severity: "warning", place: { path: ["domain", "ttl"] } };
  },
};
