/** Tasks: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/scheduling_tasks.html */
import type * as sdk from "@aws-sdk/client-ecs";
import { minutes, plus } from "../../../kernel/units.ts";
import { AwsError, type Operations } from "../../service.ts";
import { findInstance } from "./container-instances.ts";
import { place } from "./placement.ts";
import {
  clientError,
  clusterOf,
  definitionOf,
  idOf,
  invalid,
  page,
  tagMap,
  type Cluster,
  type ContainerInstance,
  type Here,
  type State,
  type Tags,
  type Task,
  type TaskDefinition,
  type Timers,
} from "./state.ts";
import { begin, stopTask } from "./task-life.ts";
import { shown } from "./task-view.ts";

// ECS-040
const PROTECTION = 120;
const PROTECTION_MAX = 2880;
// The host's range for ports that nobody chose: /proc/sys/net/ipv4/ip_local_port_range on Amazon Linux (ECS-008).
const DYNAMIC = { first: 32_768, last: 60_999 };

export const taskOperations = {
  RunTask(call, input) {
    const {
      cluster: asked,
      taskDefinition,
      count = 1,
      group,
      launchType = "EC2",
      placementConstraints = [],
      placementStrategy = [],
      startedBy,
      tags,
      overrides,
    } = input;
    const cluster = clusterOf(call, asked);
    if (count < 1 || count > 10) throw invalid("count must be between 1 and 10.");
    const definition = usable(call, taskDefinition);
    if (input.capacityProviderStrategy?.length)
      throw new AwsError("NotImplemented", "Causeway does not emulate capacity providers yet.", 501);
    checkLaunch(launchType);
    const name = group ?? `family:${definition.family}`;
    const among = [...cluster.tasks].flatMap((arn) => call.state.tasks.get(arn) ?? []).filter((task) => task.group === name);
    const tasks: Task[] = [];
    const failures: sdk.Failure[] = [];
    for (let number = 0; number < count; number++) {
      const constraints = [...placementConstraints, ...(definition.placementConstraints ?? [])];
      const placed = place(call, cluster, {
        need: definition.needs,
        launchType: launchType,
        constraints,
        strategies: placementStrategy,
        among,
      });
      if (!("instance" in placed)) {
        // ECS-037
        failures.push({
          arn: placed.closest?.arn ?? cluster.arn,
          reason: placed.lack === "AGENT" || placed.lack === "ATTRIBUTE" ? placed.lack : `RESOURCE:${placed.lack ?? "CPU"}`,
        });
        continue;
      }
      const task = startTask(call, {
        cluster,
        definition,
        instance: placed.instance,
        group: name,
        startedBy,
        tags: tagMap(tags),
        overrides,
      });
      tasks.push(task);
      among.push(task);
    }
    return { tasks: tasks.map((task) => shown(task, ["TAGS"])), failures };
  },

  StartTask(call, { cluster: asked, taskDefinition, containerInstances, group, startedBy, tags, overrides }) {
    const cluster = clusterOf(call, asked);
    if (containerInstances.length > 10) throw invalid("At most 10 container instances at a time.");
    const definition = usable(call, taskDefinition);
    const failures: sdk.Failure[] = [];
    const tasks: Task[] = [];
    for (const each of containerInstances) {
      const instance = call.state.instances.get(
        each.startsWith("arn:") ? each : `${cluster.arn.replace(":cluster/", ":container-instance/")}/${each}`,
      );
      if (!instance) {
        failures.push({ arn: each, reason: "MISSING" });
        continue;
      }
      if (!instance.connected) failures.push({ arn: instance.arn, reason: "AGENT" });
      else
        tasks.push(
          startTask(call, {
            cluster,
            definition,
            instance,
            group: group ?? `family:${definition.family}`,
            startedBy,
            tags: tagMap(tags),
            overrides,
          }),
        );
    }
    return { tasks: tasks.map((task) => shown(task)), failures };
  },

  StopTask(call, { cluster: asked, task: id, reason }) {
    const task = findTask(call, clusterOf(call, asked), id);
    stopTask(call, task, { code: "UserInitiated", reason: reason ?? "Task stopped by user" });
    return { task: shown(task) };
  },

  DescribeTasks(call, { cluster: asked, tasks, include = [] }) {
    const cluster = clusterOf(call, asked);
    const found = tasks.map((id) => ({ arn: arnOf(cluster, id), task: call.state.tasks.get(arnOf(cluster, id)) }));
    return {
      tasks: found.flatMap(({ task }) => (task ? shown(task, include) : [])),
      failures: found.filter(({ task }) => !task).map(({ arn }) => ({ arn, reason: "MISSING" })),
    };
  },

  ListTasks(
    call,
    { cluster: asked, containerInstance, family, serviceName, desiredStatus = "RUNNING", startedBy, launchType, maxResults, nextToken },
  ) {
    const cluster = clusterOf(call, asked);
    const instance = containerInstance === undefined ? undefined : findInstance(call, cluster, containerInstance).arn;
    const kept = [...cluster.tasks]
      .flatMap((arn) => call.state.tasks.get(arn) ?? [])
      .filter(
        (task) =>
          task.desiredStatus === desiredStatus &&
          (instance === undefined || task.instance === instance) &&
          (family === undefined || idOf(task.definition).split(":")[0] === family) &&
          (serviceName === undefined || task.group === `service:${idOf(serviceName)}`) &&
          (startedBy === undefined || task.startedBy === startedBy) &&
          (launchType === undefined || task.launchType === launchType),
      );
    const { items, next } = page(
      kept.map(({ arn }) => arn),
      maxResults,
      nextToken,
    );
    return { taskArns: items, nextToken: next };
  },

  UpdateTaskProtection(call, { cluster: asked, tasks, protectionEnabled, expiresInMinutes = PROTECTION }) {
    const cluster = clusterOf(call, asked);
    if (tasks.length > 10) throw invalid("At most 10 tasks at a time.");
    if (expiresInMinutes < 1 || expiresInMinutes > PROTECTION_MAX)
      throw invalid(`expiresInMinutes must be between 1 and ${PROTECTION_MAX}.`);
    const failures: sdk.Failure[] = [];
    const protectedTasks: sdk.ProtectedTask[] = [];
    for (const id of tasks) {
      const task = call.state.tasks.get(arnOf(cluster, id));
      if (!task) failures.push({ arn: arnOf(cluster, id), reason: "MISSING" });
      else if (task.service === undefined || task.lastStatus === "STOPPED") failures.push({ arn: task.arn, reason: "TASK_NOT_VALID" });
      else {
        task.protectedUntil = protectionEnabled ? plus(call.now, minutes(expiresInMinutes)) : undefined;
        protectedTasks.push(protection(call, task));
      }
    }
    return { protectedTasks, failures };
  },

  GetTaskProtection(call, { cluster: asked, tasks = [] }) {
    const cluster = clusterOf(call, asked);
    const found = tasks.flatMap((id) => call.state.tasks.get(arnOf(cluster, id)) ?? []);
    return { protectedTasks: found.map((task) => protection(call, task)), failures: [] };
  },
} satisfies Operations<sdk.ECS, State, Timers>;

