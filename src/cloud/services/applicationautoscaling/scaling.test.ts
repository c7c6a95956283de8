/** Application Auto Scaling by its rules, over a real service: what it does with a metric, a clock, its bounds and its pauses. */
import type { StepAdjustment } from "@aws-sdk/client-application-auto-scaling";
import type { PutMetricAlarmInput } from "@aws-sdk/client-cloudwatch";
import { expect, test } from "vitest";
import { computeRegion, minutes, seconds } from "../../../../test/compute.ts";

const target = { ServiceNamespace: "ecs" as const, ResourceId: "service/shop/web", ScalableDimension: "ecs:service:DesiredCount" as const };

/** A service of two small tasks; its metric `load` is what the story says. */
async function scaled({ min = 1, max = 10, tasks = 2 } = {}) {
  const world = await computeRegion({ machines: 2, type: "m6i.4xlarge" });
  const { ecs, define, after, scaling, cloudwatch, cloud, service } = world;
  await ecs.createService({ cluster: "shop", serviceName: "web", taskDefinition: await define("web"), desiredCount: tasks });
  await scaling.registerScalableTarget({ ...target, MinCapacity: min, MaxCapacity: max });
  after(minutes(2));
  const metric = { Namespace: "shop", MetricName: "load", Statistic: "Average" as const };
  /** The metric has this value in each of the next minutes. */
  const during = async (count: number, value: number, name = "load") => {
    for (let minute = 0; minute < count; minute++) {
      await cloudwatch.putMetricData({
        Namespace: "shop",
        MetricData: [{ MetricName: name, Value: value, Timestamp: new Date(Number(cloud.run.now)) }],
      });
      after(minutes(1));
    }
  };
  const track = (more: object = {}, PolicyName = "track", MetricName = "load") =>
    scaling.putScalingPolicy({
      ...target,
      PolicyName,
      PolicyType: "TargetTrackingScaling",
      TargetTrackingScalingPolicyConfiguration: {
        TargetValue: 50,
        CustomizedMetricSpecification: { ...metric, MetricName },
        ScaleOutCooldown: 0,
        ScaleInCooldown: 0,
        ...more,
      },
    });
  const desired = async () => (await service("web")).desiredCount;
  return { ...world, during, track, desired, metric };
}

test("AAS-001 registering brings the service between its bounds at once", async () => {
  const { scaling, desired, after } = await scaled({ min: 4 });
  after(minutes(1));
  expect(await desired()).toBe(4);
  await scaling.registerScalableTarget({ ...target, MinCapacity: 0, MaxCapacity: 3 });
  expect(await desired()).toBe(3);
  await scaling.registerScalableTarget(target);
  expect((await scaling.describeScalableTargets({ ServiceNamespace: "ecs" })).ScalableTargets).toMatchObject([
    { MinCapacity: 0, MaxCapacity: 3 },
  ]);
  await expect(scaling.registerScalableTarget({ ...target, MinCapacity: 5, MaxCapacity: 4 })).rejects.toThrow("less than minimum");
  await expect(
    scaling.registerScalableTarget({ ...target, ResourceId: "service/shop/none", MinCapacity: 1, MaxCapacity: 2 }),
  ).rejects.toThrow("doesn't exist");
  await expect(
    scaling.registerScalableTarget({
      ServiceNamespace: "dynamodb",
      ResourceId: "table/x",
      ScalableDimension: "dynamodb:table:ReadCapacityUnits",
      MinCapacity: 1,
      MaxCapacity: 2,
    }),
  ).rejects.toMatchObject({ name: "NotImplemented" });
});

test("AAS-003 AAS-004 AAS-016 target tracking has two alarms of its own, and takes them along", async () => {
  const { track, cloudwatch, scaling } = await scaled();
  const { Alarms = [], PolicyARN } = await track({
    TargetValue: 75,
    CustomizedMetricSpecification: undefined,
    PredefinedMetricSpecification: { PredefinedMetricType: "ECSServiceAverageCPUUtilization" },
  });
  const { MetricAlarms = [] } = await cloudwatch.describeAlarms({ AlarmNames: Alarms.map(({ AlarmName }) => AlarmName!) });
  expect(MetricAlarms.map(({ AlarmName }) => AlarmName?.replace(/[0-9a-f-]{36}$/, "ID"))).toEqual([
    "TargetTracking-service/shop/web-AlarmHigh-ID",
    "TargetTracking-service/shop/web-AlarmLow-ID",
  ]);
  const shared = {
    Period: 60,
    AlarmActions: [PolicyARN],
    Namespace: "AWS/ECS",
    MetricName: "CPUUtilization",
    AlarmDescription: `DO NOT EDIT OR DELETE. For TargetTrackingScaling policy ${PolicyARN}.`,
  };
  expect(MetricAlarms).toMatchObject([
    { ...shared, Threshold: 75, ComparisonOperator: "GreaterThanThreshold", EvaluationPeriods: 3 },
    { ...shared, Threshold: 67.5, ComparisonOperator: "LessThanThreshold", EvaluationPeriods: 15 },
  ]);
  await scaling.deleteScalingPolicy({ ...target, PolicyName: "track" });
  expect((await cloudwatch.describeAlarms({})).MetricAlarms).toEqual([]);
});

