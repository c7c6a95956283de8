/** Subnets. Guide: https://docs.aws.amazon.com/vpc/latest/userguide/configure-subnets.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, type Known, type Operations } from "../../service.ts";
import { block, contains, overlaps, parseBlock, showBlock } from "./cidr.ts";
import { filtered } from "./filters.ts";
import { byId, byIds } from "./ids.ts";
import { associateDefaultAcl, dissociateAcl } from "./network-acls.ts";
import { page } from "./pages.ts";
import { zonesOf } from "./regions.ts";
import { dissociateSubnet } from "./route-tables.ts";
import type { Here, State } from "./state.ts";
import { freeAddresses } from "./subnet-addresses.ts";
import { tagsOf } from "./tags.ts";
import { findVpc, refuseIpam, type Vpc } from "./vpcs.ts";

type Ipv6Association = Known<sdk.SubnetIpv6CidrBlockAssociation, "AssociationId" | "Ipv6CidrBlock" | "Ipv6CidrBlockState">;
/** A subnet without its count of free addresses, which follows from the interfaces in it. */
export type Subnet = Known<
  Omit<sdk.Subnet, "AvailableIpAddressCount" | "Ipv6CidrBlockAssociationSet">,
  | "SubnetId"
  | "SubnetArn"
  | "VpcId"
  | "OwnerId"
  | "State"
  | "CidrBlock"
  | "AvailabilityZone"
  | "AvailabilityZoneId"
  | "DefaultForAz"
  | "MapPublicIpOnLaunch"
  | "AssignIpv6AddressOnCreation"
  | "EnableDns64"
  | "Ipv6Native"
  | "PrivateDnsNameOptionsOnLaunch"
  | "Tags"
> & { Ipv6CidrBlockAssociationSet: Ipv6Association[] };

const SUBNETS_MAX = 200; // a VPC: docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
// docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
const SHORTEST = 16;
const LONGEST = 28;

