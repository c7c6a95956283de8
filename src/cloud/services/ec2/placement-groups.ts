/** Placement groups. Guide: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/placement-groups.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, type Known, type Operations } from "../../service.ts";
import { hasMachine } from "./capacity.ts";
import { filtered } from "./filters.ts";
import type { Here, State } from "./state.ts";
import { tagsOf } from "./tags.ts";

export type PlacementGroup = Known<Omit<sdk.PlacementGroup, "Tags">, "GroupId" | "GroupName" | "State" | "Strategy"> & { Tags: sdk.Tag[] };

// docs.aws.amazon.com/AWSEC2/latest/UserGuide/placement-strategies.html
const SPREAD_MAX = 7;
const PARTITIONS_MAX = 7;
const STRATEGIES = ["cluster", "spread", "partition"];

export const placementGroupOperations = {
  CreatePlacementGroup(call, { GroupName, Strategy = "cluster", PartitionCount, SpreadLevel = "rack", TagSpecifications, ...others }) {
    if (others.LinkedGroupId !== undefined)
      throw new AwsError("NotImplemented", "Causeway does not emulate LinkedGroupId of a placement group.", 501);
    if (GroupName === undefined) throw new AwsError("MissingParameter", "The request must contain the parameter groupName");
    if (!STRATEGIES.includes(Strategy))
      throw new AwsError("InvalidParameterValue", `Value (${Strategy}) for parameter strategy is invalid. Unknown strategy.`);
    if (SpreadLevel === "host") throw new AwsError("InvalidParameterValue", "Host level spread groups are for Outposts only.");
    if (PartitionCount !== undefined && (Strategy !== "partition" || PartitionCount < 1 || PartitionCount > PARTITIONS_MAX))
      throw new AwsError("InvalidParameterValue", `Partition count ${PartitionCount} is not valid for the strategy ${Strategy}.`);
    if (named(call, GroupName)) throw new AwsError("InvalidPlacementGroup.Duplicate", `The placement group '${GroupName}' already exists.`);
    const tags = tagsOf(call, TagSpecifications, "placement-group");
    const id = call.id("pg");
    const group: PlacementGroup = {
      GroupId: id,
      GroupName,
      GroupArn: call.arn("ec2", `placement-group/${GroupName}`),
      State: "available",
      Strategy,
      PartitionCount: Strategy === "partition" ? (PartitionCount ?? 2) : undefined,
      SpreadLevel: Strategy === "spread" ? SpreadLevel : undefined,
      Tags: tags,
    };
    call.state.placementGroups.set(id, group);
    return { PlacementGroup: group };
  },

  DeletePlacementGroup(call, { GroupName }) {
    const { GroupId } = findGroup(call, GroupName);
    const used = [...call.state.instances.values()].some((each) => each.Placement.GroupName === GroupName && each.state !== "terminated");
    if (used) throw new AwsError("InvalidPlacementGroup.InUse", `The placement group '${GroupName}' is in use and may not be deleted.`);
    call.state.placementGroups.delete(GroupId);
  },

  DescribePlacementGroups(call, { GroupNames, GroupIds, Filters }) {
    const all =
      GroupNames?.length || GroupIds?.length
        ? [...(GroupNames ?? []).map((name) => findGroup(call, name)), ...(GroupIds ?? []).map((id) => findById(call, id))]
        : [...call.state.placementGroups.values()];
    const kept = filtered(all, Filters, {
      "group-name": ({ GroupName }) => GroupName,
      "group-arn": ({ GroupArn }) => GroupArn,
      "spread-level": ({ SpreadLevel }) => SpreadLevel,
      state: ({ State: state }) => state,
      strategy: ({ Strategy }) => Strategy,
    });
    return { PlacementGroups: kept };
  },
} satisfies Operations<sdk.EC2, State>;

const named = (call: Here, name: string): PlacementGroup | undefined =>
  [...call.state.placementGroups.values()].find(({ GroupName }) => GroupName === name);

const unknown = (name: string) => new AwsError("InvalidPlacementGroup.Unknown", `The placement group '${name}' is unknown.`);

function findGroup(call: Here, name: string): PlacementGroup {
  const group = named(call, name);
  if (!group) throw unknown(name);
  return group;
}

function findById(call: Here, id: string): PlacementGroup {
  const group = call.state.placementGroups.get(id);
  if (!group) throw unknown(id);
  return group;
}

/** The group that a launch names, and how many more it takes in that zone: seven machines that stand apart. */
export function placeIn(call: Here, { GroupName, GroupId }: sdk.Placement, zone: string): { group?: PlacementGroup; room: number } {
  const group = GroupName ? findGroup(call, GroupName) : GroupId === undefined ? undefined : findById(call, GroupId);
  if (group?.Strategy !== "spread") return { group, room: Number.POSITIVE_INFINITY };
  const there = [...call.state.instances.values()].filter(
    (each) => each.Placement.GroupName === group.GroupName && each.Placement.AvailabilityZone === zone && hasMachine(each),
  );
  return { group, room: SPREAD_MAX - there.length };
}
