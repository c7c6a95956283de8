/** NAT gateways, zonal ones. Guide: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { hours, seconds } from "../../../kernel/units.ts";
import { AwsError, type Call, type Known, type Operations } from "../../service.ts";
import { madeBefore, remember } from "./client-tokens.ts";
import { findAddress, place, type Address } from "./elastic-ips.ts";
import { filtered } from "./filters.ts";
import { byId, byIds } from "./ids.ts";
import { createInterface, deleteInterface, type Interface } from "./interfaces.ts";
import { internetGatewayOf } from "./internet-gateways.ts";
import { page } from "./pages.ts";
import type { State } from "./state.ts";
import { findSubnet, type Subnet } from "./subnets.ts";
import { freeAddresses } from "./subnet-addresses.ts";
import { tagsOf } from "./tags.ts";

export type NatAddress = Known<sdk.NatGatewayAddress, "IsPrimary" | "Status">;
export type NatGateway = Known<
  Omit<sdk.NatGateway, "NatGatewayAddresses">,
  "NatGatewayId" | "State" | "SubnetId" | "VpcId" | "CreateTime" | "ConnectivityType" | "Tags"
> & { NatGatewayAddresses: NatAddress[] };
export type NatGatewayTimers = { natGatewayReady: { id: string }; natGatewayGone: { id: string }; natGatewayForgotten: { id: string } };
type Here = Call<State, NatGatewayTimers>;

// docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html: in a zone; private addresses and Elastic IP addresses of a gateway
const GATEWAYS_MAX = 5;
const ADDRESSES_MAX = 8;
const ELASTIC_MAX = 2;
// AWS does not say how long. A minute and a half up and three quarters of a minute down are what people's Terraform logs show; a refusal comes in seconds.
const READY = seconds(90);
const FAILED = seconds(10);
const GONE = seconds(45);
// "for a short while (usually about an hour)", failed and deleted ones alike: docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html
const SHOWN = hours(1);

export const natGatewayOperations = {
  CreateNatGateway(call, input) {
    const { ClientToken, ...request } = input;
    const made = madeBefore(call, "CreateNatGateway", ClientToken, request);
    if (made !== undefined) return { NatGateway: findNatGateway(call, made), ClientToken };
    const gateway = create(call, input);
    remember(call, "CreateNatGateway", ClientToken, request, gateway.NatGatewayId);
    return { NatGateway: gateway, ClientToken };
  },
  DeleteNatGateway(call, { NatGatewayId }) {
    const gateway = findNatGateway(call, NatGatewayId);
    if (gateway.State === "deleting" || gateway.State === "deleted") return { NatGatewayId };
    gateway.State = "deleting";
    call.after(GONE, "natGatewayGone", { id: NatGatewayId });
    return { NatGatewayId };
  },
  DescribeNatGateways(call, { NatGatewayIds, Filter, MaxResults, NextToken }) {
    const kept = filtered(byIds(call.state.natGateways, "nat", NatGatewayIds), Filter, {
      "connectivity-type": ({ ConnectivityType }) => ConnectivityType,
      "nat-gateway-id": ({ NatGatewayId }) => NatGatewayId,
      state: ({ State }) => State,
      "subnet-id": ({ SubnetId }) => SubnetId,
      "vpc-id": ({ VpcId }) => VpcId,
    });
    const { items, NextToken: next } = page(kept, { MaxResults, NextToken });
    return { NatGateways: items, NextToken: next };
  },
} satisfies Operations<sdk.EC2, State, NatGatewayTimers>;

export const natGatewayTimers = {
  natGatewayReady(call: Here, { id }: NatGatewayTimers["natGatewayReady"]) {
    const gateway = call.state.natGateways.get(id);
    if (gateway?.State !== "pending") return;
    gateway.State = gateway.FailureCode === undefined ? "available" : "failed";
    for (const address of gateway.NatGatewayAddresses) address.Status = gateway.State === "available" ? "succeeded" : "failed";
    if (gateway.State === "failed") forgetLater(call, gateway);
  },
  natGatewayGone(call: Here, { id }: NatGatewayTimers["natGatewayGone"]) {
    const gateway = call.state.natGateways.get(id);
    if (!gateway) return;
    for (const { NetworkInterfaceId } of gateway.NatGatewayAddresses)
      if (NetworkInterfaceId !== undefined) deleteInterface(call, NetworkInterfaceId);
    gateway.State = "deleted";
    gateway.DeleteTime = call.date;
    forgetLater(call, gateway);
  },
  natGatewayForgotten(call: Here, { id }: NatGatewayTimers["natGatewayForgotten"]) {
    call.state.natGateways.delete(id);
  },
};

export function findNatGateway(call: Call<State>, id: string): NatGateway {
  return byId(call.state.natGateways, "nat", id);
}

/** Nobody waits for the record of it to vanish. */
function forgetLater(call: Here, { NatGatewayId }: NatGateway): void {
  call.background(SHOWN, "natGatewayForgotten", { id: NatGatewayId });
}

