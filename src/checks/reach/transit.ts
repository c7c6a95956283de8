/** Transit gateways: attachments, and the tables that lead from one to the next. docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html */
import type { Range } from "../../platform/cidr.ts";
import type { Model } from "../model.ts";
import { isLink, linked, text, type ModelResource } from "../values.ts";
import { ranged, vpcRanges, type LineKind } from "./ends.ts";
import { learnedBy, linesOf } from "./lines.ts";

export type Attachment = { kind: "vpc" | "peering" | LineKind; by: ModelResource };

export type HubRoute = {
  to: Range;
  origin: "static" | "vpc" | LineKind;
  by: ModelResource;
  /** Absent: a black hole. */
  next?: Attachment;
};

/** For equal prefixes. Source: docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html (route evaluation order) */
const rank = { static: 0, vpc: 1, direct: 2, tunnel: 3 } as const;
export const byRank = (one: HubRoute, other: HubRoute): number => rank[one.origin] - rank[other.origin];

export function attachments(model: Model, gateway: ModelResource): Attachment[] {
  const of = (type: string) =>
    model.byType(type, gateway.region).filter(({ properties }) => linked(properties.TransitGatewayId) === gateway);
  const vpcs = [...of("AWS::EC2::TransitGatewayVpcAttachment"), ...of("AWS::EC2::TransitGatewayAttachment")];
  return [
    ...vpcs.map((by): Attachment => ({ kind: "vpc", by })),
    ...of("AWS::EC2::TransitGatewayPeeringAttachment").map((by): Attachment => ({ kind: "peering", by })),
    ...linesOf(model, gateway).map(({ kind, by }): Attachment => ({ kind, by })),
  ];
}

/** Where a packet that comes in by an attachment may go. */
export function hubRoutes(model: Model, gateway: ModelResource, from: Attachment, site: readonly string[], down?: LineKind): HubRoute[] {
  const table = tableOf(model, gateway, from);
  if (!table) return [];
  const all = attachments(model, gateway).filter(({ kind }) => kind !== down);
  return [...written(model, gateway, table, all), ...all.flatMap((each) => propagated(model, { gateway, table, site }, each))];
}

/** The table that an attachment is associated with; the gateway itself stands for its default one. */
function tableOf(model: Model, gateway: ModelResource, { by }: Attachment): ModelResource | undefined {
  const explicit = model
    .byType("AWS::EC2::TransitGatewayRouteTableAssociation", gateway.region)
    .find(({ properties }) => linked(properties.TransitGatewayAttachmentId) === by);
  if (explicit) return linked(explicit.properties.TransitGatewayRouteTableId);
  return gateway.properties.DefaultRouteTableAssociation === "disable" ? undefined : gateway;
}

function written(model: Model, gateway: ModelResource, table: ModelResource, all: Attachment[]): HubRoute[] {
  return model
    .byType("AWS::EC2::TransitGatewayRoute", gateway.region)
    .filter(({ properties }) => linked(properties.TransitGatewayRouteTableId) === table)
    .flatMap((by): HubRoute[] => {
      const { DestinationCidrBlock, Blackhole, TransitGatewayAttachmentId: to } = by.properties;
      const next = all.find((each) => each.by === linked(to));
      // An attachment that is down takes its routes along.
      if (!next && !Blackhole && isLink(to)) return [];
      return [{ to: ranged(text(DestinationCidrBlock)), origin: "static", by, ...(next && { next }) }];
    });
}

function propagated(
  model: Model,
  { gateway, table, site }: { gateway: ModelResource; table: ModelResource; site: readonly string[] },
  next: Attachment,
): HubRoute[] {
  const explicit = model
    .byType("AWS::EC2::TransitGatewayRouteTablePropagation", gateway.region)
    .some(
      ({ properties }) =>
        linked(properties.TransitGatewayAttachmentId) === next.by && linked(properties.TransitGatewayRouteTableId) === table,
    );
  const byDefault = table === gateway && gateway.properties.DefaultRouteTablePropagation !== "disable";
  const { kind, by } = next;
  if ((!explicit && !byDefault) || kind === "peering") return [];
  const vpc = linked(by.properties.VpcId);
  const brought = kind === "vpc" ? (vpc ? vpcRanges(model, vpc) : []) : learnedBy(model, { kind, hub: gateway, by }, site);
  return brought.map((to) => ({ to, origin: kind, by, next }));
}
