/** The data centre's BGP number is its own. The hubs' numbers need no rule: they are chosen so that they differ (`hubAsn`). */
import { rule } from "./rule.ts";

/** docs.aws.amazon.com/vpn/latest/s2svpn/cgw-options.html; 23456 stands for four-byte numbers (RFC 6793), 65535 is reserved (RFC 7300). */
const reserved = [7224, 9059, 10_124, 17_943, 23_456, 65_535];

export const siteNumber = rule({
  id: "NET010",
  why: "A router drops routes that carry its own number, so the data centre would learn nothing from AWS; some numbers are nobody's to use.",
  fix: "asn: 65010",
  needs: ["site"],
  *check({ site }) {
    if (!site) return;
    const path = ["site", "asn"];
    if (site.asn === site.directConnect?.amazonAsn) yield { path, message: `${site.asn} is the Direct Connect gateway's number too.` };
    else if (reserved.includes(site.asn)) yield { path, message: `${site.asn} is reserved.` };
  },
});