function create(call: Here, input: sdk.CreateNatGatewayRequest): NatGateway {
  const { SubnetId = "", ConnectivityType = "public", TagSpecifications } = input;
  refuseRegional(input);
  const subnet = findSubnet(call, SubnetId);
  const tags = tagsOf(call, TagSpecifications, "natgateway");
  const addresses = elasticOf(call, input, ConnectivityType);
  checkCounts(input);
  const inZone = [...call.state.natGateways.values()].filter(
    (gateway) => isCounted(gateway) && call.state.subnets.get(gateway.SubnetId)?.AvailabilityZone === subnet.AvailabilityZone,
  );
  if (inZone.length >= GATEWAYS_MAX) throw new AwsError("NatGatewayLimitExceeded", `The maximum number of NAT gateways has been reached.`);
  const failure = failureOf(call, subnet, addresses, ConnectivityType, 1 + secondaryCount(input));
  const id = call.id("nat");
  const held = failure ? undefined : hold(call, id, input);
  const gateway: NatGateway = {
    NatGatewayId: id,
    SubnetId,
    VpcId: subnet.VpcId,
    State: "pending",
    CreateTime: call.date,
    ConnectivityType,
    AvailabilityMode: "zonal",
    Tags: tags,
    NatGatewayAddresses: held
      ? held.PrivateIpAddresses.map(({ PrivateIpAddress }, at) => addressOf(call, held, PrivateIpAddress, addresses[at]))
      : addresses.map(unplaced),
    FailureCode: failure?.[0],
    FailureMessage: failure?.[1],
  };
  call.state.natGateways.set(id, gateway);
  call.after(failure ? FAILED : READY, "natGatewayReady", { id });
  return gateway;
}

const isCounted = ({ State }: NatGateway) => State === "pending" || State === "available" || State === "deleting";

/** Its interface, with all private addresses on it. */
function hold(
  call: Here,
  id: string,
  {
    SubnetId = "",
    PrivateIpAddress,
    SecondaryPrivateIpAddresses,
    SecondaryPrivateIpAddressCount,
    SecondaryAllocationIds = [],
  }: sdk.CreateNatGatewayRequest,
): Interface {
  const named = SecondaryPrivateIpAddresses ?? [];
  const count = SecondaryPrivateIpAddressCount ?? Math.max(0, SecondaryAllocationIds.length - named.length);
  return createInterface(call, {
    subnetId: SubnetId,
    groups: [],
    description: `Interface for NAT Gateway ${id}`,
    type: "nat_gateway",
    requesterManaged: true,
    address: PrivateIpAddress,
    secondary: { named, count },
  });
}

