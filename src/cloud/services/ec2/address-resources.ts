/** Addresses, interfaces and NAT gateways in CloudFormation. Types: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_EC2.html */
import { AwsError, resource, type Properties, type Stack } from "../../service.ts";
import { addressOperations, findAddress } from "./elastic-ips.ts";
import { interfaceAddressOperations } from "./interface-addresses.ts";
import { findInterface, interfaceOperations } from "./interfaces.ts";
import { findNatGateway, natGatewayOperations } from "./nat-gateways.ts";
import type { Here } from "./state.ts";
import { resourceTags, retag } from "./tags.ts";
import { count, flag } from "./vpc-resources.ts";

export const addressResources = {
  "AWS::EC2::NatGateway": resource({
    create(call: Here, properties, stack) {
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
      if (State === "failed") throw new AwsError(FailureCode ?? "InternalError", `NatGateway ${id} is in state failed and hence failed to stabilize. Detailed failure message: ${FailureMessage}`);
      return State === "available";
    },
    update: (call: Here, id, { Tags }, previous, stack) => retag(call, id, Tags, previous["Tags"], stack),
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
      return { SubnetId: gateway.SubnetId, ConnectivityType: gateway.ConnectivityType, AllocationId: primary?.AllocationId, PrivateIpAddress: primary?.PrivateIp, Tags: gateway.Tags };
    },
  }),

  // Its id has two parts, and `Ref` is the first.
  "AWS::EC2::EIP": resource({
    create(call: Here, properties, stack) {
      const { Domain, Address, NetworkBorderGroup, PublicIpv4Pool, IpamPoolId, InstanceId, Tags } = properties;
      const { PublicIp, AllocationId } = addressOperations.AllocateAddress(call, {
        Domain: Domain === "standard" ? undefined : Domain,
        Address,
        NetworkBorderGroup,
        PublicIpv4Pool,
        IpamPoolId,
        TagSpecifications: [{ ResourceType: "elastic-ip", Tags: resourceTags(Tags, stack) }],
      });
      if (InstanceId !== undefined) addressOperations.AssociateAddress(call, { AllocationId, InstanceId });
      return `${PublicIp}|${AllocationId}`;
    },
    update(call: Here, id, { InstanceId, Tags }, previous, stack) {
      const AllocationId = allocationIn(id);
      const { AssociationId } = findAddress(call, AllocationId);
      if (InstanceId !== previous["InstanceId"] && AssociationId !== undefined) addressOperations.DisassociateAddress(call, { AssociationId });
      if (InstanceId !== previous["InstanceId"] && InstanceId !== undefined) addressOperations.AssociateAddress(call, { AllocationId, InstanceId });
      retag(call, AllocationId, Tags, previous["Tags"], stack);
    },
    delete(call: Here, id) {
      const AllocationId = allocationIn(id);
      const address = call.state.addresses.get(AllocationId);
      if (!address) return;
      if (address.InstanceId !== undefined) addressOperations.DisassociateAddress(call, { AssociationId: address.AssociationId });
      addressOperations.ReleaseAddress(call, { AllocationId });
    },
    ref: (_call, id) => id.split("|")[0] ?? id,
    attributes: (_call, id) => ({ PublicIp: id.split("|")[0], AllocationId: allocationIn(id) }),
    read(call: Here, id) {
      const address = call.state.addresses.get(allocationIn(id));
      return address && { Domain: address.Domain, InstanceId: address.InstanceId, PublicIpv4Pool: address.PublicIpv4Pool, NetworkBorderGroup: address.NetworkBorderGroup, Tags: address.Tags };
    },
  }),

  "AWS::EC2::EIPAssociation": resource({
    create: (call: Here, properties) => associateElastic(call, properties),
    update: (call: Here, _id, properties) => associateElastic(call, properties),
    delete(call: Here, id) {
      const isThere = [...call.state.addresses.values()].some(({ AssociationId }) => AssociationId === id);
      if (isThere) addressOperations.DisassociateAddress(call, { AssociationId: id });
    },
    attributes: (_call, id) => ({ Id: id }),
    read(call: Here, id) {
      const found = [...call.state.addresses.values()].find(({ AssociationId }) => AssociationId === id);
      return found && { AllocationId: found.AllocationId, NetworkInterfaceId: found.NetworkInterfaceId, PrivateIpAddress: found.PrivateIpAddress, InstanceId: found.InstanceId };
    },
  }),

  "AWS::EC2::NetworkInterface": resource({
    create: (call: Here, properties, stack) => createFrom(call, properties, stack),
    update(call: Here, id, properties, previous, stack) {
      const { Description, GroupSet, SourceDestCheck, Tags } = properties;
      if (Description !== previous["Description"]) interfaceOperations.ModifyNetworkInterfaceAttribute(call, { NetworkInterfaceId: id, Description: { Value: Description ?? "" } });
      if (GroupSet !== undefined) interfaceOperations.ModifyNetworkInterfaceAttribute(call, { NetworkInterfaceId: id, Groups: GroupSet });
      findInterface(call, id).SourceDestCheck = SourceDestCheck === undefined || flag(SourceDestCheck);
      resize(call, id, properties, previous);
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
      return { SubnetId, Description, GroupSet: Groups.map(({ GroupId }) => GroupId), SourceDestCheck, InterfaceType, PrivateIpAddress, Tags };
    },
  }),
};

const allocationIn = (id: string): string => id.split("|")[1] ?? id;

function associateElastic(call: Here, { AllocationId, EIP, InstanceId, NetworkInterfaceId, PrivateIpAddress }: Properties): string {
  return addressOperations.AssociateAddress(call, { AllocationId, PublicIp: EIP, InstanceId, NetworkInterfaceId, PrivateIpAddress }).AssociationId ?? "";
}

function createFrom(call: Here, properties: Properties, stack: Stack): string {
  const { SubnetId, Description, GroupSet, InterfaceType, PrivateIpAddress, PrivateIpAddresses, Ipv6Addresses, Ipv4Prefixes, Ipv6Prefixes, SourceDestCheck, Tags } = properties;
  const { NetworkInterface } = interfaceOperations.CreateNetworkInterface(call, {
    SubnetId,
    Description,
    Groups: GroupSet,
    InterfaceType,
    PrivateIpAddress,
    PrivateIpAddresses: PrivateIpAddresses?.map((each: Properties) => ({ PrivateIpAddress: each["PrivateIpAddress"], Primary: flag(each["Primary"]) })),
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

/** More or fewer secondary addresses, as the count says. */
function resize(call: Here, id: string, properties: Properties, previous: Properties): void {
  const [wanted, before] = [properties, previous].map((each) => count(each["SecondaryPrivateIpAddressCount"]) ?? 0) as [number, number];
  if (wanted > before) interfaceAddressOperations.AssignPrivateIpAddresses(call, { NetworkInterfaceId: id, SecondaryPrivateIpAddressCount: wanted - before });
  if (wanted >= before) return;
  const secondary = findInterface(call, id).PrivateIpAddresses.filter(({ Primary }) => !Primary);
  const PrivateIpAddresses = secondary.slice(wanted - before).map(({ PrivateIpAddress }) => PrivateIpAddress);
  interfaceAddressOperations.UnassignPrivateIpAddresses(call, { NetworkInterfaceId: id, PrivateIpAddresses });
}