test("AAS-002 AAS-006 AAS-027 out by proportion and no further than the most", async () => {
  const { track, during, desired, scaling } = await scaled({ max: 5 });
  await track();
  await during(4, 90); // 2 × 90 / 50 are 3.6
  expect(await desired()).toBe(4);
  await during(4, 120); // 4 × 120 / 50 are 9.6
  expect(await desired()).toBe(5);
  await during(2, 120);
  const { ScalingActivities = [] } = await scaling.describeScalingActivities({ ServiceNamespace: "ecs", IncludeNotScaledActivities: true });
  expect(ScalingActivities[0]?.NotScaledReasons).toMatchObject([{ Code: "AlreadyAtMaxCapacity", MaxCapacity: 5 }]);
});

test("AAS-007 AAS-011 AAS-012 in after fifteen minutes; not when one fewer would be too few, not when it must not, not without data", async () => {
  const { track, during, desired, after } = await scaled({ tasks: 4 });
  await track({ ScaleInCooldown: 600 });
  await during(17, 40); // below 45, but 4 × 40 / 50 are 3.2
  expect(await desired()).toBe(4);
  await during(3, 20); // 1.6
  expect(await desired()).toBe(2);
  await track({ DisableScaleIn: true });
  await during(17, 1);
  expect(await desired()).toBe(2);
  after(minutes(60)); // nothing is said any more
  await track();
  after(minutes(60));
  expect(await desired()).toBe(2);
});

test("AAS-009 AAS-022 in a scale-out's cooldown only what goes beyond it counts", async () => {
  const { track, during, desired } = await scaled();
  await track({ ScaleOutCooldown: 600 });
  await during(4, 90);
  expect(await desired()).toBe(4);
  await during(4, 90); // reckoned from the two before it: four again
  expect(await desired()).toBe(4);
  await during(4, 140); // 2 × 140 / 50 are 5.6
  expect(await desired()).toBe(6);
});

test("AAS-014 out if one wants it, in only if all do, and then to the larger", async () => {
  const { track, during, desired, cloudwatch, cloud, after } = await scaled({ tasks: 4 });
  await track({ ScaleInCooldown: 600, ScaleOutCooldown: 600 }, "one", "one");
  await track({ ScaleInCooldown: 600, ScaleOutCooldown: 600 }, "other", "other");
  const both = async (count: number, one: number, other: number) => {
    for (let minute = 0; minute < count; minute++) {
      const Timestamp = new Date(Number(cloud.run.now));
      await cloudwatch.putMetricData({
        Namespace: "shop",
        MetricData: [
          { MetricName: "one", Value: one, Timestamp },
          { MetricName: "other", Value: other, Timestamp },
        ],
      });
      after(minutes(1));
    }
  };
  await both(18, 10, 48);
  expect(await desired()).toBe(4);
  await both(20, 10, 30); // 0.8 and 2.4
  expect(await desired()).toBe(3);
  await both(4, 10, 90);
  expect(await desired()).toBe(6);
  expect(during).toBeTypeOf("function");
});

const alarm = (more: Partial<PutMetricAlarmInput>): PutMetricAlarmInput => ({
  AlarmName: "high",
  Namespace: "shop",
  MetricName: "load",
  Statistic: "Average",
  Period: 60,
  EvaluationPeriods: 1,
  Threshold: 50,
  ComparisonOperator: "GreaterThanThreshold",
  ...more,
});

test("AAS-019 AAS-020 AAS-023 step scaling by the size of the breach, again each minute after its cooldown", async () => {
  const { scaling, cloudwatch, during, desired } = await scaled();
  const put = (StepAdjustments: StepAdjustment[], more: object = {}) =>
    scaling.putScalingPolicy({
      ...target,
      PolicyName: "steps",
      PolicyType: "StepScaling",
      StepScalingPolicyConfiguration: { AdjustmentType: "ChangeInCapacity", Cooldown: 120, StepAdjustments, ...more },
    });
  const { PolicyARN = "" } = await put([
    { MetricIntervalLowerBound: 0, MetricIntervalUpperBound: 20, ScalingAdjustment: 1 },
    { MetricIntervalLowerBound: 20, ScalingAdjustment: 3 },
  ]);
  await cloudwatch.putMetricAlarm(alarm({ AlarmActions: [PolicyARN] }));
  await during(2, 60);
  expect(await desired()).toBe(3);
  await during(2, 75); // three more than the two before it: five, two of them new
  expect(await desired()).toBe(5);
  await during(3, 60); // the cooldown has passed: one more
  expect(await desired()).toBe(6);
  await expect(
    put([
      { MetricIntervalLowerBound: 0, MetricIntervalUpperBound: 10, ScalingAdjustment: 1 },
      { MetricIntervalLowerBound: 5, ScalingAdjustment: 2 },
    ]),
  ).rejects.toThrow("overlap");
  await expect(
    put([
      { MetricIntervalLowerBound: 0, MetricIntervalUpperBound: 10, ScalingAdjustment: 1 },
      { MetricIntervalLowerBound: 15, ScalingAdjustment: 2 },
    ]),
  ).rejects.toThrow("gap");
  await expect(put([{ MetricIntervalLowerBound: 0, MetricIntervalUpperBound: 10, ScalingAdjustment: 1 }])).rejects.toThrow(
    "unspecified upper bound",
  );
  expect((await scaling.describeScalingPolicies({ ServiceNamespace: "ecs" })).ScalingPolicies?.[0]?.Alarms).toMatchObject([
    { AlarmName: "high" },
  ]);
});

