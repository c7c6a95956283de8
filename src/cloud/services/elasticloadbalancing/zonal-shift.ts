/**
 * A zonal shift: a load balancer is moved away from a zone for a while. What Application Recovery Controller's API does to it.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/zonal-shift.html
 */
import type * as sdk from "@aws-sdk/client-elastic-load-balancing-v2";
import { hours, plus, type Duration } from "../../../kernel/units.ts";
import { AwsError } from "../../service.ts";
import { crosses } from "./sharing.ts";
import { balancerOf, invalid, leaderOf, type Here, type LoadBalancer, type Target, type TargetGroup, type Timers } from "./state.ts";
import { reroute } from "./traffic.ts";

const LONGEST = hours(72); // ALB-018

/** `zone`: its id, as ARC names zones. Shifting anew replaces the end, and is how a shift is extended. */
export function shiftAway(call: Here, arn: string, zone: string, lasts: Duration): void {
  const balancer = balancerOf(call, arn);
  if (balancer.attributes["zonal_shift.config.enabled"] !== "true")
    throw new AwsError("BadRequestException", `Zonal shift is not enabled for load balancer '${arn}'`);
  const node = balancer.nodes.find(({ zoneId }) => zoneId === zone);
  if (!node) throw new AwsError("BadRequestException", `Zone '${zone}' is not one of load balancer '${arn}'`);
  if (balancer.shift && balancer.shift.zone !== node.zone)
    throw new AwsError("ConflictException", "Another zone is shifted away from already: one zone at a time");
  if (lasts <= 0 || lasts > LONGEST) throw invalid("A zonal shift must expire within 72 hours");
  if (balancer.shift) call.cancel(balancer.shift.event);
  balancer.shift = { zone: node.zone, expires: plus(call.now, lasts), event: call.background(lasts, "shiftOver", { balancer: arn }) };
  reroute(call, balancer);
}

/** It is called off, expires, or is no longer allowed. */
export function endShift(call: Here, balancer: LoadBalancer): void {
  if (!balancer.shift) return;
  call.cancel(balancer.shift.event);
  balancer.shift = undefined;
  reroute(call, balancer);
}

export function shiftOver(call: Here, { balancer: arn }: Timers["shiftOver"]): void {
  const balancer = call.state.loadBalancers.get(arn);
  if (balancer) endShift(call, balancer);
}

/** Beside a target's health, and independent of it. API_AdministrativeOverride.html */
export function overrideOf(call: Here, group: TargetGroup, { zone }: Target): sdk.AdministrativeOverride {
  const balancer = leaderOf(call, group);
  if (balancer?.shift === undefined || balancer.shift.zone !== zone)
    return {
      State: "no_override",
      Reason: "AdministrativeOverride.NoOverride",
      Description: "No override is currently active on target",
    };
  if (crosses(group, balancer))
    return {
      State: "zonal_shift_active",
      Reason: "AdministrativeOverride.ZonalShiftActive",
      Description: "A zonal shift is active on the target's Availability Zone",
    };
  return {
    State: "zonal_shift_delegated_to_dns",
    Reason: "AdministrativeOverride.ZonalShiftDelegatedToDns",
    Description: "A zonal shift is active on the target's Availability Zone and is applied through DNS",
  };
}
