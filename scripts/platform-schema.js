/**
 * `node scripts/platform-schema.js [--check]`: docs/platform.schema.json, the definition as JSON Schema for tools that read no TypeScript. Each
 * field's description is its comment in src/platform/definition. `--check` writes nothing and exits 1 when the file is out of date.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parse } from "@babel/parser";
import * as esbuild from "esbuild";
import { root } from "./prepare.js";

const entry = join(root, "src", "platform", "definition.ts");
const file = join(root, "docs", "platform.schema.json");

/** The schema without comments: as zod writes what a user may write. */
async function structure() {
  const folder = mkdtempSync(join(tmpdir(), "causeway-schema-"));
  try {
    const outfile = join(folder, "definition.mjs");
    const contents = `export { definitionSchema } from ${JSON.stringify(entry)}; export { z } from "zod";`;
    const stdin = { contents, resolveDir: root, loader: "ts" };
    await esbuild.build({ stdin, outfile, bundle: true, format: "esm", platform: "node", logLevel: "silent" });
    const { definitionSchema, z } = await import(pathToFileURL(outfile).href);
    return z.toJSONSchema(definitionSchema, { io: "input", unrepresentable: "any" });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const modules = new Map();

/** A module's top-level constants and imports, by name. */
function moduleAt(path) {
  if (modules.has(path)) return modules.get(path);
  const constants = new Map();
  const imports = new Map();
  for (const statement of parse(readFileSync(path, "utf8"), { sourceType: "module", plugins: ["typescript"] }).program.body) {
    if (statement.type === "ImportDeclaration" && statement.source.value.startsWith(".")) {
      for (const { local } of statement.specifiers) imports.set(local.name, resolve(dirname(path), statement.source.value));
    }
    const { declarations = [] } = statement.declaration ?? statement;
    for (const { id, init } of declarations) constants.set(id.name, { value: init, comment: comment(statement) });
  }
  const found = { constants, imports };
  modules.set(path, found);
  return found;
}

/** The constant of that name as a module sees it, with the module that it is of. */
function constant(name, path) {
  const { constants, imports } = moduleAt(path);
  if (constants.has(name)) return { ...constants.get(name), path };
  return imports.has(name) ? constant(name, imports.get(name)) : undefined;
}

/** A node's comment, in one line. */
function comment(node) {
  const last = node.leadingComments?.at(-1);
  if (last?.type !== "CommentBlock" || !last.value.startsWith("*")) return undefined;
  return last.value
    .replaceAll(/^\s*\* ?/gm, " ")
    .replaceAll(/\s+/g, " ")
    .trim();
}

/** Adds comments to `json`, which is what zod made of the expression `node` of the module at `path`. */
function describe(json, node, path) {
  if (!json || !node) return;
  if (node.type === "Identifier") {
    const found = constant(node.name, path);
    if (found) describe(json, found.value, found.path);
    return;
  }
  if (node.type !== "CallExpression") return describe(json, node.expression, path); // `as`
  const { callee, arguments: given } = node;
  if (callee.type !== "MemberExpression") return; // duration(…) and its like: nothing inside has comments
  if (callee.object.name !== "z") return describe(callee.property.name === "nullable" ? json.anyOf?.[0] : json, callee.object, path);
  const [first, second] = given;
  if (callee.property.name === "strictObject") for (const property of first.properties) describeField(json, property, path);
  if (callee.property.name === "record") describe(json.additionalProperties, second, path);
  if (callee.property.name === "array") describe(json.items, first, path);
  if (callee.property.name === "union") for (const [at, form] of (first.elements ?? []).entries()) describe(json.anyOf?.[at], form, path);
}

function describeField(json, property, path) {
  const field = json.properties[property.key.name];
  if (!field) return;
  const words = comment(property);
  if (words) field.description = words;
  describe(field, property.value, path);
}

const json = await structure();
describe(json, constant("definitionSchema", entry).value, entry);
delete json.properties.override; // a function, which JSON has none of
const { $schema, ...rest } = json;
const title = "Causeway platform definition";
const description = "Numbers are in the unit that `unit` names: durations in milliseconds, sizes in bytes, rates in bits per second.";
const text = `${JSON.stringify({ $schema, title, description, ...rest }, null, 2)}\n`;

if (!process.argv.includes("--check")) writeFileSync(file, text);
else if (readFileSync(file, "utf8") !== text) {
  console.error("docs/platform.schema.json is out of date.\n  fix: node scripts/platform-schema.js");
  process.exitCode = 1;
}
