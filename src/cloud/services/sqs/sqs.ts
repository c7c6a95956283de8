/** Amazon SQS. API: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/ */
import type * as sdk from "@aws-sdk/client-sqs";
import { plus, seconds } from "../../../kernel/units.ts";
import { AwsError, type Operations, type Service, type Tagged } from "../../service.ts";
import { checkAttributes, defaults, readAttributes } from "./attributes.ts";
import { byHandle, checkSending, receive, send, shown, sizeOf } from "./messages.ts";
import { moveOperations, moveTimers } from "./moves.ts";
import { findQueue, isFifo, redriveOf, state, urlOf, type Here, type State, type Timers } from "./queue.ts";
import { resources } from "./resources.ts";

const operations = {
  CreateQueue(call, { QueueName, Attributes = {}, tags = {} }) {
    const given = Attributes as Record<string, string>;
    const fifo = given.FifoQueue === "true";
    if (!/^[A-Za-z0-9_-]{1,80}$/.test(QueueName.replace(/\.fifo$/, "")) || QueueName.length > 80) throw new AwsError("InvalidParameterValue", "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length", 400);
    if (fifo !== QueueName.endsWith(".fifo")) throw new AwsError("InvalidParameterValue", fifo ? "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length." : "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length", 400);
    checkAttributes(call, given, fifo);
    const existing = call.state.queues.get(QueueName);
    if (existing) {
      const other = Object.entries(given).find(([name, value]) => (existing.attributes[name] ?? "") !== value);
      if (other) throw new AwsError("QueueNameExists", `A queue already exists with the same name and a different value for attribute ${other[0]}`, 400);
      return { QueueUrl: urlOf(call, QueueName) };
    }
    // docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteQueue.html
    const deleted = call.state.deleted.get(QueueName);
    if (deleted !== undefined && call.now - deleted < seconds(60)) throw new AwsError("QueueDeletedRecently", "You must wait 60 seconds after deleting a queue before you can create another with the same name.", 400);
    call.state.deleted.delete(QueueName);
    const attributes: Record<string, string> = { ...defaults, ...(fifo ? { ContentBasedDeduplication: "false", DeduplicationScope: "queue", FifoThroughputLimit: "perQueue" } : {}), ...given };
    if (given.KmsMasterKeyId) attributes.SqsManagedSseEnabled = "false";
    if (!fifo) delete attributes.FifoQueue;
    call.state.queues.set(QueueName, { name: QueueName, arn: call.arn("sqs", QueueName), created: call.now, modified: call.now, attributes, tags: { ...tags }, messages: [], seen: new Map(), sequence: 0 });
    return { QueueUrl: urlOf(call, QueueName) };
  },
  DeleteQueue(call, { QueueUrl }) {
    const { name } = findQueue(call, QueueUrl);
    call.state.queues.delete(name);
    call.state.deleted.set(name, call.now);
  },
  GetQueueUrl(call, { QueueName, QueueOwnerAWSAccountId = call.account }) {
    if (QueueOwnerAWSAccountId !== call.account || !call.state.queues.has(QueueName)) throw new AwsError("QueueDoesNotExist", "The specified queue does not exist.", 400);
    return { QueueUrl: urlOf(call, QueueName) };
  },
  ListQueues(call, { QueueNamePrefix = "", MaxResults, NextToken }) {
    return page(call, [...call.state.queues.keys()].filter((name) => name.startsWith(QueueNamePrefix)), MaxResults, NextToken, (QueueUrls, next) => ({ QueueUrls, NextToken: next }));
  },
  ListDeadLetterSourceQueues(call, { QueueUrl, MaxResults, NextToken }) {
    const { arn } = findQueue(call, QueueUrl);
    const sources = [...call.state.queues.values()].filter((queue) => redriveOf(queue)?.deadLetterTargetArn === arn).map(({ name }) => name);
    return page(call, sources, MaxResults, NextToken, (queueUrls, next) => ({ queueUrls, NextToken: next }));
  },
  GetQueueAttributes(call, { QueueUrl, AttributeNames = [] }) {
    const all = readAttributes(call, findQueue(call, QueueUrl));
    const known = new Set(["All", "Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit", ...Object.keys(all)]);
    const strange = AttributeNames.find((name) => !known.has(name));
    if (strange) throw new AwsError("InvalidAttributeName", `Unknown Attribute ${strange}.`, 400);
    if (AttributeNames.includes("All")) return { Attributes: all };
    const wanted = Object.entries(all).filter(([name]) => AttributeNames.includes(name as sdk.QueueAttributeName));
    return { Attributes: wanted.length > 0 ? Object.fromEntries(wanted) : undefined };
  },
  SetQueueAttributes(call, { QueueUrl, Attributes }) {
    const queue = findQueue(call, QueueUrl);
    const given = Attributes as Record<string, string>;
    if (given.FifoQueue !== undefined && (given.FifoQueue === "true") !== isFifo(queue)) throw new AwsError("InvalidAttributeValue", "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.", 400);
    const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ""));
    checkAttributes(call, set, isFifo(queue));
    for (const [name, value] of Object.entries(given)) {
      if (value === "") delete queue.attributes[name];
      else queue.attributes[name] = value;
    }
    queue.modified = call.now;
  },
  PurgeQueue(call, { QueueUrl }) {
    const queue = findQueue(call, QueueUrl);
    if (queue.purged !== undefined && call.now - queue.purged < seconds(60)) throw new AwsError("PurgeQueueInProgress", `Only one PurgeQueue operation on ${queue.name} is allowed every 60 seconds.`, 403);
    queue.purged = call.now;
    queue.messages = [];
  },
  TagQueue(call, { QueueUrl, Tags }) {
    const queue = findQueue(call, QueueUrl);
    const tags = { ...queue.tags, ...Tags };
    if (Object.keys(tags).length > 50) throw new AwsError("InvalidParameterValue", `Too many tags added for queue ${queue.name}.`, 400);
    queue.tags = tags;
  },
  UntagQueue(call, { QueueUrl, TagKeys }) {
    const queue = findQueue(call, QueueUrl);
    queue.tags = Object.fromEntries(Object.entries(queue.tags).filter(([key]) => !TagKeys.includes(key)));
  },
  ListQueueTags: (call, { QueueUrl }) => ({ Tags: { ...findQueue(call, QueueUrl).tags } }),
  AddPermission(call, { QueueUrl, Label, AWSAccountIds, Actions }) {
    const queue = findQueue(call, QueueUrl);
    const policy = queue.attributes.Policy ? (JSON.parse(queue.attributes.Policy) as { Statement: { Sid?: string }[] }) : { Version: "2012-10-17", Id: `${queue.arn}/SQSDefaultPolicy`, Statement: [] as { Sid?: string }[] };
    if (policy.Statement.some(({ Sid }) => Sid === Label)) throw new AwsError("InvalidParameterValue", `Value ${Label} for parameter Label is invalid. Reason: Already exists.`, 400);
    const statement = { Sid: Label, Effect: "Allow", Principal: { AWS: AWSAccountIds.map((id) => `arn:aws:iam::${id}:root`) }, Action: Actions.map((action) => `SQS:${action}`), Resource: queue.arn };
    queue.attributes.Policy = JSON.stringify({ ...policy, Statement: [...policy.Statement, statement] });
  },
  RemovePermission(call, { QueueUrl, Label }) {
    const queue = findQueue(call, QueueUrl);
    const policy = queue.attributes.Policy ? (JSON.parse(queue.attributes.Policy) as { Statement: { Sid?: string }[] }) : undefined;
    if (!policy?.Statement.some(({ Sid }) => Sid === Label)) throw new AwsError("InvalidParameterValue", `Value ${Label} for parameter Label is invalid. Reason: can't find label on existing policy.`, 400);
    queue.attributes.Policy = JSON.stringify({ ...policy, Statement: policy.Statement.filter(({ Sid }) => Sid !== Label) });
  },

  SendMessage(call, input) {
    const queue = findQueue(call, input.QueueUrl);
    checkSending(queue, input);
    return send(call, queue, input);
  },
  SendMessageBatch(call, { QueueUrl, Entries }) {
    const queue = findQueue(call, QueueUrl);
    checkBatch(Entries);
    const size = Entries.reduce((sum, { MessageBody = "", MessageAttributes = {} }) => sum + sizeOf(MessageBody, MessageAttributes), 0);
    if (size > 1_048_576) throw new AwsError("BatchRequestTooLong", `Batch requests cannot be longer than 1048576 bytes. You have sent ${size} bytes.`, 400);
    return each(Entries, (entry) => {
      checkSending(queue, entry);
      return send(call, queue, entry);
    });
  },
  ReceiveMessage(call, { QueueUrl, MaxNumberOfMessages = 1, VisibilityTimeout, WaitTimeSeconds, AttributeNames = [], MessageSystemAttributeNames = [], MessageAttributeNames = [] }) {
    const queue = findQueue(call, QueueUrl);
    if (MaxNumberOfMessages < 1 || MaxNumberOfMessages > 10) throw new AwsError("InvalidParameterValue", `Value ${MaxNumberOfMessages} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.`, 400);
    if (WaitTimeSeconds !== undefined && (WaitTimeSeconds < 0 || WaitTimeSeconds > 20)) throw new AwsError("InvalidParameterValue", `Value ${WaitTimeSeconds} for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.`, 400);
    checkTimeout(VisibilityTimeout);
    // A long poll answers at once with what there is: a handler can't wait, and the client asks again.
    const messages = receive(call, queue, MaxNumberOfMessages, VisibilityTimeout ?? Number(queue.attributes.VisibilityTimeout));
    const names = [...AttributeNames, ...MessageSystemAttributeNames];
    return { Messages: messages.length > 0 ? messages.map((message) => shown(queue, message, names, MessageAttributeNames)) : undefined };
  },
  DeleteMessage(call, { QueueUrl, ReceiptHandle }) {
    remove(call, QueueUrl, ReceiptHandle);
  },
  DeleteMessageBatch(call, { QueueUrl, Entries }) {
    findQueue(call, QueueUrl);
    checkBatch(Entries);
    return each(Entries, ({ ReceiptHandle = "" }) => remove(call, QueueUrl, ReceiptHandle));
  },
  ChangeMessageVisibility(call, { QueueUrl, ReceiptHandle, VisibilityTimeout }) {
    changeVisibility(call, QueueUrl, ReceiptHandle, VisibilityTimeout);
  },
  ChangeMessageVisibilityBatch(call, { QueueUrl, Entries }) {
    findQueue(call, QueueUrl);
    checkBatch(Entries);
    return each(Entries, ({ ReceiptHandle = "", VisibilityTimeout = 0 }) => changeVisibility(call, QueueUrl, ReceiptHandle, VisibilityTimeout));
  },
  ...moveOperations,
} satisfies Operations<sdk.SQS, State, Timers>;

