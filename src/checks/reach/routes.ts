/** Which way a packet takes from a subnet: its table's routes, by AWS's priority. docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html */
import { contains, dotted, type Range } from "../../platform/cidr.ts";
import type { Model } from "../model.ts";
import { linked, linkedAll, text, type ModelResource } from "../values.ts";
import { ranged, serviceOf, vpcOf, vpcRanges, type LineKind } from "./ends.ts";
import { listed } from "./filters.ts";
import { linesOf } from "./lines.ts";

export type Route = {
  to: Range;
  /** What the packet is handed to; the VPC itself for what is local. */
  target: ModelResource | string;
  /** Static routes win over lists, lists over what is learned. */
  origin: "local" | "static" | "list" | "learned";
  by: ModelResource;
};

const rank = { local: 0, static: 1, list: 2, learned: 3 } as const;

/** A subnet without a table of its own has the VPC's main one, which the templates leave as it is. */
export function tableOf(model: Model, subnet: ModelResource): ModelResource | undefined {
  const association = model
    .byType("AWS::EC2::SubnetRouteTableAssociation", subnet.region)
    .find(({ properties }) => linked(properties.SubnetId) === subnet);
  return linked(association?.properties.RouteTableId);
}

export function routesOf(model: Model, subnet: ModelResource, site: readonly string[], down?: LineKind): Route[] {
  const vpc = vpcOf(subnet);
  const table = tableOf(model, subnet);
  const local: Route[] = vpc ? vpcRanges(model, vpc).map((to) => ({ to, target: vpc, origin: "local", by: table ?? vpc })) : [];
  return table ? [...local, ...written(model, table), ...learned(model, table, site, down)] : local;
}

const targets = [
  "GatewayId",
  "NatGatewayId",
  "TransitGatewayId",
  "VpcPeeringConnectionId",
  "VpcEndpointId",
  "NetworkInterfaceId",
  "InstanceId",
] as const;

function written(model: Model, table: ModelResource): Route[] {
  const mine = model.byType("AWS::EC2::Route", table.region).filter(({ properties }) => linked(properties.RouteTableId) === table);
  return mine.flatMap((by) => {
    const given = targets.map((key) => by.properties[key]).find((value) => value !== undefined);
    const target = linked(given) ?? text(given ?? "nothing");
    const { DestinationCidrBlock, DestinationPrefixListId } = by.properties;
    if (DestinationCidrBlock !== undefined)
      return [{ to: ranged(text(DestinationCidrBlock)), target, origin: "static", by } satisfies Route];
    const list = linked(DestinationPrefixListId);
    return (list ? listed(list) : []).map((to): Route => ({ to, target, origin: "list", by }));
  });
}

/** What a virtual private gateway writes into the tables: the data centre's prefixes, while a line brings them. */
function learned(model: Model, table: ModelResource, site: readonly string[], down?: LineKind): Route[] {
  return model.byType("AWS::EC2::VPNGatewayRoutePropagation", table.region).flatMap((by) => {
    const gateway = linked(by.properties.VpnGatewayId);
    if (!gateway || !linkedAll(by.properties.RouteTableIds).includes(table)) return [];
    const brought = linesOf(model, gateway).some(({ kind }) => kind !== down);
    return brought ? site.map((cidr): Route => ({ to: ranged(cidr), target: gateway, origin: "learned", by })) : [];
  });
}

/**
 * Every way that a part of the destination takes: the best route that covers it, and those to smaller parts, which win there.
 * undefined: nothing leads there.
 */
export function ways<Way extends { to: Range }>(
  routes: Way[],
  destination: Range[],
  better: (one: Way, other: Way) => number,
): (Way | undefined)[] {
  const size = ({ to }: Way) => to.last - to.first;
  const found = destination.flatMap((range) => {
    const [best] = routes.filter(({ to }) => contains(to, range)).toSorted((one, other) => size(one) - size(other) || better(one, other));
    const inside = routes.filter(({ to }) => contains(range, to) && !contains(to, range));
    return [best, ...inside];
  });
  return [...new Set(found)];
}

export const byOrigin = (one: Route, other: Route): number => rank[one.origin] - rank[other.origin];

/** Services of AWS that a gateway endpoint keeps inside, for a subnet's table. */
export function gatewayEndpoint(model: Model, subnet: ModelResource, service: string): ModelResource | undefined {
  const table = tableOf(model, subnet);
  return model
    .byType("AWS::EC2::VPCEndpoint", subnet.region)
    .filter(({ properties }) => properties.VpcEndpointType !== "Interface" && serviceOf(properties.ServiceName) === service)
    .find(({ properties }) => table && linkedAll(properties.RouteTableIds).includes(table));
}

/** `10.0.0.0/16`. */
export const cidrOf = ({ first, last }: Range): string => `${dotted(first)}/${32 - Math.log2(last - first + 1)}`;
