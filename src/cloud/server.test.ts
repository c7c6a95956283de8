import { request as ask } from "node:http";
import { connect } from "node:net";
import { SSM } from "@aws-sdk/client-ssm";
import { S3 } from "@aws-sdk/client-s3";
import { SQS } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { instant } from "../kernel/units.ts";
import { Cloud } from "./cloud.ts";
import { serve, type Running } from "./server.ts";

let running: Running;
let configuration: { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string }; maxAttempts: number };

beforeAll(async () => {
  // Time stands still, so that what is measured is what was ordered.
  running = await serve(new Cloud({ start: instant("2026-03-02T10:00:00Z") }), { host: "127.0.0.1", port: 0, speed: 0, verifySignatures: false, bodyMax: 100_000 });
  configuration = { endpoint: running.endpoint, region: "eu-west-1", credentials: { accessKeyId: "test", secretAccessKey: "test" }, maxAttempts: 1 };
});
afterAll(() => running.close());

const at = (path: string) => `${running.endpoint}/_causeway/${path}`;
const clock = async (order: unknown) => {
  const response = await fetch(at("clock"), { method: "POST", body: typeof order === "string" ? order : JSON.stringify(order) });
  return { status: response.status, ...((await response.json()) as Record<string, unknown>) };
};

test("health and clock say what they should, and the clock obeys", async () => {
  expect(await (await fetch(at("health"))).json()).toMatchObject({ status: "ok", now: "2026-03-02T10:00:00.000Z" });
  expect(await clock({ advance: 90 })).toMatchObject({ status: 200, now: "2026-03-02T10:01:30.000Z" });
  expect(await clock({ until: "2026-03-02T11:00:00Z" })).toMatchObject({ now: "2026-03-02T11:00:00.000Z" });
  expect(await clock({ speed: 0, run: "quiet" })).toMatchObject({ speed: 0, pending: 0 });
});

test.each(["{", '{"advance": -1}', '{"advance": "1"}', '{"until": "yesterday"}', '{"until": "2020-01-01T00:00:00Z"}', '{"speed": "fast"}', '{"run": "away"}', '{"jump": 1}', "[]1"])("the clock refuses %s with a way to say it right", async (order) => {
  const answer = await clock(order);
  expect(answer).toMatchObject({ status: 400, code: "CLOCK_BODY", fix: expect.stringContaining("{") });
});

test("coverage counts what was answered, refused and lacking", async () => {
  const ssm = new SSM(configuration);
  await ssm.putParameter({ Name: "a", Value: "1", Type: "String" });
  await ssm.getParameter({ Name: "nothing" }).catch(() => undefined);
  await expect(ssm.listCommands({})).rejects.toMatchObject({ name: "NotImplemented", $metadata: { httpStatusCode: 501 } });
  const coverage = await (await fetch(at("coverage"))).json();
  expect(coverage).toMatchObject({ "ssm:PutParameter": { answered: 1 }, "ssm:GetParameter": { refused: 1 }, "ssm:ListCommands": { notImplemented: 1 } });
});

test("events are told as they happen", async () => {
  const controller = new AbortController();
  const { body } = await fetch(at("events"), { signal: controller.signal });
  const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
  await reader.read(); // ": connected"
  await new SSM(configuration).putParameter({ Name: "told", Value: "1", Type: "String" });
  const { value } = await reader.read();
  expect(JSON.parse(value!.replace(/^data: /, ""))).toMatchObject({ kind: "call", service: "ssm", name: "PutParameter", account: "123456789012", region: "eu-west-1" });
  controller.abort();
});

test("a client that knows nothing but AWS_ENDPOINT_URL stays here, also where SQS's clients follow the queue's own address", async () => {
  vi.stubEnv("AWS_ENDPOINT_URL", running.endpoint);
  const sqs = new SQS({ region: "eu-west-1", credentials: configuration.credentials });
  const { QueueUrl } = await sqs.createQueue({ QueueName: "inbox" });
  expect(QueueUrl).toBe(`${running.endpoint}/123456789012/inbox`);
  await sqs.sendMessage({ QueueUrl, MessageBody: "hello" });
  expect((await sqs.receiveMessage({ QueueUrl })).Messages![0]!.Body).toBe("hello");
  vi.unstubAllEnvs();
});

test("a reset empties the run and keeps the time", async () => {
  const ssm = new SSM(configuration);
  await ssm.putParameter({ Name: "before", Value: "1", Type: "String" });
  await fetch(at("reset"), { method: "POST" });
  await expect(ssm.getParameter({ Name: "before" })).rejects.toMatchObject({ name: "ParameterNotFound" });
  expect(await (await fetch(at("health"))).json()).toMatchObject({ now: expect.stringContaining("2026-03-02") });
});

test("what isn't there says what is", async () => {
  const response = await fetch(at("nothing"));
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ routes: expect.arrayContaining(["GET /_causeway/clock"]) });
});

test("HEAD has a length and no body, and a range has its part", async () => {
  const s3 = new S3({ ...configuration, forcePathStyle: true });
  await s3.createBucket({ Bucket: "bucket", CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } });
  await s3.putObject({ Bucket: "bucket", Key: "k", Body: "0123456789" });
  expect((await s3.headObject({ Bucket: "bucket", Key: "k" })).ContentLength).toBe(10);
  const part = await s3.getObject({ Bucket: "bucket", Key: "k", Range: "bytes=2-4" });
  expect([part.ContentRange, await part.Body!.transformToString(), part.$metadata.httpStatusCode]).toEqual(["bytes 2-4/10", "234", 206]);
});

test("a client that waits to be told to go on is told", async () => {
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const sent = ask({ port: running.port, method: "PUT", path: "/bucket/expected", headers: { expect: "100-continue", "content-length": 4 } }, (response) => resolve(response.statusCode));
    sent.on("continue", () => sent.end("body"));
    sent.on("error", reject);
    sent.flushHeaders();
  });
  expect(status).toBe(200);
});

test("a client that stops half way holds nobody up", async () => {
  const slow = connect(running.port, "127.0.0.1");
  slow.on("error", () => undefined);
  slow.write("PUT /bucket/slow HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nhalf");
  const ssm = new SSM(configuration);
  await Promise.all(Array.from({ length: 20 }, (_, index) => ssm.putParameter({ Name: `fast-${index}`, Value: "1", Type: "String" })));
  slow.destroy();
});

test("a body over the limit and headers over theirs are refused", async () => {
  const large = await fetch(`${running.endpoint}/bucket/large`, { method: "PUT", body: "x".repeat(200_000) }).then(({ status }) => status, () => "closed");
  expect([413, "closed"]).toContain(large);
  const headers = await fetch(`${running.endpoint}/bucket`, { headers: { "x-amz-meta-a": "x".repeat(40_000) } }).then(({ status }) => status);
  expect(headers).toBe(431);
});

test("the answers carry the cloud's date and a request id", async () => {
  const response = await fetch(`${running.endpoint}/bucket?location`);
  expect(response.headers.get("date")).toMatch(/^Mon, 02 Mar 2026/);
  expect(response.headers.get("x-amz-request-id")).toMatch(/^[0-9a-f-]{36}$/);
});
