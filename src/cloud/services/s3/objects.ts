/** Objects: put, get, head, attributes. docs.aws.amazon.com/AmazonS3/latest/userguide/uploading-downloading-objects.html */
import type * as sdk from "@aws-sdk/client-s3";
import type { Blob } from "../../blobs.ts";
import { AwsError } from "../../service.ts";
import { findBucket, findVersion, versionIdOf, type Here, type S3Operations, type Version } from "./bucket.ts";
import { checkRead, checkWrite } from "./conditions.ts";
import { checkDecryption, chooseEncryption, encryptionOf } from "./encryption.ts";
import { invalidArgument, invalidRequest } from "./refusals.ts";
import { checkReadable } from "./restore.ts";
import { addVersion, bodyChecksums, checksumMembers, describe, etagOf, headersOf } from "./version.ts";

// docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html: 1,024 bytes of UTF-8
const KEY_MAX = 1024;
// docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html: 5 GB in one PUT, and for a part
const BODY_MAX = 5 * 1024 ** 3;

export function checkKey(key: string): void {
  const size = Buffer.byteLength(key);
  if (size > KEY_MAX) throw new AwsError("KeyTooLongError", "Your key is too long", 400, { Size: size, MaxSizeAllowed: KEY_MAX });
}

/** The body as the front has stored it; another service gives bytes or text. */
export function stored(call: Here, body: unknown): Blob {
  const blob = take(call, body);
  if (blob.size > BODY_MAX) {
    const members = { ProposedSize: blob.size, MaxSizeAllowed: BODY_MAX };
    throw new AwsError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", 400, members);
  }
  return blob;
}

function take(call: Here, body: unknown): Blob {
  if (body === undefined) return call.blobs.put(new Uint8Array());
  if (typeof body === "string") return call.blobs.put(Buffer.from(body));
  return body instanceof Uint8Array ? call.blobs.put(body) : (body as Blob);
}

type Range = { start: number; end: number };

/** The part of a body that a Range header means, both ends included. */
function rangeOf(range: string | undefined, size: number): Range | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(range ?? "") ?? [];
  if (first === undefined || last === undefined || first + last === "") return undefined; // what can't be read is ignored: RFC 9110, 14.2
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (start >= size) {
    const members = { RangeRequested: range, ActualObjectSize: size, headers: { "content-range": `bytes */${size}` } };
    throw new AwsError("InvalidRange", "The requested range is not satisfiable", 416, members);
  }
  return { start, end };
}

/** The bytes of a part; an object that was put whole has one. */
function partRange({ parts, size }: Version, number: number): Range | undefined {
  if (!Number.isInteger(number) || number < 1 || number > 10_000) {
    throw invalidArgument("Part number must be an integer between 1 and 10000, inclusive", "partNumber", number);
  }
  // Parts count from one in what was completed, whatever their numbers were.
  const sizes = parts?.map(({ Size }) => Size) ?? [size];
  const length = sizes[number - 1];
  if (length === undefined) {
    const members = { ActualPartCount: sizes.length, PartNumberRequested: number };
    throw new AwsError("InvalidPartNumber", "The requested partnumber is not satisfiable", 416, members);
  }
  const start = sizes.slice(0, number - 1).reduce((sum, each) => sum + each, 0);
  return length === 0 ? undefined : { start, end: start + length - 1 };
}

type Asked = Omit<sdk.GetObjectRequest, "Bucket" | "Key"> & { Bucket: string; Key: string };

/** What both GetObject and HeadObject do: find, check conditions, choose the range. */
function look(call: Here, input: Asked) {
  const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
  const version = findVersion(bucket, input.Key, input.VersionId, "object");
  if (input.Range !== undefined && input.PartNumber !== undefined)
    throw invalidRequest("Cannot specify both Range header and partNumber query parameter");
  checkRead(input, version);
  checkDecryption(call, bucket, version, input);
  const range = input.PartNumber === undefined ? rangeOf(input.Range, version.size) : partRange(version, input.PartNumber);
  const whole = range === undefined || (range.start === 0 && range.end === version.size - 1);
  const answer = {
    ...headersOf(bucket, version, input.ChecksumMode === "ENABLED" && whole),
    ContentLength: range ? range.end - range.start + 1 : version.size,
    ContentRange: range ? `bytes ${range.start}-${range.end}/${version.size}` : undefined,
    // Only for those who ask by part: API_HeadObject
    PartsCount: input.PartNumber === undefined ? undefined : version.parts?.length,
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

const ATTRIBUTES = new Set(["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]);

/** The parts of an object that was uploaded in parts; each by itself only where its checksum is known: API_GetObjectAttributes */
function partsOf(
  { parts }: Version,
  { PartNumberMarker, MaxParts = 1000 }: { PartNumberMarker?: string; MaxParts?: number },
): sdk.GetObjectAttributesParts | undefined {
  if (!parts) return undefined;
  if (!parts.some(({ checksums }) => Object.keys(checksums).length > 0)) return { TotalPartsCount: parts.length };
  const from = Number(PartNumberMarker ?? 0);
  const rest = parts.filter(({ PartNumber }) => PartNumber > from);
  const page = rest.slice(0, Math.min(MaxParts, 1000));
  return {
    TotalPartsCount: parts.length,
    PartNumberMarker: String(from),
    NextPartNumberMarker: String(page.at(-1)?.PartNumber ?? 0),
    MaxParts: Math.min(MaxParts, 1000),
    IsTruncated: page.length < rest.length,
    Parts: page.map(({ PartNumber, Size, checksums }) => ({ PartNumber, Size, ...checksumMembers(checksums) })),
  };
}

export const objectOperations = {
  PutObject(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    checkKey(input.Key);
    const described = describe(call, bucket, input);
    const choice = chooseEncryption(bucket, input);
    checkWrite(bucket, input.Key, input);
    const blob = stored(call, input.Body);
    const encryption = encryptionOf(call, bucket, choice);
    const made = { ...described, encryption, blob, etag: etagOf(call, blob, encryption), checksums: bodyChecksums(call, blob) };
    const version = addVersion(call, bucket, input.Key, { ...made, checksumType: "FULL_OBJECT" });
    return {
      ETag: `"${version.etag}"`,
      VersionId: versionIdOf(bucket, version),
      ...encryption,
      ...checksumMembers(version.checksums),
      ChecksumType: version.checksumType,
    };
  },

  GetObject(call, input) {
    const { version, range, answer } = look(call, input);
    checkReadable(call, version);
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
    const version = findVersion(bucket, input.Key, input.VersionId, "object");
    checkDecryption(call, bucket, version, input);
    const wanted = new Set<string>(input.ObjectAttributes);
    if ([...wanted].some((name) => !ATTRIBUTES.has(name))) throw invalidArgument("Invalid attribute name specified.");
    const known = Object.keys(version.checksums).length > 0;
    return {
      LastModified: version.modified,
      VersionId: versionIdOf(bucket, version),
      ETag: wanted.has("ETag") ? version.etag : undefined,
      ObjectSize: wanted.has("ObjectSize") ? version.size : undefined,
      StorageClass: wanted.has("StorageClass") ? version.storageClass : undefined,
      Checksum: wanted.has("Checksum") && known ? { ...checksumMembers(version.checksums), ChecksumType: version.checksumType } : undefined,
      ObjectParts: wanted.has("ObjectParts") ? partsOf(version, input) : undefined,
    };
  },
} satisfies S3Operations;
