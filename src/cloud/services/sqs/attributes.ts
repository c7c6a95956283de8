/** A queue's attributes: which there are, what they may hold, how they read. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html */
import type * as sdk from "@aws-sdk/client-sqs";
import { AwsError } from "../../service.ts";
import { arnOf, byArn, defaults, delayed, expired, inFlight, invalid, type Here, type Queue } from "./queue.ts";

type Given = Readonly<Record<string, string | undefined>>;

const between = (least: number, most: number) => (value: string) => /^\d+$/.test(value) && Number(value) >= least && Number(value) <= most;
const oneOf =
  (...values: string[]) =>
  (value: string) =>
    values.includes(value);
const anything = () => true;

const rules: Record<string, (value: string) => boolean> = {
  DelaySeconds: between(0, 900),
  MaximumMessageSize: between(1024, 1_048_576),
  MessageRetentionPeriod: between(60, 1_209_600),
  ReceiveMessageWaitTimeSeconds: between(0, 20),
  VisibilityTimeout: between(0, 43_200),
  KmsMasterKeyId: anything,
  KmsDataKeyReusePeriodSeconds: between(60, 86_400),
  SqsManagedSseEnabled: oneOf("true", "false"),
  Policy: (value) => value === "" || isObject(value),
  RedrivePolicy: anything,
  RedriveAllowPolicy: anything,
  FifoQueue: oneOf("true"),
  ContentBasedDeduplication: oneOf("true", "false"),
  DeduplicationScope: oneOf("queue", "messageGroup"),
  FifoThroughputLimit: oneOf("perQueue", "perMessageGroupId"),
};
const fifoOnly = ["FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"];
/** These are taken away by setting them to nothing. */
const removable = ["Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId"];

/** Refuses what the queue can't have; `has` are the attributes that it has already. */
export function checkAttributes(call: Here, name: string, fifo: boolean, given: Given, has: Given = {}): void {
  for (const [attribute, value = ""] of Object.entries(given)) {
    const rule = rules[attribute];
    if (!rule || (fifoOnly.includes(attribute) && !fifo)) throw new AwsError("InvalidAttributeName", `Unknown Attribute ${attribute}.`);
    if (!rule(value)) throw new AwsError("InvalidAttributeValue", `Invalid value for the parameter ${attribute}.`);
  }
  const { FifoThroughputLimit, DeduplicationScope = "queue", KmsMasterKeyId, SqsManagedSseEnabled } = { ...has, ...given };
  if (FifoThroughputLimit === "perMessageGroupId" && DeduplicationScope !== "messageGroup") {
    throw new AwsError(
      "InvalidAttributeValue",
      "The perMessageGroupId value for the FifoThroughputLimit attribute is only allowed when the value for the DeduplicationScope attribute is messageGroup.",
    );
  }
  if (given.SqsManagedSseEnabled === "true" && given.KmsMasterKeyId && KmsMasterKeyId && SqsManagedSseEnabled === "true") {
    throw new AwsError(
      "InvalidAttributeValue",
      "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.",
    );
  }
  if (given.RedrivePolicy) checkRedrive(call, name, fifo, given.RedrivePolicy);
  if (given.RedriveAllowPolicy) checkRedriveAllow(given.RedriveAllowPolicy);
}

function checkRedrive(call: Here, name: string, fifo: boolean, policy: string): void {
  const wrong = (reason: string) => invalid("RedrivePolicy", policy, reason);
  const { deadLetterTargetArn, maxReceiveCount = 10, ...others } = parsed(policy, () => wrong("Redrive policy is not a valid JSON map."));
  if (Object.keys(others).length > 0) throw wrong("Only following attributes are supported: [deadLetterTargetArn, maxReceiveCount].");
  if (deadLetterTargetArn === undefined) throw wrong("Redrive policy does not contain mandatory attribute: deadLetterTargetArn.");
  const count = Number(maxReceiveCount);
  if (!Number.isInteger(count) || count < 1 || count > 1000) throw wrong("Invalid value for maxReceiveCount: Must be between 1 and 1000.");
  const target = byArn(call, deadLetterTargetArn);
  if (!target) throw wrong("Dead letter target does not exist.");
  if (target.fifo !== fifo) throw wrong("Dead-letter queue must be same type of queue as the source.");
  const { redrivePermission = "allowAll", sourceQueueArns = [] } = JSON.parse(target.attributes.RedriveAllowPolicy ?? "{}");
  if (redrivePermission === "denyAll" || (redrivePermission === "byQueue" && !sourceQueueArns.includes(arnOf(call, name)))) {
    throw wrong(`Queue ${arnOf(call, target.name)} does not allow this queue to use it as a dead-letter queue.`);
  }
}

