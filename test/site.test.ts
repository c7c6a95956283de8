/** `causeway site` from the outside, and that the names it tells people are the stacks' own. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SecretsManager } from "@aws-sdk/client-secrets-manager";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { site } from "../src/cli/site.ts";
import { values } from "../src/cli/site-values.ts";
import { Cloud } from "../src/cloud/cloud.ts";
import { serve } from "../src/cloud/server.ts";
import { UserError } from "../src/kernel/assert.ts";
import { instant } from "../src/kernel/units.ts";
import { placeholder, placeholders, type Placeholder } from "../src/site/placeholder.ts";
import { steps } from "../src/site/plan.ts";
import { render } from "../src/site/render.ts";
import { define } from "../src/site/testing.ts";
import { assemble } from "../src/stacks/assemble.ts";

let directory: string;
let printed = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "causeway-site-"));
  printed = "";
  vi.spyOn(console, "log").mockImplementation((text: string) => void (printed += `${text}\n`));
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true, force: true });
});

const config = ["--config", join(import.meta.dirname, "..", "platform.ts")];
const read = (path: string): string => readFileSync(join(directory, "site", path), "utf8");

test("render writes the files, and rendering again takes away what is no longer one of them", async () => {
  const to = ["--to", join(directory, "site")];
  expect(await site.run(["render", ...to, ...config])).toBe(0);
  expect(read("routers/edge-1/frr/frr.conf")).toContain("router bgp 65010");
  expect(statSync(join(directory, "site", "routers/edge-2/swanctl/conf.d/vpn-primary-keys.conf")).mode & 0o777).toBe(0o600);
  expect(await site.run(["render", ...to, ...config, "--strategy", "none"])).toBe(0);
  expect(() => read("routers/edge-2/swanctl/conf.d/vpn-recovery.conf")).toThrow();
});

test("render leaves a folder with other files alone", async () => {
  writeFileSync(join(directory, "mine"), "");
  await expect(site.run(["render", "--to", directory, ...config])).rejects.toThrow(UserError);
});

test("plan prints the steps, and as JSON the same", async () => {
  expect(await site.run(["plan", ...config])).toBe(0);
  expect(printed).toContain("Activate the file gateway 10.64.16.5 in eu-west-1");
  printed = "";
  expect(await site.run(["plan", "--json", ...config])).toBe(0);
  expect(JSON.parse(printed)).toMatchObject({ schemaVersion: 1, steps: steps(define()).map(({ id }) => ({ id })) });
});

test("S1 what orders is shown with its flag only", async () => {
  const ordering = join(directory, "platform.ts");
  const reference = readFileSync(join(import.meta.dirname, "..", "platform.ts"), "utf8");
  writeFileSync(ordering, reference.replace(/connection: \{ use: "[^"]+" \}/, 'connection: { order: { locations: ["EqDB4"] } }'));
  await site.run(["plan", "--config", ordering]);
  expect(printed).toContain("shown with --confirm-order");
  expect(printed).toContain("a month");
  printed = "";
  await site.run(["plan", "--config", ordering, "--confirm-order"]);
  expect(printed).toContain("Deploy the stack `link`");
});

test("fill finds keys where the stacks put them, and says nothing of what is not there yet", async () => {
  const cloud = await serve(new Cloud({ start: instant("2026-11-23T00:00:00Z") }), {
    host: "127.0.0.1",
    port: 0,
    speed: "max",
    verifySignatures: false,
  });
  try {
    vi.stubEnv("AWS_ENDPOINT_URL", cloud.endpoint);
    vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
    await new SecretsManager({ region: "eu-west-1" }).createSecret({ Name: "customer-three/vpn/tunnel-1", SecretString: "AbcDef123" });
    const secret = (name: string): Placeholder => ({ kind: "secret", region: "eu-west-1", name: `customer-three/vpn/${name}` });
    const asked = [
      secret("tunnel-1"),
      secret("tunnel-2"),
      { kind: "resolver", region: "eu-west-1", name: "customer-three-resolver-inbound/1" } as const,
    ];
    expect([...(await values(asked))]).toEqual([[placeholder(secret("tunnel-1")), "AbcDef123"]]);
  } finally {
    await cloud.close();
  }
});

test("every secret, role, topic, parameter and group that the data centre is told of is one of the stacks'", () => {
  for (const mode of ["docker-hub", "pull-through"]) {
    const definition = define((input) => (input.registry = { mode }));
    const made = assemble(definition).stacks.flatMap(({ region, template }) =>
      Object.values(template.Resources).map((resource) => ({ region, text: JSON.stringify(resource), type: resource.Type })),
    );
    const has = (region: string, type: string, name: string): boolean =>
      made.some((each) => each.region === region && each.type === type && each.text.includes(`"${name}"`));
    const asked = render(definition).flatMap(({ text }) => placeholders(text));
    for (const { kind, region, name } of asked) {
      if (kind === "secret") expect([name, has(region, "AWS::SecretsManager::Secret", name)]).toEqual([name, true]);
      if (kind === "resolver") expect([name, has(region, "AWS::EC2::SecurityGroup", name.split("/")[0]!)]).toEqual([name, true]);
      if (kind === "tunnel") expect([name, has(region, "AWS::EC2::VPNConnection", name)]).toEqual([name, true]);
    }
    const commands = steps(definition).flatMap(({ check, do: todo }) => [check.command, ...todo]);
    const named = (pattern: RegExp) =>
      commands.flatMap((each) => [...each.matchAll(pattern)].map(([, region = "", name = ""]) => ({ region, name })));
    for (const { region, name } of named(/--region (\S+) --secret-id (\S+)/g))
      expect([name, has(region, "AWS::SecretsManager::Secret", name)]).toEqual([name, true]);
    for (const { region, name } of named(/--region (\S+) --iam-role (\S+)/g))
      expect([name, has(region, "AWS::IAM::Role", name)]).toEqual([name, true]);
    expect(has("eu-west-1", "AWS::SNS::Topic", "customer-three-alarms")).toBe(true);
    expect(has("eu-west-1", "AWS::SSM::PatchBaseline", "customer-three-site")).toBe(true);
  }
});
