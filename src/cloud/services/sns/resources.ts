/** The CloudFormation types. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SNS.html */
import { resource, type Properties, type ResourceType, type Stack } from "../../service.ts";
import { remove, subscriptionOperations } from "./subscriptions.ts";
import { subscriptionsOf, type Here } from "./topic.ts";
import { topicOperations } from "./topics.ts";

const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
const truth = (value: unknown): boolean => value === true || value === "true";

/** What an attribute is when the template no longer names it. */
const topicUnset: Record<string, string> = {
  ArchivePolicy: "",
  ContentBasedDeduplication: "false",
  DisplayName: "",
  FifoThroughputScope: "Topic",
  KmsMasterKeyId: "",
  MaximumMessageSize: "262144",
  SignatureVersion: "1",
  TracingConfig: "PassThrough",
};

const logged: Record<string, string> = { "http/s": "HTTP", sqs: "SQS", lambda: "Lambda", firehose: "Firehose", application: "Application" };

function topicAttributesOf(properties: Properties): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const name of Object.keys(topicUnset)) if (properties[name] !== undefined) attributes[name] = text(properties[name]);
  for (const { Protocol, SuccessFeedbackRoleArn, SuccessFeedbackSampleRate, FailureFeedbackRoleArn } of properties.DeliveryStatusLogging ??
    []) {
    const given = { SuccessFeedbackRoleArn, SuccessFeedbackSampleRate, FailureFeedbackRoleArn };
    for (const [name, value] of Object.entries(given))
      if (value !== undefined) attributes[`${logged[Protocol] ?? Protocol}${name}`] = text(value);
  }
  return attributes;
}

const ownTags = ({ Tags = [] }: Properties): Record<string, string> =>
  Object.fromEntries(Tags.map(({ Key, Value }: { Key: string; Value: unknown }) => [Key, String(Value)]));

function setTags(call: Here, arn: string, previous: Properties, properties: Properties, stack: Stack): void {
  const found = call.state.topics.get(arn);
  if (!found) return;
  for (const key of Object.keys(ownTags(previous))) delete found.tags[key];
  // Not by TagResource: stack tags may begin with `aws:`.
  Object.assign(found.tags, stack.tags, ownTags(properties));
}

type Inline = { Protocol: string; Endpoint: string };
const same = (one: Inline, other: Inline): boolean => one.Protocol === other.Protocol && one.Endpoint === other.Endpoint;

function subscribe(call: Here, TopicArn: string, subscriptions: readonly Inline[]): void {
  for (const { Protocol, Endpoint } of subscriptions) subscriptionOperations.Subscribe(call, { TopicArn, Protocol, Endpoint });
}

function unsubscribe(call: Here, topic: string, gone: readonly Inline[]): void {
  for (const each of subscriptionsOf(call, topic)) {
    if (gone.some((inline) => same(inline, { Protocol: each.protocol, Endpoint: each.endpoint }))) remove(call, each);
  }
}

const topic = resource({
  create(call: Here, properties, stack) {
    const fifo = truth(properties.FifoTopic);
    const Name = properties.TopicName ?? (fifo ? `${stack.generatedName(251)}.fifo` : stack.generatedName(256));
    const Attributes = { ...topicAttributesOf(properties), ...(fifo && { FifoTopic: "true" }) };
    const { TopicArn } = topicOperations.CreateTopic(call, { Name, Attributes });
    subscribe(call, TopicArn, properties.Subscription ?? []);
    setTags(call, TopicArn, {}, properties, stack);
    return TopicArn;
  },
  update(call: Here, id, properties, previous, stack) {
    const [before, now] = [topicAttributesOf(previous), topicAttributesOf(properties)];
    const found = call.state.topics.get(id);
    for (const AttributeName of Object.keys(before).filter((name) => now[name] === undefined)) {
      const unset = topicUnset[AttributeName];
      if (unset !== undefined) topicOperations.SetTopicAttributes(call, { TopicArn: id, AttributeName, AttributeValue: unset });
      else delete found?.attributes[AttributeName];
    }
    for (const [AttributeName, AttributeValue] of Object.entries(now))
      topicOperations.SetTopicAttributes(call, { TopicArn: id, AttributeName, AttributeValue });
    const [was, is]: Inline[][] = [previous.Subscription ?? [], properties.Subscription ?? []];
    unsubscribe(
      call,
      id,
      (was ?? []).filter((each) => !is?.some((other) => same(each, other))),
    );
    subscribe(
      call,
      id,
      (is ?? []).filter((each) => !was?.some((other) => same(each, other))),
    );
    setTags(call, id, previous, properties, stack);
  },
  delete: (call: Here, id) => void topicOperations.DeleteTopic(call, { TopicArn: id }),
  attributes: (_call, id) => ({ TopicArn: id, TopicName: id.slice(id.lastIndexOf(":") + 1) }),
  read(call: Here, id, properties) {
    const found = call.state.topics.get(id);
    const shown = { ...topicUnset, ...found?.attributes };
    const scalars = Object.keys(topicUnset).filter((name) => typeof properties[name] === "string");
    return found && { ...properties, TopicName: found.name, ...Object.fromEntries(scalars.map((name) => [name, shown[name]])) };
  },
} satisfies ResourceType);

