/** CloudWatch: what is put comes back as statistics, alarms follow it in their own time, and tell. */
import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { CloudWatch, type PutMetricAlarmInput } from "@aws-sdk/client-cloudwatch";
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { SNS } from "@aws-sdk/client-sns";
import { SQS } from "@aws-sdk/client-sqs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { days, hours, minutes, plus, seconds, type Duration, type Instant } from "../../../kernel/units.ts";
import { clients } from "../../clients.ts";
import { ACCOUNT, Cloud, root } from "../../cloud.ts";
import { valueAt } from "./evaluation.ts";
import { level, rate } from "./report.ts";
import type { MetricAlarm } from "./state.ts";
import { rangeOf, verdict } from "./verdict.ts";

const region = "eu-west-1";

/** Noon of a day; with medians a minute's datapoint is seen 45 s after its close. */
async function started() {
  const cloud = new Cloud({ paranoid: true, latencies: "median", start: (43_200_000 * 3) as Instant });
  const at = clients(cloud);
  const cloudwatch = at(CloudWatch, { region });
  await cloudwatch.listMetrics({});
  const after = (delay: Duration) => void cloud.advance(plus(cloud.run.now, delay));
  const call = () => cloud.context("cloudwatch", region, root(ACCOUNT));
  const cpu = { namespace: "AWS/ECS", name: "CPUUtilization", dimensions: { ClusterName: "c", ServiceName: "web" }, unit: "Percent" };
  const set = (value: number | undefined) => level(call(), cpu, value);
  const alarm = (more: Partial<PutMetricAlarmInput> = {}) =>
    cloudwatch.putMetricAlarm({
      AlarmName: "busy",
      Namespace: "AWS/ECS",
      MetricName: "CPUUtilization",
      Dimensions: [
        { Name: "ServiceName", Value: "web" },
        { Name: "ClusterName", Value: "c" },
      ],
      Statistic: "Average",
      Period: 60,
      EvaluationPeriods: 3,
      Threshold: 50,
      ComparisonOperator: "GreaterThanThreshold",
      ...more,
    });
  const shown = async (AlarmName = "busy") => (await cloudwatch.describeAlarms({ AlarmNames: [AlarmName] })).MetricAlarms![0]!;
  return { cloud, cloudwatch, at, after, call, set, alarm, shown };
}

test("CW-001 CW-003 CW-020 three minutes over the threshold, seen 45 s after the third has closed", async () => {
  const { set, alarm, shown, after } = await started();
  set(30);
  await alarm();
  after(minutes(10)); // 10:00
  expect((await shown()).StateValue).toBe("OK");
  set(80);
  // Minutes 10, 11 and 12 breach; the third closes at 13:00 and is seen at 13:45.
  after(seconds(3 * 60 + 44));
  expect((await shown()).StateValue).toBe("OK");
  after(seconds(1));
  const { StateValue, StateReason, StateReasonData } = await shown();
  expect(StateValue).toBe("ALARM");
  // CW-013
  expect(StateReason).toMatch(
    /^Threshold Crossed: 3 out of the last 3 datapoints \[80\.0 \(02\/01\/70 12:12:00\), 80\.0 \(.*\), 80\.0 \(.*\)\] were greater than the threshold \(50\.0\) \(minimum 3 datapoints for OK -> ALARM transition\)\.$/,
  );
  expect(JSON.parse(StateReasonData ?? "")).toMatchObject({
    version: "1.0",
    statistic: "Average",
    period: 60,
    recentDatapoints: [80, 80, 80],
    threshold: 50,
  });
});

test("CW-017 a minute's average is what held in it, by time", async () => {
  const { cloud, cloudwatch, set, after } = await started();
  set(20);
  after(seconds(45));
  set(60);
  after(seconds(60));
  const { Datapoints } = await cloudwatch.getMetricStatistics({
    Namespace: "AWS/ECS",
    MetricName: "CPUUtilization",
    Dimensions: [
      { Name: "ClusterName", Value: "c" },
      { Name: "ServiceName", Value: "web" },
    ],
    StartTime: new Date(Number(cloud.run.now) - 105_000),
    EndTime: new Date(Number(cloud.run.now) - 45_000),
    Period: 60,
    Statistics: ["Average", "Minimum", "Maximum", "SampleCount"],
  });
  // 45 s of 20 and 15 s of 60 are 30.
  expect(Datapoints).toMatchObject([{ Average: 30, Minimum: 20, Maximum: 60, SampleCount: 1, Unit: "Percent" }]);
});

