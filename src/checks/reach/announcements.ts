/** What the data centre learns from AWS by each line, and which it takes. */
import { contains, type Range } from "../../platform/cidr.ts";
import type { Model } from "../model.ts";
import { linked, text, type ModelResource } from "../values.ts";
import { ranged, vpcRanges, type LineKind } from "./ends.ts";
import { hubs, isTransit, linesOf, type Line } from "./lines.ts";
import { hubRoutes } from "./transit.ts";

export type Announcement = { to: Range; line: Line };

/** Its routers prefer Direct Connect for equal prefixes: local preference 200 against 100. */
const rank: Record<LineKind, number> = { direct: 0, tunnel: 1 };
export const byLine = (one: Announcement, other: Announcement): number => rank[one.line.kind] - rank[other.line.kind];

/** Everything that is announced by the lines that are up. */
export const announcements = (model: Model, site: readonly string[], down?: LineKind): Announcement[] =>
  hubs(model)
    .flatMap((hub) => linesOf(model, hub))
    .filter(({ kind }) => kind !== down)
    .flatMap((line) => announced(model, line, site).map((to) => ({ to, line })));

function announced(model: Model, line: Line, site: readonly string[]): Range[] {
  const { kind, hub, by } = line;
  if (kind === "tunnel") {
    // A transit gateway announces its table, except what it learned from there.
    return isTransit(hub)
      ? hubRoutes(model, hub, line, site).flatMap(({ to, origin }) => (origin === "vpc" || origin === "static" ? [to] : []))
      : attached(model, hub);
  }
  const given: unknown = by.properties.AllowedPrefixesToDirectConnectGateway;
  const allowed = Array.isArray(given) ? given.map((each) => ranged(text(each))) : [];
  // For a transit gateway the announcement itself; for a virtual private gateway a filter on the VPC's ranges, and none when it is empty.
  // docs.aws.amazon.com/directconnect/latest/UserGuide/allowed-to-prefixes.html
  if (isTransit(hub)) return allowed;
  return attached(model, hub).filter((vpc) => allowed.length === 0 || allowed.some((each) => contains(each, vpc)));
}

const attached = (model: Model, hub: ModelResource): Range[] => attachedVpcs(model, hub).flatMap((vpc) => vpcRanges(model, vpc));

/** The VPC that a virtual private or internet gateway is tied to. */
export const attachedVpcs = (model: Model, gateway: ModelResource): ModelResource[] =>
  model
    .byType("AWS::EC2::VPCGatewayAttachment", gateway.region)
    .filter(({ properties }) => linked(properties.VpnGatewayId ?? properties.InternetGatewayId) === gateway)
    .map(({ properties }) => linked(properties.VpcId))
    .filter((vpc) => vpc !== undefined);
