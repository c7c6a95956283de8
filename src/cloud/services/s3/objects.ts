/** Objects: put, get, head, copy, attributes. */
import type * as sdk from "@aws-sdk/client-s3";
import type { Blob } from "../../blobs.ts";
import { AwsError, type Operations } from "../../service.ts";
import { checkAclsAllowed } from "./buckets.ts";
import { findBucket, findVersion, newVersionId, noSuchKey, putVersion, versionIdOf, type Here, type State, type Version } from "./bucket.ts";
import { checkCopy, checkRead, checkWrite } from "./conditions.ts";
import { checksumMembers, describe, etagOf, headersOf } from "./version.ts";

// docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html: 1,024 bytes of UTF-8
const KEY_MAX = 1024;

export function checkKey(key: string): void {
  if (Buffer.byteLength(key) > KEY_MAX) throw new AwsError("KeyTooLongError", "Your key is too long", 400, { Size: Buffer.byteLength(key), MaxSizeAllowed: KEY_MAX });
}

/** The body as the front has stored it; another service gives bytes or text. */
export function stored(call: Here, body: unknown): Blob {
  if (body === undefined) return call.blobs.put(new Uint8Array());
  if (typeof body === "string") return call.blobs.put(Buffer.from(body));
  return body instanceof Uint8Array ? call.blobs.put(body) : (body as Blob);
}

/** The part of a body that a Range header or a part number means; both ends included. */
function rangeOf(range: string | undefined, size: number): { start: number; end: number } | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(range ?? "") ?? [];
  if (first === undefined || last === undefined || first + last === "") return undefined; // what can't be read is ignored: RFC 9110, 14.2
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== "" && last !== "" && Number(last) < start) return undefined;
  if (start >= size || (first === "" && Number(last) === 0)) {
    throw new AwsError("InvalidRange", "The requested range is not satisfiable", 416, { ActualObjectSize: size, RangeRequested: range, headers: { "content-range": `bytes */${size}` } });
  }
  return { start, end };
}

function partRange({ parts, size }: Version, number: number): { start: number; end: number } | undefined {
  if (!parts) {
    if (number === 1) return size > 0 ? { start: 0, end: size - 1 } : undefined;
    throw new AwsError("InvalidPartNumber", "The requested partnumber is not satisfiable", 416);
  }
  const index = parts.findIndex(({ PartNumber }) => PartNumber === number);
  if (index < 0) throw new AwsError("InvalidPartNumber", "The requested partnumber is not satisfiable", 416);
  const start = parts.slice(0, index).reduce((sum, { Size }) => sum + Size, 0);
  return { start, end: start + parts[index]!.Size - 1 };
}

type Asked = Omit<sdk.GetObjectRequest, "Bucket" | "Key"> & { Bucket: string; Key: string };

/** Who stored it under a key of their own brings that key again: docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html */
function checkCustomerKey({ SSECustomerAlgorithm, SSECustomerKeyMD5 }: Asked, { encryption }: Version): void {
  if (!encryption.SSECustomerAlgorithm) {
    if (SSECustomerAlgorithm !== undefined) throw new AwsError("InvalidRequest", "The encryption parameters are not applicable to this object.", 400);
    return;
  }
  if (SSECustomerAlgorithm === undefined) throw new AwsError("InvalidRequest", "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.", 400);
  if (SSECustomerKeyMD5 !== encryption.SSECustomerKeyMD5) throw new AwsError("AccessDenied", "Access Denied", 403);
}

