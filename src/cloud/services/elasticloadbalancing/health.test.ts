/** Health checks, in virtual time. Registration takes 5 s (the median), then the first check is made, and one more in each interval. */
import { expect, test } from "vitest";
import { minutes, seconds, stage } from "./stage.ts";

test("ALB-001 ALB-002 a target group's checks are AWS's unless it says otherwise, and what is out of range is refused", async () => {
  const { elb, VpcId } = await stage({ machines: 0 });
  const base = { Protocol: "HTTP" as const, Port: 80, VpcId };
  const { TargetGroups } = await elb.createTargetGroup({ Name: "usual", ...base });
  expect(TargetGroups?.[0]).toMatchObject({
    HealthCheckEnabled: true,
    HealthCheckProtocol: "HTTP",
    HealthCheckPort: "traffic-port",
    HealthCheckPath: "/",
    HealthCheckIntervalSeconds: 30,
    HealthCheckTimeoutSeconds: 5,
    HealthyThresholdCount: 5,
    UnhealthyThresholdCount: 2,
    Matcher: { HttpCode: "200" },
  });
  const grpc = await elb.createTargetGroup({ Name: "grpc", ProtocolVersion: "GRPC", ...base });
  expect(grpc.TargetGroups?.[0]).toMatchObject({ HealthCheckPath: "/AWS.ALB/healthcheck", Matcher: { GrpcCode: "12" } });
  for (const wrong of [
    { HealthCheckIntervalSeconds: 4 },
    { HealthCheckIntervalSeconds: 301 },
    { HealthCheckTimeoutSeconds: 1 },
    { HealthCheckTimeoutSeconds: 30 }, // not less than the interval
    { HealthyThresholdCount: 1 },
    { UnhealthyThresholdCount: 11 },
    { Matcher: { HttpCode: "200-500" } },
    { HealthCheckEnabled: false },
    { HealthCheckProtocol: "TCP" as const },
  ])
    await expect(elb.createTargetGroup({ Name: "wrong", ...base, ...wrong })).rejects.toMatchObject({ name: "ValidationError" });
});

test("ALB-004 ALB-026 LAT-012 a new target is initial until one check passes, 5 s after its registration", async () => {
  const { group, front, register, health, serve, after, elb } = await stage();
  const web = await group("web");
  await front(web);
  serve("a", 0);
  await register(web, 0);
  after(seconds(4.9));
  expect(await health(web)).toEqual(["initial Elb.RegistrationInProgress"]);
  after(seconds(0.1));
  expect(await health(web)).toEqual(["healthy"]);
  const { TargetHealthDescriptions } = await elb.describeTargetHealth({ TargetGroupArn: web });
  expect(TargetHealthDescriptions?.[0]).toMatchObject({ HealthCheckPort: "80", Target: { Port: 80 } });
});

test("ALB-004 ALB-005 healthy → unhealthy takes two failures in a row, back five successes: 30 s and 120 s from the first of them", async () => {
  const { group, front, register, health, serve, crash, after } = await stage();
  const web = await group("web");
  await front(web);
  serve("a", 0);
  await register(web, 0);
  after(seconds(36)); // checks at 5 and 35
  crash("a");
  // Checks at 65 and 95 find nobody: unhealthy at 95.
  after(seconds(58.9));
  expect(await health(web)).toEqual(["healthy"]);
  after(seconds(0.1));
  expect(await health(web)).toEqual(["unhealthy Target.FailedHealthChecks"]);
  after(seconds(1));
  serve("b", 0);
  // It listens at 96: the checks at 125, 155, 185, 215 and 245 pass. ALB-005's 150 s.
  after(seconds(148.9));
  expect(await health(web)).toEqual(["unhealthy Target.FailedHealthChecks"]);
  after(seconds(0.1));
  expect(await health(web)).toEqual(["healthy"]);
});

test("ALB-003 what no check has seen did not happen: an outage between two checks neither counts nor resets the count", async () => {
  const { group, front, register, health, serve, crash, after } = await stage();
  const web = await group("web");
  await front(web);
  serve("a", 0);
  await register(web, 0);
  after(seconds(40)); // checks at 5 and 35
  crash("a");
  after(seconds(20)); // 60: the next check is at 65
  serve("b", 0);
  after(minutes(5));
  expect(await health(web)).toEqual(["healthy"]);
  // At 360. Fails from 361 on; the check at 365 sees it. Well from 370 to 380, unseen; the check at 395 is the second.
  after(seconds(1));
  crash("b");
  after(seconds(9));
  serve("c", 0);
  after(seconds(10));
  crash("c");
  after(seconds(14.9));
  expect(await health(web)).toEqual(["healthy"]);
  after(seconds(0.1));
  expect(await health(web)).toEqual(["unhealthy Target.FailedHealthChecks"]);
});

test("ALB-006 the reason tells what a check found: nobody there, a wrong code, or no answer in time", async () => {
  const { group, front, register, health, serve, after, cloud, elb, instances } = await stage({ machines: 4 });
  const web = await group("web");
  await front(web);
  serve("sick", 0, 80, { unhealthy: true });
  serve("slow", 1, 80, { latency: 6000 }); // more than the 5 s that a check waits
  serve("dead", 2);
  await register(web, 0, 1, 2, 3);
  cloud.act({ act: "hang", machine: instances[2]! });
  after(seconds(5));
  expect(await health(web)).toEqual(Array(4).fill("initial Elb.InitialHealthChecking"));
  // The second check is 35 s after registration; those that time out are known 5 s later.
  after(seconds(30));
  expect((await health(web)).filter((each) => each.startsWith("unhealthy"))).toHaveLength(2);
  after(seconds(5));
  expect(await health(web)).toEqual([
    "unhealthy Target.ResponseCodeMismatch",
    "unhealthy Target.Timeout",
    "unhealthy Target.Timeout",
    "unhealthy Target.FailedHealthChecks",
  ]);
  const { TargetHealthDescriptions = [] } = await elb.describeTargetHealth({ TargetGroupArn: web });
  expect(TargetHealthDescriptions.map(({ TargetHealth }) => TargetHealth?.Description)).toEqual([
    "Health checks failed with these codes: [503]",
    "Request timed out",
    "Request timed out",
    "Health checks failed",
  ]);
  const { TargetHealthDescriptions: strange } = await elb.describeTargetHealth({
    TargetGroupArn: web,
    Targets: [{ Id: instances[0], Port: 81 }],
  });
  expect(strange?.[0]?.TargetHealth).toMatchObject({ State: "unused", Reason: "Target.NotRegistered" });
});

