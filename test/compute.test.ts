/** Compute as a whole: tasks on machines behind a load balancer, under users' load, while things break. Time lines are worked out from the rules. */
import { expect, test } from "vitest";
import { servedOf } from "../src/cloud/services/elasticloadbalancing/traffic.ts";
import { ACCOUNT, root } from "../src/cloud/cloud.ts";
import { hours } from "../src/kernel/units.ts";
import { computeRegion, minutes, region, seconds } from "./compute.ts";

test("LAT-004 ECS-021 ECS-022 machines register with their cluster 41 s after their launch, with what they have", async () => {
  const { ecs } = await computeRegion();
  const { containerInstanceArns } = await ecs.listContainerInstances({ cluster: "shop" });
  const { containerInstances = [] } = await ecs.describeContainerInstances({ cluster: "shop", containerInstances: containerInstanceArns });
  expect(containerInstances).toHaveLength(2);
  for (const { registeredResources = [], agentConnected, status, attributes = [] } of containerInstances) {
    expect([status, agentConnected]).toEqual(["ACTIVE", true]);
    expect(registeredResources.slice(0, 2).map(({ integerValue }) => integerValue)).toEqual([2048, 8192]); // ECS-021
    expect(attributes.find(({ name }) => name === "ecs.instance-type")?.value).toBe("m6i.large"); // ECS-022
  }
});

test("ECS-033 ECS-034 ECS-062 a service behind a load balancer starts its tasks in both zones and reaches a steady state", async () => {
  const { ecs, front, define, service, events, health, after, cloud } = await computeRegion();
  const { TargetGroupArn } = await front();
  const taskDefinition = await define("web");
  const begun = Number(cloud.run.now);
  await ecs.createService({
    cluster: "shop",
    serviceName: "web",
    taskDefinition,
    desiredCount: 4,
    loadBalancers: [{ targetGroupArn: TargetGroupArn, containerName: "web", containerPort: 8080 }],
  });
  // 5 s until the scheduler looks, 1 s to the agent; 80 MiB at 90 MB/s are 932 ms, after 1 s, and the container takes 2 s: RUNNING at 9.932 s.
  after(seconds(9));
  expect(await service("web")).toMatchObject({ runningCount: 0, pendingCount: 4 });
  after(seconds(1));
  expect(await service("web")).toMatchObject({ runningCount: 4, pendingCount: 0 });
  const { taskArns } = await ecs.listTasks({ cluster: "shop", serviceName: "web" });
  const { tasks = [] } = await ecs.describeTasks({ cluster: "shop", tasks: taskArns });
  expect(new Set(tasks.map(({ availabilityZone }) => availabilityZone)).size).toBe(2);
  expect(tasks[0]?.startedAt?.getTime()).toBeCloseTo(begun + 9932, -1);
  // ALB-004: registered, and healthy with the first check, 5 s later; but the process listens only after 2 s, so the first look finds nobody.
  expect(await health(TargetGroupArn)).toEqual(["initial", "initial", "initial", "initial"]);
  after(minutes(1));
  expect(await health(TargetGroupArn)).toEqual(["healthy", "healthy", "healthy", "healthy"]);
  expect((await events("web")).slice(0, 2)).toEqual([
    "(service web) has reached a steady state.",
    "(service web) (deployment ecs-svc/N) deployment completed.",
  ]);
  expect((await service("web")).deployments).toMatchObject([{ status: "PRIMARY", rolloutState: "COMPLETED", runningCount: 4 }]);
});

