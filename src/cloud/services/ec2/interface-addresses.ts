/** More addresses and prefixes on an interface. Guide: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/MultipleIP.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, type Operations } from "../../service.ts";
import { checkOwned, findInterface, release, type Interface } from "./interfaces.ts";
import type { Here, State } from "./state.ts";
import { takeAddresses, takeIpv6Addresses, takePrefixes } from "./subnet-addresses.ts";
import { findSubnet } from "./subnets.ts";

export const interfaceAddressOperations = {
  AssignPrivateIpAddresses(
    call,
    {
      NetworkInterfaceId,
      PrivateIpAddresses = [],
      SecondaryPrivateIpAddressCount = 0,
      Ipv4Prefixes = [],
      Ipv4PrefixCount = 0,
      AllowReassignment,
    },
  ) {
    const found = findInterface(call, NetworkInterfaceId);
    checkOwned(found);
    if (PrivateIpAddresses.length + SecondaryPrivateIpAddressCount + Ipv4Prefixes.length + Ipv4PrefixCount === 0) {
      throw new AwsError("MissingParameter", "Either secondaryPrivateIpAddressCount or privateIpAddresses must be specified");
    }
    const subnet = findSubnet(call, found.SubnetId);
    const moved = AllowReassignment ? holders(call, found, PrivateIpAddresses) : [];
    const named = PrivateIpAddresses.filter((address) => !moved.some((each) => each.address === address));
    const taken = takeAddresses(call, subnet, { named, count: SecondaryPrivateIpAddressCount });
    const prefixes = takePrefixes(call, subnet, 4, { named: Ipv4Prefixes, count: Ipv4PrefixCount, avoiding: taken });
    for (const { holder, address } of moved) drop(call, holder, [address]);
    const added = [...moved.map(({ address }) => address), ...taken];
    found.PrivateIpAddresses.push(...added.map((PrivateIpAddress) => ({ PrivateIpAddress, Primary: false })));
    found.Ipv4Prefixes.push(...prefixes.map((Ipv4Prefix) => ({ Ipv4Prefix })));
    return {
      NetworkInterfaceId,
      AssignedPrivateIpAddresses: added.map((PrivateIpAddress) => ({ PrivateIpAddress })),
      AssignedIpv4Prefixes: prefixes.map((Ipv4Prefix) => ({ Ipv4Prefix })),
    };
  },
  UnassignPrivateIpAddresses(call, { NetworkInterfaceId, PrivateIpAddresses = [], Ipv4Prefixes = [] }) {
    const found = findInterface(call, NetworkInterfaceId);
    checkOwned(found);
    for (const address of PrivateIpAddresses) {
      const held = found.PrivateIpAddresses.find(({ PrivateIpAddress }) => PrivateIpAddress === address);
      if (!held || held.Primary)
        throw new AwsError(
          "InvalidParameterValue",
          `Some of the specified addresses are not assigned to interface ${NetworkInterfaceId} as secondary addresses`,
        );
    }
    checkHeld(
      Ipv4Prefixes,
      found.Ipv4Prefixes.map(({ Ipv4Prefix }) => Ipv4Prefix),
      NetworkInterfaceId,
    );
    drop(call, found, PrivateIpAddresses);
    found.Ipv4Prefixes = found.Ipv4Prefixes.filter(({ Ipv4Prefix }) => !Ipv4Prefixes.includes(Ipv4Prefix));
  },
  AssignIpv6Addresses(call, { NetworkInterfaceId, Ipv6Addresses = [], Ipv6AddressCount = 0, Ipv6Prefixes = [], Ipv6PrefixCount = 0 }) {
    const found = findInterface(call, NetworkInterfaceId);
    checkOwned(found);
    if (Ipv6Addresses.length + Ipv6AddressCount + Ipv6Prefixes.length + Ipv6PrefixCount === 0) {
      throw new AwsError("MissingParameter", "Either ipv6AddressCount or ipv6Addresses must be specified");
    }
    const subnet = findSubnet(call, found.SubnetId);
    const taken = takeIpv6Addresses(call, subnet, { named: Ipv6Addresses, count: Ipv6AddressCount });
    const prefixes = takePrefixes(call, subnet, 6, { named: Ipv6Prefixes, count: Ipv6PrefixCount, avoiding: taken });
    found.Ipv6Addresses.push(...taken.map((Ipv6Address) => ({ Ipv6Address, IsPrimaryIpv6: false })));
    found.Ipv6Prefixes.push(...prefixes.map((Ipv6Prefix) => ({ Ipv6Prefix })));
    return { NetworkInterfaceId, AssignedIpv6Addresses: taken, AssignedIpv6Prefixes: prefixes };
  },
  UnassignIpv6Addresses(call, { NetworkInterfaceId, Ipv6Addresses = [], Ipv6Prefixes = [] }) {
    const found = findInterface(call, NetworkInterfaceId);
    checkOwned(found);
    checkHeld(
      Ipv6Addresses,
      found.Ipv6Addresses.map(({ Ipv6Address }) => Ipv6Address),
      NetworkInterfaceId,
    );
    checkHeld(
      Ipv6Prefixes,
      found.Ipv6Prefixes.map(({ Ipv6Prefix }) => Ipv6Prefix),
      NetworkInterfaceId,
    );
    found.Ipv6Addresses = found.Ipv6Addresses.filter(({ Ipv6Address }) => !Ipv6Addresses.includes(Ipv6Address));
    found.Ipv6Prefixes = found.Ipv6Prefixes.filter(({ Ipv6Prefix }) => !Ipv6Prefixes.includes(Ipv6Prefix));
    return { NetworkInterfaceId, UnassignedIpv6Addresses: Ipv6Addresses, UnassignedIpv6Prefixes: Ipv6Prefixes };
  },
} satisfies Operations<sdk.EC2, State>;

/** Interfaces of the same subnet that have one of these as a secondary address and may lose it. */
function holders(call: Here, to: Interface, addresses: readonly string[]): { holder: Interface; address: string }[] {
  const others = [...call.state.networkInterfaces.values()].filter(
    (each) => each.SubnetId === to.SubnetId && each !== to && !each.RequesterManaged,
  );
  return addresses.flatMap((address) => {
    const holder = others.find((each) =>
      each.PrivateIpAddresses.some(({ PrivateIpAddress, Primary }) => PrivateIpAddress === address && !Primary),
    );
    return holder ? [{ holder, address }] : [];
  });
}

/** An Elastic IP address on a private one that goes becomes free. */
function drop(call: Here, from: Interface, addresses: readonly string[]): void {
  for (const elastic of call.state.addresses.values()) {
    if (elastic.NetworkInterfaceId === from.NetworkInterfaceId && addresses.includes(elastic.PrivateIpAddress ?? "")) release(elastic);
  }
  from.PrivateIpAddresses = from.PrivateIpAddresses.filter(({ PrivateIpAddress }) => !addresses.includes(PrivateIpAddress));
}

function checkHeld(wanted: readonly string[], held: readonly string[], id: string): void {
  const strange = wanted.find((each) => !held.includes(each));
  if (strange !== undefined) throw new AwsError("InvalidParameterValue", `${strange} is not assigned to interface ${id}`);
}
