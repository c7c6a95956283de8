/** Containers: processes with a limit, on a machine, that listen, work and end. */
import { assert } from "../kernel/assert.ts";
import { mib, milliseconds, seconds, type Bytes, type Duration, type Instant } from "../kernel/units.ts";
import { alive, machineOf } from "./machines.ts";
import type { Physics } from "./physics.ts";
import type { World } from "./world.ts";

/** What an image does when it runs: the modelled workload. */
export type Behaviour = {
  /** Bytes to pull, compressed. */
  size: Bytes;
  /** From the start of the process until it listens. */
  startup: Duration;
  /** Cores that it takes without a request, and core-seconds that each request takes. */
  idle: number;
  perRequest: number;
  memory: Bytes;
  /** To answer a request when there is no other. */
  latency: Duration;
  /** Share of requests that it answers with an error of its own, 0 to 1. */
  failing: number;
  /** Its health check fails, whatever else works. */
  unhealthy?: boolean;
  /** It ends by itself so long after its start. */
  exit?: { after: Duration; code: number };
  /** From SIGTERM until it has ended. Longer than the stop timeout: it is killed. */
  drain: Duration;
};

/** Ours: a small web service in Node. A request takes 10 ms of a core. */
export const usual: Behaviour = {
  size: mib(80),
  startup: seconds(2),
  idle: 0.005,
  perRequest: 0.01,
  memory: mib(128),
  latency: milliseconds(20),
  failing: 0,
  drain: seconds(1),
};

export type Exit = {
  code: number;
  /** `itself`: its process ended. `stopped`, `killed`: somebody sent SIGTERM, SIGKILL. `power`: the machine went. `memory`: over its limit. */
  cause: "itself" | "stopped" | "killed" | "power" | "memory";
};

export type Container = {
  id: string;
  machine: string;
  image: string;
  behaviour: Behaviour;
  /** Cores and bytes that it may use at most. */
  limit: { cores: number; memory: Bytes };
  /** Keys of `World.listeners` that it takes when it listens. */
  listens: string[];
  state: "starting" | "up" | "stopping" | "ended";
  startedAt: Instant;
  endedAt?: Instant;
  exit?: Exit;
  /** Requests a second that it gets. */
  load: number;
};

export const listenerKey = (network: string, address: string, port: number): string => `${network}/${address}/${port}`;

/** By the image's full name, else without digest and tag, else without what stands before: registry, account, folder. Else the usual. */
export function behaviourOf({ images }: World, image: string): Behaviour {
  const exact = images.get(image);
  if (exact) return exact;
  let name = image.replace(/@.*$/, "").replace(/:[^/:]*$/, "");
  while (!images.has(name) && name.includes("/")) name = name.slice(name.indexOf("/") + 1);
  return images.get(name) ?? usual;
}

export type Start = Pick<Container, "id" | "machine" | "image" | "limit"> & {
  /** Where it will listen: its machine's address unless it has its own. */
  ports: { address?: string; port: number }[];
};

/** Its process begins; it listens after its start-up time. */
export function start(physics: Physics, { id, machine: host, image, limit, ports }: Start): Container {
  const { world } = physics;
  const machine = machineOf(world, host);
  assert(alive(machine), `${host} is not on`);
  assert(!world.containers.has(id), `${id} is started twice`);
  const behaviour = behaviourOf(world, image);
  const listens = ports.map(({ address = machine.address, port }) => listenerKey(machine.network, address, port));
  const container: Container = {
    id,
    machine: host,
    image,
    behaviour,
    limit,
    listens,
    state: "starting",
    startedAt: physics.now,
    load: 0,
  };
  world.containers.set(id, container);
  machine.containers.add(id);
  if (behaviour.memory > limit.memory) {
    physics.later(behaviour.startup, { type: "exited", container: id, code: 137 }, true);
    return container;
  }
  physics.later(behaviour.startup, { type: "listening", container: id }, true);
  if (behaviour.exit) physics.later(behaviour.exit.after, { type: "exited", container: id, code: behaviour.exit.code }, false);
  return container;
}

