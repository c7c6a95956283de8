/** Alarms: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html */
import type * as sdk from "@aws-sdk/client-cloudwatch";
import { milliseconds, seconds, type Instant } from "../../../kernel/units.ts";
import { AwsError, type Checked, type Operations } from "../../service.ts";
import { act, remember } from "./actions.ts";
import { queriesOf, tie, untie } from "./alarm-metrics.ts";
import { judge, namesIn, parseRule } from "./composites.ts";
import { watch } from "./evaluation.ts";
import { parseQuery } from "./insights.ts";
import { made } from "./report.ts";
import { statisticOf } from "./series.ts";
import { invalid, notFound, page, type Alarm, type CompositeAlarm, type Here, type MetricAlarm, type State, type Timers } from "./state.ts";
import { isComparison } from "./verdict.ts";

type Put = Checked<sdk.PutMetricAlarmInput>;

const ACTIONS_MAX = 5;
const HOURLY_MAX = 7 * 86_400;
const DAILY_MAX = 86_400;

export const alarmOperations = {
  PutMetricAlarm(call, input) {
    check(call, input);
    const known = call.state.alarms.get(input.AlarmName);
    if (known && known.kind !== "metric") throw invalid(`${input.AlarmName} is a composite alarm.`);
    if (known) untie(call, known);
    const alarm = known ?? newAlarm(call, input);
    configure(alarm, input, call.date);
    call.state.alarms.set(alarm.name, alarm);
    tie(call, alarm, (key) => byKey(call, key, input));
    const HistorySummary = known ? `Alarm "${alarm.name}" updated` : `Alarm "${alarm.name}" created`;
    remember(call, alarm, { HistoryItemType: "ConfigurationUpdate", HistorySummary });
    watch(call, alarm);
  },

  PutCompositeAlarm(call, input) {
    const {
      AlarmName,
      AlarmRule,
      ActionsSuppressor,
      ActionsSuppressorWaitPeriod: wait,
      ActionsSuppressorExtensionPeriod: extension,
    } = input;
    const children = [...new Set(namesIn(parseRule(AlarmRule)))];
    if (children.length > 100) throw invalid("A composite alarm may name 100 alarms.");
    const strange = children.find((child) => !call.state.alarms.has(child));
    if (strange !== undefined) throw invalid(`Could not save the composite alarm as alarms [${strange}] in the alarm rule do not exist`);
    if (reaches(call, children, AlarmName)) throw invalid("A composite alarm must not depend on itself.");
    const crowded = children.find(
      (child) => (call.state.parents.get(child)?.size ?? 0) >= 150 && !call.state.parents.get(child)!.has(AlarmName),
    );
    if (crowded !== undefined) throw new AwsError("LimitExceeded", `150 composite alarms name ${crowded} already.`);
    const actions = actionsOf(input);
    if (
      Object.values(actions)
        .flat()
        .some((action) => !action.startsWith("arn:aws:sns:") && !action.startsWith("arn:aws:ssm"))
    )
      throw invalid("Composite alarms take actions of SNS and Systems Manager only.");
    if ((ActionsSuppressor !== undefined) !== (wait !== undefined && extension !== undefined))
      throw invalid("ActionsSuppressor needs ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod.");
    if (ActionsSuppressor !== undefined) throw new AwsError("NotImplemented", "Causeway does not emulate ActionsSuppressor.", 501);
    const known = call.state.alarms.get(AlarmName);
    if (known && known.kind !== "composite") throw invalid(`${AlarmName} is a metric alarm.`);
    if (known) forgetChildren(call, known);
    const alarm: CompositeAlarm = {
      ...common(call, AlarmName, known),
      kind: "composite",
      description: input.AlarmDescription,
      actionsEnabled: input.ActionsEnabled ?? true,
      actions,
      rule: AlarmRule,
      children,
      configured: call.date,
      tags: known?.tags ?? tagMap(input.Tags),
    };
    call.state.alarms.set(AlarmName, alarm);
    for (const child of children) call.state.parents.set(child, (call.state.parents.get(child) ?? new Set()).add(AlarmName));
    remember(call, alarm, {
      HistoryItemType: "ConfigurationUpdate",
      HistorySummary: `Alarm "${AlarmName}" ${known ? "updated" : "created"}`,
    });
    judge(call, alarm);
  },

  DeleteAlarms(call, { AlarmNames }) {
    const strange = AlarmNames.find((name) => !call.state.alarms.has(name));
    if (strange !== undefined) throw notFound(`Unknown Alarm: ${strange}`);
    const used = AlarmNames.find((name) => [...(call.state.parents.get(name) ?? [])].some((parent) => !AlarmNames.includes(parent)));
    if (used !== undefined) throw invalid(`Alarm ${used} is named by a composite alarm: remove it there first.`);
    for (const name of AlarmNames) {
      const alarm = call.state.alarms.get(name);
      if (!alarm) continue;
      if (alarm.kind === "metric") untie(call, alarm);
      else forgetChildren(call, alarm);
      remember(call, alarm, { HistoryItemType: "ConfigurationUpdate", HistorySummary: `Alarm "${name}" deleted` });
      for (const set of [call.state.active, call.state.repeating]) set.delete(name);
      call.state.alarms.delete(name);
      call.state.parents.delete(name);
    }
  },

  DescribeAlarms(
    call,
    {
      AlarmNames,
      AlarmNamePrefix,
      AlarmTypes,
      ActionPrefix,
      StateValue,
      ChildrenOfAlarmName,
      ParentsOfAlarmName,
      MaxRecords = 50,
      NextToken,
    },
  ) {
    const { alarms, parents } = call.state;
    const some = AlarmNames?.length ? AlarmNames.flatMap((name) => alarms.get(name) ?? []) : [...alarms.values()];
    const children = ChildrenOfAlarmName === undefined ? undefined : childrenOf(alarms.get(ChildrenOfAlarmName));
    const all = some
      .filter(
        (alarm) =>
          (!AlarmNamePrefix || alarm.name.startsWith(AlarmNamePrefix)) &&
          (!ActionPrefix ||
            Object.values(alarm.actions)
              .flat()
              .some((action) => action.startsWith(ActionPrefix))) &&
          (!StateValue || alarm.state === StateValue) &&
          (!children || children.includes(alarm.name)) &&
          (!ParentsOfAlarmName || parents.get(ParentsOfAlarmName)?.has(alarm.name)) &&
          // Metric alarms alone unless composites are asked for.
          (AlarmTypes?.length ? AlarmTypes : ["MetricAlarm"]).includes(alarm.kind === "metric" ? "MetricAlarm" : "CompositeAlarm"),
      )
      .toSorted((one, other) => (one.name < other.name ? -1 : 1));
    const { items, next } = page(all, MaxRecords, NextToken);
    return {
      MetricAlarms: items.flatMap((alarm) => (alarm.kind === "metric" ? metricShown(alarm) : [])),
      CompositeAlarms: items.flatMap((alarm) => (alarm.kind === "composite" ? compositeShown(alarm) : [])),
      NextToken: next,
    };
  },

  DescribeAlarmsForMetric(call, { Namespace, MetricName, Dimensions = [], Statistic, ExtendedStatistic, Period }) {
    const same = (alarm: Alarm): alarm is MetricAlarm =>
      alarm.kind === "metric" &&
      alarm.input.Namespace === Namespace &&
      alarm.input.MetricName === MetricName &&
      JSON.stringify(sorted(alarm.input.Dimensions ?? [])) === JSON.stringify(sorted(Dimensions)) &&
      (Statistic === undefined || alarm.input.Statistic === Statistic) &&
      (ExtendedStatistic === undefined || alarm.input.ExtendedStatistic === ExtendedStatistic) &&
      (Period === undefined || alarm.period === Period * 1000);
    return { MetricAlarms: [...call.state.alarms.values()].filter(same).map(metricShown) };
  },

  DescribeAlarmHistory(call, { AlarmName, HistoryItemType, StartDate, EndDate, ScanBy, MaxRecords = 100, NextToken }) {
    const all = call.state.history.filter(
      (item) =>
        (AlarmName === undefined || item.AlarmName === AlarmName) &&
        (HistoryItemType === undefined || item.HistoryItemType === HistoryItemType) &&
        item.Timestamp.getTime() > call.now - 30 * 86_400_000 &&
        (!StartDate || item.Timestamp >= StartDate) &&
        (!EndDate || item.Timestamp <= EndDate),
    );
    const { items, next } = page(ScanBy === "TimestampAscending" ? all : all.toReversed(), MaxRecords, NextToken);
    return { AlarmHistoryItems: items, NextToken: next };
  },

  /** CW-014: until the alarm is judged again. */
  SetAlarmState(call, { AlarmName, StateValue, StateReason, StateReasonData }) {
    const alarm = call.state.alarms.get(AlarmName);
    if (!alarm) throw notFound(`Unknown Alarm: ${AlarmName}`);
    if (!["OK", "ALARM", "INSUFFICIENT_DATA"].includes(StateValue)) throw invalid(`StateValue ${StateValue} is not valid.`);
    act(call, alarm, StateValue, StateReason, StateReasonData);
    if (alarm.kind === "metric") watch(call, alarm);
  },

  EnableAlarmActions: (call, { AlarmNames }) => switched(call, AlarmNames, true),
  DisableAlarmActions: (call, { AlarmNames }) => switched(call, AlarmNames, false),
} satisfies Operations<sdk.CloudWatch, State, Timers>;

