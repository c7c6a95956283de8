/** The cloud over HTTP: what its own routes do, and what clients may do to a connection without harm to others. */
import { S3 } from "@aws-sdk/client-s3";
import { SQS } from "@aws-sdk/client-sqs";
import { SSM } from "@aws-sdk/client-ssm";
import { mkdtempSync, rmSync } from "node:fs";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { connect as connectSocket, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { instant } from "../kernel/units.ts";
import { fileBlobs } from "./blobs.ts";
import { Cloud } from "./cloud.ts";
import { serve, type Running, type ServerOptions } from "./server.ts";

const START = "2026-03-02T10:00:00.000Z";
const keys = { accessKeyId: "test", secretAccessKey: "test" };

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A server whose clock stands still at 2 March 2026, ten o'clock. */
async function start(options: Partial<ServerOptions> = {}, cloud = new Cloud({ start: instant(START) })) {
  const running = await serve(cloud, { host: "127.0.0.1", port: 0, speed: 0, verifySignatures: false, ...options });
  ends.push(() => running.close());
  const get = async (path: string) => (await fetch(`${running.endpoint}/_causeway/${path}`)).json() as Promise<any>;
  const post = async (path: string, body: unknown) => {
    const answer = await fetch(`${running.endpoint}/_causeway/${path}`, {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    return { status: answer.status, body: (await answer.json()) as any };
  };
  const connection = <Client>(Kind: new (configuration: any) => Client): Client => {
    const client = new Kind({ region: "eu-west-1", endpoint: running.endpoint, credentials: keys, maxAttempts: 1, forcePathStyle: true });
    ends.push(() => (client as { destroy?(): void }).destroy?.());
    return client;
  };
  return { cloud, running, get, post, connection, ssm: connection(SSM), s3: connection(S3) };
}

async function bucket(s3: S3): Promise<void> {
  await s3.createBucket({ Bucket: "bodies", CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } });
}

/** Names S3 in the bucket's region, and proves nothing. */
const signed = { authorization: "AWS4-HMAC-SHA256 Credential=test/20260302/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=00" };
const lines = `host: 127.0.0.1:4566\r\nauthorization: ${signed.authorization}\r\n`;

/** A bare connection, and what has come over it so far. */
function socketTo({ port }: Running) {
  const socket: Socket = connectSocket(port, "127.0.0.1");
  ends.push(() => socket.destroy());
  let text = "";
  socket.on("data", (part) => (text += part.toString("latin1")));
  const closed = new Promise<string>((resolve) => {
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(text));
  });
  const until = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const look = () => pattern.test(text) && resolve(text);
      socket.on("data", look);
      socket.on("close", () => reject(new Error(`closed after ${text}`)));
      look();
    });
  return { socket, closed, until };
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = "";
  for await (const part of answer) text += String(part);
  return text;
}

