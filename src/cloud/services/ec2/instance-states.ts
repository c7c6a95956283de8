/** The life of an instance. Guide: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html */
import { hours } from "../../../kernel/units.ts";
import { remove, restart, switchOff, switchOn } from "../../../world/machines.ts";
import { statusBegins, statusEnds } from "./instance-status.ts";
import type { Instance, InstanceState } from "./instances.ts";
import { deleteInterface } from "./interfaces.ts";
import type { Here, State } from "./state.ts";
import type { Call } from "../../service.ts";

export type InstanceTimers = {
  instanceRunning: { id: string };
  instanceStopped: { id: string };
  instanceTerminated: { id: string };
  instanceForgotten: { id: string };
  statusChecked: { id: string };
};

type Timed = Call<State, InstanceTimers>;

// A terminated instance is shown for about an hour: docs.aws.amazon.com/AWSEC2/latest/UserGuide/terminating-instances.html
const SHOWN = hours(1);

const timed = (call: Here): Timed => call;

/** Every change of state, told to whom it concerns. */
function turn(call: Here, instance: Instance, state: InstanceState, reason = ""): void {
  instance.state = state;
  instance.StateTransitionReason = reason;
  call.tell("instance-state", { instanceId: instance.InstanceId, state });
  call.tell("event", {
    source: "aws.ec2",
    detailType: "EC2 Instance State-change Notification",
    detail: { "instance-id": instance.InstanceId, state },
    resources: [call.arn("ec2", `instance/${instance.InstanceId}`)],
  });
}

export function begin(call: Here, instance: Instance): void {
  turn(call, instance, "pending");
  instance.event = timed(call).after(call.latency("instance-running"), "instanceRunning", { id: instance.InstanceId });
}

export function start(call: Here, instance: Instance): void {
  if (instance.state !== "stopped") return;
  turn(call, instance, "pending");
  instance.LaunchTime = call.date;
  instance.event = timed(call).after(call.latency("instance-start"), "instanceRunning", { id: instance.InstanceId });
}

export function stop(call: Here, instance: Instance, force: boolean): void {
  if (instance.state === "stopped" || instance.state === "stopping") return;
  leave(call, instance);
  turn(call, instance, "stopping", `User initiated (${stamp(call)})`);
  if (force) switchOff(call.physics, instance.InstanceId);
  instance.event = timed(call).after(call.latency("instance-stopping"), "instanceStopped", { id: instance.InstanceId });
}

export function terminate(call: Here, instance: Instance): void {
  if (instance.state === "terminated" || instance.state === "shutting-down") return;
  leave(call, instance);
  turn(call, instance, "shutting-down", `User initiated (${stamp(call)})`);
  instance.event = timed(call).after(call.latency("instance-shutting-down"), "instanceTerminated", { id: instance.InstanceId });
}

export function reboot(call: Here, instance: Instance): void {
  restart(call.physics, instance.InstanceId);
}

function leave(call: Here, instance: Instance): void {
  if (instance.event !== undefined) call.cancel(instance.event);
  instance.event = undefined;
  statusEnds(instance);
}

const stamp = (call: Here): string => call.date.toISOString().replace("T", " ").replace(/\..*/, " GMT");

export const instanceTimers = {
  instanceRunning(call: Here, { id }: InstanceTimers["instanceRunning"]) {
    const instance = call.state.instances.get(id);
    if (instance?.state !== "pending") return;
    instance.event = undefined;
    turn(call, instance, "running");
    switchOn(call.physics, id);
    statusBegins(call, instance);
  },
  instanceStopped(call: Here, { id }: InstanceTimers["instanceStopped"]) {
    const instance = call.state.instances.get(id);
    if (instance?.state !== "stopping") return;
    instance.event = undefined;
    switchOff(call.physics, id);
    const own = call.state.networkInterfaces.get(instance.interfaceId);
    if (own) own.publicIp = undefined;
    turn(call, instance, "stopped", instance.StateTransitionReason);
  },
  instanceTerminated(call: Here, { id }: InstanceTimers["instanceTerminated"]) {
    const instance = call.state.instances.get(id);
    if (instance?.state !== "shutting-down") return;
    instance.event = undefined;
    remove(call.physics, id);
    deleteInterface(call, instance.interfaceId);
    for (const { volumeId, gone } of instance.volumes) {
      const volume = call.state.volumes.get(volumeId);
      if (gone) call.state.volumes.delete(volumeId);
      else if (volume) Object.assign(volume, { State: "available", Attachments: [] });
    }
    turn(call, instance, "terminated", instance.StateTransitionReason);
    timed(call).background(SHOWN, "instanceForgotten", { id });
  },
  instanceForgotten(call: Here, { id }: InstanceTimers["instanceForgotten"]) {
    call.state.instances.delete(id);
  },
};
