import { createHash } from "node:crypto";
import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { SQS } from "@aws-sdk/client-sqs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { days, hours, minutes, plus, seconds, type Duration } from "../../../kernel/units.ts";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";
import { Front } from "../../front.ts";

const region = "eu-west-1";

function start() {
  const cloud = new Cloud({ paranoid: true });
  const sqs = clients(cloud)(SQS, { region });
  return {
    cloud,
    sqs,
    later: (time: Duration) => void cloud.advance(plus(cloud.run.now, time)),
    make: async (QueueName: string, Attributes: Record<string, string> = {}) =>
      (await sqs.createQueue({ QueueName, Attributes })).QueueUrl ?? "",
    bodies: async (QueueUrl: string, MaxNumberOfMessages = 10) =>
      ((await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages })).Messages ?? []).map(({ Body }) => Body),
  };
}

const refusal = (work: Promise<unknown>) =>
  work.then(
    () => "no refusal",
    (error: Error) => `${error.name}: ${error.message}`,
  );
const arn = (name: string) => `arn:aws:sqs:${region}:123456789012:${name}`;

test("a message is sent, received, hidden for the visibility timeout, received again, and deleted", async () => {
  const { sqs, make, later, bodies } = start();
  const QueueUrl = await make("orders", { VisibilityTimeout: "60" });
  expect(QueueUrl).toBe("https://sqs.eu-west-1.amazonaws.com/123456789012/orders");
  const { MessageId, MD5OfMessageBody } = await sqs.sendMessage({ QueueUrl, MessageBody: "one" });
  expect(MD5OfMessageBody).toBe(createHash("md5").update("one").digest("hex"));
  const { Messages: [first] = [] } = await sqs.receiveMessage({ QueueUrl, MessageSystemAttributeNames: ["All"] });
  expect(first).toMatchObject({
    MessageId,
    Body: "one",
    Attributes: { ApproximateReceiveCount: "1", SentTimestamp: "0", SenderId: "123456789012" },
  });
  later(seconds(59));
  expect(await bodies(QueueUrl)).toEqual([]);
  later(seconds(1));
  const { Messages: [again] = [] } = await sqs.receiveMessage({ QueueUrl, MessageSystemAttributeNames: ["ApproximateReceiveCount"] });
  expect(again?.Attributes).toEqual({ ApproximateReceiveCount: "2" });
  await sqs.deleteMessage({ QueueUrl, ReceiptHandle: first?.ReceiptHandle }); // an old handle: it succeeds, and the message stays
  expect((await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ["ApproximateNumberOfMessagesNotVisible"] })).Attributes).toEqual({
    ApproximateNumberOfMessagesNotVisible: "1",
  });
  await sqs.deleteMessage({ QueueUrl, ReceiptHandle: again?.ReceiptHandle });
  later(minutes(5));
  expect(await bodies(QueueUrl)).toEqual([]);
});

test("a delay keeps a message away, and retention ends it", async () => {
  const { sqs, make, later, bodies } = start();
  const QueueUrl = await make("later", { DelaySeconds: "30", MessageRetentionPeriod: "60" });
  await sqs.sendMessage({ QueueUrl, MessageBody: "thirty" });
  await sqs.sendMessage({ QueueUrl, MessageBody: "five", DelaySeconds: 5 });
  const waiting = async () =>
    (await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ["ApproximateNumberOfMessagesDelayed"] })).Attributes
      ?.ApproximateNumberOfMessagesDelayed;
  expect(await waiting()).toBe("2");
  later(seconds(5));
  expect(await bodies(QueueUrl)).toEqual(["five"]);
  later(seconds(25));
  expect(await bodies(QueueUrl)).toEqual(["thirty"]);
  later(seconds(30));
  expect((await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ["All"] })).Attributes).toMatchObject({
    ApproximateNumberOfMessages: "0",
    ApproximateNumberOfMessagesNotVisible: "0",
  });
});

