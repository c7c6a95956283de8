/** What can be set on a topic, and what it says of itself. https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html */
import { invalid, subscriptionsOf, type Here, type Topic } from "./topic.ts";

const isObject = (text: string): boolean => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
};
const oneOf =
  (...values: string[]) =>
  (value: string) =>
    values.includes(value);
const anything = () => true;

const rules: Record<string, (value: string) => boolean> = {
  DisplayName: (value) => value.length <= 100,
  Policy: isObject,
  DeliveryPolicy: (value) => value === "" || isObject(value),
  KmsMasterKeyId: anything,
  TracingConfig: oneOf("PassThrough", "Active"),
  SignatureVersion: oneOf("1", "2"),
  FifoTopic: oneOf("true", "false"),
  ContentBasedDeduplication: oneOf("true", "false"),
  FifoThroughputScope: oneOf("Topic", "MessageGroup"),
  ArchivePolicy: (value) => value === "" || isObject(value),
  MaximumMessageSize: (value) => /^\d+$/.test(value) && Number(value) >= 1024 && Number(value) <= 1_048_576,
};
const fifoOnly = ["ContentBasedDeduplication", "FifoThroughputScope", "ArchivePolicy"];
const removable = ["DeliveryPolicy", "KmsMasterKeyId", "ArchivePolicy", "Policy"];
// Roles and rates of delivery logs: docs.aws.amazon.com/sns/latest/dg/topics-attrib.html
const feedback = /^(HTTP|Firehose|Lambda|Application|SQS)(SuccessFeedbackRoleArn|SuccessFeedbackSampleRate|FailureFeedbackRoleArn)$/;

export function checkTopicAttribute(name: string, value: string, fifo: boolean): void {
  const rule = feedback.test(name) ? anything : rules[name];
  if (!rule || (fifoOnly.includes(name) && !fifo)) throw invalid("AttributeName");
  const unset = value === "" && removable.includes(name);
  if (!unset && !rule(value))
    throw invalid(name === "Policy" ? "Policy Error: null" : `Attributes Reason: ${name} has an invalid value: ${value}`);
}

export function setTopicAttribute(topic: Topic, name: string, value: string): void {
  if (value === "" && removable.includes(name)) delete topic.attributes[name];
  else if (name !== "FifoTopic") topic.attributes[name] = value;
}

export function topicAttributes(call: Here, topic: Topic): Record<string, string> {
  const subscriptions = subscriptionsOf(call, topic.arn);
  const pending = subscriptions.filter(({ token }) => token !== undefined).length;
  return {
    Policy: defaultPolicy(topic),
    DisplayName: "",
    EffectiveDeliveryPolicy: effective(topic.attributes.DeliveryPolicy),
    ...(topic.fifo && { FifoTopic: "true", ContentBasedDeduplication: "false", FifoThroughputScope: "Topic" }),
    ...topic.attributes,
    TopicArn: topic.arn,
    Owner: call.account,
    SubscriptionsConfirmed: String(subscriptions.length - pending),
    SubscriptionsPending: String(pending),
    SubscriptionsDeleted: String(topic.deleted),
  };
}

/** The owner may do everything: docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html */
export function defaultPolicy({ arn }: Topic): string {
  const actions = ["GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic", "Subscribe", "ListSubscriptionsByTopic", "Publish"]; // prettier-ignore
  return JSON.stringify({
    Version: "2008-10-17",
    Id: "__default_policy_ID",
    Statement: [
      {
        Sid: "__default_statement_ID",
        Effect: "Allow",
        Principal: { AWS: "*" },
        Action: actions.map((action) => `SNS:${action}`),
        Resource: arn,
        Condition: { StringEquals: { "AWS:SourceOwner": arn.split(":")[4] } },
      },
    ],
  });
}

/** docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html */
const deliveryDefaults = { minDelayTarget: 20, maxDelayTarget: 20, numRetries: 3, numMaxDelayRetries: 0, numNoDelayRetries: 0, numMinDelayRetries: 0, backoffFunction: "linear" }; // prettier-ignore

function effective(policy: string | undefined): string {
  const { http = {} } = policy === undefined ? {} : JSON.parse(policy);
  const defaultHealthyRetryPolicy = { ...deliveryDefaults, ...http.defaultHealthyRetryPolicy };
  const defaultRequestPolicy = { headerContentType: "text/plain; charset=UTF-8", ...http.defaultRequestPolicy };
  return JSON.stringify({
    http: {
      defaultHealthyRetryPolicy,
      disableSubscriptionOverrides: false,
      defaultRequestPolicy,
      ...(http.defaultThrottlePolicy && { defaultThrottlePolicy: http.defaultThrottlePolicy }),
    },
  });
}
