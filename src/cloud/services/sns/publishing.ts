/** Publishing, alone and in batches. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
import { createHash } from "node:crypto";
import type * as sdk from "@aws-sdk/client-sns";
import { minutes, plus } from "../../../kernel/units.ts";
import { AwsError, type Operations } from "../../service.ts";
import { deliver, type Notification } from "./delivery.ts";
import { invalid, subscriptionsOf, topicOf, type Here, type State, type Timers, type Topic } from "./topic.ts";

type Outgoing = Omit<sdk.PublishBatchRequestEntry, "Id">;

export const publishOperations = {
  Publish(call, { TopicArn, TargetArn, PhoneNumber, ...message }) {
    if (PhoneNumber !== undefined)
      throw new AwsError("NotImplemented", "Causeway does not send text messages.", 501, { service: "sns", operation: "Publish" });
    const arn = TopicArn ?? TargetArn;
    if (arn === undefined) throw invalid("TopicArn or TargetArn Reason: no value for required parameter");
    const topic = topicOf(call, arn);
    checkMessage(topic, message);
    return publish(call, topic, message);
  },
  PublishBatch(call, { TopicArn, PublishBatchRequestEntries: entries }) {
    const topic = topicOf(call, TopicArn);
    checkBatch(topic, entries);
    const Successful: sdk.PublishBatchResultEntry[] = [];
    const Failed: sdk.BatchResultErrorEntry[] = [];
    for (const { Id, ...message } of entries) {
      try {
        checkMessage(topic, message);
        Successful.push({ Id, ...publish(call, topic, message) });
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        Failed.push({ Id, Code: error.code, Message: error.message, SenderFault: true });
      }
    }
    return { Successful, Failed };
  },
} satisfies Operations<sdk.SNS, State, Timers>;

/** docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html */
function checkBatch(topic: Topic, entries: readonly sdk.PublishBatchRequestEntry[]): void {
  if (entries.length === 0) throw new AwsError("EmptyBatchRequest", "The batch request doesn't contain any entries.");
  if (entries.length > 10) throw new AwsError("TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible.");
  const ids = entries.map(({ Id = "" }) => Id);
  if (ids.some((id) => !/^[\w-]{1,80}$/.test(id))) {
    throw new AwsError("InvalidBatchEntryId", "The Id of a batch entry in a batch request doesn't abide by the specification.");
  }
  if (new Set(ids).size < ids.length)
    throw new AwsError("BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.");
  if (entries.reduce((sum, entry) => sum + sizeOf(entry), 0) > sizeMax(topic)) {
    throw new AwsError("BatchRequestTooLong", "The length of all the batch messages put together is more than the limit.");
  }
}

// docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html
const sizeMax = ({ attributes }: Topic): number => Number(attributes.MaximumMessageSize ?? 262_144);

function sizeOf({ Message = "", MessageAttributes = {} }: Outgoing): number {
  let size = Buffer.byteLength(Message);
  for (const [name, { DataType = "", StringValue = "", BinaryValue }] of Object.entries(MessageAttributes)) {
    size += Buffer.byteLength(name) + Buffer.byteLength(DataType) + Buffer.byteLength(StringValue) + (BinaryValue?.byteLength ?? 0);
  }
  return size;
}

function checkMessage(topic: Topic, message: Outgoing): void {
  const { Message = "", Subject, MessageStructure, MessageAttributes = {} } = message;
  if (Message === "") throw invalid("Empty message");
  if (sizeOf(message) > sizeMax(topic)) throw invalid("Message too long");
  // ASCII, beginning with a letter, digit or punctuation, without line breaks: docs.aws.amazon.com/sns/latest/api/API_Publish.html
  if (Subject !== undefined && !/^[\x21-\x7e][\x20-\x7e]{0,99}$/.test(Subject)) throw invalid("Subject");
  if (MessageStructure !== undefined) checkStructure(MessageStructure, Message);
  checkAttributes(MessageAttributes);
  checkFifo(topic, message);
}

