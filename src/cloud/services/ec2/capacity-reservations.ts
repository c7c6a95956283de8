/** Capacity that AWS keeps free in a zone. Guide: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-capacity-reservations.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { milliseconds } from "../../../kernel/units.ts";
import { AwsError, type Call, type Checked, type Known, type Operations } from "../../service.ts";
import { level } from "../cloudwatch/report.ts";
import { checkReservable, hasMachine } from "./capacity.ts";
import { madeBefore, remember } from "./client-tokens.ts";
import { filtered } from "./filters.ts";
import { byId, byIds } from "./ids.ts";
import { instanceType, type InstanceType } from "./instance-types.ts";
import type { Instance } from "./instances.ts";
import { page } from "./pages.ts";
import type { Here, State } from "./state.ts";
import { tagsOf } from "./tags.ts";
import { zoneOf } from "./volumes.ts";

export type CapacityReservation = Known<
  Omit<sdk.CapacityReservation, "Tags" | "AvailableInstanceCount" | "CapacityAllocations">,
  | "CapacityReservationId"
  | "CapacityReservationArn"
  | "AvailabilityZone"
  | "AvailabilityZoneId"
  | "InstanceType"
  | "InstancePlatform"
  | "InstanceMatchCriteria"
  | "EndDateType"
  | "Tenancy"
  | "TotalInstanceCount"
  | "State"
  | "CreateDate"
> & {
  Tags: sdk.Tag[];
  /** Those that run in it. */
  instances: string[];
  /** Its end, if it has one. */
  event?: number;
};

export type CapacityTimers = { capacityReservationEnds: { id: string } };

// Figures of API_CreateCapacityReservation.html
const COUNT_MAX = 1000;
const NOT_EMULATED = ["OutpostArn", "PlacementGroupArn", "StartDate", "CommitmentDuration", "DeliveryPreference"] as const;

const timed = (call: Here): Call<State, CapacityTimers> => call;
const invalid = (message: string) => new AwsError("InvalidParameterValue", message);

export const capacityReservationOperations = {
  CreateCapacityReservation(call, { ClientToken: token, ...request }) {
    const before = madeBefore(call, "CreateCapacityReservation", token, request);
    if (before !== undefined) return { CapacityReservation: shown(findReservation(call, before)) };
    const wish = wishOf(call, request);
    const { InstanceCount, EndDate, EbsOptimized = false, EphemeralStorage = false, InstancePlatform } = request;
    const id = call.id("cr");
    const reservation: CapacityReservation = {
      CapacityReservationId: id,
      CapacityReservationArn: call.arn("ec2", `capacity-reservation/${id}`),
      OwnerId: call.account,
      ...wish.zone,
      InstanceType: wish.type.InstanceType,
      InstancePlatform,
      InstanceMatchCriteria: wish.criteria,
      Tenancy: "default",
      TotalInstanceCount: InstanceCount,
      EbsOptimized,
      EphemeralStorage,
      State: "active",
      ReservationType: "default",
      StartDate: call.date,
      CreateDate: call.date,
      EndDate,
      EndDateType: request.EndDateType ?? "unlimited",
      Tags: wish.tags,
      instances: [],
    };
    call.state.capacityReservations.set(id, reservation);
    endLater(call, reservation);
    fill(call, reservation);
    remember(call, "CreateCapacityReservation", token, request, id);
    return { CapacityReservation: shown(reservation) };
  },

  ModifyCapacityReservation(call, request) {
    const { CapacityReservationId, InstanceCount, EndDate, EndDateType, InstanceMatchCriteria } = request;
    for (const member of ["StartDate", "QuoteId", "AdditionalInfo"] as const)
      if (request[member] !== undefined)
        throw new AwsError("NotImplemented", `Causeway does not emulate ${member} of a Capacity Reservation.`, 501);
    const reservation = active(call, CapacityReservationId, "modified");
    const { instances, InstanceMatchCriteria: before, TotalInstanceCount } = reservation;
    if (InstanceCount !== undefined) {
      checkCount(InstanceCount);
      if (InstanceCount < instances.length)
        throw invalid(`The instance count cannot be less than the ${instances.length} instances that run in the Capacity Reservation.`);
      checkReservable(call, demandOf(reservation), InstanceCount - TotalInstanceCount);
    }
    // "The Capacity Reservation must be completely idle": capacity-reservations-modify.html
    if (InstanceMatchCriteria !== undefined && InstanceMatchCriteria !== before && instances.length > 0)
      throw invalid("The instance eligibility of a Capacity Reservation that is in use cannot be changed.");
    const end = EndDateType ?? (EndDate === undefined ? reservation.EndDateType : "limited");
    const until = end === "unlimited" ? undefined : (EndDate ?? reservation.EndDate);
    checkEnd(call, end, until);
    Object.assign(reservation, {
      TotalInstanceCount: InstanceCount ?? TotalInstanceCount,
      InstanceMatchCriteria: InstanceMatchCriteria ?? before,
      EndDateType: end,
      EndDate: until,
    });
    endLater(call, reservation);
    fill(call, reservation);
    return { Return: true };
  },

  CancelCapacityReservation(call, { CapacityReservationId }) {
    close(call, active(call, CapacityReservationId, "canceled"), "cancelled");
    return { Return: true };
  },

  DescribeCapacityReservations(call, { CapacityReservationIds, Filters, MaxResults, NextToken }) {
    const all = byIds(call.state.capacityReservations, "cr", CapacityReservationIds);
    const kept = filtered(all, Filters, {
      "availability-zone": ({ AvailabilityZone }) => AvailabilityZone,
      "availability-zone-id": ({ AvailabilityZoneId }) => AvailabilityZoneId,
      "end-date-type": ({ EndDateType }) => EndDateType,
      "instance-match-criteria": ({ InstanceMatchCriteria }) => InstanceMatchCriteria,
      "instance-platform": ({ InstancePlatform }) => InstancePlatform,
      "instance-type": ({ InstanceType }) => InstanceType,
      "owner-id": ({ OwnerId }) => OwnerId,
      state: ({ State: state }) => state,
      tenancy: ({ Tenancy }) => Tenancy,
    });
    const { items, NextToken: next } = page(kept, { MaxResults, NextToken, least: 1 });
    return { CapacityReservations: items.map(shown), NextToken: next };
  },

  GetCapacityReservationUsage(call, { CapacityReservationId }) {
    const reservation = findReservation(call, CapacityReservationId);
    const { InstanceType, TotalInstanceCount, State: state, instances } = reservation;
    return {
      CapacityReservationId,
      InstanceType,
      TotalInstanceCount,
      AvailableInstanceCount: freeOf(reservation),
      State: state,
      InstanceUsages: instances.length > 0 ? [{ AccountId: call.account, UsedInstanceCount: instances.length }] : [],
    };
  },
} satisfies Operations<sdk.EC2, State>;

