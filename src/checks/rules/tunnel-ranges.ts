/** Every tunnel has a range of its own that AWS lets it have. */
import { reservedTunnels } from "../../platform/addresses.ts";
import { contains, prefixLength, range } from "../../platform/cidr.ts";
import type { Check } from "../check.ts";
import { placeOf } from "../reach/intent.ts";
import { members, named, text } from "../values.ts";

const linkLocal = range("169.254.0.0/16")!;

export const tunnelRanges: Check = {
  id: "RES016",
  title: "Every VPN tunnel has a range that AWS lets it have",
  // docs.aws.amazon.com/vpn/latest/s2svpn/VPNTunnels.html, inside tunnel IPv4 CIDR
  why: "The range is a /30 of 169.254.0.0/16 that AWS does not keep for itself; two tunnels with one range on one router are one tunnel.",
  fix: 'TunnelInsideCidr: "169.254.10.0/30"',
  *check({ model }) {
    const taken = new Map<string, string>();
    for (const connection of model.byType("AWS::EC2::VPNConnection")) {
      for (const { TunnelInsideCidr } of members(connection.properties.VpnTunnelOptionsSpecifications)) {
        // AWS chooses one then.
        if (TunnelInsideCidr === undefined) continue;
        const inside = text(TunnelInsideCidr);
        const covered = range(inside);
        const fits = covered && contains(linkLocal, covered) && prefixLength(inside) === 30 && !reservedTunnels.includes(inside);
        const other = taken.get(inside);
        taken.set(inside, named(connection));
        const wrong = fits ? other && `which ${other} has too` : "which AWS refuses";
        if (wrong) yield { message: `A tunnel of ${named(connection)} has the range ${inside}, ${wrong}.`, place: placeOf(connection) };
      }
    }
  },
};
