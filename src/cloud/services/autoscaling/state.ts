/** What Auto Scaling knows of a region, and the words that its files share. */
import type * as sdk from "@aws-sdk/client-auto-scaling";
import type { Duration, Instant } from "../../../kernel/units.ts";
import { AwsError, type Call, type Known } from "../../service.ts";

/** A hook that an instance waits for. */
export type Wait = {
  token: string;
  /** However often its heart beats: ASG-015. */
  until: Instant;
  event: number;
};

/** Why an instance is to be replaced. `urgent`: nothing is gained by waiting for others, it does not run or somebody said so. */
export type Verdict = { cause: string; urgent: boolean };

export type Member = Known<
  sdk.Instance,
  "InstanceId" | "InstanceType" | "AvailabilityZone" | "LifecycleState" | "HealthStatus" | "ProtectedFromScaleIn"
> & {
  subnet?: string;
  launched: Instant;
  /** In service since: its grace period and its warm-up count from here. */
  served?: Instant;
  /** Of its launch or its end, while that is going on. */
  activity?: string;
  /** Hook → its wait. */
  waits: Map<string, Wait>;
  verdict?: Verdict;
  /** Came from the warm pool, or returns to it: hooks are told. */
  pooled?: boolean;
  /** Share of its cores that is used. */
  used?: number;
  /** Launched to balance the zones: one too many until it is in service. */
  balancing?: boolean;
  /** Scaled in, it goes back into the warm pool. */
  returning?: boolean;
  /** Its end waits for no hook. */
  hookless?: boolean;
};

export type Hook = Known<
  sdk.LifecycleHook,
  "LifecycleHookName" | "AutoScalingGroupName" | "LifecycleTransition" | "HeartbeatTimeout" | "GlobalTimeout" | "DefaultResult"
>;

export type Policy = Known<Omit<sdk.ScalingPolicy, "Alarms">, "AutoScalingGroupName" | "PolicyName" | "PolicyARN" | "PolicyType"> & {
  Alarms: { AlarmName: string; AlarmARN: string }[];
};

export type Scheduled = Known<sdk.ScheduledUpdateGroupAction, "AutoScalingGroupName" | "ScheduledActionName" | "ScheduledActionARN"> & {
  event?: number;
};

export type Activity = Known<
  sdk.Activity,
  "ActivityId" | "AutoScalingGroupName" | "Cause" | "Description" | "StartTime" | "StatusCode" | "Progress"
> & { instance?: string };

export type Refresh = Known<sdk.InstanceRefresh, "InstanceRefreshId" | "AutoScalingGroupName" | "Status" | "StartTime" | "Preferences"> & {
  /** Still of the old configuration when it began, and not replaced yet. */
  left: Set<string>;
  total: number;
  /** Checkpoints that it has not come to. */
  checkpoints: number[];
  /** It waits until then: at a checkpoint, or baking. */
  pause?: Instant;
  /** It has come no further since, for protected or standby instances. */
  blocked?: Instant;
  /** It is to be looked at again when alarms may be others. */
  watch: boolean;
  /** Seconds in service before an instance counts as replaced. */
  warmup: number;
};

/** From what a group launches: one of both. */
export type Launching = Pick<sdk.AutoScalingGroup, "LaunchTemplate" | "MixedInstancesPolicy">;

export type Group = Known<
  Omit<
    sdk.AutoScalingGroup,
    "Instances" | "Tags" | "WarmPoolSize" | "EnabledMetrics" | "SuspendedProcesses" | "TargetGroupARNs" | "TrafficSources"
  >,
  | "AutoScalingGroupName"
  | "AutoScalingGroupARN"
  | "MinSize"
  | "MaxSize"
  | "DesiredCapacity"
  | "DefaultCooldown"
  | "HealthCheckType"
  | "CreatedTime"
  | "AvailabilityZones"
  | "HealthCheckGracePeriod"
  | "NewInstancesProtectedFromScaleIn"
  | "TerminationPolicies"
  | "AvailabilityZoneDistribution"
  | "AvailabilityZoneImpairmentPolicy"
> & {
  /** In service and in the warm pool, by instance. */
  members: Map<string, Member>;
  tags: Map<string, { value: string; propagate: boolean }>;
  /** Process → why. */
  suspended: Map<string, string>;
  metrics: Set<string>;
  /** Target group → how far it is attached. */
  targetGroups: Map<string, "Adding" | "Added" | "InService" | "Removing">;
  hooks: Map<string, Hook>;
  policies: Map<string, Policy>;
  scheduled: Map<string, Scheduled>;
  /** Topic → events. */
  notifications: Map<string, Set<string>>;
  /** Newest last. */
  activities: Activity[];
  /** Newest last. */
  refreshes: Refresh[];
  /** Zones that traffic is shifted away from. */
  shifted: Set<string>;
  /** Why the desired capacity is another, until an activity says it. */
  reasons: string[];
  /** The next look at it that somebody waits for. */
  wake?: Moment;
  /** The next that nobody waits for: a retry, the end of an instance's lifetime. */
  later?: Moment;
  /** Launches fail since then, so often in a row; none before `next`. */
  failing?: { since: Instant; tries: number; next: Instant };
  /** It did not come about to balance the zones: not before then. */
  unbalanced?: { tries: number; next: Instant };
  /** Of simple scaling: in seconds, and until when; while instances come and go it has not begun. */
  cooldown?: { length: number; until?: Instant };
};

