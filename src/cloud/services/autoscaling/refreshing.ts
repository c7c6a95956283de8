/** An instance refresh on its way: batch after batch, with its pauses. https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html */
import type * as sdk from "@aws-sdk/client-auto-scaling";
import { days, hours, instant, minutes, plus, seconds, since } from "../../../kernel/units.ts";
import { isCurrent } from "./launch-source.ts";
import { leave } from "./lifecycle.ts";
import { serves, type Program } from "./replacement.ts";
import { counts, isWarm, runs, someday, soon, type Group, type Here, type Member, type Refresh } from "./state.ts";

// ASG-026: an hour for what is protected or in standby; a fortnight in all.
const PATIENCE = hours(1);
const LONGEST = days(14);

const ACTIVE = /^(Pending|InProgress|Cancelling|RollbackInProgress|Baking)$/;

export const activeRefresh = ({ refreshes }: Group): Refresh | undefined => {
  const last = refreshes.at(-1);
  return last && ACTIVE.test(last.Status) ? last : undefined;
};

/** What is to be replaced next. */
export function refreshProgram(group: Group): Program | undefined {
  const refresh = activeRefresh(group);
  if (!refresh || !/InProgress/.test(refresh.Status) || refresh.pause !== undefined || !runs(group, "InstanceRefresh")) return undefined;
  const { MinHealthyPercentage: min = 90, MaxHealthyPercentage: max = 100, ScaleInProtectedInstances } = refresh.Preferences;
  const victims: Member[] = [];
  for (const id of refresh.left) {
    const member = group.members.get(id);
    if (member?.LifecycleState !== "InService") continue;
    if (member.ProtectedFromScaleIn && ScaleInProtectedInstances !== "Refresh") continue;
    victims.push(member);
  }
  // No further than the next checkpoint.
  const most = Math.ceil((refresh.total * (refresh.checkpoints[0] ?? 100)) / 100) - (refresh.total - refresh.left.size);
  if (victims.length === 0 || most <= 0) return undefined;
  return {
    victims: victims.slice(0, most),
    // Asked for in so many words, a hundred percent is kept by launching first.
    bounds: { min, max, first: refresh.Preferences.MaxHealthyPercentage === undefined ? "terminate" : "launch" },
    warmup: refresh.warmup,
    cause: () => "an instance was taken out of service in response to an instance refresh",
  };
}

/** As far as it has come; called before and after what a look at the group does. */
export function advanceRefresh(call: Here, group: Group): void {
  const refresh = activeRefresh(group);
  if (!refresh || !runs(group, "InstanceRefresh")) return;
  if (refresh.Status === "Pending") start(call, group, refresh);
  someday(call, group, plus(instant(refresh.StartTime), LONGEST));
  for (const id of refresh.left) {
    const member = group.members.get(id);
    if (!member || (!counts(member) && member.LifecycleState !== "Standby")) refresh.left.delete(id);
  }
  count(call, group, refresh);
  if (refresh.Status === "Cancelling") return finishCancel(call, group, refresh);
  const wrong = fault(call, group, refresh);
  if (wrong !== undefined) return fail(call, group, refresh, wrong);
  wait(call, group, refresh);
  if (refresh.pause === undefined && isOver(refresh) && isSettled(call, group, refresh)) bakeOrEnd(call, group, refresh);
  else if (refresh.watch) soon(call, group, minutes(1));
}

function start(call: Here, group: Group, refresh: Refresh): void {
  refresh.Status = "InProgress";
  event(call, group, refresh, "Started");
  // The pool serves nobody: what is outdated there goes at once and is filled up anew.
  for (const member of [...group.members.values()])
    if (isWarm(member) && !(refresh.Preferences.SkipMatching && isCurrent(call, group, member)))
      leave(call, group, member, "an instance was taken out of service in response to an instance refresh");
  for (const id of refresh.Preferences.StandbyInstances === "Terminate" ? refresh.left : []) {
    const member = group.members.get(id);
    if (member?.LifecycleState === "Standby")
      leave(call, group, member, "an instance was taken out of service in response to an instance refresh");
  }
}

