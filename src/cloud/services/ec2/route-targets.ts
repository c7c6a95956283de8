/** What a route may lead to. A new kind of target is one entry. Guide: https://docs.aws.amazon.com/vpc/latest/userguide/route-table-options.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError } from "../../service.ts";
import type { RouteTable } from "./route-tables.ts";
import { byId } from "./ids.ts";
import type { Here } from "./state.ts";

export type Target = Partial<
  Pick<
    sdk.Route,
    | "EgressOnlyInternetGatewayId"
    | "GatewayId"
    | "InstanceId"
    | "InstanceOwnerId"
    | "NatGatewayId"
    | "NetworkInterfaceId"
    | "VpcPeeringConnectionId"
  >
>;

type Kind = {
  /** The target as the route will show it; refuses one that is not there or not this VPC's. */
  find: (call: Here, table: RouteTable, id: string) => Target;
  /** Whether what is sent there arrives; else the route is a blackhole. */
  isReachable: (call: Here, table: RouteTable, id: string) => boolean;
};

const kinds: Record<string, Kind> = {
  EgressOnlyInternetGatewayId: {
    find(call, table, id) {
      const gateway = byId(call.state.egressOnlyInternetGateways, "eigw", id);
      if (!gateway.Attachments.some(({ VpcId }) => VpcId === table.VpcId)) throw elsewhere(table, "egress only internet gateway", id);
      return { EgressOnlyInternetGatewayId: id };
    },
    isReachable: (call, _table, id) => call.state.egressOnlyInternetGateways.has(id),
  },
  GatewayId: {
    find(call, table, id) {
      if (!call.state.internetGateways.has(id) && !call.state.vpnGateways.has(id))
        throw new AwsError("InvalidGatewayID.NotFound", `The gateway ID '${id}' does not exist`);
      if (!isAttached(call, table, id)) throw elsewhere(table, "network gateway", id);
      return { GatewayId: id };
    },
    isReachable: (call, table, id) => isAttached(call, table, id) || call.state.vpcEndpoints.has(id),
  },
  InstanceId: {
    find(call, table, id) {
      const interfaces = [...call.state.networkInterfaces.values()].filter(({ Attachment }) => Attachment?.InstanceId === id);
      const [only] = interfaces;
      if (!only) throw new AwsError("InvalidInstanceID.NotFound", `The instance ID '${id}' does not exist`);
      if (interfaces.length > 1)
        throw new AwsError(
          "InvalidInstanceID",
          `There are multiple interfaces attached to instance '${id}'. Please specify an interface ID for the operation instead.`,
        );
      if (only.VpcId !== table.VpcId) throw elsewhere(table, "instance", id);
      return { InstanceId: id, InstanceOwnerId: only.OwnerId, NetworkInterfaceId: only.NetworkInterfaceId };
    },
    // The interface beside it in the route answers for it.
    isReachable: (call, _table, id) => [...call.state.networkInterfaces.values()].some(({ Attachment }) => Attachment?.InstanceId === id),
  },
  NatGatewayId: {
    find(call, table, id) {
      const gateway = call.state.natGateways.get(id);
      if (!gateway || !["pending", "available"].includes(gateway.State))
        throw new AwsError("InvalidNatGatewayID.NotFound", `The natGateway ID '${id}' does not exist`);
      if (gateway.VpcId !== table.VpcId) throw elsewhere(table, "NAT gateway", id);
      return { NatGatewayId: id };
    },
    isReachable: (call, _table, id) => ["pending", "available"].includes(call.state.natGateways.get(id)?.State ?? ""),
  },
  NetworkInterfaceId: {
    find(call, table, id) {
      const found = byId(call.state.networkInterfaces, "eni", id);
      if (found.VpcId !== table.VpcId) throw elsewhere(table, "interface", id);
      const { InstanceId, InstanceOwnerId } = found.Attachment ?? {};
      return { NetworkInterfaceId: id, ...(InstanceId === undefined ? {} : { InstanceId, InstanceOwnerId }) };
    },
    isReachable: (call, _table, id) => call.state.networkInterfaces.get(id)?.Status === "in-use",
  },
  VpcPeeringConnectionId: {
    find(call, table, id) {
      const { RequesterVpcInfo, AccepterVpcInfo, Status } = byId(call.state.vpcPeeringConnections, "pcx", id);
      if (![RequesterVpcInfo.VpcId, AccepterVpcInfo.VpcId].includes(table.VpcId)) throw elsewhere(table, "vpc peering connection", id);
      // Before it is accepted such a route is a blackhole: docs.aws.amazon.com/vpc/latest/peering/vpc-peering-routing.html
      if (!["pending-acceptance", "provisioning", "active"].includes(Status.Code)) {
        throw new AwsError("InvalidVpcPeeringConnectionID.NotFound", `The vpcPeeringConnection ID '${id}' does not exist`);
      }
      return { VpcPeeringConnectionId: id };
    },
    isReachable: (call, _table, id) => call.state.vpcPeeringConnections.get(id)?.Status.Code === "active",
  },
};

/** Targets of which there are none here yet: asked for, they are not found. */
const absent: Record<string, [code: string, noun: string]> = {
  CarrierGatewayId: ["InvalidCarrierGatewayID.NotFound", "carrierGateway"],
  CoreNetworkArn: ["InvalidCoreNetworkArn.NotFound", "core network"],
  LocalGatewayId: ["InvalidLocalGatewayID.NotFound", "localGateway"],
  OdbNetworkArn: ["InvalidOdbNetworkArn.NotFound", "ODB network"],
  TransitGatewayId: ["InvalidTransitGatewayID.NotFound", "transitGateway"],
  VpcEndpointId: ["InvalidVpcEndpointId.NotFound", "Gateway Load Balancer endpoint"],
};

/** The one target of a request, checked. */
export function findTarget(call: Here, table: RouteTable, input: object): Target {
  const given = Object.entries(input).filter(
    ([member, value]) => value !== undefined && (Object.hasOwn(kinds, member) || Object.hasOwn(absent, member)),
  );
  const [only] = given;
  if (!only || given.length > 1)
    throw new AwsError(
      "InvalidParameterCombination",
      `The request must contain exactly one of ${[...Object.keys(kinds), ...Object.keys(absent)].join(", ")}`,
    );
  const [member, id] = only;
  const kind = kinds[member];
  if (kind) return kind.find(call, table, id);
  const [code, noun] = absent[member] ?? ["InvalidParameterValue", member];
  throw new AwsError(code, `The ${noun} ID '${id}' does not exist`);
}

export function isReachable(call: Here, table: RouteTable, route: sdk.Route): boolean {
  return Object.entries(route).every(
    ([member, value]) => value === undefined || !Object.hasOwn(kinds, member) || kinds[member]?.isReachable(call, table, value),
  );
}

/** "The target must be a NAT gateway, network interface, or Gateway Load Balancer endpoint": the page RouteTables.html of the same guide. */
export function mayBeInsideVpc({ NetworkInterfaceId, NatGatewayId }: Target): boolean {
  return NetworkInterfaceId !== undefined || NatGatewayId !== undefined;
}

function isAttached(call: Here, { VpcId: vpcId }: RouteTable, id: string): boolean {
  const attachments = call.state.internetGateways.get(id)?.Attachments ?? call.state.vpnGateways.get(id)?.VpcAttachments ?? [];
  return attachments.some(({ VpcId }) => VpcId === vpcId);
}

function elsewhere({ RouteTableId }: RouteTable, noun: string, id: string): AwsError {
  return new AwsError("InvalidParameterValue", `route table ${RouteTableId} and ${noun} ${id} belong to different networks`);
}