function page<Answer>(call: Here, names: string[], max: number | undefined, token: string | undefined, answer: (urls: string[] | undefined, next?: string) => Answer): Answer {
  if (max !== undefined && (max < 1 || max > 1000)) throw new AwsError("InvalidParameterValue", `Value ${max} for parameter MaxResults is invalid. Reason: Must be an integer from 1 to 1000.`, 400);
  const after = token === undefined ? "" : Buffer.from(token, "base64").toString();
  const rest = names.filter((name) => name > after).sort();
  const shownNames = rest.slice(0, max ?? 1000);
  // A token only when pages were asked for: API_ListQueues
  const next = max !== undefined && shownNames.length < rest.length ? Buffer.from(shownNames.at(-1)!).toString("base64") : undefined;
  return answer(shownNames.length > 0 ? shownNames.map((name) => urlOf(call, name)) : undefined, next);
}

function checkTimeout(timeout: number | undefined): void {
  if (timeout !== undefined && (timeout < 0 || timeout > 43_200)) throw new AwsError("InvalidParameterValue", `Value ${timeout} for parameter VisibilityTimeout is invalid. Reason: VisibilityTimeout must be an integer between 0 and 43200.`, 400);
}

function remove(call: Here, url: string, handle: string): void {
  const queue = findQueue(call, url);
  const message = byHandle(queue, handle);
  if (message) queue.messages = queue.messages.filter((other) => other !== message);
}

