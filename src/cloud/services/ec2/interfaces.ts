/** Elastic network interfaces. Guide: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-eni.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, type Known, type Operations } from "../../service.ts";
import { madeBefore, remember } from "./client-tokens.ts";
import { filtered } from "./filters.ts";
import { byId, byIds } from "./ids.ts";
import { interfaceFilters, shown } from "./interface-view.ts";
import { page } from "./pages.ts";
import { defaultSecurityGroup, findGroup } from "./security-groups.ts";
import type { Here, State } from "./state.ts";
import { takeAddresses, takeIpv6Addresses, takePrefixes } from "./subnet-addresses.ts";
import { findSubnet, type Subnet } from "./subnets.ts";
import { tagsOf } from "./tags.ts";

/** In AWS's own words: `nat_gateway` for what the SDK's list calls `natGateway`. */
type InterfaceType = sdk.NetworkInterfaceType | "nat_gateway";
type PrivateAddress = { PrivateIpAddress: string; Primary: boolean };
/** An interface. What Elastic IP addresses say about it is theirs, and its DNS names are its VPC's: answers put them together. */
export type Interface = Known<
  Omit<
    sdk.NetworkInterface,
    | "TagSet"
    | "Association"
    | "Groups"
    | "InterfaceType"
    | "PrivateIpAddresses"
    | "Ipv6Addresses"
    | "Ipv4Prefixes"
    | "Ipv6Prefixes"
    | "PrivateDnsName"
    | "PublicDnsName"
  >,
  | "NetworkInterfaceId"
  | "SubnetId"
  | "VpcId"
  | "AvailabilityZone"
  | "OwnerId"
  | "Status"
  | "MacAddress"
  | "PrivateIpAddress"
  | "SourceDestCheck"
  | "RequesterManaged"
  | "Description"
> & {
  InterfaceType: InterfaceType;
  Groups: Known<sdk.GroupIdentifier, "GroupId">[];
  PrivateIpAddresses: PrivateAddress[];
  Ipv6Addresses: Known<sdk.NetworkInterfaceIpv6Address, "Ipv6Address">[];
  Ipv4Prefixes: Known<sdk.Ipv4PrefixSpecification, "Ipv4Prefix">[];
  Ipv6Prefixes: Known<sdk.Ipv6PrefixSpecification, "Ipv6Prefix">[];
  Tags: sdk.Tag[];
  /** A public address out of Amazon's pool on the primary private one, as `MapPublicIpOnLaunch` or Fargate's `assignPublicIp` give it. */
  publicIp?: string;
};

/** What is to be made; everything but the subnet has AWS's default. */
export type InterfaceWish = {
  subnetId: string;
  /** Default: the VPC's default group. None at all is what a NAT gateway has. */
  groups?: readonly string[];
  description?: string;
  type?: InterfaceType;
  tags?: sdk.Tag[];
  /** It belongs to the service that asks for it: in use from the start, and only that service may change or delete it. */
  requesterManaged?: boolean;
  address?: string;
  secondary?: Wanted;
  ipv6?: Wanted;
  ipv4Prefixes?: Wanted;
  ipv6Prefixes?: Wanted;
  /** What it is attached to from the start. */
  attachment?: sdk.NetworkInterfaceAttachment;
  publicIp?: string;
};
type Wanted = { named?: readonly string[]; count?: number };

// docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html; the first enforced in each zone
const INTERFACES_MAX = 5000;
const GROUPS_MAX = 5;
const TYPES = ["interface", "efa", "efa-only", "branch", "trunk"];

