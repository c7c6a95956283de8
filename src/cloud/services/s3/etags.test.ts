import { S3 } from "@aws-sdk/client-s3";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

const Bucket = "my-files";
const Key = "a";
async function connect() {
  const s3 = clients(new Cloud({ paranoid: true }))(S3, { region: "eu-west-1" });
  await s3.createBucket({ Bucket, CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } });
  return s3;
}
const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest();

test("the ETag of any body is its MD5", async () => {
  const s3 = await connect();
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async (Body) => {
      expect((await s3.putObject({ Bucket, Key, Body })).ETag).toBe(`"${md5(Body).toString("hex")}"`);
    }),
    { numRuns: 30 },
  );
});

test("the ETag of any parts, under any numbers, is the MD5 of their MD5s and how many they are", async () => {
  const s3 = await connect();
  const full = 5 * 1024 * 1024; // the least that a part but the last may have
  const upload = fc.record({
    numbers: fc.uniqueArray(fc.integer({ min: 1, max: 10_000 }), { minLength: 1, maxLength: 3 }),
    last: fc.uint8Array({ maxLength: 100 }),
  });
  await fc.assert(
    fc.asyncProperty(upload, async ({ numbers, last }) => {
      const sorted = numbers.toSorted((a, b) => a - b);
      const bodies = sorted.map((number, index) => (index === sorted.length - 1 ? last : new Uint8Array(full).fill(number)));
      const { UploadId } = await s3.createMultipartUpload({ Bucket, Key });
      const Parts = [];
      for (const [index, PartNumber] of sorted.entries()) {
        Parts.push({ PartNumber, ETag: (await s3.uploadPart({ Bucket, Key, UploadId, PartNumber, Body: bodies[index] })).ETag });
      }
      const { ETag } = await s3.completeMultipartUpload({ Bucket, Key, UploadId, MultipartUpload: { Parts } });
      expect(ETag).toBe(`"${md5(Buffer.concat(bodies.map(md5))).toString("hex")}-${sorted.length}"`);
      expect((await s3.headObject({ Bucket, Key })).ContentLength).toBe(bodies.reduce((sum, { length }) => sum + length, 0));
    }),
    { numRuns: 8 },
  );
});
