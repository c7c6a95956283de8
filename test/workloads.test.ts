/** S34: the reference platform's containers, run for real against a real PostgreSQL: what was acknowledged stays, and what is lost is known. */
import { rmSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { certificate, missing, Postgres } from "./postgres.ts";
import { start, type Container } from "./shop.ts";

if (missing) console.log(`workloads: skipped, ${missing}.`);

const started: Container[] = [];
const run = async (service: string, environment: Record<string, string>) => {
  const container = await start(service, environment);
  started.push(container);
  return container;
};

afterEach(async () => {
  await Promise.all(started.splice(0).map((each) => each.stop("SIGKILL")));
});

const databases: Postgres[] = [];
const opened = (database: Postgres): Postgres => {
  databases.push(database);
  return database;
};
afterAll(() => Promise.all(databases.map((each) => each.close())));

const get = (container: Container, path: string) => fetch(container.url + path);
const order = (container: Container, body: Record<string, unknown>) =>
  fetch(`${container.url}/api/orders`, { method: "POST", body: JSON.stringify(body) });
const canary = async (container: Container): Promise<number> => ((await (await get(container, "/api/canary")).json()) as any).sequence;

/** Asks until it is so: what happens in another process has no line to wait for. */
async function until<Value>(ask: () => Promise<Value>, fits: (value: Value) => boolean): Promise<Value> {
  for (;;) {
    const value = await ask();
    if (fits(value)) return value;
    await pause(20);
  }
}
const well = (container: Container) =>
  until(
    async () => (await get(container, "/health/deep")).status,
    (status) => status === 200,
  );

const nowhere = {
  DATABASE_HOST: "localhost",
  DATABASE_PORT: "1",
  DATABASE_NAME: "app",
  DATABASE_USER: "shop",
  DATABASE_PASSWORD: "x",
};

test("S34 without a database the API serves, is not well, and says when to come again", async () => {
  const api = await run("api", nowhere);
  expect((await get(api, "/health")).status).toBe(200);
  const deep = await get(api, "/health/deep");
  expect([deep.status, deep.headers.get("retry-after")]).toEqual([503, "5"]);
  expect((await get(api, "/nothing")).status).toBe(404);
  expect((await fetch(`${api.url}/health`, { method: "DELETE" })).status).toBe(405);
});

test("S34 without the API the page is there, orders are refused with a time to come again, and Route 53 hears the truth", async () => {
  const web = await run("web", { API_URL: "http://127.0.0.1:1" });
  expect(await (await get(web, "/")).text()).toContain("cannot be shown at the moment");
  const refused = await fetch(web.url, { method: "POST", body: "item=tea&quantity=1" });
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "5"]);
  expect((await get(web, "/health")).status).toBe(200);
  expect((await get(web, "/health/deep")).status).toBe(503);
});

test("S34 a missing variable ends the program with its name", async () => {
  await expect(start("api", { DATABASE_HOST: "localhost" })).rejects.toThrow("The environment variable DATABASE_PORT is missing.");
});