function checkStructure(structure: string, message: string): void {
  if (structure !== "json") throw invalid("MessageStructure");
  let parts: unknown;
  try {
    parts = JSON.parse(message);
  } catch {
    throw invalid("Message Structure - JSON message body failed to parse");
  }
  if (typeof parts !== "object" || parts === null || typeof (parts as { default?: unknown }).default !== "string") {
    throw invalid("Message Structure - No default entry in JSON message body");
  }
}

function checkAttributes(attributes: Readonly<Record<string, sdk.MessageAttributeValue>>): void {
  const wrong = (message: string) => new AwsError("ParameterValueInvalid", message);
  for (const [name, { DataType = "", StringValue, BinaryValue }] of Object.entries(attributes)) {
    if (!/^[\w.-]{1,256}$/.test(name)) {
      throw wrong("Invalid message attribute name: it can contain alphanumeric characters and the underscore, hyphen, and period.");
    }
    if (!/^(String|String\.Array|Number|Binary)(\..{1,249})?$/.test(DataType)) {
      throw wrong(
        `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
      );
    }
    if (DataType.startsWith("Binary") ? !BinaryValue?.byteLength : !StringValue) {
      throw wrong(
        `The message attribute '${name}' must contain non-empty message attribute value for message attribute type '${DataType}'.`,
      );
    }
    if (DataType.startsWith("Number") && Number.isNaN(Number(StringValue)))
      throw wrong(`Could not cast message attribute '${name}' value to number.`);
  }
}

function checkFifo({ fifo, attributes }: Topic, { MessageGroupId, MessageDeduplicationId }: Outgoing): void {
  for (const [name, value] of Object.entries({ MessageGroupId, MessageDeduplicationId })) {
    if (value !== undefined && !/^[\x21-\x7e]{1,128}$/.test(value)) {
      throw invalid(`The ${name} parameter can only include alphanumeric and punctuation characters, 1 to 128 in length`);
    }
  }
  if (!fifo) {
    if (MessageDeduplicationId === undefined) return;
    throw invalid(
      "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type",
    );
  }
  if (MessageGroupId === undefined) throw invalid("The MessageGroupId parameter is required for FIFO topics");
  if (MessageDeduplicationId === undefined && attributes.ContentBasedDeduplication !== "true") {
    throw invalid("The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly");
  }
}

/** AWS takes some tens of milliseconds to deliver; here it has happened when Publish answers. */
function publish(call: Here, topic: Topic, message: Outgoing): { MessageId: string; SequenceNumber?: string } {
  const { Message: text = "", Subject: subject, MessageStructure, MessageAttributes: attributes = {}, MessageGroupId: group } = message;
  const deduplication = topic.fifo ? (message.MessageDeduplicationId ?? createHash("sha256").update(text).digest("hex")) : undefined;
  const key = topic.attributes.FifoThroughputScope === "MessageGroup" ? `${group} ${deduplication}` : deduplication;
  const before = key === undefined ? undefined : topic.sent.get(key);
  if (before && before.until > call.now) return { MessageId: before.id, SequenceNumber: before.sequence };
  const id = call.uuid();
  const sequence = topic.fifo ? String(10_000_000_000_000_000_000n + BigInt(++topic.sequence) * 1000n) : undefined;
  if (key !== undefined && sequence !== undefined) remember(call, topic, key, { id, sequence });
  const json = MessageStructure === "json";
  const notification: Notification = { id, topic, text, json, subject, attributes, group, deduplication, sequence };
  for (const subscription of subscriptionsOf(call, topic.arn)) deliver(call, subscription, notification);
  return { MessageId: id, SequenceNumber: sequence };
}

/** docs.aws.amazon.com/sns/latest/dg/fifo-message-dedup.html */
function remember(call: Here, topic: Topic, key: string, sent: { id: string; sequence: string }): void {
  for (const [past, { until }] of topic.sent) {
    if (until > call.now) break; // in the order of their ends
    topic.sent.delete(past);
  }
  topic.sent.delete(key);
  topic.sent.set(key, { ...sent, until: plus(call.now, minutes(5)) });
}
