/** A task's life on its machine: images, containers, health, its end. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html */
import type * as sdk from "@aws-sdk/client-ecs";
import { hours, instant, mib, milliseconds, plus, seconds, since, type Instant } from "../../../kernel/units.ts";
import { behaviourOf, kill, start, terminate } from "../../../world/containers.ts";
import { alive } from "../../../world/machines.ts";
import type { Change } from "../../../world/physics.ts";
import { pull } from "../../../world/registries.ts";
import { REGISTRY_RATE } from "../../latencies.ts";
import { reaches } from "./reach.ts";
import { deregisterTargets, drainDelay, registerTargets } from "./load-balancing.ts";
import { taskEnded, taskReady, taskUnhealthy } from "./scheduler.ts";
import { definitionOf, type ContainerInstance, type Here, type Task, type TaskContainer, type Timers } from "./state.ts";
import { shown } from "./task-view.ts";
import { usageChanged } from "./usage.ts";

// ECS-011, ECS-012
const STOP_TIMEOUT = 30;
const SHOWN = hours(1); // ECS-036

export const instanceOf = (call: Here, task: Task): ContainerInstance | undefined =>
  task.instance === undefined ? undefined : call.state.instances.get(task.instance);

export function turn(call: Here, task: Task, status: Task["lastStatus"]): void {
  task.lastStatus = status;
  task.version++;
  call.tell("event", {
    source: "aws.ecs",
    detailType: "ECS Task State Change",
    detail: shown(task) as Record<string, unknown>,
    resources: [task.arn],
  });
}

/** The task has a place; its agent hears of it. */
export function begin(call: Here, task: Task): void {
  turn(call, task, "PENDING");
  task.event = call.after(call.latency("task-to-agent"), "taskNext", { task: task.arn });
}

/** The next thing that its agent does for it, if it is there. */
export function next(call: Here, { task: arn }: Timers["taskNext"]): void {
  const task = call.state.tasks.get(arn);
  const instance = task && instanceOf(call, task);
  if (!task || !instance) return;
  task.event = undefined;
  if (!reaches(call, instance.machine)) return; // `resume` when it is back
  if (task.lastStatus === "PENDING") return fetch(call, task, instance);
  if (task.lastStatus === "ACTIVATING") return startContainers(call, task, instance);
  if (task.lastStatus === "DEACTIVATING") return endContainers(call, task);
}

/** The agent is back: what waited for it goes on. */
export function resume(call: Here, task: Task): void {
  if (task.event !== undefined) return;
  if (task.lastStatus === "PENDING" || task.lastStatus === "ACTIVATING") {
    task.event = call.after(call.latency("task-to-agent"), "taskNext", { task: task.arn });
    return;
  }
  if (task.desiredStatus === "STOPPED" && task.lastStatus !== "STOPPED") endContainers(call, task);
}

/** ECS-029: images that the disk has are not fetched again; one that is being fetched is waited for. */
function fetch(call: Here, task: Task, instance: ContainerInstance): void {
  const images = [...new Set(task.containers.map(({ image }) => image))];
  for (const image of images) {
    const failure = instance.cached.has(image) ? undefined : refused(call, image, instance);
    if (failure) return failStart(call, task, failure);
  }
  task.pullStarted = call.date;
  // One after the other, as the agent does.
  let ready = call.now;
  for (const image of images) {
    const takes = call.latency("image-pull") + Math.round((behaviourOf(call.world, image).size / REGISTRY_RATE) * 1000);
    const known = instance.cached.get(image);
    if (known === undefined) instance.cached.set(image, plus(ready, milliseconds(takes)));
    ready = instant(Math.max(ready, instance.cached.get(image)!));
  }
  turn(call, task, "ACTIVATING");
  task.event = call.after(milliseconds(since(call.now, ready) + call.latency("container-start")), "taskNext", { task: task.arn });
}

/** Of an image without a registry's host, or with Docker Hub's: what the hub says. Another registry answers. */
function refused(call: Here, image: string, { machine }: ContainerInstance): string | undefined {
  const host = image.split("/")[0] ?? "";
  if (image.includes("/") && /[.:]/.test(host) && host !== "docker.io" && host !== "registry-1.docker.io") return undefined;
  const address = call.world.machines.get(machine)?.address ?? machine;
  const { outcome } = pull(call.physics, "docker.io", address);
  if (outcome === "ok") return undefined;
  if (outcome === "limited")
    return `CannotPullContainerError: Error response from daemon: toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit`;
  return `CannotPullContainerError: Error response from daemon: Get "https://registry-1.docker.io/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)`;
}

/** ECS-037: its agent went away before it could begin. */
export const lostAgent = (call: Here, task: Task): void => {
  if (task.lastStatus === "PENDING") failStart(call, task, "TaskFailedToStart: AGENT");
};

function failStart(call: Here, task: Task, reason: string): void {
  for (const container of task.containers) container.reason = reason;
  task.stopCode = "TaskFailedToStart";
  task.stoppedReason = reason;
  task.desiredStatus = "STOPPED";
  finish(call, task);
}

