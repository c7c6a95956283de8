/** Amazon CloudWatch: metrics, alarms, dashboards. API: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/ */
import type * as sdk from "@aws-sdk/client-cloudwatch";
import type { Operations, Service, Tagged } from "../../service.ts";
import { alarmOperations } from "./alarms.ts";
import { dashboardOperations } from "./dashboards.ts";
import { tick } from "./evaluation.ts";
import { metricOperations } from "./metrics.ts";
import { resources } from "./resources.ts";
import { notFound, state, type Alarm, type Here, type State, type Timers } from "./state.ts";

const tagOperations = {
  ListTagsForResource(call, { ResourceARN }) {
    return { Tags: Object.entries(byArn(call, ResourceARN).tags).map(([Key, Value]) => ({ Key, Value })) };
  },
  TagResource(call, { ResourceARN, Tags }) {
    Object.assign(byArn(call, ResourceARN).tags, Object.fromEntries(Tags.map(({ Key = "", Value = "" }) => [Key, Value])));
  },
  UntagResource(call, { ResourceARN, TagKeys }) {
    const { tags } = byArn(call, ResourceARN);
    for (const key of TagKeys) delete tags[key];
  },
} satisfies Operations<sdk.CloudWatch, State, Timers>;

function byArn(call: Here, arn: string): Alarm {
  const alarm = call.state.alarms.get(arn.slice(arn.indexOf(":alarm:") + ":alarm:".length));
  if (alarm?.arn !== arn) throw notFound(`Unknown resource: ${arn}`);
  return alarm;
}

const operations = { ...alarmOperations, ...dashboardOperations, ...metricOperations, ...tagOperations } satisfies Operations<
  sdk.CloudWatch,
  State,
  Timers
>;

function* tagged(call: Here): Iterable<Tagged> {
  for (const { arn, tags } of call.state.alarms.values()) yield { arn, tags };
}

function tag(call: Here, arn: string, set: Record<string, string>, remove: readonly string[]): boolean {
  for (const alarm of call.state.alarms.values()) {
    if (alarm.arn !== arn) continue;
    alarm.tags = Object.fromEntries(Object.entries({ ...alarm.tags, ...set }).filter(([key]) => !remove.includes(key)));
    return true;
  }
  return false;
}

export const cloudwatch = {
  api: {
    signing: "monitoring",
    protocol: "awsJson1_0",
    version: "2010-08-01",
    target: "GraniteServiceVersion20100801",
    namespace: "http://monitoring.amazonaws.com/doc/2010-08-01/",
    alsoQuery: true,
  },
  sdk: () => import("@aws-sdk/client-cloudwatch"),
  needs: ["sns"],
  state,
  operations,
  timers: { tick },
  tagged,
  tag,
  resources,
} satisfies Service;
