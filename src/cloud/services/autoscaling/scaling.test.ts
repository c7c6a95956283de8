/** Policies and scheduled actions: from a metric or a clock to a desired capacity. */
import type { PutScalingPolicyType } from "@aws-sdk/client-auto-scaling";
import { expect, test } from "vitest";
import { hours, minutes, seconds } from "../../../kernel/units.ts";
import { start } from "../../../world/containers.ts";
import { ACCOUNT, root } from "../../cloud.ts";
import { level } from "../cloudwatch/report.ts";
import { LAUNCH, region, stage } from "./stage.ts";

const AutoScalingGroupName = "web";
const metric = { Namespace: "shop", MetricName: "load", Statistic: "Average" as const };

/** A group of `DesiredCapacity` that has long been in service, and a metric `load` of the story's own. */
async function scaled(DesiredCapacity = 2, more: object = {}) {
  const all = await stage();
  const { make, groups, cloudwatch, cloud, after, group } = all;
  await make({ DesiredCapacity, MaxSize: 20, ...more });
  after(minutes(10));
  /** The metric has this value in each of the next minutes. */
  const during = async (count: number, value: number) => {
    for (let minute = 0; minute < count; minute++) {
      await cloudwatch.putMetricData({
        Namespace: "shop",
        MetricData: [{ MetricName: "load", Value: value, Timestamp: new Date(Number(cloud.run.now)) }],
      });
      after(minutes(1));
    }
  };
  const put = (policy: Partial<PutScalingPolicyType>) => groups.putScalingPolicy({ AutoScalingGroupName, PolicyName: "policy", ...policy });
  const track = (tracking: object = {}, policy: object = {}) =>
    put({
      PolicyType: "TargetTrackingScaling",
      TargetTrackingConfiguration: { TargetValue: 50, CustomizedMetricSpecification: metric, ...tracking },
      ...policy,
    });
  const alarm = (AlarmName: string, Threshold: number, action: string | undefined) =>
    cloudwatch.putMetricAlarm({
      AlarmName,
      ...metric,
      Period: 60,
      EvaluationPeriods: 1,
      Threshold,
      ComparisonOperator: "GreaterThanThreshold",
      AlarmActions: [action ?? ""],
    });
  const desired = async () => (await group()).DesiredCapacity;
  return { ...all, during, put, track, alarm, desired };
}

test("ASG-019 ASG-020 target tracking has two alarms of its own, and takes them along", async () => {
  const { track, put, cloudwatch, groups } = await scaled();
  const { PolicyARN, Alarms = [] } = await track({
    TargetValue: 40,
    CustomizedMetricSpecification: undefined,
    PredefinedMetricSpecification: { PredefinedMetricType: "ASGAverageCPUUtilization" },
  });
  const { MetricAlarms = [] } = await cloudwatch.describeAlarms({ AlarmNames: Alarms.map(({ AlarmName }) => AlarmName!) });
  expect(MetricAlarms.map(({ AlarmName }) => AlarmName?.replace(/[0-9a-f-]{36}$/, "ID"))).toEqual([
    "TargetTracking-web-AlarmHigh-ID",
    "TargetTracking-web-AlarmLow-ID",
  ]);
  const shared = {
    Period: 60,
    AlarmActions: [PolicyARN],
    Namespace: "AWS/EC2",
    MetricName: "CPUUtilization",
    Dimensions: [{ Name: "AutoScalingGroupName", Value: "web" }],
    AlarmDescription: `DO NOT EDIT OR DELETE. For TargetTrackingScaling policy ${PolicyARN}.`,
  };
  expect(MetricAlarms).toMatchObject([
    { ...shared, Threshold: 40, ComparisonOperator: "GreaterThanThreshold", EvaluationPeriods: 3 },
    { ...shared, Threshold: 28, ComparisonOperator: "LessThanThreshold", EvaluationPeriods: 15 },
  ]);
  await groups.deletePolicy({ AutoScalingGroupName, PolicyName: "policy" });
  expect((await cloudwatch.describeAlarms({})).MetricAlarms).toEqual([]);
  await expect(put({ PolicyType: "PredictiveScaling" })).rejects.toMatchObject({ name: "NotImplemented" });
  await expect(track({ CustomizedMetricSpecification: { ...metric, Period: 300 } })).rejects.toThrow("10, 30 or 60");
});

