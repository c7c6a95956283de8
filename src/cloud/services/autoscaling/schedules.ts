/** Scheduled actions: other sizes from a moment on. https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scheduled-scaling.html */
import type * as sdk from "@aws-sdk/client-auto-scaling";
import { instant, since, type Instant } from "../../../kernel/units.ts";
import { AwsError, type Operations } from "../../service.ts";
import { isTimeZone, momentOf, wallClock } from "../../time-zones.ts";
import { nextAfter, parseSchedule, type Schedule } from "../eventbridge/schedule.ts";
import { resize } from "./groups.ts";
import { groupNamed, invalid, page, runs, type Group, type Here, type Scheduled, type State, type Timers } from "./state.ts";

// docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-quotas.html
const ACTIONS_MAX = 125;

export const scheduleOperations = {
  PutScheduledUpdateGroupAction(call, { AutoScalingGroupName, Time, ...request }) {
    const group = groupNamed(call, AutoScalingGroupName);
    put(call, group, { ...request, StartTime: request.StartTime ?? Time });
  },

  BatchPutScheduledUpdateGroupAction(call, { AutoScalingGroupName, ScheduledUpdateGroupActions }) {
    const group = groupNamed(call, AutoScalingGroupName);
    const FailedScheduledUpdateGroupActions: sdk.FailedScheduledUpdateGroupActionRequest[] = [];
    for (const request of ScheduledUpdateGroupActions) {
      try {
        put(call, group, request);
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        FailedScheduledUpdateGroupActions.push({
          ScheduledActionName: request.ScheduledActionName,
          ErrorCode: error.code,
          ErrorMessage: error.message,
        });
      }
    }
    return { FailedScheduledUpdateGroupActions };
  },

  DeleteScheduledAction(call, { AutoScalingGroupName, ScheduledActionName }) {
    const group = groupNamed(call, AutoScalingGroupName);
    if (!remove(call, group, ScheduledActionName)) throw invalid("Scheduled action name not found");
  },

  BatchDeleteScheduledAction(call, { AutoScalingGroupName, ScheduledActionNames }) {
    const group = groupNamed(call, AutoScalingGroupName);
    const FailedScheduledActions = ScheduledActionNames.filter((name) => !remove(call, group, name)).map((ScheduledActionName) => ({
      ScheduledActionName,
      ErrorCode: "ValidationError",
      ErrorMessage: "Scheduled action name not found",
    }));
    return { FailedScheduledActions };
  },

  DescribeScheduledActions(call, { AutoScalingGroupName, ScheduledActionNames, StartTime, EndTime, MaxRecords, NextToken }) {
    const groups = AutoScalingGroupName === undefined ? [...call.state.groups.values()] : [groupNamed(call, AutoScalingGroupName)];
    const all = groups
      .flatMap(({ scheduled }) => [...scheduled.values()])
      .filter((each) => !ScheduledActionNames?.length || ScheduledActionNames.includes(each.ScheduledActionName))
      .filter((each) => (!StartTime || (each.StartTime ?? StartTime) >= StartTime) && (!EndTime || (each.StartTime ?? EndTime) <= EndTime));
    const { items, NextToken: next } = page(all, MaxRecords, NextToken);
    return {
      ScheduledUpdateGroupActions: items.map(({ event: _event, ...action }) => ({ ...action, Time: action.StartTime })),
      NextToken: next,
    };
  },
} satisfies Operations<sdk.AutoScaling, State, Timers>;

/** Checks first, then sets it: what a request does not say of a known one stays. */
function put(call: Here, group: Group, request: sdk.ScheduledUpdateGroupActionRequest): void {
  const { ScheduledActionName: name = "", ...given } = request;
  const known = group.scheduled.get(name);
  if (!known && group.scheduled.size >= ACTIONS_MAX) throw new AwsError("LimitExceeded", `A group takes ${ACTIONS_MAX} scheduled actions.`);
  const asked = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<Scheduled>;
  const action: Scheduled = {
    ...(known ?? {
      AutoScalingGroupName: group.AutoScalingGroupName,
      ScheduledActionName: name,
      ScheduledActionARN: call.arn(
        "autoscaling",
        `scheduledUpdateGroupAction:${call.uuid()}:autoScalingGroupName/${group.AutoScalingGroupName}:scheduledActionName/${name}`,
      ),
    }),
    ...asked,
  };
  checkAction(call, action);
  const due = dueAfter(call, action);
  // What recurs begins when it next falls due; two of one group at one moment are refused. ASG-023
  if (due !== undefined) checkConflict(call, group, action, due);
  if (action.Recurrence !== undefined && asked.StartTime === undefined && due !== undefined) action.StartTime = new Date(due);
  if (known?.event !== undefined) call.cancel(known.event);
  group.scheduled.set(name, action);
  arm(call, action, due);
}

