/**
 * Whether AWS has a machine to give: the zone's capacity, what is reserved there, and the account's quota of vCPUs.
 * Guide: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-on-demand-instances.html#ec2-on-demand-instances-limits
 */
import { AwsError } from "../../service.ts";
import { freeOf, type CapacityReservation } from "./capacity-reservations.ts";
import { byId } from "./ids.ts";
import { instanceType, type InstanceType } from "./instance-types.ts";
import type { Instance } from "./instances.ts";
import type { Here } from "./state.ts";

/** Running On-Demand Standard instances. */
const STANDARD = "L-1216C47A";

type Zone = { AvailabilityZone: string; AvailabilityZoneId: string };
/** Where it may count against a reservation. */
export type ReservationWish = { preference?: string; id?: string };
export type Demand = { type: InstanceType; zone: Zone; reservation?: ReservationWish };
/** How many, and the reservations that the first of them are of: one entry for each. */
export type Grant = { count: number; reserved: CapacityReservation[] };

/** As many machines as there are, `max` at most; refuses less than `min`. */
export function grant(call: Here, demand: Demand, min: number, max: number): Grant {
  const { type, zone, reservation } = demand;
  const reserved = hasPower(call, zone) ? slots(call, demand) : [];
  const only = reservation?.id !== undefined || reservation?.preference === "capacity-reservations-only";
  const room = quotaRoom(call, type);
  const general = only || !hasCapacity(call, zone, type.InstanceType) ? 0 : room;
  const count = Math.min(max, reserved.length + general);
  if (count >= min) return { count, reserved: reserved.slice(0, count) };
  if (only && hasPower(call, zone))
    throw new AwsError(
      "ReservationCapacityExceeded",
      "The requested reservation does not have sufficient compatible and available capacity for this request.",
    );
  throw reserved.length + room < min ? exceeded(call, type) : insufficient(call, zone, type.InstanceType);
}

/** What a reservation of so many machines needs besides those that run and will be in it. */
export function checkReservable(call: Here, { type, zone }: Demand, more: number): void {
  if (more <= 0) return;
  if (quotaRoom(call, type) < more) throw exceeded(call, type);
  if (!hasCapacity(call, zone, type.InstanceType)) throw insufficient(call, zone, type.InstanceType);
}

const hasPower = ({ world, region }: Here, { AvailabilityZoneId: zone }: Zone): boolean =>
  !world.regionsLost.has(region) && !world.zonesLost.has(zone);

/** What is reserved was kept back before. */
const hasCapacity = (call: Here, zone: Zone, type: string): boolean =>
  hasPower(call, zone) &&
  !call.world.shortages.has(`${zone.AvailabilityZoneId}/${type}`) &&
  !call.world.shortages.has(`${zone.AvailabilityZoneId}/*`);

/** Free places that such an instance may take: docs.aws.amazon.com/AWSEC2/latest/UserGuide/capacity-reservations-launch.html */
function slots(call: Here, { type, zone, reservation: { preference, id } = {} }: Demand): CapacityReservation[] {
  const fits = (each: CapacityReservation) =>
    each.InstanceType === type.InstanceType && each.AvailabilityZoneId === zone.AvailabilityZoneId && each.Tenancy === "default";
  const places = (each: CapacityReservation) => Array.from({ length: freeOf(each) }, () => each);
  if (id !== undefined) {
    const target = byId(call.state.capacityReservations, "cr", id);
    if (!fits(target))
      throw new AwsError(
        "InvalidParameterValue",
        `The attributes of the Capacity Reservation '${id}' do not match those of the instance: ${target.InstanceType} in ${target.AvailabilityZone}.`,
      );
    return places(target);
  }
  if (preference === "none" || call.state.capacityReservations.size === 0) return [];
  return [...call.state.capacityReservations.values()]
    .filter((each) => each.InstanceMatchCriteria === "open" && fits(each))
    .flatMap(places);
}

function insufficient(call: Here, { AvailabilityZone }: Zone, type: string): AwsError {
  const others = new Set(
    [...call.state.subnets.values()]
      .filter((each) => each.AvailabilityZone !== AvailabilityZone && hasCapacity(call, each, type))
      .map((each) => each.AvailabilityZone),
  );
  const instead =
    others.size === 0
      ? ""
      : ` You can currently get ${type} capacity by not specifying an Availability Zone in your request or choosing ${[...others].toSorted().join(", ")}.`;
  return new AwsError(
    "InsufficientInstanceCapacity",
    `We currently do not have sufficient ${type} capacity in the Availability Zone you requested (${AvailabilityZone}). Our system will be working on provisioning additional capacity.${instead}`,
    500,
  );
}

export const vcpusOf = ({ VCpuInfo }: InstanceType): number => VCpuInfo.DefaultVCpus ?? 0;

const isStandard = (type: string): boolean => /^([acdhmrtz]|i|im|is)\d/.test(type);

/** Stopped instances don't count: they have no machine. */
export const hasMachine = ({ state }: Instance): boolean => state === "pending" || state === "running";

/** How many more the quota lets run. Reserved machines count whether they are used or not, and then not again. */
function quotaRoom(call: Here, type: InstanceType): number {
  if (!isStandard(type.InstanceType)) return Number.POSITIVE_INFINITY;
  let used = 0;
  for (const instance of call.state.instances.values())
    if (instance.CapacityReservationId === undefined && isStandard(instance.InstanceType) && hasMachine(instance))
      used += (instance.CpuOptions?.CoreCount ?? 1) * (instance.CpuOptions?.ThreadsPerCore ?? 1);
  for (const { State: state, InstanceType, TotalInstanceCount } of call.state.capacityReservations.values()) {
    const reserved = state === "active" && isStandard(InstanceType) ? instanceType(InstanceType) : undefined;
    if (reserved) used += TotalInstanceCount * vcpusOf(reserved);
  }
  return Math.max(0, Math.floor((quotaOf(call) - used) / vcpusOf(type)));
}

function quotaOf(call: Here): number {
  const { Quota } = call.ask("servicequotas").GetServiceQuota({ ServiceCode: "ec2", QuotaCode: STANDARD });
  return Quota?.Value ?? Number.POSITIVE_INFINITY;
}

const exceeded = (call: Here, { InstanceType }: InstanceType): AwsError =>
  new AwsError(
    "VcpuLimitExceeded",
    `You have requested more vCPU capacity than your current vCPU limit of ${quotaOf(call)} allows for the instance bucket that the specified instance type belongs to (${InstanceType}). Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.`,
  );