/** One of the gateway's addresses, the Elastic IP address put onto the private one. */
export function addressOf(call: Call<State>, held: Interface, privateIp: string, elastic: Address | undefined): NatAddress {
  const AssociationId = elastic && place(call, elastic, held, privateIp);
  return {
    AllocationId: elastic?.AllocationId,
    AssociationId,
    NetworkInterfaceId: held.NetworkInterfaceId,
    PrivateIp: privateIp,
    PublicIp: elastic?.PublicIp,
    IsPrimary: privateIp === held.PrivateIpAddress,
    Status: elastic ? "associating" : "assigning",
  };
}

function unplaced({ AllocationId }: Address, at: number): NatAddress {
  return { AllocationId, IsPrimary: at === 0, Status: "associating" };
}

function elasticOf(
  call: Here,
  { AllocationId, SecondaryAllocationIds = [] }: sdk.CreateNatGatewayRequest,
  connectivity: string,
): Address[] {
  if (connectivity !== "public" && connectivity !== "private")
    throw new AwsError("InvalidParameterValue", `Value (${connectivity}) for parameter connectivityType is invalid.`);
  if (connectivity === "private" && (AllocationId !== undefined || SecondaryAllocationIds.length > 0)) {
    throw new AwsError("InvalidParameterCombination", "An allocation ID cannot be specified for a private NAT gateway.");
  }
  if (connectivity === "private") return [];
  if (AllocationId === undefined)
    throw new AwsError(
      "MissingParameter",
      "The request must include the AllocationId parameter. Add the required parameter and retry the request.",
    );
  return [AllocationId, ...SecondaryAllocationIds].map((id) => findAddress(call, id));
}

function secondaryCount({
  SecondaryPrivateIpAddresses = [],
  SecondaryPrivateIpAddressCount = 0,
  SecondaryAllocationIds = [],
}: sdk.CreateNatGatewayRequest): number {
  return Math.max(SecondaryPrivateIpAddresses.length + SecondaryPrivateIpAddressCount, SecondaryAllocationIds.length);
}

function checkCounts(input: sdk.CreateNatGatewayRequest): void {
  checkLimits(1 + secondaryCount(input), 1 + (input.SecondaryAllocationIds?.length ?? 0));
}

export function checkLimits(addresses: number, elastic: number): void {
  if (addresses > ADDRESSES_MAX)
    throw new AwsError("NatGatewayAddressLimitExceeded", `A NAT gateway can have at most ${ADDRESSES_MAX} private addresses.`);
  if (elastic > ELASTIC_MAX)
    throw new AwsError("NatGatewayElasticIpLimitExceeded", `A NAT gateway can have at most ${ELASTIC_MAX} Elastic IP addresses.`);
}

/** What AWS accepts and then fails over, in its words: docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NatGateway.html */
function failureOf(
  call: Here,
  subnet: Subnet,
  addresses: readonly Address[],
  connectivity: sdk.ConnectivityType,
  count: number,
): [code: string, message: string] | undefined {
  if (connectivity === "public" && !internetGatewayOf(call.state, subnet.VpcId))
    return ["Gateway.NotAttached", `Network ${subnet.VpcId} has no Internet gateway attached`];
  const used = addresses.find(({ AssociationId }) => AssociationId !== undefined);
  if (used) return ["Resource.AlreadyAssociated", `Elastic IP address ${used.AllocationId} is already associated`];
  if (freeAddresses(call.state, subnet) < count)
    return ["InsufficientFreeAddressesInSubnet", "Subnet has insufficient free addresses to create this NAT gateway"];
  return undefined;
}

function refuseRegional({ AvailabilityMode, AvailabilityZoneAddresses, VpcId, SubnetId }: sdk.CreateNatGatewayRequest): void {
  if (AvailabilityMode === "regional" || AvailabilityZoneAddresses !== undefined || (VpcId !== undefined && SubnetId === undefined)) {
    throw new AwsError("NotImplemented", "Causeway does not emulate regional NAT gateways.", 501);
  }
  if (SubnetId === undefined) throw new AwsError("MissingParameter", "The request must contain the parameter subnetId");
}
