/** What the agents on the cluster's machines may do. Tasks have roles of their own and, behind one hop, never reach this one. */
import type { Stack } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
import { decrypts } from "./own-key.ts";
import type { Place } from "./place.ts";
import { acknowledge, arn, sub } from "./template.ts";

/** The role's and the instance profile's purpose, for `names.role`. */
export const host = "host";

export function clusterRoles(stack: Stack, place: Place): void {
  const name = place.names.role(host, place.region);
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
function containerAgent({ names }: Place): object[] {
  const cluster = arn("ecs", `cluster/${names.cluster}`);
  const instances = arn("ecs", `container-instance/${names.cluster}/*`);
  return [
    {
      Effect: "Allow",
      Action: [
        "ecs:RegisterContainerInstance",
        "ecs:DeregisterContainerInstance",
        "ecs:SubmitTaskStateChange",
        "ecs:SubmitContainerStateChange",
        "ecs:SubmitAttachmentStateChanges",
      ],
      Resource: cluster,
    },
    { Effect: "Allow", Action: ["ecs:Poll", "ecs:StartTelemetrySession", "ecs:UpdateContainerInstancesState"], Resource: instances },
    {
      Effect: "Allow",
      Action: "ecs:TagResource",
      Resource: instances,
      Condition: { StringEquals: { "ecs:CreateAction": "RegisterContainerInstance" } },
    },
    { Effect: "Allow", Action: ["ecs:DiscoverPollEndpoint", "ec2:DescribeTags"], Resource: "*" },
  ];
}

/** AmazonSSMManagedInstanceCore without its right to read every parameter: docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonSSMManagedInstanceCore.html */
function systemsManager({ names, region }: Place): object[] {
  return [
    {
      Effect: "Allow",
      Action: [
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
      Resource: "*",
    },
    {
      Effect: "Allow",
      Action: "s3:GetObject",
      // docs.aws.amazon.com/systems-manager/latest/userguide/ssm-agent-minimum-s3-permissions.html
      Resource: [
        `patch-baseline-snapshot-${region}`,
        `aws-ssm-${region}`,
        `amazon-ssm-packages-${region}`,
        `aws-ssm-document-attachments-${region}`,
      ].map((bucket) => sub(`arn:\${AWS::Partition}:s3:::${bucket}/*`)),
    },
    // Sessions are encrypted with the platform's key and logged: docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html
    decrypts(names),
    { Effect: "Allow", Action: "logs:DescribeLogGroups", Resource: "*" },
    {
      Effect: "Allow",
      Action: ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
      Resource: arn("logs", `log-group:${names.logGroup("sessions")}:*`),
    },
  ];
}
