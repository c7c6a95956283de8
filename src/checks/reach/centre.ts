/** Between the data centre and the regions: by each line alone, back by the same one, and no further than meant. */
import { databasePort } from "../../platform/database-port.ts";
import type { Definition } from "../../platform/definition.ts";
import type { Place } from "../../stacks/place.ts";
import type { Check, Complaint, Subject } from "../check.ts";
import type { ModelResource } from "../values.ts";
import { balancers, databases, hosts, interfaceEndpoints, resolvers, type Interface, type LineKind } from "./ends.ts";
import { sidesOf } from "./front.ts";
import { cuts, must, mustNot, pairs, placeOf, way, where } from "./intent.ts";
import { lineName } from "./lines.ts";
import { agentServices, unresolvable } from "./outward.ts";
import { path, type Traffic } from "./path.ts";

type Wanted = { to: Interface; traffic: Exclude<Traffic, "anything">; name: string };

export const linesOfSite = ({ site }: Definition): LineKind[] => [
  ...(site?.directConnect ? ["direct" as const] : []),
  ...(site?.vpn ? ["tunnel" as const] : []),
];

/** What the data centre needs of a region. */
function wanted({ definition, model }: Subject, { region }: Place): Wanted[] {
  const { services, database, domain, site } = definition;
  const atSite = Object.values(services).filter(({ runsOn }) => runsOn !== "cloud");
  const tcp = (name: string, port: number, all: Interface[]): Wanted[] =>
    all.map((to) => ({ to, name, traffic: { port, protocol: "tcp" } }));
  const asked = database && atSite.some(({ uses }) => uses.includes("database"));
  return [
    ...tcp("the load balancer", domain ? 443 : 80, balancers(model, region)),
    ...(asked ? tcp("the database", databasePort(database), databases(model, region)) : []),
    ...siteServices(definition).flatMap((service) => tcp(`the endpoint of ${service}`, 443, interfaceEndpoints(model, region, service))),
    ...(site?.dns
      ? resolvers(model, region).map((to): Wanted => ({ to, name: "the resolver", traffic: { port: 53, protocol: "udp" } }))
      : []),
  ];
}

/** Hosts that do not reach the internet by themselves reach AWS over the lines; they pull image layers from S3. */
const siteServices = ({ site, files }: Definition): string[] => [
  ...(site?.hosts.length && !site.internet ? [...agentServices, "s3"] : []),
  ...(files.gateway ? ["storagegateway"] : []),
];

const linkedPlaces = ({ places }: Subject): Place[] => places.filter(({ holdings }) => holdings.link !== "absent");

export const byEachLine: Check = {
  id: "RCH008",
  title: "The data centre reaches the regions by each line alone",
  why: "The second line is there for the day on which the first is down, and must then carry everything: there and back.",
  fix: "Announce the VPC's range on both lines, route the data centre's ranges to the hub in every table, and attach the hub in every zone.",
  *check(subject) {
    const { definition, model } = subject;
    const { site } = definition;
    if (!site) return;
    for (const place of linkedPlaces(subject)) {
      yield* unresolvable(model, place.region, siteServices(definition));
      for (const from of cuts(site.cidrs, linesOfSite(definition))) {
        for (const { to, traffic, name } of wanted(subject, place))
          yield* must(sidesOf(subject), { from, to, traffic, names: ["The data centre", name] });
      }
    }
  },
};

export const backTheSameWay: Check = {
  id: "RCH009",
  title: "Direct Connect carries both directions while it is up",
  why: "Routers take the longest match before any preference: a prefix that is wider on one line sends one direction over the VPN, where it is slow, and firewalls drop what they see half of.",
  fix: "Announce the same prefixes on both lines: allowed prefixes equal to the VPC's range.",
  *check(subject) {
    const { definition } = subject;
    const { site } = definition;
    if (!site || linesOfSite(definition).length < 2) return;
    for (const place of linkedPlaces(subject)) for (const each of wanted(subject, place)) yield* directBothWays(subject, site.cidrs, each);
  },
};

function* directBothWays({ model }: Subject, cidrs: readonly string[], { to, traffic, name }: Wanted): Generator<Complaint> {
  const found = path(model, { kind: "site", cidrs }, to, traffic);
  // What does not get through at all is another rule's.
  if (!found.allowed) return;
  const [there, back] = [lineOf(found.there), lineOf(found.back)];
  if (there?.kind === "direct" && back?.kind === "direct") return;
  const shown = (line: typeof there) => (line ? lineName[line.kind] : "no line");
  const off = [there, back].find((line) => line?.kind !== "direct");
  const message = `The data centre sends to ${where(name, to)} by ${shown(there)} and is answered by ${shown(back)}, with both lines up.${way(found)}`;
  yield { message, ...(off && { place: placeOf(off.by) }) };
}

function lineOf(through: ModelResource[]): { kind: LineKind; by: ModelResource } | undefined {
  const by = through.find(
    ({ type }) => type === "AWS::DirectConnect::DirectConnectGatewayAssociation" || type === "AWS::EC2::VPNConnection",
  );
  return by && { kind: by.type === "AWS::EC2::VPNConnection" ? "tunnel" : "direct", by };
}

export const noTransitToInternet: Check = {
  id: "RCH010",
  title: "The data centre does not reach the internet through a VPC",
  why: "The platform's NAT addresses are allow-listed by partners: whatever leaves by them is taken for the platform.",
  fix: "Keep the hub's tables, and the tables of the subnets that it is attached in, without a default route.",
  *check(subject) {
    const { definition } = subject;
    const { site } = definition;
    if (!site || linkedPlaces(subject).length === 0) return;
    for (const from of cuts(site.cidrs, linesOfSite(definition)))
      yield* mustNot(sidesOf(subject), { from, to: { kind: "internet" }, names: ["The data centre", "the internet"] });
  },
};

export const regionsApart: Check = {
  id: "RCH011",
  title: "The regions' VPCs do not reach each other",
  why: "What is replicated goes by AWS's own services. A network between the regions carries a region's trouble to the other one.",
  fix: "Take out the route, the peering or the attachment that joins them.",
  *check(subject) {
    const { places, model } = subject;
    const ends = (region: string) => [...hosts(model, region), ...databases(model, region)];
    for (const { region, other } of places) {
      if (!other) continue;
      for (const [from, to] of pairs(ends(region), ends(other.region)))
        yield* mustNot(sidesOf(subject), { from, to, names: [`A resource in ${region}`, `one in ${other.region}`] });
    }
  },
};
