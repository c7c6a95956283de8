/** VPCs and their address blocks. Guide: https://docs.aws.amazon.com/vpc/latest/userguide/configure-your-vpc.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, type Known, type Operations } from "../../service.ts";
import { defaultDhcpOptions } from "./dhcp-options.ts";
import { filtered } from "./filters.ts";
import { byId, byIds } from "./ids.ts";
import { createDefaultAcl, deleteDefaultAcl } from "./network-acls.ts";
import { page } from "./pages.ts";
import { createMainRouteTable } from "./route-tables.ts";
import { createDefaultSecurityGroup, deleteDefaultSecurityGroup } from "./security-groups.ts";
import type { Here, State } from "./state.ts";
import { tagsOf } from "./tags.ts";
import { addIpv6Block, associationOf, checkVpcBlock } from "./vpc-blocks.ts";

type CidrAssociation = Known<sdk.VpcCidrBlockAssociation, "AssociationId" | "CidrBlock" | "CidrBlockState">;
type Ipv6Association = Known<sdk.VpcIpv6CidrBlockAssociation, "AssociationId" | "Ipv6CidrBlock" | "Ipv6CidrBlockState">;
/** What only DescribeVpcAttribute tells. */
type Attributes = { enableDnsSupport: boolean; enableDnsHostnames: boolean; enableNetworkAddressUsageMetrics: boolean };
export type Vpc = Known<
  Omit<sdk.Vpc, "CidrBlockAssociationSet" | "Ipv6CidrBlockAssociationSet">,
  "VpcId" | "CidrBlock" | "State" | "OwnerId" | "InstanceTenancy" | "IsDefault" | "DhcpOptionsId" | "Tags"
> & {
  CidrBlockAssociationSet: CidrAssociation[];
  Ipv6CidrBlockAssociationSet: Ipv6Association[];
  attributes: Attributes;
};

// docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
const VPCS_MAX = 5;

