/** Tags, filters and pages, which all nouns share. */
import { EC2 } from "@aws-sdk/client-ec2";
import { expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud, root } from "../../cloud.ts";
import { tag, tagged } from "./tags.ts";

const world = () => {
  const cloud = new Cloud({ paranoid: true });
  return { cloud, ec2: clients(cloud)(EC2, { region: "eu-west-1" }) };
};
const named = (Value: string) => [{ ResourceType: "vpc" as const, Tags: [{ Key: "Name", Value }] }];

test("tags are set, replaced, found and removed", async () => {
  const { ec2 } = world();
  const { VpcId } = (await ec2.createVpc({ CidrBlock: "10.0.0.0/16", TagSpecifications: named("core") })).Vpc!;
  const Resources = [VpcId!];
  await ec2.createTags({
    Resources,
    Tags: [
      { Key: "Name", Value: "edge" },
      { Key: "team", Value: "net" },
    ],
  });
  const found = async () => (await ec2.describeTags({ Filters: [{ Name: "resource-id", Values: Resources }] })).Tags!;
  expect(await found()).toEqual([
    { Key: "Name", Value: "edge", ResourceId: VpcId, ResourceType: "vpc" },
    { Key: "team", Value: "net", ResourceId: VpcId, ResourceType: "vpc" },
  ]);
  await ec2.deleteTags({ Resources, Tags: [{ Key: "team", Value: "other" }, { Key: "Name" }] }); // another value stays
  expect((await found()).map(({ Key }) => Key)).toEqual(["team"]);
});

test.each([
  ["aws:mine", "x", "InvalidParameterValue"],
  ["", "x", "InvalidParameterValue"],
  ["k".repeat(129), "x", "InvalidParameterValue"],
  ["k", "v".repeat(257), "InvalidParameterValue"],
])("the tag %s=%s is refused with %s", async (Key, Value, name) => {
  const { ec2 } = world();
  const { VpcId } = (await ec2.createVpc({ CidrBlock: "10.0.0.0/16" })).Vpc!;
  await expect(ec2.createTags({ Resources: [VpcId!], Tags: [{ Key, Value }] })).rejects.toMatchObject({ name });
});

test("fifty tags to a resource, and a refused request has set none", async () => {
  const { ec2 } = world();
  const { VpcId } = (await ec2.createVpc({ CidrBlock: "10.0.0.0/16" })).Vpc!;
  const tags = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => ({ Key: `k${from + at}`, Value: "v" }));
  await ec2.createTags({ Resources: [VpcId!], Tags: tags(0, 50) });
  await expect(ec2.createTags({ Resources: [VpcId!], Tags: tags(49, 51) })).rejects.toMatchObject({ name: "TagLimitExceeded" });
  await expect(ec2.createTags({ Resources: ["vpc-0123456789abcdef0"], Tags: tags(0, 1) })).rejects.toMatchObject({
    name: "InvalidVpcID.NotFound",
  });
});

test("a specification for another type is refused", async () => {
  const request = { CidrBlock: "10.0.0.0/16", TagSpecifications: [{ ResourceType: "subnet" as const, Tags: [{ Key: "a", Value: "b" }] }] };
  await expect(world().ec2.createVpc(request)).rejects.toMatchObject({
    name: "InvalidParameterValue",
    message: "'subnet' is not a valid taggable resource type for this operation.",
  });
});

test.each([
  [[{ Name: "tag:Name", Values: ["core-*"] }], 2],
  [[{ Name: "tag:Name", Values: ["core-?"] }], 2],
  [[{ Name: "tag:Name", Values: ["core"] }], 0],
  [[{ Name: "tag:Name", Values: ["CORE-A"] }], 0], // case matters
  [[{ Name: "tag:Name", Values: ["core-a", "edge"] }], 2], // any of the values
  [
    [
      { Name: "tag:Name", Values: ["core-*"] },
      { Name: "cidr", Values: ["10.1.0.0/16"] },
    ],
    1,
  ], // all of the filters
  [[{ Name: "tag-key", Values: ["Name"] }], 3],
  [[{ Name: "cidr", Values: ["10.?.0.0/16"] }], 3],
  [[{ Name: "tag:Name", Values: ["10\\*"] }], 0], // an escaped star is a star
])("the filters %j find %i VPCs", async (Filters, count) => {
  const { ec2 } = world();
  for (const [at, name] of ["core-a", "core-b", "edge"].entries())
    await ec2.createVpc({ CidrBlock: `10.${at}.0.0/16`, TagSpecifications: named(name) });
  expect((await ec2.describeVpcs({ Filters })).Vpcs).toHaveLength(count);
});

test("an unknown filter is refused by name", async () => {
  await expect(world().ec2.describeVpcs({ Filters: [{ Name: "colour", Values: ["red"] }] })).rejects.toMatchObject({
    name: "InvalidParameterValue",
    message: "The filter 'colour' is invalid",
  });
});

test("pages follow one another to the end, and a foreign token is refused", async () => {
  const { ec2 } = world();
  const { VpcId } = (await ec2.createVpc({ CidrBlock: "10.0.0.0/16" })).Vpc!;
  for (let at = 0; at < 12; at++) await ec2.createSubnet({ VpcId, CidrBlock: `10.0.${at}.0/24` });
  const Filters = [{ Name: "vpc-id", Values: [VpcId!] }];
  const sizes: number[] = [];
  let NextToken: string | undefined;
  do {
    const answer: { Subnets?: unknown[]; NextToken?: string } = await ec2.describeSubnets({ Filters, MaxResults: 5, NextToken });
    sizes.push(answer.Subnets!.length);
    NextToken = answer.NextToken;
  } while (NextToken);
  expect(sizes).toEqual([5, 5, 2]);
  await expect(ec2.describeSubnets({ NextToken: "mine" })).rejects.toMatchObject({ name: "InvalidNextToken" });
  await expect(ec2.describeSubnets({ MaxResults: 4 })).rejects.toMatchObject({ name: "InvalidParameterValue" });
});

test("the tagging API sees every resource by ARN and changes its tags", async () => {
  const { cloud, ec2 } = world();
  const { VpcId } = (await ec2.createVpc({ CidrBlock: "10.0.0.0/16", TagSpecifications: named("core") })).Vpc!;
  const call = cloud.context("ec2", "eu-west-1", root("123456789012"));
  const arn = `arn:aws:ec2:eu-west-1:123456789012:vpc/${VpcId}`;
  expect([...tagged(call)].find((each) => each.arn === arn)?.tags).toEqual({ Name: "core" });
  expect(tag(call, arn, { team: "net" }, ["Name"])).toBe(true);
  expect(tag(call, arn.replace("vpc/", "subnet/"), {}, [])).toBe(false);
  expect((await ec2.describeVpcs({ VpcIds: [VpcId!] })).Vpcs![0]!.Tags).toEqual([{ Key: "team", Value: "net" }]);
});
