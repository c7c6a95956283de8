/** What a router's BGP says and believes, apart from how its system writes it. */
import { UserError } from "../kernel/assert.ts";
import { address, contains, range } from "../platform/cidr.ts";
import type { Definition, Role, Router, Site } from "../platform/definition.ts";
import { directPaths, regionsOf, tunnelPaths, type DirectPath, type Path, type TunnelPath } from "./paths.ts";

/** Inwards the higher wins, so the data centre sends by Direct Connect while it is there. */
export const localPreference = { direct: 200, tunnel: 100 } as const;

/**
 * The way back is the same: AWS prefers Direct Connect for equal prefixes anyhow, and these say so as well.
 * 7224:7300 is the highest of the three preferences that AWS takes on private and transit interfaces; the VPN's path is made longer.
 * Source: docs.aws.amazon.com/directconnect/latest/UserGuide/routing-and-bgp.html
 */
export const directCommunity = "7224:7300";
export const tunnelPrepend = 2;

/** BFD as AWS takes it at least. Source: docs.aws.amazon.com/directconnect/latest/UserGuide/bgp-specific-settings.html */
export const bfd = { interval: 300, multiplier: 3 } as const;

/** Seconds. Direct Connect's defaults (same page), what AWS's sample configurations set on VPN, and ours between the two routers. */
export const timers = {
  direct: { keepalive: 30, hold: 90 },
  tunnel: { keepalive: 10, hold: 30 },
  inside: { keepalive: 3, hold: 9 },
} as const;

/**
 * AWS announces a prefix for each VPC. Far more is somebody's mistake: the session closes and comes back after five minutes, rather than
 * fill the router.
 */
export const prefixesMax = 20;
export const prefixesRestart = 5;

/** The number of the routers' VRRP group, and the hardware address that follows from it: RFC 5798, 7.3. */
export const vrrp = { group: 10, hardware: "00:00:5e:00:01:0a" } as const;

/** Bytes of a packet inside a tunnel, for AES-GCM without NAT. Source: docs.aws.amazon.com/vpn/latest/s2svpn/cgw-best-practice.html */
export const tunnelMtu = 1446;
/** Without the headers of IP and TCP. */
export const tunnelSegment = 1406;

export type Routing = {
  site: Site;
  router: Router;
  id: string;
  direct: DirectPath[];
  tunnels: TunnelPath[];
  paths: Path[];
  /** The other router of the site. */
  peer?: { name: string; inside: string; bfd: boolean };
  /** The address that it shares with the other, and how much it wants it: the router with the Direct Connect most. */
  shared?: { address: string; priority: number };
  vpcs: { role: Role; region: string; vpc: string }[];
  /** Ranges that are announced while the router is connected to a part of them, and ranges that are always. */
  announce: { connected: string[]; always: string[] };
  /** Equal ways at once: several Direct Connects, both tunnels where AWS does so too. Else AWS says by MED which tunnel it means. */
  multipath: number;
  /** The names of a line's filters. */
  policy: (path: Path) => { in: string; out: string };
};

export function routing(definition: Definition, site: Site, router: Router): Routing {
  const other = site.routers.find((each) => each !== router);
  if (other && !(router.inside && other.inside)) {
    throw new UserError(
      "SITE_INSIDE",
      `The routers ${router.name} and ${other.name} do not know each other's address inside the data centre.`,
      'Add inside: "…" to both in site.routers.',
    );
  }
  const [direct, tunnels] = [directPaths(definition, router), tunnelPaths(definition, router)];
  const connected = site.cidrs.filter((cidr) => holds(cidr, router.inside));
  return {
    site,
    router,
    id: router.inside ?? router.address,
    direct,
    tunnels,
    paths: [...direct, ...tunnels],
    peer: other && { name: other.name, inside: other.inside!, bfd: other.bfd && router.bfd },
    shared: other && site.gateway ? { address: site.gateway, priority: direct.length ? 200 : 100 } : undefined,
    vpcs: regionsOf(definition),
    announce: { connected, always: site.cidrs.filter((cidr) => !connected.includes(cidr)) },
    multipath: Math.max(direct.length, site.vpn?.ecmp ? 2 : 1),
    policy: (path) =>
      path.kind === "direct"
        ? { in: "direct-in", out: "direct-out" }
        : // Equal MEDs where both tunnels are in use.
          { in: `vpn-${path.role}-in`, out: `vpn-${site.vpn?.ecmp ? 1 : path.number}-out` },
  };
}

function holds(cidr: string, inside: string | undefined): boolean {
  const [whole, first] = [range(cidr), inside === undefined ? undefined : address(inside)];
  return whole !== undefined && first !== undefined && contains(whole, { first, last: first });
}