function startContainers(call: Here, task: Task, instance: ContainerInstance): void {
  if (task.desiredStatus === "STOPPED") return finish(call, task);
  task.pullStopped = call.date;
  const { containerDefinitions, cpu, memory } = definitionOf(call, task.definition);
  const machine = call.world.machines.get(instance.machine)!;
  for (const container of task.containers) {
    const definition = containerDefinitions.find(({ name }) => name === container.name)!;
    const limit = {
      // A container's own share is a least, the task's a most (ECS-006).
      cores: cpu === undefined ? machine.cores : Number(cpu) / 1024,
      memory: mib(definition.memory ?? (memory === undefined ? machine.memory / mib(1) : Number(memory))),
    };
    start(call.physics, {
      id: container.id,
      machine: instance.machine,
      image: container.image,
      limit,
      ports: container.bindings.map(({ hostPort }) => ({ port: hostPort })),
    });
    call.state.containers.set(container.id, task.arn);
    container.status = "RUNNING";
    checkHealth(call, task, container, definition.healthCheck);
  }
  task.started = call.date;
  turn(call, task, "RUNNING");
  usageChanged(call, task);
  registerTargets(call, task);
  // ECS-045
  const { hasCheck, hasTargets } = proofs(call, task);
  if (!hasCheck && !hasTargets) call.background(seconds(40), "counted", { task: task.arn });
  taskReady(call, task);
}

/** What has to be well before a task counts as healthy. */
export function proofs(call: Here, task: Task): { hasCheck: boolean; hasTargets: boolean } {
  const { containerDefinitions } = definitionOf(call, task.definition);
  return {
    hasCheck: containerDefinitions.some(({ healthCheck, essential }) => healthCheck && essential !== false),
    hasTargets: task.targets.size > 0,
  };
}

/** ECS-012: the first check that passes makes it healthy; so many that fail, none of them in its start period, unhealthy. */
function checkHealth(call: Here, task: Task, container: TaskContainer, check: sdk.HealthCheck | undefined): void {
  if (!check) return;
  const { interval = 30, retries = 3, startPeriod = 0 } = check;
  const found = healthy(call, container) ? "HEALTHY" : "UNHEALTHY";
  if (found === (container.awaits ?? container.health)) return;
  if (container.event !== undefined) call.cancel(container.event);
  container.event = undefined;
  container.awaits = undefined;
  if (found === container.health) return;
  const wait = found === "HEALTHY" ? interval : interval * retries + (container.health === "UNKNOWN" ? startPeriod : 0);
  container.awaits = found;
  container.event = call.background(seconds(wait), "healthChecked", { task: task.arn, container: container.id });
}

const healthy = ({ world }: Here, { id }: TaskContainer): boolean => {
  const found = world.containers.get(id);
  return found?.state === "up" && found.behaviour.unhealthy !== true && alive(world.machines.get(found.machine));
};

export const lifeTimers = {
  taskNext: next,
  taskKilled(call: Here, { task: arn }: Timers["taskKilled"]) {
    const task = call.state.tasks.get(arn);
    if (task?.lastStatus === "STOPPING") for (const { id } of task.containers) kill(call.physics, id);
  },
  taskForgotten: (call: Here, { task: arn }: Timers["taskForgotten"]) => forget(call, arn),
  healthChecked(call: Here, { task: arn, container: id }: Timers["healthChecked"]) {
    const task = call.state.tasks.get(arn);
    const container = task?.containers.find((each) => each.id === id);
    if (!task || !container || task.lastStatus !== "RUNNING") return;
    container.event = undefined;
    container.health = container.awaits ?? container.health;
    container.awaits = undefined;
    turn(call, task, "RUNNING");
    if (container.health === "HEALTHY") taskReady(call, task);
    else if (container.essential && graceOver(call, task)) taskUnhealthy(call, task, "Task failed container health checks");
  },
  counted(call: Here, { task: arn }: Timers["counted"]) {
    const task = call.state.tasks.get(arn);
    if (task?.lastStatus !== "RUNNING") return;
    task.counted = true;
    taskReady(call, task);
  },
};

/** ECS-048 */
export function graceOver(call: Here, task: Task): boolean {
  const service = task.service === undefined ? undefined : call.state.services.get(task.service);
  return !service || task.started === undefined || since(task.started.getTime() as Instant, call.now) >= service.grace;
}

/** A container of the world is another. */
export function containerChanged(call: Here, { container: id }: Extract<Change, { kind: "container" }>): void {
  const arn = call.state.containers.get(id);
  const task = arn === undefined ? undefined : call.state.tasks.get(arn);
  const instance = task && instanceOf(call, task);
  if (!task || !instance) return;
  usageChanged(call, task);
  // Nobody says so while the agent is not there.
  if (!instance.connected || !reaches(call, instance.machine)) return;
  reported(call, task);
  const container = task.containers.find((each) => each.id === id);
  if (task.lastStatus !== "RUNNING" || !container) return;
  const { containerDefinitions } = definitionOf(call, task.definition);
  checkHealth(call, task, container, containerDefinitions.find(({ name }) => name === container.name)?.healthCheck);
}

