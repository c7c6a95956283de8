/** Who is ill, when that is noticed, and how the ill are replaced. */
import { expect, test } from "vitest";
import { minutes, seconds } from "../../../kernel/units.ts";
import { start } from "../../../world/containers.ts";
import { LAUNCH, stage } from "./stage.ts";

const AutoScalingGroupName = "web";

test("ASG-003 ASG-006 an instance that is stopped is replaced at once, grace or not", async () => {
  const { make, after, members, ec2, states, activities } = await stage();
  await make({ DesiredCapacity: 2, HealthCheckGracePeriod: 3600 });
  after(seconds(LAUNCH));
  const [one] = await members();
  await ec2.stopInstances({ InstanceIds: [one!.InstanceId!] });
  expect((await members()).map(({ HealthStatus }) => HealthStatus)).toEqual(["Unhealthy", "Healthy"]);
  after(seconds(6)); // terminate and launch at the same time
  expect(await states()).toEqual({ "Terminating:Proceed": 1, InService: 1, Pending: 1 });
  expect((await activities()).find(({ Description }) => Description?.startsWith("Terminating"))?.Cause).toBe(
    "At 2026-03-02T12:00:29Z an instance was taken out of service in response to an EC2 health check indicating it has been terminated or stopped.",
  );
  after(minutes(1));
  expect(await states()).toEqual({ InService: 2 });
});

test("ASG-003 ASG-005 an impaired status check is borne for some minutes, and in the grace period altogether", async () => {
  const { make, after, members, cloud } = await stage();
  await make({ DesiredCapacity: 1, HealthCheckGracePeriod: 900 });
  after(minutes(5));
  const [one] = await members();
  cloud.act({ act: "hang", machine: one!.InstanceId! });
  // In service at 12:00:23, grace until 12:15:23. Impaired at 12:07, tolerated until 12:09: what counts is the end of grace.
  after(minutes(10)); // 12:15
  expect((await members())[0]?.HealthStatus).toBe("Healthy");
  after(seconds(24));
  expect((await members())[0]?.HealthStatus).toBe("Unhealthy");
  after(minutes(10));
  const [two] = await members();
  expect(two?.InstanceId).not.toBe(one?.InstanceId);
  // The second is in service at 12:15:52, so from 12:31 there is no grace: hung at 12:40, impaired at 12:42, ill at 12:44.
  after((minutes(14) + seconds(36)) as ReturnType<typeof minutes>);
  cloud.act({ act: "hang", machine: two!.InstanceId! });
  after(seconds(239));
  expect((await members())[0]?.HealthStatus).toBe("Healthy");
  after(seconds(1));
  expect((await members())[0]?.HealthStatus).toBe("Unhealthy");
});

test("ASG-008 SetInstanceHealth: what somebody calls ill goes, though it is protected and something cools down", async () => {
  const { make, groups, after, members, states, activities } = await stage();
  await make({ DesiredCapacity: 2, NewInstancesProtectedFromScaleIn: true, HealthCheckGracePeriod: 300 });
  after(seconds(LAUNCH));
  const [one] = await members();
  const say = (more: object) => groups.setInstanceHealth({ InstanceId: one!.InstanceId!, HealthStatus: "Unhealthy", ...more });
  await say({}); // respects the grace period
  expect((await members())[0]?.HealthStatus).toBe("Healthy");
  await say({ ShouldRespectGracePeriod: false });
  after(minutes(1));
  expect((await members()).map(({ InstanceId }) => InstanceId)).not.toContain(one?.InstanceId);
  expect(await states()).toEqual({ InService: 2 });
  expect((await activities()).find(({ Description }) => Description?.startsWith("Terminating"))?.Cause).toMatch(
    /in response to a user health-check\.$/,
  );
  await expect(say({})).rejects.toThrow("No managed instance found");
});

