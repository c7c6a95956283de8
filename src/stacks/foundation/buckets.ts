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
  const ofThisAccount = { StringEquals: { "aws:SourceAccount": stack.account } };
  new s3.CfnBucketPolicy(stack, "LogBucketPolicy", {
    bucket: bucket.ref,
    policyDocument: {
      Version: "2012-10-17",
      Statement: [
        onlyTls(bucket.attrArn),
        {
          Sid: "LoadBalancers",
          Effect: "Allow",
          Principal: { Service: "logdelivery.elasticloadbalancing.amazonaws.com" },
          Action: "s3:PutObject",
          Resource: bucketArn(`${name}/balancer/AWSLogs/\${AWS::AccountId}/*`),
        },
        {
          Sid: "NetworkLoadBalancers",
          Effect: "Allow",
          Principal: { Service: "delivery.logs.amazonaws.com" },
          Action: "s3:PutObject",
          Resource: bucketArn(`${name}/front/AWSLogs/\${AWS::AccountId}/*`),
          Condition: ofThisAccount,
        },
        {
          Sid: "NetworkLoadBalancersLook",
          Effect: "Allow",
          Principal: { Service: "delivery.logs.amazonaws.com" },
          Action: "s3:GetBucketAcl",
          Resource: bucketArn(name),
          Condition: ofThisAccount,
        },
        {
          Sid: "Buckets",
          Effect: "Allow",
          Principal: { Service: "logging.s3.amazonaws.com" },
          Action: "s3:PutObject",
          Resource: bucketArn(`${name}/buckets/*`),
          Condition: ofThisAccount,
        },
      ],
    },
  });
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
