/** The same cloud over HTTP, and `/_causeway/…` beside it. */
import { createReadStream } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { pipeline } from "node:stream";
import { Pace, type Speed } from "../kernel/pace.ts";
import { UserError } from "../kernel/assert.ts";
import { date, instant } from "../kernel/units.ts";
import { actSchema, type Act } from "../world/acts.ts";
import { slice } from "./clients.ts";
import { emptyRun, type Cloud } from "./cloud.ts";
import { Front, type HttpResponse } from "./front.ts";
import type { Keeper } from "./keeper.ts";

export type ServerOptions = {
  host: string;
  port: number;
  /** Real time × speed; `max` = as fast as possible whenever work is pending. */
  speed: Speed;
  verifySignatures: boolean;
  keeper?: Keeper;
  /** Bytes that a request's body may have; absent = 1 GiB. */
  bodyMax?: number;
};

export type Running = { endpoint: string; port: number; pace: Pace; front: Front; close(): Promise<void> };

// S3's own limit for one PUT is 5 GiB; bodies pass through memory here, so this is ours. AWS's query and JSON services take far less.
const BODY_MAX = 1024 ** 3;
// What /_causeway takes is a line of JSON.
const CONTROL_MAX = 64 * 1024;
// Of a body that is too long so much more is read and dropped: a client that is still writing would not see the refusal otherwise.
const DROPPED_MAX = 64 * 1024 ** 2;
// A client that sends nothing for so long is cut off, so that it holds nobody up.
const IDLE_MAX = 60_000;

export async function serve(
  cloud: Cloud,
  { host, port, speed, verifySignatures, keeper, bodyMax = BODY_MAX }: ServerOptions,
): Promise<Running> {
  const front = new Front(cloud, { verifySignatures, record: keeper && ((call) => keeper.record(call)) });
  const pace = new Pace({ run: () => cloud.run, handle: cloud.handle, speed });
  const server = createServer({ maxHeaderSize: 32 * 1024, requestTimeout: 300_000, headersTimeout: 20_000, keepAliveTimeout: 65_000 });
  const streams = new Set<ServerResponse>();
  server.on("request", (request, response) => {
    request.setTimeout(IDLE_MAX, () => request.destroy());
    // The cloud's own time, by which clients whose clock differs correct theirs before they sign again.
    response.sendDate = false;
    response.setHeader("date", date(cloud.run.now).toUTCString());
    const control = request.url?.startsWith("/_causeway");
    const answered = control
      ? controls({ cloud, front, pace, keeper, streams }, request, response)
      : forward({ cloud, front, pace, bodyMax }, request, response);
    answered.catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500, { "content-type": "text/plain" });
      response.end();
      console.error("A request failed inside Causeway.", error);
    });
  });
  server.on("checkContinue", (request, response) => {
    if (!announcesMore(request, bodyMax)) response.writeContinue();
    server.emit("request", request, response);
  });
  await listen(server, port, host);
  const address = server.address();
  const listening = typeof address === "object" && address ? address.port : port;
  const endpoint = endpointOf(host, listening);
  if (keeper) await keeper.endpoint(endpoint);
  else cloud.run.universe.endpoint = endpoint;
  pace.start();
  return {
    endpoint,
    port: listening,
    pace,
    front,
    async close() {
      pace.stop();
      for (const stream of streams) stream.end();
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      server.closeIdleConnections();
      setImmediate(() => server.closeAllConnections());
      await closed;
      await keeper?.close();
    },
  };
}

/** As a client on this machine reaches it. */
function endpointOf(host: string, port: number): string {
  const shown = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
  return `http://${shown}:${port}`;
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE")
        reject(
          new UserError(
            "PORT_IN_USE",
            `Port ${port} on ${host} is in use.`,
            `Stop what listens there, or choose another: causeway cloud --port ${port + 1}`,
          ),
        );
      else if (error.code === "EACCES")
        reject(
          new UserError(
            "PORT_DENIED",
            `Port ${port} needs more rights than this user has.`,
            "Choose a port above 1023: causeway cloud --port 4566",
          ),
        );
      else
        reject(
          new UserError(
            "LISTEN",
            `Can't listen on ${host}:${port}: ${error.message}.`,
            "Give an address of this machine: causeway cloud --host 127.0.0.1",
          ),
        );
    });
    server.listen(port, host, () => resolve());
  });
}

type Forwarding = { cloud: Cloud; front: Front; pace: Pace; bodyMax: number };

