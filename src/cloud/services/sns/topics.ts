/** Topics, their tags and permissions. https://docs.aws.amazon.com/sns/latest/api/ */
import type * as sdk from "@aws-sdk/client-sns";
import { AwsError, type Operations } from "../../service.ts";
import { checkTopicAttribute, defaultPolicy, setTopicAttribute, topicAttributes } from "./topic-attributes.ts";
import { invalid, page, subscriptionsOf, topicOf, type Here, type State, type Timers, type Topic } from "./topic.ts";

export const topicOperations = {
  CreateTopic(call, { Name, Attributes = {}, Tags = [] }) {
    const fifo = Attributes.FifoTopic === "true";
    checkName(Name, fifo);
    for (const [name, value] of Object.entries(Attributes)) checkTopicAttribute(name, value, fifo);
    const tags = tagMap(Tags);
    checkTags({}, tags);
    const arn = call.arn("sns", Name);
    const existing = call.state.topics.get(arn);
    if (existing) checkSame(call, existing, Attributes, tags);
    else {
      const topic: Topic = { arn, name: Name, fifo, attributes: {}, tags, deleted: 0, sequence: 0, sent: new Map() };
      for (const [name, value] of Object.entries(Attributes)) setTopicAttribute(topic, name, value);
      call.state.topics.set(arn, topic);
    }
    return { TopicArn: arn };
  },
  DeleteTopic(call, { TopicArn }) {
    if (!call.state.topics.has(TopicArn)) return {};
    for (const { arn } of subscriptionsOf(call, TopicArn)) call.state.subscriptions.delete(arn);
    call.state.topics.delete(TopicArn);
    return {};
  },
  ListTopics(call, { NextToken }) {
    const { items, next } = page([...call.state.topics.keys()], NextToken);
    return { Topics: items.map((TopicArn) => ({ TopicArn })), NextToken: next };
  },
  GetTopicAttributes(call, { TopicArn }) {
    return { Attributes: topicAttributes(call, topicOf(call, TopicArn)) };
  },
  SetTopicAttributes(call, { TopicArn, AttributeName, AttributeValue = "" }) {
    const topic = topicOf(call, TopicArn);
    if (AttributeName === "FifoTopic") throw invalid("AttributeName");
    checkTopicAttribute(AttributeName, AttributeValue, topic.fifo);
    setTopicAttribute(topic, AttributeName, AttributeValue);
    return {};
  },
  TagResource(call, { ResourceArn, Tags }) {
    const topic = taggedTopic(call, ResourceArn);
    const tags = tagMap(Tags);
    checkTags(topic.tags, tags);
    Object.assign(topic.tags, tags);
    return {};
  },
  UntagResource(call, { ResourceArn, TagKeys }) {
    const topic = taggedTopic(call, ResourceArn);
    for (const key of TagKeys) delete topic.tags[key];
    return {};
  },
  ListTagsForResource(call, { ResourceArn }) {
    return { Tags: Object.entries(taggedTopic(call, ResourceArn).tags).map(([Key, Value]) => ({ Key, Value })) };
  },
  AddPermission(call, { TopicArn, Label, AWSAccountId, ActionName }) {
    const topic = topicOf(call, TopicArn);
    const policy = policyOf(topic);
    checkPermission(policy, Label, AWSAccountId, ActionName);
    policy.Statement.push({
      Sid: Label,
      Effect: "Allow",
      Principal: { AWS: single(AWSAccountId.map((account) => `arn:aws:iam::${account}:root`)) },
      Action: single(ActionName.map((action) => `SNS:${action}`)),
      Resource: TopicArn,
    });
    topic.attributes.Policy = JSON.stringify(policy);
    return {};
  },
  RemovePermission(call, { TopicArn, Label }) {
    const topic = topicOf(call, TopicArn);
    const policy = policyOf(topic);
    topic.attributes.Policy = JSON.stringify({ ...policy, Statement: policy.Statement.filter(({ Sid }) => Sid !== Label) });
    return {};
  },
} satisfies Operations<sdk.SNS, State, Timers>;

function checkName(name: string, fifo: boolean): void {
  if (fifo && !/^[\w-]{1,251}\.fifo$/.test(name)) {
    throw invalid(
      "Fifo Topic names must end with .fifo and must be made up of only uppercase and lowercase ASCII letters, numbers, underscores, and hyphens, and must be between 1 and 256 characters long.",
    );
  }
  if (!fifo && !/^[\w-]{1,256}$/.test(name)) throw invalid("Topic Name");
}

function checkSame(call: Here, topic: Topic, given: Readonly<Record<string, string>>, tags: Readonly<Record<string, string>>): void {
  const has = topicAttributes(call, topic);
  if (Object.entries(given).some(([name, value]) => name !== "Policy" && (has[name] ?? (name === "FifoTopic" ? "false" : "")) !== value)) {
    throw invalid("Attributes Reason: Topic already exists with different attributes");
  }
  if (Object.entries(tags).some(([key, value]) => topic.tags[key] !== value))
    throw invalid("Tags Reason: Topic already exists with different tags");
}

function taggedTopic(call: Here, arn: string): Topic {
  const topic = call.state.topics.get(arn);
  if (!topic) throw new AwsError("ResourceNotFound", "Resource does not exist");
  return topic;
}

export const tagMap = (tags: readonly sdk.Tag[]): Record<string, string> =>
  Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value ?? ""]));

export function checkTags(has: Readonly<Record<string, string>>, tags: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(tags)) {
    if (key.length < 1 || key.length > 128 || value.length > 256 || /^aws:/i.test(key))
      throw invalid(`Tags Reason: the tag ${key} is not valid`);
  }
  // docs.aws.amazon.com/sns/latest/dg/sns-tags.html
  if (Object.keys({ ...has, ...tags }).length > 50)
    throw new AwsError("TagLimitExceeded", "Could not complete request: tag quota of per resource exceeded");
}

type Policy = { Statement: Record<string, unknown>[] };

function policyOf(topic: Topic): Policy {
  const policy = JSON.parse(topic.attributes.Policy ?? defaultPolicy(topic));
  return { ...policy, Statement: [policy.Statement ?? []].flat() };
}

// docs.aws.amazon.com/sns/latest/api/API_AddPermission.html
const grantable = ["AddPermission", "DeleteTopic", "GetDataProtectionPolicy", "GetTopicAttributes", "ListSubscriptionsByTopic", "ListTagsForResource", "Publish", "PutDataProtectionPolicy", "RemovePermission", "SetTopicAttributes", "Subscribe"]; // prettier-ignore

function checkPermission(policy: Policy, label: string, accounts: readonly string[], actions: readonly string[]): void {
  for (const action of actions) if (!grantable.includes(action)) throw invalid("Policy statement action out of service scope!");
  for (const account of accounts) if (!/^\d{12}$/.test(account)) throw invalid("AWSAccountId");
  if (policy.Statement.some(({ Sid }) => Sid === label)) throw invalid("Statement already exists");
}

const single = <Item>(items: readonly Item[]): Item | readonly Item[] => (items.length === 1 && items[0] !== undefined ? items[0] : items);
