/** How many tasks fit on a machine, and how many machines the services need: arithmetic for the stacks and for the checks. */
import catalogue from "../data/instance-types.json" with { type: "json" };
import { mib } from "../kernel/units.ts";
import type { Definition, Service } from "../platform/definition.ts";

/** CPU in ECS units (1024 a vCPU), memory in MiB. */
export type Room = { cpu: number; memory: number };

/**
 * What tasks find on an instance. ECS registers all vCPUs and the memory that the kernel leaves; the kernel, Docker and the agent keep about
 * 32 MiB reserved by ECS_RESERVED_MEMORY plus some 4 % (docs.aws.amazon.com/AmazonECS/latest/developerguide/memory-management.html).
 */
export function roomOf(instanceType: string): Room | undefined {
  const found = catalogue.types.find(({ type }) => type === instanceType);
  return found && { cpu: found.vcpu * 1024, memory: Math.floor(found.memoryMiB * 0.96) - reservedMemory };
}

export const reservedMemory = 256;

export const needOf = ({ cpu, memory }: Pick<Service, "cpu" | "memory">): Room => ({ cpu, memory: Math.ceil(memory / mib(1)) });

/** Machines that so many tasks of each service need, filled first-fit with the largest first; on the smallest of the types, to be safe. */
export function machinesFor(definition: Definition, tasks: Record<string, number>): number {
  const rooms = definition.cluster.instanceTypes.map(roomOf).filter((each) => each !== undefined);
  const room = rooms.toSorted((one, other) => one.cpu - other.cpu || one.memory - other.memory)[0];
  if (!room) return 0;
  const needs = Object.entries(tasks)
    .flatMap(([name, count]) => Array.from({ length: count }, () => needOf(definition.services[name]!)))
    .toSorted((one, other) => other.cpu - one.cpu || other.memory - one.memory);
  const free: Room[] = [];
  for (const need of needs) {
    const at = free.findIndex(({ cpu, memory }) => cpu >= need.cpu && memory >= need.memory);
    const machine = at < 0 ? { ...room } : free[at]!;
    machine.cpu -= need.cpu;
    machine.memory -= need.memory;
    if (at < 0) free.push(machine);
  }
  return free.length;
}

/** Cloud services' tasks at their smallest or largest. */
export const tasksAt = ({ services }: Definition, bound: "min" | "max"): Record<string, number> =>
  Object.fromEntries(
    Object.entries(services).flatMap(([name, service]) => (service.runsOn === "site" ? [] : [[name, service.scaling[bound]]])),
  );