export const interfaceOperations = {
  CreateNetworkInterface(call, input) {
    const { ClientToken: token, ...request } = input;
    const made = madeBefore(call, "CreateNetworkInterface", token, request);
    if (made !== undefined) return { NetworkInterface: shown(call, findInterface(call, made)), ClientToken: token };
    const wish = wishOf(call, input);
    const created = createInterface(call, wish);
    remember(call, "CreateNetworkInterface", token, request, created.NetworkInterfaceId);
    return { NetworkInterface: shown(call, created), ClientToken: token };
  },
  DeleteNetworkInterface(call, { NetworkInterfaceId }) {
    const found = findInterface(call, NetworkInterfaceId);
    checkOwned(found);
    if (found.Status !== "available")
      throw new AwsError("InvalidNetworkInterface.InUse", `The network interface '${NetworkInterfaceId}' is currently in use.`);
    deleteInterface(call, NetworkInterfaceId);
  },
  DescribeNetworkInterfaces(call, { NetworkInterfaceIds, Filters, MaxResults, NextToken }) {
    const all = byIds(call.state.networkInterfaces, "eni", NetworkInterfaceIds).map((each) => shown(call, each));
    const { items, NextToken: next } = page(filtered(all, Filters, interfaceFilters), { MaxResults, NextToken });
    return { NetworkInterfaces: items, NextToken: next };
  },
  DescribeNetworkInterfaceAttribute(call, { NetworkInterfaceId, Attribute }) {
    const found = findInterface(call, NetworkInterfaceId);
    if (Attribute === "description") return { NetworkInterfaceId, Description: { Value: found.Description } };
    if (Attribute === "groupSet") return { NetworkInterfaceId, Groups: found.Groups };
    if (Attribute === "sourceDestCheck") return { NetworkInterfaceId, SourceDestCheck: { Value: found.SourceDestCheck } };
    if (Attribute === "attachment") return { NetworkInterfaceId, Attachment: found.Attachment };
    if (Attribute === "associatePublicIpAddress") return { NetworkInterfaceId, AssociatePublicIpAddress: found.publicIp !== undefined };
    throw new AwsError("InvalidParameterValue", `Value (${Attribute}) for parameter attribute is invalid.`);
  },
  ModifyNetworkInterfaceAttribute(call, { NetworkInterfaceId, Description, Groups, SourceDestCheck, Attachment, ...others }) {
    const found = findInterface(call, NetworkInterfaceId);
    const refused = Object.entries(others).find(([member, value]) => value !== undefined && member !== "DryRun")?.[0];
    if (refused) throw new AwsError("NotImplemented", `Causeway does not emulate this attribute of interfaces: ${refused}.`, 501);
    const given = [Description, Groups, SourceDestCheck, Attachment].filter((value) => value !== undefined);
    // "You can specify only one attribute at a time": API_ModifyNetworkInterfaceAttribute.html
    if (given.length !== 1) throw new AwsError("InvalidParameterCombination", "You must specify exactly one attribute to modify");
    checkOwned(found);
    const groups = Groups && groupsOf(call, Groups, found);
    if (Attachment && found.Attachment?.AttachmentId !== Attachment.AttachmentId) {
      throw new AwsError("InvalidAttachmentID.NotFound", `The networkInterface attachment ID '${Attachment.AttachmentId}' does not exist`);
    }
    found.Description = Description?.Value ?? found.Description;
    found.Groups = groups ?? found.Groups;
    found.SourceDestCheck = SourceDestCheck?.Value ?? found.SourceDestCheck;
    if (found.Attachment && Attachment)
      found.Attachment.DeleteOnTermination = Attachment.DeleteOnTermination ?? found.Attachment.DeleteOnTermination;
  },
  ResetNetworkInterfaceAttribute(call, { NetworkInterfaceId }) {
    const found = findInterface(call, NetworkInterfaceId);
    checkOwned(found);
    found.SourceDestCheck = true; // the one attribute that can be reset: API_ResetNetworkInterfaceAttribute.html
  },
} satisfies Operations<sdk.EC2, State>;

export function findInterface(call: Here, id: string): Interface {
  return byId(call.state.networkInterfaces, "eni", id);
}