export function listening(physics: Physics, id: string): void {
  const container = physics.world.containers.get(id);
  if (container?.state !== "starting") return;
  container.state = "up";
  for (const key of container.listens) physics.world.listeners.set(key, id);
  changed(physics.world, container);
}

/** SIGTERM: it ends when it has drained. */
export function terminate(physics: Physics, id: string): void {
  const container = physics.world.containers.get(id);
  if (!container || container.state === "ended" || container.state === "stopping") return;
  container.state = "stopping";
  deafen(physics.world, container);
  changed(physics.world, container);
  physics.later(container.behaviour.drain, { type: "exited", container: id, code: 0 }, true);
}

/** SIGKILL. */
export const kill = (physics: Physics, id: string): void => end(physics, id, { code: 137, cause: "killed" });

export function exited(physics: Physics, id: string, code: number): void {
  const container = physics.world.containers.get(id);
  if (!container) return;
  const overMemory = container.behaviour.memory > container.limit.memory;
  end(physics, id, { code, cause: container.state === "stopping" ? "stopped" : overMemory ? "memory" : "itself" });
}

/** No-op on what has ended. */
export function end(physics: Physics, id: string, exit: Exit): void {
  const container = physics.world.containers.get(id);
  if (!container || container.state === "ended") return;
  container.state = "ended";
  container.endedAt = physics.now;
  container.exit = exit;
  container.load = 0;
  deafen(physics.world, container);
  changed(physics.world, container);
}

/** Removed from its machine, with all that is known of it. */
export function vanish(world: World, id: string): void {
  const container = world.containers.get(id);
  if (!container) return;
  deafen(world, container);
  world.machines.get(container.machine)?.containers.delete(id);
  world.containers.delete(id);
}

/** What answers at that place now: nothing, or a container of a machine that is on. */
export function listenerAt(world: World, key: string): Container | undefined {
  const container = world.containers.get(world.listeners.get(key) ?? "");
  return container && alive(world.machines.get(container.machine)) ? container : undefined;
}

/** Gives it its share of the traffic. The caller tells `loads` once for all that it changed. */
export const setLoad = (container: Container, rate: number): boolean => {
  if (container.load === rate) return false;
  container.load = rate;
  return true;
};

export function loads(world: World, containers: string[], region?: string): void {
  if (containers.length > 0) world.changes.push({ kind: "load", containers, region });
}

/** Cores in use: what its requests take, up to its limit. */
export const coresUsed = ({ state, behaviour, load, limit }: Container): number =>
  state === "ended" ? 0 : Math.min(limit.cores, behaviour.idle + load * behaviour.perRequest);

export const memoryUsed = ({ state, behaviour, limit }: Container): Bytes =>
  (state === "ended" ? 0 : Math.min(limit.memory, behaviour.memory)) as Bytes;

/** How requests at `load` fare: the time they take, and the share of them that is not answered for want of cores. */
export function service({ behaviour, limit, load }: Container): { latency: Duration; refused: number; failing: number } {
  const capacity = behaviour.perRequest === 0 ? Number.POSITIVE_INFINITY : Math.max(0, limit.cores - behaviour.idle) / behaviour.perRequest;
  const busy = capacity === 0 ? 1 : Math.min(1, load / capacity);
  // The mean time in an M/M/1 queue is the service time over the idle share; a queue that would grow for ever is cut at fifty times.
  const latency = milliseconds(behaviour.latency * Math.min(50, 1 / Math.max(1e-9, 1 - busy)));
  return { latency, refused: load > capacity ? 1 - capacity / load : 0, failing: behaviour.failing };
}

function deafen({ listeners }: World, { id, listens }: Container): void {
  for (const key of listens) if (listeners.get(key) === id) listeners.delete(key);
}

function changed(world: World, { id, machine }: Container): void {
  world.changes.push({ kind: "container", container: id, region: world.machines.get(machine)?.region });
}
