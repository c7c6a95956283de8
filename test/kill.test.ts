/** What was answered survives `kill -9`: a real process, killed at random moments under load. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { S3 } from "@aws-sdk/client-s3";
import { SQS } from "@aws-sdk/client-sqs";
import { SSM } from "@aws-sdk/client-ssm";
import { expect, test } from "vitest";
import { startCloud } from "./running.ts";

const KILLS = 30;

test(`every answered write is there after each of ${KILLS} kills`, { timeout: 180_000 }, async () => {
  const dir = mkdtempSync(join(tmpdir(), "causeway-kill-"));
  const answered = new Map<string, string>();
  const sent: string[] = [];
  let writes = 0;
  try {
    for (let kill = 0; kill <= KILLS; kill++) {
      const program = await startCloud("--state", dir);
      const configuration = {
        endpoint: program.endpoint,
        region: "eu-west-1",
        credentials: { accessKeyId: "test", secretAccessKey: "test" },
        maxAttempts: 1,
      };
      const ssm = new SSM(configuration);
      const s3 = new S3({ ...configuration, forcePathStyle: true });
      const sqs = new SQS(configuration);
      await check(ssm, s3, answered, kill === KILLS);
      if (kill === 0) {
        await s3.createBucket({ Bucket: "kept", CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } });
        await sqs.createQueue({ QueueName: "kept" });
      }
      const load = Array.from({ length: 6 }, async (_, writer) => {
        for (;;) {
          const name = `${writer % 2 === 0 ? "parameter" : "object"}-${writes++}`;
          const value = `value of ${name} in life ${kill}`;
          try {
            if (writer % 2 === 0) await ssm.putParameter({ Name: name, Value: value, Type: "String" });
            else await s3.putObject({ Bucket: "kept", Key: name, Body: value });
            answered.set(name, value);
            const { MessageId } = await sqs.sendMessage({ QueueUrl: `${program.endpoint}/123456789012/kept`, MessageBody: name });
            if (MessageId) sent.push(name);
          } catch {
            return; // the process is gone, and nothing was answered
          }
        }
      });
      // Spread over the life of the process: from the first writes to a few hundred of them.
      await new Promise((resolve) => void setTimeout(resolve, 20 + ((kill * 97) % 220)));
      await program.stop("SIGKILL");
      await Promise.all(load);
    }
    expect(answered.size).toBeGreaterThan(KILLS * 5);
    const program = await startCloud("--state", dir);
    const sqs = new SQS({ endpoint: program.endpoint, region: "eu-west-1", credentials: { accessKeyId: "test", secretAccessKey: "test" } });
    const { Attributes } = await sqs.getQueueAttributes({
      QueueUrl: `${program.endpoint}/123456789012/kept`,
      AttributeNames: ["ApproximateNumberOfMessages"],
    });
    expect(Number(Attributes?.ApproximateNumberOfMessages)).toBeGreaterThanOrEqual(sent.length);
    expect(await program.stop()).toBe(0);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

/** All of them at the end; before that those of the last life, which are the ones in danger. */
async function check(ssm: SSM, s3: S3, answered: Map<string, string>, all: boolean): Promise<void> {
  const wanted = [...answered].slice(all ? 0 : -200);
  const lost: string[] = [];
  for (let at = 0; at < wanted.length; at += 50) {
    await Promise.all(
      wanted.slice(at, at + 50).map(async ([name, value]) => {
        const found = name.startsWith("parameter")
          ? (await ssm.getParameter({ Name: name }).catch(() => undefined))?.Parameter?.Value
          : await (await s3.getObject({ Bucket: "kept", Key: name }).catch(() => undefined))?.Body?.transformToString();
        if (found !== value) lost.push(name);
      }),
    );
  }
  expect(lost).toEqual([]);
}
