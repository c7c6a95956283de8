/** FRR's configuration (frr.conf, daemons). Syntax: docs.frrouting.org */
import { text, type Lines } from "./file.ts";
import type { Path } from "./paths.ts";
import { bfd, directCommunity, localPreference, prefixesMax, prefixesRestart, timers, tunnelPrepend, type Routing } from "./routing.ts";

/** `/etc/frr/frr.conf`. */
export function frr(routing: Routing): string {
  const { router, announce } = routing;
  return text(
    `! ${router.name}: BGP to AWS over ${routing.paths.map(({ name }) => name).join(", ") || "the other router"}.`,
    "frr defaults traditional",
    `hostname ${router.name}`,
    "log syslog informational",
    "service integrated-vtysh-config",
    "!",
    // What the router is not connected to still has a way inside that somebody else knows; this one keeps the announcement steady.
    announce.always.map((cidr) => `ip route ${cidr} Null0 254`),
    "!",
    prefixLists(routing),
    "!",
    routeMaps(routing),
    "!",
    profiles(routing),
    "!",
    // FRR finds the shared address by the interface that carries it: interfaces.ts.
    routing.shared && [`vrrp default priority ${routing.shared.priority}`, "vrrp autoconfigure version 3", "!"],
    bgp(routing),
    "!",
    "end",
  );
}

/** `/etc/frr/daemons`: which of FRR's programs run. */
export const frrDaemons = ({ router, shared }: Routing): string =>
  text(
    "bgpd=yes",
    `bfdd=${router.bfd ? "yes" : "no"}`,
    `vrrpd=${shared ? "yes" : "no"}`,
    "vtysh_enable=yes",
    'zebra_options="  -A 127.0.0.1 -s 90000000"',
    'bgpd_options="   -A 127.0.0.1"',
    'bfdd_options="   -A 127.0.0.1"',
    'staticd_options="-A 127.0.0.1"',
    'vrrpd_options="  -A 127.0.0.1"',
  );

const list = (name: string, cidrs: readonly string[]): string[] =>
  cidrs.map((cidr, at) => `ip prefix-list ${name} seq ${(at + 1) * 5} permit ${cidr}`);

/** Exactly the VPCs' ranges in, exactly the site's out: the site is never a way from one network to another. */
function prefixLists({ site, vpcs, announce }: Routing): Lines {
  return [
    list("site", site.cidrs),
    list(
      "aws",
      vpcs.map(({ vpc }) => vpc),
    ),
    vpcs.map(({ role, vpc }) => list(`aws-${role}`, [vpc])),
    announce.connected.map((cidr, at) => `ip prefix-list inside seq ${(at + 1) * 5} permit ${cidr} le 32`),
    // An empty AS path: made here, not passed on.
    "bgp as-path access-list made-here seq 5 permit ^$",
  ];
}

function routeMaps({ direct, tunnels, vpcs, peer, announce }: Routing): Lines {
  const out = (name: string, ...set: string[]): Lines => [
    `route-map ${name} permit 10`,
    " match ip address prefix-list site",
    " match as-path made-here",
    set.map((each) => ` set ${each}`),
    "exit",
  ];
  const into = (name: string, from: string, preference: number): Lines => [
    `route-map ${name} permit 10`,
    ` match ip address prefix-list ${from}`,
    ` set local-preference ${preference}`,
    "exit",
  ];
  return [
    direct.length > 0 && [into("direct-in", "aws", localPreference.direct), out("direct-out", `community ${directCommunity}`)],
    tunnels.length > 0 && [
      vpcs.map(({ role }) => into(`vpn-${role}-in`, `aws-${role}`, localPreference.tunnel)),
      // AWS prefers the lower MED: the first tunnel, so that replies come where requests went unless both are in use.
      [1, 2].map((tunnel) => out(`vpn-${tunnel}-out`, `as-path prepend last-as ${tunnelPrepend}`, `metric ${tunnel * 100}`)),
    ],
    peer && ["route-map inside-peer permit 10", " match ip address prefix-list aws", "exit"],
    announce.connected.length > 0 && ["route-map connected permit 10", " match ip address prefix-list inside", "exit"],
  ];
}

const profiles = ({ router }: Routing): Lines => [
  router.bfd && [
    "bfd",
    " profile line",
    `  detect-multiplier ${bfd.multiplier}`,
    `  receive-interval ${bfd.interval}`,
    `  transmit-interval ${bfd.interval}`,
    " exit",
    "exit",
  ],
];

function bgp(routing: Routing): Lines {
  const { site, id, paths, peer, announce } = routing;
  return [
    `router bgp ${site.asn}`,
    ` bgp router-id ${id}`,
    " bgp log-neighbor-changes",
    " no bgp default ipv4-unicast",
    // AWS: no graceful restart beside BFD, or a dead line keeps its routes for 120 s.
    " bgp graceful-restart-disable",
    " bgp bestpath as-path multipath-relax",
    paths.map((path) => neighbor(routing, path)),
    peer && [
      ` neighbor ${peer.inside} remote-as ${site.asn}`,
      ` neighbor ${peer.inside} description ${peer.name}`,
      ` neighbor ${peer.inside} timers ${timers.inside.keepalive} ${timers.inside.hold}`,
      ` neighbor ${peer.inside} timers connect 5`,
      peer.bfd && ` neighbor ${peer.inside} bfd profile line`,
    ],
    " address-family ipv4 unicast",
    announce.always.map((cidr) => `  network ${cidr}`),
    // Announced while an interface inside is up: a router that lost the inside stops drawing traffic.
    announce.connected.length > 0 && "  redistribute connected route-map connected",
    announce.connected.map((cidr) => `  aggregate-address ${cidr} summary-only`),
    paths.map((path) => family(routing, path)),
    peer && [
      `  neighbor ${peer.inside} activate`,
      `  neighbor ${peer.inside} next-hop-self`,
      `  neighbor ${peer.inside} route-map inside-peer in`,
      `  neighbor ${peer.inside} route-map inside-peer out`,
    ],
    `  maximum-paths ${routing.multipath}`,
    " exit-address-family",
    "exit",
  ];
}

function neighbor({ router }: Routing, path: Path): Lines {
  const { keepalive, hold } = timers[path.kind];
  return [
    ` neighbor ${path.aws} remote-as ${path.asn}`,
    ` neighbor ${path.aws} description ${path.name}`,
    path.kind === "direct" && ` neighbor ${path.aws} password ${path.key}`,
    ` neighbor ${path.aws} timers ${keepalive} ${hold}`,
    ` neighbor ${path.aws} timers connect 5`,
    // AWS speaks BFD on Direct Connect; in a tunnel dead peer detection and the hold time do it.
    path.kind === "direct" && router.bfd && ` neighbor ${path.aws} bfd profile line`,
  ];
}

const family = ({ policy }: Routing, path: Path): Lines => [
  `  neighbor ${path.aws} activate`,
  `  neighbor ${path.aws} route-map ${policy(path).in} in`,
  `  neighbor ${path.aws} route-map ${policy(path).out} out`,
  `  neighbor ${path.aws} maximum-prefix ${prefixesMax} 80 restart ${prefixesRestart}`,
  path.kind === "direct" && `  neighbor ${path.aws} send-community`,
];
