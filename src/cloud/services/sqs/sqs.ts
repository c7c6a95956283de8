/** Amazon Simple Queue Service. API: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/ */
import type * as sdk from "@aws-sdk/client-sqs";
import type { Operations, Service } from "../../service.ts";
import { moveOperations, moveTimers } from "./moves.ts";
import { arnOf, byArn, state, type Here, type State, type Timers } from "./queue.ts";
import { queueOperations } from "./queues.ts";
import { receiveOperations } from "./receiving.ts";
import { resources } from "./resources.ts";
import { sendOperations } from "./sending.ts";

const operations = { ...queueOperations, ...sendOperations, ...receiveOperations, ...moveOperations } satisfies Operations<
  sdk.SQS,
  State,
  Timers
>;

export const sqs = {
  api: {
    signing: "sqs",
    protocol: "awsJson1_0",
    version: "2012-11-05",
    target: "AmazonSQS",
    namespace: "http://queue.amazonaws.com/doc/2012-11-05/",
    alsoQuery: true,
  },
  sdk: () => import("@aws-sdk/client-sqs"),
  state,
  operations,
  timers: moveTimers,
  *tagged(call: Here) {
    for (const { name, tags } of call.state.queues.values()) yield { arn: arnOf(call, name), tags };
  },
  tag(call: Here, arn: string, set: Record<string, string>, remove: readonly string[]) {
    const queue = byArn(call, arn);
    if (!queue) return false;
    Object.assign(queue.tags, set);
    for (const key of remove) delete queue.tags[key];
    return true;
  },
  resources,
} satisfies Service;