test("CW-004 a new alarm knows nothing, uses what was there before it, and keeps its state when it is put again", async () => {
  const { set, alarm, shown, after } = await started();
  set(80);
  after(minutes(30));
  await alarm();
  expect((await shown()).StateValue).toBe("INSUFFICIENT_DATA");
  after(minutes(1)); // the next close that is seen
  expect((await shown()).StateValue).toBe("ALARM");
  await alarm({ Threshold: 90 });
  expect((await shown()).StateValue).toBe("ALARM");
  after(minutes(1));
  expect((await shown()).StateValue).toBe("OK");
});

test("CW-006 CW-010 when a metric ends the alarm judges the last points for a while, and then knows nothing", async () => {
  const { set, alarm, shown, after } = await started();
  set(80);
  await alarm();
  after(minutes(5));
  set(undefined);
  after(seconds(4 * 60 + 44)); // the range of five still has one
  expect((await shown()).StateValue).toBe("ALARM");
  after(minutes(2));
  expect((await shown()).StateValue).toBe("INSUFFICIENT_DATA");
});

test("CW-002 CW-021 what no alarm may be is refused", async () => {
  const { alarm } = await started();
  const refused = (more: Partial<PutMetricAlarmInput>) => expect(alarm(more)).rejects;
  await refused({ Period: 45 }).toMatchObject({ name: "ValidationException" });
  await refused({ Period: 300, EvaluationPeriods: 289 }).toMatchObject({ name: "ValidationException" });
  await refused({ Period: 3600, EvaluationPeriods: 169 }).toMatchObject({ name: "ValidationException" });
  await refused({ DatapointsToAlarm: 4 }).toMatchObject({ name: "ValidationException" });
  await refused({ TreatMissingData: "maybe" }).toMatchObject({ name: "ValidationException" });
  await refused({ AlarmActions: ["arn:nothing"] }).toMatchObject({ name: "ValidationException" });
  await refused({ ComparisonOperator: "GreaterThanUpperThreshold" }).toMatchObject({ name: "NotImplemented" });
  await alarm({ Period: 3600, EvaluationPeriods: 168 });
});

test("CW-011 an alarm tells a topic when it changes, once, and a rule of EventBridge", async () => {
  const { at, set, alarm, after } = await started();
  const [sns, sqs, events] = [at(SNS, { region }), at(SQS, { region }), at(EventBridge, { region })];
  const { TopicArn = "" } = await sns.createTopic({ Name: "alarms" });
  const queue = async (QueueName: string) => {
    const { QueueUrl } = await sqs.createQueue({ QueueName });
    return { QueueUrl, arn: `arn:aws:sqs:${region}:${ACCOUNT}:${QueueName}` };
  };
  const told = await queue("told");
  const ruled = await queue("ruled");
  await sns.subscribe({ TopicArn, Protocol: "sqs", Endpoint: told.arn, Attributes: { RawMessageDelivery: "true" } });
  await events.putRule({ Name: "alarms", EventPattern: JSON.stringify({ source: ["aws.cloudwatch"] }) });
  await events.putTargets({ Rule: "alarms", Targets: [{ Id: "queue", Arn: ruled.arn }] });
  set(80);
  await alarm({ AlarmActions: [TopicArn] });
  after(minutes(30));
  const { Messages = [] } = await sqs.receiveMessage({ QueueUrl: told.QueueUrl, MaxNumberOfMessages: 10 });
  expect(Messages.map(({ Body = "" }) => JSON.parse(Body))).toMatchObject([
    {
      AlarmName: "busy",
      NewStateValue: "ALARM",
      OldStateValue: "INSUFFICIENT_DATA",
      Trigger: { MetricName: "CPUUtilization", Statistic: "AVERAGE", Period: 60 },
    },
  ]);
  const seen = await sqs.receiveMessage({ QueueUrl: ruled.QueueUrl, MaxNumberOfMessages: 10 });
  expect(seen.Messages?.map(({ Body = "" }) => JSON.parse(Body))).toMatchObject([
    {
      "detail-type": "CloudWatch Alarm State Change",
      detail: { alarmName: "busy", state: { value: "ALARM" }, previousState: { value: "INSUFFICIENT_DATA" } },
    },
  ]);
});

