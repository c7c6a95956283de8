/** SDK clients without a socket: the real client, its middleware and its codec, and our front behind them. */
import { Front } from "./front.ts";
import type { Blobs } from "./blobs.ts";
import type { Cloud } from "./cloud.ts";

type HandlerRequest = {
  method: string;
  hostname: string;
  path: string;
  query?: Record<string, string | string[] | null>;
  headers: Record<string, string>;
  body?: unknown;
};

type Options = { region?: string; accessKeyId?: string; secretAccessKey?: string; sessionToken?: string };

/** `clients(cloud)(EC2, { region: "eu-west-1" })` → an `EC2` that talks to that cloud. */
export function clients(cloud: Cloud, front = new Front(cloud)) {
  return <Client>(
    Kind: new (configuration: any) => Client,
    { region = "eu-west-1", accessKeyId = "test", secretAccessKey = "test", sessionToken }: Options = {},
  ): Client =>
    new Kind({
      region,
      endpoint: "http://127.0.0.1",
      credentials: { accessKeyId, secretAccessKey, sessionToken },
      maxAttempts: 1,
      requestHandler: { handle: async (request: HandlerRequest) => ({ response: await answer(front, cloud.blobs, request) }) },
    });
}

async function answer(front: Front, blobs: Blobs, request: HandlerRequest) {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name.toLowerCase()] = value;
  const pairs = Object.entries(request.query ?? {}).flatMap(([name, values]) =>
    (Array.isArray(values) ? values : [values]).map((value) =>
      value === null ? encodeURIComponent(name) : `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
    ),
  );
  const url = pairs.length > 0 ? `${request.path}?${pairs.join("&")}` : request.path;
  const {
    status,
    headers: answered,
    body,
    stream,
  } = await front.answer({ method: request.method, url, headers, body: await bytesOf(request.body) });
  const { Readable } = await import("node:stream");
  const bytes = stream ? slice(blobs.get(stream), stream) : typeof body === "string" ? Buffer.from(body) : (body ?? new Uint8Array());
  return { statusCode: status, headers: answered, body: Readable.from(bytes.byteLength > 0 ? [bytes] : []) };
}

/** The part of a stored body that an answer is to carry. */
export function slice(bytes: Uint8Array, { range }: { range?: { start: number; end: number } }): Uint8Array {
  return range ? bytes.subarray(range.start, range.end + 1) : bytes;
}

async function bytesOf(body: unknown): Promise<Uint8Array> {
  if (body === undefined || body === null) return new Uint8Array();
  if (typeof body === "string") return Buffer.from(body);
  if (body instanceof Uint8Array) return body;
  const parts: Uint8Array[] = [];
  for await (const part of body as AsyncIterable<Uint8Array | string>) parts.push(typeof part === "string" ? Buffer.from(part) : part);
  return Buffer.concat(parts);
}
