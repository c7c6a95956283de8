/** Messages: sending, receiving, hiding, deleting, failing into the dead-letter queue. docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/ */
import { createHash } from "node:crypto";
import type * as sdk from "@aws-sdk/client-sqs";
import { minutes, plus, seconds } from "../../../kernel/units.ts";
import { AwsError } from "../../service.ts";
import { dropExpired, expired, findByArn, isFifo, redriveOf, type Here, type Message, type Queue } from "./queue.ts";

const md5 = (text: string | Buffer) => createHash("md5").update(text).digest("hex");

/** As clients check it: docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html#sqs-attributes-md5-message-digest-calculation */
export function attributesDigest(attributes: Record<string, sdk.MessageAttributeValue>): string | undefined {
  const names = Object.keys(attributes).sort();
  if (names.length === 0) return undefined;
  const parts: Buffer[] = [];
  const sized = (bytes: Uint8Array) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.byteLength);
    parts.push(length, Buffer.from(bytes));
  };
  for (const name of names) {
    const { DataType = "", StringValue, BinaryValue } = attributes[name]!;
    sized(Buffer.from(name));
    sized(Buffer.from(DataType));
    parts.push(Buffer.from([DataType.startsWith("Binary") ? 2 : 1]));
    sized(DataType.startsWith("Binary") ? (BinaryValue ?? new Uint8Array()) : Buffer.from(StringValue ?? ""));
  }
  return md5(Buffer.concat(parts));
}

export type Sending = Pick<sdk.SendMessageRequest, "MessageBody" | "DelaySeconds" | "MessageAttributes" | "MessageSystemAttributes" | "MessageDeduplicationId" | "MessageGroupId">;

const invalid = (message: string) => new AwsError("InvalidParameterValue", message, 400);

