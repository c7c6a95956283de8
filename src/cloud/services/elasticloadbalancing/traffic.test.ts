/** Users' requests, as rates. A container has a core and takes 10 ms of it for a request: a hundred a second are the most. */
import { expect, test } from "vitest";
import { hours } from "../../../kernel/units.ts";
import { alias } from "./traffic.ts";
import { shiftAway } from "./zonal-shift.ts";
import { minutes, named, seconds, stage } from "./stage.ts";

test("ALB-011 round robin gives all targets the same, least outstanding requests more to the quicker ones, so that all have equally many open", async () => {
  const { group, front, register, serve, demand, load, after, elb } = await stage();
  const web = await group("web");
  const { DNSName } = await front(web);
  serve("quick", 0, 80, { latency: 20, perRequest: 0 });
  serve("slow", 1, 80, { latency: 60, perRequest: 0 });
  await register(web, 0, 1);
  after(seconds(5));
  demand(DNSName, 40);
  expect(load("quick", "slow")).toEqual([20, 20]);
  const algorithm = (Value: string) =>
    elb.modifyTargetGroupAttributes({ TargetGroupArn: web, Attributes: [{ Key: "load_balancing.algorithm.type", Value }] });
  await algorithm("least_outstanding_requests");
  // As many open in both: 30 × 20 ms = 10 × 60 ms.
  expect(load("quick", "slow")).toEqual([30, 10]);
  await algorithm("weighted_random");
  expect(load("quick", "slow")).toEqual([20, 20]);
  await expect(algorithm("at_random")).rejects.toMatchObject({ name: "ValidationError" });
});

test("ALB-011 weighted random with anomaly mitigation sends less to the one of three or more targets that answers with errors", async () => {
  const { group, front, register, serve, demand, load, after, elb } = await stage({ machines: 3 });
  const web = await group("web", {}, { "load_balancing.algorithm.type": "weighted_random" });
  const { DNSName } = await front(web);
  serve("a", 0);
  serve("b", 1);
  serve("odd", 2, 80, { failing: 0.5 });
  await register(web, 0, 1, 2);
  after(seconds(5));
  demand(DNSName, 21);
  expect(load("a", "b", "odd")).toEqual([7, 7, 7]);
  await elb.modifyTargetGroupAttributes({
    TargetGroupArn: web,
    Attributes: [{ Key: "load_balancing.algorithm.anomaly_mitigation", Value: "on" }],
  });
  expect(load("a", "b", "odd")).toEqual([10, 10, 1]); // our tenth
  const { TargetHealthDescriptions = [] } = await elb.describeTargetHealth({ TargetGroupArn: web, Include: ["AnomalyDetection"] });
  expect(TargetHealthDescriptions.map(({ AnomalyDetection }) => AnomalyDetection)).toEqual([
    { Result: "normal", MitigationInEffect: "no" },
    { Result: "normal", MitigationInEffect: "no" },
    { Result: "anomalous", MitigationInEffect: "yes" },
  ]);
});

test("ALB-010 a target that joins a warm group starts slowly, and its share grows to the full one", async () => {
  const { group, front, register, serve, demand, load, after, elb } = await stage({ machines: 3 });
  const web = await group("web", {}, { "slow_start.duration_seconds": 100 });
  const { DNSName } = await front(web);
  for (const [at, id] of ["a", "b", "late"].entries()) serve(id, at);
  await register(web, 0, 1);
  after(seconds(5));
  demand(DNSName, 82);
  // The first ones come into an empty group: none of them ramps.
  expect(load("a", "b")).toEqual([41, 41]);
  await register(web, 2);
  after(seconds(5));
  // In the first tenth its weight is 0.05 against 1 and 1; in the sixth, 0.55.
  expect(load("a", "b", "late")).toEqual([40, 40, 2]);
  after(seconds(55));
  expect(load("late")[0]).toBeCloseTo((82 * 0.55) / 2.55, 3);
  after(seconds(45));
  expect(load("a", "b", "late")).toEqual([27.333, 27.333, 27.333]);
  const refused = elb.modifyTargetGroupAttributes({
    TargetGroupArn: web,
    Attributes: [{ Key: "load_balancing.algorithm.type", Value: "least_outstanding_requests" }],
  });
  await expect(refused).rejects.toMatchObject({ name: "InvalidConfigurationRequestException" });
});

