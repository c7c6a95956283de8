/** Multipart uploads: docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html, limits in qfacts.html */
import { createHash } from "node:crypto";
import type * as sdk from "@aws-sdk/client-s3";
import { checksumsOf } from "../../checksums.ts";
import { AwsError, type Operations } from "../../service.ts";
import { canonicalId, findBucket, newVersionId, putVersion, versionIdOf, type Bucket, type Here, type Part, type State, type Upload, type Version } from "./bucket.ts";
import { checkWrite } from "./conditions.ts";
import { compare } from "./keys.ts";
import { checkKey, copiedBytes, sourceOf, stored } from "./objects.ts";
import { checksumMembers, describe } from "./version.ts";

const PART_MIN = 5 * 1024 * 1024;
const PARTS_MAX = 10_000;
const UPLOADS_MAX = 1000;

function findUpload(bucket: Bucket, key: string, uploadId: string): Upload {
  const upload = bucket.uploads.get(uploadId);
  if (upload?.key === key) return upload;
  throw new AwsError("NoSuchUpload", "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.", 404, { UploadId: uploadId });
}

function checkNumber(number: number): void {
  if (!Number.isInteger(number) || number < 1 || number > PARTS_MAX) throw new AwsError("InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive", 400, { ArgumentName: "partNumber", ArgumentValue: number });
}

const member = (part: Part, algorithm: string): string | undefined => part.blob.checksums[algorithm];

/** The parts that a completion names, in their order, each checked against what was uploaded. */
function chosen(upload: Upload, named: readonly sdk.CompletedPart[]): Part[] {
  if (named.length === 0) throw new AwsError("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema", 400);
  const parts = named.map(({ PartNumber = 0, ETag = "" }, index) => {
    if (index > 0 && PartNumber <= (named[index - 1]!.PartNumber ?? 0)) throw new AwsError("InvalidPartOrder", "The list of parts was not in ascending order. Parts must be ordered by part number.", 400, { UploadId: upload.uploadId });
    const part = upload.parts.get(PartNumber);
    if (!part || part.blob.md5 !== ETag.replaceAll('"', "")) {
      throw new AwsError("InvalidPart", "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.", 400, { UploadId: upload.uploadId, PartNumber, ETag });
    }
    return part;
  });
  const small = parts.slice(0, -1).find(({ blob }) => blob.size < PART_MIN);
  if (small) throw new AwsError("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size", 400, { ProposedSize: small.blob.size, MinSizeAllowed: PART_MIN, PartNumber: small.PartNumber, ETag: small.blob.md5 });
  return parts;
}

/** The checksum of checksums and the number of parts, or over the whole for those that allow it: checking-object-integrity.html */
function wholeChecksum(call: Here, upload: Upload, parts: Part[], body: Uint8Array): Pick<Version, "checksums" | "checksumType"> {
  const algorithm = upload.input.ChecksumAlgorithm;
  if (!algorithm) return { checksums: checksumsOf({ "x-amz-checksum-algorithm": "CRC64NVME" }, body), checksumType: "FULL_OBJECT" };
  const type = upload.input.ChecksumType ?? (algorithm === "CRC64NVME" ? "FULL_OBJECT" : "COMPOSITE");
  if (type === "FULL_OBJECT") return { checksums: checksumsOf({ "x-amz-checksum-algorithm": algorithm }, body), checksumType: type };
  const digests = parts.map((part) => Buffer.from(member(part, algorithm) ?? checksumsOf({ "x-amz-checksum-algorithm": algorithm }, call.body(part.blob))[algorithm]!, "base64"));
  const [digest] = Object.values(checksumsOf({ "x-amz-checksum-algorithm": algorithm }, Buffer.concat(digests)));
  return { checksums: { [algorithm]: `${digest}-${parts.length}` }, checksumType: "COMPOSITE" };
}

function put(call: Here, upload: Upload, number: number, blob: Part["blob"]): Part {
  const part: Part = { PartNumber: number, LastModified: new Date(Math.floor(call.now / 1000) * 1000), blob };
  upload.parts.set(number, part);
  return part;
}

