/** Tags of keys, which KMS spells TagKey and TagValue. https://docs.aws.amazon.com/kms/latest/developerguide/tagging-keys.html */
import type * as sdk from "@aws-sdk/client-kms";
import { AwsError, type Operations } from "../../service.ts";
import { checkOurs, checkState, find, page, type Here, type Key, type State } from "./key.ts";

const TAGS_MAX = 50; // docs.aws.amazon.com/kms/latest/APIReference/API_TagResource.html

export const tagOperations = {
  TagResource(call, { KeyId, Tags }) {
    const { tags } = taggable(call, KeyId, "TagResource");
    checkTags(tags, Tags);
    Object.assign(tags, tagMap(Tags));
  },
  UntagResource(call, { KeyId, TagKeys }) {
    const { tags } = taggable(call, KeyId, "UntagResource");
    for (const key of TagKeys) delete tags[key];
  },
  ListResourceTags(call, { KeyId, Limit = 50, Marker }) {
    const { items, ...rest } = page(tagList(find(call, KeyId, { aliases: false }).tags), { Limit, Marker, most: 50 });
    return { Tags: items, ...rest };
  },
} satisfies Operations<sdk.KMS, State>;

function taggable(call: Here, keyId: string, operation: string): Key {
  const key = find(call, keyId, { aliases: false });
  checkOurs(call, key, operation);
  checkState(key, "Enabled", "Disabled", "PendingImport", "Updating", "Unavailable", "Creating");
  return key;
}

export const tagMap = (tags: readonly sdk.Tag[] = []): Record<string, string> =>
  Object.fromEntries(tags.map(({ TagKey, TagValue }) => [TagKey, TagValue ?? ""]));
export const tagList = (tags: Record<string, string>): sdk.Tag[] =>
  Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue }));

export function checkTags(has: Record<string, string>, tags: readonly sdk.Tag[]): void {
  for (const { TagKey = "", TagValue = "" } of tags) {
    if (/^aws:/i.test(TagKey)) throw new AwsError("TagException", `Tags beginning with aws: are reserved: ${TagKey}`);
    if (TagKey.length < 1 || TagKey.length > 128 || TagValue.length > 256)
      throw new AwsError("TagException", `The tag ${TagKey} is not valid: a key has 1 to 128 characters, a value at most 256.`);
  }
  if (new Set(tags.map(({ TagKey }) => TagKey)).size < tags.length) throw new AwsError("TagException", "Duplicate tag keys");
  if (new Set([...Object.keys(has), ...tags.map(({ TagKey }) => TagKey)]).size > TAGS_MAX)
    throw new AwsError("TagException", "Too many tags");
}
