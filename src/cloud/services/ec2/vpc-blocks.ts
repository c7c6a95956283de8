/** The address blocks of a VPC. Guide: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, type Operations } from "../../service.ts";
import { block, contains, overlaps, parseBlock, showBlock, type Block } from "./cidr.ts";
import { addIpv6AclEntries } from "./network-acls.ts";
import type { Here, State } from "./state.ts";
import { findVpc, refuseIpam, type Vpc } from "./vpcs.ts";

// docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html: in each family
const BLOCKS_MAX = 5;
// docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
const LONGEST = 28;
const SHORTEST = 16;
// The same page: once a VPC has a block of one private range, those of the others may not join it.
const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "198.19.0.0/16"].map(block);
// Amazon's own space for IPv6: each region has a /36 or so in 2600:1f00::/24, 2a05:d000::/25 and others; a /56 each VPC.
const AMAZON_IPV6 = block("2600:1f00::/24");

export const vpcBlockOperations = {
  AssociateVpcCidrBlock(call, input) {
    refuseIpam(input);
    const { VpcId, CidrBlock, Ipv6CidrBlock, AmazonProvidedIpv6CidrBlock, Ipv6CidrBlockNetworkBorderGroup } = input;
    const vpc = findVpc(call, VpcId);
    if (Ipv6CidrBlock !== undefined) refuseIpam({ Ipv6Pool: Ipv6CidrBlock });
    if (AmazonProvidedIpv6CidrBlock) {
      if (CidrBlock !== undefined)
        throw new AwsError(
          "InvalidParameterCombination",
          "The parameter amazonProvidedIpv6CidrBlock cannot be used with the parameter cidrBlock",
        );
      // "You can associate only one Amazon-provided IPv6 CIDR block with a VPC at a time" was lifted to the quota of five.
      if (associated(vpc.Ipv6CidrBlockAssociationSet.map(({ Ipv6CidrBlockState }) => Ipv6CidrBlockState)) >= BLOCKS_MAX)
        throw tooMany(VpcId);
      const association = addIpv6Block(call, vpc, Ipv6CidrBlockNetworkBorderGroup);
      addIpv6AclEntries(call, VpcId);
      return { VpcId, Ipv6CidrBlockAssociation: association };
    }
    if (CidrBlock === undefined)
      throw new AwsError("MissingParameter", "Either 'cidrBlock', 'ipv4IpamPoolId' or 'amazonProvidedIpv6CidrBlock' should be provided.");
    const association = associationOf(call, checkSecondary(call, vpc, CidrBlock));
    vpc.CidrBlockAssociationSet.push(association);
    return { VpcId, CidrBlockAssociation: association };
  },
  DisassociateVpcCidrBlock(call, { AssociationId }) {
    for (const vpc of call.state.vpcs.values()) {
      const ipv4 = vpc.CidrBlockAssociationSet.find((association) => association.AssociationId === AssociationId);
      const ipv6 = vpc.Ipv6CidrBlockAssociationSet.find((association) => association.AssociationId === AssociationId);
      if (ipv4) return { VpcId: vpc.VpcId, CidrBlockAssociation: removeIpv4(call.state, vpc, ipv4) };
      if (ipv6) return { VpcId: vpc.VpcId, Ipv6CidrBlockAssociation: removeIpv6(call.state, vpc, ipv6) };
    }
    throw new AwsError("InvalidVpcCidrBlockAssociationID.NotFound", `The vpc CIDR block association ID '${AssociationId}' does not exist`);
  },
} satisfies Operations<sdk.EC2, State>;

/** A VPC's IPv4 block as written in a request, checked and in AWS's form. */
export function checkVpcBlock(text: string): string {
  const parsed = parseBlock(text);
  if (parsed?.family !== 4)
    throw new AwsError("InvalidParameterValue", `Value (${text}) for parameter cidrBlock is invalid. This is not a valid CIDR block.`);
  if (parsed.length < SHORTEST || parsed.length > LONGEST) throw new AwsError("InvalidVpc.Range", `The CIDR '${text}' is invalid.`);
  return showBlock(parsed);
}

export function associationOf(call: Here, cidr: string): Vpc["CidrBlockAssociationSet"][number] {
  return { AssociationId: call.id("vpc-cidr-assoc"), CidrBlock: cidr, CidrBlockState: { State: "associated" } };
}