test("ASG-019 a load of 1.5 times needs half an instance more: a whole one; half an instance less is none", async () => {
  const { track, during, desired, activities } = await scaled(3);
  await track();
  await during(5, 75); // 3 × 75 / 50 are 4.5
  expect(await desired()).toBe(5);
  expect((await activities())[0]?.Cause).toMatch(
    /^At \S+ a monitor alarm TargetTracking-web-AlarmHigh-[0-9a-f-]{36} in state ALARM triggered policy policy changing the desired capacity from 3 to 5\.  At /,
  );
  await during(25, 34.9); // below 35: 5 × 34.9 / 50 are 3.49, and 4 × are 2.79; but 3 × are 2.09, and 2 were too few
  expect(await desired()).toBe(3);
});

test("ASG-017 ASG-018 what warms up holds scaling in back, and is part of what there is when more is wanted", async () => {
  const { track, during, desired, groups, after } = await scaled(2, { DefaultInstanceWarmup: 1500 });
  await track();
  after(minutes(20));
  await during(5, 90); // 2 × 90 / 50 are 3.6
  expect(await desired()).toBe(4);
  await during(3, 90); // of the two that are warm, still: 3.6
  expect(await desired()).toBe(4);
  await during(2, 120); // 2 × 120 / 50 are 4.8
  expect(await desired()).toBe(5);
  // Low for fifteen minutes is enough, but for 25 after the last came into service nothing is taken away.
  await during(22, 10);
  expect(await desired()).toBe(5);
  await during(5, 10); // 5 × 10 / 50
  expect(await desired()).toBe(1);
  // Unset, the default cooldown stands in.
  await groups.updateAutoScalingGroup({ AutoScalingGroupName, DefaultInstanceWarmup: -1 });
});

test("ASG-018 instances that warm up are no part of the group's CPU", async () => {
  const { cloud, members, cloudwatch, groups, after } = await scaled(1, { DefaultInstanceWarmup: 600 });
  after(minutes(10));
  const [one] = await members();
  const { cores, memory } = cloud.run.universe.world.machines.get(one!.InstanceId!)!;
  // A container that takes half of the machine's two cores
  cloud.act({ act: "image", image: "busy", behaviour: { idle: 1 } });
  start(cloud.physics, { id: "busy", machine: one!.InstanceId!, image: "busy", limit: { cores, memory }, ports: [] });
  const cpu = async () => {
    const { Datapoints = [] } = await cloudwatch.getMetricStatistics({
      Namespace: "AWS/EC2",
      MetricName: "CPUUtilization",
      Dimensions: [{ Name: "AutoScalingGroupName", Value: "web" }],
      StartTime: new Date(Number(cloud.run.now) - 60_000),
      EndTime: new Date(Number(cloud.run.now)),
      Period: 60,
      Statistics: ["Average"],
    });
    return Datapoints[0]?.Average;
  };
  after(minutes(3));
  expect(await cpu()).toBe(50);
  await groups.setDesiredCapacity({ AutoScalingGroupName, DesiredCapacity: 2 });
  after(minutes(9));
  expect(await cpu()).toBe(50);
  after(minutes(4)); // the second has been in service for ten minutes, idle
  expect(await cpu()).toBe(25);
});