test("AAS-010 AAS-024 AAS-025 the clock sets other bounds, in its time zone, whatever is cooling down, and not while it is suspended", async () => {
  const { scaling, desired, cloud, after } = await scaled();
  const put = (name: string, Schedule: string, MinCapacity: number, more: object = {}) =>
    scaling.putScheduledAction({ ...target, ScheduledActionName: name, Schedule, ScalableTargetAction: { MinCapacity }, ...more });
  const soon = new Date(Number(cloud.run.now) + 600_000).toISOString().slice(0, 19);
  await put("once", `at(${soon})`, 4);
  after(minutes(10));
  after(seconds(30));
  expect(await desired()).toBe(4);
  expect((await scaling.describeScheduledActions({ ServiceNamespace: "ecs" })).ScheduledActions).toEqual([]);
  // 2 January 1970, nine o'clock in Berlin is eight in UTC.
  await put("daily", "cron(0 9 * * ? *)", 6, { Timezone: "Europe/Berlin" });
  const eight =
    (Math.floor(Number(cloud.run.now) / 86_400_000) + (Number(cloud.run.now) % 86_400_000 < 8 * 3_600_000 ? 0 : 1)) * 86_400_000 +
    8 * 3_600_000;
  cloud.advance((eight - 1000) as typeof cloud.run.now);
  expect(await desired()).toBe(4);
  after(seconds(10));
  expect(await desired()).toBe(6);
  await scaling.registerScalableTarget({ ...target, MinCapacity: 1, SuspendedState: { ScheduledScalingSuspended: true } });
  await scaling.putScheduledAction({ ...target, ScheduledActionName: "daily", ScalableTargetAction: { MinCapacity: 9 } });
  after(minutes(24 * 60));
  await scaling.registerScalableTarget({ ...target, SuspendedState: { ScheduledScalingSuspended: false } });
  after(minutes(60));
  expect(await desired()).toBe(6);
  await expect(put("bad", "cron(61 9 * * ? *)", 1)).rejects.toThrow("not valid");
  await expect(put("bad", "rate(1 hour)", 1, { Timezone: "Mars/Olympus" })).rejects.toThrow("Timezone");
});

test("AAS-025 out and in are suspended apart", async () => {
  const { scaling, track, during, desired } = await scaled({ tasks: 2 });
  await track({ ScaleOutCooldown: 600 });
  await scaling.registerScalableTarget({ ...target, SuspendedState: { DynamicScalingOutSuspended: true } });
  await during(5, 90);
  expect(await desired()).toBe(2);
  await scaling.registerScalableTarget({
    ...target,
    SuspendedState: { DynamicScalingOutSuspended: false, DynamicScalingInSuspended: true },
  });
  await during(2, 90);
  expect(await desired()).toBe(4);
  await during(17, 1);
  expect(await desired()).toBe(4);
});

test("AAS-013 AAS-029 from nothing to one, and a count set by hand is what is reckoned from", async () => {
  const { track, during, desired, ecs, after } = await scaled({ min: 0, tasks: 0 });
  await track();
  await during(4, 10);
  expect(await desired()).toBe(0); // below its target: nobody is missed
  await during(4, 60);
  expect(await desired()).toBeGreaterThanOrEqual(1);
  await ecs.updateService({ cluster: "shop", service: "web", desiredCount: 6 });
  after(minutes(2));
  await during(4, 60); // 6 × 60 / 50 are 7.2, and 8 × 60 / 50 are 9.6
  expect(await desired()).toBe(10);
});

test("AAS-028 what there may not be more of", async () => {
  const { scaling } = await scaled();
  for (let number = 0; number < 50; number++)
    await scaling.putScalingPolicy({
      ...target,
      PolicyName: `policy-${number}`,
      PolicyType: "StepScaling",
      StepScalingPolicyConfiguration: {
        AdjustmentType: "ExactCapacity",
        StepAdjustments: [{ MetricIntervalLowerBound: 0, ScalingAdjustment: 2 }],
      },
    });
  await expect(
    scaling.putScalingPolicy({
      ...target,
      PolicyName: "one-more",
      PolicyType: "StepScaling",
      StepScalingPolicyConfiguration: {
        AdjustmentType: "ExactCapacity",
        StepAdjustments: [{ MetricIntervalLowerBound: 0, ScalingAdjustment: 2 }],
      },
    }),
  ).rejects.toMatchObject({ name: "LimitExceededException" });
});
