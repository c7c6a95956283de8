/** CloudFormation's types of CloudWatch. docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_CloudWatch.html */
import type * as sdk from "@aws-sdk/client-cloudwatch";
import { resource, type Call, type Properties, type ResourceType, type Stack } from "../../service.ts";
import { alarmOperations } from "./alarms.ts";
import { dashboardOperations } from "./dashboards.ts";
import type { Here } from "./state.ts";

const numbers = [
  "Threshold",
  "EvaluationPeriods",
  "DatapointsToAlarm",
  "Period",
  "ActionsSuppressorWaitPeriod",
  "ActionsSuppressorExtensionPeriod",
];

function alarmOf(kind: "metric" | "composite"): ResourceType {
  const put = (call: Here, AlarmName: string, properties: Properties, { tags }: Stack) => {
    const { Tags: own, ...rest } = coerced(properties);
    const Tags = [...Object.entries(tags).map(([Key, Value]) => ({ Key, Value })), ...((own as sdk.Tag[] | undefined) ?? [])];
    const input = { ...rest, AlarmName, Tags };
    if (kind === "metric") alarmOperations.PutMetricAlarm(call, input);
    else alarmOperations.PutCompositeAlarm(call, input as unknown as Parameters<typeof alarmOperations.PutCompositeAlarm>[1]);
  };
  return resource({
    create(call: Here, properties, stack) {
      const name = String(properties.AlarmName ?? stack.generatedName(255));
      put(call, name, properties, stack);
      return name;
    },
    update: (call: Here, id, properties, _previous, stack) => put(call, id, properties, stack),
    delete(call: Here, id) {
      if (call.state.alarms.has(id)) alarmOperations.DeleteAlarms(call, { AlarmNames: [id] });
    },
    attributes: (call: Call, id) => ({ Arn: call.arn("cloudwatch", `alarm:${id}`) }),
    read(call: Here, id, properties) {
      const alarm = call.state.alarms.get(id);
      return alarm && { ...properties, AlarmDescription: alarm.description, ActionsEnabled: alarm.actionsEnabled };
    },
  });
}

/** CloudFormation may pass numbers and flags as texts. */
function coerced(properties: Properties): Properties {
  const result: Properties = { ...properties };
  for (const name of numbers) if (result[name] !== undefined) result[name] = Number(result[name]);
  if (result.ActionsEnabled !== undefined) result.ActionsEnabled = String(result.ActionsEnabled) === "true";
  if (Array.isArray(result.Metrics)) result.Metrics = (result.Metrics as Properties[]).map(query);
  return result;
}

const query = ({ ReturnData, Period, MetricStat, ...rest }: Properties): Properties => ({
  ...rest,
  ...(ReturnData !== undefined && { ReturnData: String(ReturnData) === "true" }),
  ...(Period !== undefined && { Period: Number(Period) }),
  ...(MetricStat !== undefined && { MetricStat: { ...(MetricStat as Properties), Period: Number((MetricStat as Properties).Period) } }),
});

const dashboard = resource({
  create(call: Here, { DashboardName, DashboardBody }, stack) {
    const name = String(DashboardName ?? stack.generatedName(255));
    dashboardOperations.PutDashboard(call, { DashboardName: name, DashboardBody: String(DashboardBody) });
    return name;
  },
  update(call: Here, id, { DashboardBody }) {
    dashboardOperations.PutDashboard(call, { DashboardName: id, DashboardBody: String(DashboardBody) });
  },
  delete(call: Here, id) {
    if (call.state.dashboards.has(id)) dashboardOperations.DeleteDashboards(call, { DashboardNames: [id] });
  },
  read(call: Here, id) {
    const known = call.state.dashboards.get(id);
    return known && { DashboardName: id, DashboardBody: known.body };
  },
});

export const resources = {
  "AWS::CloudWatch::Alarm": alarmOf("metric"),
  "AWS::CloudWatch::CompositeAlarm": alarmOf("composite"),
  "AWS::CloudWatch::Dashboard": dashboard,
};
