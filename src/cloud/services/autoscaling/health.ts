/** Whether instances in service are well. https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-health-checks.html */
import type * as sdk from "@aws-sdk/client-auto-scaling";
import { plus, seconds, since, type Instant } from "../../../kernel/units.ts";
import type { Notices, Operations } from "../../service.ts";
import { instanceChanged, leave, targetChanged } from "./lifecycle.ts";
import { attachmentsProven, unhealthyTarget } from "./load-balancing.ts";
import {
  counts,
  findMember,
  invalid,
  isWarm,
  memberOf,
  runs,
  soon,
  type Group,
  type Here,
  type Member,
  type State,
  type Timers,
  type Verdict,
} from "./state.ts";

const NOT_RUNNING = "an EC2 health check indicating it has been terminated or stopped";
const IMPAIRED = "an EC2 instance status checks failure";
const TARGET = "an ELB system health check failure";
const USER = "a user health-check";

export const healthOperations = {
  SetInstanceHealth(call, { InstanceId, HealthStatus, ShouldRespectGracePeriod = true }) {
    if (HealthStatus !== "Healthy" && HealthStatus !== "Unhealthy")
      throw invalid(`"${HealthStatus}" is not a valid health status. It must be one of [Healthy, Unhealthy]`);
    const { group, member } = memberOf(call, InstanceId);
    if (HealthStatus === "Healthy") return mark(call, group, member, undefined);
    if (ShouldRespectGracePeriod && call.now < graceEnd(group, member)) return;
    mark(call, group, member, { cause: USER, urgent: true });
  },
} satisfies Operations<sdk.AutoScaling, State, Timers>;

/** ASG-005: it counts from the moment in service; what is not there yet has all of it before it. */
function graceEnd({ HealthCheckGracePeriod: grace }: Group, { served }: Member): Instant {
  return served === undefined ? (Number.POSITIVE_INFINITY as Instant) : plus(served, seconds(grace));
}

export function instanceState(call: Here, said: Notices["instance-state"]): void {
  instanceChanged(call, said);
  const found = findMember(call, said.instanceId);
  if (!found || said.state === "pending" || said.state === "running") return;
  const { group, member } = found;
  // ASG-003: at once, grace or not. Stopped in the warm pool is as it should be.
  if (counts(member)) judge(call, group, member);
  else if (isWarm(member) && !said.state.startsWith("stop"))
    leave(call, group, member, `an instance was taken out of the warm pool in response to ${NOT_RUNNING}`);
}

export function instanceStatus(call: Here, { instanceId, status }: Notices["instance-status"]): void {
  const found = findMember(call, instanceId);
  if (found?.member.LifecycleState !== "InService" || status !== "impaired") return;
  recheck(call, found.group, found.member, plus(call.now, call.latency("status-check-tolerance")));
}

export function targetHealth(call: Here, said: Notices["target-health"]): void {
  for (const group of attachmentsProven(call, said)) judgeAll(call, group);
  targetChanged(call, said);
  const found = findMember(call, said.id);
  if (found?.member.LifecycleState === "InService" && said.state === "unhealthy") judge(call, found.group, found.member);
}

/** Later, and not before its grace period has ended. */
function recheck(call: Here, group: Group, member: Member, at: Instant): void {
  const when = Math.max(at, graceEnd(group, member)) as Instant;
  call.after(since(call.now, when), "recheck", { group: group.AutoScalingGroupName, instance: member.InstanceId });
}

export function rechecked(call: Here, { group: name, instance }: Timers["recheck"]): void {
  const group = call.state.groups.get(name);
  const member = group?.members.get(instance);
  if (group && member && member.LifecycleState === "InService") judge(call, group, member);
}

/** What the group's checks say of it now. */
export function judge(call: Here, group: Group, member: Member): void {
  if (!runs(group, "HealthCheck") || member.verdict) return;
  const instance = call.peek("ec2").instances.get(member.InstanceId);
  if (instance?.state !== "running" && instance?.state !== "pending")
    return mark(call, group, member, { cause: NOT_RUNNING, urgent: true });
  const ill =
    instance.status.instance === "impaired" || instance.status.system === "impaired"
      ? IMPAIRED
      : group.HealthCheckType.includes("ELB") && unhealthyTarget(call, group, member)
        ? TARGET
        : undefined;
  if (ill === undefined) return;
  if (call.now < graceEnd(group, member)) return recheck(call, group, member, call.now);
  mark(call, group, member, { cause: ill, urgent: false });
}

function mark(call: Here, group: Group, member: Member, verdict: Verdict | undefined): void {
  member.verdict = verdict;
  member.HealthStatus = verdict ? "Unhealthy" : "Healthy";
  if (verdict) soon(call, group);
}

/** Another kind of check, another grace: what was overlooked is looked at. */
export function judgeAll(call: Here, group: Group): void {
  for (const member of group.members.values()) if (member.LifecycleState === "InService") judge(call, group, member);
}
