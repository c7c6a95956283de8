/**
 * Receiving, and what a receipt handle lets one do. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
 * A handler can't wait: a long poll (WaitTimeSeconds) is checked, and answered at once with what is there.
 */
import type * as sdk from "@aws-sdk/client-sqs";
import { hours, minutes, plus, seconds, type Instant } from "../../../kernel/units.ts";
import { AwsError, type Operations } from "../../service.ts";
import { md5, md5OfAttributes } from "./message.ts";
import {
  arnOf,
  byArn,
  checkBetween,
  dropExpired,
  find,
  inFlight,
  invalid,
  nextSequence,
  numberOf,
  redrivePolicyOf,
  type Here,
  type Message,
  type Queue,
  type State,
  type Timers,
} from "./queue.ts";
import { checkBatch, each } from "./sending.ts";

// docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
const IN_FLIGHT_MAX = 120_000;

export const receiveOperations = {
  ReceiveMessage(call, input) {
    const queue = find(call, input.QueueUrl);
    checkReceive(queue, input);
    const { MaxNumberOfMessages = 1, VisibilityTimeout = numberOf(queue, "VisibilityTimeout"), ReceiveRequestAttemptId } = input;
    const until = plus(call.now, seconds(VisibilityTimeout));
    const again = ReceiveRequestAttemptId === undefined ? undefined : repeated(call, queue, ReceiveRequestAttemptId);
    if (again) for (const message of again) message.visibleAt = until;
    const received = again ?? receive(call, queue, MaxNumberOfMessages, until);
    if (ReceiveRequestAttemptId !== undefined && !again) {
      const ids = received.map(({ id, receives }) => ({ id, receives }));
      queue.attempts.set(ReceiveRequestAttemptId, { until: plus(call.now, minutes(5)), received: ids });
    }
    return received.length > 0 ? { Messages: received.map((message) => outgoing(queue, message, input)) } : {};
  },
  DeleteMessage(call, { QueueUrl, ReceiptHandle }) {
    remove(call, find(call, QueueUrl), ReceiptHandle);
    return {};
  },
  DeleteMessageBatch(call, { QueueUrl, Entries }) {
    const queue = find(call, QueueUrl);
    checkBatch("DeleteMessageBatchRequestEntry", Entries);
    return each(Entries, ({ ReceiptHandle = "" }) => remove(call, queue, ReceiptHandle));
  },
  ChangeMessageVisibility(call, { QueueUrl, ReceiptHandle, VisibilityTimeout }) {
    changeVisibility(call, find(call, QueueUrl), ReceiptHandle, VisibilityTimeout);
    return {};
  },
  ChangeMessageVisibilityBatch(call, { QueueUrl, Entries }) {
    const queue = find(call, QueueUrl);
    checkBatch("ChangeMessageVisibilityBatchRequestEntry", Entries);
    return each(Entries, ({ ReceiptHandle = "", VisibilityTimeout }) => changeVisibility(call, queue, ReceiptHandle, VisibilityTimeout));
  },
} satisfies Operations<sdk.SQS, State, Timers>;

function checkReceive(
  queue: Queue,
  { MaxNumberOfMessages, VisibilityTimeout, WaitTimeSeconds, ReceiveRequestAttemptId }: Partial<sdk.ReceiveMessageRequest>,
): void {
  checkBetween("MaxNumberOfMessages", MaxNumberOfMessages, 1, 10);
  checkBetween("VisibilityTimeout", VisibilityTimeout, 0, 43_200);
  checkBetween("WaitTimeSeconds", WaitTimeSeconds, 0, 20);
  if (ReceiveRequestAttemptId !== undefined && !queue.fifo) {
    throw invalid(
      "ReceiveRequestAttemptId",
      ReceiveRequestAttemptId,
      "The request include parameter that is not valid for this queue type",
    );
  }
}

/** What the same attempt received before, unless one of it was changed since. */
function repeated({ now }: Here, queue: Queue, attempt: string): Message[] | undefined {
  for (const [id, { until }] of queue.attempts) if (until <= now) queue.attempts.delete(id);
  const { received = [] } = queue.attempts.get(attempt) ?? {};
  const messages = received.flatMap(({ id, receives }) => {
    const message = queue.messages.get(id);
    return message?.receives === receives && inFlight(message, now) ? [message] : [];
  });
  return messages.length > 0 && messages.length === received.length ? messages : undefined;
}

function receive(call: Here, queue: Queue, most: number, until: Instant): Message[] {
  dropExpired(queue, call.now);
  const received: Message[] = [];
  const room = roomInFlight(call, queue);
  /** Of a FIFO queue: those in which an earlier message has not been dealt with. */
  const blocked = new Set<string>();
  for (const message of queue.messages.values()) {
    if (received.length >= Math.min(most, room)) break;
    if (queue.fifo && blocked.has(message.group ?? "")) continue;
    if (message.visibleAt > call.now) blocked.add(message.group ?? "");
    else if (!buried(call, queue, message)) received.push(message);
  }
  for (const message of received) {
    message.receives++;
    message.received ??= call.now;
    message.receivedLast = call.now;
    message.visibleAt = until;
  }
  return received;
}