/** Makes an interface with real addresses out of its subnet: for the API, and for services that put theirs into a VPC. Refuses before it changes anything. */
export function createInterface(call: Here, wish: InterfaceWish): Interface {
  const subnet = findSubnet(call, wish.subnetId);
  const groups = groupsOf(call, wish.groups ?? [defaultSecurityGroup(call, subnet.VpcId).GroupId], subnet);
  const inZone = [...call.state.networkInterfaces.values()].filter((each) => each.AvailabilityZone === subnet.AvailabilityZone);
  if (inZone.length >= INTERFACES_MAX)
    throw new AwsError("NetworkInterfaceLimitExceeded", "The maximum number of network interfaces has been reached.");
  const created = build(call, subnet, groups, wish);
  call.state.networkInterfaces.set(created.NetworkInterfaceId, created);
  return created;
}

/** Takes it away, whoever it belongs to; an Elastic IP address on it becomes free. */
export function deleteInterface(call: Here, id: string): void {
  for (const address of call.state.addresses.values()) if (address.NetworkInterfaceId === id) release(address);
  call.state.networkInterfaces.delete(id);
}

/** Parts an Elastic IP address from what it is on. */
export function release(address: sdk.Address): void {
  for (const member of ["AssociationId", "NetworkInterfaceId", "NetworkInterfaceOwnerId", "PrivateIpAddress", "InstanceId"] as const)
    delete address[member];
}

/** Only the service that made it may change it. */
export function checkOwned({ RequesterManaged, NetworkInterfaceId }: Interface): void {
  if (RequesterManaged)
    throw new AwsError(
      "OperationNotPermitted",
      `You are not allowed to manage 'ela-attach' attachments or the requester-managed network interface '${NetworkInterfaceId}'.`,
    );
}

function wishOf(call: Here, input: Parameters<typeof interfaceOperations.CreateNetworkInterface>[1]): InterfaceWish {
  const { SubnetId, Groups, Description, InterfaceType, TagSpecifications, PrivateIpAddress, PrivateIpAddresses = [] } = input;
  if (InterfaceType !== undefined && !TYPES.includes(InterfaceType))
    throw new AwsError("InvalidParameterValue", `Value (${InterfaceType}) for parameter interfaceType is invalid.`);
  if (input.SecondaryPrivateIpAddressCount !== undefined && PrivateIpAddresses.some(({ Primary }) => !Primary)) {
    throw new AwsError(
      "InvalidParameterCombination",
      "The parameters secondaryPrivateIpAddressCount and privateIpAddresses cannot be used together",
    );
  }
  const named = PrivateIpAddresses.filter(({ Primary }) => Primary).map(({ PrivateIpAddress: address = "" }) => address);
  if (named.length > 1 || (named.length === 1 && PrivateIpAddress !== undefined && PrivateIpAddress !== named[0])) {
    throw new AwsError("InvalidParameterValue", "You can only designate one IP address as primary");
  }
  return {
    subnetId: SubnetId,
    groups: Groups?.length ? Groups : undefined,
    description: Description,
    type: InterfaceType,
    tags: tagsOf(call, TagSpecifications, "network-interface"),
    address: PrivateIpAddress ?? named[0],
    secondary: {
      named: PrivateIpAddresses.filter(({ Primary }) => !Primary).map(({ PrivateIpAddress: address = "" }) => address),
      count: input.SecondaryPrivateIpAddressCount,
    },
    ipv6: { named: input.Ipv6Addresses?.map(({ Ipv6Address = "" }) => Ipv6Address), count: input.Ipv6AddressCount },
    ipv4Prefixes: { named: input.Ipv4Prefixes?.map(({ Ipv4Prefix = "" }) => Ipv4Prefix), count: input.Ipv4PrefixCount },
    ipv6Prefixes: { named: input.Ipv6Prefixes?.map(({ Ipv6Prefix = "" }) => Ipv6Prefix), count: input.Ipv6PrefixCount },
  };
}