const isOver = ({ left, total, checkpoints, Preferences }: Refresh): boolean => {
  if (left.size === 0) return true;
  const last = Preferences.CheckpointPercentages?.at(-1);
  return last !== undefined && checkpoints.length === 0 && total - left.size >= Math.ceil((total * last) / 100);
};

/** Everything that it has replaced serves. */
function isSettled(call: Here, group: Group, refresh: Refresh): boolean {
  let serving = 0;
  for (const member of group.members.values()) {
    if (!counts(member)) continue;
    if (!refresh.left.has(member.InstanceId) && !serves(call, member, refresh.warmup)) return false;
    serving++;
  }
  return serving >= group.DesiredCapacity;
}

function count(call: Here, group: Group, refresh: Refresh): void {
  const replaced = refresh.total - refresh.left.size;
  let under = Math.max(0, group.DesiredCapacity - [...group.members.values()].filter(counts).length);
  for (const member of group.members.values())
    if (counts(member) && !refresh.left.has(member.InstanceId) && !serves(call, member, refresh.warmup)) under++;
  refresh.InstancesToUpdate = refresh.left.size;
  const done = Math.max(0, replaced - under);
  // It does not go back when something else happens to the group meanwhile.
  refresh.PercentageComplete = Math.max(refresh.PercentageComplete ?? 0, refresh.total ? Math.floor((100 * done) / refresh.total) : 100);
}

/** At a checkpoint, and for what may not be touched yet. */
function wait(call: Here, group: Group, refresh: Refresh): void {
  const { pause, checkpoints, total, left, Preferences } = refresh;
  if (pause !== undefined && call.now >= pause) refresh.pause = undefined;
  else if (pause !== undefined) return soon(call, group, since(call.now, pause));
  const next = checkpoints[0];
  if (
    refresh.Status === "InProgress" &&
    next !== undefined &&
    total - left.size >= Math.ceil((total * next) / 100) &&
    isSettled(call, group, refresh)
  ) {
    checkpoints.shift();
    event(call, group, refresh, "Checkpoint Reached");
    if (left.size > 0) {
      refresh.pause = plus(call.now, seconds(Preferences.CheckpointDelay ?? 3600));
      refresh.StatusReason = "Waiting at a checkpoint.";
      return soon(call, group, since(call.now, refresh.pause));
    }
  }
  const held = [...left].map((id) => group.members.get(id)!).filter((member) => isHeld(member, Preferences));
  if (held.length === 0 || held.length < left.size) {
    refresh.blocked = undefined;
    refresh.StatusReason = undefined;
    return;
  }
  refresh.blocked ??= call.now;
  const names = held.map(({ InstanceId }) => InstanceId).join(", ");
  refresh.StatusReason = `Waiting for remaining instances to be available. For example: ${names} ${held.length > 1 ? "are" : "is"} protected from scale in or in Standby.`;
  soon(call, group, since(call.now, plus(refresh.blocked, PATIENCE)));
}

const isHeld = (
  { ProtectedFromScaleIn, LifecycleState }: Member,
  { ScaleInProtectedInstances: kept = "Wait" }: sdk.RefreshPreferences,
): boolean => LifecycleState === "Standby" || (ProtectedFromScaleIn && kept === "Wait");

/** Why it can't go on. */
function fault(call: Here, group: Group, refresh: Refresh): string | undefined {
  const { alarms } = call.peek("cloudwatch");
  const alarm = refresh.Preferences.AlarmSpecification?.Alarms?.find((name) => alarms.get(name)?.state === "ALARM");
  if (alarm !== undefined && refresh.Status !== "RollbackInProgress") return `Alarm ${alarm} is in the ALARM state.`;
  if (group.shifted.size > 0) return undefined; // ASG-028: time-outs wait for the end of the shift
  if (refresh.blocked !== undefined && call.now - refresh.blocked >= PATIENCE)
    return "Instances that are protected from scale in or in Standby could not be replaced within an hour.";
  if (group.failing && call.now - group.failing.since >= PATIENCE)
    return `Launches have failed for an hour: ${group.activities.findLast(({ StatusCode }) => StatusCode === "Failed")?.StatusMessage ?? ""}`;
  if (call.now - refresh.StartTime.getTime() >= LONGEST) return "The instance refresh has taken 14 days.";
  return undefined;
}

