import { S3 } from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

const connect = () => {
  const client = clients(new Cloud({ paranoid: true }));
  const s3 = client(S3, { region: "eu-west-1" });
  const create = (Bucket: string) => s3.createBucket({ Bucket, CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } });
  return { client, s3, create };
};

test("a bucket is created, found, located, listed and deleted", async () => {
  const { s3, create } = connect();
  expect((await create("my-files")).Location).toBe("http://my-files.s3.amazonaws.com/");
  expect(await s3.headBucket({ Bucket: "my-files" })).toMatchObject({ BucketRegion: "eu-west-1" });
  expect((await s3.getBucketLocation({ Bucket: "my-files" })).LocationConstraint).toBe("eu-west-1");
  expect((await s3.listBuckets({})).Buckets).toEqual([
    { Name: "my-files", CreationDate: new Date(0), BucketRegion: "eu-west-1", BucketArn: "arn:aws:s3:::my-files" },
  ]);
  await s3.deleteBucket({ Bucket: "my-files" });
  await expect(s3.headBucket({ Bucket: "my-files" })).rejects.toMatchObject({ name: "NotFound", $metadata: { httpStatusCode: 404 } });
  await expect(s3.listObjectsV2({ Bucket: "my-files" })).rejects.toMatchObject({ name: "NoSuchBucket" });
});

test.each(["ab", "Upper", "under_score", "-dash", "dash-", "two..dots", "192.168.1.1", "xn--x", "a-s3alias", "x".repeat(64)])(
  "the name %s is refused",
  async (name) => {
    await expect(connect().create(name)).rejects.toMatchObject({ name: "InvalidBucketName" });
  },
);

test("a name is taken for all accounts, twice by its owner only in North Virginia", async () => {
  const { client, create } = connect();
  await create("taken");
  await expect(create("taken")).rejects.toMatchObject({ name: "BucketAlreadyOwnedByYou" });
  const stranger = client(S3, { region: "us-east-1", accessKeyId: "999999999999" });
  await expect(stranger.createBucket({ Bucket: "taken" })).rejects.toMatchObject({ name: "BucketAlreadyExists" });
  await expect(client(S3, { region: "eu-west-1", accessKeyId: "999999999999" }).listObjectsV2({ Bucket: "taken" })).rejects.toMatchObject({
    name: "AccessDenied",
  });
  await stranger.createBucket({ Bucket: "again" });
  await stranger.createBucket({ Bucket: "again" });
});

test.each([
  ["eu-west-1", "eu-central-1", "IllegalLocationConstraintException"],
  ["us-east-1", "us-east-1", "InvalidLocationConstraint"],
])("a creation in %s with location %s is refused", async (region, location, name) => {
  const s3 = connect().client(S3, { region });
  await expect(
    s3.createBucket({ Bucket: "somewhere", CreateBucketConfiguration: { LocationConstraint: location as "eu-west-1" } }),
  ).rejects.toMatchObject({ name });
});

test("a caller in another region is sent to the bucket's own", async () => {
  const { client, create } = connect();
  await create("my-files");
  const far = client(S3, { region: "us-west-2" });
  await expect(far.listObjectsV2({ Bucket: "my-files" })).rejects.toMatchObject({
    name: "PermanentRedirect",
    $metadata: { httpStatusCode: 301 },
    Endpoint: "my-files.s3.eu-west-1.amazonaws.com",
  });
  await expect(far.headBucket({ Bucket: "my-files" })).rejects.toMatchObject({ $metadata: { httpStatusCode: 301 } });
  expect((await far.getBucketLocation({ Bucket: "my-files" })).LocationConstraint).toBe("eu-west-1");
});

test("buckets are listed by page, prefix and region", async () => {
  const { client, s3, create } = connect();
  for (const name of ["c-three", "a-one", "b-two"]) await create(name);
  await client(S3, { region: "us-east-1" }).createBucket({ Bucket: "a-four" });
  const first = await s3.listBuckets({ MaxBuckets: 2 });
  const second = await s3.listBuckets({ MaxBuckets: 2, ContinuationToken: first.ContinuationToken });
  expect([first, second].map(({ Buckets }) => Buckets!.map(({ Name }) => Name))).toEqual([
    ["a-four", "a-one"],
    ["b-two", "c-three"],
  ]);
  expect(second.ContinuationToken).toBeUndefined();
  expect((await s3.listBuckets({ Prefix: "a-" })).Buckets).toHaveLength(2);
  expect((await s3.listBuckets({ BucketRegion: "us-east-1" })).Buckets!.map(({ Name }) => Name)).toEqual(["a-four"]);
});

test("a bucket with objects, or with versions under a marker, is not deleted", async () => {
  const { s3, create } = connect();
  await create("my-files");
  await s3.putBucketVersioning({ Bucket: "my-files", VersioningConfiguration: { Status: "Enabled" } });
  const { VersionId } = await s3.putObject({ Bucket: "my-files", Key: "a", Body: "1" });
  await expect(s3.deleteBucket({ Bucket: "my-files" })).rejects.toMatchObject({ name: "BucketNotEmpty" });
  const { VersionId: marker } = await s3.deleteObject({ Bucket: "my-files", Key: "a" });
  await expect(s3.deleteBucket({ Bucket: "my-files" })).rejects.toMatchObject({ name: "BucketNotEmpty" });
  await s3.deleteObjects({
    Bucket: "my-files",
    Delete: {
      Objects: [
        { Key: "a", VersionId },
        { Key: "a", VersionId: marker },
      ],
    },
  });
  await s3.deleteBucket({ Bucket: "my-files" });
});

test("another expected owner is refused", async () => {
  const { s3, create } = connect();
  await create("my-files");
  await expect(s3.putObject({ Bucket: "my-files", Key: "a", Body: "1", ExpectedBucketOwner: "999999999999" })).rejects.toMatchObject({
    name: "AccessDenied",
  });
  await s3.putObject({ Bucket: "my-files", Key: "a", Body: "1", ExpectedBucketOwner: "123456789012" });
});
