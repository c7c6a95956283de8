/** The address plan: given ranges are kept, the others are generated so that nothing overlaps. Sameness in, sameness out. */
import { contains, dotted, overlaps, prefixLength, range, slice, type Range } from "./cidr.ts";
import type { Definition, Role } from "./definition.ts";

export type RegionAddresses = {
  vpc: string;
  /** One of each for every zone, in the zones' order. */
  public: string[];
  app: string[];
  data: string[];
  /** The /30s inside the VPN's two tunnels. */
  tunnels: [string, string];
};

export type Addresses = {
  primary: RegionAddresses;
  recovery?: RegionAddresses;
  /** The /30 of each Direct Connect virtual interface's BGP session: the site has the first address, AWS the second. */
  lines: string[];
};

/** Room is kept for three zones, so that a third one later moves no subnet. */
const zoneSlots = 3;

/** AWS keeps these for itself: docs.aws.amazon.com/vpn/latest/s2svpn/VPNTunnels.html (inside tunnel CIDR). */
export const reservedTunnels = [0, 1, 2, 3, 4, 5].map((third) => `169.254.${third}.0/30`).concat("169.254.169.252/30");

export function addresses(definition: Pick<Definition, "regions" | "addresses" | "site">): Addresses {
  const { regions, addresses: wishes, site } = definition;
  const taken = [regions.primary.cidr, regions.recovery?.cidr, wishes.docker, ...(site?.cidrs ?? [])].filter((each) => each !== undefined);
  const vpc = (given: string | undefined) => {
    const chosen = given ?? freeNetwork(wishes.from, taken);
    taken.push(chosen);
    return chosen;
  };
  const region = (role: Role, given: string | undefined, zones: number): RegionAddresses => {
    const network = vpc(given);
    return {
      vpc: network,
      ...subnets(network, wishes.subnets, zones),
      tunnels: wishes.tunnels[role] ?? [tunnel(role === "primary" ? 0 : 2), tunnel(role === "primary" ? 1 : 3)],
    };
  };
  return {
    primary: region("primary", regions.primary.cidr, regions.primary.zones.length),
    recovery: regions.recovery && region("recovery", regions.recovery.cidr, regions.recovery.zones.length),
    lines: Array.from({ length: lineCount(definition) }, (_, at) => `169.254.20.${at * 4}/30`),
  };
}

/** How many virtual interfaces the Direct Connect has: one for each location it is ordered at, else one. */
export function lineCount({ site }: Pick<Definition, "site">): number {
  const connection = site?.directConnect?.connection;
  if (!connection) return 0;
  return "order" in connection ? connection.order.locations.length : 1;
}

const tunnel = (index: number) => `169.254.10.${index * 4}/30`;

function freeNetwork(from: string, taken: string[]): string {
  const used = taken.map(range).filter((each): each is Range => each !== undefined);
  for (let index = 0; ; index++) {
    const candidate = slice(from, Math.max(16, prefixLength(from)), index);
    const covered = candidate && range(candidate);
    // Nothing free: the first one, which the overlap rule then complains about by name.
    if (!candidate || !covered) return slice(from, Math.max(16, prefixLength(from)), 0) ?? from;
    if (!used.some((other) => overlaps(other, covered))) return candidate;
  }
}

/** Largest first, each aligned to its own size; past the network's end when it is too small, which a rule reports. */
function subnets(network: string, lengths: Definition["addresses"]["subnets"], zones: number) {
  const whole = range(network);
  const result = { public: [] as string[], app: [] as string[], data: [] as string[] };
  if (!whole) return result;
  let cursor = whole.first;
  const kinds = (["app", "public", "data"] as const).toSorted((one, other) => lengths[one] - lengths[other]);
  for (const kind of kinds) {
    const step = 2 ** (32 - lengths[kind]);
    cursor = Math.ceil(cursor / step) * step;
    for (let zone = 0; zone < zoneSlots; zone++, cursor += step) if (zone < zones) result[kind].push(`${dotted(cursor)}/${lengths[kind]}`);
  }
  return result;
}

/** Whether every subnet lies inside its network. */
export function fits({ vpc, public: outer, app, data }: RegionAddresses): boolean {
  const whole = range(vpc);
  return [...outer, ...app, ...data].every((each) => {
    const inner = range(each);
    return whole !== undefined && inner !== undefined && contains(whole, inner);
  });
}
