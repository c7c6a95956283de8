/** The data centre has a second line. */
import type { Check } from "../check.ts";
import { directBandwidths } from "./feed.ts";

export const secondLine: Check = {
  id: "RES010",
  title: "The data centre has a second line",
  // docs.aws.amazon.com/directconnect/latest/UserGuide/resiliency-failover.html
  why: "Direct Connect has no agreement on uptime for one line: ports are maintained, fibres are cut, routers die.",
  fix: 'vpn: { router: "edge-2" }',
  *check({ definition }) {
    const { site } = definition;
    if (!site || site.vpn || directBandwidths(definition).length !== 1) return;
    yield { message: "The data centre has one Direct Connect line and nothing beside it.", place: { path: ["site", "directConnect"] } };
  },
};
