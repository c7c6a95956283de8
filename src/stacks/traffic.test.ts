import { expect, test } from "vitest";
import type { Template } from "./assembly.ts";
import { define, foundationOf, placeOf, template } from "./testing.ts";
import { traffic } from "./traffic.ts";

type Change = (input: any) => void;
const strategy =
  (name: string, routing = "latency"): Change =>
  (input) => {
    input.recovery.strategy = name;
    input.domain.routing = routing;
  };

/** The traffic of a region, as build.ts asks for it: a load balancer where one stands. */
function made(role: "primary" | "recovery", change?: Change): Template {
  const place = placeOf(define(change), role);
  const standing = place.holdings.compute === "live" || place.holdings.compute === "zero";
  const balancer = { arn: "balancer", dnsName: "balancer.example", zoneId: "ZBALANCER", fullName: "app/public/1" };
  const compute = { balancer, targetGroups: {}, cluster: "cluster", autoScalingGroup: "hosts" };
  const domain = { zoneId: "ZPLATFORM", certificateArn: "certificate" };
  return template(place, (stack) =>
    traffic(stack, place, { domain, foundation: foundationOf(place), compute: standing ? compute : undefined }),
  );
}
const properties = ({ Resources }: Template, id: string): Record<string, any> => Resources[id]!.Properties!;
const checkOf = (found: Template): Record<string, any> =>
  properties(found, properties(found, "PublicName")["HealthCheckId"]["Fn::GetAtt"][0])["HealthCheckConfig"];

test("S32 the public name fails over by health checks on records that are all there beforehand", () => {
  expect(properties(made("primary"), "PublicName")).toMatchObject({
    Name: "shop.customer-three.example",
    Failover: "PRIMARY",
    SetIdentifier: "eu-west-1",
    AliasTarget: { EvaluateTargetHealth: true },
  });
  expect(properties(made("recovery"), "PublicName")).toMatchObject({ Failover: "SECONDARY", SetIdentifier: "eu-central-1" });
});

test("S32 detection is interval times failures, on the deep path, by the region's own name", () => {
  // 10 s × 3.
  expect(checkOf(made("primary"))).toMatchObject({
    Type: "HTTPS",
    FullyQualifiedDomainName: "primary.shop.customer-three.example",
    ResourcePath: "/health/deep",
    RequestInterval: 10,
    FailureThreshold: 3,
    EnableSNI: true,
  });
  const slow = made("primary", (input) => (input.domain.check = { interval: 30_000, failures: 2 }));
  expect(checkOf(slow)).toMatchObject({ RequestInterval: 30, FailureThreshold: 2 });
});

test.each(["pilot-light", "warm-standby", "hot-standby"])("S27 a standby (%s) gets no users while its database is a replica", (name) => {
  const found = made("recovery", strategy(name));
  expect(checkOf(found)).toMatchObject({
    Type: "CALCULATED",
    // Both: it answers, and it may write.
    HealthThreshold: 2,
    ChildHealthChecks: [{ "Fn::GetAtt": ["HealthCheck", "HealthCheckId"] }, { "Fn::GetAtt": ["PromotedCheck", "HealthCheckId"] }],
  });
  expect(properties(found, "PromotedCheck")["HealthCheckConfig"]).toMatchObject({
    Type: "CLOUDWATCH_METRIC",
    // In the region that is left, and about the metric that ends with the promotion.
    AlarmIdentifier: { Name: "customer-three-standby", Region: "eu-central-1" },
    InsufficientDataHealthStatus: "Healthy",
  });
});

test("S27 where nothing has to be promoted, answering is enough", () => {
  expect(checkOf(made("primary")).Type).toBe("HTTPS");
  // A database that is restored, or none at all.
  expect(checkOf(made("recovery", strategy("backup-restore"))).Type).toBe("HTTPS");
  const stateless = made("recovery", (input) => {
    delete input.database;
    input.services.api.uses = [];
    input.services.worker.uses = [];
  });
  expect(checkOf(stateless).Type).toBe("HTTPS");
});

test("S31 active/active answers from both regions, by latency or by weight, also while the replica is behind", () => {
  for (const [role, region] of [
    ["primary", "eu-west-1"],
    ["recovery", "eu-central-1"],
  ] as const) {
    const found = made(role, strategy("active-active"));
    expect(properties(found, "PublicName")).toMatchObject({ Region: region, SetIdentifier: region });
    expect(properties(found, "PublicName")["Failover"]).toBeUndefined();
    // Its lag grows most when the other region is lost: then nobody may be sent away from here.
    expect(checkOf(found).Type).toBe("HTTPS");
    expect(properties(made(role, strategy("active-active", "weighted")), "PublicName")["Weight"]).toBe(50);
  }
});

test.each(["pilot-light", "backup-restore"])(
  "S32 where the load balancer is made at recovery only (%s), the records name reserved addresses",
  (name) => {
    const found = made("recovery", strategy(name));
    for (const id of ["PublicName", "RegionalName"]) {
      expect(properties(found, id)).toMatchObject({ Type: "A", ResourceRecords: ["198.51.100.1", "198.51.100.2"] });
      expect(Number(properties(found, id)["TTL"])).toBeLessThanOrEqual(60);
    }
  },
);

test("S29 zero-scaled, the load balancer stands: without tasks behind it, it is not healthy", () => {
  const found = made("recovery", (input) => {
    strategy("pilot-light")(input);
    input.recovery.off = "zero-scaled";
  });
  expect(properties(found, "PublicName")["AliasTarget"]).toMatchObject({ DNSName: "balancer.example", EvaluateTargetHealth: true });
});

test("S32 without a second region the name simply leads to the first", () => {
  const record = properties(made("primary", strategy("none")), "PublicName");
  expect(record).toMatchObject({ Type: "A" });
  for (const key of ["Failover", "Weight", "Region", "HealthCheckId", "SetIdentifier"]) expect(record[key]).toBeUndefined();
});
