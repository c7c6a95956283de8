/** A service's tasks as targets. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-load-balancing.html */
import { seconds, type Duration } from "../../../kernel/units.ts";
import type { Notices } from "../../service.ts";
import { taskReady, taskUnhealthy } from "./scheduler.ts";
import { say } from "./service-events.ts";
import type { Here, Task } from "./state.ts";
import { graceOver, instanceOf } from "./task-life.ts";

type Target = { group: string; Id: string; Port: number };

/** Its place in each of its target groups: the machine, and the port that Docker gave it. */
function targetsOf(call: Here, task: Task): Target[] {
  const service = task.service === undefined ? undefined : call.state.services.get(task.service);
  const deployment = service?.deployments.find(({ id }) => id === task.deployment);
  const instance = instanceOf(call, task);
  if (!deployment || !instance) return [];
  return deployment.balancers.flatMap(({ targetGroupArn, containerName, containerPort }) => {
    const container = task.containers.find(({ name }) => name === containerName);
    const binding = container?.bindings.find((each) => each.containerPort === containerPort);
    return targetGroupArn && binding ? { group: targetGroupArn, Id: instance.ec2InstanceId, Port: binding.hostPort } : [];
  });
}

const key = ({ group, Id, Port }: Target): string => `${group}/${Id}/${Port}`;

export function registerTargets(call: Here, task: Task): void {
  for (const target of targetsOf(call, task)) {
    call.ask("elasticloadbalancing").RegisterTargets({ TargetGroupArn: target.group, Targets: [{ Id: target.Id, Port: target.Port }] });
    call.state.targets.set(key(target), task.arn);
    task.targets.set(target.group, "initial");
    say(call, task, `registered 1 targets in (target-group ${target.group})`);
  }
}

export function deregisterTargets(call: Here, task: Task): void {
  for (const target of targetsOf(call, task)) {
    if (!call.state.targets.delete(key(target))) continue;
    task.targets.set(target.group, "draining");
    const groups = call.peek("elasticloadbalancing").targetGroups;
    if (!groups.has(target.group)) continue;
    call.ask("elasticloadbalancing").DeregisterTargets({ TargetGroupArn: target.group, Targets: [{ Id: target.Id, Port: target.Port }] });
    say(call, task, `deregistered 1 targets in (target-group ${target.group})`);
  }
}

/** ALB-009: the containers are stopped when the whole deregistration delay has passed. */
export function drainDelay(call: Here, task: Task): Duration {
  let longest = 0;
  for (const target of targetsOf(call, task)) {
    if (!call.state.targets.has(key(target))) continue;
    const group = call.peek("elasticloadbalancing").targetGroups.get(target.group);
    longest = Math.max(longest, Number(group?.attributes["deregistration_delay.timeout_seconds"] ?? 0));
  }
  return seconds(longest);
}

/** The load balancer has another opinion of a target. */
export function healthChanged(call: Here, { targetGroupArn: group, id: Id, port: Port, state }: Notices["target-health"]): void {
  const arn = call.state.targets.get(key({ group, Id, Port }));
  const task = arn === undefined ? undefined : call.state.tasks.get(arn);
  if (!task) return;
  task.targets.set(group, state);
  if (state === "healthy") taskReady(call, task);
  if (state !== "unhealthy" || task.desiredStatus === "STOPPED" || !graceOver(call, task)) return;
  say(call, task, `(instance ${Id}) (port ${Port}) is unhealthy in (target-group ${group}) due to (reason Health checks failed)`);
  taskUnhealthy(call, task, `Task failed ELB health checks in (target-group ${group})`);
}
