/** AWS Certificate Manager: public certificates as real X.509, and imported ones. API: https://docs.aws.amazon.com/acm/latest/APIReference/ */
import type * as sdk from "@aws-sdk/client-acm";
import type { Operations, Service } from "../service.ts";
import { state, type Here, type State, type Timers } from "./acm/certificate.ts";
import { importOperations } from "./acm/imports.ts";
import { lifecycleOperations, lifecycleTimers } from "./acm/lifecycle.ts";
import { listingOperations } from "./acm/listing.ts";
import { requestOperations } from "./acm/requests.ts";
import { resources } from "./acm/resources.ts";
import { tagOperations } from "./acm/tags.ts";

const operations = {
  ...requestOperations,
  ...importOperations,
  ...listingOperations,
  ...lifecycleOperations,
  ...tagOperations,
} satisfies Operations<sdk.ACM, State, Timers>;

export const acm = {
  api: { signing: "acm", protocol: "awsJson1_1", version: "2015-12-08", target: "CertificateManager" },
  sdk: () => import("@aws-sdk/client-acm"),
  state,
  operations,
  timers: lifecycleTimers,
  *tagged(call: Here) {
    for (const { detail, tags } of call.state.certificates.values()) yield { arn: detail.CertificateArn, tags };
  },
  tag(call: Here, arn: string, set: Record<string, string>, remove: readonly string[]) {
    const certificate = call.state.certificates.get(arn);
    if (!certificate) return false;
    Object.assign(certificate.tags, set);
    for (const key of remove) delete certificate.tags[key];
    return true;
  },
  resources,
} satisfies Service;
