/** Reachability, proven from the templates: what must be possible and what must not. */
import type { Check } from "../check.ts";
import { backTheSameWay, byEachLine, noTransitToInternet, regionsApart } from "./centre.ts";
import { frontToHosts, nothingElsePublic, publicFront } from "./front.ts";
import { hostsToDatabase, servicesReachServices } from "./inside.ts";
import { databaseStaysInside, hostsToServices, outThroughNat } from "./outward.ts";

export const reach: Check[] = [
  publicFront,
  nothingElsePublic,
  frontToHosts,
  hostsToDatabase,
  outThroughNat,
  databaseStaysInside,
  hostsToServices,
  byEachLine,
  backTheSameWay,
  noTransitToInternet,
  regionsApart,
  servicesReachServices,
];
