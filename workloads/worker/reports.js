/**
 * From orders to reports: what came since the last report, in order, as one file. The position is a file too and is written after the report, so a
 * worker that dies between them writes the same report once more, over the first: named after where it begins, it is there once.
 */
import { setTimeout as pause } from "node:timers/promises";
import { log } from "../log.js";
import { seal, unseal } from "./sealed.js";

const rowsMax = 500;
const digits = 12;
const position = "orders/position.json";

/** Sorted by number and read in one go, so that a page is whole: numbers have no gaps and appear in order. */
const since = `SELECT sequence, id, item, quantity, details, placed_at FROM orders WHERE sequence > $1 ORDER BY sequence LIMIT ${rowsMax}`;
const known = "SELECT FROM orders WHERE sequence = $1 AND id = $2";

/** How long the line may take for a page. */
const feedTimeout = 30_000;

/** Until the connection breaks or the signal comes. `rate`: bytes per second at most. */
export async function report(connection, files, { rate, every, signal }) {
  let last = await resume(connection, files);
  while (!signal.aborted) {
    const rows = await connection.query(since, [last], feedTimeout);
    if (rows.length > 0) last = await write(files, rows);
    const bytes = rows.reduce((sum, { details }) => sum + details.length, 0);
    const wait = rows.length < rowsMax ? Math.max(every, (bytes / rate) * 1000) : (bytes / rate) * 1000;
    await pause(wait, undefined, { signal }).catch(() => undefined);
  }
}

/** Where the last report ended, if the database still knows that order. One that was promoted late may not, or have given its number to another. */
async function resume(connection, files) {
  const text = await files.read(position);
  if (text === undefined) return 0;
  const { last, id } = JSON.parse(unseal(text));
  return (await connection.query(known, [last, id])).length > 0 ? last : stepBack(connection, files);
}

/**
 * To the last report whose end the database knows. Those above it hold orders that were lost, and move to where people look for what to enter again;
 * what else they held is reported anew.
 */
async function stepBack(connection, files) {
  const days = (await files.list("orders")).filter((name) => !name.includes(".")).reverse();
  for (const day of days) {
    for (const name of (await files.list(`orders/${day}`)).reverse()) {
      const { sequence, id } = JSON.parse(
        unseal(await files.read(`orders/${day}/${name}`))
          .split("\n")
          .at(-1),
      );
      if ((await connection.query(known, [sequence, id])).length > 0) return sequence;
      await files.move(`orders/${day}/${name}`, `lost/${id}.jsonl`);
      log("orders-lost", { report: `lost/${id}.jsonl`, last: sequence });
    }
  }
  return 0;
}

async function write(files, rows) {
  const { sequence: from } = rows[0];
  const { sequence: last, id } = rows.at(-1);
  const day = rows[0].placed_at.slice(0, 10);
  const path = `orders/${day}/${String(from).padStart(digits, "0")}.jsonl`;
  await files.write(path, seal(rows.map((row) => JSON.stringify(row)).join("\n")));
  await files.write(position, seal(JSON.stringify({ last, id })));
  log("report", { path, from, last });
  return last;
}
