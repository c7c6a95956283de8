/** Instances of groups, one by one: attach, detach, stand by, protect, end. https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-detach-attach-instances.html */
import type * as sdk from "@aws-sdk/client-auto-scaling";
import { AwsError, type Operations } from "../../service.ts";
import { begin, shown } from "./activities.ts";
import { judge } from "./health.ts";
import { newMember } from "./launching.ts";
import { detached, enterService, leave, standBy } from "./lifecycle.ts";
import { deregister } from "./load-balancing.ts";
import { reportGroup } from "./metrics.ts";
import { groupNamed, invalid, memberOf, page, soon, stamp, type Group, type Here, type Member, type State, type Timers } from "./state.ts";
import { instanceShown } from "./views.ts";

// API_AttachInstances, API_SetInstanceProtection
const ATTACHED_MAX = 20;
const PROTECTED_MAX = 50;

export const membershipOperations = {
  AttachInstances(call, { AutoScalingGroupName, InstanceIds = [] }) {
    const group = groupNamed(call, AutoScalingGroupName);
    if (InstanceIds.length > ATTACHED_MAX) throw invalid(`Up to ${ATTACHED_MAX} instances can be attached at a time.`);
    const found = InstanceIds.map((id) => attachable(call, group, id));
    const before = group.DesiredCapacity;
    if (before + found.length > group.MaxSize)
      throw invalid(
        `AutoScalingGroup ${AutoScalingGroupName} can't have more than ${group.MaxSize} instances: ${before} + ${found.length}`,
      );
    group.DesiredCapacity += found.length;
    for (const [at, instance] of found.entries()) {
      const member = newMember(call, group, instance, "Pending");
      const cause = `At ${stamp(call)} an instance was attached in response to user request, increasing the capacity from ${before + at} to ${before + at + 1}.`;
      begin(call, group, { Cause: cause, Description: `Attaching an existing EC2 instance: ${member.InstanceId}` }, member);
      enterService(call, group, member);
    }
  },

  DetachInstances(call, { AutoScalingGroupName, InstanceIds = [], ShouldDecrementDesiredCapacity }) {
    const group = groupNamed(call, AutoScalingGroupName);
    const members = inService(group, InstanceIds, "Detach", ["InService", "Standby"]);
    checkDecrement(group, members, ShouldDecrementDesiredCapacity);
    const begun = members.map((member) => {
      const serving = member.LifecycleState === "InService";
      const change = serving && ShouldDecrementDesiredCapacity ? decremented(group) : "";
      const cause = `At ${stamp(call)} instance ${member.InstanceId} was detached in response to a user request${change}.`;
      const activity = begin(
        call,
        group,
        { Cause: cause, Description: `Detaching EC2 instance: ${member.InstanceId}`, Progress: 50 },
        member,
      );
      member.LifecycleState = "Detaching";
      member.ProtectedFromScaleIn = false; // ASG-014
      if (!deregister(call, group, [member])) detached(call, group, member);
      return shown(activity);
    });
    soon(call, group);
    return { Activities: begun };
  },

  EnterStandby(call, { AutoScalingGroupName, InstanceIds = [], ShouldDecrementDesiredCapacity }) {
    const group = groupNamed(call, AutoScalingGroupName);
    const members = inService(group, InstanceIds, "EnterStandby", ["InService"]);
    checkDecrement(group, members, ShouldDecrementDesiredCapacity);
    const begun = members.map((member) => {
      const change = ShouldDecrementDesiredCapacity ? decremented(group) : "";
      const cause = `At ${stamp(call)} instance ${member.InstanceId} was moved to standby in response to a user request${change}.`;
      const activity = begin(
        call,
        group,
        { Cause: cause, Description: `Moving EC2 instance to Standby: ${member.InstanceId}`, Progress: 50 },
        member,
      );
      member.LifecycleState = "EnteringStandby";
      if (!deregister(call, group, [member])) standBy(call, group, member);
      return shown(activity);
    });
    reportGroup(call, group);
    soon(call, group);
    return { Activities: begun };
  },

  ExitStandby(call, { AutoScalingGroupName, InstanceIds = [] }) {
    const group = groupNamed(call, AutoScalingGroupName);
    const members = inService(group, InstanceIds, "ExitStandby", ["Standby"]);
    if (group.DesiredCapacity + members.length > group.MaxSize)
      throw invalid(`The AutoScalingGroup ${AutoScalingGroupName} can't have more than ${group.MaxSize} instances in service.`);
    const begun = members.map((member) => {
      const before = group.DesiredCapacity++;
      const cause = `At ${stamp(call)} instance ${member.InstanceId} was moved out of standby in response to a user request, increasing the capacity from ${before} to ${before + 1}.`;
      const activity = begin(
        call,
        group,
        { Cause: cause, Description: `Moving EC2 instance out of Standby: ${member.InstanceId}`, StatusCode: "PreInService", Progress: 30 },
        member,
      );
      member.LifecycleState = "Pending";
      const copy = { ...shown(activity) };
      // ASG-005: its grace period begins anew.
      enterService(call, group, member);
      // Nobody looked at it meanwhile.
      judge(call, group, member);
      return copy;
    });
    return { Activities: begun };
  },

  SetInstanceProtection(call, { AutoScalingGroupName, InstanceIds, ProtectedFromScaleIn }) {
    const group = groupNamed(call, AutoScalingGroupName);
    if (InstanceIds.length > PROTECTED_MAX) throw invalid(`Up to ${PROTECTED_MAX} instances can be named at a time.`);
    const members = InstanceIds.map((id) => member(group, id));
    const strange = members.find(
      ({ LifecycleState }) =>
        !["InService", "Standby", "EnteringStandby", "Pending", "Pending:Wait", "Pending:Proceed"].includes(LifecycleState),
    );
    if (strange) throw invalid(`The instance ${strange.InstanceId} is not in InService or EnteringStandby or Standby.`);
    let eased = false;
    for (const each of members) {
      eased ||= each.ProtectedFromScaleIn && !ProtectedFromScaleIn;
      each.ProtectedFromScaleIn = ProtectedFromScaleIn;
    }
    // What was to go before can go now.
    if (eased) soon(call, group);
  },

  TerminateInstanceInAutoScalingGroup(call, { InstanceId = "", ShouldDecrementDesiredCapacity }) {
    const { group, member: found } = memberOf(call, InstanceId);
    const serving = found.LifecycleState === "InService" || found.LifecycleState.startsWith("Pending");
    if (ShouldDecrementDesiredCapacity && serving && group.DesiredCapacity - 1 < group.MinSize)
      throw invalid(
        "Currently, desiredSize equals minSize (" +
          group.MinSize +
          "). Terminating instance without replacement will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's min size.",
      );
    if (/Terminat/.test(found.LifecycleState))
      return { Activity: shown(group.activities.findLast(({ instance }) => instance === InstanceId)!) };
    const change = ShouldDecrementDesiredCapacity && serving ? decremented(group) : "";
    leave(call, group, found, `instance ${found.InstanceId} was taken out of service in response to a user request${change}`);
    reportGroup(call, group);
    soon(call, group);
    return { Activity: shown(group.activities.findLast(({ instance }) => instance === InstanceId)!) };
  },

  DescribeAutoScalingInstances(call, { InstanceIds, MaxRecords, NextToken }) {
    const ids = InstanceIds?.length ? InstanceIds : [...call.state.instances.keys()];
    const all = ids.flatMap((id) => {
      const group = call.state.groups.get(call.state.instances.get(id) ?? "");
      const found = group?.members.get(id);
      return group && found
        ? [{ ...instanceShown(found), HealthStatus: found.HealthStatus.toUpperCase(), AutoScalingGroupName: group.AutoScalingGroupName }]
        : [];
    });
    const { items, NextToken: next } = page(all, MaxRecords, NextToken, 50);
    return { AutoScalingInstances: items, NextToken: next };
  },
} satisfies Operations<sdk.AutoScaling, State, Timers>;

