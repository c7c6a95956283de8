/** ECS by its rules: definitions, machines, tasks, services. Each story begins with a cluster on machines of two zones. */
import type { ContainerDefinition } from "@aws-sdk/client-ecs";
import { describe, expect, test } from "vitest";
import { computeRegion, minutes, region, seconds } from "../../../../test/compute.ts";
import { hours } from "../../../kernel/units.ts";
import { threshold } from "./circuit-breaker.ts";

type Region = Awaited<ReturnType<typeof computeRegion>>;

const tasksOf = async ({ ecs }: Region, filter: object = {}) => {
  const { taskArns = [] } = await ecs.listTasks({ cluster: "shop", ...filter });
  return taskArns.length ? (await ecs.describeTasks({ cluster: "shop", tasks: taskArns })).tasks! : [];
};

const hosts = async ({ ecs }: Region) => {
  const { containerInstanceArns = [] } = await ecs.listContainerInstances({ cluster: "shop" });
  return containerInstanceArns.length
    ? (await ecs.describeContainerInstances({ cluster: "shop", containerInstances: containerInstanceArns })).containerInstances!
    : [];
};

describe("task definitions", () => {
  test("ECS-001 revisions are never used again", async () => {
    const { ecs, define } = await computeRegion({ machines: 0, paranoid: true });
    const first = await define("web");
    expect([first, await define("web")].map((arn) => arn.split("/")[1])).toEqual(["web:1", "web:2"]);
    await ecs.deregisterTaskDefinition({ taskDefinition: "web:2" });
    await ecs.deleteTaskDefinitions({ taskDefinitions: ["web:2"] });
    expect((await define("web")).split("/")[1]).toBe("web:3");
    expect((await ecs.listTaskDefinitions({ familyPrefix: "web" })).taskDefinitionArns).toHaveLength(2);
  });

  test("ECS-002 ECS-003 an inactive revision runs on and starts nowhere anew; deleted, it lasts as long as its tasks", async () => {
    const world = await computeRegion();
    const { ecs, define, after } = world;
    const taskDefinition = await define("web");
    await ecs.runTask({ cluster: "shop", taskDefinition });
    after(minutes(1));
    expect((await ecs.deleteTaskDefinitions({ taskDefinitions: ["web:1"] })).failures).toHaveLength(1);
    await ecs.deregisterTaskDefinition({ taskDefinition: "web:1" });
    await expect(ecs.runTask({ cluster: "shop", taskDefinition })).rejects.toThrow("inactive");
    expect(await tasksOf(world)).toMatchObject([{ lastStatus: "RUNNING" }]);
    expect((await ecs.deleteTaskDefinitions({ taskDefinitions: ["web:1"] })).taskDefinitions).toMatchObject([
      { status: "DELETE_IN_PROGRESS" },
    ]);
    expect((await ecs.describeTaskDefinition({ taskDefinition: "web:1" })).taskDefinition?.status).toBe("DELETE_IN_PROGRESS");
  });

  const container: ContainerDefinition = { name: "web", image: "acme/web", memory: 128 };
  test.each<[string, Parameters<Region["ecs"]["registerTaskDefinition"]>[0] extends infer Input ? Partial<Input> : never, RegExp]>([
    ["ECS-004 a task's cpu is 128 at least", { cpu: "64", memory: "512" }, /between 128 and 196608/],
    [
      "ECS-005 without the task's memory every container has some",
      { containerDefinitions: [{ name: "web", image: "acme/web" }] },
      /'memory' or 'memoryReservation'/,
    ],
    [
      "ECS-005 the limit is above the reservation",
      { containerDefinitions: [{ ...container, memoryReservation: 128 }] },
      /greater than 'memoryReservation'/,
    ],
    ["ECS-005 six MiB at least", { containerDefinitions: [{ ...container, memory: 4 }] }, /6 MiB/],
    [
      "ECS-006 the containers' cpu fits the task's",
      { cpu: "256", memory: "512", containerDefinitions: [{ ...container, cpu: 512 }] },
      /more than the task's/,
    ],
    [
      "ECS-007 no ports without a network",
      { networkMode: "none", containerDefinitions: [{ ...container, portMappings: [{ containerPort: 80 }] }] },
      /portMappings are not allowed/,
    ],
    [
      "ECS-007 on the host's network ports are the same",
      { networkMode: "host", containerDefinitions: [{ ...container, portMappings: [{ containerPort: 80, hostPort: 81 }] }] },
      /must match/,
    ],
    ["ECS-009 one container is essential", { containerDefinitions: [{ ...container, essential: false }] }, /essential/],
    [
      "ECS-010 nothing waits for the end of what must not end",
      { containerDefinitions: [container, { ...container, name: "b", dependsOn: [{ containerName: "web", condition: "COMPLETE" }] }] },
      /essential container/,
    ],
    [
      "ECS-012 a health check within its ranges",
      { containerDefinitions: [{ ...container, healthCheck: { command: ["CMD", "true"], interval: 4 } }] },
      /out of its range/,
    ],
    [
      "ECS-016 ten containers at most",
      { containerDefinitions: Array.from({ length: 11 }, (_, at) => ({ ...container, name: `c${at}` })) },
      /10 containers/,
    ],
  ])("ECS-004 ECS-006 ECS-007 ECS-010 ECS-012 refused: %s", async (_name, input, message) => {
    const { ecs } = await computeRegion({ machines: 0 });
    await expect(ecs.registerTaskDefinition({ family: "web", containerDefinitions: [container], ...input })).rejects.toThrow(message);
  });
});

