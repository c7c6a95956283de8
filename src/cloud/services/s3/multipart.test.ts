import { S3, type ChecksumAlgorithm, type CompletedPart, type CreateMultipartUploadCommandInput } from "@aws-sdk/client-s3";
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

const Bucket = "my-files";
const MIB = 1024 * 1024;
const big = (fill: string) => Buffer.alloc(5 * MIB, fill);
async function connect(options: Partial<CreateMultipartUploadCommandInput> = {}) {
  const s3 = clients(new Cloud({ paranoid: true }))(S3, { region: "eu-west-1" });
  await s3.createBucket({ Bucket, CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } });
  const { UploadId } = await s3.createMultipartUpload({ Bucket, Key: "big", ...options });
  const upload = { Bucket, Key: "big", UploadId: UploadId! };
  const part = async (PartNumber: number, Body: Buffer, more: object = {}) => ({
    PartNumber,
    ...(await s3.uploadPart({ ...upload, PartNumber, Body, ...more })),
  });
  const complete = (...Parts: ({ PartNumber: number } & CompletedPart)[]) =>
    s3.completeMultipartUpload({ ...upload, MultipartUpload: { Parts } });
  return { s3, upload, part, complete };
}
const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest();

test("parts become one object, whose ETag is the MD5 of their MD5s and their number", async () => {
  const { s3, part, complete } = await connect({ ContentType: "text/plain", Metadata: { a: "1" }, Tagging: "t=1" });
  const [second, first] = [await part(7, Buffer.from("end")), await part(2, big("x"))];
  const ETag = `"${md5(Buffer.concat([md5(big("x")), md5(Buffer.from("end"))])).toString("hex")}-2"`;
  expect(await complete(first, second)).toMatchObject({
    ETag,
    Bucket,
    Key: "big",
    Location: "https://my-files.s3.eu-west-1.amazonaws.com/big",
  });
  const got = await s3.getObject({ Bucket, Key: "big" });
  expect(got).toMatchObject({ ContentLength: 5 * MIB + 3, ETag, ContentType: "text/plain", Metadata: { a: "1" }, TagCount: 1 });
  expect((await got.Body!.transformToByteArray()).subarray(-4)).toEqual(new Uint8Array(Buffer.from("xend")));
  expect((await s3.listMultipartUploads({ Bucket })).Uploads).toBeUndefined();
});

test("one part of an object is read by its number", async () => {
  const { s3, part, complete } = await connect();
  await complete(await part(1, big("x")), await part(2, Buffer.from("end")));
  const got = await s3.getObject({ Bucket, Key: "big", PartNumber: 2 });
  expect([await got.Body!.transformToString(), got.ContentRange, got.PartsCount]).toEqual([
    "end",
    `bytes ${5 * MIB}-${5 * MIB + 2}/${5 * MIB + 3}`,
    2,
  ]);
  await expect(s3.getObject({ Bucket, Key: "big", PartNumber: 3 })).rejects.toMatchObject({ name: "InvalidPartNumber" });
});

test("a completion that names parts wrongly is refused and leaves the upload as it was", async () => {
  const { s3, upload, part, complete } = await connect();
  const [one, two, three] = [await part(1, big("x")), await part(2, Buffer.from("small")), await part(3, Buffer.from("end"))];
  await expect(complete(two, one)).rejects.toMatchObject({ name: "InvalidPartOrder" });
  await expect(complete(one, one)).rejects.toMatchObject({ name: "InvalidPartOrder" });
  await expect(complete(one, { ...two, ETag: one.ETag })).rejects.toMatchObject({ name: "InvalidPart" });
  await expect(complete({ ...one, PartNumber: 9 })).rejects.toMatchObject({ name: "InvalidPart" });
  await expect(complete(one, two, three)).rejects.toMatchObject({ name: "EntityTooSmall" });
  expect((await s3.listParts(upload)).Parts).toHaveLength(3);
  await complete(one, three);
  await expect(complete(one, three)).rejects.toMatchObject({ name: "NoSuchUpload" });
  await expect(part(10_001, Buffer.from("x"))).rejects.toMatchObject({ name: expect.stringMatching(/InvalidArgument|NoSuchUpload/) });
});

test("a part uploaded again takes the place of the one before; an abort forgets all", async () => {
  const { s3, upload, part, complete } = await connect();
  const old = await part(1, Buffer.from("old"));
  await part(1, Buffer.from("new"));
  await expect(complete(old)).rejects.toMatchObject({ name: "InvalidPart" });
  await s3.abortMultipartUpload(upload);
  await expect(s3.listParts(upload)).rejects.toMatchObject({ name: "NoSuchUpload" });
  await expect(s3.headObject({ Bucket, Key: "big" })).rejects.toMatchObject({ name: "NotFound" });
});

test("parts and uploads are listed by page", async () => {
  const { s3, upload, part } = await connect();
  for (const number of [3, 1, 2]) await part(number, Buffer.from(`${number}`));
  const first = await s3.listParts({ ...upload, MaxParts: 2 });
  const second = await s3.listParts({ ...upload, MaxParts: 2, PartNumberMarker: first.NextPartNumberMarker });
  expect([first, second].map(({ Parts }) => Parts!.map(({ PartNumber }) => PartNumber))).toEqual([[1, 2], [3]]);
  expect([first.IsTruncated, second.IsTruncated]).toEqual([true, false]);
  for (const Key of ["dir/a", "dir/b", "big", "big"]) await s3.createMultipartUpload({ Bucket, Key });
  const rolled = await s3.listMultipartUploads({ Bucket, Delimiter: "/" });
  expect([rolled.Uploads!.map(({ Key }) => Key), rolled.CommonPrefixes]).toEqual([["big", "big", "big"], [{ Prefix: "dir/" }]]);
});

