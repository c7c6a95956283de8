/** How groups and instances are shown. */
import type * as sdk from "@aws-sdk/client-auto-scaling";
import type { Group, Member } from "./state.ts";

export const instanceShown = (member: Member): sdk.Instance => ({
  InstanceId: member.InstanceId,
  InstanceType: member.InstanceType,
  AvailabilityZone: member.AvailabilityZone,
  AvailabilityZoneId: member.AvailabilityZoneId,
  LifecycleState: member.LifecycleState,
  HealthStatus: member.HealthStatus,
  LaunchTemplate: member.LaunchTemplate,
  ProtectedFromScaleIn: member.ProtectedFromScaleIn,
});

export const tagsShown = ({ AutoScalingGroupName, tags }: Group): sdk.TagDescription[] =>
  [...tags]
    .map(([Key, { value, propagate }]) => ({
      ResourceId: AutoScalingGroupName,
      ResourceType: "auto-scaling-group",
      Key,
      Value: value,
      PropagateAtLaunch: propagate,
    }))
    .toSorted((one, other) => (one.Key < other.Key ? -1 : 1));

export function groupShown(group: Group, instances = true): sdk.AutoScalingGroup {
  const {
    members, tags: _tags, suspended, metrics, targetGroups, hooks: _hooks, policies: _policies, scheduled: _scheduled,
    notifications: _notifications, activities: _activities, refreshes: _refreshes, shifted: _shifted, reasons: _reasons,
    wake: _wake, later: _later, failing: _failing, unbalanced: _unbalanced, cooldown: _cooldown, ...rest
  } = group; // prettier-ignore
  const all = [...members.values()];
  const live = all.filter(({ LifecycleState }) => !LifecycleState.startsWith("Warmed:"));
  return {
    ...rest,
    LoadBalancerNames: [],
    TargetGroupARNs: [...targetGroups.keys()],
    TrafficSources: [...targetGroups.keys()].map((Identifier) => ({ Identifier, Type: "elbv2" })),
    ...(instances && { Instances: live.map(instanceShown) }),
    SuspendedProcesses: [...suspended].map(([ProcessName, SuspensionReason]) => ({ ProcessName, SuspensionReason })),
    EnabledMetrics: [...metrics].map((Metric) => ({ Metric, Granularity: "1Minute" })),
    Tags: tagsShown(group),
    ...(group.WarmPoolConfiguration && { WarmPoolSize: all.length - live.length }),
  };
}
