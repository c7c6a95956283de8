/** What stands in the data centre has an address of the data centre, and one of its own. */
import { address, contains, range, type Range } from "../cidr.ts";
import type { Definition } from "../definition.ts";
import { rule, type Path } from "./rule.ts";

type Placed = { what: string; address: string; path: Path };

/** Machines with an address inside. */
function placed({ site, files }: Pick<Definition, "site" | "files">): Placed[] {
  const routers = (site?.routers ?? []).flatMap(({ name, inside }, at) =>
    inside === undefined ? [] : [{ what: `router ${name}`, address: inside, path: ["site", "routers", at, "inside"] }],
  );
  const hosts = (site?.hosts ?? []).map(({ name, address }, at) => ({
    what: `host ${name}`,
    address,
    path: ["site", "hosts", at, "address"],
  }));
  const gateways = (["address", "recoveryAddress"] as const).flatMap((key) => {
    const given = files.gateway?.[key];
    return given === undefined ? [] : [{ what: "the file gateway", address: given, path: ["files", "gateway", key] }];
  });
  return [...routers, ...hosts, ...gateways];
}

function inside(site: NonNullable<Definition["site"]>, text: string): boolean {
  const point = address(text);
  const wanted: Range | undefined = point === undefined ? range(text) : { first: point, last: point };
  return wanted !== undefined && site.cidrs.some((cidr) => contains(range(cidr)!, wanted));
}

export const insideSite = rule({
  id: "ADR011",
  why: "AWS has routes to the data centre's ranges only, so nothing else in it can be answered.",
  fix: "choose an address of site.cidrs, or add the range to them",
  needs: ["site", "files"],
  *check({ site, files }) {
    if (!site) return;
    for (const { what, address: text, path } of placed({ site, files })) {
      if (!inside(site, text)) yield { path, message: `${text} of ${what} is not in ${site.cidrs.join(", ")}.` };
    }
    for (const [name, { clients = [] }] of Object.entries(files.shares)) {
      for (const [at, client] of clients.entries()) {
        if (inside(site, client)) continue;
        yield {
          path: ["files", "shares", name, "clients", at],
          message: `Client ${client} of share ${name} is not in ${site.cidrs.join(", ")}.`,
        };
      }
    }
  },
});

export const addressOnce = rule({
  id: "ADR012",
  why: "Two machines with one address take each other's packets.",
  fix: "give each machine an address of its own",
  needs: ["site", "files"],
  *check(definition) {
    const seen = new Map<string, string>();
    for (const { what, address: text, path } of placed(definition)) {
      const earlier = seen.get(text);
      if (earlier) yield { path, message: `${text} of ${what} is also that of ${earlier}.` };
      else seen.set(text, what);
    }
  },
});

export const hostNames = rule({
  id: "ADR013",
  why: "A machine is registered, patched and repaired by its name.",
  fix: "give each host a name of its own",
  needs: ["site"],
  *check({ site }) {
    const names = (site?.hosts ?? []).map(({ name }) => name);
    for (const [at, name] of names.entries()) {
      if (names.indexOf(name) < at) yield { path: ["site", "hosts", at, "name"], message: `Two hosts are called ${name}.` };
    }
  },
});
