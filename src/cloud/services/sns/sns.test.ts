import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { SNS } from "@aws-sdk/client-sns";
import { SQS } from "@aws-sdk/client-sqs";
import { expect, test } from "vitest";
import { hours, minutes, plus, type Duration } from "../../../kernel/units.ts";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";
import type { State } from "./topic.ts";

const region = "eu-west-1";
const account = "123456789012";

function start() {
  const cloud = new Cloud({ paranoid: true });
  const client = clients(cloud);
  const sns = client(SNS, { region });
  const sqs = client(SQS, { region });
  /** A queue that is subscribed, and what has arrived in it since it was last asked. */
  const subscriber = async (TopicArn: string, name: string, Attributes: Record<string, string> = {}, at = region) => {
    const queues = client(SQS, { region: at });
    const { QueueUrl } = await queues.createQueue({ QueueName: name, Attributes: name.endsWith(".fifo") ? { FifoQueue: "true" } : {} });
    const { SubscriptionArn = "" } = await sns.subscribe({
      TopicArn,
      Protocol: "sqs",
      Endpoint: `arn:aws:sqs:${at}:${account}:${name}`,
      Attributes,
    });
    const arrived = async () => {
      const { Messages = [] } = await queues.receiveMessage({
        QueueUrl,
        MaxNumberOfMessages: 10,
        MessageAttributeNames: ["All"],
        MessageSystemAttributeNames: ["All"],
      });
      for (const { ReceiptHandle } of Messages) await queues.deleteMessage({ QueueUrl, ReceiptHandle });
      return Messages;
    };
    return { SubscriptionArn, QueueUrl, arrived, bodies: async () => (await arrived()).map(({ Body }) => Body) };
  };
  return {
    cloud,
    sns,
    sqs,
    client,
    subscriber,
    later: (time: Duration) => void cloud.advance(plus(cloud.run.now, time)),
    topic: async (Name: string, Attributes: Record<string, string> = {}) => (await sns.createTopic({ Name, Attributes })).TopicArn ?? "",
  };
}

const refusal = (work: Promise<unknown>) =>
  work.then(
    () => "no refusal",
    (error: Error) => `${error.name}: ${error.message}`,
  );
const text = (StringValue: string) => ({ DataType: "String", StringValue });