test("ASG-021 steps: while two are warming up a step of three adds one", async () => {
  const { put, alarm, during, desired } = await scaled(10, { DefaultInstanceWarmup: 600 });
  const { PolicyARN } = await put({
    PolicyType: "StepScaling",
    AdjustmentType: "ChangeInCapacity",
    StepAdjustments: [
      { MetricIntervalLowerBound: 0, MetricIntervalUpperBound: 20, ScalingAdjustment: 2 },
      { MetricIntervalLowerBound: 20, ScalingAdjustment: 3 },
    ],
  });
  await during(1, 10);
  await alarm("load", 50, PolicyARN);
  await during(2, 60); // 10 above the threshold
  expect(await desired()).toBe(12);
  await during(2, 80); // 30 above it
  expect(await desired()).toBe(13);
  await expect(
    put({
      PolicyName: "gap",
      PolicyType: "StepScaling",
      AdjustmentType: "ChangeInCapacity",
      StepAdjustments: [{ ScalingAdjustment: 1 }, { ScalingAdjustment: 2 }],
    }),
  ).rejects.toThrow("overlap");
});

test("ASG-021 percentages are rounded towards zero, but for less than one", async () => {
  const { put, groups, desired } = await scaled(10);
  const execute = async (percent: number, MinAdjustmentMagnitude?: number) => {
    await groups.setDesiredCapacity({ AutoScalingGroupName, DesiredCapacity: 10 });
    await put({
      PolicyName: "p",
      PolicyType: "SimpleScaling",
      AdjustmentType: "PercentChangeInCapacity",
      ScalingAdjustment: percent,
      MinAdjustmentMagnitude,
    });
    await groups.executePolicy({ AutoScalingGroupName, PolicyName: "p" });
    return desired();
  };
  expect([await execute(25), await execute(-25), await execute(6), await execute(-6), await execute(10, 3)]).toEqual([12, 8, 11, 9, 13]);
});

test("ASG-016 simple scaling waits for its cooldown, which begins when the last instance has come", async () => {
  const { put, groups, after, desired } = await scaled(2, { DefaultCooldown: 120 });
  const { PolicyARN: PolicyName } = await put({ AdjustmentType: "ChangeInCapacity", ScalingAdjustment: 1 });
  const execute = () => groups.executePolicy({ PolicyName, HonorCooldown: true });
  await execute();
  after(seconds(LAUNCH)); // in service: now it begins
  after(seconds(119));
  await expect(execute()).rejects.toMatchObject({ name: "ScalingActivityInProgressFault" });
  await expect(groups.setDesiredCapacity({ AutoScalingGroupName, DesiredCapacity: 5, HonorCooldown: true })).rejects.toMatchObject({
    name: "ScalingActivityInProgressFault",
  });
  after(seconds(1));
  await execute();
  expect(await desired()).toBe(4);
  // Nobody else honours it, unless told to.
  await groups.setDesiredCapacity({ AutoScalingGroupName, DesiredCapacity: 6 });
  expect(await desired()).toBe(6);
});

test("ASG-016 ASG-024 an alarm drives simple scaling once a cooldown, and not while AlarmNotification is suspended", async () => {
  const { put, alarm, during, desired, groups } = await scaled(2);
  const { PolicyARN } = await put({ AdjustmentType: "ChangeInCapacity", ScalingAdjustment: 1 });
  await during(1, 10);
  await alarm("load", 50, PolicyARN);
  await during(5, 90);
  expect(await desired()).toBe(3);
  await during(5, 90);
  expect(await desired()).toBe(4); // 300 s later
  await groups.suspendProcesses({ AutoScalingGroupName, ScalingProcesses: ["AlarmNotification"] });
  await during(10, 90);
  expect(await desired()).toBe(4);
});

