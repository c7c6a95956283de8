/** Multipart uploads: begin, bring parts, complete, abort. docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html */
import { createHash } from "node:crypto";
import type * as sdk from "@aws-sdk/client-s3";
import type { Blob } from "../../blobs.ts";
import { checksum } from "../../checksums.ts";
import { AwsError } from "../../service.ts";
import {
  findBucket,
  versionIdOf,
  wholeSeconds,
  type Bucket,
  type Here,
  type Part,
  type S3Operations,
  type Upload,
  type Version,
} from "./bucket.ts";
import { checkWrite } from "./conditions.ts";
import { copiedBytes, sourceOf } from "./copies.ts";
import { chooseEncryption, encryptionOf } from "./encryption.ts";
import { checkKey, stored } from "./objects.ts";
import { invalidArgument, invalidRequest, malformedXml } from "./refusals.ts";
import { addVersion, checkAlgorithm, checksumMembers, describe, etagOf, memberOf, type ChecksumMembers } from "./version.ts";

// docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html: parts of 5 MiB but for the last, at most 10,000
const PART_MIN = 5 * 1024 * 1024;
const PARTS_MAX = 10_000;

export function findUpload(bucket: Bucket, key: string, uploadId: string): Upload {
  const upload = bucket.uploads.get(uploadId);
  if (upload?.key === key) return upload;
  const message = "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.";
  throw new AwsError("NoSuchUpload", message, 404, { UploadId: uploadId });
}

function checkNumber(number: number): void {
  if (Number.isInteger(number) && number >= 1 && number <= PARTS_MAX) return;
  throw invalidArgument("Part number must be an integer between 1 and 10000, inclusive", "partNumber", number);
}

/** The upload's algorithm and type; each algorithm allows some types only: checking-object-integrity-upload.html */
function checksumChoice({
  ChecksumAlgorithm: algorithm,
  ChecksumType: type,
}: sdk.CreateMultipartUploadRequest): Pick<Upload, "checksumAlgorithm" | "checksumType"> {
  checkAlgorithm(algorithm);
  if (algorithm === undefined) {
    if (type !== undefined)
      throw invalidRequest("The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.");
    return {};
  }
  const composite = algorithm !== "CRC64NVME";
  const full = algorithm.startsWith("CRC");
  const checksumType = type ?? (composite ? "COMPOSITE" : "FULL_OBJECT");
  if ((checksumType === "COMPOSITE" && !composite) || (checksumType === "FULL_OBJECT" && !full)) {
    throw invalidRequest(`The ${checksumType} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`);
  }
  if (checksumType !== "COMPOSITE" && checksumType !== "FULL_OBJECT")
    throw invalidArgument("Value for x-amz-checksum-type header is invalid.");
  return { checksumAlgorithm: algorithm, checksumType };
}

/** A part's checksum is by the upload's algorithm, where it has one. */
function partChecksums({ checksumAlgorithm: wanted }: Upload, blob: Blob, bytes: () => Uint8Array): Record<string, string> {
  if (wanted === undefined) return blob.checksums;
  const [given] = Object.keys(blob.checksums);
  if (given !== undefined && given !== wanted) {
    throw invalidRequest(
      `Checksum Type mismatch occurred, expected checksum Type: ${wanted.toLowerCase()}, actual checksum Type: ${given.toLowerCase()}`,
    );
  }
  return given === undefined ? { [wanted]: checksum(wanted, bytes())! } : blob.checksums;
}

function putPart(call: Here, upload: Upload, number: number, blob: Blob): Part {
  const checksums = partChecksums(upload, blob, () => call.body(blob));
  const part: Part = {
    PartNumber: number,
    LastModified: wholeSeconds(call.date),
    blob: { ...blob, checksums },
    etag: etagOf(call, blob, upload.encryption),
  };
  upload.parts.set(number, part);
  return part;
}