test("what is received too often goes to the dead-letter queue, and a move task brings it back", async () => {
  const { cloud, sqs, make, later, bodies } = start();
  const dead = await make("dead");
  const QueueUrl = await make("work", {
    VisibilityTimeout: "10",
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn("dead"), maxReceiveCount: 2 }),
  });
  await sqs.sendMessage({ QueueUrl, MessageBody: "poison" });
  for (const expected of [["poison"], ["poison"], []]) {
    expect(await bodies(QueueUrl)).toEqual(expected);
    later(seconds(10));
  }
  const { Messages: [letter] = [] } = await sqs.receiveMessage({
    QueueUrl: dead,
    MessageSystemAttributeNames: ["All"],
    VisibilityTimeout: 0,
  });
  expect(letter?.Attributes).toMatchObject({ DeadLetterQueueSourceArn: arn("work"), ApproximateReceiveCount: "3" });
  expect((await sqs.listDeadLetterSourceQueues({ QueueUrl: dead })).queueUrls).toEqual([QueueUrl]);
  expect(await refusal(sqs.startMessageMoveTask({ SourceArn: arn("work") }))).toMatch(
    /Source queue must be configured as a Dead Letter Queue/,
  );
  const { TaskHandle } = await sqs.startMessageMoveTask({ SourceArn: arn("dead") });
  expect(await sqs.listMessageMoveTasks({ SourceArn: arn("dead") })).toMatchObject({
    Results: [{ TaskHandle, Status: "RUNNING", ApproximateNumberOfMessagesToMove: 1 }],
  });
  cloud.settle();
  expect(await sqs.listMessageMoveTasks({ SourceArn: arn("dead") })).toMatchObject({
    Results: [{ Status: "COMPLETED", ApproximateNumberOfMessagesMoved: 1 }],
  });
  expect(await bodies(dead)).toEqual([]);
  expect(await bodies(QueueUrl)).toEqual(["poison"]);
});

test("a FIFO queue keeps the order of each group, and holds a group back while one of it is in flight", async () => {
  const { sqs, make, later, bodies } = start();
  const QueueUrl = await make("line.fifo", { FifoQueue: "true", ContentBasedDeduplication: "true", VisibilityTimeout: "30" });
  for (const body of ["a1", "a2", "b1", "a3"]) await sqs.sendMessage({ QueueUrl, MessageBody: body, MessageGroupId: body.slice(0, 1) });
  const { Messages: [first] = [] } = await sqs.receiveMessage({ QueueUrl });
  expect(first?.Body).toBe("a1");
  expect(await bodies(QueueUrl)).toEqual(["b1"]); // the rest of group a waits for a1
  await sqs.deleteMessage({ QueueUrl, ReceiptHandle: first?.ReceiptHandle });
  expect(await bodies(QueueUrl)).toEqual(["a2", "a3"]);
  later(seconds(30));
  expect(await bodies(QueueUrl)).toEqual(["a2", "b1", "a3"]);
  expect(await refusal(sqs.sendMessage({ QueueUrl, MessageBody: "x" }))).toBe(
    "MissingParameter: The request must contain the parameter MessageGroupId.",
  );
  later(seconds(30));
  const { Messages: [late] = [] } = await sqs.receiveMessage({ QueueUrl });
  later(seconds(31));
  expect(await refusal(sqs.deleteMessage({ QueueUrl, ReceiptHandle: late?.ReceiptHandle }))).toMatch(/The receipt handle has expired/);
});

test("a deduplication id is taken for the same for five minutes, by queue or by group", async () => {
  const { sqs, make, later, bodies } = start();
  const QueueUrl = await make("once.fifo", { FifoQueue: "true" });
  const send = (MessageGroupId = "g", queue = QueueUrl) =>
    sqs.sendMessage({ QueueUrl: queue, MessageBody: "pay", MessageGroupId, MessageDeduplicationId: "d1" });
  const first = await send();
  later(minutes(4));
  expect(await send()).toMatchObject({ MessageId: first.MessageId, SequenceNumber: first.SequenceNumber });
  later(minutes(1));
  const second = await send();
  expect(second.MessageId).not.toBe(first.MessageId);
  expect(BigInt(second.SequenceNumber ?? 0) > BigInt(first.SequenceNumber ?? 0)).toBe(true);
  expect(await bodies(QueueUrl)).toEqual(["pay", "pay"]);
  const fast = await make("fast.fifo", { FifoQueue: "true", DeduplicationScope: "messageGroup", FifoThroughputLimit: "perMessageGroupId" });
  for (const group of ["a", "b", "a"]) await send(group, fast);
  expect(await bodies(fast)).toEqual(["pay", "pay"]);
});

