/** The shop's orders: an order is acknowledged when it is committed, under a number that tells how many there were before it. */
import { randomUUID } from "node:crypto";
import { Database, databaseOptions, isReadOnly, mayPass } from "../database.js";
import { log, problem } from "../log.js";
import { patiently } from "../patience.js";
import { Refusal, serve } from "../serve.js";
import { required } from "../settings.js";
import { prepare } from "./tables.js";

const region = required("PLATFORM_REGION");
const database = new Database(databaseOptions(), 5);

/** An order waits so long for a database that comes back; whoever calls waits longer. */
const patience = 10_000;
/** Route 53 takes what comes within two seconds: docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html */
const deepTimeout = 1000;
/** Seconds until it makes sense to come again: a failover of the database takes one to two minutes. */
const again = { "Retry-After": "5" };

const fields =
  'sequence, id, item, quantity, details, to_char(placed_at AT TIME ZONE \'UTC\', \'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\') AS "placedAt"';

/**
 * One statement is one transaction. The counter's row is locked until the commit, so numbers have no gaps and become visible in their order: what is
 * above the highest readable number was lost, and nothing below it. The price is one order after the other, which a shop can pay.
 */
const insert = `WITH next AS (UPDATE counters SET value = value + 1 WHERE name = 'orders' RETURNING value)
  INSERT INTO orders (sequence, id, item, quantity, details, placed_at) SELECT value, $1, $2, $3, $4, clock_timestamp() FROM next
  RETURNING ${fields}`;

const uniqueViolation = "23505";
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The id is known before the first attempt: when a connection breaks during the commit, the next attempt finds out what became of it. */
async function place({ id, item, quantity, details }) {
  try {
    const [order] = await database.insist(insert, [id, item, quantity, details], patience);
    return { status: 201, body: order };
  } catch (error) {
    if (error.code !== uniqueViolation) throw error;
    const [order] = await database.insist(`SELECT ${fields} FROM orders WHERE id = $1`, [id], patience);
    return { status: 200, body: order };
  }
}

function parsed(body) {
  let order;
  try {
    order = JSON.parse(body);
  } catch (error) {
    throw new Refusal(400, `Not JSON: ${error.message}.`);
  }
  const { id = randomUUID(), item, quantity = 1, details = "" } = order ?? {};
  if (typeof id !== "string" || !uuid.test(id)) throw new Refusal(400, "id: a UUID in lower case.");
  if (typeof item !== "string" || item.length === 0 || item.length > 100) throw new Refusal(400, "item: a text of 1 to 100 characters.");
  if (!Number.isInteger(quantity) || quantity < 1 || quantity > 1000) throw new Refusal(400, "quantity: a whole number from 1 to 1000.");
  if (typeof details !== "string" || `${item}${details}`.includes("\0")) throw new Refusal(400, "details: a text without zero characters.");
  return { id, item, quantity, details };
}

/** What the database cannot do now it may do soon: 503, and when to come again. */
async function whenPossible(work) {
  try {
    return await work();
  } catch (error) {
    if (isReadOnly(error)) throw new Refusal(503, `The database of ${region} is read-only: a standby that is not promoted.`, again);
    if (!mayPass(error)) throw error;
    log("database-away", problem(error));
    throw new Refusal(503, "The database does not answer.", again);
  }
}

const read = (text, values, timeout) => whenPossible(() => database.query(text, values, timeout));

async function canary() {
  const [found] = await read(
    "SELECT coalesce(max(sequence), 0) AS sequence, NOT pg_is_in_recovery() AS writable FROM orders",
    [],
    deepTimeout,
  );
  return { body: { region, ...found } };
}

serve(
  {
    "POST /api/orders": ({ body }) => {
      const order = parsed(body);
      return whenPossible(() => place(order));
    },
    "GET /api/orders": async () => ({ body: await read(`SELECT ${fields} FROM orders ORDER BY sequence DESC LIMIT 10`) }),
    "GET /api/orders/:id": async ({ parameters: { id } }) => {
      const [order] = uuid.test(id) ? await read(`SELECT ${fields} FROM orders WHERE id = $1`, [id]) : [];
      if (!order) throw new Refusal(404, "There is no such order.");
      return { body: order };
    },
    /** The highest number that can be read here: the measure of what a failover lost. */
    "GET /api/canary": canary,
    /** Shallow, for the load balancer: the process serves. */
    "GET /health": () => ({ body: { region } }),
    /** Deep, for Route 53: orders can be read. A standby is well too; whether it may take over is not its own decision. */
    "GET /health/deep": canary,
  },
  () => database.close(),
);

// In the background, since the process serves before the database does. A standby gets its tables from the writer.
await patiently(() => prepare(database), { within: Infinity, again: (error) => mayPass(error) || isReadOnly(error) });
