/** CloudFormation's types of Auto Scaling. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_AutoScaling.html */
import type * as sdk from "@aws-sdk/client-auto-scaling";
import { AwsError, resource, type Properties, type Stack } from "../../service.ts";
import { groupOperations } from "./groups.ts";
import { hookOperations } from "./hooks.ts";
import { forget } from "./lifecycle.ts";
import { loadBalancingOperations, targetGroupsOf } from "./load-balancing.ts";
import { collect, metricOperations } from "./metrics.ts";
import { notificationOperations } from "./notifications.ts";
import { policyOperations } from "./policies.ts";
import { scheduleOperations } from "./schedules.ts";
import { groupOf, invalid, unlike, type Group, type Here } from "./state.ts";
import { flag, list, number, text, typed, withoutDifference } from "./template-values.ts";
import { warmPoolOperations } from "./warm-pool.ts";

/** What create and update have in common. */
function settings(properties: Properties) {
  const { MixedInstancesPolicy, LaunchTemplate, AvailabilityZoneImpairmentPolicy, InstanceMaintenancePolicy } = properties;
  return {
    LaunchTemplate: typed(LaunchTemplate) as sdk.LaunchTemplateSpecification | undefined,
    MixedInstancesPolicy: typed(MixedInstancesPolicy) as sdk.MixedInstancesPolicy | undefined,
    LaunchConfigurationName: text(properties.LaunchConfigurationName),
    AvailabilityZones: list(properties.AvailabilityZones),
    AvailabilityZoneIds: list(properties.AvailabilityZoneIds),
    VPCZoneIdentifier: list(properties.VPCZoneIdentifier)?.join(","),
    // What the template does not say is what AWS takes, also when it said so before.
    DefaultCooldown: number(properties.Cooldown) ?? 300,
    HealthCheckType: text(properties.HealthCheckType) ?? "EC2",
    HealthCheckGracePeriod: number(properties.HealthCheckGracePeriod) ?? 0,
    TerminationPolicies: list(properties.TerminationPolicies) ?? ["Default"],
    NewInstancesProtectedFromScaleIn: flag(properties.NewInstancesProtectedFromScaleIn) ?? false,
    CapacityRebalance: flag(properties.CapacityRebalance),
    PlacementGroup: text(properties.PlacementGroup),
    ServiceLinkedRoleARN: text(properties.ServiceLinkedRoleARN),
    MaxInstanceLifetime: number(properties.MaxInstanceLifetime) ?? 0,
    Context: text(properties.Context),
    DesiredCapacityType: text(properties.DesiredCapacityType),
    DefaultInstanceWarmup: number(properties.DefaultInstanceWarmup) ?? -1,
    InstanceMaintenancePolicy: (typed(InstanceMaintenancePolicy) as sdk.InstanceMaintenancePolicy | undefined) ?? {
      MinHealthyPercentage: -1,
      MaxHealthyPercentage: -1,
    },
    AvailabilityZoneDistribution: (typed(properties.AvailabilityZoneDistribution) as sdk.AvailabilityZoneDistribution | undefined) ?? {
      CapacityDistributionStrategy: "balanced-best-effort" as const,
    },
    AvailabilityZoneImpairmentPolicy: (typed(AvailabilityZoneImpairmentPolicy) as sdk.AvailabilityZoneImpairmentPolicy | undefined) ?? {
      ZonalShiftEnabled: false,
    },
    CapacityReservationSpecification: typed(properties.CapacityReservationSpecification) as
      | sdk.CapacityReservationSpecification
      | undefined,
    InstanceLifecyclePolicy: typed(properties.InstanceLifecyclePolicy) as sdk.InstanceLifecyclePolicy | undefined,
    DeletionProtection: text(properties.DeletionProtection) as sdk.DeletionProtection | undefined,
  };
}

/** The template's tags over the stack's: those are passed on to instances, as CloudFormation's own are. */
function tagsOf({ Tags = [] }: Properties, stack: Stack): Group["tags"] {
  const own = (Tags as Properties[]).map(({ Key, Value, PropagateAtLaunch }): [string, { value: string; propagate: boolean }] => [
    String(Key),
    { value: String(Value), propagate: flag(PropagateAtLaunch) ?? false },
  ]);
  return new Map([
    ...Object.entries(stack.tags).map(([key, value]): [string, { value: string; propagate: boolean }] => [key, { value, propagate: true }]),
    ...own,
  ]);
}

