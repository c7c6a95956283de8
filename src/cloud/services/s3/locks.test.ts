import { S3 } from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { days, instant, plus } from "../../../kernel/units.ts";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

const Bucket = "vault";
const start = instant("2026-03-01T00:00:00Z");
async function connect({ locked = true } = {}) {
  const cloud = new Cloud({ paranoid: true, start });
  const s3 = clients(cloud)(S3, { region: "eu-west-1" });
  await s3.createBucket({ Bucket, CreateBucketConfiguration: { LocationConstraint: "eu-west-1" }, ObjectLockEnabledForBucket: locked });
  const put = (options: object = {}) => s3.putObject({ Bucket, Key: "a", Body: "x", ...options });
  const remove = (VersionId: string | undefined, options: object = {}) => s3.deleteObject({ Bucket, Key: "a", VersionId, ...options });
  return { cloud, s3, put, remove };
}
const until = (count: number) => new Date(plus(start, days(count)));
const denied = { name: "AccessDenied", $metadata: { httpStatusCode: 403 } };

test("S3-17 a compliance version is not deleted by anybody before its date, not by a bypass either", async () => {
  const { cloud, put, remove } = await connect();
  const { VersionId } = await put({ ObjectLockMode: "COMPLIANCE", ObjectLockRetainUntilDate: until(10) });
  await expect(remove(VersionId)).rejects.toMatchObject(denied);
  await expect(remove(VersionId, { BypassGovernanceRetention: true })).rejects.toMatchObject(denied);
  cloud.advance(plus(start, days(10)));
  await remove(VersionId);
});

test("S3-17 a governance version is deleted only with the bypass", async () => {
  const { put, remove } = await connect();
  const { VersionId } = await put({ ObjectLockMode: "GOVERNANCE", ObjectLockRetainUntilDate: until(10) });
  await expect(remove(VersionId)).rejects.toMatchObject(denied);
  await remove(VersionId, { BypassGovernanceRetention: true });
});

test("S3-17 a legal hold has no date and stands beside any retention", async () => {
  const { cloud, s3, put, remove } = await connect();
  const { VersionId } = await put({ ObjectLockLegalHoldStatus: "ON" });
  cloud.advance(plus(start, days(4000)));
  await expect(remove(VersionId, { BypassGovernanceRetention: true })).rejects.toMatchObject(denied);
  expect((await s3.getObjectLegalHold({ Bucket, Key: "a" })).LegalHold).toEqual({ Status: "ON" });
  await s3.putObjectLegalHold({ Bucket, Key: "a", LegalHold: { Status: "OFF" } });
  await remove(VersionId);
});

test("S3-17 a lock is of one version: a simple delete adds a marker, and new versions are free", async () => {
  const { s3, put, remove } = await connect();
  const { VersionId } = await put({ ObjectLockMode: "COMPLIANCE", ObjectLockRetainUntilDate: until(10) });
  expect(await remove(undefined)).toMatchObject({ DeleteMarker: true });
  const free = await put();
  await remove(free.VersionId);
  expect((await s3.headObject({ Bucket, Key: "a", VersionId })).ObjectLockMode).toBe("COMPLIANCE");
});

test("S3-17 a retention is extended by anybody; compliance is never shortened, governance with the bypass", async () => {
  const { s3, put } = await connect();
  const retain = (Mode: "COMPLIANCE" | "GOVERNANCE", count: number, options: object = {}) =>
    s3.putObjectRetention({ Bucket, Key: "a", Retention: { Mode, RetainUntilDate: until(count) }, ...options });
  await put();
  await retain("GOVERNANCE", 10);
  await expect(retain("GOVERNANCE", 5)).rejects.toMatchObject(denied);
  await retain("GOVERNANCE", 5, { BypassGovernanceRetention: true });
  await retain("COMPLIANCE", 20);
  await retain("COMPLIANCE", 30);
  await expect(retain("COMPLIANCE", 29, { BypassGovernanceRetention: true })).rejects.toMatchObject(denied);
  await expect(retain("GOVERNANCE", 40, { BypassGovernanceRetention: true })).rejects.toMatchObject(denied);
  await expect(s3.putObjectRetention({ Bucket, Key: "a", Retention: {}, BypassGovernanceRetention: true })).rejects.toMatchObject(denied);
  expect((await s3.getObjectRetention({ Bucket, Key: "a" })).Retention).toEqual({ Mode: "COMPLIANCE", RetainUntilDate: until(30) });
});

test("the bucket's default retention counts from the moment of the upload", async () => {
  const { s3, put, remove } = await connect();
  await s3.putObjectLockConfiguration({
    Bucket,
    ObjectLockConfiguration: { ObjectLockEnabled: "Enabled", Rule: { DefaultRetention: { Mode: "GOVERNANCE", Days: 30 } } },
  });
  const { VersionId } = await put();
  expect((await s3.headObject({ Bucket, Key: "a" })).ObjectLockRetainUntilDate).toEqual(until(30));
  await expect(remove(VersionId)).rejects.toMatchObject(denied);
  await put({ ObjectLockMode: "COMPLIANCE", ObjectLockRetainUntilDate: until(1) });
  expect((await s3.headObject({ Bucket, Key: "a" })).ObjectLockMode).toBe("COMPLIANCE");
});

test("many are deleted but for the locked ones", async () => {
  const { s3, put } = await connect();
  const { VersionId } = await put({ ObjectLockMode: "COMPLIANCE", ObjectLockRetainUntilDate: until(10) });
  const free = await put();
  const { Deleted, Errors } = await s3.deleteObjects({
    Bucket,
    Delete: {
      Objects: [
        { Key: "a", VersionId },
        { Key: "a", VersionId: free.VersionId },
      ],
    },
  });
  expect([Deleted!.map((each) => each.VersionId), Errors!.map(({ Code, VersionId: id }) => [Code, id])]).toEqual([
    [free.VersionId],
    [["AccessDenied", VersionId]],
  ]);
});

test("a bucket without Object Lock takes no locks; one with it stays versioned", async () => {
  const plain = await connect({ locked: false });
  await plain.put();
  await expect(plain.put({ ObjectLockLegalHoldStatus: "ON" })).rejects.toMatchObject({ name: "InvalidRequest" });
  await expect(plain.s3.getObjectRetention({ Bucket, Key: "a" })).rejects.toMatchObject({ name: "InvalidRequest" });
  await expect(plain.s3.getObjectLockConfiguration({ Bucket })).rejects.toMatchObject({ name: "ObjectLockConfigurationNotFoundError" });
  const { s3, put } = await connect();
  expect(await s3.getBucketVersioning({ Bucket })).toMatchObject({ Status: "Enabled" });
  await expect(s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Suspended" } })).rejects.toMatchObject({
    name: "InvalidBucketState",
  });
  await expect(put({ ObjectLockMode: "GOVERNANCE" })).rejects.toMatchObject({ name: "InvalidArgument" });
  await expect(put({ ObjectLockMode: "GOVERNANCE", ObjectLockRetainUntilDate: new Date(start) })).rejects.toMatchObject({
    name: "InvalidArgument",
  });
  await put();
  await expect(s3.getObjectRetention({ Bucket, Key: "a" })).rejects.toMatchObject({ name: "NoSuchObjectLockConfiguration" });
});
