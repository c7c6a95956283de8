/** Container instances: machines with an ECS agent. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-versions.html */
import type * as sdk from "@aws-sdk/client-ecs";
import { mib } from "../../../kernel/units.ts";
import { AwsError, type Operations } from "../../service.ts";
import { lookAll } from "./scheduler.ts";
import {
  clientError,
  clusterOf,
  invalid,
  page,
  tagList,
  tagMap,
  type Cluster,
  type ContainerInstance,
  type Here,
  type State,
  type Timers,
} from "./state.ts";
import { orphan, stopTask } from "./task-life.ts";

// ECS-008
const RESERVED = [22, 2375, 2376, 51_678, 51_679, 51_680];

export const containerInstanceOperations = {
  /** What the agent asks for when it starts: docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterContainerInstance.html */
  RegisterContainerInstance(
    call,
    { cluster: asked, instanceIdentityDocument = "{}", attributes = [], tags = [], containerInstanceArn, totalResources = [] },
  ) {
    const cluster = clusterOf(call, asked);
    const { instanceId } = parsed(instanceIdentityDocument);
    if (instanceId === undefined) throw clientError("The instance identity document is not valid.");
    const known = containerInstanceArn === undefined ? undefined : call.state.instances.get(containerInstanceArn);
    if (known) return { containerInstance: shown(call, known) };
    const external = instanceId.startsWith("mi-");
    const machine = external ? call.peek("ssm").nodes.get(instanceId)?.machine : instanceId;
    if (machine === undefined || !call.world.machines.has(machine)) throw clientError(`The instance ${instanceId} is not known.`);
    const stale = call.state.machines.get(machine);
    if (stale !== undefined) throw clientError(`The machine is registered in a cluster already: ${stale}.`); // ECS-075
    const instance = made(call, cluster, { ec2InstanceId: instanceId, machine, external, tags: tagMap(tags) });
    const resource = (name: string) => totalResources.find((each) => each.name === name)?.integerValue;
    instance.registered = { cpu: resource("CPU") ?? instance.registered.cpu, memory: resource("MEMORY") ?? instance.registered.memory };
    instance.remaining = { ...instance.remaining, ...instance.registered };
    for (const { name = "", value = "" } of attributes) instance.attributes.set(name, value);
    call.state.instances.set(instance.arn, instance);
    call.state.machines.set(machine, instance.arn);
    cluster.instances.add(instance.arn);
    changed(call, instance);
    lookAll(call, cluster);
    return { containerInstance: shown(call, instance) };
  },

  DeregisterContainerInstance(call, { cluster: asked, containerInstance, force = false }) {
    const instance = findInstance(call, clusterOf(call, asked), containerInstance);
    if (instance.tasks.size > 0 && !force) throw invalid("Found running tasks on the instance.");
    const answer = shown(call, instance);
    deregister(call, instance, "Container instance deregistration forced by user");
    return { containerInstance: { ...answer, status: "INACTIVE" } };
  },

  /** ECS-020, ECS-031 */
  UpdateContainerInstancesState(call, { cluster: asked, containerInstances, status }) {
    const cluster = clusterOf(call, asked);
    if (containerInstances.length > 10) throw invalid("At most 10 container instances at a time.");
    if (status !== "ACTIVE" && status !== "DRAINING") throw invalid("Only ACTIVE and DRAINING are allowed.");
    const failures: sdk.Failure[] = [];
    const changedOnes: sdk.ContainerInstance[] = [];
    for (const each of containerInstances) {
      const instance = call.state.instances.get(arnOf(cluster, each));
      if (!instance) failures.push({ arn: each, reason: "MISSING" });
      else if (instance.status === "INACTIVE") failures.push({ arn: each, reason: "INACTIVE" });
      else {
        instance.status = status;
        changed(call, instance);
        changedOnes.push(shown(call, instance));
      }
    }
    lookAll(call, cluster);
    return { containerInstances: changedOnes, failures };
  },

  DescribeContainerInstances(call, { cluster: asked, containerInstances, include = [] }) {
    const cluster = clusterOf(call, asked);
    const found = containerInstances.map((each) => ({
      arn: arnOf(cluster, each),
      instance: call.state.instances.get(arnOf(cluster, each)),
    }));
    return {
      containerInstances: found.flatMap(({ instance }) => (instance ? shown(call, instance, include) : [])),
      failures: found.filter(({ instance }) => !instance).map(({ arn }) => ({ arn, reason: "MISSING" })),
    };
  },

  ListContainerInstances(call, { cluster: asked, filter, status, maxResults, nextToken }) {
    const cluster = clusterOf(call, asked);
    const all = [...cluster.instances].flatMap((arn) => call.state.instances.get(arn) ?? []);
    const wanted = filter === undefined ? undefined : /^\s*ec2InstanceId\s*(?:==|in)\s*\[?\s*'?([\w-]+)'?\s*\]?\s*$/.exec(filter)?.[1];
    if (filter !== undefined && wanted === undefined)
      throw new AwsError("NotImplemented", `Causeway reads only ec2InstanceId == … in this filter, not ${filter}.`, 501);
    const kept = all.filter(
      (each) => (wanted === undefined || each.ec2InstanceId === wanted) && (status === undefined || each.status === status),
    );
    const { items, next } = page(
      kept.map(({ arn }) => arn),
      maxResults,
      nextToken,
    );
    return { containerInstanceArns: items, nextToken: next };
  },

  PutAttributes(call, { cluster: asked, attributes }) {
    const cluster = clusterOf(call, asked);
    for (const { name = "", value = "", targetId = "" } of attributes) findInstance(call, cluster, targetId).attributes.set(name, value);
    return { attributes };
  },

  DeleteAttributes(call, { cluster: asked, attributes }) {
    const cluster = clusterOf(call, asked);
    for (const { name = "", targetId = "" } of attributes) findInstance(call, cluster, targetId).attributes.delete(name);
    return { attributes };
  },

  ListAttributes(call, { cluster: asked, attributeName, attributeValue }) {
    const cluster = clusterOf(call, asked);
    const all = [...cluster.instances].flatMap((arn) =>
      [...(call.state.instances.get(arn)?.attributes ?? [])].map(([name, value]) => ({ name, value, targetId: arn })),
    );
    return {
      attributes: all.filter(
        ({ name, value }) =>
          (attributeName === undefined || name === attributeName) && (attributeValue === undefined || value === attributeValue),
      ),
    };
  },
} satisfies Operations<sdk.ECS, State, Timers>;