export const multipartOperations = {
  CreateMultipartUpload(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    checkKey(input.Key);
    const { encryption } = describe(call, bucket, input);
    const uploadId = call.token(64);
    bucket.uploads.set(uploadId, { key: input.Key, uploadId, initiated: call.date, initiator: call.principal.arn, input, parts: new Map() });
    return { Bucket: input.Bucket, Key: input.Key, UploadId: uploadId, ...encryption, ChecksumAlgorithm: input.ChecksumAlgorithm, ChecksumType: input.ChecksumType };
  },

  UploadPart(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    const upload = findUpload(bucket, input.Key, input.UploadId);
    checkNumber(input.PartNumber);
    const { blob } = put(call, upload, input.PartNumber, stored(call, input.Body));
    return { ETag: `"${blob.md5}"`, ServerSideEncryption: upload.input.ServerSideEncryption ?? "AES256", ...checksumMembers(blob.checksums) };
  },

  UploadPartCopy(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    const upload = findUpload(bucket, input.Key, input.UploadId);
    checkNumber(input.PartNumber);
    const { source } = sourceOf(call, input);
    const bytes = copiedBytes(call, source, input.CopySourceRange);
    const { blob, LastModified } = put(call, upload, input.PartNumber, call.blobs.put(bytes));
    return { CopyPartResult: { ETag: `"${blob.md5}"`, LastModified }, CopySourceVersionId: source.versionId === "null" ? undefined : source.versionId };
  },

  CompleteMultipartUpload(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    const upload = findUpload(bucket, input.Key, input.UploadId);
    const parts = chosen(upload, input.MultipartUpload?.Parts ?? []);
    checkWrite(bucket, input.Key, input);
    const described = describe(call, bucket, upload.input);
    const body = Buffer.concat(parts.map(({ blob }) => call.body(blob)));
    const blob = call.blobs.put(body);
    const checksum = wholeChecksum(call, upload, parts, body);
    const digests = Buffer.concat(parts.map((part) => Buffer.from(part.blob.md5, "hex")));
    const version: Version = {
      ...described,
      ...checksum,
      versionId: newVersionId(call, bucket),
      blob,
      size: blob.size,
      etag: `${createHash("md5").update(digests).digest("hex")}-${parts.length}`,
      parts: parts.map(({ PartNumber, blob: { size, checksums } }) => ({ PartNumber, Size: size, checksums })),
    };
    putVersion(bucket, input.Key, version);
    bucket.uploads.delete(input.UploadId);
    const Location = `https://${input.Bucket}.s3.${bucket.region}.amazonaws.com/${input.Key.split("/").map(encodeURIComponent).join("/")}`;
    return { Location, Bucket: input.Bucket, Key: input.Key, ETag: `"${version.etag}"`, VersionId: versionIdOf(bucket, version), ...version.encryption, ...checksumMembers(version.checksums), ChecksumType: version.checksumType };
  },

  AbortMultipartUpload(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    findUpload(bucket, input.Key, input.UploadId);
    bucket.uploads.delete(input.UploadId);
  },

  ListParts(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    const upload = findUpload(bucket, input.Key, input.UploadId);
    const after = Number(input.PartNumberMarker ?? 0);
    const max = Math.min(input.MaxParts ?? 1000, 1000);
    const all = [...upload.parts.values()].filter(({ PartNumber }) => PartNumber > after).sort((a, b) => a.PartNumber - b.PartNumber);
    const page = all.slice(0, max);
    return {
      Bucket: input.Bucket,
      Key: input.Key,
      UploadId: input.UploadId,
      PartNumberMarker: String(after),
      NextPartNumberMarker: String(page.at(-1)?.PartNumber ?? after),
      MaxParts: max,
      IsTruncated: page.length < all.length,
      Parts: page.map(({ PartNumber, LastModified, blob }) => ({ PartNumber, LastModified, ETag: `"${blob.md5}"`, Size: blob.size, ...checksumMembers(blob.checksums) })),
      Initiator: { ID: upload.initiator, DisplayName: upload.initiator },
      Owner: { ID: canonicalId(bucket.account) },
      StorageClass: upload.input.StorageClass ?? "STANDARD",
      ChecksumAlgorithm: upload.input.ChecksumAlgorithm,
      ChecksumType: upload.input.ChecksumType,
    };
  },

  ListMultipartUploads(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    const max = input.MaxUploads ?? UPLOADS_MAX;
    if (max < 0 || max > 2 ** 31 - 1) throw new AwsError("InvalidArgument", "Argument max-uploads must be an integer between 0 and 2147483647", 400, { ArgumentName: "max-uploads", ArgumentValue: max });
    const entries = uploadEntries(bucket, input);
    const page = entries.slice(0, Math.min(max, UPLOADS_MAX));
    const last = page.length < entries.length ? page.at(-1) : undefined;
    return {
      Bucket: input.Bucket,
      Prefix: input.Prefix ?? "",
      Delimiter: input.Delimiter,
      KeyMarker: input.KeyMarker ?? "",
      UploadIdMarker: input.UploadIdMarker ?? "",
      MaxUploads: Math.min(max, UPLOADS_MAX),
      IsTruncated: last !== undefined,
      NextKeyMarker: last && (last.upload?.key ?? last.prefix),
      NextUploadIdMarker: last?.upload?.uploadId,
      CommonPrefixes: page.flatMap(({ prefix }) => (prefix === undefined ? [] : { Prefix: prefix })),
      Uploads: page.flatMap(({ upload }) => (upload ? shown(bucket, upload) : [])),
    };
  },
} satisfies Operations<sdk.S3, State>;

