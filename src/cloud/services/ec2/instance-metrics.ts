/** How busy instances are. Guide: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/viewing_metrics_with_cloudwatch.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { milliseconds } from "../../../kernel/units.ts";
import { coresUsed } from "../../../world/containers.ts";
import type { Change } from "../../../world/physics.ts";
import type { Call, Operations } from "../../service.ts";
import { level } from "../cloudwatch/report.ts";
import { findInstance, type Instance } from "./instances.ts";
import type { Here, State } from "./state.ts";

const GROUP_TAG = "aws:autoscaling:groupName";
const NOW = milliseconds(0);

export type MeasureTimers = { instancesMeasured: {} };

const timed = (call: Here): Call<State, MeasureTimers> => call;

/** Detailed monitoring gives a datapoint each minute. With basic monitoring AWS has one in five, and here too it is each minute's. */
export const monitoringOperations = {
  MonitorInstances: (call, { InstanceIds }) => ({ InstanceMonitorings: monitor(call, InstanceIds, "enabled", "pending") }),
  UnmonitorInstances: (call, { InstanceIds }) => ({ InstanceMonitorings: monitor(call, InstanceIds, "disabled", "disabling") }),
} satisfies Operations<sdk.EC2, State>;

function monitor(call: Here, ids: readonly string[], state: sdk.MonitoringState, answer: sdk.MonitoringState): sdk.InstanceMonitoring[] {
  const found = ids.map((id) => findInstance(call, id));
  for (const each of found) each.Monitoring = { State: state };
  return found.map(({ InstanceId }) => ({ InstanceId, Monitoring: { State: answer } }));
}

/** A container has begun or ended to work. */
export function containerChanged(call: Here, { container }: Extract<Change, { kind: "container" }>): void {
  later(call, container);
}

/** Containers have more or less to do. */
export function loadChanged(call: Here, { containers }: Extract<Change, { kind: "load" }>): void {
  for (const id of containers) later(call, id);
}

/** Many services' load changes at one instant: each machine is looked at once, at the instant's end. */
function later(call: Here, container: string): void {
  const { unmeasured } = call.state;
  const machine = call.world.containers.get(container)?.machine;
  if (machine === undefined || unmeasured.has(machine) || !call.state.instances.has(machine)) return;
  if (unmeasured.size === 0) timed(call).background(NOW, "instancesMeasured", {});
  unmeasured.add(machine);
}

export const measureTimers = {
  instancesMeasured(call: Here) {
    const groups = new Set<string>();
    for (const id of call.state.unmeasured) {
      const instance = call.state.instances.get(id);
      if (instance && gauge(call, instance) && instance.group !== undefined) groups.add(instance.group);
    }
    call.state.unmeasured.clear();
    for (const group of groups) gaugeGroup(call, group);
  },
};

/** Reports what is different, for the instance and for its group. */
export function measure(call: Here, instance: Instance): void {
  if (gauge(call, instance) && instance.group !== undefined) gaugeGroup(call, instance.group);
}

/** The instance counts for the Auto Scaling group that its tag names, while there is one. */
export function regroup(call: Here, instance: Instance): void {
  const { InstanceId, Tags, group: before, state } = instance;
  const group = state === "terminated" || state === "shutting-down" ? undefined : Tags.find(({ Key }) => Key === GROUP_TAG)?.Value;
  if (group === before) return;
  instance.group = group;
  if (before !== undefined) {
    const members = (call.state.scaled.get(before) ?? []).filter((id) => id !== InstanceId);
    if (members.length > 0) call.state.scaled.set(before, members);
    else call.state.scaled.delete(before);
    gaugeGroup(call, before);
  }
  if (group === undefined) return;
  call.state.scaled.set(group, [...(call.state.scaled.get(group) ?? []), InstanceId]);
  gaugeGroup(call, group);
}

/** For Auto Scaling, whose instance it becomes or ceases to be: https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-detach-attach-instances.html */
export function joinGroup(call: Here, instanceId: string, group: string | undefined): void {
  const instance = call.state.instances.get(instanceId);
  if (!instance) return;
  instance.Tags = instance.Tags.filter(({ Key }) => Key !== GROUP_TAG);
  if (group !== undefined) instance.Tags.push({ Key: GROUP_TAG, Value: group });
  regroup(call, instance);
}

/** Answers whether it is another than before. */
function gauge(call: Here, instance: Instance): boolean {
  const cpu = cpuOf(call, instance);
  if (cpu === instance.cpu) return false;
  instance.cpu = cpu;
  level(call, { namespace: "AWS/EC2", name: "CPUUtilization", dimensions: { InstanceId: instance.InstanceId }, unit: "Percent" }, cpu);
  return true;
}

/** Percent of all its cores; none without power. */
function cpuOf({ world }: Here, { InstanceId, state }: Instance): number | undefined {
  const machine = world.machines.get(InstanceId);
  if (state !== "running" || !machine || machine.state === "off" || machine.state === "dark") return undefined;
  let used = 0;
  for (const id of machine.containers) {
    const container = world.containers.get(id);
    if (container) used += coresUsed(container);
  }
  return exact(Math.min(100, (used / machine.cores) * 100));
}

/** The mean over its instances: what a target of `ASGAverageCPUUtilization` is compared with. */
function gaugeGroup(call: Here, group: string): void {
  let sum = 0;
  let count = 0;
  for (const id of call.state.scaled.get(group) ?? []) {
    const cpu = call.state.instances.get(id)?.cpu;
    if (cpu === undefined) continue;
    sum += cpu;
    count++;
  }
  const mean = count === 0 ? undefined : exact(sum / count);
  level(call, { namespace: "AWS/EC2", name: "CPUUtilization", dimensions: { AutoScalingGroupName: group }, unit: "Percent" }, mean);
}

/** Sums of the same in another order are the same. */
const exact = (percent: number): number => Math.round(percent * 1e9) / 1e9;
