import { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
import { expect, test } from "vitest";
import { days, hours, instant, plus } from "../../../kernel/units.ts";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

const start = instant("2026-03-01T00:00:00Z");

async function connect() {
  const cloud = new Cloud({ paranoid: true, start });
  const logs = clients(cloud)(CloudWatchLogs);
  await logs.createLogGroup({ logGroupName: "/shop", tags: { team: "web" } });
  await logs.createLogStream({ logGroupName: "/shop", logStreamName: "one" });
  const put = (...messages: string[]) =>
    logs.putLogEvents({
      logGroupName: "/shop",
      logStreamName: "one",
      logEvents: messages.map((message, index) => ({ timestamp: cloud.run.now + index, message })),
    });
  const search = async (filterPattern: string) =>
    (await logs.filterLogEvents({ logGroupName: "/shop", filterPattern })).events!.map(({ message }) => message);
  return { cloud, logs, put, search };
}

test("events come back by page, and at either end the token stays what it was", async () => {
  const { logs, put } = await connect();
  await put("a", "b", "c", "d", "e");
  const read = (nextToken?: string) =>
    logs.getLogEvents({ logGroupName: "/shop", logStreamName: "one", startFromHead: true, limit: 2, nextToken });
  const first = await read();
  const second = await read(first.nextForwardToken);
  const third = await read(second.nextForwardToken);
  expect([first, second, third].map(({ events }) => events!.map(({ message }) => message).join(""))).toEqual(["ab", "cd", "e"]);
  const end = await read(third.nextForwardToken);
  expect(end.events).toEqual([]);
  expect(end.nextForwardToken).toBe(third.nextForwardToken);
  expect((await read(third.nextBackwardToken)).events!.map(({ message }) => message)).toEqual(["c", "d"]);
});

test("a retention of three days drops what is older, by the cloud's clock", async () => {
  const { cloud, logs, put, search } = await connect();
  await logs.putRetentionPolicy({ logGroupName: "/shop", retentionInDays: 3 });
  await put("old");
  cloud.advance(plus(start, days(2)));
  await put("new");
  expect(await search("")).toEqual(["old", "new"]);
  cloud.advance(plus(start, (plus(instant(0), days(3)) + 1) as never));
  expect(await search("")).toEqual(["new"]);
  await expect(logs.putRetentionPolicy({ logGroupName: "/shop", retentionInDays: 4 })).rejects.toMatchObject({
    name: "InvalidParameterException",
  });
});

test("events too old, too new or out of order are rejected as AWS rejects them", async () => {
  const { cloud, logs } = await connect();
  cloud.advance(plus(start, days(30)));
  const put = (...offsets: number[]) =>
    logs.putLogEvents({
      logGroupName: "/shop",
      logStreamName: "one",
      logEvents: offsets.map((offset) => ({ timestamp: cloud.run.now + offset, message: "m" })),
    });
  expect((await put(-Number(days(15)), -Number(days(15)) + 1)).rejectedLogEventsInfo).toEqual({ tooOldLogEventEndIndex: 2 });
  expect((await put(0, Number(hours(3)))).rejectedLogEventsInfo).toEqual({ tooNewLogEventStartIndex: 1 });
  await expect(put(5, 0)).rejects.toThrow("chronological order");
  await expect(put(0, Number(hours(25)))).rejects.toThrow("24 hours");
});

test.each([
  ["ERROR", ["ERROR disk", '{"level":"ERROR","code":500}']],
  ["?ERROR ?WARN", ["ERROR disk", "WARN 12", '{"level":"ERROR","code":500}']],
  ["ERROR -disk", ['{"level":"ERROR","code":500}']],
  ['"ERROR disk"', ["ERROR disk"]],
  ["%W[A-Z]+N%", ["WARN 12"]],
  ['{ $.level = "ERR*" && $.code >= 500 }', ['{"level":"ERROR","code":500}']],
  ["{ $.code < 500 || $.missing NOT EXISTS }", ['{"level":"ERROR","code":500}']],
  ["{ $.level IS NULL }", []],
  ["[word, number > 10]", ["WARN 12"]],
  ["[..., last = d*]", ["ERROR disk"]],
  ["", ["ERROR disk", "WARN 12", '{"level":"ERROR","code":500}']],
])("the pattern %s finds %j", async (pattern, expected) => {
  const { put, search } = await connect();
  await put("ERROR disk", "WARN 12", '{"level":"ERROR","code":500}');
  expect(await search(pattern)).toEqual(expected);
});

test("groups are listed by prefix and pattern, tagged, and refused twice", async () => {
  const { logs } = await connect();
  await logs.createLogGroup({ logGroupName: "/other" });
  const { logGroups } = await logs.describeLogGroups({ logGroupNamePattern: "SHO" });
  expect(logGroups).toMatchObject([
    {
      logGroupName: "/shop",
      arn: "arn:aws:logs:eu-west-1:123456789012:log-group:/shop:*",
      logGroupArn: "arn:aws:logs:eu-west-1:123456789012:log-group:/shop",
      logGroupClass: "STANDARD",
    },
  ]);
  expect((await logs.listTagsForResource({ resourceArn: logGroups![0]!.logGroupArn })).tags).toEqual({ team: "web" });
  const page = await logs.describeLogGroups({ limit: 1 });
  expect((await logs.describeLogGroups({ limit: 1, nextToken: page.nextToken })).logGroups![0]!.logGroupName).toBe("/shop");
  await expect(logs.createLogGroup({ logGroupName: "/shop" })).rejects.toMatchObject({ name: "ResourceAlreadyExistsException" });
  await expect(logs.deleteLogGroup({ logGroupName: "/none" })).rejects.toMatchObject({ name: "ResourceNotFoundException" });
});

test("a malformed pattern is refused, a metric filter is tested", async () => {
  const { logs } = await connect();
  await expect(logs.filterLogEvents({ logGroupName: "/shop", filterPattern: "{ $.a = " })).rejects.toMatchObject({
    name: "InvalidParameterException",
  });
  expect(
    (await logs.testMetricFilter({ filterPattern: "b", logEventMessages: ["a", "b", "ab"] })).matches!.map(
      ({ eventNumber }) => eventNumber,
    ),
  ).toEqual([2, 3]);
});

test.each([
  [
    "[ip, user, request, status = 4*, size]",
    '127.0.0.1 frank "GET /a, b" 404 1534',
    { $ip: "127.0.0.1", $user: "frank", $request: "GET /a, b", $status: "404", $size: "1534" },
  ],
  [
    '[..., request = "GET /a, b", status]',
    '127.0.0.1 frank "GET /a, b" 404',
    { $1: "127.0.0.1", $2: "frank", $request: "GET /a, b", $status: "404" },
  ],
  ['{ $.code >= 500 && $.user.name = "r*" }', '{"code":503,"user":{"name":"root"}}', { "$.code": "503", "$.user.name": "root" }],
  ["ERROR", "ERROR disk", {}],
])("the metric filter %s reads its values out of %s", async (filterPattern, message, extractedValues) => {
  const { logs } = await connect();
  expect((await logs.testMetricFilter({ filterPattern, logEventMessages: [message] })).matches).toEqual([
    { eventNumber: 1, eventMessage: message, extractedValues },
  ]);
});
