/** `npm run fidelity [-- --json]`: which rules of `docs/semantics` are proven by a test that names them, which are listed as not modelled, which are open. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./prepare.js";

const semantics = join(root, "docs", "semantics");
const NOT_MODELLED = "not-modelled.md";
const RULE = /^\|\s*`?([A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*-\d+[a-z]?)`?\s*\|\s*(.*)$/;
// An id or a range of one family: ECS-001, ECS-001..003
const IDS = /\b([A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*)-(\d+)([a-z]?)(?:\.\.(\d+))?/g;

/** @returns {Map<string, Map<string, string>>} file → rule id → first words of the rule */
export function readRules() {
  const files = new Map();
  for (const name of readdirSync(semantics).sort()) {
    if (!name.endsWith(".md") || name === NOT_MODELLED) continue;
    const rules = new Map();
    for (const line of readFileSync(join(semantics, name), "utf8").split("\n")) {
      const found = RULE.exec(line);
      if (found) rules.set(found[1], found[2].split("|")[0].trim().slice(0, 90));
    }
    files.set(basename(name, ".md"), rules);
  }
  return files;
}

function idsIn(text) {
  const ids = new Set();
  for (const [, family, first, suffix, last] of text.matchAll(IDS)) {
    const width = first.length;
    for (let number = Number(first); number <= Number(last ?? first); number++)
      ids.add(`${family}-${String(number).padStart(width, "0")}${suffix}`);
  }
  return ids;
}

function* tests(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* tests(path);
    else if (entry.name.endsWith(".test.ts")) yield path;
  }
}

/** The ids in the names of tests: the first string of `test(…)`, `it(…)`, `test.each(…)(…)` and of `describe(…)`. */
export function provenIds() {
  const ids = new Set();
  const name = /\b(?:test|it|describe)(?:\.\w+)*(?:\([^"'`]*\))?\(\s*(["'`])((?:\\.|(?!\1).)*)\1/gs;
  for (const folder of ["src", "test"]) {
    for (const path of tests(join(root, folder))) {
      for (const [, , title] of readFileSync(path, "utf8").matchAll(name)) for (const id of idsIn(title)) ids.add(id);
    }
  }
  return ids;
}

export function fidelity() {
  const proven = provenIds();
  let listed = new Set();
  try {
    listed = new Set(
      readFileSync(join(semantics, NOT_MODELLED), "utf8")
        .split("\n")
        .flatMap((line) => [...idsIn(RULE.exec(line)?.[1] ?? "")]),
    );
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
  return [...readRules()].map(([file, rules]) => ({
    file,
    rules: [...rules].map(([id, text]) => ({ id, text, state: proven.has(id) ? "proven" : listed.has(id) ? "notModelled" : "open" })),
  }));
}

const count = (rules, state) => rules.filter((rule) => rule.state === state).length;

function print() {
  for (const { file, rules } of fidelity()) {
    console.log(`${file}: ${count(rules, "proven")} of ${rules.length} rules proven, ${count(rules, "notModelled")} not modelled`);
    for (const [name, members] of group(rules)) {
      const open = members.filter(({ state }) => state === "open");
      console.log(`  ${name.padEnd(8)} ${String(count(members, "proven")).padStart(3)} / ${members.length}`);
      for (const { id, text } of open) console.log(`      ${id}  ${text}`);
    }
  }
}

const family = ({ id }) => id.replace(/-\d+[a-z]?$/, "");

function group(rules) {
  const groups = new Map();
  for (const rule of rules) groups.set(family(rule), [...(groups.get(family(rule)) ?? []), rule]);
  return groups;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  if (process.argv.includes("--json")) {
    const totals = fidelity().map(({ file, rules }) => [
      file,
      { rules: rules.length, proven: count(rules, "proven"), notModelled: count(rules, "notModelled") },
    ]);
    console.log(JSON.stringify(Object.fromEntries(totals)));
  } else print();
}
