/** What AWS sells and allows on Direct Connect and VPN. */
import { gbps, type BitRate } from "../../kernel/units.ts";
import type { Definition, Site } from "../definition.ts";
import { dedicatedSpeeds, hostedSpeeds, jumbo, lagPorts } from "../line-offers.ts";
import { inUnit, oneOf } from "../written.ts";
import { rule } from "./rule.ts";

type Line = NonNullable<Site["directConnect"]>;

const sold = (speeds: readonly BitRate[]) => oneOf(speeds.map((speed) => inUnit(speed, "bits per second")));

export const hubCarries = rule({
  id: "NET004",
  // docs.aws.amazon.com/vpn/latest/s2svpn/vpn-limits.html
  why: "Large tunnels and equal-cost paths over both tunnels exist on transit gateways only.",
  fix: 'hub: "tgw"',
  needs: ["site"],
  *check({ site }) {
    if (site?.hub !== "vgw" || !site.vpn) return;
    if (site.vpn.tunnel === "large")
      yield { path: ["site", "vpn", "tunnel"], message: "Large tunnels end on a transit gateway, but the hub is vgw." };
    if (site.vpn.ecmp)
      yield { path: ["site", "vpn", "ecmp"], message: "Both tunnels share traffic on a transit gateway only, but the hub is vgw." };
  },
});

export const packetSize = rule({
  id: "NET005",
  // docs.aws.amazon.com/directconnect/latest/UserGuide/set-jumbo-frames-vif.html
  why: "A transit virtual interface (hub tgw) takes 1500 or 8500 bytes, a private one (hub vgw) 1500 or 9001.",
  fix: "mtu: 1500",
  needs: ["site"],
  *check({ site }) {
    const mtu = site?.directConnect?.mtu ?? 1500;
    if (!site || mtu === 1500 || mtu === jumbo[site.hub]) return;
    yield {
      path: ["site", "directConnect", "mtu"],
      message: `Packets of ${mtu} bytes do not pass with the hub ${site.hub}, which takes ${jumbo[site.hub]}.`,
      fix: `mtu: ${jumbo[site.hub]}`,
    };
  },
});

export const macsecPossible = rule({
  id: "NET006",
  // docs.aws.amazon.com/directconnect/latest/UserGuide/MACsec.html
  why: "MACsec encrypts dedicated ports of 10 Gbps and more; a hosted connection shares its partner's port.",
  fix: "macsec: false",
  needs: ["site"],
  *check({ site }) {
    const line = site?.directConnect;
    if (!line?.macsec) return;
    const path = ["site", "directConnect", "macsec"];
    if ("hosted" in line.connection) yield { path, message: "A hosted connection has no MACsec." };
    else if (line.bandwidth < gbps(10)) yield { path, message: `A port of ${inUnit(line.bandwidth, "bits per second")} has no MACsec.` };
  },
});

export const speedSold = rule({
  id: "NET007",
  // docs.aws.amazon.com/directconnect/latest/UserGuide/dedicated_connection.html, hosted_connection.html and lags.html
  why: "AWS sells these speeds and no others.",
  fix: "bandwidth: gbps(10)",
  needs: ["site"],
  *check({ site }) {
    const line = site?.directConnect;
    if (!line) return;
    const wrong = speedComplaint(line);
    if (wrong) yield { path: ["site", "directConnect", "bandwidth"], message: wrong };
  },
});

function speedComplaint({ connection, bandwidth }: Line): string | undefined {
  const given = inUnit(bandwidth, "bits per second");
  if ("hosted" in connection)
    return hostedSpeeds.includes(bandwidth) ? undefined : `A hosted connection of ${given} is not sold, but ${sold(hostedSpeeds)}.`;
  if ("lag" in connection) {
    const made = dedicatedSpeeds.some((speed) => bandwidth % speed === 0 && bandwidth / speed <= lagPorts(speed));
    return made ? undefined : `A LAG of ${given} cannot be made of ports of ${sold(dedicatedSpeeds)}.`;
  }
  return dedicatedSpeeds.includes(bandwidth) ? undefined : `A dedicated port of ${given} is not sold, but ${sold(dedicatedSpeeds)}.`;
}

export const orderPossible = rule({
  id: "NET008",
  // docs.aws.amazon.com/directconnect/latest/UserGuide/lags.html
  why: "A LAG takes four ports, or two of 100 Gbps and more, all at one location; a second location must be another one.",
  fix: "order fewer ports, or another location",
  needs: ["site"],
  *check({ site }) {
    const line = site?.directConnect;
    if (!line || !("order" in line.connection)) return;
    const { ports, locations } = line.connection.order;
    const path = ["site", "directConnect", "connection", "order"];
    if (ports > lagPorts(line.bandwidth)) {
      yield {
        path: [...path, "ports"],
        message: `${ports} ports of ${inUnit(line.bandwidth, "bits per second")} are more than a LAG takes.`,
      };
    }
    for (const [at, location] of locations.entries()) {
      if (locations.indexOf(location) < at) yield { path: [...path, "locations", at], message: `Location ${location} is named twice.` };
    }
  },
});

export const feedNeedsSite = rule({
  id: "NET009",
  why: "What a service receives over the lines is received in the data centre.",
  fix: 'runsOn: "site", or leave out receives',
  needs: ["services"],
  *check({ services }: Pick<Definition, "services">) {
    for (const [name, { runsOn, receives }] of Object.entries(services)) {
      if (receives > 0 && runsOn === "cloud") yield { path: ["services", name, "receives"], message: `${name} runs in the regions only.` };
    }
  },
});
