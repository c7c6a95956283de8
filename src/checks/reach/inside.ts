/** What services reach: what they say they use, and no more. */
import { databasePort } from "../../platform/database-port.ts";
import type { Definition } from "../../platform/definition.ts";
import type { Check } from "../check.ts";
import { databases, hosts } from "./ends.ts";
import { dynamicPorts, sidesOf } from "./front.ts";
import { must, mustNot, pairs } from "./intent.ts";

export const hostsToDatabase: Check = {
  id: "RCH004",
  title: "Hosts reach the database exactly when a service uses it",
  why: "Containers share their host's security group: a service that uses the database needs it opened, and with none it stays closed.",
  fix: 'Write uses: ["database"] at the service, or take the rule out of the security group.',
  *check(subject) {
    const { definition, places, model } = subject;
    const { database } = definition;
    if (!database) return;
    const used = cloudServices(definition).some(({ uses }) => uses.includes("database"));
    const traffic = { port: databasePort(database), protocol: "tcp" } as const;
    for (const { region } of places) {
      for (const [from, to] of pairs(hosts(model, region), databases(model, region))) {
        const question = { from, to, traffic, names: ["A host", "the database"] } as const;
        yield* used ? must(sidesOf(subject), question) : mustNot(sidesOf(subject), question);
      }
    }
  },
};

export const servicesReachServices: Check = {
  id: "RCH012",
  title: "Services reach the services that they use",
  why: "A service in the regions reaches another on any host, or in the data centre by whichever line is up.",
  fix: "Let the port out of the hosts' security group, and route the data centre's ranges to the hub.",
  *check(subject) {
    const { definition, places, model } = subject;
    const { services, site } = definition;
    const used = cloudServices(definition).flatMap(({ uses }) => uses.flatMap((name) => (services[name] ? [services[name]] : [])));
    for (const { region } of places) {
      const machines = hosts(model, region);
      if (used.some(({ runsOn }) => runsOn !== "site")) {
        for (const [from, to] of pairs(machines, machines))
          yield* must(sidesOf(subject), { from, to, traffic: { port: dynamicPorts, protocol: "tcp" }, names: ["A host", "another host"] });
      }
      if (!site) continue;
      const ports = used.flatMap(({ runsOn, port }) => (runsOn === "site" && port !== undefined ? [port] : []));
      for (const port of new Set(ports)) {
        const to = { kind: "site", cidrs: site.cidrs } as const;
        for (const from of machines)
          yield* must(sidesOf(subject), {
            from,
            to,
            traffic: { port, protocol: "tcp" },
            names: ["A host", "a service in the data centre"],
          });
      }
    }
  },
};

const cloudServices = ({ services }: Definition) => Object.values(services).filter(({ runsOn }) => runsOn !== "site");
