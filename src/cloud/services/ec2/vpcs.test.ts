/** VPCs, their blocks and the default VPC. */
import { EC2 } from "@aws-sdk/client-ec2";
import { expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

const world = (region = "eu-west-1") => {
  const cloud = new Cloud({ paranoid: true });
  return { cloud, ec2: clients(cloud)(EC2, { region }) };
};

test("every region has a default VPC with a /20 in each zone, an internet gateway, tables and options, and asking for them writes nothing", async () => {
  const { ec2 } = world("eu-central-1");
  const { Vpcs: [vpc] = [] } = await ec2.describeVpcs({ Filters: [{ Name: "isDefault", Values: ["true"] }] });
  expect(vpc).toMatchObject({ CidrBlock: "172.31.0.0/16", IsDefault: true, State: "available" });
  const { Subnets = [] } = await ec2.describeSubnets({ Filters: [{ Name: "vpc-id", Values: [vpc!.VpcId!] }] });
  expect(Subnets.map(({ CidrBlock, AvailabilityZone }) => [CidrBlock, AvailabilityZone])).toEqual([
    ["172.31.0.0/20", "eu-central-1a"],
    ["172.31.16.0/20", "eu-central-1b"],
    ["172.31.32.0/20", "eu-central-1c"],
  ]);
  expect(Subnets[0]).toMatchObject({ AvailableIpAddressCount: 4091, DefaultForAz: true, MapPublicIpOnLaunch: true }); // 2^12 − 5
  const { RouteTables: [table] = [] } = await ec2.describeRouteTables({});
  expect(table!.Routes).toMatchObject([
    { DestinationCidrBlock: "172.31.0.0/16", GatewayId: "local", Origin: "CreateRouteTable", State: "active" },
    { DestinationCidrBlock: "0.0.0.0/0", GatewayId: expect.stringMatching(/^igw-/), State: "active" },
  ]);
  expect((await ec2.describeSecurityGroups({})).SecurityGroups).toMatchObject([{ GroupName: "default", VpcId: vpc!.VpcId }]);
  expect((await ec2.describeNetworkAcls({})).NetworkAcls?.[0]?.Associations).toHaveLength(3);
  expect((await ec2.describeDhcpOptions({})).DhcpOptions).toMatchObject([{ DhcpOptionsId: vpc!.DhcpOptionsId }]);
  expect((await ec2.describeVpcAttribute({ VpcId: vpc!.VpcId, Attribute: "enableDnsHostnames" })).EnableDnsHostnames).toEqual({
    Value: true,
  });
  await ec2.createVpc({ CidrBlock: "10.0.0.0/16" });
  expect((await ec2.describeVpcs({ VpcIds: [vpc!.VpcId!] })).Vpcs).toEqual([vpc]);
});

test("the default VPC can be deleted piece by piece and be made again", async () => {
  const { ec2 } = world();
  const { Vpcs: [vpc] = [] } = await ec2.describeVpcs({});
  await expect(ec2.createDefaultVpc({})).rejects.toMatchObject({ name: "DefaultVpcAlreadyExists" });
  await expect(ec2.deleteVpc({ VpcId: vpc!.VpcId })).rejects.toMatchObject({
    name: "DependencyViolation",
    message: `The vpc '${vpc!.VpcId}' has dependencies and cannot be deleted.`,
  });
  const { InternetGateways: [gateway] = [] } = await ec2.describeInternetGateways({
    Filters: [{ Name: "attachment.vpc-id", Values: [vpc!.VpcId!] }],
  });
  await ec2.detachInternetGateway({ InternetGatewayId: gateway!.InternetGatewayId, VpcId: vpc!.VpcId });
  await ec2.deleteInternetGateway({ InternetGatewayId: gateway!.InternetGatewayId });
  const { Subnets = [] } = await ec2.describeSubnets({});
  await ec2.deleteSubnet({ SubnetId: Subnets[1]!.SubnetId });
  const { Subnet } = await ec2.createDefaultSubnet({ AvailabilityZone: Subnets[1]!.AvailabilityZone });
  expect(Subnet).toMatchObject({ CidrBlock: "172.31.16.0/20", DefaultForAz: true }); // the hole that the deleted one left
  for (const { SubnetId } of (await ec2.describeSubnets({})).Subnets ?? []) await ec2.deleteSubnet({ SubnetId });
  await ec2.deleteVpc({ VpcId: vpc!.VpcId });
  expect((await ec2.describeVpcs({})).Vpcs).toEqual([]);
  expect((await ec2.describeRouteTables({})).RouteTables).toEqual([]);
  expect((await ec2.describeSecurityGroups({})).SecurityGroups).toEqual([]);
  expect((await ec2.createDefaultVpc({})).Vpc).toMatchObject({ IsDefault: true, CidrBlock: "172.31.0.0/16" });
});

test("a new VPC comes with its main route table, its default ACL and its default security group", async () => {
  const { ec2 } = world();
  const { Vpc } = await ec2.createVpc({
    CidrBlock: "10.1.2.3/16",
    TagSpecifications: [{ ResourceType: "vpc", Tags: [{ Key: "Name", Value: "core" }] }],
  });
  expect(Vpc).toMatchObject({
    CidrBlock: "10.1.0.0/16",
    IsDefault: false,
    InstanceTenancy: "default",
    Tags: [{ Key: "Name", Value: "core" }],
  });
  const Filters = [{ Name: "vpc-id", Values: [Vpc!.VpcId!] }];
  expect(
    (await ec2.describeRouteTables({ Filters: [...Filters, { Name: "association.main", Values: ["true"] }] })).RouteTables,
  ).toHaveLength(1);
  expect((await ec2.describeNetworkAcls({ Filters: [...Filters, { Name: "default", Values: ["true"] }] })).NetworkAcls).toHaveLength(1);
  expect(
    (await ec2.describeSecurityGroups({ Filters: [...Filters, { Name: "group-name", Values: ["default"] }] })).SecurityGroups,
  ).toHaveLength(1);
});

test.each([
  ["10.0.0.0/15", "InvalidVpc.Range"],
  ["10.0.0.0/29", "InvalidVpc.Range"],
  ["10.0.0.0", "InvalidParameterValue"],
  ["300.0.0.0/16", "InvalidParameterValue"],
])("a VPC of %s is refused with %s", async (CidrBlock, name) => {
  await expect(world().ec2.createVpc({ CidrBlock })).rejects.toMatchObject({ name });
});

test("VPC-02: five VPCs to a region, the default one counted", async () => {
  const { ec2 } = world();
  for (const second of [1, 2, 3, 4]) await ec2.createVpc({ CidrBlock: `10.${second}.0.0/16` });
  await expect(ec2.createVpc({ CidrBlock: "10.5.0.0/16" })).rejects.toMatchObject({ name: "VpcLimitExceeded" });
});

test("an unknown VPC and a malformed id are told apart", async () => {
  const { ec2 } = world();
  await expect(ec2.describeVpcs({ VpcIds: ["vpc-0123456789abcdef0"] })).rejects.toMatchObject({
    name: "InvalidVpcID.NotFound",
    message: "The vpc ID 'vpc-0123456789abcdef0' does not exist",
  });
  await expect(ec2.describeVpcs({ VpcIds: ["vpc-0123456789abcdef0", "core"] })).rejects.toMatchObject({ name: "InvalidVpcID.Malformed" });
});

test("DNS attributes change one at a time, and hostnames need DNS", async () => {
  const { ec2 } = world();
  const { VpcId } = (await ec2.createVpc({ CidrBlock: "10.0.0.0/16" })).Vpc!;
  await ec2.modifyVpcAttribute({ VpcId, EnableDnsHostnames: { Value: true } });
  expect((await ec2.describeVpcAttribute({ VpcId, Attribute: "enableDnsHostnames" })).EnableDnsHostnames).toEqual({ Value: true });
  await ec2.modifyVpcAttribute({ VpcId, EnableDnsHostnames: { Value: false } });
  await ec2.modifyVpcAttribute({ VpcId, EnableDnsSupport: { Value: false } });
  await expect(ec2.modifyVpcAttribute({ VpcId, EnableDnsHostnames: { Value: true } })).rejects.toMatchObject({
    name: "InvalidParameterCombination",
  });
  const both = { VpcId, EnableDnsSupport: { Value: true }, EnableDnsHostnames: { Value: true } };
  await expect(ec2.modifyVpcAttribute(both)).rejects.toMatchObject({ name: "InvalidParameterCombination" });
});

test.each([
  ["10.1.0.0/16", undefined], // the same private range
  ["100.64.0.0/16", undefined],
  ["10.0.128.0/20", "InvalidVpc.Range"], // overlaps
  ["192.168.0.0/16", "InvalidVpc.Range"], // another private range
])("VPC-02: the block %s joins a VPC of 10.0.0.0/16: %s", async (CidrBlock, refusal) => {
  const { ec2 } = world();
  const { VpcId } = (await ec2.createVpc({ CidrBlock: "10.0.0.0/16" })).Vpc!;
  const joining = ec2.associateVpcCidrBlock({ VpcId, CidrBlock });
  if (refusal) return expect(joining).rejects.toMatchObject({ name: refusal });
  const { CidrBlockAssociation } = await joining;
  const { RouteTables } = await ec2.describeRouteTables({ Filters: [{ Name: "route.destination-cidr-block", Values: [CidrBlock] }] });
  expect(RouteTables).toHaveLength(1); // a local route for the new block
  await ec2.disassociateVpcCidrBlock({ AssociationId: CidrBlockAssociation!.AssociationId });
  expect((await ec2.describeVpcs({ VpcIds: [VpcId!] })).Vpcs![0]!.CidrBlockAssociationSet).toHaveLength(1);
});

test("VPC-02: a VPC has at most five IPv4 blocks, and the primary one stays", async () => {
  const { ec2 } = world();
  const { VpcId, CidrBlockAssociationSet } = (await ec2.createVpc({ CidrBlock: "10.0.0.0/16" })).Vpc!;
  for (const second of [1, 2, 3, 4]) await ec2.associateVpcCidrBlock({ VpcId, CidrBlock: `10.${second}.0.0/16` });
  await expect(ec2.associateVpcCidrBlock({ VpcId, CidrBlock: "10.5.0.0/16" })).rejects.toMatchObject({ name: "CidrLimitExceeded" });
  await expect(ec2.disassociateVpcCidrBlock({ AssociationId: CidrBlockAssociationSet![0]!.AssociationId })).rejects.toMatchObject({
    name: "OperationNotPermitted",
  });
});

test("Amazon gives a VPC a /56 of IPv6, of which subnets take /64s", async () => {
  const { ec2 } = world();
  const { Vpc } = await ec2.createVpc({ CidrBlock: "10.0.0.0/16", AmazonProvidedIpv6CidrBlock: true });
  const cidr = Vpc!.Ipv6CidrBlockAssociationSet![0]!.Ipv6CidrBlock!;
  expect(cidr).toMatch(/^2600:1f.*::\/56$/);
  const slice = cidr.replace("::/56", "::/64");
  const { Subnet } = await ec2.createSubnet({ VpcId: Vpc!.VpcId, CidrBlock: "10.0.0.0/24", Ipv6CidrBlock: slice });
  expect(Subnet!.Ipv6CidrBlockAssociationSet).toMatchObject([{ Ipv6CidrBlock: slice, Ipv6CidrBlockState: { State: "associated" } }]);
  await expect(ec2.createSubnet({ VpcId: Vpc!.VpcId, CidrBlock: "10.0.1.0/24", Ipv6CidrBlock: slice })).rejects.toMatchObject({
    name: "InvalidSubnet.Conflict",
  });
  await expect(ec2.disassociateVpcCidrBlock({ AssociationId: Vpc!.Ipv6CidrBlockAssociationSet![0]!.AssociationId })).rejects.toMatchObject({
    name: "InvalidCidrBlock.InUse",
  });
});

test("a dry run changes nothing and says that it would have worked", async () => {
  const { ec2 } = world();
  await expect(ec2.createVpc({ CidrBlock: "10.0.0.0/16", DryRun: true })).rejects.toMatchObject({ name: "DryRunOperation" });
  expect((await ec2.describeVpcs({})).Vpcs).toHaveLength(1);
});
