/** The lines as a router sees them: what its interfaces are called, and where secrets and AWS's addresses will stand. */
import { addresses } from "../platform/addresses.ts";
import type { Definition, Role, Router } from "../platform/definition.ts";
import { directLines, tunnelLines, type DirectLine, type TunnelLine } from "../platform/lines.ts";
import { names } from "../platform/names.ts";
import { holdings } from "../platform/strategies.ts";
import { placeholder } from "./placeholder.ts";

type Interface = {
  /** Linux takes 15 characters: `vpn-recovery-1` has 14. */
  name: string;
  /** Where the key will stand. */
  key: string;
};

export type DirectPath = DirectLine & Interface;
/** `outside`: where AWS's public address will stand. `id`: ties the IPsec policies to their interface. */
export type TunnelPath = TunnelLine & Interface & { outside: string; id: number };
export type Path = DirectPath | TunnelPath;

/** The regions that the data centre talks to. */
export function regionsOf(definition: Definition): { role: Role; region: string; vpc: string }[] {
  const plan = addresses(definition);
  const linked = (["primary", "recovery"] as const).filter((role) => holdings(definition, role).link !== "absent");
  return linked.flatMap((role) => {
    const [place, own] = [definition.regions[role], plan[role]];
    return place && own ? [{ role, region: place.region, vpc: own.vpc }] : [];
  });
}

export const directPaths = (definition: Definition, router: Router): DirectPath[] =>
  directLines(definition)
    .filter((line) => line.router === router.name)
    .map((line) => ({ ...line, name: `dx${line.number}`, key: key(definition, definition.regions.primary.region, line.secret) }));

export const tunnelPaths = (definition: Definition, router: Router): TunnelPath[] =>
  tunnelLines(definition)
    .filter((line) => line.router === router.name)
    .map((line, at) => ({
      ...line,
      name: `vpn-${line.role}-${line.number}`,
      key: key(definition, line.region, line.secret),
      outside: placeholder({ kind: "tunnel", region: line.region, name: line.inside }),
      id: at + 1,
    }));

const key = (definition: Definition, region: string, secret: string): string =>
  placeholder({ kind: "secret", region, name: names(definition).secret(secret) });
