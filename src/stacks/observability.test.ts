import { expect, test } from "vitest";
import { days } from "../kernel/units.ts";
import type { Template } from "./assembly.ts";
import { observability } from "./observability.ts";
import type { Link } from "./parts.ts";
import type { Place } from "./place.ts";
import { define, foundationOf, placeOf, template } from "./testing.ts";

const link: Link = {
  hub: { kind: "tgw", id: "tgw-1" },
  virtualInterfaceIds: ["dxvif-1"],
  connectionIds: ["dxcon-1"],
  vpnConnectionId: "vpn-1",
};
const made = (place: Place, lines: Link | undefined = link): Template =>
  template(place, (stack) => observability(stack, place, { foundation: foundationOf(place), link: lines }));
const primary = (change?: (input: any) => void) => made(placeOf(define(change)));
const recovery = (change?: (input: any) => void) =>
  made(placeOf(define(change), "recovery"), { ...link, virtualInterfaceIds: [], connectionIds: [] });

/** Alarm's name without the platform's → what it says. */
const alarms = ({ Resources }: Template): Record<string, any> =>
  Object.fromEntries(
    Object.values(Resources).flatMap(({ Type, Properties }) =>
      Type === "AWS::CloudWatch::Alarm" ? [[Properties!["AlarmName"].replace("customer-three-", ""), Properties]] : [],
    ),
  );
const query = (alarm: any): string => alarm.Metrics[0].Expression;
const rules = ({ Resources }: Template): Record<string, any> =>
  Object.fromEntries(
    Object.entries(Resources).flatMap(([id, { Type, Properties }]) =>
      Type === "AWS::Events::Rule" ? [[id, Properties!["EventPattern"]]] : [],
    ),
  );

test("S1 the port's state, errors and light are watched, and a line that fills up", () => {
  const found = alarms(primary());
  expect(found["direct-connect-port"]).toMatchObject({
    MetricName: "ConnectionState",
    Threshold: 1,
    ComparisonOperator: "LessThanThreshold",
  });
  expect(found["direct-connect-errors"]).toMatchObject({ Statistic: "Sum", Threshold: 0, TreatMissingData: "notBreaching" });
  expect(found["direct-connect-light"]).toMatchObject({ Threshold: -14.4 });
  // Four fifths of 10 Gbps.
  expect(found["direct-connect-busy"]).toMatchObject({ Threshold: 8_000_000_000 });
});

test("S1 a hosted connection's port is the partner's, a faster port has lanes, and MACsec is watched where there is some", () => {
  const hosted = alarms(primary((input) => (input.site.directConnect.connection = { hosted: "dxcon-1" })));
  expect(Object.keys(hosted).filter((name) => name.startsWith("direct-connect"))).toEqual([
    "direct-connect-port",
    "direct-connect-bgp",
    "direct-connect-routes-missing",
    "direct-connect-routes-limit",
    "direct-connect-busy",
  ]);
  const fast = alarms(
    primary((input) => {
      input.site.directConnect.bandwidth *= 10;
      input.site.directConnect.macsec = true;
    }),
  );
  expect(fast["direct-connect-light"]).toBeUndefined();
  expect(fast["direct-connect-encryption"]).toMatchObject({ MetricName: "ConnectionEncryptionState", TreatMissingData: "breaching" });
});

test("S2 a session that is up with routes missing is a loss too, and one with 100 routes is about to be shut", () => {
  const found = alarms(primary((input) => (input.site.cidrs = ["10.64.0.0/16", "10.65.0.0/16"])));
  expect(found["direct-connect-routes-missing"]).toMatchObject({ Threshold: 2, ComparisonOperator: "LessThanThreshold" });
  expect(found["direct-connect-routes-limit"].Threshold).toBeLessThan(100);
});

test("S3 one tunnel less and no VPN at all are two alarms: the second loss is heard of too", () => {
  const found = alarms(primary());
  expect(found["vpn-tunnels"]).toMatchObject({ MetricName: "TunnelState", Statistic: "Average", Threshold: 1 });
  expect(found["vpn"]).toMatchObject({ MetricName: "TunnelState", Statistic: "Maximum", Threshold: 0.5 });
  expect(Object.keys(alarms(recovery()))).toEqual(expect.arrayContaining(["vpn-tunnels", "vpn"]));
});

