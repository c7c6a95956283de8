/** Tags of groups, and which of them instances get. https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html */
import type * as sdk from "@aws-sdk/client-auto-scaling";
import { AwsError, type Operations, type Tagged } from "../../service.ts";
import { invalid, page, type Group, type Here, type State, type Timers } from "./state.ts";
import { tagsShown } from "./views.ts";

const TAGS_MAX = 50; // API_CreateOrUpdateTags

export const tagOperations = {
  CreateOrUpdateTags(call, { Tags }) {
    checkTags(Tags);
    const found = Tags.map((tag) => ({ tag, group: tagged(call, tag) }));
    for (const { tag, group } of found)
      group.tags.set(tag.Key ?? "", { value: tag.Value ?? "", propagate: tag.PropagateAtLaunch ?? false });
  },

  DeleteTags(call, { Tags }) {
    const found = Tags.map((tag) => ({ tag, group: tagged(call, tag) }));
    for (const { tag, group } of found) group.tags.delete(tag.Key ?? "");
  },

  DescribeTags(call, { Filters, MaxRecords, NextToken }) {
    const all = [...call.state.groups.values()].flatMap(tagsShown).filter((tag) => (Filters ?? []).every((filter) => matches(tag, filter)));
    const { items, NextToken: next } = page(all, MaxRecords, NextToken);
    return { Tags: items, NextToken: next };
  },
} satisfies Operations<sdk.AutoScaling, State, Timers>;

function tagged(call: Here, { ResourceId = "", ResourceType = "auto-scaling-group" }: sdk.Tag): Group {
  if (ResourceType !== "auto-scaling-group") throw invalid(`"${ResourceType}" is not a valid resource type.`);
  const group = call.state.groups.get(ResourceId);
  if (!group) throw invalid("No resource found");
  return group;
}

export function checkTags(tags: readonly sdk.Tag[] = []): void {
  if (tags.length > TAGS_MAX) throw new AwsError("LimitExceeded", `A group takes ${TAGS_MAX} tags.`);
  for (const { Key = "", Value = "" } of tags) {
    if (Key === "" || Key.length > 128 || Value.length > 256) throw invalid(`The tag '${Key}' is not valid.`);
    if (Key.startsWith("aws:")) throw invalid("aws: prefixed tag key names are not allowed for external use.");
  }
}

export const tagsFrom = (tags: readonly sdk.Tag[] = []): Group["tags"] =>
  new Map(tags.map(({ Key = "", Value = "", PropagateAtLaunch = false }) => [Key, { value: Value, propagate: PropagateAtLaunch }]));

function matches({ ResourceId, Key, Value, PropagateAtLaunch }: sdk.TagDescription, { Name = "", Values = [] }: sdk.Filter): boolean {
  const found: Record<string, string | undefined> = {
    "auto-scaling-group": ResourceId,
    key: Key,
    value: Value,
    "propagate-at-launch": String(PropagateAtLaunch),
  };
  if (!(Name in found)) throw invalid(`Filter type ${Name} is not correct. Allowed Filter types are: ${Object.keys(found).join(" ")}`);
  return Values.includes(found[Name] ?? "");
}

/** For the Resource Groups Tagging API. */
export function* allTagged(call: Here): Iterable<Tagged> {
  for (const { AutoScalingGroupARN: arn, tags } of call.state.groups.values())
    yield { arn, tags: Object.fromEntries([...tags].map(([tag, { value }]) => [tag, value])) };
}

export function tagByArn(call: Here, arn: string, set: Record<string, string>, remove: readonly string[]): boolean {
  const group = call.state.groups.get(arn.slice(arn.lastIndexOf("/") + 1));
  if (group?.AutoScalingGroupARN !== arn) return false;
  for (const [tag, value] of Object.entries(set)) group.tags.set(tag, { value, propagate: group.tags.get(tag)?.propagate ?? false });
  for (const tag of remove) group.tags.delete(tag);
  return true;
}
