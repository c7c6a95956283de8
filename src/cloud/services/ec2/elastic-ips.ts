/** Elastic IP addresses. Guide: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/elastic-ip-addresses-eip.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, type Known, type Operations } from "../../service.ts";
import { block, showAddress, size } from "./cidr.ts";
import { filtered } from "./filters.ts";
import { byId, byIds, notFound } from "./ids.ts";
import { findInterface, release, type Interface } from "./interfaces.ts";
import { internetGatewayOf } from "./internet-gateways.ts";
import { page } from "./pages.ts";
import type { Here, State } from "./state.ts";
import { tagsOf } from "./tags.ts";

export type Address = Known<sdk.Address, "AllocationId" | "PublicIp" | "Domain" | "PublicIpv4Pool" | "NetworkBorderGroup" | "Tags"> & {
  /** The name that ModifyAddressAttribute gave it. */
  ptr?: string;
};

const ADDRESSES_MAX = 5; // a region: docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
// Benchmarking addresses (RFC 2544), which nobody is reached at: the emulated internet must not name real machines.
const POOL = block("198.18.0.0/15");

export const addressOperations = {
  AllocateAddress(
    call,
    { Domain = "vpc", Address: wanted, PublicIpv4Pool, NetworkBorderGroup, CustomerOwnedIpv4Pool, IpamPoolId, TagSpecifications },
  ) {
    const refused = CustomerOwnedIpv4Pool ?? IpamPoolId ?? (PublicIpv4Pool === "amazon" ? undefined : PublicIpv4Pool);
    if (refused !== undefined) throw new AwsError("NotImplemented", `Causeway does not emulate address pools: ${refused}.`, 501);
    if (Domain !== "vpc")
      throw new AwsError("InvalidParameterValue", `Value (${Domain}) for parameter domain is invalid. Valid value: vpc`);
    if (NetworkBorderGroup !== undefined && NetworkBorderGroup !== call.region)
      throw new AwsError("InvalidParameterValue", `The network border group ${NetworkBorderGroup} is not valid.`);
    const tags = tagsOf(call, TagSpecifications, "elastic-ip");
    if (call.state.addresses.size >= ADDRESSES_MAX)
      throw new AwsError("AddressLimitExceeded", "The maximum number of addresses has been reached.");
    if (wanted !== undefined)
      throw new AwsError("InvalidAddress.NotFound", `The address '${wanted}' does not belong to you or cannot be recovered.`);
    const address: Address = {
      AllocationId: call.id("eipalloc"),
      PublicIp: drawPublicIp(call),
      Domain: "vpc",
      PublicIpv4Pool: "amazon",
      NetworkBorderGroup: call.region,
      Tags: tags,
    };
    call.state.addresses.set(address.AllocationId, address);
    return {
      AllocationId: address.AllocationId,
      PublicIp: address.PublicIp,
      Domain: "vpc",
      PublicIpv4Pool: "amazon",
      NetworkBorderGroup: call.region,
    };
  },
  ReleaseAddress(call, { AllocationId, PublicIp }) {
    const address = findAddress(call, AllocationId, PublicIp);
    if (address.AssociationId !== undefined) throw new AwsError("InvalidIPAddress.InUse", `Address ${address.PublicIp} is in use.`);
    call.state.addresses.delete(address.AllocationId);
  },
  AssociateAddress(call, { AllocationId, PublicIp, InstanceId, NetworkInterfaceId, PrivateIpAddress, AllowReassociation = true }) {
    const address = findAddress(call, AllocationId, PublicIp);
    const target = targetOf(call, InstanceId, NetworkInterfaceId);
    const privateIp = PrivateIpAddress ?? target.PrivateIpAddress;
    if (!target.PrivateIpAddresses.some((each) => each.PrivateIpAddress === privateIp)) {
      throw new AwsError(
        "InvalidParameterValue",
        `The private IP address ${privateIp} is not assigned to interface ${target.NetworkInterfaceId}.`,
      );
    }
    checkInternet(call.state, target);
    const isSame = address.NetworkInterfaceId === target.NetworkInterfaceId && address.PrivateIpAddress === privateIp;
    if (isSame) return { AssociationId: address.AssociationId };
    if (address.AssociationId !== undefined && !AllowReassociation) {
      throw new AwsError(
        "Resource.AlreadyAssociated",
        `resource ${address.AllocationId} is already associated with associate-id ${address.AssociationId}`,
      );
    }
    return { AssociationId: place(call, address, target, privateIp) };
  },
  DisassociateAddress(call, { AssociationId, PublicIp }) {
    const found = [...call.state.addresses.values()].find((each) =>
      AssociationId === undefined ? each.PublicIp === PublicIp : each.AssociationId === AssociationId,
    );
    if (!found) throw AssociationId === undefined ? unknown(PublicIp) : notFound("eipassoc", AssociationId);
    const holder = call.state.networkInterfaces.get(found.NetworkInterfaceId ?? "");
    if (holder?.InterfaceType === "nat_gateway")
      throw new AwsError("OperationNotPermitted", "You do not have permission to access the specified resource.");
    release(found);
  },
  DescribeAddresses(call, { AllocationIds, PublicIps, Filters }) {
    const asked = PublicIps?.map((ip) => findAddress(call, undefined, ip)) ?? byIds(call.state.addresses, "eipalloc", AllocationIds);
    return { Addresses: filtered(asked, Filters, addressFilters).map(shown) };
  },
  DescribeAddressesAttribute(call, { AllocationIds, MaxResults, NextToken }) {
    const named = byIds(call.state.addresses, "eipalloc", AllocationIds).filter(({ ptr }) => ptr !== undefined);
    const { items, NextToken: next } = page(named, { MaxResults, NextToken, least: 1 });
    return { Addresses: items.map(attributesOf), NextToken: next };
  },
  ModifyAddressAttribute(call, { AllocationId, DomainName }) {
    const address = byId(call.state.addresses, "eipalloc", AllocationId);
    if (DomainName === undefined) throw new AwsError("MissingParameter", "The request must contain the parameter domainName");
    address.ptr = DomainName.endsWith(".") ? DomainName : `${DomainName}.`;
    return { Address: attributesOf(address) };
  },
  ResetAddressAttribute(call, { AllocationId }) {
    const address = byId(call.state.addresses, "eipalloc", AllocationId);
    delete address.ptr;
    return { Address: attributesOf(address) };
  },
} satisfies Operations<sdk.EC2, State>;

