/** The worker in the data centre: pulls orders over the line as fast as it may, writes reports to the share, and a canary beside them. */
import { hostname } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { databaseOptions } from "../database.js";
import { log, problem } from "../log.js";
import { Connection } from "../postgres.js";
import { optional, optionalNumber, required } from "../settings.js";
import { sing } from "./canary.js";
import { Files } from "./files.js";
import { report } from "./reports.js";

const region = required("PLATFORM_REGION");
const options = databaseOptions();
/** Longer than a gateway takes for a big report, shorter than anybody wants to wait for a lost one. */
const filesTimeout = 20_000;
const files = new Files(optional("REPORTS_DIRECTORY", "/reports"), optionalNumber("FILES_TIMEOUT_SECONDS", filesTimeout / 1000) * 1000);
const every = optionalNumber("REPORT_SECONDS", 10) * 1000;
/** Bytes per second: 6 Gbps, what the reference platform says that it receives. */
const rate = optionalNumber("FEED_BYTES_PER_SECOND", 750_000_000);
const canaryEvery = optionalNumber("CANARY_SECONDS", 10) * 1000;
/** Docker calls the host after the container. */
const series = optional("HOSTNAME", hostname());

const stopping = new AbortController();
const { signal } = stopping;
for (const each of ["SIGTERM", "SIGINT"]) {
  process.once(each, () => {
    log("draining", { signal: each });
    stopping.abort();
  });
}

/** Several workers are there so that one of them works: the database lets one of them have this lock, as long as its connection lives. */
const lock = "SELECT pg_try_advisory_lock(1919250540) AS mine";

async function work() {
  const connection = await Connection.open(options);
  try {
    for (let waiting = false; !signal.aborted; waiting = true) {
      const [{ mine }] = await connection.query(lock);
      if (mine) {
        log("reporting", { region });
        return await report(connection, files, { rate, every, signal });
      }
      if (!waiting) log("waiting", { region });
      await rest(every);
    }
  } finally {
    connection.close();
  }
}

const rest = (time) => pause(time, undefined, { signal }).catch(() => undefined);

async function workOn() {
  while (!signal.aborted) {
    try {
      await work();
    } catch (error) {
      log("interrupted", problem(error));
      await rest(500 + Math.random() * 2000);
    }
  }
}

/** What another worker left half-written when it was killed, an hour ago or more. */
const sweepUp = () => files.sweep(".", 3_600_000, ".unfinished").catch((error) => log("sweep-failed", problem(error)));

log("ready", { region, series });
await sweepUp();
await Promise.all([sing(files, { series, every: canaryEvery, signal }), workOn()]);
files.close();
log("ended");
process.exit(0);
