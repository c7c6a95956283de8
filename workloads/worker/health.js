/** For Docker's health check: the newest canary of this container is young. A share that does not answer is found by the check's own time-out. */
import { readdir, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { optional, optionalNumber } from "../settings.js";

const folder = join(optional("REPORTS_DIRECTORY", "/reports"), "canary", optional("HOSTNAME", hostname()));
const numbers = (await readdir(folder)).filter((name) => !name.startsWith("."));
const { mtimeMs } = await stat(join(folder, numbers.sort().at(-1)));
const age = (Date.now() - mtimeMs) / 1000;
process.exit(age < 3 * optionalNumber("CANARY_SECONDS", 10) + 30 ? 0 : 1);
