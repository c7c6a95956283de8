/** Groups: as many instances as are wanted, where they are wanted. Latencies are medians: a look at a group 6 s, RunInstances to running 17 s. */
import { expect, test } from "vitest";
import { hours, minutes, seconds } from "../../../kernel/units.ts";
import { LAUNCH, stage } from "./stage.ts";

test("ASG-001 ASG-029 a group launches what it is to have, and its activities say why in AWS's words", async () => {
  const { make, states, after, activities, ec2, members, groups } = await stage();
  await make({ DesiredCapacity: 2, Tags: [{ ResourceId: "web", Key: "team", Value: "shop", PropagateAtLaunch: true }] });
  expect(await states()).toEqual({});
  after(seconds(6)); // 12:00:06, the group is looked at
  expect(await states()).toEqual({ Pending: 2 });
  expect((await activities())[0]).toMatchObject({ StatusCode: "PreInService", Progress: 30 });
  after(seconds(17)); // 12:00:23
  expect(await states()).toEqual({ InService: 2 });
  const [last] = await activities();
  expect(last).toMatchObject({
    StatusCode: "Successful",
    Progress: 100,
    EndTime: new Date("2026-03-02T12:00:23Z"),
    Cause:
      "At 2026-03-02T12:00:00Z a user request created an AutoScalingGroup changing the desired capacity from 0 to 2.  At 2026-03-02T12:00:06Z an instance was started in response to a difference between desired and actual capacity, increasing the capacity from 0 to 2.",
  });
  expect(last?.Description).toMatch(/^Launching a new EC2 instance: i-[0-9a-f]{17}$/);
  const [first] = await members();
  const { Reservations } = await ec2.describeInstances({ InstanceIds: [first!.InstanceId!] });
  expect(Reservations?.[0]?.Instances?.[0]?.Tags).toEqual(
    expect.arrayContaining([
      { Key: "aws:autoscaling:groupName", Value: "web" },
      { Key: "team", Value: "shop" },
    ]),
  );
  // Six weeks of activities are kept.
  after(hours(24 * 43));
  expect((await groups.describeScalingActivities({})).Activities).toEqual([]);
});

test("ASG-009 launches go where fewest are, and into the subnet with most free addresses", async () => {
  const { make, after, members, ec2, vpc, subnets } = await stage();
  const roomy =
    (await ec2.createSubnet({ VpcId: vpc, CidrBlock: "10.20.128.0/20", AvailabilityZoneId: "euw1-az1" })).Subnet?.SubnetId ?? "";
  await make({ DesiredCapacity: 3, VPCZoneIdentifier: [...subnets, roomy].join(",") });
  after(seconds(LAUNCH));
  const ids = (await members()).map(({ InstanceId }) => InstanceId!);
  const { Reservations = [] } = await ec2.describeInstances({ InstanceIds: ids });
  const where = Reservations.flatMap(({ Instances = [] }) => Instances).map(({ SubnetId }) => SubnetId);
  // 2 in zone 1, all of them in its larger subnet; 1 in zone 2
  expect(where.filter((subnet) => subnet === roomy)).toHaveLength(2);
  expect(where).toContain(subnets[1]);
});

test("ASG-009 a zone without capacity: best effort goes elsewhere, balanced-only waits for it", async () => {
  const { cloud, make, after, spread, activities, states, groups } = await stage();
  cloud.act({ act: "short-of", zone: "euw1-az1", instanceType: "t3.micro" });
  await make({ DesiredCapacity: 2 });
  after(seconds(LAUNCH));
  expect(await spread()).toEqual([0, 2]);
  const failure = (await activities()).find(({ StatusCode }) => StatusCode === "Failed");
  expect(failure?.StatusMessage).toMatch(
    /^We currently do not have sufficient t3\.micro capacity in the Availability Zone you requested \(eu-west-1[abc]\)\..* Launching EC2 instance failed\.$/,
  );
  expect(failure?.Description).toBe(`Launching a new EC2 instance.  Status Reason: ${failure?.StatusMessage}`);
  await groups.updateAutoScalingGroup({
    AutoScalingGroupName: "web",
    DesiredCapacity: 4,
    AvailabilityZoneDistribution: { CapacityDistributionStrategy: "balanced-only" },
  });
  after(minutes(2));
  expect(await states()).toEqual({ InService: 2 });
  cloud.act({ act: "enough-of", zone: "euw1-az1", instanceType: "t3.micro" });
  // Tries at 6 s, then a minute, two, four later: 7 min 6 s after the update at the latest, and 17 s to run.
  after(minutes(6));
  expect(await spread()).toEqual([2, 2]);
});

