import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { S3 } from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

const Bucket = "my-files";
async function connect() {
  const cloud = new Cloud({ paranoid: true });
  const s3 = clients(cloud)(S3, { region: "eu-west-1" });
  await s3.createBucket({ Bucket, CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } });
  await s3.putObject({ Bucket, Key: "a" });
  const tag = (...TagSet: { Key: string; Value: string }[]) => s3.putObjectTagging({ Bucket, Key: "a", Tagging: { TagSet } });
  return { cloud, s3, tag };
}
const numbered = (count: number) => Array.from({ length: count }, (_, at) => ({ Key: `k${at}`, Value: "v" }));

test.each([
  ["eleven tags", numbered(11), "BadRequest"],
  ["one key twice", [...numbered(1), ...numbered(1)], "InvalidTag"],
  ["a key of 129 characters", [{ Key: "k".repeat(129), Value: "" }], "InvalidTag"],
  ["a value of 257 characters", [{ Key: "k", Value: "v".repeat(257) }], "InvalidTag"],
  ["an odd character", [{ Key: "k", Value: "a&b" }], "InvalidTag"],
  ["a tag of AWS's own", [{ Key: "aws:x", Value: "" }], "InvalidTag"],
])("an object takes no %s", async (_what, set, name) => {
  const { s3, tag } = await connect();
  await expect(tag(...set)).rejects.toMatchObject({ name });
  expect((await s3.getObjectTagging({ Bucket, Key: "a" })).TagSet).toEqual([]);
});

test("an object takes ten, of any letters", async () => {
  const { s3, tag } = await connect();
  await tag(...numbered(9), { Key: "größe", Value: "a b/c:d=e+f-g@h_i.j" });
  expect((await s3.headObject({ Bucket, Key: "a" })).TagCount).toBe(10);
  await expect(s3.putObject({ Bucket, Key: "b", Tagging: "a=1&a=2" })).rejects.toMatchObject({ name: "InvalidArgument" });
});

test("the tags of a stack stay on its bucket, whatever is put or taken away", async () => {
  const { cloud, s3 } = await connect();
  const cloudformation = clients(cloud)(CloudFormation, { region: "eu-west-1" });
  const TemplateBody = JSON.stringify({ Resources: { B: { Type: "AWS::S3::Bucket", Properties: { BucketName: "of-stack" } } } });
  await cloudformation.createStack({ StackName: "files", TemplateBody });
  cloud.settle();
  const { TagSet: own } = await s3.getBucketTagging({ Bucket: "of-stack" });
  await s3.putBucketTagging({ Bucket: "of-stack", Tagging: { TagSet: numbered(1) } });
  expect((await s3.getBucketTagging({ Bucket: "of-stack" })).TagSet).toEqual([...own!, ...numbered(1)]);
  await s3.deleteBucketTagging({ Bucket: "of-stack" });
  expect((await s3.getBucketTagging({ Bucket: "of-stack" })).TagSet).toEqual(own);
});