async function forward({ cloud, front, pace, bodyMax }: Forwarding, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await read(request, response, bodyMax);
  if (!body) return;
  await pace.catchUp();
  const answer = await front.answer({ method: request.method ?? "GET", url: pathOf(request), headers: flat(request), body });
  pace.poke();
  send(cloud, request, response, answer);
}

/** Node joins repeated headers itself, but for set-cookie, which no AWS API reads. */
const flat = ({ headers }: IncomingMessage) => headers as Record<string, string>;

/** Clients that take us for a proxy name the host in the request's first line: RFC 9112, 3.2.2 */
const pathOf = ({ url = "/" }: IncomingMessage) => url.replace(/^https?:\/\/[^/?]*/i, "") || "/";

const announcesMore = ({ headers }: IncomingMessage, max: number) => Number(headers["content-length"] ?? 0) > max;

/** The body; undefined when there is nobody to answer any more, or when it was too long and that has been answered. */
function read(request: IncomingMessage, response: ServerResponse, max: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    let parts: Buffer[] = [];
    let size = 0;
    let refused = false;
    const refuse = () => {
      refused = true;
      parts = [];
      const text = "<Error><Code>EntityTooLarge</Code><Message>Your proposed upload exceeds the maximum allowed size</Message></Error>";
      response.writeHead(413, { "content-type": "application/xml", "content-length": text.length, connection: "close" });
      response.write(text);
      // Ended only when the client has sent all, for the end cuts the connection. Who waits for our word sends nothing more.
      if (request.headers.expect) response.end();
    };
    if (announcesMore(request, max)) refuse();
    request.on("data", (part: Buffer) => {
      size += part.length;
      if (!refused && size > max) refuse();
      if (!refused) parts.push(part);
      else if (size > max + DROPPED_MAX) request.destroy();
    });
    request.on("end", () => {
      if (refused) response.end();
      resolve(refused ? undefined : parts.length === 1 ? parts[0] : Buffer.concat(parts));
    });
    request.on("error", (error: NodeJS.ErrnoException) => (error.code === "ECONNRESET" ? resolve(undefined) : reject(error)));
    request.on("close", () => resolve(undefined));
  });
}

function send(cloud: Cloud, request: IncomingMessage, response: ServerResponse, { status, headers, body, stream }: HttpResponse): void {
  if (!stream) {
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    if (headers["content-length"] === undefined && status !== 204 && status !== 304)
      headers["content-length"] = String(bytes?.byteLength ?? 0);
    response.writeHead(status, headers);
    response.end(request.method === "HEAD" ? undefined : bytes);
    return;
  }
  const length = stream.range ? stream.range.end - stream.range.start + 1 : stream.size;
  response.writeHead(status, { ...headers, "content-length": String(length) });
  const path = length > 256 * 1024 ? cloud.blobs.path?.(stream.digest) : undefined;
  if (request.method === "HEAD") response.end();
  // When either side breaks off, both are closed: the client sees an answer that is too short.
  else if (path) pipeline(createReadStream(path, stream.range), response, () => undefined);
  else response.end(slice(cloud.blobs.get(stream), stream));
}

type Controls = { cloud: Cloud; front: Front; pace: Pace; keeper?: Keeper; streams: Set<ServerResponse> };

async function controls(all: Controls, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { cloud, front, pace, keeper } = all;
  const body = await read(request, response, CONTROL_MAX);
  if (!body) return;
  const route = `${request.method} ${(request.url ?? "").split("?")[0]}`;
  await pace.catchUp();
  if (route === "GET /_causeway/health")
    return json(response, 200, { status: "ok", now: date(cloud.run.now), speed: pace.speed, pid: process.pid });
  if (route === "GET /_causeway/coverage") return json(response, 200, front.coverage);
  if (route === "GET /_causeway/clock") return json(response, 200, clock(all));
  if (route === "POST /_causeway/clock") return setClock(all, body, response);
  if (route === "POST /_causeway/world") return act(all, body, response);
  if (route === "GET /_causeway/events") return events(all, request, response);
  if (route === "POST /_causeway/reset") {
    if (keeper) await keeper.reset("causeway");
    else cloud.run = emptyRun("causeway", cloud.run.now, cloud.run.universe.endpoint);
    pace.poke();
    return json(response, 200, { status: "empty" });
  }
  const routes = [
    "GET /_causeway/health",
    "GET /_causeway/coverage",
    "GET /_causeway/clock",
    "POST /_causeway/clock",
    "POST /_causeway/reset",
    "POST /_causeway/world",
    "GET /_causeway/events",
  ];
  return json(response, request.url === "/_causeway/" || request.url === "/_causeway" ? 200 : 404, { routes });
}

