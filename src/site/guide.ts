/** The rendered directory's own README: what goes where. */
import type { Definition, Site } from "../platform/definition.ts";
import { text, type Lines, type SiteFile } from "./file.ts";
import { placeholders } from "./placeholder.ts";

export const guide = (definition: Definition, site: Site, files: readonly SiteFile[]): SiteFile => ({
  path: "README.md",
  text: text(
    `# The data centre of ${definition.name}: ${site.name}`,
    "",
    "Rendered by `causeway site render`. Change the definition, not these files.",
    "",
    "Nothing here is secret. What looks like `@{secret:…}`, `@{tunnel:…}` or `@{resolver:…}` is put in by `causeway site fill --to DIR`,",
    "which reads Secrets Manager and EC2 with your credentials. Keep what it writes out of repositories, and remove it when it is installed.",
    "",
    "| directory | goes to |",
    "|---|---|",
    site.routers.map((router): string => row(`routers/${router.name}/`, destination[router.system])),
    site.hosts.map(({ name }) => row(`hosts/${name}/causeway/`, `\`/etc/causeway\` on ${name}`)),
    site.hosts.length > 0 && [
      row("hosts/every/sbin/", "`/usr/local/sbin` on each host"),
      row("hosts/every/, the rest", "`/etc` on each host"),
    ],
    site.dns && row("dns/unbound/", `\`/etc/unbound\` on ${site.dns.servers.join(", ")}`),
    "",
    "## In this order",
    "",
    order(site).map((step, at) => `${at + 1}. ${step}`),
    "",
    site.routers.length > 1 && twoRouters(site),
    "## What is filled in",
    "",
    "| file | values |",
    "|---|---|",
    files.flatMap((file) => {
      const asked = placeholders(file.text);
      return asked.length ? [row(file.path, asked.map(({ kind, region, name }) => `${kind} ${name} of ${region}`).join("; "))] : [];
    }),
  ),
});

const row = (...cells: string[]): string => `| ${cells.join(" | ")} |`;

const destination: Record<Site["routers"][number]["system"], string> = {
  frr: "`/etc` on the router: Debian 12 with frr, strongswan-swanctl, charon-systemd, nftables",
  "ios-xe": "the router: `copy … running-config`",
  junos: "the router: `load set`, `commit confirmed 5`",
};

function order(site: Site): string[] {
  const linux = site.routers.some(({ system }) => system === "frr");
  return [
    ...(linux
      ? [
          "Routers: copy `ports.env.example` to `ports.env` and say which port leads where.",
          "Routers: `sysctl --system`, then `systemctl enable --now causeway-interfaces nftables strongswan frr`, `swanctl --load-all`.",
          "Routers: `vtysh -c 'show bgp summary'`, `swanctl --list-sas`. After a change: `vtysh -C -f /etc/frr/frr.conf`, then `systemctl reload frr`.",
        ]
      : []),
    ...(site.dns ? ["DNS servers: `unbound-checkconf`, then `systemctl reload unbound`."] : []),
    ...(site.hosts.length
      ? [
          "Hosts: `systemctl enable --now nftables causeway-check.timer causeway-drain`, the `.automount` units and `causeway-files`.",
          "Hosts: `causeway-host check`, then enrol as `causeway site plan` says.",
        ]
      : []),
  ];
}

const twoRouters = ({ routers, gateway }: Site): Lines => [
  "## Two routers",
  "",
  `${routers.map(({ name }) => name).join(" and ")} tell each other what they learn, so each of them can send by either line.`,
  gateway
    ? `Machines inside have ${gateway} as their way to AWS: the routers share it (VRRP), and one of them is enough.`
    : "Machines inside must not depend on one of them: give both a shared address (VRRP) by `site.gateway`, or announce it by a routing protocol of your own.",
  "",
];
