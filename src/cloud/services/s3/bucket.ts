/** What S3 keeps: buckets, the versions of their objects, unfinished uploads; and how each is found. */
import { createHash } from "node:crypto";
import type * as sdk from "@aws-sdk/client-s3";
import type { Blob } from "../../blobs.ts";
import { AwsError, type Call, type Operations } from "../../service.ts";
import { insert, remove } from "./keys.ts";
import { invalidArgument } from "./refusals.ts";

/** One version of an object, or a delete marker. */
export type Version = {
  /** `null` when it was made while versioning was not on. */
  versionId: string;
  marker: boolean;
  modified: Date;
  etag: string;
  size: number;
  blob?: Blob;
  storageClass: sdk.StorageClass;
  /** Content-Type and its kind, as they are given back. */
  headers: Pick<
    sdk.HeadObjectOutput,
    | "ContentType"
    | "CacheControl"
    | "ContentDisposition"
    | "ContentEncoding"
    | "ContentLanguage"
    | "ExpiresString"
    | "WebsiteRedirectLocation"
  >;
  encryption: Pick<
    sdk.HeadObjectOutput,
    "ServerSideEncryption" | "SSEKMSKeyId" | "BucketKeyEnabled" | "SSECustomerAlgorithm" | "SSECustomerKeyMD5"
  >;
  metadata: Record<string, string>;
  tags: Record<string, string>;
  checksums: Record<string, string>;
  checksumType?: sdk.ChecksumType;
  parts?: { PartNumber: number; Size: number; checksums: Record<string, string> }[];
  retention?: { Mode: sdk.ObjectLockRetentionMode; RetainUntilDate: Date };
  legalHold: boolean;
  /** Set when an ACL other than the private one was asked for. */
  grants?: sdk.Grant[];
  /** Of archived objects: a readable copy that is being made, or is there until it expires. */
  restore?: { request: string; ongoing: boolean; expires?: Date };
};

/** What is known of a version before its body is. */
export type Description = Omit<Version, "versionId" | "etag" | "size" | "blob" | "checksums" | "checksumType" | "encryption">;

export type Part = { PartNumber: number; LastModified: Date; blob: Blob; etag: string };

export type Upload = {
  key: string;
  uploadId: string;
  initiated: Date;
  initiator: string;
  description: Description;
  encryption: Version["encryption"];
  checksumAlgorithm?: sdk.ChecksumAlgorithm;
  checksumType?: sdk.ChecksumType;
  parts: Map<number, Part>;
};

export type Bucket = {
  name: string;
  region: string;
  account: string;
  created: Date;
  versioning?: sdk.BucketVersioningStatus;
  objectLock: boolean;
  /** In S3's order: those that have a version or a marker. */
  keys: string[];
  /** By key, the newest version first. */
  objects: Map<string, Version[]>;
  uploads: Map<string, Upload>;
  policy?: string;
  tags: Record<string, string>;
  /** Everything else that is set on a bucket, by the name of its operation. */
  settings: Map<string, any>;
};

export const state = () => ({ buckets: new Map<string, Bucket>() });
export type State = ReturnType<typeof state>;
type Restoration = { bucket: string; key: string; versionId: string; request: string };
export type Timers = { restored: Restoration & { days: number }; restoreExpired: Restoration };
export type Here = Call<State, Timers>;
export type S3Operations = Operations<sdk.S3, State, Timers>;

/** The account's canonical user id: opaque to users, 64 hexadecimal digits. */
export const canonicalId = (account: string): string => createHash("sha256").update(`canonical ${account}`).digest("hex");

export const ownerOf = (account: string): sdk.Owner => ({ ID: canonicalId(account) });

export const noSuchBucket = (name: string) =>
  new AwsError("NoSuchBucket", "The specified bucket does not exist", 404, { BucketName: name });

/** The bucket, for a caller in its region: another is sent there. Services reach it from anywhere. */
export function findBucket(call: Here, name: string, expectedOwner?: string): Bucket {
  const bucket = call.state.buckets.get(name);
  if (!bucket) throw noSuchBucket(name);
  if (bucket.region !== call.region && call.region !== "" && !call.principal.service) throw elsewhere(bucket);
  if (bucket.account !== call.account || (expectedOwner !== undefined && expectedOwner !== bucket.account))
    throw new AwsError("AccessDenied", "Access Denied", 403);
  return bucket;
}

// docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html
export const elsewhere = ({ name, region }: Bucket) =>
  new AwsError(
    "PermanentRedirect",
    "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.",
    301,
    {
      Endpoint: `${name}.s3.${region}.amazonaws.com`,
      Bucket: name,
      headers: { "x-amz-bucket-region": region },
    },
  );

export const versioned = (bucket: Bucket): boolean => bucket.versioning !== undefined;

export const current = (bucket: Bucket, key: string): Version | undefined => bucket.objects.get(key)?.[0];

/** Puts a version on top of its key; one with the null id takes the place of the null version before it. */
export function putVersion(bucket: Bucket, key: string, version: Version): void {
  const versions = bucket.objects.get(key);
  if (!versions) {
    bucket.objects.set(key, [version]);
    insert(bucket.keys, key);
    return;
  }
  if (version.versionId === "null") dropNull(versions);
  versions.unshift(version);
}

function dropNull(versions: Version[]): void {
  const index = versions.findIndex(({ versionId }) => versionId === "null");
  if (index >= 0) versions.splice(index, 1);
}

export function removeVersion(bucket: Bucket, key: string, versionId: string): void {
  const versions = bucket.objects.get(key);
  if (!versions) return;
  const index = versions.findIndex((version) => version.versionId === versionId);
  if (index >= 0) versions.splice(index, 1);
  if (versions.length > 0) return;
  bucket.objects.delete(key);
  remove(bucket.keys, key);
}

export const noSuchKey = (key: string) => new AwsError("NoSuchKey", "The specified key does not exist.", 404, { Key: key });

// docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html: opaque, URL-ready; S3's own have 32 characters
const VERSION_ID = /^(null|[A-Za-z0-9._-]{32})$/;

export function checkVersionId(versionId: string | undefined): void {
  if (versionId === "") throw invalidArgument("Version id cannot be the empty string", "versionId", versionId);
  if (versionId !== undefined && !VERSION_ID.test(versionId)) throw invalidArgument("Invalid version id specified", "versionId", versionId);
}

/** The version that a request means; a delete marker only when it is named by its id, and not where an `object` is wanted. */
export function findVersion(bucket: Bucket, key: string, versionId?: string, wanted: "any" | "object" = "any"): Version {
  checkVersionId(versionId);
  const versions = bucket.objects.get(key);
  if (versionId === undefined) return findNewest(versions?.[0], key);
  const version = versions?.find((each) => each.versionId === versionId);
  if (!version) throw new AwsError("NoSuchVersion", "The specified version does not exist.", 404, { Key: key, VersionId: versionId });
  if (version.marker && wanted === "object") throw notOnMarker(version);
  return version;
}

function findNewest(newest: Version | undefined, key: string): Version {
  if (!newest) throw noSuchKey(key);
  if (!newest.marker) return newest;
  const headers = { "x-amz-delete-marker": "true", "x-amz-version-id": newest.versionId };
  throw new AwsError("NoSuchKey", "The specified key does not exist.", 404, { Key: key, headers });
}

// S3-06: docs.aws.amazon.com/AmazonS3/latest/userguide/DeleteMarker.html
function notOnMarker({ versionId, modified }: Version): AwsError {
  const headers = {
    "x-amz-delete-marker": "true",
    "x-amz-version-id": versionId,
    "last-modified": modified.toUTCString(),
    allow: "DELETE",
  };
  return new AwsError("MethodNotAllowed", "The specified method is not allowed against this resource.", 405, {
    Method: "GET",
    ResourceType: "DeleteMarker",
    headers,
  });
}

/** `VersionId` in an answer: only of buckets that have known versioning. */
export const versionIdOf = (bucket: Bucket, { versionId }: Version): string | undefined => (versioned(bucket) ? versionId : undefined);

/** The id for a new version under the bucket's present setting. */
export const newVersionId = (call: Here, bucket: Bucket): string => (bucket.versioning === "Enabled" ? call.token(32) : "null");

/** S3 keeps moments by the second. */
export const wholeSeconds = (at: Date): Date => new Date(Math.floor(at.getTime() / 1000) * 1000);
