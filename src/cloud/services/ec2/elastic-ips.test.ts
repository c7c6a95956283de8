/** Elastic IP addresses. */
import { EC2 } from "@aws-sdk/client-ec2";
import { expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

async function world() {
  const ec2 = clients(new Cloud({ paranoid: true }))(EC2, { region: "eu-west-1" });
  const { Subnets: [subnet] = [] } = await ec2.describeSubnets({});
  const create = async () =>
    (await ec2.createNetworkInterface({ SubnetId: subnet!.SubnetId, SecondaryPrivateIpAddressCount: 1 })).NetworkInterface!;
  return { ec2, create };
}

test("VPC-02: five Elastic IP addresses to a region", async () => {
  const { ec2 } = await world();
  const made = await Promise.all([1, 2, 3, 4, 5].map(() => ec2.allocateAddress({})));
  expect(new Set(made.map(({ PublicIp }) => PublicIp)).size).toBe(5);
  await expect(ec2.allocateAddress({})).rejects.toMatchObject({
    name: "AddressLimitExceeded",
    message: "The maximum number of addresses has been reached.",
  });
  await ec2.releaseAddress({ AllocationId: made[0]!.AllocationId });
  await ec2.allocateAddress({});
});

test("an address shows on the interface that it is associated with, moves when asked, and cannot be released meanwhile", async () => {
  const { ec2, create } = await world();
  const [one, other] = [await create(), await create()];
  const { AllocationId, PublicIp } = await ec2.allocateAddress({});
  const { AssociationId } = await ec2.associateAddress({ AllocationId, NetworkInterfaceId: one.NetworkInterfaceId });
  const shown = async (NetworkInterfaceId = "") =>
    (await ec2.describeNetworkInterfaces({ NetworkInterfaceIds: [NetworkInterfaceId] })).NetworkInterfaces![0]!;
  expect((await shown(one.NetworkInterfaceId)).Association).toMatchObject({
    AllocationId,
    AssociationId,
    PublicIp,
    PublicDnsName: `ec2-${PublicIp!.replaceAll(".", "-")}.eu-west-1.compute.amazonaws.com`,
  });
  await expect(ec2.releaseAddress({ AllocationId })).rejects.toMatchObject({ name: "InvalidIPAddress.InUse" });
  await expect(
    ec2.associateAddress({ AllocationId, NetworkInterfaceId: other.NetworkInterfaceId, AllowReassociation: false }),
  ).rejects.toMatchObject({ name: "Resource.AlreadyAssociated" });
  const secondary = other.PrivateIpAddresses![1]!.PrivateIpAddress;
  await ec2.associateAddress({ AllocationId, NetworkInterfaceId: other.NetworkInterfaceId, PrivateIpAddress: secondary });
  expect((await shown(one.NetworkInterfaceId)).Association).toBeUndefined();
  expect((await ec2.describeAddresses({ PublicIps: [PublicIp!] })).Addresses).toMatchObject([
    { NetworkInterfaceId: other.NetworkInterfaceId, PrivateIpAddress: secondary },
  ]);
  await ec2.deleteNetworkInterface({ NetworkInterfaceId: other.NetworkInterfaceId });
  expect((await ec2.describeAddresses({ AllocationIds: [AllocationId!] })).Addresses![0]).not.toHaveProperty("AssociationId");
  await ec2.releaseAddress({ AllocationId });
});

test("public addresses keep an internet gateway attached, and need one", async () => {
  const { ec2, create } = await world();
  const { NetworkInterfaceId, VpcId } = await create();
  const { AllocationId } = await ec2.allocateAddress({});
  const { AssociationId } = await ec2.associateAddress({ AllocationId, NetworkInterfaceId });
  const { InternetGateways: [gateway] = [] } = await ec2.describeInternetGateways({});
  const { InternetGatewayId } = gateway!;
  await expect(ec2.detachInternetGateway({ InternetGatewayId, VpcId })).rejects.toMatchObject({
    name: "DependencyViolation",
    message: expect.stringContaining("mapped public address(es)"),
  });
  await ec2.disassociateAddress({ AssociationId });
  await ec2.detachInternetGateway({ InternetGatewayId, VpcId });
  await expect(ec2.associateAddress({ AllocationId, NetworkInterfaceId })).rejects.toMatchObject({ name: "Gateway.NotAttached" });
});

test("Terraform's reads after an allocation answer: the address by id, and its attributes", async () => {
  const { ec2 } = await world();
  const { AllocationId, PublicIp } = await ec2.allocateAddress({
    Domain: "vpc",
    TagSpecifications: [{ ResourceType: "elastic-ip", Tags: [{ Key: "Name", Value: "nat" }] }],
  });
  expect((await ec2.describeAddresses({ AllocationIds: [AllocationId!] })).Addresses).toMatchObject([
    { PublicIp, Domain: "vpc", Tags: [{ Key: "Name", Value: "nat" }] },
  ]);
  expect((await ec2.describeAddressesAttribute({ AllocationIds: [AllocationId!], Attribute: "domain-name" })).Addresses).toEqual([]);
  await ec2.modifyAddressAttribute({ AllocationId, DomainName: "nat.example.com" });
  expect((await ec2.describeAddressesAttribute({ AllocationIds: [AllocationId!] })).Addresses).toMatchObject([
    { PtrRecord: "nat.example.com." },
  ]);
  await expect(ec2.describeAddresses({ AllocationIds: ["eipalloc-0123456789abcdef0"] })).rejects.toMatchObject({
    name: "InvalidAllocationID.NotFound",
  });
});