describe.skipIf(missing !== undefined)("with a database", () => {
  let database: Postgres;
  beforeAll(async () => {
    database = opened(await Postgres.start());
  });

  test("S34 orders are numbered without gaps, and one that is sent twice is one", async () => {
    const api = await run("api", database.environment());
    await well(api);
    const before = await canary(api);
    const replies = await Promise.all(Array.from({ length: 40 }, (_, quantity) => order(api, { item: "tea", quantity: quantity + 1 })));
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([201]));
    const orders = (await Promise.all(replies.map((each) => each.json()))) as any[];
    expect(orders.map(({ sequence }) => sequence).toSorted((one, other) => one - other)).toEqual(orders.map((_, at) => before + at + 1));
    const again = await Promise.all([0, 1].map(() => order(api, { id: orders[0].id, item: "tea" })));
    expect(again.map(({ status }) => status)).toEqual([200, 200]);
    expect(await (await get(api, `/api/orders/${orders[0].id}`)).json()).toEqual(orders[0]);
    expect(await canary(api)).toBe(before + 40);
  });

  test.each([
    ["not JSON", "item=tea"],
    ["no item", JSON.stringify({ quantity: 1 })],
    ["half a piece", JSON.stringify({ item: "tea", quantity: 0.5 })],
    ["an id that is none", JSON.stringify({ item: "tea", id: "1; DROP TABLE orders" })],
    ["a zero character", JSON.stringify({ item: "tea\0" })],
  ])("S34 an order with %s is refused", async (_name, body) => {
    const api = await run("api", database.environment());
    expect((await fetch(`${api.url}/api/orders`, { method: "POST", body })).status).toBe(400);
  });

  test("S34 SIGTERM lets a slow request finish, takes no other, and the next process goes on counting", async () => {
    const api = await run("api", database.environment());
    await well(api);
    const { port } = new URL(api.url);
    const body = JSON.stringify({ item: "slow tea" });
    const socket = connect(Number(port), "127.0.0.1");
    const answered = new Promise<string>((resolve) => {
      let text = "";
      socket.on("data", (part) => (text += part.toString()));
      socket.on("close", () => resolve(text));
    });
    socket.write(`POST /api/orders HTTP/1.1\r\nHost: shop\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 5)}`);
    // Answered after the slow one's first bytes have come.
    expect((await get(api, "/health")).status).toBe(200);
    const ended = api.stop();
    await api.event("draining");
    await expect(get(api, "/health")).rejects.toThrow();
    socket.write(body.slice(5));
    const answer = await answered;
    expect(answer).toMatch(/^HTTP\/1\.1 201 /);
    expect(answer).toMatch(/^Connection: close\r$/m);
    expect(await ended).toBe(0);
    const { sequence } = JSON.parse(
      answer
        .split("\r\n\r\n")[1]!
        .split("\r\n")
        .find((line) => line.startsWith("{"))!,
    );
    const next = await run("api", database.environment());
    expect(await canary(next)).toBe(sequence);
  });

  test("S34 a database that is killed and comes back costs no acknowledged order and no restart", async () => {
    const api = await run("api", database.environment());
    await well(api);
    const acknowledged: string[] = [];
    const enough = new AbortController();
    const customers = Array.from({ length: 8 }, async () => {
      while (!enough.signal.aborted) {
        const reply = await order(api, { item: "tea" });
        if (reply.ok) acknowledged.push(((await reply.json()) as any).id);
      }
    });
    await until(
      async () => acknowledged.length,
      (length) => length > 50,
    );
    await database.kill();
    await database.resume();
    const before = acknowledged.length;
    await until(
      () => canary(api),
      () => acknowledged.length > before + 50,
    );
    enough.abort();
    await Promise.all(customers);
    const kept = new Set(database.sql("SELECT id FROM orders").split("\n"));
    expect(acknowledged.filter((id) => !kept.has(id))).toEqual([]);
    expect(database.sql("SELECT count(*) = max(sequence) FROM orders")).toBe("t");
  });

  test("S34 a standby shows orders and takes none until it is promoted; then the same process takes them, and the loss is a number", async () => {
    const standby = opened(await database.standby());
    const [primary, recovery] = await Promise.all([
      run("api", database.environment()),
      run("api", { ...standby.environment(), PLATFORM_REGION: "eu-central-1" }),
    ]);
    await Promise.all([well(primary), well(recovery)]);
    const last = ((await (await order(primary, { item: "tea" })).json()) as any).sequence as number;
    await until(
      () => canary(recovery),
      (sequence) => sequence === last,
    );
    const refused = await order(recovery, { item: "tea" });
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(((await refused.json()) as any).error).toContain("read-only");
    // The line is cut: what is acknowledged from here on will be lost.
    standby.sql("ALTER SYSTEM SET primary_conninfo = ''");
    standby.sql("SELECT pg_reload_conf()");
    await until(
      async () => standby.sql("SELECT count(*) FROM pg_stat_wal_receiver"),
      (count) => count === "0",
    );
    const lost = await Promise.all([1, 2, 3].map(() => order(primary, { item: "lost tea" })));
    expect(lost.map(({ status }) => status)).toEqual([201, 201, 201]);
    standby.sql("SELECT pg_promote()");
    expect((await canary(primary)) - (await canary(recovery))).toBe(3);
    expect(await (await order(recovery, { item: "tea" })).json()).toMatchObject({ sequence: last + 1 });
  });

  test("S34 the page shows and takes orders through the API, and what a customer writes is text", async () => {
    const api = await run("api", database.environment());
    await well(api);
    const web = await run("web", { API_URL: api.url });
    const posted = await fetch(web.url, {
      method: "POST",
      body: new URLSearchParams({ item: "<b>tea</b>", quantity: "3" }),
      redirect: "manual",
    });
    expect([posted.status, posted.headers.get("location")]).toEqual([303, "/"]);
    expect(await (await get(web, "/")).text()).toContain("<td>3 × &lt;b&gt;tea&lt;/b&gt;</td>");
    expect((await get(web, "/health/deep")).status).toBe(200);
    expect((await fetch(web.url, { method: "POST", body: "item=tea&quantity=-1" })).status).toBe(400);
  });
});

const tls = missing ? undefined : certificate();
afterAll(() => tls && rmSync(tls.directory, { recursive: true }));

test.skipIf(!tls)("S34 passwords go over TLS to a database that shows who it is, and to no other", async () => {
  const database = opened(await Postgres.start(tls!.settings));
  const { DATABASE_TLS: _, ...environment } = database.environment();
  const api = await run("api", { ...environment, NODE_EXTRA_CA_CERTS: tls!.authority });
  await well(api);
  expect((await order(api, { item: "tea" })).status).toBe(201);
  expect(database.sql("SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'shop'")).toBe("t");
  const stranger = await run("api", environment);
  expect((await get(stranger, "/health/deep")).status).toBe(503);
  expect(await stranger.event("database-away")).toMatchObject({ code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
  const guesser = await run("api", { ...environment, NODE_EXTRA_CA_CERTS: tls!.authority, DATABASE_PASSWORD: "wrong" });
  expect((await get(guesser, "/health/deep")).status).toBe(503);
  expect(await guesser.event("database-away")).toMatchObject({ code: "28P01" });
});
