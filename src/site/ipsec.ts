/**
 * strongSwan's configuration of the tunnels: IKEv2, route-based through XFRM interfaces. One file a region, so that a region that is not there yet
 * leaves the other's tunnels alone; keys are in files of their own. Syntax: docs.strongswan.org/docs/latest/swanctl/swanctlConf.html
 */
import { seconds } from "../kernel/units.ts";
import type { Role } from "../platform/definition.ts";
import { tunnelAlgorithms } from "../platform/lines.ts";
import { text, type Lines, type SiteFile } from "./file.ts";
import type { TunnelPath } from "./paths.ts";
import type { Routing } from "./routing.ts";

const cipher: Record<(typeof tunnelAlgorithms.encryption)[number], string> = { "AES256-GCM-16": "aes256gcm16" };
const hash: Record<(typeof tunnelAlgorithms.integrity)[number], string> = { "SHA2-384": "prfsha384", "SHA2-512": "prfsha512" };
const curve: Record<(typeof tunnelAlgorithms.groups)[number], string> = { 19: "ecp256", 20: "ecp384", 21: "ecp521" };

/** GCM proves integrity itself, so the hashes are for IKE's key derivation only. */
const proposal = {
  ike: [
    ...tunnelAlgorithms.encryption.map((each) => cipher[each]),
    ...tunnelAlgorithms.integrity.map((each) => hash[each]),
    ...tunnelAlgorithms.groups.map((each) => curve[each]),
  ].join("-"),
  esp: [...tunnelAlgorithms.encryption.map((each) => cipher[each]), ...tunnelAlgorithms.groups.map((each) => curve[each])].join("-"),
};

/** Below `directory`, which becomes `/etc`. */
export function ipsec(routing: Routing, directory: string): SiteFile[] {
  const roles = [...new Set(routing.tunnels.map(({ role }) => role))];
  if (roles.length === 0) return [];
  return [
    { path: `${directory}/strongswan.d/causeway.conf`, text: daemon },
    ...roles.flatMap((role) => {
      const own = routing.tunnels.filter((tunnel) => tunnel.role === role);
      return [
        { path: `${directory}/swanctl/conf.d/vpn-${role}.conf`, text: connections(routing, role, own) },
        { path: `${directory}/swanctl/conf.d/vpn-${role}-keys.conf`, text: keys(own), mode: 0o600 },
      ];
    }),
  ];
}

/**
 * In IKEv2 a dead peer is one that answers no retransmission: 2 s, then half as long again each time, four times, make 26 s, less than the 30 s
 * that AWS waits at least. strongSwan's own would be 165 s.
 */
const daemon = text(
  "# Routes are BGP's; keys and policies only.",
  "charon {",
  "    install_routes = no",
  "    install_virtual_ip = no",
  "    retransmit_timeout = 2.0",
  "    retransmit_base = 1.5",
  "    retransmit_tries = 4",
  "}",
);

const connections = ({ router, site }: Routing, role: Role, tunnels: readonly TunnelPath[]): string =>
  text(
    `# ${router.name}: the VPN to the ${role} region (${tunnels[0]!.region}).`,
    "connections {",
    tunnels.map((tunnel) => connection(router.address, site.vpn!, tunnel)),
    "}",
  );

/** Both sides may begin; this one renews before AWS's life of a key ends. */
function connection(
  address: string,
  wishes: NonNullable<Routing["site"]["vpn"]>,
  { name, outside, id, number, inside }: TunnelPath,
): Lines {
  const [ikeLife, espLife] = [wishes.phase1Lifetime / seconds(1), wishes.phase2Lifetime / seconds(1)];
  return [
    `    ${name} {`,
    `        # Tunnel ${number}, ${inside} inside.`,
    "        version = 2",
    `        local_addrs = ${address}`,
    `        remote_addrs = ${outside}`,
    `        proposals = ${proposal.ike}`,
    `        rekey_time = ${ikeLife * 0.9}s`,
    `        over_time = ${ikeLife * 0.1}s`,
    `        dpd_delay = ${wishes.deadPeerTimeout / seconds(1) / 3}s`,
    "        mobike = no",
    "        keyingtries = 0",
    `        local {\n            auth = psk\n            id = ${address}\n        }`,
    `        remote {\n            auth = psk\n            id = ${outside}\n        }`,
    "        children {",
    `            ${name} {`,
    "                local_ts = 0.0.0.0/0",
    "                remote_ts = 0.0.0.0/0",
    `                esp_proposals = ${proposal.esp}`,
    `                rekey_time = ${espLife * 0.9}s`,
    `                life_time = ${espLife}s`,
    `                if_id_in = ${id}`,
    `                if_id_out = ${id}`,
    // Fast lines reorder packets: a window of 32 would drop them as replays.
    "                replay_window = 1024",
    "                start_action = start",
    "                close_action = start",
    "                dpd_action = restart",
    "            }",
    "        }",
    "    }",
  ];
}

const keys = (tunnels: readonly TunnelPath[]): string =>
  text(
    "# Filled from Secrets Manager by `causeway site fill`; root's alone on the router.",
    "secrets {",
    tunnels.map(({ name, outside, key }) => [`    ike-${name} {`, `        id = ${outside}`, `        secret = "${key}"`, "    }"]),
    "}",
  );
