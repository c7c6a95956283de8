import fc from "fast-check";
import { expect, test } from "vitest";
import { gib, mib } from "../kernel/units.ts";
import { machineBounds, machinesAt, machinesFor, needOf, roomOf, siteTasks, taskBounds, tasksPerMachine } from "./capacity.ts";
import { define, placeOf } from "./testing.ts";

const at = (strategy: string, role: "primary" | "recovery" = "recovery", off?: string) =>
  placeOf(
    define((input) => {
      input.recovery = { ...input.recovery, strategy, off };
      Object.assign(input.cluster, { min: 4, max: 12 });
    }),
    role,
  );

test("an instance offers its vCPUs, and its memory without what kernel and agent keep", () => {
  // m6i.large: 2 vCPU; 8192 MiB × 0.96 - 256.
  expect(roomOf("m6i.large")).toEqual({ cpu: 2048, memory: 7608 });
  expect(roomOf("m5a.large")).toBeUndefined();
  // 512 shares: 4 by CPU. 3 GiB: 2 by memory. 8 GiB: more than tasks ever find.
  expect(tasksPerMachine("m6i.large", { cpu: 512, memory: mib(512) })).toBe(4);
  expect(tasksPerMachine("m6i.large", { cpu: 256, memory: gib(3) })).toBe(2);
  expect(tasksPerMachine("m6i.large", { cpu: 256, memory: gib(8) })).toBe(0);
});

test("the reference platform needs 2 machines in quiet times and 8 at its peak", () => {
  const place = placeOf(define());
  // 4 × 256 + 4 × 512 = 3072 shares, 2048 a machine; 20 × 256 + 20 × 512 = 15,360, which is 7.5 machines.
  expect(machinesAt(place, "min")).toBe(2);
  expect(machinesAt(place, "max")).toBe(8);
});

test("a task that fits on no machine has no number of machines, and neither have types of unknown size", () => {
  const large = define((input) => (input.services.api.memory = gib(8)));
  expect(machinesFor(large, { api: 1 })).toBeUndefined();
  const unknown = define((input) => (input.cluster.instanceTypes = ["m5a.large"]));
  expect(machinesFor(unknown, { api: 1 })).toBeUndefined();
});

test("the least of all types counts: whichever is to be had, the tasks fit", () => {
  const mixed = define((input) => (input.cluster.instanceTypes = ["m6i.xlarge", "c5.large"]));
  // c5.large: 2048 shares, 4096 × 0.96 - 256 = 3676 MiB; seven tasks of 512 MiB by memory, four by CPU.
  expect(machinesFor(mixed, { api: 8 })).toBe(2);
});

test("never fewer machines than CPU and memory add up to, never more than one a task", () => {
  const definition = define();
  const room = roomOf("m6i.large")!;
  fc.assert(
    fc.property(
      fc.nat(5000),
      fc.nat(5000),
      fc.integer({ min: 128, max: 2048 }),
      fc.integer({ min: 6, max: 7608 }),
      (web, api, cpu, memory) => {
        definition.services["api"] = { ...definition.services["api"]!, cpu, memory: mib(memory) };
        const machines = machinesFor(definition, { web, api })!;
        const sum = (what: "cpu" | "memory") =>
          web * needOf(definition.services["web"]!)[what] + api * needOf(definition.services["api"]!)[what];
        expect(machines).toBeGreaterThanOrEqual(Math.ceil(Math.max(sum("cpu") / room.cpu, sum("memory") / room.memory)));
        expect(machines).toBeLessThanOrEqual(web + api);
      },
    ),
  );
});

test("each region keeps what its strategy says: a share of the least, room for the most", () => {
  const { web } = define().services;
  // web 4 to 20, machines 4 to 12; a quarter of 4 is 1.
  expect(taskBounds(at("warm-standby"), web!)).toEqual({ min: 1, max: 20 });
  expect(machineBounds(at("warm-standby"))).toEqual({ min: 1, max: 12 });
  expect(taskBounds(at("pilot-light", "recovery", "zero-scaled"), web!)).toEqual({ min: 0, max: 20 });
  // What is switched on at recovery comes up whole.
  expect(taskBounds(at("pilot-light"), web!)).toEqual({ min: 4, max: 20 });
  expect(taskBounds(at("backup-restore"), web!)).toEqual({ min: 4, max: 20 });
  expect(taskBounds(at("active-active"), web!)).toEqual({ min: 4, max: 20 });
});

test("S9 a data-centre host is in one cluster at a time, so both regions' tasks together are those that were asked for", () => {
  const three = { scaling: { ...define().services["worker"]!.scaling, min: 3 } };
  for (const strategy of ["backup-restore", "pilot-light", "warm-standby", "hot-standby", "active-active"]) {
    const [here, there] = [siteTasks(at(strategy, "primary"), three), siteTasks(at(strategy), three)];
    expect(here + there, strategy).toBe(3);
    expect(there, strategy).toBe(strategy === "active-active" ? 1 : 0);
  }
});
