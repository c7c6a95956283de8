/** Amazon SQS. */
import type * as sdk from "@aws-sdk/client-sqs";
import type { Operations, Service } from "../../service.ts";

const state = () => ({});
type State = ReturnType<typeof state>;

const operations = {} satisfies Operations<sdk.SQS, State>;

export const sqs = {
  api: { signing: "sqs", protocol: "awsJson1_0", version: "2012-11-05", target: "AmazonSQS", namespace: "http://queue.amazonaws.com/doc/2012-11-05/", alsoQuery: true },
  sdk: () => import("@aws-sdk/client-sqs"),
  state,
  operations,
} satisfies Service;
