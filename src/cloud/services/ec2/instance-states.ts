/** The life of an instance. Guide: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html */
import { hours } from "../../../kernel/units.ts";
import { machineOf, remove, restart, switchOff, switchOn } from "../../../world/machines.ts";
import type { Call } from "../../service.ts";
import { occupy, vacate, type CapacityReservation } from "./capacity-reservations.ts";
import { grant, type Demand } from "./capacity.ts";
import { isUsable } from "./encryption.ts";
import { publicAddress } from "./instance-interfaces.ts";
import { measure, regroup } from "./instance-metrics.ts";
import { statusBegins, statusEnds } from "./instance-status.ts";
import { instanceType } from "./instance-types.ts";
import type { Instance, InstanceState } from "./instances.ts";
import { deleteInterface } from "./interfaces.ts";
import type { Here, State } from "./state.ts";

export type InstanceTimers = {
  instanceRunning: { id: string };
  instanceStopped: { id: string };
  instanceTerminated: { id: string };
  instanceForgotten: { id: string };
};

type Reason = { Code: string; Message: string };

// A terminated instance is shown for about an hour: docs.aws.amazon.com/AWSEC2/latest/UserGuide/terminating-instances.html
const SHOWN = hours(1);

// API_StateReason.html
const byUser = reason("Client.UserInitiatedShutdown", "User initiated shutdown");
const byItself = reason("Client.InstanceInitiatedShutdown", "Instance initiated shutdown");
/** A disk could not be decrypted: docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html */
const launchFailed = reason("Client.InternalError", "Client error on launch");

const timed = (call: Here): Call<State, InstanceTimers> => call;

function reason(Code: string, text: string): Reason {
  return { Code, Message: `${Code}: ${text}` };
}

/** Every change of state, told to whom it concerns. */
function turn(call: Here, instance: Instance, state: InstanceState): void {
  instance.state = state;
  call.tell("instance-state", { instanceId: instance.InstanceId, state });
  call.tell("event", {
    source: "aws.ec2",
    detailType: "EC2 Instance State-change Notification",
    detail: { "instance-id": instance.InstanceId, state },
    resources: [call.arn("ec2", `instance/${instance.InstanceId}`)],
  });
}

export function begin(call: Here, instance: Instance): void {
  instance.StateTransitionReason = "";
  turn(call, instance, "pending");
  instance.event = timed(call).after(call.latency("instance-running"), "instanceRunning", { id: instance.InstanceId });
}

const demandOf = ({ InstanceType, Placement, CapacityReservationSpecification: said }: Instance): Demand => ({
  type: instanceType(InstanceType)!,
  zone: { AvailabilityZone: Placement.AvailabilityZone ?? "", AvailabilityZoneId: Placement.AvailabilityZoneId ?? "" },
  reservation: { preference: said?.CapacityReservationPreference, id: said?.CapacityReservationTarget?.CapacityReservationId },
});

/** Stopped instances have no machine, and one is wanted for each. Answers which of them get a reserved one. */
export function machinesFor(call: Here, instances: readonly Instance[]): Map<Instance, CapacityReservation> {
  const kinds = new Map<string, Instance[]>();
  for (const each of instances) {
    const kind = JSON.stringify(demandOf(each));
    kinds.set(kind, [...(kinds.get(kind) ?? []), each]);
  }
  const places = new Map<Instance, CapacityReservation>();
  for (const alike of kinds.values()) {
    const { reserved } = grant(call, demandOf(alike[0]!), alike.length, alike.length);
    for (const [at, reservation] of reserved.entries()) places.set(alike[at]!, reservation);
  }
  return places;
}

export function start(call: Here, instance: Instance, reservation: CapacityReservation | undefined): void {
  if (instance.state !== "stopped") return;
  instance.StateTransitionReason = "";
  instance.StateReason = undefined;
  turn(call, instance, "pending");
  if (reservation) occupy(call, reservation, instance);
  const own = call.state.networkInterfaces.get(instance.interfaceId);
  if (own && instance.publicAddress) own.publicIp = publicAddress(call);
  instance.LaunchTime = call.date;
  instance.event = timed(call).after(call.latency("instance-start"), "instanceRunning", { id: instance.InstanceId });
}