test("a message reaches the subscribed queues, in AWS's envelope or raw", async () => {
  const { sns, topic, subscriber } = start();
  const TopicArn = await topic("orders");
  expect(TopicArn).toBe(`arn:aws:sns:${region}:${account}:orders`);
  const wrapped = await subscriber(TopicArn, "wrapped");
  const raw = await subscriber(TopicArn, "raw", { RawMessageDelivery: "true" });
  const { MessageId } = await sns.publish({
    TopicArn,
    Message: "hello",
    Subject: "Greeting",
    MessageAttributes: { kind: text("new"), raw: { DataType: "Binary", BinaryValue: Uint8Array.of(1, 2) } },
  });
  const [{ Body = "" } = {}] = await wrapped.arrived();
  expect(JSON.parse(Body)).toEqual({
    Type: "Notification",
    MessageId,
    TopicArn,
    Subject: "Greeting",
    Message: "hello",
    Timestamp: "1970-01-01T00:00:00.000Z",
    SignatureVersion: "1",
    Signature: expect.any(String),
    SigningCertURL: expect.stringContaining("https://sns.eu-west-1.amazonaws.com/"),
    UnsubscribeURL: `https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=${wrapped.SubscriptionArn}`,
    MessageAttributes: { kind: { Type: "String", Value: "new" }, raw: { Type: "Binary", Value: "AQI=" } },
  });
  expect(Body).toMatch(/^\{\n {2}"Type" : "Notification",\n/);
  expect(await raw.arrived()).toMatchObject([
    { Body: "hello", MessageAttributes: { kind: text("new"), raw: { BinaryValue: Uint8Array.of(1, 2) } } },
  ]);
});

test("a queue in another region is reached", async () => {
  const { sns, topic, subscriber } = start();
  const TopicArn = await topic("wide");
  const far = await subscriber(TopicArn, "far", { RawMessageDelivery: "true" }, "eu-central-1");
  await sns.publish({ TopicArn, Message: "over there" });
  expect(await far.bodies()).toEqual(["over there"]);
});

test("one text for each protocol", async () => {
  const { sns, topic, subscriber } = start();
  const TopicArn = await topic("many");
  const raw = await subscriber(TopicArn, "raw", { RawMessageDelivery: "true" });
  const publish = (parts: object) => sns.publish({ TopicArn, MessageStructure: "json", Message: JSON.stringify(parts) });
  await publish({ default: "for all", sqs: "for queues" });
  await publish({ default: "for all", email: "for people" });
  expect(await raw.bodies()).toEqual(["for queues", "for all"]);
  expect(await refusal(publish({ sqs: "x" }))).toBe(
    "InvalidParameterException: Invalid parameter: Message Structure - No default entry in JSON message body",
  );
});

test.each([
  [{ store: ["a"] }, { store: text("a") }, true],
  [{ store: ["a"] }, { store: text("b") }, false],
  [{ store: ["a"] }, {}, false],
  [{ store: [{ "anything-but": ["a"] }] }, { store: text("b") }, true],
  [{ store: [{ "anything-but": { prefix: "x-" } }] }, { store: text("x-1") }, false],
  [{ store: [{ prefix: "sh" }] }, { store: text("shop") }, true],
  [{ store: [{ suffix: ".jpg" }] }, { store: text("a.png") }, false],
  [{ store: [{ "equals-ignore-case": "SHOP" }] }, { store: text("shop") }, true],
  [{ price: [{ numeric: [">", 10, "<=", 20] }] }, { price: { DataType: "Number", StringValue: "20" } }, true],
  [{ price: [{ numeric: [">", 10, "<=", 20] }] }, { price: { DataType: "Number", StringValue: "10" } }, false],
  [{ price: [100] }, { price: { DataType: "Number", StringValue: "100.0" } }, true],
  [{ ip: [{ cidr: "10.0.0.0/24" }] }, { ip: text("10.0.0.77") }, true],
  [{ ip: [{ cidr: "10.0.0.0/24" }] }, { ip: text("10.0.1.77") }, false],
  [{ store: [{ exists: true }] }, {}, false],
  [{ store: [{ exists: false }] }, {}, true],
  [{ tags: ["b"] }, { tags: { DataType: "String.Array", StringValue: '["a","b"]' } }, true],
  [{ $or: [{ store: ["a"] }, { price: [1] }] }, { price: { DataType: "Number", StringValue: "1" } }, true],
  [{ store: ["a"], price: [1] }, { store: text("a") }, false],
])("the filter policy %j over %j: %s", async (policy, MessageAttributes, expected) => {
  const { sns, topic, subscriber } = start();
  const TopicArn = await topic("filtered");
  const queue = await subscriber(TopicArn, "q", { RawMessageDelivery: "true", FilterPolicy: JSON.stringify(policy) });
  await sns.publish({ TopicArn, Message: "m", MessageAttributes });
  expect((await queue.bodies()).length).toBe(expected ? 1 : 0);
});

test("a filter policy over the message looks into its JSON", async () => {
  const { sns, topic, subscriber } = start();
  const TopicArn = await topic("bodies");
  const queue = await subscriber(TopicArn, "q", {
    RawMessageDelivery: "true",
    FilterPolicyScope: "MessageBody",
    FilterPolicy: JSON.stringify({ order: { state: ["paid"], lines: { sku: [{ prefix: "A" }] } } }),
  });
  const bodies = [
    { order: { state: "paid", lines: [{ sku: "B1" }, { sku: "A1" }] } },
    { order: { state: "paid", lines: [{ sku: "B1" }] } },
    { order: { state: "new", lines: [{ sku: "A1" }] } },
  ].map((each) => JSON.stringify(each));
  for (const Message of [...bodies, "no JSON"]) await sns.publish({ TopicArn, Message });
  expect(await queue.bodies()).toEqual(bodies.slice(0, 1));
});

test("a FIFO topic keeps order, numbers its messages and takes the same for the same for five minutes", async () => {
  const { sns, topic, subscriber, later } = start();
  const TopicArn = await topic("line.fifo", { FifoTopic: "true", ContentBasedDeduplication: "true" });
  const queue = await subscriber(TopicArn, "line.fifo", { RawMessageDelivery: "true" });
  const publish = (Message: string) => sns.publish({ TopicArn, Message, MessageGroupId: "g" });
  const first = await publish("one");
  expect(first.SequenceNumber).toMatch(/^\d{20}$/);
  expect(await publish("one")).toMatchObject({ MessageId: first.MessageId, SequenceNumber: first.SequenceNumber });
  await publish("two");
  expect(await queue.arrived()).toMatchObject([{ Body: "one", Attributes: { MessageGroupId: "g" } }, { Body: "two" }]);
  later(minutes(5));
  await publish("one");
  expect(await queue.bodies()).toEqual(["one"]);
  expect(await refusal(sns.publish({ TopicArn, Message: "x" }))).toMatch(/The MessageGroupId parameter is required for FIFO topics/);
});

test("a subscription in the outside world waits for its token, and is forgotten after two days without it", async () => {
  const { cloud, sns, topic, later } = start();
  const TopicArn = await topic("news");
  expect((await sns.subscribe({ TopicArn, Protocol: "email", Endpoint: "a@example.com" })).SubscriptionArn).toBe("pending confirmation");
  const { SubscriptionArn } = await sns.subscribe({
    TopicArn,
    Protocol: "https",
    Endpoint: "https://example.com/hook",
    ReturnSubscriptionArn: true,
  });
  expect((await sns.getSubscriptionAttributes({ SubscriptionArn })).Attributes).toMatchObject({
    PendingConfirmation: "true",
    Protocol: "https",
  });
  expect((await sns.listSubscriptionsByTopic({ TopicArn })).Subscriptions?.map((each) => each.SubscriptionArn)).toEqual([
    "PendingConfirmation",
    "PendingConfirmation",
  ]);
  const { subscriptions }: State = cloud.state("sns", account, region);
  const Token = subscriptions.get(SubscriptionArn ?? "")?.token ?? "";
  expect(await refusal(sns.confirmSubscription({ TopicArn, Token: "guess" }))).toBe("InvalidParameterException: Invalid parameter: Token");
  expect((await sns.confirmSubscription({ TopicArn, Token })).SubscriptionArn).toBe(SubscriptionArn);
  later(hours(48));
  expect((await sns.listSubscriptions({})).Subscriptions).toMatchObject([{ SubscriptionArn, Endpoint: "https://example.com/hook" }]);
  expect((await sns.getTopicAttributes({ TopicArn })).Attributes).toMatchObject({
    SubscriptionsConfirmed: "1",
    SubscriptionsPending: "0",
    SubscriptionsDeleted: "1",
  });
});

test("what can't be delivered goes to the dead-letter queue, or is counted", async () => {
  const { cloud, sns, sqs, topic, subscriber } = start();
  const TopicArn = await topic("lossy");
  const lambda = `arn:aws:lambda:${region}:${account}:function:f`;
  const { QueueUrl } = await sqs.createQueue({ QueueName: "dead" });
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: `arn:aws:sqs:${region}:${account}:dead` });
  await sns.subscribe({ TopicArn, Protocol: "lambda", Endpoint: lambda, Attributes: { RedrivePolicy } });
  const gone = await subscriber(TopicArn, "gone");
  await sqs.deleteQueue({ QueueUrl: gone.QueueUrl });
  await sns.publish({ TopicArn, Message: "m" });
  const { Messages: [{ Body = "" } = {}] = [] } = await sqs.receiveMessage({ QueueUrl });
  expect(JSON.parse(Body)).toMatchObject({ Type: "Notification", Message: "m" });
  const { subscriptions }: State = cloud.state("sns", account, region);
  expect(subscriptions.get(gone.SubscriptionArn)).toMatchObject({ undelivered: 1, failure: expect.stringContaining("QueueDoesNotExist") });
});

