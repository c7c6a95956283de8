/** Recovery as arithmetic. */
import { expect, test } from "vitest";
import reference from "../../platform.ts";
import { minutes, seconds } from "../kernel/units.ts";
import { definitionSchema } from "./definition.ts";
import { estimate, figures, spoken } from "./recovery-time.ts";

/** The reference platform after `change`. */
function define(change: (input: any) => void) {
  const input = structuredClone(reference);
  change(input);
  return definitionSchema.parse(input);
}

const of = (change: (input: any) => void, journey = "order") => estimate(define(change))!.find((each) => each.journey === journey)!;
const titles = (strategy: string, journey?: string) =>
  of((input) => (input.recovery.strategy = strategy), journey).rto.steps.map(({ title }) => title);

test("every figure has a source, and its bad cases are no better than its good ones", () => {
  for (const [name, { median, p95, source }] of Object.entries(figures)) {
    expect(p95, name).toBeGreaterThanOrEqual(median);
    expect(source, name).not.toBe("");
  }
});

test("the warm standby's promotion is on the critical way, its instances come up meanwhile", () => {
  expect(titles("warm-standby")).toEqual([
    "detection",
    "decision",
    "fencing",
    "promotion of the database",
    "image pull",
    "health checks",
    "validation",
    "health check of the recovery region",
    "DNS",
  ]);
  // 30 s detection + 300 s decision + 60 s fencing + 300 s promotion + 60 s pull + 20 s health + 60 s validation + 30 s check + 75 s DNS
  expect(of(() => undefined).rto.median).toBe(seconds(935));
  // Excesses in minutes: detection 1/3, fencing 2, promotion 10, pull 2, validation 1, check 1/3, DNS 3/4 → √(0.11 + 4 + 100 + 4 + 1 + 0.11 + 0.56) ≈ 10.47
  expect(of(() => undefined).rto.p95 / minutes(1)).toBeCloseTo(935 / 60 + 10.47, 1);
});

test("restoring takes longer than switching on, and that longer than scaling out", () => {
  const median = (strategy: string) => of((input) => (input.recovery.strategy = strategy)).rto.median;
  const all = ["backup-restore", "pilot-light", "warm-standby", "hot-standby", "active-active"].map(median);
  expect(all).toEqual(all.toSorted((one, other) => other - one));
  expect(titles("backup-restore")).toContain("restore of the database");
  expect(titles("backup-restore")).toContain("network");
});

test("a pilot light waits for what it makes, and in bad cases for the promotion beside it", () => {
  const { rto } = of((input) => (input.recovery.strategy = "pilot-light"));
  const shown = rto.steps.map(({ title, meanwhile }) => (meanwhile ? `(${title})` : title));
  expect(shown.slice(3, 7)).toEqual(["load balancer", "its fixed front", "rest of the stack", "(promotion of the database)"]);
  // 240 s load balancer + 180 s front + 120 s rest, instead of 300 s promotion
  expect(rto.median).toBe(seconds(935 - 300 + 540));
});

test("active-active reads wait for DNS only, writes for the promotion", () => {
  const reads = of((input) => {
    input.recovery.strategy = "active-active";
    input.recovery.objectives.order.writes = false;
  });
  expect(reads.rto.steps.map(({ title }) => title)).toEqual(["detection", "DNS"]);
  expect(titles("active-active")).toContain("promotion of the database");
});

test("a journey of the data centre waits for hosts and shares, not for DNS", () => {
  expect(titles("warm-standby", "report")).toEqual([
    "detection",
    "decision",
    "fencing",
    "promotion of the database",
    "routes",
    "refresh of the file shares",
    "validation",
  ]);
});

test("data is as old as the worst store", () => {
  const report = of(() => undefined, "report").rpo;
  expect(report.stores.map(({ title }) => title)).toEqual(["database (replica lag)", "files (replication)"]);
  // 60 s upload + 30 s replication
  expect(report.median).toBe(seconds(90));
  expect(of((input) => (input.recovery.strategy = "backup-restore")).rpo).toMatchObject({ median: minutes(5), p95: minutes(10) });
});

test("without logs the database is as old as its backups", () => {
  const lost = (schedule: string) =>
    of((input) => {
      input.recovery.strategy = "backup-restore";
      input.database.backupRetention = 0;
      input.backup.plans = { only: { schedule } };
    }).rpo.p95 / minutes(60);
  expect(lost("cron(0 3 * * ? *)")).toBe(24);
  expect(lost("cron(0 3,15 * * ? *)")).toBe(12);
  expect(lost("cron(0 0/6 * * ? *)")).toBe(6);
  expect(lost("cron(0 3 ? * SUN *)")).toBe(168);
  expect(lost("rate(2 days)")).toBe(48);
});

test("none recovers nothing", () => {
  expect(estimate(define((input) => (input.recovery.strategy = "none")))).toBeUndefined();
});

test("times are spoken", () => {
  expect([seconds(0), seconds(90), minutes(61)].map(spoken)).toEqual(["0 s", "1 min 30 s", "1 h 1 min"]);
});