/** A standard queue says that it is full, a FIFO queue gives nothing: docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html */
function roomInFlight({ now }: Here, queue: Queue): number {
  if (queue.messages.size < IN_FLIGHT_MAX) return IN_FLIGHT_MAX;
  let count = 0;
  for (const message of queue.messages.values()) if (inFlight(message, now)) count++;
  if (count >= IN_FLIGHT_MAX && !queue.fifo)
    throw new AwsError("OverLimit", `Too many messages in flight, maximum allowed is ${IN_FLIGHT_MAX}.`);
  return IN_FLIGHT_MAX - count;
}

/** Moves what was received too often to the dead-letter queue: docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html */
function buried(call: Here, queue: Queue, message: Message): boolean {
  const policy = redrivePolicyOf(queue);
  if (!policy || message.receives < policy.maxReceiveCount) return false;
  const target = byArn(call, policy.deadLetterTargetArn);
  if (!target) return false;
  queue.messages.delete(message.id);
  target.messages.set(message.id, {
    ...message,
    visibleAt: call.now,
    // A standard queue keeps the age, a FIFO queue begins anew.
    sent: target.fifo ? call.now : message.sent,
    sequence: target.fifo ? nextSequence(target) : undefined,
    deadLetterSource: arnOf(call, queue.name),
  });
  return true;
}

/** Says queue, message and which receive of it, so that an older handle is known as such. */
const handleOf = ({ name }: Queue, { id, receives }: Message): string =>
  `AQEB${Buffer.from(`${name}/${id}/${receives}`).toString("base64")}`;

function readHandle(queue: Queue, handle: string): { id: string; receives: number } {
  const [name, id = "", receives] = Buffer.from(handle.slice(4), "base64").toString().split("/");
  if (!handle.startsWith("AQEB") || name !== queue.name || receives === undefined) {
    throw new AwsError("ReceiptHandleIsInvalid", `The input receipt handle "${handle}" is not a valid receipt handle.`);
  }
  return { id, receives: Number(receives) };
}

/** With an old handle the request succeeds and the message stays; what is gone is gone. */
function remove(call: Here, queue: Queue, handle: string): void {
  const { id, receives } = readHandle(queue, handle);
  const message = queue.messages.get(id);
  if (!message || message.receives !== receives) return;
  if (queue.fifo && message.visibleAt <= call.now) throw invalid("ReceiptHandle", handle, "The receipt handle has expired.");
  queue.messages.delete(id);
}

function changeVisibility(call: Here, queue: Queue, handle: string, timeout: number | undefined): void {
  checkBetween("VisibilityTimeout", timeout, 0, 43_200);
  const { id, receives } = readHandle(queue, handle);
  const message = queue.messages.get(id);
  if (!message) throw invalid("ReceiptHandle", handle, "Message does not exist or is not available for visibility timeout change.");
  if (message.receives !== receives || !inFlight(message, call.now)) {
    throw new AwsError("MessageNotInflight", "The specified message isn't in flight.");
  }
  const until = plus(call.now, seconds(timeout ?? numberOf(queue, "VisibilityTimeout")));
  // docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html
  if (until > plus(message.receivedLast ?? call.now, hours(12))) {
    throw invalid("VisibilityTimeout", timeout, "Total VisibilityTimeout for the message is beyond the limit [43200 seconds].");
  }
  message.visibleAt = until;
}

function outgoing(queue: Queue, message: Message, asked: Partial<sdk.ReceiveMessageRequest>): sdk.Message {
  const { AttributeNames = [], MessageSystemAttributeNames = [], MessageAttributeNames = [] } = asked;
  const attributes = Object.entries(message.attributes).filter(([name]) => MessageAttributeNames.some((asked) => names(asked, name)));
  const wanted: string[] = [...AttributeNames, ...MessageSystemAttributeNames];
  const system = Object.entries(systemAttributes(message)).filter(
    ([name, value]) => value !== undefined && (wanted.includes("All") || wanted.includes(name)),
  );
  return {
    MessageId: message.id,
    ReceiptHandle: handleOf(queue, message),
    MD5OfBody: md5(message.body),
    Body: message.body,
    ...(system.length > 0 && { Attributes: Object.fromEntries(system) }),
    // Of those that are handed out, as clients check it.
    ...(attributes.length > 0 && {
      MD5OfMessageAttributes: md5OfAttributes(Object.fromEntries(attributes)),
      MessageAttributes: Object.fromEntries(attributes),
    }),
  };
}

/** `All`, `.*`, `prefix.*` or the name itself. */
const names = (asked: string, name: string): boolean =>
  asked === "All" || asked === name || (asked.endsWith(".*") && name.startsWith(asked.slice(0, -2)));

function systemAttributes(message: Message): Partial<Record<sdk.MessageSystemAttributeName, string>> {
  return {
    SenderId: message.sender,
    SentTimestamp: String(message.sent),
    ApproximateReceiveCount: String(message.receives),
    ApproximateFirstReceiveTimestamp: String(message.received),
    AWSTraceHeader: message.trace,
    MessageGroupId: message.group,
    MessageDeduplicationId: message.deduplication,
    SequenceNumber: message.sequence,
    DeadLetterQueueSourceArn: message.deadLetterSource,
  };
}
