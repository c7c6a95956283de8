/** Deleting objects: markers, versions, and the locks that forbid it. docs.aws.amazon.com/AmazonS3/latest/userguide/DeletingObjectVersions.html */
import type * as sdk from "@aws-sdk/client-s3";
import { AwsError, type Operations } from "../../service.ts";
import { current, findBucket, newVersionId, noSuchKey, putVersion, removeVersion, versionIdOf, type Bucket, type Here, type State, type Version } from "./bucket.ts";

const denied = () => new AwsError("AccessDenied", "Access Denied because object protected by object lock.", 403);

/** Refuses the removal of a version that is held or retained: docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html */
function checkLocks(call: Here, { legalHold, retention }: Version, bypass: boolean): void {
  if (legalHold) throw denied();
  if (!retention || retention.RetainUntilDate <= call.date) return;
  if (retention.Mode === "COMPLIANCE" || !bypass) throw denied();
}

type Target = { Key: string; VersionId?: string; BypassGovernanceRetention?: boolean };

/** Only throws before it has changed anything. */
function remove(call: Here, bucket: Bucket, { Key, VersionId, BypassGovernanceRetention = false }: Target): { DeleteMarker?: boolean; VersionId?: string } {
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
    modified: new Date(Math.floor(call.now / 1000) * 1000),
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
    if (input.IfMatch !== undefined) {
      const newest = current(bucket, input.Key);
      if (!newest || newest.marker) throw noSuchKey(input.Key);
      if (input.IfMatch !== "*" && input.IfMatch.replaceAll('"', "") !== newest.etag) throw new AwsError("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412, { Condition: "If-Match" });
    }
    return remove(call, bucket, input);
  },

  DeleteObjects(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    const objects = input.Delete.Objects ?? [];
    if (objects.length === 0 || objects.length > KEYS_MAX) throw new AwsError("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema", 400);
    const Deleted: sdk.DeletedObject[] = [];
    const Errors: sdk._Error[] = [];
    for (const { Key = "", VersionId } of objects) {
      try {
        const done = remove(call, bucket, { Key, VersionId, BypassGovernanceRetention: input.BypassGovernanceRetention });
        if (VersionId === undefined) Deleted.push({ Key, DeleteMarker: done.DeleteMarker, DeleteMarkerVersionId: done.VersionId });
        else Deleted.push({ Key, VersionId, DeleteMarker: done.DeleteMarker, DeleteMarkerVersionId: done.DeleteMarker ? VersionId : undefined });
      } catch (error) {
        // One that is refused does not stop the others; each refusal came before its change.
        if (!(error instanceof AwsError)) throw error;
        Errors.push({ Key, VersionId, Code: error.code, Message: error.message });
      }
    }
    return { Deleted: input.Delete.Quiet ? undefined : Deleted, Errors };
  },
} satisfies Operations<sdk.S3, State>;
