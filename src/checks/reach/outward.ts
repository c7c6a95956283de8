/** Ways out of the VPC: through the zone's own NAT gateway, through endpoints, and for the database through nothing. */
import type { Check, Complaint } from "../check.ts";
import type { Model } from "../model.ts";
import { linked, named } from "../values.ts";
import { databases, hosts, interfaceEndpoints, zoneOf, type Interface, type Internet } from "./ends.ts";
import { sidesOf } from "./front.ts";
import { must, mustNot, placeOf, way, where } from "./intent.ts";
import { path } from "./path.ts";

const internet: Internet = { kind: "internet" };
const https = { port: 443, protocol: "tcp" } as const;

export const outThroughNat: Check = {
  id: "RCH005",
  title: "Hosts reach the internet through their own zone's NAT gateway only",
  why: "A way out without NAT exposes the host; a NAT gateway in another zone is lost with that zone, and every byte to it crosses zones and is billed.",
  fix: "Give each zone's table a route 0.0.0.0/0 to the NAT gateway in that zone.",
  *check({ places, model }) {
    for (const { region } of places) for (const from of hosts(model, region)) yield* throughNat(model, from);
  },
};

function* throughNat(model: Model, from: Interface): Generator<Complaint> {
  const found = path(model, from, internet, https);
  const name = where("A host", from);
  if (!found.allowed) {
    yield { message: `${name} cannot reach the internet: ${found.because}.${way(found)}`, place: found.refusedBy };
    return;
  }
  const nat = found.there.find(({ type }) => type === "AWS::EC2::NatGateway");
  if (!nat) {
    yield { message: `${name} reaches the internet without NAT.${way(found)}`, place: placeOf(from.subnet) };
    return;
  }
  const subnet = linked(nat.properties.SubnetId);
  if (subnet && zoneOf(subnet) === zoneOf(from.subnet)) return;
  const zone = subnet ? zoneOf(subnet) : "no known zone";
  yield { message: `${name} in ${zoneOf(from.subnet)} leaves through ${named(nat)} in ${zone}.${way(found)}`, place: placeOf(nat) };
}

export const databaseStaysInside: Check = {
  id: "RCH006",
  title: "The database does not reach the internet",
  why: "A database that cannot reach the internet cannot be made to send what it holds there.",
  fix: "Keep the data subnets' tables without a default route.",
  *check(subject) {
    const { places, model } = subject;
    for (const { region } of places) {
      for (const from of databases(model, region))
        yield* mustNot(sidesOf(subject), { from, to: internet, names: ["The database", "the internet"] });
    }
  },
};

/**
 * docs.aws.amazon.com/AmazonECS/latest/developerguide/vpc-endpoints.html
 * docs.aws.amazon.com/systems-manager/latest/userguide/setup-create-vpc.html
 */
export const agentServices = [
  "ecr.api",
  "ecr.dkr",
  "ecs",
  "ecs-agent",
  "ecs-telemetry",
  "ssm",
  "ssmmessages",
  "ec2messages",
  "logs",
  "secretsmanager",
];

export const hostsToServices: Check = {
  id: "RCH007",
  title: "Hosts reach the AWS services that they need inside the VPC",
  why: "Agents, image pulls, logs and secrets must go on while NAT or the internet does not: a host that lost them starts nothing.",
  fix: "Make the interface endpoint with private DNS in the hosts' subnets, and S3's gateway endpoint in their tables.",
  *check(subject) {
    const { places, model } = subject;
    for (const { region } of places) {
      const machines = hosts(model, region);
      if (machines.length === 0) continue;
      yield* unresolvable(model, region);
      for (const from of machines) {
        for (const service of agentServices) {
          for (const to of interfaceEndpoints(model, region, service))
            yield* must(sidesOf(subject), { from, to, traffic: https, names: ["A host", `the endpoint of ${service}`] });
        }
        yield* must(sidesOf(subject), { from, to: { kind: "service", name: "s3" }, traffic: https, names: ["A host", "S3"] });
      }
    }
  },
};

/** An endpoint that is missing, or that the service's public name does not lead to. */
export function* unresolvable(model: Model, region: string, services: readonly string[] = agentServices): Generator<Complaint> {
  for (const service of services) {
    const found = interfaceEndpoints(model, region, service);
    if (found.length === 0) yield { message: `${region} has no interface endpoint of ${service}.` };
    for (const { owner } of found.slice(0, 1)) {
      if (owner.properties.PrivateDnsEnabled === true) continue;
      yield {
        message: `The endpoint of ${service} in ${region} has no private DNS, so its name leads to the internet.`,
        place: placeOf(owner),
      };
    }
  }
}
