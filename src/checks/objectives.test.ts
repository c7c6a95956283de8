/** Promises that the strategy keeps, and promises that it does not. */
import { expect, test } from "vitest";
import { minutes, seconds } from "../kernel/units.ts";
import { places } from "../stacks/place.ts";
import { define } from "../stacks/testing.ts";
import { model } from "./model.ts";
import { objectives } from "./objectives.ts";

function complaints(change: (input: any) => void) {
  const definition = define(change);
  const assembly = { stacks: [], handovers: [] };
  const subject = { definition, places: places(definition), assembly, model: model(assembly) };
  return objectives.flatMap((check) => [...check.check(subject)].map((each) => ({ id: check.id, ...each })));
}

test("the reference platform keeps its promises", () => {
  expect(complaints(() => undefined)).toEqual([]);
});

test("OBJ001 a promise shorter than the estimate is an error that shows every step", () => {
  expect(complaints((input) => (input.recovery.objectives.order.rto = minutes(10)))).toEqual([
    {
      id: "OBJ001",
      severity: "error",
      message:
        "order is promised back in 10 min, and warm-standby takes 15 min 35 s (26 min 4 s): detection 30 s (50 s), decision 5 min, fencing 1 min (3 min), " +
        "promotion of the database 5 min (15 min), image pull 1 min (3 min), health checks 20 s, validation 1 min (2 min), " +
        "health check of the recovery region 30 s (50 s), DNS 1 min 15 s (2 min).",
      fix: 'strategy: "hot-standby", or promise what the estimate says',
      place: { path: ["recovery", "objectives", "order", "rto"] },
    },
  ]);
});

test("OBJ001 a promise that bad cases break is a warning", () => {
  expect(complaints((input) => (input.recovery.objectives.order.rto = minutes(20)))).toMatchObject([{ id: "OBJ001", severity: "warning" }]);
});

test("OBJ002 backups lose more than minutes, and a replica is the advice", () => {
  const found = complaints((input) => {
    input.recovery.strategy = "backup-restore";
    input.recovery.objectives = { order: { services: ["api"], rto: minutes(300), rpo: minutes(1) } };
  });
  expect(found).toMatchObject([{ id: "OBJ002", severity: "error", fix: 'strategy: "pilot-light", or promise what the estimate says' }]);
});

test("OBJ002 files wait for gateway and replication under every strategy", () => {
  const found = complaints((input) => (input.recovery.objectives.report.rpo = seconds(30)));
  expect(found).toMatchObject([{ id: "OBJ002", message: expect.stringContaining("files (replication) 1 min 30 s") }]);
  expect(found[0]).not.toHaveProperty("fix");
});

test("OBJ003 a promise without a strategy is found for each journey", () => {
  expect(complaints((input) => (input.recovery.strategy = "none")).map(({ id, message }) => `${id} ${message}`)).toEqual([
    "OBJ003 order is promised back in 30 min, but the strategy is none.",
    "OBJ003 report is promised back in 1 h, but the strategy is none.",
  ]);
});