test("a receive with an attempt id is answered the same when it is asked again", async () => {
  const { sqs, make } = start();
  const QueueUrl = await make("again.fifo", { FifoQueue: "true", ContentBasedDeduplication: "true" });
  for (const body of ["one", "two"]) await sqs.sendMessage({ QueueUrl, MessageBody: body, MessageGroupId: body });
  const receive = (ReceiveRequestAttemptId: string) => sqs.receiveMessage({ QueueUrl, ReceiveRequestAttemptId });
  const first = await receive("attempt");
  expect((await receive("attempt")).Messages).toEqual(first.Messages);
  expect((await receive("other")).Messages?.map(({ Body }) => Body)).toEqual(["two"]);
});

test("visibility can be changed, up to twelve hours from the receive", async () => {
  const { sqs, make, later, bodies } = start();
  const QueueUrl = await make("hold");
  await sqs.sendMessage({ QueueUrl, MessageBody: "x" });
  const { Messages: [{ ReceiptHandle } = { ReceiptHandle: "" }] = [] } = await sqs.receiveMessage({ QueueUrl });
  await sqs.changeMessageVisibility({ QueueUrl, ReceiptHandle, VisibilityTimeout: 3600 });
  later(minutes(59));
  expect(await bodies(QueueUrl)).toEqual([]);
  expect(await refusal(sqs.changeMessageVisibility({ QueueUrl, ReceiptHandle, VisibilityTimeout: 43_200 }))).toMatch(
    /beyond the limit \[43200 seconds\]/,
  );
  await sqs.changeMessageVisibility({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 });
  expect(await refusal(sqs.changeMessageVisibility({ QueueUrl, ReceiptHandle, VisibilityTimeout: 5 }))).toMatch(/^MessageNotInflight/);
  expect(await bodies(QueueUrl)).toEqual(["x"]);
  expect(await refusal(sqs.deleteMessage({ QueueUrl, ReceiptHandle: "nonsense" }))).toMatch(/^ReceiptHandleIsInvalid/);
});

test("attributes travel with their digest, filtered as they are asked for", async () => {
  const { sqs, make } = start();
  const QueueUrl = await make("typed");
  const MessageAttributes = {
    "app.name": { DataType: "String", StringValue: "shop" },
    count: { DataType: "Number", StringValue: "3" },
    raw: { DataType: "Binary", BinaryValue: Uint8Array.of(1, 2, 3) },
  };
  const sent = await sqs.sendMessage({
    QueueUrl,
    MessageBody: "x",
    MessageAttributes,
    MessageSystemAttributes: { AWSTraceHeader: { DataType: "String", StringValue: "Root=1-5759e988-bd862e3fe1be46a994272793" } },
  });
  // Each name, type and value with its length before it, in the order of names.
  const field = (text: string | Uint8Array) => Buffer.concat([Buffer.from([0, 0, 0, text.length]), Buffer.from(text as string)]);
  const digest = (...parts: Uint8Array[]) => createHash("md5").update(Buffer.concat(parts)).digest("hex");
  const name = [field("app.name"), field("String"), Buffer.from([1]), field("shop")];
  const count = [field("count"), field("Number"), Buffer.from([1]), field("3")];
  const raw = [field("raw"), field("Binary"), Buffer.from([2]), field(Uint8Array.of(1, 2, 3))];
  expect(sent.MD5OfMessageAttributes).toBe(digest(...name, ...count, ...raw));
  expect(sent.MD5OfMessageSystemAttributes).toMatch(/^[0-9a-f]{32}$/);
  const receive = async (...MessageAttributeNames: string[]) =>
    (await sqs.receiveMessage({ QueueUrl, VisibilityTimeout: 0, MessageAttributeNames, MessageSystemAttributeNames: ["AWSTraceHeader"] }))
      .Messages?.[0];
  expect((await receive("All"))?.MessageAttributes).toEqual(MessageAttributes);
  expect(await receive("app.*")).toMatchObject({
    MessageAttributes: { "app.name": { StringValue: "shop" } },
    MD5OfMessageAttributes: digest(...name),
  });
  expect(await receive()).not.toHaveProperty("MD5OfMessageAttributes");
  expect((await receive())?.Attributes).toEqual({ AWSTraceHeader: "Root=1-5759e988-bd862e3fe1be46a994272793" });
});

