/** What is installed on which machine, and what it lacks: asked for on a schedule, kept where it can be queried when a machine is gone. */
import type { Stack } from "aws-cdk-lib";
import * as s3 from "aws-cdk-lib/aws-s3";
import * as ssm from "aws-cdk-lib/aws-ssm";
import { onlyTls } from "../foundation/buckets.ts";
import type { Place } from "../place.ts";
import { arn, bucketArn, sub } from "../template.ts";

export function inventory(stack: Stack, { names, region }: Place): void {
  const name = names.inventoryBucket(region);
  const bucket = new s3.CfnBucket(stack, "InventoryBucket", {
    bucketName: sub(name),
    publicAccessBlockConfiguration: { blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
    ownershipControls: { rules: [{ objectOwnership: "BucketOwnerEnforced" }] },
    versioningConfiguration: { status: "Enabled" },
    // Systems Manager writes it as a service, which the platform's key is not open to.
    bucketEncryption: { serverSideEncryptionConfiguration: [{ serverSideEncryptionByDefault: { sseAlgorithm: "AES256" } }] },
    loggingConfiguration: { destinationBucketName: sub(names.logBucket(region)), logFilePrefix: "buckets/inventory/" },
    lifecycleConfiguration: {
      rules: [
        {
          id: "OldInventories",
          status: "Enabled",
          noncurrentVersionExpiration: { noncurrentDays: 90 },
          abortIncompleteMultipartUpload: { daysAfterInitiation: 1 },
        },
      ],
    },
  });
  const policy = new s3.CfnBucketPolicy(stack, "InventoryBucketPolicy", {
    bucket: bucket.ref,
    policyDocument: { Version: "2012-10-17", Statement: [onlyTls(bucket.attrArn), ...written(stack, name)] },
  });
  new ssm.CfnResourceDataSync(stack, "InventorySync", {
    syncName: names.stack("inventory"),
    syncType: "SyncToDestination",
    s3Destination: { bucketName: bucket.ref, bucketRegion: region, syncFormat: "JsonSerDe" },
  }).addResourceDependency(policy);
}

/** docs.aws.amazon.com/systems-manager/latest/userguide/inventory-create-resource-data-sync.html */
const written = (stack: Stack, bucket: string): object[] => [
  {
    Sid: "Look",
    Effect: "Allow",
    Principal: { Service: "ssm.amazonaws.com" },
    Action: "s3:GetBucketAcl",
    Resource: bucketArn(bucket),
    Condition: { StringEquals: { "aws:SourceAccount": stack.account } },
  },
  {
    Sid: "Write",
    Effect: "Allow",
    Principal: { Service: "ssm.amazonaws.com" },
    Action: "s3:PutObject",
    Resource: bucketArn(`${bucket}/*/accountid=\${AWS::AccountId}/*`),
    Condition: {
      StringEquals: { "aws:SourceAccount": stack.account, "s3:x-amz-acl": "bucket-owner-full-control" },
      ArnLike: { "aws:SourceArn": arn("ssm", "resource-data-sync/*", "*") },
    },
  },
];
