/** Tags of Systems Manager's resources: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_AddTagsToResource.html */
import type * as sdk from "@aws-sdk/client-ssm";
import { AwsError, type Call, type Operations } from "../../service.ts";
import { nameOf, type ParameterState } from "./parameter.ts";

type Here = Call<ParameterState>;
const TAGS_MAX = 50; // docs.aws.amazon.com/general/latest/gr/aws_tagging.html

export const tagOperations = {
  AddTagsToResource(call, { ResourceType, ResourceId, Tags }) {
    const tags = tagsOf(call, ResourceType, ResourceId);
    checkNewTags(tags, Tags);
    Object.assign(tags, tagMap(Tags));
    return {};
  },
  RemoveTagsFromResource(call, { ResourceType, ResourceId, TagKeys }) {
    const tags = tagsOf(call, ResourceType, ResourceId);
    for (const key of TagKeys) delete tags[key];
    return {};
  },
  ListTagsForResource(call, { ResourceType, ResourceId }) {
    return { TagList: Object.entries(tagsOf(call, ResourceType, ResourceId)).map(([Key, Value]) => ({ Key, Value })) };
  },
} satisfies Operations<sdk.SSM, ParameterState>;

export const tagMap = (tags: readonly sdk.Tag[] = []): Record<string, string> =>
  Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value ?? ""]));

export function checkNewTags(has: Record<string, string>, tags: readonly sdk.Tag[]): void {
  for (const { Key = "", Value = "" } of tags) {
    if (Key.length < 1 || Key.length > 128 || Value.length > 256 || !/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u.test(Key + Value)) {
      throw new AwsError(
        "ValidationException",
        `1 validation error detected: the tag with the key '${Key}' failed to satisfy constraint: Member must satisfy regular expression pattern: ^([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)$`,
      );
    }
    if (/^aws:/i.test(Key)) throw new AwsError("ValidationException", `Tag key ${Key} is not valid: the prefix aws: is reserved.`);
  }
  if (new Set([...Object.keys(has), ...tags.map(({ Key }) => Key)]).size > TAGS_MAX) {
    throw new AwsError("TooManyTagsError", `The number of tags exceeds the limit of ${TAGS_MAX}.`);
  }
}

function tagsOf(call: Here, type: string, id: string): Record<string, string> {
  if (type !== "Parameter") throw new AwsError("InvalidResourceType", `Resource type ${type} is not supported.`);
  const parameter = call.state.parameters.get(nameOf(call as never, id));
  if (!parameter)
    throw new AwsError("InvalidResourceId", `The resource ID ${id} is not valid. Verify that you entered the correct ID and try again.`);
  return parameter.tags;
}
