/**
 * AWS Backup's service roles. https://docs.aws.amazon.com/aws-backup/latest/devguide/security-iam-awsmanpol.html
 * Statements from the mirror that managed-policies.ts names.
 * Abridged: without the statements for services that this cloud lacks (DynamoDB, FSx, Redshift, Timestream, DSQL, virtual machines, SAP HANA).
 */
import { allow, type Given } from "./managed-policy.ts";

const ofBackup = { Null: { "aws:ResourceTag/aws:backup:source-resource": "false" } };
const snapshots = "arn:aws:ec2:*::snapshot/*";
const ec2 = (...actions: string[]): string[] => actions.map((action) => `ec2:${action}`);
const rds = (...actions: string[]): string[] => actions.map((action) => `rds:${action}`);
const fileSystems = "arn:aws:elasticfilesystem:*:*:file-system/*";
const grants = allow("kms:CreateGrant", "*", {
  Sid: "KMSCreateGrantPermissions",
  Condition: { Bool: { "kms:GrantIsForAWSResource": "true" } },
});

const backingUp: object[] = [
  allow(
    rds(
      ...[
        "AddTagsToResource",
        "ListTagsForResource",
        "DescribeDBSnapshots",
        "CreateDBSnapshot",
        "CopyDBSnapshot",
        "DescribeDBInstances",
        "CreateDBClusterSnapshot",
      ],
      ...["DescribeDBClusters", "DescribeDBClusterSnapshots", "CopyDBClusterSnapshot", "DescribeDBClusterAutomatedBackups"],
    ),
    "*",
    { Sid: "DynamoDBBackupPermissions" }, // AWS's own name for it
  ),
  allow("rds:DeleteDBInstanceAutomatedBackup", "arn:aws:rds:*:*:auto-backup:*", { Sid: "RDSInstanceAutomatedBackupPermissions" }),
  allow(["rds:ModifyDBCluster"], ["arn:aws:rds:*:*:cluster:*"], { Sid: "RDSClusterPermissions" }),
  allow("rds:DeleteDBClusterAutomatedBackup", "arn:aws:rds:*:*:cluster-auto-backup:*", { Sid: "RDSClusterBackupPermissions" }),
  allow(["rds:ModifyDBInstance"], ["arn:aws:rds:*:*:db:*"], { Sid: "RDSModifyPermissions" }),
  allow(rds("DeleteDBSnapshot", "ModifyDBSnapshotAttribute"), ["arn:aws:rds:*:*:snapshot:awsbackup:*"], { Sid: "RDSBackupPermissions" }),
  allow(rds("DeleteDBClusterSnapshot", "ModifyDBClusterSnapshotAttribute"), ["arn:aws:rds:*:*:cluster-snapshot:awsbackup:*"], {
    Sid: "RDSClusterModifyPermissions",
  }),
  allow(["storagegateway:CreateSnapshot", "storagegateway:ListTagsForResource"], "arn:aws:storagegateway:*:*:gateway/*/volume/*", {
    Sid: "StorageGatewayPermissions",
  }),
  allow(ec2("CopySnapshot"), snapshots, { Sid: "EBSCopyPermissions" }),
  allow(ec2("CopyImage"), "*", { Sid: "EC2CopyPermissions" }),
  allow(ec2("CreateTags", "DeleteSnapshot"), snapshots, { Sid: "EBSTagAndDeletePermissions" }),
  allow(
    ec2(
      ...[
        "CreateImage",
        "DeregisterImage",
        "DescribeSnapshots",
        "DescribeTags",
        "DescribeImages",
        "DescribeInstances",
        "DescribeInstanceAttribute",
      ],
      ...[
        "DescribeInstanceCreditSpecifications",
        "DescribeNetworkInterfaces",
        "DescribeElasticGpus",
        "DescribeSpotInstanceRequests",
        "DescribeSnapshotTierStatus",
      ],
    ),
    "*",
    { Sid: "EC2Permissions" },
  ),
  allow(ec2("CreateTags"), "arn:aws:ec2:*:*:image/*", { Sid: "EC2TagPermissions" }),
  allow(ec2("ModifySnapshotAttribute", "ModifyImageAttribute"), "*", { Sid: "EC2ModifyPermissions", Condition: ofBackup }),
  allow(ec2("ModifySnapshotTier"), snapshots, { Sid: "EBSSnapshotTierPermissions", Condition: ofBackup }),
  allow(["backup:DescribeBackupVault", "backup:CopyIntoBackupVault"], "arn:aws:backup:*:*:backup-vault:*", {
    Sid: "BackupVaultPermissions",
  }),
  allow(["backup:CopyFromBackupVault"], "*", { Sid: "BackupVaultCopyPermissions" }),
  allow(["elasticfilesystem:Backup", "elasticfilesystem:DescribeTags"], fileSystems, { Sid: "EFSPermissions" }),
  allow(ec2("CreateSnapshot", "DeleteSnapshot", "DescribeVolumes", "DescribeSnapshots"), "*", { Sid: "EBSResourcePermissions" }),
  allow("kms:DescribeKey", "*", { Sid: "KMSPermissions" }),
  grants,
  allow(["kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptTo", "kms:ReEncryptFrom"], "arn:aws:kms:*:*:key/*", {
    Sid: "KMSEC2Permissions",
    Condition: {
      "ForAnyValue:StringEquals": { "kms:EncryptionContextKeys": "aws:ebs:id" },
      StringLike: { "kms:ViaService": ["ec2.*.amazonaws.com"] },
    },
  }),
  allow(["tag:GetResources"], "*", { Sid: "GetResourcesPermissions" }),
  allow(["ssm:CancelCommand", "ssm:GetCommandInvocation"], "*", { Sid: "SSMPermissions" }),
  allow("ssm:SendCommand", ["arn:aws:ssm:*:*:document/AWSEC2-CreateVssSnapshot", "arn:aws:ec2:*:*:instance/*"], {
    Sid: "SSMSendPermissions",
  }),
  allow(
    ["ListStacks", "GetTemplate", "DescribeStacks", "ListStackResources"].map((action) => `cloudformation:${action}`),
    "arn:aws:cloudformation:*:*:stack/*/*",
    { Sid: "CloudformationStackPermissions" },
  ),
];

