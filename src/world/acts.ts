/** What is done to the world from outside: faults, their mending, users' demand. One line each; a rehearsal is made of them. */
import { z } from "zod";
import { milliseconds, type Bytes, type Duration } from "../kernel/units.ts";
import { end, usual, type Behaviour } from "./containers.ts";
import { demand, forget } from "./demand.ts";
import { hang, machineOf, place, powerChanged, remove, switchOff, switchOn } from "./machines.ts";
import type { Physics } from "./physics.ts";
import { registryOf } from "./registries.ts";

const name = z.string().min(1).max(256);
/** Milliseconds. */
const time = z
  .number()
  .min(0)
  .transform((value) => value as Duration);
const size = z
  .number()
  .min(0)
  .transform((value) => value as Bytes);
const share = z.number().min(0).max(1);

const behaviour = z
  .strictObject({
    size,
    startup: time,
    idle: z.number().min(0),
    perRequest: z.number().min(0),
    memory: size,
    latency: time,
    failing: share,
    unhealthy: z.boolean(),
    exit: z.strictObject({ after: time, code: z.number().int().min(0).max(255) }),
    drain: time,
  })
  .partial();

const steps = z
  .array(z.strictObject({ at: time, rate: z.number().min(0) }))
  .min(1)
  .refine((all) => all[0]!.at === 0 && all.every((each, at) => at === 0 || each.at > all[at - 1]!.at), "in order, the first at 0");

export const actSchema = z.discriminatedUnion("act", [
  z.strictObject({ act: z.literal("lose-zone"), zone: name }),
  z.strictObject({ act: z.literal("restore-zone"), zone: name }),
  z.strictObject({ act: z.literal("lose-region"), region: name }),
  z.strictObject({ act: z.literal("restore-region"), region: name }),
  /** `*` for every type. */
  z.strictObject({ act: z.literal("short-of"), zone: name, instanceType: name }),
  z.strictObject({ act: z.literal("enough-of"), zone: name, instanceType: name }),
  z.strictObject({ act: z.literal("cut-lines"), site: name, region: name }),
  z.strictObject({ act: z.literal("mend-lines"), site: name, region: name }),
  z.strictObject({ act: z.literal("power-off"), machine: name }),
  z.strictObject({ act: z.literal("power-on"), machine: name }),
  z.strictObject({ act: z.literal("hang"), machine: name }),
  z.strictObject({ act: z.literal("end-container"), container: name, code: z.number().int().min(0).max(255) }),
  /** How an image behaves from its next start on; what is not said stays as it was, or is usual. */
  z.strictObject({ act: z.literal("image"), image: name, behaviour }),
  z.strictObject({
    act: z.literal("registry"),
    host: name,
    reachable: z.boolean().optional(),
    anonymous: z.number().int().min(0).optional(),
    authenticated: z.number().int().min(0).optional(),
  }),
  z.strictObject({
    act: z.literal("demand"),
    id: name,
    name,
    host: name.optional(),
    path: z.string().startsWith("/").optional(),
    method: name.optional(),
    steps,
    every: time.optional(),
  }),
  z.strictObject({ act: z.literal("no-demand"), id: name }),
  /** What every script that contains `part` comes to from now on. */
  z.strictObject({
    act: z.literal("script"),
    part: name,
    takes: time,
    exit: z.number().int().min(0).max(255),
    output: z.string().max(24_000).default(""),
  }),
  /** A system's maker publishes a patch, now. */
  z.strictObject({
    act: z.literal("publish-patch"),
    patch: name,
    system: z.enum(["AMAZON_LINUX_2023", "DEBIAN", "UBUNTU"]),
    classification: name.default("Security"),
    severity: name.default("Important"),
    priority: name.default("Required"),
    reboot: z.boolean().default(false),
  }),
  /** A host is put into a data centre, switched off. */
  z.strictObject({
    act: z.literal("place-host"),
    machine: name,
    site: name,
    address: z.ipv4(),
    cores: z.number().min(0.1),
    memory: size,
    boot: time,
  }),
  z.strictObject({ act: z.literal("remove-host"), machine: name }),
]);

