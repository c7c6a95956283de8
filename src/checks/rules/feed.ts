/** What the data centre receives from AWS, and what its lines carry, now and with one of them lost. */
import { gbps, mbps, type BitRate } from "../../kernel/units.ts";
import type { Definition } from "../../platform/definition.ts";
import { directLines, tunnelBandwidth } from "../../platform/lines.ts";

/** What must be carried at the peak: what the definition says of the site, or the sum of what its services receive if that is more. */
export function feedOf({ site, services }: Definition): BitRate {
  const received = Object.values(services).reduce((sum, { receives }) => sum + receives, 0);
  return Math.max(site?.feed ?? 0, received) as BitRate;
}

/** Bandwidth of each Direct Connect line. */
export const directBandwidths = (definition: Definition): BitRate[] => directLines(definition).map(({ bandwidth }) => bandwidth);

/** What the VPN carries: one tunnel, or both where equal-cost paths share the traffic. */
export function vpnBandwidth({ site }: Definition): BitRate {
  if (!site?.vpn) return 0 as BitRate;
  return (tunnelBandwidth[site.vpn.tunnel] * (site.vpn.ecmp ? 2 : 1)) as BitRate;
}

/** `6 Gbps`, `500 Mbps`. */
export const spokenRate = (rate: number): string => (rate >= gbps(1) ? `${rate / gbps(1)} Gbps` : `${rate / mbps(1)} Mbps`);
