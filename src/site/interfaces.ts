/** A Linux router's interfaces and kernel settings: VLANs to AWS on Direct Connect, XFRM interfaces for the tunnels. */
import { prefixLength } from "../platform/cidr.ts";
import { text, type SiteFile } from "./file.ts";
import { tunnelMtu, vrrp, type Routing } from "./routing.ts";

/** Below `directory`, which becomes `/etc`. */
export const interfaces = (routing: Routing, directory: string): SiteFile[] => [
  { path: `${directory}/causeway/interfaces`, text: script(routing), mode: 0o755 },
  { path: `${directory}/causeway/ports.env.example`, text: ports(routing) },
  { path: `${directory}/systemd/system/causeway-interfaces.service`, text: unit },
  { path: `${directory}/sysctl.d/90-causeway.conf`, text: settings },
];

const port = (name: string): string => `${name.toUpperCase()}_PORT`;

/** The one thing that only the machine knows. */
const ports = ({ direct, shared }: Routing): string =>
  text(
    "# Copy to ports.env: what the machine calls its ports.",
    direct.map(({ name }) => `${port(name)}=enp1s0f0`),
    shared && "INSIDE_PORT=enp2s0f0",
  );

const script = ({ router, direct, tunnels, shared }: Routing): string =>
  text(
    "#!/bin/sh",
    `# Makes the interfaces of ${router.name} that lead to AWS. May run again at any time.`,
    "set -eu",
    "[ ! -f /etc/causeway/ports.env ] || . /etc/causeway/ports.env",
    "",
    'there() { ip link show dev "$1" >/dev/null 2>&1; }',
    direct.map(({ name, vlan, mtu, site, inside }) => [
      "",
      `: "\${${port(name)}:?say in /etc/causeway/ports.env which port leads to AWS}"`,
      `ip link set dev "$${port(name)}" mtu ${mtu} up`,
      `there ${name} || ip link add link "$${port(name)}" name ${name} type vlan id ${vlan}`,
      `ip address replace ${site}/${prefixLength(inside)} dev ${name}`,
      `ip link set dev ${name} mtu ${mtu} up`,
    ]),
    tunnels.map(({ name, id, site, inside }) => [
      "",
      `there ${name} || ip link add ${name} type xfrm if_id ${id}`,
      `ip address replace ${site}/${prefixLength(inside)} dev ${name}`,
      `ip link set dev ${name} mtu ${tunnelMtu} up`,
    ]),
    shared && [
      "",
      ': "${INSIDE_PORT:?say in /etc/causeway/ports.env which port leads inside}"',
      'there shared || ip link add link "$INSIDE_PORT" name shared type macvlan mode bridge',
      `ip link set dev shared address ${vrrp.hardware}`,
      `ip address replace ${shared.address}/32 dev shared`,
      "ip link set dev shared up",
    ],
  );

const unit = text(
  "[Unit]",
  "Description=Interfaces to AWS",
  "Wants=network-online.target",
  "After=network-online.target",
  "Before=nftables.service frr.service strongswan.service",
  "",
  "[Service]",
  "Type=oneshot",
  "RemainAfterExit=yes",
  "ExecStart=/etc/causeway/interfaces",
  "",
  "[Install]",
  "WantedBy=multi-user.target",
);

const settings = text(
  "net.ipv4.ip_forward = 1",
  "# A reply may come by another line than its request went.",
  "net.ipv4.conf.all.rp_filter = 0",
  "net.ipv4.conf.default.rp_filter = 0",
  "net.ipv4.conf.all.accept_redirects = 0",
  "net.ipv4.conf.default.accept_redirects = 0",
  "net.ipv4.conf.all.send_redirects = 0",
  "net.ipv4.conf.default.send_redirects = 0",
  "net.ipv4.conf.all.accept_source_route = 0",
  "# Equal ways share flows, not packets: by addresses and ports.",
  "net.ipv4.fib_multipath_hash_policy = 1",
  "# A way whose port has no carrier is none.",
  "net.ipv4.conf.all.ignore_routes_with_linkdown = 1",
  "net.ipv4.conf.default.ignore_routes_with_linkdown = 1",
);
