/** Who may open connections to whom: derived from what services say they use. Nothing else passes, in either direction. */
import type { Stack } from "aws-cdk-lib";
import * as ec2 from "aws-cdk-lib/aws-ec2";
import { databasePort } from "../platform/database-port.ts";
import type { Definition, Service } from "../platform/definition.ts";
import type { Network } from "./parts.ts";
import { pascal, type Place } from "./place.ts";
import { acknowledge } from "./template.ts";

type Name = keyof Network["groups"];
type Ports = readonly [from: number, to: number];
/** TCP from or to a range. */
type Rule = { cidr: string; ports: Ports; description: string };

/** Where Docker puts a container's port when the task says 0. docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html */
const dynamic: Ports = [32_768, 65_535];
const https: Ports = [443, 443];
const http: Ports = [80, 80];

/**
 * A group without rules out gets one from EC2 that allows everything, unless its template has another one; this one leads nowhere.
 * docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroup.html
 */
export const nowhere = { ipProtocol: "-1", cidrIp: "127.0.0.1/32", description: "Nothing" };

export function securityGroups(stack: Stack, place: Place, vpcId: string): Network["groups"] {
  const needs = connections(place);
  const group = (name: Name, description: string, rules: { in?: Rule[]; out?: Rule[] }) =>
    new ec2.CfnSecurityGroup(stack, `${pascal(name)}Group`, {
      groupDescription: description,
      vpcId,
      securityGroupIngress: rules.in?.length ? rules.in.map(written) : undefined,
      securityGroupEgress: rules.out?.length ? rules.out.map(written) : [nowhere],
      tags: [{ key: "Name", value: place.names.stack(name) }],
    });
  const made = {
    balancer: group("balancer", "Load balancer", { in: needs.toBalancer }),
    hosts: group("hosts", "Container instances", { out: needs.fromHosts }),
    database: group("database", "Database", { in: needs.toDatabase }),
    endpoints: group("endpoints", "Endpoints of AWS services", { in: needs.toEndpoints }),
    fence: group("fence", "Lets nothing in or out: what is fenced gets this group alone", {}),
  };
  if (place.definition.domain) {
    acknowledge(made.balancer, "AwsSolutions-EC23", "The public front: 443, and 80 to be redirected there. Everything else is behind it.");
  }
  const groups = Object.fromEntries(Object.entries(made).map(([name, { attrGroupId }]) => [name, attrGroupId])) as Network["groups"];
  for (const { from, to, ports, description } of needs.between) between(stack, groups, from, to, ports, description);
  return groups;
}

type Between = { from: Name; to: Name; ports: Ports; description: string };

/** The connections that the platform needs, by group. */
function connections(place: Place) {
  const { definition } = place;
  const { services, domain, database } = definition;
  const site = place.holdings.link === "absent" ? undefined : definition.site;
  const fromSite = (ports: Ports, description: string): Rule[] => (site?.cidrs ?? []).map((cidr) => ({ cidr, ports, description }));
  const all = Object.values(services);
  const [cloud, atSite] = [all.filter(({ runsOn }) => runsOn !== "site"), all.filter(({ runsOn }) => runsOn !== "cloud")];
  const port = database && databasePort(database);
  const between: (Between | false | undefined)[] = [
    { from: "balancer", to: "hosts", ports: dynamic, description: "Requests and health checks" },
    { from: "hosts", to: "endpoints", ports: https, description: "AWS services" },
    uses(cloud, "database") && port !== undefined && { from: "hosts", to: "database", ports: [port, port], description: "Queries" },
    callsBetween(definition) && { from: "hosts", to: "hosts", ports: dynamic, description: "Services that use each other" },
  ];
  return {
    toBalancer: domain
      ? [http, https].map((ports) => ({ cidr: "0.0.0.0/0", ports, description: "Everybody" }))
      : [http, https].flatMap((ports) => fromSite(ports, "The data centre")),
    fromHosts: [
      // Addresses of S3's gateway endpoint are public ones and in a list that no template can name: its route keeps them inside.
      // The rest leaves through the zone's NAT gateway. Questions to the VPC's own resolver are not filtered.
      { cidr: "0.0.0.0/0", ports: https, description: "S3, and the internet through NAT" },
      ...siteServices(definition).flatMap((at) => fromSite([at, at], "Services in the data centre")),
    ],
    toDatabase: port !== undefined && uses(atSite, "database") ? fromSite([port, port], "Queries of the data centre") : [],
    toEndpoints: [...fromSite(https, "Agents in the data centre"), ...fileGateway(place)],
    between: between.filter((each) => each !== false && each !== undefined),
  };
}

const uses = (services: Service[], what: string): boolean => services.some((service) => service.uses.includes(what));

/** Whether a service in the cloud uses one that is there too. */
const callsBetween = ({ services }: Definition): boolean =>
  Object.values(services).some(
    ({ runsOn, uses: used }) => runsOn !== "site" && used.some((name) => services[name] && services[name].runsOn !== "site"),
  );

/** Ports of data-centre services that services in the cloud use. */
function siteServices({ services }: Definition): number[] {
  const used = Object.values(services).flatMap((service) => (service.runsOn === "site" ? [] : service.uses));
  const ports = used.flatMap((name) => (services[name]?.runsOn === "site" ? (services[name].port ?? []) : []));
  return [...new Set(ports)].toSorted((one, other) => one - other);
}

/** A gateway that is activated and works over its endpoint needs these besides 443: docs.aws.amazon.com/filegateway/latest/files3/Requirements.html */
function fileGateway({ definition, role, holdings }: Place): Rule[] {
  const { gateway } = definition.files;
  if (!gateway || holdings.link === "absent") return [];
  const address = role === "recovery" ? (gateway.recoveryAddress ?? gateway.address) : gateway.address;
  const ports: Ports[] = [
    [1026, 1028],
    [1031, 1031],
    [2222, 2222],
  ];
  return ports.map((each) => ({ cidr: `${address}/32`, ports: each, description: "File gateway" }));
}

const written = ({ cidr, ports: [fromPort, toPort], description }: Rule) => ({
  ipProtocol: "tcp",
  fromPort,
  toPort,
  cidrIp: cidr,
  description,
});

/** Both ends of a connection between two groups; resources of their own, since groups that refer to each other could not be made. */
function between(stack: Stack, groups: Network["groups"], from: Name, to: Name, [fromPort, toPort]: Ports, description: string): void {
  const [source, target] = [pascal(from), pascal(to)];
  new ec2.CfnSecurityGroupEgress(stack, `${source}To${target}`, {
    groupId: groups[from],
    destinationSecurityGroupId: groups[to],
    ipProtocol: "tcp",
    fromPort,
    toPort,
    description,
  });
  new ec2.CfnSecurityGroupIngress(stack, `${target}From${source}`, {
    groupId: groups[to],
    sourceSecurityGroupId: groups[from],
    ipProtocol: "tcp",
    fromPort,
    toPort,
    description,
  });
}