/** A /56 of Amazon's, drawn by chance and no one else's in this account and region. */
export function addIpv6Block(call: Here, vpc: Vpc, borderGroup = call.region): Vpc["Ipv6CidrBlockAssociationSet"][number] {
  if (borderGroup !== call.region)
    throw new AwsError("InvalidParameterValue", `The network border group ${borderGroup} is not valid in ${call.region}.`);
  const taken = [...call.state.vpcs.values()].flatMap(({ Ipv6CidrBlockAssociationSet }) =>
    Ipv6CidrBlockAssociationSet.map(({ Ipv6CidrBlock }) => Ipv6CidrBlock),
  );
  let cidr: string;
  do {
    const drawn = BigInt(Math.floor(call.random() * 2 ** 32)); // the bits between the /24 and the /56
    cidr = showBlock({ family: 6, first: AMAZON_IPV6.first + (drawn << 72n), length: 56 });
  } while (taken.includes(cidr));
  const association = {
    AssociationId: call.id("vpc-cidr-assoc"),
    Ipv6CidrBlock: cidr,
    Ipv6CidrBlockState: { State: "associated" as const },
    NetworkBorderGroup: borderGroup,
    Ipv6Pool: "Amazon",
    IpSource: "amazon" as const,
    Ipv6AddressAttribute: "public" as const,
  };
  vpc.Ipv6CidrBlockAssociationSet.push(association);
  return association;
}

/** All IPv4 and IPv6 blocks of a VPC. */
export function blocksOf(vpc: Vpc): Block[] {
  return [
    ...vpc.CidrBlockAssociationSet.map(({ CidrBlock }) => CidrBlock),
    ...vpc.Ipv6CidrBlockAssociationSet.map(({ Ipv6CidrBlock }) => Ipv6CidrBlock),
  ].map(block);
}

function checkSecondary(call: Here, vpc: Vpc, text: string): string {
  const cidr = checkVpcBlock(text);
  const wanted = block(cidr);
  const present = vpc.CidrBlockAssociationSet.map(({ CidrBlock }) => block(CidrBlock));
  if (present.some((each) => overlaps(each, wanted)))
    throw new AwsError("InvalidVpc.Range", `The CIDR '${cidr}' conflicts with one of the VPC's existing CIDR blocks.`);
  if (present.length >= BLOCKS_MAX) throw tooMany(vpc.VpcId);
  const range = PRIVATE.find((each) => contains(each, wanted));
  const [primary] = present;
  const own = primary && PRIVATE.find((each) => contains(each, primary));
  if (range && range !== own)
    throw new AwsError(
      "InvalidVpc.Range",
      `The CIDR '${cidr}' is restricted. Use a CIDR from the same private address range as the current VPC CIDR, or use a publicly-routable CIDR.`,
    );
  const isRouted = [...call.state.routeTables.values()].some(
    (table) =>
      table.VpcId === vpc.VpcId &&
      table.Routes.some(({ DestinationCidrBlock }) => DestinationCidrBlock !== undefined && contains(wanted, block(DestinationCidrBlock))),
  );
  // "The CIDR block must not be the same or larger than a destination CIDR range in a route in any of the VPC route tables": the same page.
  if (isRouted) throw new AwsError("InvalidVpc.Range", `The CIDR '${cidr}' conflicts with a route in one of the VPC's route tables.`);
  return cidr;
}

function removeIpv4(state: State, vpc: Vpc, association: Vpc["CidrBlockAssociationSet"][number]) {
  const { CidrBlock, AssociationId } = association;
  if (CidrBlock === vpc.CidrBlock)
    throw new AwsError(
      "OperationNotPermitted",
      `The vpc CIDR block with association ID ${AssociationId} may not be disassociated. It is the primary IPv4 CIDR block of the VPC`,
    );
  const isUsed = [...state.subnets.values()].some(
    (subnet) => subnet.VpcId === vpc.VpcId && contains(block(CidrBlock), block(subnet.CidrBlock)),
  );
  if (isUsed) throw inUse(AssociationId);
  vpc.CidrBlockAssociationSet = vpc.CidrBlockAssociationSet.filter((each) => each !== association);
  return { ...association, CidrBlockState: { State: "disassociating" as const } };
}

function removeIpv6(state: State, vpc: Vpc, association: Vpc["Ipv6CidrBlockAssociationSet"][number]) {
  const outer = block(association.Ipv6CidrBlock);
  const isUsed = [...state.subnets.values()].some((subnet) =>
    subnet.Ipv6CidrBlockAssociationSet.some(({ Ipv6CidrBlock }) => contains(outer, block(Ipv6CidrBlock))),
  );
  if (isUsed) throw inUse(association.AssociationId);
  vpc.Ipv6CidrBlockAssociationSet = vpc.Ipv6CidrBlockAssociationSet.filter((each) => each !== association);
  return { ...association, Ipv6CidrBlockState: { State: "disassociating" as const } };
}

function associated(states: readonly sdk.VpcCidrBlockState[]): number {
  return states.filter(({ State }) => State === "associated").length;
}

function inUse(associationId: string): AwsError {
  return new AwsError(
    "InvalidCidrBlock.InUse",
    `The vpc CIDR block with association ID ${associationId} is in use and cannot be disassociated.`,
  );
}

function tooMany(vpcId: string): AwsError {
  return new AwsError("CidrLimitExceeded", `This network '${vpcId}' has met its maximum number of allowed CIDRs: ${BLOCKS_MAX}`);
}
