/**
 * An instance's way through its group: from its launch into service, and out again.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html
 */
import { plus, seconds } from "../../../kernel/units.ts";
import type { Notices } from "../../service.ts";
import { begin, end, inProgress, progress } from "./activities.ts";
import { awaitHooks, dropWaits } from "./hooks.ts";
import { deregister, draining, register } from "./load-balancing.ts";
import { reportGroup, stopReporting } from "./metrics.ts";
import { warmupOf } from "./replacement.ts";
import { capacityOf, findMember, isWarm, soon, stamp, type Group, type Here, type Member } from "./state.ts";
import { reportUsage } from "./usage.ts";

/** What EC2 says of an instance; health.ts judges those in service. */
export function instanceChanged(call: Here, { instanceId, state }: Notices["instance-state"]): void {
  const found = findMember(call, instanceId);
  if (!found) return;
  const { group, member } = found;
  if (state === "running" && (member.LifecycleState === "Pending" || member.LifecycleState === "Warmed:Pending"))
    launched(call, group, member);
  if (state === "stopped" && member.LifecycleState === "Warmed:Pending:Proceed") settle(call, group, member, "Warmed:Stopped");
  if (state === "terminated" && member.LifecycleState.endsWith("Terminating:Proceed")) gone(call, group, member);
}

/** It runs: hooks first, then service. ASG-001, ASG-002 */
export function launched(call: Here, group: Group, member: Member): void {
  const warm = member.LifecycleState === "Warmed:Pending";
  if (awaitHooks(call, group, member, "autoscaling:EC2_INSTANCE_LAUNCHING")) {
    member.LifecycleState = warm ? "Warmed:Pending:Wait" : "Pending:Wait";
    progress(group, member, "MidLifecycleAction", 40);
  } else proceed(call, group, member);
}

/** Every hook that it waited for lets it go on. */
export function proceed(call: Here, group: Group, member: Member): void {
  const is = member.LifecycleState;
  if (is.startsWith("Warmed:Pending")) return intoPool(call, group, member);
  if (is.startsWith("Pending")) {
    member.LifecycleState = "Pending:Proceed";
    return enterService(call, group, member);
  }
  endInstance(call, group, member);
}

/** A hook was abandoned: a launch is undone and made up for, an end comes at once. ASG-015 */
export function abandon(call: Here, group: Group, member: Member, hook: { token: string; why: string }): void {
  if (member.LifecycleState.includes("Terminating")) return endInstance(call, group, member);
  const reason = `Instance failed to complete user's Lifecycle Action: Lifecycle Action with token ${hook.token} was abandoned: ${hook.why}`;
  end(call, group, member, { status: "Cancelled", message: reason });
  leave(call, group, member, `an instance was taken out of service in response to a launch lifecycle hook that was abandoned`);
  soon(call, group);
}

export function enterService(call: Here, group: Group, member: Member): void {
  member.LifecycleState = "InService";
  member.served = call.now;
  // ASG-014: not before it is in service.
  member.ProtectedFromScaleIn ||= group.NewInstancesProtectedFromScaleIn;
  register(call, group, [member]);
  end(call, group, member, { status: "Successful" });
  // ASG-018: from its end on it is part of what is measured.
  const warmup = warmupOf(group);
  if (warmup > 0) call.background(seconds(warmup), "warmed", { group: group.AutoScalingGroupName });
  reportUsage(call, group);
  settleDown(call, group);
}

/** In the pool it lies stopped until it is needed, unless it is to run there. ASG-025 */
function intoPool(call: Here, group: Group, member: Member): void {
  if (group.WarmPoolConfiguration?.PoolState === "Running") return settle(call, group, member, "Warmed:Running");
  member.LifecycleState = "Warmed:Pending:Proceed";
  call.ask("ec2").StopInstances({ InstanceIds: [member.InstanceId] });
}

function settle(call: Here, group: Group, member: Member, state: "Warmed:Stopped" | "Warmed:Running"): void {
  member.LifecycleState = state;
  end(call, group, member, { status: "Successful" });
  settleDown(call, group);
}

function settleDown(call: Here, group: Group): void {
  if (group.cooldown && group.cooldown.until === undefined && !inProgress(group) && capacityOf(group) === group.DesiredCapacity)
    cool(call, group);
  reportGroup(call, group);
  soon(call, group);
}

/** ASG-016: a cooldown begins when the last instance has come or gone, or has begun to lose its connections. */
function cool(call: Here, { cooldown }: Group): void {
  if (cooldown) cooldown.until = plus(call.now, seconds(cooldown.length));
}

