/** Route tables and what uses them. Guide: https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, type Known, type Operations } from "../../service.ts";
import { madeBefore, remember } from "./client-tokens.ts";
import { forgetRouteTable } from "./endpoints.ts";
import { filtered } from "./filters.ts";
import { byId, byIds, notFound } from "./ids.ts";
import { page } from "./pages.ts";
import { routesOf, type Route } from "./routes.ts";
import type { Here, State } from "./state.ts";
import { tagsOf } from "./tags.ts";
import { findVpc } from "./vpcs.ts";
import { findSubnet } from "./subnets.ts";

type Association = Known<sdk.RouteTableAssociation, "RouteTableAssociationId" | "RouteTableId" | "Main" | "AssociationState">;
/** A table. Its local routes follow from the VPC's blocks: `Routes` has the others. */
export type RouteTable = Known<
  Omit<sdk.RouteTable, "Associations" | "Routes" | "PropagatingVgws">,
  "RouteTableId" | "VpcId" | "OwnerId" | "Tags"
> & {
  Associations: Association[];
  Routes: Route[];
  PropagatingVgws: Known<sdk.PropagatingVgw, "GatewayId">[];
};

const TABLES_MAX = 200; // a VPC: docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html

export const routeTableOperations = {
  CreateRouteTable(call, { VpcId, TagSpecifications, ClientToken }) {
    const made = madeBefore(call, "CreateRouteTable", ClientToken, { VpcId, TagSpecifications });
    if (made !== undefined) return { RouteTable: shown(call, findRouteTable(call, made)), ClientToken };
    findVpc(call, VpcId);
    const tags = tagsOf(call, TagSpecifications, "route-table");
    const siblings = [...call.state.routeTables.values()].filter((table) => table.VpcId === VpcId);
    if (siblings.length >= TABLES_MAX)
      throw new AwsError("RouteTableLimitExceeded", "The maximum number of route tables has been reached.");
    const table = make(call, VpcId, tags);
    remember(call, "CreateRouteTable", ClientToken, { VpcId, TagSpecifications }, table.RouteTableId);
    return { RouteTable: shown(call, table), ClientToken };
  },
  DeleteRouteTable(call, { RouteTableId }) {
    const table = findRouteTable(call, RouteTableId);
    if (table.Associations.length > 0)
      throw new AwsError("DependencyViolation", `The routeTable '${RouteTableId}' has dependencies and cannot be deleted.`);
    forgetRouteTable(call, RouteTableId);
    call.state.routeTables.delete(RouteTableId);
  },
  DescribeRouteTables(call, { RouteTableIds, Filters, MaxResults, NextToken }) {
    const tables = byIds(call.state.routeTables, "rtb", RouteTableIds).map((table) => shown(call, table));
    const { items, NextToken: next } = page(filtered(tables, Filters, tableFilters), { MaxResults, NextToken, most: 100 });
    return { RouteTables: items, NextToken: next };
  },
  AssociateRouteTable(call, { RouteTableId, SubnetId, GatewayId, PublicIpv4Pool }) {
    const table = findRouteTable(call, RouteTableId);
    if (PublicIpv4Pool !== undefined) throw new AwsError("NotImplemented", "Causeway does not emulate public IPv4 pools.", 501);
    if ((SubnetId === undefined) === (GatewayId === undefined))
      throw new AwsError("MissingParameter", "Exactly one of subnetId and gatewayId must be specified");
    const target = SubnetId === undefined ? gatewayOf(call, table, GatewayId ?? "") : subnetOf(call, table, SubnetId);
    const present = associationOf(call, target);
    if (present?.RouteTableId === RouteTableId)
      return { AssociationId: present.RouteTableAssociationId, AssociationState: present.AssociationState };
    if (present) {
      throw new AwsError(
        "Resource.AlreadyAssociated",
        `the specified association for route table ${RouteTableId} conflicts with an existing association`,
      );
    }
    const association = associate(call, table, target);
    return { AssociationId: association.RouteTableAssociationId, AssociationState: association.AssociationState };
  },
  DisassociateRouteTable(call, { AssociationId }) {
    const { table, association } = findAssociation(call, AssociationId);
    if (association.Main)
      throw new AwsError("InvalidParameterValue", `cannot disassociate the main route table association ${AssociationId}`);
    table.Associations = table.Associations.filter((each) => each !== association);
  },
  ReplaceRouteTableAssociation(call, { AssociationId, RouteTableId }) {
    const to = findRouteTable(call, RouteTableId);
    const { table: from, association } = findAssociation(call, AssociationId);
    if (from.VpcId !== to.VpcId)
      throw new AwsError(
        "InvalidParameterValue",
        `Route table ${RouteTableId} and association ${AssociationId} belong to different networks`,
      );
    if (from === to) return { NewAssociationId: AssociationId, AssociationState: association.AssociationState };
    from.Associations = from.Associations.filter((each) => each !== association);
    const { SubnetId, GatewayId, Main } = association;
    const replaced = associate(call, to, { SubnetId, GatewayId, Main });
    return { NewAssociationId: replaced.RouteTableAssociationId, AssociationState: replaced.AssociationState };
  },
  EnableVgwRoutePropagation(call, { GatewayId, RouteTableId }) {
    const table = findRouteTable(call, RouteTableId);
    checkVpnGateway(call, table, GatewayId);
    if (!table.PropagatingVgws.some((each) => each.GatewayId === GatewayId)) table.PropagatingVgws.push({ GatewayId });
  },
  DisableVgwRoutePropagation(call, { GatewayId, RouteTableId }) {
    const table = findRouteTable(call, RouteTableId);
    checkVpnGateway(call, table, GatewayId);
    table.PropagatingVgws = table.PropagatingVgws.filter((each) => each.GatewayId !== GatewayId);
  },
} satisfies Operations<sdk.EC2, State>;

