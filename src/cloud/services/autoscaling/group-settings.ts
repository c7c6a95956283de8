/** What a group is told to be: checks, defaults, and what follows from one for another. API: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html */
import type * as sdk from "@aws-sdk/client-auto-scaling";
import { zonesOf as zonesOfRegion } from "../ec2/regions.ts";
import { invalid, unlike, type Group, type Here } from "./state.ts";
import { checkTerminationPolicies } from "./termination.ts";

/** Members that create and update share, but for the sizes and what is launched. */
export type Settings = Partial<
  Pick<
    sdk.CreateAutoScalingGroupType & sdk.UpdateAutoScalingGroupType,
    | "DefaultCooldown" | "AvailabilityZones" | "AvailabilityZoneIds" | "HealthCheckType" | "HealthCheckGracePeriod" | "PlacementGroup"
    | "VPCZoneIdentifier" | "TerminationPolicies" | "NewInstancesProtectedFromScaleIn" | "CapacityRebalance" | "ServiceLinkedRoleARN"
    | "MaxInstanceLifetime" | "Context" | "DesiredCapacityType" | "DefaultInstanceWarmup" | "InstanceMaintenancePolicy"
    | "AvailabilityZoneDistribution" | "AvailabilityZoneImpairmentPolicy" | "CapacityReservationSpecification" | "InstanceLifecyclePolicy"
    | "DeletionProtection"
  >
>; // prettier-ignore

/** What such a request makes of a group, or of nothing. Throws before anything is different. */
export function settingsOf(call: Here, input: Settings): Partial<Group> {
  refuse(input);
  checkNumbers(input);
  const {
    TerminationPolicies,
    HealthCheckType,
    VPCZoneIdentifier,
    AvailabilityZoneDistribution,
    DefaultInstanceWarmup: warmup,
    MaxInstanceLifetime,
  } = input;
  const plain = pick(input, [
    "DefaultCooldown", "HealthCheckGracePeriod", "NewInstancesProtectedFromScaleIn", "ServiceLinkedRoleARN", "Context", "DesiredCapacityType",
    "CapacityRebalance", "DeletionProtection",
  ]); // prettier-ignore
  const places = VPCZoneIdentifier || input.AvailabilityZones?.length || input.AvailabilityZoneIds?.length ? placesOf(call, input) : {};
  const strategy = AvailabilityZoneDistribution?.CapacityDistributionStrategy;
  return {
    ...plain,
    ...places,
    ...(TerminationPolicies && { TerminationPolicies: checkTerminationPolicies(TerminationPolicies) }),
    ...(HealthCheckType !== undefined && { HealthCheckType: checkHealthTypes(HealthCheckType) }),
    // 0 and -1 take back what was set: API_UpdateAutoScalingGroup
    ...(MaxInstanceLifetime !== undefined && { MaxInstanceLifetime: MaxInstanceLifetime || undefined }),
    ...(warmup !== undefined && { DefaultInstanceWarmup: warmup < 0 ? undefined : warmup }),
    ...(input.InstanceMaintenancePolicy && { InstanceMaintenancePolicy: checkMaintenance(input.InstanceMaintenancePolicy) }),
    ...(input.CapacityReservationSpecification && {
      CapacityReservationSpecification: checkReservation(input.CapacityReservationSpecification),
    }),
    ...(strategy && { AvailabilityZoneDistribution: { CapacityDistributionStrategy: strategy } }),
    ...(input.AvailabilityZoneImpairmentPolicy && {
      AvailabilityZoneImpairmentPolicy: checkImpairment(input.AvailabilityZoneImpairmentPolicy),
    }),
  };
}

const pick = <Shape extends object, Key extends keyof Shape>(shape: Shape, keys: readonly Key[]): Partial<Pick<Shape, Key>> =>
  Object.fromEntries(keys.filter((key) => shape[key] !== undefined).map((key) => [key, shape[key]])) as Partial<Pick<Shape, Key>>;

function refuse({ CapacityRebalance, PlacementGroup, InstanceLifecyclePolicy, ...others }: Settings): void {
  if (CapacityRebalance) throw unlike("Spot Instances: CapacityRebalance");
  if (PlacementGroup) throw unlike("placement groups");
  if (InstanceLifecyclePolicy?.RetentionTriggers?.TerminateHookAbandon === "retain") throw unlike("InstanceLifecyclePolicy");
  const { CapacityDistributionStrategy: strategy } = others.AvailabilityZoneDistribution ?? {};
  if (strategy !== undefined && !["balanced-best-effort", "balanced-only", "reservations-then-balanced"].includes(strategy))
    throw invalid(`"${strategy}" is not a valid capacity distribution strategy.`);
  if (others.DesiredCapacityType !== undefined && others.DesiredCapacityType !== "units")
    throw unlike(`a desired capacity in ${others.DesiredCapacityType}`);
}

