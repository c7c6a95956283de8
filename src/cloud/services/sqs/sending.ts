/** Sending, alone and in batches, with the deduplication of FIFO queues. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-exactly-once-processing.html */
import { createHash } from "node:crypto";
import type * as sdk from "@aws-sdk/client-sqs";
import { minutes, plus, seconds } from "../../../kernel/units.ts";
import { AwsError, type Operations } from "../../service.ts";
import { checkMessage, md5, md5OfAttributes, sizeOf, type Outgoing } from "./message.ts";
import { dropExpired, find, nextSequence, numberOf, type Here, type Message, type Queue, type State, type Timers } from "./queue.ts";

export const sendOperations = {
  SendMessage(call, { QueueUrl, ...message }) {
    const queue = find(call, QueueUrl);
    checkMessage(queue, message);
    return send(call, queue, message);
  },
  SendMessageBatch(call, { QueueUrl, Entries }) {
    const queue = find(call, QueueUrl);
    checkBatch("SendMessageBatchRequestEntry", Entries);
    const size = Entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
    // docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
    if (size > 1_048_576)
      throw new AwsError("BatchRequestTooLong", `Batch requests cannot be longer than 1048576 bytes. You have sent ${size} bytes.`);
    return each(Entries, (entry) => {
      checkMessage(queue, entry);
      return send(call, queue, entry);
    });
  },
} satisfies Operations<sdk.SQS, State, Timers>;

/** Of a message that was checked. */
function send(call: Here, queue: Queue, message: Outgoing) {
  const { MessageBody = "", MessageAttributes = {}, MessageSystemAttributes = {}, MessageGroupId: group } = message;
  const digests = {
    MD5OfMessageBody: md5(MessageBody),
    MD5OfMessageAttributes: md5OfAttributes(MessageAttributes),
    MD5OfMessageSystemAttributes: md5OfAttributes(MessageSystemAttributes),
  };
  const deduplication = deduplicationOf(queue, message);
  const key = queue.attributes.DeduplicationScope === "messageGroup" ? `${group} ${deduplication}` : deduplication;
  const sent = key === undefined ? undefined : queue.sent.get(key);
  if (sent && sent.until > call.now) return { ...digests, MessageId: sent.id, SequenceNumber: sent.sequence };
  dropExpired(queue, call.now);
  const arriving: Message = {
    id: call.uuid(),
    body: MessageBody,
    attributes: MessageAttributes,
    trace: MessageSystemAttributes.AWSTraceHeader?.StringValue,
    sender: call.principal.userId,
    sent: call.now,
    visibleAt: plus(call.now, seconds(message.DelaySeconds ?? numberOf(queue, "DelaySeconds"))),
    receives: 0,
    group,
    deduplication,
    sequence: queue.fifo ? nextSequence(queue) : undefined,
  };
  queue.messages.set(arriving.id, arriving);
  if (key !== undefined) remember(queue, key, arriving);
  return { ...digests, MessageId: arriving.id, SequenceNumber: arriving.sequence };
}

function deduplicationOf(queue: Queue, { MessageBody = "", MessageDeduplicationId }: Outgoing): string | undefined {
  if (!queue.fifo) return undefined;
  // The body alone: docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html
  return MessageDeduplicationId ?? createHash("sha256").update(MessageBody).digest("hex");
}

/** Five minutes from the first: docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html */
function remember(queue: Queue, key: string, { id, sequence = "", sent }: Message): void {
  for (const [past, { until }] of queue.sent) {
    if (until > sent) break; // in the order of their ends
    queue.sent.delete(past);
  }
  queue.sent.set(key, { id, sequence, until: plus(sent, minutes(5)) });
}

/** What every batch must be: docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-batch-api-actions.html */
export function checkBatch(kind: string, entries: readonly { Id: string | undefined }[]): void {
  if (entries.length === 0) throw new AwsError("EmptyBatchRequest", `There should be at least one ${kind} in the request.`);
  if (entries.length > 10) {
    throw new AwsError("TooManyEntriesInBatchRequest", `Maximum number of entries per request are 10. You have sent ${entries.length}.`);
  }
  const seen = new Set<string>();
  for (const { Id = "" } of entries) {
    if (!/^[\w-]{1,80}$/.test(Id)) {
      throw new AwsError(
        "InvalidBatchEntryId",
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
      );
    }
    if (seen.has(Id)) throw new AwsError("BatchEntryIdsNotDistinct", `Id ${Id} repeated.`);
    seen.add(Id);
  }
}

/** Does it for each entry; what one is refused is no matter of the others. */
export function each<Entry extends { Id: string | undefined }, Result>(entries: readonly Entry[], work: (entry: Entry) => Result) {
  const Successful: (Result & { Id: string })[] = [];
  const Failed: sdk.BatchResultErrorEntry[] = [];
  for (const entry of entries) {
    const { Id = "" } = entry;
    try {
      Successful.push({ ...work(entry), Id });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      Failed.push({ Id, SenderFault: true, Code: error.code, Message: error.message });
    }
  }
  return { Successful, Failed };
}
