/** How machines are brought up to date without losing a task: those of the data centre are drained and patched, those in AWS replaced. */
import type { Stack } from "aws-cdk-lib";
import * as ssm from "aws-cdk-lib/aws-ssm";
import { groupName } from "../hosts.ts";
import type { Place } from "../place.ts";

export type Automation = "patch-host" | "refresh-hosts";

export function automation(stack: Stack, place: Place, name: Automation): ssm.CfnDocument {
  return new ssm.CfnDocument(stack, name === "patch-host" ? "PatchHost" : "RefreshHosts", {
    name: place.names.document(name),
    documentType: "Automation",
    documentFormat: "JSON",
    updateMethod: "NewVersion",
    content: name === "patch-host" ? patchHost(place) : refreshHosts(place),
  });
}

const role = { type: "AWS::IAM::Role::Arn", description: "Who acts" };

/**
 * No new tasks on the machine, wait until those it has are elsewhere, patch and reboot, take part again. A drain that does not end is given up and
 * undone. A patch that fails leaves the machine draining: somebody should look at it before it works again.
 */
function patchHost({ names: { cluster } }: Place): object {
  const state = (name: string, status: string, next: object) => ({
    name,
    action: "aws:executeAwsApi",
    inputs: { Service: "ecs", Api: "UpdateContainerInstancesState", cluster, containerInstances: ["{{ find.ContainerInstance }}"], status },
    ...next,
  });
  return {
    schemaVersion: "0.3",
    description: "Drain a container host, patch it, reboot it, take it back.",
    assumeRole: "{{ AutomationAssumeRole }}",
    parameters: { InstanceId: { type: "String", description: "i-… or mi-…" }, AutomationAssumeRole: role },
    mainSteps: [
      {
        name: "find",
        action: "aws:executeAwsApi",
        inputs: { Service: "ecs", Api: "ListContainerInstances", cluster, filter: "ec2InstanceId == {{ InstanceId }}" },
        outputs: [{ Name: "ContainerInstance", Selector: "$.containerInstanceArns[0]", Type: "String" }],
        nextStep: "drain",
      },
      state("drain", "DRAINING", { nextStep: "waitUntilEmpty" }),
      {
        name: "waitUntilEmpty",
        action: "aws:waitForAwsResourceProperty",
        timeoutSeconds: 3600,
        onFailure: "step:giveUp",
        inputs: {
          Service: "ecs",
          Api: "DescribeContainerInstances",
          cluster,
          containerInstances: ["{{ find.ContainerInstance }}"],
          PropertySelector: "$.containerInstances[0].runningTasksCount",
          DesiredValues: ["0"],
        },
        nextStep: "patch",
      },
      {
        name: "patch",
        action: "aws:runCommand",
        timeoutSeconds: 7200,
        inputs: {
          DocumentName: "AWS-RunPatchBaseline",
          InstanceIds: ["{{ InstanceId }}"],
          Parameters: { Operation: "Install", RebootOption: "RebootIfNeeded" },
        },
        nextStep: "takeBack",
      },
      state("takeBack", "ACTIVE", { isEnd: true }),
      // The execution still counts as failed, since the wait is critical: nobody takes the machine for a patched one.
      state("giveUp", "ACTIVE", { isEnd: true }),
    ],
  };
}

/**
 * The group replaces what does not match its launch template any more, which is so after cluster.image was changed and deployed. ECS drains each
 * machine before it ends. docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html
 */
function refreshHosts(place: Place): object {
  const group = { Service: "autoscaling", AutoScalingGroupName: groupName(place) };
  return {
    schemaVersion: "0.3",
    description: "Replace the group's machines that are not of its present image.",
    assumeRole: "{{ AutomationAssumeRole }}",
    parameters: { AutomationAssumeRole: role },
    mainSteps: [
      {
        name: "start",
        action: "aws:executeAwsApi",
        inputs: {
          ...group,
          Api: "StartInstanceRefresh",
          Preferences: {
            SkipMatching: true,
            MinHealthyPercentage: 100,
            MaxHealthyPercentage: 110,
            // ECS protects machines with tasks against scale-in; they are the ones that are meant.
            ScaleInProtectedInstances: "Refresh",
          },
        },
        outputs: [{ Name: "Refresh", Selector: "$.InstanceRefreshId", Type: "String" }],
        nextStep: "wait",
      },
      {
        name: "wait",
        action: "aws:waitForAwsResourceProperty",
        // An hour for each tenth of the machines: tasks may take long to stop.
        timeoutSeconds: 36_000,
        inputs: {
          ...group,
          Api: "DescribeInstanceRefreshes",
          InstanceRefreshIds: ["{{ start.Refresh }}"],
          PropertySelector: "$.InstanceRefreshes[0].Status",
          DesiredValues: ["Successful"],
        },
        isEnd: true,
      },
    ],
  };
}
