/** AWS Key Management Service. */
import type * as sdk from "@aws-sdk/client-kms";
import type { Operations, Service } from "../../service.ts";

const state = () => ({});
type State = ReturnType<typeof state>;

const operations = {} satisfies Operations<sdk.KMS, State>;

export const kms = {
  api: { signing: "kms", protocol: "awsJson1_1", version: "2014-11-01", target: "TrentService" },
  sdk: () => import("@aws-sdk/client-kms"),
  state,
  operations,
} satisfies Service;