/** Ten instances behind a load balancer; nothing listens, so no check passes unless `serve` says so. */
async function behind(more: object = {}) {
  const stories = await stage();
  const { elb, subnets, vpc, make, after } = stories;
  const { LoadBalancers } = await elb.createLoadBalancer({ Name: "front", Subnets: subnets });
  const { TargetGroups } = await elb.createTargetGroup({
    Name: "web",
    Protocol: "HTTP",
    Port: 80,
    VpcId: vpc,
    HealthCheckIntervalSeconds: 10,
  });
  const { TargetGroupArn = "" } = TargetGroups?.[0] ?? {};
  await elb.modifyTargetGroupAttributes({ TargetGroupArn, Attributes: [{ Key: "deregistration_delay.timeout_seconds", Value: "60" }] });
  await elb.createListener({
    LoadBalancerArn: LoadBalancers?.[0]?.LoadBalancerArn,
    Port: 80,
    Protocol: "HTTP",
    DefaultActions: [{ Type: "forward", TargetGroupArn }],
  });
  after(minutes(3));
  await make({ DesiredCapacity: 2, HealthCheckType: "ELB", TargetGroupARNs: [TargetGroupArn], ...more });
  const registered = async () =>
    (await elb.describeTargetHealth({ TargetGroupArn })).TargetHealthDescriptions!.map(({ TargetHealth }) => TargetHealth?.State);
  return { ...stories, TargetGroupArn, registered };
}

test("ASG-002 instances are registered before they serve, and drained before they end", async () => {
  const { groups, after, registered, states, activities, TargetGroupArn } = await behind();
  after(seconds(LAUNCH));
  expect([await states(), await registered()]).toEqual([{ InService: 2 }, ["initial", "initial"]]);
  expect((await groups.describeLoadBalancerTargetGroups({ AutoScalingGroupName })).LoadBalancerTargetGroups).toEqual([
    { LoadBalancerTargetGroupARN: TargetGroupArn, State: "Added" },
  ]);
  await groups.setDesiredCapacity({ AutoScalingGroupName, DesiredCapacity: 1 });
  after(seconds(65)); // looked at after 6 s, 60 s of draining
  expect(await states()).toEqual({ InService: 1, Terminating: 1 });
  expect((await activities())[0]).toMatchObject({ StatusCode: "WaitingForELBConnectionDraining", Progress: 50 });
  after(seconds(1));
  expect(await states()).toEqual({ InService: 1, "Terminating:Proceed": 1 });
  after(seconds(30)); // shutting down
  expect(await states()).toEqual({ InService: 1 });
});

test("ASG-004 load balancers' checks count only if they are asked for, and only once one instance has passed", async () => {
  const { groups, after, members, states, cloud, TargetGroupArn } = await behind({ HealthCheckType: "EC2" });
  after(minutes(10)); // nothing listens: unhealthy there, and nobody minds
  expect((await members()).map(({ HealthStatus }) => HealthStatus)).toEqual(["Healthy", "Healthy"]);
  await groups.updateAutoScalingGroup({ AutoScalingGroupName, HealthCheckType: "ELB" });
  after(minutes(10));
  expect((await members()).map(({ HealthStatus }) => HealthStatus)).toEqual(["Healthy", "Healthy"]);
  // One begins to listen: the attachment is in service, and the other is ill.
  const [one, two] = (await members()).map(({ InstanceId = "" }) => InstanceId);
  serve(cloud, one!);
  after(minutes(2));
  expect((await groups.describeLoadBalancerTargetGroups({ AutoScalingGroupName })).LoadBalancerTargetGroups).toEqual([
    { LoadBalancerTargetGroupARN: TargetGroupArn, State: "InService" },
  ]);
  expect((await members()).find(({ InstanceId }) => InstanceId === one)?.HealthStatus).toBe("Healthy");
  after(minutes(5));
  const left = (await members()).map(({ InstanceId }) => InstanceId);
  expect([left.includes(one), left.includes(two)]).toEqual([true, false]);
  // Nothing listens on its successors either, so they go in their turn.
  expect(await states()).toMatchObject({ InService: 2 });
});

test("ASG-003 what ended while it stood by is found when it is to serve again", async () => {
  const { make, groups, ec2, after, members, states } = await stage();
  await make({ DesiredCapacity: 2 });
  after(minutes(5));
  const [InstanceId = ""] = (await members()).map((each) => each.InstanceId);
  await groups.enterStandby({ AutoScalingGroupName, InstanceIds: [InstanceId], ShouldDecrementDesiredCapacity: true });
  await ec2.terminateInstances({ InstanceIds: [InstanceId] });
  after(minutes(10)); // nobody checks it there
  expect(await states()).toEqual({ InService: 1, Standby: 1 });
  await groups.exitStandby({ AutoScalingGroupName, InstanceIds: [InstanceId] });
  expect((await members()).find((each) => each.InstanceId === InstanceId)?.HealthStatus).toBe("Unhealthy");
  after(seconds(6 + LAUNCH)); // looked at after 6 s, and made up for
  expect((await members()).map((each) => each.InstanceId)).not.toContain(InstanceId);
  expect(await states()).toEqual({ InService: 2 });
});

