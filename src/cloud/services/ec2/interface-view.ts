/** An interface as answers show it: with its public addresses and its names. Names: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html */
import type * as sdk from "@aws-sdk/client-ec2";
import type { Interface } from "./interfaces.ts";
import type { Here } from "./state.ts";

export type Shown = ReturnType<typeof shown>;

export function shown(call: Here, { publicIp, Tags, ...found }: Interface) {
  const vpc = call.state.vpcs.get(found.VpcId);
  const hasNames = vpc?.attributes.enableDnsHostnames === true && vpc.attributes.enableDnsSupport;
  const elastic = [...call.state.addresses.values()].filter(({ NetworkInterfaceId }) => NetworkInterfaceId === found.NetworkInterfaceId);
  const associationOf = (privateIp: string, isPrimary: boolean) => {
    const address = elastic.find(({ PrivateIpAddress }) => PrivateIpAddress === privateIp);
    const ip = address?.PublicIp ?? (isPrimary ? publicIp : undefined);
    if (ip === undefined) return undefined;
    return {
      AllocationId: address?.AllocationId,
      AssociationId: address?.AssociationId,
      IpOwnerId: address ? call.account : "amazon",
      PublicDnsName: hasNames ? publicName(call.region, ip) : undefined,
      PublicIp: ip,
    };
  };
  const addresses = found.PrivateIpAddresses.map(({ PrivateIpAddress, Primary }) => ({
    Association: associationOf(PrivateIpAddress, Primary),
    Primary,
    PrivateDnsName: hasNames ? privateName(call.region, PrivateIpAddress) : undefined,
    PrivateIpAddress,
  }));
  const [primary] = addresses;
  return {
    ...found,
    Association: primary?.Association,
    InterfaceType: found.InterfaceType as sdk.NetworkInterfaceType,
    Ipv6Address: found.Ipv6Addresses[0]?.Ipv6Address,
    PrivateDnsName: primary?.PrivateDnsName,
    PrivateIpAddresses: addresses,
    TagSet: Tags,
    Tags, // not of the answer's shape: for the filters
  };
}

export function privateName(region: string, ip: string): string {
  return `ip-${ip.replaceAll(".", "-")}.${region === "us-east-1" ? "ec2" : `${region}.compute`}.internal`;
}

export function publicName(region: string, ip: string): string {
  return `ec2-${ip.replaceAll(".", "-")}.${region === "us-east-1" ? "compute-1" : `${region}.compute`}.amazonaws.com`;
}

const addresses =
  <Value>(value: (address: Shown["PrivateIpAddresses"][number]) => Value) =>
  (each: Shown) =>
    each.PrivateIpAddresses.map(value);

// docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInterfaces.html
export const interfaceFilters = {
  "addresses.association.owner-id": addresses(({ Association }) => Association?.IpOwnerId),
  "addresses.association.public-ip": addresses(({ Association }) => Association?.PublicIp),
  "addresses.primary": addresses(({ Primary }) => Primary),
  "addresses.private-ip-address": addresses(({ PrivateIpAddress }) => PrivateIpAddress),
  "association.allocation-id": addresses(({ Association }) => Association?.AllocationId),
  "association.association-id": addresses(({ Association }) => Association?.AssociationId),
  "association.ip-owner-id": addresses(({ Association }) => Association?.IpOwnerId),
  "association.public-dns-name": addresses(({ Association }) => Association?.PublicDnsName),
  "association.public-ip": addresses(({ Association }) => Association?.PublicIp),
  "attachment.attach-time": ({ Attachment }: Shown) => Attachment?.AttachTime,
  "attachment.attachment-id": ({ Attachment }: Shown) => Attachment?.AttachmentId,
  "attachment.delete-on-termination": ({ Attachment }: Shown) => Attachment?.DeleteOnTermination,
  "attachment.device-index": ({ Attachment }: Shown) => Attachment?.DeviceIndex,
  "attachment.instance-id": ({ Attachment }: Shown) => Attachment?.InstanceId,
  "attachment.instance-owner-id": ({ Attachment }: Shown) => Attachment?.InstanceOwnerId,
  "attachment.status": ({ Attachment }: Shown) => Attachment?.Status,
  "availability-zone": ({ AvailabilityZone }: Shown) => AvailabilityZone,
  "availability-zone-id": ({ AvailabilityZoneId }: Shown) => AvailabilityZoneId,
  description: ({ Description }: Shown) => Description,
  "group-id": ({ Groups }: Shown) => Groups.map(({ GroupId }) => GroupId),
  "group-name": ({ Groups }: Shown) => Groups.map(({ GroupName }) => GroupName),
  "interface-type": ({ InterfaceType }: Shown) => InterfaceType,
  "ipv6-addresses.ipv6-address": ({ Ipv6Addresses }: Shown) => Ipv6Addresses.map(({ Ipv6Address }) => Ipv6Address),
  "mac-address": ({ MacAddress }: Shown) => MacAddress,
  "network-interface-id": ({ NetworkInterfaceId }: Shown) => NetworkInterfaceId,
  "owner-id": ({ OwnerId }: Shown) => OwnerId,
  "private-dns-name": ({ PrivateDnsName }: Shown) => PrivateDnsName,
  "private-ip-address": ({ PrivateIpAddress }: Shown) => PrivateIpAddress,
  "requester-id": ({ RequesterId }: Shown) => RequesterId,
  "requester-managed": ({ RequesterManaged }: Shown) => RequesterManaged,
  "source-dest-check": ({ SourceDestCheck }: Shown) => SourceDestCheck,
  status: ({ Status }: Shown) => Status,
  "subnet-id": ({ SubnetId }: Shown) => SubnetId,
  "vpc-id": ({ VpcId }: Shown) => VpcId,
};
