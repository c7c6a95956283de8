import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import reference from "../../platform.ts";
import { findPlatform, load } from "./load.ts";
import { parse } from "./parse.ts";

const folder = mkdtempSync(join(tmpdir(), "causeway-load-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const root = join(import.meta.dirname, "..", "..");

test("the reference platform is loaded as it is written, and its keys are found in its file", async () => {
  const { input, locate } = await load(join(root, "platform.ts"));
  expect(input).toEqual(reference);
  expect(parse(input).findings).toEqual([]);
  expect(locate(["regions", "recovery", "zones", 1])).toMatchObject({ line: 9, column: 61 });
});

test("files beside the definition, imported or read, are found beside it", async () => {
  write("services.ts", `import { gib } from "causeway"; export const services = { web: { image: "nginx", memory: gib(2) } };`);
  write("name.txt", "shop");
  const file = write(
    "relative.ts",
    `import { readFileSync } from "node:fs";
     import { services } from "./services.ts";
     export default { name: readFileSync(new URL("name.txt", import.meta.url), "utf8"), services };`,
  );
  const { input } = await load(file);
  expect(input).toEqual({ name: "shop", services: { web: { image: "nginx", memory: 2 * 1024 ** 3 } } });
});

test("an override gets the CDK's classes that synthesis uses, whatever the definition's own folder has", async () => {
  const { Stack } = await import("aws-cdk-lib");
  const { CfnVPC } = await import("aws-cdk-lib/aws-ec2");
  const file = write(
    "override.ts",
    `import { Stack } from "aws-cdk-lib"; import * as ec2 from "aws-cdk-lib/aws-ec2"; export default { Stack, CfnVPC: ec2.CfnVPC };`,
  );
  const { Stack: theirs, CfnVPC: vpc } = (await load(file)).input as Record<string, unknown>;
  expect(theirs).toBe(Stack);
  expect(vpc).toBe(CfnVPC);
});

test("packages come from the definition's folder", async () => {
  mkdirSync(join(folder, "node_modules", "acme"), { recursive: true });
  write("node_modules/acme/package.json", `{ "name": "acme", "main": "index.cjs" }`);
  write("node_modules/acme/index.cjs", `module.exports = { name: require("node:path").basename(__dirname) };`);
  const file = write("package.ts", `import acme from "acme"; export default { name: acme.name };`);
  expect((await load(file)).input).toEqual({ name: "acme" });
});

test("what throws while the definition is read is named with its line", async () => {
  const file = write("throws.ts", `const region: string | undefined = undefined;\n\nexport default { name: region!.length };\n`);
  await expect(load(file)).rejects.toMatchObject({
    code: "PLATFORM_THROWS",
    message: expect.stringMatching(/throws\.ts:3:\d+: .*undefined/),
  });
});

test("a syntax error, a missing package, a missing export and a missing file are the user's to fix", async () => {
  await expect(load(write("syntax.ts", `export default {\n  name: ,\n};`))).rejects.toMatchObject({
    code: "PLATFORM_SYNTAX",
    message: expect.stringMatching(/syntax\.ts:2:9: /),
  });
  await expect(load(write("unknown.ts", `import x from "acme-nowhere"; export default x;`))).rejects.toMatchObject({
    code: "PLATFORM_SYNTAX",
  });
  await expect(load(write("empty.ts", `export const platform = {};`))).rejects.toMatchObject({ code: "PLATFORM_EXPORT" });
  await expect(load(join(folder, "nowhere.ts"))).rejects.toMatchObject({ code: "PLATFORM_MISSING" });
});

test("the nearest platform.ts is found from below", () => {
  expect(findPlatform(join(root, "src", "platform"))).toBe(join(root, "platform.ts"));
  expect(() => findPlatform(tmpdir())).toThrow(/There is no platform\.ts/);
});
