/** From an upload's headers to a version, and from a version to the headers of an answer. */
import type * as sdk from "@aws-sdk/client-s3";
import type { Blob } from "../../blobs.ts";
import { checksum } from "../../checksums.ts";
import { AwsError } from "../../service.ts";
import { grantsOf } from "./acl.ts";
import { newVersionId, putVersion, versionIdOf, wholeSeconds, type Bucket, type Description, type Here, type Version } from "./bucket.ts";
import { locksOf } from "./lock.ts";
import { invalidArgument } from "./refusals.ts";
import { headerTags } from "./tagging.ts";

/** What PutObject, CopyObject and CreateMultipartUpload have in common. */
type Asked = Pick<
  sdk.PutObjectRequest,
  | "ACL"
  | "GrantFullControl"
  | "GrantRead"
  | "GrantReadACP"
  | "GrantWriteACP"
  | "ContentType"
  | "CacheControl"
  | "ContentDisposition"
  | "ContentEncoding"
  | "ContentLanguage"
  | "WebsiteRedirectLocation"
  | "Metadata"
  | "StorageClass"
  | "Tagging"
  | "ObjectLockMode"
  | "ObjectLockRetainUntilDate"
  | "ObjectLockLegalHoldStatus"
> & { Expires?: unknown };

const CLASSES = new Set<string>([
  "STANDARD",
  "REDUCED_REDUNDANCY",
  "STANDARD_IA",
  "ONEZONE_IA",
  "INTELLIGENT_TIERING",
  "GLACIER",
  "DEEP_ARCHIVE",
  "GLACIER_IR",
]);

// docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html: 2 KB of names and values; a redirect of at most 2 KB
const METADATA_MAX = 2048;
const REDIRECT_MAX = 2048;

/** Everything of a version but its body and its encryption; checks all of it. */
export function describe(call: Here, bucket: Bucket, input: Asked): Description {
  const metadata = input.Metadata ?? {};
  const size = Object.entries(metadata).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0);
  if (size > METADATA_MAX) {
    const members = { Size: size, MaxSizeAllowed: METADATA_MAX };
    throw new AwsError("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size", 400, members);
  }
  const storageClass = input.StorageClass ?? "STANDARD";
  if (!CLASSES.has(storageClass)) {
    const members = { StorageClassRequested: storageClass };
    throw new AwsError("InvalidStorageClass", "The storage class you specified is not valid", 400, members);
  }
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
      WebsiteRedirectLocation: redirect(input.WebsiteRedirectLocation),
    },
    metadata: Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name.toLowerCase(), value])),
    tags: headerTags(input.Tagging),
    grants: grantsOf(bucket, input),
    ...locksOf(call, bucket, input),
  };
}

function redirect(location: string | undefined): string | undefined {
  if (location === undefined) return undefined;
  if (!/^(https?:\/\/|\/)/.test(location)) {
    throw new AwsError(
      "InvalidRedirectLocation",
      "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.",
      400,
    );
  }
  if (location.length > REDIRECT_MAX) {
    throw new AwsError("InvalidRedirectLocation", "The length of website redirect location cannot exceed 2,048 characters.", 400);
  }
  return location;
}

/** The transfer's own encoding is not kept. */
function storedEncoding(encoding: string | undefined): string | undefined {
  const kept = (encoding ?? "")
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "" && each !== "aws-chunked");
  return kept.length > 0 ? kept.join(",") : undefined;
}

/** The ETag: the body's MD5 where S3 holds the key, otherwise opaque. docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html */
export function etagOf(call: Here, blob: Blob, { ServerSideEncryption }: Version["encryption"]): string {
  return ServerSideEncryption === "AES256" ? blob.md5 : Buffer.from(call.bytes(16)).toString("hex");
}

/** What a body carries in checksums: those it came with, else S3's own choice. checking-object-integrity-upload.html */
export function bodyChecksums(call: Here, blob: Blob): Version["checksums"] {
  return Object.keys(blob.checksums).length > 0 ? blob.checksums : { CRC64NVME: checksum("CRC64NVME", call.body(blob))! };
}

/** Puts a version with a body; everything has been checked. */
export function addVersion(call: Here, bucket: Bucket, key: string, made: Omit<Version, "versionId" | "size">): Version {
  const version: Version = { ...made, versionId: newVersionId(call, bucket), size: made.blob!.size };
  putVersion(bucket, key, version);
  return version;
}

const CHECKSUM_MEMBERS = {
  CRC32: "ChecksumCRC32",
  CRC32C: "ChecksumCRC32C",
  CRC64NVME: "ChecksumCRC64NVME",
  SHA1: "ChecksumSHA1",
  SHA256: "ChecksumSHA256",
} as const;

type Algorithm = keyof typeof CHECKSUM_MEMBERS;
export type ChecksumMembers = Pick<sdk.HeadObjectOutput, (typeof CHECKSUM_MEMBERS)[Algorithm]>;

export const isAlgorithm = (name: string): name is Algorithm => name in CHECKSUM_MEMBERS;

export function checkAlgorithm(name: string | undefined): void {
  if (name === undefined || isAlgorithm(name)) return;
  throw invalidArgument(
    "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]",
    "x-amz-checksum-algorithm",
    name,
  );
}

export function checksumMembers(checksums: Record<string, string>): ChecksumMembers {
  return Object.fromEntries(Object.entries(checksums).map(([name, value]) => [CHECKSUM_MEMBERS[name as Algorithm], value]));
}

/** The checksum of that algorithm among an input's or an answer's members. */
export const memberOf = (members: ChecksumMembers, algorithm: string): string | undefined =>
  members[CHECKSUM_MEMBERS[algorithm as Algorithm]];

/** `ongoing-request="false", expiry-date="Fri, 21 Dec 2012 00:00:00 GMT"`: API_HeadObject */
function restoreHeader({ restore }: Version): string | undefined {
  if (!restore) return undefined;
  return restore.ongoing ? 'ongoing-request="true"' : `ongoing-request="false", expiry-date="${restore.expires!.toUTCString()}"`;
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
    Restore: restoreHeader(version),
    VersionId: versionIdOf(bucket, version),
    TagCount: tagCount > 0 ? tagCount : undefined,
    ObjectLockMode: retention?.Mode,
    ObjectLockRetainUntilDate: retention?.RetainUntilDate,
    ObjectLockLegalHoldStatus: version.legalHold ? "ON" : undefined,
  } satisfies Partial<sdk.HeadObjectOutput>;
}
