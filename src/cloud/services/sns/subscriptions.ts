/** Subscribing, confirming, and a subscription's attributes. https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html */
import type * as sdk from "@aws-sdk/client-sns";
import { hours } from "../../../kernel/units.ts";
import type { Operations } from "../../service.ts";
import { checkFilterPolicy } from "./filter-policies.ts";
import {
  invalid,
  page,
  subscriptionOf,
  subscriptionsOf,
  topicOf,
  type Here,
  type State,
  type Subscription,
  type Timers,
  type Topic,
} from "./topic.ts";

export const subscriptionOperations = {
  Subscribe(call, { TopicArn, Protocol, Endpoint = "", Attributes = {}, ReturnSubscriptionArn = false }) {
    const topic = topicOf(call, TopicArn);
    checkEndpoint(topic, Protocol, Endpoint);
    for (const [name, value] of Object.entries(Attributes)) checkAttribute(Protocol, name, value);
    const existing = subscriptionsOf(call, TopicArn).find(({ protocol, endpoint }) => protocol === Protocol && endpoint === Endpoint);
    if (existing) {
      const has = subscriptionAttributes(existing);
      if (Object.entries(Attributes).some(([name, value]) => (has[name] ?? "") !== value)) {
        throw invalid("Attributes Reason: Subscription already exists with different attributes");
      }
      return { SubscriptionArn: shownArn(existing, ReturnSubscriptionArn) };
    }
    const subscription: Subscription = {
      arn: `${TopicArn}:${call.uuid()}`,
      topic: TopicArn,
      protocol: Protocol,
      endpoint: Endpoint,
      owner: call.account,
      principal: call.principal.arn,
      attributes: {},
      authenticated: true,
      undelivered: 0,
    };
    if (mustConfirm(call, Protocol, Endpoint)) {
      subscription.token = Buffer.from(call.bytes(96)).toString("hex");
      subscription.authenticated = false;
      // docs.aws.amazon.com/sns/latest/dg/sns-delete-subscription-topic.html
      call.background(hours(48), "unconfirmed", { arn: subscription.arn });
    }
    for (const [name, value] of Object.entries(Attributes)) setAttribute(subscription, name, value);
    call.state.subscriptions.set(subscription.arn, subscription);
    return { SubscriptionArn: shownArn(subscription, ReturnSubscriptionArn) };
  },
  /** The token went to the endpoint, which is outside: nobody but it, or who reads the run, knows it. */
  ConfirmSubscription(call, { TopicArn, Token, AuthenticateOnUnsubscribe }) {
    topicOf(call, TopicArn);
    const subscription = subscriptionsOf(call, TopicArn).find(({ token }) => token === Token);
    if (!subscription) throw invalid("Token");
    delete subscription.token;
    subscription.authenticated = AuthenticateOnUnsubscribe === "true";
    return { SubscriptionArn: subscription.arn };
  },
  Unsubscribe(call, { SubscriptionArn }) {
    if (!/^arn:aws:sns:[^:]*:[^:]*:[^:]+:[^:]+$/.test(SubscriptionArn))
      throw invalid("SubscriptionArn Reason: An ARN must have at least 6 elements");
    const subscription = call.state.subscriptions.get(SubscriptionArn);
    if (!subscription) return {};
    if (subscription.token !== undefined) throw invalid("This subscription is pending confirmation and can't be deleted.");
    remove(call, subscription);
    return {};
  },
  ListSubscriptions(call, { NextToken }) {
    const { items, next } = page([...call.state.subscriptions.values()], NextToken);
    return { Subscriptions: items.map(listed), NextToken: next };
  },
  ListSubscriptionsByTopic(call, { TopicArn, NextToken }) {
    topicOf(call, TopicArn);
    const { items, next } = page(subscriptionsOf(call, TopicArn), NextToken);
    return { Subscriptions: items.map(listed), NextToken: next };
  },
  GetSubscriptionAttributes(call, { SubscriptionArn }) {
    return { Attributes: subscriptionAttributes(subscriptionOf(call, SubscriptionArn)) };
  },
  SetSubscriptionAttributes(call, { SubscriptionArn, AttributeName, AttributeValue = "" }) {
    const subscription = subscriptionOf(call, SubscriptionArn);
    checkAttribute(subscription.protocol, AttributeName, AttributeValue);
    setAttribute(subscription, AttributeName, AttributeValue);
    return {};
  },
} satisfies Operations<sdk.SNS, State, Timers>;

export const subscriptionTimers = {
  unconfirmed(call: Here, { arn }: Timers["unconfirmed"]) {
    const subscription = call.state.subscriptions.get(arn);
    if (subscription?.token !== undefined) remove(call, subscription);
  },
};

export function remove(call: Here, { arn, topic }: Subscription): void {
  call.state.subscriptions.delete(arn);
  const from = call.state.topics.get(topic);
  if (from) from.deleted++;
}

