/** Topics and subscriptions as Amazon SNS keeps them. https://docs.aws.amazon.com/sns/latest/dg/ */
import type { Instant } from "../../../kernel/units.ts";
import { AwsError, type Call } from "../../service.ts";

export type Topic = {
  arn: string;
  name: string;
  fifo: boolean;
  /** Those that were set. */
  attributes: Record<string, string>;
  tags: Record<string, string>;
  /** Subscriptions that were removed. */
  deleted: number;
  sequence: number;
  /** By deduplication id, for five minutes. */
  sent: Map<string, { id: string; sequence: string; until: Instant }>;
};

export type Subscription = {
  arn: string;
  topic: string;
  protocol: string;
  endpoint: string;
  owner: string;
  principal: string;
  attributes: Record<string, string>;
  /** What its endpoint must send back; absent once it has. */
  token?: string;
  authenticated: boolean;
  /** Notifications that could not be delivered and had no dead-letter queue. */
  undelivered: number;
  failure?: string;
};

export const state = () => ({ topics: new Map<string, Topic>(), subscriptions: new Map<string, Subscription>() });
export type State = ReturnType<typeof state>;
export type Timers = { unconfirmed: { arn: string } };
export type Here = Call<State, Timers>;

export const invalid = (message: string) => new AwsError("InvalidParameter", `Invalid parameter: ${message}`);

export function topicOf(call: Here, arn: string | undefined): Topic {
  const [, , service, region, account, name] = arn?.split(":") ?? [];
  if (service !== "sns" || !name)
    throw invalid(`TopicArn Reason: An ARN must have at least 6 elements, not ${arn?.split(":").length ?? 0}`);
  if (region !== call.region || !account) throw invalid("TopicArn");
  const topic = call.state.topics.get(arn ?? "");
  if (!topic) throw new AwsError("NotFound", "Topic does not exist");
  return topic;
}

export function subscriptionOf(call: Here, arn: string): Subscription {
  if (!/^arn:aws:sns:[^:]*:[^:]*:[^:]+:[^:]+$/.test(arn))
    throw invalid(`SubscriptionArn Reason: An ARN must have at least 6 elements, not ${arn.split(":").length}`);
  const subscription = call.state.subscriptions.get(arn);
  if (!subscription) throw new AwsError("NotFound", "Subscription does not exist");
  return subscription;
}

export const subscriptionsOf = (call: Here, topic: string): Subscription[] =>
  [...call.state.subscriptions.values()].filter((each) => each.topic === topic);

/** A hundred a page: docs.aws.amazon.com/sns/latest/api/API_ListTopics.html */
export function page<Item>(items: readonly Item[], token: string | undefined): { items: Item[]; next: string | undefined } {
  const start = token === undefined ? 0 : Number(/^sns:(\d+)$/.exec(Buffer.from(token, "base64url").toString())?.[1]);
  if (Number.isNaN(start)) throw invalid("nextToken");
  const end = start + 100;
  return { items: items.slice(start, end), next: end < items.length ? Buffer.from(`sns:${end}`).toString("base64url") : undefined };
}
