/** The roles of operations: the data centre's machines, maintenance windows, the drain that comes before a patch. */
import { type Stack } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
import type { Place } from "../place.ts";
import { acknowledge, arn, roleArn, sub } from "../template.ts";

export const hybridRole = "site-host";
export const windowRole = "maintenance";

const assumedBy = (stack: Stack, service: string) => ({
  Version: "2012-10-17",
  Statement: {
    Effect: "Allow",
    Principal: { Service: service },
    Action: "sts:AssumeRole",
    Condition: { StringEquals: { "aws:SourceAccount": stack.account } },
  },
});

export function operationsRoles(stack: Stack, place: Place): void {
  if (place.definition.site) hybrid(stack, place);
  maintenance(stack, place);
}

/** What a hybrid activation gives to the data centre's machines: Systems Manager's agent and ECS Anywhere's. */
function hybrid(stack: Stack, { definition, names, region }: Place): void {
  const role = new iam.CfnRole(stack, "SiteHostRole", {
    roleName: names.role(hybridRole, region),
    assumeRolePolicyDocument: {
      Version: "2012-10-17",
      Statement: {
        Effect: "Allow",
        Principal: { Service: "ssm.amazonaws.com" },
        Action: "sts:AssumeRole",
        // docs.aws.amazon.com/systems-manager/latest/userguide/hybrid-multicloud-service-role.html
        Condition: { StringEquals: { "aws:SourceAccount": stack.account }, ArnEquals: { "aws:SourceArn": arn("ssm", "*") } },
      },
    },
    managedPolicyArns: [sub("arn:${AWS::Partition}:iam::aws:policy/AmazonSSMManagedInstanceCore")],
    policies: [
      {
        policyName: "containers",
        policyDocument: {
          Version: "2012-10-17",
          Statement: [
            {
              Effect: "Allow",
              Action: [
                "ecs:RegisterContainerInstance",
                "ecs:DeregisterContainerInstance",
                "ecs:UpdateContainerInstancesState",
                "ecs:SubmitTaskStateChange",
                "ecs:SubmitContainerStateChange",
              ],
              Resource: [arn("ecs", `cluster/${names.cluster}`), arn("ecs", `container-instance/${names.cluster}/*`)],
            },
            {
              Effect: "Allow",
              Action: ["ecs:Poll", "ecs:StartTelemetrySession"],
              Resource: arn("ecs", `container-instance/${names.cluster}/*`),
            },
            { Effect: "Allow", Action: ["ecs:DiscoverPollEndpoint", "ecr:GetAuthorizationToken"], Resource: "*" },
            {
              Effect: "Allow",
              Action: ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"],
              Resource: arn("ecr", `repository/${definition.name}*`),
            },
          ],
        },
      },
    ],
  });
  acknowledge(
    role,
    "AwsSolutions-IAM4",
    "The policy that AWS documents for hybrid-activated machines; its calls have no resources to name.",
  );
  acknowledge(role, "AwsSolutions-IAM5", "Container instances have ids of AWS's choice; repositories begin with the platform's name.");
}

/** Windows run commands on the platform's machines and the drain that comes before. */
function maintenance(stack: Stack, place: Place): void {
  const { names, region, definition } = place;
  const role = new iam.CfnRole(stack, "MaintenanceRole", {
    roleName: names.role(windowRole, region),
    assumeRolePolicyDocument: assumedBy(stack, "ssm.amazonaws.com"),
    policies: [
      {
        policyName: "maintain",
        policyDocument: {
          Version: "2012-10-17",
          Statement: [
            {
              Effect: "Allow",
              Action: "ssm:SendCommand",
              Resource: [
                sub("arn:${AWS::Partition}:ssm:${AWS::Region}::document/AWS-RunPatchBaseline"),
                arn("ssm", `document/${definition.name}-*`),
              ],
            },
            {
              Effect: "Allow",
              Action: "ssm:SendCommand",
              Resource: [arn("ec2", "instance/*"), arn("ssm", "managed-instance/*")],
              Condition: { StringEquals: { "ssm:resourceTag/causeway:platform": definition.name } },
            },
            {
              Effect: "Allow",
              Action: ["ssm:StartAutomationExecution", "ssm:GetAutomationExecution"],
              Resource: [arn("ssm", `automation-definition/${names.document("patch-host")}:*`), arn("ssm", "automation-execution/*")],
            },
            {
              Effect: "Allow",
              Action: [
                "ssm:ListCommands",
                "ssm:ListCommandInvocations",
                "ssm:GetCommandInvocation",
                "ssm:DescribeInstanceInformation",
                "tag:GetResources",
              ],
              Resource: "*",
            },
            {
              Effect: "Allow",
              Action: ["ecs:ListContainerInstances", "ecs:DescribeContainerInstances", "ecs:UpdateContainerInstancesState"],
              Resource: [arn("ecs", `cluster/${names.cluster}`), arn("ecs", `container-instance/${names.cluster}/*`)],
            },
            {
              Effect: "Allow",
              Action: "iam:PassRole",
              Resource: roleArn(place, windowRole),
              Condition: { StringEquals: { "iam:PassedToService": "ssm.amazonaws.com" } },
            },
          ],
        },
      },
    ],
  });
  acknowledge(role, "AwsSolutions-IAM5", "Machines come and go, so they are chosen by the platform's tag; status calls have no resources.");
}
