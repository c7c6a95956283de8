/** Instance refreshes: batch after batch to another version of the launch template, and back. */
import type { RefreshPreferences } from "@aws-sdk/client-auto-scaling";
import { expect, test } from "vitest";
import { hours, minutes, seconds } from "../../../kernel/units.ts";
import { LAUNCH, stage } from "./stage.ts";

const AutoScalingGroupName = "web";

/** Four instances of version 1 of the template, which has a version 2 now. */
async function outdated(more: object = {}) {
  const all = await stage();
  const { make, ec2, ImageId, after, groups, members } = all;
  await make({ DesiredCapacity: 4, ...more });
  after(minutes(5));
  await ec2.createLaunchTemplateVersion({ LaunchTemplateName: "web", LaunchTemplateData: { ImageId, InstanceType: "t3.micro" } });
  const refresh = (Preferences: RefreshPreferences = {}, DesiredConfiguration?: object) =>
    groups.startInstanceRefresh({ AutoScalingGroupName, Preferences, DesiredConfiguration });
  const shown = async () => (await groups.describeInstanceRefreshes({ AutoScalingGroupName })).InstanceRefreshes![0]!;
  const versions = async () =>
    (await members())
      .filter(({ LifecycleState }) => LifecycleState === "InService")
      .map(({ LaunchTemplate }) => LaunchTemplate?.Version ?? "")
      .toSorted((one, other) => one.localeCompare(other));
  return { ...all, refresh, shown, versions };
}

test("ASG-026 by default one of four is ended while its successor is launched, and the next when that is warm", async () => {
  const { refresh, shown, versions, after, states } = await outdated();
  await refresh({ InstanceWarmup: 60 });
  expect(await shown()).toMatchObject({ Status: "Pending", PercentageComplete: 0, InstancesToUpdate: 4 });
  after(seconds(6));
  // 4 − ceil(0.9 × 4) are none, so one: terminated and launched together.
  expect(await states()).toEqual({ InService: 3, "Terminating:Proceed": 1, Pending: 1 });
  after(seconds(17 + 59));
  expect(await versions()).toEqual(["1", "1", "1", "2"]);
  after(seconds(1));
  expect([(await shown()).PercentageComplete, await states()]).toMatchObject([25, { InService: 3, Pending: 1 }]);
  // Each of the four takes 17 s to run and 60 s to warm: the last is warm 6 + 4 × 77 s after the start.
  after(seconds(3 * 77 - 1));
  expect((await shown()).Status).toBe("InProgress");
  after(seconds(1));
  expect(await shown()).toMatchObject({
    Status: "Successful",
    PercentageComplete: 100,
    InstancesToUpdate: 0,
    EndTime: expect.any(Date) as Date,
  });
  expect(await versions()).toEqual(["2", "2", "2", "2"]);
});

test("ASG-026 ASG-027 a hundred percent in so many words, or a maintenance policy, launches first; what matches is skipped", async () => {
  const { refresh, after, states, shown, groups } = await outdated({
    InstanceMaintenancePolicy: { MinHealthyPercentage: 100, MaxHealthyPercentage: 150 },
  });
  await refresh();
  after(seconds(6)); // two more than four
  expect(await states()).toEqual({ InService: 4, Pending: 2 });
  await expect(refresh()).rejects.toMatchObject({ name: "InstanceRefreshInProgressFault" });
  after(minutes(3));
  expect((await shown()).Status).toBe("Successful");
  await refresh({ SkipMatching: true });
  after(seconds(6));
  expect(await shown()).toMatchObject({ Status: "Successful", PercentageComplete: 100 });
  await refresh({ MinHealthyPercentage: 100, MaxHealthyPercentage: 100 });
  after(seconds(6));
  expect(await states()).toEqual({ InService: 4, Pending: 1 });
  await groups.cancelInstanceRefresh({ AutoScalingGroupName });
  expect((await shown()).Status).toBe("Cancelling");
  after(minutes(2));
  expect([(await shown()).Status, await states()]).toEqual(["Cancelled", { InService: 4 }]);
  await expect(groups.cancelInstanceRefresh({ AutoScalingGroupName })).rejects.toMatchObject({
    name: "ActiveInstanceRefreshNotFoundFault",
  });
});

