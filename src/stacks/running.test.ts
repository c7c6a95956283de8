import { expect, test } from "vitest";
import type { Template } from "./assembly.ts";
import { assemble } from "./assemble.ts";
import { define } from "./testing.ts";

type Change = (input: any) => void;
const stack = (id: string, change?: Change): Template => assemble(define(change)).stacks.find((each) => each.id === id)!.template;
const properties = (template: Template, id: string): Record<string, any> => template.Resources[id]!.Properties!;
const strategy =
  (name: string): Change =>
  (input) =>
    (input.recovery.strategy = name);

test("S4 a line, a tunnel or a session that is lost raises an alarm, and so does silence about it", () => {
  const template = stack("eu-west-1-observability");
  for (const id of ["DirectConnectPort1Alarm", "DirectConnectBgp1Alarm", "VpnTunnelsAlarm"])
    expect(properties(template, id), id).toMatchObject({ TreatMissingData: "breaching", AlarmActions: expect.anything() });
});

test("S23 patches drain a machine first, and take it back only when they worked", () => {
  const template = stack("eu-west-1-operations");
  const steps = properties(template, "PatchHost").Content.mainSteps.map(({ name }: { name: string }) => name);
  expect(steps).toEqual(["find", "drain", "waitUntilEmpty", "patch", "activate"]);
  for (const side of ["Cloud", "Site"]) {
    expect(properties(template, `${side}WindowTask`)["TaskArn"]).toBe("customer-three-patch-host");
    expect(template.Resources[`${side}PatchBaseline`]).toBeDefined();
  }
});

test("S24 the data centre's machines have a role of their own, and nothing mints activations beforehand", () => {
  const roles = stack("eu-west-1-roles");
  expect(properties(roles, "SiteHostRole")["RoleName"]).toBe("customer-three-site-host-eu-west-1");
  expect(properties(roles, "SiteHostRole").AssumeRolePolicyDocument.Statement.Principal).toEqual({ Service: "ssm.amazonaws.com" });
  const setting = stack("eu-west-1-operations", (input) => (input.operations.sessions = { site: true })).Resources["ActivationTier"];
  expect(setting!.Properties!["SettingValue"]).toBe("advanced");
});

test("S27 every redundancy that can be lost silently has its alarm, in the region where it is", () => {
  const alarms = (id: string) =>
    Object.entries(stack(id).Resources).flatMap(([name, { Type }]) => (Type === "AWS::CloudWatch::Alarm" ? [name] : []));
  expect(alarms("eu-west-1-observability")).toEqual(
    expect.arrayContaining([
      "DatabaseStorageAlarm",
      "CacheDirtyAlarm",
      "ReportsReplicationAlarm",
      "BackupFailedAlarm",
      "CopyFailedAlarm",
      "RestoreFailedAlarm",
    ]),
  );
  expect(alarms("eu-central-1-observability")).toEqual(expect.arrayContaining(["ReplicaLagAlarm", "ReplicaCeilingAlarm"]));
  expect(alarms("eu-west-1-compute")).toEqual(
    expect.arrayContaining(["HostsAtMaximumAlarm", "WebUnhealthyAlarm", "WebShortOfTasksAlarm", "LoadBalancerErrorsAlarm"]),
  );
});

test("S32 the public name fails over by health checks on records that are all there beforehand", () => {
  const [primary, recovery] = ["eu-west-1", "eu-central-1"].map((region) => stack(`${region}-traffic`));
  expect(properties(primary!, "PublicName")).toMatchObject({
    Failover: "PRIMARY",
    HealthCheckId: expect.anything(),
    AliasTarget: { EvaluateTargetHealth: true },
  });
  expect(properties(recovery!, "PublicName")).toMatchObject({ Failover: "SECONDARY", HealthCheckId: expect.anything() });
  // Detection is interval × failures: 10 s × 3, on the deep path of the service that the name leads to.
  expect(properties(primary!, "HealthCheck").HealthCheckConfig).toMatchObject({
    RequestInterval: 10,
    FailureThreshold: 3,
    ResourcePath: "/health/deep",
    Type: "HTTPS",
  });
});

test("S31 active/active answers from both regions, by latency or by weight", () => {
  expect(properties(stack("eu-central-1-traffic", strategy("active-active")), "PublicName")).toMatchObject({
    Region: "eu-central-1",
    HealthCheckId: expect.anything(),
  });
  const weighted: Change = (input) => {
    input.recovery.strategy = "active-active";
    input.domain.routing = "weighted";
  };
  expect(properties(stack("eu-west-1-traffic", weighted), "PublicName")["Weight"]).toBe(50);
});

test("S32 where the load balancer is made at recovery only, the record names reserved addresses with a short life", () => {
  for (const name of ["pilot-light", "backup-restore"]) {
    const record = properties(stack("eu-central-1-traffic", strategy(name)), "PublicName");
    expect(record["ResourceRecords"]).toHaveLength(2);
    expect(Number(record["TTL"])).toBeLessThanOrEqual(60);
    const front = properties(stack("eu-central-1-compute", strategy(name)), "Front");
    expect(front.SubnetMappings.map(({ AllocationId }: { AllocationId: unknown }) => AllocationId !== undefined)).toEqual([true, true]);
  }
});

test("S13 certificates are in both regions before any disaster, validated in the one zone", () => {
  const [primary, recovery] = ["eu-west-1", "eu-central-1"].map((region) => stack(`${region}-domain`));
  expect(properties(primary!, "Certificate").SubjectAlternativeNames).toEqual(["*.shop.customer-three.example"]);
  expect(properties(recovery!, "Certificate").DomainValidationOptions[0].HostedZoneId).toEqual({ Ref: "HostedZoneId" });
  expect(recovery!.Parameters!["HostedZoneId"]!.Default).toBe("/customer-three/handover/hosted-zone-id");
});

test("S3 experiments take the lines, a zone, the database and the replication away, and stop by an alarm that exists", () => {
  const template = stack("eu-west-1-faults");
  const experiments = Object.entries(template.Resources).filter(([, { Type }]) => Type === "AWS::FIS::ExperimentTemplate");
  expect(experiments.map(([id]) => id)).toEqual([
    "LoseZoneAExperiment",
    "LoseZoneBExperiment",
    "DatabaseFailoverExperiment",
    "StopTasksExperiment",
    "LoseDirectConnectExperiment",
    "PauseReplicationExperiment",
  ]);
  expect(properties(stack("eu-west-1-observability"), "StopExperimentsAlarm")["AlarmName"]).toBe("customer-three-stop-experiments");
  for (const [, { Properties }] of experiments)
    expect(JSON.stringify(Properties!["StopConditions"])).toContain("customer-three-stop-experiments");
});

test("the same definition gives the same bytes, and every stack stays far below CloudFormation's limits", () => {
  const once = assemble(define());
  expect(JSON.stringify(assemble(define()))).toBe(JSON.stringify(once));
  for (const { id, template } of once.stacks) {
    // 500 resources and 1 MB: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
    expect(Object.keys(template.Resources).length, id).toBeLessThan(250);
    expect(JSON.stringify(template).length, id).toBeLessThan(500_000);
  }
});

test("logical ids say what they are: no hashes", () => {
  for (const { template } of assemble(define()).stacks)
    for (const id of Object.keys(template.Resources)) expect(id).not.toMatch(/[0-9A-F]{8}$/);
});