const restoring: object[] = [
  allow(ec2("CreateVolume", "DeleteVolume"), [snapshots, "arn:aws:ec2:*:*:volume/*"], { Sid: "EBSPermissions" }),
  allow(
    ec2(
      ...[
        "DescribeImages",
        "DescribeInstances",
        "DescribeSnapshots",
        "DescribeVolumes",
        "DescribeAccountAttributes",
        "DescribeAddresses",
        "DescribeAvailabilityZones",
      ],
      ...[
        "DescribeSecurityGroups",
        "DescribeSubnets",
        "DescribeVpcs",
        "DescribeInternetGateways",
        "DescribeSnapshotTierStatus",
        "DescribeRouteTables",
      ],
    ),
    "*",
    { Sid: "EC2DescribePermissions" },
  ),
  allow(
    ["DeleteVolume", "DescribeCachediSCSIVolumes", "DescribeStorediSCSIVolumes", "AddTagsToResource"].map(
      (action) => `storagegateway:${action}`,
    ),
    "arn:aws:storagegateway:*:*:gateway/*/volume/*",
    { Sid: "StorageGatewayVolumePermissions" },
  ),
  allow(
    ["DescribeGatewayInformation", "CreateStorediSCSIVolume", "CreateCachediSCSIVolume"].map((action) => `storagegateway:${action}`),
    "arn:aws:storagegateway:*:*:gateway/*",
    { Sid: "StorageGatewayGatewayPermissions" },
  ),
  allow(["storagegateway:ListVolumes"], "arn:aws:storagegateway:*:*:*", { Sid: "StorageGatewayListPermissions" }),
  allow(
    rds(
      ...[
        "DescribeDBInstances",
        "DescribeDBSnapshots",
        "ListTagsForResource",
        "RestoreDBInstanceFromDBSnapshot",
        "DeleteDBInstance",
        "AddTagsToResource",
        "DescribeDBClusters",
      ],
      ...[
        "RestoreDBClusterFromSnapshot",
        "DeleteDBCluster",
        "RestoreDBInstanceToPointInTime",
        "DescribeDBClusterSnapshots",
        "RestoreDBClusterToPointInTime",
      ],
      ...["CreateTenantDatabase", "DeleteTenantDatabase"],
    ),
    "*",
    { Sid: "RDSPermissions" },
  ),
  allow(
    ["Restore", "CreateFilesystem", "DescribeFilesystems", "DeleteFilesystem", "TagResource"].map(
      (action) => `elasticfilesystem:${action}`,
    ),
    fileSystems,
    { Sid: "EFSPermissions" },
  ),
  allow("kms:DescribeKey", "*", { Sid: "KMSDescribePermissions" }),
  allow(
    ["Decrypt", "Encrypt", "GenerateDataKey", "ReEncryptTo", "ReEncryptFrom", "GenerateDataKeyWithoutPlaintext", "DescribeKey"].map(
      (action) => `kms:${action}`,
    ),
    "*",
    {
      Sid: "KMSPermissions",
      Condition: { StringLike: { "kms:ViaService": ["ec2", "elasticfilesystem", "rds"].map((service) => `${service}.*.amazonaws.com`) } },
    },
  ),
  grants,
  allow(["ebs:CompleteSnapshot", "ebs:StartSnapshot", "ebs:PutSnapshotBlock"], snapshots, { Sid: "EBSSnapshotBlockPermissions" }),
  allow(["rds:CreateDBInstance"], "arn:aws:rds:*:*:db:*", { Sid: "RDSResourcePermissions" }),
  allow(ec2("DeleteSnapshot", "DeleteTags", "RestoreSnapshotTier"), snapshots, {
    Sid: "EC2DeleteAndRestorePermissions",
    Condition: ofBackup,
  }),
  allow("ec2:CreateTags", [snapshots, "arn:aws:ec2:*:*:instance/*"], {
    Sid: "EC2CreateTagsScopedPermissions",
    Condition: { "ForAllValues:StringEquals": { "aws:TagKeys": ["aws:backup:source-resource"] } },
  }),
  allow(ec2("RunInstances"), "*", { Sid: "EC2RunInstancesPermissions" }),
  allow(ec2("TerminateInstances"), "arn:aws:ec2:*:*:instance/*", { Sid: "EC2TerminateInstancesPermissions" }),
  allow(ec2("CreateTags"), ["arn:aws:ec2:*:*:instance/*", "arn:aws:ec2:*:*:volume/*"], {
    Sid: "EC2CreateTagsPermissions",
    Condition: { StringLike: { "ec2:CreateAction": ["RunInstances", "CreateVolume"] } },
  }),
];

export const backupPolicies: Given[] = [
  [
    "AWSBackupServiceRolePolicyForBackup",
    "/service-role/",
    29,
    "2019-01-10",
    "Provides AWS Backup permission to create backups on your behalf across AWS services",
    backingUp,
  ],
  [
    "AWSBackupServiceRolePolicyForRestores",
    "/service-role/",
    25,
    "2019-01-12",
    "Provides AWS Backup permission to perform restores on your behalf across AWS services. This policy includes permissions to create and delete AWS resources, such as EBS volumes, RDS instances, and EFS file systems, which are part of the restore process.",
    restoring,
  ],
];
