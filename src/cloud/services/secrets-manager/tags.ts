/** Tags of secrets. https://docs.aws.amazon.com/secretsmanager/latest/userguide/managing-secrets_tagging.html */
import type * as sdk from "@aws-sdk/client-secrets-manager";
import { invalidParameter } from "./secret.ts";

const TAGS_MAX = 50; // docs.aws.amazon.com/secretsmanager/latest/apireference/API_TagResource.html

export const tagMap = (tags: readonly sdk.Tag[] = []): Record<string, string> =>
  Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value ?? ""]));
export const tagList = (tags: Record<string, string>): sdk.Tag[] => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

export function checkNewTags(has: Record<string, string>, tags: readonly sdk.Tag[]): void {
  for (const { Key = "", Value = "" } of tags) {
    if (Key.length < 1 || Key.length > 128 || Value.length > 256)
      throw invalidParameter(`The tag ${Key} is not valid: a key has 1 to 128 characters, a value at most 256.`);
    if (/^aws:/i.test(Key)) throw invalidParameter(`Tags that begin with aws: are reserved: ${Key}`);
  }
  if (new Set(tags.map(({ Key }) => Key)).size < tags.length) throw invalidParameter("Tag keys must be unique.");
  if (new Set([...Object.keys(has), ...tags.map(({ Key }) => Key)]).size > TAGS_MAX)
    throw invalidParameter(`A secret can have at most ${TAGS_MAX} tags.`);
}
