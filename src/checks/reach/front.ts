/** Who reaches the platform from outside: the load balancer is for everybody, everything else for nobody. */
import type { Check, Subject } from "../check.ts";
import { balancers, databases, hosts, interfaceEndpoints, resolvers, type Internet } from "./ends.ts";
import { must, mustNot, pairs } from "./intent.ts";

const internet: Internet = { kind: "internet" };

/** Where Docker puts a container's port when the task says 0: docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html */
export const dynamicPorts = [32_768, 65_535] as const;

export const sidesOf = ({ model, definition }: Subject) => ({ model, site: definition.site?.cidrs ?? [] });

export const publicFront: Check = {
  id: "RCH001",
  title: "The internet reaches the load balancer",
  why: "Users come in by the load balancer's public addresses, in every zone, on port 443.",
  fix: "Give the public subnets a route 0.0.0.0/0 to the internet gateway, and let 443 in by the load balancer's security group.",
  *check(subject) {
    const { definition, places, model } = subject;
    if (!definition.domain || !Object.values(definition.services).some(({ route }) => route)) return;
    for (const { region } of places.filter(({ holdings }) => holdings.compute !== "absent")) {
      const fronts = balancers(model, region).filter((each) => each.public);
      if (fronts.length === 0) yield { message: `${region} has no load balancer that faces the internet.` };
      for (const to of fronts)
        yield* must(sidesOf(subject), {
          from: internet,
          to,
          traffic: { port: 443, protocol: "tcp" },
          names: ["The internet", "the load balancer"],
        });
    }
  },
};

export const nothingElsePublic: Check = {
  id: "RCH002",
  title: "The internet reaches nothing but the load balancer",
  why: "A host, a database or an endpoint with a way in from the internet is attacked within minutes.",
  fix: "Take away its public address, or keep its subnet's table without a route to the internet gateway.",
  *check(subject) {
    const { places, model } = subject;
    for (const { region } of places) {
      const inner = [
        ...hosts(model, region).map((to) => ["a host", to] as const),
        ...databases(model, region).map((to) => ["the database", to] as const),
        ...interfaceEndpoints(model, region).map((to) => ["an endpoint", to] as const),
        ...resolvers(model, region).map((to) => ["the resolver", to] as const),
      ];
      for (const [name, to] of inner) yield* mustNot(sidesOf(subject), { from: internet, to, names: ["The internet", name] });
    }
  },
};

export const frontToHosts: Check = {
  id: "RCH003",
  title: "The load balancer reaches the hosts",
  why: "In bridge mode Docker chooses a task's port: requests and health checks need the whole dynamic range, from every zone to every zone.",
  fix: "Let tcp 32768-65535 out of the load balancer's security group and into the hosts'.",
  *check(subject) {
    const { definition, places, model } = subject;
    if (!Object.values(definition.services).some(({ route, runsOn }) => route && runsOn !== "site")) return;
    for (const { region } of places.filter(({ holdings }) => holdings.compute !== "absent")) {
      const fronts = balancers(model, region).filter(({ owner }) => owner.properties.Type !== "network");
      const machines = hosts(model, region);
      if (fronts.length === 0 || machines.length === 0) yield { message: `${region} lacks a load balancer or hosts for it.` };
      for (const [from, to] of pairs(fronts, machines))
        yield* must(sidesOf(subject), {
          from,
          to,
          traffic: { port: dynamicPorts, protocol: "tcp" },
          names: ["The load balancer", "a host"],
        });
    }
  },
};