test("uploads go on where the last page ended, prefixes counting as one entry", async () => {
  const { s3 } = await connect();
  for (const Key of ["big", "a/1", "a/2", "c", "big", "d/1"]) await s3.createMultipartUpload({ Bucket, Key });
  const rows: string[] = [];
  let at: { KeyMarker?: string; UploadIdMarker?: string } | undefined;
  do {
    const page = await s3.listMultipartUploads({ Bucket, Delimiter: "/", MaxUploads: 1, ...at });
    const found = [...(page.Uploads ?? []).map(({ Key }) => Key!), ...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix!)];
    expect(found).toHaveLength(1);
    rows.push(...found);
    at = page.IsTruncated ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker } : undefined;
  } while (at);
  expect(rows).toEqual(["a/", "big", "big", "big", "c", "d/"]);
});

test("parts are copied from objects, whole or by range", async () => {
  const { s3, upload, complete } = await connect();
  await s3.putObject({ Bucket, Key: "from", Body: "0123456789" });
  const copy = (PartNumber: number, CopySourceRange?: string) =>
    s3.uploadPartCopy({ ...upload, PartNumber, CopySource: `${Bucket}/from`, CopySourceRange });
  const { CopyPartResult } = await copy(1, "bytes=2-4");
  await complete({ PartNumber: 1, ETag: CopyPartResult!.ETag });
  expect(await (await s3.getObject({ Bucket, Key: "big" })).Body!.transformToString()).toBe("234");
  const next = await s3.createMultipartUpload({ Bucket, Key: "big" });
  upload.UploadId = next.UploadId!;
  await expect(copy(1, "bytes=5-10")).rejects.toMatchObject({ name: "InvalidArgument" });
  await expect(copy(1, "5-6")).rejects.toMatchObject({ name: "InvalidArgument" });
});

const base64of = (value: number) => Buffer.from(value.toString(16).padStart(8, "0"), "hex").toString("base64");
const sum = (algorithm: string, bytes: Uint8Array) =>
  algorithm === "CRC32" ? base64of(crc32(bytes)) : createHash(algorithm.toLowerCase()).update(bytes).digest("base64");

test.each(["CRC32", "SHA1", "SHA256"] as ChecksumAlgorithm[])(
  "the %s of an upload in parts is that of its parts' checksums",
  async (algorithm) => {
    const { s3, part, complete } = await connect({ ChecksumAlgorithm: algorithm });
    const [one, two] = [
      await part(1, big("x"), { ChecksumAlgorithm: algorithm }),
      await part(2, Buffer.from("end"), { ChecksumAlgorithm: algorithm }),
    ];
    const member = `Checksum${algorithm}` as "ChecksumCRC32";
    expect(two[member]).toBe(sum(algorithm, Buffer.from("end")));
    const parts = Buffer.concat([one, two].map((each) => Buffer.from(each[member]!, "base64")));
    const whole = `${sum(algorithm, parts)}-2`;
    expect(await complete(one, two)).toMatchObject({ [member]: whole, ChecksumType: "COMPOSITE" });
    expect((await s3.headObject({ Bucket, Key: "big", ChecksumMode: "ENABLED" }))[member]).toBe(whole);
  },
);

test("a CRC over the full object is that of its bytes", async () => {
  const { part, complete } = await connect({ ChecksumAlgorithm: "CRC32", ChecksumType: "FULL_OBJECT" });
  const parts = [
    await part(1, big("x"), { ChecksumAlgorithm: "CRC32" }),
    await part(2, Buffer.from("end"), { ChecksumAlgorithm: "CRC32" }),
  ];
  expect(await complete(...parts)).toMatchObject({
    ChecksumCRC32: sum("CRC32", Buffer.concat([big("x"), Buffer.from("end")])),
    ChecksumType: "FULL_OBJECT",
  });
});

test("the attributes of an object list the checksums of its parts by page", async () => {
  const { s3, part, complete } = await connect({ ChecksumAlgorithm: "SHA256" });
  await complete(
    await part(1, big("x"), { ChecksumAlgorithm: "SHA256" }),
    await part(2, Buffer.from("end"), { ChecksumAlgorithm: "SHA256" }),
  );
  const read = (PartNumberMarker?: string) =>
    s3.getObjectAttributes({ Bucket, Key: "big", ObjectAttributes: ["ObjectParts"], MaxParts: 1, PartNumberMarker });
  const { ObjectParts: first } = await read();
  expect(first).toMatchObject({
    TotalPartsCount: 2,
    IsTruncated: true,
    NextPartNumberMarker: "1",
    Parts: [{ PartNumber: 1, Size: 5 * MIB }],
  });
  const { ObjectParts: second } = await read(first!.NextPartNumberMarker);
  expect(second).toMatchObject({
    IsTruncated: false,
    Parts: [{ PartNumber: 2, Size: 3, ChecksumSHA256: sum("SHA256", Buffer.from("end")) }],
  });
});