test("CW-012 actions of scaling are said again each minute while the state lasts", async () => {
  const { cloud, set, alarm, after } = await started();
  const policy = `arn:aws:autoscaling:${region}:${ACCOUNT}:scalingPolicy:x:resource/ecs/service/c/web:policyName/p`;
  const said: number[] = [];
  const push = Array.prototype.push;
  const notices = cloud.run.universe.notices;
  notices.push = (...all) => {
    for (const { topic } of all) if (topic === "alarm-action") said.push((Number(cloud.run.now) / 1000) % 3600);
    return push.apply(notices, all);
  };
  set(80);
  await alarm({ AlarmActions: [policy] });
  after(minutes(6));
  set(10);
  after(minutes(10));
  // Made at 0: minutes 0 to 2 breach, seen at 225 s, and each minute after. At 360 the load is gone: minute 6 is judged at 465 s.
  expect(said).toEqual([225, 285, 345, 405]);
});

test("CW-014 a state that is set lasts until the alarm is judged again, and is in its history for 30 days", async () => {
  const { cloudwatch, set, alarm, shown, after } = await started();
  set(10);
  await alarm();
  after(minutes(10));
  await cloudwatch.setAlarmState({ AlarmName: "busy", StateValue: "ALARM", StateReason: "a drill" });
  expect(await shown()).toMatchObject({ StateValue: "ALARM", StateReason: "a drill" });
  after(minutes(1));
  expect((await shown()).StateValue).toBe("OK");
  const changes = async () =>
    (
      await cloudwatch.describeAlarmHistory({ AlarmName: "busy", HistoryItemType: "StateUpdate", ScanBy: "TimestampAscending" })
    ).AlarmHistoryItems?.map(({ HistorySummary }) => HistorySummary);
  const updated = (from: string, to: string) => `Alarm updated from ${from} to ${to}`;
  expect(await changes()).toEqual([updated("INSUFFICIENT_DATA", "OK"), updated("OK", "ALARM"), updated("ALARM", "OK")]);
  after(days(31));
  expect(await changes()).toEqual([]);
});

test("CW-015 a composite alarm follows its alarms, and goes before they do", async () => {
  const { cloudwatch, set, alarm, after } = await started();
  await alarm();
  await alarm({ AlarmName: "idle", ComparisonOperator: "LessThanThreshold", Threshold: 5 });
  await cloudwatch.putCompositeAlarm({
    AlarmName: "odd",
    AlarmRule: 'ALARM("busy") OR (ALARM(idle) AND NOT OK(busy)) OR AT_LEAST(2, ALARM, (busy, idle))',
  });
  const state = async () =>
    (await cloudwatch.describeAlarms({ AlarmNames: ["odd"], AlarmTypes: ["CompositeAlarm"] })).CompositeAlarms?.[0]?.StateValue;
  set(20);
  after(minutes(10));
  expect(await state()).toBe("OK");
  set(80);
  after(minutes(5));
  expect(await state()).toBe("ALARM");
  await expect(cloudwatch.deleteAlarms({ AlarmNames: ["busy"] })).rejects.toThrow("composite");
  await expect(cloudwatch.putCompositeAlarm({ AlarmName: "odd", AlarmRule: "ALARM(odd)" })).rejects.toThrow("itself");
  await expect(cloudwatch.putCompositeAlarm({ AlarmName: "more", AlarmRule: "ALARM(none)" })).rejects.toThrow("do not exist");
  await expect(cloudwatch.putCompositeAlarm({ AlarmName: "more", AlarmRule: "ALARM(busy) AND" })).rejects.toThrow("not valid");
  await cloudwatch.deleteAlarms({ AlarmNames: ["odd", "busy", "idle"] });
});

