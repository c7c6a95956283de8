/** Service Quotas. */
import type * as sdk from "@aws-sdk/client-service-quotas";
import type { Operations, Service } from "../service.ts";

const state = () => ({});
type State = ReturnType<typeof state>;

const operations = {} satisfies Operations<sdk.ServiceQuotas, State>;

export const servicequotas = {
  api: { signing: "servicequotas", protocol: "awsJson1_1", version: "2019-06-24", target: "ServiceQuotasV20190624" },
  sdk: () => import("@aws-sdk/client-service-quotas"),
  state,
  operations,
} satisfies Service;