test("ASG-009 a mixed group takes the next type where the first is not to be had", async () => {
  const { cloud, make, after, members, activities, groups } = await stage();
  const LaunchTemplate = {
    LaunchTemplateSpecification: { LaunchTemplateName: "web", Version: "1" },
    Overrides: [{ InstanceType: "m6i.large" }, { InstanceType: "t3.small" }],
  };
  cloud.act({ act: "short-of", zone: "euw1-az1", instanceType: "m6i.large" });
  await make({
    DesiredCapacity: 2,
    MixedInstancesPolicy: { LaunchTemplate, InstancesDistribution: { OnDemandAllocationStrategy: "prioritized" } },
  });
  after(seconds(LAUNCH));
  expect(new Set((await members()).map(({ InstanceType }) => InstanceType))).toEqual(new Set(["m6i.large", "t3.small"]));
  expect((await activities()).map(({ StatusCode }) => StatusCode)).toEqual(["Successful", "Successful"]);
  // The smaller is taken for the cheaper.
  await make({
    AutoScalingGroupName: "cheap",
    DesiredCapacity: 1,
    MixedInstancesPolicy: { LaunchTemplate, InstancesDistribution: { OnDemandAllocationStrategy: "lowest-price" } },
  });
  after(seconds(LAUNCH));
  expect((await members("cheap")).map(({ InstanceType }) => InstanceType)).toEqual(["t3.small"]);
  const spot = { LaunchTemplate, InstancesDistribution: { OnDemandPercentageAboveBaseCapacity: 50 } };
  await expect(make({ AutoScalingGroupName: "spot", MixedInstancesPolicy: spot })).rejects.toMatchObject({ name: "NotImplemented" });
  await expect(groups.createLaunchConfiguration({ LaunchConfigurationName: "old" })).rejects.toMatchObject({ name: "NotImplemented" });
});

test("ASG-009 reservations-then-balanced fills what is reserved first, wherever it is", async () => {
  const { make, after, spread, ec2, groups } = await stage();
  await ec2.createCapacityReservation({
    InstanceType: "t3.micro",
    InstancePlatform: "Linux/UNIX",
    AvailabilityZoneId: "euw1-az2",
    InstanceCount: 3,
  });
  await make({ DesiredCapacity: 2, AvailabilityZoneDistribution: { CapacityDistributionStrategy: "reservations-then-balanced" } });
  after(minutes(5));
  expect(await spread()).toEqual([0, 2]);
  await groups.setDesiredCapacity({ AutoScalingGroupName: "web", DesiredCapacity: 5 });
  after(minutes(5));
  expect(await spread()).toEqual([2, 3]); // the third place, and then the zone with fewest
});

test("ASG-022 sizes: outside the bounds is refused, and other bounds take the desired capacity along", async () => {
  const { make, groups, group } = await stage();
  await make({ MinSize: 1, MaxSize: 4, DesiredCapacity: 2 });
  const set = (DesiredCapacity: number) => groups.setDesiredCapacity({ AutoScalingGroupName: "web", DesiredCapacity });
  await expect(set(5)).rejects.toMatchObject({
    name: "ValidationError",
    message: "New SetDesiredCapacity value 5 is above max value 4 for the AutoScalingGroup.",
  });
  await expect(set(0)).rejects.toThrow("below min value 1");
  const update = (bounds: object) => groups.updateAutoScalingGroup({ AutoScalingGroupName: "web", ...bounds });
  await update({ MinSize: 3 });
  expect((await group()).DesiredCapacity).toBe(3);
  await update({ MinSize: 0, MaxSize: 1 });
  expect((await group()).DesiredCapacity).toBe(1);
  await expect(update({ MinSize: 2 })).rejects.toThrow("must be greater than or equal to min bound, 2");
  await expect(update({ DesiredCapacity: 7 })).rejects.toThrow("must be between");
  await expect(groups.setDesiredCapacity({ AutoScalingGroupName: "none", DesiredCapacity: 1 })).rejects.toThrow("Group not found");
});

