import { S3, type CopyObjectCommandInput } from "@aws-sdk/client-s3";
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { instant } from "../../../kernel/units.ts";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

const Bucket = "my-files";
async function connect() {
  const client = clients(new Cloud({ paranoid: true, start: instant("2026-03-01T10:00:00Z") }));
  const s3 = client(S3, { region: "eu-west-1" });
  await s3.createBucket({ Bucket, CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } });
  await s3.putObject({ Bucket, Key: "a", Body: "hello", ChecksumAlgorithm: "SHA256" });
  const copy = (options: Partial<CopyObjectCommandInput> = {}) =>
    s3.copyObject({ Bucket, Key: "b", CopySource: `${Bucket}/a`, ...options });
  const head = (Key = "b") => s3.headObject({ Bucket, Key, ChecksumMode: "ENABLED" });
  return { client, s3, copy, head };
}
const md5 = (text: string | Buffer) => `"${createHash("md5").update(text).digest("hex")}"`;

test("a copy has the source's checksum, or one by the algorithm that is asked for", async () => {
  const { copy, head } = await connect();
  const { CopyObjectResult } = await copy();
  expect(CopyObjectResult).toMatchObject({ ETag: md5("hello"), ChecksumSHA256: (await head("a")).ChecksumSHA256 });
  await copy({ ChecksumAlgorithm: "CRC32C" });
  // CRC-32C of "hello" is 9a71bb4c
  expect(await head()).toMatchObject({ ChecksumCRC32C: "mnG7TA==" });
  expect((await head()).ChecksumSHA256).toBeUndefined();
});

test("a copy of an object in parts is one piece: its ETag is the MD5, its checksum that of the whole", async () => {
  const { s3, copy, head } = await connect();
  const { UploadId } = await s3.createMultipartUpload({ Bucket, Key: "a", ChecksumAlgorithm: "SHA256" });
  const Body = Buffer.alloc(5 * 1024 * 1024, "x");
  const parts = [];
  for (const PartNumber of [1, 2]) {
    const { ETag, ChecksumSHA256 } = await s3.uploadPart({ Bucket, Key: "a", UploadId, PartNumber, Body, ChecksumAlgorithm: "SHA256" });
    parts.push({ PartNumber, ETag, ChecksumSHA256 });
  }
  await s3.completeMultipartUpload({ Bucket, Key: "a", UploadId, MultipartUpload: { Parts: parts } });
  const whole = Buffer.concat([Body, Body]);
  await copy();
  expect(await head()).toMatchObject({
    ETag: md5(whole),
    ChecksumSHA256: createHash("sha256").update(whole).digest("base64"),
    ChecksumType: "FULL_OBJECT",
  });
});

test("a copy comes from another region's bucket, but not from another account's", async () => {
  const { client, copy, head } = await connect();
  const far = client(S3, { region: "us-west-2" });
  await far.createBucket({ Bucket: "far-away", CreateBucketConfiguration: { LocationConstraint: "us-west-2" } });
  await far.putObject({ Bucket: "far-away", Key: "x/ü +.txt", Body: "far" });
  await copy({ CopySource: `/far-away/${encodeURIComponent("x/ü +.txt")}` });
  expect((await head()).ETag).toBe(md5("far"));
  const other = client(S3, { region: "eu-west-1", accessKeyId: "999999999999" });
  await other.createBucket({ Bucket: "not-ours", CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } });
  await other.putObject({ Bucket: "not-ours", Key: "a", Body: "x" });
  await expect(copy({ CopySource: "not-ours/a" })).rejects.toMatchObject({ name: "AccessDenied" });
});

test.each<[string, Partial<CopyObjectCommandInput>, string]>([
  ["onto itself without a change", { Key: "a" }, "InvalidRequest"],
  ["of nothing", { CopySource: `${Bucket}/none` }, "NoSuchKey"],
  ["from nowhere", { CopySource: "no-such-bucket/a" }, "NoSuchBucket"],
  ["without a key", { CopySource: Bucket }, "InvalidArgument"],
  ["with another directive", { MetadataDirective: "KEEP" as "COPY" }, "InvalidArgument"],
  ["if it were another", { CopySourceIfMatch: '"0"' }, "PreconditionFailed"],
  ["if it were not this", { CopySourceIfNoneMatch: md5("hello") }, "PreconditionFailed"],
  ["if it were newer", { CopySourceIfModifiedSince: new Date("2026-03-01T10:00:00Z") }, "PreconditionFailed"],
  ["if it were older", { CopySourceIfUnmodifiedSince: new Date("2026-02-01T00:00:00Z") }, "PreconditionFailed"],
  ["over what is there", { Key: "a", MetadataDirective: "REPLACE", IfNoneMatch: "*" }, "PreconditionFailed"],
])("a copy %s is refused", async (_what, options, name) => {
  const { copy } = await connect();
  await expect(copy(options)).rejects.toMatchObject({ name });
});

test("a copy onto itself changes metadata, class and tags", async () => {
  const { s3, copy, head } = await connect();
  await copy({
    Key: "a",
    MetadataDirective: "REPLACE",
    Metadata: { colour: "blue" },
    TaggingDirective: "REPLACE",
    Tagging: "a=1",
    StorageClass: "STANDARD_IA",
  });
  expect(await head("a")).toMatchObject({ Metadata: { colour: "blue" }, StorageClass: "STANDARD_IA" });
  expect((await s3.getObjectTagging({ Bucket, Key: "a" })).TagSet).toEqual([{ Key: "a", Value: "1" }]);
});
