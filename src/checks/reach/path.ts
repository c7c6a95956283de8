/** Whether a connection is possible, and by which way: a walk over the templates as a packet would take it, there and back. */
import { contains, type Range } from "../../platform/cidr.ts";
import type { Model } from "../model.ts";
import { linked, linkedAll, named, type ModelResource } from "../values.ts";
import { announcements, attachedVpcs, byLine } from "./announcements.ts";
import { rangesOf, vpcOf, vpcRanges, zoneOf, type End, type Interface, type LineKind } from "./ends.ts";
import { admits, answers, refusedByAcl, type Flow } from "./filters.ts";
import { isTransit, learnedBy, lineName, linesOf, type Line } from "./lines.ts";
import { byOrigin, cidrOf, gatewayEndpoint, routesOf, ways, type Route } from "./routes.ts";
import { attachments, byRank, hubRoutes, type Attachment, type HubRoute } from "./transit.ts";

/** `anything`: is there any port, protocol or address at all that gets through? For what must not be. */
export type Traffic = { port: number | readonly [from: number, to: number]; protocol: "tcp" | "udp" } | "anything";

export type Outcome =
  | { allowed: true; hops: string[]; /** What it went through, there and back. */ there: ModelResource[]; back: ModelResource[] }
  | { allowed: false; hops: string[]; refusedBy: { stack: string; resource: string }; because: string };

type Refusal = { by: ModelResource; because: string };
type Hop = { text: string; through: ModelResource };
type Walk = Generator<Hop, Refusal | undefined>;
type Trip = {
  model: Model;
  from: End;
  to: End;
  flow: Flow;
  /** Ranges of the data centre, and the line that is cut. */
  site: readonly string[];
  down?: LineKind;
  /** Answers pass security groups without being asked. */
  answer: boolean;
  /** Ends circles. */
  visited: Set<ModelResource>;
};

/** `site`: the data centre's ranges, when neither end is it; the hubs learn them anyhow. */
export function path(model: Model, from: End, to: End, traffic: Traffic, site: readonly string[] = []): Outcome {
  const centre = [from, to].find((end) => end.kind === "site");
  const there: Trip = {
    model,
    from,
    to,
    flow: flowOf(traffic),
    site: centre?.cidrs ?? site,
    ...(centre?.down && { down: centre.down }),
    answer: false,
    visited: new Set(),
  };
  const forth = taken(() => start(there));
  if (forth.refusal || to.kind === "internet" || to.kind === "service") return outcome(forth);
  const back: Trip = { ...there, from: to, to: from, flow: { ...there.flow, ports: answers }, answer: true, visited: new Set() };
  return outcome(
    forth,
    taken(() => start(back)),
  );
}

function flowOf(traffic: Traffic): Flow {
  if (traffic === "anything") return { protocol: "tcp", ports: { first: 0, last: 65_535 }, anything: true };
  const [first, last] = typeof traffic.port === "number" ? [traffic.port, traffic.port] : traffic.port;
  return { protocol: traffic.protocol, ports: { first, last }, anything: false };
}

type Taken = { hops: Hop[]; refusal?: Refusal };

function taken(begin: () => Walk): Taken {
  const hops: Hop[] = [];
  const walk = begin();
  for (let next = walk.next(); ; next = walk.next()) {
    if (next.done) return { hops, ...(next.value && { refusal: next.value }) };
    hops.push(next.value);
  }
}

function outcome(forth: Taken, back: Taken = { hops: [] }): Outcome {
  const hops = [...forth.hops.map((hop) => hop.text), ...back.hops.map((hop) => `back: ${hop.text}`)];
  const refusal = forth.refusal ?? back.refusal;
  const through = (each: Taken) => each.hops.map((hop) => hop.through);
  if (!refusal) return { allowed: true, hops, there: through(forth), back: through(back) };
  const { by, because } = refusal;
  return {
    allowed: false,
    hops,
    refusedBy: { stack: by.stack, resource: by.id },
    because: forth.refusal ? because : `${because} (the way back)`,
  };
}

/** Of all the ways that parts of the destination take, one is enough where anything is asked for; otherwise all must lead there. */
function* each<Way>(trip: Trip, all: Way[], follow: (trip: Trip, way: Way) => Walk): Walk {
  const tries = all.map((way) => taken(() => follow({ ...trip, visited: new Set(trip.visited) }, way)));
  const found = trip.flow.anything ? tries.find(({ refusal }) => !refusal) : tries.find(({ refusal }) => refusal);
  const shown = found ?? tries[0];
  yield* shown?.hops ?? [];
  return shown?.refusal;
}