export const subnetOperations = {
  CreateSubnet(call, input) {
    refuseIpam(input);
    const { VpcId, CidrBlock, Ipv6CidrBlock, Ipv6Native, TagSpecifications } = input;
    if (Ipv6Native) throw new AwsError("NotImplemented", "Causeway does not emulate IPv6-only subnets.", 501);
    if (input.OutpostArn) throw new AwsError("NotImplemented", "Causeway does not emulate Outposts.", 501);
    const tags = tagsOf(call, TagSpecifications, "subnet");
    const vpc = findVpc(call, VpcId);
    const zone = zoneOf(call, input.AvailabilityZone, input.AvailabilityZoneId);
    const cidr = checkCidr(call, vpc, CidrBlock);
    const ipv6 = Ipv6CidrBlock === undefined ? undefined : checkIpv6(call, vpc, Ipv6CidrBlock);
    const siblings = [...call.state.subnets.values()].filter((subnet) => subnet.VpcId === VpcId);
    if (siblings.length >= SUBNETS_MAX) throw new AwsError("SubnetLimitExceeded", "The maximum number of subnets has been reached.");
    const subnet = makeSubnet(call, { vpcId: VpcId, cidr, zone, tags });
    if (ipv6 !== undefined) subnet.Ipv6CidrBlockAssociationSet.push(ipv6Association(call, ipv6));
    return { Subnet: shown(call.state, subnet) };
  },
  DeleteSubnet(call, { SubnetId }) {
    findSubnet(call, SubnetId);
    if ([...call.state.networkInterfaces.values()].some((each) => each.SubnetId === SubnetId)) {
      throw new AwsError("DependencyViolation", `The subnet '${SubnetId}' has dependencies and cannot be deleted.`);
    }
    dissociateSubnet(call, SubnetId);
    dissociateAcl(call, SubnetId);
    call.state.subnets.delete(SubnetId);
  },
  DescribeSubnets(call, { SubnetIds, Filters, MaxResults, NextToken }) {
    const subnets = byIds(call.state.subnets, "subnet", SubnetIds).map((subnet) => shown(call.state, subnet));
    const { items, NextToken: next } = page(filtered(subnets, Filters, subnetFilters), { MaxResults, NextToken });
    return { Subnets: items, NextToken: next };
  },
  ModifySubnetAttribute(call, { SubnetId, ...changes }) {
    const subnet = findSubnet(call, SubnetId);
    const given = Object.keys(changes).filter((member) => changes[member as keyof typeof changes] !== undefined);
    // One at a time, but for the record kinds: API_ModifySubnetAttribute.html
    if (given.length === 0) throw new AwsError("MissingParameter", "The request must contain an attribute to modify");
    if (given.length > 1) throw new AwsError("InvalidParameterCombination", "Only one subnet attribute can be modified at a time");
    modify(subnet, changes);
  },
  AssociateSubnetCidrBlock(call, input) {
    refuseIpam(input);
    const { SubnetId, Ipv6CidrBlock } = input;
    const subnet = findSubnet(call, SubnetId);
    if (Ipv6CidrBlock === undefined) throw new AwsError("MissingParameter", "The request must contain the parameter ipv6CidrBlock");
    if (subnet.Ipv6CidrBlockAssociationSet.length > 0)
      throw new AwsError("InvalidSubnet.Conflict", `The subnet '${SubnetId}' already has an IPv6 CIDR block`);
    const association = ipv6Association(call, checkIpv6(call, findVpc(call, subnet.VpcId), Ipv6CidrBlock));
    subnet.Ipv6CidrBlockAssociationSet.push(association);
    return { SubnetId, Ipv6CidrBlockAssociation: association };
  },
  DisassociateSubnetCidrBlock(call, { AssociationId }) {
    const subnet = [...call.state.subnets.values()].find(({ Ipv6CidrBlockAssociationSet }) =>
      Ipv6CidrBlockAssociationSet.some((each) => each.AssociationId === AssociationId),
    );
    const association = subnet?.Ipv6CidrBlockAssociationSet.find((each) => each.AssociationId === AssociationId);
    if (!subnet || !association)
      throw new AwsError(
        "InvalidSubnetCidrBlockAssociationID.NotFound",
        `The subnet CIDR block association ID '${AssociationId}' does not exist`,
      );
    const isUsed = [...call.state.networkInterfaces.values()].some(
      (each) => each.SubnetId === subnet.SubnetId && each.Ipv6Addresses.length + each.Ipv6Prefixes.length > 0,
    );
    if (isUsed)
      throw new AwsError(
        "InvalidCidrBlock.InUse",
        `The subnet CIDR block with association ID ${AssociationId} is in use and cannot be disassociated.`,
      );
    subnet.Ipv6CidrBlockAssociationSet = [];
    subnet.AssignIpv6AddressOnCreation = false;
    return { SubnetId: subnet.SubnetId, Ipv6CidrBlockAssociation: { ...association, Ipv6CidrBlockState: { State: "disassociating" } } };
  },
} satisfies Operations<sdk.EC2, State>;

export function findSubnet(call: Here, id: string): Subnet {
  return byId(call.state.subnets, "subnet", id);
}

/** Its block is the VPC's and free: the caller has seen to that. */
export function makeSubnet(
  call: Here,
  {
    vpcId,
    cidr,
    zone,
    tags = [],
    isDefault = false,
  }: { vpcId: string; cidr: string; zone: { ZoneName: string; ZoneId: string }; tags?: sdk.Tag[]; isDefault?: boolean },
): Subnet {
  const id = call.id("subnet");
  const subnet: Subnet = {
    SubnetId: id,
    SubnetArn: call.arn("ec2", `subnet/${id}`),
    VpcId: vpcId,
    OwnerId: call.account,
    State: "available",
    CidrBlock: cidr,
    AvailabilityZone: zone.ZoneName,
    AvailabilityZoneId: zone.ZoneId,
    DefaultForAz: isDefault,
    MapPublicIpOnLaunch: isDefault,
    MapCustomerOwnedIpOnLaunch: false,
    AssignIpv6AddressOnCreation: false,
    EnableDns64: false,
    Ipv6Native: false,
    PrivateDnsNameOptionsOnLaunch: { HostnameType: "ip-name", EnableResourceNameDnsARecord: false, EnableResourceNameDnsAAAARecord: false },
    Ipv6CidrBlockAssociationSet: [],
    Tags: tags,
  };
  call.state.subnets.set(id, subnet);
  associateDefaultAcl(call, vpcId, id);
  return subnet;
}

export function shown(state: State, subnet: Subnet) {
  return { ...subnet, AvailableIpAddressCount: freeAddresses(state, subnet) };
}

