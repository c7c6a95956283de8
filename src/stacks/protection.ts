/** Backups: plans with copies to the other region's vault, what they cover, and restores that are tried on a schedule. */
import { type Stack } from "aws-cdk-lib";
import * as backup from "aws-cdk-lib/aws-backup";
import * as backupgateway from "aws-cdk-lib/aws-backupgateway";
import * as budgets from "aws-cdk-lib/aws-budgets";
import { days, hours, minutes } from "../kernel/units.ts";
import type { Definition } from "../platform/definition.ts";
import type { Foundation } from "./parts.ts";
import { pascal, type Place } from "./place.ts";
import { makeRole } from "./role.ts";
import { acknowledge, arn, sub } from "./template.ts";

type Plan = Definition["backup"]["plans"][string];

export function protection(stack: Stack, place: Place, { foundation }: { foundation: Foundation }): void {
  const { definition, role } = place;
  const roleArn = backupRole(stack, place);
  // The recovery region holds copies; its own plans begin when it is the one that writes.
  const plans = role === "primary" || place.holdings.files === "writable" ? Object.entries(definition.backup.plans) : [];
  for (const [name, plan] of plans) planned(stack, place, name, plan, roleArn);
  restoreTesting(stack, place, roleArn);
  report(stack, place);
  if (role === "primary") {
    hypervisor(stack, place);
    budget(stack, place, foundation);
  }
}

/** AWS's own policies for exactly this: docs.aws.amazon.com/aws-backup/latest/devguide/security-iam-awsmanpol.html */
function backupRole(stack: Stack, place: Place): string {
  const managed = (name: string) => sub(`arn:\${AWS::Partition}:iam::aws:policy/${name}`);
  const role = makeRole(stack, "BackupRole", place, "backup", {
    service: "backup.amazonaws.com",
    managed: [
      managed("service-role/AWSBackupServiceRolePolicyForBackup"),
      managed("service-role/AWSBackupServiceRolePolicyForRestores"),
      managed("AWSBackupServiceRolePolicyForS3Backup"),
      managed("AWSBackupServiceRolePolicyForS3Restore"),
    ],
  });
  acknowledge(
    role,
    "AwsSolutions-IAM4",
    "AWS Backup documents these policies for its role and extends them when it learns to back up something new.",
  );
  return role.attrArn;
}

function planned(stack: Stack, place: Place, name: string, plan: Plan, iamRoleArn: string): void {
  const { names, other } = place;
  const copies = other && other.holdings.foundation === "live";
  const rule: backup.CfnBackupPlan.BackupRuleResourceTypeProperty = {
    ruleName: name,
    targetBackupVault: names.vault,
    scheduleExpression: plan.schedule,
    startWindowMinutes: plan.startWithin / minutes(1),
    completionWindowMinutes: plan.completeWithin / minutes(1),
    enableContinuousBackup: plan.continuous,
    lifecycle: { deleteAfterDays: plan.keep / days(1), moveToColdStorageAfterDays: plan.coldAfter && plan.coldAfter / days(1) },
    // A continuous recovery point arrives as a plain snapshot.
    copyActions: copies
      ? [
          {
            destinationBackupVaultArn: arn("backup", `backup-vault:${names.vault}`, other.region),
            lifecycle: { deleteAfterDays: plan.keepCopies / days(1) },
          },
        ]
      : undefined,
  };
  const made = new backup.CfnBackupPlan(stack, `${pascal(name)}Plan`, {
    backupPlan: { backupPlanName: names.stack(name), backupPlanRule: [rule] },
  });
  new backup.CfnBackupSelection(stack, `${pascal(name)}Selection`, {
    backupPlanId: made.ref,
    backupSelection: {
      selectionName: names.stack(name),
      iamRoleArn,
      // Database and buckets carry the tag; the platform's own tag keeps other platforms of the account out.
      resources: ["*"],
      conditions: {
        StringEquals: [
          { ConditionKey: "aws:ResourceTag/causeway:backup", ConditionValue: "all" },
          { ConditionKey: "aws:ResourceTag/causeway:platform", ConditionValue: place.definition.name },
        ],
      },
    },
  });
}

