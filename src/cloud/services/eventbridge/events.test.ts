import { EventBridge } from "@aws-sdk/client-eventbridge";
import { SQS } from "@aws-sdk/client-sqs";
import { expect, test } from "vitest";
import { days, hours, instant, minutes, plus } from "../../../kernel/units.ts";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";
import { matches, parsePattern, PatternError } from "./pattern.ts";
import { nextAfter, parseSchedule } from "./schedule.ts";

const start = instant("2026-03-02T10:00:00Z"); // a Monday

async function connect() {
  const cloud = new Cloud({ paranoid: true, start });
  const connection = clients(cloud);
  const events = connection(EventBridge);
  const sqs = connection(SQS);
  const { QueueUrl } = await sqs.createQueue({ QueueName: "inbox" });
  const received = async () => {
    const { Messages = [] } = await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10 });
    for (const { ReceiptHandle } of Messages) await sqs.deleteMessage({ QueueUrl, ReceiptHandle });
    return Messages.map(({ Body }) => Body!);
  };
  const toInbox = (Rule: string, target = {}) =>
    events.putTargets({ Rule, Targets: [{ Id: "inbox", Arn: "arn:aws:sqs:eu-west-1:123456789012:inbox", ...target }] });
  return { cloud, events, sqs, received, toInbox };
}

test("an event that matches arrives at the target as AWS shapes it, and one that doesn't stays away", async () => {
  const { cloud, events, received, toInbox } = await connect();
  await events.putRule({
    Name: "orders",
    EventPattern: JSON.stringify({ source: ["shop"], detail: { total: [{ numeric: [">", 100] }] } }),
  });
  await toInbox("orders");
  const put = (total: number) => ({ Source: "shop", DetailType: "Order", Detail: JSON.stringify({ total }) });
  expect(await events.putEvents({ Entries: [put(50), put(150)] })).toMatchObject({ FailedEntryCount: 0 });
  cloud.settle();
  const [body, ...more] = await received();
  expect(more).toEqual([]);
  expect(JSON.parse(body!)).toMatchObject({
    version: "0",
    source: "shop",
    "detail-type": "Order",
    account: "123456789012",
    region: "eu-west-1",
    time: "2026-03-02T10:00:00Z",
    resources: [],
    detail: { total: 150 },
  });
});

test("a schedule fires on the cloud's clock: every hour from its creation, and at three each night", async () => {
  const { cloud, events, received, toInbox } = await connect();
  await events.putRule({ Name: "hourly", ScheduleExpression: "rate(1 hour)" });
  await toInbox("hourly", { Input: '"hour"' });
  await events.putRule({ Name: "nightly", ScheduleExpression: "cron(0 3 * * ? *)" });
  await toInbox("nightly", { Input: '"night"' });
  cloud.advance(plus(start, minutes(59)));
  expect(await received()).toEqual([]);
  // 11:00 and 12:00, each half a second on its way
  cloud.advance(plus(start, minutes(121)));
  expect(await received()).toEqual(['"hour"', '"hour"']);
  await events.disableRule({ Name: "hourly" });
  cloud.advance(plus(start, days(2)));
  expect(await received()).toEqual(['"night"', '"night"']);
});

test("what can't be delivered goes to the dead-letter queue with the reason", async () => {
  const { cloud, events, sqs, toInbox } = await connect();
  await events.putRule({ Name: "orders", EventPattern: JSON.stringify({ source: ["shop"] }) });
  await toInbox("orders", {
    Arn: "arn:aws:sqs:eu-west-1:123456789012:gone",
    DeadLetterConfig: { Arn: "arn:aws:sqs:eu-west-1:123456789012:inbox" },
  });
  await events.putEvents({ Entries: [{ Source: "shop", DetailType: "Order", Detail: "{}" }] });
  cloud.settle();
  const { QueueUrl } = await sqs.getQueueUrl({ QueueName: "inbox" });
  const { Messages } = await sqs.receiveMessage({ QueueUrl, MessageAttributeNames: ["All"] });
  expect(Messages![0]!.MessageAttributes).toMatchObject({
    ERROR_CODE: { StringValue: "QueueDoesNotExist" },
    RULE_ARN: { StringValue: "arn:aws:events:eu-west-1:123456789012:rule/orders" },
  });
});

test("an input transformer fills its template", async () => {
  const { cloud, events, received, toInbox } = await connect();
  await events.putRule({ Name: "orders", EventPattern: JSON.stringify({ source: ["shop"] }) });
  await toInbox("orders", {
    InputTransformer: {
      InputPathsMap: { total: "$.detail.total", who: "$.detail.who" },
      InputTemplate: '{"sum": <total>, "text": "<who> paid", "who": <who>}',
    },
  });
  await events.putEvents({ Entries: [{ Source: "shop", DetailType: "Order", Detail: '{"total": 7, "who": "Ada"}' }] });
  cloud.settle();
  expect(JSON.parse((await received())[0]!)).toEqual({ sum: 7, text: "Ada paid", who: "Ada" });
});

