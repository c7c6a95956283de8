/**
 * The service scheduler: brings what runs to what is wanted, within what a deployment may do.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_services.html
 */
import { minutes, plus, seconds, since, type Duration } from "../../../kernel/units.ts";
import { breakerTripped, rollBack } from "./circuit-breaker.ts";
import { leastMissed, place, type Lack } from "./placement.ts";
import { announce, tell } from "./service-events.ts";
import { definitionOf, type Cluster, type Deployment, type Here, type Service, type Task, type Timers } from "./state.ts";
import { proofs, stopTask } from "./task-life.ts";
import { isProtected, startTask } from "./tasks.ts";
import { healthOf } from "./task-view.ts";

// ECS-059: three tries within a minute, then one each five minutes.
const TRIES = 3;
const RETRY = seconds(20);
const RETRY_LATER = minutes(5);
// ECS-057: what fails to start again and again is tried ever more seldom.
const THROTTLE_MAX = minutes(27);
// ECS-018
const STARTS_MAX = 500;

export const primaryOf = ({ deployments }: Service): Deployment => deployments.find(({ status }) => status === "PRIMARY")!;

export const tasksOf = (call: Here, service: Service): Task[] => [...service.tasks].flatMap((arn) => call.state.tasks.get(arn) ?? []);

/**
 * The scheduler looks at the service soon; once, however often it is told, at the earliest of the moments. Nobody waits for what is tried again
 * and again: it may never succeed.
 */
export function lookSoon(call: Here, service: Service, delay: Duration = call.latency("ecs-scheduler"), isRetry = false): void {
  if (service.status === "INACTIVE") return;
  const at = plus(call.now, delay);
  if (service.event !== undefined && service.looksAt !== undefined && service.looksAt <= at) return;
  if (service.event !== undefined) call.cancel(service.event);
  service.looksAt = at;
  const data = { service: service.arn };
  service.event = isRetry ? call.background(delay, "look", data) : call.after(delay, "look", data);
}

export function lookAll(call: Here, cluster: Cluster): void {
  for (const arn of cluster.services) {
    const service = call.state.services.get(arn);
    if (service && unsettled(call, service)) lookSoon(call, service);
  }
}

/** Whether an instance that comes or goes is its business: it wants more, or runs on one that drains. */
function unsettled(call: Here, service: Service): boolean {
  const live = tasksOf(call, service).filter(({ desiredStatus }) => desiredStatus === "RUNNING");
  return service.scheduling === "DAEMON" || live.length !== service.desired || live.some((task) => draining(call, task));
}

const draining = (call: Here, task: Task): boolean =>
  task.instance !== undefined && call.state.instances.get(task.instance)?.status === "DRAINING";

const leaves = (call: Here, task: Task): boolean => task.unhealthy !== undefined || draining(call, task);

/** ECS-045 */
function isHealthy(call: Here, task: Task): boolean {
  if (task.lastStatus !== "RUNNING" || task.desiredStatus === "STOPPED" || task.unhealthy !== undefined) return false;
  const { hasCheck, hasTargets } = proofs(call, task);
  if (hasTargets && [...task.targets.values()].some((state) => state !== "healthy")) return false;
  if (hasCheck) return healthOf(task) === "HEALTHY";
  return hasTargets || task.counted;
}

export function look(call: Here, { service: arn }: Timers["look"]): void {
  const service = call.state.services.get(arn);
  if (!service || service.status === "INACTIVE") return;
  service.event = undefined;
  if (service.status === "DRAINING") return drain(call, service);
  const live = tasksOf(call, service).filter(({ desiredStatus }) => desiredStatus === "RUNNING");
  const desired = service.scheduling === "DAEMON" ? daemonPlaces(call, service).length : service.desired;
  const primary = primaryOf(service);
  const least = Math.ceil((desired * service.configuration.minimum) / 100); // ECS-044
  const most = Math.max(Math.floor((desired * service.configuration.maximum) / 100), service.scheduling === "DAEMON" ? desired : 0);
  stopSurplus(call, service, live, { desired, least, most });
  const left = live.filter(({ desiredStatus }) => desiredStatus === "RUNNING");
  startMissing(call, service, left, { desired, most });
  settle(call, service, primary, desired);
}

type Bounds = { desired: number; least: number; most: number };

