/** Amazon Simple Notification Service. API: https://docs.aws.amazon.com/sns/latest/api/ */
import type * as sdk from "@aws-sdk/client-sns";
import type { Operations, Service } from "../../service.ts";
import { publishOperations } from "./publishing.ts";
import { resources } from "./resources.ts";
import { subscriptionOperations, subscriptionTimers } from "./subscriptions.ts";
import { state, type Here, type State, type Timers } from "./topic.ts";
import { topicOperations } from "./topics.ts";

const operations = { ...topicOperations, ...subscriptionOperations, ...publishOperations } satisfies Operations<sdk.SNS, State, Timers>;

export const sns = {
  api: { signing: "sns", protocol: "awsQuery", version: "2010-03-31", namespace: "http://sns.amazonaws.com/doc/2010-03-31/" },
  sdk: () => import("@aws-sdk/client-sns"),
  needs: ["sqs"],
  state,
  operations,
  timers: subscriptionTimers,
  *tagged(call: Here) {
    for (const { arn, tags } of call.state.topics.values()) yield { arn, tags };
  },
  tag(call: Here, arn: string, set: Record<string, string>, remove: readonly string[]) {
    const topic = call.state.topics.get(arn);
    if (!topic) return false;
    Object.assign(topic.tags, set);
    for (const key of remove) delete topic.tags[key];
    return true;
  },
  resources,
} satisfies Service;
