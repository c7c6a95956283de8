/** Application Auto Scaling: the number of a service's tasks follows a metric or a clock. API: https://docs.aws.amazon.com/autoscaling/application/APIReference/ */
import type * as sdk from "@aws-sdk/client-application-auto-scaling";
import type { Operations, Service, Tagged } from "../../service.ts";
import { activityOperations } from "./activities.ts";
import { policyOperations } from "./policies.ts";
import { resources } from "./resources.ts";
import { act, changed, heard } from "./scaling.ts";
import { fire, scheduleOperations } from "./schedules.ts";
import { state, type Here, type State } from "./state.ts";
import { targetOperations } from "./targets.ts";

const operations = {
  ...activityOperations,
  ...policyOperations,
  ...scheduleOperations,
  ...targetOperations,
} satisfies Operations<sdk.ApplicationAutoScaling, State>;

function* tagged(call: Here): Iterable<Tagged> {
  for (const { ScalableTargetARN: arn, tags } of call.state.targets.values()) yield { arn, tags };
}

function tag(call: Here, arn: string, set: Record<string, string>, remove: readonly string[]): boolean {
  for (const target of call.state.targets.values()) {
    if (target.ScalableTargetARN !== arn) continue;
    target.tags = Object.fromEntries(Object.entries({ ...target.tags, ...set }).filter(([key]) => !remove.includes(key)));
    return true;
  }
  return false;
}

export const applicationautoscaling = {
  api: { signing: "application-autoscaling", protocol: "awsJson1_1", version: "2016-02-06", target: "AnyScaleFrontendService" },
  sdk: () => import("@aws-sdk/client-application-auto-scaling"),
  needs: ["cloudwatch", "ecs"],
  state,
  operations,
  timers: { act, scheduled: fire },
  hears: { "alarm-action": heard, "service-changed": changed },
  tagged,
  tag,
  resources,
} satisfies Service;
