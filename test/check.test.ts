/** `causeway check`, as a user types it: what it prints, where, and how it ends. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root } from "./running.ts";

let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "causeway-check-test-"));
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

type Ended = { code: number; stdout: string; stderr: string };

const check = (...args: string[]): Promise<Ended> =>
  new Promise((resolve) => {
    const env = { PATH: process.env.PATH, HOME: dir, NO_COLOR: "1", NODE_NO_WARNINGS: "1" };
    execFile(
      process.execPath,
      [join(root, "bin", "causeway.js"), "check", ...args],
      { cwd: dir, env, maxBuffer: 64 << 20 },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });

const reference = readFileSync(join(root, "platform.ts"), "utf8");

/** The reference platform with some words replaced. */
function written(name: string, from: string, to: string): string {
  expect(reference).toContain(from);
  writeFileSync(join(dir, name), reference.replace(from, to));
  return name;
}

test("the reference platform has nothing to answer for", async () => {
  const { code, stdout, stderr } = await check("--config", join(root, "platform.ts"), "--fail-on", "warning");
  expect([code, stdout]).toEqual([0, ""]);
  expect(stderr).toMatch(/0 errors, 0 warnings \(\d+ acknowledged with a reason\), \d+\.\d s/);
});

test("a warning is told with its line, its reason and its fix, and fails only when asked to", async () => {
  const config = written("shared.ts", 'vpn: { router: "edge-2"', 'vpn: { router: "edge-1"');
  const { code, stdout } = await check("--config", config);
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^warning\[RES011\]: Direct Connect and VPN end on router edge-1\.\n {2}--> shared\.ts:\d+:\d+ {2}site\.vpn\n {2}why: .+\n {2}fix: .+\n/,
  );
  expect((await check("--config", config, "--fail-on", "warning")).code).toBe(1);
});

test("an error ends with exit code 1, and as JSON it is one document", async () => {
  const config = written("narrow.ts", "feed: gbps(6)", "feed: gbps(12)");
  const { code, stdout } = await check("--config", config, "--json");
  expect(code).toBe(1);
  const { schemaVersion, findings } = JSON.parse(stdout);
  expect(schemaVersion).toBe(1);
  expect(findings).toMatchObject([{ code: "RES012", severity: "error", place: { file: "narrow.ts", path: ["site", "directConnect"] } }]);
});

test("a definition that is wrong ends with exit code 3 before anything is synthesized", async () => {
  const { code, stdout } = await check("--config", written("zones.ts", '"euw1-az2"', '"euc1-az1"'));
  expect(code).toBe(3);
  expect(stdout).toMatch(/^error\[DEF\d+\]|^error\[ADR\d+\]/);
});

test("--target local lists what the embedded cloud lacks, by type and stack", async () => {
  const { code, stdout, stderr } = await check("--config", join(root, "platform.ts"), "--target", "local", "--json");
  expect([code, stderr]).toEqual([0, ""]);
  const { missing } = JSON.parse(stdout);
  for (const { type, count, stacks } of missing) expect([typeof type, count > 0, stacks.length > 0]).toEqual(["string", true, true]);
});