/** `{"act": "lose-zone", "zone": "euw1-az1"}` and the others of `world/acts.ts`. */
async function act({ cloud, pace, keeper }: Controls, body: Buffer, response: ServerResponse): Promise<void> {
  const fix = '{"act": "lose-zone", "zone": "euw1-az1"}';
  let said: unknown;
  try {
    said = JSON.parse(body.toString());
  } catch {
    return json(response, 400, { code: "ACT_BODY", message: "The body is not JSON.", fix });
  }
  const { success, error } = actSchema.safeParse(said);
  if (!success) {
    const message = error.issues.map(({ path, message: wrong }) => `${path.join(".") || "act"}: ${wrong}`).join("; ");
    return json(response, 400, { code: "ACT_BODY", message, fix });
  }
  const refused = cloud.refused(said as Act);
  if (refused) return json(response, 404, { code: "ACT_UNKNOWN", message: refused, fix: "Look at what is there, then name it." });
  cloud.act(said as Act);
  await keeper?.acted(said as Act);
  pace.poke();
  return json(response, 200, { at: date(cloud.run.now), ...(said as Act) });
}

function clock({ cloud, pace }: Controls) {
  return { now: date(cloud.run.now), speed: pace.speed, pending: cloud.run.working };
}

/** `{"advance": seconds}`, `{"until": "2027-01-01T00:00:00Z"}`, `{"speed": 60 | "max" | 0}`, `{"run": "quiet"}`; several at once in this order. */
async function setClock(all: Controls, body: Buffer, response: ServerResponse): Promise<void> {
  const { cloud, pace, keeper } = all;
  let order: Order;
  try {
    order = JSON.parse(body.toString() || "{}");
  } catch {
    return json(response, 400, { code: "CLOCK_BODY", message: "The body is not JSON.", fix: '{"advance": 3600}' });
  }
  const wrong = refuse(order, Number(cloud.run.now));
  if (wrong) return json(response, 400, wrong);
  const { advance, until, speed, run } = order;
  if (typeof advance === "number") await pace.advanceTo(instant(Number(cloud.run.now) + advance * 1000));
  if (typeof until === "string") await pace.advanceTo(instant(until));
  if (typeof speed === "number" || speed === "max") pace.setSpeed(speed);
  if (run === "quiet") cloud.settle();
  await keeper?.mark();
  pace.poke();
  return json(response, 200, clock(all));
}

type Order = { advance?: unknown; until?: unknown; speed?: unknown; run?: unknown };

function refuse(order: Order, now: number) {
  if (typeof order !== "object" || order === null || Array.isArray(order))
    return { code: "CLOCK_BODY", message: "The body is no object.", fix: '{"advance": 3600}' };
  const known = new Set(["advance", "until", "speed", "run"]);
  const strange = Object.keys(order).find((key) => !known.has(key));
  const bad = (message: string, fix: string) => ({ code: "CLOCK_BODY", message, fix });
  if (strange)
    return bad(`"${strange}" is not known here.`, '{"advance": 3600}, {"until": "2027-01-01T00:00:00Z"}, {"speed": 60}, {"run": "quiet"}');
  if (order.advance !== undefined && !(typeof order.advance === "number" && order.advance >= 0 && order.advance <= 1e11))
    return bad('"advance" is not a number of seconds.', '{"advance": 3600}');
  if (order.until !== undefined && !(typeof order.until === "string" && instant(order.until) >= now))
    return bad('"until" is not a moment to come.', '{"until": "2027-01-01T00:00:00Z"}');
  if (order.speed !== undefined && order.speed !== "max" && !(typeof order.speed === "number" && order.speed >= 0 && order.speed <= 1e6))
    return bad('"speed" is neither a number from 0 to 1000000 nor "max".', '{"speed": 60}');
  if (order.run !== undefined && order.run !== "quiet") return bad('"run" can only be "quiet".', '{"run": "quiet"}');
  return undefined;
}

function events({ cloud, streams }: Controls, request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  response.write(": connected\n\n");
  streams.add(response);
  const stop = cloud.observe((seen) => {
    // A reader who doesn't keep up is let go rather than held in memory.
    if (response.writableLength > 1024 * 1024) response.destroy();
    else response.write(`data: ${JSON.stringify({ ...seen, at: date(seen.at) })}\n\n`);
  });
  request.setTimeout(0);
  response.on("close", () => {
    stop();
    streams.delete(response);
  });
}

function json(response: ServerResponse, status: number, body: unknown): void {
  const text = `${JSON.stringify(body, null, 2)}\n`;
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  response.end(text);
}
