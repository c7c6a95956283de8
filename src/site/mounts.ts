/**
 * NFS on the hosts: each region's gateway is an automount of its own, `causeway-host files` binds one of them to where containers look. The second
 * way is there and tried before it is needed. Options: docs.aws.amazon.com/filegateway/latest/files3/GettingStartedAccessFileShare.html
 */
import type { Definition, Role } from "../platform/definition.ts";
import { text, type SiteFile } from "./file.ts";

/** Below `directory`. */
export function mounts({ files: { gateway, shares } }: Definition, directory: string): SiteFile[] {
  const names = Object.keys(shares);
  if (!gateway || names.length === 0) return [];
  const gateways: [Role, string | undefined][] = [
    ["primary", gateway.address],
    ["recovery", gateway.recoveryAddress],
  ];
  const units = gateways.flatMap(([role, address]) => (address ? names.flatMap((share) => automount(role, address, share)) : []));
  return [...units, { name: "causeway-files.service", text: choose }].map(({ name, text }) => ({
    path: `${directory}/systemd/system/${name}`,
    text,
  }));
}

type Unit = { name: string; text: string };

/** systemd names a mount's unit after its path, with its hyphens written out. */
const unitName = (path: string): string =>
  path
    .slice(1)
    .replaceAll("-", String.raw`\x2d`)
    .replaceAll("/", "-");

function automount(role: Role, address: string, share: string): Unit[] {
  const where = `/mnt/causeway-${role}/${share}`;
  const description = `Description=Share ${share} of the ${role} region`;
  return [
    {
      name: `${unitName(where)}.mount`,
      text: text(
        "[Unit]",
        description,
        "",
        "[Mount]",
        `What=${address}:/${share}`,
        `Where=${where}`,
        "Type=nfs",
        // hard: a write waits for the gateway rather than be lost. nolock is for version 3, which has no locks of its own.
        "Options=nfsvers=4.1,hard,timeo=600,retrans=2,noatime,_netdev",
        "TimeoutSec=60",
      ),
    },
    {
      name: `${unitName(where)}.automount`,
      text: text(
        "[Unit]",
        description,
        "",
        "[Automount]",
        `Where=${where}`,
        "TimeoutIdleSec=0",
        "",
        "[Install]",
        "WantedBy=remote-fs.target",
      ),
    },
  ];
}

/** At boot, before containers: what was chosen last. */
const choose = text(
  "[Unit]",
  "Description=The chosen region's files",
  "After=remote-fs.target",
  "Before=ecs.service",
  "",
  "[Service]",
  "Type=oneshot",
  "RemainAfterExit=yes",
  "ExecStart=/usr/local/sbin/causeway-host files",
  "",
  "[Install]",
  "WantedBy=multi-user.target",
);
