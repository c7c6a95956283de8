/** Amazon SNS. */
import type * as sdk from "@aws-sdk/client-sns";
import type { Operations, Service } from "../../service.ts";

const state = () => ({});
type State = ReturnType<typeof state>;

const operations = {} satisfies Operations<sdk.SNS, State>;

export const sns = {
  api: { signing: "sns", protocol: "awsQuery", version: "2010-03-31", namespace: "http://sns.amazonaws.com/doc/2010-03-31/" },
  sdk: () => import("@aws-sdk/client-sns"),
  state,
  operations,
} satisfies Service;