function checkRedriveAllow(policy: string): void {
  const wrong = (reason: string) => invalid("RedriveAllowPolicy", policy, reason);
  const { redrivePermission, sourceQueueArns } = parsed(policy, () =>
    wrong("Amazon SQS can't create the redrive allow policy, as it’s in an unsupported format."),
  );
  if (!["allowAll", "denyAll", "byQueue"].includes(String(redrivePermission)))
    throw wrong("The redrivePermission must be allowAll, denyAll or byQueue.");
  const listed = Array.isArray(sourceQueueArns) ? sourceQueueArns.length : 0;
  if ((redrivePermission === "byQueue") !== listed > 0)
    throw wrong("sourceQueueArns must be given with the redrivePermission byQueue, and only with it.");
  if (listed > 10) throw wrong("At most 10 sourceQueueArns can be given.");
}

function parsed(text: string, refusal: () => AwsError): Record<string, unknown> {
  if (!isObject(text)) throw refusal();
  return JSON.parse(text);
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** After `checkAttributes`. */
export function setAttributes(queue: Queue, given: Given): void {
  for (const [name, value = ""] of Object.entries(given)) {
    if (value === "" && removable.includes(name)) delete queue.attributes[name];
    else queue.attributes[name] = value;
  }
  // One kind of encryption at a time; the newer wish wins.
  if (given.KmsMasterKeyId) delete queue.attributes.SqsManagedSseEnabled;
  if (given.SqsManagedSseEnabled === "true") delete queue.attributes.KmsMasterKeyId;
}

/** All that can be asked for. */
export function attributesOf(call: Here, queue: Queue): Record<string, string> {
  const now = call.now;
  const messages = [...queue.messages.values()].filter((message) => !expired(queue, message, now));
  const flying = messages.filter((message) => inFlight(message, now)).length;
  const waiting = messages.filter((message) => delayed(message, now)).length;
  const { KmsMasterKeyId } = queue.attributes;
  return {
    ...defaults,
    SqsManagedSseEnabled: KmsMasterKeyId ? "false" : "true",
    ...(KmsMasterKeyId && { KmsDataKeyReusePeriodSeconds: "300" }),
    ...(queue.fifo && {
      FifoQueue: "true",
      ContentBasedDeduplication: "false",
      DeduplicationScope: "queue",
      FifoThroughputLimit: "perQueue",
    }),
    ...queue.attributes,
    QueueArn: arnOf(call, queue.name),
    CreatedTimestamp: String(Math.floor(queue.created / 1000)),
    LastModifiedTimestamp: String(Math.floor(queue.modified / 1000)),
    ApproximateNumberOfMessages: String(messages.length - flying - waiting),
    ApproximateNumberOfMessagesNotVisible: String(flying),
    ApproximateNumberOfMessagesDelayed: String(waiting),
  };
}

const readable = new Set([
  ...Object.keys(rules),
  "All",
  "QueueArn",
  "CreatedTimestamp",
  "LastModifiedTimestamp",
  "ApproximateNumberOfMessages",
  "ApproximateNumberOfMessagesNotVisible",
  "ApproximateNumberOfMessagesDelayed",
]);

export function selectAttributes(call: Here, queue: Queue, names: readonly string[]): Partial<Record<sdk.QueueAttributeName, string>> {
  for (const name of names) if (!readable.has(name)) throw new AwsError("InvalidAttributeName", `Unknown Attribute ${name}.`);
  const all = Object.entries(attributesOf(call, queue));
  return Object.fromEntries(names.includes("All") ? all : all.filter(([name]) => names.includes(name)));
}
