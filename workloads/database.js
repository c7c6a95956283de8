/** The shop's database: a few connections, each dropped as soon as it is in doubt, so that after a failover new ones find the new writer. */
import { patiently } from "./patience.js";
import { Connection, ConnectionError } from "./postgres.js";
import { optional, required } from "./settings.js";

/** Where it is and how to be let in, as the task definition says. `DATABASE_TLS=off` is for a database on the same machine. */
export const databaseOptions = () => ({
  host: required("DATABASE_HOST"),
  port: Number(required("DATABASE_PORT")),
  database: required("DATABASE_NAME"),
  user: required("DATABASE_USER"),
  password: required("DATABASE_PASSWORD"),
  tls: optional("DATABASE_TLS", "on") !== "off",
  timeout: 3000,
});

/** The database is a standby: www.postgresql.org/docs/current/hot-standby.html */
export const isReadOnly = (error) => error.code === "25006";

/** No connection, a password that is just being changed, a server that starts or stops, a lost race, tables that are not there yet: it may pass. */
export const mayPass = (error) => error instanceof ConnectionError || /^(08|28P|40|42P01|53|57P)/.test(error.code ?? "");

export class Database {
  #options;
  #free;
  #idle = [];
  #queue = [];

  constructor(options, connections) {
    this.#options = options;
    this.#free = connections;
  }

  /** One statement, once. */
  query(text, values, timeout = this.#options.timeout) {
    return this.#with(timeout, (connection) => connection.query(text, values, timeout));
  }

  /** The same, again and again while it may pass. Only for what may happen twice. */
  insist(text, values, within) {
    return patiently(() => this.query(text, values), { within, again: mayPass });
  }

  /** Several statements without values, in one transaction. */
  script(text) {
    return this.#with(this.#options.timeout, (connection) => connection.script(text));
  }

  close() {
    for (const connection of this.#idle.splice(0)) connection.close();
  }

  async #with(timeout, work) {
    await this.#turn(timeout);
    let connection;
    try {
      connection = await this.#connection();
      return await work(connection);
    } catch (error) {
      // The name may lead to a writer by now.
      if (isReadOnly(error)) connection.close();
      // What one connection met, its neighbours have before them; each would find out by its own time-out.
      if (!connection || connection.broken) this.close();
      throw error;
    } finally {
      if (connection && !connection.broken) this.#idle.push(connection);
      this.#free++;
      this.#queue.shift()?.();
    }
  }

  async #connection() {
    while (this.#idle.length > 0) {
      const connection = this.#idle.pop();
      if (!connection.broken) return connection;
    }
    return Connection.open(this.#options);
  }

  /** Waits until fewer than all connections are in use. */
  #turn(timeout) {
    if (this.#free > 0) {
      this.#free--;
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const turn = () => {
        clearTimeout(timer);
        this.#free--;
        resolve();
      };
      const timer = setTimeout(() => {
        this.#queue.splice(this.#queue.indexOf(turn), 1);
        reject(new ConnectionError("BUSY", `All connections were in use for ${timeout} ms.`));
      }, timeout);
      this.#queue.push(turn);
    });
  }
}