function build(call: Here, subnet: Subnet, groups: Interface["Groups"], wish: InterfaceWish): Interface {
  const [primary = "", ...secondary] = addressesOf(call, subnet, wish);
  const ipv6 =
    wish.ipv6?.named?.length || wish.ipv6?.count !== undefined ? wish.ipv6 : { count: subnet.AssignIpv6AddressOnCreation ? 1 : 0 };
  const ipv6Addresses = takeIpv6Addresses(call, subnet, ipv6);
  const ipv4Prefixes = takePrefixes(call, subnet, 4, { ...wish.ipv4Prefixes, avoiding: [primary, ...secondary] });
  const ipv6Prefixes = takePrefixes(call, subnet, 6, { ...wish.ipv6Prefixes, avoiding: ipv6Addresses });
  const attachment = wish.attachment ?? (wish.requesterManaged ? serviceAttachment(call) : undefined);
  return {
    NetworkInterfaceId: call.id("eni"),
    SubnetId: subnet.SubnetId,
    VpcId: subnet.VpcId,
    AvailabilityZone: subnet.AvailabilityZone,
    AvailabilityZoneId: subnet.AvailabilityZoneId,
    OwnerId: call.account,
    RequesterId: call.principal.userId,
    RequesterManaged: wish.requesterManaged === true,
    Description: wish.description ?? "",
    InterfaceType: wish.type ?? "interface",
    Status: attachment ? "in-use" : "available",
    Attachment: attachment,
    MacAddress: macAddress(call),
    SourceDestCheck: wish.type !== "nat_gateway",
    Groups: groups,
    PrivateIpAddress: primary,
    PrivateIpAddresses: [primary, ...secondary].map((PrivateIpAddress, at) => ({ PrivateIpAddress, Primary: at === 0 })),
    Ipv6Addresses: ipv6Addresses.map((Ipv6Address) => ({ Ipv6Address, IsPrimaryIpv6: false })),
    Ipv4Prefixes: ipv4Prefixes.map((Ipv4Prefix) => ({ Ipv4Prefix })),
    Ipv6Prefixes: ipv6Prefixes.map((Ipv6Prefix) => ({ Ipv6Prefix })),
    Tags: wish.tags ?? [],
    publicIp: wish.publicIp,
  };
}

/** How AWS's services hold their interfaces. */
function serviceAttachment(call: Here): sdk.NetworkInterfaceAttachment {
  return {
    AttachmentId: call.id("ela-attach"),
    AttachTime: call.date,
    DeleteOnTermination: false,
    DeviceIndex: 1,
    InstanceOwnerId: "amazon-aws",
    NetworkCardIndex: 0,
    Status: "attached",
  };
}

/** The primary address first, whether it was asked for or drawn. */
function addressesOf(call: Here, subnet: Subnet, { address, secondary = {} }: InterfaceWish): string[] {
  const { named = [], count = 0 } = secondary;
  if (address !== undefined) return takeAddresses(call, subnet, { named: [address, ...named], count });
  const taken = takeAddresses(call, subnet, { named, count: count + 1 });
  return [...taken.slice(named.length, named.length + 1), ...taken.slice(0, named.length), ...taken.slice(named.length + 1)];
}

export function groupsOf(
  call: Here,
  ids: readonly string[],
  { VpcId, SubnetId }: { VpcId: string; SubnetId: string },
): Interface["Groups"] {
  const groups = [...new Set(ids)].map((id) => findGroup(call, id));
  const foreign = groups.find((group) => group.VpcId !== VpcId);
  if (foreign)
    throw new AwsError("InvalidParameter", `Security group ${foreign.GroupId} and subnet ${SubnetId} belong to different networks.`);
  if (groups.length > GROUPS_MAX)
    throw new AwsError("SecurityGroupsPerInterfaceLimitExceeded", "You have reached the maximum number of security groups per interface.");
  return groups.map(({ GroupId, GroupName }) => ({ GroupId, GroupName }));
}

/** Locally administered, as all of Amazon's. */
function macAddress(call: Here): string {
  return ["0a", ...[...call.bytes(5)].map((byte) => byte.toString(16).padStart(2, "0"))].join(":");
}