export const vpcOperations = {
  CreateVpc(call, input) {
    refuseIpam(input);
    const {
      CidrBlock,
      InstanceTenancy = "default",
      AmazonProvidedIpv6CidrBlock,
      Ipv6CidrBlockNetworkBorderGroup,
      TagSpecifications,
    } = input;
    if (CidrBlock === undefined) throw new AwsError("MissingParameter", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.");
    const cidr = checkVpcBlock(CidrBlock);
    checkTenancy(InstanceTenancy, ["default", "dedicated"]);
    const tags = tagsOf(call, TagSpecifications, "vpc");
    if (call.state.vpcs.size >= VPCS_MAX) throw new AwsError("VpcLimitExceeded", "The maximum number of VPCs has been reached.");
    const vpc = makeVpc(call, { cidr, tenancy: InstanceTenancy, tags });
    if (AmazonProvidedIpv6CidrBlock) addIpv6Block(call, vpc, Ipv6CidrBlockNetworkBorderGroup);
    furnish(call, vpc);
    return { Vpc: shown(vpc) };
  },
  DeleteVpc(call, { VpcId }) {
    findVpc(call, VpcId);
    if (hasDependents(call.state, VpcId))
      throw new AwsError("DependencyViolation", `The vpc '${VpcId}' has dependencies and cannot be deleted.`);
    for (const table of call.state.routeTables.values()) if (table.VpcId === VpcId) call.state.routeTables.delete(table.RouteTableId);
    deleteDefaultAcl(call, VpcId);
    deleteDefaultSecurityGroup(call, VpcId);
    call.state.vpcs.delete(VpcId);
  },
  DescribeVpcs(call, { VpcIds, Filters, MaxResults, NextToken }) {
    const vpcs = byIds(call.state.vpcs, "vpc", VpcIds).map(shown);
    const { items, NextToken: next } = page(filtered(vpcs, Filters, vpcFilters), { MaxResults, NextToken });
    return { Vpcs: items, NextToken: next };
  },
  DescribeVpcAttribute(call, { VpcId, Attribute }) {
    const { attributes } = findVpc(call, VpcId);
    if (!Object.hasOwn(attributes, Attribute))
      throw new AwsError("InvalidParameterValue", `Value (${Attribute}) for parameter attribute is invalid. Unknown attribute.`);
    const member = `${Attribute[0]?.toUpperCase()}${Attribute.slice(1)}`;
    return { VpcId, [member]: { Value: attributes[Attribute as keyof Attributes] } };
  },
  ModifyVpcAttribute(call, { VpcId, EnableDnsSupport, EnableDnsHostnames, EnableNetworkAddressUsageMetrics }) {
    const { attributes } = findVpc(call, VpcId);
    const given = Object.entries({
      enableDnsSupport: EnableDnsSupport?.Value,
      enableDnsHostnames: EnableDnsHostnames?.Value,
      enableNetworkAddressUsageMetrics: EnableNetworkAddressUsageMetrics?.Value,
    }).filter((entry): entry is [keyof Attributes, boolean] => entry[1] !== undefined);
    // "You cannot modify the DNS resolution and DNS hostnames attributes in the same request": API_ModifyVpcAttribute.html
    if (given.length > 1)
      throw new AwsError(
        "InvalidParameterCombination",
        "Fields for multiple attribute types specified; only one attribute can be modified at a time.",
      );
    const [change] = given;
    if (!change) throw new AwsError("MissingParameter", "The request must contain the parameter enableDnsSupport or enableDnsHostnames");
    const [attribute, value] = change;
    if (attribute === "enableDnsHostnames" && value && !attributes.enableDnsSupport) {
      throw new AwsError("InvalidParameterCombination", "DNS hostnames cannot be enabled while DNS support is disabled.");
    }
    attributes[attribute] = value;
  },
  ModifyVpcTenancy(call, { VpcId, InstanceTenancy }) {
    const vpc = findVpc(call, VpcId);
    checkTenancy(InstanceTenancy, ["default"]); // only this way: API_ModifyVpcTenancy.html
    vpc.InstanceTenancy = InstanceTenancy;
    return { ReturnValue: true };
  },
} satisfies Operations<sdk.EC2, State>;

export function findVpc(call: Here, id: string): Vpc {
  return byId(call.state.vpcs, "vpc", id);
}

/** The VPC itself; what belongs into every VPC comes with `furnish`. */
export function makeVpc(
  call: Here,
  {
    cidr,
    tenancy = "default",
    tags = [],
    isDefault = false,
  }: { cidr: string; tenancy?: sdk.Tenancy; tags?: sdk.Tag[]; isDefault?: boolean },
): Vpc {
  const vpc: Vpc = {
    VpcId: call.id("vpc"),
    CidrBlock: cidr,
    State: "available",
    OwnerId: call.account,
    InstanceTenancy: tenancy,
    IsDefault: isDefault,
    DhcpOptionsId: defaultDhcpOptions(call),
    CidrBlockAssociationSet: [associationOf(call, cidr)],
    Ipv6CidrBlockAssociationSet: [],
    Tags: tags,
    // Names of its own only the default VPC gives from the start: docs.aws.amazon.com/vpc/latest/userguide/vpc-dns-updating.html
    attributes: { enableDnsSupport: true, enableDnsHostnames: isDefault, enableNetworkAddressUsageMetrics: false },
  };
  call.state.vpcs.set(vpc.VpcId, vpc);
  return vpc;
}

/** What AWS puts into every new VPC. */
export function furnish(call: Here, { VpcId }: Vpc): void {
  createMainRouteTable(call, VpcId);
  createDefaultAcl(call, VpcId);
  createDefaultSecurityGroup(call, VpcId);
}

/** As answers show it. */
export function shown({ attributes: _own, ...vpc }: Vpc) {
  return vpc;
}

type Shown = ReturnType<typeof shown>;

const vpcFilters = {
  cidr: ({ CidrBlock }: Shown) => CidrBlock,
  "cidr-block-association.cidr-block": ({ CidrBlockAssociationSet }: Shown) => CidrBlockAssociationSet.map(({ CidrBlock }) => CidrBlock),
  "cidr-block-association.association-id": ({ CidrBlockAssociationSet }: Shown) =>
    CidrBlockAssociationSet.map(({ AssociationId }) => AssociationId),
  "cidr-block-association.state": ({ CidrBlockAssociationSet }: Shown) =>
    CidrBlockAssociationSet.map(({ CidrBlockState }) => CidrBlockState.State),
  "dhcp-options-id": ({ DhcpOptionsId }: Shown) => DhcpOptionsId,
  "ipv6-cidr-block-association.ipv6-cidr-block": ({ Ipv6CidrBlockAssociationSet }: Shown) =>
    Ipv6CidrBlockAssociationSet.map(({ Ipv6CidrBlock }) => Ipv6CidrBlock),
  "ipv6-cidr-block-association.ipv6-pool": ({ Ipv6CidrBlockAssociationSet }: Shown) =>
    Ipv6CidrBlockAssociationSet.map(({ Ipv6Pool }) => Ipv6Pool),
  "ipv6-cidr-block-association.association-id": ({ Ipv6CidrBlockAssociationSet }: Shown) =>
    Ipv6CidrBlockAssociationSet.map(({ AssociationId }) => AssociationId),
  "ipv6-cidr-block-association.state": ({ Ipv6CidrBlockAssociationSet }: Shown) =>
    Ipv6CidrBlockAssociationSet.map(({ Ipv6CidrBlockState }) => Ipv6CidrBlockState.State),
  "is-default": ({ IsDefault }: Shown) => IsDefault,
  isDefault: ({ IsDefault }: Shown) => IsDefault, // the older spelling, which Terraform sends
  "owner-id": ({ OwnerId }: Shown) => OwnerId,
  state: ({ State }: Shown) => State,
  "vpc-id": ({ VpcId }: Shown) => VpcId,
};

/** Everything that keeps a VPC from going: all that it did not bring along itself. */
function hasDependents(state: State, vpcId: string): boolean {
  const inVpc = ({ VpcId }: { VpcId?: string }) => VpcId === vpcId;
  const attached = ({ Attachments }: { Attachments?: { VpcId?: string }[] }) => Attachments?.some(inVpc) === true;
  return (
    [...state.subnets.values()].some(inVpc) ||
    [...state.internetGateways.values()].some(attached) ||
    [...state.egressOnlyInternetGateways.values()].some(attached) ||
    [...state.vpnGateways.values()].some(({ VpcAttachments }) => VpcAttachments.some((each) => inVpc(each) && each.State === "attached")) ||
    [...state.vpcEndpoints.values()].some(inVpc) ||
    [...state.routeTables.values()].some((table) => inVpc(table) && !table.Associations.some(({ Main }) => Main)) ||
    [...state.networkAcls.values()].some((acl) => inVpc(acl) && !acl.IsDefault) ||
    [...state.securityGroups.values()].some((group) => inVpc(group) && group.GroupName !== "default")
  );
}

function checkTenancy(tenancy: string, allowed: readonly string[]): void {
  if (!allowed.includes(tenancy))
    throw new AwsError("InvalidParameterValue", `Value (${tenancy}) for parameter instanceTenancy is invalid. Invalid instance tenancy.`);
}

/** Blocks out of an IPAM pool or of the customer's own are not emulated; saying nothing about them would be a lie. */
export function refuseIpam(input: object): void {
  const asked = ["Ipv4IpamPoolId", "Ipv6IpamPoolId", "Ipv6Pool", "Ipv4NetmaskLength", "Ipv6NetmaskLength"].find(
    (member) => (input as Record<string, unknown>)[member] !== undefined,
  );
  if (asked) throw new AwsError("NotImplemented", `Causeway does not emulate IPAM and address pools: ${asked}.`, 501);
}
