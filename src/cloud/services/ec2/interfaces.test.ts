/** Network interfaces and the addresses on them. */
import { EC2 } from "@aws-sdk/client-ec2";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";
import { block, holds, last, parseAddress } from "./cidr.ts";

async function world(cidr = "10.0.0.0/24") {
  const ec2 = clients(new Cloud({ paranoid: true }))(EC2, { region: "eu-west-1" });
  const { Vpc } = await ec2.createVpc({ CidrBlock: "10.0.0.0/16", AmazonProvidedIpv6CidrBlock: true });
  const Ipv6CidrBlock = Vpc!.Ipv6CidrBlockAssociationSet![0]!.Ipv6CidrBlock!.replace("::/56", "::/64");
  const { Subnet } = await ec2.createSubnet({ VpcId: Vpc!.VpcId, CidrBlock: cidr, Ipv6CidrBlock });
  return { ec2, VpcId: Vpc!.VpcId!, SubnetId: Subnet!.SubnetId!, cidr, Ipv6CidrBlock };
}

const free = async (ec2: EC2, SubnetId: string) =>
  (await ec2.describeSubnets({ SubnetIds: [SubnetId] })).Subnets![0]!.AvailableIpAddressCount!;

test("VPC-03: addresses are unique, inside their subnet, never reserved, and the free count always adds up", async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("create" as const), secondary: fc.integer({ min: 0, max: 3 }) }),
    fc.record({ kind: fc.constant("named" as const), last: fc.integer({ min: 0, max: 31 }) }),
    fc.record({ kind: fc.constant("delete" as const), which: fc.nat() }),
    fc.record({ kind: fc.constant("assign" as const), which: fc.nat(), count: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ kind: fc.constant("unassign" as const), which: fc.nat() }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
      const { ec2, SubnetId, cidr } = await world("10.0.3.0/27");
      const all = async () =>
        (await ec2.describeNetworkInterfaces({ Filters: [{ Name: "subnet-id", Values: [SubnetId] }] })).NetworkInterfaces ?? [];
      const refusals = new Set<string>();
      for (const each of steps) {
        const present = await all();
        const chosen = "which" in each && present.length > 0 ? present[each.which % present.length] : undefined;
        const NetworkInterfaceId = chosen?.NetworkInterfaceId;
        const PrivateIpAddresses = chosen?.PrivateIpAddresses?.filter(({ Primary }) => !Primary).map(
          ({ PrivateIpAddress }) => PrivateIpAddress!,
        );
        const attempt =
          each.kind === "create"
            ? ec2.createNetworkInterface({ SubnetId, SecondaryPrivateIpAddressCount: each.secondary })
            : each.kind === "named"
              ? ec2.createNetworkInterface({ SubnetId, PrivateIpAddress: `10.0.3.${each.last}` })
              : !chosen
                ? undefined
                : each.kind === "delete"
                  ? ec2.deleteNetworkInterface({ NetworkInterfaceId })
                  : each.kind === "assign"
                    ? ec2.assignPrivateIpAddresses({ NetworkInterfaceId, SecondaryPrivateIpAddressCount: each.count })
                    : ec2.unassignPrivateIpAddresses({ NetworkInterfaceId, PrivateIpAddresses });
        await attempt?.catch(({ name }: Error) => refusals.add(name));
        const addresses = (await all()).flatMap((eni) => eni.PrivateIpAddresses!.map(({ PrivateIpAddress }) => PrivateIpAddress!));
        const whole = block(cidr);
        expect(new Set(addresses).size).toBe(addresses.length);
        for (const address of addresses) {
          const { value } = parseAddress(address)!;
          expect(holds(whole, 4, value) && value >= whole.first + 4n && value < last(whole)).toBe(true);
        }
        expect(await free(ec2, SubnetId)).toBe(32 - 5 - addresses.length);
      }
      const known = ["InsufficientFreeAddressesInSubnet", "InvalidIPAddress.InUse", "InvalidParameterValue"];
      expect([...refusals].filter((name) => !known.includes(name))).toEqual([]);
    }),
    { numRuns: 12 },
  );
});

test("a subnet gives out its last address and then refuses", async () => {
  const { ec2, SubnetId } = await world("10.0.0.0/28");
  for (let made = 0; made < 11; made++) await ec2.createNetworkInterface({ SubnetId });
  expect(await free(ec2, SubnetId)).toBe(0);
  await expect(ec2.createNetworkInterface({ SubnetId })).rejects.toMatchObject({ name: "InsufficientFreeAddressesInSubnet" });
});

