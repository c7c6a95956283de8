/** `causeway import` and `causeway init`: what they write is TypeScript that an editor accepts, loads as it was meant, and passes the door. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test, vi } from "vitest";
import reference from "../platform.ts";
import { importCompose } from "../src/cli/import.ts";
import { init } from "../src/cli/init.ts";
import { InvalidDefinition } from "../src/cli/invalid.ts";
import { load } from "../src/platform/load.ts";
import { parse } from "../src/platform/parse.ts";
import { sourceOf } from "../src/platform/source.ts";
import { tsconfig } from "../src/platform/starter.ts";

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "causeway-import-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const errors = vi.spyOn(console, "error").mockImplementation(() => undefined);
beforeEach(() => void errors.mockClear());

const compose = `
name: pet-shop
services:
  web:
    image: acme/web:1.4
    ports: ["80:8080"]
    environment: { API_URL: "http://api:3000", SESSION_SECRET: hunter2-hunter2 }
    depends_on: [api]
    healthcheck: { test: [CMD, curl, -f, "http://localhost:8080/healthz"], interval: 10s, timeout: 5s }
    deploy: { replicas: 3, resources: { limits: { cpus: "0.5", memory: 256M } } }
    networks: [inner]
  api:
    image: acme/api:1.4
    expose: ["3000"]
    stop_grace_period: 45s
    volumes: ["uploads:/uploads"]
    depends_on: [db]
  db: { image: "postgres:16.4" }
volumes: { uploads: {} }
`;
const file = join(folder, "docker-compose.yml");
writeFileSync(file, compose);

/** As an editor would, with the settings that init writes. */
function typecheck(platform: string): void {
  const project = `${platform}.tsconfig.json`;
  const { compilerOptions } = JSON.parse(tsconfig) as { compilerOptions: object };
  const paths = { causeway: [join(root, "src", "index.ts")] };
  writeFileSync(project, JSON.stringify({ compilerOptions: { ...compilerOptions, paths }, files: [platform] }));
  execFileSync(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", project], {
    stdio: "pipe",
    encoding: "utf8",
  });
}

test("a Compose file becomes a definition that type-checks, loads and parses", async () => {
  const to = join(folder, "platform.ts");
  expect(await importCompose.run([file, "--to", to])).toBe(0);
  typecheck(to);
  const { definition, findings } = parse((await load(to)).input);
  expect(findings).toEqual([]);
  expect(definition).toMatchObject({
    name: "pet-shop",
    database: { engine: "postgres", version: "16.4" },
    services: {
      web: {
        image: "acme/web:1.4",
        cpu: 512,
        uses: ["api"],
        secrets: { SESSION_SECRET: "web:SESSION_SECRET" },
        scaling: { min: 3, max: 3 },
      },
      api: { uses: ["database"], files: { uploads: "/uploads" }, stopTimeout: 45_000 },
    },
  });
});

test("its notes are on stderr and at the definition's head, and no secret is anywhere", async () => {
  const to = join(folder, "noted.ts");
  await importCompose.run([file, "--to", to]);
  const source = readFileSync(to, "utf8");
  const lines = errors.mock.calls.map(([line]) => String(line));
  expect(lines).toContain("note: web.networks: uses opens the way from a service to another one; all else is closed");
  expect(source).toContain("//   web.networks: uses opens the way");
  expect(source).toContain("stopTimeout: seconds(45)");
  expect(source + lines.join("\n")).not.toContain("hunter2");
});

test("a file that exists is not overwritten", async () => {
  const to = join(folder, "mine.ts");
  writeFileSync(to, "mine");
  await expect(importCompose.run([file, "--to", to])).rejects.toMatchObject({ code: "IMPORT_TO" });
  expect(readFileSync(to, "utf8")).toBe("mine");
  await expect(importCompose.run(["nowhere.yml"])).rejects.toMatchObject({ code: "COMPOSE_MISSING" });
  await expect(importCompose.run([])).rejects.toMatchObject({ code: "USAGE" });
  await expect(importCompose.run(["--unknown"])).rejects.toMatchObject({ code: "USAGE" });
});

test("what a Compose file holds and a definition refuses is written, and told", async () => {
  const wrong = join(folder, "wrong.yml");
  writeFileSync(wrong, "services: { web: { image: Acme/Web } }");
  const to = join(folder, "wrong.ts");
  await expect(importCompose.run([wrong, "--to", to])).rejects.toBeInstanceOf(InvalidDefinition);
  expect(existsSync(to)).toBe(true);
});

test("init writes a platform that type-checks and parses, with a comment at each choice, and never overwrites", async () => {
  const here = join(folder, "My New Shop");
  expect(await init.run([here])).toBe(0);
  const platform = join(here, "platform.ts");
  typecheck(platform);
  const { definition, findings } = parse((await load(platform)).input);
  expect(findings).toEqual([]);
  expect(definition?.name).toBe("my-new-shop");
  expect(readFileSync(platform, "utf8")).toMatch(/\/\/ Zones by id/);
  await expect(init.run([here])).rejects.toMatchObject({ code: "INIT_EXISTS" });
});

test("the examples that init comments out are right when they are commented in", async () => {
  const here = join(folder, "everything");
  await init.run([here]);
  const platform = join(here, "platform.ts");
  const source = readFileSync(platform, "utf8")
    // Sentences begin with a capital letter, code does not.
    .replaceAll(/^ {2}\/\/ (?![A-Z])/gm, "  ")
    .replace(/import \{.*\}/, "import { definePlatform, gbps, gib, hours, minutes, usd }");
  writeFileSync(platform, source);
  typecheck(platform);
  const { definition, findings } = parse((await load(platform)).input);
  expect(findings).toEqual([]);
  expect(definition?.site?.hosts).toHaveLength(1);
});

test("init around a Compose file", async () => {
  const here = join(folder, "around");
  mkdirSync(here);
  writeFileSync(join(here, "tsconfig.json"), "{}");
  expect(await init.run([here, "--from-compose", file])).toBe(0);
  expect(readFileSync(join(here, "tsconfig.json"), "utf8")).toBe("{}");
  expect(readFileSync(join(here, "platform.ts"), "utf8")).toContain('image: "acme/web:1.4"');
});

test("the source of a definition, loaded again, is that definition", async () => {
  const again = join(folder, "again.ts");
  const sections = (Object.keys(reference) as (keyof typeof reference)[]).map((key) => ({ key }));
  writeFileSync(again, sourceOf(reference, sections, []));
  expect((await load(again)).input).toEqual(reference);
  typecheck(again);
});