test("ASG-023 scheduled actions set what they say, on the wall clock of their zone; two at one moment are refused", async () => {
  const { make, groups, after, group } = await stage();
  await make({ MinSize: 1, MaxSize: 4, DesiredCapacity: 2 });
  const schedule = (ScheduledActionName: string, more: object) =>
    groups.putScheduledUpdateGroupAction({ AutoScalingGroupName, ScheduledActionName, ...more });
  await schedule("morning", { Recurrence: "0 8 * * 1-5", TimeZone: "Europe/Vienna", MinSize: 4, MaxSize: 8 });
  await schedule("once", { StartTime: new Date("2026-03-02T14:00:00Z"), DesiredCapacity: 3 });
  await expect(schedule("twice", { StartTime: new Date("2026-03-02T14:00:00Z"), DesiredCapacity: 4 })).rejects.toThrow(
    "Only one scheduled action",
  );
  await expect(schedule("past", { StartTime: new Date("2026-03-01T14:00:00Z"), DesiredCapacity: 4 })).rejects.toThrow("in the past");
  await expect(schedule("odd", { Recurrence: "every day", MinSize: 1 })).rejects.toThrow("recurrence");
  const { ScheduledUpdateGroupActions = [] } = await groups.describeScheduledActions({ AutoScalingGroupName });
  // Tuesday, 8 o'clock in Vienna
  expect(ScheduledUpdateGroupActions.map(({ StartTime }) => StartTime?.toISOString())).toEqual([
    "2026-03-03T07:00:00.000Z",
    "2026-03-02T14:00:00.000Z",
  ]);
  after(hours(2)); // 14:00
  expect((await group()).DesiredCapacity).toBe(3);
  after(hours(17)); // Tuesday, 07:00
  expect(await group()).toMatchObject({ MinSize: 4, MaxSize: 8, DesiredCapacity: 4 });
  expect((await groups.describeScheduledActions({ AutoScalingGroupName })).ScheduledUpdateGroupActions).toMatchObject([
    { ScheduledActionName: "morning", StartTime: new Date("2026-03-04T07:00:00Z") },
  ]);
  await groups.suspendProcesses({ AutoScalingGroupName, ScalingProcesses: ["ScheduledActions"] });
  await groups.updateAutoScalingGroup({ AutoScalingGroupName, MinSize: 0, DesiredCapacity: 0 });
  after(hours(24));
  expect((await group()).MinSize).toBe(0);
});

test("CAS-009 CAS-003 CAS-011 ECS's own policy: two out of nothing, then half a minute at most on the way back", async () => {
  const { put, cloudwatch, cloud, after, group } = await scaled(0);
  const Dimensions = [
    { Name: "CapacityProviderName", Value: "p" },
    { Name: "ClusterName", Value: "c" },
  ];
  const own = { Namespace: "AWS/ECS/ManagedScaling", MetricName: "CapacityProviderReservation", Dimensions };
  const { Alarms = [] } = await put({
    PolicyType: "TargetTrackingScaling",
    EstimatedInstanceWarmup: 60,
    TargetTrackingConfiguration: { TargetValue: 100, CustomizedMetricSpecification: { ...own, Statistic: "Average" } },
  });
  const { MetricAlarms } = await cloudwatch.describeAlarms({ AlarmNames: Alarms.map(({ AlarmName }) => AlarmName!) });
  expect(MetricAlarms).toMatchObject([
    { EvaluationPeriods: 1, Threshold: 100 },
    { EvaluationPeriods: 15, Threshold: 100 },
  ]);
  const sizes: number[] = [];
  const reservation = async (value: number, count: number) => {
    for (let minute = 0; minute < count; minute++) {
      const dimensions = { CapacityProviderName: "p", ClusterName: "c" };
      level(cloud.context("autoscaling", region, root(ACCOUNT)), { namespace: own.Namespace, name: own.MetricName, dimensions }, value);
      after(minutes(1));
      sizes.push((await group()).DesiredCapacity ?? 0);
    }
  };
  await reservation(200, 2);
  expect(sizes.at(-1)).toBe(2);
  await reservation(500, 3); // 2 × 5
  expect(sizes.at(-1)).toBe(10);
  await reservation(100, 3);
  await reservation(10, 15);
  sizes.length = 0;
  await reservation(10, 5); // halves: 10, 5, 3, 2, 1
  expect([...new Set(sizes)]).toEqual([10, 5, 3, 2, 1]);
});
