/** A load generator on raw sockets: an HTTP client library would cost more than the server that it measures. */
import { spawn, type ChildProcess } from "node:child_process";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";

export type Started = { port: number; child: ChildProcess; stop(): Promise<void> };

/** The built program on a free port. */
export async function start(...flags: string[]): Promise<Started> {
  const child = spawn(process.execPath, [join(process.cwd(), "bin", "causeway.js"), "cloud", "--port", "0", "--json", ...flags], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line = await new Promise<string>((resolve) => void createInterface({ input: child.stdout }).once("line", resolve));
  const { port } = JSON.parse(line) as { port: number };
  const ended = new Promise<void>((resolve) => void child.once("exit", () => resolve()));
  return {
    port,
    child,
    stop() {
      child.kill("SIGTERM");
      return ended;
    },
  };
}

export type Ask = { method?: string; path?: string; service: string; headers?: Record<string, string>; body?: string | Buffer };

/** A request as bytes, with a signature's scope but no true signature: that is not checked by default. */
export function bytesOf({ method = "POST", path = "/", service, headers = {}, body = "" }: Ask): Buffer {
  const head = [
    `${method} ${path} HTTP/1.1`,
    "host: 127.0.0.1",
    `authorization: AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/${service}/aws4_request, SignedHeaders=host;x-amz-date, Signature=${"0".repeat(64)}`,
    "x-amz-date: 20260101T000000Z",
    `content-length: ${Buffer.byteLength(body)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), Buffer.from(body)]);
}

export const json = (service: string, target: string, input: unknown, version = "1.1"): Buffer =>
  bytesOf({
    service,
    headers: { "content-type": `application/x-amz-json-${version}`, "x-amz-target": target },
    body: JSON.stringify(input),
  });

export const query = (service: string, version: string, input: Record<string, string>): Buffer =>
  bytesOf({
    service,
    headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
    body: new URLSearchParams({ ...input, Version: version }).toString(),
  });

/** One kept-alive connection that sends a request and waits for its whole answer. */
export class Connection {
  readonly #socket: Socket;
  #answered: ((answer: { status: number; body: Buffer }) => void) | undefined;
  #parts: Buffer[] = [];
  #size = 0;
  #want = -1;
  #head = 0;
  #status = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (part: Buffer) => this.#take(part));
  }

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1", () => resolve(new Connection(socket)));
      socket.once("error", reject);
    });
  }

  ask(request: Buffer): Promise<{ status: number; body: Buffer }> {
    return new Promise((resolve) => {
      this.#answered = resolve;
      this.#socket.write(request);
    });
  }

  #take(part: Buffer): void {
    this.#parts.push(part);
    this.#size += part.length;
    if (this.#want < 0) {
      const all = this.#parts.length === 1 ? part : Buffer.concat(this.#parts);
      const end = all.indexOf("\r\n\r\n");
      if (end < 0) return;
      const head = all.toString("latin1", 0, end);
      this.#status = Number(head.slice(9, 12));
      this.#head = end + 4;
      this.#want = this.#head + Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    }
    if (this.#size < this.#want) return;
    const body = Buffer.concat(this.#parts).subarray(this.#head, this.#want);
    this.#parts = [];
    this.#size = 0;
    this.#want = -1;
    this.#answered?.({ status: this.#status, body });
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Requests a second over several connections for about `time` milliseconds. Stops at an answer that is no success. */
export async function load(port: number, next: (count: number) => Buffer, { connections = 16, time = 3000 } = {}): Promise<number> {
  const all = await Promise.all(Array.from({ length: connections }, () => Connection.open(port)));
  let count = 0;
  const from = performance.now();
  await Promise.all(
    all.map(async (connection) => {
      while (performance.now() - from < time) {
        const { status, body } = await connection.ask(next(count));
        if (status >= 300) throw new Error(`answered ${status}: ${body.toString()}`);
        count++;
      }
    }),
  );
  const took = performance.now() - from;
  for (const connection of all) connection.close();
  return (count / took) * 1000;
}
