/**
 * The lines to the data centre. What fails on them: port, light, encryption, session, routes, room, tunnels.
 * docs.aws.amazon.com/directconnect/latest/UserGuide/monitoring-cloudwatch.html
 * docs.aws.amazon.com/vpn/latest/s2svpn/monitoring-cloudwatch-vpn.html
 */
import { gbps } from "../../kernel/units.ts";
import type { Site } from "../../platform/definition.ts";
import type { Link } from "../parts.ts";
import type { Place } from "../place.ts";
import type { Watch } from "./watch.ts";

type DirectConnect = NonNullable<Site["directConnect"]>;

/** Direct Connect's metrics come every 5 minutes, so its alarms lag by as much; BGP itself moves the traffic long before. */
const period = 300;

export function lines({ definition }: Place, { connectionIds, virtualInterfaceIds, vpnConnectionId }: Link): Watch[] {
  const site = definition.site!;
  const named = (ids: readonly string[], at: number) => (ids.length > 1 ? `direct-connect-${at + 1}` : "direct-connect");
  return [
    ...connectionIds.flatMap((id, at) => port(named(connectionIds, at), id, site.directConnect!)),
    ...virtualInterfaceIds.flatMap((id, at) => session(named(virtualInterfaceIds, at), id, site, site.directConnect!)),
    ...(vpnConnectionId ? tunnels(vpnConnectionId) : []),
  ];
}

function port(name: string, id: string, { bandwidth, connection, macsec }: DirectConnect): Watch[] {
  const metric = { namespace: "AWS/DX", dimensions: { ConnectionId: id }, period };
  const watches: Watch[] = [
    {
      ...metric,
      metric: "ConnectionState",
      statistic: "Minimum",
      purpose: `${name}-port`,
      description: "The Direct Connect port is down.",
      below: 1,
      periods: 1,
      missing: "breaching",
    },
  ];
  // The rest is of the port itself, which with a hosted connection is the partner's.
  if ("hosted" in connection) return watches;
  watches.push({
    ...metric,
    metric: "ConnectionErrorCount",
    statistic: "Sum",
    purpose: `${name}-errors`,
    description: "Frames arrive broken: the fibre, the optics or the router's port are failing.",
    above: 0,
    periods: 3,
    missing: "notBreaching",
  });
  // Faster ports have several lanes, each with its own level.
  if (bandwidth <= gbps(10)) watches.push(light(name, id));
  if (macsec)
    watches.push({
      ...metric,
      metric: "ConnectionEncryptionState",
      statistic: "Minimum",
      purpose: `${name}-encryption`,
      description: "MACsec is down on the Direct Connect port.",
      below: 1,
      periods: 1,
      missing: "breaching",
    });
  return watches;
}

/** The range: docs.aws.amazon.com/directconnect/latest/UserGuide/ts_layer_1.html */
const light = (name: string, id: string): Watch => ({
  query: `SELECT MIN(ConnectionLightLevelRx) FROM "AWS/DX" WHERE ConnectionId = '${id}'`,
  purpose: `${name}-light`,
  description: "AWS receives less than -14.4 dBm of light from the data centre: the fibre or the optics are about to fail.",
  below: -14.4,
  period,
  periods: 3,
  missing: "notBreaching",
});

/** Queries, since these metrics have dimensions for the connection and for the address family besides the interface. */
function session(name: string, id: string, { cidrs }: Site, { bandwidth, connection }: DirectConnect): Watch[] {
  const select = (what: string) => `SELECT ${what} FROM "AWS/DX" WHERE VirtualInterfaceId = '${id}'`;
  const room = "order" in connection ? bandwidth * connection.order.ports : bandwidth;
  return [
    {
      query: select("MIN(VirtualInterfaceBgpStatus)"),
      purpose: `${name}-bgp`,
      description: "The BGP session over Direct Connect is down: all traffic is on the VPN.",
      below: 1,
      period,
      periods: 1,
      missing: "breaching",
    },
    {
      query: select("MIN(VirtualInterfaceBgpPrefixesAccepted)"),
      purpose: `${name}-routes-missing`,
      description: `The session is up, but the data centre announces fewer than its ${cidrs.length} ranges over it: their traffic goes another way, or none.`,
      below: cidrs.length,
      period,
      periods: 1,
      missing: "notBreaching",
    },
    {
      query: select("MAX(VirtualInterfaceBgpPrefixesAccepted)"),
      purpose: `${name}-routes-limit`,
      // docs.aws.amazon.com/directconnect/latest/UserGuide/limits.html
      description: "The data centre announces more than 90 routes; at more than 100, AWS shuts the session.",
      above: 90,
      period,
      periods: 1,
      missing: "notBreaching",
    },
    {
      query: select("AVG(VirtualInterfaceBpsEgress)"),
      purpose: `${name}-busy`,
      description: "The line to the data centre has been four fifths full for a quarter of an hour.",
      above: 0.8 * room,
      period,
      periods: 3,
      missing: "notBreaching",
    },
  ];
}

function tunnels(id: string): Watch[] {
  // Of a connection it is 1 with both tunnels up (with BGP: established), between 0 and 1 with one of them, 0 with none.
  const state = {
    namespace: "AWS/VPN",
    metric: "TunnelState",
    dimensions: { VpnId: id },
    period,
    periods: 1,
    missing: "breaching",
  } as const;
  return [
    {
      ...state,
      statistic: "Average",
      purpose: "vpn-tunnels",
      description: "A tunnel of the VPN is down: losing the other one loses the way past Direct Connect.",
      below: 1,
    },
    {
      ...state,
      statistic: "Maximum",
      purpose: "vpn",
      description: "The VPN is down: if Direct Connect fails now, the data centre is cut off.",
      below: 0.5,
    },
  ];
}