const endpoints: Record<string, { form: RegExp; refusal: string }> = {
  http: { form: /^http:\/\/./, refusal: "Endpoint must match the specified protocol" },
  https: { form: /^https:\/\/./, refusal: "Endpoint must match the specified protocol" },
  email: { form: /^[^@\s]+@[^@\s]+$/, refusal: "Email address" },
  "email-json": { form: /^[^@\s]+@[^@\s]+$/, refusal: "Email address" },
  sms: { form: /^\+?[\d\s.()-]{5,20}$/, refusal: "SMS endpoint" },
  sqs: { form: /^arn:aws:sqs:[a-z0-9-]+:\d{12}:[\w.-]+$/, refusal: "SQS endpoint ARN" },
  application: { form: /^arn:aws:sns:[a-z0-9-]+:\d{12}:endpoint\/.+$/, refusal: "Application endpoint arn invalid" },
  lambda: { form: /^arn:aws:lambda:[a-z0-9-]+:\d{12}:function:.+$/, refusal: "Lambda endpoint ARN" },
  firehose: { form: /^arn:aws:firehose:[a-z0-9-]+:\d{12}:deliverystream\/.+$/, refusal: "Firehose endpoint ARN" },
};

function checkEndpoint(topic: Topic, protocol: string, endpoint: string): void {
  const known = Object.hasOwn(endpoints, protocol) ? endpoints[protocol] : undefined;
  if (!known) throw invalid(`Amazon SNS does not support this protocol string: ${protocol}`);
  if (!known.form.test(endpoint)) throw invalid(known.refusal);
  if (!topic.fifo && protocol === "sqs" && endpoint.endsWith(".fifo")) {
    throw invalid("Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics");
  }
  if (topic.fifo && protocol !== "sqs")
    throw invalid(`Invalid parameter: Endpoint Reason: ${protocol} endpoints can not be subscribed to FIFO SNS topics`);
}

/** Addresses in the outside world, and queues of others: docs.aws.amazon.com/sns/latest/dg/sns-send-message-to-sqs-cross-account.html */
function mustConfirm(call: Here, protocol: string, endpoint: string): boolean {
  if (["http", "https", "email", "email-json"].includes(protocol)) return true;
  return protocol === "sqs" && endpoint.split(":")[4] !== call.account;
}

const flag = (value: string) => /^(true|false)$/i.test(value);

function checkAttribute(protocol: string, name: string, value: string): void {
  switch (name) {
    case "FilterPolicy":
      return void (value === "" || checkFilterPolicy(value));
    case "FilterPolicyScope":
      if (value !== "MessageAttributes" && value !== "MessageBody")
        throw invalid(`FilterPolicyScope: Invalid value [${value}]. Please use either MessageBody or MessageAttributes`);
      return;
    case "RawMessageDelivery":
      if (!flag(value)) throw invalid(`Attributes Reason: RawMessageDelivery: Invalid value [${value}]. Must be true or false.`);
      if (!["sqs", "http", "https", "firehose"].includes(protocol))
        throw invalid(`Attributes Reason: Delivery protocol [${protocol}] does not support raw message delivery.`);
      return;
    case "RedrivePolicy":
      return void (value === "" || checkRedrivePolicy(value));
    case "DeliveryPolicy":
      if (value !== "" && typeof parsed(value) !== "object") throw invalid("DeliveryPolicy: failed to parse JSON");
      return;
    case "SubscriptionRoleArn":
    case "ReplayPolicy":
      return;
    default:
      throw invalid("AttributeName");
  }
}

function checkRedrivePolicy(text: string): void {
  const value = parsed(text);
  if (typeof value !== "object" || value === null) throw invalid("RedrivePolicy: failed to parse JSON.");
  const { deadLetterTargetArn } = value as { deadLetterTargetArn?: unknown };
  if (deadLetterTargetArn === undefined) throw invalid("RedrivePolicy: deadLetterTargetArn is missing");
  if (!/^arn:aws:sqs:[a-z0-9-]+:\d{12}:[\w.-]+$/.test(typeof deadLetterTargetArn === "string" ? deadLetterTargetArn : ""))
    throw invalid("RedrivePolicy: deadLetterTargetArn is an invalid arn");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function setAttribute(subscription: Subscription, name: string, value: string): void {
  if (value === "") delete subscription.attributes[name];
  else subscription.attributes[name] = name === "RawMessageDelivery" ? value.toLowerCase() : value;
}

export function subscriptionAttributes(subscription: Subscription): Record<string, string> {
  const { arn, topic, protocol, endpoint, owner, principal, attributes, token, authenticated } = subscription;
  return {
    RawMessageDelivery: "false",
    ...(attributes.FilterPolicy && { FilterPolicyScope: "MessageAttributes" }),
    ...attributes,
    SubscriptionArn: arn,
    TopicArn: topic,
    Protocol: protocol,
    Endpoint: endpoint,
    Owner: owner,
    SubscriptionPrincipal: principal,
    PendingConfirmation: String(token !== undefined),
    ConfirmationWasAuthenticated: String(authenticated),
  };
}

const shownArn = ({ arn, token }: Subscription, always: boolean): string => (token === undefined || always ? arn : "pending confirmation");

const listed = ({ arn, topic, protocol, endpoint, owner, token }: Subscription): sdk.Subscription => ({
  SubscriptionArn: token === undefined ? arn : "PendingConfirmation",
  Owner: owner,
  Protocol: protocol,
  Endpoint: endpoint,
  TopicArn: topic,
});
