import { expect, test } from "vitest";
import type { Template, TemplateResource } from "./assembly.ts";
import { assemble } from "./assemble.ts";
import { define } from "./testing.ts";

type Change = (input: any) => void;
const stacks = (change?: Change) => assemble(define(change)).stacks;
const stack = (id: string, change?: Change): Template => stacks(change).find((each) => each.id === id)!.template;
const ofType = ({ Resources }: Template, type: string): TemplateResource[] => Object.values(Resources).filter((each) => each.Type === type);
const properties = (template: Template, id: string): Record<string, any> => template.Resources[id]!.Properties!;
const strategy =
  (name: string): Change =>
  (input) =>
    (input.recovery.strategy = name);

test("S18 the writer's password is our own secret with a replica, since a managed one would forbid read replicas", () => {
  const writer = properties(stack("eu-west-1-database"), "Database");
  expect(writer).not.toHaveProperty("ManageMasterUserPassword");
  expect(writer["MasterUserPassword"]).toBe("{{resolve:secretsmanager:customer-three/database:SecretString:password}}");
  expect(writer).toMatchObject({
    MultiAZ: true,
    StorageEncrypted: true,
    PubliclyAccessible: false,
    DeletionProtection: true,
    BackupRetentionPeriod: 7,
    CopyTagsToSnapshot: true,
  });
  expect(properties(stack("eu-west-1-foundation"), "DatabaseSecret").ReplicaRegions[0].Region).toBe("eu-central-1");
  expect(stack("eu-west-1-database").Resources["Database"]!.DeletionPolicy).toBe("Snapshot");
});

test("S18 the replica is encrypted with its own region's key, keeps backups of its own, and names its source by ARN", () => {
  const replica = properties(stack("eu-central-1-database"), "Database");
  expect(JSON.stringify(replica["SourceDBInstanceIdentifier"])).toContain(":rds:eu-west-1:");
  expect(replica["KmsKeyId"]).toBeDefined();
  expect(replica["BackupRetentionPeriod"]).toBeGreaterThanOrEqual(1);
  for (const given of ["MasterUsername", "MasterUserPassword", "Engine", "AllocatedStorage", "DBName"])
    expect(replica, given).not.toHaveProperty(given);
});

test("S18 backup and restore replicates the automated backups, with a key that is in the recovery region", () => {
  const writer = properties(stack("eu-west-1-database", strategy("backup-restore")), "Database");
  expect(writer).toMatchObject({ AutomaticBackupReplicationRegion: "eu-central-1", AutomaticBackupReplicationRetentionPeriod: 7 });
  expect(JSON.stringify(writer["AutomaticBackupReplicationKmsKeyId"])).toContain(":kms:eu-central-1:");
  const ground = stack("eu-central-1-database", strategy("backup-restore"));
  expect(ofType(ground, "AWS::RDS::DBInstance")).toEqual([]);
  expect(ofType(ground, "AWS::RDS::DBSubnetGroup")).toHaveLength(1);
});

test("S19 writer and replica each have a ceiling to grow to", () => {
  // 1 TiB = 1024 GiB, from 200 GiB.
  expect(properties(stack("eu-west-1-database"), "Database")).toMatchObject({ AllocatedStorage: "200", MaxAllocatedStorage: 1024 });
  expect(properties(stack("eu-central-1-database"), "Database")["MaxAllocatedStorage"]).toBe(1024);
});

test("S20 shares hang on an activated gateway, go through the VPC's endpoint, tell when a file is in S3, and are read-only in the recovery region", () => {
  const primary = stack("eu-west-1-shares");
  expect(primary.Parameters!["GatewayArn"]).toMatchObject({
    Type: "AWS::SSM::Parameter::Value<String>",
    Default: "/customer-three/files/gateway-arn",
  });
  expect(properties(primary, "ReportsShare")).toMatchObject({
    ReadOnly: false,
    ClientList: ["10.64.8.0/22"],
    Squash: "RootSquash",
    VPCEndpointDNSName: expect.anything(),
    KMSEncrypted: true,
  });
  expect(JSON.parse(properties(primary, "ReportsShare")["NotificationPolicy"])).toEqual({ Upload: { SettlingTimeInSeconds: 60 } });
  expect(properties(stack("eu-central-1-shares"), "ReportsShare")["ReadOnly"]).toBe(true);
  expect(properties(stack("eu-central-1-shares", strategy("active-active")), "ReportsShare")["ReadOnly"]).toBe(false);
});