function member(group: Group, id: string): Member {
  const found = group.members.get(id);
  if (!found) throw invalid(`The instance ${id} is not part of Auto Scaling group ${group.AutoScalingGroupName}.`);
  return found;
}

function inService(group: Group, ids: readonly string[], operation: string, states: readonly string[]): Member[] {
  const members = ids.map((id) => member(group, id));
  const strange = members.find(({ LifecycleState }) => !states.includes(LifecycleState));
  if (strange)
    throw invalid(
      `The instance ${strange.InstanceId} is not in ${states.join(" or ")}: ${operation} is not possible while it is ${strange.LifecycleState}.`,
    );
  return members;
}

function checkDecrement(group: Group, members: readonly Member[], decrement: boolean): void {
  const serving = members.filter(({ LifecycleState }) => LifecycleState === "InService").length;
  if (decrement && group.DesiredCapacity - serving < group.MinSize)
    throw invalid(
      `AutoScalingGroup ${group.AutoScalingGroupName} has min-size=${group.MinSize}, max-size=${group.MaxSize}, and desired-size=${group.DesiredCapacity}. To place into standby ${serving} instance, please update the AutoScalingGroup sizes appropriately.`,
    );
}

function decremented(group: Group): string {
  const before = group.DesiredCapacity--;
  return `, shrinking the capacity from ${before} to ${before - 1}`;
}

function attachable(call: Here, group: Group, id: string) {
  const instance = call.peek("ec2").instances.get(id);
  if (instance?.state !== "running") throw invalid(`Instance ${id} is not in correct state. Instance(s) must be in 'running' state.`);
  if (call.state.instances.has(id)) throw invalid(`Instance ${id} is already part of Auto Scaling group ${call.state.instances.get(id)}`);
  if (!group.AvailabilityZones.includes(instance.Placement.AvailabilityZone ?? ""))
    throw invalid(`The availability zone of instance ${id} is not part of the group ${group.AutoScalingGroupName}.`);
  if (group.Status !== undefined) throw new AwsError("ResourceInUse", "The group is being deleted.");
  return instance;
}