test("ALB-012 ALB-013 ALB-022 with too few healthy targets requests go to all that are registered; nobody gets a 503", async () => {
  const { group, front, register, serve, crash, demand, load, failed, after, metric } = await stage({ machines: 4 });
  const web = await group(
    "web",
    { HealthCheckIntervalSeconds: 10 },
    { "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": 50 },
  );
  const { DNSName, LoadBalancerArn } = await front(web);
  for (const [at, id] of ["a", "b", "c", "d"].entries()) serve(id, at);
  await register(web, 0, 1, 2, 3);
  after(seconds(6));
  demand(DNSName, 40);
  crash("a");
  crash("b");
  // In flight at the end: 10 a second for 22.2 ms each (20 ms / (1 − 0.1)), twice; and 20 a second from now on.
  after(seconds(9)); // the check at 15 is their second... the first that fails
  expect(failed()).toBeCloseTo(9 * 20 + 0.444, 2);
  after(seconds(10)); // two of four are healthy: half is enough
  expect(load("c", "d")).toEqual([20, 20]);
  const before = failed();
  after(minutes(1));
  expect(failed()).toBe(before);
  crash("c");
  after(seconds(20));
  // One of four: less than half, so all four get a quarter each, three of which refuse the connection.
  expect(load("d")).toEqual([10]);
  after(minutes(2));
  const of = { LoadBalancer: named(LoadBalancerArn) };
  expect(await metric("HTTPCode_ELB_502_Count", of)).toBeCloseTo(30 * 60, 6);
  expect(await metric("HTTPCode_ELB_503_Count", of)).toBeUndefined();
  expect(await metric("UnhealthyRoutingRequestCount", { ...of, TargetGroup: named(web) })).toBeCloseTo(40 * 60, 6);
  expect(await metric("UnhealthyStateRouting", { ...of, TargetGroup: named(web) }, "Maximum")).toBe(2);
});

test("ALB-016 across zones each target gets the same; with cross-zone off each zone's half stays in its zone: 25 % and 6.25 %", async () => {
  const { group, front, serve, demand, load, after, elb, instances } = await stage();
  const web = await group("web");
  const { DNSName } = await front(web);
  // Two targets in the first zone, eight in the second.
  const ports = (machine: number, count: number) => Array.from({ length: count }, (_, at) => ({ Id: instances[machine], Port: 8000 + at }));
  for (const { Port } of ports(0, 2)) serve(`one-${Port}`, 0, Port);
  for (const { Port } of ports(1, 8)) serve(`two-${Port}`, 1, Port);
  await elb.registerTargets({ TargetGroupArn: web, Targets: [...ports(0, 2), ...ports(1, 8)] });
  after(seconds(5));
  demand(DNSName, 100);
  expect(load("one-8000", "two-8000")).toEqual([10, 10]);
  const crossZone = (Value: string) =>
    elb.modifyTargetGroupAttributes({ TargetGroupArn: web, Attributes: [{ Key: "load_balancing.cross_zone.enabled", Value }] });
  await crossZone("false");
  expect(load("one-8000", "one-8001", "two-8000", "two-8007")).toEqual([25, 25, 6.25, 6.25]);
  const sticky = elb.modifyTargetGroupAttributes({ TargetGroupArn: web, Attributes: [{ Key: "stickiness.enabled", Value: "true" }] });
  await expect(sticky).rejects.toMatchObject({ name: "InvalidConfigurationRequestException" });
});

