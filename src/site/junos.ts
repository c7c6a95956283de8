/** A Junos router's configuration as `load set` takes it. Syntax: Juniper's CLI reference, Junos OS 23. */
import { seconds } from "../kernel/units.ts";
import { prefixLength } from "../platform/cidr.ts";
import { text, type Lines } from "./file.ts";
import type { Path } from "./paths.ts";
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

export const junos = (routing: Routing): string =>
  text(
    `# ${routing.router.name}: load set terminal, then commit confirmed 5.`,
    routing.direct.length > 0 && "# <DX1-PORT> and the like: the port that leads to AWS, such as xe-0/0/0.",
    routing.shared && "# <INSIDE-PORT> and <LENGTH>: the interface that leads inside, such as ge-0/0/2, and the length of its network.",
    routing.tunnels.length > 0 && "# <UPLINK-PORT>: the interface with the router's public address, such as ge-0/0/1.0.",
    "# The zone inside: the interfaces of the data centre, which the router has already.",
    under("set", [
      `system host-name ${routing.router.name}`,
      interfaces(routing),
      options(routing),
      policies(routing),
      bgp(routing),
      routing.tunnels.length > 0 && encryption(routing),
      zones(routing),
    ]),
  );

/** Each line with its beginning. */
const under = (beginning: string, lines: Lines): Lines =>
  lines.map((line) => (typeof line === "string" ? `${beginning} ${line}` : line ? under(beginning, line) : line));

const interfaces = ({ router, direct, tunnels, shared }: Routing): Lines =>
  under("interfaces", [
    shared &&
      under(`<INSIDE-PORT> unit 0 family inet address ${router.inside}/<LENGTH> vrrp-group ${vrrp.group}`, [
        `virtual-address ${shared.address}`,
        `priority ${shared.priority}`,
        "accept-data",
      ]),
    direct.map(({ name, vlan, mtu, site, inside }) => {
      const port = `<${name.toUpperCase()}-PORT>`;
      return [
        `${port} vlan-tagging`,
        // Junos counts the Ethernet header and the tag.
        `${port} mtu ${mtu + 18}`,
        `${port} unit ${vlan} description "${name} to AWS"`,
        `${port} unit ${vlan} vlan-id ${vlan}`,
        `${port} unit ${vlan} family inet mtu ${mtu}`,
        `${port} unit ${vlan} family inet address ${site}/${prefixLength(inside)}`,
      ];
    }),
    tunnels.map(({ id, name, site, inside }) => [
      `st0 unit ${id} description ${name}`,
      `st0 unit ${id} family inet mtu ${tunnelMtu}`,
      `st0 unit ${id} family inet address ${site}/${prefixLength(inside)}`,
    ]),
  ]);

const options = ({ site, id, announce }: Routing): Lines =>
  under("routing-options", [
    `router-id ${id}`,
    `autonomous-system ${site.asn}`,
    // An aggregate is there while a part of it is.
    announce.connected.map((cidr) => `aggregate route ${cidr} discard`),
    announce.always.map((cidr) => [`static route ${cidr} discard`, `static route ${cidr} preference 254`]),
  ]);

function policies({ site, vpcs, direct, tunnels, peer }: Routing): Lines {
  const statement = (name: string, from: readonly string[], then: readonly string[]): Lines => [
    from.map((each) => `policy-statement ${name} term only from ${each}`),
    [...then, "accept"].map((each) => `policy-statement ${name} term only then ${each}`),
    `policy-statement ${name} then reject`,
  ];
  const own = ["protocol [ aggregate static ]", "prefix-list-filter site exact"];
  const prepend = `as-path-prepend "${Array(tunnelPrepend).fill(site.asn).join(" ")}"`;
  return under("policy-options", [
    site.cidrs.map((cidr) => `prefix-list site ${cidr}`),
    vpcs.map(({ role, vpc }) => [`prefix-list aws ${vpc}`, `prefix-list aws-${role} ${vpc}`]),
    `community preferred members ${directCommunity}`,
    direct.length > 0 && [
      statement("direct-in", ["prefix-list-filter aws exact"], [`local-preference ${localPreference.direct}`]),
      statement("direct-out", own, ["community set preferred"]),
    ],
    tunnels.length > 0 && [
      vpcs.map(({ role }) =>
        statement(`vpn-${role}-in`, [`prefix-list-filter aws-${role} exact`], [`local-preference ${localPreference.tunnel}`]),
      ),
      [1, 2].map((tunnel) => statement(`vpn-${tunnel}-out`, own, [prepend, `metric ${tunnel * 100}`])),
    ],
    peer && [
      statement("inside-peer-in", ["prefix-list-filter aws exact"], []),
      statement("inside-peer-out", ["protocol bgp", "prefix-list-filter aws exact"], ["next-hop self"]),
    ],
  ]);
}

