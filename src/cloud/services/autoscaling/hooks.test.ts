/** Lifecycle hooks and warm pools: what an instance waits for on its way. */
import { expect, test } from "vitest";
import { hours, minutes, seconds } from "../../../kernel/units.ts";
import { LAUNCH, stage } from "./stage.ts";

const AutoScalingGroupName = "web";
const LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING";
const TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING";

test("ASG-001 ASG-002 ASG-015 instances wait for every hook of their way in and out", async () => {
  const { make, groups, after, states, members, events } = await stage();
  await make();
  const hook = (LifecycleHookName: string, LifecycleTransition: string, more: object = {}) =>
    groups.putLifecycleHook({ AutoScalingGroupName, LifecycleHookName, LifecycleTransition, ...more });
  await hook("install", LAUNCHING, { HeartbeatTimeout: 120, NotificationMetadata: "v1" });
  await hook("register", LAUNCHING);
  await hook("drain", TERMINATING, { HeartbeatTimeout: 60, DefaultResult: "CONTINUE" });
  expect((await groups.describeLifecycleHooks({ AutoScalingGroupName })).LifecycleHooks).toMatchObject([
    // 100 × the heartbeat, 48 hours at most
    { HeartbeatTimeout: 120, GlobalTimeout: 12_000, DefaultResult: "ABANDON" },
    { HeartbeatTimeout: 3600, GlobalTimeout: 172_800 },
    { HeartbeatTimeout: 60, GlobalTimeout: 6000, DefaultResult: "CONTINUE" },
  ]);
  const heard = await events();
  await groups.setDesiredCapacity({ AutoScalingGroupName, DesiredCapacity: 1 });
  after(seconds(LAUNCH + 1));
  expect(await states()).toEqual({ "Pending:Wait": 1 });
  const told = await heard();
  expect(told.map((event) => event["detail-type"])).toEqual([
    "EC2 Instance-launch Lifecycle Action",
    "EC2 Instance-launch Lifecycle Action",
  ]);
  const { EC2InstanceId: InstanceId = "", ...detail } = told.find(
    ({ detail: { LifecycleHookName } }) => LifecycleHookName === "install",
  )!.detail;
  expect(detail).toMatchObject({
    AutoScalingGroupName,
    LifecycleTransition: LAUNCHING,
    NotificationMetadata: "v1",
    Origin: "EC2",
    Destination: "AutoScalingGroup",
  });
  const complete = (LifecycleHookName: string, more: object = { InstanceId }) =>
    groups.completeLifecycleAction({ AutoScalingGroupName, LifecycleHookName, LifecycleActionResult: "CONTINUE", ...more });
  await complete("install", { LifecycleActionToken: detail.LifecycleActionToken });
  expect(await states()).toEqual({ "Pending:Wait": 1 }); // all must end
  await complete("register");
  expect(await states()).toEqual({ InService: 1 });
  await expect(complete("register")).rejects.toThrow(`No active Lifecycle Action found with instance ID ${InstanceId}`);
  await groups.setDesiredCapacity({ AutoScalingGroupName, DesiredCapacity: 0 });
  after(seconds(7));
  expect(await states()).toEqual({ "Terminating:Wait": 1 });
  after(seconds(30));
  await groups.recordLifecycleActionHeartbeat({ AutoScalingGroupName, LifecycleHookName: "drain", InstanceId });
  after(seconds(59));
  expect(await states()).toEqual({ "Terminating:Wait": 1 });
  after(seconds(1)); // nobody has said anything for a minute: CONTINUE
  expect(await states()).toEqual({ "Terminating:Proceed": 1 });
  after(seconds(30));
  expect(await members()).toEqual([]);
  await expect(hook("short", LAUNCHING, { HeartbeatTimeout: 29 })).rejects.toThrow("between 30 and 7200");
  await expect(hook("sleep", "autoscaling:EC2_INSTANCE_SLEEPING")).rejects.toThrow("Lifecycle transition");
});

test("ASG-015 a launch that is abandoned is undone, and made up for", async () => {
  const { make, groups, after, states, activities, members } = await stage();
  await make({
    DesiredCapacity: 1,
    LifecycleHookSpecificationList: [{ LifecycleHookName: "install", LifecycleTransition: LAUNCHING, HeartbeatTimeout: 60 }],
  });
  after(seconds(LAUNCH));
  const [first] = await members();
  after(seconds(60)); // nobody completes it: ABANDON
  expect(await states()).toEqual({ "Terminating:Proceed": 1 });
  expect((await activities()).find(({ StatusCode }) => StatusCode === "Cancelled")?.Description).toMatch(
    new RegExp(
      `^Launching a new EC2 instance: ${first?.InstanceId}  Status Reason: Instance failed to complete user's Lifecycle Action: Lifecycle Action with token [0-9a-f-]{36} was abandoned: Heartbeat Timeout$`,
    ),
  );
  after(seconds(LAUNCH));
  const second = (await members()).find(({ LifecycleState }) => LifecycleState === "Pending:Wait");
  await groups.completeLifecycleAction({
    AutoScalingGroupName,
    LifecycleHookName: "install",
    InstanceId: second?.InstanceId,
    LifecycleActionResult: "CONTINUE",
  });
  after(minutes(1));
  expect(await states()).toEqual({ InService: 1 });
});

