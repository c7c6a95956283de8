/**
 * A load balancer's nodes: one in each of its zones, with an interface that belongs to Elastic Load Balancing.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-subnets.html
 */
import type * as sdk from "@aws-sdk/client-elastic-load-balancing-v2";
import { AwsError } from "../../service.ts";
import { findGroup } from "../ec2/security-groups.ts";
import { createInterface, deleteInterface } from "../ec2/interfaces.ts";
import { drawPublicIp, place, type Address } from "../ec2/elastic-ips.ts";
import type { Here as Networking } from "../ec2/state.ts";
import { freeAddresses } from "../ec2/subnet-addresses.ts";
import type { Subnet } from "../ec2/subnets.ts";
import { invalid, refuse, type Here, type LoadBalancer, type Node } from "./state.ts";

/** "at least eight free IP addresses": application/load-balancer-subnets.html */
const FREE_ADDRESSES_MIN = 8;

export type Site = { subnet: Subnet; mapping: sdk.SubnetMapping; address?: Address };
type Wanted = Pick<LoadBalancer, "Type" | "Scheme" | "IpAddressType">;

const networking = (call: Here): Networking => call.within("ec2") as Networking;

/** Where it is to stand; refuses what AWS refuses. Subnets that it has already need no room any more. */
export function sitesOf(call: Here, wanted: Wanted, mappings: readonly sdk.SubnetMapping[], standing: readonly string[] = []): Site[] {
  const sites = mappings.map((mapping) => siteOf(call, wanted, mapping));
  if (sites.length === 0) throw invalid("At least one subnet must be specified");
  const zones = new Set(sites.map(({ subnet }) => subnet.AvailabilityZone));
  if (zones.size < sites.length)
    throw new AwsError(
      "InvalidConfigurationRequest",
      "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
    );
  if (wanted.Type === "application" && zones.size < 2)
    throw invalid("At least two subnets in two different Availability Zones must be specified"); // ALB-016
  if (new Set(sites.map(({ subnet }) => subnet.VpcId)).size > 1)
    throw new AwsError("InvalidConfigurationRequest", "All subnets must belong to the same VPC");
  for (const { subnet } of sites) {
    if (
      wanted.Type === "application" &&
      !standing.includes(subnet.SubnetId) &&
      freeAddresses(networking(call).state, subnet) < FREE_ADDRESSES_MIN
    )
      throw new AwsError(
        "InvalidSubnet",
        `Not enough IP space available in ${subnet.SubnetId}. ELB requires at least ${FREE_ADDRESSES_MIN} free IP addresses in each subnet.`,
      );
    if (wanted.IpAddressType !== "ipv4" && !subnet.Ipv6CidrBlockAssociationSet?.length)
      throw new AwsError("InvalidSubnet", `You must specify subnets with an associated IPv6 CIDR block: ${subnet.SubnetId}`);
  }
  return sites;
}

function siteOf(call: Here, { Type, Scheme }: Wanted, mapping: sdk.SubnetMapping): Site {
  const { SubnetId = "", AllocationId, PrivateIPv4Address, IPv6Address, SourceNatIpv6Prefix } = mapping;
  refuse("subnet mappings", { IPv6Address, SourceNatIpv6Prefix });
  const subnet = call.peek("ec2").subnets.get(SubnetId);
  if (!subnet) throw new AwsError("SubnetNotFound", `The subnet ID '${SubnetId}' does not exist`);
  if (Type !== "network" && (AllocationId ?? PrivateIPv4Address) !== undefined)
    throw new AwsError("InvalidConfigurationRequest", "Addresses can be specified for Network Load Balancers only");
  if (AllocationId !== undefined && Scheme === "internal")
    throw invalid("Elastic IP addresses can be specified for internet-facing load balancers only");
  if (PrivateIPv4Address !== undefined && Scheme !== "internal")
    throw invalid("Private IPv4 addresses can be specified for internal load balancers only");
  const address = AllocationId === undefined ? undefined : networking(call).state.addresses.get(AllocationId);
  if (AllocationId !== undefined && !address)
    throw new AwsError("AllocationIdNotFound", `The allocation ID '${AllocationId}' does not exist`);
  if (address?.AssociationId !== undefined) throw new AwsError("ResourceInUse", `The allocation ID '${AllocationId}' is already in use`);
  return { subnet, mapping, address };
}

/** A VPC's default group unless others are named; a Network Load Balancer may have none. */
export function securityGroupsOf(call: Here, type: string, vpcId: string, ids: readonly string[] = []): string[] {
  const { securityGroups } = call.peek("ec2");
  for (const id of ids) {
    const group = securityGroups.get(id);
    if (!group) throw new AwsError("InvalidSecurityGroup", `The security group '${id}' does not exist`);
    if (group.VpcId !== vpcId)
      throw new AwsError("InvalidConfigurationRequest", `The security group '${id}' does not belong to VPC '${vpcId}'`);
  }
  if (ids.length > 0 || type === "network") return [...ids];
  const standard = [...securityGroups.values()].find(({ VpcId, GroupName }) => VpcId === vpcId && GroupName === "default");
  return standard ? [standard.GroupId] : [];
}

export function stand(
  call: Here,
  { Type, Scheme, fullName, SecurityGroups }: Pick<LoadBalancer, "Type" | "Scheme" | "fullName" | "SecurityGroups">,
  site: Site,
): Node {
  const { subnet, mapping, address } = site;
  const ec2 = networking(call);
  const made = createInterface(ec2, {
    subnetId: subnet.SubnetId,
    groups: SecurityGroups,
    description: `ELB ${fullName}`,
    type: Type === "network" ? "network_load_balancer" : "interface",
    requesterManaged: true,
    address: mapping.PrivateIPv4Address,
    publicIp: Scheme === "internal" || address ? undefined : drawPublicIp(ec2),
  });
  if (address) place(ec2, address, made, made.PrivateIpAddress);
  return { subnet: subnet.SubnetId, zone: subnet.AvailabilityZone, zoneId: subnet.AvailabilityZoneId, interface: made.NetworkInterfaceId };
}

export const fall = (call: Here, node: Node): void => deleteInterface(networking(call), node.interface);

/** In AWS's form. */
export const zoneOf = ({ subnet, mapping, address }: Site): sdk.AvailabilityZone => ({
  ZoneName: subnet.AvailabilityZone,
  SubnetId: subnet.SubnetId,
  LoadBalancerAddresses: address
    ? [{ IpAddress: address.PublicIp, AllocationId: address.AllocationId }]
    : mapping.PrivateIPv4Address
      ? [{ PrivateIPv4Address: mapping.PrivateIPv4Address }]
      : [],
});

export function regroup(call: Here, nodes: readonly Node[], ids: readonly string[]): void {
  const ec2 = networking(call);
  const groups = ids.map((id) => findGroup(ec2, id)).map(({ GroupId, GroupName }) => ({ GroupId, GroupName }));
  for (const { interface: id } of nodes) {
    const found = ec2.state.networkInterfaces.get(id);
    if (found) found.Groups = groups;
  }
}
