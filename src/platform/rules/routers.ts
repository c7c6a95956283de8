/** The data centre's routers: told apart, reachable, and the ones that the lines name. */
import { contains, range, address } from "../cidr.ts";
import { nearest } from "../nearest.ts";
import { rule } from "./rule.ts";

export const routersDiffer = rule({
  id: "NET001",
  why: "Lines name their router, and each tunnel ends at an address that is one router's alone.",
  fix: "give each router a name and an address of its own",
  needs: ["site"],
  *check({ site }) {
    const [first, second] = site?.routers ?? [];
    if (!first || !second) return;
    for (const key of ["name", "address"] as const) {
      if (first[key] === second[key]) yield { path: ["site", "routers", 1, key], message: `Both routers have the ${key} ${first[key]}.` };
    }
  },
});

export const routersKnown = rule({
  id: "NET002",
  why: "A line ends on a router of this site.",
  fix: "name a router of site.routers",
  needs: ["site"],
  *check({ site }) {
    const names = (site?.routers ?? []).map(({ name }) => name);
    for (const line of ["directConnect", "vpn"] as const) {
      const router = site?.[line]?.router;
      if (router === undefined || names.includes(router)) continue;
      yield {
        path: ["site", line, "router"],
        message: `There is no router ${router}; the site has ${names.join(" and ")}.`,
        fix: `router: "${nearest(router, names) ?? names[0]}"`,
      };
    }
  },
});

/** Not routed on the internet: RFC 1918, RFC 6598, loopback and link-local. */
const unrouted = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"];

export const routerPublic = rule({
  id: "NET003",
  // docs.aws.amazon.com/vpn/latest/s2svpn/your-cgw.html
  why: "The VPN's tunnels cross the internet, so AWS must reach the router there; behind NAT that is the NAT's address.",
  fix: "write the router's public address",
  needs: ["site"],
  *check({ site }) {
    if (!site?.vpn) return;
    const at = site.vpn.router === undefined ? site.routers.length - 1 : site.routers.findIndex(({ name }) => name === site.vpn?.router);
    const point = address(site.routers[at]?.address ?? "");
    if (point === undefined) return;
    const within = unrouted.find((cidr) => contains(range(cidr)!, { first: point, last: point }));
    if (within)
      yield {
        path: ["site", "routers", at, "address"],
        message: `${site.routers[at]?.address} is of ${within}, which the internet does not route.`,
      };
  },
});
