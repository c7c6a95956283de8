/** Tags of certificates: docs.aws.amazon.com/acm/latest/userguide/tags-restrictions.html */
import type * as sdk from "@aws-sdk/client-acm";
import { AwsError, type Operations } from "../../service.ts";
import { find, type State } from "./certificate.ts";

const TAGS_MAX = 50;

export const tagMap = (tags: readonly sdk.Tag[] = []): Record<string, string> =>
  Object.fromEntries(tags.map(({ Key, Value = "" }) => [Key, Value]));
const tagList = (tags: Record<string, string>): sdk.Tag[] => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

export function checkTags(has: Record<string, string>, tags: readonly sdk.Tag[]): void {
  for (const { Key = "", Value = "" } of tags) {
    if (/^aws:/i.test(Key)) throw new AwsError("InvalidTagException", `Tag key ${Key} must not begin with aws:.`, 400);
    if (Key.length < 1 || Key.length > 128 || Value.length > 256)
      throw new AwsError("InvalidTagException", `The tag ${Key} is not valid: a key has 1 to 128 characters, a value at most 256.`, 400);
  }
  if (new Set([...Object.keys(has), ...tags.map(({ Key }) => Key)]).size > TAGS_MAX)
    throw new AwsError("TooManyTagsException", `The request contains too many tags: at most ${TAGS_MAX} are allowed.`, 400);
}

function add(has: Record<string, string>, tags: readonly sdk.Tag[]): void {
  checkTags(has, tags);
  Object.assign(has, tagMap(tags));
}

export const tagOperations = {
  AddTagsToCertificate: (call, { CertificateArn, Tags }) => add(find(call, CertificateArn).tags, Tags),
  /** A value beside the key removes the tag only if it has that value: API_RemoveTagsFromCertificate */
  RemoveTagsFromCertificate(call, { CertificateArn, Tags }) {
    const { tags } = find(call, CertificateArn);
    for (const { Key = "", Value } of Tags) if (Value === undefined || tags[Key] === Value) delete tags[Key];
  },
  ListTagsForCertificate: (call, { CertificateArn }) => ({ Tags: tagList(find(call, CertificateArn).tags) }),
  TagResource: (call, { ResourceArn, Tags }) => add(find(call, ResourceArn).tags, Tags),
  UntagResource(call, { ResourceArn, TagKeys }) {
    const { tags } = find(call, ResourceArn);
    for (const key of TagKeys) delete tags[key];
  },
  ListTagsForResource: (call, { ResourceArn }) => ({ Tags: tagList(find(call, ResourceArn).tags) }),
} satisfies Operations<sdk.ACM, State>;