test("a batch publishes what it can, and says of each entry what failed", async () => {
  const { sns, topic, subscriber } = start();
  const TopicArn = await topic("batch");
  const queue = await subscriber(TopicArn, "q", { RawMessageDelivery: "true" });
  const entries = [
    { Id: "1", Message: "one" },
    { Id: "2", Message: "two", Subject: "line\nbreak" },
  ];
  expect(await sns.publishBatch({ TopicArn, PublishBatchRequestEntries: entries })).toMatchObject({
    Successful: [{ Id: "1" }],
    Failed: [{ Id: "2", Code: "InvalidParameter", SenderFault: true }],
  });
  expect(await queue.bodies()).toEqual(["one"]);
  expect(await refusal(sns.publishBatch({ TopicArn, PublishBatchRequestEntries: [] }))).toMatch(/^EmptyBatchRequest/);
});

test("a topic is made once, described, tagged, permitted, and takes its subscriptions with it", async () => {
  const { sns, topic, subscriber } = start();
  const TopicArn = await topic("shop", { DisplayName: "Shop" });
  expect(await topic("shop")).toBe(TopicArn);
  expect(await refusal(topic("shop", { DisplayName: "Other" }))).toMatch(/Topic already exists with different attributes/);
  const read = async () => (await sns.getTopicAttributes({ TopicArn })).Attributes ?? {};
  expect(await read()).toMatchObject({ TopicArn, Owner: account, DisplayName: "Shop" });
  await sns.setTopicAttributes({ TopicArn, AttributeName: "DisplayName", AttributeValue: "New" });
  await sns.addPermission({ TopicArn, Label: "them", AWSAccountId: ["111122223333"], ActionName: ["Publish"] });
  const { Policy = "{}", DisplayName } = await read();
  expect(DisplayName).toBe("New");
  expect(JSON.parse(Policy).Statement.map(({ Sid }: { Sid: string }) => Sid)).toEqual(["__default_statement_ID", "them"]);
  await sns.removePermission({ TopicArn, Label: "them" });
  await sns.tagResource({
    ResourceArn: TopicArn,
    Tags: [
      { Key: "team", Value: "shop" },
      { Key: "old", Value: "1" },
    ],
  });
  await sns.untagResource({ ResourceArn: TopicArn, TagKeys: ["old"] });
  expect((await sns.listTagsForResource({ ResourceArn: TopicArn })).Tags).toEqual([{ Key: "team", Value: "shop" }]);
  const { SubscriptionArn } = await subscriber(TopicArn, "q");
  expect((await subscriber(TopicArn, "q")).SubscriptionArn).toBe(SubscriptionArn); // the same again is the same
  await sns.setSubscriptionAttributes({ SubscriptionArn, AttributeName: "RawMessageDelivery", AttributeValue: "true" });
  expect((await sns.getSubscriptionAttributes({ SubscriptionArn })).Attributes).toMatchObject({
    RawMessageDelivery: "true",
    PendingConfirmation: "false",
  });
  await sns.deleteTopic({ TopicArn });
  expect((await sns.listSubscriptions({})).Subscriptions).toEqual([]);
  expect(await refusal(sns.publish({ TopicArn, Message: "x" }))).toBe("NotFoundException: Topic does not exist");
  expect(await refusal(sns.getTopicAttributes({ TopicArn }))).toMatch(/^NotFoundException/);
});