test("ASG-025 a warm pool fills, serves, fills again, and what is too much returns to it when so wished", async () => {
  const { make, groups, after, states, ec2, members } = await stage();
  await make({ DesiredCapacity: 1, MaxSize: 4 });
  after(seconds(LAUNCH));
  await groups.putWarmPool({ AutoScalingGroupName, MaxGroupPreparedCapacity: 3 });
  const pool = async () => (await groups.describeWarmPool({ AutoScalingGroupName })).Instances!.map(({ LifecycleState }) => LifecycleState);
  after(seconds(6)); // 3 − 1 are to be prepared
  expect(await pool()).toEqual(["Warmed:Pending", "Warmed:Pending"]);
  after(seconds(17));
  expect(await pool()).toEqual(["Warmed:Pending:Proceed", "Warmed:Pending:Proceed"]);
  after(seconds(30)); // stopped
  expect(await pool()).toEqual(["Warmed:Stopped", "Warmed:Stopped"]);
  const prepared = (await groups.describeWarmPool({ AutoScalingGroupName })).Instances!.map(({ InstanceId = "" }) => InstanceId);
  await groups.setDesiredCapacity({ AutoScalingGroupName, DesiredCapacity: 4 });
  after(seconds(6)); // two of the three that are missing are warm: 8 s to start; the third is launched cold
  expect(await states()).toEqual({ InService: 1, Pending: 3 });
  after(seconds(8));
  expect(await states()).toEqual({ InService: 3, Pending: 1 });
  after(seconds(9));
  expect(await states()).toEqual({ InService: 4 });
  expect((await members()).map(({ InstanceId }) => InstanceId)).toEqual(expect.arrayContaining(prepared));
  const served = (await members()).map(({ InstanceId }) => InstanceId);
  await groups.putWarmPool({ AutoScalingGroupName, InstanceReusePolicy: { ReuseOnScaleIn: true } });
  await groups.setDesiredCapacity({ AutoScalingGroupName, DesiredCapacity: 2 });
  after(minutes(2)); // 3 − 2 = 1 prepared: one of the two returns, the other ends
  expect(await pool()).toEqual(["Warmed:Stopped"]);
  expect(await states()).toEqual({ InService: 2 });
  const stopped = (await groups.describeWarmPool({ AutoScalingGroupName })).Instances![0]?.InstanceId ?? "";
  expect(served).toContain(stopped);
  expect((await ec2.describeInstances({ InstanceIds: [stopped] })).Reservations?.[0]?.Instances?.[0]?.State?.Name).toBe("stopped");
  await groups.deleteWarmPool({ AutoScalingGroupName });
  after(minutes(2));
  expect((await groups.describeWarmPool({ AutoScalingGroupName })).WarmPoolConfiguration).toBeUndefined();
  expect(await states()).toEqual({ InService: 2 });
  await expect(groups.putWarmPool({ AutoScalingGroupName, PoolState: "Hibernated" })).rejects.toMatchObject({ name: "NotImplemented" });
});

test("ASG-025 hooks run on the way into the pool and again on the way out", async () => {
  const { make, groups, after, members, events } = await stage();
  await make({
    MaxSize: 1,
    LifecycleHookSpecificationList: [
      { LifecycleHookName: "install", LifecycleTransition: LAUNCHING, DefaultResult: "CONTINUE", HeartbeatTimeout: 60 },
    ],
  });
  const heard = await events();
  await groups.putWarmPool({ AutoScalingGroupName, PoolState: "Running" });
  after(seconds(LAUNCH + 1));
  const inPool = async () =>
    (await groups.describeWarmPool({ AutoScalingGroupName })).Instances!.map(({ LifecycleState }) => LifecycleState);
  expect(await inPool()).toEqual(["Warmed:Pending:Wait"]);
  after(seconds(60));
  expect(await inPool()).toEqual(["Warmed:Running"]);
  await groups.setDesiredCapacity({ AutoScalingGroupName, DesiredCapacity: 1 });
  after(seconds(7));
  expect((await members()).map(({ LifecycleState }) => LifecycleState)).toEqual(["Pending:Wait"]);
  after(hours(1));
  expect((await members()).map(({ LifecycleState }) => LifecycleState)).toEqual(["InService"]);
  const ways = (await heard())
    .filter((event) => event["detail-type"] === "EC2 Instance-launch Lifecycle Action")
    .map(({ detail: { Origin, Destination } }) => [Origin, Destination]);
  expect(ways).toEqual([
    ["EC2", "WarmPool"],
    ["WarmPool", "AutoScalingGroup"],
  ]);
});
