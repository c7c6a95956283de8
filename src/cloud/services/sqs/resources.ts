/** The CloudFormation types. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SQS.html */
import { resource, type Properties, type ResourceType } from "../../service.ts";
import { arnOf, type Here } from "./queue.ts";
import { queueOperations } from "./queues.ts";

const scalars = [
  "ContentBasedDeduplication",
  "DeduplicationScope",
  "DelaySeconds",
  "FifoThroughputLimit",
  "KmsDataKeyReusePeriodSeconds",
  "KmsMasterKeyId",
  "MaximumMessageSize",
  "MessageRetentionPeriod",
  "ReceiveMessageWaitTimeSeconds",
  "RedriveAllowPolicy",
  "RedrivePolicy",
  "SqsManagedSseEnabled",
  "VisibilityTimeout",
];

const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
const truth = (value: unknown): boolean => value === true || value === "true";
const nameOf = (url: string): string => url.slice(url.lastIndexOf("/") + 1);

function attributesOf(properties: Properties): Record<string, string> {
  const given = scalars.filter((name) => properties[name] !== undefined).map((name) => [name, text(properties[name])]);
  return { ...Object.fromEntries(given), ...(truth(properties.FifoQueue) && { FifoQueue: "true" }) };
}

function tagsOf({ Tags = [] }: Properties, stack: { tags: Record<string, string> }): Record<string, string> {
  return { ...stack.tags, ...Object.fromEntries(Tags.map(({ Key, Value }: { Key: string; Value: unknown }) => [Key, String(Value)])) };
}

/** What an attribute is when the template no longer names it. */
const unset: Record<string, string> = {
  ContentBasedDeduplication: "false",
  DeduplicationScope: "queue",
  DelaySeconds: "0",
  FifoThroughputLimit: "perQueue",
  KmsDataKeyReusePeriodSeconds: "300",
  KmsMasterKeyId: "",
  MaximumMessageSize: "1048576",
  MessageRetentionPeriod: "345600",
  ReceiveMessageWaitTimeSeconds: "0",
  RedriveAllowPolicy: "",
  RedrivePolicy: "",
  SqsManagedSseEnabled: "true",
  VisibilityTimeout: "30",
};

const queue = resource({
  create(call: Here, properties, stack) {
    const fifo = truth(properties.FifoQueue);
    const QueueName = properties.QueueName ?? (fifo ? `${stack.generatedName(75)}.fifo` : stack.generatedName(80));
    const { QueueUrl } = queueOperations.CreateQueue(call, { QueueName, Attributes: attributesOf(properties) });
    setTags(call, QueueName, {}, tagsOf(properties, stack));
    return QueueUrl;
  },
  update(call: Here, id, properties, previous, stack) {
    const { FifoQueue: _was, ...before } = attributesOf(previous);
    const { FifoQueue: _is, ...now } = attributesOf(properties);
    const gone = Object.keys(before).filter((name) => now[name] === undefined);
    queueOperations.SetQueueAttributes(call, {
      QueueUrl: id,
      Attributes: { ...Object.fromEntries(gone.map((name) => [name, unset[name] ?? ""])), ...now },
    });
    setTags(call, nameOf(id), tagsOf(previous, { tags: {} }), tagsOf(properties, stack));
  },
  delete(call: Here, id) {
    if (call.state.queues.has(nameOf(id))) queueOperations.DeleteQueue(call, { QueueUrl: id });
  },
  attributes: (call: Here, id) => ({ Arn: arnOf(call, nameOf(id)), QueueName: nameOf(id), QueueUrl: id }),
  read(call: Here, id, properties) {
    const found = call.state.queues.get(nameOf(id));
    if (!found) return undefined;
    const shown = Object.entries({ ...unset, ...found.attributes }).filter(([name]) => properties[name] !== undefined);
    return {
      ...properties,
      QueueName: found.name,
      ...Object.fromEntries(shown.map(([name, value]) => [name, like(properties[name], value)])),
    };
  },
} satisfies ResourceType);

/** The value in the form in which the template gave it. */
function like(given: unknown, value: string): unknown {
  if (typeof given === "object") return value === "" ? undefined : JSON.parse(value);
  if (typeof given === "number") return Number(value);
  return typeof given === "boolean" ? value === "true" : value;
}

/** Stack tags may begin with `aws:`, which callers may not set. */
function setTags(call: Here, name: string, previous: Record<string, string>, tags: Record<string, string>): void {
  const found = call.state.queues.get(name);
  if (!found) return;
  for (const key of Object.keys(previous)) delete found.tags[key];
  Object.assign(found.tags, tags);
}

function setPolicy(call: Here, urls: readonly string[], policy: string): void {
  for (const QueueUrl of urls) queueOperations.SetQueueAttributes(call, { QueueUrl, Attributes: { Policy: policy } });
}

const there = (call: Here, urls: readonly string[]): string[] => urls.filter((url) => call.state.queues.has(nameOf(url)));

const queuePolicy = resource({
  create(call: Here, { Queues, PolicyDocument }, stack) {
    setPolicy(call, Queues, text(PolicyDocument));
    return stack.generatedName(128);
  },
  update(call: Here, _id, { Queues, PolicyDocument }, previous) {
    setPolicy(call, Queues, text(PolicyDocument));
    setPolicy(
      call,
      there(call, previous.Queues).filter((url) => !Queues.includes(url)),
      "",
    );
  },
  delete: (call: Here, _id, { Queues }) => setPolicy(call, there(call, Queues), ""),
  attributes: (_call, id) => ({ Id: id }),
} satisfies ResourceType);

const inlinePolicy = resource({
  create(call: Here, { Queue, PolicyDocument }) {
    setPolicy(call, [Queue], text(PolicyDocument));
    return Queue;
  },
  update: (call: Here, _id, { Queue, PolicyDocument }) => setPolicy(call, [Queue], text(PolicyDocument)),
  delete: (call: Here, _id, { Queue }) => setPolicy(call, there(call, [Queue]), ""),
} satisfies ResourceType);

export const resources = { "AWS::SQS::Queue": queue, "AWS::SQS::QueuePolicy": queuePolicy, "AWS::SQS::QueueInlinePolicy": inlinePolicy };
