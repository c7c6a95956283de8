/** From an upload's headers to a version, and from a version to the headers of an answer. */
import type * as sdk from "@aws-sdk/client-s3";
import type { Blob } from "../../blobs.ts";
import { AwsError } from "../../service.ts";
import { type Bucket, type Here, type Version, versionIdOf } from "./bucket.ts";
import { tagsFrom } from "./settings.ts";

/** What PutObject, CopyObject and CreateMultipartUpload have in common. */
export type Description = Pick<
  sdk.PutObjectRequest,
  | "ContentType"
  | "CacheControl"
  | "ContentDisposition"
  | "ContentEncoding"
  | "ContentLanguage"
  | "WebsiteRedirectLocation"
  | "Metadata"
  | "StorageClass"
  | "ServerSideEncryption"
  | "SSEKMSKeyId"
  | "BucketKeyEnabled"
  | "SSECustomerAlgorithm"
  | "SSECustomerKey"
  | "SSECustomerKeyMD5"
  | "Tagging"
  | "ObjectLockMode"
  | "ObjectLockRetainUntilDate"
  | "ObjectLockLegalHoldStatus"
> & { Expires?: unknown };

const CLASSES = new Set(["STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE", "GLACIER_IR"]);

// docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html: 2 KB of names and values
const METADATA_MAX = 2048;

/** Everything of a version but its body; checks all of it. */
export function describe(call: Here, bucket: Bucket, input: Description): Omit<Version, "versionId" | "etag" | "size" | "blob" | "checksums"> {
  const metadata = input.Metadata ?? {};
  const size = Object.entries(metadata).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0);
  if (size > METADATA_MAX) throw new AwsError("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size", 400, { Size: size, MaxSizeAllowed: METADATA_MAX });
  const storageClass = input.StorageClass ?? "STANDARD";
  if (!CLASSES.has(storageClass)) throw new AwsError("InvalidStorageClass", "The storage class you specified is not valid", 400);
  return {
    marker: false,
    modified: wholeSeconds(call.date),
    storageClass,
    headers: {
      ContentType: input.ContentType ?? "binary/octet-stream",
      CacheControl: input.CacheControl,
      ContentDisposition: input.ContentDisposition,
      ContentEncoding: storedEncoding(input.ContentEncoding),
      ContentLanguage: input.ContentLanguage,
      ExpiresString: input.Expires instanceof Date ? input.Expires.toUTCString() : undefined,
      WebsiteRedirectLocation: input.WebsiteRedirectLocation,
    },
    encryption: encryptionOf(call, bucket, input),
    metadata: Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name.toLowerCase(), value])),
    tags: tagsOf(input.Tagging),
    ...locksOf(call, bucket, input),
  };
}

/** S3 keeps moments by the second. */
const wholeSeconds = (at: Date) => new Date(Math.floor(at.getTime() / 1000) * 1000);

/** The transfer's own encoding is not kept. */
function storedEncoding(encoding: string | undefined): string | undefined {
  const kept = (encoding ?? "")
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "" && each !== "aws-chunked");
  return kept.length > 0 ? kept.join(",") : undefined;
}

function encryptionOf(call: Here, bucket: Bucket, input: Description): Version["encryption"] {
  if (input.SSECustomerAlgorithm) return { SSECustomerAlgorithm: input.SSECustomerAlgorithm, SSECustomerKeyMD5: input.SSECustomerKeyMD5 };
  const byDefault = bucket.settings.get("Encryption")?.Rules?.[0] as sdk.ServerSideEncryptionRule | undefined;
  const applied = byDefault?.ApplyServerSideEncryptionByDefault;
  const algorithm = input.ServerSideEncryption ?? applied?.SSEAlgorithm ?? "AES256";
  if (algorithm !== "AES256" && algorithm !== "aws:kms" && algorithm !== "aws:kms:dsse") throw new AwsError("InvalidArgument", "The encryption method specified is not supported", 400);
  if (algorithm === "AES256") return { ServerSideEncryption: "AES256" };
  const key = input.SSEKMSKeyId ?? (input.ServerSideEncryption === undefined || algorithm === applied?.SSEAlgorithm ? applied?.KMSMasterKeyID : undefined);
  return { ServerSideEncryption: algorithm, SSEKMSKeyId: key === undefined ? `arn:aws:kms:${bucket.region}:${call.account}:alias/aws/s3` : fullKey(call, bucket, key), BucketKeyEnabled: input.BucketKeyEnabled ?? byDefault?.BucketKeyEnabled };
}