function switched(call: Here, names: readonly string[], enabled: boolean): void {
  for (const name of names) {
    const alarm = call.state.alarms.get(name);
    if (alarm) alarm.actionsEnabled = enabled;
  }
}

const childrenOf = (alarm: Alarm | undefined): string[] => (alarm?.kind === "composite" ? alarm.children : []);

function reaches(call: Here, from: readonly string[], name: string): boolean {
  return from.some((each) => each === name || reaches(call, childrenOf(call.state.alarms.get(each)), name));
}

function forgetChildren(call: Here, { name, children }: CompositeAlarm): void {
  for (const child of children) call.state.parents.get(child)?.delete(name);
}

function check(call: Here, input: Put): void {
  const { Metrics, MetricName, Statistic, ExtendedStatistic, Period, EvaluationPeriods = 1, DatapointsToAlarm = EvaluationPeriods } = input;
  if (!isComparison(input.ComparisonOperator ?? ""))
    throw new AwsError("NotImplemented", `Causeway does not emulate alarms with ${input.ComparisonOperator}.`, 501);
  if (input.Threshold === undefined) throw invalid("Threshold is required.");
  if ((Metrics === undefined || Metrics.length === 0) === (MetricName === undefined))
    throw invalid("Either MetricName or Metrics is required.");
  if (MetricName !== undefined && (Statistic === undefined) === (ExtendedStatistic === undefined))
    throw invalid("Either Statistic or ExtendedStatistic is required.");
  if (MetricName !== undefined && !statisticOf(Statistic ?? ExtendedStatistic ?? ""))
    throw invalid(`The statistic ${Statistic ?? ExtendedStatistic} is not valid.`);
  if (input.EvaluateLowSampleCountPercentile && !ExtendedStatistic) throw invalid("EvaluateLowSampleCountPercentile is for percentiles.");
  const period = Period ?? periodOf(Metrics ?? []);
  if (![10, 20, 30].includes(period) && period % 60 !== 0) throw invalid("Period must be 10, 20, 30 or a multiple of 60.");
  if (period < 60) throw new AwsError("NotImplemented", "Causeway does not emulate alarms with a period below 60 seconds.", 501);
  // CW-002
  if (EvaluationPeriods < 1 || EvaluationPeriods * period > (period >= 3600 ? HOURLY_MAX : DAILY_MAX))
    throw invalid(
      "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400), or seven days for periods of an hour and more.",
    );
  if (DatapointsToAlarm < 1 || DatapointsToAlarm > EvaluationPeriods)
    throw invalid("DatapointsToAlarm must be between 1 and EvaluationPeriods.");
  const missing = input.TreatMissingData ?? "missing";
  if (!["breaching", "notBreaching", "ignore", "missing"].includes(missing)) throw invalid(`TreatMissingData ${missing} is not valid.`);
  for (const actions of Object.values(actionsOf(input))) {
    if (actions.length > ACTIONS_MAX) throw invalid(`An alarm takes ${ACTIONS_MAX} actions of a state.`);
    const strange = actions.find((action) => !/^arn:aws:(sns|autoscaling|automate|ec2|lambda|ssm|ssm-incidents|swf):/.test(action));
    if (strange !== undefined) throw invalid(`Invalid ARN syntax: ${strange}`);
  }
  if (Metrics && Metrics.filter(({ ReturnData }) => ReturnData !== false).length !== 1)
    throw invalid("Exactly one element of Metrics must return data.");
  for (const query of queriesOf(input)) parseQuery(query);
  if (call.state.alarms.get(input.AlarmName)?.kind === "composite") throw invalid(`${input.AlarmName} is a composite alarm.`);
}