const parsed = (document: string): { instanceId?: string } => {
  try {
    return JSON.parse(document) as { instanceId?: string };
  } catch {
    return {};
  }
};

const arnOf = (cluster: Cluster, asked: string): string =>
  asked.startsWith("arn:") ? asked : `${cluster.arn.replace(":cluster/", ":container-instance/")}/${asked}`;

export function findInstance(call: Here, cluster: Cluster, asked: string): ContainerInstance {
  const instance = call.state.instances.get(arnOf(cluster, asked));
  if (!instance) throw invalid("Instance was not found.");
  return instance;
}

type Facts = Pick<ContainerInstance, "ec2InstanceId" | "machine" | "external" | "tags">;

/** ECS-021, ECS-022 */
function made(call: Here, cluster: Cluster, facts: Facts): ContainerInstance {
  const { cores, memory } = call.world.machines.get(facts.machine)!;
  const own = call.peek("ec2").instances.get(facts.ec2InstanceId);
  const id = call.uuid().replaceAll("-", "");
  const registered = { cpu: Math.round(cores * 1024), memory: Math.floor(memory / mib(1)) };
  const attributes = new Map<string, string>([
    ["ecs.os-type", "linux"],
    ["ecs.os-family", "LINUX"],
    ["ecs.cpu-architecture", own?.Architecture ?? "x86_64"],
  ]);
  if (facts.external) attributes.set("ecs.capability.external", "");
  if (own) {
    attributes.set("ecs.ami-id", own.ImageId);
    attributes.set("ecs.instance-type", own.InstanceType);
    attributes.set("ecs.availability-zone", own.Placement.AvailabilityZone ?? "");
    attributes.set("ecs.vpc-id", own.VpcId);
    attributes.set("ecs.subnet-id", own.SubnetId);
  }
  return {
    arn: `${cluster.arn.replace(":cluster/", ":container-instance/")}/${id}`,
    id,
    cluster: cluster.name,
    ...facts,
    status: "ACTIVE",
    connected: true,
    leaving: false,
    attributes,
    registered,
    remaining: { ...registered, ports: new Set(RESERVED) },
    registeredAt: call.date,
    version: 0,
    tasks: new Set(),
    cached: new Map(),
  };
}

export function changed(call: Here, instance: ContainerInstance): void {
  instance.version++;
  call.tell("event", {
    source: "aws.ecs",
    detailType: "ECS Container Instance State Change",
    detail: shown(call, instance) as Record<string, unknown>,
    resources: [instance.arn],
  });
}

/** ECS-023, ECS-025: gone from the lists at once; what runs on it runs on, and nobody looks after it. */
export function deregister(call: Here, instance: ContainerInstance, reason: string): void {
  instance.status = "INACTIVE";
  const cluster = call.state.clusters.get(instance.cluster);
  cluster?.instances.delete(instance.arn);
  call.state.machines.delete(instance.machine);
  if (instance.event !== undefined) call.cancel(instance.event);
  for (const arn of [...instance.tasks]) {
    const task = call.state.tasks.get(arn);
    if (!task) continue;
    if (instance.connected) orphan(call, task, reason);
    else stopTask(call, task, { reason, gone: true });
  }
  changed(call, instance);
  call.state.instances.delete(instance.arn);
  if (cluster) lookAll(call, cluster);
}

export function shown(call: Here, instance: ContainerInstance, include: readonly string[] = []): sdk.ContainerInstance {
  const resources = ({ cpu, memory, ports }: { cpu: number; memory: number; ports: Iterable<number> }): sdk.Resource[] => [
    { name: "CPU", type: "INTEGER", integerValue: cpu, doubleValue: 0, longValue: 0 },
    { name: "MEMORY", type: "INTEGER", integerValue: memory, doubleValue: 0, longValue: 0 },
    { name: "PORTS", type: "STRINGSET", stringSetValue: [...ports].map(String), doubleValue: 0, longValue: 0, integerValue: 0 },
  ];
  const tasks = [...instance.tasks].map((arn) => call.state.tasks.get(arn)?.lastStatus);
  return {
    containerInstanceArn: instance.arn,
    ec2InstanceId: instance.ec2InstanceId,
    capacityProviderName: instance.provider,
    version: instance.version,
    versionInfo: { agentVersion: "1.102.0", dockerVersion: "25.0.14" },
    remainingResources: resources(instance.remaining),
    registeredResources: resources({ ...instance.registered, ports: RESERVED }),
    status: instance.status,
    agentConnected: instance.connected,
    runningTasksCount: tasks.filter((status) => status !== undefined && status !== "PENDING").length,
    pendingTasksCount: tasks.filter((status) => status === "PENDING").length,
    attributes: [...instance.attributes].map(([name, value]) => ({ name, value: value || undefined })),
    registeredAt: instance.registeredAt,
    attachments: [],
    tags: include.includes("TAGS") ? tagList(instance.tags) : [],
  };
}
