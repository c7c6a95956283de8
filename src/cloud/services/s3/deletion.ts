/** Deleting objects: markers, versions, and the locks that forbid it. docs.aws.amazon.com/AmazonS3/latest/userguide/DeletingObjectVersions.html */
import type * as sdk from "@aws-sdk/client-s3";
import { AwsError } from "../../service.ts";
import {
  checkVersionId,
  current,
  findBucket,
  newVersionId,
  noSuchKey,
  putVersion,
  removeVersion,
  versionIdOf,
  wholeSeconds,
  type Bucket,
  type Here,
  type S3Operations,
  type Version,
} from "./bucket.ts";
import { checkRead } from "./conditions.ts";
import { checkLocks } from "./lock.ts";
import { malformedXml } from "./refusals.ts";

type Target = { Key: string; VersionId?: string; BypassGovernanceRetention?: boolean; IfMatch?: string };

/** Deletes only over a known ETag: docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html */
function checkMatch(bucket: Bucket, key: string, etag: string, versionId: string | undefined): void {
  const version = versionId === undefined ? current(bucket, key) : bucket.objects.get(key)?.find((each) => each.versionId === versionId);
  if (!version || version.marker) throw noSuchKey(key);
  checkRead({ IfMatch: etag }, version);
}

/** Only throws before it has changed anything. */
function remove(
  call: Here,
  bucket: Bucket,
  { Key, VersionId, BypassGovernanceRetention = false, IfMatch }: Target,
): { DeleteMarker?: boolean; VersionId?: string } {
  checkVersionId(VersionId);
  if (IfMatch !== undefined) checkMatch(bucket, Key, IfMatch, VersionId);
  if (VersionId !== undefined) {
    const version = bucket.objects.get(Key)?.find(({ versionId }) => versionId === VersionId);
    if (!version) return { VersionId };
    checkLocks(call, version, BypassGovernanceRetention);
    removeVersion(bucket, Key, VersionId);
    return { VersionId, DeleteMarker: version.marker ? true : undefined };
  }
  if (bucket.versioning === undefined) {
    removeVersion(bucket, Key, "null");
    return {};
  }
  const marker: Version = {
    versionId: newVersionId(call, bucket),
    marker: true,
    modified: wholeSeconds(call.date),
    etag: "",
    size: 0,
    storageClass: "STANDARD",
    headers: {},
    encryption: {},
    metadata: {},
    tags: {},
    checksums: {},
    legalHold: false,
  };
  putVersion(bucket, Key, marker);
  return { DeleteMarker: true, VersionId: versionIdOf(bucket, marker) };
}

// docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html: up to 1,000 keys
const KEYS_MAX = 1000;

export const deletionOperations = {
  DeleteObject(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    return remove(call, bucket, input);
  },

  DeleteObjects(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    const objects = input.Delete.Objects ?? [];
    if (objects.length === 0 || objects.length > KEYS_MAX) throw malformedXml();
    const Deleted: sdk.DeletedObject[] = [];
    const Errors: sdk._Error[] = [];
    for (const { Key = "", VersionId, ETag: IfMatch } of objects) {
      try {
        const done = remove(call, bucket, { Key, VersionId, IfMatch, BypassGovernanceRetention: input.BypassGovernanceRetention });
        if (VersionId === undefined) Deleted.push({ Key, DeleteMarker: done.DeleteMarker, DeleteMarkerVersionId: done.VersionId });
        else
          Deleted.push({
            Key,
            VersionId,
            DeleteMarker: done.DeleteMarker,
            DeleteMarkerVersionId: done.DeleteMarker ? VersionId : undefined,
          });
      } catch (error) {
        // One that is refused does not stop the others; each refusal came before its change.
        if (!(error instanceof AwsError)) throw error;
        Errors.push({ Key, VersionId, Code: error.code, Message: error.message });
      }
    }
    return { Deleted: input.Delete.Quiet ? undefined : Deleted, Errors };
  },
} satisfies S3Operations;