test("CW-018 ALB-023 AAS-006 load doubles: the tasks' CPU rises, target tracking adds tasks after three minutes, and takes them away fifteen minutes after the load has gone", async () => {
  const { ecs, front, define, service, after, cloud, scaling, cloudwatch } = await computeRegion({ machines: 4 });
  const { TargetGroupArn, DNSName } = await front();
  await ecs.createService({
    cluster: "shop",
    serviceName: "web",
    taskDefinition: await define("web"),
    desiredCount: 2,
    loadBalancers: [{ targetGroupArn: TargetGroupArn, containerName: "web", containerPort: 8080 }],
  });
  const target = {
    ServiceNamespace: "ecs" as const,
    ResourceId: "service/shop/web",
    ScalableDimension: "ecs:service:DesiredCount" as const,
  };
  await scaling.registerScalableTarget({ ...target, MinCapacity: 2, MaxCapacity: 10 });
  await scaling.putScalingPolicy({
    ...target,
    PolicyName: "cpu",
    PolicyType: "TargetTrackingScaling",
    TargetTrackingScalingPolicyConfiguration: {
      TargetValue: 50,
      PredefinedMetricSpecification: { PredefinedMetricType: "ECSServiceAverageCPUUtilization" },
      ScaleInCooldown: 60,
    },
  });
  after(minutes(5));
  // 45 requests a second on two tasks are 22.5 each: 0.005 + 0.225 cores of half a core, 46 %. Twice as many are 91 %.
  cloud.act({ act: "demand", id: "users", name: DNSName, steps: [{ at: 0, rate: 45 }] });
  after(minutes(20));
  const cpu = async () => {
    const now = Number(cloud.run.now);
    const { Datapoints } = await cloudwatch.getMetricStatistics({
      Namespace: "AWS/ECS",
      MetricName: "CPUUtilization",
      Dimensions: [
        { Name: "ClusterName", Value: "shop" },
        { Name: "ServiceName", Value: "web" },
      ],
      StartTime: new Date(now - 60_000),
      EndTime: new Date(now),
      Period: 60,
      Statistics: ["Average"],
    });
    return Datapoints?.[0]?.Average;
  };
  expect(await cpu()).toBeCloseTo(46, 0);
  expect((await service("web")).desiredCount).toBe(2);
  cloud.act({ act: "demand", id: "users", name: DNSName, steps: [{ at: 0, rate: 90 }] });
  // Three whole minutes over 50, seen 45 s after the third has closed, 5 s to act: at most 4 min 50 s from here. 2 × 91 / 50 are 3.64: four tasks.
  after(seconds(290));
  expect((await service("web")).desiredCount).toBe(4);
  after(minutes(10));
  expect(await service("web")).toMatchObject({ desiredCount: 4, runningCount: 4 });
  expect(await cpu()).toBeCloseTo(46, 0);
  cloud.act({ act: "no-demand", id: "users" });
  // Idle tasks use 1 %: fifteen minutes below 45, and then down to the least.
  after(minutes(14));
  expect((await service("web")).desiredCount).toBe(4);
  after(minutes(4));
  expect((await service("web")).desiredCount).toBe(2);
  const { ScalingActivities = [] } = await scaling.describeScalingActivities({ ServiceNamespace: "ecs" });
  expect(ScalingActivities.map(({ Description, StatusCode }) => `${Description} ${StatusCode}`)).toEqual([
    "Setting desired count to 2. Successful",
    "Setting desired count to 4. Successful",
  ]); // AAS-026
  const { failed, requests } = servedOf(cloud.context("elasticloadbalancing", region, root(ACCOUNT)) as never, "users");
  expect([failed, requests > 50_000]).toEqual([0, true]);
});

test("ECS-053 ECS-054 ECS-055 a version whose image is not to be had trips the circuit breaker after three failures, and the old one goes on", async () => {
  const { ecs, define, service, events, after, cloud } = await computeRegion();
  const good = await define("web");
  const deploymentConfiguration = {
    deploymentCircuitBreaker: { enable: true, rollback: true },
    minimumHealthyPercent: 100,
    maximumPercent: 200,
  };
  await ecs.createService({ cluster: "shop", serviceName: "web", taskDefinition: good, desiredCount: 2, deploymentConfiguration });
  after(minutes(3));
  cloud.act({ act: "registry", host: "docker.io", reachable: false });
  await ecs.updateService({ cluster: "shop", service: "web", taskDefinition: await define("web", "acme/new") });
  // Two are started at 5 s and fail at 6 s; the next two, 5 s later, fail at 12 s: the third of them is one too many.
  after(seconds(11));
  expect((await service("web")).deployments?.[0]).toMatchObject({ rolloutState: "IN_PROGRESS", failedTasks: 2 });
  after(seconds(2));
  expect((await service("web")).deployments).toMatchObject([
    { rolloutState: "IN_PROGRESS", taskDefinition: good },
    { rolloutState: "FAILED" },
  ]);
  after(minutes(5));
  expect(await service("web")).toMatchObject({
    taskDefinition: good,
    runningCount: 2,
    deployments: [{ status: "PRIMARY", rolloutState: "COMPLETED" }],
  });
  expect(await events("web")).toContain("(service web) (deployment ecs-svc/N) deployment failed: tasks failed to start.");
  const { taskArns } = await ecs.listTasks({ cluster: "shop", desiredStatus: "STOPPED" });
  const { tasks = [] } = await ecs.describeTasks({ cluster: "shop", tasks: taskArns });
  expect(tasks[0]?.stoppedReason).toMatch(/^CannotPullContainerError: /); // ECS-036
});

