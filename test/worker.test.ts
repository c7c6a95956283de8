/** S34: the worker of the data centre, run for real: reports are whole or not there, and every order is in one of them. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { missing, Postgres } from "./postgres.ts";
import { start, workloads, type Container } from "./shop.ts";

if (missing) console.log(`worker: skipped, ${missing}.`);

const started: Container[] = [];
let share: string;

/** `HOSTNAME` is the container's, so that a restart in a test may be the same container or another. */
const worker = async (environment: Record<string, string>, hostname = "first") => {
  const settings = { REPORTS_DIRECTORY: share, REPORT_SECONDS: "0.05", CANARY_SECONDS: "0.05", HOSTNAME: hostname };
  const container = await start("worker", { ...settings, ...environment });
  started.push(container);
  return container;
};

beforeEach(() => {
  share = mkdtempSync(join(tmpdir(), "causeway-share-"));
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((each) => each.stop("SIGKILL")));
  rmSync(share, { recursive: true, force: true, maxRetries: 5 });
});

const nowhere = { DATABASE_HOST: "localhost", DATABASE_PORT: "1", DATABASE_NAME: "app", DATABASE_USER: "shop", DATABASE_PASSWORD: "x" };

/** Paths of all that a reader would take for a file. */
const files = (folder: string): string[] =>
  readdirSync(share, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile() && !each.name.startsWith("."))
    .map((each) => join(each.parentPath, each.name))
    .filter((path) => path.startsWith(join(share, folder)))
    .sort();

/** The text above the seal, which must be right. */
function unsealed(path: string): string {
  const text = readFileSync(path, "utf8");
  const [body = "", checksum] = text.split(/\nsha256 ([0-9a-f]{64})\n$/);
  expect(createHash("sha256").update(body).digest("hex"), path).toBe(checksum);
  return body;
}

const reported = () =>
  files("orders")
    .filter((path) => path.endsWith(".jsonl"))
    .flatMap((path) =>
      unsealed(path)
        .split("\n")
        .map((line) => JSON.parse(line).sequence as number),
    );
const numbers = (series: string) => files(`canary/${series}`).map((path) => JSON.parse(unsealed(path)).number as number);
const upTo = (last: number) => Array.from({ length: last }, (_, at) => at + 1);

test("S34 the canary needs no database, has no gaps, and goes on in the same container where it stopped", async () => {
  const first = await worker(nowhere);
  await first.event("canary", ({ number }) => number === 5);
  expect(await first.stop()).toBe(0);
  const { number: last } = first.events.findLast(({ event }) => event === "canary")!;
  expect(numbers("first")).toEqual(upTo(last));
  const again = await worker(nowhere);
  expect(await again.event("canary")).toMatchObject({ number: last + 1 });
  expect(await (await worker(nowhere, "second")).event("canary")).toMatchObject({ series: "second", number: 1 });
});

test("S34 a share that answers no more costs the time-out and not the worker, which goes on when it answers again", async () => {
  const one = await worker({ ...nowhere, FILES_TIMEOUT_SECONDS: "0.3" });
  await one.event("canary", ({ number }) => number === 2);
  const { pid } = await one.event("files");
  // As a process that waits for a hard mount: it takes no question and no SIGTERM.
  process.kill(pid, "SIGSTOP");
  expect(await one.event("canary-failed")).toMatchObject({ code: "ETIMEDOUT" });
  const next = await one.event("files", (event) => event.pid !== pid);
  expect(next.pid).not.toBe(pid);
  const { number } = await one.event("canary", ({ at }) => at > next.at);
  expect(numbers("first").slice(0, number)).toEqual(upTo(number));
  expect(() => process.kill(pid, 0)).toThrow();
});

test("S34 a share that is not there is said, and found when it comes", async () => {
  rmSync(share, { recursive: true });
  writeFileSync(share, "the mount point is something else");
  const one = await worker(nowhere);
  expect(await one.event("canary-failed")).toMatchObject({ code: "ENOTDIR" });
  rmSync(share);
  mkdirSync(share);
  await one.event("canary", ({ number }) => number === 1);
});

test("S34 Docker hears whether the canary sings", async () => {
  const health = (hostname: string) =>
    spawnSync(process.execPath, ["worker/health.js"], {
      cwd: workloads,
      env: { PATH: process.env.PATH, REPORTS_DIRECTORY: share, HOSTNAME: hostname },
    }).status;
  await (await worker(nowhere)).event("canary");
  expect([health("first"), health("another")]).toEqual([0, 1]);
});

