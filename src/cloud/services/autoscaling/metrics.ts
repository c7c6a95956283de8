/** The group's own metrics, told when they change. https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-metrics.html */
import type * as sdk from "@aws-sdk/client-auto-scaling";
import type { Operations } from "../../service.ts";
import { level } from "../cloudwatch/report.ts";
import { groupNamed, invalid, isWarm, type Group, type Here, type Member, type State, type Timers } from "./state.ts";
import { poolSize } from "./warm-pool-size.ts";

const states: Record<string, (member: Member) => boolean> = {
  InService: ({ LifecycleState }) => LifecycleState === "InService",
  Pending: ({ LifecycleState }) => LifecycleState.startsWith("Pending"),
  Standby: ({ LifecycleState }) => LifecycleState === "Standby",
  Terminating: ({ LifecycleState }) => LifecycleState.startsWith("Terminating"),
  Total: ({ LifecycleState }) => !LifecycleState.startsWith("Warmed:"),
};

const count = (group: Group, is: (member: Member) => boolean): number => {
  let found = 0;
  for (const member of group.members.values()) if (is(member)) found++;
  return found;
};

const warmed = ({ LifecycleState }: Member): boolean => LifecycleState === "Warmed:Stopped" || LifecycleState === "Warmed:Running";
const inPool = ({ LifecycleState }: Member): boolean => LifecycleState.startsWith("Warmed:");

/** Metric → its value now; undefined: it has none. Weights are not modelled, so a group's capacity is its number of instances. */
const metrics: Record<string, (group: Group) => number | undefined> = {
  GroupMinSize: ({ MinSize }) => MinSize,
  GroupMaxSize: ({ MaxSize }) => MaxSize,
  GroupDesiredCapacity: ({ DesiredCapacity }) => DesiredCapacity,
  ...Object.fromEntries(
    Object.entries(states).flatMap(([name, is]) => [
      [`Group${name}Instances`, (group: Group) => count(group, is)],
      [`Group${name}Capacity`, (group: Group) => count(group, is)],
    ]),
  ),
  WarmPoolDesiredCapacity: (group) => poolSize(group),
  WarmPoolWarmedCapacity: (group) => pooled(group, warmed),
  WarmPoolPendingCapacity: (group) => pooled(group, (member) => isWarm(member) && !warmed(member)),
  WarmPoolTerminatingCapacity: (group) => pooled(group, ({ LifecycleState }) => LifecycleState.startsWith("Warmed:Terminating")),
  WarmPoolTotalCapacity: (group) => pooled(group, inPool),
  GroupAndWarmPoolDesiredCapacity: (group) => group.DesiredCapacity + (poolSize(group) ?? 0),
  GroupAndWarmPoolTotalCapacity: (group) => group.members.size,
};

const pooled = (group: Group, is: (member: Member) => boolean) => (group.WarmPoolConfiguration ? count(group, is) : undefined);

export const metricOperations = {
  EnableMetricsCollection(call, { AutoScalingGroupName, Granularity, Metrics }) {
    const group = groupNamed(call, AutoScalingGroupName);
    collect(call, group, Granularity, Metrics);
  },

  DisableMetricsCollection(call, { AutoScalingGroupName, Metrics }) {
    const group = groupNamed(call, AutoScalingGroupName);
    checkMetrics(Metrics);
    const gone = Metrics?.length ? Metrics : [...group.metrics];
    for (const name of gone) {
      if (group.metrics.delete(name)) level(call, seriesOf(group, name), undefined);
    }
  },

  DescribeMetricCollectionTypes: () => ({
    Metrics: Object.keys(metrics).map((Metric) => ({ Metric })),
    Granularities: [{ Granularity: "1Minute" }],
  }),
} satisfies Operations<sdk.AutoScaling, State, Timers>;

function checkMetrics(names: readonly string[] = []): void {
  const strange = names.find((name) => !(name in metrics));
  if (strange !== undefined) throw invalid(`"${strange}" is not a valid metric type for an Auto Scaling Group.`);
}

export function collect(call: Here, group: Group, granularity: string, names: readonly string[] | undefined): void {
  if (granularity !== "1Minute") throw invalid(`"${granularity}" is not a valid metric granularity.`);
  checkMetrics(names);
  for (const name of names?.length ? names : Object.keys(metrics)) group.metrics.add(name);
  reportGroup(call, group);
}

const seriesOf = ({ AutoScalingGroupName }: Group, name: string) => ({
  namespace: "AWS/AutoScaling",
  name,
  dimensions: { AutoScalingGroupName },
  unit: "None",
});

/** Something about its size may be different. */
export function reportGroup(call: Here, group: Group): void {
  for (const name of group.metrics) level(call, seriesOf(group, name), metrics[name]!(group));
}

export function stopReporting(call: Here, group: Group): void {
  for (const name of group.metrics) level(call, seriesOf(group, name), undefined);
}
