/** Addresses, interfaces and NAT gateways in CloudFormation. Types: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_EC2.html */
import { AwsError, resource, type Properties, type Stack } from "../../service.ts";
import { addressOperations, findAddress } from "./elastic-ips.ts";
import { interfaceAddressOperations } from "./interface-addresses.ts";
import { findInterface, interfaceOperations, type Interface } from "./interfaces.ts";
import { natGatewayAddressOperations } from "./nat-gateway-addresses.ts";
import { findNatGateway, natGatewayOperations } from "./nat-gateways.ts";
import type { Here } from "./state.ts";
import { resourceTags, retag } from "./tags.ts";
import { count, flag, orUndo, refuse } from "./template-values.ts";

export const addressResources = {
  "AWS::EC2::NatGateway": resource({
    create(call: Here, properties, stack) {
      refuse(properties, ["AvailabilityZoneAddresses"]);
      const { SubnetId, VpcId, AllocationId, ConnectivityType, PrivateIpAddress, AvailabilityMode } = properties;
      const { NatGateway } = natGatewayOperations.CreateNatGateway(call, {
        SubnetId,
        VpcId,
        AllocationId,
        ConnectivityType,
        PrivateIpAddress,
        AvailabilityMode,
        SecondaryAllocationIds: properties["SecondaryAllocationIds"],
        SecondaryPrivateIpAddresses: properties["SecondaryPrivateIpAddresses"],
        SecondaryPrivateIpAddressCount: count(properties["SecondaryPrivateIpAddressCount"]),
        TagSpecifications: [{ ResourceType: "natgateway", Tags: resourceTags(properties["Tags"], stack) }],
      });
      return NatGateway.NatGatewayId;
    },
    settled(call: Here, id) {
      const { State, FailureCode, FailureMessage } = findNatGateway(call, id);
      if (State === "failed")
        throw new AwsError(
          FailureCode ?? "InternalError",
          `NatGateway ${id} is in state failed and hence failed to stabilize. Detailed failure message: ${FailureMessage}`,
        );
      return State === "available";
    },
    update(call: Here, id, properties, previous, stack) {
      changeSecondary(call, id, properties, previous);
      retag(call, id, properties["Tags"], previous["Tags"], stack);
    },
    delete(call: Here, id) {
      const gateway = call.state.natGateways.get(id);
      if (gateway && gateway.State !== "deleted") natGatewayOperations.DeleteNatGateway(call, { NatGatewayId: id });
    },
    gone: (call: Here, id) => (call.state.natGateways.get(id)?.State ?? "deleted") === "deleted",
    attributes(call: Here, id) {
      const { NatGatewayAddresses } = findNatGateway(call, id);
      return { NatGatewayId: id, EniId: NatGatewayAddresses.find(({ IsPrimary }) => IsPrimary)?.NetworkInterfaceId };
    },
    read(call: Here, id) {
      const gateway = call.state.natGateways.get(id);
      if (!gateway || gateway.State === "deleted") return undefined;
      const primary = gateway.NatGatewayAddresses.find(({ IsPrimary }) => IsPrimary);
      return {
        SubnetId: gateway.SubnetId,
        ConnectivityType: gateway.ConnectivityType,
        AllocationId: primary?.AllocationId,
        PrivateIpAddress: primary?.PrivateIp,
        Tags: gateway.Tags,
      };
    },
  }),

  "AWS::EC2::EIP": resource({
    create(call: Here, properties, stack) {
      refuse(properties, ["TransferAddress"]);
      const { Domain, Address, NetworkBorderGroup, PublicIpv4Pool, IpamPoolId, InstanceId, Tags } = properties;
      const { PublicIp, AllocationId } = addressOperations.AllocateAddress(call, {
        Domain: Domain === "standard" ? undefined : Domain, // of EC2-Classic, which is no more
        Address,
        NetworkBorderGroup,
        PublicIpv4Pool,
        IpamPoolId,
        TagSpecifications: [{ ResourceType: "elastic-ip", Tags: resourceTags(Tags, stack) }],
      });
      orUndo(
        () => void (InstanceId !== undefined && addressOperations.AssociateAddress(call, { AllocationId, InstanceId })),
        () => addressOperations.ReleaseAddress(call, { AllocationId }),
      );
      return PublicIp;
    },
    update(call: Here, id, properties, previous, stack) {
      const { InstanceId, PublicIpv4Pool, Tags } = properties;
      if (PublicIpv4Pool !== previous["PublicIpv4Pool"]) refuse(properties, ["PublicIpv4Pool"]);
      const { AllocationId, AssociationId } = findAddress(call, undefined, id);
      if (InstanceId !== previous["InstanceId"] && AssociationId !== undefined)
        addressOperations.DisassociateAddress(call, { AssociationId });
      if (InstanceId !== previous["InstanceId"] && InstanceId !== undefined)
        addressOperations.AssociateAddress(call, { AllocationId, InstanceId });
      retag(call, AllocationId, Tags, previous["Tags"], stack);
    },
    delete(call: Here, id, { InstanceId }) {
      const address = addressAt(call, id);
      if (!address) return;
      if (InstanceId !== undefined && address.AssociationId !== undefined)
        addressOperations.DisassociateAddress(call, { AssociationId: address.AssociationId });
      addressOperations.ReleaseAddress(call, { AllocationId: address.AllocationId });
    },
    attributes: (call: Here, id) => ({ PublicIp: id, AllocationId: findAddress(call, undefined, id).AllocationId }),
    read(call: Here, id) {
      const address = addressAt(call, id);
      return (
        address && {
          Domain: address.Domain,
          InstanceId: address.InstanceId,
          PublicIpv4Pool: address.PublicIpv4Pool,
          NetworkBorderGroup: address.NetworkBorderGroup,
          Tags: address.Tags,
        }
      );
    },
  }),

  "AWS::EC2::EIPAssociation": resource({
    create: (call: Here, properties) => associateElastic(call, properties),
    delete(call: Here, id) {
      const isThere = [...call.state.addresses.values()].some(({ AssociationId }) => AssociationId === id);
      if (isThere) addressOperations.DisassociateAddress(call, { AssociationId: id });
    },
    attributes: (_call, id) => ({ Id: id }),
    read(call: Here, id) {
      const found = [...call.state.addresses.values()].find(({ AssociationId }) => AssociationId === id);
      return (
        found && {
          AllocationId: found.AllocationId,
          NetworkInterfaceId: found.NetworkInterfaceId,
          PrivateIpAddress: found.PrivateIpAddress,
          InstanceId: found.InstanceId,
        }
      );
    },
  }),

  "AWS::EC2::NetworkInterface": resource({
    create: (call: Here, properties, stack) => createFrom(call, properties, stack),
    update(call: Here, id, properties, previous, stack) {
      const { Description, GroupSet, SourceDestCheck, Tags } = properties;
      if (Description !== previous["Description"])
        interfaceOperations.ModifyNetworkInterfaceAttribute(call, { NetworkInterfaceId: id, Description: { Value: Description ?? "" } });
      if (GroupSet !== undefined) interfaceOperations.ModifyNetworkInterfaceAttribute(call, { NetworkInterfaceId: id, Groups: GroupSet });
      findInterface(call, id).SourceDestCheck = SourceDestCheck === undefined || flag(SourceDestCheck);
      changeAddresses(call, id, properties, previous);
      retag(call, id, Tags, previous["Tags"], stack);
    },
    delete(call: Here, id) {
      if (call.state.networkInterfaces.has(id)) interfaceOperations.DeleteNetworkInterface(call, { NetworkInterfaceId: id });
    },
    attributes(call: Here, id) {
      const { PrivateIpAddress, PrivateIpAddresses, Ipv6Addresses, VpcId } = findInterface(call, id);
      return {
        Id: id,
        VpcId,
        PrimaryPrivateIpAddress: PrivateIpAddress,
        SecondaryPrivateIpAddresses: PrivateIpAddresses.filter(({ Primary }) => !Primary).map(({ PrivateIpAddress: address }) => address),
        PrimaryIpv6Address: Ipv6Addresses[0]?.Ipv6Address ?? "",
      };
    },
    read(call: Here, id) {
      const found = call.state.networkInterfaces.get(id);
      if (!found) return undefined;
      const { SubnetId, Description, Groups, SourceDestCheck, InterfaceType, PrivateIpAddress, Tags } = found;
      return {
        SubnetId,
        Description,
        GroupSet: Groups.map(({ GroupId }) => GroupId),
        SourceDestCheck,
        InterfaceType,
        PrivateIpAddress,
        Tags,
      };
    },
  }),
};