function start(trip: Trip): Walk {
  if (trip.from.kind === "interface") return leave(trip, trip.from);
  return trip.from.kind === "site" ? fromSite(trip) : fromInternet(trip);
}

function* leave(trip: Trip, from: Interface): Walk {
  yield { text: `${named(from.owner)} in ${named(from.subnet)}`, through: from.subnet };
  const { model, to, flow } = trip;
  if (!trip.answer && !admits(model, from.groups, "out", to, flow))
    return { by: from.groups[0] ?? from.owner, because: `no rule lets it out to ${endName(to)}, ${flowName(flow)}` };
  return yield* onward(trip, from.subnet, from);
}

/** From a subnet by its table. `carrier` is what a packet is sent by: a host, or a gateway with an address of its own. */
function* onward(trip: Trip, subnet: ModelResource, carrier: { public: boolean }): Walk {
  const { model, to, flow } = trip;
  const inside = to.kind === "interface" && to.subnet === subnet;
  const acl = inside ? undefined : refusedByAcl(model, subnet, "out", to, flow);
  if (acl) return { by: acl, because: `the network ACL of ${named(subnet)} lets nothing out to ${endName(to)}` };
  if (to.kind === "service") return yield* toService(trip, subnet, to.name);
  const routes = routesOf(model, subnet, trip.site, trip.down);
  const found = ways(routes, rangesOf(to), byOrigin).filter((way) => way !== undefined || !flow.anything);
  if (found.length === 0) return { by: subnet, because: `no route leads from ${named(subnet)} to ${endName(to)}` };
  return yield* each(trip, found, (branch, way) => follow(branch, subnet, carrier, way));
}

function* toService({ model }: Trip, subnet: ModelResource, service: string): Walk {
  const endpoint = gatewayEndpoint(model, subnet, service);
  if (!endpoint) return { by: subnet, because: `the table of ${named(subnet)} has no endpoint of ${service}` };
  yield { text: `${service} → ${named(endpoint)}`, through: endpoint };
  return undefined;
}

function* follow(trip: Trip, subnet: ModelResource, carrier: { public: boolean }, route: Route | undefined): Walk {
  if (!route) return { by: subnet, because: `no route leads from ${named(subnet)} to ${endName(trip.to)}` };
  const { target, by } = route;
  if (typeof target === "string") return { by, because: `${cidrOf(route.to)} leads to ${target}, which is in no template` };
  if (route.origin === "local") return yield* deliver(trip, target);
  yield { text: `${cidrOf(route.to)} → ${named(target)} (${route.origin}: ${named(by)})`, through: target };
  if (trip.visited.has(target)) return { by, because: `${cidrOf(route.to)} leads in a circle` };
  trip.visited.add(target);
  switch (target.type) {
    case "AWS::EC2::InternetGateway":
      return out(trip, subnet, carrier, target);
    case "AWS::EC2::NatGateway":
      return yield* translate(trip, target);
    case "AWS::EC2::TransitGateway":
      return yield* intoTransit(trip, subnet, target);
    case "AWS::EC2::VPNGateway":
      return yield* byVirtualGateway(trip, target);
    case "AWS::EC2::VPCPeeringConnection":
      return yield* byPeering(trip, subnet, target);
    default:
      return { by, because: `${cidrOf(route.to)} leads to ${named(target)}, a ${target.type}` };
  }
}

function out(trip: Trip, subnet: ModelResource, carrier: { public: boolean }, gateway: ModelResource): Refusal | undefined {
  const vpc = vpcOf(subnet);
  if (!vpc || !attachedVpcs(trip.model, gateway).includes(vpc))
    return { by: gateway, because: `${named(gateway)} is not attached to the VPC` };
  if (trip.to.kind !== "internet") return { by: gateway, because: `${endName(trip.to)} is not on the internet` };
  if (!carrier.public) return { by: subnet, because: "it has no public address to be answered at" };
  return undefined;
}

/** docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html: it carries connections that are begun behind it, and no others. */
function* translate(trip: Trip, gateway: ModelResource): Walk {
  if (trip.answer) return { by: gateway, because: `${named(gateway)} drops answers to connections that were not begun behind it` };
  const subnet = linked(gateway.properties.SubnetId);
  if (!subnet) return { by: gateway, because: `${named(gateway)} is in no subnet of these templates` };
  const acl = refusedByAcl(trip.model, subnet, "in", trip.from, trip.flow);
  if (acl) return { by: acl, because: `the network ACL of ${named(subnet)} lets nothing in from ${endName(trip.from)}` };
  return yield* onward(trip, subnet, { public: gateway.properties.ConnectivityType !== "private" });
}

/** The last step: into the VPC's own subnet, past its ACL and the groups. */
function* deliver(trip: Trip, vpc: ModelResource): Walk {
  const { model, from, to, flow, answer } = trip;
  if (to.kind !== "interface" || vpcOf(to.subnet) !== vpc) return { by: vpc, because: `${endName(to)} is not in ${named(vpc)}` };
  yield { text: `${named(to.owner)} in ${named(to.subnet)}`, through: to.subnet };
  const inside = from.kind === "interface" && from.subnet === to.subnet;
  const acl = inside ? undefined : refusedByAcl(model, to.subnet, "in", from, flow);
  if (acl) return { by: acl, because: `the network ACL of ${named(to.subnet)} lets nothing in from ${endName(from)}` };
  if (answer || admits(model, to.groups, "in", from, flow)) return undefined;
  return { by: to.groups[0] ?? to.owner, because: `no rule lets ${endName(from)} in, ${flowName(flow)}` };
}

/** A transit gateway takes what comes from zones in which it is attached. */
function* intoTransit(trip: Trip, subnet: ModelResource, gateway: ModelResource): Walk {
  const vpc = vpcOf(subnet);
  const attachment = attachments(trip.model, gateway).find(({ kind, by }) => kind === "vpc" && linked(by.properties.VpcId) === vpc);
  if (!attachment) return { by: gateway, because: `${named(gateway)} is not attached to the VPC` };
  const zones = linkedAll(attachment.by.properties.SubnetIds).map(zoneOf);
  if (!zones.includes(zoneOf(subnet))) return { by: attachment.by, because: `it is not attached in the zone ${zoneOf(subnet)}` };
  return yield* throughTransit(trip, gateway, attachment);
}

function* throughTransit(trip: Trip, gateway: ModelResource, from: Attachment): Walk {
  const routes = hubRoutes(trip.model, gateway, from, trip.site, trip.down);
  const found = ways(routes, rangesOf(trip.to), byRank).filter((way) => way !== undefined || !trip.flow.anything);
  if (found.length === 0) return { by: gateway, because: `no table of ${named(gateway)} leads to ${endName(trip.to)}` };
  return yield* each(trip, found, (branch, way) => leaveTransit(branch, gateway, way));
}

function* leaveTransit(trip: Trip, gateway: ModelResource, route: HubRoute | undefined): Walk {
  if (!route) return { by: gateway, because: `no table of ${named(gateway)} leads to ${endName(trip.to)}` };
  const { next, by } = route;
  if (!next) return { by, because: `${cidrOf(route.to)} ends in a black hole` };
  if (next.kind === "peering") return { by, because: `${cidrOf(route.to)} leads to the peering ${named(next.by)}` };
  if (next.kind === "vpc") {
    yield { text: `${named(gateway)}: ${cidrOf(route.to)} → ${named(next.by)}`, through: next.by };
    return yield* intoVpc(trip, next.by);
  }
  return yield* toSite(trip, { kind: next.kind, hub: gateway, by: next.by });
}

/** What a transit gateway hands to a VPC is routed by the table of the attachment's subnet. */
function* intoVpc(trip: Trip, attachment: ModelResource): Walk {
  const subnets = linkedAll(attachment.properties.SubnetIds);
  const { to } = trip;
  const near = to.kind === "interface" ? subnets.filter((each) => zoneOf(each) === zoneOf(to.subnet)) : subnets;
  const entered = near.length > 0 ? near : subnets.slice(0, 1);
  if (entered.length === 0) return { by: attachment, because: `${named(attachment)} has no subnet of these templates` };
  return yield* each(trip, entered, (branch, subnet) => onward(branch, subnet, { public: false }));
}