export function findRouteTable(call: Here, id: string): RouteTable {
  return byId(call.state.routeTables, "rtb", id);
}

/** Every VPC has one table that its subnets follow as long as they have no other. */
export function createMainRouteTable(call: Here, vpcId: string): RouteTable {
  const table = make(call, vpcId, []);
  associate(call, table, { Main: true });
  return table;
}

/** The table that decides for a subnet. */
export function routeTableOf(state: State, subnet: { SubnetId: string; VpcId: string }): RouteTable | undefined {
  const inVpc = [...state.routeTables.values()].filter(({ VpcId }) => VpcId === subnet.VpcId);
  return (
    inVpc.find(({ Associations }) => Associations.some(({ SubnetId }) => SubnetId === subnet.SubnetId)) ??
    inVpc.find(({ Associations }) => Associations.some(({ Main }) => Main))
  );
}

export function dissociateSubnet(call: Here, subnetId: string): void {
  for (const table of call.state.routeTables.values())
    table.Associations = table.Associations.filter(({ SubnetId }) => SubnetId !== subnetId);
}

export function dissociateGateway(call: Here, gatewayId: string): void {
  for (const table of call.state.routeTables.values())
    table.Associations = table.Associations.filter(({ GatewayId }) => GatewayId !== gatewayId);
}

/** With the association of a gateway endpoint comes the route to it, and goes with it. */
export function addEndpointRoute(call: Here, tableId: string, prefixListId: string, endpointId: string): void {
  findRouteTable(call, tableId).Routes.push({ DestinationPrefixListId: prefixListId, GatewayId: endpointId, Origin: "CreateRoute" });
}

export function removeEndpointRoute(call: Here, tableId: string, endpointId: string): void {
  const table = call.state.routeTables.get(tableId);
  if (table) table.Routes = table.Routes.filter(({ GatewayId }) => GatewayId !== endpointId);
}

type Target = { SubnetId?: string; GatewayId?: string; Main?: boolean };

function subnetOf(call: Here, { VpcId, RouteTableId }: RouteTable, id: string): Target {
  if (findSubnet(call, id).VpcId !== VpcId)
    throw new AwsError("InvalidParameterValue", `Route table ${RouteTableId} and subnet ${id} belong to different networks`);
  return { SubnetId: id };
}

/** Gateway route tables steer what comes in: docs.aws.amazon.com/vpc/latest/userguide/gateway-route-tables.html */
function gatewayOf(call: Here, { VpcId, RouteTableId }: RouteTable, id: string): Target {
  const isAttached =
    call.state.internetGateways.get(id)?.Attachments.some((each) => each.VpcId === VpcId) || isAttachedVpnGateway(call, id, VpcId);
  if (!isAttached && !call.state.internetGateways.has(id))
    throw new AwsError("InvalidGatewayID.NotFound", `The gateway ID '${id}' does not exist`);
  if (!isAttached)
    throw new AwsError("InvalidParameterValue", `Route table ${RouteTableId} and network gateway ${id} belong to different networks`);
  return { GatewayId: id };
}

