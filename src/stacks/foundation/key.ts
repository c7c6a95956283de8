/** One multi-region key: the same key id in both regions, so what is encrypted in one can be read in the other. */
import { CfnDeletionPolicy, Fn, type Stack } from "aws-cdk-lib";
import * as kms from "aws-cdk-lib/aws-kms";
import type { Place } from "../place.ts";
import { handedOver, output, sub } from "../template.ts";

export function key(stack: Stack, place: Place): { arn: string; id: string } {
  const description = `Everything of ${place.definition.name}`;
  const made =
    place.role === "primary"
      ? new kms.CfnKey(stack, "Key", {
          description,
          multiRegion: true,
          enableKeyRotation: true,
          keyPolicy: policy(stack, place),
          pendingWindowInDays: 30,
        })
      : new kms.CfnReplicaKey(stack, "Key", {
          description,
          primaryKeyArn: handedOver(stack, place, "PrimaryKeyArn", "primary-key-arn"),
          keyPolicy: policy(stack, place),
          pendingWindowInDays: 30,
        });
  made.cfnOptions.deletionPolicy = made.cfnOptions.updateReplacePolicy = CfnDeletionPolicy.RETAIN;
  new kms.CfnAlias(stack, "KeyAlias", { aliasName: place.names.keyAlias, targetKeyId: made.ref });
  output(stack, "KeyArn", made.attrArn, "The region's copy of the multi-region key.");
  return { arn: made.attrArn, id: made.ref };
}

/** The account's IAM decides for people and roles; services that use the key by themselves are named. */
function policy(stack: Stack, { names }: Place): object {
  const use = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"];
  const here = { StringEquals: { "aws:SourceAccount": stack.account } };
  const byAutoScaling = {
    StringEquals: { "kms:CallerAccount": stack.account },
    ArnLike: { "aws:PrincipalArn": sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/aws-service-role/autoscaling.amazonaws.com/*") },
  };
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "AccountDecides",
        Effect: "Allow",
        Principal: { AWS: sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root") },
        Action: "kms:*",
        Resource: "*",
      },
      {
        Sid: "LogGroups",
        Effect: "Allow",
        Principal: { Service: Fn.sub("logs.${AWS::Region}.amazonaws.com") },
        Action: use,
        Resource: "*",
        // docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
        Condition: {
          ArnLike: {
            "kms:EncryptionContext:aws:logs:arn": sub(
              `arn:\${AWS::Partition}:logs:\${AWS::Region}:\${AWS::AccountId}:log-group:${names.logGroup("*")}`,
            ),
          },
        },
      },
      // As for the topic: EventBridge sends no condition keys.
      {
        Sid: "Events",
        Effect: "Allow",
        Principal: { Service: "events.amazonaws.com" },
        Action: ["kms:Decrypt", "kms:GenerateDataKey*"],
        Resource: "*",
      },
      {
        Sid: "Alarms",
        Effect: "Allow",
        Principal: { Service: ["cloudwatch.amazonaws.com", "backup.amazonaws.com", "budgets.amazonaws.com"] },
        Action: ["kms:Decrypt", "kms:GenerateDataKey*"],
        Resource: "*",
        Condition: here,
      },
      // Auto Scaling starts instances with encrypted volumes through its service-linked role, whose own policy says nothing of keys:
      // docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
      // Named by a condition, because a principal must exist when the policy is written, and AWS makes the role at the first group.
      { Sid: "VolumesOfTheGroup", Effect: "Allow", Principal: { AWS: "*" }, Action: use, Resource: "*", Condition: byAutoScaling },
      {
        Sid: "VolumesOfTheGroupLater",
        Effect: "Allow",
        Principal: { AWS: "*" },
        Action: "kms:CreateGrant",
        Resource: "*",
        Condition: { ...byAutoScaling, Bool: { "kms:GrantIsForAWSResource": "true" } },
      },
    ],
  };
}
