/** The lines carry what they are for. */
import type { Check } from "../check.ts";
import { directBandwidths, feedOf, spokenRate, vpnBandwidth } from "./feed.ts";

export const narrowLine: Check = {
  id: "RES012",
  title: "The lines carry the feed at its peak",
  why: "What does not fit is dropped, and what is dropped is sent again: the delay grows until the peak is over.",
  fix: "order more bandwidth, or let less be received at once",
  *check({ definition }) {
    const direct = directBandwidths(definition).reduce((sum, each) => sum + each, 0);
    const carried = direct || vpnBandwidth(definition);
    const feed = feedOf(definition);
    if (!definition.site || carried === 0 || carried >= feed) return;
    const message = `The ${direct ? "Direct Connect" : "VPN"} carries ${spokenRate(carried)}, and the data centre must receive ${spokenRate(feed)}.`;
    yield { message, place: { path: ["site", direct ? "directConnect" : "vpn"] } };
  },
};
