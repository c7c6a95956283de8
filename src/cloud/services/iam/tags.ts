/** Tags: what may be one, and how they are set. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html */
import type * as sdk from "@aws-sdk/client-iam";
import { invalidInput, validation } from "./names.ts";
import type { Tags } from "./state.ts";

export const TAGS_MAX = 50; // docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#id_tags_rules

export const tagMap = (tags: readonly sdk.Tag[] = []): Tags => Object.fromEntries(tags.map(({ Key = "", Value = "" }) => [Key, Value]));
export const tagList = (tags: Tags): { Key: string; Value: string }[] => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
/** Answers leave the member out when there is no tag. */
export const someTags = (tags: Tags): { Tags?: { Key: string; Value: string }[] } =>
  Object.keys(tags).length > 0 ? { Tags: tagList(tags) } : {};

/** Refuses tags that `has` can't take. */
export function checkTags(has: Tags, tags: readonly sdk.Tag[] = []): void {
  for (const { Key = "", Value = "" } of tags) {
    if (Key.length < 1)
      throw validation(
        "1 validation error detected: Value '' at 'tags.1.member.key' failed to satisfy constraint: Member must have length greater than or equal to 1",
      );
    if (Key.length > 128)
      throw validation(
        `1 validation error detected: Value '${Key}' at 'tags.1.member.key' failed to satisfy constraint: Member must have length less than or equal to 128`,
      );
    if (Value.length > 256)
      throw validation(
        `1 validation error detected: Value '${Value}' at 'tags.1.member.value' failed to satisfy constraint: Member must have length less than or equal to 256`,
      );
    if (/^aws:/i.test(Key)) throw invalidInput("Tag keys beginning with aws: are reserved. Please try a different tag key.");
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u.test(Key + Value))
      throw validation(
        `1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+`,
      );
  }
  const names = tags.map(({ Key = "" }) => Key.toLowerCase());
  if (new Set(names).size < names.length) throw invalidInput("Duplicate tag keys found. Please note that Tag keys are case insensitive.");
  const all = new Set([...Object.keys(has).map((key) => key.toLowerCase()), ...names]);
  if (all.size > TAGS_MAX) throw invalidInput(`The number of tags has reached the maximum limit of ${TAGS_MAX}.`);
}

/** Keys are not distinguished by case: a tag replaces the one that differs by it. */
export function setTags(has: Tags, set: Tags): void {
  for (const [name, value] of Object.entries(set)) {
    unset(has, [name]);
    has[name] = value;
  }
}

export function unset(has: Tags, names: readonly string[]): void {
  const gone = new Set(names.map((name) => name.toLowerCase()));
  for (const name of Object.keys(has)) if (gone.has(name.toLowerCase())) delete has[name];
}