describe("/_causeway", () => {
  test("health says the time, the speed and the process; an unknown route names those that exist", async () => {
    const { get, running } = await start();
    expect(await get("health")).toEqual({ status: "ok", now: START, speed: 0, pid: process.pid });
    const lost = await fetch(`${running.endpoint}/_causeway/lost`);
    expect([lost.status, await lost.json()]).toEqual([404, { routes: expect.arrayContaining(["POST /_causeway/clock"]) }]);
    expect((await fetch(`${running.endpoint}/_causeway/`)).status).toBe(200);
    expect((await fetch(`${running.endpoint}/_causeway/health`, { method: "DELETE" })).status).toBe(404);
  });

  test("coverage counts what was asked", async () => {
    const { get, ssm } = await start();
    await ssm.describeParameters({});
    await expect(ssm.getParameter({ Name: "lost" })).rejects.toMatchObject({ name: "ParameterNotFound" });
    await expect(ssm.describeEffectivePatchesForPatchBaseline({ BaselineId: "pb-1" })).rejects.toMatchObject({
      name: "NotImplemented",
      $metadata: { httpStatusCode: 501 },
    });
    expect(await get("coverage")).toEqual({
      "ssm:DescribeParameters": { answered: 1, refused: 0, notImplemented: 0 },
      "ssm:GetParameter": { answered: 0, refused: 1, notImplemented: 0 },
      "ssm:DescribeEffectivePatchesForPatchBaseline": { answered: 0, refused: 0, notImplemented: 1 },
    });
  });

  test("the clock is moved by so much, up to a moment, and its speed set", async () => {
    const { get, post, running } = await start();
    expect((await post("clock", { advance: 3600 })).body).toMatchObject({ now: "2026-03-02T11:00:00.000Z", speed: 0 });
    expect((await post("clock", { until: "2027-01-01T00:00:00Z" })).body.now).toBe("2027-01-01T00:00:00.000Z");
    expect((await post("clock", { advance: 1.5, until: "2027-01-01T00:01:00Z", speed: "max" })).body).toMatchObject({
      now: "2027-01-01T00:01:00.000Z",
      speed: "max",
    });
    expect((await fetch(`${running.endpoint}/_causeway/clock`)).headers.get("date")).toMatch(/^Fri, 01 Jan 2027 00:01:\d\d GMT$/);
    await post("clock", { speed: 1_000_000 });
    const before = Date.parse((await get("clock")).now);
    // a thousand virtual seconds for each millisecond
    await expect.poll(async () => Date.parse((await get("clock")).now) - before).toBeGreaterThan(10_000);
    await post("clock", { speed: 0 });
    expect((await get("clock")).now).toBe((await get("clock")).now);
  });

  test("quiet is when nobody waits for anything", async () => {
    const { get, post, running } = await start();
    const template = encodeURIComponent(
      JSON.stringify({ Resources: { P: { Type: "AWS::SSM::Parameter", Properties: { Name: "made", Type: "String", Value: "v" } } } }),
    );
    const form = (service: string, body: string) =>
      fetch(running.endpoint, {
        method: "POST",
        headers: {
          "content-type": "application/x-www-form-urlencoded",
          authorization: `AWS4-HMAC-SHA256 Credential=test/20260302/eu-west-1/${service}/aws4_request, SignedHeaders=host, Signature=00`,
        },
        body,
      });
    expect((await form("cloudformation", `Action=CreateStack&StackName=s&TemplateBody=${template}`)).status).toBe(200);
    expect((await get("clock")).pending).toBeGreaterThan(0);
    expect((await post("clock", { run: "quiet" })).body.pending).toBe(0);
    expect(await (await form("cloudformation", "Action=DescribeStacks&StackName=s")).text()).toContain("CREATE_COMPLETE");
  });

  const bad: [string, unknown][] = [
    ["no JSON", "{"],
    ["a list", []],
    ["a number", 5],
    ["null", null],
    ["an unknown member", { forward: 5 }],
    ["a text for seconds", { advance: "5" }],
    ["seconds back", { advance: -1 }],
    ["seconds without end", '{"advance":1e999}'],
    ["a moment that is past", { until: "2020-01-01T00:00:00Z" }],
    ["a moment that is none", { until: "tomorrow" }],
    ["a speed backwards", { speed: -1 }],
    ["a speed in words", { speed: "fast" }],
    ["another run", { run: "loud" }],
    ["one that is right and one that is not", { advance: 5, run: "loud" }],
  ];
  test.each(bad)("the clock refuses %s, and stands where it stood", async (_name, body) => {
    const { get, post } = await start();
    expect(await post("clock", body)).toEqual({
      status: 400,
      body: { code: "CLOCK_BODY", message: expect.any(String), fix: expect.any(String) },
    });
    expect((await get("clock")).now).toBe(START);
  });

  test("reset empties the cloud and leaves the time and the address", async () => {
    const { cloud, get, post, ssm, running } = await start();
    await ssm.putParameter({ Name: "a", Value: "b", Type: "String" });
    await post("clock", { advance: 60 });
    expect(await post("reset", "")).toEqual({ status: 200, body: { status: "empty" } });
    await expect(ssm.getParameter({ Name: "a" })).rejects.toMatchObject({ name: "ParameterNotFound" });
    expect((await get("clock")).now).toBe("2026-03-02T10:01:00.000Z");
    expect(cloud.run.universe.endpoint).toBe(running.endpoint);
  });

  test("events are told as they happen, and a reader who leaves is forgotten", async () => {
    const { running, ssm } = await start();
    const aborting = new AbortController();
    const answer = await fetch(`${running.endpoint}/_causeway/events`, { signal: aborting.signal });
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
    const reader = answer.body!.getReader();
    const next = async () => Buffer.from((await reader.read()).value).toString();
    expect(await next()).toBe(": connected\n\n");
    await expect(ssm.getParameter({ Name: "a" })).rejects.toThrow();
    const told = await next();
    expect(JSON.parse(told.replace("data: ", ""))).toEqual({
      at: START,
      kind: "call",
      service: "ssm",
      name: "GetParameter",
      account: "123456789012",
      region: "eu-west-1",
      error: "ParameterNotFound",
    });
    aborting.abort();
    await ssm.describeParameters({});
  });

  test("a server that closes lets its readers go", async () => {
    const { running } = await start();
    const answer = await fetch(`${running.endpoint}/_causeway/events`);
    ends.splice(0);
    await running.close();
    await answer.text().catch(() => undefined);
    await expect(fetch(`${running.endpoint}/_causeway/health`)).rejects.toThrow();
  });
});

