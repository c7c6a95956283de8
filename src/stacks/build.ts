/** The list of parts: what each needs of those before it. A new part is a line here and one in parts.ts. */
import type { Stack } from "aws-cdk-lib";
import { compute, computeRoles } from "./compute.ts";
import { database, databaseRoles } from "./database.ts";
import { domain } from "./domain.ts";
import { faults } from "./faults.ts";
import { files, filesRoles } from "./files.ts";
import { foundation } from "./foundation.ts";
import { link } from "./link.ts";
import { nat } from "./nat.ts";
import { network, networkRoles } from "./network.ts";
import { observability } from "./observability.ts";
import { operations, operationsRoles } from "./operations.ts";
import type { Compute, Domain, Files, Foundation, Link, Network, PartName } from "./parts.ts";
import type { Place } from "./place.ts";
import { protection } from "./protection.ts";
import { registry } from "./registry.ts";
import { shares, sharesRoles } from "./shares.ts";
import { traffic } from "./traffic.ts";
import { resolver } from "./resolver.ts";
import { vault } from "./vault.ts";
import { assert } from "../kernel/assert.ts";

/** What the parts of one region gave so far. */
export type Built = { foundation?: Foundation; network?: Network; link?: Link; domain?: Domain; files?: Files; compute?: Compute };

type Builder = (stack: Stack, place: Place, built: Built) => void;

export const build: Record<PartName, Builder> = {
  foundation: (stack, place, built) => void (built.foundation = foundation(stack, place)),
  roles: (stack, place) => {
    for (const roles of [networkRoles, databaseRoles, filesRoles, sharesRoles, computeRoles, operationsRoles]) roles(stack, place);
  },
  vault: (stack, place, built) => vault(stack, place, needs(built, "foundation")),
  network: (stack, place, built) => {
    built.network = network(stack, place, needs(built, "foundation"));
    // What is off goes with the compute stack, which is switched on as one.
    if (place.holdings.nat !== "off") nat(stack, place, needs(built, "foundation", "network"));
  },
  link: (stack, place, built) => {
    built.link = link(stack, place, needs(built, "foundation", "network"));
    const { vpcId, appSubnets } = needs(built, "network").network;
    resolver(stack, place, { vpcId, subnets: appSubnets });
  },
  domain: (stack, place, built) => void (built.domain = domain(stack, place)),
  registry: (stack, place, built) => registry(stack, place, needs(built, "foundation")),
  database: (stack, place, built) => database(stack, place, needs(built, "foundation", "network")),
  files: (stack, place, built) => void (built.files = files(stack, place, needs(built, "foundation"))),
  shares: (stack, place, built) => shares(stack, place, needs(built, "foundation", "files", "network")),
  compute: (stack, place, built) => {
    if (place.holdings.nat === "off") nat(stack, place, needs(built, "foundation", "network"));
    built.compute = compute(stack, place, { ...needs(built, "foundation", "network"), domain: built.domain, files: built.files });
  },
  operations: (stack, place, built) => operations(stack, place, needs(built, "foundation")),
  protection: (stack, place, built) => protection(stack, place, needs(built, "foundation")),
  observability: (stack, place, built) => observability(stack, place, { ...needs(built, "foundation"), link: built.link }),
  traffic: (stack, place, built) => {
    // What is not deployed cannot be referred to: the records then point to the reserved addresses.
    const standing = place.holdings.compute === "live" || place.holdings.compute === "zero";
    traffic(stack, place, { ...needs(built, "foundation", "domain"), compute: standing ? built.compute : undefined });
  },
  faults: (stack, place, built) => faults(stack, place, { ...needs(built, "foundation", "network"), link: built.link }),
};

/** The order of parts.ts gives what is needed; if not, the order is our bug. */
function needs<Name extends keyof Built>(built: Built, ...names: Name[]): { [Each in Name]: NonNullable<Built[Each]> } {
  for (const name of names) assert(built[name], `${name} is built before what needs it`);
  return built as { [Each in Name]: NonNullable<Built[Each]> };
}
