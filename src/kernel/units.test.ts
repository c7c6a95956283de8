import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { transformSync } from "esbuild";
import { expect, test } from "vitest";

test.each(["UTC", "America/New_York", "Asia/Kolkata"])("a moment without a zone is UTC, also on a machine in %s", (TZ) => {
  const { code } = transformSync(readFileSync(join(import.meta.dirname, "units.ts"), "utf8"), { loader: "ts", format: "cjs" });
  const texts = ["2026-03-01T10:00:00", "2026-03-01T10:00:00Z", "2026-03-01T11:30:00+01:30", "2026-03-01T10:00", "2026-03-01T10:00:00.000"];
  const script = `${code}; console.log(JSON.stringify(${JSON.stringify(texts)}.map((text) => module.exports.instant(text))))`;
  const read = JSON.parse(execFileSync(process.execPath, ["-e", script], { env: { ...process.env, TZ }, encoding: "utf8" })) as number[];
  expect(read).toEqual(texts.map(() => Date.UTC(2026, 2, 1, 10)));
});
