/** The built program as a real process, for tests from outside. */
import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";

export const root = join(import.meta.dirname, "..");

export type Program = {
  endpoint: string;
  environment: Record<string, string>;
  process: ChildProcess;
  stderr: () => string;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
};

/** Starts `causeway cloud` on a free port and resolves when it has printed where it listens. */
export async function startCloud(...flags: string[]): Promise<Program> {
  const child = spawn(process.execPath, [join(root, "bin", "causeway.js"), "cloud", "--port", "0", "--json", ...flags], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (part: Buffer) => {
    errors += part.toString();
  });
  const ended = new Promise<number | null>((resolve) => void child.once("exit", resolve));
  const first = await Promise.race([once(child), ended.then(() => undefined)]);
  if (first === undefined) throw new Error(`causeway cloud ended before it listened:\n${errors}`);
  const { endpoint, environment } = JSON.parse(first) as Pick<Program, "endpoint" | "environment">;
  return {
    endpoint,
    environment,
    process: child,
    stderr: () => errors,
    stop(signal = "SIGTERM") {
      child.kill(signal);
      return ended;
    },
  };
}

function once(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => void createInterface({ input: child.stdout! }).once("line", resolve));
}
