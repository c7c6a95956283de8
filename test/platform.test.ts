/** The commands about a platform, as a user types them, and the synthesized stacks deployed into the embedded cloud by the stock CDK. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { S3 } from "@aws-sdk/client-s3";
import { SSM } from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root, startCloud, type Program } from "./running.ts";

let dir: string;
let program: Program;

beforeAll(async () => {
  program = await startCloud("--speed", "max");
  dir = mkdtempSync(join(tmpdir(), "causeway-platform-"));
});

afterAll(async () => {
  await program?.stop();
  rmSync(dir, { recursive: true, force: true });
});

type Ended = { code: number; stdout: string; stderr: string };

const node = (script: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> =>
  new Promise((resolve) => {
    const environment = { PATH: process.env.PATH, HOME: dir, NO_COLOR: "1", NODE_NO_WARNINGS: "1", ...env };
    execFile(process.execPath, [script, ...args], { cwd: dir, env: environment, maxBuffer: 64 << 20 }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });

const causeway = (...args: string[]) => node(join(root, "bin", "causeway.js"), args);
const reference = join(root, "platform.ts");

test("synth writes a cloud assembly and a manifest, the same bytes each time", async () => {
  for (const to of ["one", "two"]) expect(await causeway("synth", "--config", reference, "--to", to)).toMatchObject({ code: 0 });
  const files = readdirSync(join(dir, "one")).toSorted();
  expect(files).toContain("eu-west-1-network.template.json");
  for (const file of files) expect(readFileSync(join(dir, "one", file), "utf8"), file).toBe(readFileSync(join(dir, "two", file), "utf8"));
  const manifest = JSON.parse(readFileSync(join(dir, "one", "causeway.json"), "utf8"));
  expect(manifest).toMatchObject({
    schemaVersion: 1,
    handovers: expect.arrayContaining([expect.objectContaining({ name: "primary-key-arn" })]),
  });
});

test("synth leaves a folder with other files alone", async () => {
  const { code, stderr } = await causeway("synth", "--config", reference, "--to", ".");
  expect(code).toBe(1);
  expect(stderr).toContain("error[SYNTH_TO]");
});

test("wrong flags end with exit code 3", async () => {
  for (const args of [["check", "--nonsense"], ["check", "--fail-on", "nothing"], ["diagram", "--theme", "pink"], ["nonsense"]])
    expect(await causeway(...args), args.join(" ")).toMatchObject({ code: 3, stderr: expect.stringContaining("error[USAGE]") });
});

test("a wrong definition ends with exit code 3, and every error has its line", async () => {
  const text = readFileSync(reference, "utf8")
    .replace('"euw1-az2"', '"euc1-az1"')
    .replace("vlan", "vlan")
    .replace("min: 4, max: 16", "min: 4, max: 0");
  writeFileSync(join(dir, "wrong.ts"), text);
  const { code, stderr } = await causeway("synth", "--config", "wrong.ts", "--to", "never");
  expect(code).toBe(3);
  expect(stderr).toMatch(/--> wrong\.ts:\d+:\d+ {2}regions\.primary\.zones\[1\]/);
  expect(stderr).toMatch(/--> wrong\.ts:\d+:\d+ {2}cluster\.max/);
  expect(stderr).toContain("why: ");
  expect(existsSync(join(dir, "never"))).toBe(false);
});

test("diagram draws every picture, or prints one", async () => {
  expect(await causeway("diagram", "--config", reference, "--to", "pictures")).toMatchObject({ code: 0 });
  expect(readdirSync(join(dir, "pictures")).toSorted()).toEqual(
    ["active-active", "architecture", "backup-restore", "lines", "pilot-light", "warm-standby"].map((name) => `${name}.svg`),
  );
  const { stdout } = await causeway("diagram", "--config", reference, "--only", "lines", "--theme", "dark");
  expect(stdout).toMatch(/^<svg /);
});

test("an ejected app is plain CDK and gives the same templates", async () => {
  expect(await causeway("eject", "--config", reference, "--to", "ejected")).toMatchObject({ code: 0 });
  const app = join(dir, "ejected", "app.mjs");
  // As if npm had installed it: the packages of this checkout.
  const text = readFileSync(app, "utf8").replaceAll(/"(aws-cdk-lib[^"]*)"/g, (_, name: string) =>
    JSON.stringify(import.meta.resolve(name)),
  );
  writeFileSync(app, text.replaceAll("templates/${id}", `${join(dir, "ejected")}/templates/\${id}`));
  const out = join(dir, "ejected-out");
  const ended = await node(app, [], { CDK_OUTDIR: out, CDK_VALIDATION: "false" });
  expect(ended, ended.stderr).toMatchObject({ code: 0 });
  const template = (folder: string, id: string) => JSON.parse(readFileSync(join(folder, `${id}.template.json`), "utf8")).Resources;
  for (const id of ["eu-west-1-network", "eu-west-1-compute"]) expect(template(out, id)).toEqual(template(join(dir, "one"), id));
});

test("the stacks whose services are here deploy into the embedded cloud, both regions, with what they hand over", async () => {
  const configuration = (region: string) => ({
    endpoint: program.endpoint,
    region,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  const cdk = (...args: string[]) =>
    node(join(root, "node_modules", "aws-cdk", "bin", "cdk"), [...args, "--ci", "--no-color", "--no-notices"], {
      ...program.environment,
      CDK_DISABLE_CLI_TELEMETRY: "true",
    });
  const app = ["--app", join(dir, "one")];
  const well = async (ended: Promise<Ended>) => expect((await ended).code, (await ended).stdout + (await ended).stderr).toBe(0);
  await well(cdk("bootstrap", "aws://123456789012/eu-west-1", "aws://123456789012/eu-central-1"));
  const deploy = (...ids: string[]) =>
    well(cdk("deploy", ...ids, "--exclusively", "--require-approval", "never", "--concurrency", "4", ...app));
  await deploy("eu-west-1-foundation", "eu-west-1-roles", "eu-west-1-network");
  // What deploying a platform does between its regions: an output of one becomes a parameter of the other.
  const stacks = await new CloudFormation(configuration("eu-west-1")).describeStacks({ StackName: "customer-three-foundation" });
  const key = stacks.Stacks![0]!.Outputs!.find(({ OutputKey }) => OutputKey === "KeyArn")!.OutputValue!;
  await new SSM(configuration("eu-central-1")).putParameter({
    Name: "/customer-three/handover/primary-key-arn",
    Type: "String",
    Value: key,
  });
  await deploy("eu-central-1-foundation", "eu-central-1-roles", "eu-central-1-network", "eu-central-1-files", "eu-west-1-files");
  const bucket = "customer-three-reports-123456789012-eu-west-1";
  const replication = await new S3(configuration("eu-west-1")).getBucketReplication({ Bucket: bucket });
  expect(replication.ReplicationConfiguration!.Rules![0]!.Destination!.Bucket).toBe(
    "arn:aws:s3:::customer-three-reports-123456789012-eu-central-1",
  );
}, 240_000);
