/** A look at a group: what is missing is launched, what is too much goes, what is ill is replaced. It happens when something has changed, and not otherwise. */
import { milliseconds, plus, seconds, since } from "../../../kernel/units.ts";
import type { Change } from "../../../world/physics.ts";
import { begin } from "./activities.ts";
import { launch } from "./launching.ts";
import { leave } from "./lifecycle.ts";
import { reportGroup } from "./metrics.ts";
import { activeRefresh, advanceRefresh } from "./refreshing.ts";
import { mayReplace, programsOf, room, serves, warmAt, type Program } from "./replacement.ts";
import { capacityOf, counts, presentOf, runs, someday, soon, stamp, type Group, type Here, type Timers } from "./state.ts";
import { chooseForScaleIn } from "./termination.ts";
import { fillPool, roomInPool, takeFromPool } from "./warm-pool.ts";

export function pass(call: Here, { group: name }: Timers["pass"]): void {
  const group = call.state.groups.get(name);
  if (!group) return;
  group.wake = undefined;
  look(call, group);
}

export function passLater(call: Here, { group: name }: Timers["passLater"]): void {
  const group = call.state.groups.get(name);
  if (!group) return;
  group.later = undefined;
  look(call, group);
}

/** A zone has power again, or has lost it: what could not be had there is tried anew. ASG-011 */
export function powerBack(call: Here, { zone }: Extract<Change, { kind: "zone" }>): void {
  if (call.world.zonesLost.has(zone)) return;
  for (const group of call.state.groups.values()) {
    if (!group.AvailabilityZoneIds?.includes(zone)) continue;
    group.unbalanced = undefined;
    group.failing = undefined;
    soon(call, group, call.latency("launch-retry"));
  }
}

function look(call: Here, group: Group): void {
  if (group.Status !== undefined) return;
  replaceUrgent(call, group);
  advanceRefresh(call, group);
  const programs = programsOf(call, group);
  const rooms = programs.map((each) => room(call, group, each));
  // One reason takes away at a time; what another has launched for its own is not taken for too much.
  const surplus = Math.max(0, ...rooms.map((each) => each.surplus));
  const [program] = programs;
  for (const member of program?.victims.slice(0, rooms[0]?.leave) ?? []) leave(call, group, member, program!.cause(member));
  const have = presentOf(group);
  const wanted = group.DesiredCapacity + surplus;
  if (have < wanted) grow(call, group, wanted - have, surplus > 0 && have >= group.DesiredCapacity ? program : undefined);
  else if (have > wanted) shrink(call, group, have - wanted);
  group.reasons.length = 0;
  fillPool(call, group);
  advanceRefresh(call, group);
  reportGroup(call, group);
  plan(call, group, program);
}

/** What does not run, or what somebody said is ill, is replaced at once; protection, policies and cooldowns do not hold it. ASG-006, ASG-008 */
function replaceUrgent(call: Here, group: Group): void {
  if (!runs(group, "ReplaceUnhealthy") || !runs(group, "Terminate")) return;
  for (const member of [...group.members.values()])
    if (counts(member) && member.verdict?.urgent && mayReplace(group, member))
      leave(call, group, member, `an instance was taken out of service in response to ${member.verdict.cause}`);
}

/** ASG-009. `program`: only what is launched for the sake of a replacement. */
function grow(call: Here, group: Group, missing: number, program: Program | undefined): void {
  if (!runs(group, "Launch") || (group.failing && call.now < group.failing.next)) return;
  const have = capacityOf(group);
  const now = `At ${stamp(call)}`;
  const cause = program?.zones
    ? `${now} instances were launched to balance instances in zones ${program.zones.join(" ")} with other zones resulting in more than desired number of instances in the group.`
    : [
        ...group.reasons,
        `${now} an instance was started in response to a difference between desired and actual capacity, increasing the capacity from ${have} to ${have + missing}.`,
      ].join("  ");
  const warm = program?.zones ? 0 : takeFromPool(call, group, missing, cause);
  if (missing === warm) return;
  const got = launch(call, group, { count: missing - warm, cause, zones: program?.zones });
  if (!program?.zones) return;
  // What could not be balanced is not a group that can't launch: it is tried again on its own.
  const tries = got > 0 ? 0 : (group.unbalanced?.tries ?? 0) + 1;
  const wait = Math.min(call.latency("launch-retry") * 2 ** Math.max(0, tries - 1), REBALANCE_MOST);
  group.failing = undefined;
  group.unbalanced = tries === 0 ? undefined : { tries, next: plus(call.now, milliseconds(wait)) };
}

/** Ours, as for launches. */
const REBALANCE_MOST = seconds(900);

function shrink(call: Here, group: Group, count: number): void {
  if (!runs(group, "Terminate")) return;
  const have = capacityOf(group);
  const victims = chooseForScaleIn(call, group, count);
  const returns = roomInPool(group);
  const reasons = group.reasons.map((reason) => `${reason}  `).join("");
  for (const [at, member] of victims.entries()) {
    const cause = `an instance was taken out of service in response to a difference between desired and actual capacity, shrinking the capacity from ${have - at} to ${have - at - 1}.  At ${stamp(call)} instance ${member.InstanceId} was selected for termination`;
    leave(call, group, member, cause, { reasons, returning: at < returns });
  }
  const busy = [...group.members.values()].some((each) => each.LifecycleState.startsWith("Pending"));
  if (victims.length < count && !busy) allProtected(call, group, reasons);
}

// ASG-014; the text is the guide's: docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-instance-protection.html
const PROTECTED = "Could not scale to desired capacity because all remaining instances are protected from scale-in.";

/** Said once for as long as it is so. */
function allProtected(call: Here, group: Group, reasons: string): void {
  if (group.activities.at(-1)?.Description === PROTECTED && reasons === "") return;
  const cause = reasons.trim() || `At ${stamp(call)} the capacity is greater than desired.`;
  const activity = begin(call, group, { Cause: cause, Description: PROTECTED, StatusCode: "Cancelled", Progress: 100 });
  activity.EndTime = call.date;
}

/** The next moment at which something will be different by itself. */
function plan(call: Here, group: Group, program: Program | undefined): void {
  for (const next of [group.failing?.next, group.unbalanced?.next]) if (next !== undefined && next > call.now) someday(call, group, next);
  const warmup = program?.warmup ?? activeRefresh(group)?.warmup;
  for (const member of group.members.values()) {
    if (member.LifecycleState !== "InService") continue;
    if (group.MaxInstanceLifetime) {
      const end = plus(member.launched, seconds(group.MaxInstanceLifetime));
      if (end > call.now) someday(call, group, end);
    }
    const warm = warmup !== undefined && !serves(call, member, warmup) ? warmAt(member, warmup) : undefined;
    if (warm !== undefined) soon(call, group, since(call.now, warm));
  }
}
