/** Elastic Load Balancing by its rules: health in its own time, requests to where they belong, what users see. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { computeRegion, minutes, region, seconds } from "../../../../test/compute.ts";
import { ACCOUNT, root } from "../../cloud.ts";
import { holds } from "./routing.ts";
import { servedOf } from "./traffic.ts";

/** One task on each of two machines, at port 8080, registered by hand: nobody replaces what is unhealthy. */
async function byHand() {
  const world = await served({ tasks: 0, group: { HealthCheckIntervalSeconds: 30 } });
  const { ecs, elb, define, after, instances, TargetGroupArn } = world;
  const taskDefinition = await define("fixed", "acme/web", { portMappings: [{ containerPort: 8080, hostPort: 8080 }] });
  await ecs.runTask({ cluster: "shop", taskDefinition, count: 2 });
  after(minutes(1));
  await elb.registerTargets({ TargetGroupArn, Targets: instances.map((Id) => ({ Id, Port: 8080 })) });
  after(seconds(5));
  world.cloud.act({ act: "demand", id: "users", name: world.DNSName, steps: [{ at: 0, rate: 10 }] });
  const before = world.lost();
  return { ...world, lost: () => world.lost() - before };
}

/** A service of so many tasks behind a load balancer, healthy, and users who ask for ten a second. */
async function served({ tasks = 2, rate = 10, group = {} } = {}) {
  const world = await computeRegion({ machines: 2 });
  const front = await world.front("/health", group);
  const taskDefinition = await world.define("web");
  await world.ecs.createService({
    cluster: "shop",
    serviceName: "web",
    taskDefinition,
    desiredCount: tasks,
    loadBalancers: [{ targetGroupArn: front.TargetGroupArn, containerName: "web", containerPort: 8080 }],
  });
  world.after(minutes(3));
  world.cloud.act({ act: "demand", id: "users", name: front.DNSName, steps: [{ at: 0, rate }] });
  const lost = () => servedOf(world.cloud.context("elasticloadbalancing", region, root(ACCOUNT)) as never, "users").failed;
  const states = async () =>
    (await world.elb.describeTargetHealth({ TargetGroupArn: front.TargetGroupArn })).TargetHealthDescriptions!.map(
      ({ TargetHealth }) => TargetHealth!,
    );
  const sum = async (MetricName: string, more: { Name: string; Value: string }[] = [], Statistic: "Sum" | "Average" = "Sum") => {
    const LoadBalancer = front.LoadBalancerArn.slice(front.LoadBalancerArn.indexOf(":loadbalancer/") + ":loadbalancer/".length);
    const now = Math.floor(Number(world.cloud.run.now) / 60_000) * 60_000;
    const { Datapoints } = await world.cloudwatch.getMetricStatistics({
      Namespace: "AWS/ApplicationELB",
      MetricName,
      Dimensions: [{ Name: "LoadBalancer", Value: LoadBalancer }, ...more],
      StartTime: new Date(now - 60_000),
      EndTime: new Date(now),
      Period: 60,
      Statistics: [Statistic],
    });
    return Datapoints?.[0]?.[Statistic];
  };
  return { ...world, ...front, lost, states, sum };
}