// The characters that XML 1.0 has: API_SendMessage
const STRANGE = /[^\u0009\u000a\u000d\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

export function checkSending(queue: Queue, { MessageBody, DelaySeconds, MessageAttributes = {}, MessageDeduplicationId, MessageGroupId }: Sending): void {
  if (!MessageBody) throw new AwsError("MissingParameter", "The request must contain the parameter MessageBody.", 400);
  if (STRANGE.test(MessageBody)) throw new AwsError("InvalidMessageContents", "The message contains characters outside the allowed set.", 400);
  const max = Number(queue.attributes.MaximumMessageSize);
  if (sizeOf(MessageBody, MessageAttributes) > max) throw invalid(`One or more parameters are invalid. Reason: Message must be shorter than ${max} bytes.`);
  if (DelaySeconds !== undefined && (DelaySeconds < 0 || DelaySeconds > 900)) throw invalid(`Value ${DelaySeconds} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.`);
  if (Object.keys(MessageAttributes).length > 10) throw invalid(`Number of message attributes [${Object.keys(MessageAttributes).length}] exceeds the allowed maximum [10].`);
  for (const [name, { DataType }] of Object.entries(MessageAttributes)) {
    if (!/^(String|Number|Binary)(\..+)?$/.test(DataType ?? "")) throw invalid(`The type of message (user) attribute '${name}' is invalid. You must use only the following supported type prefixes: Binary, Number, String.`);
  }
  if (!isFifo(queue)) return;
  if (!MessageGroupId) throw new AwsError("MissingParameter", "The request must contain the parameter MessageGroupId.", 400);
  if (DelaySeconds) throw invalid(`Value ${DelaySeconds} for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type.`);
  if (!MessageDeduplicationId && queue.attributes.ContentBasedDeduplication !== "true") throw invalid("The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly");
}

export function sizeOf(body: string, attributes: Record<string, sdk.MessageAttributeValue>): number {
  let size = Buffer.byteLength(body);
  for (const [name, { DataType = "", StringValue = "", BinaryValue }] of Object.entries(attributes)) size += Buffer.byteLength(name) + Buffer.byteLength(DataType) + (BinaryValue?.byteLength ?? Buffer.byteLength(StringValue));
  return size;
}

/** Puts a checked message into the queue. A FIFO queue takes what it has seen within five minutes as already sent. */
export function send(call: Here, queue: Queue, { MessageBody = "", DelaySeconds, MessageAttributes = {}, MessageSystemAttributes, MessageDeduplicationId, MessageGroupId }: Sending) {
  const digests = { MD5OfMessageBody: md5(MessageBody), MD5OfMessageAttributes: attributesDigest(MessageAttributes), MD5OfMessageSystemAttributes: MessageSystemAttributes && attributesDigest(MessageSystemAttributes as Record<string, sdk.MessageAttributeValue>) };
  const fifo = isFifo(queue);
  const deduplication = fifo ? (MessageDeduplicationId ?? createHash("sha256").update(MessageBody).digest("hex")) : MessageDeduplicationId;
  const scope = queue.attributes.DeduplicationScope === "messageGroup" ? `${MessageGroupId}\n` : "";
  if (fifo) {
    for (const [key, { at }] of queue.seen) if (call.now - at >= minutes(5)) queue.seen.delete(key);
    const before = queue.seen.get(scope + deduplication);
    if (before) return { ...digests, MessageId: before.id, SequenceNumber: before.sequence };
  }
  // 20 digits, growing: API_SendMessage
  const sequence = fifo ? String(18_800_000_000_000_000_000n + BigInt(++queue.sequence) * 256n) : undefined;
  const message: Message = {
    id: call.uuid(),
    body: MessageBody,
    attributes: MessageAttributes,
    trace: MessageSystemAttributes?.AWSTraceHeader?.StringValue,
    sender: call.principal.userId,
    sent: call.now,
    visibleAt: plus(call.now, seconds(DelaySeconds ?? Number(queue.attributes.DelaySeconds))),
    receives: 0,
    group: MessageGroupId,
    deduplication,
    sequence,
  };
  dropExpired(queue, call.now);
  queue.messages.push(message);
  if (fifo && sequence) queue.seen.set(scope + deduplication, { at: call.now, id: message.id, sequence });
  return { ...digests, MessageId: message.id, SequenceNumber: sequence };
}

// docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
const IN_FLIGHT_MAX = 120_000;

/** Up to `max` messages, hidden from now on for `timeout` seconds. What was received too often goes to the dead-letter queue instead. */
export function receive(call: Here, queue: Queue, max: number, timeout: number): Message[] {
  const { now } = call;
  const redrive = redriveOf(queue);
  const target = redrive && findByArn(call, redrive.deadLetterTargetArn);
  const taken: Message[] = [];
  const failed = new Set<Message>();
  // A group with a message in flight gives no other: FIFO-queues-understanding-logic.html
  const blocked = new Set(isFifo(queue) ? queue.messages.filter(({ visibleAt, receives }) => visibleAt > now && receives > 0).map(({ group }) => group) : []);
  let inFlight = 0;
  for (const message of queue.messages) {
    if (message.visibleAt > now && message.receives > 0) inFlight++;
    if (taken.length === max || message.visibleAt > now || expired(queue, message, now) || (message.group !== undefined && isFifo(queue) && blocked.has(message.group))) continue;
    if (redrive && target && message.receives >= redrive.maxReceiveCount) failed.add(message);
    else taken.push(message);
  }
  if (inFlight >= IN_FLIGHT_MAX) throw new AwsError("OverLimit", "The maximum number of in flight messages is reached.", 403);
  if (failed.size > 0) {
    queue.messages = queue.messages.filter((message) => !failed.has(message));
    for (const message of failed) target!.messages.push({ ...message, receives: 0, firstReceived: undefined, visibleAt: now, source: queue.arn, sent: isFifo(queue) ? now : message.sent });
  }
  for (const message of taken) {
    message.receives++;
    message.firstReceived ??= now;
    message.visibleAt = plus(now, seconds(timeout));
  }
  dropExpired(queue, now);
  return taken;
}

/** Names the message and which of its receptions it stands for. */
export const handleOf = ({ id, receives }: Message): string => Buffer.from(`${id}:${receives}`).toString("base64");

/** The message behind a receipt handle; undefined when it is gone or was received again since. */
export function byHandle(queue: Queue, handle: string): Message | undefined {
  const [id, receives] = Buffer.from(handle, "base64").toString().split(":");
  if (!/^[0-9a-f-]{36}$/.test(id ?? "") || receives === undefined) throw new AwsError("ReceiptHandleIsInvalid", `The input receipt handle "${handle}" is not a valid receipt handle.`, 400);
  return queue.messages.find((message) => message.id === id && String(message.receives) === receives);
}

/** What of a message its receiver asked for. */
export function shown(queue: Queue, message: Message, attributeNames: readonly string[], messageAttributeNames: readonly string[]): sdk.Message {
  const all: Record<string, string | undefined> = {
    SenderId: message.sender,
    SentTimestamp: String(message.sent),
    ApproximateReceiveCount: String(message.receives),
    ApproximateFirstReceiveTimestamp: String(message.firstReceived),
    SequenceNumber: message.sequence,
    MessageDeduplicationId: isFifo(queue) ? message.deduplication : undefined,
    MessageGroupId: message.group,
    AWSTraceHeader: message.trace,
    DeadLetterQueueSourceArn: message.source,
  };
  const wanted = Object.entries(all).filter(([name, value]) => value !== undefined && (attributeNames.includes("All") || attributeNames.includes(name)));
  const matching = Object.entries(message.attributes).filter(([name]) => messageAttributeNames.some((asked) => asked === "All" || asked === ".*" || asked === name || (asked.endsWith(".*") && name.startsWith(asked.slice(0, -1)))));
  const attributes = Object.fromEntries(matching);
  return {
    MessageId: message.id,
    ReceiptHandle: handleOf(message),
    MD5OfBody: md5(message.body),
    Body: message.body,
    Attributes: wanted.length > 0 ? (Object.fromEntries(wanted) as sdk.Message["Attributes"]) : undefined,
    MD5OfMessageAttributes: attributesDigest(attributes),
    MessageAttributes: matching.length > 0 ? attributes : undefined,
  };
}
