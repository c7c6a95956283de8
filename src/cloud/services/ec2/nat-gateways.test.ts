/** NAT gateways. */
import { EC2 } from "@aws-sdk/client-ec2";
import { expect, test } from "vitest";
import { hours, minutes, plus, seconds } from "../../../kernel/units.ts";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

async function world({ internet = true, cidr = "10.0.0.0/24" } = {}) {
  const cloud = new Cloud({ paranoid: true });
  const ec2 = clients(cloud)(EC2, { region: "eu-west-1" });
  const { VpcId } = (await ec2.createVpc({ CidrBlock: "10.0.0.0/16" })).Vpc!;
  const { SubnetId } = (await ec2.createSubnet({ VpcId, CidrBlock: cidr })).Subnet!;
  const { InternetGatewayId } = (await ec2.createInternetGateway({})).InternetGateway!;
  if (internet) await ec2.attachInternetGateway({ InternetGatewayId, VpcId });
  const show = async (NatGatewayId = "") => (await ec2.describeNatGateways({ NatGatewayIds: [NatGatewayId] })).NatGateways![0]!;
  return { cloud, ec2, VpcId, SubnetId, show };
}

test("VPC-07: a public NAT gateway becomes available, holds a real interface and its address, and is shown for an hour after its deletion", async () => {
  const { cloud, ec2, SubnetId, VpcId, show } = await world();
  const { AllocationId, PublicIp } = await ec2.allocateAddress({});
  const { NatGateway } = await ec2.createNatGateway({ SubnetId, AllocationId });
  expect(NatGateway).toMatchObject({ State: "pending", ConnectivityType: "public", VpcId });
  cloud.advance(plus(cloud.run.now, seconds(90)));
  const { NatGatewayId, State, NatGatewayAddresses: [address] = [] } = await show(NatGateway!.NatGatewayId);
  expect([State, address!.Status, address!.PublicIp, address!.IsPrimary]).toEqual(["available", "succeeded", PublicIp, true]);
  const { NetworkInterfaces } = await ec2.describeNetworkInterfaces({ NetworkInterfaceIds: [address!.NetworkInterfaceId!] });
  expect(NetworkInterfaces).toMatchObject([
    {
      InterfaceType: "nat_gateway",
      Description: `Interface for NAT Gateway ${NatGatewayId}`,
      RequesterManaged: true,
      Status: "in-use",
      PrivateIpAddress: address!.PrivateIp,
      Association: { AllocationId },
    },
  ]);
  await expect(ec2.deleteNetworkInterface({ NetworkInterfaceId: address!.NetworkInterfaceId })).rejects.toMatchObject({
    name: "OperationNotPermitted",
  });
  await expect(ec2.releaseAddress({ AllocationId })).rejects.toMatchObject({ name: "InvalidIPAddress.InUse" });
  await expect(ec2.deleteSubnet({ SubnetId })).rejects.toMatchObject({ name: "DependencyViolation" });
  await ec2.deleteNatGateway({ NatGatewayId });
  expect((await show(NatGatewayId)).State).toBe("deleting");
  cloud.advance(plus(cloud.run.now, minutes(1)));
  expect((await show(NatGatewayId)).State).toBe("deleted");
  await ec2.releaseAddress({ AllocationId });
  await ec2.deleteSubnet({ SubnetId });
  cloud.advance(plus(cloud.run.now, hours(1)));
  await expect(show(NatGatewayId)).rejects.toMatchObject({
    name: "NatGatewayNotFound",
    message: `NAT gateway ${NatGatewayId} was not found`,
  });
});

test("a route to a NAT gateway that is gone is a blackhole", async () => {
  const { cloud, ec2, SubnetId, VpcId } = await world();
  const { NatGatewayId } = (await ec2.createNatGateway({ SubnetId, ConnectivityType: "private" })).NatGateway!;
  const { RouteTableId } = (await ec2.createRouteTable({ VpcId })).RouteTable!;
  await ec2.createRoute({ RouteTableId, DestinationCidrBlock: "0.0.0.0/0", NatGatewayId });
  const state = async () => (await ec2.describeRouteTables({ RouteTableIds: [RouteTableId!] })).RouteTables![0]!.Routes![1]!.State;
  expect(await state()).toBe("active");
  await ec2.deleteNatGateway({ NatGatewayId });
  cloud.settle();
  expect(await state()).toBe("blackhole");
});