/** What the agent says of the task's containers. ECS-009 */
export function reported(call: Here, task: Task): void {
  if (task.lastStatus === "STOPPED") return;
  for (const container of task.containers) {
    const found = call.world.containers.get(container.id);
    if (found?.state !== "ended" || container.status === "STOPPED") continue;
    container.status = "STOPPED";
    container.exitCode = found.exit?.code;
    if (found.exit?.cause === "memory") container.reason = "OutOfMemoryError: Container killed due to memory usage";
  }
  const ended = task.containers.filter(({ status }) => status === "STOPPED");
  if (ended.length === 0) return;
  if (task.containers.every(({ status }) => status === "STOPPED")) {
    if (task.desiredStatus === "RUNNING") essentialEnded(call, task);
    return finish(call, task);
  }
  if (task.desiredStatus === "RUNNING" && ended.some(({ essential }) => essential)) {
    essentialEnded(call, task);
    endContainers(call, task);
  }
}

function essentialEnded(call: Here, task: Task): void {
  task.desiredStatus = "STOPPED";
  task.stopCode = "EssentialContainerExited";
  task.stoppedReason = "Essential container in task exited";
  task.stopping = call.date;
  deregisterTargets(call, task);
}

export type Stop = { code?: sdk.TaskStopCode; reason: string; /** Its machine is gone, so nothing is left to stop. */ gone?: boolean };

/** ECS-033, ECS-009 of load balancing: leaves the load balancer first, then SIGTERM, then SIGKILL. */
export function stopTask(call: Here, task: Task, { code = "ServiceSchedulerInitiated", reason, gone = false }: Stop): void {
  if (task.lastStatus === "STOPPED") return;
  if (task.desiredStatus === "RUNNING") {
    task.desiredStatus = "STOPPED";
    task.stopCode = code;
    task.stoppedReason = reason;
    task.stopping = call.date;
  }
  if (gone || task.instance === undefined) {
    deregisterTargets(call, task);
    return finish(call, task);
  }
  if (task.lastStatus === "PROVISIONING" || task.lastStatus === "PENDING") return finish(call, task);
  if (task.lastStatus !== "RUNNING") return; // ACTIVATING sees it when it would start
  const delay = drainDelay(call, task);
  deregisterTargets(call, task);
  if (delay === 0) return endContainers(call, task);
  turn(call, task, "DEACTIVATING");
  if (task.event !== undefined) call.cancel(task.event);
  task.event = call.after(delay, "taskNext", { task: task.arn });
}

/** ECS-011 */
function endContainers(call: Here, task: Task): void {
  if (task.lastStatus !== "STOPPING") turn(call, task, "STOPPING");
  const instance = instanceOf(call, task);
  if (!instance || !reaches(call, instance.machine)) return;
  const { containerDefinitions } = definitionOf(call, task.definition);
  const longest = Math.max(...containerDefinitions.map(({ stopTimeout = STOP_TIMEOUT }) => stopTimeout));
  call.after(seconds(longest), "taskKilled", { task: task.arn });
  for (const { id } of task.containers) terminate(call.physics, id);
}

/** ECS-025: its containers run on, and ECS knows nothing of them any more. */
export function orphan(call: Here, task: Task, reason: string): void {
  stopTask(call, task, { reason, gone: true });
}

function finish(call: Here, task: Task): void {
  if (task.lastStatus === "STOPPED") return;
  if (task.event !== undefined) call.cancel(task.event);
  task.event = undefined;
  const instance = instanceOf(call, task);
  const definition = call.state.definitions.get(task.definition.slice(task.definition.lastIndexOf("/") + 1));
  if (instance?.tasks.delete(task.arn) && definition) {
    instance.remaining.cpu += definition.needs.cpu;
    instance.remaining.memory += definition.needs.memory;
    for (const { bindings } of task.containers) for (const { hostPort } of bindings) instance.remaining.ports.delete(hostPort);
  }
  for (const container of task.containers) {
    if (container.event !== undefined) call.cancel(container.event);
    container.event = undefined;
    container.status = "STOPPED";
  }
  task.executionStopped ??= task.started && call.date;
  task.stopped = call.date;
  task.stopCode ??= "UserInitiated";
  const ran = task.started !== undefined;
  turn(call, task, "STOPPED");
  usageChanged(call, task);
  call.background(SHOWN, "taskForgotten", { task: task.arn });
  taskEnded(call, task, ran);
}

function forget(call: Here, arn: string): void {
  const task = call.state.tasks.get(arn);
  if (!task) return;
  call.state.tasks.delete(arn);
  call.state.clusters.get(task.cluster)?.tasks.delete(arn);
  for (const { id } of task.containers) call.state.containers.delete(id);
}
