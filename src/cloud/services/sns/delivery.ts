/**
 * From a topic to its subscribers: filters, envelopes, dead letters. https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
 * Queues get their messages. The other kinds of endpoint are outside of what is emulated: what would go there is a failed delivery, kept in the
 * dead-letter queue or counted.
 */
import type * as sdk from "@aws-sdk/client-sns";
import { AwsError } from "../../service.ts";
import { matches } from "../eventbridge/pattern.ts";
import type { Here, Subscription, Topic } from "./topic.ts";

export type Notification = {
  id: string;
  topic: Topic;
  text: string;
  /** The text holds one text for each protocol. */
  json: boolean;
  subject?: string;
  attributes: Readonly<Record<string, sdk.MessageAttributeValue>>;
  group?: string;
  deduplication?: string;
  sequence?: string;
};

export function deliver(call: Here, subscription: Subscription, notification: Notification): void {
  if (subscription.token !== undefined || !wanted(subscription, notification)) return;
  const text = textFor(call, subscription, notification);
  const failure =
    subscription.protocol === "sqs"
      ? send(call, subscription.endpoint, subscription, notification, text)
      : `Causeway does not deliver to ${subscription.protocol} endpoints.`;
  if (failure === undefined) return;
  const { deadLetterTargetArn } = JSON.parse(subscription.attributes.RedrivePolicy ?? "{}");
  const lost = deadLetterTargetArn === undefined ? failure : send(call, deadLetterTargetArn, subscription, notification, text);
  if (lost === undefined) return;
  subscription.undelivered++;
  subscription.failure = lost;
}

/** The filter policy, over the attributes or over the message: docs.aws.amazon.com/sns/latest/dg/sns-message-filtering.html */
function wanted({ attributes, protocol }: Subscription, notification: Notification): boolean {
  if (attributes.FilterPolicy === undefined) return true;
  const policy = JSON.parse(attributes.FilterPolicy);
  if (attributes.FilterPolicyScope !== "MessageBody") return matches(policy, fieldsOf(notification.attributes));
  const body = parsed(messageFor(protocol, notification));
  return typeof body === "object" && body !== null && !Array.isArray(body) && matches(policy, body);
}

function fieldsOf(attributes: Notification["attributes"]): Record<string, unknown> {
  const fields = Object.entries(attributes).map(([name, { DataType = "", StringValue = "", BinaryValue }]) => {
    if (DataType.startsWith("Number")) return [name, Number(StringValue)];
    if (DataType.startsWith("String.Array")) return [name, parsed(StringValue)];
    return [name, BinaryValue ? Buffer.from(BinaryValue).toString("base64") : StringValue];
  });
  return Object.fromEntries(fields);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function messageFor(protocol: string, { text, json }: Notification): string {
  if (!json) return text;
  const parts = JSON.parse(text);
  return typeof parts[protocol] === "string" ? parts[protocol] : parts.default;
}

const isRaw = ({ attributes }: Subscription): boolean => attributes.RawMessageDelivery === "true";

function textFor(call: Here, subscription: Subscription, notification: Notification): string {
  const text = messageFor(subscription.protocol, notification);
  return isRaw(subscription) ? text : envelope(subscription, notification, text, call.date.toISOString());
}

/** Spaced as AWS spaces it. The signature needs AWS's own key: its place holds the word that AWS's documentation has there. */
function envelope({ arn }: Subscription, { id, topic, subject, attributes, sequence }: Notification, text: string, at: string): string {
  const endpoint = `https://sns.${topic.arn.split(":")[3]}.amazonaws.com/`;
  const fields: [string, string | undefined][] = [
    ["Type", "Notification"],
    ["MessageId", id],
    ["SequenceNumber", sequence],
    ["TopicArn", topic.arn],
    ["Subject", subject],
    ["Message", text],
    ["Timestamp", at],
    // FIFO topics do not sign: docs.aws.amazon.com/sns/latest/dg/fifo-topic-message-ordering.html
    ["SignatureVersion", topic.fifo ? undefined : (topic.attributes.SignatureVersion ?? "1")],
    ["Signature", topic.fifo ? undefined : "EXAMPLE"],
    ["SigningCertURL", topic.fifo ? undefined : `${endpoint}SimpleNotificationService-EXAMPLE.pem`],
    ["UnsubscribeURL", `${endpoint}?Action=Unsubscribe&SubscriptionArn=${arn}`],
  ];
  const lines = fields.flatMap(([name, value]) => (value === undefined ? [] : [`  ${JSON.stringify(name)} : ${JSON.stringify(value)}`]));
  const inner = Object.entries(attributes).map(([name, value]) => `    ${JSON.stringify(name)} : ${JSON.stringify(shown(value))}`);
  if (inner.length > 0) lines.push(`  "MessageAttributes" : {\n${inner.join(",\n")}\n  }`);
  return `{\n${lines.join(",\n")}\n}`;
}

const shown = ({ DataType, StringValue, BinaryValue }: sdk.MessageAttributeValue) => ({
  Type: DataType,
  Value: BinaryValue ? Buffer.from(BinaryValue).toString("base64") : StringValue,
});

/** Answers why it could not be delivered. */
function send(call: Here, arn: string, subscription: Subscription, notification: Notification, text: string): string | undefined {
  const [, , , region = "", account = "", name = ""] = arn.split(":");
  if (account !== call.account) return `Causeway does not deliver to another account's queue: ${arn}`;
  const fifo = name.endsWith(".fifo");
  try {
    const queues = region === call.region ? call.ask("sqs") : call.elsewhere(region).ask("sqs");
    queues.SendMessage({
      QueueUrl: `https://sqs.${region}.amazonaws.com/${account}/${name}`,
      MessageBody: text,
      MessageAttributes: isRaw(subscription) ? notification.attributes : undefined,
      MessageGroupId: notification.group,
      MessageDeduplicationId: fifo ? notification.deduplication : undefined,
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return `${error.code}: ${error.message}`;
  }
}
