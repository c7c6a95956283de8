/** A line that goes silent is noticed at once. */
import { directLines } from "../../platform/lines.ts";
import type { Check } from "../check.ts";

export const lineLoss: Check = {
  id: "RES014",
  title: "Routers notice a silent line by BFD",
  // docs.aws.amazon.com/directconnect/latest/UserGuide/WorkingWithVirtualInterfaces.html
  why: "Without BFD a line that is silent but not down is believed in until BGP's hold time of 90 s has passed; with it, for 900 ms.",
  fix: "bfd: true",
  *check({ definition }) {
    const ends = new Set(directLines(definition).map(({ router }) => router));
    for (const [at, { name, bfd }] of (definition.site?.routers ?? []).entries()) {
      if (bfd || !ends.has(name)) continue;
      yield {
        message: `Router ${name} ends a Direct Connect line without BFD.`,
        severity: "warning",
        place: { path: ["site", "routers", at, "bfd"] },
      };
    }
  },
};