/** What both GetObject and HeadObject do: find, check conditions, choose the range. */
function look(call: Here, input: Asked) {
  const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
  const version = findVersion(bucket, input.Key, input.VersionId);
  if (version.marker) {
    throw new AwsError("MethodNotAllowed", "The specified method is not allowed against this resource.", 405, { Method: "GET", headers: { "x-amz-delete-marker": "true", "x-amz-version-id": version.versionId, allow: "DELETE" } });
  }
  checkRead(input, version);
  checkCustomerKey(input, version);
  const range = input.PartNumber === undefined ? rangeOf(input.Range, version.size) : partRange(version, input.PartNumber);
  const answer = {
    ...headersOf(bucket, version, input.ChecksumMode === "ENABLED" && range === undefined),
    ContentLength: range ? range.end - range.start + 1 : version.size,
    ContentRange: range ? `bytes ${range.start}-${range.end}/${version.size}` : undefined,
    ...overrides(input),
  };
  return { version, range, answer };
}

/** `response-content-type` and its kind, which presigned URLs use. */
function overrides(input: Asked): Partial<sdk.GetObjectOutput> {
  const all: Partial<sdk.GetObjectOutput> = {
    ContentType: input.ResponseContentType,
    CacheControl: input.ResponseCacheControl,
    ContentDisposition: input.ResponseContentDisposition,
    ContentEncoding: input.ResponseContentEncoding,
    ContentLanguage: input.ResponseContentLanguage,
    Expires: input.ResponseExpires,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

export const objectOperations = {
  PutObject(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    checkKey(input.Key);
    if (input.ACL) checkAclsAllowed(bucket, input.ACL);
    checkWrite(bucket, input.Key, input);
    const described = describe(call, bucket, input);
    const blob = stored(call, input.Body);
    const version: Version = { ...described, versionId: newVersionId(call, bucket), blob, size: blob.size, etag: etagOf(call, blob, described.encryption), checksums: blob.checksums, checksumType: "FULL_OBJECT" };
    putVersion(bucket, input.Key, version);
    return { ETag: `"${version.etag}"`, VersionId: versionIdOf(bucket, version), ...version.encryption, ...checksumMembers(version.checksums), ChecksumType: version.checksumType };
  },

  GetObject(call, input) {
    const { version, range, answer } = look(call, input);
    return { ...answer, Body: { ...version.blob!, range } as never };
  },

  HeadObject(call, input) {
    try {
      return look(call, input).answer;
    } catch (error) {
      // A HEAD has no body to say more in: the code is that of its status.
      if (error instanceof AwsError && error.status === 404) throw new AwsError("NotFound", "", 404, error.members);
      throw error;
    }
  },

  GetObjectAttributes(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    const version = findVersion(bucket, input.Key, input.VersionId);
    if (version.marker) throw noSuchKey(input.Key);
    const wanted = new Set<string>(input.ObjectAttributes);
    const parts = version.parts ?? [];
    const from = Number(input.PartNumberMarker ?? 0);
    const page = parts.filter(({ PartNumber }) => PartNumber > from).slice(0, input.MaxParts ?? 1000);
    const more = page.length > 0 && page.at(-1)!.PartNumber < parts.at(-1)!.PartNumber;
    return {
      LastModified: version.modified,
      VersionId: versionIdOf(bucket, version),
      ETag: wanted.has("ETag") ? version.etag : undefined,
      ObjectSize: wanted.has("ObjectSize") ? version.size : undefined,
      StorageClass: wanted.has("StorageClass") ? version.storageClass : undefined,
      Checksum: wanted.has("Checksum") && Object.keys(version.checksums).length > 0 ? { ...checksumMembers(version.checksums), ChecksumType: version.checksumType } : undefined,
      ObjectParts:
        wanted.has("ObjectParts") && version.parts
          ? { TotalPartsCount: parts.length, PartNumberMarker: String(from), NextPartNumberMarker: String(page.at(-1)?.PartNumber ?? 0), MaxParts: input.MaxParts ?? 1000, IsTruncated: more, Parts: page.map(({ PartNumber, Size, checksums }) => ({ PartNumber, Size, ...checksumMembers(checksums) })) }
          : undefined,
    };
  },

  CopyObject(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    checkKey(input.Key);
    const { source, from } = sourceOf(call, input);
    const replace = input.MetadataDirective === "REPLACE";
    const changes = replace || input.StorageClass || input.ServerSideEncryption || input.WebsiteRedirectLocation || input.TaggingDirective === "REPLACE";
    if (from.bucket === input.Bucket && from.key === input.Key && from.versionId === undefined && !changes) {
      throw new AwsError("InvalidRequest", "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.", 400);
    }
    checkWrite(bucket, input.Key, input);
    const { ExpiresString, ...kept } = source.headers;
    const described = describe(call, bucket, replace ? input : { ...input, ...kept, Expires: ExpiresString === undefined ? undefined : new Date(ExpiresString), Metadata: source.metadata, WebsiteRedirectLocation: input.WebsiteRedirectLocation });
    if (input.TaggingDirective !== "REPLACE") described.tags = { ...source.tags };
    const blob = source.blob!;
    const version: Version = { ...described, versionId: newVersionId(call, bucket), blob, size: source.size, etag: etagOf(call, blob, described.encryption), checksums: { ...source.checksums }, checksumType: source.checksumType };
    putVersion(bucket, input.Key, version);
    return {
      CopyObjectResult: { ETag: `"${version.etag}"`, LastModified: version.modified, ...checksumMembers(version.checksums) },
      VersionId: versionIdOf(bucket, version),
      CopySourceVersionId: from.versionId ?? (source.versionId === "null" ? undefined : source.versionId),
      ...version.encryption,
    };
  },
} satisfies Operations<sdk.S3, State>;

type CopyInput = {
  CopySource: string;
  CopySourceIfMatch?: string;
  CopySourceIfNoneMatch?: string;
  CopySourceIfModifiedSince?: Date;
  CopySourceIfUnmodifiedSince?: Date;
};

/** The version that `x-amz-copy-source` names: `bucket/key?versionId=…`, encoded as in a URL. */
export function sourceOf(call: Here, input: CopyInput): { source: Version; from: { bucket: string; key: string; versionId?: string } } {
  const [path, version] = input.CopySource.split("?versionId=", 2) as [string, string?];
  let decoded: string;
  try {
    decoded = decodeURIComponent(path).replace(/^\//, "");
  } catch {
    throw new AwsError("InvalidArgument", "Copy Source must mention the source bucket and key: sourcebucket/sourcekey", 400);
  }
  const slash = decoded.indexOf("/");
  if (slash <= 0 || slash === decoded.length - 1) throw new AwsError("InvalidArgument", "Copy Source must mention the source bucket and key: sourcebucket/sourcekey", 400);
  const from = { bucket: decoded.slice(0, slash), key: decoded.slice(slash + 1), versionId: version };
  const bucket = call.state.buckets.get(from.bucket);
  if (!bucket) throw new AwsError("NoSuchBucket", "The specified bucket does not exist", 404, { BucketName: from.bucket });
  const source = findVersion(bucket, from.key, from.versionId);
  if (source.marker) throw new AwsError("InvalidRequest", "The source of a copy request may not specifically refer to a delete marker by version id.", 400);
  checkCopy({ IfMatch: input.CopySourceIfMatch, IfNoneMatch: input.CopySourceIfNoneMatch, IfModifiedSince: input.CopySourceIfModifiedSince, IfUnmodifiedSince: input.CopySourceIfUnmodifiedSince }, source);
  return { source, from };
}

/** The bytes of a source, or of the range of it that `x-amz-copy-source-range` names. */
export function copiedBytes(call: Here, source: Version, range: string | undefined): Uint8Array {
  const bytes = call.body(source.blob!);
  if (range === undefined) return bytes;
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? [];
  if (first === undefined || last === undefined) throw new AwsError("InvalidArgument", "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy", 400);
  if (Number(last) >= source.size || Number(first) > Number(last)) throw new AwsError("InvalidArgument", `Range specified is not valid for source object of size: ${source.size}`, 400);
  return bytes.subarray(Number(first), Number(last) + 1);
}