test("the answers carry the cloud's date and a request id", async () => {
  const { running, s3 } = await start();
  await bucket(s3);
  const response = await fetch(`${running.endpoint}/bodies?location`);
  expect(response.headers.get("date")).toBe("Mon, 02 Mar 2026 10:00:00 GMT");
  expect(response.headers.get("x-amz-request-id")).toMatch(/^[0-9a-f-]{36}$/);
});

test("a client that knows nothing but AWS_ENDPOINT_URL stays here, also where SQS's clients follow the queue's own address", async () => {
  const { running } = await start();
  vi.stubEnv("AWS_ENDPOINT_URL", running.endpoint);
  const sqs = new SQS({ region: "eu-west-1", credentials: keys });
  const { QueueUrl } = await sqs.createQueue({ QueueName: "inbox" });
  expect(QueueUrl).toBe(`${running.endpoint}/123456789012/inbox`);
  await sqs.sendMessage({ QueueUrl, MessageBody: "hello" });
  expect((await sqs.receiveMessage({ QueueUrl })).Messages![0]!.Body).toBe("hello");
  vi.unstubAllEnvs();
});

test("a port in use is said in words", async () => {
  const { running } = await start();
  await expect(start({ port: running.port })).rejects.toMatchObject({ code: "PORT_IN_USE" });
});

describe("bodies", () => {
  test("HEAD has the length and no body, and the connection goes on", async () => {
    const { running, s3 } = await start();
    await bucket(s3);
    await s3.putObject({ Bucket: "bodies", Key: "key", Body: "content" });
    const { socket, until } = socketTo(running);
    const head = `HEAD /bodies/key HTTP/1.1\r\n${lines}\r\n`;
    socket.write(`${head}${head}GET /bodies/key HTTP/1.1\r\n${lines}\r\n`);
    const text = await until(/content$/);
    expect(text.match(/HTTP\/1.1 200 OK/g)).toHaveLength(3);
    expect(text.match(/content-length: 7/gi)).toHaveLength(3);
    expect(text.match(/^content$/gm)).toHaveLength(1);
  });

  test("the whole address in the first line is understood, as proxies' clients send it", async () => {
    const { running, s3 } = await start();
    await bucket(s3);
    const { socket, until } = socketTo(running);
    socket.write(`GET http://127.0.0.1:4566/bodies?list-type=2 HTTP/1.1\r\n${lines}\r\n`);
    expect(await until(/<\/ListBucketResult>/)).toContain("<Name>bodies</Name>");
  });

  const upload = (running: Running, headers: Record<string, string | number>, body: Buffer, onContinue = () => undefined) =>
    new Promise<{ status: number; text: string; continued: boolean }>((resolve, reject) => {
      let continued = false;
      const request = httpRequest(`${running.endpoint}/bodies/key`, { method: "PUT", headers: { ...signed, ...headers } });
      request.on("continue", () => {
        continued = true;
        onContinue();
        request.end(body);
      });
      request.on(
        "response",
        (answer) => void textOf(answer).then((text) => resolve({ status: answer.statusCode!, text, continued }), reject),
      );
      request.on("error", reject);
      if (headers.expect === undefined) request.end(body);
      else request.flushHeaders();
    });

  test("who asks whether to continue is told so, or that it is too much before a byte is sent", async () => {
    const { running, s3 } = await start({ bodyMax: 1000 });
    await bucket(s3);
    expect(await upload(running, { expect: "100-continue", "content-length": 7 }, Buffer.from("content"))).toMatchObject({
      status: 200,
      continued: true,
    });
    expect(await upload(running, { expect: "100-continue", "content-length": 1001 }, Buffer.alloc(1001))).toMatchObject({
      status: 413,
      continued: false,
    });
  });

  test("a body over the limit is refused, with its length announced or not; one at the limit is not", async () => {
    const { running, s3, get } = await start({ bodyMax: 100_000 });
    await bucket(s3);
    expect((await upload(running, { "content-length": 100_000 }, Buffer.alloc(100_000))).status).toBe(200);
    expect(await upload(running, { "content-length": 100_001 }, Buffer.alloc(100_001))).toMatchObject({
      status: 413,
      text: expect.stringContaining("EntityTooLarge"),
    });
    expect(await upload(running, { "transfer-encoding": "chunked" }, Buffer.alloc(3_000_000))).toMatchObject({
      status: 413,
      text: expect.stringContaining("EntityTooLarge"),
    });
    expect((await fetch(`${running.endpoint}/_causeway/clock`, { method: "POST", body: "9".repeat(100_001) })).status).toBe(413);
    expect((await get("health")).status).toBe("ok");
  });

  test("bodies that are files are sent whole and in part; when the file is gone the answer breaks off and the server goes on", async () => {
    const folder = mkdtempSync(join(tmpdir(), "causeway-"));
    ends.push(() => rmSync(folder, { recursive: true, force: true }));
    const { s3, running, get } = await start({}, new Cloud({ start: instant(START), blobs: fileBlobs(folder) }));
    await bucket(s3);
    const body = Buffer.from(Array.from({ length: 600_000 }, (_, index) => index % 251));
    await s3.putObject({ Bucket: "bodies", Key: "key", Body: body });
    const read = async (Range?: string) =>
      Buffer.from(await (await s3.getObject({ Bucket: "bodies", Key: "key", Range })).Body!.transformToByteArray());
    expect((await read()).equals(body)).toBe(true);
    expect((await read("bytes=1000-400999")).equals(body.subarray(1000, 401_000))).toBe(true);
    expect((await s3.headObject({ Bucket: "bodies", Key: "key" })).ContentLength).toBe(600_000);
    rmSync(folder, { recursive: true });
    await expect(fetch(`${running.endpoint}/bodies/key`, { headers: signed }).then((answer) => answer.arrayBuffer())).rejects.toThrow();
    expect((await get("health")).status).toBe("ok");
  });
});

