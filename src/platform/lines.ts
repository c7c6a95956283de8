/** The lines between data centre and AWS: where each ends, on which router, with which addresses and numbers. Both sides are made from this. */
import { gbps, type BitRate } from "../kernel/units.ts";
import { addresses, lineCount } from "./addresses.ts";
import { host } from "./cidr.ts";
import type { Definition, Role } from "./definition.ts";
import { holdings } from "./strategies.ts";

type Session = {
  /** The name of the router it ends on. */
  router: string;
  /** Its /30, and the two addresses of the BGP session. */
  inside: string;
  site: string;
  aws: string;
  /** AWS's BGP number. */
  asn: number;
  /** Path under the platform's secrets: the key of the session or of the tunnel. */
  secret: string;
  bandwidth: BitRate;
};

/** One Direct Connect virtual interface. It is the primary region's and reaches both, through the gateway. */
export type DirectLine = Session & { kind: "direct"; number: number; vlan: number; mtu: number };

/** One tunnel of a region's VPN connection. */
export type TunnelLine = Session & { kind: "tunnel"; number: 1 | 2; role: Role; region: string };

export type Line = DirectLine | TunnelLine;

/** Every line, Direct Connect first, then the primary region's tunnels, then the recovery region's. */
export const lines = (definition: Definition): Line[] => [...directLines(definition), ...tunnelLines(definition)];

/** One for each location; two and more go to the routers in turn, unless the definition says where. */
export function directLines(definition: Definition): DirectLine[] {
  const { site } = definition;
  if (!site?.directConnect) return [];
  const { router, amazonAsn, vlan, mtu, bandwidth } = site.directConnect;
  return addresses(definition)
    .lines.slice(0, lineCount(definition))
    .map((inside, index) => ({
      kind: "direct",
      number: index + 1,
      router: router ?? site.routers[index % site.routers.length]!.name,
      inside,
      site: host(inside, 1),
      aws: host(inside, 2),
      asn: amazonAsn,
      secret: bgpSecret,
      bandwidth,
      vlan,
      mtu,
    }));
}

/** Two for each region that the site is linked to. */
export function tunnelLines(definition: Definition): TunnelLine[] {
  const { site, regions } = definition;
  const { vpn } = site ?? {};
  if (!site || !vpn) return [];
  const plan = addresses(definition);
  const roles = (["primary", "recovery"] as const).filter((role) => regions[role] && holdings(definition, role).link !== "absent");
  return roles.flatMap((role) =>
    ([1, 2] as const).map((number): TunnelLine => {
      const inside = plan[role]!.tunnels[number - 1]!;
      return {
        kind: "tunnel",
        number,
        role,
        region: regions[role]!.region,
        router: vpn.router ?? site.routers.at(-1)!.name,
        inside,
        // AWS takes the first address of the /30: docs.aws.amazon.com/vpn/latest/s2svpn/VPNTunnels.html
        aws: host(inside, 1),
        site: host(inside, 2),
        asn: hubAsn(definition, role),
        secret: tunnelSecret(number),
        bandwidth: tunnelBandwidth[vpn.tunnel],
      };
    }),
  );
}

/** Of the one Direct Connect gateway, kept in the primary region. */
export const bgpSecret = "direct-connect/bgp";
/** Each region has its own under the same name. */
export const tunnelSecret = (number: 1 | 2): string => `vpn/tunnel-${number}`;

/** A tunnel's most. Source: docs.aws.amazon.com/vpn/latest/s2svpn/vpn-limits.html */
export const tunnelBandwidth = { standard: gbps(1.25), large: gbps(5) } as const;

/**
 * BGP number of a region's gateway, virtual private or transit: 64513 and 64514, the next private ones where the data centre or the Direct Connect
 * gateway has one of them already. Numbers in common would make routers drop each other's routes as loops, and AWS refuses the association.
 * Source: docs.aws.amazon.com/directconnect/latest/UserGuide/direct-connect-transit-gateways.html
 */
export function hubAsn({ site }: Definition, role: Role): number {
  const free = [64_513, 64_514, 64_515, 64_516].filter((each) => each !== site?.asn && each !== site?.directConnect?.amazonAsn);
  return free[role === "primary" ? 0 : 1]!;
}

/**
 * What the tunnels are encrypted with, in both phases and on both sides: AES-GCM and elliptic curves only, of those AWS offers. Groups 19 to 21 are
 * the curves of 256, 384 and 521 bits. Source: docs.aws.amazon.com/vpn/latest/s2svpn/VPNTunnels.html
 */
export const tunnelAlgorithms = { encryption: ["AES256-GCM-16"], integrity: ["SHA2-384", "SHA2-512"], groups: [20, 21, 19] } as const;