function associationOf(call: Here, { SubnetId, GatewayId }: Target): Association | undefined {
  return [...call.state.routeTables.values()]
    .flatMap(({ Associations }) => Associations)
    .find((each) => (SubnetId !== undefined && each.SubnetId === SubnetId) || (GatewayId !== undefined && each.GatewayId === GatewayId));
}

function associate(call: Here, table: RouteTable, { SubnetId, GatewayId, Main = false }: Target): Association {
  const association: Association = {
    RouteTableAssociationId: call.id("rtbassoc"),
    RouteTableId: table.RouteTableId,
    SubnetId,
    GatewayId,
    Main,
    AssociationState: { State: "associated" },
  };
  table.Associations.push(association);
  return association;
}

export function findAssociation(call: Here, id: string): { table: RouteTable; association: Association } {
  for (const table of call.state.routeTables.values()) {
    const association = table.Associations.find((each) => each.RouteTableAssociationId === id);
    if (association) return { table, association };
  }
  throw notFound("rtbassoc", id);
}

function make(call: Here, vpcId: string, tags: sdk.Tag[]): RouteTable {
  const table: RouteTable = {
    RouteTableId: call.id("rtb"),
    VpcId: vpcId,
    OwnerId: call.account,
    Associations: [],
    Routes: [],
    PropagatingVgws: [],
    Tags: tags,
  };
  call.state.routeTables.set(table.RouteTableId, table);
  return table;
}

export function shown(call: Here, table: RouteTable) {
  return { ...table, Routes: routesOf(call, table) };
}

type Shown = ReturnType<typeof shown>;

const associations =
  <Value>(value: (association: Association) => Value) =>
  (table: Shown) =>
    table.Associations.map(value);
const routes =
  <Value>(value: (route: sdk.Route) => Value) =>
  (table: Shown) =>
    table.Routes.map(value);

// docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRouteTables.html
const tableFilters = {
  "association.gateway-id": associations(({ GatewayId }) => GatewayId),
  "association.main": associations(({ Main }) => Main),
  "association.route-table-association-id": associations(({ RouteTableAssociationId }) => RouteTableAssociationId),
  "association.route-table-id": associations(({ RouteTableId }) => RouteTableId),
  "association.subnet-id": associations(({ SubnetId }) => SubnetId),
  "owner-id": ({ OwnerId }: Shown) => OwnerId,
  "route-table-id": ({ RouteTableId }: Shown) => RouteTableId,
  "route.destination-cidr-block": routes(({ DestinationCidrBlock }) => DestinationCidrBlock),
  "route.destination-ipv6-cidr-block": routes(({ DestinationIpv6CidrBlock }) => DestinationIpv6CidrBlock),
  "route.destination-prefix-list-id": routes(({ DestinationPrefixListId }) => DestinationPrefixListId),
  "route.egress-only-internet-gateway-id": routes(({ EgressOnlyInternetGatewayId }) => EgressOnlyInternetGatewayId),
  "route.gateway-id": routes(({ GatewayId }) => GatewayId),
  "route.instance-id": routes(({ InstanceId }) => InstanceId),
  "route.nat-gateway-id": routes(({ NatGatewayId }) => NatGatewayId),
  "route.network-interface-id": routes(({ NetworkInterfaceId }) => NetworkInterfaceId),
  "route.transit-gateway-id": routes(({ TransitGatewayId }) => TransitGatewayId),
  "route.origin": routes(({ Origin }) => Origin),
  "route.state": routes(({ State }) => State),
  "route.vpc-peering-connection-id": routes(({ VpcPeeringConnectionId }) => VpcPeeringConnectionId),
  "vpc-id": ({ VpcId }: Shown) => VpcId,
};

function checkVpnGateway(call: Here, { VpcId, RouteTableId }: RouteTable, id: string): void {
  if (!call.state.vpnGateways.has(id)) throw new AwsError("InvalidGatewayID.NotFound", `The gateway ID '${id}' does not exist`);
  if (!isAttachedVpnGateway(call, id, VpcId))
    throw new AwsError("Gateway.NotAttached", `resource ${id} is not attached to the VPC of ${RouteTableId}`);
}

function isAttachedVpnGateway(call: Here, id: string, vpcId: string): boolean {
  return call.state.vpnGateways.get(id)?.VpcAttachments.some((each) => each.VpcId === vpcId && each.State === "attached") === true;
}
