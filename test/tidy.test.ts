/** The house rules of CONTRIBUTING.md that a machine can see. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

function* files(folder: string): Generator<string> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else if (path.endsWith(".ts")) yield path;
  }
}

const sources = [...files("src")].sort().map((path) => ({ path: path.split(sep).join("/"), text: readFileSync(join(root, path), "utf8") }));
const product = sources.filter(({ path }) => !path.endsWith(".test.ts"));

/** Which folder may import which: the table of ARCHITECTURE.md. `data` holds facts, no code, and is open to all. */
const mayImport: Record<string, string[]> = {
  kernel: [],
  world: ["kernel"],
  cloud: ["kernel", "world"],
  live: ["kernel", "world"],
  platform: ["kernel"],
  recovery: ["kernel", "platform"],
  stacks: ["kernel", "platform", "recovery"],
  site: ["kernel", "platform"],
  checks: ["kernel", "platform", "stacks", "site"],
  rehearsal: ["kernel", "world", "cloud", "live", "platform", "stacks", "site", "checks", "recovery"],
  console: ["kernel", "world", "cloud", "live", "platform", "stacks", "site", "checks", "recovery", "rehearsal"],
  "index.ts": ["kernel", "platform"],
  cli: ["kernel", "world", "cloud", "live", "platform", "stacks", "site", "checks", "recovery", "rehearsal", "console"],
};

test("files stay under 500 lines", () => {
  const long = sources.filter(({ text }) => text.split("\n").length > 501).map(({ path }) => path);
  expect(long).toEqual([]);
});

test("imports follow the table", () => {
  const wrong: string[] = [];
  for (const { path, text } of sources) {
    const folder = path.split("/")[1]!;
    for (const [, target] of text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)) {
      const to = relative(join(root, "src"), join(root, path, "..", target!)).split(sep)[0]!;
      if (to.startsWith("..") || to.endsWith(".ts") || to === "data") continue;
      if (to !== folder && !mayImport[folder]?.includes(to)) wrong.push(`${path} imports ${target}`);
    }
  }
  expect(wrong).toEqual([]);
});

test("there is no clock and no dice outside the kernel, the server and the commands", () => {
  const clocks = /Date\.now\(|new Date\(\)|Math\.random\(|(?<!\.)\bsetTimeout\(|(?<!\.)\bsetInterval\(|performance\.now\(/;
  const wrong = product
    .filter(({ path, text }) => /^src\/(world|cloud|recovery|rehearsal)\//.test(path) && clocks.test(text))
    .map(({ path }) => path);
  expect(wrong).toEqual([]);
});

test("relative imports name the file with its ending", () => {
  const wrong = sources.flatMap(({ path, text }) =>
    [...text.matchAll(/from "(\.[^"]+)"/g)].filter(([, to]) => !/\.(ts|json)$/.test(to!)).map(([, to]) => `${path}: ${to}`),
  );
  expect(wrong).toEqual([]);
});

test("every file begins by saying what it is", () => {
  const wrong = product.filter(({ text }) => !text.startsWith("/**")).map(({ path }) => path);
  expect(wrong).toEqual([]);
});

test("no file is called after nothing", () => {
  const wrong = sources.filter(({ path }) => /(^|\/)(utils?|helpers?|common|misc|part\d+)\.ts$/.test(path)).map(({ path }) => path);
  expect(wrong).toEqual([]);
});

test("no emptied catch hides a failure", () => {
  const wrong = product.filter(({ text }) => /catch\s*(\([^)]*\))?\s*\{\s*\}/.test(text)).map(({ path }) => path);
  expect(wrong).toEqual([]);
});

test("no error is thrown as a bare Error by a service", () => {
  const wrong = product
    .filter(({ path, text }) => path.startsWith("src/cloud/services/") && /throw new Error\(/.test(text))
    .map(({ path }) => path);
  expect(wrong).toEqual([]);
});