function* byVirtualGateway(trip: Trip, gateway: ModelResource): Walk {
  const { model, site, down, to } = trip;
  const lines = linesOf(model, gateway).filter(({ kind }) => kind !== down);
  const routes = lines.flatMap((line) => learnedBy(model, line, site).map((range) => ({ to: range, line })));
  const found = ways(routes, rangesOf(to), byLine);
  return yield* each(trip, found, function* (branch, way): Walk {
    return way ? yield* toSite(branch, way.line) : { by: gateway, because: `no line of ${named(gateway)} brings ${endName(to)}` };
  });
}

function* byPeering(trip: Trip, subnet: ModelResource, peering: ModelResource): Walk {
  const ends = linkedAll([peering.properties.VpcId, peering.properties.PeerVpcId]);
  const other = ends.find((vpc) => vpc !== vpcOf(subnet));
  // Peering is not transitive: what is not in the other VPC does not pass.
  return other ? yield* deliver(trip, other) : { by: peering, because: `${named(peering)} leads to a VPC of no template` };
}

function* toSite({ to }: Trip, { kind, hub, by }: Line): Walk {
  yield { text: `${named(hub)} → ${lineName[kind]} (${named(by)}) → data centre`, through: by };
  return to.kind === "site" ? undefined : { by, because: `${endName(to)} is not in the data centre` };
}

/** The data centre sends by the line that announces the most exact prefix. To find leaks, it sends what nobody announced by any. */
function* fromSite(trip: Trip): Walk {
  const { model, to, site, down } = trip;
  const known = announcements(model, site, down);
  if (to.kind !== "interface") {
    const lines = [...new Set(known.map(({ line }) => line))];
    if (lines.length === 0) return nowhere(trip);
    return yield* each(trip, lines, alongLine);
  }
  const found = ways(known, rangesOf(to), byLine);
  return yield* each(trip, found, function* (branch, way): Walk {
    return way ? yield* alongLine(branch, way.line) : unannounced(trip, to, known);
  });
}

function unannounced({ down }: Trip, { subnet }: Interface, known: { to: Range; line: Line }[]): Refusal {
  const vpc = vpcOf(subnet);
  const inRegion = known.find(({ line }) => line.hub.region === subnet.region)?.line.by;
  const without = down ? ` without ${lineName[down]}` : "";
  return { by: inRegion ?? vpc ?? subnet, because: `no line announces ${named(subnet)} to the data centre${without}` };
}

const nowhere = ({ model, to }: Trip): Refusal => ({
  by: model.byType("AWS::EC2::VPC")[0] ?? model.resources[0]!,
  because: `no line leads from the data centre to ${endName(to)}`,
});

function* alongLine(trip: Trip, { kind, hub, by }: Line): Walk {
  yield { text: `data centre → ${lineName[kind]} (${named(by)}) → ${named(hub)}`, through: by };
  if (isTransit(hub)) return yield* throughTransit(trip, hub, { kind, by });
  const { model, to } = trip;
  const vpc = attachedVpcs(model, hub).find((each) => to.kind === "interface" && vpcOf(to.subnet) === each);
  if (vpc && rangesOf(to).every((range) => vpcRanges(model, vpc).some((whole) => contains(whole, range)))) return yield* deliver(trip, vpc);
  return { by: hub, because: `${named(hub)} passes on only what is meant for its own VPC` };
}

function* fromInternet(trip: Trip): Walk {
  const { to, model } = trip;
  if (to.kind !== "interface") return nowhere(trip);
  if (!to.public) return { by: to.owner, because: "it has no public address" };
  const vpc = vpcOf(to.subnet);
  const gateway = model.byType("AWS::EC2::InternetGateway").find((each) => vpc && attachedVpcs(model, each).includes(vpc));
  if (!vpc || !gateway) return { by: vpc ?? to.subnet, because: "its VPC has no internet gateway" };
  yield { text: `internet → ${named(gateway)}`, through: gateway };
  return yield* deliver(trip, vpc);
}

function endName(end: End): string {
  if (end.kind === "interface") return named(end.owner);
  if (end.kind === "service") return end.name;
  return end.kind === "site" ? "the data centre" : "the internet";
}

function flowName({ protocol, ports: { first, last }, anything }: Flow): string {
  if (anything) return "on any port";
  return `${protocol} ${first === last ? first : `${first}-${last}`}`;
}
