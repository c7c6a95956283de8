import { expect, test } from "vitest";
import type { Template } from "./assembly.ts";
import { operations, operationsRoles } from "./operations.ts";
import { define, foundationOf, placeOf, template } from "./testing.ts";

type Change = (input: any) => void;
const made = (role: "primary" | "recovery" = "primary", change?: Change): Template => {
  const place = placeOf(define(change), role);
  return template(place, (stack) => operations(stack, place, { foundation: foundationOf(place) }));
};
const roles = (change?: Change): Template => template(placeOf(define(change)), operationsRoles);
const properties = ({ Resources }: Template, id: string): Record<string, any> => Resources[id]!.Properties!;
const steps = (found: Template, id: string): any[] => properties(found, id)["Content"].mainSteps;
const statements = (found: Template, id: string): any[] => properties(found, id)["Policies"][0].PolicyDocument.Statement;

test("S23 a host of the data centre is drained before it is patched, and taken back only when that worked", () => {
  const [, drain, wait, patch, takeBack, giveUp] = steps(made(), "PatchHost");
  expect(steps(made(), "PatchHost").map(({ name }) => name)).toEqual(["find", "drain", "waitUntilEmpty", "patch", "takeBack", "giveUp"]);
  expect(drain.inputs).toMatchObject({ Api: "UpdateContainerInstancesState", status: "DRAINING", cluster: "customer-three" });
  expect(wait.inputs).toMatchObject({ PropertySelector: "$.containerInstances[0].runningTasksCount", DesiredValues: ["0"] });
  // A drain that does not end is undone; a failed patch is not, so that the machine stays out until somebody looked.
  expect(wait.onFailure).toBe("step:giveUp");
  expect(giveUp.inputs.status).toBe("ACTIVE");
  expect(patch).toMatchObject({ inputs: { DocumentName: "AWS-RunPatchBaseline" }, nextStep: "takeBack" });
  expect(patch.onFailure).toBeUndefined();
  expect(takeBack).toMatchObject({ inputs: { status: "ACTIVE" }, isEnd: true });
  expect(properties(made(), "SiteWindowTask")).toMatchObject({
    TaskType: "AUTOMATION",
    TaskArn: "customer-three-patch-host",
    MaxConcurrency: "25%",
    MaxErrors: "0",
  });
});

test("S12 machines in AWS are replaced in their window rather than patched in place, those with tasks too", () => {
  const [start, wait] = steps(made(), "RefreshHosts");
  expect(start.inputs).toMatchObject({
    Api: "StartInstanceRefresh",
    AutoScalingGroupName: "customer-three-hosts",
    Preferences: { SkipMatching: true, MinHealthyPercentage: 100, ScaleInProtectedInstances: "Refresh" },
  });
  expect(wait.inputs).toMatchObject({ PropertySelector: "$.InstanceRefreshes[0].Status", DesiredValues: ["Successful"] });
  const task = properties(made(), "CloudWindowTask");
  expect(task["TaskArn"]).toBe("customer-three-refresh-hosts");
  // A task without targets takes neither: docs.aws.amazon.com/systems-manager/latest/userguide/maintenance-windows-targetless-tasks.html
  for (const key of ["Targets", "MaxConcurrency", "MaxErrors"]) expect(task[key]).toBeUndefined();
});

test("S23 a pilot light has no group whose machines could be replaced", () => {
  const pilot = made("recovery", (input) => (input.recovery.strategy = "pilot-light"));
  expect(pilot.Resources["CloudWindowTask"]).toBeUndefined();
  expect(pilot.Resources["SiteWindowTask"]).toBeDefined();
});

test("S23 patches of Amazon Linux wait for a week, those of Debian and Ubuntu cannot", () => {
  const approved = (id: string) => properties(made(), id)["ApprovalRules"].PatchRules[0].ApproveAfterDays;
  expect(approved("AmazonLinuxPatchBaseline")).toBe(7);
  expect([approved("DebianPatchBaseline"), approved("UbuntuPatchBaseline")]).toEqual([0, 0]);
  expect(properties(made(), "AmazonLinuxPatchBaseline")["PatchGroups"]).toEqual(["customer-three-cloud"]);
  expect(properties(made(), "DebianPatchBaseline")["PatchGroups"]).toEqual(["customer-three-site"]);
});