const addressAt = (call: Here, publicIp: string) => [...call.state.addresses.values()].find(({ PublicIp }) => PublicIp === publicIp);

function associateElastic(call: Here, { AllocationId, EIP, InstanceId, NetworkInterfaceId, PrivateIpAddress }: Properties): string {
  return (
    addressOperations.AssociateAddress(call, { AllocationId, PublicIp: EIP, InstanceId, NetworkInterfaceId, PrivateIpAddress })
      .AssociationId ?? ""
  );
}

/** A NAT gateway's further addresses, as the template now has them. */
function changeSecondary(call: Here, id: string, properties: Properties, previous: Properties): void {
  const MaxDrainDurationSeconds = count(properties["MaxDrainDurationSeconds"]);
  const { added, removed } = difference(properties["SecondaryAllocationIds"], previous["SecondaryAllocationIds"]);
  const held = findNatGateway(call, id).NatGatewayAddresses;
  const AssociationIds = held
    .filter(({ AllocationId = "" }) => removed.includes(AllocationId))
    .flatMap(({ AssociationId }) => AssociationId ?? []);
  if (AssociationIds.length > 0)
    natGatewayAddressOperations.DisassociateNatGatewayAddress(call, { NatGatewayId: id, AssociationIds, MaxDrainDurationSeconds });
  if (added.length > 0) natGatewayAddressOperations.AssociateNatGatewayAddress(call, { NatGatewayId: id, AllocationIds: added });
  if (findNatGateway(call, id).ConnectivityType === "public") return;
  const named = difference(properties["SecondaryPrivateIpAddresses"], previous["SecondaryPrivateIpAddresses"]);
  const { more, fewer } = growth(properties, previous, "SecondaryPrivateIpAddressCount");
  const drawn = held
    .filter(({ IsPrimary, PrivateIp = "" }) => !IsPrimary && !(properties["SecondaryPrivateIpAddresses"] ?? []).includes(PrivateIp))
    .map(({ PrivateIp = "" }) => PrivateIp);
  const leaving = [...named.removed, ...drawn.slice(drawn.length - fewer)];
  if (leaving.length > 0)
    natGatewayAddressOperations.UnassignPrivateNatGatewayAddress(call, {
      NatGatewayId: id,
      PrivateIpAddresses: leaving,
      MaxDrainDurationSeconds,
    });
  if (named.added.length + more === 0) return;
  natGatewayAddressOperations.AssignPrivateNatGatewayAddress(call, {
    NatGatewayId: id,
    PrivateIpAddresses: named.added,
    PrivateIpAddressCount: more || undefined,
  });
}