export const capacityTimers = {
  capacityReservationEnds(call: Here, { id }: CapacityTimers["capacityReservationEnds"]) {
    const reservation = call.state.capacityReservations.get(id);
    if (reservation?.State === "active") close(call, reservation, "expired");
  },
};

export const findReservation = (call: Here, id: string): CapacityReservation => byId(call.state.capacityReservations, "cr", id);

/** Places that nobody has. */
export const freeOf = ({ State: state, TotalInstanceCount, instances }: CapacityReservation): number =>
  state === "active" ? Math.max(0, TotalInstanceCount - instances.length) : 0;

export function occupy(call: Here, reservation: CapacityReservation, instance: Instance): void {
  reservation.instances.push(instance.InstanceId);
  instance.CapacityReservationId = reservation.CapacityReservationId;
  report(call, reservation);
}

/** The instance has left its machine; another that runs beside may have the place. */
export function vacate(call: Here, instance: Instance): void {
  const reservation = call.state.capacityReservations.get(instance.CapacityReservationId ?? "");
  instance.CapacityReservationId = undefined;
  if (!reservation) return;
  reservation.instances = reservation.instances.filter((id) => id !== instance.InstanceId);
  report(call, reservation);
  fill(call, reservation);
}

/** Instances that run outside and match are in it as soon as there is a place: capacity-reservations-create.html, -modify.html */
function fill(call: Here, reservation: CapacityReservation): void {
  const free = freeOf(reservation);
  if (free > 0 && reservation.InstanceMatchCriteria === "open")
    for (const instance of outside(call, reservation).slice(0, free)) occupy(call, reservation, instance);
  report(call, reservation);
}

const outside = (call: Here, { InstanceType, AvailabilityZoneId }: Pick<CapacityReservation, "InstanceType" | "AvailabilityZoneId">) =>
  [...call.state.instances.values()].filter(
    (each) =>
      each.InstanceType === InstanceType &&
      each.Placement.AvailabilityZoneId === AvailabilityZoneId &&
      each.CapacityReservationId === undefined &&
      hasMachine(each) &&
      (each.CapacityReservationSpecification?.CapacityReservationPreference ?? "open") === "open" &&
      each.CapacityReservationSpecification?.CapacityReservationTarget === undefined,
  );

