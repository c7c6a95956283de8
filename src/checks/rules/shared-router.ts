/** Lines that end on one router are lost together. */
import { lines } from "../../platform/lines.ts";
import type { Check } from "../check.ts";

export const sharedRouter: Check = {
  id: "RES011",
  title: "The lines do not end on one router",
  why: "Two lines on one router share its fate: a dead power supply or one wrong configuration takes both.",
  fix: 'vpn: { router: "edge-2" }',
  *check({ definition }) {
    const all = lines(definition);
    const routers = new Set(all.map(({ router }) => router));
    if (all.length < 2 || routers.size > 1) return;
    const both = new Set(all.map(({ kind }) => kind)).size > 1;
    const message = `${both ? "Direct Connect and VPN" : "All lines"} end on router ${[...routers].join("")}.`;
    yield { message, severity: "warning", place: { path: ["site", "vpn"] } };
  },
};