type Shown = ReturnType<typeof shown>;

const ipv6Of = (value: (association: Ipv6Association) => string | undefined) => (subnet: Shown) =>
  subnet.Ipv6CidrBlockAssociationSet.map(value);
const zoneName = ({ AvailabilityZone }: Shown) => AvailabilityZone;
const zoneId = ({ AvailabilityZoneId }: Shown) => AvailabilityZoneId;
const cidrBlock = ({ CidrBlock }: Shown) => CidrBlock;
const isDefaultForAz = ({ DefaultForAz }: Shown) => DefaultForAz;

const subnetFilters = {
  "availability-zone": zoneName,
  availabilityZone: zoneName,
  "availability-zone-id": zoneId,
  availabilityZoneId: zoneId,
  "available-ip-address-count": ({ AvailableIpAddressCount }: Shown) => AvailableIpAddressCount,
  "cidr-block": cidrBlock,
  cidr: cidrBlock,
  cidrBlock,
  "default-for-az": isDefaultForAz,
  defaultForAz: isDefaultForAz,
  "enable-dns64": ({ EnableDns64 }: Shown) => EnableDns64,
  "ipv6-cidr-block-association.ipv6-cidr-block": ipv6Of(({ Ipv6CidrBlock }) => Ipv6CidrBlock),
  "ipv6-cidr-block-association.association-id": ipv6Of(({ AssociationId }) => AssociationId),
  "ipv6-cidr-block-association.state": ipv6Of(({ Ipv6CidrBlockState }) => Ipv6CidrBlockState.State),
  "ipv6-native": ({ Ipv6Native }: Shown) => Ipv6Native,
  "map-public-ip-on-launch": ({ MapPublicIpOnLaunch }: Shown) => MapPublicIpOnLaunch,
  "outpost-arn": ({ OutpostArn }: Shown) => OutpostArn,
  "owner-id": ({ OwnerId }: Shown) => OwnerId,
  "private-dns-name-options-on-launch.hostname-type": ({ PrivateDnsNameOptionsOnLaunch: options }: Shown) => options.HostnameType,
  "private-dns-name-options-on-launch.enable-resource-name-dns-a-record": ({ PrivateDnsNameOptionsOnLaunch: options }: Shown) =>
    options.EnableResourceNameDnsARecord,
  "private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record": ({ PrivateDnsNameOptionsOnLaunch: options }: Shown) =>
    options.EnableResourceNameDnsAAAARecord,
  state: ({ State }: Shown) => State,
  "subnet-arn": ({ SubnetArn }: Shown) => SubnetArn,
  "subnet-id": ({ SubnetId }: Shown) => SubnetId,
  "vpc-id": ({ VpcId }: Shown) => VpcId,
};

/** The zone asked for by name or by id; without either one that AWS chooses: here the first. */
function zoneOf(call: Here, name: string | undefined, id: string | undefined) {
  if (name !== undefined && id !== undefined)
    throw new AwsError("InvalidParameterCombination", "The parameters availabilityZone and availabilityZoneId cannot be used together");
  const zones = zonesOf(call.region);
  const zone = zones.find(({ ZoneName, ZoneId }) => (name === undefined || ZoneName === name) && (id === undefined || ZoneId === id));
  if (zone) return zone;
  const names = zones.map(({ ZoneName, ZoneId }) => (name === undefined ? ZoneId : ZoneName)).join(", ");
  const [parameter, value] = name === undefined ? ["availabilityZoneId", id] : ["availabilityZone", name];
  throw new AwsError(
    "InvalidParameterValue",
    `Value (${value}) for parameter ${parameter} is invalid. Subnets can currently only be created in the following availability zones: ${names}.`,
  );
}