const targetsOf = ({ TargetGroupARNs, TrafficSources }: Properties): string[] => [
  ...(list(TargetGroupARNs) ?? []),
  ...targetGroupsOf((typed(TrafficSources) as sdk.TrafficSourceIdentifier[] | undefined) ?? []),
];

/** Topic → events; without a list all that there are. */
function topicsOf({ NotificationConfigurations, NotificationConfiguration }: Properties): Map<string, string[]> {
  const all = (NotificationConfigurations ?? (NotificationConfiguration ? [NotificationConfiguration] : [])) as Properties[];
  const every = notificationOperations.DescribeAutoScalingNotificationTypes().AutoScalingNotificationTypes;
  return new Map(all.map(({ TopicARN, NotificationTypes }) => [list(TopicARN)?.[0] ?? "", list(NotificationTypes) ?? every]));
}

function setNotifications(call: Here, name: string, topics: Map<string, string[]>): void {
  const { notifications } = groupOf(call, name);
  for (const topic of [...notifications.keys()]) if (!topics.has(topic)) notifications.delete(topic);
  for (const [TopicARN, types] of topics) {
    const known = notifications.get(TopicARN);
    if (known && types.every((type) => known.has(type)) && known.size === types.length) continue;
    notificationOperations.PutNotificationConfiguration(call, { AutoScalingGroupName: name, TopicARN, NotificationTypes: types });
  }
}

function setMetrics(call: Here, name: string, { MetricsCollection = [] }: Properties): void {
  const group = groupOf(call, name);
  const before = new Set(group.metrics);
  group.metrics.clear();
  for (const { Granularity, Metrics } of MetricsCollection as Properties[]) collect(call, group, String(Granularity), list(Metrics));
  const gone = [...before].filter((metric) => !group.metrics.has(metric));
  for (const metric of gone) group.metrics.add(metric);
  if (gone.length) metricOperations.DisableMetricsCollection(call, { AutoScalingGroupName: name, Metrics: gone });
}

const group = resource({
  create(call: Here, properties, stack) {
    const AutoScalingGroupName = text(properties.AutoScalingGroupName) ?? stack.generatedName(255);
    groupOperations.CreateAutoScalingGroup(call, {
      ...settings(properties),
      AutoScalingGroupName,
      InstanceId: text(properties.InstanceId),
      MinSize: Number(properties.MinSize),
      MaxSize: Number(properties.MaxSize),
      DesiredCapacity: number(properties.DesiredCapacity),
      LoadBalancerNames: list(properties.LoadBalancerNames),
      TargetGroupARNs: targetsOf(properties),
      LifecycleHookSpecificationList: typed(properties.LifecycleHookSpecificationList) as sdk.LifecycleHookSpecification[] | undefined,
    });
    groupOf(call, AutoScalingGroupName).tags = tagsOf(properties, stack);
    setMetrics(call, AutoScalingGroupName, properties);
    setNotifications(call, AutoScalingGroupName, topicsOf(properties));
    return AutoScalingGroupName;
  },
  update(call: Here, id, properties, previous, stack) {
    checkUpdatePolicy(stack);
    groupOperations.UpdateAutoScalingGroup(call, {
      ...settings(properties),
      ...sizes(properties, previous, stack),
      AutoScalingGroupName: id,
    });
    const [is, was] = [targetsOf(properties), targetsOf(previous)];
    const { targetGroups, tags } = groupOf(call, id);
    const gone = was.filter((arn) => !is.includes(arn) && targetGroups.has(arn));
    loadBalancingOperations.AttachLoadBalancerTargetGroups(call, { AutoScalingGroupName: id, TargetGroupARNs: is });
    loadBalancingOperations.DetachLoadBalancerTargetGroups(call, { AutoScalingGroupName: id, TargetGroupARNs: gone });
    // What others have set stays, as ECS's mark does.
    for (const key of tagsOf(previous, { ...stack, tags: {} }).keys()) tags.delete(key);
    for (const [key, tag] of tagsOf(properties, stack)) tags.set(key, tag);
    setMetrics(call, id, properties);
    setNotifications(call, id, topicsOf(properties));
    const hooks = (typed(properties.LifecycleHookSpecificationList) as sdk.LifecycleHookSpecification[] | undefined) ?? [];
    for (const hook of hooks)
      hookOperations.PutLifecycleHook(call, { ...hook, LifecycleHookName: hook.LifecycleHookName ?? "", AutoScalingGroupName: id });
    for (const { LifecycleHookName = "" } of (typed(previous.LifecycleHookSpecificationList) as
      | sdk.LifecycleHookSpecification[]
      | undefined) ?? [])
      if (!hooks.some((hook) => hook.LifecycleHookName === LifecycleHookName) && groupOf(call, id).hooks.has(LifecycleHookName))
        hookOperations.DeleteLifecycleHook(call, { AutoScalingGroupName: id, LifecycleHookName });
  },
  delete(call: Here, id) {
    const found = call.state.groups.get(id);
    if (!found || found.Status !== undefined) return;
    if (found.members.size === 0) forget(call, found);
    else groupOperations.DeleteAutoScalingGroup(call, { AutoScalingGroupName: id, ForceDelete: true });
  },
  gone: (call: Here, id) => !call.state.groups.has(id),
  /** As many as are wanted are in service; launches that fail again and again end it. */
  settled(call: Here, id) {
    const { members, DesiredCapacity, MinSize, MaxSize, failing, activities } = groupOf(call, id);
    const serving = [...members.values()].filter(({ LifecycleState }) => LifecycleState === "InService").length;
    if (serving >= DesiredCapacity) return true;
    if ((failing?.tries ?? 0) < TRIES_MAX) return false;
    throw new AwsError(
      "NotStabilized",
      `Group did not stabilize. {current/minimum/maximum group size} = {${serving}/${MinSize}/${MaxSize}}. Failed Scaling Activity: ${activities.findLast(({ StatusCode }) => StatusCode === "Failed")?.StatusMessage ?? ""}`,
    );
  },
  attributes: (call: Here, id) => ({ AutoScalingGroupARN: call.state.groups.get(id)?.AutoScalingGroupARN }),
  read(call: Here, id, properties) {
    const found = call.state.groups.get(id);
    if (!found) return undefined;
    const sizing = {
      MinSize: found.MinSize,
      MaxSize: found.MaxSize,
      DesiredCapacity: found.DesiredCapacity,
      Cooldown: found.DefaultCooldown,
    };
    const same = { HealthCheckType: found.HealthCheckType, HealthCheckGracePeriod: found.HealthCheckGracePeriod };
    const shown = Object.entries({ ...sizing, ...same }).filter(([name]) => properties[name] !== undefined);
    return { ...properties, ...Object.fromEntries(shown.map(([name, value]) => [name, withoutDifference(properties[name], value)])) };
  },
});