/** The parts that a completion names, in their order, each checked against what was uploaded. */
function chosen(upload: Upload, named: readonly sdk.CompletedPart[]): Part[] {
  const { uploadId } = upload;
  if (named.length === 0) throw malformedXml();
  const parts = named.map(({ PartNumber = 0, ETag = "", ...members }, index) => {
    if (index > 0 && PartNumber <= (named[index - 1]!.PartNumber ?? 0)) {
      const message = "The list of parts was not in ascending order. Parts must be ordered by part number.";
      throw new AwsError("InvalidPartOrder", message, 400, { UploadId: uploadId });
    }
    const part = upload.parts.get(PartNumber);
    if (!part || part.etag !== ETag.replaceAll('"', "") || !checksumFits(upload, part, members)) {
      const message =
        "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.";
      throw new AwsError("InvalidPart", message, 400, { UploadId: uploadId, PartNumber, ETag: ETag.replaceAll('"', "") });
    }
    return part;
  });
  const small = parts.slice(0, -1).find(({ blob }) => blob.size < PART_MIN);
  if (small) {
    const members = { ProposedSize: small.blob.size, MinSizeAllowed: PART_MIN, PartNumber: small.PartNumber, ETag: small.etag };
    throw new AwsError("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size", 400, members);
  }
  return parts;
}

/** A composite checksum is made of those that the completion repeats, so it must repeat them all. */
function checksumFits({ checksumAlgorithm, checksumType }: Upload, { PartNumber, blob }: Part, members: ChecksumMembers): boolean {
  if (checksumAlgorithm === undefined) return true;
  const given = memberOf(members, checksumAlgorithm);
  if (given !== undefined) return given === blob.checksums[checksumAlgorithm];
  if (checksumType !== "COMPOSITE") return true;
  throw invalidRequest(
    `The upload was created using a ${checksumAlgorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${PartNumber} in the request.`,
  );
}

/** The checksum of checksums and the number of parts, or one over the whole: checking-object-integrity-upload.html */
function wholeChecksum(
  { checksumAlgorithm: algorithm = "CRC64NVME", checksumType = "FULL_OBJECT" }: Upload,
  parts: readonly Part[],
  body: Uint8Array,
): Pick<Version, "checksums" | "checksumType"> {
  if (checksumType === "FULL_OBJECT") return { checksums: { [algorithm]: checksum(algorithm, body)! }, checksumType };
  const all = Buffer.concat(parts.map(({ blob }) => Buffer.from(blob.checksums[algorithm]!, "base64")));
  return { checksums: { [algorithm]: `${checksum(algorithm, all)}-${parts.length}` }, checksumType };
}

/** What the completion itself says of the whole. */
function checkWhole(
  input: sdk.CompleteMultipartUploadRequest,
  { checksums, checksumType }: Pick<Version, "checksums" | "checksumType">,
  size: number,
): void {
  if (input.MpuObjectSize !== undefined && input.MpuObjectSize !== size) {
    throw invalidRequest(
      `The provided 'x-amz-mp-object-size' header value ${input.MpuObjectSize} does not match what was computed: ${size}`,
    );
  }
  if (input.ChecksumType !== undefined && input.ChecksumType !== checksumType) {
    throw invalidRequest(
      `The upload was created using the ${checksumType} checksum mode. The complete request must use the same checksum mode.`,
    );
  }
  for (const [algorithm, value] of Object.entries(checksums)) {
    const given = memberOf(input, algorithm);
    if (given === undefined || given === value || given === value.replace(/-\d+$/, "")) continue;
    throw new AwsError("BadDigest", `The ${algorithm.toLowerCase()} you specified did not match the calculated checksum.`, 400);
  }
}

/** The MD5 of the parts' MD5s and their number; opaque under a key of KMS or of the customer. API_CompleteMultipartUpload */
function wholeEtag(call: Here, { encryption }: Upload, parts: readonly Part[]): string {
  const digest =
    encryption.ServerSideEncryption === "AES256"
      ? createHash("md5")
          .update(Buffer.concat(parts.map(({ blob }) => Buffer.from(blob.md5, "hex"))))
          .digest("hex")
      : Buffer.from(call.bytes(16)).toString("hex");
  return `${digest}-${parts.length}`;
}

