/** Processes that can be suspended. https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html */
import type * as sdk from "@aws-sdk/client-auto-scaling";
import type { Operations } from "../../service.ts";
import { judgeAll } from "./health.ts";
import { groupNamed, invalid, soon, stamp, type State, type Timers } from "./state.ts";

// ASG-024
const PROCESSES = [
  "AZRebalance",
  "AddToLoadBalancer",
  "AlarmNotification",
  "HealthCheck",
  "InstanceRefresh",
  "Launch",
  "ReplaceUnhealthy",
  "ScheduledActions",
  "Terminate",
];

export const processOperations = {
  SuspendProcesses(call, { AutoScalingGroupName, ScalingProcesses }) {
    const group = groupNamed(call, AutoScalingGroupName);
    const asked = named(ScalingProcesses);
    for (const process of asked) if (!group.suspended.has(process)) group.suspended.set(process, `User suspended at ${stamp(call)}`);
  },

  ResumeProcesses(call, { AutoScalingGroupName, ScalingProcesses }) {
    const group = groupNamed(call, AutoScalingGroupName);
    const asked = named(ScalingProcesses);
    for (const process of asked) group.suspended.delete(process);
    if (asked.includes("Launch")) group.failing = undefined;
    if (asked.includes("AZRebalance")) group.unbalanced = undefined;
    if (asked.includes("HealthCheck")) judgeAll(call, group);
    soon(call, group);
  },

  DescribeScalingProcessTypes: () => ({ Processes: PROCESSES.map((ProcessName) => ({ ProcessName })) }),
} satisfies Operations<sdk.AutoScaling, State, Timers>;

/** None are all. */
function named(asked: readonly string[] | undefined): readonly string[] {
  const strange = asked?.find((process) => !PROCESSES.includes(process));
  if (strange !== undefined) throw invalid(`"${strange}" is not a valid process type.`);
  return asked?.length ? asked : PROCESSES;
}