describe("health", () => {
  test("ALB-001 ALB-002 a target group's defaults, and what it may not be", async () => {
    const { elb, front } = await computeRegion({ machines: 0, paranoid: true });
    const { TargetGroupArn } = await front("/", { HealthCheckIntervalSeconds: 30 });
    const { TargetGroups } = await elb.describeTargetGroups({ TargetGroupArns: [TargetGroupArn] });
    expect(TargetGroups?.[0]).toMatchObject({
      HealthCheckIntervalSeconds: 30,
      HealthCheckTimeoutSeconds: 5,
      HealthyThresholdCount: 5,
      UnhealthyThresholdCount: 2,
      Matcher: { HttpCode: "200" },
      HealthCheckPort: "traffic-port",
    });
    await expect(elb.modifyTargetGroup({ TargetGroupArn, HealthCheckIntervalSeconds: 4 })).rejects.toThrow("between 5 and 300");
    await expect(elb.modifyTargetGroup({ TargetGroupArn, UnhealthyThresholdCount: 11 })).rejects.toThrow("between 2 and 10");
    await expect(elb.modifyTargetGroup({ TargetGroupArn, HealthCheckIntervalSeconds: 5, HealthCheckTimeoutSeconds: 5 })).rejects.toThrow(
      "greater than the timeout",
    );
  });

  test("ALB-003 ALB-004 ALB-005 ALB-006 a target that answers badly is unhealthy after two checks, and healthy again after five that pass", async () => {
    const { cloud, states, after } = await byHand();
    const [container] = cloud.run.universe.world.containers.values();
    const behave = (unhealthy: boolean) => {
      container!.behaviour = { ...container!.behaviour, unhealthy };
      cloud.run.universe.world.changes.push({ kind: "container", container: container!.id, region });
      cloud.act({ act: "enough-of", zone: "none", instanceType: "none" }); // any act: what has changed is perceived
    };
    after(seconds(1));
    behave(true);
    // The last check was a second ago: the next ones, at 29 and 59 s, fail at once.
    after(seconds(58));
    expect(await states()).toMatchObject([{ State: "healthy" }, { State: "healthy" }]);
    after(seconds(1));
    const [bad] = (await states()).filter(({ State }) => State !== "healthy");
    expect(bad).toMatchObject({
      State: "unhealthy",
      Reason: "Target.ResponseCodeMismatch",
      Description: "Health checks failed with these codes: [503]",
    });
    after(seconds(1));
    behave(false);
    after(seconds(29 + 4 * 30 - 1));
    expect((await states()).filter(({ State }) => State === "healthy")).toHaveLength(1);
    after(seconds(1));
    expect((await states()).filter(({ State }) => State === "healthy")).toHaveLength(2);
  });

  test("ALB-006 ALB-007 what nobody leads to is unused, and checked when somebody does", async () => {
    const { elb, instances, after, front } = await computeRegion();
    const { LoadBalancerArn, TargetGroupArn } = await front();
    const { TargetGroups } = await elb.createTargetGroup({
      Name: "aside",
      Protocol: "HTTP",
      Port: 80,
      VpcId: (await elb.describeLoadBalancers({})).LoadBalancers?.[0]?.VpcId,
    });
    const aside = TargetGroups?.[0]?.TargetGroupArn ?? "";
    await elb.registerTargets({ TargetGroupArn: aside, Targets: [{ Id: instances[0] }] });
    const health = async () => (await elb.describeTargetHealth({ TargetGroupArn: aside })).TargetHealthDescriptions?.[0]?.TargetHealth;
    expect(await health()).toMatchObject({ State: "unused", Reason: "Target.NotInUse" });
    await elb.createListener({ LoadBalancerArn, Port: 81, Protocol: "HTTP", DefaultActions: [{ Type: "forward", TargetGroupArn: aside }] });
    expect(await health()).toMatchObject({ State: "initial", Reason: "Elb.RegistrationInProgress" });
    after(minutes(2));
    expect(await health()).toMatchObject({ State: "unhealthy", Reason: "Target.FailedHealthChecks" });
    expect((await elb.describeTargetHealth({ TargetGroupArn, Targets: [{ Id: instances[0] }] })).TargetHealthDescriptions).toMatchObject([
      { TargetHealth: { State: "unused", Reason: "Target.NotRegistered" } },
    ]);
  });

  test("ALB-008 ALB-009 a target that leaves gets nothing new, drains for its delay, and only then its task is ended", async () => {
    const { ecs, states, after, service, cloud, lost } = await served();
    await ecs.updateService({ cluster: "shop", service: "web", desiredCount: 1 });
    after(seconds(6));
    expect((await states()).map(({ State }) => String(State)).toSorted()).toEqual(["draining", "healthy"]);
    const loads = [...cloud.run.universe.world.containers.values()].map(({ load }) => load).toSorted((one, other) => one - other);
    expect(loads).toEqual([0, 10]);
    after(seconds(28)); // 30 s from the fifth
    expect([...cloud.run.universe.world.containers.values()].every(({ state }) => state === "up")).toBe(true);
    after(seconds(3));
    expect((await states()).map(({ State }) => State)).toEqual(["healthy"]);
    expect((await service("web")).runningCount).toBe(1);
    expect(lost()).toBe(0);
  });
});