describe("machines", () => {
  test("ECS-019 a cluster with machines, services or tasks is not deleted", async () => {
    const { ecs, define, after, ec2, instances } = await computeRegion();
    await ecs.createService({ cluster: "shop", serviceName: "web", taskDefinition: await define("web"), desiredCount: 1 });
    after(minutes(1));
    await expect(ecs.deleteCluster({ cluster: "shop" })).rejects.toMatchObject({ name: "ClusterContainsContainerInstancesException" });
    await ecs.deleteService({ cluster: "shop", service: "web", force: true });
    after(minutes(1));
    await ec2.terminateInstances({ InstanceIds: instances });
    after(minutes(1));
    expect((await ecs.deleteCluster({ cluster: "shop" })).cluster?.status).toBe("INACTIVE");
  });

  test("ECS-020 ECS-031 a machine that drains loses its services' tasks to others, keeps what was started by hand, and gets nothing new", async () => {
    const world = await computeRegion();
    const { ecs, define, after } = world;
    const taskDefinition = await define("web");
    await ecs.createService({ cluster: "shop", serviceName: "web", taskDefinition, desiredCount: 2 });
    after(minutes(2));
    const [leaving, staying] = await hosts(world);
    await ecs.startTask({ cluster: "shop", taskDefinition, containerInstances: [leaving!.containerInstanceArn!] });
    after(minutes(1));
    await ecs.updateContainerInstancesState({ cluster: "shop", containerInstances: [leaving!.containerInstanceArn!], status: "DRAINING" });
    after(minutes(3));
    const where = (await tasksOf(world, { serviceName: "web" })).map(({ containerInstanceArn }) => containerInstanceArn);
    expect(where).toEqual([staying!.containerInstanceArn, staying!.containerInstanceArn]);
    expect((await hosts(world))[0]).toMatchObject({ status: "DRAINING", runningTasksCount: 1 });
    await expect(
      ecs.updateContainerInstancesState({
        cluster: "shop",
        containerInstances: [leaving!.containerInstanceArn!],
        status: "INACTIVE" as never,
      }),
    ).rejects.toThrow("Only ACTIVE and DRAINING");
  });

  test("ECS-023 a stopped machine's agent is missed after three minutes, its tasks are said to be stopped when it is back", async () => {
    const world = await computeRegion({ machines: 1 });
    const { ecs, ec2, define, after, instances } = world;
    await ecs.runTask({ cluster: "shop", taskDefinition: await define("web") });
    after(minutes(1));
    await ec2.stopInstances({ InstanceIds: instances });
    after(seconds(30 + 179));
    expect(await hosts(world)).toMatchObject([{ agentConnected: true }]);
    after(seconds(1));
    expect(await hosts(world)).toMatchObject([{ agentConnected: false, status: "ACTIVE" }]);
    expect(await tasksOf(world)).toMatchObject([{ lastStatus: "RUNNING" }]); // ECS-026
    await ec2.startInstances({ InstanceIds: instances });
    after(minutes(1));
    expect(await hosts(world)).toMatchObject([{ agentConnected: true, runningTasksCount: 0 }]);
    expect(await tasksOf(world, { desiredStatus: "STOPPED" })).toMatchObject([
      { lastStatus: "STOPPED", stopCode: "EssentialContainerExited" },
    ]);
  });

  test("ECS-024 a machine that is terminated while its agent is there is deregistered, one whose agent is gone is not", async () => {
    const world = await computeRegion();
    const { ec2, instances, after, cloud } = world;
    await ec2.terminateInstances({ InstanceIds: [instances[0]!] });
    after(minutes(1));
    expect(await hosts(world)).toMatchObject([{ ec2InstanceId: instances[1] }]);
    cloud.act({ act: "hang", machine: instances[1]! });
    after(minutes(5));
    await ec2.terminateInstances({ InstanceIds: [instances[1]!] });
    after(minutes(5));
    expect(await hosts(world)).toMatchObject([{ ec2InstanceId: instances[1], agentConnected: false }]);
  });

  test("ECS-025 a machine with tasks is deregistered by force only; its containers run on, and a service starts others", async () => {
    const world = await computeRegion();
    const { ecs, define, after, cloud } = world;
    await ecs.createService({ cluster: "shop", serviceName: "web", taskDefinition: await define("web"), desiredCount: 2 });
    after(minutes(2));
    const [host] = await hosts(world);
    const gone = { cluster: "shop", containerInstance: host!.containerInstanceArn };
    await expect(ecs.deregisterContainerInstance(gone)).rejects.toThrow("running tasks");
    await ecs.deregisterContainerInstance({ ...gone, force: true });
    after(minutes(2));
    expect(
      (await tasksOf(world, { serviceName: "web" })).every(
        ({ containerInstanceArn }) => containerInstanceArn !== host!.containerInstanceArn,
      ),
    ).toBe(true);
    const running = [...cloud.run.universe.world.containers.values()].filter(
      ({ machine, state }) => machine === host!.ec2InstanceId && state === "up",
    );
    expect(running).toHaveLength(1);
  });
});

