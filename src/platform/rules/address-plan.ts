/** The address plan: VPCs, data centre, Docker's bridge and tunnels never overlap, and everything fits where it is put. */
import { addresses, fits, reservedTunnels, type Addresses } from "../addresses.ts";
import { contains, overlaps, prefixLength, range, type Range } from "../cidr.ts";
import type { Definition, Role } from "../definition.ts";
import { rule, type Path } from "./rule.ts";

type Planned = Pick<Definition, "regions" | "addresses" | "site">;
type Named = { what: string; cidr: string; path: Path };
const roles = ["primary", "recovery"] satisfies Role[];

/** Parsed CIDRs are ranges: the schema says so. */
const span = (cidr: string): Range => range(cidr)!;

function* vpcs({ regions }: Pick<Definition, "regions">, plan: Addresses): Generator<Named> {
  for (const role of roles) {
    const planned = plan[role];
    if (planned)
      yield { what: `the ${role} region's VPC`, cidr: planned.vpc, path: ["regions", role, ...(regions[role]?.cidr ? ["cidr"] : [])] };
  }
}

/** In the order in which a later one is to blame for an overlap. */
function networks(definition: Planned, plan: Addresses): Named[] {
  const site = (definition.site?.cidrs ?? []).map((cidr, at) => ({ what: "the data centre's range", cidr, path: ["site", "cidrs", at] }));
  return [
    ...site,
    ...vpcs(definition, plan),
    { what: "Docker's bridge", cidr: definition.addresses.docker, path: ["addresses", "docker"] },
  ];
}

export const noOverlap = rule({
  id: "ADR006",
  why: "Between overlapping networks no route can say which one is meant; Docker's bridge swallows what it covers on every host.",
  fix: "choose a free range, or leave the VPC's out so that one is generated",
  needs: ["regions", "addresses", "site"],
  *check(definition) {
    const all = networks(definition, addresses(definition));
    for (const [at, later] of all.entries()) {
      const earlier = all.slice(0, at).find((each) => overlaps(span(each.cidr), span(later.cidr)));
      if (earlier) yield { path: later.path, message: `${upper(later.what)}, ${later.cidr}, overlaps ${earlier.what}, ${earlier.cidr}.` };
    }
  },
});

const upper = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

export const vpcSize = rule({
  id: "ADR007",
  // docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
  why: "AWS takes VPC ranges from /16 to /28.",
  fix: "choose a range from /16 to /28",
  needs: ["regions", "addresses", "site"],
  *check(definition) {
    for (const { what, cidr, path } of vpcs(definition, addresses(definition))) {
      if (prefixLength(cidr) < 16 || prefixLength(cidr) > 28) yield { path, message: `${upper(what)} is ${cidr}.` };
    }
  },
});

export const subnetsFit = rule({
  id: "ADR008",
  why: "Each zone gets a public, an app and a data subnet, and room is kept for a third zone.",
  fix: "take a larger VPC, or smaller subnets in addresses.subnets",
  needs: ["regions", "addresses", "site"],
  *check(definition) {
    const plan = addresses(definition);
    const { public: outer, app, data } = definition.addresses.subnets;
    for (const [at, { cidr, path }] of [...vpcs(definition, plan)].entries()) {
      const planned = plan[roles[at]!];
      if (prefixLength(cidr) > 28 || !planned || fits(planned)) continue;
      yield { path, message: `Subnets of /${outer} (public), /${app} (app) and /${data} (data) in each zone do not fit into ${cidr}.` };
    }
  },
});

/** The tunnels as they are planned, with the path of those that were given. */
function tunnels({ addresses: wishes }: Pick<Definition, "addresses">, plan: Addresses): Named[] {
  return roles.flatMap((role) =>
    (plan[role]?.tunnels ?? []).map((cidr, at) => ({
      what: `the ${role} region's tunnel ${at + 1}`,
      cidr,
      path: ["addresses", "tunnels", ...(wishes.tunnels[role] ? [role, at] : [])],
    })),
  );
}

export const tunnelForm = rule({
  id: "ADR009",
  // docs.aws.amazon.com/vpn/latest/s2svpn/VPNTunnels.html
  why: "The inside of a tunnel is a /30 of 169.254.0.0/16, and AWS keeps some of those for itself.",
  fix: 'write a /30 such as "169.254.30.0/30"',
  needs: ["regions", "addresses", "site"],
  *check(definition) {
    const linkLocal = span("169.254.0.0/16");
    for (const { what, cidr, path } of tunnels(definition, addresses(definition))) {
      const reserved = reservedTunnels.find((each) => overlaps(span(each), span(cidr)));
      if (prefixLength(cidr) !== 30 || !contains(linkLocal, span(cidr))) {
        yield { path, message: `${upper(what)} is ${cidr}, which is not a /30 of 169.254.0.0/16.` };
      } else if (reserved) yield { path, message: `${upper(what)} is ${cidr}, and AWS reserves ${reserved}.` };
    }
  },
});

export const tunnelsDistinct = rule({
  id: "ADR010",
  why: "Each tunnel and each Direct Connect session has addresses of its own, or the router cannot tell its neighbours apart.",
  fix: "choose another /30",
  needs: ["regions", "addresses", "site"],
  *check(definition) {
    const plan = addresses(definition);
    const lines = plan.lines.map((cidr) => ({ what: "the Direct Connect session", cidr, path: ["addresses", "tunnels"] }));
    const all = [...lines, ...tunnels(definition, plan)];
    for (const [at, later] of all.entries()) {
      const earlier = all.slice(0, at).find((each) => overlaps(span(each.cidr), span(later.cidr)));
      if (earlier) yield { path: later.path, message: `${upper(later.what)} has ${later.cidr}, as has ${earlier.what}.` };
    }
  },
});
