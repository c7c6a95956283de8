/**
 * PostgreSQL's protocol, as much of it as the shop speaks: TLS, SCRAM, one statement at a time. The shop has no dependencies, so that its images
 * and the rehearsals on a laptop need nothing installed. www.postgresql.org/docs/current/protocol-message-formats.html
 */
import { connect as connectSocket } from "node:net";
import { connect as connectTls } from "node:tls";
import { Scram } from "./scram.js";

/** What the server refuses, with its SQLSTATE; www.postgresql.org/docs/current/errcodes-appendix.html */
export class DatabaseError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** The connection is of no more use: it broke, or it took too long and nobody knows what became of the statement. */
export class ConnectionError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

const int16 = (value) => Buffer.from([value >> 8, value & 0xff]);
function int32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
const cstring = (text) => Buffer.from(`${text}\0`);
function message(type, ...parts) {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

/** `SSLRequest` and protocol 3.0 */
const tlsRequest = Buffer.concat([int32(8), int32(80_877_103)]);
const protocol = int32(196_608);

/**
 * A client that vanished is let go of, and with it its locks, after 25 s instead of minutes; so is a statement that nobody waits for any more.
 * www.postgresql.org/docs/current/runtime-config-connection.html
 */
const sessionOptions = ["tcp_keepalives_idle=10", "tcp_keepalives_interval=5", "tcp_keepalives_count=3", "statement_timeout=30s"]
  .map((setting) => `-c ${setting}`)
  .join(" ");

/** Object identifiers of the types that are not left as texts. */
const readers = { 16: (text) => text === "t", 20: Number, 23: Number };

export class Connection {
  /** Undefined while it is well. */
  broken;
  #socket;
  #received = Buffer.alloc(0);
  #waiting;
  #scram;
  #options;

  /** `{ host, port, database, user, password, tls, timeout }`; the name is looked up each time, so that a failover's new address is found. */
  static async open(options) {
    const connection = new Connection();
    connection.#options = options;
    try {
      await connection.#within(options.timeout, `No connection to ${options.host}`, () => connection.#start());
    } catch (error) {
      connection.#fail(error);
      throw error;
    }
    return connection;
  }

  /** The rows, once the server is ready again: only then has it committed. */
  query(text, values = [], timeout = this.#options.timeout) {
    const parameters = values.flatMap((value) => {
      if (value === null) return [int32(-1)];
      const bytes = Buffer.from(String(value));
      return [int32(bytes.length), bytes];
    });
    return this.#within(timeout, "No answer from the database", () =>
      this.#send(
        message("P", cstring(""), cstring(text), int16(0)),
        message("B", cstring(""), cstring(""), int16(0), int16(values.length), ...parameters, int16(0)),
        message("D", Buffer.from("P"), cstring("")),
        message("E", cstring(""), int32(0)),
        message("S"),
      ),
    );
  }

  /** Several statements without values, in one transaction. */
  script(text, timeout = this.#options.timeout) {
    return this.#within(timeout, "No answer from the database", () => this.#send(message("Q", cstring(text))));
  }

  close() {
    if (this.broken) return;
    this.#socket.end(message("X"));
    this.#fail(new ConnectionError("CLOSED", "The connection was closed."));
  }

  async #within(timeout, complaint, work) {
    const timer = setTimeout(() => this.#fail(new ConnectionError("ETIMEDOUT", `${complaint} within ${timeout} ms.`)), timeout);
    try {
      return await work();
    } finally {
      clearTimeout(timer);
    }
  }

  async #start() {
    const { host, port, database, user, password, tls } = this.#options;
    this.#listen(connectSocket({ host, port, keepAlive: true, keepAliveInitialDelay: 10_000, noDelay: true }));
    await this.#until("connect");
    if (tls) {
      this.#socket.write(tlsRequest);
      const [answer] = await this.#until("data");
      if (answer.toString() !== "S") throw new ConnectionError("NO_TLS", `${host} does not speak TLS.`);
      this.#listen(connectTls({ socket: this.#socket, servername: host }));
      await this.#until("secureConnect");
    }
    this.#scram = new Scram(password);
    this.#socket.on("data", (bytes) => this.#read(bytes));
    const settings = ["user", user, "database", database, "application_name", "shop", "options", sessionOptions].map(cstring);
    const body = Buffer.concat([protocol, ...settings, Buffer.from([0])]);
    await this.#send(int32(body.length + 4), body);
  }

  #listen(socket) {
    this.#socket?.removeAllListeners("close");
    this.#socket = socket;
    socket.on("error", (error) => this.#fail(new ConnectionError(error.code ?? "ERROR", error.message)));
    socket.on("close", () => this.#fail(new ConnectionError("CLOSED", "The connection was lost.")));
  }

  /** The socket's next event of that name; rejects when the connection breaks before. */
  #until(event) {
    return new Promise((resolve, reject) => {
      if (this.broken) return reject(this.broken);
      this.#waiting = { reject };
      this.#socket.once(event, (...values) => {
        this.#waiting = undefined;
        resolve(values);
      });
    });
  }

  #send(...bytes) {
    return new Promise((resolve, reject) => {
      if (this.broken) return reject(this.broken);
      this.#waiting = { resolve, reject, columns: [], rows: [], error: undefined };
      this.#socket.write(Buffer.concat(bytes));
    });
  }

  #fail(error) {
    if (this.broken) return;
    this.broken = error;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#socket?.destroySoon();
    // What the server said before it hung up tells more.
    waiting?.reject(waiting.error ?? error);
  }

  #read(bytes) {
    this.#received = Buffer.concat([this.#received, bytes]);
    while (this.#received.length >= 5) {
      const end = 1 + this.#received.readInt32BE(1);
      if (this.#received.length < end) return;
      const [type, body] = [String.fromCharCode(this.#received[0]), this.#received.subarray(5, end)];
      this.#received = this.#received.subarray(end);
      this.#handle(type, body);
    }
  }

  #handle(type, body) {
    const waiting = this.#waiting;
    // Notices, settings and keys come at any time and change nothing here.
    if (!waiting) return;
    if (type === "R") this.#authenticate(body);
    else if (type === "T") waiting.columns = columns(body);
    else if (type === "D") waiting.rows.push(row(body, waiting.columns));
    else if (type === "E") waiting.error = error(body);
    else if (type === "Z") {
      this.#waiting = undefined;
      if (waiting.error) waiting.reject(waiting.error);
      else waiting.resolve(waiting.rows);
    }
  }

  #authenticate(body) {
    const kind = body.readInt32BE(0);
    if (kind === 0) return;
    try {
      const answer = this.#scram.answer(kind, body.subarray(4));
      if (answer) this.#socket.write(message("p", answer));
    } catch (error) {
      this.#fail(new ConnectionError("AUTHENTICATION", error.message));
    }
  }
}

function columns(body) {
  let at = 2;
  return Array.from({ length: body.readInt16BE(0) }, () => {
    const end = body.indexOf(0, at);
    const name = body.toString("utf8", at, end);
    const type = body.readInt32BE(end + 7);
    // After the name: table 4, column 2, type 4, size 2, modifier 4, format 2.
    at = end + 19;
    return { name, read: readers[type] ?? String };
  });
}

function row(body, columns) {
  let at = 2;
  const values = columns.map(({ name, read }) => {
    const length = body.readInt32BE(at);
    at += 4;
    if (length === -1) return [name, null];
    at += length;
    return [name, read(body.toString("utf8", at - length, at))];
  });
  return Object.fromEntries(values);
}

/** Fields are a letter and a text: C is the SQLSTATE, M the message. */
function error(body) {
  const fields = new Map(
    body
      .toString("utf8")
      .split("\0")
      .filter(Boolean)
      .map((field) => [field[0], field.slice(1)]),
  );
  return new DatabaseError(fields.get("C"), fields.get("M"));
}
