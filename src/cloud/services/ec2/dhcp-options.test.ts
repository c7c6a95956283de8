import { EC2 } from "@aws-sdk/client-ec2";
import { beforeEach, expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

let cloud: Cloud;
let ec2: EC2;
beforeEach(() => {
  cloud = new Cloud({ paranoid: true });
  ec2 = clients(cloud)(EC2);
});

const setOf = async (VpcId?: string) => (await ec2.describeVpcs({ VpcIds: [VpcId!] })).Vpcs![0]!.DhcpOptionsId!;

test("all new VPCs share one set with Amazon's DNS", async () => {
  const vpcs = [await ec2.createVpc({ CidrBlock: "10.0.0.0/16" }), await ec2.createVpc({ CidrBlock: "10.1.0.0/16" })];
  const [first, second] = vpcs.map(({ Vpc }) => Vpc?.DhcpOptionsId);
  expect(first).toBe(second);
  expect((await ec2.describeDhcpOptions({ DhcpOptionsIds: [first!] })).DhcpOptions).toMatchObject([
    {
      DhcpConfigurations: [
        { Key: "domain-name", Values: [{ Value: "eu-west-1.compute.internal" }] },
        { Key: "domain-name-servers", Values: [{ Value: "AmazonProvidedDNS" }] },
      ],
    },
  ]);
});

test("a set is associated, kept while it is used, and left by the word default", async () => {
  const { Vpc } = await ec2.createVpc({ CidrBlock: "10.0.0.0/16" });
  const { DhcpOptions } = await ec2.createDhcpOptions({
    DhcpConfigurations: [
      { Key: "domain-name-servers", Values: ["10.0.0.2", "10.0.0.3"] },
      { Key: "domain-name", Values: ["example.org"] },
    ],
  });
  const DhcpOptionsId = DhcpOptions?.DhcpOptionsId;
  await ec2.associateDhcpOptions({ DhcpOptionsId, VpcId: Vpc?.VpcId });
  expect(await setOf(Vpc?.VpcId)).toBe(DhcpOptionsId);
  await expect(ec2.deleteDhcpOptions({ DhcpOptionsId })).rejects.toMatchObject({ name: "DependencyViolation" });
  await ec2.associateDhcpOptions({ DhcpOptionsId: "default", VpcId: Vpc?.VpcId });
  expect(await setOf(Vpc?.VpcId)).toBe("default");
  await ec2.deleteDhcpOptions({ DhcpOptionsId });
  await expect(ec2.describeDhcpOptions({ DhcpOptionsIds: [DhcpOptionsId!] })).rejects.toMatchObject({
    name: "InvalidDhcpOptionID.NotFound",
  });
});

test.each([
  ["an option that is none", { Key: "colour", Values: ["red"] }],
  ["five name servers", { Key: "domain-name-servers", Values: ["1.1.1.1,1.1.1.2,1.1.1.3,1.1.1.4", "1.1.1.5"] }],
  ["a node type of three", { Key: "netbios-node-type", Values: ["3"] }],
])("%s is refused", async (_what, configuration) => {
  await expect(ec2.createDhcpOptions({ DhcpConfigurations: [configuration] })).rejects.toMatchObject({ name: "InvalidParameterValue" });
});
