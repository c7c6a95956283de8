/** What S3 keeps: buckets, the versions of their objects, unfinished uploads; and how each is found. */
import { createHash } from "node:crypto";
import type * as sdk from "@aws-sdk/client-s3";
import type { Blob } from "../../blobs.ts";
import { AwsError, type Call } from "../../service.ts";
import { insert, remove } from "./keys.ts";

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
  headers: Pick<sdk.HeadObjectOutput, "ContentType" | "CacheControl" | "ContentDisposition" | "ContentEncoding" | "ContentLanguage" | "ExpiresString" | "WebsiteRedirectLocation">;
  encryption: Pick<sdk.HeadObjectOutput, "ServerSideEncryption" | "SSEKMSKeyId" | "BucketKeyEnabled" | "SSECustomerAlgorithm" | "SSECustomerKeyMD5">;
  metadata: Record<string, string>;
  tags: Record<string, string>;
  checksums: Record<string, string>;
  checksumType?: sdk.ChecksumType;
  parts?: { PartNumber: number; Size: number; checksums: Record<string, string> }[];
  retention?: { Mode: sdk.ObjectLockRetentionMode; RetainUntilDate: Date };
  legalHold: boolean;
};

export type Part = { PartNumber: number; LastModified: Date; blob: Blob };

export type Upload = {
  key: string;
  uploadId: string;
  initiated: Date;
  initiator: string;
  input: sdk.CreateMultipartUploadRequest;
  parts: Map<number, Part>;
};

export type Bucket = {
  name: string;
  region: string;
  account: string;
  created: Date;
  versioning?: sdk.BucketVersioningStatus;
  mfaDelete?: sdk.MFADeleteStatus;
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
export type Here = Call<State>;

/** The account's canonical user id: opaque to users, 64 hexadecimal digits. */
export const canonicalId = (account: string): string => createHash("sha256").update(`canonical ${account}`).digest("hex");

export const ownerOf = (account: string): sdk.Owner => ({ ID: canonicalId(account) });

export const noSuchBucket = (name: string) => new AwsError("NoSuchBucket", "The specified bucket does not exist", 404, { BucketName: name });

/** The bucket, for a caller in its region: another is sent there. Services reach it from anywhere. */
export function findBucket(call: Here, name: string, expectedOwner?: string): Bucket {
  const bucket = call.state.buckets.get(name);
  if (!bucket) throw noSuchBucket(name);
  if (bucket.region !== call.region && call.region !== "" && !call.principal.service) throw elsewhere(bucket);
  if (bucket.account !== call.account || (expectedOwner !== undefined && expectedOwner !== bucket.account)) throw new AwsError("AccessDenied", "Access Denied", 403);
  return bucket;
}

// docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html
export const elsewhere = ({ name, region }: Bucket) =>
  new AwsError("PermanentRedirect", "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.", 301, {
    Endpoint: `${name}.s3.${region}.amazonaws.com`,
    Bucket: name,
    headers: { "x-amz-bucket-region": region },
  });

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

/** The version that a request means, which may be a delete marker only when it is named by its id. */
export function findVersion(bucket: Bucket, key: string, versionId?: string): Version {
  const versions = bucket.objects.get(key);
  if (versionId !== undefined) {
    const version = versions?.find((each) => each.versionId === versionId);
    if (version) return version;
    throw new AwsError("NoSuchVersion", "The specified version does not exist.", 404, { Key: key, VersionId: versionId });
  }
  const newest = versions?.[0];
  if (!newest) throw noSuchKey(key);
  if (newest.marker) {
    throw new AwsError("NoSuchKey", "The specified key does not exist.", 404, { Key: key, headers: { "x-amz-delete-marker": "true", "x-amz-version-id": newest.versionId } });
  }
  return newest;
}

/** `VersionId` in an answer: only of buckets that have known versioning. */
export const versionIdOf = (bucket: Bucket, { versionId }: Version): string | undefined => (versioned(bucket) ? versionId : undefined);

/** The id for a new version under the bucket's present setting. */
export const newVersionId = (call: Here, bucket: Bucket): string => (bucket.versioning === "Enabled" ? call.token(32) : "null");