const subscriptionAttributes = ["DeliveryPolicy", "FilterPolicyScope", "FilterPolicy", "RawMessageDelivery", "RedrivePolicy", "ReplayPolicy", "SubscriptionRoleArn"]; // prettier-ignore
const subscriptionUnset: Record<string, string> = { RawMessageDelivery: "false", FilterPolicyScope: "MessageAttributes" };

const given = (properties: Properties, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.filter((name) => properties[name] !== undefined).map((name) => [name, text(properties[name])]));

/** The topic may be in another region. */
const at = (call: Here, arn: string): Here => {
  const region = arn.split(":")[3] ?? call.region;
  return region === call.region ? call : call.elsewhere(region);
};

const subscription = resource({
  create(call: Here, properties) {
    const { TopicArn, Protocol, Endpoint } = properties;
    const Attributes = given(properties, subscriptionAttributes);
    const { SubscriptionArn } = subscriptionOperations.Subscribe(at(call, TopicArn), {
      TopicArn,
      Protocol,
      Endpoint,
      Attributes,
      ReturnSubscriptionArn: true,
    });
    return SubscriptionArn;
  },
  update(call: Here, id, properties, previous) {
    const there = at(call, id);
    const now = given(properties, subscriptionAttributes);
    const gone = subscriptionAttributes.filter((name) => previous[name] !== undefined && now[name] === undefined);
    const changes = { ...Object.fromEntries(gone.map((name) => [name, subscriptionUnset[name] ?? ""])), ...now };
    for (const [AttributeName, AttributeValue] of Object.entries(changes)) {
      subscriptionOperations.SetSubscriptionAttributes(there, { SubscriptionArn: id, AttributeName, AttributeValue });
    }
  },
  delete(call: Here, id) {
    const there = at(call, id);
    const found = there.state.subscriptions.get(id);
    if (found) remove(there, found);
  },
  attributes: (_call, id) => ({ Arn: id }),
  read: (call: Here, id, properties) => (at(call, id).state.subscriptions.has(id) ? properties : undefined),
} satisfies ResourceType);

function setPolicy(call: Here, arns: readonly string[], policy: string): void {
  for (const TopicArn of arns) {
    topicOperations.SetTopicAttributes(at(call, TopicArn), { TopicArn, AttributeName: "Policy", AttributeValue: policy });
  }
}

/** Without a policy of its own a topic has the default one. */
const unsetPolicy = (call: Here, arns: readonly string[]): void =>
  setPolicy(
    call,
    arns.filter((arn) => at(call, arn).state.topics.has(arn)),
    "",
  );

const topicPolicy = resource({
  create(call: Here, { Topics, PolicyDocument }, stack) {
    setPolicy(call, Topics, text(PolicyDocument));
    return stack.generatedName(128);
  },
  update(call: Here, _id, { Topics, PolicyDocument }, previous) {
    setPolicy(call, Topics, text(PolicyDocument));
    unsetPolicy(
      call,
      previous.Topics.filter((arn: string) => !Topics.includes(arn)),
    );
  },
  delete: (call: Here, _id, { Topics }) => unsetPolicy(call, Topics),
  attributes: (_call, id) => ({ Id: id }),
} satisfies ResourceType);

const inlinePolicy = resource({
  create(call: Here, { TopicArn, PolicyDocument }) {
    setPolicy(call, [TopicArn], text(PolicyDocument));
    return TopicArn;
  },
  update: (call: Here, _id, { TopicArn, PolicyDocument }) => setPolicy(call, [TopicArn], text(PolicyDocument)),
  delete: (call: Here, _id, { TopicArn }) => unsetPolicy(call, [TopicArn]),
} satisfies ResourceType);

export const resources = {
  "AWS::SNS::Topic": topic,
  "AWS::SNS::Subscription": subscription,
  "AWS::SNS::TopicPolicy": topicPolicy,
  "AWS::SNS::TopicInlinePolicy": inlinePolicy,
};
