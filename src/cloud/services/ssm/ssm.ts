/** AWS Systems Manager. */
import type * as sdk from "@aws-sdk/client-ssm";
import type { Operations, Service } from "../../service.ts";

const state = () => ({});
type State = ReturnType<typeof state>;

const operations = {} satisfies Operations<sdk.SSM, State>;

export const ssm = {
  api: { signing: "ssm", protocol: "awsJson1_1", version: "2014-11-06", target: "AmazonSSM" },
  sdk: () => import("@aws-sdk/client-ssm"),
  state,
  operations,
} satisfies Service;