test("VPC-07: what cannot work fails after a moment, with AWS's code, and goes within an hour", async () => {
  const { cloud, ec2, SubnetId, show } = await world({ internet: false });
  const { AllocationId } = await ec2.allocateAddress({});
  const { NatGatewayId } = (await ec2.createNatGateway({ SubnetId, AllocationId })).NatGateway!;
  cloud.settle();
  expect(await show(NatGatewayId)).toMatchObject({
    State: "failed",
    FailureCode: "Gateway.NotAttached",
    FailureMessage: expect.stringContaining("has no Internet gateway attached"),
  });
  await ec2.releaseAddress({ AllocationId }); // never taken
  cloud.advance(plus(cloud.run.now, hours(1)));
  await expect(show(NatGatewayId)).rejects.toMatchObject({ name: "NatGatewayNotFound" });
});

test("VPC-07: an address that another gateway has, or a full subnet, fails it", async () => {
  const { cloud, ec2, SubnetId, show } = await world({ cidr: "10.0.0.0/28" });
  const { AllocationId } = await ec2.allocateAddress({});
  await ec2.createNatGateway({ SubnetId, AllocationId });
  const second = (await ec2.createNatGateway({ SubnetId, AllocationId })).NatGateway!;
  for (let used = 1; used < 11; used++) await ec2.createNetworkInterface({ SubnetId });
  const third = (await ec2.createNatGateway({ SubnetId, ConnectivityType: "private" })).NatGateway!;
  cloud.settle();
  expect((await show(second.NatGatewayId)).FailureCode).toBe("Resource.AlreadyAssociated");
  expect((await show(third.NatGatewayId)).FailureCode).toBe("InsufficientFreeAddressesInSubnet");
});

test("VPC-02: five NAT gateways to a zone, failed ones not counted", async () => {
  const { ec2, SubnetId } = await world();
  for (let made = 0; made < 5; made++) await ec2.createNatGateway({ SubnetId, ConnectivityType: "private" });
  await expect(ec2.createNatGateway({ SubnetId, ConnectivityType: "private" })).rejects.toMatchObject({ name: "NatGatewayLimitExceeded" });
});

test.each([
  [{}, "MissingParameter"],
  [{ AllocationId: "eipalloc-0123456789abcdef0" }, "InvalidAllocationID.NotFound"],
  [{ ConnectivityType: "private" as const, AllocationId: "eipalloc-0123456789abcdef0" }, "InvalidParameterCombination"],
  [{ ConnectivityType: "private" as const, SecondaryPrivateIpAddressCount: 8 }, "NatGatewayAddressLimitExceeded"], // VPC-05: up to eight addresses
])("VPC-05: a NAT gateway of %o is refused with %s", async (request, name) => {
  const { ec2, SubnetId } = await world();
  await expect(ec2.createNatGateway({ SubnetId, ...request })).rejects.toMatchObject({ name });
});

test("a second address is associated and, after its connections have drained, given back", async () => {
  const { cloud, ec2, SubnetId, show } = await world();
  const [first, second] = [await ec2.allocateAddress({}), await ec2.allocateAddress({})];
  const { NatGatewayId } = (await ec2.createNatGateway({ SubnetId, AllocationId: first.AllocationId })).NatGateway!;
  cloud.settle();
  const { NatGatewayAddresses: [added] = [] } = await ec2.associateNatGatewayAddress({
    NatGatewayId,
    AllocationIds: [second.AllocationId!],
  });
  expect(added).toMatchObject({ Status: "associating", PublicIp: second.PublicIp, IsPrimary: false });
  cloud.settle();
  const addresses = (await show(NatGatewayId)).NatGatewayAddresses!;
  expect(addresses.map(({ Status }) => Status)).toEqual(["succeeded", "succeeded"]);
  await ec2.disassociateNatGatewayAddress({ NatGatewayId, AssociationIds: [addresses[1]!.AssociationId!], MaxDrainDurationSeconds: 60 });
  expect((await show(NatGatewayId)).NatGatewayAddresses![1]!.Status).toBe("disassociating");
  cloud.advance(plus(cloud.run.now, seconds(60)));
  expect((await show(NatGatewayId)).NatGatewayAddresses).toHaveLength(1);
  await ec2.releaseAddress({ AllocationId: second.AllocationId });
});