test("ASG-026 checkpoints are waited at, and baking comes last", async () => {
  const { refresh, after, shown, versions, events } = await outdated();
  const heard = await events();
  await refresh({ MinHealthyPercentage: 50, CheckpointPercentages: [50, 100], CheckpointDelay: 600, BakeTime: 300 });
  after(seconds(LAUNCH + 6)); // two at a time; warm at once
  expect([await versions(), (await shown()).StatusReason]).toEqual([["1", "1", "2", "2"], "Waiting at a checkpoint."]);
  after(seconds(599 - 6));
  expect(await versions()).toEqual(["1", "1", "2", "2"]);
  after(seconds(LAUNCH + 12));
  expect([await versions(), (await shown()).Status]).toEqual([["2", "2", "2", "2"], "Baking"]);
  after(minutes(5));
  expect((await shown()).Status).toBe("Successful");
  after(seconds(1));
  expect((await heard()).map((event) => event["detail-type"]).filter((type) => type.includes("Refresh"))).toEqual([
    "EC2 Auto Scaling Instance Refresh Started",
    "EC2 Auto Scaling Instance Refresh Checkpoint Reached",
    "EC2 Auto Scaling Instance Refresh Checkpoint Reached",
    "EC2 Auto Scaling Instance Refresh Succeeded",
  ]);
});

test("ASG-026 protected instances are waited for an hour, ignored, or refreshed", async () => {
  const { refresh, after, shown, versions } = await outdated({ NewInstancesProtectedFromScaleIn: true });
  await refresh();
  after(minutes(59));
  expect(await shown()).toMatchObject({ Status: "InProgress", StatusReason: expect.stringContaining("protected from scale in") as string });
  after(minutes(2));
  expect((await shown()).Status).toBe("Failed");
  await refresh({ ScaleInProtectedInstances: "Ignore" });
  after(minutes(1));
  expect([(await shown()).Status, await versions()]).toEqual(["Successful", ["1", "1", "1", "1"]]);
  await refresh({ ScaleInProtectedInstances: "Refresh" });
  after(minutes(5));
  expect([(await shown()).Status, await versions()]).toEqual(["Successful", ["2", "2", "2", "2"]]);
});

test("ASG-026 a refresh to another configuration can be rolled back, and rolls back by itself when it fails", async () => {
  const { refresh, after, shown, versions, groups, group, cloud, states } = await outdated({
    LaunchTemplate: { LaunchTemplateName: "web", Version: "1" },
  });
  const to = { LaunchTemplate: { LaunchTemplateName: "web", Version: "2" } };
  await refresh({ InstanceWarmup: 60 }, to);
  after(minutes(2));
  expect(await versions()).toContain("2");
  expect((await group()).LaunchTemplate?.Version).toBe("1"); // until it has succeeded
  await groups.rollbackInstanceRefresh({ AutoScalingGroupName });
  expect((await shown()).Status).toBe("RollbackInProgress");
  after(minutes(5));
  expect([(await shown()).Status, await versions()]).toEqual(["RollbackSuccessful", ["1", "1", "1", "1"]]);
  await refresh({ AutoRollback: true }, to);
  after(seconds(10));
  cloud.act({ act: "short-of", zone: "euw1-az1", instanceType: "*" });
  cloud.act({ act: "short-of", zone: "euw1-az2", instanceType: "*" });
  after(minutes(70)); // launches fail for an hour
  expect((await shown()).Status).toBe("RollbackInProgress");
  cloud.act({ act: "enough-of", zone: "euw1-az1", instanceType: "*" });
  cloud.act({ act: "enough-of", zone: "euw1-az2", instanceType: "*" });
  after(hours(1));
  expect([(await shown()).Status, await versions(), await states()]).toEqual([
    "RollbackSuccessful",
    ["1", "1", "1", "1"],
    { InService: 4 },
  ]);
  await refresh({}, to);
  after(minutes(5));
  expect([(await shown()).Status, (await group()).LaunchTemplate?.Version]).toEqual(["Successful", "2"]);
  expect(cloud.run.working).toBe(0);
});
