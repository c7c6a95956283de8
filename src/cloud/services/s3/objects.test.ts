import { KMS } from "@aws-sdk/client-kms";
import { S3, type PutObjectCommandInput } from "@aws-sdk/client-s3";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { hours, instant, minutes, plus } from "../../../kernel/units.ts";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

const start = instant("2026-03-01T10:00:00.500Z");
async function connect() {
  const cloud = new Cloud({ paranoid: true, start });
  const s3 = clients(cloud)(S3, { region: "eu-west-1" });
  const Bucket = "my-files";
  await s3.createBucket({ Bucket, CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } });
  const put = (Key: string, Body: PutObjectCommandInput["Body"] = "hello", options: Partial<PutObjectCommandInput> = {}) =>
    s3.putObject({ Bucket, Key, Body, ...options });
  const get = async (Key: string, options: object = {}) => {
    const { Body, ...rest } = await s3.getObject({ Bucket, Key, ...options });
    return { ...rest, text: await Body!.transformToString() };
  };
  return { cloud, s3, Bucket, put, get };
}
const md5 = (text: string) => `"${createHash("md5").update(text).digest("hex")}"`;

test("an object comes back as it was put", async () => {
  const { put, get } = await connect();
  const said = {
    ContentType: "text/plain",
    CacheControl: "no-cache",
    ContentDisposition: "inline",
    ContentEncoding: "gzip",
    ContentLanguage: "de",
    Metadata: { colour: "red", empty: "" },
    Expires: new Date("2027-01-01T00:00:00Z"),
  };
  expect(await put("a/ü b+c", "hello", { ...said, Tagging: "a=1&b=x%20y" })).toMatchObject({
    ETag: md5("hello"),
    ServerSideEncryption: "AES256",
    ChecksumType: "FULL_OBJECT",
  });
  const { Expires: _deprecated, ...kept } = said;
  expect(await get("a/ü b+c")).toMatchObject({
    ...kept,
    text: "hello",
    ContentLength: 5,
    ETag: md5("hello"),
    TagCount: 2,
    AcceptRanges: "bytes",
    LastModified: new Date("2026-03-01T10:00:00Z"),
    ExpiresString: "Fri, 01 Jan 2027 00:00:00 GMT",
  });
});

test("S3-05 what was put, replaced or deleted is seen at once by reads and lists", async () => {
  const { s3, Bucket, put, get } = await connect();
  await put("a", "one");
  await put("a", "two");
  expect((await get("a")).text).toBe("two");
  expect((await s3.listObjectsV2({ Bucket })).Contents!.map(({ Key, Size, ETag }) => [Key, Size, ETag])).toEqual([["a", 3, md5("two")]]);
  await s3.deleteObject({ Bucket, Key: "a" });
  await expect(get("a")).rejects.toMatchObject({ name: "NoSuchKey" });
  expect((await s3.listObjectsV2({ Bucket })).KeyCount).toBe(0);
});

test.each(["plain", "with space", "plus+plus", "ü/日本/😀", "a//b", "/leading", "trailing/", "100%", "q?x=1&y", "..", "a'b(c)*!"])(
  "the key %j is kept byte by byte",
  async (Key) => {
    const { s3, Bucket, put, get } = await connect();
    await put(Key, Key);
    expect((await get(Key)).text).toBe(Key);
    expect((await s3.listObjectsV2({ Bucket })).Contents!.map((each) => each.Key)).toEqual([Key]);
    expect((await s3.copyObject({ Bucket, Key: "copy", CopySource: `${Bucket}/${encodeURIComponent(Key)}` })).CopyObjectResult!.ETag).toBe(
      md5(Key),
    );
  },
);

test.each([
  ["text", "hello"],
  ["bytes", Buffer.from("hello")],
  ["nothing", ""],
  ["a stream in aws-chunked framing", Readable.from([Buffer.from("he"), Buffer.from("llo")])],
])("a body given as %s is stored whole", async (kind, body) => {
  const { put, get } = await connect();
  await put("a", body, body instanceof Readable ? { ContentLength: 5 } : {});
  const got = await get("a");
  expect([got.text, got.ETag, got.ContentEncoding]).toEqual(
    kind === "nothing" ? ["", md5(""), undefined] : ["hello", md5("hello"), undefined],
  );
});