function checkCidr(call: Here, vpc: Vpc, text: string | undefined): string {
  if (text === undefined) throw new AwsError("MissingParameter", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.");
  const wanted = parseBlock(text);
  if (wanted?.family !== 4)
    throw new AwsError("InvalidParameterValue", `Value (${text}) for parameter cidrBlock is invalid. This is not a valid CIDR block.`);
  const isInVpc = vpc.CidrBlockAssociationSet.some(({ CidrBlock }) => contains(block(CidrBlock), wanted));
  if (wanted.length < SHORTEST || wanted.length > LONGEST || !isInVpc)
    throw new AwsError("InvalidSubnet.Range", `The CIDR '${text}' is invalid.`);
  const isTaken = [...call.state.subnets.values()].some(
    (subnet) => subnet.VpcId === vpc.VpcId && overlaps(block(subnet.CidrBlock), wanted),
  );
  if (isTaken) throw new AwsError("InvalidSubnet.Conflict", `The CIDR '${text}' conflicts with another subnet`);
  return showBlock(wanted);
}

/** /44 to /64 in steps of four: docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html */
function checkIpv6(call: Here, vpc: Vpc, text: string): string {
  const wanted = parseBlock(text);
  if (wanted?.family !== 6)
    throw new AwsError("InvalidParameterValue", `Value (${text}) for parameter ipv6CidrBlock is invalid. This is not a valid CIDR block.`);
  const isSize = wanted.length >= 44 && wanted.length <= 64 && wanted.length % 4 === 0;
  const isInVpc = vpc.Ipv6CidrBlockAssociationSet.some(({ Ipv6CidrBlock }) => contains(block(Ipv6CidrBlock), wanted));
  if (!isSize || !isInVpc) throw new AwsError("InvalidSubnet.Range", `The CIDR '${text}' is invalid.`);
  const taken = [...call.state.subnets.values()].flatMap(({ Ipv6CidrBlockAssociationSet }) => Ipv6CidrBlockAssociationSet);
  if (taken.some(({ Ipv6CidrBlock }) => overlaps(block(Ipv6CidrBlock), wanted)))
    throw new AwsError("InvalidSubnet.Conflict", `The CIDR '${text}' conflicts with another subnet`);
  return showBlock(wanted);
}

function ipv6Association(call: Here, cidr: string): Ipv6Association {
  return {
    AssociationId: call.id("subnet-cidr-assoc"),
    Ipv6CidrBlock: cidr,
    Ipv6CidrBlockState: { State: "associated" },
    Ipv6AddressAttribute: "public",
    IpSource: "amazon",
  };
}

function modify(subnet: Subnet, changes: Omit<sdk.ModifySubnetAttributeRequest, "SubnetId">): void {
  const { AssignIpv6AddressOnCreation, MapPublicIpOnLaunch, EnableDns64, PrivateDnsHostnameTypeOnLaunch } = changes;
  const refused = (
    ["CustomerOwnedIpv4Pool", "MapCustomerOwnedIpOnLaunch", "EnableLniAtDeviceIndex", "DisableLniAtDeviceIndex"] as const
  ).find((member) => changes[member] !== undefined);
  if (refused) throw new AwsError("NotImplemented", `Causeway does not emulate Outposts: ${refused}.`, 501);
  if (AssignIpv6AddressOnCreation?.Value && subnet.Ipv6CidrBlockAssociationSet.length === 0) {
    throw new AwsError(
      "InvalidParameterValue",
      `Invalid value 'true' for assignIpv6AddressOnCreation. The subnet '${subnet.SubnetId}' has no IPv6 CIDR block.`,
    );
  }
  if (PrivateDnsHostnameTypeOnLaunch !== undefined && !["ip-name", "resource-name"].includes(PrivateDnsHostnameTypeOnLaunch)) {
    throw new AwsError(
      "InvalidParameterValue",
      `Value (${PrivateDnsHostnameTypeOnLaunch}) for parameter privateDnsHostnameTypeOnLaunch is invalid.`,
    );
  }
  subnet.AssignIpv6AddressOnCreation = AssignIpv6AddressOnCreation?.Value ?? subnet.AssignIpv6AddressOnCreation;
  subnet.MapPublicIpOnLaunch = MapPublicIpOnLaunch?.Value ?? subnet.MapPublicIpOnLaunch;
  subnet.EnableDns64 = EnableDns64?.Value ?? subnet.EnableDns64;
  const options = subnet.PrivateDnsNameOptionsOnLaunch;
  options.HostnameType = PrivateDnsHostnameTypeOnLaunch ?? options.HostnameType;
  options.EnableResourceNameDnsARecord = changes.EnableResourceNameDnsARecordOnLaunch?.Value ?? options.EnableResourceNameDnsARecord;
  options.EnableResourceNameDnsAAAARecord =
    changes.EnableResourceNameDnsAAAARecordOnLaunch?.Value ?? options.EnableResourceNameDnsAAAARecord;
}
