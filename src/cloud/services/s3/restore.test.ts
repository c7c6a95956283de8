import { S3, type StorageClass } from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { hours, instant, minutes, plus, days } from "../../../kernel/units.ts";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

const Bucket = "my-files";
const Key = "a";
async function connect(StorageClass: StorageClass) {
  const cloud = new Cloud({ paranoid: true, start: instant("2026-03-01T10:30:00Z") });
  const s3 = clients(cloud)(S3, { region: "eu-west-1" });
  await s3.createBucket({ Bucket, CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } });
  await s3.putObject({ Bucket, Key, Body: "hello", StorageClass });
  const read = async () => (await s3.getObject({ Bucket, Key })).Body!.transformToString();
  return { cloud, s3, read };
}

test("an archived object is read once it is restored, and no longer than its days", async () => {
  const { cloud, s3, read } = await connect("GLACIER");
  await expect(read()).rejects.toMatchObject({ name: "InvalidObjectState", StorageClass: "GLACIER" });
  await s3.restoreObject({ Bucket, Key, RestoreRequest: { Days: 3, GlacierJobParameters: { Tier: "Standard" } } });
  expect((await s3.headObject({ Bucket, Key })).Restore).toBe('ongoing-request="true"');
  await expect(s3.restoreObject({ Bucket, Key, RestoreRequest: { Days: 3 } })).rejects.toMatchObject({ name: "RestoreAlreadyInProgress" });
  cloud.advance(plus(cloud.run.now, hours(5)));
  expect(await read()).toBe("hello");
  // 1 March 15:30 and 3 days, up to the next midnight: 5 March
  expect((await s3.headObject({ Bucket, Key })).Restore).toBe('ongoing-request="false", expiry-date="Thu, 05 Mar 2026 00:00:00 GMT"');
  const [listed] = (await s3.listObjectsV2({ Bucket, OptionalObjectAttributes: ["RestoreStatus"] })).Contents!;
  expect(listed!.RestoreStatus).toEqual({ IsRestoreInProgress: false, RestoreExpiryDate: new Date("2026-03-05T00:00:00Z") });
  cloud.advance(plus(cloud.run.now, days(4)));
  await expect(read()).rejects.toMatchObject({ name: "InvalidObjectState" });
  expect((await s3.headObject({ Bucket, Key })).Restore).toBeUndefined();
});

test("another request for a restored object only moves its end", async () => {
  const { cloud, s3, read } = await connect("GLACIER");
  await s3.restoreObject({ Bucket, Key, RestoreRequest: { Days: 1, GlacierJobParameters: { Tier: "Expedited" } } });
  cloud.advance(plus(cloud.run.now, minutes(5)));
  await s3.restoreObject({ Bucket, Key, RestoreRequest: { Days: 10 } });
  cloud.advance(plus(cloud.run.now, days(9)));
  expect(await read()).toBe("hello");
  expect((await s3.headObject({ Bucket, Key })).Restore).toContain("Thu, 12 Mar 2026");
});

test("deep archives know no expedited retrieval, and other classes none at all", async () => {
  const deep = await connect("DEEP_ARCHIVE");
  const expedited = { Days: 1, GlacierJobParameters: { Tier: "Expedited" as const } };
  await expect(deep.s3.restoreObject({ Bucket, Key, RestoreRequest: expedited })).rejects.toMatchObject({ name: "InvalidArgument" });
  const instantly = await connect("GLACIER_IR");
  expect(await instantly.read()).toBe("hello");
  await expect(instantly.s3.restoreObject({ Bucket, Key, RestoreRequest: { Days: 1 } })).rejects.toMatchObject({
    name: "InvalidObjectState",
  });
});

test("a copy of an archived object waits for its restoration too", async () => {
  const { cloud, s3 } = await connect("GLACIER");
  const copy = () => s3.copyObject({ Bucket, Key: "b", CopySource: `${Bucket}/${Key}`, StorageClass: "STANDARD" });
  await expect(copy()).rejects.toMatchObject({ name: expect.stringMatching(/InvalidObjectState|ObjectNotInActiveTierError/) });
  await s3.restoreObject({ Bucket, Key, RestoreRequest: { Days: 1, GlacierJobParameters: { Tier: "Bulk" } } });
  cloud.settle();
  await copy();
  expect(await (await s3.getObject({ Bucket, Key: "b" })).Body!.transformToString()).toBe("hello");
});
