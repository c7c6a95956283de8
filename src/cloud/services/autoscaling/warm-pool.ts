/** Instances that are ready but for a start. https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-warm-pools.html */
import type * as sdk from "@aws-sdk/client-auto-scaling";
import { AwsError, type Operations } from "../../service.ts";
import { begin } from "./activities.ts";
import { launch, spread } from "./launching.ts";
import { launched, leave } from "./lifecycle.ts";
import { reportGroup } from "./metrics.ts";
import {
  groupNamed,
  invalid,
  isWarm,
  page,
  runs,
  soon,
  stamp,
  unlike,
  type Group,
  type Here,
  type Member,
  type State,
  type Timers,
} from "./state.ts";
import { instanceShown } from "./views.ts";
import { poolSize } from "./warm-pool-size.ts";

export const warmPoolOperations = {
  PutWarmPool(call, { AutoScalingGroupName, MaxGroupPreparedCapacity, MinSize, PoolState, InstanceReusePolicy }) {
    const group = groupNamed(call, AutoScalingGroupName);
    const known = group.WarmPoolConfiguration;
    if (known?.Status === "PendingDelete") throw new AwsError("ResourceInUse", "The warm pool is being deleted.");
    if (PoolState === "Hibernated") throw unlike("warm pools of hibernated instances");
    if (PoolState !== undefined && PoolState !== "Stopped" && PoolState !== "Running")
      throw invalid(`"${String(PoolState)}" is not a valid pool state.`);
    if ((MinSize ?? 0) < 0) throw invalid("MinSize must be 0 or more.");
    if (MaxGroupPreparedCapacity !== undefined && MaxGroupPreparedCapacity < -1)
      throw invalid("MaxGroupPreparedCapacity must be -1 or more.");
    if (MaxGroupPreparedCapacity !== undefined && MaxGroupPreparedCapacity >= 0 && MaxGroupPreparedCapacity < group.MinSize)
      throw invalid("MaxGroupPreparedCapacity must not be less than the group's minimum size.");
    group.WarmPoolConfiguration = {
      MaxGroupPreparedCapacity: MaxGroupPreparedCapacity ?? known?.MaxGroupPreparedCapacity,
      MinSize: MinSize ?? known?.MinSize ?? 0,
      PoolState: PoolState ?? known?.PoolState ?? "Stopped",
      InstanceReusePolicy: InstanceReusePolicy ?? known?.InstanceReusePolicy ?? { ReuseOnScaleIn: false },
    };
    soon(call, group);
  },

  DeleteWarmPool(call, { AutoScalingGroupName, ForceDelete = false }) {
    const group = groupNamed(call, AutoScalingGroupName);
    if (!group.WarmPoolConfiguration) throw invalid("No warm pool found for the group.");
    const has = [...group.members.values()].some(({ LifecycleState }) => LifecycleState.startsWith("Warmed:"));
    if (has && !ForceDelete && [...group.members.values()].some((each) => isWarm(each) && each.activity !== undefined))
      throw new AwsError("ScalingActivityInProgress", "There are scaling activities in progress for the warm pool.");
    if (has) group.WarmPoolConfiguration.Status = "PendingDelete";
    else group.WarmPoolConfiguration = undefined;
    soon(call, group);
    reportGroup(call, group);
  },

  DescribeWarmPool(call, { AutoScalingGroupName, MaxRecords, NextToken }) {
    const group = groupNamed(call, AutoScalingGroupName);
    const all = [...group.members.values()].filter(({ LifecycleState }) => LifecycleState.startsWith("Warmed:"));
    const { items, NextToken: next } = page(all, MaxRecords, NextToken);
    return { WarmPoolConfiguration: group.WarmPoolConfiguration, Instances: items.map(instanceShown), NextToken: next };
  },
} satisfies Operations<sdk.AutoScaling, State, Timers>;

const ready = ({ LifecycleState: is }: Member): boolean => is === "Warmed:Stopped" || is === "Warmed:Running";

/** ASG-025: those that are ready serve first, in the zones that have fewest. Answers how many could. */
export function takeFromPool(call: Here, group: Group, count: number, cause: string): number {
  if (!group.WarmPoolConfiguration) return 0;
  let taken = 0;
  for (; taken < count; taken++) {
    const have = spread(group);
    let next: Member | undefined;
    for (const member of group.members.values()) {
      if (!ready(member) || group.shifted.has(member.AvailabilityZone)) continue;
      if (!next || (have.get(member.AvailabilityZone) ?? 0) < (have.get(next.AvailabilityZone) ?? 0)) next = member;
    }
    if (!next) break;
    wake(call, group, next, cause);
  }
  return taken;
}

function wake(call: Here, group: Group, member: Member, cause: string): void {
  const running = member.LifecycleState === "Warmed:Running";
  member.LifecycleState = "Pending";
  member.pooled = true;
  const Description = `Launching a new EC2 instance from warm pool: ${member.InstanceId}`;
  begin(call, group, { Cause: cause, Description, StatusCode: "PreInService", Progress: 30 }, member);
  // One that runs already has nothing to wait for but its hooks.
  if (running) launched(call, group, member);
  else call.ask("ec2").StartInstances({ InstanceIds: [member.InstanceId] });
}

/** How many of those that are scaled in it takes back. */
export function roomInPool(group: Group): number {
  const { WarmPoolConfiguration: pool } = group;
  if (!pool?.InstanceReusePolicy?.ReuseOnScaleIn || pool.Status !== undefined) return 0;
  return (poolSize(group) ?? 0) - inPool(group);
}

/** Those that are there and those on their way back. */
function inPool(group: Group): number {
  let count = 0;
  for (const member of group.members.values()) if (isWarm(member) || member.returning) count++;
  return count;
}

/** As many as the pool is to have; what is too much goes, and a pool that is to be deleted empties. */
export function fillPool(call: Here, group: Group): void {
  const size = poolSize(group);
  if (size === undefined) return;
  const pool = [...group.members.values()].filter(isWarm);
  const missing = size - inPool(group);
  if (missing > 0 && runs(group, "Launch") && !(group.failing && call.now < group.failing.next)) {
    const cause = `At ${stamp(call)} an instance was started in response to a difference between the desired and actual capacity of the warm pool, increasing its capacity from ${pool.length} to ${size}.`;
    launch(call, group, { count: missing, cause, warm: true });
  }
  if (missing < 0 && runs(group, "Terminate"))
    for (const member of pool.filter(ready).slice(missing))
      leave(
        call,
        group,
        member,
        "an instance was taken out of the warm pool in response to a difference between its desired and actual capacity",
      );
  if (
    group.WarmPoolConfiguration?.Status === "PendingDelete" &&
    ![...group.members.values()].some(({ LifecycleState: is }) => is.startsWith("Warmed:"))
  )
    group.WarmPoolConfiguration = undefined;
}