function createFrom(call: Here, properties: Properties, stack: Stack): string {
  refuse(properties, ["ConnectionTrackingSpecification", "EnablePrimaryIpv6", "PublicIpDnsHostnameTypeSpecification"]);
  const {
    SubnetId,
    Description,
    GroupSet,
    InterfaceType,
    PrivateIpAddress,
    PrivateIpAddresses,
    Ipv6Addresses,
    Ipv4Prefixes,
    Ipv6Prefixes,
    SourceDestCheck,
    Tags,
  } = properties;
  const { NetworkInterface } = interfaceOperations.CreateNetworkInterface(call, {
    SubnetId,
    Description,
    Groups: GroupSet,
    InterfaceType,
    PrivateIpAddress,
    PrivateIpAddresses: PrivateIpAddresses?.map((each: Properties) => ({
      PrivateIpAddress: each["PrivateIpAddress"],
      Primary: flag(each["Primary"]),
    })),
    SecondaryPrivateIpAddressCount: count(properties["SecondaryPrivateIpAddressCount"]),
    Ipv6Addresses,
    Ipv6AddressCount: count(properties["Ipv6AddressCount"]),
    Ipv4Prefixes,
    Ipv4PrefixCount: count(properties["Ipv4PrefixCount"]),
    Ipv6Prefixes,
    Ipv6PrefixCount: count(properties["Ipv6PrefixCount"]),
    TagSpecifications: [{ ResourceType: "network-interface", Tags: resourceTags(Tags, stack) }],
  });
  findInterface(call, NetworkInterface.NetworkInterfaceId).SourceDestCheck = SourceDestCheck === undefined || flag(SourceDestCheck);
  return NetworkInterface.NetworkInterfaceId;
}

