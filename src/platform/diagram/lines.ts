/** The two lines between the data centre and both regions: which router, which gateway, which one is preferred. */
import type { Definition, Role } from "../definition.ts";
import type { Edge, Picture } from "./draw.ts";
import type { Group, Node } from "./layout.ts";
import { group, held, item, listed, speed, stateOf, time } from "./parts.ts";

export function linesPicture(definition: Definition): Picture | undefined {
  const { site, regions } = definition;
  if (!site || !(site.directConnect || site.vpn)) return undefined;
  const roles: Role[] = held(definition, "recovery").foundation === "absent" || !regions.recovery ? ["primary"] : ["primary", "recovery"];
  const paths: Node[] = [];
  if (site.directConnect) paths.push(directConnect(definition));
  if (site.vpn) paths.push(...roles.map((role) => vpn(definition, role)));
  const columns = [
    group(
      "site",
      "site",
      "column",
      [
        ...site.routers.map((each) => item(`router-${each.name}`, "router", "network", each.name, [each.address, `BGP ${site.asn}`])),
        hostsItem(definition),
      ],
      {
        title: site.name,
        note: listed(site.cidrs, 2),
        gap: 46,
        fixed: true,
        start: true,
        stretch: true,
      },
    ),
    group("paths", "plain", "column", paths, { gap: 26, fixed: true, start: true }),
    group(
      "regions",
      "plain",
      "column",
      roles.map((role) => region(definition, role)),
      { gap: 30 },
    ),
  ];
  return {
    title: `${definition.name}: Direct Connect and VPN`,
    description:
      "The same prefixes are announced on both lines; Direct Connect is preferred in both directions, the VPN takes over when it is lost.",
    root: group("page", "page", "row", columns, { gap: 90 }),
    edges: edges(definition, roles),
  };
}

const hostsItem = ({ site }: Definition): Node =>
  item("hosts", "containers", "compute", "Hosts, NFS clients", [`receive up to ${speed(site!.feed)}`]);

function directConnect({ site }: Definition): Group {
  const { bandwidth, vlan, mtu } = site!.directConnect!;
  const router = site!.routers.find(({ name }) => name === site!.directConnect!.router) ?? site!.routers[0];
  const detection = router?.bfd ? "loss seen in 0.9 s (BFD)" : "loss seen in 90 s (hold time)";
  return group(
    "dx",
    "cloud",
    "column",
    [
      item("dx-line", "line", "network", `Direct Connect, ${speed(bandwidth)}`, [`VLAN ${vlan}, MTU ${mtu}`, detection]),
      item("dxgw", "hub", "network", "Direct Connect gateway", ["one for both regions"]),
    ],
    { title: "Preferred", note: "local preference 200", gap: 26 },
  );
}

function vpn({ site, regions }: Definition, role: Role): Group {
  const { tunnel, ecmp, deadPeerTimeout } = site!.vpn!;
  const each = tunnel === "large" ? "5 Gbps" : "1.25 Gbps";
  return group(
    `vpn-${role}`,
    "cloud",
    "column",
    [
      item(`tunnels-${role}`, "tunnel", "network", `Site-to-Site VPN, 2 × ${each}`, [
        ecmp ? "both carry traffic" : "one carries traffic",
        `dead peer seen in ${time(deadPeerTimeout)}`,
      ]),
    ],
    { title: `Standby for ${regions[role]!.region}`, note: "local preference 100" },
  );
}

function region(definition: Definition, role: Role): Group {
  const { site, regions } = definition;
  const state = stateOf(held(definition, role).link);
  const name = site!.hub === "tgw" ? "Transit gateway" : "Virtual private gateway";
  return group(
    role,
    "region",
    "row",
    [item(`hub-${role}`, "hub", "network", name, [], state), item(`vpc-${role}`, "internet", "network", "VPC", [], state)],
    {
      title: regions[role]!.region,
      note: role === "primary" ? "primary region" : "recovery region",
      gap: 60,
    },
  );
}

function edges({ site }: Definition, roles: Role[]): Edge[] {
  const list: Edge[] = [];
  const dx = site!.directConnect;
  const line = site!.vpn;
  const router = (name: string | undefined, fallback: number) => `router-${name ?? site!.routers.at(fallback)?.name}`;
  if (dx) {
    list.push(
      { from: router(dx.router, 0), to: "dx-line", sides: ["right", "left"] },
      { from: "dx-line", to: "dxgw", sides: ["bottom", "top"] },
    );
    roles.forEach((role, at) =>
      list.push({ from: "dxgw", to: `hub-${role}`, sides: ["right", "left"], bend: 0.35 + at * 0.12, leave: 0.4 + at * 0.2, arrive: 0.35 }),
    );
  }
  roles.forEach((role, at) => {
    if (line) {
      list.push({
        from: router(line.router, -1),
        to: `tunnels-${role}`,
        sides: ["right", "left"],
        style: "standby",
        bend: 0.4 + at * 0.15,
        leave: 0.4 + at * 0.3,
      });
      list.push({
        from: `tunnels-${role}`,
        to: `hub-${role}`,
        sides: ["right", "left"],
        style: "standby",
        bend: 0.65 + at * 0.12,
        arrive: 0.7,
      });
    }
    list.push({ from: `hub-${role}`, to: `vpc-${role}`, sides: ["right", "left"] });
  });
  return list;
}