export function stop(call: Here, instance: Instance, force: boolean): void {
  if (instance.state === "stopped" || (instance.state === "stopping" && !force)) return;
  leave(call, instance, "stopping", byUser);
  if (force) switchOff(call.physics, instance.InstanceId);
}

export function terminate(call: Here, instance: Instance): void {
  if (instance.state !== "terminated" && instance.state !== "shutting-down") leave(call, instance, "shutting-down", byUser);
}

/** Its system has shut down: docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_ChangingInstanceInitiatedShutdownBehavior.html */
export function shutDownItself(call: Here, instance: Instance): void {
  leave(call, instance, instance.shutdown === "stop" ? "stopping" : "shutting-down", byItself);
}

export const reboot = (call: Here, { InstanceId }: Instance): void => restart(call.physics, InstanceId);

function leave(call: Here, instance: Instance, state: "stopping" | "shutting-down", why: Reason): void {
  const { InstanceId: id } = instance;
  if (instance.event !== undefined) call.cancel(instance.event);
  statusEnds(call, instance);
  instance.StateReason = why;
  instance.StateTransitionReason = why === byUser ? `User initiated (${stamp(call)})` : "";
  turn(call, instance, state);
  instance.event =
    state === "stopping"
      ? timed(call).after(call.latency("instance-stopping"), "instanceStopped", { id })
      : timed(call).after(call.latency("instance-shutting-down"), "instanceTerminated", { id });
}

const stamp = (call: Here): string => call.date.toISOString().replace("T", " ").replace(/\..*/, " GMT");

/** Its disks can be read: each one's key is there. */
const isReadable = (call: Here, { volumes }: Instance): boolean =>
  volumes.every(({ volumeId }) => {
    const key = call.state.volumes.get(volumeId)?.KmsKeyId;
    return key === undefined || isUsable(call, key);
  });

export const instanceTimers = {
  instanceRunning(call: Here, { id }: InstanceTimers["instanceRunning"]) {
    const instance = call.state.instances.get(id);
    if (instance?.state !== "pending") return;
    instance.event = undefined;
    if (!isReadable(call, instance)) {
      const isNew = machineOf(call.world, id).boots === 0;
      return leave(call, instance, isNew ? "shutting-down" : "stopping", launchFailed);
    }
    turn(call, instance, "running");
    switchOn(call.physics, id);
    statusBegins(call, instance);
  },
  instanceStopped(call: Here, { id }: InstanceTimers["instanceStopped"]) {
    const instance = call.state.instances.get(id);
    if (instance?.state !== "stopping") return;
    instance.event = undefined;
    switchOff(call.physics, id);
    vacate(call, instance);
    const own = call.state.networkInterfaces.get(instance.interfaceId);
    if (own) own.publicIp = undefined;
    turn(call, instance, "stopped");
    measure(call, instance);
  },
  instanceTerminated(call: Here, { id }: InstanceTimers["instanceTerminated"]) {
    const instance = call.state.instances.get(id);
    if (instance?.state !== "shutting-down") return;
    instance.event = undefined;
    remove(call.physics, id);
    vacate(call, instance);
    parted(call, instance);
    turn(call, instance, "terminated");
    measure(call, instance);
    timed(call).background(SHOWN, "instanceForgotten", { id });
  },
  instanceForgotten(call: Here, { id }: InstanceTimers["instanceForgotten"]) {
    call.state.instances.delete(id);
  },
};

/** From what it had: interfaces, volumes, profile, group. What is not its own stays. */
function parted(call: Here, instance: Instance): void {
  const own = call.state.networkInterfaces.get(instance.interfaceId);
  if (own?.Attachment?.DeleteOnTermination === false) {
    own.Attachment = undefined;
    own.Status = "available";
  } else deleteInterface(call, instance.interfaceId);
  for (const { volumeId, gone } of instance.volumes) {
    const volume = call.state.volumes.get(volumeId);
    if (gone) call.state.volumes.delete(volumeId);
    else if (volume) Object.assign(volume, { State: "available", Attachments: [] });
  }
  instance.volumes = [];
  instance.association = undefined;
  regroup(call, instance);
}
