/** What an alarm does when its state is another. docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-actions.html */
import type * as sdk from "@aws-sdk/client-cloudwatch";
import { days } from "../../../kernel/units.ts";
import { AwsError } from "../../service.ts";
import { childChanged } from "./composites.ts";
import { tickOn } from "./evaluation.ts";
import { recent } from "./reasons.ts";
import type { Alarm, Here, History } from "./state.ts";

// CW-014
const HISTORY_KEPT = days(30);

/** Application Auto Scaling's policies have ARNs of Auto Scaling as well. */
const isScaling = (action: string): boolean => /^arn:aws:autoscaling:[^:]*:\d{12}:scalingPolicy:/.test(action);

/** Sets the state and carries its actions out. */
export function act(call: Here, alarm: Alarm, to: sdk.StateValue, reason: string, data?: string): void {
  const from = alarm.state;
  alarm.reason = reason;
  alarm.reasonData = data;
  alarm.updated = call.date;
  if (from === to) return;
  const old = { stateValue: from };
  alarm.state = to;
  alarm.transitioned = call.date;
  remember(call, alarm, {
    HistoryItemType: "StateUpdate",
    HistorySummary: `Alarm updated from ${from} to ${to}`,
    HistoryData: JSON.stringify({
      version: "1.0",
      oldState: old,
      newState: { stateValue: to, stateReason: reason, stateReasonData: data && JSON.parse(data) },
    }),
  });
  tellEvent(call, alarm, from);
  if (alarm.kind === "metric" && alarm.actions[to].some(isScaling)) {
    call.state.repeating.add(alarm.name);
    tickOn(call);
  } else call.state.repeating.delete(alarm.name);
  carryOut(call, alarm, from);
  for (const parent of call.state.parents.get(alarm.name) ?? []) childChanged(call, parent);
}

/** The actions of its state, unless they are switched off or suppressed. */
export function carryOut(call: Here, alarm: Alarm, from: sdk.StateValue): void {
  if (!alarm.actionsEnabled || (alarm.kind === "composite" && alarm.suppressor?.state)) return;
  for (const action of alarm.actions[alarm.state]) {
    if (isScaling(action)) scale(call, alarm, action);
    else notify(call, alarm, action, from);
  }
}

/** CW-012: scaling actions are carried out every minute for as long as the state lasts. */
export function repeat(call: Here, name: string): void {
  const alarm = call.state.alarms.get(name);
  if (!alarm || !alarm.actions[alarm.state].some(isScaling)) return void call.state.repeating.delete(name);
  // The transition itself was this minute's.
  if (!alarm.actionsEnabled || alarm.transitioned.getTime() === Number(call.now)) return;
  for (const action of alarm.actions[alarm.state]) if (isScaling(action)) scale(call, alarm, action);
}

function scale(call: Here, alarm: Alarm, action: string): void {
  const values = alarm.kind === "metric" ? recent(alarm, alarm.until).map(({ value }) => value) : [];
  call.tell("alarm-action", { action, alarmName: alarm.name, alarmArn: alarm.arn, state: alarm.state, values });
}

function notify(call: Here, alarm: Alarm, action: string, from: sdk.StateValue): void {
  const [, , service, region] = action.split(":");
  const done = (summary: string) => remember(call, alarm, { HistoryItemType: "Action", HistorySummary: summary });
  if (service !== "sns") return done(`Failed to execute action ${action}: Causeway does not emulate alarm actions of ${service}.`);
  try {
    const there = region === call.region ? call : call.elsewhere(region ?? call.region);
    there
      .ask("sns")
      .Publish({ TopicArn: action, Subject: `${alarm.state}: "${alarm.name}" in ${call.region}`, Message: message(call, alarm, from) });
    done(`Successfully executed action ${action}`);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    done(`Failed to execute action ${action}. Received error: "${error.message}"`);
  }
}

/** docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/US_SetupSNS.html, the message of a metric alarm. */
function message(call: Here, alarm: Alarm, from: sdk.StateValue): string {
  const shared = {
    AlarmName: alarm.name,
    AlarmDescription: alarm.description ?? null,
    AWSAccountId: call.account,
    AlarmConfigurationUpdatedTimestamp: stamp(alarm.configured),
    NewStateValue: alarm.state,
    NewStateReason: alarm.reason,
    StateChangeTime: stamp(alarm.transitioned),
    Region: call.region,
    AlarmArn: alarm.arn,
    OldStateValue: from,
    OKActions: alarm.actions.OK,
    AlarmActions: alarm.actions.ALARM,
    InsufficientDataActions: alarm.actions.INSUFFICIENT_DATA,
  };
  if (alarm.kind === "composite") return JSON.stringify({ ...shared, AlarmRule: alarm.rule });
  const { input, period, periods, datapoints, operator, threshold, missing } = alarm;
  const Trigger = {
    MetricName: input.MetricName,
    Namespace: input.Namespace,
    StatisticType: input.ExtendedStatistic ? "ExtendedStatistic" : "Statistic",
    Statistic: (input.Statistic ?? input.ExtendedStatistic)?.toUpperCase(),
    Unit: input.Unit ?? null,
    Dimensions: (input.Dimensions ?? []).map(({ Name, Value }) => ({ value: Value, name: Name })),
    Metrics: input.Metrics,
    Period: period / 1000,
    EvaluationPeriods: periods,
    DatapointsToAlarm: datapoints,
    ComparisonOperator: operator,
    Threshold: threshold,
    TreatMissingData: missing,
    EvaluateLowSampleCountPercentile: input.EvaluateLowSampleCountPercentile ?? "",
  };
  return JSON.stringify({ ...shared, Trigger });
}

/** docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html */
function tellEvent(call: Here, alarm: Alarm, from: sdk.StateValue): void {
  const { name, state, reason, reasonData, transitioned, description } = alarm;
  const configuration = alarm.kind === "composite" ? { alarmRule: alarm.rule } : { description, metrics: metricsOf(alarm.input) };
  call.tell("event", {
    source: "aws.cloudwatch",
    detailType: "CloudWatch Alarm State Change",
    resources: [alarm.arn],
    detail: {
      alarmName: name,
      state: { value: state, reason, reasonData, timestamp: stamp(transitioned) },
      previousState: { value: from },
      configuration,
    },
  });
}

function metricsOf({ Metrics, Namespace, MetricName, Dimensions = [], Period, Statistic, ExtendedStatistic }: sdk.PutMetricAlarmInput) {
  if (Metrics?.length)
    return Metrics.map(({ Id, Expression, ReturnData }) => ({ id: Id, expression: Expression, returnData: ReturnData ?? true }));
  const dimensions = Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name, Value]));
  const metric = { namespace: Namespace, name: MetricName, dimensions };
  return [{ id: "m1", metricStat: { metric, period: Period, stat: Statistic ?? ExtendedStatistic }, returnData: true }];
}

const stamp = (at: Date): string => at.toISOString().replace("Z", "+0000");

export function remember(call: Here, alarm: Alarm, item: Pick<History, "HistoryItemType" | "HistorySummary" | "HistoryData">): void {
  const { history } = call.state;
  const old = history.findIndex(({ Timestamp }) => Timestamp.getTime() > call.now - HISTORY_KEPT);
  if (old > 1000) history.splice(0, old);
  history.push({
    AlarmName: alarm.name,
    AlarmType: alarm.kind === "metric" ? "MetricAlarm" : "CompositeAlarm",
    Timestamp: call.date,
    ...item,
  });
}