/** What an interface can have several of: its members in the template and in the operations, and where it is held. */
const several: { list: string; item: string; number: string; held: (found: Interface) => string[] }[] = [
  {
    list: "PrivateIpAddresses",
    item: "PrivateIpAddress",
    number: "SecondaryPrivateIpAddressCount",
    held: ({ PrivateIpAddresses }) => PrivateIpAddresses.filter(({ Primary }) => !Primary).map(({ PrivateIpAddress }) => PrivateIpAddress),
  },
  {
    list: "Ipv4Prefixes",
    item: "Ipv4Prefix",
    number: "Ipv4PrefixCount",
    held: ({ Ipv4Prefixes }) => Ipv4Prefixes.map(({ Ipv4Prefix }) => Ipv4Prefix),
  },
  {
    list: "Ipv6Addresses",
    item: "Ipv6Address",
    number: "Ipv6AddressCount",
    held: ({ Ipv6Addresses }) => Ipv6Addresses.map(({ Ipv6Address }) => Ipv6Address),
  },
  {
    list: "Ipv6Prefixes",
    item: "Ipv6Prefix",
    number: "Ipv6PrefixCount",
    held: ({ Ipv6Prefixes }) => Ipv6Prefixes.map(({ Ipv6Prefix }) => Ipv6Prefix),
  },
];

/** The addresses and prefixes of an interface, as the template now has them. */
function changeAddresses(call: Here, id: string, properties: Properties, previous: Properties): void {
  refuse(properties, ["ConnectionTrackingSpecification", "EnablePrimaryIpv6", "PublicIpDnsHostnameTypeSpecification"]);
  for (const { list, item, number, held } of several) {
    const [now, before] = [properties, previous].map((all) => named(all, list, item)) as [string[], string[]];
    const { added, removed } = difference(now, before);
    const { more, fewer } = growth(properties, previous, number);
    const drawn = held(findInterface(call, id)).filter((each) => !now.includes(each) && !removed.includes(each));
    const leaving = [...removed, ...drawn.slice(drawn.length - fewer)];
    const off = { NetworkInterfaceId: id, [list]: leaving };
    const on = { NetworkInterfaceId: id, [list]: added, [number]: more };
    const isIpv6 = list.startsWith("Ipv6");
    if (leaving.length > 0 && isIpv6) interfaceAddressOperations.UnassignIpv6Addresses(call, off);
    else if (leaving.length > 0) interfaceAddressOperations.UnassignPrivateIpAddresses(call, off);
    if (added.length + more > 0 && isIpv6) interfaceAddressOperations.AssignIpv6Addresses(call, on);
    else if (added.length + more > 0) interfaceAddressOperations.AssignPrivateIpAddresses(call, on);
  }
}

/** The items that a template names, the primary address not among them. */
function named(properties: Properties, list: string, item: string): string[] {
  const items = (properties[list] ?? []) as Properties[];
  return items.filter(({ Primary }) => !flag(Primary)).map((each) => String(each[item]));
}

function difference(now: readonly string[] = [], before: readonly string[] = []): { added: string[]; removed: string[] } {
  return { added: now.filter((each) => !before.includes(each)), removed: before.filter((each) => !now.includes(each)) };
}

function growth(properties: Properties, previous: Properties, number: string): { more: number; fewer: number } {
  const change = (count(properties[number]) ?? 0) - (count(previous[number]) ?? 0);
  return { more: Math.max(0, change), fewer: Math.max(0, -change) };
}