test("a batch does what it can, and says of each entry what failed", async () => {
  const { sqs, make } = start();
  const QueueUrl = await make("many", { MaximumMessageSize: "1024" });
  const entries = [
    { Id: "a", MessageBody: "one" },
    { Id: "b", MessageBody: "x".repeat(1025) },
    { Id: "c", MessageBody: "\u0001" },
  ];
  const { Successful, Failed } = await sqs.sendMessageBatch({ QueueUrl, Entries: entries });
  expect(Successful?.map(({ Id }) => Id)).toEqual(["a"]);
  expect(Failed).toMatchObject([
    { Id: "b", Code: "InvalidParameterValue", SenderFault: true },
    { Id: "c", Code: "InvalidMessageContents" },
  ]);
  const { Messages: [{ ReceiptHandle } = { ReceiptHandle: "" }] = [] } = await sqs.receiveMessage({ QueueUrl });
  expect(
    await sqs.changeMessageVisibilityBatch({
      QueueUrl,
      Entries: [
        { Id: "a", ReceiptHandle, VisibilityTimeout: 60 },
        { Id: "b", ReceiptHandle, VisibilityTimeout: 99_999 },
      ],
    }),
  ).toMatchObject({ Successful: [{ Id: "a" }], Failed: [{ Id: "b" }] });
  expect(
    await sqs.deleteMessageBatch({
      QueueUrl,
      Entries: [
        { Id: "a", ReceiptHandle },
        { Id: "b", ReceiptHandle: "?" },
      ],
    }),
  ).toMatchObject({ Successful: [{ Id: "a" }], Failed: [{ Id: "b", Code: "ReceiptHandleIsInvalid" }] });
  expect(await refusal(sqs.sendMessageBatch({ QueueUrl, Entries: [] }))).toMatch(/^EmptyBatchRequest/);
  expect(await refusal(sqs.sendMessageBatch({ QueueUrl, Entries: [entries[0], entries[0]] as never }))).toMatch(
    /^BatchEntryIdsNotDistinct/,
  );
  expect(
    await refusal(sqs.sendMessageBatch({ QueueUrl, Entries: Array.from({ length: 11 }, (_, at) => ({ Id: `${at}`, MessageBody: "x" })) })),
  ).toMatch(/^TooManyEntriesInBatchRequest/);
  expect(
    await refusal(sqs.sendMessageBatch({ QueueUrl, Entries: [0, 1].map((at) => ({ Id: `${at}`, MessageBody: "x".repeat(600_000) })) })),
  ).toMatch(/^BatchRequestTooLong/);
});

test("a queue is made once, found by its name, changed, purged, and its name rests for a minute", async () => {
  const { sqs, make, later } = start();
  const QueueUrl = await make("shop", { DelaySeconds: "5" });
  expect(await make("shop", { DelaySeconds: "5" })).toBe(QueueUrl);
  expect(await refusal(make("shop", { DelaySeconds: "6" }))).toMatch(/^QueueNameExists: .* different value for attribute DelaySeconds/);
  expect((await sqs.getQueueUrl({ QueueName: "shop" })).QueueUrl).toBe(QueueUrl);
  await sqs.setQueueAttributes({ QueueUrl, Attributes: { VisibilityTimeout: "9", KmsMasterKeyId: "alias/aws/sqs" } });
  expect((await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ["All"] })).Attributes).toMatchObject({
    VisibilityTimeout: "9",
    SqsManagedSseEnabled: "false",
    KmsMasterKeyId: "alias/aws/sqs",
    MaximumMessageSize: "1048576",
  });
  await sqs.purgeQueue({ QueueUrl });
  expect(await refusal(sqs.purgeQueue({ QueueUrl }))).toMatch(/^PurgeQueueInProgress/);
  later(seconds(60));
  await sqs.purgeQueue({ QueueUrl });
  await sqs.deleteQueue({ QueueUrl });
  expect(await refusal(sqs.sendMessage({ QueueUrl, MessageBody: "x" }))).toMatch(/^QueueDoesNotExist/);
  expect(await refusal(make("shop"))).toMatch(/^QueueDeletedRecently/);
  later(seconds(60));
  expect(await make("shop")).toBe(QueueUrl);
});

