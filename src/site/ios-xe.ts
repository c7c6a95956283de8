/** A Cisco IOS-XE router's configuration, to be merged into its own. Syntax: Cisco IOS XE 17 command references. */
import { seconds } from "../kernel/units.ts";
import { dotted, prefixLength } from "../platform/cidr.ts";
import { text, type Lines } from "./file.ts";
import type { Path, TunnelPath } from "./paths.ts";
import {
  bfd,
  directCommunity,
  localPreference,
  prefixesMax,
  prefixesRestart,
  timers,
  tunnelMtu,
  tunnelPrepend,
  tunnelSegment,
  vrrp,
  type Routing,
} from "./routing.ts";

export function iosXe(routing: Routing): string {
  const { router, direct } = routing;
  return text(
    `! ${router.name}: to be merged into the running configuration.`,
    direct.length > 0 && "! <DX1-PORT> and the like: the port that leads to AWS, such as TenGigabitEthernet0/0/0.",
    `hostname ${router.name}`,
    "ip bgp-community new-format",
    routing.shared && "fhrp version vrrp v3",
    "!",
    routing.announce.always.map((cidr) => `ip route ${network(cidr)} Null0 254`),
    filters(routing),
    "!",
    routing.tunnels.length > 0 && [encryption(routing), "!"],
    lines(routing),
    "!",
    bgp(routing),
    "end",
  );
}

const mask = (cidr: string): string => dotted(2 ** 32 - 2 ** (32 - prefixLength(cidr)));
const wildcard = (cidr: string): string => dotted(2 ** (32 - prefixLength(cidr)) - 1);
const network = (cidr: string): string => `${base(cidr)} ${mask(cidr)}`;
const base = (cidr: string): string => cidr.slice(0, cidr.indexOf("/"));

const list = (name: string, cidrs: readonly string[], more = ""): string[] =>
  cidrs.map((cidr, at) => `ip prefix-list ${name} seq ${(at + 1) * 5} permit ${cidr}${more}`);

function filters({ site, vpcs, announce, direct, tunnels, peer, paths }: Routing): Lines {
  const map = (name: string, match: Lines, ...set: string[]): Lines => [
    `route-map ${name} permit 10`,
    match,
    set.map((each) => ` set ${each}`),
    "exit",
  ];
  const own: Lines = [" match ip address prefix-list site", " match as-path 1"];
  const from = (name: string): Lines => [` match ip address prefix-list ${name}`];
  return [
    list("site", site.cidrs),
    list(
      "aws",
      vpcs.map(({ vpc }) => vpc),
    ),
    vpcs.map(({ role, vpc }) => list(`aws-${role}`, [vpc])),
    list("inside", announce.connected, " le 32"),
    "ip as-path access-list 1 permit ^$",
    direct.length > 0 && [
      map("direct-in", from("aws"), `local-preference ${localPreference.direct}`),
      map("direct-out", own, `community ${directCommunity}`),
    ],
    tunnels.length > 0 && [
      vpcs.map(({ role }) => map(`vpn-${role}-in`, from(`aws-${role}`), `local-preference ${localPreference.tunnel}`)),
      [1, 2].map((tunnel) =>
        map(`vpn-${tunnel}-out`, own, `as-path prepend ${Array(tunnelPrepend).fill(site.asn).join(" ")}`, `metric ${tunnel * 100}`),
      ),
    ],
    peer && map("inside-peer", from("aws")),
    announce.connected.length > 0 && map("connected", from("inside")),
    "ip access-list extended from-aws",
    paths.flatMap(({ aws, site: own }) => [` permit tcp host ${aws} host ${own} eq bgp`, ` permit tcp host ${aws} eq bgp host ${own}`]),
    direct.map(({ aws, site: own }) => ` permit udp host ${aws} host ${own} eq 3784`),
    vpcs.flatMap(({ vpc }) => site.cidrs.map((cidr) => ` permit ip ${base(vpc)} ${wildcard(vpc)} ${base(cidr)} ${wildcard(cidr)}`)),
    " permit icmp any any",
    " deny ip any any",
    "exit",
  ];
}

/** The same algorithms as AWS's side: platform/lines.ts. */
function encryption({ router, site, tunnels }: Routing): Lines {
  const wishes = site.vpn!;
  return [
    "crypto ikev2 proposal causeway",
    " encryption aes-gcm-256",
    " prf sha384 sha512",
    " group 20 21 19",
    "crypto ikev2 policy causeway",
    ` match address local ${router.address}`,
    " proposal causeway",
    "crypto ikev2 keyring causeway",
    tunnels.map(({ name, outside, key }) => [` peer ${name}`, `  address ${outside}`, `  pre-shared-key ${key}`, " exit"]),
    "crypto ipsec security-association replay window-size 1024",
    "crypto ipsec transform-set causeway esp-gcm 256",
    " mode tunnel",
    tunnels.map(({ name, outside }) => [
      `crypto ikev2 profile ${name}`,
      ` match identity remote address ${outside} 255.255.255.255`,
      ` identity local address ${router.address}`,
      " authentication remote pre-share",
      " authentication local pre-share",
      " keyring local causeway",
      ` lifetime ${wishes.phase1Lifetime / seconds(1)}`,
      ` dpd ${wishes.deadPeerTimeout / seconds(1) / 3} 3 periodic`,
      `crypto ipsec profile ${name}`,
      " set transform-set causeway",
      ` set security-association lifetime seconds ${wishes.phase2Lifetime / seconds(1)}`,
      " set pfs group20",
      ` set ikev2-profile ${name}`,
    ]),
  ];
}

