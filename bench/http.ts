/** Requests through HTTP with keep-alive; the server is one process on one core, the load comes from this one. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bytesOf, Connection, json, load, query, start } from "./client.ts";
import { report, smoke } from "./report.ts";

const time = smoke ? 100 : 3000;
const warm = smoke ? 50 : 1500;

async function must(connection: Connection, request: Buffer): Promise<string> {
  const { status, body } = await connection.ask(request);
  if (status >= 300) throw new Error(`answered ${status}: ${body.toString()}`);
  return body.toString();
}

async function rate(port: number, what: string, next: (count: number) => Buffer, reach = ""): Promise<void> {
  await load(port, next, { time: warm });
  report(what, await load(port, next, { time }), "requests/s", reach);
}

async function calls(): Promise<void> {
  const program = await start();
  const connection = await Connection.open(program.port);
  // Five ARNs, as ListClusters gives for a company's clusters.
  for (let index = 0; index < 5; index++)
    await must(
      connection,
      json("secretsmanager", "secretsmanager.CreateSecret", {
        Name: `cluster-${index}`,
        SecretString: "s",
        ClientRequestToken: "0".repeat(32),
      }),
    );
  for (let index = 0; index < 5; index++)
    await must(
      connection,
      json("ssm", "AmazonSSM.PutParameter", {
        Name: `cluster-${index}`,
        Type: "String",
        Value: `arn:aws:ecs:eu-west-1:123456789012:cluster/production-${index}`,
      }),
    );
  for (let index = 0; index < 4; index++)
    await must(connection, query("ec2", "2016-11-15", { Action: "CreateVpc", CidrBlock: `10.${index}.0.0/16` }));
  const list = json("ssm", "AmazonSSM.GetParameters", { Names: Array.from({ length: 5 }, (_, index) => `cluster-${index}`) });
  await rate(program.port, "awsJson, ListClusters-sized (ssm GetParameters of 5)", () => list, "≥ 5,000/s");
  const vpcs = query("ec2", "2016-11-15", { Action: "DescribeVpcs" });
  await rate(program.port, "ec2Query, DescribeVpcs (5 VPCs)", () => vpcs, "≥ 2,500/s");
  const put = (count: number) =>
    json("ssm", "AmazonSSM.PutParameter", { Name: `written-${count % 1000}`, Type: "String", Value: String(count), Overwrite: true });
  await rate(program.port, "awsJson write (ssm PutParameter), in memory", put);
  connection.close();
  await program.stop();
}

async function kept(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "causeway-bench-"));
  const program = await start("--state", dir);
  const put = (count: number) =>
    json("ssm", "AmazonSSM.PutParameter", { Name: `written-${count % 1000}`, Type: "String", Value: String(count), Overwrite: true });
  await rate(program.port, "awsJson write (ssm PutParameter), --state, fsynced", put);
  await program.stop();
  rmSync(dir, { recursive: true, force: true });
}

async function objects(): Promise<void> {
  const program = await start();
  const connection = await Connection.open(program.port);
  const location = `<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>`;
  await must(connection, bytesOf({ method: "PUT", path: "/bench", service: "s3", body: location }));
  for (const [name, size, connections] of [
    ["4 KiB", 4096, 16],
    ["8 MiB", 8 * 1024 * 1024, 2],
  ] as const) {
    const body = Buffer.alloc(size, "c");
    // The first bytes differ, so that each object is a body of its own; eight of the large ones, not to fill the memory.
    const different = size > 1e6 ? 8 : 4096;
    const put = (count: number) => {
      body.write(String(count % different).padStart(12), 0, "latin1");
      return bytesOf({
        method: "PUT",
        path: `/bench/${size}-${count % different}`,
        service: "s3",
        headers: { "content-type": "binary/octet-stream" },
        body,
      });
    };
    const get = bytesOf({ method: "GET", path: `/bench/${size}-0`, service: "s3" });
    for (const [verb, next] of [
      ["PUT", put],
      ["GET", () => get],
    ] as const) {
      await load(program.port, next, { connections, time: warm });
      const measured = await load(program.port, next, { connections, time });
      report(`S3 ${verb} ${name}`, measured, "requests/s");
      if (size > 1e6) report(`S3 ${verb} ${name}`, (measured * size) / 1024 ** 2, "MiB/s");
    }
  }
  connection.close();
  await program.stop();
}

await calls();
await kept();
await objects();