/** Out of service: load balancers first, then hooks, then the instance itself. ASG-002 */
export function leave(
  call: Here,
  group: Group,
  member: Member,
  cause: string,
  { hooks = true, reasons = "", returning = false } = {},
): void {
  const warm = isWarm(member);
  dropWaits(call, member);
  if (member.activity !== undefined) end(call, group, member, { status: "Cancelled", message: "The instance is terminated." });
  begin(
    call,
    group,
    {
      Cause: `${reasons}At ${stamp(call)} ${cause}.`,
      Description: `${returning ? "Moving EC2 instance to warm pool" : "Terminating EC2 instance"}: ${member.InstanceId}`,
    },
    member,
  );
  member.LifecycleState = warm ? "Warmed:Terminating" : "Terminating";
  member.hookless = !hooks;
  member.returning = returning;
  reportGroup(call, group);
  if (!warm && deregister(call, group, [member])) {
    progress(group, member, "WaitingForELBConnectionDraining", 50);
    return cool(call, group);
  }
  afterDraining(call, group, member);
}

/** A target is in another state: who waited for its last connection goes on. */
export function targetChanged(call: Here, { id, state }: Notices["target-health"]): void {
  if (state !== "unused") return;
  const found = findMember(call, id);
  if (!found || draining(call, found.group, found.member)) return;
  const { group, member } = found;
  if (member.LifecycleState === "Terminating") afterDraining(call, group, member);
  if (member.LifecycleState === "EnteringStandby") standBy(call, group, member);
  if (member.LifecycleState === "Detaching") detached(call, group, member);
}

function afterDraining(call: Here, group: Group, member: Member): void {
  if (!member.hookless && awaitHooks(call, group, member, "autoscaling:EC2_INSTANCE_TERMINATING")) {
    member.LifecycleState = member.LifecycleState === "Warmed:Terminating" ? "Warmed:Terminating:Wait" : "Terminating:Wait";
    progress(group, member, "MidLifecycleAction", 60);
  } else endInstance(call, group, member);
}

function endInstance(call: Here, group: Group, member: Member): void {
  dropWaits(call, member);
  if (member.returning) {
    // ASG-025: its hooks run again on the way into the pool.
    member.returning = member.served = undefined;
    member.LifecycleState = "Warmed:Pending";
    return launched(call, group, member);
  }
  member.LifecycleState = member.LifecycleState.startsWith("Warmed:") ? "Warmed:Terminating:Proceed" : "Terminating:Proceed";
  progress(group, member, "InProgress", 70);
  const is = call.peek("ec2").instances.get(member.InstanceId)?.state ?? "terminated";
  if (is === "terminated") return gone(call, group, member);
  if (is === "shutting-down") return;
  // Auto Scaling ends what users protected against API calls: instance protection is not honoured for its own instances.
  const { protection } = call.peek("ec2").instances.get(member.InstanceId)!;
  if (protection.termination)
    call.ask("ec2").ModifyInstanceAttribute({ InstanceId: member.InstanceId, DisableApiTermination: { Value: false } });
  call.ask("ec2").TerminateInstances({ InstanceIds: [member.InstanceId] });
}

function gone(call: Here, group: Group, member: Member): void {
  member.LifecycleState = member.LifecycleState.startsWith("Warmed:") ? "Warmed:Terminated" : "Terminated";
  end(call, group, member, { status: "Successful" });
  drop(call, group, member);
  if (group.Status !== undefined && group.members.size === 0) forget(call, group);
  else settleDown(call, group);
}

export function drop(call: Here, group: Group, member: Member): void {
  dropWaits(call, member);
  group.members.delete(member.InstanceId);
  call.state.instances.delete(member.InstanceId);
  reportUsage(call, group);
}

/** All of them at once, past every hook: the group is to go. */
export function endAll(call: Here, group: Group): void {
  for (const member of [...group.members.values()]) {
    if (member.LifecycleState.endsWith("Terminating:Proceed")) continue;
    leave(call, group, member, "an instance was taken out of service in response to a force delete request", { hooks: false });
    if (member.LifecycleState.endsWith("Terminating")) endInstance(call, group, member);
  }
}

/** The group itself is no more. */
export function forget(call: Here, group: Group): void {
  for (const moment of [group.wake, group.later]) if (moment) call.cancel(moment.event);
  for (const { event } of group.scheduled.values()) if (event !== undefined) call.cancel(event);
  for (const arn of group.targetGroups.keys()) call.state.targets.get(arn)?.delete(group.AutoScalingGroupName);
  const alarms = [...group.policies.values()].flatMap((policy) => (policy.PolicyType === "TargetTrackingScaling" ? policy.Alarms : []));
  const known = call.peek("cloudwatch").alarms;
  const names = alarms.map(({ AlarmName }) => AlarmName).filter((name) => known.has(name));
  if (names.length) call.ask("cloudwatch").DeleteAlarms({ AlarmNames: names });
  stopReporting(call, group);
  call.state.groups.delete(group.AutoScalingGroupName);
}

export function standBy(call: Here, group: Group, member: Member): void {
  member.LifecycleState = "Standby";
  end(call, group, member, { status: "Successful" });
  settleDown(call, group);
}

export function detached(call: Here, group: Group, member: Member): void {
  member.LifecycleState = "Detached";
  end(call, group, member, { status: "Successful" });
  drop(call, group, member);
  settleDown(call, group);
}