test("S4 silence of a line is a loss, and Direct Connect speaks every five minutes only", () => {
  const found = alarms(primary());
  for (const name of ["direct-connect-port", "direct-connect-bgp", "vpn-tunnels", "vpn"])
    expect(found[name].TreatMissingData, name).toBe("breaching");
  expect(found["direct-connect-port"].Period).toBe(300);
  expect(found["direct-connect-bgp"].Metrics[0].Period).toBe(300);
});

test("S4 BGP's metrics are asked for by interface alone, since an alarm must name dimensions that only AWS knows", () => {
  expect(query(alarms(primary())["direct-connect-bgp"])).toBe(
    `SELECT MIN(VirtualInterfaceBgpStatus) FROM "AWS/DX" WHERE VirtualInterfaceId = 'dxvif-1'`,
  );
});

test("S4 several lines have alarms of their own, and a site without lines has none", () => {
  const two = { ...link, connectionIds: ["dxcon-1", "dxcon-2"], virtualInterfaceIds: ["dxvif-1", "dxvif-2"] };
  expect(Object.keys(alarms(made(placeOf(define()), two)))).toEqual(
    expect.arrayContaining(["direct-connect-1-port", "direct-connect-2-port", "direct-connect-2-bgp"]),
  );
  const without = placeOf(define());
  const found = template(without, (stack) => observability(stack, without, { foundation: foundationOf(without) }));
  expect(Object.keys(alarms(found)).filter((name) => /direct|vpn/.test(name))).toEqual([]);
});

test("S6 a NAT gateway without a free port is heard of", () => {
  expect(query(alarms(primary())["nat-ports"])).toContain("SUM(ErrorPortAllocation)");
});

test("S18 a replica that does not replicate has a lag of -1, which is not below the limit", () => {
  const lag = alarms(recovery())["replica-lag"];
  expect(lag.Metrics[0].MetricStat.Metric.MetricName).toBe("ReplicaLag");
  expect(lag.Metrics[1].Expression).toBe("IF(value < 0, 86400, value)");
  // alarms.replicaLag: 5 minutes.
  expect(lag).toMatchObject({ Threshold: 300, TreatMissingData: "breaching" });
  expect(alarms(primary())["replica-lag"]).toBeUndefined();
});

test("S18 the writer says when its replica stops fetching, before its own volume is full", () => {
  // A tenth of 200 GiB.
  expect(alarms(primary())["replica-backlog"]).toMatchObject({ MetricName: "OldestReplicationSlotLag", Threshold: 21_474_836_480 });
  expect(alarms(primary((input) => (input.database.engine = "mysql")))["replica-backlog"]).toBeUndefined();
});

test("S27 what keeps users from a standby is in alarm for every lag, holds its tongue, and is plain enough for Route 53", () => {
  // Route 53 takes no expressions: docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-types.html
  expect(alarms(recovery())["standby"]).toMatchObject({
    MetricName: "ReplicaLag",
    Statistic: "Maximum",
    Threshold: -2,
    ComparisonOperator: "GreaterThanThreshold",
    TreatMissingData: "ignore",
  });
  expect(alarms(primary())["standby"]).toBeUndefined();
});

test("S19 storage is heard of when it does not grow any more, and at 80 % of its ceiling", () => {
  for (const each of [primary(), recovery()]) {
    // A twentieth of 200 GiB: RDS should have grown it at a tenth.
    expect(alarms(each)["database-storage"]).toMatchObject({ MetricName: "FreeStorageSpace", Threshold: 10_737_418_240 });
    expect(rules(each)["DatabaseCeilingEvents"].detail.EventID).toContain("RDS-EVENT-0225");
  }
});

test("S20 the cache of a gateway that is written to is watched, found by the id that the site step left", () => {
  const found = primary();
  expect(found.Parameters!["GatewayArn"]).toMatchObject({ Default: "/customer-three/files/gateway-arn" });
  const dirty = alarms(found)["cache-dirty"];
  expect(dirty).toMatchObject({ Threshold: 80, TreatMissingData: "breaching", EvaluationPeriods: 4 });
  expect(JSON.stringify(query(dirty))).toContain("WHERE GatewayId = '");
  expect(JSON.stringify(query(dirty))).toContain('{"Fn::Split":["/",{"Ref":"GatewayArn"}]}');
  expect(Object.keys(alarms(recovery())).filter((name) => /cache|gateway/.test(name))).toEqual(["gateway-health", "gateway-shares"]);
});

