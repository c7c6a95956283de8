/** What the group has done and why; who is told. https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-monitoring.html */
import type * as sdk from "@aws-sdk/client-auto-scaling";
import { days } from "../../../kernel/units.ts";
import type { Operations } from "../../service.ts";
import { groupOf, invalid, page, type Activity, type Group, type Here, type Member, type State, type Timers } from "./state.ts";
import { publish } from "./notifications.ts";

// ASG-029
const KEPT = days(42);

export const activityOperations = {
  DescribeScalingActivities(call, { ActivityIds, AutoScalingGroupName, IncludeDeletedGroups, Filters, MaxRecords = 100, NextToken }) {
    const strange = Filters?.find(({ Name }) => !["StartTimeLowerBound", "StartTimeUpperBound", "Status"].includes(Name ?? ""))?.Name;
    if (strange !== undefined) throw invalid(`Filter ${strange} is not valid.`);
    const groups =
      AutoScalingGroupName === undefined
        ? [...call.state.groups.values()]
        : IncludeDeletedGroups && !call.state.groups.has(AutoScalingGroupName)
          ? []
          : [groupOf(call, AutoScalingGroupName)];
    const since = call.now - KEPT;
    const all = groups
      .flatMap(({ activities }) => activities)
      .filter((each) => each.StartTime.getTime() > since && (!ActivityIds?.length || ActivityIds.includes(each.ActivityId)))
      .filter((each) => (Filters ?? []).every((filter) => passes(each, filter)))
      // Newest first; of one instant the one that began last.
      .toReversed()
      .toSorted((one, other) => other.StartTime.getTime() - one.StartTime.getTime());
    const { items, NextToken: next } = page(all, MaxRecords, NextToken);
    return { Activities: items.map(shown), NextToken: next };
  },
} satisfies Operations<sdk.AutoScaling, State, Timers>;

function passes({ StartTime, StatusCode }: Activity, { Name, Values = [] }: sdk.Filter): boolean {
  if (Name === "Status") return Values.includes(StatusCode);
  const bound = new Date(Values[0] ?? "").getTime();
  return Name === "StartTimeLowerBound" ? StartTime.getTime() >= bound : StartTime.getTime() <= bound;
}

export const shown = ({ instance: _instance, ...activity }: Activity): sdk.Activity => activity;

type Begun = Pick<Activity, "Cause" | "Description"> & Partial<Pick<Activity, "StatusCode" | "Progress" | "StatusMessage">>;

/** Something begins, with an instance or without one. */
export function begin(call: Here, group: Group, begun: Begun, member?: Member): Activity {
  const activity: Activity = {
    ActivityId: call.uuid(),
    AutoScalingGroupName: group.AutoScalingGroupName,
    AutoScalingGroupARN: group.AutoScalingGroupARN,
    StartTime: call.date,
    StatusCode: "InProgress",
    Progress: 0,
    Details: JSON.stringify(member ? { "Subnet ID": member.subnet, "Availability Zone": member.AvailabilityZone } : {}),
    instance: member?.InstanceId,
    ...begun,
  };
  forget(call, group);
  group.activities.push(activity);
  if (member) member.activity = activity.ActivityId;
  return activity;
}

export function progress(group: Group, { activity: id }: Member, StatusCode: sdk.ScalingActivityStatusCode, Progress: number): void {
  const activity = find(group, id);
  if (activity) Object.assign(activity, { StatusCode, Progress });
}

type Outcome = { status: "Successful" | "Failed" | "Cancelled"; message?: string };

/** It has ended; subscribers and EventBridge learn of it. */
export function end(call: Here, group: Group, member: Member, { status, message }: Outcome): void {
  const activity = find(group, member.activity);
  member.activity = undefined;
  if (!activity) return;
  close(call, activity, status, message);
  tell(call, group, activity, member);
}

/** What came to nothing before there was an instance. */
export function failed(call: Here, group: Group, cause: string, message: string, zone: { zone: string; subnet?: string }): void {
  const activity = begin(call, group, { Cause: cause, Description: "Launching a new EC2 instance." });
  activity.Details = JSON.stringify({ "Subnet ID": zone.subnet, "Availability Zone": zone.zone });
  close(call, activity, "Failed", message);
  tell(call, group, activity);
}

function close(call: Here, activity: Activity, status: Outcome["status"], message?: string): void {
  activity.StatusCode = status;
  activity.Progress = 100;
  activity.EndTime = call.date;
  if (message === undefined) return;
  activity.StatusMessage = message;
  activity.Description = `${activity.Description}  Status Reason: ${message}`;
}

export const find = ({ activities }: Group, id: string | undefined): Activity | undefined =>
  id === undefined ? undefined : activities.findLast(({ ActivityId }) => ActivityId === id);

export const inProgress = ({ activities }: Group): boolean => activities.some(({ EndTime }) => EndTime === undefined);

/** docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-event-reference.html */
function tell(call: Here, group: Group, activity: Activity, member?: Member): void {
  const way = activity.Description.startsWith("Launching") ? "launch" : "terminate";
  const well = activity.StatusCode === "Successful";
  const { Details, StartTime, EndTime, instance, Progress: _progress, AutoScalingGroupARN: _arn, ...rest } = activity;
  const facts = {
    ...rest,
    RequestId: activity.ActivityId,
    // While subscribers are told it is still going on.
    StatusCode: well ? "InProgress" : activity.StatusCode,
    StatusMessage: activity.StatusMessage ?? "",
    StartTime: StartTime.toISOString(),
    EndTime: EndTime?.toISOString(),
    EC2InstanceId: instance ?? "",
    Details: JSON.parse(Details ?? "{}") as object,
  };
  const origin = way === "launch" ? { Origin: member?.pooled ? "WarmPool" : "EC2", Destination: "AutoScalingGroup" } : leaving(member);
  call.tell("event", {
    source: "aws.autoscaling",
    detailType: `EC2 Instance ${way === "launch" ? "Launch" : "Terminate"} ${well ? "Successful" : "Unsuccessful"}`,
    detail: { ...facts, ...origin },
    resources: [group.AutoScalingGroupARN, ...(instance === undefined ? [] : [call.arn("ec2", `instance/${instance}`)])],
  });
  publish(call, group, `autoscaling:EC2_INSTANCE_${way.toUpperCase()}${well ? "" : "_ERROR"}`, facts);
}

const leaving = ({ LifecycleState: is = "Terminated" }: Partial<Member> = {}) => ({
  Origin: is.startsWith("Warmed:Terminat") ? "WarmPool" : "AutoScalingGroup",
  Destination: is === "Warmed:Stopped" || is === "Warmed:Running" ? "WarmPool" : "EC2",
});

/** Six weeks of them are kept. */
function forget(call: Here, { activities }: Group): void {
  const since = call.now - KEPT;
  const first = activities.findIndex(({ StartTime }) => StartTime.getTime() > since);
  if (first > 0) activities.splice(0, first);
}
