/**
 * Replacing instances, for whatever reason: how many may be missing meanwhile, and how many too many.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-instance-maintenance-policy.html
 */
import { plus, seconds, type Instant } from "../../../kernel/units.ts";
import { spread } from "./launching.ts";
import { refreshProgram } from "./refreshing.ts";
import { counts, runs, type Group, type Here, type Member } from "./state.ts";
import { chooseForScaleIn } from "./termination.ts";

/** Percent of the desired capacity. `first`: what is to be done when both bounds allow nothing. */
export type Bounds = { min: number; max: number; first: "launch" | "terminate" };

/** What is to be replaced now, and how. */
export type Program = {
  victims: Member[];
  bounds: Bounds;
  /** Seconds in service before an instance counts. */
  warmup: number;
  cause: (member: Member) => string;
  /** Where the others are to be launched. */
  zones?: string[];
};

/** ASG-027 over the usual of that kind of replacement. */
function boundsOf({ InstanceMaintenancePolicy: policy }: Group, usual: Bounds): Bounds {
  const { MinHealthyPercentage: min = -1, MaxHealthyPercentage: max = -1 } = policy ?? {};
  return min < 0 || max < 0 ? usual : { min, max, first: "launch" };
}

export const warmupOf = ({ DefaultInstanceWarmup: warmup = -1 }: Group): number => Math.max(0, warmup);

export const warmAt = ({ served }: Member, warmup: number): Instant | undefined =>
  served === undefined ? undefined : plus(served, seconds(warmup));

export const serves = (call: Here, member: Member, warmup: number): boolean =>
  member.LifecycleState === "InService" && call.now >= (warmAt(member, warmup) ?? 0);

/** All reasons, the most pressing first; zones are levelled when there is no other. */
export function programsOf(call: Here, group: Group): Program[] {
  if (!runs(group, "Terminate") || !runs(group, "Launch")) return [];
  const found = [unhealthy(group), refreshProgram(group), aged(call, group)].filter((each) => each !== undefined);
  const level = found.length ? undefined : uneven(call, group);
  return level ? [level] : found;
}

/** ASG-006: ten percent of the group at a time, at least one. */
function unhealthy(group: Group): Program | undefined {
  const victims = [...group.members.values()].filter(
    (each) => each.LifecycleState === "InService" && each.verdict && mayReplace(group, each),
  );
  if (victims.length === 0 || !runs(group, "ReplaceUnhealthy")) return undefined;
  return {
    victims,
    bounds: boundsOf(group, { min: 90, max: 100, first: "terminate" }),
    warmup: warmupOf(group),
    cause: ({ verdict }) => `an instance was taken out of service in response to ${verdict?.cause ?? "a health check"}`,
  };
}

/** ASG-028: in a zone that traffic is shifted away from, the unhealthy may be left alone. */
export const mayReplace = ({ shifted, AvailabilityZoneImpairmentPolicy: policy }: Group, { AvailabilityZone }: Member): boolean =>
  !shifted.has(AvailabilityZone) || policy.ImpairedZoneHealthCheckBehavior !== "IgnoreUnhealthy";

/** ASG-027 */
function aged(call: Here, group: Group): Program | undefined {
  const lifetime = group.MaxInstanceLifetime ?? 0;
  if (lifetime === 0) return undefined;
  const victims = [...group.members.values()].filter(
    (each) => each.LifecycleState === "InService" && !each.ProtectedFromScaleIn && call.now >= plus(each.launched, seconds(lifetime)),
  );
  if (victims.length === 0) return undefined;
  return {
    victims,
    bounds: boundsOf(group, { min: 90, max: 100, first: "terminate" }),
    warmup: warmupOf(group),
    cause: ({ InstanceId }) => `an instance was taken out of service because it has reached its maximum lifetime: ${InstanceId}`,
  };
}

/** As many in service as are wanted, and nothing on its way. */
function settled(group: Group): boolean {
  let serving = 0;
  for (const { LifecycleState: is } of group.members.values()) {
    if (is.startsWith("Pending")) return false;
    if (is === "InService") serving++;
  }
  return serving === group.DesiredCapacity;
}

/** ASG-010, ASG-011: zones are levelled when everything wanted is in service, by what may be spared for some minutes. */
function uneven(call: Here, group: Group): Program | undefined {
  if (!runs(group, "AZRebalance") || (group.unbalanced && call.now < group.unbalanced.next)) return undefined;
  // Reservations are where they are: a group that fills them first is uneven on purpose. ASG-009
  if (!settled(group) || group.AvailabilityZoneDistribution.CapacityDistributionStrategy === "reservations-then-balanced") return undefined;
  const have = spread(group);
  const zones = [...have].filter(([zone]) => group.AvailabilityZones.includes(zone) && !group.shifted.has(zone));
  const foreign = [...have]
    .filter(([zone]) => !group.AvailabilityZones.includes(zone))
    .flatMap(([zone, count]) => (count > 0 ? [zone] : []));
  const counted = zones.map(([, count]) => count);
  const [lowest, highest] = [Math.min(...counted), Math.max(...counted)];
  if (zones.length === 0 || (highest - lowest < 2 && foreign.length === 0)) return undefined;
  const from = foreign.length ? foreign : zones.flatMap(([zone, count]) => (count === highest ? [zone] : []));
  const moves = foreign.length ? Number.POSITIVE_INFINITY : Math.floor((highest - lowest) / 2);
  const victims = chooseForScaleIn(
    call,
    group,
    moves,
    [...group.members.values()].filter(({ AvailabilityZone }) => from.includes(AvailabilityZone)),
  );
  if (victims.length === 0) return undefined;
  return {
    victims,
    bounds: boundsOf(group, { min: 100, max: 110, first: "launch" }),
    warmup: 0,
    cause: () => "an instance was taken out of service in response to a difference between the zones' capacities",
    zones: zones.flatMap(([zone, count]) => (count < highest || foreign.length ? [zone] : [])),
  };
}

/** How many of the victims may go now, and how many more than desired there may be. ASG-006, ASG-026 */
export function room(
  call: Here,
  group: Group,
  { victims, bounds: { min, max, first }, warmup }: Program,
): { leave: number; surplus: number } {
  const desired = group.DesiredCapacity;
  let below = desired - Math.ceil((desired * min) / 100);
  // Rounded, but where more than all is allowed it is one at least.
  let above = max > 100 ? Math.max(1, Math.floor((desired * max) / 100) - desired) : 0;
  if (below === 0 && above === 0) {
    if (first === "launch") above = 1;
    else below = 1;
  }
  let serving = 0;
  for (const member of group.members.values()) if (counts(member) && serves(call, member, warmup)) serving++;
  const leave = Math.max(0, Math.min(victims.length, serving - (desired - below)));
  return { leave, surplus: Math.min(above, victims.length - leave) };
}
