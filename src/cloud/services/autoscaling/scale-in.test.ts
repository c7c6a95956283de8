/** Which instances go, which are kept, and how instances leave by hand. */
import { expect, test } from "vitest";
import { minutes, seconds } from "../../../kernel/units.ts";
import { LAUNCH, stage } from "./stage.ts";

const AutoScalingGroupName = "web";

test("ASG-012 ASG-013 zones are levelled first, then the policies choose in their order", async () => {
  const { make, groups, after, members, spread, activities, cloud } = await stage();
  await make({ DesiredCapacity: 2, TerminationPolicies: ["NewestInstance"] });
  const grow = async (DesiredCapacity: number) => {
    await groups.setDesiredCapacity({ AutoScalingGroupName, DesiredCapacity });
    after(seconds(LAUNCH));
  };
  after(seconds(LAUNCH));
  await grow(3); // zone 1 has two: an old and the newest
  const newest = (await members()).at(-1)?.InstanceId;
  await grow(4);
  const fourth = (await members()).at(-1)?.InstanceId;
  expect(await spread()).toEqual([2, 2]);
  // Level zones: the policy chooses among all.
  await groups.setDesiredCapacity({ AutoScalingGroupName, DesiredCapacity: 3 });
  after(seconds(6));
  expect((await members()).find(({ InstanceId }) => InstanceId === fourth)?.LifecycleState).toBe("Terminating:Proceed");
  expect((await activities())[0]).toMatchObject({
    Description: `Terminating EC2 instance: ${fourth}`,
    Cause: `At 2026-03-02T12:01:09Z a user request explicitly set group desired capacity changing the desired capacity from 4 to 3.  At 2026-03-02T12:01:15Z an instance was taken out of service in response to a difference between desired and actual capacity, shrinking the capacity from 4 to 3.  At 2026-03-02T12:01:15Z instance ${fourth} was selected for termination.`,
  });
  after(minutes(1));
  // Zone 1 has two and zone 2 one: the oldest of zone 1 goes, though zone 2 has one as old.
  await groups.updateAutoScalingGroup({ AutoScalingGroupName, DesiredCapacity: 2, TerminationPolicies: ["OldestInstance"] });
  after(minutes(1));
  expect(await spread()).toEqual([1, 1]);
  expect((await members()).map(({ InstanceId }) => InstanceId)).toContain(newest);
  expect(cloud.run.working).toBe(0);
  await expect(groups.updateAutoScalingGroup({ AutoScalingGroupName, TerminationPolicies: ["Cheapest"] })).rejects.toThrow(
    "termination policies",
  );
  await expect(
    groups.updateAutoScalingGroup({ AutoScalingGroupName, TerminationPolicies: ["arn:aws:lambda:eu-west-1:123456789012:function:choose"] }),
  ).rejects.toMatchObject({ name: "NotImplemented" });
});

test("ASG-012 the default policy sheds the oldest version of the launch template", async () => {
  const { make, groups, ec2, after, members, ImageId } = await stage({ zoneIds: ["euw1-az1"] });
  await make({ DesiredCapacity: 1 });
  after(seconds(LAUNCH));
  const old = (await members())[0]?.InstanceId;
  await ec2.createLaunchTemplateVersion({ LaunchTemplateName: "web", LaunchTemplateData: { ImageId, InstanceType: "t3.micro" } });
  await groups.setDesiredCapacity({ AutoScalingGroupName, DesiredCapacity: 3 });
  after(seconds(LAUNCH));
  expect((await members()).map(({ LaunchTemplate }) => LaunchTemplate?.Version)).toEqual(["1", "2", "2"]);
  await groups.setDesiredCapacity({ AutoScalingGroupName, DesiredCapacity: 2 });
  after(minutes(1));
  expect((await members()).map(({ InstanceId }) => InstanceId)).not.toContain(old);
});

