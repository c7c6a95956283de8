/** Task definitions: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definitions.html */
import type * as sdk from "@aws-sdk/client-ecs";
import { AwsError, type Operations } from "../../service.ts";
import {
  clientError,
  definitionOf,
  page,
  tagList,
  tagMap,
  type Here,
  type Need,
  type State,
  type TaskDefinition,
  type Timers,
} from "./state.ts";

const REVISIONS_MAX = 1_000_000; // ECS-016
const CONTAINERS_MAX = 10;
const MEMORY_MIN = 6; // ECS-005

export const taskDefinitionOperations = {
  RegisterTaskDefinition(call, input) {
    const { family, containerDefinitions, cpu, memory, tags = [], ...rest } = input;
    if (!/^[A-Za-z0-9_-]{1,255}$/.test(family)) throw clientError("Family contains invalid characters.");
    const networkMode = rest.networkMode ?? "bridge";
    if (rest.requiresCompatibilities?.includes("FARGATE")) throw new AwsError("NotImplemented", "Causeway does not emulate Fargate.", 501);
    if (!["bridge", "host", "none", "awsvpc"].includes(networkMode)) throw clientError(`Network mode ${networkMode} is not valid.`);
    if (networkMode === "awsvpc") throw new AwsError("NotImplemented", "Causeway does not emulate the network mode awsvpc.", 501);
    checkContainers(containerDefinitions, networkMode, Number(memory ?? Number.NaN), Number(cpu ?? Number.NaN));
    if (cpu !== undefined && (Number(cpu) < 128 || Number(cpu) > 196_608))
      throw clientError("Invalid 'cpu' setting for task. It must be between 128 and 196608."); // ECS-004
    const revision = (call.state.families.get(family) ?? 0) + 1;
    if (revision > REVISIONS_MAX) throw clientError("Too many revisions of the family.");
    const definition: TaskDefinition = {
      ...rest,
      taskDefinitionArn: call.arn("ecs", `task-definition/${family}:${revision}`),
      family,
      revision,
      status: "ACTIVE",
      networkMode,
      cpu,
      memory,
      containerDefinitions: containerDefinitions.map((each) => defaults(each, networkMode)),
      volumes: rest.volumes ?? [],
      placementConstraints: rest.placementConstraints ?? [],
      compatibilities: ["EXTERNAL", "EC2"],
      requiresAttributes: [],
      registeredAt: call.date,
      registeredBy: call.principal.arn,
      tags: tagMap(tags),
      needs: needOf(containerDefinitions, cpu, memory),
    };
    call.state.families.set(family, revision);
    call.state.definitions.set(`${family}:${revision}`, definition);
    return { taskDefinition: shown(definition), tags };
  },

  /** ECS-002 */
  DeregisterTaskDefinition(call, { taskDefinition }) {
    const definition = definitionOf(call, taskDefinition);
    if (!taskDefinition.includes(":")) throw clientError("Revision is missing.");
    if (definition.status === "DELETE_IN_PROGRESS") throw clientError("The specified task definition is in DELETE_IN_PROGRESS.");
    definition.status = "INACTIVE";
    definition.deregisteredAt = call.date;
    return { taskDefinition: shown(definition) };
  },

  /** ECS-003 */
  DeleteTaskDefinitions(call, { taskDefinitions }) {
    if (taskDefinitions.length > 10) throw clientError("At most 10 task definitions at a time.");
    const failures: sdk.Failure[] = [];
    const deleted: sdk.TaskDefinition[] = [];
    for (const asked of taskDefinitions) {
      const definition = definitionOf(call, asked);
      if (definition.status === "ACTIVE") {
        failures.push({
          arn: definition.taskDefinitionArn,
          reason: "The specified task definition is still in ACTIVE status. Please deregister the target and try again.",
        });
        continue;
      }
      definition.status = "DELETE_IN_PROGRESS";
      deleted.push(shown(definition));
      forgetUnused(call, definition);
    }
    return { taskDefinitions: deleted, failures };
  },

  DescribeTaskDefinition(call, { taskDefinition, include = [] }) {
    const definition = definitionOf(call, taskDefinition);
    return { taskDefinition: shown(definition), tags: include.includes("TAGS") ? tagList(definition.tags) : [] };
  },

  ListTaskDefinitions(call, { familyPrefix, status = "ACTIVE", sort = "ASC", maxResults, nextToken }) {
    const all = [...call.state.definitions.values()].filter(
      (each) => each.status === status && (familyPrefix === undefined || each.family === familyPrefix),
    );
    const arns = all
      .toSorted((one, other) => one.family.localeCompare(other.family) || one.revision - other.revision)
      .map((each) => each.taskDefinitionArn);
    const { items, next } = page(sort === "DESC" ? arns.toReversed() : arns, maxResults, nextToken);
    return { taskDefinitionArns: items, nextToken: next };
  },

  ListTaskDefinitionFamilies(call, { familyPrefix = "", status = "ACTIVE", maxResults, nextToken }) {
    const active = (family: string) =>
      [...call.state.definitions.values()].some((each) => each.family === family && each.status === "ACTIVE");
    const all = [...call.state.families.keys()].filter(
      (family) => family.startsWith(familyPrefix) && (status === "ALL" || active(family) === (status === "ACTIVE")),
    );
    const { items, next } = page(all.toSorted(), maxResults, nextToken);
    return { families: items, nextToken: next };
  },
} satisfies Operations<sdk.ECS, State, Timers>;