test("CW-016 samples are taken from two weeks ago to two hours ahead; a metric without any leaves the lists after two weeks", async () => {
  const { cloud, cloudwatch, after } = await started();
  const put = (delay: number) =>
    cloudwatch.putMetricData({
      Namespace: "shop",
      MetricData: [{ MetricName: "orders", Timestamp: new Date(Number(cloud.run.now) + delay), Value: 1 }],
    });
  await expect(put(-15 * 86_400_000)).rejects.toMatchObject({ name: "InvalidParameterValueException" });
  await expect(put(3 * 3_600_000)).rejects.toMatchObject({ name: "InvalidParameterValueException" });
  await put(0);
  const listed = async () => (await cloudwatch.listMetrics({ Namespace: "shop" })).Metrics?.length;
  expect(await listed()).toBe(1);
  after(days(13));
  expect(await listed()).toBe(1);
  after(days(2));
  expect(await listed()).toBe(0);
});

test("statistics and percentiles of what was put", async () => {
  const { cloud, cloudwatch } = await started();
  const Timestamp = new Date(Number(cloud.run.now));
  await cloudwatch.putMetricData({
    Namespace: "shop",
    MetricData: [
      { MetricName: "latency", Timestamp, Values: [10, 20, 100], Counts: [50, 45, 5] },
      { MetricName: "latency", Timestamp, StatisticValues: { Sum: 30, SampleCount: 1, Minimum: 30, Maximum: 30 } },
    ],
  });
  cloud.advance(plus(cloud.run.now, minutes(1)));
  const { Datapoints } = await cloudwatch.getMetricStatistics({
    Namespace: "shop",
    MetricName: "latency",
    StartTime: Timestamp,
    EndTime: new Date(Timestamp.getTime() + 60_000),
    Period: 60,
    Statistics: ["Sum", "SampleCount", "Maximum"],
    ExtendedStatistics: ["p50", "p99"],
  });
  // 500 + 900 + 500 + 30; of 101 samples the 51st is 20, the 100th is 100.
  expect(Datapoints).toMatchObject([{ Sum: 1930, SampleCount: 101, Maximum: 100, ExtendedStatistics: { p50: 20, p99: 100 } }]);
});

test("metric math and Metrics Insights", async () => {
  const { cloud, cloudwatch, call, after } = await started();
  for (const [zone, perSecond] of [
    ["a", 2],
    ["b", 3],
  ] as const)
    rate(call(), { namespace: "AWS/NATGateway", name: "ErrorPortAllocation", dimensions: { NatGatewayId: `nat-${zone}` } }, perSecond);
  after(minutes(2));
  const metric = (Id: string, zone: string) => ({
    Id,
    ReturnData: false,
    MetricStat: {
      Metric: {
        Namespace: "AWS/NATGateway",
        MetricName: "ErrorPortAllocation",
        Dimensions: [{ Name: "NatGatewayId", Value: `nat-${zone}` }],
      },
      Period: 60,
      Stat: "Sum",
    },
  });
  const { MetricDataResults } = await cloudwatch.getMetricData({
    StartTime: new Date(Number(cloud.run.now) - 60_000),
    EndTime: new Date(Number(cloud.run.now)),
    MetricDataQueries: [
      metric("a", "a"),
      metric("b", "b"),
      { Id: "share", Expression: "100 * a / SUM([a, b])", Label: "share" },
      { Id: "most", Expression: "MAX(METRICS()) - -1 * 2 ^ 2", Label: "most" },
      { Id: "some", Expression: "IF(a > 100 AND b > 100, FILL(b, 0), 0)" },
      { Id: "all", Expression: 'SELECT SUM(ErrorPortAllocation) FROM SCHEMA("AWS/NATGateway", NatGatewayId)', Period: 60 },
    ],
  });
  expect(MetricDataResults?.map(({ Id, Values }) => [Id, Values])).toEqual([
    ["share", [40]],
    ["most", [184]],
    ["some", [180]],
    ["all", [300]],
  ]);
});

