/** AWS Certificate Manager. */
import type * as sdk from "@aws-sdk/client-acm";
import type { Operations, Service } from "../service.ts";

const state = () => ({});
type State = ReturnType<typeof state>;

const operations = {} satisfies Operations<sdk.ACM, State>;

export const acm = {
  api: { signing: "acm", protocol: "awsJson1_1", version: "2015-12-08", target: "CertificateManager" },
  sdk: () => import("@aws-sdk/client-acm"),
  state,
  operations,
} satisfies Service;
