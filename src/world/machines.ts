/** Machines: EC2 instances' hardware and the data centre's hosts. */
import { assert } from "../kernel/assert.ts";
import type { Bytes, Duration, Instant } from "../kernel/units.ts";
import { end, vanish } from "./containers.ts";
import { restarted } from "./patches.ts";
import type { Physics } from "./physics.ts";
import type { World } from "./world.ts";

export type Machine = {
  /** The instance's id, or the host's name. */
  id: string;
  /** Where its address counts: the VPC's id, or the site's name. */
  network: string;
  address: string;
  /** In AWS: region and zone id. */
  region?: string;
  zone?: string;
  /** In a data centre: which. */
  site?: string;
  cores: number;
  memory: Bytes;
  /** `hung`: has power, and nothing on it answers. `dark`: would run, had its zone power. */
  state: "off" | "booting" | "on" | "hung" | "dark";
  since: Instant;
  /** From power on until its services start. */
  boot: Duration;
  /** How often it has been switched on: a boot that was cut short does not finish later. */
  boots: number;
  containers: Set<string>;
};

/** A machine as it is delivered: switched off, nothing on it. */
export function place(world: World, machine: Omit<Machine, "state" | "since" | "boots" | "containers">): void {
  assert(!world.machines.has(machine.id), `${machine.id} is placed twice`);
  world.machines.set(machine.id, { ...machine, state: "off", since: 0 as Instant, boots: 0, containers: new Set() });
}

export function machineOf(world: World, id: string): Machine {
  const machine = world.machines.get(id);
  assert(machine, `there is no machine ${id}`);
  return machine;
}

/** Whether it runs and answers. */
export const alive = (machine: Machine | undefined): boolean => machine?.state === "on";

const powered = ({ zonesLost, regionsLost }: World, { zone = "", region = "" }: Machine): boolean =>
  !zonesLost.has(zone) && !regionsLost.has(region);

/** Begins to boot; without power it waits for it. */
export function switchOn(physics: Physics, id: string): void {
  const machine = machineOf(physics.world, id);
  if (!powered(physics.world, machine)) return turn(physics, machine, "dark");
  machine.boots++;
  turn(physics, machine, "booting");
  physics.later(machine.boot, { type: "booted", machine: id, boot: machine.boots }, true);
}

export function booted(physics: Physics, id: string, boot: number): void {
  const machine = physics.world.machines.get(id);
  if (machine?.state !== "booting" || machine.boots !== boot) return;
  restarted(physics.world, id);
  turn(physics, machine, "on");
}

/** As by a power switch: what runs on it is gone with it. */
export function switchOff(physics: Physics, id: string): void {
  const machine = machineOf(physics.world, id);
  for (const container of machine.containers) end(physics, container, { code: 137, cause: "power" });
  turn(physics, machine, "off");
}

/** As its own system does it. */
export function restart(physics: Physics, id: string): void {
  switchOff(physics, id);
  switchOn(physics, id);
}

/** Its system stops to answer, though power is there. Only a restart helps. */
export function hang(physics: Physics, id: string): void {
  const machine = machineOf(physics.world, id);
  if (machine.state !== "on") return;
  turn(physics, machine, "hung");
  for (const container of machine.containers) physics.world.changes.push({ kind: "container", container, region: machine.region });
}

/** Terminated: nothing is left of it. */
export function remove(physics: Physics, id: string): void {
  const machine = machineOf(physics.world, id);
  if (machine.state !== "off") switchOff(physics, id);
  for (const container of machine.containers) vanish(physics.world, container);
  physics.world.installed.delete(id);
  physics.world.machines.delete(id);
}

/** Power goes or comes back: machines that were on come up again by themselves. */
export function powerChanged(physics: Physics, where: (machine: Machine) => boolean): void {
  for (const machine of physics.world.machines.values()) {
    if (!where(machine)) continue;
    const has = powered(physics.world, machine);
    if (has && machine.state === "dark") switchOn(physics, machine.id);
    if (has || machine.state === "off" || machine.state === "dark") continue;
    for (const container of machine.containers) end(physics, container, { code: 137, cause: "power" });
    turn(physics, machine, "dark");
  }
}

function turn({ world, now }: Physics, machine: Machine, state: Machine["state"]): void {
  if (machine.state === state) return;
  machine.state = state;
  machine.since = now;
  world.changes.push({ kind: "machine", machine: machine.id, region: machine.region });
}
