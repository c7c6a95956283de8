/** The lines between a region's hub and the data centre, as the templates make them. */
import type { Range } from "../../platform/cidr.ts";
import type { Model } from "../model.ts";
import { linked, text, type ModelResource } from "../values.ts";
import { ranged, type LineKind } from "./ends.ts";

export type Line = {
  kind: LineKind;
  hub: ModelResource;
  /** The Direct Connect gateway's association, or the VPN connection. */
  by: ModelResource;
};

export const isTransit = ({ type }: ModelResource): boolean => type === "AWS::EC2::TransitGateway";

/** Every hub there is. */
export const hubs = (model: Model): ModelResource[] => [
  ...model.byType("AWS::EC2::TransitGateway"),
  ...model.byType("AWS::EC2::VPNGateway"),
];

/** Direct Connect first: it wins for equal prefixes. */
export function linesOf(model: Model, hub: ModelResource): Line[] {
  const associations = model
    .byType("AWS::DirectConnect::DirectConnectGatewayAssociation")
    .filter(({ properties }) => linked(properties.AssociatedGatewayId) === hub && carried(model, properties.DirectConnectGatewayId, hub));
  const connections = model
    .byType("AWS::EC2::VPNConnection", hub.region)
    .filter(({ properties }) => linked(properties.TransitGatewayId ?? properties.VpnGatewayId) === hub);
  return [
    ...associations.map((by): Line => ({ kind: "direct", hub, by })),
    ...connections.map((by): Line => ({ kind: "tunnel", hub, by })),
  ];
}

/** Whether a virtual interface of the hub's kind brings the gateway to the data centre. */
function carried(model: Model, gateway: unknown, hub: ModelResource): boolean {
  const kind = isTransit(hub) ? "Transit" : "Private";
  const same = (other: unknown) => (linked(gateway) ?? text(gateway)) === (linked(other) ?? text(other));
  return model.byType(`AWS::DirectConnect::${kind}VirtualInterface`).some(({ properties }) => same(properties.DirectConnectGatewayId));
}

/** What AWS learns of the data centre by a line. */
export function learnedBy(model: Model, { kind, by }: Line, site: readonly string[]): Range[] {
  if (kind === "direct" || by.properties.StaticRoutesOnly !== true) return site.map(ranged);
  return model
    .byType("AWS::EC2::VPNConnectionRoute", by.region)
    .filter(({ properties }) => linked(properties.VpnConnectionId) === by)
    .map(({ properties }) => ranged(text(properties.DestinationCidrBlock)));
}

export const lineName = { direct: "Direct Connect", tunnel: "VPN" } as const;
