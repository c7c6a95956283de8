/** The reference platform's containers as real processes, as Docker would start them: by their images' command, told by their environment. */
import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { root } from "./running.ts";

export const workloads = join(root, "workloads");

export type Event = { at: string; event: string; [detail: string]: any };

export type Container = {
  process: ChildProcess;
  /** What it has logged. */
  events: Event[];
  url: string;
  /** The next line with that event, from now on or among those that are there. */
  event(name: string, fits?: (event: Event) => boolean): Promise<Event>;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
};

/** Starts a service's program and resolves when it has logged that it listens, or is ready. */
export async function start(service: string, environment: Record<string, string>): Promise<Container> {
  const [, program] = /^CMD \["node", "(.*)"\]$/m.exec(readFileSync(join(workloads, service, "Dockerfile"), "utf8"))!;
  const child = spawn(process.execPath, [program!], {
    cwd: workloads,
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH, PORT: "0", PLATFORM_REGION: "eu-west-1", AWS_REGION: "eu-west-1", ...environment },
  });
  const events: Event[] = [];
  let complaints = "";
  child.stderr.on("data", (part: Buffer) => (complaints += part.toString()));
  const listeners = new Set<() => void>();
  const ended = new Promise<number | null>((resolve) => void child.once("exit", resolve));
  createInterface({ input: child.stdout }).on("line", (line) => {
    events.push(JSON.parse(line));
    for (const each of listeners) each();
  });
  const container: Container = {
    process: child,
    events,
    url: "",
    event: (name, fits = () => true) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = events.find((each) => each.event === name && fits(each));
          if (!found) return;
          listeners.delete(look);
          resolve(found);
        };
        listeners.add(look);
        look();
        void ended.then(() =>
          reject(new Error(`${service} ended before it said ${name}: ${JSON.stringify(events.slice(-3))}\n${complaints}`)),
        );
      }),
    stop(signal = "SIGTERM") {
      child.kill(signal);
      return ended;
    },
  };
  const up = await Promise.race([container.event("listening"), container.event("ready")]);
  container.url = `http://127.0.0.1:${up.port}`;
  return container;
}
