/** The gateway's cache holds what is written while nothing can be uploaded. */
import { gib, hours, seconds } from "../../kernel/units.ts";
import type { Check } from "../check.ts";
import { spokenRate } from "./feed.ts";

/** Our figure: a fibre's repair is longer, but by then people have stopped the writers. */
const outage = hours(1);

export const gatewayCache: Check = {
  id: "RES025",
  title: "The gateway's cache holds an hour of writes",
  // docs.aws.amazon.com/filegateway/latest/files3/ManagingLocalStorage-common.html
  why: "While the lines are down or S3 does not answer, files wait in the cache; when it is full, writes fail in the data centre.",
  fix: "gateway: { cache: [gib(600)] }",
  *check({ definition: { files } }) {
    if (!files.gateway) return;
    const cache = files.gateway.cache.reduce((sum, each) => sum + each, 0);
    const written = Object.values(files.shares).reduce((sum, { writes }) => sum + writes, 0);
    const needed = ((written / 8) * outage) / seconds(1);
    if (cache >= needed) return;
    const room = Math.ceil(needed / gib(1));
    yield {
      message: `The gateway's cache holds ${cache / gib(1)} GiB, and ${spokenRate(written)} of writes are ${room} GiB in an hour.`,
      severity: "warning",
      fix: `gateway: { cache: [gib(${room})] }`,
      place: { path: ["files", "gateway", "cache"] },
    };
  },
};