const periodOf = (metrics: readonly sdk.MetricDataQuery[]): number =>
  metrics.find(({ MetricStat }) => MetricStat)?.MetricStat?.Period ?? metrics.find(({ Period }) => Period)?.Period ?? 60;

type Actions = Pick<sdk.PutMetricAlarmInput, "OKActions" | "AlarmActions" | "InsufficientDataActions">;
const actionsOf = ({ OKActions = [], AlarmActions = [], InsufficientDataActions = [] }: Actions): Alarm["actions"] => ({
  OK: OKActions,
  ALARM: AlarmActions,
  INSUFFICIENT_DATA: InsufficientDataActions,
});

const tagMap = (tags: readonly sdk.Tag[] = []): Record<string, string> =>
  Object.fromEntries(tags.map(({ Key = "", Value = "" }) => [Key, Value]));

/** CW-004: a new alarm knows nothing yet; one that is put again keeps its state. */
const common = (call: Here, name: string, known?: Alarm) => ({
  name,
  arn: call.arn("cloudwatch", `alarm:${name}`),
  state: known?.state ?? ("INSUFFICIENT_DATA" as const),
  reason: known?.reason ?? "Unchecked: Initial alarm creation",
  updated: known?.updated ?? call.date,
  transitioned: known?.transitioned ?? call.date,
});

