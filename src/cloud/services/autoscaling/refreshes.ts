/** Instance refreshes: begin, cancel, roll back, show. https://docs.aws.amazon.com/autoscaling/ec2/userguide/asg-instance-refresh.html */
import type * as sdk from "@aws-sdk/client-auto-scaling";
import { AwsError, type Operations } from "../../service.ts";
import { isCurrent, launchingOf } from "./launch-source.ts";
import { activeRefresh, finish, rollBack } from "./refreshing.ts";
import { warmupOf } from "./replacement.ts";
import { counts, groupNamed, invalid, page, soon, unlike, type Group, type Refresh, type State, type Timers } from "./state.ts";

export const refreshOperations = {
  StartInstanceRefresh(call, { AutoScalingGroupName, Strategy = "Rolling", DesiredConfiguration, Preferences = {} }) {
    const group = groupNamed(call, AutoScalingGroupName);
    if (Strategy !== "Rolling") throw unlike(`instance refreshes with the strategy ${Strategy}`);
    if (activeRefresh(group))
      throw new AwsError(
        "InstanceRefreshInProgress",
        "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.",
      );
    check(Preferences);
    const wanted = DesiredConfiguration && launchingOf(call, DesiredConfiguration);
    if (Preferences.AutoRollback && !wanted) throw invalid("AutoRollback requires a desired configuration to be specified.");
    const refresh: Refresh = {
      InstanceRefreshId: call.uuid(),
      AutoScalingGroupName,
      Status: "Pending",
      StartTime: call.date,
      Strategy,
      PercentageComplete: 0,
      Preferences: preferencesOf(group, Preferences),
      DesiredConfiguration: wanted,
      left: new Set(),
      total: 0,
      checkpoints: [...(Preferences.CheckpointPercentages ?? [])],
      warmup: Preferences.InstanceWarmup ?? (group.DefaultInstanceWarmup === undefined ? group.HealthCheckGracePeriod : warmupOf(group)),
      watch: (Preferences.AlarmSpecification?.Alarms?.length ?? 0) > 0,
    };
    group.refreshes.push(refresh);
    // Whether they match is asked of the configuration that the refresh brings.
    for (const member of group.members.values()) {
      if (!counts(member) && member.LifecycleState !== "Standby") continue;
      if (Preferences.SkipMatching && isCurrent(call, group, member)) continue;
      if (member.LifecycleState === "Standby" && Preferences.StandbyInstances === "Ignore") continue;
      if (member.ProtectedFromScaleIn && Preferences.ScaleInProtectedInstances === "Ignore") continue;
      refresh.left.add(member.InstanceId);
    }
    refresh.total = refresh.left.size;
    refresh.InstancesToUpdate = refresh.total;
    soon(call, group);
    return { InstanceRefreshId: refresh.InstanceRefreshId };
  },

  CancelInstanceRefresh(call, { AutoScalingGroupName, WaitForTransitioningInstances = true }) {
    const group = groupNamed(call, AutoScalingGroupName);
    const refresh = activeRefresh(group);
    if (!refresh) throw noneActive();
    if (WaitForTransitioningInstances) {
      refresh.Status = "Cancelling";
      refresh.StatusReason = "Cancelling due to user request. Waiting for in progress activities to complete.";
    } else finish(call, group, refresh, "Cancelled", "Cancelled due to user request.");
    soon(call, group);
    return { InstanceRefreshId: refresh.InstanceRefreshId };
  },

  RollbackInstanceRefresh(call, { AutoScalingGroupName }) {
    const group = groupNamed(call, AutoScalingGroupName);
    const refresh = activeRefresh(group);
    if (!refresh) throw noneActive();
    if (!refresh.DesiredConfiguration || refresh.Status === "RollbackInProgress" || refresh.Status === "Cancelling")
      throw new AwsError(
        "IrreversibleInstanceRefresh",
        "The instance refresh can't be rolled back: it has no desired configuration, or is on its way back already.",
      );
    rollBack(call, group, refresh, "Rollback initiated by user.");
    return { InstanceRefreshId: refresh.InstanceRefreshId };
  },

  DescribeInstanceRefreshes(call, { AutoScalingGroupName, InstanceRefreshIds, MaxRecords, NextToken }) {
    const all = groupNamed(call, AutoScalingGroupName).refreshes.filter(
      (each) => !InstanceRefreshIds?.length || InstanceRefreshIds.includes(each.InstanceRefreshId),
    );
    const { items, NextToken: next } = page(all.toReversed(), MaxRecords, NextToken);
    return { InstanceRefreshes: items.map(shown), NextToken: next };
  },
} satisfies Operations<sdk.AutoScaling, State, Timers>;

const noneActive = () =>
  new AwsError("ActiveInstanceRefreshNotFound", "No in progress or pending Instance Refresh found for Auto Scaling group.");

const shown = ({
  left: _left,
  total: _total,
  checkpoints: _checkpoints,
  pause: _pause,
  blocked: _blocked,
  watch: _watch,
  warmup: _warmup,
  ...refresh
}: Refresh): sdk.InstanceRefresh => ({
  ...refresh,
  ProgressDetails: {
    LivePoolProgress: { PercentageComplete: refresh.PercentageComplete, InstancesToUpdate: refresh.InstancesToUpdate },
  },
});

/** ASG-026; a maintenance policy stands in for what is not said: ASG-027. */
function preferencesOf({ InstanceMaintenancePolicy: policy }: Group, asked: sdk.RefreshPreferences): sdk.RefreshPreferences {
  const has = (policy?.MinHealthyPercentage ?? -1) >= 0;
  return {
    SkipMatching: false,
    AutoRollback: false,
    ScaleInProtectedInstances: "Wait",
    StandbyInstances: "Wait",
    ...asked,
    MinHealthyPercentage: asked.MinHealthyPercentage ?? (has ? policy!.MinHealthyPercentage : 90),
    MaxHealthyPercentage: asked.MaxHealthyPercentage ?? (has ? policy!.MaxHealthyPercentage : undefined),
  };
}

function check({
  MinHealthyPercentage: min = 90,
  MaxHealthyPercentage: max = 100,
  CheckpointPercentages: points = [],
  ...others
}: sdk.RefreshPreferences): void {
  const within = (name: string, value: number | undefined, least: number, most: number) => {
    if (value !== undefined && (value < least || value > most)) throw invalid(`${name} must be between ${least} and ${most}`);
  };
  within("MinHealthyPercentage", min, 0, 100);
  within("MaxHealthyPercentage", max, 100, 200);
  if (max - min > 100) throw invalid("The difference between MinHealthyPercentage and MaxHealthyPercentage cannot be greater than 100.");
  within("InstanceWarmup", others.InstanceWarmup, 0, 86_400);
  within("CheckpointDelay", others.CheckpointDelay, 0, 172_800);
  within("BakeTime", others.BakeTime, 0, 172_800);
  for (const [at, point] of points.entries()) {
    within("CheckpointPercentages", point, 1, 100);
    if (at > 0 && point <= points[at - 1]!) throw invalid("CheckpointPercentages must be in ascending order.");
  }
}