test.each([
  [{ Protocol: "sqs", Endpoint: "https://sqs" }, /SQS endpoint ARN/],
  [{ Protocol: "http", Endpoint: "https://x" }, /Endpoint must match the specified protocol/],
  [{ Protocol: "pigeon", Endpoint: "x" }, /does not support this protocol string: pigeon/],
  [
    { Protocol: "sqs", Endpoint: `arn:aws:sqs:${region}:${account}:q.fifo` },
    /FIFO SQS Queues can not be subscribed to standard SNS topics/,
  ],
  [{ Attributes: { FilterPolicy: "{" } }, /FilterPolicy/],
  [{ Attributes: { FilterPolicy: '{"a":"b"}' } }, /must be an object or an array/],
  [{ Attributes: { FilterPolicy: '{"a":[{"wildcard":"x*"}]}' } }, /Unrecognized match type wildcard/],
  [
    { Attributes: { FilterPolicy: JSON.stringify(Object.fromEntries(["a", "b", "c", "d", "e", "f"].map((key) => [key, ["x"]]))) } },
    /can not have more than 5 keys/,
  ],
  [
    { Attributes: { FilterPolicy: JSON.stringify(Object.fromEntries(["a", "b", "c"].map((key) => [key, [1, 2, 3, 4, 5, 6]]))) } },
    /too complex/,
  ], // 6³ = 216 > 150
  [{ Attributes: { RedrivePolicy: '{"deadLetterTargetArn":"q"}' } }, /deadLetterTargetArn is an invalid arn/],
  [{ Attributes: { Colour: "red" } }, /AttributeName/],
])("Subscribe refuses %j", async (input, expected) => {
  const { sns, topic } = start();
  const TopicArn = await topic("t");
  expect(await refusal(sns.subscribe({ TopicArn, Protocol: "sqs", Endpoint: `arn:aws:sqs:${region}:${account}:q`, ...input }))).toMatch(
    expected,
  );
});