function newAlarm(call: Here, input: Put): MetricAlarm {
  return {
    ...common(call, input.AlarmName),
    kind: "metric",
    tags: tagMap(input.Tags),
    metrics: [],
    ...judged(input),
    actionsEnabled: true,
    actions: actionsOf(input),
    configured: call.date,
    window: [],
    until: 0 as Instant,
    changed: 0 as Instant,
  };
}

const judged = (input: Put) => ({
  input,
  periods: input.EvaluationPeriods ?? 1,
  datapoints: input.DatapointsToAlarm ?? input.EvaluationPeriods ?? 1,
  threshold: input.Threshold ?? 0,
  operator: input.ComparisonOperator!,
  missing: (input.TreatMissingData ?? "missing") as MetricAlarm["missing"],
  period: seconds(input.Period ?? periodOf(input.Metrics ?? [])),
});

function configure(alarm: MetricAlarm, input: Put, now: Date): void {
  Object.assign(alarm, judged(input), {
    description: input.AlarmDescription,
    actionsEnabled: input.ActionsEnabled ?? true,
    actions: actionsOf(input),
    configured: now,
    window: [],
    until: 0,
    // What was said before it was made counts too (CW-004).
    changed: milliseconds(now.getTime()),
  });
}

/** The metric of that key, made from the alarm's own words for it. */
function byKey(call: Here, key: string, { Metrics = [], Namespace, MetricName, Dimensions }: Put) {
  const known = call.state.metrics.get(key);
  if (known) return known;
  const all = [{ Namespace, MetricName, Dimensions }, ...Metrics.map(({ MetricStat }) => MetricStat?.Metric ?? {})];
  for (const { Namespace: namespace = "", MetricName: name = "", Dimensions: dimensions = [] } of all) {
    const list = dimensions.map(({ Name = "", Value = "" }) => ({ Name, Value }));
    const metric = name && made(call, namespace, name, list);
    if (metric && metric.key === key) return metric;
  }
  throw invalid("The alarm names no metric.");
}

const sorted = (dimensions: readonly sdk.Dimension[]) => dimensions.map(({ Name, Value }) => `${Name}=${Value}`).toSorted();

const shownOf = (alarm: Alarm) => ({
  AlarmName: alarm.name,
  AlarmArn: alarm.arn,
  AlarmDescription: alarm.description,
  AlarmConfigurationUpdatedTimestamp: alarm.configured,
  ActionsEnabled: alarm.actionsEnabled,
  OKActions: alarm.actions.OK,
  AlarmActions: alarm.actions.ALARM,
  InsufficientDataActions: alarm.actions.INSUFFICIENT_DATA,
  StateValue: alarm.state,
  StateReason: alarm.reason,
  StateReasonData: alarm.reasonData,
  StateUpdatedTimestamp: alarm.updated,
  StateTransitionedTimestamp: alarm.transitioned,
});

function metricShown(alarm: MetricAlarm): sdk.MetricAlarm {
  const {
    MetricName,
    Namespace,
    Statistic,
    ExtendedStatistic,
    Dimensions,
    Unit,
    Metrics,
    TreatMissingData,
    EvaluateLowSampleCountPercentile,
    Period,
  } = alarm.input;
  return {
    ...shownOf(alarm),
    MetricName,
    Namespace,
    Statistic,
    ExtendedStatistic,
    Dimensions: Dimensions ?? (MetricName ? [] : undefined),
    Period,
    Unit,
    EvaluationPeriods: alarm.periods,
    DatapointsToAlarm: alarm.input.DatapointsToAlarm,
    Threshold: alarm.threshold,
    ComparisonOperator: alarm.operator,
    TreatMissingData,
    EvaluateLowSampleCountPercentile,
    Metrics,
  };
}

const compositeShown = (alarm: CompositeAlarm): sdk.CompositeAlarm => ({ ...shownOf(alarm), AlarmRule: alarm.rule });