describe("others are not harmed", () => {
  test("a client that sends half a body holds up nobody, and is answered when the rest has come", async () => {
    const { running, ssm, s3 } = await start();
    await bucket(s3);
    const { socket, until } = socketTo(running);
    socket.write(`PUT /bodies/slow HTTP/1.1\r\n${lines}content-length: 8\r\n\r\nhalf`);
    await ssm.putParameter({ Name: "a", Value: "b", Type: "String" });
    expect((await ssm.getParameter({ Name: "a" })).Parameter!.Value).toBe("b");
    expect((await s3.listObjectsV2({ Bucket: "bodies" })).KeyCount).toBe(0);
    socket.write("half");
    expect(await until(/\r\n\r\n/)).toMatch(/^HTTP\/1.1 200 OK/);
    expect((await s3.listObjectsV2({ Bucket: "bodies" })).KeyCount).toBe(1);
  });

  test("a client that leaves amid its body leaves nothing behind", async () => {
    const { running, s3, get } = await start();
    await bucket(s3);
    const { socket, closed } = socketTo(running);
    socket.write(`PUT /bodies/left HTTP/1.1\r\n${lines}content-length: 8\r\n\r\nhalf`, () => socket.destroy());
    await closed;
    expect((await s3.listObjectsV2({ Bucket: "bodies" })).KeyCount).toBe(0);
    expect((await get("health")).status).toBe("ok");
  });

  const broken: [string, string, RegExp][] = [
    ["headers over the limit", `GET / HTTP/1.1\r\nhost: a\r\nx: ${"x".repeat(40_000)}\r\n\r\n`, /^HTTP\/1.1 431 /],
    ["what is no HTTP", "MAKE TEA\r\n\r\n", /^HTTP\/1.1 400 /],
    ["two lengths", "PUT /a/b HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab", /^HTTP\/1.1 400 /],
    [
      "a length and chunks",
      "PUT /a/b HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
      /^HTTP\/1.1 400 /,
    ],
    ["a chunk whose size is none", "PUT /a/b HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", /^HTTP\/1.1 400 /],
    ["no host", "GET / HTTP/1.1\r\n\r\n", /^HTTP\/1.1 400 /],
  ];
  test.each(broken)("%s is refused and the server goes on", async (_name, text, expected) => {
    const { running, get } = await start();
    const { socket, closed } = socketTo(running);
    socket.write(text);
    expect(await closed).toMatch(expected);
    expect((await get("health")).status).toBe("ok");
  });
});

describe("POST /_causeway/world", () => {
  test("does something to the world, and says when", async () => {
    const { cloud, post } = await start();
    expect(await post("world", { act: "lose-zone", zone: "euw1-az1" })).toEqual({
      status: 200,
      body: { at: START, act: "lose-zone", zone: "euw1-az1" },
    });
    expect([...cloud.run.universe.world.zonesLost]).toEqual(["euw1-az1"]);
  });

  test("what is no act, and what names nothing that is there, is refused in words", async () => {
    const { post } = await start();
    expect(await post("world", "{")).toMatchObject({ status: 400, body: { code: "ACT_BODY" } });
    expect(await post("world", { act: "lose-zone" })).toMatchObject({ status: 400, body: { message: expect.stringMatching(/^zone: /) } });
    expect(await post("world", { act: "power-off", machine: "rack-9" })).toMatchObject({
      status: 404,
      body: { code: "ACT_UNKNOWN", message: "There is no machine rack-9." },
    });
  });
});