// The well-known check values of "123456789" in each algorithm, base64
test.each([
  ["CRC32", "y/Q5Jg=="],
  ["CRC32C", "4waSgw=="],
  ["CRC64NVME", "rosUhgp5mIg="],
  ["SHA1", "98O8HYCOBHMq32eZZczDTKeuNEE="],
  ["SHA256", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="],
] as const)("the %s checksum is computed, kept and given back", async (ChecksumAlgorithm, value) => {
  const { put, s3, Bucket } = await connect();
  const member = `Checksum${ChecksumAlgorithm}` as const;
  if (ChecksumAlgorithm !== "CRC64NVME") expect((await put("a", "123456789", { ChecksumAlgorithm }))[member]).toBe(value);
  else expect((await put("a", "123456789", { ChecksumCRC64NVME: value })).ChecksumCRC64NVME).toBe(value);
  expect((await s3.headObject({ Bucket, Key: "a", ChecksumMode: "ENABLED" }))[member]).toBe(value);
  expect((await s3.getObjectAttributes({ Bucket, Key: "a", ObjectAttributes: ["Checksum", "ObjectSize", "ETag"] })).Checksum).toMatchObject(
    { [member]: value, ChecksumType: "FULL_OBJECT" },
  );
});

test("a body that differs from its digest is refused and nothing is stored", async () => {
  const { put, get } = await connect();
  await expect(put("a", "hello", { ContentMD5: "1B2M2Y8AsgTpgAmY7PhCfg==" })).rejects.toMatchObject({ name: "BadDigest" });
  await expect(put("a", "hello", { ContentMD5: "nonsense" })).rejects.toMatchObject({ name: "InvalidDigest" });
  await expect(put("a", "hello", { ChecksumSHA256: "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=" })).rejects.toMatchObject({
    name: "BadDigest",
  });
  await expect(put("a", "", { ChecksumSHA256: "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=" })).rejects.toMatchObject({
    name: "BadDigest",
  });
  await expect(get("a")).rejects.toMatchObject({ name: "NoSuchKey" });
});

test.each([
  ["bytes=0-1", "he", "bytes 0-1/5"],
  ["bytes=3-", "lo", "bytes 3-4/5"],
  ["bytes=-2", "lo", "bytes 3-4/5"],
  ["bytes=1-99", "ello", "bytes 1-4/5"],
  ["bytes=-99", "hello", "bytes 0-4/5"],
  ["bytes=3-1", "hello", undefined],
  ["lines=1-2", "hello", undefined],
])("the range %s gives %s", async (Range, text, ContentRange) => {
  const { put, get } = await connect();
  await put("a");
  const got = await get("a", { Range });
  expect([got.text, got.ContentRange, got.ContentLength, got.$metadata.httpStatusCode]).toEqual([
    text,
    ContentRange,
    text.length,
    ContentRange ? 206 : 200,
  ]);
});

test("a range behind the end is not satisfiable", async () => {
  const { put, get } = await connect();
  await put("a");
  await expect(get("a", { Range: "bytes=5-" })).rejects.toMatchObject({ name: "InvalidRange", $metadata: { httpStatusCode: 416 } });
});

test("a read answers its conditions: 304 where nothing has changed, 412 where something has", async () => {
  const { cloud, put, get } = await connect();
  await put("a");
  const ETag = md5("hello");
  cloud.advance(plus(start, minutes(5)));
  const [before, at, after] = [new Date("2026-03-01T09:00:00Z"), new Date("2026-03-01T10:00:00Z"), new Date("2026-03-01T10:01:00Z")];
  const status = async (conditions: object) =>
    (await get("a", conditions).catch((error: { $metadata: { httpStatusCode: number } }) => error)).$metadata.httpStatusCode;
  expect(await status({ IfMatch: ETag })).toBe(200);
  expect(await status({ IfMatch: '"other"' })).toBe(412);
  expect(await status({ IfNoneMatch: ETag })).toBe(304);
  expect(await status({ IfNoneMatch: '"other"' })).toBe(200);
  expect(await status({ IfModifiedSince: at })).toBe(304);
  expect(await status({ IfModifiedSince: before })).toBe(200);
  expect(await status({ IfUnmodifiedSince: before })).toBe(412);
  expect(await status({ IfUnmodifiedSince: after })).toBe(200);
  // The ETag outweighs the date beside it: API_GetObject
  expect(await status({ IfMatch: ETag, IfUnmodifiedSince: before })).toBe(200);
  expect(await status({ IfNoneMatch: ETag, IfModifiedSince: before })).toBe(304);
});

test("a conditional write makes what is absent, or replaces what is known, once", async () => {
  const { s3, Bucket, put } = await connect();
  await put("lock", "mine", { IfNoneMatch: "*" });
  await expect(put("lock", "yours", { IfNoneMatch: "*" })).rejects.toMatchObject({ name: "PreconditionFailed" });
  await put("lock", "next", { IfMatch: md5("mine") });
  await expect(put("lock", "late", { IfMatch: md5("mine") })).rejects.toMatchObject({ name: "PreconditionFailed" });
  await expect(put("none", "x", { IfMatch: md5("mine") })).rejects.toMatchObject({ name: "NoSuchKey" });
  await expect(s3.deleteObject({ Bucket, Key: "lock", IfMatch: md5("mine") })).rejects.toMatchObject({ name: "PreconditionFailed" });
  await s3.deleteObject({ Bucket, Key: "lock", IfMatch: md5("next") });
});

test("a copy keeps headers, metadata and tags, or replaces them", async () => {
  const { s3, Bucket, put, get } = await connect();
  await put("from", "hello", {
    ContentType: "text/plain",
    Metadata: { a: "1" },
    Tagging: "t=1",
    Expires: new Date("2027-01-01T00:00:00Z"),
  });
  await s3.copyObject({ Bucket, Key: "kept", CopySource: `${Bucket}/from` });
  expect(await get("kept")).toMatchObject({
    text: "hello",
    ContentType: "text/plain",
    Metadata: { a: "1" },
    TagCount: 1,
    ExpiresString: "Fri, 01 Jan 2027 00:00:00 GMT",
  });
  await s3.copyObject({
    Bucket,
    Key: "new",
    CopySource: `/${Bucket}/from`,
    MetadataDirective: "REPLACE",
    Metadata: { b: "2" },
    TaggingDirective: "REPLACE",
    Tagging: "",
  });
  const made = await get("new");
  expect([made.Metadata, made.TagCount, made.ContentType]).toEqual([{ b: "2" }, undefined, "binary/octet-stream"]);
  await expect(s3.copyObject({ Bucket, Key: "from", CopySource: `${Bucket}/from` })).rejects.toMatchObject({ name: "InvalidRequest" });
  await s3.copyObject({ Bucket, Key: "from", CopySource: `${Bucket}/from`, StorageClass: "STANDARD_IA" });
  expect((await get("from")).StorageClass).toBe("STANDARD_IA");
  await expect(s3.copyObject({ Bucket, Key: "x", CopySource: `${Bucket}/none` })).rejects.toMatchObject({ name: "NoSuchKey" });
  await expect(
    s3.copyObject({ Bucket, Key: "x", CopySource: `${Bucket}/from`, CopySourceIfNoneMatch: md5("hello") }),
  ).rejects.toMatchObject({ name: "PreconditionFailed" });
});

test("what no object may have is refused", async () => {
  const { put } = await connect();
  await expect(put("k".repeat(1025))).rejects.toMatchObject({ name: "KeyTooLongError" });
  await put("é".repeat(512));
  await expect(put("é".repeat(513))).rejects.toMatchObject({ name: "KeyTooLongError" });
  await expect(put("a", "x", { Metadata: { big: "v".repeat(2046) } })).rejects.toMatchObject({ name: "MetadataTooLarge" });
  await put("a", "x", { Metadata: { big: "v".repeat(2045) } });
  await expect(put("a", "x", { StorageClass: "COLD" as "GLACIER" })).rejects.toMatchObject({ name: "InvalidStorageClass" });
  await expect(put("a", "x", { Tagging: Array.from({ length: 11 }, (_, at) => `t${at}=`).join("&") })).rejects.toMatchObject({
    name: "BadRequest",
  });
  await expect(put("a", "x", { ACL: "public-read" })).rejects.toMatchObject({ name: "AccessControlListNotSupported" });
  await put("a", "x", { ACL: "bucket-owner-full-control" });
});

test("the bucket's default encryption is what an object gets, and a KMS ETag is not its MD5", async () => {
  const { cloud, s3, Bucket, put, get } = await connect();
  const { KeyMetadata } = await clients(cloud)(KMS).createKey({});
  const ApplyServerSideEncryptionByDefault = { SSEAlgorithm: "aws:kms" as const, KMSMasterKeyID: KeyMetadata!.Arn };
  await s3.putBucketEncryption({
    Bucket,
    ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault, BucketKeyEnabled: true }] },
  });
  const { ETag } = await put("a");
  expect(ETag).not.toBe(md5("hello"));
  expect(await get("a")).toMatchObject({
    ServerSideEncryption: "aws:kms",
    SSEKMSKeyId: KeyMetadata!.Arn,
    BucketKeyEnabled: true,
    text: "hello",
  });
  expect((await put("b", "hello", { ServerSideEncryption: "AES256" })).ETag).toBe(md5("hello"));
});