test.each([
  [{ QueueName: "has space" }, /^InvalidParameterValue/],
  [{ QueueName: "q.fifo" }, /^InvalidParameterValue/],
  [{ QueueName: "q", Attributes: { FifoQueue: "true" } }, /^InvalidParameterValue/],
  [
    { QueueName: "q", Attributes: { VisibilityTimeout: "43201" } },
    /^InvalidAttributeValue: Invalid value for the parameter VisibilityTimeout/,
  ],
  [{ QueueName: "q", Attributes: { ContentBasedDeduplication: "true" } }, /^InvalidAttributeName: Unknown Attribute/],
  [{ QueueName: "q", Attributes: { Colour: "red" } }, /^InvalidAttributeName/],
  [{ QueueName: "q", Attributes: { Policy: "no policy" } }, /^InvalidAttributeValue/],
  [
    { QueueName: "q", Attributes: { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn("none"), maxReceiveCount: 3 }) } },
    /Dead letter target does not exist/,
  ],
  [{ QueueName: "q.fifo", Attributes: { FifoQueue: "true", FifoThroughputLimit: "perMessageGroupId" } }, /^InvalidAttributeValue/],
])("CreateQueue refuses %j", async (input, expected) => {
  const { sqs } = start();
  expect(await refusal(sqs.createQueue(input as never))).toMatch(expected);
});

test("lists come in pages, tags and permissions are kept", async () => {
  const { sqs, make } = start();
  for (const name of ["b", "a", "c", "other"]) await make(name);
  const first = await sqs.listQueues({ MaxResults: 2 });
  const names = (urls: string[] = []) => urls.map((url) => url.split("/").at(-1));
  expect(names(first.QueueUrls)).toEqual(["a", "b"]);
  expect(names((await sqs.listQueues({ MaxResults: 2, NextToken: first.NextToken })).QueueUrls)).toEqual(["c", "other"]);
  expect(names((await sqs.listQueues({ QueueNamePrefix: "o" })).QueueUrls)).toEqual(["other"]);
  const QueueUrl = (await sqs.getQueueUrl({ QueueName: "a" })).QueueUrl;
  await sqs.tagQueue({ QueueUrl, Tags: { team: "shop", old: "1" } });
  await sqs.untagQueue({ QueueUrl, TagKeys: ["old"] });
  expect((await sqs.listQueueTags({ QueueUrl })).Tags).toEqual({ team: "shop" });
  await sqs.addPermission({ QueueUrl, Label: "them", AWSAccountIds: ["111122223333"], Actions: ["SendMessage"] });
  const policy = (await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ["Policy"] })).Attributes?.Policy ?? "";
  expect(JSON.parse(policy).Statement).toEqual([
    { Sid: "them", Effect: "Allow", Principal: { AWS: "arn:aws:iam::111122223333:root" }, Action: "SQS:SendMessage", Resource: arn("a") },
  ]);
  await sqs.removePermission({ QueueUrl, Label: "them" });
  expect(await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ["Policy"] })).not.toHaveProperty("Attributes");
});