describe.skipIf(missing !== undefined)("with a database", () => {
  let database: Postgres;
  beforeAll(async () => {
    database = await Postgres.start();
    const api = await start("api", database.environment());
    while ((await fetch(`${api.url}/health/deep`)).status !== 200);
    await api.stop();
  });
  afterAll(() => database?.close());
  beforeEach(() => void database.sql("TRUNCATE orders; UPDATE counters SET value = 0"));

  /** As the API writes them, many at once. */
  const place = (count: number, bytes = 10) =>
    void database.sql(
      `WITH next AS (UPDATE counters SET value = value + ${count} WHERE name = 'orders' RETURNING value)
       INSERT INTO orders SELECT value - ${count} + each, gen_random_uuid(), 'tea', 1, repeat('x', ${bytes}), now()
       FROM next, generate_series(1, ${count}) AS each`,
    );

  test("S34 every order is in one report, in order", async () => {
    place(1200);
    const one = await worker(database.environment());
    await one.event("report", ({ last }) => last === 1200);
    place(3);
    await one.event("report", ({ last }) => last === 1203);
    expect(reported()).toEqual(upTo(1203));
  });

  test("S34 a worker that is killed again and again in the middle of a report leaves no half one, and loses and doubles no order", async () => {
    // 500 orders of 20 kB: a report takes some milliseconds to write.
    place(4000, 20_000);
    let unfinished = 0;
    for (let round = 0; round < 6; round++) {
      const one = await worker(database.environment());
      const { pid } = await one.event("files");
      await new Promise<void>((resolve) => {
        const eye = watch(share, { recursive: true }, (_, name) => {
          if (!name?.includes("orders-") || !name.endsWith(".unfinished")) return;
          eye.close();
          // A container's processes end together.
          process.kill(pid, "SIGKILL");
          resolve();
        });
        void one
          .event("report", ({ last }) => last === 4000)
          .then(
            () => resolve(),
            () => undefined,
          );
      });
      await one.stop("SIGKILL");
      const there = reported();
      expect(there).toEqual(upTo(there.length));
      unfinished = readdirSync(share, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".unfinished")).length;
    }
    // It was the middle, not the end.
    expect(unfinished).toBeGreaterThan(0);
    const last = await worker(database.environment());
    await last.event("reporting");
    if (reported().length < 4000) await last.event("report", (event) => event.last === 4000);
    expect(reported()).toEqual(upTo(4000));
  });

  test("S34 one of two workers reports; when it goes, the other does", async () => {
    const first = await worker(database.environment());
    await first.event("reporting");
    const second = await worker(database.environment(), "second");
    await second.event("waiting");
    place(10);
    await first.event("report", ({ last }) => last === 10);
    await first.stop("SIGKILL");
    place(10);
    await second.event("report", ({ from }) => from === 11);
    expect(reported()).toEqual(upTo(20));
  });

  test("S34 a database that is killed and comes back is found again", async () => {
    const one = await worker(database.environment());
    await one.event("reporting");
    await database.kill();
    await one.event("interrupted");
    await database.resume();
    place(5);
    await one.event("report", ({ last }) => last === 5);
  });

  test("S34 after a database lost orders, reports are what it knows, and the lost ones lie apart", async () => {
    const before = await worker(database.environment());
    for (const last of [5, 10, 12]) {
      place(last === 12 ? 2 : 5);
      await before.event("report", (event) => event.last === last);
    }
    await before.stop();
    // Promoted late: 8 to 12 never came, and 8 and 9 are others by now.
    database.sql("DELETE FROM orders WHERE sequence > 7; UPDATE counters SET value = 7");
    place(2);
    const after = await worker(database.environment());
    await after.event("report", ({ last }) => last === 9);
    const ids = database.sql("SELECT id FROM orders ORDER BY sequence").split("\n");
    const inReports = files("orders").filter((path) => path.endsWith(".jsonl"));
    const idsOf = (paths: string[]) =>
      paths.flatMap((path) =>
        unsealed(path)
          .split("\n")
          .map((line) => JSON.parse(line).id as string),
      );
    expect(idsOf(inReports)).toEqual(ids);
    // 6 to 12 were in reports that end in lost orders; 6 and 7 are still known.
    const apart = new Set(idsOf(files("lost")));
    expect(apart.size).toBe(7);
    expect(ids.filter((id) => apart.has(id))).toEqual(ids.slice(5, 7));
  });

  test("S34 the feed keeps to its rate", async () => {
    // 500 rows of 1 kB at 2 MB/s: the second page comes 250 ms after the first.
    place(1000, 1000);
    const one = await worker({ ...database.environment(), FEED_BYTES_PER_SECOND: "2000000" });
    const pages = [await one.event("report", ({ from }) => from === 1), await one.event("report", ({ from }) => from === 501)];
    const [first, second] = pages.map(({ at }) => Date.parse(at));
    expect(second! - first!).toBeGreaterThanOrEqual(245);
  });
});
