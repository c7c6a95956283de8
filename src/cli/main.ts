/** The door: finds the command, prints what went wrong in the form of docs "what, where, why, fix". */
import { UserError } from "../kernel/assert.ts";
import { InvalidDefinition } from "./invalid.ts";

export type Command = { summary: string; run(args: string[]): Promise<number> };

/** One command a file; a new one is one line here. */
const commands: Record<string, () => Promise<Command>> = {
  check: async () => (await import("./check.ts")).check,
  cloud: async () => (await import("./cloud.ts")).cloud,
  diagram: async () => (await import("./diagram.ts")).diagram,
  eject: async () => (await import("./eject.ts")).eject,
  import: async () => (await import("./import.ts")).importCompose,
  init: async () => (await import("./init.ts")).init,
  site: async () => (await import("./site.ts")).site,
  synth: async () => (await import("./synth.ts")).synth,
  version: async () => (await import("./version.ts")).version,
};

const [name = "help", ...args] = process.argv.slice(2);
const asked = name === "--version" || name === "-v" ? "version" : name;

try {
  process.exitCode = await main(asked);
} catch (error) {
  if (error instanceof InvalidDefinition) {
    const { counted, described } = await import("./findings.ts");
    console.error([...error.findings.map((each) => described(each)), counted(error.findings)].join("\n\n"));
    process.exit(3);
  }
  if (!(error instanceof UserError)) throw error;
  console.error(`error[${error.code}]: ${error.message}\n  fix: ${error.hint}`);
  process.exitCode = error.code === "USAGE" ? 3 : 1;
}

async function main(command: string): Promise<number> {
  const load = commands[command];
  if (load) return (await load()).run(args);
  if (command !== "help" && command !== "--help" && command !== "-h") {
    const near = Object.keys(commands).find((known) => known.startsWith(command.slice(0, 2)));
    console.error(`error[USAGE]: There is no command "${command}".${near ? ` Did you mean "${near}"?` : ""}\n  fix: causeway help`);
    return 3;
  }
  console.log(
    "causeway: a platform half in a data centre, half in AWS, proven before it is paid for.\n\nUsage: causeway COMMAND [flags]\n",
  );
  for (const [known, each] of Object.entries(commands)) console.log(`  ${known.padEnd(10)} ${(await each()).summary}`);
  console.log("\ncauseway COMMAND --help tells more. Exit codes: 0 ok, 1 failed, 3 usage, 130 interrupted.");
  return 0;
}