/** Ours: how many times a launch may fail before CloudFormation calls it a failure. */
const TRIES_MAX = 4;

/** docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html */
function checkUpdatePolicy({ updatePolicy = {} }: Stack): void {
  for (const name of ["AutoScalingRollingUpdate", "AutoScalingReplacingUpdate"]) {
    const will = name === "AutoScalingReplacingUpdate" ? updatePolicy[name]?.WillReplace : updatePolicy[name];
    if (will !== undefined && String(will) !== "false") throw unlike(`the update policy ${name}: use an instance refresh`);
  }
}

/** Sizes that the template has not changed are left as scaling made them, where its update policy says so, or where it is not known. */
function sizes(properties: Properties, previous: Properties, { updatePolicy }: Stack) {
  const ignore = !updatePolicy || String(updatePolicy.AutoScalingScheduledAction?.IgnoreUnmodifiedGroupSizeProperties) === "true";
  const size = (name: string) => (ignore && String(properties[name]) === String(previous[name]) ? undefined : number(properties[name]));
  return { MinSize: size("MinSize"), MaxSize: size("MaxSize"), DesiredCapacity: size("DesiredCapacity") };
}

const launchConfiguration = resource({
  create() {
    throw unlike("AWS::AutoScaling::LaunchConfiguration: use AWS::EC2::LaunchTemplate");
  },
  delete() {},
});

const hook = resource({
  create(call: Here, { AutoScalingGroupName, LifecycleHookName, ...rest }, stack) {
    const name = text(LifecycleHookName) ?? stack.generatedName(255);
    putHook(call, String(AutoScalingGroupName), name, rest);
    return name;
  },
  update: (call: Here, id, { AutoScalingGroupName, LifecycleHookName: _name, ...rest }) =>
    putHook(call, String(AutoScalingGroupName), id, rest),
  delete(call: Here, id, { AutoScalingGroupName }) {
    const name = String(AutoScalingGroupName);
    if (call.state.groups.get(name)?.hooks.has(id))
      hookOperations.DeleteLifecycleHook(call, { AutoScalingGroupName: name, LifecycleHookName: id });
  },
  read: (call: Here, id, properties) =>
    call.state.groups.get(String(properties.AutoScalingGroupName))?.hooks.has(id) ? properties : undefined,
});

