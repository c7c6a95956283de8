/** Scheduled actions: other bounds from a moment on. docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-scheduled-scaling.html */
import type * as sdk from "@aws-sdk/client-application-auto-scaling";
import { instant, since, type Instant } from "../../../kernel/units.ts";
import { AwsError, type Operations } from "../../service.ts";
import { isTimeZone, momentOf, wallClock } from "../../time-zones.ts";
import { nextAfter, parseSchedule } from "../eventbridge/schedule.ts";
import { clamp } from "./activities.ts";
import {
  checkDimension,
  DIMENSION,
  invalid,
  missing,
  NAMESPACE,
  page,
  policyKey,
  targetOf,
  type Here,
  type Scheduled,
  type State,
  type Timers,
} from "./state.ts";

// AAS-028
const ACTIONS_MAX = 200;

export const scheduleOperations = {
  PutScheduledAction(call, input) {
    checkDimension(input.ServiceNamespace, input.ScalableDimension);
    targetOf(call, input.ResourceId);
    const key = policyKey(input.ResourceId, input.ScheduledActionName);
    const known = call.state.scheduledActions.get(key);
    const Schedule = input.Schedule ?? known?.Schedule;
    if (Schedule === undefined) throw invalid("Schedule is required for a new scheduled action.");
    if (input.Timezone !== undefined && !isTimeZone(input.Timezone)) throw invalid(`Timezone ${input.Timezone} is not valid.`);
    if (!at(Schedule) && !parseSchedule(Schedule)) throw invalid(`Schedule expression is not valid: ${Schedule}`);
    const { MinCapacity, MaxCapacity } = input.ScalableTargetAction ?? known?.ScalableTargetAction ?? {};
    if (MinCapacity === undefined && MaxCapacity === undefined)
      throw invalid("ScalableTargetAction must have MinCapacity, MaxCapacity, or both.");
    if (MinCapacity !== undefined && MaxCapacity !== undefined && MinCapacity > MaxCapacity)
      throw invalid("Maximum capacity cannot be less than minimum capacity.");
    const its = [...call.state.scheduledActions.values()].filter(({ ResourceId }) => ResourceId === input.ResourceId);
    if (!known && its.length >= ACTIONS_MAX)
      throw new AwsError("LimitExceededException", `A scalable target takes ${ACTIONS_MAX} scheduled actions.`);
    const { ServiceNamespace: _namespace, ...given } = input;
    const action: Scheduled = { ...(known ?? made(call, input.ResourceId, input.ScheduledActionName, Schedule)), ...defined(given) };
    call.state.scheduledActions.set(key, action);
    setAlarm(call, action);
  },

  DeleteScheduledAction(call, { ServiceNamespace, ScalableDimension, ResourceId, ScheduledActionName }) {
    checkDimension(ServiceNamespace, ScalableDimension);
    const action = call.state.scheduledActions.get(policyKey(ResourceId, ScheduledActionName));
    if (!action)
      throw missing(`No scheduled action found for service namespace: ${NAMESPACE}, resource ID: ${ResourceId}: ${ScheduledActionName}`);
    forgetScheduled(call, action);
  },

  DescribeScheduledActions(call, { ServiceNamespace, ScalableDimension, ResourceId, ScheduledActionNames, MaxResults, NextToken }) {
    checkDimension(ServiceNamespace, ScalableDimension);
    const all = [...call.state.scheduledActions.values()].filter(
      (each) =>
        (!ResourceId || each.ResourceId === ResourceId) &&
        (!ScheduledActionNames?.length || ScheduledActionNames.includes(each.ScheduledActionName)),
    );
    const { items, next } = page(all, MaxResults, NextToken);
    return { ScheduledActions: items.map(({ event: _event, ...action }) => action), NextToken: next };
  },
} satisfies Operations<sdk.ApplicationAutoScaling, State, Timers>;

export function fire(call: Here, { resource, name }: Timers["scheduled"]): void {
  const action = call.state.scheduledActions.get(policyKey(resource, name));
  const target = call.state.targets.get(resource);
  if (!action || !target) return;
  action.event = undefined;
  // AAS-025: what falls due while suspended is not made up for.
  if (!target.SuspendedState.ScheduledScalingSuspended) {
    const { MinCapacity = target.MinCapacity, MaxCapacity = target.MaxCapacity } = action.ScalableTargetAction ?? {};
    target.MinCapacity = Math.min(MinCapacity, MaxCapacity);
    target.MaxCapacity = Math.max(MinCapacity, MaxCapacity);
    clamp(call, target, `scheduled action name ${name} was triggered`); // AAS-010: whatever is cooling down
  }
  if (at(action.Schedule)) call.state.scheduledActions.delete(policyKey(resource, name));
  else setAlarm(call, action);
}

export function forgetScheduled(call: Here, action: Scheduled): void {
  if (action.event !== undefined) call.cancel(action.event);
  call.state.scheduledActions.delete(policyKey(action.ResourceId, action.ScheduledActionName));
}

function made(call: Here, resource: string, name: string, schedule: string): Scheduled {
  return {
    ScheduledActionName: name,
    ScheduledActionARN: call.arn(
      "autoscaling",
      `scheduledAction:${call.uuid()}:resource/${NAMESPACE}/${resource}:scheduledActionName/${name}`,
    ),
    ServiceNamespace: NAMESPACE,
    Schedule: schedule,
    ResourceId: resource,
    ScalableDimension: DIMENSION,
    CreationTime: call.date,
  };
}

const defined = <Shape extends object>(shape: Shape) =>
  Object.fromEntries(Object.entries(shape).filter(([, value]) => value !== undefined)) as Partial<Shape>;

/** `at(2026-03-02T10:00:00)` → what the wall's clock shows then. */
function at(schedule: string): Instant | undefined {
  const [, moment] = /^at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)$/.exec(schedule) ?? [];
  const found = moment === undefined ? undefined : instant(`${moment}Z`);
  return found === undefined || Number.isNaN(found) ? undefined : found;
}

function setAlarm(call: Here, action: Scheduled): void {
  if (action.event !== undefined) call.cancel(action.event);
  action.event = undefined;
  const due = dueAfter(call, action);
  if (due === undefined || (action.EndTime && due > action.EndTime.getTime())) return;
  const { ResourceId: resource, ScheduledActionName: name } = action;
  action.event = call.background(since(call.now, due), "scheduled", { resource, name });
}

function dueAfter(call: Here, { Schedule, Timezone = "UTC", StartTime, CreationTime }: Scheduled): Instant | undefined {
  const once = at(Schedule);
  if (once !== undefined) {
    const moment = momentOf(once, Timezone);
    return moment >= call.now ? moment : undefined;
  }
  const schedule = parseSchedule(Schedule);
  if (!schedule) return undefined;
  const from = instant(Math.max(call.now, (StartTime?.getTime() ?? 0) - 1));
  if ("every" in schedule) return nextAfter(schedule, from, instant(StartTime ?? CreationTime));
  const wall = nextAfter(schedule, wallClock(from, Timezone), from);
  return wall === undefined ? undefined : momentOf(wall, Timezone);
}