/** Old revisions, what drains, and what is too much; never below the healthy ones that are to stay. */
function stopSurplus(call: Here, service: Service, live: readonly Task[], { desired, least, most }: Bounds): void {
  const primary = primaryOf(service);
  let healthy = live.filter((task) => isHealthy(call, task)).length;
  const may = (task: Task) => !isHealthy(call, task) || healthy > least;
  const end = (task: Task, reason: string) => {
    if (isHealthy(call, task)) healthy--;
    stopTask(call, task, { reason });
  };
  const scaling = `Scaling activity initiated by (deployment ${primary.id})`;
  const stopped: Task[] = [];
  // ECS-031: what has not begun goes at once; ECS-044 for the others.
  for (const task of live) {
    const old = task.deployment !== primary.id;
    const leaving = draining(call, task) || call.state.instances.get(task.instance ?? "") === undefined;
    if (!old && !leaving) continue;
    if (old && isProtected(call, task)) continue;
    if (task.lastStatus === "PENDING" || may(task)) {
      end(task, scaling);
      stopped.push(task);
    }
  }
  // ECS-047: its replacement is well before it goes, unless there is no room for both.
  const well = live.filter((task) => task.desiredStatus === "RUNNING" && isHealthy(call, task)).length;
  for (const task of live) {
    if (task.unhealthy === undefined || task.desiredStatus !== "RUNNING" || (well < desired && live.length < most)) continue;
    end(task, task.unhealthy);
    stopped.push(task);
  }
  const current = live.filter((task) => task.deployment === primary.id && task.desiredStatus === "RUNNING" && !leaves(call, task));
  const loose = current.filter((task) => !isProtected(call, task));
  for (let surplus = current.length - desired; surplus > 0 && loose.length > 0; surplus--) {
    // What does not run yet, or is not well, is missed least.
    const unwell = loose.filter((task) => !isHealthy(call, task));
    const task = leastMissed(call, unwell.length ? unwell : loose, service.placement.strategies);
    loose.splice(loose.indexOf(task), 1);
    end(task, scaling);
    stopped.push(task);
  }
  if (stopped.length)
    tell(call, service, `has stopped ${stopped.length} running tasks: ${stopped.map(({ id }) => `(task ${id})`).join(" ")}.`);
}

function startMissing(call: Here, service: Service, live: Task[], { desired, most }: { desired: number; most: number }): void {
  const primary = primaryOf(service);
  if (primary.rollout === "FAILED") return;
  // Those on a machine that drains, and the unhealthy ones, are to be replaced (ECS-031, ECS-047).
  const current = live.filter((task) => task.deployment === primary.id && !leaves(call, task)).length;
  // Those that stop still hold their machine, but count for nothing.
  let missing = Math.min(desired - current, most - live.length, STARTS_MAX);
  if (missing <= 0) return;
  if (service.waitsUntil !== undefined && call.now < service.waitsUntil)
    return lookSoon(call, service, since(call.now, service.waitsUntil), true);
  const cluster = call.state.clusters.get(service.cluster)!;
  const definition = definitionOf(call, primary.definition);
  const among = [...live];
  const started: Task[] = [];
  const targets = primary.balancers.flatMap(({ targetGroupArn }) => targetGroupArn ?? []);
  const constraints = [...service.placement.constraints, ...(definition.placementConstraints ?? [])];
  for (; missing > 0; missing--) {
    const ask = {
      need: definition.needs,
      launchType: service.launchType ?? "EC2",
      constraints: service.scheduling === "DAEMON" ? [...constraints, { type: "distinctInstance" as const }] : constraints,
      strategies: service.placement.strategies,
      among,
    };
    const placed = place(call, cluster, ask);
    if (!("instance" in placed)) {
      unplaced(call, service, placed.lack, placed.closest?.id);
      break;
    }
    const facts = {
      group: `service:${service.name}`,
      startedBy: primary.id,
      service: service.arn,
      deployment: primary.id,
      targets,
      tags: service.propagate === "SERVICE" ? service.tags : service.propagate === "TASK_DEFINITION" ? definition.tags : {},
    };
    const task = startTask(call, { cluster, definition, instance: placed.instance, ...facts });
    service.tasks.add(task.arn);
    among.push(task);
    started.push(task);
  }
  if (started.length === 0) return;
  if (missing === 0) service.unplaced = 0;
  tell(call, service, `has started ${started.length} tasks: ${started.map(({ id }) => `(task ${id})`).join(" ")}.`);
  call.tell("service-changed", { clusterArn: cluster.arn, serviceArn: service.arn });
}

const lacks: Record<Lack, string> = {
  CPU: "has insufficient CPU units available",
  MEMORY: "has insufficient memory available",
  PORTS: "is already using a port required by your task",
  AGENT: 'encountered error "AGENT"',
  ATTRIBUTE: "is missing an attribute required by your task",
};

/** ECS-071, ECS-059 */
function unplaced(call: Here, service: Service, lack: Lack | undefined, closest: string | undefined): void {
  const why = lack
    ? `The closest matching (container-instance ${closest}) ${lacks[lack]}.`
    : "Reason: No Container Instances were found in your cluster.";
  tell(
    call,
    service,
    `was unable to place a task because no container instance met all of its requirements. ${why} For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.`,
  );
  announce(call, service, "ECS Service Action", "ERROR", "SERVICE_TASK_PLACEMENT_FAILURE", {
    reason: lack ? `RESOURCE:${lack}` : "NO ACTIVE INSTANCES",
  });
  service.unplaced++;
  lookSoon(call, service, service.unplaced < TRIES ? RETRY : RETRY_LATER, true);
}

