/** Making, finding, describing and ending queues. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/ */
import type * as sdk from "@aws-sdk/client-sqs";
import { minutes, since } from "../../../kernel/units.ts";
import { AwsError, type Operations } from "../../service.ts";
import { attributesOf, checkAttributes, selectAttributes, setAttributes } from "./attributes.ts";
import {
  arnOf,
  checkBetween,
  find,
  invalid,
  missing,
  noSuchQueue,
  redrivePolicyOf,
  urlOf,
  type Here,
  type Queue,
  type State,
  type Timers,
} from "./queue.ts";

export const queueOperations = {
  CreateQueue(call, { QueueName, Attributes = {}, tags = {} }) {
    checkName(QueueName, Attributes.FifoQueue === "true");
    const fifo = Attributes.FifoQueue === "true";
    checkAttributes(call, QueueName, fifo, Attributes);
    checkTags({}, tags);
    const existing = call.state.queues.get(QueueName);
    if (existing) checkSame(call, existing, Attributes);
    else checkGone(call, QueueName);
    if (!existing) {
      const queue: Queue = {
        name: QueueName,
        fifo,
        created: call.now,
        modified: call.now,
        attributes: {},
        tags: { ...tags },
        messages: new Map(),
        sequence: 0,
        sent: new Map(),
        attempts: new Map(),
      };
      setAttributes(queue, Attributes);
      call.state.queues.set(QueueName, queue);
      call.state.deleted.delete(QueueName);
    }
    return { QueueUrl: urlOf(call, QueueName) };
  },
  DeleteQueue(call, { QueueUrl }) {
    const { name } = find(call, QueueUrl);
    call.state.queues.delete(name);
    for (const [each, at] of call.state.deleted) if (since(at, call.now) >= minutes(1)) call.state.deleted.delete(each);
    call.state.deleted.set(name, call.now);
    return {};
  },
  GetQueueUrl(call, { QueueName, QueueOwnerAWSAccountId = call.account }) {
    if (!call.state.queues.has(QueueName) || QueueOwnerAWSAccountId !== call.account) throw noSuchQueue();
    return { QueueUrl: urlOf(call, QueueName) };
  },
  ListQueues(call, { QueueNamePrefix = "", MaxResults, NextToken }) {
    const names = [...call.state.queues.keys()].filter((name) => name.startsWith(QueueNamePrefix)).sort();
    const { items, next } = page(names, MaxResults, NextToken);
    // AWS leaves an empty list out.
    return items.length > 0 ? { QueueUrls: items.map((name) => urlOf(call, name)), NextToken: next } : {};
  },
  ListDeadLetterSourceQueues(call, { QueueUrl, MaxResults, NextToken }) {
    const arn = arnOf(call, find(call, QueueUrl).name);
    const sources = [...call.state.queues.values()].filter((queue) => redrivePolicyOf(queue)?.deadLetterTargetArn === arn);
    const { items, next } = page(sources.map(({ name }) => name).sort(), MaxResults, NextToken);
    return { queueUrls: items.map((name) => urlOf(call, name)), NextToken: next };
  },
  GetQueueAttributes(call, { QueueUrl, AttributeNames = [] }) {
    const Attributes = selectAttributes(call, find(call, QueueUrl), AttributeNames);
    return Object.keys(Attributes).length > 0 ? { Attributes } : {};
  },
  SetQueueAttributes(call, { QueueUrl, Attributes }) {
    const queue = find(call, QueueUrl);
    if (Attributes.FifoQueue !== undefined) throw new AwsError("InvalidAttributeName", "Unknown Attribute FifoQueue.");
    checkAttributes(call, queue.name, queue.fifo, Attributes, queue.attributes);
    setAttributes(queue, Attributes);
    queue.modified = call.now;
    return {};
  },
  PurgeQueue(call, { QueueUrl }) {
    const queue = find(call, QueueUrl);
    // docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_PurgeQueue.html
    if (queue.purged !== undefined && since(queue.purged, call.now) < minutes(1)) {
      throw new AwsError("PurgeQueueInProgress", `Only one PurgeQueue operation on ${queue.name} is allowed every 60 seconds.`);
    }
    queue.purged = call.now;
    queue.messages.clear();
    return {};
  },
  TagQueue(call, { QueueUrl, Tags }) {
    const { tags } = find(call, QueueUrl);
    checkTags(tags, Tags);
    Object.assign(tags, Tags);
    return {};
  },
  UntagQueue(call, { QueueUrl, TagKeys }) {
    const { tags } = find(call, QueueUrl);
    for (const key of TagKeys) delete tags[key];
    return {};
  },
  ListQueueTags(call, { QueueUrl }) {
    const { tags } = find(call, QueueUrl);
    return Object.keys(tags).length > 0 ? { Tags: { ...tags } } : {};
  },
  AddPermission(call, { QueueUrl, Label, AWSAccountIds, Actions }) {
    const queue = find(call, QueueUrl);
    const policy = policyOf(call, queue);
    checkPermission(policy, Label, AWSAccountIds, Actions);
    policy.Statement.push({
      Sid: Label,
      Effect: "Allow",
      Principal: { AWS: single(AWSAccountIds.map((account) => `arn:aws:iam::${account}:root`)) },
      Action: single(Actions.map((action) => `SQS:${action}`)),
      Resource: arnOf(call, queue.name),
    });
    queue.attributes.Policy = JSON.stringify(policy);
    queue.modified = call.now;
    return {};
  },
  RemovePermission(call, { QueueUrl, Label }) {
    const queue = find(call, QueueUrl);
    const policy = policyOf(call, queue);
    const left = policy.Statement.filter(({ Sid }) => Sid !== Label);
    if (left.length === policy.Statement.length) throw invalid("Label", Label, "can't find label on existing policy.");
    if (left.length === 0) delete queue.attributes.Policy;
    else queue.attributes.Policy = JSON.stringify({ ...policy, Statement: left });
    queue.modified = call.now;
    return {};
  },
} satisfies Operations<sdk.SQS, State, Timers>;

