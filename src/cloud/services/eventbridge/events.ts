/** Amazon EventBridge. */
import type * as sdk from "@aws-sdk/client-eventbridge";
import type { Operations, Service } from "../../service.ts";

const state = () => ({});
type State = ReturnType<typeof state>;

const operations = {} satisfies Operations<sdk.EventBridge, State>;

export const events = {
  api: { signing: "events", protocol: "awsJson1_1", version: "2015-10-07", target: "AWSEvents" },
  sdk: () => import("@aws-sdk/client-eventbridge"),
  state,
  operations,
} satisfies Service;
