/** SSM documents: the definition's scripts, the patch that drains first, the settings of sessions. */
import { type Stack } from "aws-cdk-lib";
import * as logs from "aws-cdk-lib/aws-logs";
import * as ssm from "aws-cdk-lib/aws-ssm";
import { days } from "../../kernel/units.ts";
import type { Foundation } from "../parts.ts";
import { pascal, type Place } from "../place.ts";

export function documents(stack: Stack, place: Place, { keyArn }: Foundation): void {
  const { definition, names } = place;
  for (const [name, { description, commands, timeout }] of Object.entries(definition.operations.scripts)) {
    new ssm.CfnDocument(stack, `${pascal(name)}Script`, {
      name: names.document(name),
      documentType: "Command",
      documentFormat: "JSON",
      targetType: "/",
      updateMethod: "NewVersion",
      content: {
        schemaVersion: "2.2",
        description,
        mainSteps: [
          { action: "aws:runShellScript", name: "run", inputs: { runCommand: commands, timeoutSeconds: String(timeout / 1000) } },
        ],
      },
    });
  }
  new ssm.CfnDocument(stack, "PatchHost", {
    name: names.document("patch-host"),
    documentType: "Automation",
    documentFormat: "JSON",
    updateMethod: "NewVersion",
    content: patchHost(place),
  });
  if (definition.operations.sessions.cloud || definition.operations.sessions.site) sessions(stack, place, keyArn);
}

/**
 * Patches one machine without losing a task: no new ones on it, wait until those it has are elsewhere, patch and reboot, take part again.
 * A failed patch leaves the machine draining: somebody should look at it before it works again.
 */
function patchHost({ names }: Place): object {
  const cluster = names.cluster;
  const state = (name: string, status: string, nextStep?: string) => ({
    name,
    action: "aws:executeAwsApi",
    inputs: { Service: "ecs", Api: "UpdateContainerInstancesState", cluster, containerInstances: ["{{ find.ContainerInstance }}"], status },
    ...(nextStep ? { nextStep } : { isEnd: true }),
  });
  return {
    schemaVersion: "0.3",
    description: "Drain a container host, patch it, reboot it, take it back.",
    assumeRole: "{{ AutomationAssumeRole }}",
    parameters: {
      InstanceId: { type: "String", description: "i-… or mi-…" },
      AutomationAssumeRole: { type: "AWS::IAM::Role::Arn", description: "Who drains and patches" },
    },
    mainSteps: [
      {
        name: "find",
        action: "aws:executeAwsApi",
        inputs: { Service: "ecs", Api: "ListContainerInstances", cluster, filter: "ec2InstanceId == {{ InstanceId }}" },
        outputs: [{ Name: "ContainerInstance", Selector: "$.containerInstanceArns[0]", Type: "String" }],
        nextStep: "drain",
      },
      state("drain", "DRAINING", "waitUntilEmpty"),
      {
        name: "waitUntilEmpty",
        action: "aws:waitForAwsResourceProperty",
        timeoutSeconds: 3600,
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
        nextStep: "activate",
      },
      state("activate", "ACTIVE"),
    ],
  };
}

/** Every shell is encrypted with the platform's key and written down. */
function sessions(stack: Stack, { definition, names }: Place, keyArn: string): void {
  const log = new logs.CfnLogGroup(stack, "SessionLog", {
    logGroupName: names.logGroup("sessions"),
    kmsKeyId: keyArn,
    retentionInDays: definition.logs / days(1),
  });
  new ssm.CfnDocument(stack, "SessionSettings", {
    name: names.document("session"),
    documentType: "Session",
    documentFormat: "JSON",
    updateMethod: "NewVersion",
    content: {
      schemaVersion: "1.0",
      description: "Shells on the platform's machines: encrypted, logged, ended when idle.",
      sessionType: "Standard_Stream",
      inputs: {
        kmsKeyId: keyArn,
        cloudWatchLogGroupName: log.ref,
        cloudWatchEncryptionEnabled: true,
        cloudWatchStreamingEnabled: true,
        idleSessionTimeout: "20",
        runAsEnabled: false,
      },
    },
  });
}
