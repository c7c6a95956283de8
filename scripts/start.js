/** `npm start [-- flags]`: install what is missing, build what changed, run the main job. */
import { prepare, root } from "./prepare.js";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

prepare();
const { build } = await import("./build.js");
await build();
process.argv.splice(1, 1, join(root, "bin", "causeway.js"), "cloud");
await import(pathToFileURL(join(root, "bin", "causeway.js")).href);
