/**
 * A small numbered file every few seconds, independent of the database. A number is logged when its file is written: what was logged and cannot be
 * read in the other region was lost. Each worker has a series of its own, because a number has one writer.
 */
import { setTimeout as pause } from "node:timers/promises";
import { log, problem } from "../log.js";
import { seal } from "./sealed.js";

const day = 86_400_000;
const digits = 12;

export async function sing(files, { series, every, signal }) {
  const folder = `canary/${series}`;
  let number;
  while (!signal.aborted) {
    try {
      number ??= await next(files, folder);
      const at = new Date().toISOString();
      await files.write(`${folder}/${String(number).padStart(digits, "0")}.json`, seal(JSON.stringify({ series, number, at })));
      log("canary", { series, number });
      // Once a day's worth of them is there, the oldest go; a container that ended leaves its series behind.
      if (number % 100 === 1) await files.sweep("canary", day, "");
      number++;
    } catch (error) {
      log("canary-failed", { series, number, ...problem(error) });
    }
    await pause(every, undefined, { signal }).catch(() => undefined);
  }
}

/** After the last that is there. */
const next = async (files, folder) => Number.parseInt((await files.list(folder)).at(-1) ?? "0", 10) + 1;