test("ALB-007 a target is unused while no listener leads to its group, when its instance is stopped, and in a zone that is not enabled", async () => {
  const { group, front, register, health, serve, after, elb, ec2, instances, subnets, VpcId } = await stage({ machines: 3 });
  const web = await group("web");
  serve("a", 0);
  serve("b", 1);
  await register(web, 0, 1);
  expect(await health(web)).toEqual(["unused Target.NotInUse", "unused Target.NotInUse"]);
  const { LoadBalancerArn, ListenerArn } = await front(web); // two minutes pass
  expect(await health(web)).toEqual(["healthy", "healthy"]);
  await ec2.stopInstances({ InstanceIds: [instances[1]!] });
  after(minutes(2));
  expect((await health(web))[1]).toBe("unused Target.InvalidState");
  await ec2.startInstances({ InstanceIds: [instances[1]!] });
  after(minutes(2)); // it runs again, but nobody has started the container
  expect((await health(web))[1]).toBe("unhealthy Target.FailedHealthChecks");
  await expect(register(web, "i-0123456789abcdef0")).rejects.toMatchObject({ name: "InvalidTargetException" });
  // A third zone takes the second one's place.
  const { Subnet } = await ec2.createSubnet({ VpcId, CidrBlock: "10.20.9.0/24", AvailabilityZoneId: "euw1-az3" });
  await elb.setSubnets({ LoadBalancerArn, Subnets: [subnets[0]!, Subnet!.SubnetId!] });
  expect(await health(web)).toEqual(["healthy", "unused Target.NotInUse"]);
  await elb.deleteListener({ ListenerArn });
  expect(await health(web)).toEqual(["unused Target.NotInUse", "unused Target.NotInUse"]);
});

test("ALB-008 ALB-009 ALB-024 a deregistered target drains for the whole delay, is counted neither healthy nor unhealthy, and then is gone", async () => {
  const { group, front, register, deregister, health, serve, after, cloud, metric, load, demand } = await stage();
  const web = await group("web");
  const { LoadBalancerArn, DNSName } = await front(web);
  serve("a", 0);
  serve("b", 1);
  await register(web, 0, 1);
  demand(DNSName, 10);
  after(minutes(2));
  expect(load("a", "b")).toEqual([5, 5]);
  await deregister(web, 0);
  // Nothing new for it from now on: ALB-008.
  expect(load("a", "b")).toEqual([0, 10]);
  expect(await health(web)).toEqual(["draining Target.DeregistrationInProgress", "healthy"]);
  after(minutes(2));
  const dimensions = {
    TargetGroup: web.replace(/^.*:/, ""),
    LoadBalancer: LoadBalancerArn.replace(/^.*:loadbalancer\//, ""),
  };
  expect(await metric("HealthyHostCount", dimensions, "Average")).toBe(1);
  expect(await metric("UnHealthyHostCount", dimensions, "Average")).toBe(0);
  after(seconds(179.9));
  expect(await health(web)).toHaveLength(2);
  after(seconds(0.1)); // 300 s in all
  expect(await health(web)).toEqual(["healthy"]);
  expect(cloud.run.universe.notices).toEqual([]);
});

test("ALB-008 ALB-020 requests that are still open when the delay ends are cut, and their users see a 502", async () => {
  const { group, front, register, deregister, serve, after, failed, demand, metric } = await stage();
  // Long requests, of 40 s, to a health check that takes as long as it may: 120 s.
  const web = await group(
    "web",
    { HealthCheckIntervalSeconds: 300, HealthCheckTimeoutSeconds: 120 },
    { "deregistration_delay.timeout_seconds": 30 },
  );
  const { LoadBalancerArn, DNSName } = await front(web);
  serve("a", 0, 80, { latency: 40_000, perRequest: 0 });
  serve("b", 1, 80, { latency: 40_000, perRequest: 0 });
  await register(web, 0, 1);
  demand(DNSName, 2);
  after(minutes(2));
  await deregister(web, 0);
  expect(failed()).toBe(0);
  after(seconds(30));
  // One a second came to it; those of its last 10 s, 10, take longer than the 30 s.
  expect(failed()).toBeCloseTo(10, 6);
  after(minutes(1));
  expect(await metric("HTTPCode_ELB_502_Count", { LoadBalancer: LoadBalancerArn.replace(/^.*:loadbalancer\//, "") })).toBeCloseTo(10, 6);
});

test("checks have fixed times: in a steady state nothing happens, for a week", async () => {
  const { group, front, register, serve, after, cloud, demand } = await stage();
  const web = await group("web");
  const { DNSName } = await front(web);
  serve("a", 0);
  await register(web, 0, 1);
  demand(DNSName, 10);
  after(minutes(10));
  expect(cloud.advance((Number(cloud.run.now) + 7 * 86_400_000) as typeof cloud.run.now)).toBe(0);
});