const lines = ({ router, direct, tunnels, shared }: Routing): Lines => [
  shared && [
    "! <INSIDE-PORT>: the port that leads inside.",
    "interface <INSIDE-PORT>",
    ` vrrp ${vrrp.group} address-family ipv4`,
    `  address ${shared.address} primary`,
    `  priority ${shared.priority}`,
    " exit-vrrp",
    "exit",
  ],
  direct.map(({ name, vlan, site, inside, mtu }) => {
    const port = `<${name.toUpperCase()}-PORT>`;
    return [
      `interface ${port}`,
      ` mtu ${mtu}`,
      " no shutdown",
      `interface ${port}.${vlan}`,
      ` description ${name} to AWS`,
      ` encapsulation dot1Q ${vlan}`,
      ` ip address ${site} ${mask(inside)}`,
      ` ip mtu ${mtu}`,
      " ip access-group from-aws in",
      router.bfd && [` bfd interval ${bfd.interval} min_rx ${bfd.interval} multiplier ${bfd.multiplier}`, " no bfd echo"],
      "exit",
    ];
  }),
  tunnels.map((tunnel) => tunnelInterface(router.address, tunnel)),
];

const tunnelInterface = (source: string, { id, name, site, inside, outside }: TunnelPath): Lines => [
  `interface Tunnel${id}`,
  ` description ${name}`,
  ` ip address ${site} ${mask(inside)}`,
  ` ip mtu ${tunnelMtu}`,
  ` ip tcp adjust-mss ${tunnelSegment}`,
  " ip access-group from-aws in",
  ` tunnel source ${source}`,
  ` tunnel destination ${outside}`,
  " tunnel mode ipsec ipv4",
  ` tunnel protection ipsec profile ${name}`,
  "exit",
];

function bgp(routing: Routing): Lines {
  const { site, id, paths, peer, announce, multipath } = routing;
  return [
    `router bgp ${site.asn}`,
    ` bgp router-id ${id}`,
    " bgp log-neighbor-changes",
    " no bgp default ipv4-unicast",
    " no bgp graceful-restart",
    " bgp bestpath as-path multipath-relax",
    paths.map((path) => neighbor(routing, path)),
    peer && [
      ` neighbor ${peer.inside} remote-as ${site.asn}`,
      ` neighbor ${peer.inside} description ${peer.name}`,
      ` neighbor ${peer.inside} timers ${timers.inside.keepalive} ${timers.inside.hold}`,
      peer.bfd && ` neighbor ${peer.inside} fall-over bfd`,
    ],
    " address-family ipv4",
    announce.always.map((cidr) => `  network ${base(cidr)} mask ${mask(cidr)}`),
    announce.connected.length > 0 && "  redistribute connected route-map connected",
    announce.connected.map((cidr) => `  aggregate-address ${network(cidr)} summary-only`),
    paths.map((path) => family(routing, path)),
    peer && [
      `  neighbor ${peer.inside} activate`,
      `  neighbor ${peer.inside} next-hop-self`,
      `  neighbor ${peer.inside} route-map inside-peer in`,
      `  neighbor ${peer.inside} route-map inside-peer out`,
    ],
    `  maximum-paths ${multipath}`,
    " exit-address-family",
    "exit",
  ];
}

function neighbor({ router }: Routing, { kind, name, aws, asn, key }: Path): Lines {
  const { keepalive, hold } = timers[kind];
  return [
    ` neighbor ${aws} remote-as ${asn}`,
    ` neighbor ${aws} description ${name}`,
    kind === "direct" && ` neighbor ${aws} password ${key}`,
    ` neighbor ${aws} timers ${keepalive} ${hold}`,
    kind === "direct" && router.bfd && ` neighbor ${aws} fall-over bfd`,
  ];
}

const family = (routing: Routing, path: Path): Lines => [
  `  neighbor ${path.aws} activate`,
  `  neighbor ${path.aws} route-map ${routing.policy(path).in} in`,
  `  neighbor ${path.aws} route-map ${routing.policy(path).out} out`,
  `  neighbor ${path.aws} maximum-prefix ${prefixesMax} 80 restart ${prefixesRestart}`,
  path.kind === "direct" && `  neighbor ${path.aws} send-community`,
];