export type Act = z.input<typeof actSchema>;
type Said<Name extends Act["act"]> = Extract<z.output<typeof actSchema>, { act: Name }>;

const acts: { [Name in Act["act"]]: (physics: Physics, said: Said<Name>) => void } = {
  "lose-zone": (physics, { zone }) => power(physics, physics.world.zonesLost, zone, true),
  "restore-zone": (physics, { zone }) => power(physics, physics.world.zonesLost, zone, false),
  "lose-region": (physics, { region }) => power(physics, physics.world.regionsLost, region, true),
  "restore-region": (physics, { region }) => power(physics, physics.world.regionsLost, region, false),
  "short-of": ({ world }, { zone, instanceType }) => void world.shortages.add(`${zone}/${instanceType}`),
  "enough-of": ({ world }, { zone, instanceType }) => void world.shortages.delete(`${zone}/${instanceType}`),
  "cut-lines": ({ world }, { site, region }) => {
    world.linesCut.add(`${site}/${region}`);
    world.changes.push({ kind: "line", site, region });
  },
  "mend-lines": ({ world }, { site, region }) => {
    world.linesCut.delete(`${site}/${region}`);
    world.changes.push({ kind: "line", site, region });
  },
  "power-off": (physics, { machine }) => switchOff(physics, machine),
  "power-on": (physics, { machine }) => switchOn(physics, machine),
  hang: (physics, { machine }) => hang(physics, machine),
  "end-container": (physics, { container, code }) => end(physics, container, { code, cause: "itself" }),
  image: ({ world }, { image, behaviour: said }) => {
    const known: Behaviour = { ...(world.images.get(image) ?? usual), ...said };
    world.images.set(image, known);
  },
  registry: ({ world }, { host, reachable, anonymous, authenticated }) => {
    const registry = registryOf(world.registries, host);
    if (reachable !== undefined) registry.reachable = reachable;
    if (anonymous !== undefined) registry.limit.anonymous = anonymous;
    if (authenticated !== undefined) registry.limit.authenticated = authenticated;
    world.changes.push({ kind: "registry", registry: host });
  },
  demand: (physics, { id, act: _act, ...wish }) => demand(physics, id, wish),
  "no-demand": (physics, { id }) => forget(physics, id),
  script: ({ world }, { part, takes, exit, output }) => void world.scripts.set(part, { takes, exit, output }),
  "publish-patch": ({ world, now }, { act: _act, patch, ...facts }) =>
    void world.patches.set(patch, { name: patch, released: now, ...facts }),
  "place-host": ({ world }, { machine, site, address, cores, memory, boot }) =>
    place(world, { id: machine, network: site, site, address, cores, memory, boot: milliseconds(boot) }),
  "remove-host": (physics, { machine }) => remove(physics, machine),
};

/** Checked before: what it names must be there. Answers what is wrong, in words, or nothing. */
export function refusal({ world }: Physics, act: z.output<typeof actSchema>): string | undefined {
  if ("machine" in act) {
    const known = world.machines.has(act.machine);
    if (act.act === "place-host") return known ? `There is a machine ${act.machine} already.` : undefined;
    if (!known) return `There is no machine ${act.machine}.`;
    if (act.act === "remove-host" && machineOf(world, act.machine).site === undefined)
      return `${act.machine} is AWS's: terminate the instance.`;
  }
  if (act.act === "demand" && act.every !== undefined && act.every <= act.steps.at(-1)!.at)
    return "The steps begin anew before the last one has begun.";
  if (act.act === "end-container" && !world.containers.has(act.container)) return `There is no container ${act.container}.`;
  return undefined;
}

export function perform(physics: Physics, act: z.output<typeof actSchema>): void {
  const doing = acts[act.act] as (physics: Physics, said: z.output<typeof actSchema>) => void;
  doing(physics, act);
}

function power(physics: Physics, lost: Set<string>, where: string, gone: boolean): void {
  if (gone) lost.add(where);
  else lost.delete(where);
  powerChanged(physics, ({ zone, region }) => zone === where || region === where);
  if (lost === physics.world.zonesLost) physics.world.changes.push({ kind: "zone", zone: where });
}