/** It is gone when nothing refers to it any more. */
export function forgetUnused(call: Here, definition: TaskDefinition): void {
  if (definition.status !== "DELETE_IN_PROGRESS") return;
  const { taskDefinitionArn: arn } = definition;
  const used =
    [...call.state.tasks.values()].some((task) => task.definition === arn && task.lastStatus !== "STOPPED") ||
    [...call.state.services.values()].some(
      (service) => service.status !== "INACTIVE" && service.deployments.some((each) => each.definition === arn),
    );
  if (!used) call.state.definitions.delete(`${definition.family}:${definition.revision}`);
}

export const shown = ({ tags: _tags, needs: _needs, ...definition }: TaskDefinition): sdk.TaskDefinition => definition;

/** ECS-005: of the task, else the sum of its containers; a reservation is what is placed by. */
function needOf(containers: readonly sdk.ContainerDefinition[], cpu: string | undefined, memory: string | undefined): Need {
  const sum = (of: (container: sdk.ContainerDefinition) => number) => containers.reduce((total, each) => total + of(each), 0);
  return {
    cpu: cpu === undefined ? sum((each) => each.cpu ?? 0) : Number(cpu),
    memory: memory === undefined ? sum((each) => each.memoryReservation ?? each.memory ?? 0) : Number(memory),
    ports: containers.flatMap(({ portMappings = [] }) => portMappings.flatMap(({ hostPort }) => (hostPort ? [hostPort] : []))),
  };
}

/** As AWS shows what was not said: ECS-006 to ECS-009. */
const defaults = (container: sdk.ContainerDefinition, mode: string): sdk.ContainerDefinition => ({
  ...container,
  cpu: container.cpu ?? 0,
  essential: container.essential ?? true,
  environment: container.environment ?? [],
  mountPoints: container.mountPoints ?? [],
  volumesFrom: container.volumesFrom ?? [],
  systemControls: container.systemControls ?? [],
  portMappings: (container.portMappings ?? []).map((port) => ({
    ...port,
    protocol: port.protocol ?? "tcp",
    hostPort: port.hostPort ?? (mode === "bridge" ? 0 : port.containerPort),
  })),
});

