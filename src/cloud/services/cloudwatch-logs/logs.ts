/** Amazon CloudWatch Logs. API: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/ */
import type { Service, Tagged } from "../../service.ts";
import { eventOperations } from "./events.ts";
import { filterOperations } from "./filters.ts";
import { groupOperations, tag as tagGroup } from "./groups.ts";
import { state, type Here } from "./log.ts";
import { resources } from "./resources.ts";

function* tagged(call: Here): Iterable<Tagged> {
  for (const { arn, tags } of call.state.groups.values()) yield { arn, tags };
}

function tag(call: Here, arn: string, set: Record<string, string>, remove: readonly string[]): boolean {
  const group = [...call.state.groups.values()].find((each) => each.arn === arn.replace(/:\*$/, ""));
  if (group) tagGroup(group, set, remove);
  return group !== undefined;
}

export const logs = {
  api: { signing: "logs", protocol: "awsJson1_1", version: "2014-03-28", target: "Logs_20140328" },
  sdk: () => import("@aws-sdk/client-cloudwatch-logs"),
  state,
  operations: { ...groupOperations, ...eventOperations, ...filterOperations },
  tagged,
  tag,
  resources,
} satisfies Service;
