/** `npm test [-- vitest arguments]`: the same preparation as `npm start`, what the end-to-end tests need beyond npm, then every test. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { prepare, root } from "./prepare.js";

/** Debian packages that end-to-end tests drive, by the program that shows they are there. */
const wanted = { "/usr/bin/aws": "awscli" };

function installTools() {
  const missing = Object.entries(wanted)
    .filter(([program]) => !existsSync(program))
    .map(([, name]) => name);
  if (missing.length === 0) return;
  const root = process.getuid?.() === 0 && existsSync("/usr/bin/apt-get");
  if (root) {
    console.error(`Installing ${missing.join(", ")}…`);
    const quiet = { stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } };
    spawnSync("apt-get", ["update", "-qq"], quiet);
    if (spawnSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...missing], quiet).status === 0) return;
  }
  console.error(`Some end-to-end tests are skipped; for them, run: sudo apt-get install ${missing.join(" ")}`);
}

prepare();
const { build } = await import("./build.js");
await build();
installTools();
const { status } = spawnSync(process.execPath, [join(root, "node_modules", "vitest", "vitest.mjs"), "run", ...process.argv.slice(2)], {
  cwd: root,
  stdio: "inherit",
});
process.exit(status ?? 1);