function checkContainers(containers: readonly sdk.ContainerDefinition[], mode: string, memory: number, cpu: number): void {
  if (containers.length === 0) throw clientError("Container list cannot be empty.");
  if (containers.length > CONTAINERS_MAX) throw clientError(`A task definition takes ${CONTAINERS_MAX} containers.`);
  if (containers.every(({ essential }) => essential === false)) throw clientError("At least one container must be essential."); // ECS-009
  const names = new Set(containers.map(({ name }) => name));
  if (names.size < containers.length) throw clientError("Container names must be different.");
  for (const container of containers) {
    const { name, image, memory: hard, memoryReservation: soft, portMappings = [], dependsOn = [], healthCheck, stopTimeout } = container;
    if (!name) throw clientError("Container.name should not be null or empty.");
    if (!image) throw clientError("Container.image should not be null or empty.");
    if (Number.isNaN(memory) && hard === undefined && soft === undefined)
      throw clientError(`Invalid setting for container '${name}'. At least one of 'memory' or 'memoryReservation' must be specified.`);
    if ((hard !== undefined && hard < MEMORY_MIN) || (soft !== undefined && soft < MEMORY_MIN))
      throw clientError(`Invalid 'memory' setting for container '${name}': ${MEMORY_MIN} MiB at least.`);
    if (hard !== undefined && soft !== undefined && hard <= soft)
      throw clientError(`Invalid setting for container '${name}'. 'memory' must be greater than 'memoryReservation'.`);
    if (mode === "none" && portMappings.length) throw clientError("When networkMode=none, portMappings are not allowed."); // ECS-007
    for (const { containerPort, hostPort } of portMappings)
      if (mode === "host" && hostPort && hostPort !== containerPort)
        throw clientError("When networkMode=host, the host ports and container ports in port mappings must match.");
    for (const { containerName, condition } of dependsOn) checkDependency(containers, name, containerName ?? "", condition);
    if (healthCheck) checkHealth(name, healthCheck);
    if (container.restartPolicy?.enabled)
      throw new AwsError("NotImplemented", "Causeway does not emulate restart policies of containers.", 501);
    if (stopTimeout !== undefined && stopTimeout < 0) throw clientError("stopTimeout must not be negative.");
  }
  const sum = (of: (container: sdk.ContainerDefinition) => number) => containers.reduce((total, each) => total + of(each), 0);
  if (sum((each) => each.memory ?? each.memoryReservation ?? 0) > memory)
    throw clientError("The memory of the containers is more than the task's.");
  if (sum((each) => each.cpu ?? 0) > cpu) throw clientError("The cpu of the containers is more than the task's.");
}

/** ECS-010 */
function checkDependency(containers: readonly sdk.ContainerDefinition[], name: string, other: string, condition: string | undefined): void {
  const target = containers.find((each) => each.name === other);
  if (!target || other === name)
    throw clientError(`Container '${name}' depends on '${other}', which is not another container of the task.`);
  if (!["START", "COMPLETE", "SUCCESS", "HEALTHY"].includes(condition ?? "")) throw clientError(`The condition ${condition} is not valid.`);
  if ((condition === "COMPLETE" || condition === "SUCCESS") && target.essential !== false)
    throw clientError(`A dependency on the essential container '${other}' cannot have the condition ${condition}.`);
  if (condition === "HEALTHY" && !target.healthCheck)
    throw clientError(`Container '${other}' has no health check, so nothing can wait for its health.`);
  if (condition !== "START")
    throw new AwsError("NotImplemented", `Causeway does not emulate dependencies with the condition ${condition}.`, 501);
}

/** ECS-012 */
function checkHealth(name: string, { command, interval = 30, timeout = 5, retries = 3, startPeriod = 0 }: sdk.HealthCheck): void {
  if (!command?.length) throw clientError(`The health check of container '${name}' has no command.`);
  const within = (value: number, least: number, most: number) => value >= least && value <= most;
  if (!within(interval, 5, 300) || !within(timeout, 2, 60) || !within(retries, 1, 10) || !within(startPeriod, 0, 300))
    throw clientError(`The health check of container '${name}' has a value out of its range.`);
}
