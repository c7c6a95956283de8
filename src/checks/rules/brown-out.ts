/** What is left after one line is lost carries the feed too. */
import type { Check } from "../check.ts";
import { directBandwidths, feedOf, spokenRate, vpnBandwidth } from "./feed.ts";

export const brownOut: Check = {
  id: "RES013",
  title: "With one line lost the others carry the feed",
  // docs.aws.amazon.com/vpn/latest/s2svpn/vpn-limits.html
  why: "A failover to a narrower line is a brown-out: everything is reachable and nothing arrives in time. A tunnel carries 1.25 or 5 Gbps.",
  fix: 'hub: "tgw", vpn: { tunnel: "large", ecmp: true }',
  *check({ definition }) {
    const direct = directBandwidths(definition).toSorted((one, other) => other - one);
    const feed = feedOf(definition);
    const vpn = vpnBandwidth(definition);
    // The VPN takes over when no other Direct Connect line is left; the widest line is the worst to lose.
    const [, ...others] = direct;
    const left = others.length ? others.reduce((sum, each) => sum + each, 0) : vpn;
    const whole = direct.reduce((sum, each) => sum + each, 0);
    // Lines that are too narrow when all are up are another rule's.
    if (whole < feed || left === 0 || left >= feed) return;
    const name = others.length ? "other Direct Connect lines carry" : "VPN carries";
    const message = `When a Direct Connect line is lost the ${name} ${spokenRate(left)} of the ${spokenRate(feed)} that the data centre receives.`;
    yield { message, severity: "warning", place: { path: ["site", others.length ? "directConnect" : "vpn"] } };
  },
};
