/** Unbound on the data centre's resolvers: the regions' names are asked of the regions, so hosts find AWS's private addresses. Syntax: nlnetlabs.nl/documentation/unbound/ */
import type { Definition, Site } from "../platform/definition.ts";
import { names } from "../platform/names.ts";
import { text, type SiteFile } from "./file.ts";
import { regionsOf } from "./paths.ts";
import { placeholder } from "./placeholder.ts";

/** One file a region: a region whose endpoint is not there yet leaves the other's names alone. */
export const dns = (definition: Definition, { dns: wishes }: Site): SiteFile[] =>
  wishes
    ? regionsOf(definition).map(({ role, region }) => ({
        path: `dns/unbound/unbound.conf.d/causeway-${role}.conf`,
        text: forwarding(region, names(definition).stack("resolver-inbound")),
      }))
    : [];

/** Private addresses in answers are meant here, and answers that AWS makes for a VPC carry no signatures. */
function forwarding(region: string, endpoint: string): string {
  const zones = [`${region}.amazonaws.com`, `${region}.api.aws`, `${region}.on.aws`];
  const addresses = [1, 2].map((number) => placeholder({ kind: "resolver", region, name: `${endpoint}/${number}` }));
  return text(
    "server:",
    zones.map((zone) => [`    private-domain: "${zone}"`, `    domain-insecure: "${zone}"`]),
    zones.map((zone) => ["", "forward-zone:", `    name: "${zone}"`, addresses.map((address) => `    forward-addr: ${address}`)]),
  );
}
