/** How many tasks fit on a machine, how many machines the tasks need, and how many of both a region keeps: arithmetic for the stacks and the checks. */
import catalogue from "../data/instance-types.json" with { type: "json" };
import { mib } from "../kernel/units.ts";
import type { Definition, Service } from "../platform/definition.ts";
import type { Place } from "./place.ts";

/** What a task needs or a machine has: CPU in shares (1024 a vCPU), memory in MiB. */
export type Room = { cpu: number; memory: number };

export type Bounds = { min: number; max: number };
export type Bound = keyof Bounds;

/**
 * MiB that the agent is told to keep from tasks (ECS_RESERVED_MEMORY), for itself, Docker and the SSM agent. Our figure.
 * docs.aws.amazon.com/AmazonECS/latest/developerguide/memory-management.html
 */
export const reservedMemory = 256;

/** The kernel keeps some for itself before the agent counts (same page). Our figure: 4 %. */
const visible = 0.96;

const machines = new Map(catalogue.types.map((each) => [each.type, each]));

/** What tasks find on an instance; undefined when the type's size is not at hand. */
export function roomOf(instanceType: string): Room | undefined {
  const found = machines.get(instanceType);
  return found && { cpu: found.vcpu * 1024, memory: Math.floor(found.memoryMiB * visible) - reservedMemory };
}

export const needOf = ({ cpu, memory }: Pick<Service, "cpu" | "memory">): Room => ({ cpu, memory: Math.ceil(memory / mib(1)) });

const fits = (need: Room, room: Room): number =>
  Math.max(0, Math.min(Math.floor(room.cpu / need.cpu), Math.floor(room.memory / need.memory)));

/** Tasks of one service that an empty instance holds; undefined when the type's size is not at hand. */
export function tasksPerMachine(instanceType: string, service: Pick<Service, "cpu" | "memory">): number | undefined {
  const room = roomOf(instanceType);
  return room && fits(needOf(service), room);
}

/** The least that any of the cluster's types offers: whichever type is to be had, this much is there. */
function leastRoom({ cluster }: Pick<Definition, "cluster">): Room | undefined {
  const rooms = cluster.instanceTypes.map(roomOf).filter((each) => each !== undefined);
  if (rooms.length === 0) return undefined;
  return { cpu: Math.min(...rooms.map(({ cpu }) => cpu)), memory: Math.min(...rooms.map(({ memory }) => memory)) };
}

/**
 * Machines that so many tasks of each service need, the largest tasks placed first. Undefined when no type's size is at hand or a task
 * fits on no machine.
 */
export function machinesFor(definition: Pick<Definition, "cluster" | "services">, tasks: Record<string, number>): number | undefined {
  const room = leastRoom(definition);
  if (!room) return undefined;
  const weight = ({ cpu, memory }: Room) => Math.max(cpu / room.cpu, memory / room.memory);
  const waiting = Object.entries(tasks)
    .map(([name, count]) => ({ need: needOf(definition.services[name]!), count }))
    .toSorted((one, other) => weight(other.need) - weight(one.need));
  let count = 0;
  while (waiting.some((each) => each.count > 0)) {
    const left = { ...room };
    const placed = waiting.map(({ need, count }) => {
      const here = Math.min(count, fits(need, left));
      left.cpu -= here * need.cpu;
      left.memory -= here * need.memory;
      return here;
    });
    if (placed.every((here) => here === 0)) return undefined;
    // The same filling again, as often as there are tasks for it.
    const times = Math.min(...placed.flatMap((here, at) => (here ? [Math.floor(waiting[at]!.count / here)] : [])));
    waiting.forEach((each, at) => (each.count -= placed[at]! * times));
    count += times;
  }
  return count;
}

/** Bounds as a region holds them. What is switched on at recovery comes up whole; what stands by empty has room for all. */
function held({ holdings }: Pick<Place, "holdings">, { min, max }: Bounds): Bounds {
  if (holdings.compute === "zero") return { min: 0, max };
  return { min: holdings.compute === "live" ? Math.ceil(min * holdings.share) : min, max };
}

/** Tasks of a service on the region's own machines. */
export const taskBounds = (place: Pick<Place, "holdings">, { scaling }: Pick<Service, "scaling">): Bounds => held(place, scaling);

/** Bounds that a schedule sets, as the region holds them; a region that stands by empty must not be woken by the clock. */
export const scheduledBounds = (place: Pick<Place, "holdings">, { scaling }: Pick<Service, "scaling">): Service["scaling"]["schedule"] =>
  place.holdings.compute === "zero" ? [] : scaling.schedule.map((action) => ({ ...action, ...held(place, action) }));

/** Machines of the region's cluster. */
export const machineBounds = (place: Pick<Place, "holdings" | "definition">): Bounds => held(place, place.definition.cluster);

/** Tasks of all services on the region's own machines, at their fewest or most. */
export const tasksAt = (place: Pick<Place, "holdings" | "definition">, bound: Bound): Record<string, number> =>
  Object.fromEntries(
    Object.entries(place.definition.services)
      .filter(([, { runsOn }]) => runsOn !== "site")
      .map(([name, service]) => [name, taskBounds(place, service)[bound]]),
  );

/** Machines for those tasks. */
export const machinesAt = (place: Pick<Place, "holdings" | "definition">, bound: Bound): number | undefined =>
  machinesFor(place.definition, tasksAt(place, bound));

/**
 * Tasks of a service in the data centre that belong to this region's cluster. A host is in one cluster at a time, so what one region has the
 * other has not: both halves where both regions take traffic, else all in the primary, since beside a read-only replica and share a task can only fail.
 */
export function siteTasks({ holdings, role }: Pick<Place, "holdings" | "role">, { scaling: { min } }: Pick<Service, "scaling">): number {
  if (holdings.traffic === "shared") return role === "primary" ? Math.ceil(min / 2) : Math.floor(min / 2);
  return role === "primary" ? min : 0;
}