test("ALB-015 ALB-020 a zone without targets uses the other's; with cross-zone off its requests get a 503", async () => {
  const { group, front, register, serve, demand, load, after, elb, failed, metric } = await stage();
  const web = await group("web");
  const { DNSName, LoadBalancerArn } = await front(web);
  demand(DNSName, 10);
  after(minutes(2));
  expect(await metric("HTTPCode_ELB_503_Count", { LoadBalancer: named(LoadBalancerArn) })).toBe(600); // nothing is registered at all
  serve("a", 0);
  await register(web, 0);
  after(seconds(5));
  expect(load("a")).toEqual([10]);
  await elb.modifyTargetGroupAttributes({
    TargetGroupArn: web,
    Attributes: [{ Key: "load_balancing.cross_zone.enabled", Value: "false" }],
  });
  expect(load("a")).toEqual([5]);
  const before = failed();
  after(minutes(10));
  expect(failed() - before).toBeCloseTo(5 * 600, 6);
});

test("ALB-013 ALB-014 ALB-017 a zone whose targets are all unhealthy leaves DNS, and users follow when the record's 60 s have passed", async () => {
  const { group, front, register, serve, crash, demand, load, after } = await stage();
  const web = await group("web", { HealthCheckIntervalSeconds: 10 }, { "load_balancing.cross_zone.enabled": "false" });
  const { DNSName } = await front(web);
  serve("a", 0);
  serve("b", 1);
  await register(web, 0, 1);
  after(seconds(6)); // the first check was a second ago
  demand(DNSName, 10);
  crash("a");
  after(seconds(19)); // the checks at 15 and 25 fail
  expect(load("b")).toEqual([5]);
  after(seconds(59.9));
  expect(load("b")).toEqual([5]);
  after(seconds(0.1));
  expect(load("b")).toEqual([10]);
  // Every zone bad: all are named again, 60 s after the second one's checks have failed.
  crash("b");
  after(minutes(5));
  serve("c", 0);
  expect(load("c")).toEqual([5]);
});

test("ALB-018 a zonal shift takes a zone's targets and addresses out of use, shows as an override, and ends by itself", async () => {
  const { group, front, register, serve, demand, load, after, elb, within } = await stage();
  const web = await group("web");
  const { DNSName, LoadBalancerArn } = await front(web);
  serve("a", 0);
  serve("b", 1);
  await register(web, 0, 1);
  after(seconds(5));
  demand(DNSName, 10);
  expect(() => within((call) => shiftAway(call, LoadBalancerArn, "euw1-az1", hours(2)))).toThrow(/not enabled/);
  await elb.modifyLoadBalancerAttributes({ LoadBalancerArn, Attributes: [{ Key: "zonal_shift.config.enabled", Value: "true" }] });
  within((call) => shiftAway(call, LoadBalancerArn, "euw1-az1", hours(2)));
  expect(() => within((call) => shiftAway(call, LoadBalancerArn, "euw1-az2", hours(2)))).toThrow(/one zone at a time/);
  expect(load("a", "b")).toEqual([0, 10]);
  const override = async () =>
    (await elb.describeTargetHealth({ TargetGroupArn: web })).TargetHealthDescriptions!.map(
      ({ TargetHealth, AdministrativeOverride }) => `${TargetHealth?.State} ${AdministrativeOverride?.State}`,
    );
  expect(await override()).toEqual(["healthy zonal_shift_active", "healthy no_override"]);
  after(hours(2));
  expect(load("a", "b")).toEqual([5, 5]);
  expect(await override()).toEqual(["healthy no_override", "healthy no_override"]);
});