function checkAction(call: Here, { MinSize, MaxSize, DesiredCapacity, StartTime, EndTime, Recurrence, TimeZone }: Scheduled): void {
  if (MinSize === undefined && MaxSize === undefined && DesiredCapacity === undefined)
    throw invalid("At least one of MinSize, MaxSize and DesiredCapacity must be given.");
  if ((MinSize ?? 0) > (MaxSize ?? Number.POSITIVE_INFINITY)) throw invalid("Min size must not be greater than max size.");
  if (StartTime === undefined && Recurrence === undefined) throw invalid("Either StartTime or Recurrence must be given.");
  if (Recurrence === undefined && StartTime && StartTime.getTime() < call.now) throw invalid("Given start time is in the past");
  if (EndTime && StartTime && EndTime < StartTime) throw invalid("The end time must be after the start time.");
  if (TimeZone !== undefined && !isTimeZone(TimeZone)) throw invalid(`Timezone ${TimeZone} is not valid.`);
  if (Recurrence !== undefined && recurring(Recurrence).length === 0) throw invalid(`Given recurrence string:${Recurrence} is invalid`);
}

function checkConflict(call: Here, group: Group, action: Scheduled, due: Instant): void {
  for (const other of group.scheduled.values())
    if (other.ScheduledActionName !== action.ScheduledActionName && dueAfter(call, other) === due)
      throw invalid(`Only one scheduled action may run at a time: ${other.ScheduledActionName} is due then already.`);
}

/**
 * Unix cron of five fields in EventBridge's terms: there a day of the month and one of the week exclude each other, so that both together
 * are two schedules; and weeks begin with Sunday as 1.
 */
function recurring(recurrence: string): Schedule[] {
  const [minute, hour, day, month, weekday, ...rest] = recurrence.trim().split(/\s+/);
  if (minute === undefined || hour === undefined || day === undefined || month === undefined || weekday === undefined || rest.length)
    return [];
  const week = weekday.replace(
    /(^|[,-])([0-7])(?=$|[,\-/])/g,
    (_all, before: string, number: string) => `${before}${(Number(number) % 7) + 1}`,
  );
  const expressions = [
    ...(day !== "*" || weekday === "*" ? [`cron(${minute} ${hour} ${day} ${month} ? *)`] : []),
    ...(weekday === "*" ? [] : [`cron(${minute} ${hour} ? ${month} ${week} *)`]),
  ];
  const parsed = expressions.map(parseSchedule);
  return parsed.every((each) => each !== undefined) ? parsed : [];
}

/** When it falls due next. */
function dueAfter(call: Here, { StartTime, EndTime, Recurrence, TimeZone = "UTC" }: Scheduled): Instant | undefined {
  if (Recurrence === undefined) return StartTime && StartTime.getTime() >= call.now ? instant(StartTime) : undefined;
  const from = instant(Math.max(call.now, (StartTime?.getTime() ?? 0) - 1));
  const moments = recurring(Recurrence).flatMap((schedule) => {
    const wall = nextAfter(schedule, wallClock(from, TimeZone), from);
    return wall === undefined ? [] : [Number(momentOf(wall, TimeZone))];
  });
  const due = Math.min(...moments);
  return Number.isFinite(due) && !(EndTime && due > EndTime.getTime()) ? instant(due) : undefined;
}

function arm(call: Here, action: Scheduled, due: Instant | undefined): void {
  const { AutoScalingGroupName: group, ScheduledActionName: name } = action;
  action.event = due === undefined ? undefined : call.background(since(call.now, due), "scheduled", { group, name });
}

function remove(call: Here, group: Group, name: string): boolean {
  const action = group.scheduled.get(name);
  if (action?.event !== undefined) call.cancel(action.event);
  return group.scheduled.delete(name);
}

export function fire(call: Here, { group: groupName, name }: Timers["scheduled"]): void {
  const group = call.state.groups.get(groupName);
  const action = group?.scheduled.get(name);
  if (!group || !action) return;
  if (runs(group, "ScheduledActions") && group.Status === undefined) carryOut(call, group, action);
  if (action.Recurrence === undefined) return void group.scheduled.delete(name);
  const due = dueAfter(call, action);
  if (due !== undefined) action.StartTime = new Date(due);
  arm(call, action, due);
}

/** What it does not set stays, but for what no longer fits. */
function carryOut(call: Here, group: Group, { MinSize, MaxSize, DesiredCapacity }: Scheduled): void {
  const min = MinSize ?? Math.min(group.MinSize, MaxSize ?? group.MinSize);
  const max = Math.max(min, MaxSize ?? group.MaxSize);
  const desired = Math.min(max, Math.max(min, DesiredCapacity ?? group.DesiredCapacity));
  resize(
    call,
    group,
    { min, max, desired },
    `a scheduled action update of AutoScalingGroup constraints to min: ${min}, max: ${max}, desired: ${desired}`,
  );
}
