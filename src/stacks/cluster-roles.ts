/** What the agents on the cluster's machines may do. Tasks have roles of their own and, behind one hop, never reach this one. */
import type { Stack } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
import { decrypts } from "./own-key.ts";
import type { Place } from "./place.ts";
import { allow, type Statement } from "./role.ts";
import { acknowledge, arn, bucketArn } from "./template.ts";

/** The role's and the instance profile's purpose, for `names.role`. */
export const host = "host";

export function clusterRoles(stack: Stack, place: Place): void {
  const name = place.names.role(host, place.region);
  // AWS documents no aws:SourceAccount for EC2, and machines without credentials join no cluster: this trust has no condition.
  const role = new iam.CfnRole(stack, "HostRole", {
    roleName: name,
    assumeRolePolicyDocument: {
      Version: "2012-10-17",
      Statement: { Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" },
    },
    policies: [
      { policyName: "ecs", policyDocument: { Version: "2012-10-17", Statement: containerAgent(place) } },
      { policyName: "ssm", policyDocument: { Version: "2012-10-17", Statement: systemsManager(place) } },
    ],
  });
  acknowledge(role, "AwsSolutions-IAM5", "Calls about the machine itself, whose id EC2 and ECS choose; the others know no resources.");
  new iam.CfnInstanceProfile(stack, "HostProfile", { instanceProfileName: name, roles: [role.ref] });
}

/**
 * docs.aws.amazon.com/AmazonECS/latest/developerguide/instance_IAM_role.html, bound to this cluster. Nothing of images and logs: tasks bring
 * their execution roles for those.
 */
export function containerAgent({ names }: Place): Statement[] {
  const cluster = arn("ecs", `cluster/${names.cluster}`);
  const instances = arn("ecs", `container-instance/${names.cluster}/*`);
  return [
    allow(
      [
        "ecs:RegisterContainerInstance",
        "ecs:DeregisterContainerInstance",
        "ecs:SubmitTaskStateChange",
        "ecs:SubmitContainerStateChange",
        "ecs:SubmitAttachmentStateChanges",
      ],
      cluster,
    ),
    allow(["ecs:Poll", "ecs:StartTelemetrySession", "ecs:UpdateContainerInstancesState"], instances),
    allow("ecs:TagResource", instances, { StringEquals: { "ecs:CreateAction": "RegisterContainerInstance" } }),
    allow(["ecs:DiscoverPollEndpoint", "ec2:DescribeTags"], "*"),
  ];
}

/** AmazonSSMManagedInstanceCore without its right to read every parameter: docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonSSMManagedInstanceCore.html */
export function systemsManager({ names, region }: Place): Statement[] {
  return [
    allow(
      [
        "ssm:UpdateInstanceInformation",
        "ssm:UpdateInstanceAssociationStatus",
        "ssm:UpdateAssociationStatus",
        "ssm:ListInstanceAssociations",
        "ssm:ListAssociations",
        "ssm:DescribeAssociation",
        "ssm:GetDocument",
        "ssm:DescribeDocument",
        "ssm:GetManifest",
        "ssm:GetDeployablePatchSnapshotForInstance",
        "ssm:PutInventory",
        "ssm:PutComplianceItems",
        "ssm:PutConfigurePackageResult",
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
        "ec2messages:AcknowledgeMessage",
        "ec2messages:DeleteMessage",
        "ec2messages:FailMessage",
        "ec2messages:GetEndpoint",
        "ec2messages:GetMessages",
        "ec2messages:SendReply",
      ],
      "*",
    ),
    allow(
      "s3:GetObject",
      // docs.aws.amazon.com/systems-manager/latest/userguide/ssm-agent-minimum-s3-permissions.html
      [
        `patch-baseline-snapshot-${region}`,
        `aws-ssm-${region}`,
        `amazon-ssm-packages-${region}`,
        `aws-ssm-document-attachments-${region}`,
      ].map((bucket) => bucketArn(`${bucket}/*`)),
    ),
    // Sessions are encrypted with the platform's key and logged: docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html
    decrypts(names),
    allow("logs:DescribeLogGroups", "*"),
    allow(
      ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
      arn("logs", `log-group:${names.logGroup("sessions")}:*`),
    ),
  ];
}