describe("requests", () => {
  test("ALB-012 ALB-013 ALB-022 when no target is healthy, requests go to all of them", async () => {
    const { cloud, after, sum, instances, elb, LoadBalancerArn, lost } = await byHand();
    for (const machine of instances) cloud.act({ act: "hang", machine });
    after(minutes(3));
    // Fail-open: no 503, but connections that nobody takes.
    expect([await sum("HTTPCode_ELB_504_Count"), await sum("HTTPCode_ELB_503_Count")]).toEqual([600, undefined]);
    expect(lost()).toBeCloseTo(1800, 0); // three minutes of ten a second
    expect((await elb.describeLoadBalancers({ LoadBalancerArns: [LoadBalancerArn] })).LoadBalancers?.[0]?.State?.Code).toBe("active");
  });

  test("ALB-020 a target group without targets answers 503, a machine without the program 502", async () => {
    const { ecs, elb, after, sum, instances, TargetGroupArn } = await served();
    await ecs.updateService({ cluster: "shop", service: "web", desiredCount: 0 });
    after(minutes(3));
    expect(await sum("HTTPCode_ELB_503_Count")).toBe(600);
    await elb.registerTargets({ TargetGroupArn, Targets: [{ Id: instances[0], Port: 9999 }] });
    after(minutes(3));
    expect([await sum("HTTPCode_ELB_503_Count"), await sum("HTTPCode_ELB_502_Count")]).toEqual([undefined, 600]);
  });

  test("ALB-023 ALB-025 a minute's counts, by load balancer and by target", async () => {
    const { sum, after, TargetGroupArn } = await served({ rate: 30 });
    after(minutes(2));
    const group = { Name: "TargetGroup", Value: TargetGroupArn.slice(TargetGroupArn.indexOf("targetgroup/")) };
    expect([await sum("RequestCount"), await sum("HTTPCode_Target_2XX_Count"), await sum("RequestCountPerTarget", [group])]).toEqual([
      1800, 1800, 900,
    ]);
    // 15 requests a second of at most 50.7 on each: 20 ms / (1 - 15 / 50.7)
    expect(await sum("TargetResponseTime", [], "Average")).toBeCloseTo(0.0284, 3);
    expect(await sum("HTTPCode_ELB_5XX_Count")).toBeUndefined();
  });

  test("ALB-024 hosts are counted by their health", async () => {
    const { sum, after, cloud, instances, TargetGroupArn } = await served();
    const group = { Name: "TargetGroup", Value: TargetGroupArn.slice(TargetGroupArn.indexOf("targetgroup/")) };
    after(minutes(2));
    expect([await sum("HealthyHostCount", [group], "Average"), await sum("UnHealthyHostCount", [group], "Average")]).toEqual([2, 0]);
    cloud.act({ act: "hang", machine: instances[0]! });
    after(minutes(3));
    // The lost one is unhealthy, then deregistered by ECS; its successor waits on the machine that nobody misses yet.
    expect(await sum("HealthyHostCount", [group], "Average")).toBe(1);
  });

  test("ALB-011 more than the tasks can do is refused, and the rest is slow", async () => {
    const { sum, after, lost } = await served({ tasks: 1, rate: 99 });
    after(minutes(3));
    // (0.5 - 0.005) / 0.01 = 49.5 a second of 99.
    expect(await sum("HTTPCode_ELB_504_Count")).toBeCloseTo(60 * 49.5, 0);
    expect(lost()).toBeGreaterThan(60 * 49.5);
  });
});

test("rules: the first that holds, by host, path, method, header, query and source", () => {
  const asked = {
    host: "Shop.Example.com",
    path: "/api/orders",
    method: "POST",
    headers: { "x-beta": "yes" },
    query: [["v", "2"]] as [string, string][],
    source: "203.0.113.7",
  };
  const one = (condition: object) => holds([condition], asked);
  expect([
    one({ Field: "host-header", HostHeaderConfig: { Values: ["*.example.com"] } }),
    one({ Field: "path-pattern", PathPatternConfig: { Values: ["/web/*", "/api/*"] } }),
    one({ Field: "path-pattern", Values: ["/API/*"] }), // paths have cases
    one({ Field: "http-request-method", HttpRequestMethodConfig: { Values: ["GET"] } }),
    one({ Field: "http-header", HttpHeaderConfig: { HttpHeaderName: "X-Beta", Values: ["y?s"] } }),
    one({ Field: "query-string", QueryStringConfig: { Values: [{ Key: "v", Value: "2" }] } }),
    one({ Field: "source-ip", SourceIpConfig: { Values: ["203.0.113.0/24"] } }),
    one({ Field: "source-ip", SourceIpConfig: { Values: ["198.51.100.0/24"] } }),
  ]).toEqual([true, true, false, false, true, true, true, false]);
});

test("whatever comes and goes, requests are either answered or counted as failed", async () => {
  const act = fc.constantFrom("lose", "restore", "scale-up", "scale-down", "hang", "double", "halve");
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 8 }), async (acts) => {
      const { cloud, after, ecs, instances, DNSName, sum, lost } = await served();
      let rate = 10;
      let count = 2;
      for (const each of acts) {
        if (each === "lose") cloud.act({ act: "lose-zone", zone: "euw1-az1" });
        if (each === "restore") cloud.act({ act: "restore-zone", zone: "euw1-az1" });
        if (each === "hang") cloud.act({ act: "hang", machine: instances[1]! });
        if (each === "double" || each === "halve")
          cloud.act({
            act: "demand",
            id: "users",
            name: DNSName,
            steps: [{ at: 0, rate: (rate = each === "double" ? rate * 2 : rate / 2) }],
          });
        if (each === "scale-up" || each === "scale-down")
          await ecs.updateService({
            cluster: "shop",
            service: "web",
            desiredCount: (count = Math.max(0, count + (each === "scale-up" ? 2 : -1))),
          });
        after(seconds(97));
      }
      after(minutes(2));
      const codes = await Promise.all(
        ["HTTPCode_Target_2XX_Count", "HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count"].map((name) => sum(name)),
      );
      const answered = codes.reduce((total: number, value) => total + (value ?? 0), 0);
      expect(answered).toBeCloseTo((await sum("RequestCount")) ?? 0, 6);
      expect(lost()).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 15 },
  );
});