function putHook(call: Here, AutoScalingGroupName: string, LifecycleHookName: string, rest: Properties): void {
  hookOperations.PutLifecycleHook(call, { ...(typed(rest) as object), AutoScalingGroupName, LifecycleHookName });
}

const policy = resource({
  create(call: Here, { AutoScalingGroupName, ...rest }, stack) {
    const PolicyName = stack.generatedName(255);
    return putPolicy(call, { ...rest, AutoScalingGroupName, PolicyName });
  },
  update(call: Here, id, { AutoScalingGroupName, ...rest }) {
    putPolicy(call, { ...rest, AutoScalingGroupName, PolicyName: policyName(id) });
  },
  delete(call: Here, id, { AutoScalingGroupName }) {
    const name = String(AutoScalingGroupName);
    if (call.state.groups.get(name)?.policies.has(policyName(id)))
      policyOperations.DeletePolicy(call, { AutoScalingGroupName: name, PolicyName: policyName(id) });
  },
  attributes: (_call, id) => ({ Arn: id, PolicyName: policyName(id) }),
  read: (call: Here, id, properties) =>
    call.state.groups.get(String(properties.AutoScalingGroupName))?.policies.has(policyName(id)) ? properties : undefined,
});

const policyName = (arn: string): string => arn.slice(arn.indexOf(":policyName/") + ":policyName/".length);

const putPolicy = (call: Here, properties: Properties): string =>
  policyOperations.PutScalingPolicy(call, typed(properties) as Parameters<typeof policyOperations.PutScalingPolicy>[1]).PolicyARN;

const scheduledAction = resource({
  create(call: Here, { AutoScalingGroupName, ...rest }, stack) {
    const name = stack.generatedName(255);
    putScheduled(call, String(AutoScalingGroupName), name, rest);
    return name;
  },
  update: (call: Here, id, { AutoScalingGroupName, ...rest }) => putScheduled(call, String(AutoScalingGroupName), id, rest),
  delete(call: Here, id, { AutoScalingGroupName }) {
    const name = String(AutoScalingGroupName);
    if (call.state.groups.get(name)?.scheduled.has(id))
      scheduleOperations.DeleteScheduledAction(call, { AutoScalingGroupName: name, ScheduledActionName: id });
  },
  attributes: (_call, id) => ({ ScheduledActionName: id }),
});

function putScheduled(
  call: Here,
  AutoScalingGroupName: string,
  ScheduledActionName: string,
  { StartTime, EndTime, ...rest }: Properties,
): void {
  const moment = (value: string | undefined) => (value === undefined ? undefined : new Date(value));
  for (const time of [StartTime, EndTime].map(moment))
    if (time && Number.isNaN(time.getTime())) throw invalid("Times are to be of the form 2026-03-02T10:00:00Z.");
  scheduleOperations.PutScheduledUpdateGroupAction(call, {
    ...(typed(rest) as object),
    AutoScalingGroupName,
    ScheduledActionName,
    StartTime: moment(StartTime),
    EndTime: moment(EndTime),
  });
}

const warmPool = resource({
  create(call: Here, properties) {
    warmPoolOperations.PutWarmPool(call, typed(properties) as sdk.PutWarmPoolType & { AutoScalingGroupName: string });
    return String(properties.AutoScalingGroupName);
  },
  update: (call: Here, _id, properties) =>
    warmPoolOperations.PutWarmPool(call, {
      MaxGroupPreparedCapacity: -1,
      ...(typed(properties) as sdk.PutWarmPoolType & { AutoScalingGroupName: string }),
    }),
  delete(call: Here, _id, { AutoScalingGroupName }) {
    const name = String(AutoScalingGroupName);
    if (call.state.groups.get(name)?.WarmPoolConfiguration)
      warmPoolOperations.DeleteWarmPool(call, { AutoScalingGroupName: name, ForceDelete: true });
  },
  gone: (call: Here, _id, { AutoScalingGroupName }) => !call.state.groups.get(String(AutoScalingGroupName))?.WarmPoolConfiguration,
});

export const resources = {
  "AWS::AutoScaling::AutoScalingGroup": group,
  "AWS::AutoScaling::LaunchConfiguration": launchConfiguration,
  "AWS::AutoScaling::LifecycleHook": hook,
  "AWS::AutoScaling::ScalingPolicy": policy,
  "AWS::AutoScaling::ScheduledAction": scheduledAction,
  "AWS::AutoScaling::WarmPool": warmPool,
};
