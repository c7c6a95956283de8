/** The NFS shares of the region's storage gateway. The gateway itself is activated by a site step, which leaves its ARN in a parameter. */
import { CfnParameter, CfnResource, type Stack } from "aws-cdk-lib";
import * as logs from "aws-cdk-lib/aws-logs";
import { days, hours } from "../kernel/units.ts";
import type { Files, Foundation, Network } from "./parts.ts";
import { pascal, type Place } from "./place.ts";
import { allow, makeRole } from "./role.ts";
import { acknowledge, arn, bucketArn, output, roleArn } from "./template.ts";

const gatewayRole = "gateway";

/** What the gateway may do with a bucket: docs.aws.amazon.com/filegateway/latest/files3/grant-access-s3.html */
export function sharesRoles(stack: Stack, place: Place): void {
  const { definition, names, region } = place;
  const buckets = Object.keys(definition.files.shares).map((share) => names.shareBucket(share, region));
  if (buckets.length === 0) return;
  const role = makeRole(stack, "GatewayRole", place, gatewayRole, {
    service: "storagegateway.amazonaws.com",
    statements: [
      allow(
        [
          "s3:GetAccelerateConfiguration",
          "s3:GetBucketLocation",
          "s3:GetBucketVersioning",
          "s3:ListBucket",
          "s3:ListBucketVersions",
          "s3:ListBucketMultipartUploads",
        ],
        buckets.map(bucketArn),
      ),
      allow(
        [
          "s3:AbortMultipartUpload",
          "s3:DeleteObject",
          "s3:DeleteObjectVersion",
          "s3:GetObject",
          "s3:GetObjectAcl",
          "s3:GetObjectVersion",
          "s3:ListMultipartUploadParts",
          "s3:PutObject",
          "s3:PutObjectAcl",
        ],
        buckets.map((bucket) => bucketArn(`${bucket}/*`)),
      ),
      allow(
        ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:DescribeKey"],
        arn("kms", "key/*"),
        { "ForAnyValue:StringEquals": { "kms:ResourceAliases": names.keyAlias } },
      ),
    ],
  });
  acknowledge(role, "AwsSolutions-IAM5", "Every object of these buckets, and the one key that carries the platform's alias.");
}

export function shares(
  stack: Stack,
  place: Place,
  { foundation, files, network }: { foundation: Foundation; files: Files; network: Network },
): void {
  const { definition, names, region, role, holdings } = place;
  const gateway = new CfnParameter(stack, "GatewayArn", {
    type: "AWS::SSM::Parameter::Value<String>",
    default: names.parameter("files/gateway-arn"),
    description: "The activated gateway of this region.",
  });
  const audit = new logs.CfnLogGroup(stack, "AuditLog", {
    logGroupName: names.logGroup("files/audit"),
    kmsKeyId: foundation.keyArn,
    retentionInDays: definition.logs / days(1),
  });
  for (const [name, share] of Object.entries(definition.files.shares)) {
    const bucket = files.buckets[name]!;
    const made = new CfnResource(stack, `${pascal(name)}Share`, {
      type: "AWS::StorageGateway::NFSFileShare",
      properties: {
        FileShareName: name,
        GatewayARN: gateway.valueAsString,
        LocationARN: bucket.arn,
        BucketRegion: region,
        Role: roleArn(place, gatewayRole),
        // Over the line, not over the internet: S3's own endpoint in the VPC.
        ...(network.fileBucketsDnsName && { VPCEndpointDNSName: network.fileBucketsDnsName }),
        ClientList: share.clients ?? definition.site?.cidrs,
        Squash: share.squash,
        ReadOnly: share.readOnly || (role === "recovery" && holdings.files !== "writable"),
        DefaultStorageClass: share.tiering === "intelligent" ? "S3_INTELLIGENT_TIERING" : "S3_STANDARD",
        ObjectACL: "bucket-owner-full-control",
        KMSEncrypted: true,
        KMSKey: foundation.keyArn,
        GuessMIMETypeEnabled: true,
        RequesterPays: false,
        NFSFileShareDefaults: { DirectoryMode: "0775", FileMode: "0664", GroupId: 65534, OwnerId: 65534 },
        // 300 s is the least that AWS takes: docs.aws.amazon.com/storagegateway/latest/APIReference/API_CacheAttributes.html
        CacheAttributes: { CacheStaleTimeoutInSeconds: (share.refresh ?? defaultRefresh(role)) / 1000 },
        // An event after 60 quiet seconds of a file: how others know that it is in S3.
        NotificationPolicy: JSON.stringify({ Upload: { SettlingTimeInSeconds: 60 } }),
        AuditDestinationARN: audit.attrArn,
      },
    });
    acknowledge(made, "CloudFormation-Validate::F3006", "A type that is younger than the validator's list.");
    output(stack, `${pascal(name)}ShareArn`, made.ref, `NFS share ${name}.`);
  }
}

/** What replication writes into the recovery region's bucket, its gateway sees only when it looks. */
const defaultRefresh = (role: Place["role"]) => (role === "recovery" ? hours(1) : days(1));
