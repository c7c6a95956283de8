/** The data centre has a gateway to the recovery region's copy of the files. */
import type { Check } from "../check.ts";

export const recoveryGateway: Check = {
  id: "RES026",
  title: "The data centre has a file gateway for the recovery region",
  why: "A gateway belongs to one region. Making another one takes a virtual machine, its activation and a refresh of its cache: hours that are not in any plan.",
  fix: 'gateway: { recoveryAddress: "10.64.16.6" }',
  *check({ definition: { files }, places }) {
    const recovery = places.find(({ role }) => role === "recovery");
    if (!files.gateway || files.gateway.recoveryAddress || !recovery) return;
    if (recovery.holdings.files === "absent" || recovery.holdings.files === "prepared") return;
    yield {
      message: `The shares are in ${recovery.region} too, and the data centre has no gateway to them.`,
      severity: "warning",
      place: { path: ["files", "gateway"] },
    };
  },
};