const bgp = (routing: Routing): Lines =>
  under("protocols bgp", [
    routing.paths.map((path) => under(`group ${path.name}`, session(routing, path))),
    routing.peer &&
      under("group inside", [
        "type internal",
        `local-address ${routing.router.inside}`,
        `hold-time ${timers.inside.hold}`,
        "import inside-peer-in",
        "export inside-peer-out",
        routing.peer.bfd && detection,
        `neighbor ${routing.peer.inside} description ${routing.peer.name}`,
      ]),
  ]);

const detection: Lines = [`bfd-liveness-detection minimum-interval ${bfd.interval}`, `bfd-liveness-detection multiplier ${bfd.multiplier}`];

const session = ({ router, policy, multipath }: Routing, path: Path): Lines => [
  "type external",
  `peer-as ${path.asn}`,
  `hold-time ${timers[path.kind].hold}`,
  `import ${policy(path).in}`,
  `export ${policy(path).out}`,
  `family inet unicast prefix-limit maximum ${prefixesMax}`,
  `family inet unicast prefix-limit teardown 80 idle-timeout ${prefixesRestart}`,
  multipath > 1 && "multipath multiple-as",
  path.kind === "direct" && [`authentication-key "${path.key}"`, router.bfd && detection],
  `neighbor ${path.aws} description ${path.name}`,
];

/** The same algorithms as AWS's side: platform/lines.ts. One group, since a Junos proposal names one. */
function encryption({ router, site, tunnels }: Routing): Lines {
  const wishes = site.vpn!;
  return under("security", [
    under("ike", [
      "proposal causeway authentication-method pre-shared-keys",
      "proposal causeway dh-group group20",
      "proposal causeway authentication-algorithm sha-384",
      "proposal causeway encryption-algorithm aes-256-gcm",
      `proposal causeway lifetime-seconds ${wishes.phase1Lifetime / seconds(1)}`,
      tunnels.map(({ name, outside, key }) => [
        `policy ${name} proposals causeway`,
        `policy ${name} pre-shared-key ascii-text "${key}"`,
        `gateway ${name} ike-policy ${name}`,
        `gateway ${name} address ${outside}`,
        `gateway ${name} local-identity inet ${router.address}`,
        `gateway ${name} external-interface <UPLINK-PORT>`,
        `gateway ${name} dead-peer-detection always-send`,
        `gateway ${name} dead-peer-detection interval ${wishes.deadPeerTimeout / seconds(1) / 3}`,
        `gateway ${name} dead-peer-detection threshold 3`,
        `gateway ${name} version v2-only`,
      ]),
    ]),
    under("ipsec", [
      "proposal causeway protocol esp",
      "proposal causeway encryption-algorithm aes-256-gcm",
      `proposal causeway lifetime-seconds ${wishes.phase2Lifetime / seconds(1)}`,
      "policy causeway perfect-forward-secrecy keys group20",
      "policy causeway proposals causeway",
      tunnels.map(({ name, id }) => [
        `vpn ${name} bind-interface st0.${id}`,
        `vpn ${name} ike gateway ${name}`,
        `vpn ${name} ike ipsec-policy causeway`,
        `vpn ${name} establish-tunnels immediately`,
      ]),
    ]),
    `flow tcp-mss ipsec-vpn mss ${tunnelSegment}`,
  ]);
}

/** Between site and VPCs, nothing else, never from one line to another. */
function zones({ site, vpcs, direct, tunnels }: Routing): Lines {
  const policy = (from: string, to: string): Lines =>
    under(`policies from-zone ${from} to-zone ${to} policy causeway`, [
      [`match source-address ${from}`, `match destination-address ${to}`, "match application any"],
      "then permit",
    ]);
  const every = (name: string, cidrs: readonly string[]): Lines =>
    under(
      "address-book global",
      cidrs.flatMap((cidr) => [`address ${cidr} ${cidr}`, `address-set ${name} address ${cidr}`]),
    );
  return under("security", [
    // A flow that began on the other router goes on here after a failover.
    "flow tcp-session no-syn-check",
    "flow tcp-session no-sequence-check",
    every("inside", site.cidrs),
    every(
      "aws",
      vpcs.map(({ vpc }) => vpc),
    ),
    direct.map(({ name, vlan }) =>
      ["bgp", "bfd"].map(
        (each) => `zones security-zone aws interfaces <${name.toUpperCase()}-PORT>.${vlan} host-inbound-traffic protocols ${each}`,
      ),
    ),
    tunnels.map(({ id }) => `zones security-zone aws interfaces st0.${id} host-inbound-traffic protocols bgp`),
    policy("inside", "aws"),
    policy("aws", "inside"),
  ]);
}
