import { EC2 } from "@aws-sdk/client-ec2";
import { IAM } from "@aws-sdk/client-iam";
import { ResourceGroupsTaggingAPI } from "@aws-sdk/client-resource-groups-tagging-api";
import { S3 } from "@aws-sdk/client-s3";
import { SQS } from "@aws-sdk/client-sqs";
import { expect, test } from "vitest";
import { clients } from "../clients.ts";
import { Cloud } from "../cloud.ts";

async function connect() {
  const cloud = new Cloud({ paranoid: true });
  const client = clients(cloud);
  const [tagging, sqs, s3, ec2] = [client(ResourceGroupsTaggingAPI), client(SQS), client(S3), client(EC2)];
  await sqs.createQueue({ QueueName: "jobs", tags: { app: "shop", stage: "prod" } });
  await sqs.createQueue({ QueueName: "bare" });
  await s3.createBucket({ Bucket: "files-of-shop", CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } });
  await s3.putBucketTagging({ Bucket: "files-of-shop", Tagging: { TagSet: [{ Key: "app", Value: "shop" }] } });
  const { Vpc } = await ec2.createVpc({
    CidrBlock: "10.0.0.0/16",
    TagSpecifications: [{ ResourceType: "vpc", Tags: [{ Key: "app", Value: "other" }] }],
  });
  const arns = {
    queue: "arn:aws:sqs:eu-west-1:123456789012:jobs",
    bare: "arn:aws:sqs:eu-west-1:123456789012:bare",
    bucket: "arn:aws:s3:::files-of-shop",
    vpc: `arn:aws:ec2:eu-west-1:123456789012:vpc/${Vpc!.VpcId}`,
  };
  const find = async (input: object = {}) =>
    (await tagging.getResources(input)).ResourceTagMappingList!.map(({ ResourceARN = "" }) => ResourceARN).sort();
  return { client, tagging, sqs, arns, find };
}

test("what has tags is found over all services, by tags and types", async () => {
  const { arns, find } = await connect();
  expect(await find()).toEqual([arns.vpc, arns.bucket, arns.queue].sort());
  expect(await find({ TagFilters: [{ Key: "app", Values: ["shop"] }] })).toEqual([arns.bucket, arns.queue].sort());
  expect(await find({ TagFilters: [{ Key: "app", Values: ["shop", "other"] }, { Key: "stage" }] })).toEqual([arns.queue]);
  expect(await find({ ResourceTypeFilters: ["ec2:vpc"] })).toEqual([arns.vpc]);
  expect(await find({ ResourceTypeFilters: ["ec2:subnet", "s3"] })).toEqual([arns.bucket]);
  expect(await find({ ResourceARNList: [arns.queue, arns.bare] })).toEqual([arns.queue]);
});

test("pages are disjoint and end with an empty token", async () => {
  const { tagging, arns } = await connect();
  const seen: string[] = [];
  let PaginationToken: string | undefined;
  do {
    const page = await tagging.getResources({ ResourcesPerPage: 1, PaginationToken });
    expect(page.ResourceTagMappingList).toHaveLength(1);
    seen.push(page.ResourceTagMappingList![0]!.ResourceARN!);
    PaginationToken = page.PaginationToken;
  } while (PaginationToken);
  expect(seen.sort()).toEqual([arns.vpc, arns.bucket, arns.queue].sort());
  await expect(tagging.getResources({ ResourceARNList: [arns.queue], ResourcesPerPage: 1 })).rejects.toMatchObject({
    name: "InvalidParameterException",
  });
  await expect(tagging.getResources({ TagsPerPage: 50 })).rejects.toMatchObject({ name: "InvalidParameterException" });
});

test("tags are set and taken over services at once; what fails does not stop the rest, and what lost its last tag stays listed", async () => {
  const { tagging, sqs, arns, find } = await connect();
  const gone = "arn:aws:sqs:eu-west-1:123456789012:gone";
  const { FailedResourcesMap } = await tagging.tagResources({ ResourceARNList: [arns.bare, gone, arns.vpc], Tags: { owner: "ops" } });
  expect(Object.keys(FailedResourcesMap!)).toEqual([gone]);
  expect(await find({ TagFilters: [{ Key: "owner" }] })).toEqual([arns.bare, arns.vpc].sort());
  const QueueUrl = (await sqs.getQueueUrl({ QueueName: "bare" })).QueueUrl!;
  expect((await sqs.listQueueTags({ QueueUrl })).Tags).toEqual({ owner: "ops" });
  await tagging.untagResources({ ResourceARNList: [arns.bare], TagKeys: ["owner"] });
  expect((await tagging.getResources({ ResourceARNList: [arns.bare] })).ResourceTagMappingList).toEqual([
    { ResourceARN: arns.bare, Tags: [] },
  ]);
  await expect(tagging.tagResources({ ResourceARNList: [arns.bare], Tags: { "aws:x": "1" } })).rejects.toMatchObject({
    name: "InvalidParameterException",
  });
});

test("keys and values are those of the region", async () => {
  const { client, tagging } = await connect();
  expect((await tagging.getTagKeys({})).TagKeys).toEqual(["app", "stage"]);
  expect((await tagging.getTagValues({ Key: "app" })).TagValues).toEqual(["other", "shop"]);
  expect((await client(ResourceGroupsTaggingAPI, { region: "eu-central-1" }).getTagKeys({})).TagKeys).toEqual([]);
});

test("resources of IAM are seen in us-east-1 only, users and roles nowhere", async () => {
  const { client, find } = await connect();
  const iam = client(IAM);
  await iam.createUser({ UserName: "ann", Tags: [{ Key: "app", Value: "shop" }] });
  await iam.createPolicy({
    PolicyName: "read",
    PolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "*" }] }),
    Tags: [{ Key: "app", Value: "shop" }],
  });
  const { ResourceTagMappingList } = await client(ResourceGroupsTaggingAPI, { region: "us-east-1" }).getResources({
    TagFilters: [{ Key: "app" }],
  });
  expect(ResourceTagMappingList!.map(({ ResourceARN }) => ResourceARN)).toEqual(["arn:aws:iam::123456789012:policy/read"]);
  expect((await find()).filter((arn) => arn.includes(":iam:"))).toEqual([]);
});

test("tag policies are refused by name", async () => {
  const { tagging } = await connect();
  await expect(tagging.getResources({ IncludeComplianceDetails: true })).rejects.toMatchObject({ name: "NotImplemented" });
  await expect(tagging.getResources({ ExcludeCompliantResources: true })).rejects.toMatchObject({ name: "InvalidParameterException" });
});