function shown({ account }: Bucket, { key, uploadId, initiated, initiator, input }: Upload): sdk.MultipartUpload {
  return {
    Key: key,
    UploadId: uploadId,
    Initiated: initiated,
    StorageClass: input.StorageClass ?? "STANDARD",
    Owner: { ID: canonicalId(account) },
    Initiator: { ID: initiator, DisplayName: initiator },
    ChecksumAlgorithm: input.ChecksumAlgorithm,
    ChecksumType: input.ChecksumType,
  };
}

type Asked = { Prefix?: string; Delimiter?: string; KeyMarker?: string; UploadIdMarker?: string };
type Entry = { upload: Upload; prefix?: undefined } | { upload?: undefined; prefix: string };

/** Uploads by key and then by their begin, or the prefix that several share, behind the markers: API_ListMultipartUploads */
function uploadEntries(bucket: Bucket, { Prefix = "", Delimiter = "", KeyMarker = "", UploadIdMarker = "" }: Asked): Entry[] {
  const sorted = [...bucket.uploads.values()].sort((a, b) => compare(a.key, b.key) || a.initiated.getTime() - b.initiated.getTime() || compare(a.uploadId, b.uploadId));
  const marked = sorted.findIndex(({ key, uploadId }) => key === KeyMarker && uploadId === UploadIdMarker);
  const behind = ({ key, uploadId }: Upload, index: number) =>
    marked >= 0 ? index > marked : compare(key, KeyMarker) > 0 || (key === KeyMarker && UploadIdMarker !== "" && compare(uploadId, UploadIdMarker) > 0);
  const entries: Entry[] = [];
  const prefixes = new Set<string>();
  for (const upload of sorted.filter(behind)) {
    if (!upload.key.startsWith(Prefix)) continue;
    const end = Delimiter === "" ? -1 : upload.key.indexOf(Delimiter, Prefix.length);
    const prefix = end < 0 ? undefined : upload.key.slice(0, end + Delimiter.length);
    if (prefix === undefined) entries.push({ upload });
    // A marker that is this prefix, or lies in it, leaves all of it behind.
    else if (!prefixes.has(prefix) && !(KeyMarker !== "" && KeyMarker.startsWith(prefix))) entries.push({ prefix });
    if (prefix !== undefined) prefixes.add(prefix);
  }
  return entries;
}