function fail(call: Here, group: Group, refresh: Refresh, reason: string): void {
  if (refresh.Status === "RollbackInProgress") return finish(call, group, refresh, "RollbackFailed", reason);
  if (!refresh.Preferences.AutoRollback) return finish(call, group, refresh, "Failed", reason);
  rollBack(call, group, refresh, reason);
}

/** What it has replaced is replaced again, by what the group had before. */
export function rollBack(call: Here, group: Group, refresh: Refresh, reason: string): void {
  refresh.RollbackDetails = {
    RollbackReason: reason,
    RollbackStartTime: call.date,
    PercentageCompleteOnRollback: refresh.PercentageComplete,
    InstancesToUpdateOnRollback: refresh.left.size,
  };
  Object.assign(refresh, { Status: "RollbackInProgress", StatusReason: reason, PercentageComplete: 0 });
  refresh.pause = refresh.blocked = undefined;
  refresh.checkpoints = [];
  // What the group had before may well be had.
  group.failing = undefined;
  refresh.left = new Set(
    [...group.members.values()].filter((each) => counts(each) && !isCurrent(call, group, each)).map((each) => each.InstanceId),
  );
  refresh.total = refresh.left.size;
  event(call, group, refresh, "Rollback Started");
  soon(call, group);
}

function bakeOrEnd(call: Here, group: Group, refresh: Refresh): void {
  if (refresh.Status === "RollbackInProgress") return finish(call, group, refresh, "RollbackSuccessful");
  const { BakeTime: bake = 0 } = refresh.Preferences;
  if (bake > 0 && refresh.Status !== "Baking") {
    refresh.Status = "Baking";
    refresh.pause = plus(call.now, seconds(bake));
    return soon(call, group, refresh.watch ? minutes(1) : seconds(bake));
  }
  // The group is from now on what it was refreshed to.
  const { DesiredConfiguration: to } = refresh;
  if (to) Object.assign(group, { LaunchTemplate: to.LaunchTemplate, MixedInstancesPolicy: to.MixedInstancesPolicy });
  finish(call, group, refresh, "Successful");
}

/** What has been begun is waited for. */
function finishCancel(call: Here, group: Group, refresh: Refresh): void {
  const moving = [...group.members.values()].some(({ LifecycleState: is }) => is.startsWith("Pending") || is.startsWith("Terminating"));
  if (!moving) finish(call, group, refresh, "Cancelled", "Cancelled due to user request.");
}

const endings: Partial<Record<sdk.InstanceRefreshStatus, string>> = {
  Successful: "Succeeded",
  Failed: "Failed",
  Cancelled: "Cancelled",
  RollbackSuccessful: "Rollback Succeeded",
  RollbackFailed: "Rollback Failed",
};

export function finish(call: Here, group: Group, refresh: Refresh, status: sdk.InstanceRefreshStatus, reason?: string): void {
  Object.assign(refresh, { Status: status, StatusReason: reason, EndTime: call.date });
  refresh.pause = undefined;
  event(call, group, refresh, endings[status] ?? status);
}

function event(call: Here, group: Group, { InstanceRefreshId }: Refresh, what: string): void {
  call.tell("event", {
    source: "aws.autoscaling",
    detailType: `EC2 Auto Scaling Instance Refresh ${what}`,
    detail: { InstanceRefreshId, AutoScalingGroupName: group.AutoScalingGroupName },
    resources: [group.AutoScalingGroupARN],
  });
}