test("S21 files are versioned, closed, encrypted and replicated within 15 minutes, delete markers and changes of replicas too", () => {
  const bucket = properties(stack("eu-west-1-files"), "ReportsBucket");
  expect(bucket).toMatchObject({
    VersioningConfiguration: { Status: "Enabled" },
    PublicAccessBlockConfiguration: { BlockPublicPolicy: true, RestrictPublicBuckets: true },
  });
  const [rule] = bucket.ReplicationConfiguration.Rules;
  expect(rule).toMatchObject({
    DeleteMarkerReplication: { Status: "Enabled" },
    SourceSelectionCriteria: { ReplicaModifications: { Status: "Enabled" }, SseKmsEncryptedObjects: { Status: "Enabled" } },
    Destination: { ReplicationTime: { Status: "Enabled", Time: { Minutes: 15 } }, Metrics: { Status: "Enabled" } },
  });
  // S3 refuses a rule to a bucket that is not there: the recovery region's buckets are first, their way back waits for a parameter.
  const order = stacks().map(({ id }) => id);
  expect(order.indexOf("eu-central-1-files")).toBeLessThan(order.indexOf("eu-west-1-files"));
  const back = stack("eu-central-1-files");
  expect(back.Parameters!["ReplicateBack"]!.Default).toBe("false");
  expect(Object.keys(properties(back, "ReportsBucket").ReplicationConfiguration)).toEqual(["Fn::If"]);
});

test("S22 files go to Intelligent-Tiering at once and never to its archive tiers", () => {
  for (const id of ["eu-west-1-files", "eu-central-1-files"]) {
    const bucket = properties(stack(id), "ReportsBucket");
    expect(bucket.LifecycleConfiguration.Rules[0].Transitions).toEqual([{ StorageClass: "INTELLIGENT_TIERING", TransitionInDays: 0 }]);
    expect(bucket).not.toHaveProperty("IntelligentTieringConfigurations");
  }
});

test("S25 backups are locked, copied to the other region's vault, and restored on a schedule", () => {
  const plan = properties(stack("eu-west-1-protection"), "DailyPlan").BackupPlan.BackupPlanRule[0];
  expect(plan).toMatchObject({ EnableContinuousBackup: true, Lifecycle: { DeleteAfterDays: 35 } });
  expect(JSON.stringify(plan.CopyActions[0])).toContain(":backup:eu-central-1:");
  expect(properties(stack("eu-central-1-vault"), "BackupVault").LockConfiguration).toEqual({ MinRetentionDays: 7 });
  const tested = ofType(stack("eu-west-1-protection"), "AWS::Backup::RestoreTestingSelection").map(
    ({ Properties }) => Properties!["ProtectedResourceType"],
  );
  expect(tested).toEqual(["RDS", "S3"]);
});

test("S25 what is selected for backup carries the tag that is selected by", () => {
  const tagged = (id: string, resource: string) =>
    properties(stack(id), resource).Tags.map(({ Key, Value }: { Key: string; Value: string }) => `${Key}=${Value}`);
  expect(tagged("eu-west-1-database", "Database")).toEqual(
    expect.arrayContaining(["causeway:backup=all", "causeway:platform=customer-three"]),
  );
  expect(tagged("eu-west-1-files", "ReportsBucket")).toEqual(
    expect.arrayContaining(["causeway:backup=all", "causeway:platform=customer-three"]),
  );
});

test("S26 the data centre's virtual machines come in through the backup gateway; its files are protected by their bucket", () => {
  const template = stack(
    "eu-west-1-protection",
    (input) => (input.backup = { hypervisor: { host: "vcenter.dublin.example", name: "vcenter" } }),
  );
  expect(properties(template, "Hypervisor")).toMatchObject({ Host: "vcenter.dublin.example", Name: "vcenter" });
});

test("S28 backup and restore: the ground stands in the recovery region, the rest waits there as templates", () => {
  const there = stacks(strategy("backup-restore")).filter(({ role }) => role === "recovery");
  const parts = (when: string) => there.filter((each) => each.when === when).map(({ part }) => part);
  expect(parts("deploy")).toEqual(
    expect.arrayContaining(["foundation", "roles", "vault", "domain", "registry", "files", "protection", "traffic"]),
  );
  expect(parts("recovery")).toEqual(expect.arrayContaining(["network", "link", "database", "shares", "compute"]));
  for (const { when, template } of there) {
    if (when === "recovery")
      expect(Object.values(template.Resources).filter(({ Type }) => /^AWS::(IAM|Route53|CertificateManager)::/.test(Type))).toEqual([]);
  }
});

test("S27 keys and secrets are in both regions, and what one region needs of the other is derived or handed over", () => {
  expect(properties(stack("eu-west-1-foundation"), "Key")).toMatchObject({ MultiRegion: true, EnableKeyRotation: true });
  const there = stack("eu-central-1-foundation");
  expect(there.Resources["Key"]!.Type).toBe("AWS::KMS::ReplicaKey");
  expect(there.Parameters!["PrimaryKeyArn"]!.Default).toBe("/customer-three/handover/primary-key-arn");
  for (const { template } of stacks()) expect(JSON.stringify(template)).not.toMatch(/Custom::|AWS::Lambda::|Export::|ExportsReader/);
});