test.each([
  ["10.0.0.0", "InvalidParameterValue"], // network
  ["10.0.0.3", "InvalidParameterValue"], // future use
  ["10.0.0.255", "InvalidParameterValue"], // broadcast
  ["10.0.1.7", "InvalidParameterValue"], // another subnet's
  ["10.0.0.9", "InvalidIPAddress.InUse"],
])("VPC-03: the address %s is refused with %s", async (PrivateIpAddress, name) => {
  const { ec2, SubnetId } = await world();
  await ec2.createNetworkInterface({ SubnetId, PrivateIpAddress: "10.0.0.9" });
  await expect(ec2.createNetworkInterface({ SubnetId, PrivateIpAddress })).rejects.toMatchObject({ name });
});

test("an interface wears the VPC's default group unless told otherwise, at most five, and only its own VPC's", async () => {
  const { ec2, SubnetId, VpcId } = await world();
  const { NetworkInterface } = await ec2.createNetworkInterface({ SubnetId, Description: "web" });
  expect(NetworkInterface).toMatchObject({
    Status: "available",
    Description: "web",
    VpcId,
    SourceDestCheck: true,
    RequesterManaged: false,
    Groups: [{ GroupName: "default" }],
  });
  expect(NetworkInterface!.MacAddress).toMatch(/^0a(:[0-9a-f]{2}){5}$/);
  const groups = await Promise.all(
    [1, 2, 3, 4, 5, 6].map(async (at) => (await ec2.createSecurityGroup({ GroupName: `g${at}`, Description: "d", VpcId })).GroupId!),
  );
  const { NetworkInterfaceId } = NetworkInterface!;
  await expect(ec2.modifyNetworkInterfaceAttribute({ NetworkInterfaceId, Groups: groups })).rejects.toMatchObject({
    name: "SecurityGroupsPerInterfaceLimitExceeded",
  });
  await ec2.modifyNetworkInterfaceAttribute({ NetworkInterfaceId, Groups: groups.slice(0, 5) });
  await expect(ec2.deleteSecurityGroup({ GroupId: groups[0] })).rejects.toMatchObject({ name: "DependencyViolation" });
  const foreign = (await ec2.createSecurityGroup({ GroupName: "far", Description: "d" })).GroupId!; // the default VPC's
  await expect(ec2.createNetworkInterface({ SubnetId, Groups: [foreign] })).rejects.toMatchObject({ name: "InvalidParameter" });
});

test("IPv6 addresses and prefixes come from the subnet's own blocks, and keep out of each other's way", async () => {
  const { ec2, SubnetId, Ipv6CidrBlock } = await world("10.0.0.0/26");
  const { NetworkInterface } = await ec2.createNetworkInterface({ SubnetId, Ipv6AddressCount: 2, Ipv4PrefixCount: 1, Ipv6PrefixCount: 1 });
  expect(
    NetworkInterface!.Ipv6Addresses!.every(({ Ipv6Address }) => holds(block(Ipv6CidrBlock), 6, parseAddress(Ipv6Address!)!.value)),
  ).toBe(true);
  const prefix = NetworkInterface!.Ipv4Prefixes![0]!.Ipv4Prefix!;
  expect(prefix).toMatch(/^10\.0\.0\.(16|32)\/28$/); // the first and the last /28 hold reserved addresses
  expect(holds(block(prefix), 4, parseAddress(NetworkInterface!.PrivateIpAddress!)!.value)).toBe(false);
  expect(await free(ec2, SubnetId)).toBe(64 - 5 - 16 - 1);
  const { NetworkInterfaceId } = NetworkInterface!;
  await ec2.unassignIpv6Addresses({ NetworkInterfaceId, Ipv6Addresses: [NetworkInterface!.Ipv6Addresses![0]!.Ipv6Address!] });
  expect(
    (await ec2.describeNetworkInterfaces({ NetworkInterfaceIds: [NetworkInterfaceId!] })).NetworkInterfaces![0]!.Ipv6Addresses,
  ).toHaveLength(1);
});

test("the same client token makes one interface, and another request under it is refused", async () => {
  const { ec2, SubnetId } = await world();
  const request = { SubnetId, ClientToken: "once" };
  const [first, second] = [await ec2.createNetworkInterface(request), await ec2.createNetworkInterface(request)];
  expect(second.NetworkInterface!.NetworkInterfaceId).toBe(first.NetworkInterface!.NetworkInterfaceId);
  await expect(ec2.createNetworkInterface({ ...request, Description: "other" })).rejects.toMatchObject({
    name: "IdempotentParameterMismatch",
  });
});

test("an interface in a subnet keeps it from being deleted", async () => {
  const { ec2, SubnetId } = await world();
  const { NetworkInterfaceId } = (await ec2.createNetworkInterface({ SubnetId })).NetworkInterface!;
  await expect(ec2.deleteSubnet({ SubnetId })).rejects.toMatchObject({
    name: "DependencyViolation",
    message: `The subnet '${SubnetId}' has dependencies and cannot be deleted.`,
  });
  await ec2.deleteNetworkInterface({ NetworkInterfaceId });
  await ec2.deleteSubnet({ SubnetId });
});
