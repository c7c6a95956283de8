/** The roles of operations: the data centre's machines, and what maintenance windows do before and while they patch. */
import type { Stack } from "aws-cdk-lib";
import { containerAgent, systemsManager } from "../cluster-roles.ts";
import { groupName } from "../hosts.ts";
import type { Place } from "../place.ts";
import { allow, makeRole, type Statement } from "../role.ts";
import { acknowledge, arn, roleArn, sub } from "../template.ts";

export const hybridRole = "site-host";
export const windowRole = "maintenance";

export function operationsRoles(stack: Stack, place: Place): void {
  if (place.definition.site) siteHosts(stack, place);
  const role = makeRole(stack, "MaintenanceRole", place, windowRole, {
    service: "ssm.amazonaws.com",
    statements: [...automation(place), ...draining(place), ...replacing(place)],
  });
  acknowledge(role, "AwsSolutions-IAM5", "Machines come and go, so they are chosen by the platform's tag; questions have no resources.");
}

/** What a hybrid activation gives to the data centre's machines: Systems Manager's agent and ECS Anywhere's, as the cluster's machines in AWS have them. */
function siteHosts(stack: Stack, place: Place): void {
  const role = makeRole(stack, "SiteHostRole", place, hybridRole, {
    service: "ssm.amazonaws.com",
    // docs.aws.amazon.com/systems-manager/latest/userguide/hybrid-multicloud-service-role.html
    condition: { ArnLike: { "aws:SourceArn": arn("ssm", "*") } },
    statements: [...containerAgent(place), ...systemsManager(place)],
  });
  acknowledge(role, "AwsSolutions-IAM5", "Calls about the machine itself, whose id SSM and ECS choose; the others know no resources.");
}

function automation(place: Place): Statement[] {
  const { definition, names } = place;
  return [
    allow(
      ["ssm:StartAutomationExecution", "ssm:GetAutomationExecution"],
      [
        ...["patch-host", "refresh-hosts"].map((document) => arn("ssm", `automation-definition/${names.document(document)}:*`)),
        arn("ssm", "automation-execution/*"),
      ],
    ),
    allow("iam:PassRole", roleArn(place, windowRole), { StringEquals: { "iam:PassedToService": "ssm.amazonaws.com" } }),
    allow("ssm:SendCommand", sub("arn:${AWS::Partition}:ssm:${AWS::Region}::document/AWS-RunPatchBaseline")),
    allow("ssm:SendCommand", [arn("ec2", "instance/*"), arn("ssm", "managed-instance/*")], {
      StringEquals: { "ssm:resourceTag/causeway:platform": definition.name },
    }),
    allow(
      ["ssm:ListCommands", "ssm:ListCommandInvocations", "ssm:GetCommandInvocation", "ssm:DescribeInstanceInformation", "tag:GetResources"],
      "*",
    ),
  ];
}

function draining({ names }: Place): Statement[] {
  return [
    allow(
      ["ecs:ListContainerInstances", "ecs:DescribeContainerInstances", "ecs:UpdateContainerInstancesState"],
      [arn("ecs", `cluster/${names.cluster}`), arn("ecs", `container-instance/${names.cluster}/*`)],
    ),
  ];
}

function replacing(place: Place): Statement[] {
  return [
    allow("autoscaling:StartInstanceRefresh", arn("autoscaling", `autoScalingGroup:*:autoScalingGroupName/${groupName(place)}`)),
    allow("autoscaling:DescribeInstanceRefreshes", "*"),
  ];
}