test("the form-encoded protocol of older clients is understood, with its own error codes", async () => {
  const { cloud } = start();
  const front = new Front(cloud);
  const ask = async (form: Record<string, string>) => {
    const headers = {
      "content-type": "application/x-www-form-urlencoded; charset=utf-8",
      authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/${region}/sqs/aws4_request, SignedHeaders=host, Signature=0`,
    };
    const { status, body = "" } = await front.answer({
      method: "POST",
      url: "/",
      headers,
      body: Buffer.from(new URLSearchParams({ Version: "2012-11-05", ...form }).toString()),
    });
    return { status, text: Buffer.from(body).toString() };
  };
  const made = await ask({
    Action: "CreateQueue",
    QueueName: "old",
    "Attribute.1.Name": "DelaySeconds",
    "Attribute.1.Value": "0",
    "Tag.1.Key": "a",
    "Tag.1.Value": "b",
  });
  const QueueUrl = /<QueueUrl>(.*)<\/QueueUrl>/.exec(made.text)?.[1] ?? "";
  await ask({
    Action: "SendMessage",
    QueueUrl,
    MessageBody: "hello",
    "MessageAttribute.1.Name": "n",
    "MessageAttribute.1.Value.DataType": "String",
    "MessageAttribute.1.Value.StringValue": "v",
  });
  const received = await ask({ Action: "ReceiveMessage", QueueUrl, "MessageAttributeName.1": "All", "AttributeName.1": "All" });
  expect(received.text).toMatch(/<Message>.*<Body>hello<\/Body>.*<\/Message>/s);
  expect(received.text).toMatch(/<MessageAttribute><Name>n<\/Name><Value>.*<StringValue>v<\/StringValue>/s);
  expect((await ask({ Action: "GetQueueUrl", QueueName: "none" })).text).toContain("<Code>AWS.SimpleQueueService.NonExistentQueue</Code>");
});

test("whatever is sent is received once and in order, however it is taken", async () => {
  const message = fc.record({ group: fc.constantFrom("a", "b", "c"), take: fc.integer({ min: 0, max: 3 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 12 }), async (messages) => {
      const { sqs, make } = start();
      const QueueUrl = await make("any.fifo", { FifoQueue: "true" });
      const seen: string[] = [];
      const take = async (most: number) => {
        const { Messages = [] } = await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: most });
        for (const { Body = "", ReceiptHandle } of Messages) {
          seen.push(Body);
          await sqs.deleteMessage({ QueueUrl, ReceiptHandle });
        }
      };
      for (const [at, { group, take: most }] of messages.entries()) {
        await sqs.sendMessage({ QueueUrl, MessageBody: `${group}${at}`, MessageGroupId: group, MessageDeduplicationId: `${at}` });
        if (most > 0) await take(most);
      }
      await take(10);
      await take(10);
      expect(seen.toSorted()).toEqual(messages.map(({ group }, at) => `${group}${at}`).sort());
      for (const group of "abc") {
        const own = seen.filter((body) => body.startsWith(group));
        expect(own).toEqual(own.toSorted((one, other) => Number(one.slice(1)) - Number(other.slice(1))));
      }
    }),
    { numRuns: 15 },
  );
});

test("CloudFormation makes a queue with its dead letters and policy, changes it in place, and takes it away", async () => {
  const { cloud, sqs } = start();
  const formation = clients(cloud)(CloudFormation, { region });
  const template = (timeout: number) =>
    JSON.stringify({
      Resources: {
        Dead: { Type: "AWS::SQS::Queue" },
        Work: {
          Type: "AWS::SQS::Queue",
          Properties: {
            QueueName: "work",
            VisibilityTimeout: timeout,
            RedrivePolicy: { deadLetterTargetArn: { "Fn::GetAtt": ["Dead", "Arn"] }, maxReceiveCount: 3 },
            Tags: [{ Key: "team", Value: "shop" }],
          },
        },
        Policy: {
          Type: "AWS::SQS::QueuePolicy",
          Properties: { Queues: [{ Ref: "Work" }], PolicyDocument: { Version: "2012-10-17", Statement: [] } },
        },
      },
      Outputs: { Url: { Value: { Ref: "Work" } }, Name: { Value: { "Fn::GetAtt": ["Work", "QueueName"] } } },
    });
  await formation.createStack({ StackName: "queues", TemplateBody: template(30) });
  cloud.settle();
  const { Stacks: [stack] = [] } = await formation.describeStacks({ StackName: "queues" });
  expect(stack).toMatchObject({ StackStatus: "CREATE_COMPLETE" });
  const QueueUrl = stack?.Outputs?.find(({ OutputKey }) => OutputKey === "Url")?.OutputValue;
  const read = async () => (await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ["All"] })).Attributes;
  expect(await read()).toMatchObject({
    VisibilityTimeout: "30",
    Policy: '{"Version":"2012-10-17","Statement":[]}',
    RedrivePolicy: expect.stringContaining("queues-Dead-"),
  });
  expect((await sqs.listQueueTags({ QueueUrl })).Tags).toMatchObject({ team: "shop", "aws:cloudformation:stack-name": "queues" });
  await formation.updateStack({ StackName: "queues", TemplateBody: template(45) });
  cloud.settle();
  expect(await read()).toMatchObject({ VisibilityTimeout: "45" });
  await formation.deleteStack({ StackName: "queues" });
  cloud.settle();
  expect(await sqs.listQueues({})).not.toHaveProperty("QueueUrls.0");
});

test("a queue of a year's quiet costs nothing: no event is pending for what waits in it", async () => {
  const { cloud, sqs, make, later } = start();
  const QueueUrl = await make("quiet");
  await sqs.sendMessage({ QueueUrl, MessageBody: "x" });
  expect(cloud.advance(plus(cloud.run.now, days(365)))).toBe(0);
  later(hours(1));
  expect(await sqs.receiveMessage({ QueueUrl })).not.toHaveProperty("Messages");
});
