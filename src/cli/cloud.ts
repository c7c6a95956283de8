/** `causeway cloud`: the embedded cloud over HTTP. */
import { parseArgs } from "node:util";
import { UserError } from "../kernel/assert.ts";
import type { Speed } from "../kernel/pace.ts";
import { instant } from "../kernel/units.ts";
import { Cloud } from "../cloud/cloud.ts";
import { Keeper } from "../cloud/keeper.ts";
import { serve, type Running } from "../cloud/server.ts";
import { environment } from "./aws-cli.ts";
import type { Command } from "./main.ts";

const help = `Usage: causeway cloud [flags]

Runs the embedded cloud: AWS's APIs and behaviour in this process.

  --port N              listen there                                   (4566; 0 = any free port)
  --host ADDRESS        listen on that address of this machine         (127.0.0.1)
  --state DIR           keep everything there; survives kill -9        (in memory)
  --speed N | max       virtual seconds per second; max = pending work
                        is done at once                                (1)
  --verify-signatures   refuse requests not signed with a key made
                        through IAM
  --salvage             with --state: open a damaged journal as far as
                        it is whole and move the rest aside
  --json                print the addresses as one JSON document`;

const flags = {
  port: { type: "string", default: "4566" },
  host: { type: "string", default: "127.0.0.1" },
  state: { type: "string" },
  speed: { type: "string", default: "1" },
  "verify-signatures": { type: "boolean", default: false },
  salvage: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

export const cloud = {
  summary: "run the embedded cloud (AWS's APIs and behaviour in one process)",
  async run(args) {
    const values = parse(args);
    if (values.help) {
      console.log(help);
      return 0;
    }
    const port = number("port", values.port, 0, 65_535);
    const speed: Speed = values.speed === "max" ? "max" : number("speed", values.speed, 0, 1e6, true);
    // The one look at the wall clock: virtual time starts at the real time.
    const start = instant(Date.now());
    const keeper = values.state === undefined ? undefined : await Keeper.open(values.state, start, { salvage: values.salvage });
    for (const notice of keeper?.notices ?? []) console.error(`note: ${notice}`);
    const running = await serve(keeper?.cloud ?? new Cloud({ start }), {
      host: values.host,
      port,
      speed,
      verifySignatures: values["verify-signatures"],
      keeper,
    });
    announce(running, values.json, values.state);
    return stopped(running);
  },
} satisfies Command;

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: flags, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new UserError("USAGE", error instanceof Error ? error.message : String(error), "causeway cloud --help");
  }
}

function number(flag: string, text: string, min: number, max: number, fraction = false): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= min && value <= max && (fraction || Number.isInteger(value))) return value;
  throw new UserError(
    "USAGE",
    `--${flag} ${text} is not a number from ${min} to ${max}.`,
    `causeway cloud --${flag} ${flag === "port" ? 4566 : 60}`,
  );
}

function announce({ endpoint, port }: Running, json: boolean, state: string | undefined): void {
  if (json) {
    console.log(
      JSON.stringify({ schemaVersion: 1, endpoint, port, pid: process.pid, state: state ?? null, environment: environment(endpoint) }),
    );
    return;
  }
  console.log(`The embedded cloud answers at ${endpoint}${state === undefined ? " (in memory: gone when it stops; --state DIR keeps it)" : ` (kept in ${state})`}.

Copy into another terminal:

${exports(endpoint)}

then, for example:  aws sts get-caller-identity
Coverage, clock, events:  curl ${endpoint}/_causeway/        Stop: Ctrl-C`);
}

/** The lines to copy, one for the endpoint, one for the rest. */
function exports(endpoint: string): string {
  const { AWS_ENDPOINT_URL, AWS_CONFIG_FILE, ...others } = environment(endpoint);
  const lines = [
    `AWS_ENDPOINT_URL=${AWS_ENDPOINT_URL}`,
    Object.entries(others)
      .map(([name, value]) => `${name}=${value}`)
      .join(" "),
  ];
  if (AWS_CONFIG_FILE) lines.push(`AWS_CONFIG_FILE='${AWS_CONFIG_FILE}'   # the AWS CLI installed here is older than 2.13`);
  return lines.map((line) => `  export ${line}`).join("\n");
}

/** Waits for Ctrl-C; the first stops in order, the second at once. */
function stopped(running: Running): Promise<number> {
  return new Promise((resolve) => {
    let stopping = false;
    const stop = (signal: NodeJS.Signals) => {
      if (stopping) process.exit(130);
      stopping = true;
      running.close().then(
        () => resolve(signal === "SIGINT" ? 130 : 0),
        (error: unknown) => {
          console.error("error[STOP]: The state could not be written at the end; the journal has every answered write.", error);
          resolve(1);
        },
      );
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
  });
}