/** By allocation id, or by the address itself. */
export function findAddress(call: Here, allocationId: string | undefined, publicIp?: string): Address {
  if (allocationId !== undefined) return byId(call.state.addresses, "eipalloc", allocationId);
  if (publicIp === undefined) throw new AwsError("MissingParameter", "Either public IP or allocation ID must be specified");
  return [...call.state.addresses.values()].find(({ PublicIp }) => PublicIp === publicIp) ?? refuse(unknown(publicIp));
}

/** Puts an address onto an interface; one that was there before becomes free. */
export function place(call: Here, address: Address, { NetworkInterfaceId, OwnerId, Attachment }: Interface, privateIp: string): string {
  for (const other of call.state.addresses.values())
    if (other.NetworkInterfaceId === NetworkInterfaceId && other.PrivateIpAddress === privateIp) release(other);
  const associationId = call.id("eipassoc");
  Object.assign(address, {
    AssociationId: associationId,
    NetworkInterfaceId,
    NetworkInterfaceOwnerId: OwnerId,
    PrivateIpAddress: privateIp,
  });
  if (Attachment?.InstanceId !== undefined) address.InstanceId = Attachment.InstanceId;
  return associationId;
}

/** An address out of Amazon's pool that nothing in this region has; also for `publicIp` of interfaces. */
export function drawPublicIp(call: Here): string {
  const elastic = [...call.state.addresses.values()].map(({ PublicIp }) => PublicIp);
  const taken = new Set([...elastic, ...[...call.state.networkInterfaces.values()].flatMap(({ publicIp }) => publicIp ?? [])]);
  let ip: string;
  do ip = showAddress(4, POOL.first + 1n + BigInt(Math.floor(call.random() * Number(size(4, POOL.length) - 2n))));
  while (taken.has(ip));
  return ip;
}

const addressFilters = {
  "allocation-id": ({ AllocationId }: Address) => AllocationId,
  "association-id": ({ AssociationId }: Address) => AssociationId,
  domain: ({ Domain }: Address) => Domain,
  "instance-id": ({ InstanceId }: Address) => InstanceId,
  "network-border-group": ({ NetworkBorderGroup }: Address) => NetworkBorderGroup,
  "network-interface-id": ({ NetworkInterfaceId }: Address) => NetworkInterfaceId,
  "network-interface-owner-id": ({ NetworkInterfaceOwnerId }: Address) => NetworkInterfaceOwnerId,
  "private-ip-address": ({ PrivateIpAddress }: Address) => PrivateIpAddress,
  "public-ip": ({ PublicIp }: Address) => PublicIp,
};

function shown({ ptr: _own, ...address }: Address) {
  return address;
}

function attributesOf({ PublicIp, AllocationId, ptr }: Address): sdk.AddressAttribute {
  return { PublicIp, AllocationId, PtrRecord: ptr };
}

function targetOf(call: Here, instanceId: string | undefined, interfaceId: string | undefined): Interface {
  if ((instanceId === undefined) === (interfaceId === undefined))
    throw new AwsError("MissingParameter", "Exactly one of instanceId and networkInterfaceId must be specified");
  if (interfaceId !== undefined) return findInterface(call, interfaceId);
  const own = [...call.state.networkInterfaces.values()].filter(({ Attachment }) => Attachment?.InstanceId === instanceId);
  return own.find(({ Attachment }) => Attachment?.DeviceIndex === 0) ?? refuse(notFound("i", instanceId ?? ""));
}

function checkInternet(state: State, { VpcId }: Interface): void {
  if (!internetGatewayOf(state, VpcId))
    throw new AwsError("Gateway.NotAttached", `Network ${VpcId} is not attached to any internet gateway`);
}

function unknown(publicIp: string | undefined): AwsError {
  return new AwsError("InvalidAddress.NotFound", `Address '${publicIp}' not found.`);
}

function refuse(error: AwsError): never {
  throw error;
}