function changeVisibility(call: Here, url: string, handle: string, timeout: number): void {
  const queue = findQueue(call, url);
  checkTimeout(timeout);
  const message = byHandle(queue, handle);
  if (!message || message.visibleAt <= call.now) throw new AwsError("MessageNotInflight", "The specified message isn't in flight.", 400);
  message.visibleAt = plus(call.now, seconds(timeout));
}

function checkBatch(entries: readonly { Id?: string }[]): void {
  if (entries.length === 0) throw new AwsError("EmptyBatchRequest", "There should be at least one entry in the request.", 400);
  if (entries.length > 10) throw new AwsError("TooManyEntriesInBatchRequest", `Maximum number of entries per request are 10. You have sent ${entries.length}.`, 400);
  const ids = entries.map(({ Id = "" }) => Id);
  const strange = ids.find((id) => !/^[\w-]{1,80}$/.test(id));
  if (strange !== undefined) throw new AwsError("InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.", 400);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw new AwsError("BatchEntryIdsNotDistinct", `Id ${twice} repeated.`, 400);
}

/** Each entry on its own: what one is refused for does not touch the others. */
function each<Entry extends { Id?: string }, Done>(entries: readonly Entry[], act: (entry: Entry) => Done) {
  const Successful: (Done & { Id: string })[] = [];
  const Failed: sdk.BatchResultErrorEntry[] = [];
  for (const entry of entries) {
    try {
      Successful.push({ ...act(entry), Id: entry.Id ?? "" });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      Failed.push({ Id: entry.Id, SenderFault: true, Code: error.code, Message: error.message });
    }
  }
  return { Successful: Successful as never, Failed };
}

function* tagged(call: Here): Iterable<Tagged> {
  for (const { arn, tags } of call.state.queues.values()) yield { arn, tags };
}

function tag(call: Here, arn: string, set: Record<string, string>, removed: readonly string[]): boolean {
  const queue = [...call.state.queues.values()].find((each) => each.arn === arn);
  if (!queue) return false;
  queue.tags = Object.fromEntries(Object.entries({ ...queue.tags, ...set }).filter(([key]) => !removed.includes(key)));
  return true;
}

export const sqs = {
  api: { signing: "sqs", protocol: "awsJson1_0", version: "2012-11-05", target: "AmazonSQS", namespace: "http://queue.amazonaws.com/doc/2012-11-05/", alsoQuery: true },
  sdk: () => import("@aws-sdk/client-sqs"),
  state,
  operations,
  timers: moveTimers,
  tagged,
  tag,
  resources,
} satisfies Service;