describe("tasks", () => {
  test("ECS-008 a port of the machine is one task's; what Docker chooses does not collide", async () => {
    const world = await computeRegion({ machines: 1 });
    const { ecs, define, after } = world;
    const taskDefinition = await define("fixed", "acme/web", { portMappings: [{ containerPort: 80, hostPort: 8080 }] });
    await ecs.runTask({ cluster: "shop", taskDefinition });
    expect((await ecs.runTask({ cluster: "shop", taskDefinition })).failures).toMatchObject([{ reason: "RESOURCE:PORTS" }]);
    await ecs.runTask({ cluster: "shop", taskDefinition: await define("any"), count: 2 });
    after(minutes(1));
    const ports = (await tasksOf(world)).map(({ containers }) => containers?.[0]?.networkBindings?.[0]?.hostPort);
    expect(new Set(ports).size).toBe(3);
  });

  test("ECS-011 ECS-035 a task is asked to end, and killed after its time-out", async () => {
    const world = await computeRegion({ machines: 1 });
    const { ecs, define, after, cloud } = world;
    cloud.act({ act: "image", image: "acme/slow", behaviour: { drain: 120_000 } });
    const { tasks } = await ecs.runTask({ cluster: "shop", taskDefinition: await define("slow", "acme/slow") });
    after(minutes(1));
    await ecs.stopTask({ cluster: "shop", task: tasks?.[0]?.taskArn, reason: "enough" });
    after(seconds(29));
    expect(await tasksOf(world, { desiredStatus: "STOPPED" })).toMatchObject([{ lastStatus: "STOPPING" }]);
    after(seconds(1));
    // ECS-035
    expect(await tasksOf(world, { desiredStatus: "STOPPED" })).toMatchObject([
      { lastStatus: "STOPPED", stopCode: "UserInitiated", stoppedReason: "enough", containers: [{ exitCode: 137 }] },
    ]);
  });

  const healthCheck = { command: ["CMD", "true"], interval: 10, retries: 3 };

  test("ECS-012 ECS-013 ECS-047 a task is healthy with its first check; when three have failed its successor is started, and it goes when that is well", async () => {
    const world = await computeRegion({ machines: 1 });
    const { ecs, define, after, cloud } = world;
    await ecs.createService({
      cluster: "shop",
      serviceName: "web",
      taskDefinition: await define("web", "acme/web", { healthCheck }),
      desiredCount: 1,
    });
    after(seconds(15));
    expect(await tasksOf(world)).toMatchObject([{ lastStatus: "RUNNING", healthStatus: "UNKNOWN" }]);
    after(seconds(10));
    const [first] = await tasksOf(world);
    expect(first).toMatchObject({ healthStatus: "HEALTHY" });
    // The container that runs is told to fail its checks, by the machine that does not answer them.
    const container = [...cloud.run.universe.world.containers.values()][0]!;
    container.behaviour = { ...container.behaviour, unhealthy: true };
    cloud.run.universe.world.changes.push({ kind: "container", container: container.id, region });
    after(seconds(29));
    expect((await tasksOf(world))[0]?.taskArn).toBe(first?.taskArn);
    after(seconds(10)); // the successor is started, and not well yet
    expect((await tasksOf(world)).map(({ healthStatus }) => healthStatus).toSorted((one, other) => one!.localeCompare(other!))).toEqual([
      "UNHEALTHY",
      "UNKNOWN",
    ]);
    after(minutes(1));
    const stopped = await tasksOf(world, { desiredStatus: "STOPPED" });
    expect(stopped).toMatchObject([{ stoppedReason: "Task failed container health checks" }]);
    expect((await tasksOf(world)).map(({ healthStatus }) => healthStatus)).toEqual(["HEALTHY"]);
  });

  test("ECS-029 an image that the machine has is not fetched again", async () => {
    const world = await computeRegion({ machines: 1 });
    const { ecs, define, after, cloud } = world;
    cloud.act({ act: "image", image: "acme/big", behaviour: { size: 9_000_000_000 } }); // 100 s at 90 MB/s
    const taskDefinition = await define("big", "acme/big");
    const takes = async () => {
      const { tasks } = await ecs.runTask({ cluster: "shop", taskDefinition });
      after(minutes(3));
      const [task] = (await ecs.describeTasks({ cluster: "shop", tasks: [tasks![0]!.taskArn!] })).tasks!;
      return (task!.startedAt!.getTime() - task!.createdAt!.getTime()) / 1000;
    };
    expect([await takes(), await takes()]).toEqual([104, 3]); // 1 s to the agent, 1 + 100 s, 2 s to start
  });

  test("ECS-036 a stopped task is shown for an hour", async () => {
    const world = await computeRegion({ machines: 1 });
    const { ecs, define, after } = world;
    const { tasks } = await ecs.runTask({ cluster: "shop", taskDefinition: await define("web") });
    after(minutes(1));
    await ecs.stopTask({ cluster: "shop", task: tasks?.[0]?.taskArn });
    after(minutes(59));
    expect(await tasksOf(world, { desiredStatus: "STOPPED" })).toHaveLength(1);
    after(minutes(5));
    expect(await tasksOf(world, { desiredStatus: "STOPPED" })).toHaveLength(0);
  });

  test("ECS-005 ECS-021 ECS-037 what does not fit is refused with what is lacking", async () => {
    const { ecs, define, cloud, after, instances } = await computeRegion({ machines: 1 });
    const taskDefinition = await define("web");
    expect((await ecs.runTask({ cluster: "shop", taskDefinition, count: 4 })).tasks).toHaveLength(4); // 4 × 512 of 2048 units
    expect((await ecs.runTask({ cluster: "shop", taskDefinition })).failures).toMatchObject([{ reason: "RESOURCE:CPU" }]);
    const memory = (
      await ecs.registerTaskDefinition({ family: "memory", memory: "7000", containerDefinitions: [{ name: "m", image: "acme/m" }] })
    ).taskDefinition?.taskDefinitionArn;
    expect((await ecs.runTask({ cluster: "shop", taskDefinition: memory })).failures).toMatchObject([{ reason: "RESOURCE:MEMORY" }]);
    cloud.act({ act: "hang", machine: instances[0]! });
    after(minutes(4));
    const light = (
      await ecs.registerTaskDefinition({ family: "light", memory: "64", containerDefinitions: [{ name: "l", image: "acme/l" }] })
    ).taskDefinition?.taskDefinitionArn;
    expect((await ecs.runTask({ cluster: "shop", taskDefinition: light })).failures).toMatchObject([{ reason: "AGENT" }]);
    await expect(ecs.runTask({ cluster: "shop", taskDefinition, count: 11 })).rejects.toThrow("between 1 and 10");
  });

  test("ECS-063 ECS-065 strategies and constraints choose the machine", async () => {
    const world = await computeRegion({ machines: 4 });
    const { ecs, define, after } = world;
    const taskDefinition = await define("web");
    const run = async (more: object) =>
      (await ecs.runTask({ cluster: "shop", taskDefinition, count: 4, ...more })).tasks!.map(
        ({ containerInstanceArn }) => containerInstanceArn,
      );
    expect(new Set(await run({ placementStrategy: [{ type: "binpack", field: "memory" }], group: "packed" })).size).toBe(1);
    expect(new Set(await run({ placementConstraints: [{ type: "distinctInstance" }], group: "distinct", count: 3 })).size).toBe(3);
    after(minutes(1));
    const zones = (await hosts(world)).map(({ attributes = [] }) => attributes.find(({ name }) => name === "ecs.availability-zone")?.value);
    const expression = `attribute:ecs.availability-zone == ${zones[0]} and attribute:ecs.instance-type =~ m6i.*`;
    const placed = await run({ placementConstraints: [{ type: "memberOf", expression }], group: "there", count: 2 });
    const there = (await hosts(world)).filter((_, at) => zones[at] === zones[0]).map(({ containerInstanceArn }) => containerInstanceArn);
    expect(placed.every((arn) => there.includes(arn))).toBe(true);
    await expect(run({ placementConstraints: [{ type: "memberOf", expression: "task:group == x" }] })).rejects.toMatchObject({
      name: "NotImplemented",
    });
  });
});