test("ALB-019 ALB-020 who refuses the connection gives a 502, who does not answer a 504, and so does what waits longer than the idle time-out", async () => {
  const { group, front, register, serve, demand, after, elb, metric, cloud, instances, failed } = await stage();
  const web = await group("web", { HealthCheckIntervalSeconds: 300, HealthCheckTimeoutSeconds: 120 });
  const { DNSName, LoadBalancerArn } = await front(web);
  const of = { LoadBalancer: named(LoadBalancerArn) };
  serve("a", 0);
  await register(web, 0);
  after(seconds(5));
  demand(DNSName, 10);
  serve("other", 0, 8080);
  cloud.act({ act: "end-container", container: "a", code: 1 });
  after(minutes(2));
  expect(await metric("HTTPCode_ELB_502_Count", of)).toBe(600);
  expect(await metric("TargetConnectionErrorCount", of)).toBe(600);
  serve("patient", 0, 80, { latency: 50_000, perRequest: 0 });
  after(minutes(2));
  expect(await metric("HTTPCode_ELB_5XX_Count", of)).toBeUndefined();
  expect(await metric("TargetResponseTime", of, "Average")).toBe(50);
  await elb.modifyLoadBalancerAttributes({ LoadBalancerArn, Attributes: [{ Key: "idle_timeout.timeout_seconds", Value: "30" }] });
  after(minutes(2));
  expect(await metric("HTTPCode_ELB_504_Count", of)).toBe(600);
  cloud.act({ act: "hang", machine: instances[0]! });
  const before = failed();
  after(minutes(2));
  expect(await metric("HTTPCode_ELB_504_Count", of)).toBe(600);
  expect(failed() - before).toBeCloseTo(1200, 6);
});

test("ALB-020 ALB-021 what a container has no cores for gets a 504, its own errors are the target's 5XX, and fixed responses and redirects are the load balancer's", async () => {
  const { group, front, register, serve, demand, after, elb, metric } = await stage();
  const web = await group("web");
  const { DNSName, LoadBalancerArn, ListenerArn } = await front(web);
  const of = { LoadBalancer: named(LoadBalancerArn) };
  serve("a", 0, 80, { failing: 0.1 });
  await register(web, 0);
  after(seconds(5));
  demand(DNSName, 125);
  after(minutes(2));
  // A hundred of 125 a second are answered, a tenth of those with an error.
  expect(await metric("HTTPCode_ELB_504_Count", of)).toBeCloseTo(25 * 60, 6);
  expect(await metric("HTTPCode_Target_5XX_Count", of)).toBeCloseTo(10 * 60, 6);
  expect(await metric("HTTPCode_Target_2XX_Count", of)).toBeCloseTo(90 * 60, 6);
  const rule = (Priority: number, path: string, action: object) =>
    elb.createRule({ ListenerArn, Priority, Conditions: [{ Field: "path-pattern", Values: [path] }], Actions: [action as never] });
  await rule(1, "/gone", { Type: "fixed-response", FixedResponseConfig: { StatusCode: "410" } });
  await rule(2, "/moved", { Type: "redirect", RedirectConfig: { StatusCode: "HTTP_301", Protocol: "HTTPS", Port: "443" } });
  demand(DNSName, 1, { id: "gone", path: "/gone" });
  demand(DNSName, 2, { id: "moved", path: "/moved?by=mail" });
  after(minutes(2));
  expect(await metric("HTTPCode_ELB_4XX_Count", of)).toBe(60);
  expect(await metric("HTTPCode_ELB_3XX_Count", of)).toBe(120);
});