function checkPartKey(
  { encryption }: Upload,
  { SSECustomerAlgorithm, SSECustomerKeyMD5 }: { SSECustomerAlgorithm?: string; SSECustomerKeyMD5?: string },
): void {
  if (encryption.SSECustomerAlgorithm === undefined && SSECustomerAlgorithm === undefined) return;
  if (encryption.SSECustomerKeyMD5 === SSECustomerKeyMD5) return;
  throw invalidRequest(
    "The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.",
  );
}

export const multipartOperations = {
  CreateMultipartUpload(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    checkKey(input.Key);
    const description = describe(call, bucket, input);
    const choice = checksumChoice(input);
    const encryption = encryptionOf(call, bucket, chooseEncryption(bucket, input));
    const uploadId = call.token(64);
    const { arn: initiator } = call.principal;
    bucket.uploads.set(uploadId, {
      key: input.Key,
      uploadId,
      initiated: call.date,
      initiator,
      description,
      encryption,
      ...choice,
      parts: new Map(),
    });
    return {
      Bucket: input.Bucket,
      Key: input.Key,
      UploadId: uploadId,
      ...encryption,
      ChecksumAlgorithm: choice.checksumAlgorithm,
      ChecksumType: choice.checksumType,
    };
  },

  UploadPart(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    const upload = findUpload(bucket, input.Key, input.UploadId);
    checkNumber(input.PartNumber);
    checkPartKey(upload, input);
    const { blob, etag } = putPart(call, upload, input.PartNumber, stored(call, input.Body));
    return { ETag: `"${etag}"`, ...upload.encryption, ...checksumMembers(blob.checksums) };
  },

  UploadPartCopy(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    const upload = findUpload(bucket, input.Key, input.UploadId);
    checkNumber(input.PartNumber);
    checkPartKey(upload, input);
    const { source, shown } = sourceOf(call, input);
    const bytes = copiedBytes(call, source, input.CopySourceRange);
    const { blob, etag, LastModified } = putPart(call, upload, input.PartNumber, stored(call, bytes));
    return {
      CopyPartResult: { ETag: `"${etag}"`, LastModified, ...checksumMembers(blob.checksums) },
      CopySourceVersionId: shown,
      ...upload.encryption,
    };
  },

  CompleteMultipartUpload(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    const upload = findUpload(bucket, input.Key, input.UploadId);
    const parts = chosen(upload, input.MultipartUpload?.Parts ?? []);
    checkWrite(bucket, input.Key, input);
    const body = parts.length === 1 ? call.body(parts[0]!.blob) : Buffer.concat(parts.map(({ blob }) => call.body(blob)));
    const checked = wholeChecksum(upload, parts, body);
    checkWhole(input, checked, body.byteLength);
    const { encryption, description } = upload;
    const version = addVersion(call, bucket, input.Key, {
      // Its date is that of the upload's beginning: docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
      ...description,
      ...checked,
      encryption,
      blob: { ...call.blobs.put(body), checksums: checked.checksums },
      etag: wholeEtag(call, upload, parts),
      parts: parts.map(({ PartNumber, blob: { size, checksums } }) => ({
        PartNumber,
        Size: size,
        checksums: upload.checksumAlgorithm ? checksums : {},
      })),
    });
    bucket.uploads.delete(input.UploadId);
    const path = input.Key.split("/").map(encodeURIComponent).join("/");
    return {
      Location: `https://${input.Bucket}.s3.${bucket.region}.amazonaws.com/${path}`,
      Bucket: input.Bucket,
      Key: input.Key,
      ETag: `"${version.etag}"`,
      VersionId: versionIdOf(bucket, version),
      ServerSideEncryption: encryption.ServerSideEncryption,
      SSEKMSKeyId: encryption.SSEKMSKeyId,
      BucketKeyEnabled: encryption.BucketKeyEnabled,
      ...checksumMembers(version.checksums),
      ChecksumType: version.checksumType,
    };
  },

  AbortMultipartUpload(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    findUpload(bucket, input.Key, input.UploadId);
    bucket.uploads.delete(input.UploadId);
  },
} satisfies S3Operations;