function checkName(name: string, fifo: boolean): void {
  if (!/^[\w-]{1,80}$/.test(name) && !(fifo && /^[\w-]{1,75}\.fifo$/.test(name))) {
    const characters = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length";
    throw new AwsError("InvalidParameterValue", characters);
  }
  if (fifo && !name.endsWith(".fifo"))
    throw new AwsError(
      "InvalidParameterValue",
      "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.",
    );
}

function checkSame(call: Here, queue: Queue, given: Readonly<Record<string, string>>): void {
  const has = attributesOf(call, queue);
  for (const [name, value] of Object.entries(given)) {
    if (value !== (has[name] ?? "")) {
      throw new AwsError("QueueNameExists", `A queue already exists with the same name and a different value for attribute ${name}`);
    }
  }
}

function checkGone(call: Here, name: string): void {
  const at = call.state.deleted.get(name);
  // docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteQueue.html
  if (at !== undefined && since(at, call.now) < minutes(1)) {
    throw new AwsError(
      "QueueDeletedRecently",
      "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
    );
  }
}

export function checkTags(has: Readonly<Record<string, string>>, tags: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(tags)) {
    if (key.length < 1 || key.length > 128 || value.length > 256)
      throw invalid("Tags", key, "A tag's key has 1 to 128 characters and its value at most 256.");
    if (/^aws:/i.test(key)) throw invalid("Tags", key, "Tag keys must not start with the reserved prefix aws:.");
  }
  // docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
  if (Object.keys({ ...has, ...tags }).length > 50) throw new AwsError("InvalidParameterValue", "Too many tags added for queue.");
}

type Policy = { Version: string; Id: string; Statement: Record<string, unknown>[] };

function policyOf(call: Here, { name, attributes }: Queue): Policy {
  if (attributes.Policy === undefined) return { Version: "2012-10-17", Id: `${arnOf(call, name)}/SQSDefaultPolicy`, Statement: [] };
  const policy = JSON.parse(attributes.Policy);
  return { ...policy, Statement: [policy.Statement ?? []].flat() };
}

// docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_AddPermission.html
const grantable = ["*", "SendMessage", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes", "GetQueueUrl", "ListDeadLetterSourceQueues", "PurgeQueue"]; // prettier-ignore

function checkPermission(policy: Policy, label: string, accounts: readonly string[], actions: readonly string[]): void {
  if (!/^[\w-]{1,80}$/.test(label))
    throw invalid("Label", label, "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.");
  if (accounts.length === 0) throw missing("AWSAccountIds");
  if (actions.length === 0) throw missing("Actions");
  for (const account of accounts)
    if (!/^\d{12}$/.test(account)) throw invalid("PrincipalId", `[${accounts.join(", ")}]`, "Unable to verify.");
  for (const action of actions) {
    if (!grantable.includes(action)) throw invalid("ActionName", `SQS:${action}`, "Only the queue owner is allowed to invoke this action.");
  }
  if (actions.length > 7) throw new AwsError("OverLimit", `${actions.length} Actions were found, maximum allowed is 7.`);
  if (policy.Statement.some(({ Sid }) => Sid === label)) throw invalid("Label", label, "Already exists.");
  if (policy.Statement.length >= 20) throw new AwsError("OverLimit", "The maximum number of statements of the policy is 20.");
}

const single = <Item>(items: readonly Item[]): Item | readonly Item[] => (items.length === 1 && items[0] !== undefined ? items[0] : items);

/** Without MaxResults at most a thousand, and no token. */
function page(names: readonly string[], most: number | undefined, token: string | undefined): { items: readonly string[]; next?: string } {
  checkBetween("MaxResults", most, 1, 1000);
  const after = token === undefined ? "" : Buffer.from(token, "base64url").toString();
  if (token !== undefined && !/^[\w.-]+$/.test(after)) throw new AwsError("InvalidParameterValue", "Invalid or expired NextToken.");
  const rest = names.filter((name) => name > after);
  const items = rest.slice(0, most ?? 1000);
  const last = items.at(-1);
  return {
    items,
    next: most !== undefined && rest.length > items.length && last !== undefined ? Buffer.from(last).toString("base64url") : undefined,
  };
}
