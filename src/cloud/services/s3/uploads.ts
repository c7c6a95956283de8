/** Listing unfinished uploads and their parts: docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html, API_ListParts.html */
import type * as sdk from "@aws-sdk/client-s3";
import { findBucket, ownerOf, type Bucket, type S3Operations, type Upload } from "./bucket.ts";
import { compare } from "./keys.ts";
import { encoder, pageSize } from "./listing.ts";
import { findUpload } from "./multipart.ts";
import { invalidArgument } from "./refusals.ts";
import { checksumMembers } from "./version.ts";

type Window = { prefix: string; delimiter: string; keyMarker: string; uploadMarker: string; max: number };
type Page = { uploads: Upload[]; prefixes: string[]; next?: { key: string; uploadId: string } };

/** By key, and under one key in the order in which they began. */
function sorted({ uploads }: Bucket): Upload[] {
  return [...uploads.values()].sort((a, b) => compare(a.key, b.key) || a.initiated.getTime() - b.initiated.getTime());
}

/** Those behind the markers: without an upload's id, the whole marked key is left behind. */
function behind(all: Upload[], { keyMarker, uploadMarker }: Window): Upload[] {
  if (keyMarker === "") return all;
  const marked = uploadMarker === "" ? -1 : all.findIndex(({ key, uploadId }) => key === keyMarker && uploadId === uploadMarker);
  if (marked >= 0) return all.slice(marked + 1);
  return all.filter(({ key }) => compare(key, keyMarker) > 0);
}

function page(bucket: Bucket, window: Window): Page {
  const { prefix, delimiter, keyMarker, max } = window;
  const found: Page = { uploads: [], prefixes: [] };
  let last = { key: "", uploadId: "" };
  for (const upload of behind(sorted(bucket), window)) {
    if (!upload.key.startsWith(prefix)) continue;
    const end = delimiter === "" ? -1 : upload.key.indexOf(delimiter, prefix.length);
    const common = end < 0 ? undefined : upload.key.slice(0, end + delimiter.length);
    if (common !== undefined && (found.prefixes.at(-1) === common || keyMarker.startsWith(common))) continue;
    if (found.uploads.length + found.prefixes.length === max) return { ...found, next: last };
    if (common === undefined) found.uploads.push(upload);
    else found.prefixes.push(common);
    last = { key: common ?? upload.key, uploadId: common === undefined ? upload.uploadId : "" };
  }
  return found;
}

export const uploadOperations = {
  ListMultipartUploads(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    const { Prefix = "", KeyMarker = "", UploadIdMarker = "", Delimiter = "" } = input;
    const max = pageSize(input.MaxUploads, "max-uploads");
    const encode = encoder(input.EncodingType);
    const { uploads, prefixes, next } = page(bucket, {
      prefix: Prefix,
      delimiter: Delimiter,
      keyMarker: KeyMarker,
      uploadMarker: UploadIdMarker,
      max,
    });
    const owner = ownerOf(bucket.account);
    return {
      Bucket: input.Bucket,
      Prefix: encode(Prefix),
      Delimiter: input.Delimiter === undefined ? undefined : encode(Delimiter),
      KeyMarker: encode(KeyMarker),
      UploadIdMarker,
      MaxUploads: max,
      EncodingType: input.EncodingType,
      IsTruncated: next !== undefined && max > 0,
      NextKeyMarker: next && encode(next.key),
      NextUploadIdMarker: next?.uploadId,
      CommonPrefixes: prefixes.map((each) => ({ Prefix: encode(each) })),
      Uploads: uploads.map(({ key, uploadId, initiated, initiator, description, checksumAlgorithm, checksumType }) => ({
        Key: encode(key),
        UploadId: uploadId,
        Initiated: initiated,
        StorageClass: description.storageClass,
        Owner: owner,
        Initiator: { ID: initiator, DisplayName: initiator },
        ChecksumAlgorithm: checksumAlgorithm,
        ChecksumType: checksumType,
      })),
    };
  },

  ListParts(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    const upload = findUpload(bucket, input.Key, input.UploadId);
    const after = Number(input.PartNumberMarker ?? 0);
    if (!Number.isInteger(after) || after < 0)
      throw invalidArgument(
        "Argument part-number-marker must be an integer between 0 and 2147483647",
        "part-number-marker",
        input.PartNumberMarker,
      );
    const max = pageSize(input.MaxParts, "max-parts");
    const rest = [...upload.parts.values()].filter(({ PartNumber }) => PartNumber > after).sort((a, b) => a.PartNumber - b.PartNumber);
    const shown = rest.slice(0, max);
    return {
      Bucket: input.Bucket,
      Key: input.Key,
      UploadId: input.UploadId,
      PartNumberMarker: String(after),
      NextPartNumberMarker: String(shown.at(-1)?.PartNumber ?? 0),
      MaxParts: max,
      IsTruncated: shown.length < rest.length && max > 0,
      Parts: shown.map(({ PartNumber, LastModified, etag, blob }): sdk.Part => ({
        PartNumber,
        LastModified,
        ETag: `"${etag}"`,
        Size: blob.size,
        ...checksumMembers(blob.checksums),
      })),
      Initiator: { ID: upload.initiator, DisplayName: upload.initiator },
      Owner: ownerOf(bucket.account),
      StorageClass: upload.description.storageClass,
      ChecksumAlgorithm: upload.checksumAlgorithm,
      ChecksumType: upload.checksumType,
    };
  },
} satisfies S3Operations;
