/** FIS experiments: the losses that AWS can inflict on purpose, ready to be started, each stopped when users are turned away. */
import type { Stack } from "aws-cdk-lib";
import * as fis from "aws-cdk-lib/aws-fis";
import * as logs from "aws-cdk-lib/aws-logs";
import { days } from "../kernel/units.ts";
import { experiments, type Needs } from "./faults/experiments.ts";
import { permissions } from "./faults/permissions.ts";
import { pascal, type Place } from "./place.ts";
import { makeRole } from "./role.ts";
import { acknowledge, arn } from "./template.ts";

export function faults(stack: Stack, place: Place, needs: Needs): void {
  const all = Object.entries(experiments(place, needs));
  const actions = new Set(all.flatMap(([, { actions }]) => Object.values(actions).map(({ actionId }) => actionId)));
  const role = makeRole(stack, "ExperimentRole", place, "faults", {
    service: "fis.amazonaws.com",
    statements: permissions(place, actions),
  });
  acknowledge(
    role,
    "AwsSolutions-IAM5",
    "Targets are found when an experiment starts: questions have no resources, and what is changed is the platform's by name or tag.",
  );
  const log = new logs.CfnLogGroup(stack, "ExperimentLog", {
    logGroupName: place.names.logGroup("faults"),
    kmsKeyId: needs.foundation.keyArn,
    retentionInDays: place.definition.logs / days(1),
  });
  for (const [name, { description, actions, targets }] of all) {
    new fis.CfnExperimentTemplate(stack, `${pascal(name)}Experiment`, {
      description,
      roleArn: role.attrArn,
      actions,
      targets,
      stopConditions: stopConditions(place),
      logConfiguration: { logSchemaVersion: 2, cloudWatchLogsConfiguration: { LogGroupArn: log.attrArn } },
      experimentOptions: { accountTargeting: "single-account", emptyTargetResolutionMode: "skip" },
      tags: { Name: place.names.stack(name) },
    });
  }
}

/**
 * The compute stack's alarms about what users get (compute-alarms.ts): a loss that is survived does not raise them for their three minutes.
 * Five at most: docs.aws.amazon.com/fis/latest/userguide/fis-quotas.html
 */
function stopConditions({ definition, holdings, names }: Place): fis.CfnExperimentTemplate.ExperimentTemplateStopConditionProperty[] {
  const routed = Object.entries(definition.services).flatMap(([name, { route }]) => (route ? [name] : []));
  if (routed.length === 0 || holdings.compute !== "live") return [{ source: "none" }];
  return ["load-balancer-errors", ...routed.map((name) => `${name}-errors`)]
    .slice(0, 5)
    .map((alarm) => ({ source: "aws:cloudwatch:alarm", value: arn("cloudwatch", `alarm:${names.stack(alarm)}`) }));
}
