/** `causeway init`: a definition to begin with. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { UserError } from "../kernel/assert.ts";
import { firstService, starter, tsconfig } from "../platform/starter.ts";
import { imported, report } from "./import.ts";
import { InvalidDefinition } from "./invalid.ts";
import type { Command } from "./main.ts";

const help = `Usage: causeway init [DIR] [flags]

Writes platform.ts, a definition with a comment at each choice, and tsconfig.json. What exists is not overwritten.

  DIR                     where to                              (here)
  --from-compose FILE     around the services of a Compose file (see causeway import)`;

const options = { "from-compose": { type: "string" }, help: { type: "boolean", short: "h", default: false } } as const;

export const init = {
  summary: "write a definition to begin with",
  async run(args) {
    const { values, directory } = flags(args);
    if (values.help) {
      console.log(help);
      return 0;
    }
    const folder = resolve(directory);
    const platform = join(folder, "platform.ts");
    if (existsSync(platform)) throw new UserError("INIT_EXISTS", `${platform} exists.`, "causeway init another-folder");
    const compose = values["from-compose"];
    const { source, notes, findings } = compose === undefined ? fresh(folder) : imported(compose);
    mkdirSync(folder, { recursive: true });
    writeFileSync(platform, source);
    // One that is there already belongs to more than the definition.
    if (!existsSync(join(folder, "tsconfig.json"))) writeFileSync(join(folder, "tsconfig.json"), tsconfig);
    report(notes, join(directory, "platform.ts"));
    if (findings.length > 0) throw new InvalidDefinition(findings);
    return 0;
  },
} satisfies Command;

function flags(args: string[]) {
  try {
    const { values, positionals } = parseArgs({ args, options, strict: true, allowPositionals: true });
    if (positionals.length > 1) throw new Error(`One folder at a time, ${positionals.length} given.`);
    return { values, directory: positionals[0] ?? "." };
  } catch (error) {
    throw new UserError("USAGE", error instanceof Error ? error.message : String(error), "causeway init --help");
  }
}

const fresh = (folder: string) => ({ source: starter({ name: basename(folder), services: firstService }).source, notes: [], findings: [] });
