/** Two buckets of every region: logs, and what a recovery needs. */
import { CfnDeletionPolicy, type Stack } from "aws-cdk-lib";
import * as s3 from "aws-cdk-lib/aws-s3";
import { days } from "../../kernel/units.ts";
import type { Place } from "../place.ts";
import { acknowledge, bucketArn, sub } from "../template.ts";

const closed = { blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true };

/** Refuses what is not encrypted on its way. */
export const onlyTls = (arn: string): object => ({
  Sid: "OnlyTls",
  Effect: "Deny",
  Principal: "*",
  Action: "s3:*",
  Resource: [arn, `${arn}/*`],
  Condition: { Bool: { "aws:SecureTransport": "false" } },
});

/** Access logs of load balancers and buckets. Load balancers write with S3's own encryption only: docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html */
export function logBucket(stack: Stack, { definition, names, region }: Place): void {
  const name = names.logBucket(region);
  const bucket = new s3.CfnBucket(stack, "LogBucket", {
    bucketName: sub(name),
    publicAccessBlockConfiguration: closed,
    ownershipControls: { rules: [{ objectOwnership: "BucketOwnerEnforced" }] },
    versioningConfiguration: { status: "Enabled" },
    bucketEncryption: { serverSideEncryptionConfiguration: [{ serverSideEncryptionByDefault: { sseAlgorithm: "AES256" } }] },
    lifecycleConfiguration: {
      rules: [
        {
          id: "Expire",
          status: "Enabled",
          expirationInDays: definition.logs / days(1),
          noncurrentVersionExpiration: { noncurrentDays: 1 },
          abortIncompleteMultipartUpload: { daysAfterInitiation: 1 },
        },
      ],
    },
  });
  bucket.cfnOptions.deletionPolicy = bucket.cfnOptions.updateReplacePolicy = CfnDeletionPolicy.RETAIN;
  acknowledge(bucket, "AwsSolutions-S1", "It is where access logs go; logging its own accesses would never end.");
  new s3.CfnBucketPolicy(stack, "LogBucketPolicy", {
    bucket: bucket.ref,
    policyDocument: { Version: "2012-10-17", Statement: [onlyTls(bucket.attrArn), ...deliveries(stack, name)] },
  });
}

/** Who writes logs there, each under its own prefix. */
function deliveries(stack: Stack, bucket: string): object[] {
  const ofThisAccount = { StringEquals: { "aws:SourceAccount": stack.account } };
  const delivery = (Sid: string, service: string, Action: string, resource: string) => ({
    Sid,
    Effect: "Allow",
    Principal: { Service: service },
    Action,
    Resource: bucketArn(resource),
    Condition: ofThisAccount,
  });
  const own = "AWSLogs/${AWS::AccountId}/*";
  return [
    // Application Load Balancers send no source account; their prefix holds the account's number.
    {
      ...delivery("LoadBalancers", "logdelivery.elasticloadbalancing.amazonaws.com", "s3:PutObject", `${bucket}/balancer/${own}`),
      Condition: undefined,
    },
    delivery("NetworkLoadBalancers", "delivery.logs.amazonaws.com", "s3:PutObject", `${bucket}/front/${own}`),
    delivery("NetworkLoadBalancersLook", "delivery.logs.amazonaws.com", "s3:GetBucketAcl", bucket),
    delivery("Buckets", "logging.s3.amazonaws.com", "s3:PutObject", `${bucket}/buckets/*`),
  ];
}

/** Templates and kits that a recovery starts from: in both regions, so that neither needs the other. */
export function recoveryBucket(stack: Stack, { names, region }: Place, keyArn: string): void {
  const name = names.recoveryBucket(region);
  const bucket = new s3.CfnBucket(stack, "RecoveryBucket", {
    bucketName: sub(name),
    publicAccessBlockConfiguration: closed,
    ownershipControls: { rules: [{ objectOwnership: "BucketOwnerEnforced" }] },
    versioningConfiguration: { status: "Enabled" },
    bucketEncryption: {
      serverSideEncryptionConfiguration: [
        { bucketKeyEnabled: true, serverSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: keyArn } },
      ],
    },
    loggingConfiguration: { destinationBucketName: sub(names.logBucket(region)), logFilePrefix: "buckets/recovery/" },
    lifecycleConfiguration: {
      rules: [
        {
          id: "OldTemplates",
          status: "Enabled",
          noncurrentVersionExpiration: { noncurrentDays: 365 },
          abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
        },
      ],
    },
  });
  bucket.cfnOptions.deletionPolicy = bucket.cfnOptions.updateReplacePolicy = CfnDeletionPolicy.RETAIN;
  bucket.node.addDependency(stack.node.findChild("LogBucketPolicy"));
  new s3.CfnBucketPolicy(stack, "RecoveryBucketPolicy", {
    bucket: bucket.ref,
    policyDocument: { Version: "2012-10-17", Statement: [onlyTls(bucket.attrArn)] },
  });
}
