/** Network namespaces joined by wires, with real FRR in them: the data centre's and AWS's routers on one Linux machine. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const daemons = "/usr/lib/frr";

/** Why the laboratory can't be set up here; undefined when it can. */
export function missing(): string | undefined {
  if (process.platform !== "linux") return "network namespaces are Linux's";
  if (process.getuid?.() !== 0) return "network namespaces need root";
  if (!existsSync(join(daemons, "bgpd"))) return "FRR is not installed (apt-get install frr)";
  for (const [program, ...args] of [
    ["ip", "-V"],
    ["nft", "-v"],
    ["ping", "-V"],
  ] as const) {
    if (attempt(program, ...args) === undefined) return `${program} is not installed`;
  }
  const probe = `causeway-${process.pid}`;
  if (attempt("ip", "netns", "add", probe) === undefined) return "network namespaces may not be made here";
  attempt("ip", "netns", "del", probe);
  return undefined;
}

/** What a program prints; undefined when it fails. */
export function attempt(program: string, ...args: string[]): string | undefined {
  try {
    return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return undefined;
  }
}

export class Laboratory {
  readonly directory = mkdtempSync(join(tmpdir(), "causeway-laboratory-"));
  // Test files run beside each other in one process: the directory's random end tells their machines apart.
  readonly #prefix = `cw-${this.directory.slice(-6)}-`;
  readonly #namespaces: string[] = [];
  readonly #children: ChildProcess[] = [];

  /** A machine: a namespace that forwards. */
  machine(name: string): string {
    this.ip("netns", "add", this.#prefix + name);
    this.#namespaces.push(name);
    this.ip("-n", this.#prefix + name, "link", "set", "lo", "up");
    this.run(name, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0");
    return name;
  }

  /** A wire between two machines, with an interface and an address at each end. */
  wire(one: { machine: string; name: string; address?: string }, other: { machine: string; name: string; address?: string }): void {
    const [left, right] = [this.#prefix + one.machine, this.#prefix + other.machine];
    this.ip("-n", left, "link", "add", one.name, "type", "veth", "peer", "name", other.name, "netns", right);
    for (const { machine, name, address } of [one, other]) {
      if (address) this.ip("-n", this.#prefix + machine, "addr", "add", address, "dev", name);
      this.ip("-n", this.#prefix + machine, "link", "set", name, "up");
    }
  }

  ip(...args: string[]): string {
    return execFileSync("ip", args, { encoding: "utf8" });
  }

  /** A command inside a machine. */
  run(machine: string, program: string, ...args: string[]): string {
    return execFileSync("ip", ["netns", "exec", this.#prefix + machine, program, ...args], { encoding: "utf8" });
  }

  /** A program that goes on running inside a machine until the laboratory closes. */
  start(machine: string, program: string, ...args: string[]): ChildProcess {
    const child = spawn("ip", ["netns", "exec", this.#prefix + machine, program, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    this.#children.push(child);
    return child;
  }

  /** FRR with that frr.conf, as its start-up does it: the daemons first, then vtysh hands each its part. */
  async frr(machine: string, configuration: string): Promise<void> {
    const [file, socket] = [join(this.directory, `${machine}.conf`), this.#sockets(machine)];
    writeFileSync(file, configuration);
    mkdirSync(socket);
    // FRR gives up root for its own user, who then makes the sockets.
    chmodSync(this.directory, 0o755);
    execFileSync("chown", ["frr:frr", socket]);
    const own = ["--vty_socket", socket, "-f", "/dev/null", "--log", "stdout", "--log-level", "errors", "-P", "0"];
    for (const daemon of ["zebra", "staticd", "bfdd", "vrrpd", "bgpd"]) {
      const control = daemon === "bfdd" ? ["--bfdctl", join(socket, "bfdd.control")] : [];
      this.start(machine, join(daemons, daemon), ...own, "-z", join(socket, "zserv.api"), "-i", join(socket, `${daemon}.pid`), ...control);
      await this.until(`${daemon} in ${machine} listens`, 10_000, () => existsSync(join(socket, `${daemon}.vty`)));
    }
    this.run(machine, "vtysh", "--vty_socket", socket, "-f", file);
  }

  vtysh(machine: string, command: string): string {
    return this.run(machine, "vtysh", "--vty_socket", this.#sockets(machine), "-c", command);
  }

  /** Waits until it holds, looking every 50 ms; fails after so many milliseconds. */
  async until(what: string, limit: number, holds: () => boolean): Promise<number> {
    const begun = performance.now();
    while (!holds()) {
      if (performance.now() - begun > limit) throw new Error(`After ${limit} ms it is still not so: ${what}.`);
      await sleep(50);
    }
    return performance.now() - begun;
  }

  /** Ends what was started and takes away what was made. */
  async close(): Promise<void> {
    const running = this.#children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
    const ended = running.map((child) => new Promise((end) => child.once("exit", end)));
    for (const child of running) child.kill("SIGTERM");
    await Promise.race([Promise.all(ended), sleep(3000)]);
    for (const child of running) if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    for (const name of this.#namespaces) attempt("ip", "netns", "del", this.#prefix + name);
    rmSync(this.directory, { recursive: true, force: true });
  }

  readonly #sockets = (machine: string): string => join(this.directory, machine);
}
