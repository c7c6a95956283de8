import { S3, type ObjectOwnership } from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

const Bucket = "my-files";
async function connect(ObjectOwnership?: ObjectOwnership) {
  const s3 = clients(new Cloud({ paranoid: true }))(S3, { region: "eu-west-1" });
  await s3.createBucket({ Bucket, ObjectOwnership, CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } });
  const grants = async () =>
    (await s3.getBucketAcl({ Bucket })).Grants!.map(
      ({ Grantee, Permission }) => `${Grantee!.URI?.split("/").at(-1) ?? "owner"} ${Permission}`,
    );
  return { s3, grants };
}

test("a bucket whose owner owns everything takes no ACL but the owner's, and shows one still", async () => {
  const { s3, grants } = await connect();
  expect(await grants()).toEqual(["owner FULL_CONTROL"]);
  await expect(s3.putBucketAcl({ Bucket, ACL: "private" })).rejects.toMatchObject({ name: "AccessControlListNotSupported" });
  await expect(s3.putObject({ Bucket, Key: "a", ACL: "public-read" })).rejects.toMatchObject({ name: "AccessControlListNotSupported" });
  await s3.putObject({ Bucket, Key: "a", ACL: "bucket-owner-full-control" });
  await expect(s3.putObjectAcl({ Bucket, Key: "a", ACL: "private" })).rejects.toMatchObject({ name: "AccessControlListNotSupported" });
});

test("other buckets take them, public ones only where those are not blocked", async () => {
  const { s3, grants } = await connect("BucketOwnerPreferred");
  await s3.putBucketAcl({ Bucket, ACL: "log-delivery-write" as "private" });
  expect(await grants()).toEqual(["owner FULL_CONTROL", "LogDelivery WRITE", "LogDelivery READ_ACP"]);
  await expect(s3.putBucketAcl({ Bucket, ACL: "public-read" })).rejects.toMatchObject({ name: "AccessDenied" });
  await s3.deletePublicAccessBlock({ Bucket });
  await s3.putBucketAcl({ Bucket, ACL: "public-read" });
  expect(await grants()).toEqual(["owner FULL_CONTROL", "AllUsers READ"]);
  await expect(
    s3.putBucketOwnershipControls({ Bucket, OwnershipControls: { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] } }),
  ).rejects.toMatchObject({ name: "InvalidBucketAclWithObjectOwnership" });
});

test("grants come in headers and in documents", async () => {
  const { s3, grants } = await connect("ObjectWriter");
  const { Owner, Grants } = await s3.getBucketAcl({ Bucket });
  await s3.putBucketAcl({
    Bucket,
    GrantFullControl: `id="${Owner!.ID}"`,
    GrantWrite: 'uri="http://acs.amazonaws.com/groups/s3/LogDelivery"',
  });
  expect(await grants()).toEqual(["owner FULL_CONTROL", "LogDelivery WRITE"]);
  await s3.putBucketAcl({ Bucket, AccessControlPolicy: { Owner, Grants } });
  expect(await grants()).toEqual(["owner FULL_CONTROL"]);
  await expect(s3.putBucketAcl({ Bucket, ACL: "private", GrantRead: `id="${Owner!.ID}"` })).rejects.toMatchObject({
    name: "InvalidRequest",
  });
  await expect(s3.putBucketAcl({ Bucket, GrantRead: 'id="nobody"' })).rejects.toMatchObject({ name: "InvalidArgument" });
  await expect(s3.putBucketAcl({ Bucket, AccessControlPolicy: { Grants } })).rejects.toMatchObject({ name: "MalformedACLError" });
});

test("an object has its own, which a new version does not keep", async () => {
  const { s3 } = await connect("ObjectWriter");
  const count = async () => (await s3.getObjectAcl({ Bucket, Key: "a" })).Grants!.length;
  await s3.putObject({ Bucket, Key: "a", ACL: "aws-exec-read" });
  expect(await count()).toBe(2);
  await s3.putObjectAcl({ Bucket, Key: "a", ACL: "private" });
  expect(await count()).toBe(1);
  await s3.putObjectAcl({ Bucket, Key: "a", ACL: "aws-exec-read" });
  await s3.putObject({ Bucket, Key: "a" });
  expect(await count()).toBe(1);
});

test.each([
  ["public-read", undefined, "InvalidBucketAclWithObjectOwnership"],
  ["public-read", "ObjectWriter", "InvalidBucketAclWithBlockPublicAccessError"],
] as const)("a bucket is not made with the ACL %s and the ownership %s", async (ACL, ObjectOwnership, name) => {
  const s3 = clients(new Cloud({ paranoid: true }))(S3, { region: "us-east-1" });
  await expect(s3.createBucket({ Bucket, ACL, ObjectOwnership })).rejects.toMatchObject({ name });
});
