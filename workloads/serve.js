/** An HTTP server that ends well: on SIGTERM it takes no more, finishes what is under way and goes. */
import { createServer } from "node:http";
import { log, problem } from "./log.js";
import { optionalNumber } from "./settings.js";

/** Requests under way get so long; less than the 30 s that ECS waits before SIGKILL (`stopTimeout`). */
export const drainMax = 25_000;

/** Above the load balancer's idle time-out of 60 s: who closes first must be the load balancer, or it sends requests into connections that end. */
const keepAlive = 65_000;

const bodyMax = 128 * 1024;

/** An answer that is not well, thrown from anywhere below a route. */
export class Refusal extends Error {
  constructor(status, message, headers = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/** `routes`: method and path such as `GET /orders/:id` → `({ parameters, query, body }) → { status?, headers?, body }`. */
export function serve(routes, closing = () => undefined) {
  const table = Object.entries(routes).map(([route, handle]) => {
    const [method, path] = route.split(" ");
    return { method, pattern: new RegExp(`^${path.replaceAll(/:(\w+)/g, "(?<$1>[^/]+)")}$`), handle };
  });
  const server = createServer({ keepAliveTimeout: keepAlive, requestTimeout: 30_000 }, (request, response) =>
    answer(table, request).then(
      (reply) => send(server, response, reply),
      (error) => send(server, response, refusal(request, error)),
    ),
  );
  server.listen(optionalNumber("PORT", 8080), () => log("listening", { port: server.address().port }));
  for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => drain(server, signal, closing));
}

async function answer(table, request) {
  const url = new URL(request.url, "http://shop");
  const there = table.filter(({ pattern }) => pattern.test(url.pathname));
  const route = there.find(({ method }) => method === request.method);
  if (!route) throw new Refusal(there.length > 0 ? 405 : 404, there.length > 0 ? "Not this way." : "Nothing is here.");
  const parameters = route.pattern.exec(url.pathname).groups ?? {};
  return route.handle({ parameters, query: url.searchParams, body: request.method === "POST" ? await text(request) : undefined });
}

async function text(request) {
  const parts = [];
  let length = 0;
  for await (const part of request) {
    length += part.length;
    if (length > bodyMax) throw new Refusal(413, `A body has ${bodyMax} bytes at most.`, { Connection: "close" });
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function refusal(request, error) {
  if (error instanceof Refusal) return { status: error.status, headers: error.headers, body: { error: error.message } };
  log("failed", { method: request.method, url: request.url, ...problem(error) });
  return { status: 500, body: { error: "Something went wrong here." } };
}

function send(server, response, { status = 200, headers = {}, body = "" }) {
  const json = typeof body !== "string";
  response.writeHead(status, {
    "Content-Type": json ? "application/json" : "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    ...(!server.listening && { Connection: "close" }),
    ...headers,
  });
  response.end(json ? `${JSON.stringify(body)}\n` : body);
}

function drain(server, signal, closing) {
  log("draining", { signal });
  server.close(async () => {
    await closing();
    log("ended");
    process.exit(0);
  });
  setTimeout(() => {
    log("cut-off", { after: drainMax });
    process.exit(1);
  }, drainMax);
}