test("ASG-014 what is protected stays, and goes when it is protected no longer", async () => {
  const { make, groups, after, states, members, activities, group } = await stage();
  await make({ DesiredCapacity: 2, NewInstancesProtectedFromScaleIn: true });
  after(seconds(6));
  expect((await members()).map(({ ProtectedFromScaleIn }) => ProtectedFromScaleIn)).toEqual([false, false]); // not in service yet
  after(seconds(17));
  expect((await members()).map(({ ProtectedFromScaleIn }) => ProtectedFromScaleIn)).toEqual([true, true]);
  await groups.setDesiredCapacity({ AutoScalingGroupName, DesiredCapacity: 1 });
  after(minutes(10));
  expect([await states(), (await group()).DesiredCapacity]).toEqual([{ InService: 2 }, 1]);
  expect((await activities())[0]?.Description).toBe(
    "Could not scale to desired capacity because all remaining instances are protected from scale-in.",
  );
  const [first] = await members();
  await groups.setInstanceProtection({ AutoScalingGroupName, InstanceIds: [first!.InstanceId!], ProtectedFromScaleIn: false });
  after(minutes(1));
  expect((await members()).map(({ InstanceId }) => InstanceId)).not.toContain(first?.InstanceId);
  expect(await states()).toEqual({ InService: 1 });
});

test("TerminateInstanceInAutoScalingGroup replaces it, or makes the group smaller", async () => {
  const { make, groups, after, members, group, states } = await stage();
  await make({ MinSize: 1, DesiredCapacity: 2 });
  after(seconds(LAUNCH));
  const [one, two] = (await members()).map(({ InstanceId = "" }) => InstanceId);
  const { Activity } = await groups.terminateInstanceInAutoScalingGroup({ InstanceId: one, ShouldDecrementDesiredCapacity: true });
  expect(Activity).toMatchObject({
    Cause: `At 2026-03-02T12:00:23Z instance ${one} was taken out of service in response to a user request, shrinking the capacity from 2 to 1.`,
    Description: `Terminating EC2 instance: ${one}`,
  });
  expect((await group()).DesiredCapacity).toBe(1);
  await expect(groups.terminateInstanceInAutoScalingGroup({ InstanceId: two, ShouldDecrementDesiredCapacity: true })).rejects.toThrow(
    "Currently, desiredSize equals minSize (1).",
  );
  await groups.terminateInstanceInAutoScalingGroup({ InstanceId: two, ShouldDecrementDesiredCapacity: false });
  after(seconds(LAUNCH));
  // The other is shutting down for 30 s.
  expect(await states()).toEqual({ InService: 1, "Terminating:Proceed": 2 });
  await expect(groups.terminateInstanceInAutoScalingGroup({ InstanceId: "i-0", ShouldDecrementDesiredCapacity: false })).rejects.toThrow(
    "No managed instance found",
  );
});

test("ASG-001 standby takes an instance out for a while, detach for good, attach brings one in", async () => {
  const { make, groups, after, members, group, states, ec2, ImageId, subnets } = await stage();
  await make({ DesiredCapacity: 2, MaxSize: 3 });
  after(seconds(LAUNCH));
  const [one = "", two = ""] = (await members()).map(({ InstanceId }) => InstanceId);
  await groups.enterStandby({ AutoScalingGroupName, InstanceIds: [one], ShouldDecrementDesiredCapacity: true });
  after(minutes(1));
  expect([await states(), (await group()).DesiredCapacity]).toEqual([{ Standby: 1, InService: 1 }, 1]);
  await groups.exitStandby({ AutoScalingGroupName, InstanceIds: [one] });
  expect([await states(), (await group()).DesiredCapacity]).toEqual([{ InService: 2 }, 2]);
  // Without the decrement another is launched in its place.
  await groups.detachInstances({ AutoScalingGroupName, InstanceIds: [two], ShouldDecrementDesiredCapacity: false });
  expect((await groups.describeAutoScalingInstances({ InstanceIds: [two] })).AutoScalingInstances).toEqual([]);
  after(seconds(LAUNCH));
  expect(await states()).toEqual({ InService: 2 });
  expect((await ec2.describeInstances({ InstanceIds: [two] })).Reservations?.[0]?.Instances?.[0]?.State?.Name).toBe("running");
  await groups.attachInstances({ AutoScalingGroupName, InstanceIds: [two] });
  expect([await states(), (await group()).DesiredCapacity]).toEqual([{ InService: 3 }, 3]);
  const { Instances } = await ec2.runInstances({ ImageId, InstanceType: "t3.micro", SubnetId: subnets[0], MinCount: 1, MaxCount: 1 });
  after(minutes(1));
  await expect(groups.attachInstances({ AutoScalingGroupName, InstanceIds: [Instances![0]!.InstanceId!] })).rejects.toThrow(
    "can't have more than 3",
  );
});
