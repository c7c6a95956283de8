/** Queues and their messages as Amazon SQS keeps them, and how requests name them. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/ */
import type * as sdk from "@aws-sdk/client-sqs";
import { plus, seconds, since, type Instant } from "../../../kernel/units.ts";
import { AwsError, type Call } from "../../service.ts";

export type Message = {
  id: string;
  body: string;
  attributes: Record<string, sdk.MessageAttributeValue>;
  /** AWSTraceHeader is the only one that a sender may set. */
  trace?: string;
  sender: string;
  sent: Instant;
  /** Delayed or in flight until then. */
  visibleAt: Instant;
  receives: number;
  received?: Instant;
  /** When it was last received: visibility ends at most 12 hours later. */
  receivedLast?: Instant;
  group?: string;
  deduplication?: string;
  sequence?: string;
  /** The queue that it was in before it came here as a dead letter. */
  deadLetterSource?: string;
};

/** What was sent with a deduplication id, for the five minutes in which its like is taken for the same. */
export type Sent = { id: string; sequence: string; until: Instant };

/** A receive with an attempt id, to be answered the same when it is asked again. */
export type Attempt = { until: Instant; received: { id: string; receives: number }[] };

export type Queue = {
  name: string;
  fifo: boolean;
  created: Instant;
  modified: Instant;
  /** Those that were set; `attributes.ts` knows the defaults. */
  attributes: Record<string, string>;
  tags: Record<string, string>;
  /** By message id, oldest first. */
  messages: Map<string, Message>;
  sequence: number;
  sent: Map<string, Sent>;
  attempts: Map<string, Attempt>;
  purged?: Instant;
};

export type Move = {
  id: string;
  handle: string;
  source: string;
  destination?: string;
  rate?: number;
  status: "RUNNING" | "COMPLETED" | "CANCELLED" | "FAILED";
  moved: number;
  total: number;
  started: Instant;
  failure?: string;
};

export const state = () => ({
  queues: new Map<string, Queue>(),
  /** When a name was given up: it can't be taken again for a minute. */
  deleted: new Map<string, Instant>(),
  moves: new Map<string, Move>(),
});
export type State = ReturnType<typeof state>;
export type Timers = { move: { id: string } };
export type Here = Call<State, Timers>;

export const arnOf = (call: Here, name: string): string => call.arn("sqs", name);

/** The form of AWS's own; a request may name any host, only the last two parts of the path count. */
export const urlOf = (call: Here, name: string): string => `${call.endpoint()}/${call.account}/${name}`;

export function find(call: Here, url: string): Queue {
  const [name = "", account = call.account] = url.replace(/\/$/, "").split("/").reverse();
  const region = /^https?:\/\/sqs\.([a-z0-9-]+)\.amazonaws\.com\//.exec(url)?.[1];
  if (region !== undefined && region !== call.region) {
    throw new AwsError("InvalidAddress", `The address ${url} is not valid for this endpoint.`);
  }
  const queue = call.state.queues.get(name);
  if (!queue || (/^\d{12}$/.test(account) && account !== call.account)) throw noSuchQueue();
  return queue;
}

export const noSuchQueue = () => new AwsError("QueueDoesNotExist", "The specified queue does not exist.");

/** The queue of this account and region with that ARN. */
export function byArn(call: Here, arn: unknown): Queue | undefined {
  const name = typeof arn === "string" ? arn.split(":")[5] : undefined;
  return name !== undefined && arnOf(call, name) === arn ? call.state.queues.get(name) : undefined;
}

export function invalid(name: string, value: unknown, reason: string): AwsError {
  return new AwsError("InvalidParameterValue", `Value ${String(value)} for parameter ${name} is invalid. Reason: ${reason}`);
}

export const missing = (name: string) => new AwsError("MissingParameter", `The request must contain the parameter ${name}.`);

/** Absent or whole and within its bounds. */
export function checkBetween(name: string, value: number | undefined, least: number, most: number): void {
  if (value !== undefined && (!Number.isInteger(value) || value < least || value > most)) {
    throw invalid(name, value, `Must be between ${least} and ${most}, if provided.`);
  }
}

export type RedrivePolicy = { deadLetterTargetArn: string; maxReceiveCount: number };

export function redrivePolicyOf({ attributes }: Queue): RedrivePolicy | undefined {
  if (attributes.RedrivePolicy === undefined) return undefined;
  const { deadLetterTargetArn, maxReceiveCount } = JSON.parse(attributes.RedrivePolicy);
  return { deadLetterTargetArn, maxReceiveCount: Number(maxReceiveCount ?? 10) };
}

/** A whole number among the attributes, or AWS's default. */
export const numberOf = ({ attributes }: Queue, name: string): number => Number(attributes[name] ?? defaults[name]);

/** docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html */
export const defaults: Record<string, string> = {
  VisibilityTimeout: "30",
  MaximumMessageSize: "1048576",
  MessageRetentionPeriod: "345600",
  DelaySeconds: "0",
  ReceiveMessageWaitTimeSeconds: "0",
};

/** Its retention has run out. Nobody waits for it: reads leave it out, and the next change takes it away. */
export function expired(queue: Queue, { sent }: Message, now: Instant): boolean {
  return plus(sent, seconds(numberOf(queue, "MessageRetentionPeriod"))) <= now;
}

export function dropExpired(queue: Queue, now: Instant): void {
  for (const message of queue.messages.values()) if (expired(queue, message, now)) queue.messages.delete(message.id);
}

export const inFlight = ({ visibleAt, receives }: Message, now: Instant): boolean => receives > 0 && since(now, visibleAt) > 0;
export const delayed = ({ visibleAt, receives }: Message, now: Instant): boolean => receives === 0 && since(now, visibleAt) > 0;

/** Twenty digits that grow within a queue, and not by one: docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html */
export function nextSequence(queue: Queue): string {
  queue.sequence++;
  return String(18_850_000_000_000_000_000n + BigInt(queue.sequence) * 256n);
}