test("S23 scripts are documents, and every machine reports what it has and what it lacks", () => {
  const found = made("primary", (input) => {
    input.operations.scripts = { "clear-cache": { description: "Empty the cache", commands: ["rm -rf /var/cache/app/*"] } };
  });
  expect(properties(found, "ClearCacheScript")["Content"].mainSteps[0].inputs).toEqual({
    runCommand: ["rm -rf /var/cache/app/*"],
    // An hour.
    timeoutSeconds: "3600",
  });
  for (const [id, name] of [
    ["Inventory", "AWS-GatherSoftwareInventory"],
    ["AgentUpdate", "AWS-UpdateSSMAgent"],
    ["PatchScan", "AWS-RunPatchBaseline"],
  ] as const)
    expect(properties(found, id)).toMatchObject({
      Name: name,
      Targets: [{ Key: "tag:causeway:platform", Values: ["customer-three"] }],
    });
  expect(found.Resources["InventorySync"]!.DependsOn).toEqual(["InventoryBucketPolicy"]);
});

test("S23 shells are encrypted with the platform's key and logged", () => {
  expect(properties(made(), "SessionSettings")["Content"].inputs).toMatchObject({
    kmsKeyId: "arn:aws:kms:eu-west-1:123456789012:key/mrk-1",
    cloudWatchEncryptionEnabled: true,
  });
  const none = made("primary", (input) => (input.operations.sessions = { cloud: false, site: false }));
  expect(none.Resources["SessionSettings"]).toBeUndefined();
});

test("S24 the data centre's machines have a role of their own, for this account's Systems Manager only", () => {
  expect(properties(roles(), "SiteHostRole")).toMatchObject({
    RoleName: "customer-three-site-host-eu-west-1",
    AssumeRolePolicyDocument: {
      Statement: {
        Principal: { Service: "ssm.amazonaws.com" },
        Condition: { StringEquals: { "aws:SourceAccount": { Ref: "AWS::AccountId" } } },
      },
    },
  });
  const text = JSON.stringify(statements(roles(), "SiteHostRole"));
  // AWS's managed policy lets every host read every parameter.
  expect(text).not.toContain("ssm:GetParameter");
  expect(properties(roles(), "SiteHostRole")["ManagedPolicyArns"]).toBeUndefined();
  expect(roles((input) => cloudOnly(input)).Resources["SiteHostRole"]).toBeUndefined();
});

test("S24 no activation stands in a template, and shells outside AWS switch on the tier that is billed", () => {
  expect(JSON.stringify([made(), roles()])).not.toContain("Activation");
  const shells = made("primary", (input) => (input.operations.sessions = { site: true }));
  expect(properties(shells, "ActivationTier")["SettingValue"]).toBe("advanced");
});

test("S23 windows drain and patch the platform's machines and replace its group's, and nothing else", () => {
  for (const { Action, Resource } of statements(roles(), "MaintenanceRole"))
    if (Resource === "*") for (const action of [Action].flat()) expect(action).toMatch(/:(List|Get|Describe)/);
  expect(JSON.stringify(statements(roles(), "MaintenanceRole"))).toContain("autoScalingGroupName/customer-three-hosts");
});

test("S28 what is made at recovery has no role and no bucket, which us-east-1 would have to be asked for", () => {
  const prepared = made("recovery", (input) => (input.recovery.strategy = "backup-restore"));
  for (const { Type } of Object.values(prepared.Resources)) expect(Type).not.toMatch(/^AWS::(IAM|S3)::/);
  for (const { Type } of Object.values(made().Resources)) expect(Type).not.toMatch(/^AWS::IAM::/);
});

/** Without a data centre. */
function cloudOnly(input: any): void {
  delete input.site;
  delete input.files.gateway;
  input.services.worker.runsOn = "cloud";
}