/** A backup never restored is not a backup. In the recovery region it is the copies that are tried. */
function restoreTesting(stack: Stack, { definition, names }: Place, iamRoleArn: string): void {
  const { restoreTest } = definition.backup;
  if (!restoreTest) return;
  // Restore testing's names take letters, digits and underscores only.
  const plan = new backup.CfnRestoreTestingPlan(stack, "RestoreTestingPlan", {
    restoreTestingPlanName: names.stack("restore").replaceAll("-", "_"),
    scheduleExpression: restoreTest.schedule,
    startWindowHours: 1,
    recoveryPointSelection: {
      algorithm: "LATEST_WITHIN_WINDOW",
      includeVaults: [arn("backup", `backup-vault:${names.vault}`)],
      recoveryPointTypes: ["SNAPSHOT", "CONTINUOUS"],
      selectionWindowDays: restoreTest.within / days(1),
    },
  });
  const kinds = [...(definition.database ? ["RDS"] : []), ...(Object.keys(definition.files.shares).length ? ["S3"] : [])];
  for (const protectedResourceType of kinds) {
    const selection = new backup.CfnRestoreTestingSelection(stack, `RestoreTest${pascal(protectedResourceType.toLowerCase())}`, {
      restoreTestingPlanName: plan.restoreTestingPlanName,
      restoreTestingSelectionName: protectedResourceType.toLowerCase(),
      protectedResourceType,
      protectedResourceArns: ["*"],
      iamRoleArn,
      validationWindowHours: hours(4) / hours(1),
    });
    selection.node.addDependency(plan);
  }
}

/** What was backed up and what was not, written daily beside the templates of the recovery. */
function report(stack: Stack, { names, region }: Place): void {
  const reports = { RestoreReport: "RESTORE_JOB_REPORT", BackupReport: "BACKUP_JOB_REPORT", CopyReport: "COPY_JOB_REPORT" };
  for (const [id, reportTemplate] of Object.entries(reports)) {
    new backup.CfnReportPlan(stack, id, {
      reportPlanName: `${names.stack("")}${id}`.replaceAll("-", "_"),
      // Passed on as it is, so in CloudFormation's own spelling.
      reportDeliveryChannel: { S3BucketName: sub(names.recoveryBucket(region)), S3KeyPrefix: "reports", Formats: ["CSV"] },
      reportSetting: { ReportTemplate: reportTemplate },
    });
  }
}

/** Virtual machines in the data centre: reached through the backup gateway's appliance. */
function hypervisor(stack: Stack, { definition }: Place): void {
  const wished = definition.backup.hypervisor;
  if (!wished) return;
  new backupgateway.CfnHypervisor(stack, "Hypervisor", { host: wished.host, name: wished.name });
}

function budget(stack: Stack, { definition, names }: Place, { alarmTopicArn }: Foundation): void {
  if (!definition.budget) return;
  const { monthly, notify } = definition.budget;
  const mails = notify.map((address) => ({ address, subscriptionType: "EMAIL" }));
  const warning = (notificationType: string, threshold: number) => ({
    notification: { notificationType, comparisonOperator: "GREATER_THAN", threshold, thresholdType: "PERCENTAGE" },
    subscribers: [...mails, { address: alarmTopicArn, subscriptionType: "SNS" }],
  });
  new budgets.CfnBudget(stack, "Budget", {
    budget: {
      budgetName: names.stack("monthly"),
      budgetType: "COST",
      timeUnit: "MONTHLY",
      budgetLimit: { amount: monthly, unit: "USD" },
      costFilters: { TagKeyValue: [`user:causeway:platform$${definition.name}`] },
    },
    notificationsWithSubscribers: [warning("FORECASTED", 100), warning("ACTUAL", 90)],
  });
}