test("ALB-023 ALB-024 ALB-025 the metrics of a minute: requests in all, for each target, their time, and who is healthy", async () => {
  const { group, front, register, serve, demand, after, metric, zones } = await stage();
  const web = await group("web");
  const { DNSName, LoadBalancerArn } = await front(web);
  const [LoadBalancer, TargetGroup] = [named(LoadBalancerArn), named(web)];
  serve("a", 0);
  serve("b", 1);
  await register(web, 0, 1);
  after(minutes(2));
  expect(await metric("RequestCount", { LoadBalancer })).toBeUndefined(); // nothing without requests
  expect(await metric("HealthyHostCount", { LoadBalancer, TargetGroup }, "Average")).toBe(2);
  expect(await metric("HealthyHostCount", { LoadBalancer, TargetGroup, AvailabilityZone: zones[0]! }, "Maximum")).toBe(1);
  expect(await metric("HealthyStateDNS", { LoadBalancer, TargetGroup }, "Maximum")).toBe(2);
  demand(DNSName, 100);
  after(minutes(2));
  expect(await metric("RequestCount", { LoadBalancer })).toBe(6000);
  expect(await metric("RequestCount", { LoadBalancer, AvailabilityZone: zones[1]! })).toBe(3000);
  expect(await metric("RequestCount", { LoadBalancer, TargetGroup })).toBe(6000);
  expect(await metric("RequestCountPerTarget", { LoadBalancer, TargetGroup })).toBe(3000);
  expect(await metric("RequestCountPerTarget", { TargetGroup })).toBe(3000);
  expect(await metric("HTTPCode_Target_2XX_Count", { LoadBalancer })).toBe(6000);
  expect(await metric("HTTPCode_Target_5XX_Count", { LoadBalancer })).toBeUndefined();
  // Half busy: 20 ms take twice as long.
  expect(await metric("TargetResponseTime", { LoadBalancer }, "Average")).toBeCloseTo(0.04, 6);
});

test("several demands of one load balancer go by their rules; weights split a forward, and a name that leads here counts as its own", async () => {
  const { group, front, register, serve, demand, load, after, elb, within, failed } = await stage();
  const [blue, green] = [await group("blue"), await group("green", { Port: 81 })];
  const { DNSName, ListenerArn } = await front(blue);
  serve("blue", 0);
  serve("green", 1, 81);
  await elb.createRule({
    ListenerArn,
    Priority: 10,
    Conditions: [{ Field: "host-header", HostHeaderConfig: { Values: ["*.example.com"] } }],
    Actions: [
      {
        Type: "forward",
        ForwardConfig: {
          TargetGroups: [
            { TargetGroupArn: blue, Weight: 1 },
            { TargetGroupArn: green, Weight: 3 },
          ],
        },
      },
    ],
  });
  await register(blue, 0);
  await register(green, 1);
  after(seconds(5));
  demand(DNSName, 8, { id: "plain" });
  expect(load("blue", "green")).toEqual([8, 0]);
  demand("www.example.com", 40, { id: "shop", host: "www.example.com" });
  expect(load("blue", "green")).toEqual([8, 0]);
  within((call) => alias(call, "www.example.com", DNSName));
  expect(load("blue", "green")).toEqual([18, 30]);
  after(minutes(1));
  expect([failed("plain"), failed("shop")]).toEqual([0, 0]);
  within((call) => alias(call, "www.example.com", undefined));
  after(seconds(10));
  expect(load("blue", "green")).toEqual([8, 0]);
  expect(failed("shop")).toBeCloseTo(400, 6); // a name that leads nowhere
});

test("a zone is lost: half of the requests fail until checks have found out, and nothing is lost at its nodes", async () => {
  const { group, front, register, serve, demand, after, cloud, failed, load } = await stage();
  const web = await group("web", { HealthCheckIntervalSeconds: 10 });
  const { DNSName } = await front(web);
  serve("a", 0);
  serve("b", 1);
  await register(web, 0, 1);
  after(seconds(6));
  demand(DNSName, 10);
  cloud.act({ act: "lose-zone", zone: "euw1-az1" });
  // Checks at 15 and 25 are not answered; the second is given up at 30: 24 s at 5 a second, and what was under way.
  after(minutes(2));
  expect(failed()).toBeCloseTo(24 * 5 + (5 * 0.02) / 0.95, 2);
  expect(load("b")).toEqual([10]);
});

