/** Tags of buckets and objects: docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html and CostAllocTagging.html */
import type * as sdk from "@aws-sdk/client-s3";
import { AwsError } from "../../service.ts";
import { findBucket, findVersion, versionIdOf, type S3Operations } from "./bucket.ts";
import { invalidArgument, missing } from "./refusals.ts";

// The pages above: 10 an object, 50 a bucket; keys to 128, values to 256 characters of these kinds.
const OBJECT_MAX = 10;
const BUCKET_MAX = 50;
const CHARACTERS = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

type Tags = Record<string, string>;

export const tagSet = (tags: Tags): sdk.Tag[] => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

const invalid = (message: string, TagKey?: string, TagValue?: string) => new AwsError("InvalidTag", message, 400, { TagKey, TagValue });

/** Checked tags. Those of AWS's own (`aws:…`) may be repeated as they are, but nobody makes, changes or drops them. */
function tagsFrom(set: readonly sdk.Tag[], system: Tags): Tags {
  const tags: Tags = {};
  for (const { Key = "", Value = "" } of set) {
    if (Key === "" || Key.length > 128 || !CHARACTERS.test(Key)) throw invalid("The TagKey you have provided is invalid", Key);
    if (Value.length > 256 || !CHARACTERS.test(Value)) throw invalid("The TagValue you have provided is invalid", Key, Value);
    if (Key in tags) throw invalid("Cannot provide multiple Tags with the same key", Key);
    if (Key.startsWith("aws:") && system[Key] !== Value) throw invalid("System tags cannot be added/updated by requester", Key);
    tags[Key] = Value;
  }
  return { ...system, ...tags };
}

export function objectTags(set: readonly sdk.Tag[]): Tags {
  if (set.length > OBJECT_MAX) throw new AwsError("BadRequest", `Object tags cannot be greater than ${OBJECT_MAX}`, 400);
  return tagsFrom(set, {});
}

/** `a=1&b=2`, as the x-amz-tagging header has them. */
export function headerTags(tagging: string | undefined): Tags {
  if (tagging === undefined) return {};
  const set = [...new URLSearchParams(tagging)].map(([Key, Value]) => ({ Key, Value }));
  const names = new Set(set.map(({ Key }) => Key));
  if (names.size < set.length || names.has("")) {
    throw invalidArgument(
      "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
      "x-amz-tagging",
      tagging,
    );
  }
  return objectTags(set);
}

export const systemTags = (tags: Tags): Tags => Object.fromEntries(Object.entries(tags).filter(([key]) => key.startsWith("aws:")));

export function bucketTags(set: readonly sdk.Tag[], before: Tags = {}): Tags {
  if (set.length > BUCKET_MAX) throw new AwsError("BadRequest", `Bucket tag count cannot be greater than ${BUCKET_MAX}`, 400);
  return tagsFrom(set, systemTags(before));
}

export const taggingOperations = {
  PutBucketTagging(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    bucket.tags = bucketTags(input.Tagging.TagSet ?? [], bucket.tags);
  },
  GetBucketTagging(call, { Bucket, ExpectedBucketOwner }) {
    const { tags } = findBucket(call, Bucket, ExpectedBucketOwner);
    if (Object.keys(tags).length === 0) throw missing("NoSuchTagSet", "The TagSet does not exist", Bucket);
    return { TagSet: tagSet(tags) };
  },
  DeleteBucketTagging(call, { Bucket, ExpectedBucketOwner }) {
    const bucket = findBucket(call, Bucket, ExpectedBucketOwner);
    bucket.tags = systemTags(bucket.tags);
  },

  GetObjectTagging(call, { Bucket, Key, VersionId, ExpectedBucketOwner }) {
    const bucket = findBucket(call, Bucket, ExpectedBucketOwner);
    const version = findVersion(bucket, Key, VersionId, "object");
    return { TagSet: tagSet(version.tags), VersionId: versionIdOf(bucket, version) };
  },
  PutObjectTagging(call, { Bucket, Key, VersionId, ExpectedBucketOwner, Tagging }) {
    const bucket = findBucket(call, Bucket, ExpectedBucketOwner);
    const version = findVersion(bucket, Key, VersionId, "object");
    version.tags = objectTags(Tagging.TagSet ?? []);
    return { VersionId: versionIdOf(bucket, version) };
  },
  DeleteObjectTagging(call, { Bucket, Key, VersionId, ExpectedBucketOwner }) {
    const bucket = findBucket(call, Bucket, ExpectedBucketOwner);
    const version = findVersion(bucket, Key, VersionId, "object");
    version.tags = {};
    return { VersionId: versionIdOf(bucket, version) };
  },
} satisfies S3Operations;