describe("services", () => {
  test("ECS-044 ECS-045 ECS-050 a deployment starts the new before it ends the old, which counts after 40 s", async () => {
    const world = await computeRegion();
    const { ecs, define, service, after, events } = world;
    const next = async () => await define("web");
    await ecs.createService({
      cluster: "shop",
      serviceName: "web",
      taskDefinition: await next(),
      desiredCount: 4,
      deploymentConfiguration: { minimumHealthyPercent: 75, maximumPercent: 150 },
    });
    after(minutes(3));
    await ecs.updateService({ cluster: "shop", service: "web", taskDefinition: await next() });
    let [least, most] = [99, 0];
    for (let second = 0; second < 300; second++) {
      after(seconds(1));
      const all = await tasksOf(world, { serviceName: "web" });
      least = Math.min(least, all.filter(({ lastStatus }) => lastStatus === "RUNNING").length);
      most = Math.max(most, all.length);
    }
    // ceil(4 × 75 %) and floor(4 × 150 %)
    expect([least, most]).toEqual([3, 6]);
    expect((await service("web")).deployments).toMatchObject([
      { rolloutState: "COMPLETED", runningCount: 4, taskDefinition: expect.stringContaining("web:2") },
    ]);
    expect((await events("web"))[0]).toBe("(service web) has reached a steady state."); // ECS-070
  });

  test("ECS-046 a daemon is on every machine, also on one that comes later", async () => {
    const world = await computeRegion();
    const { ecs, define, launch, after } = world;
    await ecs.createService({ cluster: "shop", serviceName: "agent", taskDefinition: await define("agent"), schedulingStrategy: "DAEMON" });
    after(minutes(2));
    await launch(0);
    after(minutes(3));
    const where = (await tasksOf(world, { serviceName: "agent" })).map(({ containerInstanceArn }) => containerInstanceArn);
    expect([where.length, new Set(where).size]).toEqual([3, 3]);
    await expect(
      ecs.createService({
        cluster: "shop",
        serviceName: "b",
        taskDefinition: await define("agent"),
        schedulingStrategy: "DAEMON",
        deploymentConfiguration: { maximumPercent: 200 },
      }),
    ).rejects.toThrow("maximumPercent of 100");
  });

  test("ECS-049 a count starts no deployment, a definition and force do", async () => {
    const { ecs, define, service, after } = await computeRegion();
    await ecs.createService({ cluster: "shop", serviceName: "web", taskDefinition: await define("web"), desiredCount: 1 });
    after(minutes(2));
    const id = async () => (await service("web")).deployments?.[0]?.id;
    const first = await id();
    await ecs.updateService({
      cluster: "shop",
      service: "web",
      desiredCount: 2,
      deploymentConfiguration: { maximumPercent: 150, minimumHealthyPercent: 50 },
    });
    expect(await id()).toBe(first);
    await ecs.updateService({ cluster: "shop", service: "web", forceNewDeployment: true });
    expect(await id()).not.toBe(first);
  });

  test("ECS-053 the circuit breaker's threshold", () => {
    expect([1, 2, 6, 25, 400, 800].map(threshold)).toEqual([3, 3, 3, 13, 200, 200]);
  });

  test("ECS-057 what fails to start again and again is tried ever more seldom, and at once with another definition", async () => {
    const world = await computeRegion({ machines: 1 });
    const { ecs, define, events, after, cloud } = world;
    cloud.act({ act: "registry", host: "docker.io", reachable: false });
    await ecs.createService({ cluster: "shop", serviceName: "web", taskDefinition: await define("web"), desiredCount: 1 });
    after(hours(3));
    const starts = (await tasksOf(world, { desiredStatus: "STOPPED" }))
      .map(({ createdAt }) => createdAt!.getTime())
      .toSorted((one, other) => one - other);
    const gaps = starts.slice(1).map((at, index) => (at - starts[index]!) / 60_000);
    expect(Math.max(...gaps)).toBeCloseTo(27, 0);
    expect((await events("web")).some((text) => text.includes("is unable to consistently start tasks successfully"))).toBe(true);
    cloud.act({ act: "registry", host: "docker.io", reachable: true });
    await ecs.updateService({ cluster: "shop", service: "web", taskDefinition: await define("web") });
    after(seconds(30));
    expect(await tasksOf(world)).toMatchObject([{ lastStatus: "RUNNING" }]);
  });

  test("ECS-059 ECS-071 a task without a place: said why, tried three times, and then each five minutes", async () => {
    const { ecs, define, service, events, after, launch } = await computeRegion({ machines: 1 });
    await ecs.createService({ cluster: "shop", serviceName: "web", taskDefinition: await define("web"), desiredCount: 5 });
    after(minutes(2));
    expect((await service("web")).runningCount).toBe(4);
    expect(
      (await events("web")).some(
        (text) =>
          text.includes(
            "was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance",
          ) && text.includes("has insufficient CPU units available."),
      ),
    ).toBe(true);
    await launch(1);
    after(minutes(6));
    expect((await service("web")).runningCount).toBe(5);
  });

  test("ECS-040 a protected task outlives a scale-in", async () => {
    const world = await computeRegion();
    const { ecs, define, after } = world;
    await ecs.createService({ cluster: "shop", serviceName: "web", taskDefinition: await define("web"), desiredCount: 3 });
    after(minutes(2));
    const [kept] = await tasksOf(world);
    const { protectedTasks } = await ecs.updateTaskProtection({
      cluster: "shop",
      tasks: [kept!.taskArn!],
      protectionEnabled: true,
      expiresInMinutes: 60,
    });
    expect(protectedTasks).toMatchObject([{ protectionEnabled: true }]);
    await ecs.updateService({ cluster: "shop", service: "web", desiredCount: 1 });
    after(minutes(2));
    expect((await tasksOf(world)).map(({ taskArn }) => taskArn)).toEqual([kept!.taskArn]);
  });
});
