/**
 * The ECS agent on every machine: it registers, keeps its connection, and says what has become of its tasks.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
 */
import { alive } from "../../../world/machines.ts";
import type { Change } from "../../../world/physics.ts";
import type { Notices } from "../../service.ts";
import { changed, containerInstanceOperations, deregister } from "./container-instances.ts";
import { reaches } from "./reach.ts";
import { lookAll } from "./scheduler.ts";
import type { ContainerInstance, Here, Timers } from "./state.ts";
import { lostAgent, reported, resume } from "./task-life.ts";

/** `ECS_CLUSTER=…` in the user data, as AWS's image reads it from /etc/ecs/ecs.config. */
function clusterWanted(call: Here, machine: string): string | undefined {
  const userData = call.peek("ec2").instances.get(machine)?.userData;
  return userData === undefined ? undefined : /ECS_CLUSTER=["']?([A-Za-z0-9_-]+)/.exec(Buffer.from(userData, "base64").toString())?.[1];
}

export function machineChanged(call: Here, { machine }: Extract<Change, { kind: "machine" }>): void {
  const arn = call.state.machines.get(machine);
  const instance = arn === undefined ? undefined : call.state.instances.get(arn);
  if (instance) return judge(call, instance, true);
  const host = call.world.machines.get(machine);
  if (host?.region === call.region && alive(host) && clusterWanted(call, machine) !== undefined)
    call.after(call.latency("agent-registration"), "agentUp", { machine });
}

export function lineChanged(call: Here, { site }: Extract<Change, { kind: "line" }>): void {
  for (const instance of call.state.instances.values())
    if (call.world.machines.get(instance.machine)?.site === site) judge(call, instance, false);
}

function judge(call: Here, instance: ContainerInstance, started: boolean): void {
  const reached = reaches(call, instance.machine);
  if (instance.event !== undefined) call.cancel(instance.event);
  instance.event = undefined;
  if (reached === instance.connected && !started) return;
  if (!reached) {
    if (instance.connected) instance.event = call.background(call.latency("agent-lost"), "agentLost", { instance: instance.arn });
    return;
  }
  // After a restart the agent starts anew; after a silence it dials again (ECS-027).
  instance.event = call.after(call.latency(started ? "agent-registration" : "agent-reconnect"), "agentUp", { machine: instance.machine });
}

/** ECS-024: a terminated instance is deregistered if its agent was there to the end. */
export function instanceChanged(call: Here, { instanceId, state }: Notices["instance-state"]): void {
  const arn = call.state.machines.get(instanceId);
  const instance = arn === undefined ? undefined : call.state.instances.get(arn);
  if (!instance) return;
  if (state === "shutting-down") instance.leaving = instance.connected && reaches(call, instance.machine);
  if (state !== "terminated") return;
  instance.connected = false;
  if (instance.leaving) deregister(call, instance, `Host EC2 (instance ${instanceId}) terminated.`);
}

export const agentTimers = {
  agentUp(call: Here, { machine }: Timers["agentUp"]) {
    if (!reaches(call, machine)) return;
    const arn = call.state.machines.get(machine);
    const instance = arn === undefined ? undefined : call.state.instances.get(arn);
    if (instance) return reconnect(call, instance);
    const cluster = clusterWanted(call, machine);
    if (cluster === undefined || call.state.clusters.get(cluster)?.status !== "ACTIVE") return;
    containerInstanceOperations.RegisterContainerInstance(call, {
      cluster,
      instanceIdentityDocument: JSON.stringify({ instanceId: machine }),
    });
  },
  agentLost(call: Here, { instance: arn }: Timers["agentLost"]) {
    const instance = call.state.instances.get(arn);
    if (!instance || reaches(call, instance.machine)) return;
    instance.event = undefined;
    instance.connected = false;
    changed(call, instance);
    for (const task of [...instance.tasks].flatMap((each) => call.state.tasks.get(each) ?? [])) lostAgent(call, task);
  },
};

/** ECS-080: it says which of its containers have ended meanwhile, and takes up what waited for it. */
function reconnect(call: Here, instance: ContainerInstance): void {
  instance.event = undefined;
  instance.connected = true;
  changed(call, instance);
  for (const arn of [...instance.tasks]) {
    const task = call.state.tasks.get(arn);
    if (!task) continue;
    reported(call, task);
    resume(call, task);
  }
  const cluster = call.state.clusters.get(instance.cluster);
  if (cluster) lookAll(call, cluster);
}