const fullKey = (call: Here, { region }: Bucket, key: string) => (key.startsWith("arn:") ? key : `arn:aws:kms:${region}:${call.account}:${key.startsWith("alias/") ? key : `key/${key}`}`);

/** `a=1&b=2`, as the x-amz-tagging header has them. */
function tagsOf(tagging: string | undefined): Record<string, string> {
  return tagsFrom([...new URLSearchParams(tagging ?? "")].map(([Key, Value]) => ({ Key, Value })), 10); // 10 tags an object: object-tagging.html
}

// docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
function locksOf(call: Here, bucket: Bucket, { ObjectLockMode, ObjectLockRetainUntilDate, ObjectLockLegalHoldStatus }: Description): Pick<Version, "retention" | "legalHold"> {
  if ((ObjectLockMode ?? ObjectLockLegalHoldStatus) !== undefined && !bucket.objectLock) throw new AwsError("InvalidRequest", "Bucket is missing Object Lock Configuration", 400);
  if ((ObjectLockMode === undefined) !== (ObjectLockRetainUntilDate === undefined)) throw new AwsError("InvalidArgument", "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied", 400);
  const legalHold = ObjectLockLegalHoldStatus === "ON";
  if (ObjectLockMode && ObjectLockRetainUntilDate) {
    if (ObjectLockRetainUntilDate <= call.date) throw new AwsError("InvalidArgument", "The retain until date must be in the future!", 400);
    return { retention: { Mode: ObjectLockMode, RetainUntilDate: ObjectLockRetainUntilDate }, legalHold };
  }
  const { Mode, Days, Years } = (bucket.settings.get("ObjectLockConfiguration") as sdk.ObjectLockConfiguration | undefined)?.Rule?.DefaultRetention ?? {};
  if (!Mode) return { legalHold };
  const until = call.date;
  until.setUTCDate(until.getUTCDate() + (Days ?? 0));
  until.setUTCFullYear(until.getUTCFullYear() + (Years ?? 0));
  return { retention: { Mode, RetainUntilDate: until }, legalHold };
}

/** The ETag: the body's MD5 where S3 or nobody holds the key, otherwise opaque. docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html */
export function etagOf(call: Here, blob: Blob, { ServerSideEncryption, SSECustomerAlgorithm }: Version["encryption"]): string {
  if (ServerSideEncryption === "AES256" && !SSECustomerAlgorithm) return blob.md5;
  return Buffer.from(call.bytes(16)).toString("hex");
}

const CHECKSUM_MEMBERS = { CRC32: "ChecksumCRC32", CRC32C: "ChecksumCRC32C", CRC64NVME: "ChecksumCRC64NVME", SHA1: "ChecksumSHA1", SHA256: "ChecksumSHA256" } as const;

export function checksumMembers(checksums: Record<string, string>): Pick<sdk.HeadObjectOutput, "ChecksumCRC32" | "ChecksumCRC32C" | "ChecksumCRC64NVME" | "ChecksumSHA1" | "ChecksumSHA256"> {
  return Object.fromEntries(Object.entries(checksums).map(([name, value]) => [CHECKSUM_MEMBERS[name as keyof typeof CHECKSUM_MEMBERS], value]));
}

/** What GetObject and HeadObject say of a version, less its length and range. */
export function headersOf(bucket: Bucket, version: Version, checksums: boolean) {
  const { headers, encryption, retention } = version;
  const { ExpiresString, ...rest } = headers;
  const tagCount = Object.keys(version.tags).length;
  return {
    ...rest,
    Expires: ExpiresString === undefined ? undefined : new Date(ExpiresString),
    ...encryption,
    ...(checksums ? { ...checksumMembers(version.checksums), ChecksumType: version.checksumType } : {}),
    ETag: `"${version.etag}"`,
    LastModified: version.modified,
    Metadata: version.metadata,
    AcceptRanges: "bytes",
    StorageClass: version.storageClass === "STANDARD" ? undefined : version.storageClass,
    VersionId: versionIdOf(bucket, version),
    TagCount: tagCount > 0 ? tagCount : undefined,
    PartsCount: version.parts?.length,
    ObjectLockMode: retention?.Mode,
    ObjectLockRetainUntilDate: retention?.RetainUntilDate,
    ObjectLockLegalHoldStatus: bucket.objectLock ? (version.legalHold ? "ON" : "OFF") : undefined,
  } satisfies Partial<sdk.HeadObjectOutput>;
}
