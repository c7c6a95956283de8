/** Real PostgreSQL servers for tests: a writer, standbys that follow it, TLS. Whatever is installed on the machine, version 12 or newer. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const debian = "/usr/lib/postgresql";

/** Where the programs are; undefined when there are none. */
const programs = [
  ...(existsSync(debian)
    ? readdirSync(debian)
        .toSorted((one, other) => Number(other) - Number(one))
        .map((version) => join(debian, version, "bin"))
    : []),
  ...(process.env.PATH ?? "").split(":"),
].find((folder) => ["initdb", "postgres", "pg_basebackup", "psql"].every((name) => existsSync(join(folder, name))));

/** PostgreSQL refuses to be root; `nobody` is everywhere. */
const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
const password = "pass word";

export const missing: string | undefined = programs ? undefined : "PostgreSQL is not installed (apt-get install postgresql)";

export const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

export class Postgres {
  readonly directory: string;
  readonly port: number;
  #server: ChildProcess | undefined;
  #settings: string[];

  private constructor(directory: string, port: number, settings: string[]) {
    this.directory = directory;
    this.port = port;
    this.#settings = settings;
  }

  /** An empty one that listens, with a database `app`. `settings`: more of postgresql.conf's. */
  static async start(settings: string[] = []): Promise<Postgres> {
    const directory = emptyDirectory();
    const secret = join(directory, "password");
    writeFileSync(secret, password);
    own(secret);
    const data = join(directory, "data");
    run("initdb", "-D", data, "-U", "shop", "--pwfile", secret, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync");
    const made = new Postgres(directory, await freePort(), settings);
    await made.resume();
    made.sql("CREATE DATABASE app", "postgres");
    return made;
  }

  /** A standby that follows this one. */
  async standby(): Promise<Postgres> {
    const directory = emptyDirectory();
    run(
      "pg_basebackup",
      "-D",
      join(directory, "data"),
      "-R",
      "-c",
      "fast",
      "--no-sync",
      "-h",
      "127.0.0.1",
      "-p",
      String(this.port),
      "-U",
      "shop",
    );
    const made = new Postgres(directory, await freePort(), []);
    await made.resume();
    return made;
  }

  /** After `kill`, at the same port. */
  async resume(): Promise<void> {
    const settings = [`port=${this.port}`, "listen_addresses=localhost", "unix_socket_directories=", "fsync=off", ...this.#settings];
    const server = spawn(
      join(programs!, "postgres"),
      ["-D", join(this.directory, "data"), ...settings.flatMap((setting) => ["-c", setting])],
      { ...user, stdio: ["ignore", "ignore", "pipe"] },
    );
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      const said: string[] = [];
      createInterface({ input: server.stderr }).on("line", (line) => {
        said.push(line);
        if (line.includes("is ready to accept")) resolve();
      });
      server.once("exit", () => reject(new Error(`PostgreSQL ended:\n${said.join("\n")}`)));
    });
  }

  /** `SIGQUIT`: ends as if the power went, connections with it. */
  async kill(signal: NodeJS.Signals = "SIGQUIT"): Promise<void> {
    const server = this.#server;
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const ended = new Promise((resolve) => server.once("exit", resolve));
    server.kill(signal);
    await ended;
  }

  /** Rows as lines. */
  sql(text: string, database = "app"): string {
    return run("psql", "-h", "127.0.0.1", "-p", String(this.port), "-U", "shop", "-d", database, "-qAtc", text).trim();
  }

  environment(): Record<string, string> {
    return {
      DATABASE_HOST: "localhost",
      DATABASE_PORT: String(this.port),
      DATABASE_NAME: "app",
      DATABASE_USER: "shop",
      DATABASE_PASSWORD: password,
      DATABASE_TLS: "off",
    };
  }

  async close(): Promise<void> {
    await this.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function emptyDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "causeway-postgres-"));
  own(directory);
  return directory;
}

const own = (path: string) => user.uid !== undefined && chownSync(path, user.uid, user.gid);

const run = (name: string, ...args: string[]): string =>
  execFileSync(join(programs!, name), args, {
    ...user,
    encoding: "utf8",
    cwd: "/",
    env: { PGPASSWORD: password, LC_ALL: "C" },
    stdio: "pipe",
  });

/** A certificate for `localhost` and the authority that made it, as files; undefined without openssl. */
export function certificate(): { authority: string; settings: string[]; directory: string } | undefined {
  const directory = emptyDirectory();
  const file = (name: string) => join(directory, name);
  const openssl = (...args: string[]) => spawnSync("openssl", args, { stdio: "ignore" }).status === 0;
  const name = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const made = openssl(
    "req",
    "-x509",
    ...name,
    "-subj",
    "/CN=localhost",
    "-addext",
    "subjectAltName=DNS:localhost",
    "-keyout",
    file("key"),
    "-out",
    file("certificate"),
  );
  if (!made) return undefined;
  own(file("key"));
  return {
    authority: file("certificate"),
    settings: ["ssl=on", `ssl_cert_file=${file("certificate")}`, `ssl_key_file=${file("key")}`],
    directory,
  };
}
