/** Copying objects inside S3: docs.aws.amazon.com/AmazonS3/latest/userguide/copy-object.html */
import { checksum } from "../../checksums.ts";
import { findBucket, findVersion, noSuchBucket, versionIdOf, type Here, type S3Operations, type Version } from "./bucket.ts";
import { checkCopy, checkWrite } from "./conditions.ts";
import { checkDecryption, chooseEncryption, encryptionOf } from "./encryption.ts";
import { checkKey } from "./objects.ts";
import { accessDenied, invalidArgument, invalidRequest } from "./refusals.ts";
import { checkReadable } from "./restore.ts";
import { addVersion, checkAlgorithm, checksumMembers, describe, etagOf } from "./version.ts";
import { headerTags } from "./tagging.ts";

// The page above: 5 GB in one operation
const COPY_MAX = 5 * 1024 ** 3;

type Asked = {
  CopySource: string;
  CopySourceIfMatch?: string;
  CopySourceIfNoneMatch?: string;
  CopySourceIfModifiedSince?: Date;
  CopySourceIfUnmodifiedSince?: Date;
  CopySourceSSECustomerAlgorithm?: string;
  CopySourceSSECustomerKey?: string;
  CopySourceSSECustomerKeyMD5?: string;
  ExpectedSourceBucketOwner?: string;
};

type Source = { source: Version; bucket: string; key: string; named: boolean; shown?: string };

const misnamed = () => invalidArgument("Copy Source must mention the source bucket and key: sourcebucket/sourcekey", "x-amz-copy-source");

/** `bucket/key?versionId=…`, encoded as in a URL. */
function parse(text: string): { name: string; key: string; versionId?: string } {
  const [path = "", versionId] = text.split("?versionId=", 2);
  let decoded: string;
  try {
    decoded = decodeURIComponent(path).replace(/^\//, "");
  } catch {
    throw misnamed();
  }
  const slash = decoded.indexOf("/");
  if (slash <= 0 || slash === decoded.length - 1) throw misnamed();
  return { name: decoded.slice(0, slash), key: decoded.slice(slash + 1), versionId };
}

/** The version that `x-amz-copy-source` names, when it may be read and the conditions on it hold. It may be in another region. */
export function sourceOf(call: Here, input: Asked): Source {
  const { name, key, versionId } = parse(input.CopySource);
  const bucket = call.state.buckets.get(name);
  if (!bucket) throw noSuchBucket(name);
  const owner = input.ExpectedSourceBucketOwner ?? call.account;
  if (bucket.account !== call.account || owner !== bucket.account) throw accessDenied();
  const source = findVersion(bucket, key, versionId);
  if (source.marker) throw invalidRequest("The source of a copy request may not specifically refer to a delete marker by version id.");
  checkCopy(
    {
      IfMatch: input.CopySourceIfMatch,
      IfNoneMatch: input.CopySourceIfNoneMatch,
      IfModifiedSince: input.CopySourceIfModifiedSince,
      IfUnmodifiedSince: input.CopySourceIfUnmodifiedSince,
    },
    source,
  );
  checkDecryption(call, bucket, source, {
    SSECustomerAlgorithm: input.CopySourceSSECustomerAlgorithm,
    SSECustomerKey: input.CopySourceSSECustomerKey,
    SSECustomerKeyMD5: input.CopySourceSSECustomerKeyMD5,
  });
  checkReadable(call, source);
  return { source, bucket: name, key, named: versionId !== undefined, shown: versionIdOf(bucket, source) };
}

/** The bytes of a source, or of the range of it that `x-amz-copy-source-range` names. */
export function copiedBytes(call: Here, source: Version, range: string | undefined): Uint8Array {
  if (range === undefined) return call.body(source.blob!);
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? [];
  if (first === undefined || last === undefined || Number(first) > Number(last)) {
    const form =
      "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy";
    throw invalidArgument(form, "x-amz-copy-source-range", range);
  }
  if (Number(last) >= source.size) {
    throw invalidArgument(`Range specified is not valid for source object of size: ${source.size}`, "x-amz-copy-source-range", range);
  }
  return call.body(source.blob!).subarray(Number(first), Number(last) + 1);
}

function directive(name: string, value: string | undefined): boolean {
  if (value !== undefined && value !== "COPY" && value !== "REPLACE")
    throw invalidArgument(`Unknown ${name} directive.`, `x-amz-${name}-directive`, value);
  return value === "REPLACE";
}

/** A copy is one piece, whatever its source was: a checksum of checksums becomes one of the whole. */
function copiedChecksums(call: Here, { blob, checksums, checksumType }: Version, asked: string | undefined): Version["checksums"] {
  const [kept = "CRC64NVME"] = Object.keys(checksums);
  const algorithm = asked ?? kept;
  if (algorithm === kept && checksums[kept] !== undefined && checksumType === "FULL_OBJECT") return checksums;
  return { [algorithm]: checksum(algorithm, call.body(blob!))! };
}

export const copyOperations = {
  CopyObject(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    checkKey(input.Key);
    checkAlgorithm(input.ChecksumAlgorithm);
    const replace = directive("metadata", input.MetadataDirective);
    const replaceTags = directive("tagging", input.TaggingDirective);
    const { source, ...from } = sourceOf(call, input);
    if (source.size > COPY_MAX)
      throw invalidRequest(`The specified copy source is larger than the maximum allowable size for a copy source: ${COPY_MAX}`);
    const itself = from.bucket === input.Bucket && from.key === input.Key && !from.named;
    if (
      itself &&
      !replace &&
      !input.StorageClass &&
      !input.ServerSideEncryption &&
      !input.SSECustomerAlgorithm &&
      !input.WebsiteRedirectLocation
    ) {
      throw invalidRequest(
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
      );
    }
    const described = describe(call, bucket, { ...input, Tagging: replaceTags ? input.Tagging : undefined });
    if (!replace) {
      described.metadata = { ...source.metadata };
      described.headers = { ...source.headers, WebsiteRedirectLocation: described.headers.WebsiteRedirectLocation };
    }
    described.tags = replaceTags ? headerTags(input.Tagging) : { ...source.tags };
    const choice = chooseEncryption(bucket, input);
    checkWrite(bucket, input.Key, input);
    const blob = source.blob!;
    const encryption = encryptionOf(call, bucket, choice);
    const checksums = copiedChecksums(call, source, input.ChecksumAlgorithm);
    const made = { ...described, encryption, blob, etag: etagOf(call, blob, encryption), checksums, checksumType: "FULL_OBJECT" as const };
    const version = addVersion(call, bucket, input.Key, made);
    return {
      CopyObjectResult: {
        ETag: `"${version.etag}"`,
        LastModified: version.modified,
        ...checksumMembers(checksums),
        ChecksumType: version.checksumType,
      },
      VersionId: versionIdOf(bucket, version),
      CopySourceVersionId: from.shown,
      ...encryption,
    };
  },
} satisfies S3Operations;