test("a customer's key is asked for again at each read", async () => {
  const { s3, Bucket, put, get } = await connect();
  const Rules = [
    {
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" as const },
      BlockedEncryptionTypes: { EncryptionType: ["NONE" as const] },
    },
  ];
  await s3.putBucketEncryption({ Bucket, ServerSideEncryptionConfiguration: { Rules } });
  const key = (text: string) => ({
    SSECustomerAlgorithm: "AES256",
    SSECustomerKey: Buffer.alloc(32, text).toString("base64"),
    SSECustomerKeyMD5: createHash("md5").update(Buffer.alloc(32, text)).digest("base64"),
  });
  await put("a", "hello", key("k"));
  expect((await get("a", key("k"))).text).toBe("hello");
  await expect(get("a")).rejects.toMatchObject({ name: "InvalidRequest" });
  await expect(get("a", key("other"))).rejects.toMatchObject({ name: "AccessDenied" });
  await put("b");
  await expect(get("b", key("k"))).rejects.toMatchObject({ name: "InvalidRequest" });
});

test("tags of an object are put, read and taken away", async () => {
  const { s3, Bucket, put } = await connect();
  await put("a");
  await s3.putObjectTagging({ Bucket, Key: "a", Tagging: { TagSet: [{ Key: "x", Value: "1" }] } });
  expect((await s3.getObjectTagging({ Bucket, Key: "a" })).TagSet).toEqual([{ Key: "x", Value: "1" }]);
  await s3.deleteObjectTagging({ Bucket, Key: "a" });
  expect((await s3.getObjectTagging({ Bucket, Key: "a" })).TagSet).toEqual([]);
});

test("a HEAD says the same as a GET, without a body", async () => {
  const { cloud, s3, Bucket, put, get } = await connect();
  await put("a");
  cloud.advance(plus(start, hours(1)));
  const [{ $metadata: _head, ...head }, { $metadata: _get, text: _text, ...got }] = [
    await s3.headObject({ Bucket, Key: "a", ChecksumMode: "ENABLED" }),
    await get("a"),
  ];
  expect(head).toEqual(got);
  await expect(s3.headObject({ Bucket, Key: "none" })).rejects.toMatchObject({ name: "NotFound" });
});
