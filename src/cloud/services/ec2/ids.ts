/**
 * Ids: what one looks like, and what EC2 answers about one that is wrong. The spelling of the codes follows no rule, so each is written out:
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
 */
import { AwsError } from "../../service.ts";

type Kind = { malformed?: string; notFound: string; message: (id: string) => string };

const kinds = {
  acl: {
    malformed: "InvalidNetworkAclId.Malformed",
    notFound: "InvalidNetworkAclID.NotFound",
    message: (id) => `The networkAcl ID '${id}' does not exist`,
  },
  ami: { malformed: "InvalidAMIID.Malformed", notFound: "InvalidAMIID.NotFound", message: (id) => `The image id '[${id}]' does not exist` },
  cr: {
    malformed: "InvalidCapacityReservationId.Malformed",
    notFound: "InvalidCapacityReservationId.NotFound",
    message: (id) => `The capacity reservation ID '${id}' does not exist`,
  },
  dopt: {
    malformed: "InvalidDhcpOptionsId.Malformed",
    notFound: "InvalidDhcpOptionID.NotFound",
    message: (id) => `The dhcpOption ID '${id}' does not exist`,
  },
  eigw: { notFound: "InvalidGatewayID.NotFound", message: (id) => `The egress only internet gateway ID '${id}' does not exist` },
  eipalloc: { notFound: "InvalidAllocationID.NotFound", message: (id) => `The allocation ID '${id}' does not exist` },
  eipassoc: { notFound: "InvalidAssociationID.NotFound", message: (id) => `The association ID '${id}' does not exist` },
  eni: {
    malformed: "InvalidNetworkInterfaceId.Malformed",
    notFound: "InvalidNetworkInterfaceID.NotFound",
    message: (id) => `The networkInterface ID '${id}' does not exist`,
  },
  "eni-attach": {
    malformed: "InvalidNetworkInterfaceAttachmentId.Malformed",
    notFound: "InvalidAttachmentID.NotFound",
    message: (id) => `The networkInterface attachment ID '${id}' does not exist`,
  },
  fl: { notFound: "InvalidFlowLogId.NotFound", message: (id) => `The flow log ID '${id}' does not exist` },
  i: {
    malformed: "InvalidInstanceID.Malformed",
    notFound: "InvalidInstanceID.NotFound",
    message: (id) => `The instance ID '${id}' does not exist`,
  },
  igw: {
    malformed: "InvalidInternetGatewayId.Malformed",
    notFound: "InvalidInternetGatewayID.NotFound",
    message: (id) => `The internetGateway ID '${id}' does not exist`,
  },
  key: { notFound: "InvalidKeyPair.NotFound", message: (id) => `The key pair '${id}' does not exist` },
  nat: { malformed: "NatGatewayMalformed", notFound: "NatGatewayNotFound", message: (id) => `NAT gateway ${id} was not found` },
  pcx: {
    malformed: "InvalidVpcPeeringConnectionId.Malformed",
    notFound: "InvalidVpcPeeringConnectionID.NotFound",
    message: (id) => `The vpcPeeringConnection ID '${id}' does not exist`,
  },
  pg: { notFound: "InvalidPlacementGroup.Unknown", message: (id) => `The placement group '${id}' is unknown.` },
  pl: {
    malformed: "InvalidPrefixListId.Malformed",
    notFound: "InvalidPrefixListID.NotFound",
    message: (id) => `The prefix list ID '${id}' does not exist`,
  },
  rtb: {
    malformed: "InvalidRouteTableId.Malformed",
    notFound: "InvalidRouteTableID.NotFound",
    message: (id) => `The routeTable ID '${id}' does not exist`,
  },
  lt: {
    notFound: "InvalidLaunchTemplateId.NotFound",
    message: (id) => `The specified launch template, with template ID ${id}, does not exist.`,
  },
  vol: {
    malformed: "InvalidVolumeID.Malformed",
    notFound: "InvalidVolume.NotFound",
    message: (id) => `The volume '${id}' does not exist.`,
  },
  rtbassoc: { notFound: "InvalidAssociationID.NotFound", message: (id) => `The association ID '${id}' does not exist` },
  sg: {
    malformed: "InvalidGroupId.Malformed",
    notFound: "InvalidGroup.NotFound",
    message: (id) => `The security group '${id}' does not exist`,
  },
  sgr: {
    malformed: "InvalidSecurityGroupRuleId.Malformed",
    notFound: "InvalidSecurityGroupRuleId.NotFound",
    message: (id) => `The security group rule ID '${id}' does not exist`,
  },
  snap: {
    malformed: "InvalidSnapshotID.Malformed",
    notFound: "InvalidSnapshot.NotFound",
    message: (id) => `The snapshot '${id}' does not exist.`,
  },
  subnet: {
    malformed: "InvalidSubnetID.Malformed",
    notFound: "InvalidSubnetID.NotFound",
    message: (id) => `The subnet ID '${id}' does not exist`,
  },
  vpc: { malformed: "InvalidVpcID.Malformed", notFound: "InvalidVpcID.NotFound", message: (id) => `The vpc ID '${id}' does not exist` },
  vpce: {
    malformed: "InvalidVpcEndpointId.Malformed",
    notFound: "InvalidVpcEndpointId.NotFound",
    message: (id) => `The Vpc Endpoint Id '${id}' does not exist`,
  },
} satisfies Record<string, Kind>;

export type Prefix = keyof typeof kinds;

/** The resource with that id; a code that AWS uses when it looks malformed or is not there. */
export function byId<Item>(items: ReadonlyMap<string, Item>, prefix: Prefix, id: string): Item {
  checkId(prefix, id);
  const item = items.get(id);
  if (!item) throw notFound(prefix, id);
  return item;
}

/** The resources asked for, or all: each id is looked at before any is looked up, as AWS does. */
export function byIds<Item>(items: ReadonlyMap<string, Item>, prefix: Prefix, ids: readonly string[] | undefined): Item[] {
  if (!ids?.length) return [...items.values()];
  for (const id of ids) checkId(prefix, id);
  const asked = [...new Set(ids)];
  return asked.map((id) => byId(items, prefix, id));
}

/** 8 hexadecimal digits as before 2018, or 17. */
export function checkId(prefix: Prefix, id: string): void {
  const { malformed }: Kind = kinds[prefix];
  if (malformed && !new RegExp(`^${prefix}-([0-9a-f]{8}|[0-9a-f]{17})$`).test(id))
    throw new AwsError(malformed, `Invalid id: "${id}" (expecting "${prefix}-...")`);
}

export function notFound(prefix: Prefix, id: string): AwsError {
  return new AwsError(...missing(id, prefix));
}

/** Code and message for an id that names nothing. */
export function missing(id: string, prefix = id.split("-", 1)[0] as Prefix): [code: string, message: string] {
  const { notFound: code, message }: Kind = kinds[prefix];
  return [code, message(id)];
}
