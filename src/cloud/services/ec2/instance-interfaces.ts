/** The interface with which an instance begins. Guide: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-eni.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError } from "../../service.ts";
import type { Asked } from "./instance-wishes.ts";
import { createInterface, findInterface, groupsOf, type Interface, type InterfaceWish } from "./interfaces.ts";
import { defaultVpcOf } from "./default-vpc.ts";
import { defaultSecurityGroup } from "./security-groups.ts";
import type { Here } from "./state.ts";
import type { Subnet } from "./subnets.ts";

export type OwnInterface = Pick<InterfaceWish, "address" | "secondary" | "ipv6" | "description"> & {
  subnet: Subnet;
  groups: string[];
  /** One that is there already. */
  existing?: string;
  gone: boolean;
  publicAddress: boolean;
};

const KNOWN = new Set([
  "AssociatePublicIpAddress", "DeleteOnTermination", "Description", "DeviceIndex", "Groups", "Ipv6AddressCount", "Ipv6Addresses",
  "NetworkInterfaceId", "PrivateIpAddress", "PrivateIpAddresses", "SecondaryPrivateIpAddressCount", "SubnetId", "InterfaceType", "NetworkCardIndex",
]); // prettier-ignore

const combination = (message: string) => new AwsError("InvalidParameterCombination", message);
const unlike = (what: string) => new AwsError("NotImplemented", `Causeway does not emulate ${what} of a launch.`, 501);

/** `subnetOf`: by id, or the default one. */
export function interfaceWish(call: Here, asked: Asked, subnetOf: (id: string | undefined) => Subnet): OwnInterface {
  const { NetworkInterfaces: [first, ...more] = [], MaxCount = 1 } = asked;
  if (more.length > 0) throw unlike("more than one of NetworkInterfaces");
  if (!first) return plain(call, asked, subnetOf(asked.SubnetId));
  checkInterface(call, asked, first);
  if (first.NetworkInterfaceId !== undefined) return existing(call, first, MaxCount, subnetOf);
  const subnet = subnetOf(first.SubnetId ?? asked.SubnetId);
  const named = first.PrivateIpAddresses?.filter(({ Primary }) => !Primary).map(({ PrivateIpAddress: address = "" }) => address);
  const address = first.PrivateIpAddress ?? first.PrivateIpAddresses?.find(({ Primary }) => Primary)?.PrivateIpAddress;
  if (address !== undefined && MaxCount > 1) throw combination("A private IP address can be given to one instance only.");
  return {
    subnet,
    groups: groupIds(call, first.Groups, subnet),
    address,
    secondary: { named, count: first.SecondaryPrivateIpAddressCount },
    ipv6: { named: first.Ipv6Addresses?.map(({ Ipv6Address = "" }) => Ipv6Address), count: first.Ipv6AddressCount },
    description: first.Description,
    gone: first.DeleteOnTermination ?? true,
    publicAddress: first.AssociatePublicIpAddress ?? subnet.MapPublicIpOnLaunch,
  };
}

function plain(call: Here, asked: Asked, subnet: Subnet): OwnInterface {
  const { PrivateIpAddress: address, MaxCount = 1, Ipv6Addresses, Ipv6AddressCount, SecurityGroupIds, SecurityGroups } = asked;
  if (address !== undefined && MaxCount > 1) throw combination("A private IP address can be given to one instance only.");
  const ids = SecurityGroupIds?.length ? SecurityGroupIds : SecurityGroups?.map((name) => groupNamed(call, name));
  return {
    subnet,
    groups: groupIds(call, ids, subnet),
    address,
    ipv6: { named: Ipv6Addresses?.map(({ Ipv6Address = "" }) => Ipv6Address), count: Ipv6AddressCount },
    gone: true,
    publicAddress: subnet.MapPublicIpOnLaunch,
  };
}

function checkInterface(call: Here, asked: Asked, first: sdk.InstanceNetworkInterfaceSpecification): void {
  const strange = Object.entries(first).find(([member, value]) => value !== undefined && !KNOWN.has(member))?.[0];
  if (strange) throw unlike(`NetworkInterfaces.${strange}`);
  if (first.InterfaceType !== undefined && first.InterfaceType !== "interface") throw unlike(`the interface type ${first.InterfaceType}`);
  if ((first.DeviceIndex ?? 0) !== 0)
    throw new AwsError("InvalidParameterValue", "The first network interface must have the device index 0.");
  if (asked.SecurityGroupIds?.length || asked.SecurityGroups?.length)
    throw combination("Network interfaces and an instance-level security groups may not be specified on the same request");
  // A group's subnet goes into the template's interface.
  if (asked.SubnetId !== undefined && call.principal.service !== "autoscaling.amazonaws.com")
    throw combination("Network interfaces and an instance-level subnet ID may not be specified on the same request");
  if (asked.PrivateIpAddress !== undefined)
    throw combination("Network interfaces and an instance-level private IP address may not be specified on the same request");
}

function existing(
  call: Here,
  { NetworkInterfaceId: id = "", DeleteOnTermination = false, Groups, SubnetId }: sdk.InstanceNetworkInterfaceSpecification,
  count: number,
  subnetOf: (id: string) => Subnet,
): OwnInterface {
  const found = findInterface(call, id);
  if (found.Status !== "available") throw new AwsError("InvalidNetworkInterface.InUse", `Interface: [${id}] in use.`);
  if (Groups?.length || SubnetId !== undefined)
    throw combination("A network interface may not specify both a network interface ID and a subnet ID or groups");
  if (count > 1) throw combination("A network interface can be given to one instance only.");
  return {
    subnet: subnetOf(found.SubnetId),
    groups: found.Groups.map(({ GroupId }) => GroupId),
    existing: id,
    gone: DeleteOnTermination,
    publicAddress: false,
  };
}

const groupIds = (call: Here, ids: readonly string[] | undefined, subnet: Subnet): string[] =>
  groupsOf(call, ids?.length ? ids : [defaultSecurityGroup(call, subnet.VpcId).GroupId], subnet).map(({ GroupId }) => GroupId);

/** Names are good in the default VPC. */
function groupNamed(call: Here, name: string): string {
  const vpc = defaultVpcOf(call.state)?.VpcId;
  const found = [...call.state.securityGroups.values()].find((each) => each.GroupName === name && each.VpcId === vpc);
  if (!found) throw new AwsError("InvalidGroup.NotFound", `The security group '${name}' does not exist in default VPC '${vpc}'`);
  return found.GroupId;
}

/** The instance's own from now on: made, or taken. */
export function interfaceFor(call: Here, wish: OwnInterface, tags: sdk.Tag[], InstanceId: string): Interface {
  const attachment = {
    AttachmentId: call.id("eni-attach"),
    AttachTime: call.date,
    DeleteOnTermination: wish.gone,
    DeviceIndex: 0,
    InstanceId,
    InstanceOwnerId: call.account,
    NetworkCardIndex: 0,
    Status: "attached" as const,
  };
  if (wish.existing !== undefined) return Object.assign(findInterface(call, wish.existing), { Status: "in-use", Attachment: attachment });
  const { subnet, groups, address, secondary, ipv6, description } = wish;
  const publicIp = wish.publicAddress ? publicAddress(call) : undefined;
  return createInterface(call, { subnetId: subnet.SubnetId, groups, address, secondary, ipv6, description, tags, attachment, publicIp });
}

/** Out of a range that Amazon announces in eu-west-1. */
export const publicAddress = (call: Here): string =>
  `54.${Math.floor(call.random() * 32) + 216}.${Math.floor(call.random() * 256)}.${Math.floor(call.random() * 254) + 1}`;