test("S21 replication that is late or fails is heard of in the region that writes", () => {
  const late = alarms(primary())["reports-replication"];
  // alarms.replicationPending: 15 minutes.
  expect(late).toMatchObject({ MetricName: "ReplicationLatency", Threshold: 900, TreatMissingData: "notBreaching" });
  expect(late.Dimensions.map(({ Name }: { Name: string }) => Name)).toEqual(["SourceBucket", "DestinationBucket", "RuleId"]);
  expect(alarms(recovery())["reports-replication"]).toBeUndefined();
  expect(alarms(recovery((input) => (input.recovery.strategy = "active-active")))["reports-replication"]).toBeDefined();
});

test("S23 patches that are missing, and windows that failed, are heard of", () => {
  expect(rules(primary())).toMatchObject({
    PatchingEvents: { detail: { status: ["FAILED", "TIMED_OUT"] } },
    PatchesMissingEvents: { detail: { "compliance-status": ["non_compliant"] } },
  });
});

test("S24 a host of the data centre that falls silent is heard of, and a scale-in is not", () => {
  expect(rules(primary())["HostSilentEvents"].detail).toMatchObject({ agentConnected: [false], ec2InstanceId: [{ prefix: "mi-" }] });
  expect(
    rules(
      primary((input) => {
        input.site.hosts = [];
        input.services.worker.runsOn = "cloud";
      }),
    )["HostSilentEvents"],
  ).toBeUndefined();
});

test("S25 failed backups, and backups that nobody makes, are heard of", () => {
  const found = alarms(primary());
  expect(found["backup-failed"]).toMatchObject({ Statistic: "Sum", Threshold: 0 });
  expect(found["copy-failed"]).toBeDefined();
  expect(found["no-backup"]).toMatchObject({
    Threshold: 1,
    ComparisonOperator: "LessThanThreshold",
    TreatMissingData: "breaching",
    Period: 86_400,
  });
  const weekly = primary((input) => (input.backup.plans = { weekly: { keep: days(35), schedule: "cron(0 3 ? * SUN *)" } }));
  expect(alarms(weekly)["no-backup"]).toBeUndefined();
  // Under active/active the other region has plans of its own.
  expect(alarms(recovery())["backup-failed"]).toBeUndefined();
  expect(alarms(recovery((input) => (input.recovery.strategy = "active-active")))["backup-failed"]).toBeDefined();
  expect(rules(primary())["BackupEvents"]["detail-type"]).toContain("Restore Job State Change");
});

test("S13 a certificate that is not renewed is heard of", () => {
  expect(rules(recovery())["CertificateEvents"]["detail-type"]).toContain("ACM Certificate Approaching Expiration");
});

test("S27 every alarm tells the region's own topic, also when it is over", () => {
  for (const [role, found] of [
    ["primary", primary()],
    ["recovery", recovery()],
  ] as const) {
    const topic = foundationOf(placeOf(define(), role)).alarmTopicArn;
    for (const [name, alarm] of Object.entries(alarms(found)))
      expect([alarm.AlarmActions, alarm.OKActions], name).toEqual([[topic], [topic]]);
    for (const { Type, Properties } of Object.values(found.Resources))
      if (Type === "AWS::Events::Rule") expect(Properties!["Targets"]).toEqual([{ Id: "topic", Arn: topic }]);
  }
});

test("S27 the dashboard names what is there, in rows of two, with ids that CloudWatch takes", () => {
  const body = JSON.parse(text(primary().Resources["Dashboard"]!.Properties!["DashboardBody"]));
  const ids = body.widgets.flatMap(({ properties }: any) => properties.metrics.flat().flatMap((part: any) => (part.id ? [part.id] : [])));
  // docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html
  for (const id of ids) expect(id).toMatch(/^[a-z][A-Za-z0-9_]*$/);
  expect(body.widgets.map(({ x }: any) => x)).toEqual(body.widgets.map((_: unknown, at: number) => (at % 2) * 12));
  expect(body.widgets.map(({ properties }: any) => properties.title)).toEqual([
    "Requests, and those that failed",
    "Answer time by service, 99th percentile",
    "CPU of the services, percent",
    "Machines, and how many of them are needed",
    "Database",
    "Free storage of the database",
    "Direct Connect, bits a second",
    "VPN: bytes, and tunnels that are up",
    "Storage gateway's cache, percent",
    "Files on their way to the other region: seconds, and how many",
  ]);
});

/** As CloudFormation would join it; what only AWS knows is unknown. */
const text = (value: any): string =>
  typeof value === "string" ? value : value["Fn::Join"][1].map((part: unknown) => (typeof part === "string" ? part : "unknown")).join("");