type Moment = { at: Instant; event: number };

export const state = () => ({
  groups: new Map<string, Group>(),
  /** Instance → group. */
  instances: new Map<string, string>(),
  /** Target group → groups that register there. */
  targets: new Map<string, Set<string>>(),
});

export type State = ReturnType<typeof state>;
export type Timers = {
  pass: { group: string };
  passLater: { group: string };
  recheck: { group: string; instance: string };
  heartbeat: { group: string; instance: string; hook: string; token: string };
  warmed: { group: string };
  act: { policy: string; alarm: string; state: string; values: number[] };
  scheduled: { group: string; name: string };
};
export type Here = Call<State, Timers>;

export const invalid = (message: string): AwsError => new AwsError("ValidationError", message);
export const unlike = (what: string): AwsError => new AwsError("NotImplemented", `Causeway does not emulate ${what}.`, 501);

export function groupOf(call: Here, name: string): Group {
  const group = call.state.groups.get(name);
  if (!group) throw invalid(`AutoScalingGroup name not found - AutoScalingGroup '${name}' not found`);
  return group;
}

/** The same when only its name in the words of most operations will do. */
export function groupNamed(call: Here, name: string): Group {
  const group = call.state.groups.get(name);
  if (!group) throw invalid("Group not found");
  return group;
}

/** The same, for what a group that is on its way out refuses. */
export function groupToChange(call: Here, name: string): Group {
  const group = groupNamed(call, name);
  if (group.Status !== undefined) throw new AwsError("ScalingActivityInProgress", `AutoScalingGroup ${name} is pending delete.`);
  return group;
}

export function memberOf(call: Here, instance: string): { group: Group; member: Member } {
  const found = findMember(call, instance);
  if (!found) throw invalid(`Instance Id not found - No managed instance found for instance ID: ${instance}`);
  return found;
}

export function findMember(call: Here, instance: string): { group: Group; member: Member } | undefined {
  const group = call.state.groups.get(call.state.instances.get(instance) ?? "");
  const member = group?.members.get(instance);
  return group && member && { group, member };
}

/** Makes up the desired capacity, or is on its way to. */
export const counts = ({ LifecycleState: is }: Member): boolean => is === "InService" || is.startsWith("Pending");
export const isWarm = ({ LifecycleState: is }: Member): boolean => is.startsWith("Warmed:") && !is.startsWith("Warmed:Terminating");

export function capacityOf(group: Group): number {
  let count = 0;
  for (const member of group.members.values()) if (counts(member)) count++;
  return count;
}

/** What makes it up, but for what is on its way to balance the zones. */
export function presentOf(group: Group): number {
  let count = 0;
  for (const member of group.members.values()) if (counts(member) && (member.LifecycleState === "InService" || !member.balancing)) count++;
  return count;
}

export const runs = ({ suspended }: Group, process: string): boolean => !suspended.has(process);

/** `2026-03-02T10:00:00Z`, as causes have it. */
export const stamp = (call: Here): string => call.date.toISOString().replace(/\.\d+/, "");

/** Why the desired capacity becomes another, in words that the next activities begin with. */
export function because(call: Here, group: Group, reason: string): void {
  group.reasons.push(`At ${stamp(call)} ${reason}.`);
}

/** Looks at the group when Auto Scaling gets round to it; what is planned earlier stays. */
export function soon(call: Here, group: Group, delay: Duration = call.latency("group-pass")): void {
  const at = (call.now + delay) as Instant;
  if (group.wake && group.wake.at <= at) return;
  if (group.wake) call.cancel(group.wake.event);
  group.wake = { at, event: call.after(delay, "pass", { group: group.AutoScalingGroupName }) };
}

/** The same for what may be long off, or never come to an end. */
export function someday(call: Here, group: Group, at: Instant): void {
  if (group.later && group.later.at <= at) return;
  if (group.later) call.cancel(group.later.event);
  const delay = Math.max(0, at - call.now) as Duration;
  group.later = { at, event: call.background(delay, "passLater", { group: group.AutoScalingGroupName }) };
}

/** A page of a list, by offset in an opaque token. */
export function page<Item>(items: readonly Item[], size = 50, token?: string, most = 100): { items: Item[]; NextToken?: string } {
  if (size < 1 || size > most) throw invalid(`Max Records must be between 1 and ${most}`);
  const begin = token === undefined ? 0 : Number(Buffer.from(token, "base64url").toString());
  if (!Number.isInteger(begin) || begin < 0) throw new AwsError("InvalidNextToken", "The token is not valid.");
  const end = begin + size;
  return { items: items.slice(begin, end), NextToken: end < items.length ? Buffer.from(String(end)).toString("base64url") : undefined };
}
