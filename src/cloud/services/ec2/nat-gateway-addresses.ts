/** Further addresses of a NAT gateway. Guide: https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-working-with.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { seconds } from "../../../kernel/units.ts";
import { AwsError, type Call, type Operations } from "../../service.ts";
import { findAddress } from "./elastic-ips.ts";
import { findInterface, release, type Interface } from "./interfaces.ts";
import { addressOf, checkLimits, findNatGateway, type NatAddress, type NatGateway } from "./nat-gateways.ts";
import type { State } from "./state.ts";
import { takeAddresses } from "./subnet-addresses.ts";
import { findSubnet } from "./subnets.ts";

export type NatGatewayAddressTimers = {
  natAddressReady: { id: string; privateIp: string };
  natAddressGone: { id: string; privateIp: string };
};
type Here = Call<State, NatGatewayAddressTimers>;

// AWS does not say; some seconds in the console.
const READY = seconds(10);
// docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DisassociateNatGatewayAddress.html: 1 to 4000
const DRAIN = 350;
const DRAIN_MAX = 4000;

export const natGatewayAddressOperations = {
  AssociateNatGatewayAddress(call, { NatGatewayId, AllocationIds, PrivateIpAddresses = [] }) {
    const gateway = available(call, NatGatewayId, "public");
    const elastic = AllocationIds.map((id) => findAddress(call, id));
    const used = elastic.find(({ AssociationId }) => AssociationId !== undefined);
    if (used) throw new AwsError("Resource.AlreadyAssociated", `Elastic IP address ${used.AllocationId} is already associated`);
    checkLimits(gateway.NatGatewayAddresses.length + elastic.length, gateway.NatGatewayAddresses.length + elastic.length);
    if (PrivateIpAddresses.length > elastic.length)
      throw new AwsError("InvalidParameterCombination", "There are more private addresses than allocation IDs.");
    const taken = takeAddresses(call, findSubnet(call, gateway.SubnetId), {
      named: PrivateIpAddresses,
      count: elastic.length - PrivateIpAddresses.length,
    });
    const held = hold(call, gateway, taken);
    return added(
      call,
      gateway,
      taken.map((privateIp, at) => addressOf(call, held, privateIp, elastic[at])),
    );
  },
  AssignPrivateNatGatewayAddress(call, { NatGatewayId, PrivateIpAddresses = [], PrivateIpAddressCount = 0 }) {
    const gateway = available(call, NatGatewayId, "private");
    if (PrivateIpAddresses.length + PrivateIpAddressCount === 0)
      throw new AwsError("MissingParameter", "Either privateIpAddresses or privateIpAddressCount must be specified");
    checkLimits(gateway.NatGatewayAddresses.length + PrivateIpAddresses.length + PrivateIpAddressCount, 0);
    const taken = takeAddresses(call, findSubnet(call, gateway.SubnetId), { named: PrivateIpAddresses, count: PrivateIpAddressCount });
    const held = hold(call, gateway, taken);
    return added(
      call,
      gateway,
      taken.map((privateIp) => addressOf(call, held, privateIp, undefined)),
    );
  },
  DisassociateNatGatewayAddress(call, { NatGatewayId, AssociationIds, MaxDrainDurationSeconds }) {
    const gateway = available(call, NatGatewayId, "public");
    const leaving = AssociationIds.map((id) => secondary(gateway, ({ AssociationId }) => AssociationId === id, id));
    return removed(call, gateway, leaving, "disassociating", MaxDrainDurationSeconds);
  },
  UnassignPrivateNatGatewayAddress(call, { NatGatewayId, PrivateIpAddresses, MaxDrainDurationSeconds }) {
    const gateway = available(call, NatGatewayId, "private");
    const leaving = PrivateIpAddresses.map((ip) => secondary(gateway, ({ PrivateIp }) => PrivateIp === ip, ip));
    return removed(call, gateway, leaving, "unassigning", MaxDrainDurationSeconds);
  },
} satisfies Operations<sdk.EC2, State, NatGatewayAddressTimers>;

export const natGatewayAddressTimers = {
  natAddressReady(call: Here, { id, privateIp }: NatGatewayAddressTimers["natAddressReady"]) {
    const address = call.state.natGateways.get(id)?.NatGatewayAddresses.find(({ PrivateIp }) => PrivateIp === privateIp);
    if (address?.Status === "associating" || address?.Status === "assigning") address.Status = "succeeded";
  },
  natAddressGone(call: Here, { id, privateIp }: NatGatewayAddressTimers["natAddressGone"]) {
    const gateway = call.state.natGateways.get(id);
    const address = gateway?.NatGatewayAddresses.find(({ PrivateIp }) => PrivateIp === privateIp);
    if (!gateway || !address || gateway.State === "deleted") return;
    const elastic = call.state.addresses.get(address.AllocationId ?? "");
    if (elastic) release(elastic);
    const held = call.state.networkInterfaces.get(address.NetworkInterfaceId ?? "");
    if (held) held.PrivateIpAddresses = held.PrivateIpAddresses.filter(({ PrivateIpAddress }) => PrivateIpAddress !== privateIp);
    gateway.NatGatewayAddresses = gateway.NatGatewayAddresses.filter((each) => each !== address);
  },
};

function available(call: Here, id: string, kind: sdk.ConnectivityType): NatGateway {
  const gateway = findNatGateway(call, id);
  if (gateway.State !== "available") throw new AwsError("InvalidState", `NAT gateway ${id} is in state ${gateway.State}`);
  if (gateway.ConnectivityType !== kind) throw new AwsError("InvalidParameter", `NAT gateway ${id} is not ${kind}`);
  return gateway;
}

/** The gateway's interface, with these private addresses on it too. */
function hold(call: Here, gateway: NatGateway, privateIps: readonly string[]): Interface {
  const held = findInterface(call, gateway.NatGatewayAddresses[0]?.NetworkInterfaceId ?? "");
  held.PrivateIpAddresses.push(...privateIps.map((PrivateIpAddress) => ({ PrivateIpAddress, Primary: false })));
  return held;
}

function added(call: Here, gateway: NatGateway, addresses: NatAddress[]) {
  gateway.NatGatewayAddresses.push(...addresses);
  for (const { PrivateIp = "" } of addresses) call.after(READY, "natAddressReady", { id: gateway.NatGatewayId, privateIp: PrivateIp });
  return { NatGatewayId: gateway.NatGatewayId, NatGatewayAddresses: addresses };
}

function removed(call: Here, gateway: NatGateway, addresses: NatAddress[], status: "disassociating" | "unassigning", drain = DRAIN) {
  if (drain < 1 || drain > DRAIN_MAX)
    throw new AwsError(
      "InvalidParameterValue",
      `Value (${drain}) for parameter maxDrainDurationSeconds is invalid. It must be between 1 and ${DRAIN_MAX}.`,
    );
  for (const address of addresses) {
    address.Status = status;
    call.after(seconds(drain), "natAddressGone", { id: gateway.NatGatewayId, privateIp: address.PrivateIp ?? "" });
  }
  return { NatGatewayId: gateway.NatGatewayId, NatGatewayAddresses: addresses };
}

function secondary({ NatGatewayId, NatGatewayAddresses }: NatGateway, isIt: (address: NatAddress) => boolean, named: string): NatAddress {
  const address = NatGatewayAddresses.find(isIt);
  if (!address) throw new AwsError("InvalidParameter", `${named} is not an address of NAT gateway ${NatGatewayId}`);
  if (address.IsPrimary)
    throw new AwsError("InvalidParameter", `${named} is the primary address of NAT gateway ${NatGatewayId}, which cannot be removed`);
  return address;
}
