/** CloudFormation's types of reserved capacity and of placement. */
import type * as sdk from "@aws-sdk/client-ec2";
import { resource, type Properties } from "../../service.ts";
import { capacityReservationOperations, findReservation, shown } from "./capacity-reservations.ts";
import { placementGroupOperations } from "./placement-groups.ts";
import type { Here } from "./state.ts";
import { resourceTags } from "./tags.ts";
import { count, flag, refuse } from "./template-values.ts";

const capacityReservation = resource({
  create(call: Here, properties, stack) {
    refuse(properties, ["OutPostArn", "PlacementGroupArn", "UnusedReservationBillingOwnerId"]);
    const { AvailabilityZone, AvailabilityZoneId, InstanceType, InstancePlatform, InstanceMatchCriteria, Tenancy } = properties;
    const { EbsOptimized, EphemeralStorage, TagSpecifications = [] } = properties;
    const own = (TagSpecifications as sdk.TagSpecification[]).flatMap(({ Tags = [] }) => Tags);
    const { CapacityReservation } = capacityReservationOperations.CreateCapacityReservation(call, {
      AvailabilityZone,
      AvailabilityZoneId,
      InstanceType,
      InstancePlatform,
      InstanceMatchCriteria,
      Tenancy,
      EbsOptimized: EbsOptimized === undefined ? undefined : flag(EbsOptimized),
      EphemeralStorage: EphemeralStorage === undefined ? undefined : flag(EphemeralStorage),
      InstanceCount: count(properties["InstanceCount"]) ?? 0,
      ...endOf(properties),
      TagSpecifications: [{ ResourceType: "capacity-reservation", Tags: resourceTags(own, stack) }],
    });
    return CapacityReservation.CapacityReservationId ?? "";
  },
  update(call: Here, id, properties) {
    refuse(properties, ["UnusedReservationBillingOwnerId"]);
    const InstanceCount = count(properties["InstanceCount"]);
    const { EndDateType = "unlimited", EndDate } = endOf(properties);
    capacityReservationOperations.ModifyCapacityReservation(call, { CapacityReservationId: id, InstanceCount, EndDateType, EndDate });
  },
  delete(call: Here, id) {
    if (call.state.capacityReservations.get(id)?.State === "active")
      capacityReservationOperations.CancelCapacityReservation(call, { CapacityReservationId: id });
  },
  attributes(call: Here, id) {
    const found = shown(findReservation(call, id));
    return {
      Id: id,
      AvailabilityZone: found.AvailabilityZone,
      AvailableInstanceCount: found.AvailableInstanceCount,
      CapacityAllocationSet: found.CapacityAllocations,
      CapacityReservationArn: found.CapacityReservationArn,
      CreateDate: found.CreateDate?.toISOString(),
      InstanceType: found.InstanceType,
      OwnerId: found.OwnerId,
      ReservationType: found.ReservationType,
      StartDate: found.StartDate?.toISOString(),
      State: found.State,
      Tenancy: found.Tenancy,
      TotalInstanceCount: found.TotalInstanceCount,
    };
  },
  read(call: Here, id, properties) {
    const found = call.state.capacityReservations.get(id);
    if (found?.State !== "active") return undefined;
    const { TotalInstanceCount, InstanceMatchCriteria, EndDateType, EndDate } = found;
    const now = { InstanceCount: TotalInstanceCount, InstanceMatchCriteria, EndDateType, EndDate: EndDate?.toISOString() };
    return { ...properties, ...Object.fromEntries(Object.entries(now).filter(([name]) => properties[name] !== undefined)) };
  },
});

const placementGroup = resource({
  create(call: Here, properties, stack) {
    refuse(properties, ["ParentGroupId"]);
    const GroupName = stack.generatedName(255);
    const { Strategy, SpreadLevel, PartitionCount, Tags } = properties;
    placementGroupOperations.CreatePlacementGroup(call, {
      GroupName,
      Strategy,
      SpreadLevel,
      PartitionCount: count(PartitionCount),
      TagSpecifications: [{ ResourceType: "placement-group", Tags: resourceTags(Tags, stack) }],
    });
    return GroupName;
  },
  delete(call: Here, GroupName) {
    if (groupId(call, GroupName) !== undefined) placementGroupOperations.DeletePlacementGroup(call, { GroupName });
  },
  attributes: (call: Here, GroupName) => ({ GroupName, GroupId: groupId(call, GroupName) }),
  read: (call: Here, GroupName, properties) => (groupId(call, GroupName) === undefined ? undefined : properties),
});

export const capacityResources = { "AWS::EC2::CapacityReservation": capacityReservation, "AWS::EC2::PlacementGroup": placementGroup };

const endOf = ({ EndDate, EndDateType }: Properties): { EndDate?: Date; EndDateType?: sdk.EndDateType } => ({
  EndDate: EndDate === undefined ? undefined : new Date(String(EndDate)),
  EndDateType: EndDateType as sdk.EndDateType | undefined,
});

const groupId = (call: Here, name: string): string | undefined =>
  [...call.state.placementGroups.values()].find(({ GroupName }) => GroupName === name)?.GroupId;