function daemonPlaces(call: Here, service: Service): string[] {
  const cluster = call.state.clusters.get(service.cluster);
  const external = service.launchType === "EXTERNAL";
  return [...(cluster?.instances ?? [])].filter((arn) => {
    const instance = call.state.instances.get(arn);
    return instance?.status === "ACTIVE" && instance.external === external;
  });
}

/** ECS-050: all of the new run and are well, none of the old is left. */
function settle(call: Here, service: Service, primary: Deployment, desired: number): void {
  const all = tasksOf(call, service);
  service.deployments = service.deployments.filter((each) => each === primary || all.some((task) => task.deployment === each.id));
  const healthy = all.filter((task) => task.deployment === primary.id && isHealthy(call, task)).length;
  if (healthy !== desired || all.some((task) => task.lastStatus !== "RUNNING" || task.desiredStatus === "STOPPED")) return;
  if (primary.rollout === "IN_PROGRESS") {
    primary.rollout = "COMPLETED";
    primary.rolloutReason = `ECS deployment ${primary.id} completed.`;
    primary.updated = call.date;
    service.completed = primary.definition;
    tell(call, service, `(deployment ${primary.id}) deployment completed.`);
    announce(call, service, "ECS Deployment State Change", "INFO", "SERVICE_DEPLOYMENT_COMPLETED", {
      deploymentId: primary.id,
      reason: primary.rolloutReason,
    });
  }
  tell(call, service, "has reached a steady state.");
  announce(call, service, "ECS Service Action", "INFO", "SERVICE_STEADY_STATE");
  call.tell("service-changed", { clusterArn: service.arn.replace(/:service\/([^/]+)\/.*$/, ":cluster/$1"), serviceArn: service.arn });
}

function drain(call: Here, service: Service): void {
  for (const task of tasksOf(call, service))
    if (task.desiredStatus === "RUNNING")
      stopTask(call, task, { reason: `Scaling activity initiated by (deployment ${primaryOf(service).id})` });
  if (service.tasks.size === 0) service.status = "INACTIVE";
}

/** A task of it runs, or counts as healthy now. */
export function taskReady(call: Here, task: Task): void {
  const service = task.service === undefined ? undefined : call.state.services.get(task.service);
  if (!service) return;
  const deployment = service.deployments.find(({ id }) => id === task.deployment);
  if (deployment) deployment.ran = true;
  service.waitsUntil = undefined;
  service.failures = 0;
  if (deployment && isHealthy(call, task)) deployment.failed = 0; // ECS-054
  call.tell("service-changed", { clusterArn: service.arn.replace(/:service\/([^/]+)\/.*$/, ":cluster/$1"), serviceArn: service.arn });
  lookSoon(call, service);
}

/** ECS-047, ECS-054: it is to be replaced. */
export function taskUnhealthy(call: Here, task: Task, reason: string): void {
  const service = task.service === undefined ? undefined : call.state.services.get(task.service);
  if (!service) return;
  const deployment = service.deployments.find(({ id }) => id === task.deployment);
  if (deployment?.rollout === "IN_PROGRESS") deployment.failed++;
  task.unhealthy = reason;
  if (deployment && breakerTripped(service, deployment)) rollBack(call, service, deployment);
  lookSoon(call, service);
}

/** A task of it has stopped. `ran`: it had been RUNNING. */
export function taskEnded(call: Here, task: Task, ran: boolean): void {
  const service = task.service === undefined ? undefined : call.state.services.get(task.service);
  if (!service) return;
  service.tasks.delete(task.arn);
  const deployment = service.deployments.find(({ id }) => id === task.deployment);
  const failed = task.stopCode === "TaskFailedToStart" || task.stopCode === "EssentialContainerExited";
  if (!ran && failed) failedToStart(call, service, deployment);
  else if (deployment && failed && !deployment.ran) deployment.failed++;
  if (deployment && breakerTripped(service, deployment)) rollBack(call, service, deployment);
  call.tell("service-changed", { clusterArn: service.arn.replace(/:service\/([^/]+)\/.*$/, ":cluster/$1"), serviceArn: service.arn });
  // ECS-043
  const crashed = task.stopCode === "EssentialContainerExited" && ran;
  lookSoon(call, service, crashed ? call.latency("service-relaunch") : undefined, crashed);
}

/** ECS-057: the pauses double from ten seconds on. */
function failedToStart(call: Here, service: Service, deployment: Deployment | undefined): void {
  if (deployment) deployment.failed++;
  service.failures++;
  if (service.failures < TRIES) return;
  const pause = Math.min(THROTTLE_MAX, seconds(10) * 2 ** (service.failures - TRIES)) as Duration;
  service.waitsUntil = plus(call.now, pause);
  tell(
    call,
    service,
    "is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.",
  );
  announce(call, service, "ECS Service Action", "WARN", "SERVICE_TASK_START_IMPAIRED");
}
