/** The definition's schema as a file: it is what the definition says today, and it explains every field. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

type Json = {
  description?: string;
  properties?: Record<string, Json>;
  items?: Json;
  additionalProperties?: Json | boolean;
  anyOf?: Json[];
};

/** Fields without a description, by their path. */
function* silent(schema: Json, path: string): Generator<string> {
  for (const [key, field] of Object.entries(schema.properties ?? {})) {
    if (!field.description) yield `${path}${key}`;
    yield* silent(field, `${path}${key}.`);
  }
  const inner = [schema.items, schema.additionalProperties, ...(schema.anyOf ?? [])];
  for (const each of inner) if (typeof each === "object") yield* silent(each, path);
}

test("docs/platform.schema.json is what the definition and its comments say", () => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, "scripts", "platform-schema.js"), "--check"], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
});

test("every field of a definition is explained", () => {
  const schema = JSON.parse(readFileSync(join(root, "docs", "platform.schema.json"), "utf8")) as Json;
  expect([...silent(schema, "")]).toEqual([]);
});
