/** The stock CDK command line against the program: bootstrap, deploy, diff, replace, fail and roll back, destroy. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { EC2 } from "@aws-sdk/client-ec2";
import { IAM } from "@aws-sdk/client-iam";
import { S3 } from "@aws-sdk/client-s3";
import { SSM } from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root, startCloud, type Program } from "./running.ts";

let program: Program;
let dir: string;
let configuration: { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string } };

beforeAll(async () => {
  program = await startCloud("--speed", "max");
  dir = mkdtempSync(join(tmpdir(), "causeway-cdk-"));
  configuration = { endpoint: program.endpoint, region: "eu-west-1", credentials: { accessKeyId: "test", secretAccessKey: "test" } };
});

afterAll(async () => {
  await program?.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** What the CLI said, and how it ended. */
function cdk(variant: string, ...flags: string[]): Promise<{ code: number; output: string }> {
  const all = [
    "--app",
    `${process.execPath} ${join(root, "test", "cdk", "app.mjs")}`,
    "--output",
    join(dir, "out"),
    "--ci",
    "--no-color",
    "--no-notices",
  ];
  const env = {
    ...program.environment,
    PATH: process.env.PATH,
    HOME: dir,
    VARIANT: variant,
    CDK_DISABLE_CLI_TELEMETRY: "true",
    NODE_NO_WARNINGS: "1",
  };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(root, "node_modules", "aws-cdk", "bin", "cdk"), ...flags, ...all],
      { env, cwd: dir },
      (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr });
      },
    );
  });
}

async function well(variant: string, ...flags: string[]): Promise<string> {
  const { code, output } = await cdk(variant, ...flags);
  expect(code, output).toBe(0);
  return output;
}

const resources = async (stack = "Shop") =>
  (await new CloudFormation(configuration).describeStackResources({ StackName: stack })).StackResources!;

test("the stock CDK bootstraps two regions, deploys, replaces, rolls back and destroys", { timeout: 240_000 }, async () => {
  for (const region of ["eu-west-1", "eu-central-1"]) {
    expect(await well("first", "bootstrap", `aws://123456789012/${region}`)).toContain(
      `Environment aws://123456789012/${region} bootstrapped`,
    );
  }

  await well("first", "deploy", "--require-approval", "never", "Shop");
  const made = await resources();
  const types = made.map(({ ResourceType }) => ResourceType);
  expect(types.filter((type) => type === "AWS::EC2::Subnet")).toHaveLength(4); // public and private in two zones
  for (const type of [
    "EC2::NatGateway",
    "S3::Bucket",
    "KMS::Key",
    "IAM::Role",
    "SecretsManager::Secret",
    "Logs::LogGroup",
    "CloudFormation::Stack",
    "SSM::Parameter",
  ])
    expect(types).toContain(`AWS::${type}`);
  expect(made.every(({ ResourceStatus }) => ResourceStatus === "CREATE_COMPLETE")).toBe(true);
  const { NatGateways } = await new EC2(configuration).describeNatGateways({});
  expect(NatGateways?.map(({ State }) => State)).toEqual(["available"]);
  const ssm = new SSM(configuration);
  expect((await ssm.getParameter({ Name: "/shop/setting" })).Parameter?.Value).toContain("Shop-Messages");
  const { Buckets } = await new S3({ ...configuration, forcePathStyle: true }).listBuckets();
  expect(Buckets?.some(({ Name }) => Name === "cdk-hnb659fds-assets-123456789012-eu-west-1")).toBe(true);

  expect(await well("first", "diff", "Shop")).toContain("There were no differences");
  const difference = await well("replaced", "diff", "Shop");
  expect(difference).toContain("/shop/setting-renamed");
  expect(difference).toMatch(/requires replacement|may be replaced|replace/);

  await well("replaced", "deploy", "--require-approval", "never", "Shop");
  expect((await ssm.getParameter({ Name: "/shop/setting-renamed" })).Parameter?.Value).toContain("Shop-Messages");
  await expect(ssm.getParameter({ Name: "/shop/setting" })).rejects.toThrow();

  const failed = await cdk("failing", "deploy", "--require-approval", "never", "Shop");
  expect(failed.code).not.toBe(0);
  expect(failed.output).toContain("cannot be validated against allowedPattern");
  const { Stacks } = await new CloudFormation(configuration).describeStacks({ StackName: "Shop" });
  expect(Stacks![0]!.StackStatus).toBe("UPDATE_ROLLBACK_COMPLETE");
  const role = (await resources()).find(({ ResourceType }) => ResourceType === "AWS::IAM::Role")!;
  expect((await new IAM(configuration).getRole({ RoleName: role.PhysicalResourceId! })).Role?.Description).toBe("in its replaced life");

  await well("replaced", "destroy", "--force", "Shop");
  await expect(resources()).rejects.toThrow("does not exist");
  const { Vpcs } = await new EC2(configuration).describeVpcs({ Filters: [{ Name: "tag:product", Values: ["shop"] }] });
  expect(Vpcs).toEqual([]);
});