test("ECS-009 ECS-043 a task that crashes after it has run says so, and is replaced 20 s later, again and again", async () => {
  const { ecs, define, after, cloud } = await computeRegion();
  cloud.act({ act: "image", image: "acme/crash", behaviour: { exit: { after: 60_000, code: 3 } } });
  await ecs.createService({ cluster: "shop", serviceName: "web", taskDefinition: await define("web", "acme/crash"), desiredCount: 1 });
  after(minutes(10));
  const { taskArns } = await ecs.listTasks({ cluster: "shop", desiredStatus: "STOPPED" });
  const { tasks = [] } = await ecs.describeTasks({ cluster: "shop", tasks: taskArns });
  const sorted = tasks.toSorted((one, other) => one.createdAt!.getTime() - other.createdAt!.getTime());
  expect(sorted.length).toBeGreaterThan(5);
  for (const { stopCode, stoppedReason, containers } of sorted) {
    expect([stopCode, stoppedReason, containers?.[0]?.exitCode]).toEqual([
      "EssentialContainerExited",
      "Essential container in task exited",
      3,
    ]);
  }
  const gaps = sorted.slice(1).map(({ createdAt }, at) => (createdAt!.getTime() - sorted[at]!.stoppedAt!.getTime()) / 1000);
  expect(new Set(gaps)).toEqual(new Set([18])); // LAT-007
});

test("ECS-026 ECS-037 ALB-006 a zone is lost: the load balancer finds out in 20 s, and its tasks are replaced in the other zone once the agents there are missed", async () => {
  const { ecs, front, define, service, health, after, cloud } = await computeRegion({ machines: 4 });
  const { TargetGroupArn, DNSName } = await front();
  await ecs.createService({
    cluster: "shop",
    serviceName: "web",
    taskDefinition: await define("web"),
    desiredCount: 4,
    loadBalancers: [{ targetGroupArn: TargetGroupArn, containerName: "web", containerPort: 8080 }],
  });
  after(minutes(5));
  cloud.act({ act: "demand", id: "users", name: DNSName, steps: [{ at: 0, rate: 40 }] });
  after(minutes(5));
  cloud.act({ act: "lose-zone", zone: "euw1-az1" });
  // Checks every 10 s, two must fail, the last with its time-out of 5 s: 5 + 10 + 5 s on the mean.
  after(seconds(19));
  expect(await health(TargetGroupArn)).toEqual(["healthy", "healthy", "healthy", "healthy"]);
  after(seconds(1));
  expect((await health(TargetGroupArn)).filter((state) => state === "healthy")).toHaveLength(2);
  // ECS does not know yet: both zones have as many tasks, so of the two successors one is placed there. Its agent is missed after three minutes.
  after(minutes(2));
  expect((await health(TargetGroupArn)).filter((state) => state === "healthy")).toHaveLength(3);
  after(minutes(3));
  expect((await health(TargetGroupArn)).filter((state) => state === "healthy")).toHaveLength(4);
  expect(await service("web")).toMatchObject({ runningCount: 4 });
  const { failed } = servedOf(cloud.context("elasticloadbalancing", region, root(ACCOUNT)) as never, "users");
  // Half of 40 requests a second for 20 s.
  expect(failed).toBeCloseTo(400, -1);
});

test("a steady service under steady load has no events but its alarms'", async () => {
  const { ecs, front, define, after, cloud } = await computeRegion();
  const { TargetGroupArn, DNSName } = await front();
  await ecs.createService({
    cluster: "shop",
    serviceName: "web",
    taskDefinition: await define("web"),
    desiredCount: 2,
    loadBalancers: [{ targetGroupArn: TargetGroupArn, containerName: "web", containerPort: 8080 }],
  });
  cloud.act({ act: "demand", id: "users", name: DNSName, steps: [{ at: 0, rate: 10 }] });
  after(hours(3));
  expect(cloud.advance((Number(cloud.run.now) + 86_400_000 * 7) as typeof cloud.run.now)).toBeLessThan(5);
});

test("a run comes to rest though a service has no place, or crashes for ever", async () => {
  const { ecs, define, cloud } = await computeRegion({ machines: 1 });
  cloud.act({ act: "image", image: "acme/crash", behaviour: { exit: { after: 1000, code: 1 } } });
  await ecs.createService({ cluster: "shop", serviceName: "large", taskDefinition: await define("large"), desiredCount: 50 });
  await ecs.createService({ cluster: "shop", serviceName: "crash", taskDefinition: await define("crash", "acme/crash"), desiredCount: 1 });
  const begun = Number(cloud.run.now);
  cloud.settle();
  expect(Number(cloud.run.now) - begun).toBeLessThan(5 * 60_000);
});