function checkNumbers({
  DefaultCooldown = 300,
  HealthCheckGracePeriod = 0,
  MaxInstanceLifetime: lifetime = 0,
  DefaultInstanceWarmup = 0,
  DeletionProtection,
}: Settings): void {
  if (DefaultCooldown < 0) throw invalid("Default cooldown must be 0 or more.");
  if (HealthCheckGracePeriod < 0) throw invalid("Health check grace period must be 0 or more.");
  // ASG-027: a day to a year
  if (lifetime !== 0 && (lifetime < 86_400 || lifetime > 31_536_000))
    throw invalid("MaxInstanceLifetime must be between 86400 and 31536000 seconds.");
  if (DefaultInstanceWarmup < -1) throw invalid("DefaultInstanceWarmup must be -1 or more.");
  if (DeletionProtection !== undefined && !["none", "prevent-force-deletion", "prevent-all-deletion"].includes(DeletionProtection))
    throw invalid(`"${DeletionProtection}" is not a valid deletion protection.`);
}

function checkReservation({
  CapacityReservationPreference: preference = "default",
  CapacityReservationTarget: target,
}: sdk.CapacityReservationSpecification) {
  if (!["default", "none", "capacity-reservations-first", "capacity-reservations-only"].includes(preference))
    throw invalid(`"${preference}" is not a valid capacity reservation preference.`);
  if (target?.CapacityReservationIds?.length || target?.CapacityReservationResourceGroupArns?.length)
    throw unlike("CapacityReservationTarget of a group");
  return { CapacityReservationPreference: preference };
}

/** EC2's checks are always among them. ASG-004 */
function checkHealthTypes(types: string): string {
  const all = types.split(",");
  const strange = all.find((type) => !["EC2", "ELB", "EBS", "VPC_LATTICE"].includes(type));
  if (strange !== undefined) throw invalid(`"${strange}" is not a valid health check type.`);
  for (const type of ["EBS", "VPC_LATTICE"]) if (all.includes(type)) throw unlike(`health checks of type ${type}`);
  return types;
}

/** ASG-027; -1 for both takes it away. */
function checkMaintenance({
  MinHealthyPercentage: min,
  MaxHealthyPercentage: max,
}: sdk.InstanceMaintenancePolicy): sdk.InstanceMaintenancePolicy | undefined {
  if (min === undefined || max === undefined) throw invalid("Both MinHealthyPercentage and MaxHealthyPercentage must be specified.");
  if (min === -1 && max === -1) return undefined;
  if (min < 0 || min > 100) throw invalid("MinHealthyPercentage must be between 0 and 100.");
  if (max < 100 || max > 200) throw invalid("MaxHealthyPercentage must be between 100 and 200.");
  if (max - min > 100) throw invalid("The difference between MinHealthyPercentage and MaxHealthyPercentage cannot be greater than 100.");
  return { MinHealthyPercentage: min, MaxHealthyPercentage: max };
}

function checkImpairment({ ZonalShiftEnabled = false, ImpairedZoneHealthCheckBehavior: behaviour }: sdk.AvailabilityZoneImpairmentPolicy) {
  if (ZonalShiftEnabled && behaviour === undefined)
    throw invalid("ImpairedZoneHealthCheckBehavior must be specified when zonal shift is enabled.");
  if (behaviour !== undefined && behaviour !== "ReplaceUnhealthy" && behaviour !== "IgnoreUnhealthy")
    throw invalid(`"${String(behaviour)}" is not a valid behavior for impaired zones.`);
  return { ZonalShiftEnabled, ...(behaviour !== undefined && { ImpairedZoneHealthCheckBehavior: behaviour }) };
}

/** Subnets name zones; zones alone mean the default VPC's subnets. */
function placesOf(call: Here, input: Settings): Pick<Group, "AvailabilityZones" | "AvailabilityZoneIds"> & { VPCZoneIdentifier?: string } {
  const ids = (input.VPCZoneIdentifier ?? "")
    .split(",")
    .map((id) => id.trim())
    .filter(Boolean);
  const known = zonesOfRegion(call.region).map(({ ZoneName: name, ZoneId: id }) => ({ name, id }));
  const byId = input.AvailabilityZoneIds?.map((id) => known.find((zone) => zone.id === id)?.name ?? refuseZone(id));
  const asked = input.AvailabilityZones?.length ? input.AvailabilityZones : byId;
  for (const name of asked ?? []) if (!known.some((zone) => zone.name === name)) refuseZone(name);
  const zones = ids.length ? zonesOfSubnets(call, ids, asked) : [...new Set(asked)];
  return {
    AvailabilityZones: zones,
    AvailabilityZoneIds: zones.map((name) => known.find((zone) => zone.name === name)!.id),
    VPCZoneIdentifier: ids.join(","),
  };
}

function zonesOfSubnets(call: Here, ids: readonly string[], asked: readonly string[] | undefined): string[] {
  const { subnets } = call.peek("ec2");
  const strange = ids.find((id) => !subnets.has(id));
  if (strange !== undefined) throw invalid(`The subnet ID '${strange}' does not exist`);
  const found = ids.map((id) => subnets.get(id)!);
  if (new Set(found.map(({ VpcId }) => VpcId)).size > 1) throw invalid("All subnets of a group must be in the same VPC.");
  const zones = [...new Set(found.map(({ AvailabilityZone }) => AvailabilityZone))];
  if (asked?.some((zone) => !zones.includes(zone)) || (asked && zones.some((zone) => !asked.includes(zone))))
    throw invalid("The availability zones of the specified subnets and the Auto Scaling group do not match");
  return zones;
}

function refuseZone(zone: string): never {
  throw invalid(`Invalid Availability Zones: [${zone}]`);
}