test("ASG-024 suspended processes do nothing until they are resumed; a day without a launch suspends by itself", async () => {
  const { cloud, make, groups, states, after, group, members } = await stage();
  await make();
  const process = (...ScalingProcesses: string[]) => ({ AutoScalingGroupName: "web", ScalingProcesses });
  await groups.suspendProcesses(process("Launch"));
  expect((await group()).SuspendedProcesses).toEqual([
    { ProcessName: "Launch", SuspensionReason: "User suspended at 2026-03-02T12:00:00Z" },
  ]);
  await groups.setDesiredCapacity({ AutoScalingGroupName: "web", DesiredCapacity: 2 });
  after(minutes(5));
  expect(await states()).toEqual({});
  await groups.resumeProcesses(process("Launch"));
  after(seconds(LAUNCH));
  expect(await states()).toEqual({ InService: 2 });
  await groups.suspendProcesses(process("Terminate", "HealthCheck"));
  await groups.setDesiredCapacity({ AutoScalingGroupName: "web", DesiredCapacity: 1 });
  after(minutes(5));
  expect(await states()).toEqual({ InService: 2 });
  await expect(groups.suspendProcesses(process("Sleep"))).rejects.toThrow('"Sleep" is not a valid process type.');
  await groups.suspendProcesses({ AutoScalingGroupName: "web" });
  expect((await group()).SuspendedProcesses).toHaveLength(9);
  // A group that could launch nothing for more than a day, and has none.
  cloud.act({ act: "short-of", zone: "euw1-az1", instanceType: "*" });
  cloud.act({ act: "short-of", zone: "euw1-az2", instanceType: "*" });
  await make({ AutoScalingGroupName: "poor", DesiredCapacity: 1 });
  after(hours(23));
  expect((await group("poor")).SuspendedProcesses).toEqual([]);
  after(hours(2));
  expect((await group("poor")).SuspendedProcesses?.[0]).toMatchObject({
    ProcessName: "Launch",
    SuspensionReason: expect.stringMatching(/^Administratively suspended at/) as string,
  });
  expect(await members("poor")).toEqual([]);
});

test("a group with instances is deleted by force only, and is gone with its last instance", async () => {
  const { make, groups, after, group } = await stage();
  await make({
    DesiredCapacity: 1,
    LifecycleHookSpecificationList: [{ LifecycleHookName: "wait", LifecycleTransition: "autoscaling:EC2_INSTANCE_TERMINATING" }],
  });
  after(seconds(LAUNCH));
  await expect(groups.deleteAutoScalingGroup({ AutoScalingGroupName: "web" })).rejects.toMatchObject({ name: "ResourceInUseFault" });
  await groups.deleteAutoScalingGroup({ AutoScalingGroupName: "web", ForceDelete: true });
  expect((await group()).Status).toBe("Delete in progress");
  after(seconds(30));
  expect((await groups.describeAutoScalingGroups({})).AutoScalingGroups).toEqual([]);
});

test("group metrics follow the group once they are collected", async () => {
  const { make, groups, cloudwatch, after, cloud } = await stage();
  await make({ DesiredCapacity: 2 });
  await groups.enableMetricsCollection({ AutoScalingGroupName: "web", Granularity: "1Minute" });
  after(minutes(3));
  const of = async (MetricName: string) => {
    const { Datapoints = [] } = await cloudwatch.getMetricStatistics({
      Namespace: "AWS/AutoScaling",
      MetricName,
      Dimensions: [{ Name: "AutoScalingGroupName", Value: "web" }],
      StartTime: new Date(Number(cloud.run.now) - 60_000),
      EndTime: new Date(Number(cloud.run.now)),
      Period: 60,
      Statistics: ["Average"],
    });
    return Datapoints.map(({ Average }) => Average);
  };
  expect([
    await of("GroupDesiredCapacity"),
    await of("GroupInServiceInstances"),
    await of("GroupPendingInstances"),
    await of("GroupMaxSize"),
  ]).toEqual([[2], [2], [0], [10]]);
});