const arnOf = (cluster: Cluster, asked: string): string =>
  asked.startsWith("arn:") ? asked : `${cluster.arn.replace(":cluster/", ":task/")}/${asked}`;

function findTask(call: Here, cluster: Cluster, asked: string): Task {
  const task = call.state.tasks.get(arnOf(cluster, asked));
  if (!task) throw invalid("The referenced task was not found.");
  return task;
}

export const isProtected = (call: Here, { protectedUntil }: Task): boolean => protectedUntil !== undefined && protectedUntil > call.now;

const protection = (call: Here, task: Task): sdk.ProtectedTask => ({
  taskArn: task.arn,
  protectionEnabled: isProtected(call, task),
  expirationDate: isProtected(call, task) ? new Date(task.protectedUntil!) : undefined,
});

/** ECS-002: nothing new runs an inactive revision. */
export function usable(call: Here, asked: string): TaskDefinition {
  const definition = definitionOf(call, asked);
  if (definition.status !== "ACTIVE") throw clientError("TaskDefinition is inactive");
  return definition;
}

export function checkLaunch(launchType: string): asserts launchType is "EC2" | "EXTERNAL" {
  if (launchType !== "EC2" && launchType !== "EXTERNAL")
    throw new AwsError("NotImplemented", `Causeway does not emulate the launch type ${launchType}.`, 501);
}

type Beginning = {
  cluster: Cluster;
  definition: TaskDefinition;
  instance: ContainerInstance;
  group: string;
  startedBy?: string;
  service?: string;
  deployment?: string;
  provider?: string;
  /** Target groups that it will be registered with. */
  targets?: readonly string[];
  tags?: Tags;
  overrides?: sdk.TaskOverride;
};

/** The task is on its machine from now on: its resources are taken. */
export function startTask(call: Here, { cluster, definition, instance, targets = [], ...facts }: Beginning): Task {
  const id = call.uuid().replaceAll("-", "");
  const arn = `${cluster.arn.replace(":cluster/", ":task/")}/${id}`;
  const { needs, containerDefinitions } = definition;
  instance.remaining.cpu -= needs.cpu;
  instance.remaining.memory -= needs.memory;
  instance.tasks.add(arn);
  const task: Task = {
    arn,
    id,
    cluster: cluster.name,
    definition: definition.taskDefinitionArn,
    instance: instance.arn,
    launchType: instance.external ? "EXTERNAL" : "EC2",
    ...facts,
    tags: facts.tags ?? {},
    lastStatus: "PENDING",
    desiredStatus: "RUNNING",
    containers: containerDefinitions.map(({ name = "", image = "", essential = true, portMappings = [] }) => ({
      name,
      arn: `${cluster.arn.replace(":cluster/", ":container/")}/${id}/${call.uuid()}`,
      id: `${id}-${name}`,
      image,
      essential,
      status: "PENDING",
      health: "UNKNOWN",
      bindings: portMappings.map(({ containerPort = 0, hostPort = 0, protocol = "tcp" }) => ({
        containerPort,
        hostPort: portOn(instance, hostPort),
        protocol,
        bindIP: "0.0.0.0",
      })),
    })),
    zone: instance.attributes.get("ecs.availability-zone"),
    version: 0,
    created: call.date,
    targets: new Map(targets.map((group) => [group, "unregistered"])),
    counted: false,
    used: { cores: 0, memory: 0 },
  };
  call.state.tasks.set(arn, task);
  cluster.tasks.add(arn);
  begin(call, task);
  return task;
}

function portOn({ remaining: { ports } }: ContainerInstance, wanted: number): number {
  let port = wanted;
  if (port === 0) for (port = DYNAMIC.first; ports.has(port) && port < DYNAMIC.last;) port++;
  ports.add(port);
  return port;
}
