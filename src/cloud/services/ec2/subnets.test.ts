/** Subnets: sizes, overlaps, zones, attributes. */
import { EC2 } from "@aws-sdk/client-ec2";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";
import { block, overlaps } from "./cidr.ts";

async function world() {
  const ec2 = clients(new Cloud({ paranoid: true }))(EC2, { region: "eu-west-1" });
  const { Vpc } = await ec2.createVpc({ CidrBlock: "10.0.0.0/16" });
  return { ec2, VpcId: Vpc!.VpcId! };
}

test.each([
  ["10.0.0.0/28", 11],
  ["10.0.1.0/24", 251],
  ["10.0.0.0/16", 65_531],
])("VPC-03: the subnet %s has %i usable addresses", async (CidrBlock, usable) => {
  const { ec2, VpcId } = await world();
  expect((await ec2.createSubnet({ VpcId, CidrBlock })).Subnet).toMatchObject({
    CidrBlock,
    AvailableIpAddressCount: usable,
    State: "available",
  });
});

test.each([
  ["10.0.0.0/29", "InvalidSubnet.Range"], // smaller than a /28
  ["10.1.0.0/24", "InvalidSubnet.Range"], // not the VPC's
  ["10.0.0.0/15", "InvalidSubnet.Range"],
  ["10.0.200.128/25", "InvalidSubnet.Conflict"],
  ["10.0.128.0/17", "InvalidSubnet.Conflict"],
  ["nonsense", "InvalidParameterValue"],
])("VPC-03: beside 10.0.200.0/24 the subnet %s is refused with %s", async (CidrBlock, name) => {
  const { ec2, VpcId } = await world();
  await ec2.createSubnet({ VpcId, CidrBlock: "10.0.200.0/24" });
  await expect(ec2.createSubnet({ VpcId, CidrBlock })).rejects.toMatchObject({ name });
});

test("VPC-03: whatever is asked for, the subnets of a VPC never overlap", async () => {
  const cidr = fc.record({
    third: fc.integer({ min: 0, max: 255 }),
    fourth: fc.integer({ min: 0, max: 255 }),
    length: fc.integer({ min: 18, max: 28 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(cidr, { minLength: 2, maxLength: 12 }), async (wanted) => {
      const { ec2, VpcId } = await world();
      const made: string[] = [];
      for (const { third, fourth, length } of wanted) {
        const text = `10.0.${third}.${fourth}/${length}`;
        const isFree = !made.some((each) => overlaps(block(each), block(text)));
        const answer = await ec2.createSubnet({ VpcId, CidrBlock: text }).catch(({ name }: Error) => name);
        if (typeof answer === "string") expect([answer, isFree]).toEqual(["InvalidSubnet.Conflict", false]);
        else made.push(answer.Subnet!.CidrBlock!);
        expect(typeof answer !== "string").toBe(isFree);
      }
    }),
    { numRuns: 15 },
  );
});

test("a zone is named by its name or its id, and one that the region lacks is refused", async () => {
  const { ec2, VpcId } = await world();
  const byName = await ec2.createSubnet({ VpcId, CidrBlock: "10.0.0.0/24", AvailabilityZone: "eu-west-1b" });
  const byId = await ec2.createSubnet({ VpcId, CidrBlock: "10.0.1.0/24", AvailabilityZoneId: byName.Subnet!.AvailabilityZoneId });
  expect(byId.Subnet!.AvailabilityZone).toBe("eu-west-1b");
  await expect(ec2.createSubnet({ VpcId, CidrBlock: "10.0.2.0/24", AvailabilityZone: "eu-west-1z" })).rejects.toMatchObject({
    name: "InvalidParameterValue",
    message: expect.stringContaining("Subnets can currently only be created in the following availability zones: eu-west-1"),
  });
});

test("a new subnet follows the main route table and the default ACL", async () => {
  const { ec2, VpcId } = await world();
  const { SubnetId } = (await ec2.createSubnet({ VpcId, CidrBlock: "10.0.0.0/24" })).Subnet!;
  const { NetworkAcls } = await ec2.describeNetworkAcls({ Filters: [{ Name: "association.subnet-id", Values: [SubnetId!] }] });
  expect(NetworkAcls).toMatchObject([{ IsDefault: true, VpcId }]);
  expect((await ec2.describeRouteTables({ Filters: [{ Name: "association.subnet-id", Values: [SubnetId!] }] })).RouteTables).toEqual([]); // implicitly, as in AWS
  await ec2.deleteSubnet({ SubnetId });
  expect((await ec2.describeNetworkAcls({ Filters: [{ Name: "association.subnet-id", Values: [SubnetId!] }] })).NetworkAcls).toEqual([]);
});

test("attributes are changed one at a time, and IPv6 addresses need an IPv6 block", async () => {
  const { ec2, VpcId } = await world();
  const { SubnetId } = (await ec2.createSubnet({ VpcId, CidrBlock: "10.0.0.0/24" })).Subnet!;
  await ec2.modifySubnetAttribute({ SubnetId, MapPublicIpOnLaunch: { Value: true } });
  await ec2.modifySubnetAttribute({ SubnetId, PrivateDnsHostnameTypeOnLaunch: "resource-name" });
  const { Subnets } = await ec2.describeSubnets({
    Filters: [
      { Name: "map-public-ip-on-launch", Values: ["true"] },
      { Name: "vpc-id", Values: [VpcId] },
    ],
  });
  expect(Subnets).toMatchObject([{ SubnetId, PrivateDnsNameOptionsOnLaunch: { HostnameType: "resource-name" } }]);
  const two = { SubnetId, MapPublicIpOnLaunch: { Value: true }, EnableDns64: { Value: true } };
  await expect(ec2.modifySubnetAttribute(two)).rejects.toMatchObject({ name: "InvalidParameterCombination" });
  await expect(ec2.modifySubnetAttribute({ SubnetId, AssignIpv6AddressOnCreation: { Value: true } })).rejects.toMatchObject({
    name: "InvalidParameterValue",
  });
});
