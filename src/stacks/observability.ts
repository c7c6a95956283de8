/** What tells people: alarms, AWS's own events, one dashboard for each region. Alarms of the compute stack are in compute-alarms.ts. */
import type { Stack } from "aws-cdk-lib";
import { alarms } from "./observability/alarms.ts";
import { dashboard } from "./observability/dashboard.ts";
import { eventRules } from "./observability/events.ts";
import type { Foundation, Link } from "./parts.ts";
import type { Place } from "./place.ts";

export function observability(stack: Stack, place: Place, needs: { foundation: Foundation; link?: Link }): void {
  alarms(stack, place, needs);
  eventRules(stack, place, needs.foundation);
  dashboard(stack, place, needs.link);
}