test("ASG-006 ASG-007 when all fail their checks they are replaced a tenth at a time", async () => {
  const { after, members, cloud, states } = await behind({
    MaxSize: 40,
    DesiredCapacity: 20,
    HealthCheckGracePeriod: 60, // past the boot: what listens is started after it
    DefaultInstanceWarmup: 60,
  });
  after(seconds(LAUNCH + 13)); // and booted
  const old = (await members()).map(({ InstanceId = "" }) => InstanceId);
  for (const id of old) serve(cloud, id);
  after(minutes(3));
  expect(await states()).toEqual({ InService: 20 });
  for (const id of old) cloud.act({ act: "end-container", container: `${id}-web`, code: 1 });
  // A check is due within 5 s on the mean, the second fails 10 s later and 5 s out: ill after 20 s, looked at 6 s later.
  after(seconds(27));
  // 20 − ceil(0.9 × 20) are 2 at a time.
  expect(await states()).toEqual({ InService: 18, Terminating: 2, Pending: 2 });
  // Their successors run 17 s later and count when 60 s more have passed.
  after(seconds(60));
  expect(await states()).toEqual({ InService: 20, "Terminating:Proceed": 2 });
  after(seconds(17));
  expect(await states()).toMatchObject({ InService: 18, Pending: 2 });
});

test("ASG-027 a maintenance policy that keeps all in service launches before it ends", async () => {
  const { make, after, members, cloud, states, groups } = await stage();
  await make({
    DesiredCapacity: 2,
    MaxSize: 3,
    DefaultInstanceWarmup: 60,
    InstanceMaintenancePolicy: { MinHealthyPercentage: 100, MaxHealthyPercentage: 110 },
  });
  after(minutes(5));
  const [one] = await members();
  cloud.act({ act: "hang", machine: one!.InstanceId! });
  after(seconds(240 + 7)); // impaired after 2 min, given up after 2 more, looked at 6 s later
  expect(await states()).toEqual({ InService: 2, Pending: 1 });
  after(seconds(16 + 59)); // in service 17 s later, and warm after another minute
  expect(await states()).toEqual({ InService: 3 });
  after(seconds(1));
  expect(await states()).toEqual({ InService: 2, "Terminating:Proceed": 1 });
  expect((await members()).find(({ LifecycleState }) => LifecycleState !== "InService")?.InstanceId).toBe(one?.InstanceId);
  const policy = (MinHealthyPercentage: number, MaxHealthyPercentage: number) =>
    groups.updateAutoScalingGroup({ AutoScalingGroupName, InstanceMaintenancePolicy: { MinHealthyPercentage, MaxHealthyPercentage } });
  await expect(policy(50, 151)).rejects.toThrow("cannot be greater than 100");
  await expect(policy(100, 99)).rejects.toThrow("between 100 and 200");
  await expect(groups.updateAutoScalingGroup({ AutoScalingGroupName, MaxInstanceLifetime: 3600 })).rejects.toThrow("86400");
});

test("ASG-027 instances are replaced when they have reached their maximum lifetime", async () => {
  const { make, after, members } = await stage();
  await make({ DesiredCapacity: 1, MaxInstanceLifetime: 86_400 });
  after(minutes(24 * 60)); // launched at 12:00:06
  const [one] = await members();
  after(seconds(5));
  expect((await members())[0]?.LifecycleState).toBe("InService");
  after(seconds(LAUNCH));
  expect(
    (await members()).filter(({ LifecycleState }) => LifecycleState === "InService").map(({ InstanceId }) => InstanceId),
  ).not.toContain(one?.InstanceId);
});

/** Something listens on the instance's port 80, as its user data would have it. */
function serve(cloud: Awaited<ReturnType<typeof stage>>["cloud"], machine: string): void {
  const { cores, memory } = cloud.run.universe.world.machines.get(machine)!;
  start(cloud.physics, { id: `${machine}-web`, machine, image: "web", limit: { cores, memory }, ports: [{ port: 80 }] });
}
