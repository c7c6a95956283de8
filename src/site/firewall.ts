/** nftables for routers and hosts. Syntax: wiki.nftables.org */
import { names } from "../platform/names.ts";
import type { Definition, Site } from "../platform/definition.ts";
import { text, type Lines, type SiteFile } from "./file.ts";
import { regionsOf } from "./paths.ts";
import type { Routing } from "./routing.ts";

const set = (name: string, type: string, elements: readonly string[]): Lines => [
  `  set ${name} {`,
  `    type ${type}`,
  // Ranges that touch are one.
  type === "ipv4_addr" && ["    flags interval", "    auto-merge"],
  elements.length > 0 && `    elements = { ${elements.join(", ")} }`,
  "  }",
];

/** Loaded again, it replaces itself and nothing else. */
const table = (...body: Lines): Lines => ["table inet causeway", "delete table inet causeway", "table inet causeway {", body, "}"];

/** Below `directory`, which becomes `/etc`. */
export function routerFirewall(routing: Routing, directory: string): SiteFile[] {
  const { tunnels } = routing;
  const roles = [...new Set(tunnels.map(({ role }) => role))];
  return [
    { path: `${directory}/nftables.conf`, text: routerRules(routing), mode: 0o755 },
    ...roles.map((role) => ({
      path: `${directory}/causeway/nftables.d/vpn-${role}.nft`,
      text: text(
        "# AWS's ends of the tunnels.",
        `add element inet causeway tunnels { ${tunnels
          .filter((tunnel) => tunnel.role === role)
          .map(({ outside }) => outside)
          .join(", ")} }`,
      ),
    })),
  ];
}

const routerRules = (routing: Routing): string =>
  text(
    "#!/usr/sbin/nft -f",
    `# ${routing.router.name}`,
    table(
      set("site", "ipv4_addr", routing.site.cidrs),
      set(
        "vpcs",
        "ipv4_addr",
        routing.vpcs.map(({ vpc }) => vpc),
      ),
      set(
        "lines",
        "ifname",
        routing.paths.map(({ name }) => name),
      ),
      "  set tunnels {\n    type ipv4_addr\n  }",
      input(routing),
      forward,
      mss,
    ),
    routing.tunnels.length > 0 && 'include "/etc/causeway/nftables.d/*.nft"',
  );

/** What the router itself answers: its peers, by their interface and address, and people of the data centre. */
const input = ({ paths, tunnels, peer, shared, direct, router }: Routing): Lines => [
  "  chain input {",
  "    type filter hook input priority filter; policy drop;",
  '    iifname "lo" accept',
  "    ct state established,related accept",
  "    ip protocol icmp accept",
  "    meta l4proto ipv6-icmp accept",
  paths.map(({ name, aws }) => `    iifname "${name}" ip saddr ${aws} tcp dport 179 accept`),
  // Single hop: RFC 5881.
  router.bfd && direct.map(({ name, aws }) => `    iifname "${name}" ip saddr ${aws} udp dport 3784 accept`),
  // Multihop is how FRR asks a peer of its own number: RFC 5883.
  peer && [`    ip saddr ${peer.inside} tcp dport 179 accept`, peer.bfd && `    ip saddr ${peer.inside} udp dport { 3784, 4784 } accept`],
  peer && shared && `    ip saddr ${peer.inside} ip protocol vrrp accept`,
  tunnels.length > 0 && ["    ip saddr @tunnels udp dport { 500, 4500 } accept", "    ip saddr @tunnels ip protocol esp accept"],
  "    iifname != @lines ip saddr @site tcp dport 22 accept",
  "  }",
];

/**
 * Between site and VPCs, nothing else across the lines, and never from one line to another. No state is kept: after a failover a flow that began
 * on the other router goes on here.
 */
const forward: Lines = [
  "  chain forward {",
  "    type filter hook forward priority filter; policy accept;",
  "    iifname @lines oifname @lines drop",
  "    iifname @lines ip saddr @vpcs ip daddr @site accept",
  "    oifname @lines ip saddr @site ip daddr @vpcs accept",
  "    iifname @lines drop",
  "    oifname @lines drop",
  "  }",
];

/** TCP that moves from jumbo frames to a tunnel must not depend on ICMP alone. */
const mss: Lines = [
  "  chain clamp {",
  "    type filter hook forward priority mangle; policy accept;",
  '    oifname "vpn-*" tcp flags syn tcp option maxseg size set rt mtu',
  '    iifname "vpn-*" tcp flags syn tcp option maxseg size set rt mtu',
  "  }",
];

/** A host answers the proxy's and its containers' callers from site and VPCs; Docker's own tables stay Docker's. */
export const hostFirewall = (definition: Definition, site: Site): string =>
  text(
    "#!/usr/sbin/nft -f",
    `# Container hosts of ${names(definition).cluster}`,
    table(
      set("inside", "ipv4_addr", [...site.cidrs, ...regionsOf(definition).map(({ vpc }) => vpc)]),
      "  chain input {",
      "    type filter hook input priority filter; policy drop;",
      '    iifname "lo" accept',
      "    ct state established,related accept",
      "    ip protocol icmp accept",
      "    meta l4proto ipv6-icmp accept",
      "    ip saddr @inside tcp dport { 22, 80, 443 } accept",
      // Containers ask the ECS agent for their credentials: it listens at 169.254.170.2, redirected to this port of the loopback.
      '    iifname "docker0" tcp dport 51679 accept',
      "  }",
      "  chain forward {",
      "    type filter hook forward priority filter - 1; policy accept;",
      // What Docker publishes is for these alone, whatever Docker's own rules let in.
      "    ct status dnat ct direction original ip saddr != @inside drop",
      "  }",
    ),
  );