test("lists of topics come in pages of a hundred", async () => {
  const { sns, topic } = start();
  for (let at = 0; at < 101; at++) await topic(`t${at}`);
  const { Topics, NextToken } = await sns.listTopics({});
  expect(Topics).toHaveLength(100);
  expect((await sns.listTopics({ NextToken })).Topics).toHaveLength(1);
});

test("CloudFormation makes a topic with its subscriptions and policy, changes it in place, and takes it away", async () => {
  const { cloud, sns, client } = start();
  const formation = client(CloudFormation, { region });
  const template = (name: string, raw: boolean) =>
    JSON.stringify({
      Resources: {
        Queue: { Type: "AWS::SQS::Queue", Properties: { QueueName: "q" } },
        Topic: {
          Type: "AWS::SNS::Topic",
          Properties: {
            DisplayName: name,
            Subscription: [{ Protocol: "email", Endpoint: "a@example.com" }],
            Tags: [{ Key: "team", Value: "shop" }],
          },
        },
        Sub: {
          Type: "AWS::SNS::Subscription",
          Properties: {
            TopicArn: { Ref: "Topic" },
            Protocol: "sqs",
            Endpoint: { "Fn::GetAtt": ["Queue", "Arn"] },
            RawMessageDelivery: raw,
            FilterPolicy: { kind: ["a"] },
          },
        },
        Policy: {
          Type: "AWS::SNS::TopicPolicy",
          Properties: { Topics: [{ Ref: "Topic" }], PolicyDocument: { Version: "2012-10-17", Statement: [] } },
        },
      },
      Outputs: {
        Arn: { Value: { Ref: "Topic" } },
        Name: { Value: { "Fn::GetAtt": ["Topic", "TopicName"] } },
        Sub: { Value: { Ref: "Sub" } },
      },
    });
  await formation.createStack({ StackName: "topics", TemplateBody: template("one", true) });
  cloud.settle();
  const { Stacks: [stack] = [] } = await formation.describeStacks({ StackName: "topics" });
  expect(stack?.StackStatus).toBe("CREATE_COMPLETE");
  const output = (key: string) => stack?.Outputs?.find(({ OutputKey }) => OutputKey === key)?.OutputValue ?? "";
  expect(output("Arn")).toBe(`arn:aws:sns:${region}:${account}:${output("Name")}`);
  const topicNow = async () => (await sns.getTopicAttributes({ TopicArn: output("Arn") })).Attributes;
  expect(await topicNow()).toMatchObject({
    DisplayName: "one",
    Policy: '{"Version":"2012-10-17","Statement":[]}',
    SubscriptionsConfirmed: "1",
    SubscriptionsPending: "1",
  });
  await formation.updateStack({ StackName: "topics", TemplateBody: template("two", false) });
  cloud.settle();
  expect(await topicNow()).toMatchObject({ DisplayName: "two" });
  expect((await sns.getSubscriptionAttributes({ SubscriptionArn: output("Sub") })).Attributes).toMatchObject({
    RawMessageDelivery: "false",
    FilterPolicy: '{"kind":["a"]}',
  });
  await formation.deleteStack({ StackName: "topics" });
  cloud.settle();
  expect((await sns.listTopics({})).Topics).toEqual([]);
  expect((await sns.listSubscriptions({})).Subscriptions).toEqual([]);
});