test("an alarm on a query sees metrics that were made after it", async () => {
  const { call, alarm, shown, after } = await started();
  await alarm({
    MetricName: undefined,
    Namespace: undefined,
    Dimensions: undefined,
    Statistic: undefined,
    Period: undefined,
    Metrics: [{ Id: "q", Expression: 'SELECT SUM(ErrorPortAllocation) FROM SCHEMA("AWS/NATGateway", NatGatewayId)', Period: 60 }],
    TreatMissingData: "notBreaching",
    Threshold: 0,
  });
  after(hours(1));
  expect((await shown()).StateValue).toBe("OK");
  rate(call(), { namespace: "AWS/NATGateway", name: "ErrorPortAllocation", dimensions: { NatGatewayId: "nat-1" } }, 1);
  after(minutes(5));
  expect((await shown()).StateValue).toBe("ALARM");
});

test("a steady metric and its alarms have no events", async () => {
  const { cloud, set, alarm, after } = await started();
  set(30);
  for (let count = 0; count < 50; count++) await alarm({ AlarmName: `alarm-${count}` });
  after(minutes(20));
  expect(cloud.advance(plus(cloud.run.now, days(365)))).toBe(0);
});

test("every alarm's state is what a fresh look at its data gives, whatever was reported when", async () => {
  const step = fc.record({
    wait: fc.integer({ min: 1, max: 400 }),
    value: fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 25 }),
      fc.integer({ min: 1, max: 5 }),
      fc.constantFrom(60, 300),
      async (steps, periods, Period) => {
        const { cloud, set, alarm, after, call } = await started();
        await alarm({ EvaluationPeriods: periods, Period, DatapointsToAlarm: Math.max(1, periods - 1), TreatMissingData: "breaching" });
        for (const { wait, value } of steps) {
          set(value);
          after(seconds(wait));
        }
        after(seconds(60)); // a close has been seen since the last change, or will be by the next line's own reckoning
        const seen = call().state.alarms.get("busy") as MetricAlarm;
        const until = (Math.floor((Number(cloud.run.now) - 45_000) / 60_000) * 60_000) as Instant;
        const length = rangeOf(periods);
        const fresh = Array.from({ length }, (_, at) => valueAt(call(), seen, (until - (length - at) * Period * 1000) as Instant));
        const expected = verdict(seen, fresh);
        if (expected !== "keep") expect(seen.state).toBe(expected);
      },
    ),
    { numRuns: 40 },
  );
});

test("CloudFormation makes alarms and a dashboard, and takes them away", async () => {
  const { cloud, cloudwatch, at } = await started();
  const cloudformation = at(CloudFormation, { region });
  const Resources = {
    Busy: {
      Type: "AWS::CloudWatch::Alarm",
      Properties: {
        AlarmName: "stack-busy",
        Namespace: "shop",
        MetricName: "orders",
        Statistic: "Sum",
        Period: "60",
        EvaluationPeriods: "1",
        Threshold: "5",
        ComparisonOperator: "GreaterThanThreshold",
      },
    },
    Any: { Type: "AWS::CloudWatch::CompositeAlarm", Properties: { AlarmName: "stack-any", AlarmRule: { "Fn::Sub": "ALARM(${Busy})" } } },
    Page: { Type: "AWS::CloudWatch::Dashboard", Properties: { DashboardName: "page", DashboardBody: '{"widgets":[]}' } },
  };
  await cloudformation.createStack({ StackName: "watch", TemplateBody: JSON.stringify({ Resources }) });
  cloud.settle();
  expect((await cloudformation.describeStacks({ StackName: "watch" })).Stacks?.[0]?.StackStatus).toBe("CREATE_COMPLETE");
  const { MetricAlarms, CompositeAlarms } = await cloudwatch.describeAlarms({ AlarmTypes: ["MetricAlarm", "CompositeAlarm"] });
  expect([MetricAlarms?.[0]?.Threshold, CompositeAlarms?.[0]?.AlarmRule]).toEqual([5, "ALARM(stack-busy)"]);
  expect((await cloudwatch.getDashboard({ DashboardName: "page" })).DashboardBody).toBe('{"widgets":[]}');
  await cloudformation.deleteStack({ StackName: "watch" });
  cloud.settle();
  expect((await cloudwatch.describeAlarms({})).MetricAlarms).toEqual([]);
});
