/** `npm run bench [-- --smoke] [-- name…]`: every benchmark, each in a fresh process, as a table and as bench-results.json. Asserts no times. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { basename, join } from "node:path";
import { prepare, root } from "./prepare.js";

prepare();
const { build } = await import("./build.js");
await build();
const esbuild = await import("esbuild");

const smoke = process.argv.includes("--smoke");
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const folder = join(root, "bench");
const names = readdirSync(folder)
  .filter((name) => name.endsWith(".ts"))
  .map((name) => basename(name, ".ts"))
  .filter((name) => wanted.length === 0 || wanted.includes(name))
  .sort();

const bundles = join(root, "dist-bench");
rmSync(bundles, { recursive: true, force: true });
mkdirSync(bundles);
const results = [];
let failed = 0;
try {
  await esbuild.build({
    entryPoints: names.map((name) => join(folder, `${name}.ts`)),
    outdir: bundles,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    logLevel: "warning",
  });
  for (const name of names) {
    process.stderr.write(`${name}…\n`);
    const flags = ["--expose-gc", "--enable-source-maps", join(bundles, `${name}.js`), ...(smoke ? ["--smoke"] : [])];
    const { status, stdout } = spawnSync(process.execPath, flags, {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
      maxBuffer: 2 ** 26,
    });
    if (status !== 0) failed++;
    for (const line of stdout.split("\n")) if (line.startsWith("{")) results.push({ benchmark: name, ...JSON.parse(line) });
  }
} finally {
  rmSync(bundles, { recursive: true, force: true });
}

const rows = results.map(({ benchmark, what, value, unit, reach = "" }) => [benchmark, what, `${format(value)} ${unit}`, reach]);
const widths = ["", "", "", ""].map((_, column) => Math.max(...rows.map((row) => row[column].length), 9));
for (const row of [["benchmark", "what", "measured", "to reach"], ...rows])
  console.log(
    row
      .map((cell, column) => (column === 2 ? cell.padStart(widths[2]) : cell.padEnd(widths[column])))
      .join("  ")
      .trimEnd(),
  );

const machine = { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, node: process.version, commit: commit() };
if (!smoke) writeFileSync(join(root, "bench-results.json"), `${JSON.stringify({ schemaVersion: 1, machine, results }, null, 2)}\n`);
console.log(
  `\n${machine.cores} × ${machine.cpu}, Node ${machine.node}${smoke ? "; smoke run: the figures mean nothing" : "; written to bench-results.json"}`,
);
process.exit(failed > 0 ? 1 : 0);

function format(value) {
  return value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
}

function commit() {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: root, encoding: "utf8" }).trim();
  } catch {
    return "unknown";
  }
}