test("refusals: another's source, broken detail, a rule with targets, a pattern that isn't one", async () => {
  const { events, toInbox } = await connect();
  const { Entries } = await events.putEvents({
    Entries: [
      { Source: "aws.ec2", DetailType: "x", Detail: "{}" },
      { Source: "shop", DetailType: "x", Detail: "[" },
    ],
  });
  expect(Entries!.map(({ ErrorCode }) => ErrorCode)).toEqual(["NotAuthorizedForSourceException", "MalformedDetail"]);
  await expect(events.putRule({ Name: "bad", EventPattern: '{"source": "shop"}' })).rejects.toMatchObject({
    name: "InvalidEventPatternException",
  });
  await expect(events.putRule({ Name: "bad", ScheduleExpression: "rate(1 hours)" })).rejects.toThrow("ScheduleExpression is not valid");
  await events.putRule({ Name: "orders", EventPattern: '{"source": ["shop"]}' });
  await toInbox("orders");
  await expect(events.deleteRule({ Name: "orders" })).rejects.toThrow("has targets");
  expect((await events.listRuleNamesByTarget({ TargetArn: "arn:aws:sqs:eu-west-1:123456789012:inbox" })).RuleNames).toEqual(["orders"]);
});

test.each([
  [{ a: ["x"] }, { a: "x" }, true],
  [{ a: ["x"] }, { a: ["y", "x"] }, true],
  [{ a: [null] }, { a: null }, true],
  [{ a: [{ prefix: "ab" }] }, { a: "abc" }, true],
  [{ a: [{ prefix: { "equals-ignore-case": "AB" } }] }, { a: "abc" }, true],
  [{ a: [{ suffix: "bc" }] }, { a: "ab" }, false],
  [{ a: [{ "anything-but": ["x", "y"] }] }, { a: "z" }, true],
  [{ a: [{ "anything-but": "x" }] }, {}, false],
  [{ a: [{ "anything-but": { prefix: "x" } }] }, { a: "xy" }, false],
  [{ a: [{ numeric: [">=", 1, "<", 5] }] }, { a: 5 }, false],
  [{ a: [{ exists: false }] }, { b: 1 }, true],
  [{ a: { b: [{ exists: true }] } }, { a: {} }, false],
  [{ a: [{ cidr: "10.0.0.0/8" }] }, { a: "10.255.0.1" }, true],
  [{ a: [{ cidr: "2001:db8::/32" }] }, { a: "2001:db8:1::2" }, true],
  [{ a: [{ wildcard: "a*c" }] }, { a: "abbc" }, true],
  [{ $or: [{ a: ["x"] }, { b: ["y"] }] }, { b: "y" }, true],
  [{ a: { b: ["x"] } }, { a: [{ b: "w" }, { b: "x" }] }, true],
])("the pattern %j against %j is %s", (pattern, event, expected) => {
  expect(matches(parsePattern(JSON.stringify(pattern)), event)).toBe(expected);
});

test.each(['{"a": []}', '{"a": "x"}', "[]", "{", '{"a": [{"like": "x"}]}', '{"a": [{"numeric": [">"]}]}', "{}"])(
  "the pattern %s is none",
  (text) => {
    expect(() => parsePattern(text)).toThrow(PatternError);
  },
);

// From Monday, 2 March 2026, 10:00
test.each([
  ["rate(5 minutes)", "2026-03-02T10:05:00Z"],
  ["cron(15 10 * * ? *)", "2026-03-02T10:15:00Z"],
  ["cron(0 10 * * ? *)", "2026-03-03T10:00:00Z"],
  ["cron(0 18 ? * MON-FRI *)", "2026-03-02T18:00:00Z"],
  ["cron(0/10 * ? * SAT *)", "2026-03-07T00:00:00Z"],
  ["cron(0 8 1 * ? *)", "2026-04-01T08:00:00Z"],
  ["cron(0 8 L * ? *)", "2026-03-31T08:00:00Z"],
  ["cron(0 8 15W * ? *)", "2026-03-16T08:00:00Z"], // the 15th is a Sunday
  ["cron(0 8 ? * 2#3 *)", "2026-03-16T08:00:00Z"], // the third Monday
  ["cron(0 8 ? * 6L *)", "2026-03-27T08:00:00Z"], // the last Friday
  ["cron(0 0 29 2 ? *)", "2028-02-29T00:00:00Z"],
  ["cron(0 0 1 1 ? 2025)", undefined],
])("%s falls due next at %s", (expression, expected) => {
  const next = nextAfter(parseSchedule(expression)!, start, start);
  expect(next === undefined ? undefined : new Date(next).toISOString().replace(".000Z", "Z")).toBe(expected);
});

test.each([
  "rate(0 minutes)",
  "rate(1 minutes)",
  "rate(5 minute)",
  "cron(0 0 * * * *)",
  "cron(0 0 ? * ? *)",
  "cron(60 0 * * ? *)",
  "cron(0 0 * * ?)",
  "every day",
])("%s is no schedule", (expression) => {
  expect(parseSchedule(expression)).toBeUndefined();
});

test("a rate goes on from its first moment, whatever was late", () => {
  const every = parseSchedule("rate(1 hour)")!;
  expect(nextAfter(every, plus(start, minutes(90)), start)).toBe(plus(start, hours(2)));
});