/** Its instances run on, outside. */
function close(call: Here, reservation: CapacityReservation, state: "cancelled" | "expired"): void {
  for (const id of reservation.instances) {
    const instance = call.state.instances.get(id);
    if (instance) instance.CapacityReservationId = undefined;
  }
  reservation.instances = [];
  reservation.State = state;
  if (reservation.event !== undefined) call.cancel(reservation.event);
  reservation.event = undefined;
  report(call, reservation);
}

function endLater(call: Here, reservation: CapacityReservation): void {
  if (reservation.event !== undefined) call.cancel(reservation.event);
  reservation.event = undefined;
  const { EndDate, CapacityReservationId: id } = reservation;
  if (EndDate) reservation.event = timed(call).background(milliseconds(EndDate.getTime() - call.now), "capacityReservationEnds", { id });
}

/** docs.aws.amazon.com/AWSEC2/latest/UserGuide/capacity-reservation-cw-metrics.html */
function report(call: Here, reservation: CapacityReservation): void {
  const { CapacityReservationId, TotalInstanceCount, State: state, instances } = reservation;
  const figures = {
    UsedInstanceCount: instances.length,
    AvailableInstanceCount: freeOf(reservation),
    TotalInstanceCount,
    InstanceUtilization: TotalInstanceCount === 0 ? 0 : (instances.length / TotalInstanceCount) * 100,
  };
  for (const [name, value] of Object.entries(figures)) {
    const unit = name === "InstanceUtilization" ? "Percent" : "Count";
    level(
      call,
      { namespace: "AWS/EC2CapacityReservations", name, dimensions: { CapacityReservationId }, unit },
      state === "active" ? value : undefined,
    );
  }
}

function wishOf(call: Here, request: Omit<Checked<sdk.CreateCapacityReservationRequest>, "ClientToken">) {
  const strange = NOT_EMULATED.find((member) => request[member] !== undefined);
  if (strange) throw new AwsError("NotImplemented", `Causeway does not emulate ${strange} of a Capacity Reservation.`, 501);
  if (request.Tenancy === "dedicated") throw new AwsError("NotImplemented", "Causeway does not emulate dedicated tenancy.", 501);
  if (request.InstancePlatform !== "Linux/UNIX")
    throw new AwsError("NotImplemented", `Causeway has no images of the platform ${request.InstancePlatform}.`, 501);
  const { InstanceCount, EndDate, EndDateType = "unlimited", InstanceMatchCriteria: criteria = "open", TagSpecifications } = request;
  const type = typeOf(request.InstanceType);
  const zone = zoneOf(call, request.AvailabilityZone, request.AvailabilityZoneId);
  checkCount(InstanceCount);
  checkEnd(call, EndDateType, EndDate);
  const running = criteria === "open" ? outside(call, { InstanceType: type.InstanceType, ...zone }).length : 0;
  checkReservable(call, { type, zone }, InstanceCount - running);
  return { type, zone, criteria, tags: tagsOf(call, TagSpecifications, "capacity-reservation") };
}

function checkCount(count: number): void {
  if (count < 1 || count > COUNT_MAX) throw invalid(`The instance count must be between 1 and ${COUNT_MAX}.`);
}

function checkEnd(call: Here, type: string, end: Date | undefined): void {
  if (type === "unlimited" && end)
    throw new AwsError("InvalidParameterCombination", "An end date cannot be specified when the end date type is unlimited.");
  if (type === "limited" && !end) throw new AwsError("MissingParameter", "An end date is required when the end date type is limited.");
  if (end && end.getTime() <= call.now) throw invalid("The end date must be in the future.");
}

function typeOf(name: string): InstanceType {
  const type = instanceType(name);
  if (!type) throw invalid(`The following supplied instance types do not exist: [${name}]`);
  return type;
}

const demandOf = ({ InstanceType, AvailabilityZone, AvailabilityZoneId }: CapacityReservation) => ({
  type: typeOf(InstanceType),
  zone: { AvailabilityZone, AvailabilityZoneId },
});

function active(call: Here, id: string, verb: string): CapacityReservation {
  const reservation = findReservation(call, id);
  if (reservation.State !== "active")
    throw new AwsError("IncorrectState", `The Capacity Reservation '${id}' is ${reservation.State} and cannot be ${verb}.`);
  return reservation;
}

export function shown({ instances, event: _event, ...reservation }: CapacityReservation): sdk.CapacityReservation {
  const used = instances.length > 0 ? [{ AllocationType: "used" as const, Count: instances.length }] : [];
  return { ...reservation, AvailableInstanceCount: freeOf({ instances, ...reservation }), CapacityAllocations: used };
}
