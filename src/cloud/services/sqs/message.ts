/** A message on its way in: its limits, and the digests by which clients check what arrived. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html */
import { createHash } from "node:crypto";
import type * as sdk from "@aws-sdk/client-sqs";
import { AwsError } from "../../service.ts";
import { invalid, missing, numberOf, type Queue } from "./queue.ts";

type Attributes = Readonly<Record<string, sdk.MessageAttributeValue>>;
export type Outgoing = Omit<sdk.SendMessageBatchRequestEntry, "Id">;

export const md5 = (text: string): string => createHash("md5").update(text).digest("hex");

/** Names in order; of each the name, the type and the value with their lengths: docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html#sqs-attributes-md5-message-digest-calculation */
export function md5OfAttributes(attributes: Attributes): string | undefined {
  const names = Object.keys(attributes).sort();
  if (names.length === 0) return undefined;
  const hash = createHash("md5");
  const put = (bytes: Uint8Array) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.byteLength);
    hash.update(length).update(bytes);
  };
  for (const name of names) {
    const { DataType = "", StringValue = "", BinaryValue } = attributes[name] ?? {};
    put(Buffer.from(name));
    put(Buffer.from(DataType));
    const binary = DataType.startsWith("Binary");
    hash.update(Uint8Array.of(binary ? 2 : 1));
    put(binary ? (BinaryValue ?? new Uint8Array()) : Buffer.from(StringValue));
  }
  return hash.digest("hex");
}

/** The body, and of each attribute its name, type and value. */
export function sizeOf({ MessageBody = "", MessageAttributes = {} }: Outgoing): number {
  let size = Buffer.byteLength(MessageBody);
  for (const [name, { DataType = "", StringValue = "", BinaryValue }] of Object.entries(MessageAttributes)) {
    size += Buffer.byteLength(name) + Buffer.byteLength(DataType) + Buffer.byteLength(StringValue) + (BinaryValue?.byteLength ?? 0);
  }
  return size;
}

export function checkMessage(queue: Queue, message: Outgoing): void {
  const { MessageBody = "", MessageAttributes = {}, MessageSystemAttributes = {} } = message;
  if (MessageBody === "") throw missing("MessageBody");
  // The characters of XML 1.0: docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
  if (/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u.test(MessageBody)) {
    throw new AwsError(
      "InvalidMessageContents",
      "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
    );
  }
  checkAttributes(MessageAttributes);
  for (const [name, { DataType, StringValue }] of Object.entries(MessageSystemAttributes)) {
    if (name !== "AWSTraceHeader") throw invalidValue(`Message system attribute name '${name}' is invalid.`);
    if (DataType !== "String" || !StringValue)
      throw invalidValue(`The message system attribute '${name}' must be of type String and not be empty.`);
  }
  const limit = numberOf(queue, "MaximumMessageSize");
  if (sizeOf(message) > limit)
    throw invalidValue(`One or more parameters are invalid. Reason: Message must be shorter than ${limit} bytes.`);
  checkDelivery(queue, message);
}

const invalidValue = (message: string) => new AwsError("InvalidParameterValue", message);

function checkDelivery({ fifo, attributes }: Queue, { DelaySeconds, MessageGroupId, MessageDeduplicationId }: Outgoing): void {
  if (DelaySeconds !== undefined && (DelaySeconds < 0 || DelaySeconds > 900)) {
    throw invalid("DelaySeconds", DelaySeconds, "DelaySeconds must be >= 0 and <= 900.");
  }
  for (const [name, value] of Object.entries({ MessageGroupId, MessageDeduplicationId })) {
    if (value !== undefined && !/^[\x21-\x7e]{1,128}$/.test(value)) {
      throw invalid(name, value, `${name} can only include alphanumeric and punctuation characters. 1 to 128 in length.`);
    }
  }
  const foreign = "The request include parameter that is not valid for this queue type";
  // A standard queue takes a group: docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
  if (!fifo) {
    if (MessageDeduplicationId !== undefined) throw invalid("MessageDeduplicationId", MessageDeduplicationId, foreign);
    return;
  }
  if (MessageGroupId === undefined) throw missing("MessageGroupId");
  if (DelaySeconds) throw invalid("DelaySeconds", DelaySeconds, foreign);
  if (MessageDeduplicationId === undefined && attributes.ContentBasedDeduplication !== "true") {
    throw invalidValue("The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly");
  }
}

function checkAttributes(attributes: Attributes): void {
  const names = Object.keys(attributes);
  if (names.length > 10) throw invalidValue(`Number of message attributes [${names.length}] exceeds the allowed maximum [10].`);
  for (const [name, { DataType = "", StringValue, BinaryValue }] of Object.entries(attributes)) {
    if (!/^[\w.-]{1,256}$/.test(name) || /^(aws|amazon)\.|^\.|\.$|\.\./i.test(name)) {
      throw invalidValue(
        "The message attribute name contains invalid characters. The name can contain alphanumeric characters and the underscore, hyphen, and period. It must not start with AWS. or Amazon., or start, end or repeat with a period.",
      );
    }
    const [, type] = /^(String|Number|Binary)(?:\..{1,249})?$/.exec(DataType) ?? [];
    if (type === undefined) {
      throw invalidValue(
        `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
      );
    }
    if (type === "Binary" ? !BinaryValue?.byteLength : !StringValue) {
      throw invalidValue(
        `The message attribute '${name}' must contain a non-empty message attribute value for message attribute type '${DataType}'.`,
      );
    }
    if (type === "Number" && !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(StringValue ?? "")) {
      throw invalidValue(`Can't cast the value of message attribute '${name}' to a number.`);
    }
  }
}
