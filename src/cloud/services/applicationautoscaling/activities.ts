/** What scaling has done: activities, from the wish to its fulfilment. docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-scaling-activities.html */
import type * as sdk from "@aws-sdk/client-application-auto-scaling";
import { days, milliseconds, plus } from "../../../kernel/units.ts";
import type { Operations } from "../../service.ts";
import {
  checkDimension,
  DIMENSION,
  NAMESPACE,
  page,
  partsOf,
  type Activity,
  type Here,
  type State,
  type Target,
  type Timers,
} from "./state.ts";

// AAS-026: six weeks.
const KEPT = days(42);

/** A service as scaling sees it. */
export type Tasks = { running: number; desired: number; deploying: boolean };

export const activityOperations = {
  DescribeScalingActivities(call, { ServiceNamespace, ResourceId, ScalableDimension, IncludeNotScaledActivities, MaxResults, NextToken }) {
    checkDimension(ServiceNamespace, ScalableDimension);
    const since = call.now - KEPT;
    const all = [...call.state.activities.entries()]
      .filter(([resource]) => !ResourceId || resource === ResourceId)
      .flatMap(([, its]) => its)
      .filter(({ StartTime, NotScaledReasons }) => StartTime.getTime() > since && (IncludeNotScaledActivities || !NotScaledReasons))
      .toSorted((one, other) => other.StartTime.getTime() - one.StartTime.getTime());
    const { items, next } = page(all, MaxResults, NextToken);
    return { ScalingActivities: items.map(({ change: _change, ...activity }) => activity), NextToken: next };
  },
} satisfies Operations<sdk.ApplicationAutoScaling, State, Timers>;

/** Undefined when the service is gone. Read where it is kept: alarms that last ask for it every minute. */
export function tasksOf(call: Here, resource: string): Tasks | undefined {
  const { services, tasks } = call.peek("ecs");
  const service = services.get(call.arn("ecs", resource));
  if (service?.status !== "ACTIVE") return undefined;
  let running = 0;
  for (const arn of service.tasks) if (tasks.get(arn)?.lastStatus === "RUNNING") running++;
  const deploying = service.deployments.length > 1 && service.deployments.some(({ rollout }) => rollout === "IN_PROGRESS");
  return { running, desired: service.desired, deploying };
}

/** Sets the desired count. What was not fulfilled yet is overridden (AAS-029). */
export function setDesired(call: Here, target: Target, to: number, cause: string, change?: Activity["change"]): void {
  const { cluster, service } = partsOf(target.ResourceId);
  const before = find(call, target);
  if (before) {
    before.StatusCode = "Overridden";
    before.EndTime = call.date;
    before.StatusMessage = "This scaling activity was overridden by a newer one.";
  }
  const activity: Activity = {
    ActivityId: call.uuid(),
    ServiceNamespace: NAMESPACE,
    ResourceId: target.ResourceId,
    ScalableDimension: DIMENSION,
    Description: `Setting desired count to ${to}.`,
    Cause: cause,
    StartTime: call.date,
    StatusCode: "InProgress",
    StatusMessage: `Successfully set desired count to ${to}. Waiting for change to be fulfilled by ecs.`,
    change,
  };
  note(call, activity);
  target.pending = activity.ActivityId;
  call.ask("ecs").UpdateService({ cluster, service, desiredCount: to });
  fulfilled(call, target);
}

/** Called when the service's tasks are others: the activity succeeds when as many run as are wanted, and its cooldown begins. AAS-009 */
export function fulfilled(call: Here, target: Target): void {
  const activity = find(call, target);
  if (!activity) return;
  const tasks = tasksOf(call, target.ResourceId);
  const wanted = Number(/(\d+)\.$/.exec(activity.Description)?.[1]);
  if (!tasks || tasks.desired !== wanted || tasks.running !== wanted) return;
  activity.StatusCode = "Successful";
  activity.EndTime = call.date;
  activity.StatusMessage = `Successfully set desired count to ${wanted}. Change successfully fulfilled by ecs.`;
  target.pending = undefined;
  const { change } = activity;
  if (!change) return;
  const cooldown = { until: plus(call.now, milliseconds(change.cooldown * 1000)), from: change.from, to: change.to };
  if (change.to > change.from) {
    target.cooldowns.out = cooldown;
    target.cooldowns.in = undefined; // a scale-out ends what is left of the other
  } else target.cooldowns.in = cooldown;
}

/** Brings the desired count between the bounds, for one cause or by itself. Answers whether it had to. */
export function clamp(call: Here, target: Target, cause?: string): boolean {
  const tasks = tasksOf(call, target.ResourceId);
  if (!tasks) return false;
  const { MinCapacity: min, MaxCapacity: max } = target;
  const to = Math.min(max, Math.max(min, tasks.desired));
  if (to === tasks.desired) return false;
  setDesired(call, target, to, cause ?? `${to === min ? "minimum" : "maximum"} capacity was set to ${to}`);
  return true;
}

/** Why nothing was done, said once for as long as it is the same. AAS-027 */
export function notScaled(call: Here, target: Target, cause: string, reason: sdk.NotScaledReason): void {
  const last = call.state.activities.get(target.ResourceId)?.at(-1);
  if (last && last.Cause === cause && last.NotScaledReasons?.[0]?.Code === reason.Code) return;
  note(call, {
    ActivityId: call.uuid(),
    ServiceNamespace: NAMESPACE,
    ResourceId: target.ResourceId,
    ScalableDimension: DIMENSION,
    Description: "Attempting to scale due to alarm triggered",
    Cause: cause,
    StartTime: call.date,
    EndTime: call.date,
    StatusCode: "Unfulfilled",
    NotScaledReasons: [reason],
  });
}

function note(call: Here, activity: Activity): void {
  const all = call.state.activities.get(activity.ResourceId) ?? [];
  const since = call.now - KEPT;
  const old = all.findIndex(({ StartTime }) => StartTime.getTime() > since);
  if (old > 0) all.splice(0, old);
  all.push(activity);
  call.state.activities.set(activity.ResourceId, all);
}

const find = (call: Here, { ResourceId, pending }: Target): Activity | undefined =>
  pending === undefined ? undefined : call.state.activities.get(ResourceId)?.find(({ ActivityId }) => ActivityId === pending);