test("a region is lost: every request fails until it is back and its targets pass again", async () => {
  const { group, front, register, serve, demand, after, cloud, failed, load } = await stage();
  const web = await group("web", { HealthCheckIntervalSeconds: 10 });
  const { DNSName } = await front(web);
  serve("a", 0);
  await register(web, 0);
  after(seconds(6));
  demand(DNSName, 10);
  cloud.act({ act: "lose-region", region: "eu-west-1" });
  after(minutes(1));
  expect(failed()).toBeCloseTo(600.2, 0);
  cloud.act({ act: "restore-region", region: "eu-west-1" });
  after(minutes(2));
  serve("b", 0);
  after(minutes(1));
  expect(load("b")).toEqual([10]);
  const before = failed();
  after(minutes(1));
  expect(failed()).toBe(before);
});

test("an address of the data centre is a target: reached while a line is there", async () => {
  const { group, front, serve, after, elb, cloud, health, demand, load } = await stage();
  cloud.act({ act: "place-host", machine: "host-1", site: "campus", address: "192.168.7.5", cores: 4, memory: 8e9, boot: 1000 });
  cloud.act({ act: "power-on", machine: "host-1" });
  after(seconds(2));
  const web = await group("web", { TargetType: "ip", HealthCheckIntervalSeconds: 10 });
  const { DNSName } = await front(web);
  serve("legacy", "host-1");
  const target = { Id: "192.168.7.5", Port: 80 };
  await expect(elb.registerTargets({ TargetGroupArn: web, Targets: [target] })).rejects.toMatchObject({ name: "ValidationError" });
  await elb.registerTargets({ TargetGroupArn: web, Targets: [{ ...target, AvailabilityZone: "all" }] });
  after(seconds(5));
  demand(DNSName, 10);
  expect([await health(web), load("legacy")]).toEqual([["healthy"], [10]]);
  cloud.act({ act: "cut-lines", site: "campus", region: "eu-west-1" });
  after(minutes(1));
  expect(await health(web)).toEqual(["unhealthy Target.Timeout"]);
  cloud.act({ act: "mend-lines", site: "campus", region: "eu-west-1" });
  after(minutes(1));
  expect(await health(web)).toEqual(["healthy"]);
});

test("a Network Load Balancer leads to an Application Load Balancer: its users' requests go through both", async () => {
  const { group, front, register, serve, demand, load, after, elb, subnets, VpcId, health, failed, cloud } = await stage();
  const web = await group("web");
  const inner = await front(web);
  serve("a", 0);
  await register(web, 0);
  after(seconds(5));
  const outer = await group("outer", {
    TargetType: "alb",
    Protocol: "TCP",
    VpcId,
    HealthCheckProtocol: "HTTP",
    Matcher: { HttpCode: "200-499" },
  });
  const { LoadBalancers } = await elb.createLoadBalancer({ Name: "outer", Type: "network", Subnets: subnets, Scheme: "internal" });
  const { LoadBalancerArn = "", DNSName = "" } = LoadBalancers![0]!;
  await elb.createListener({ LoadBalancerArn, Port: 80, Protocol: "TCP", DefaultActions: [{ Type: "forward", TargetGroupArn: outer }] });
  await elb.registerTargets({ TargetGroupArn: outer, Targets: [{ Id: inner.LoadBalancerArn }] });
  after(minutes(2));
  expect(await health(outer)).toEqual(["healthy"]);
  demand(DNSName, 10);
  expect(load("a")).toEqual([10]);
  await expect(elb.deleteLoadBalancer({ LoadBalancerArn: inner.LoadBalancerArn })).rejects.toMatchObject({
    name: "ResourceInUseException",
  });
  cloud.act({ act: "end-container", container: "a", code: 1 });
  after(seconds(10));
  expect(failed()).toBeCloseTo(100.2, 0);
  after(minutes(2));
  expect(await health(outer)).toEqual(["unhealthy Target.ResponseCodeMismatch"]);
});
