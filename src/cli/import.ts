/** `causeway import docker-compose.yml`: a definition around the services of a Compose file. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { UserError } from "../kernel/assert.ts";
import { convert } from "../platform/compose/convert.ts";
import type { Note } from "../platform/compose/note.ts";
import type { Finding } from "../platform/finding.ts";
import { parse } from "../platform/parse.ts";
import { starter } from "../platform/starter.ts";
import { InvalidDefinition } from "./invalid.ts";
import type { Command } from "./main.ts";

const help = `Usage: causeway import COMPOSE-FILE [flags]

Writes a definition around the services of a Compose file: images, commands, environment, health checks, ports, limits and
stop times as they are. A database in a container becomes database, volumes become shares, what looks like a secret is
written by name only. What has no counterpart is listed with the reason, on stderr and at the head of the definition.

  --to FILE             write there; refused when the file exists     (stdout)
  --json                print source, notes and findings as one JSON document`;

const options = {
  to: { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

export const importCompose = {
  summary: "write a definition around the services of a Compose file",
  async run(args) {
    const { values, file } = flags(args);
    if (values.help) {
      console.log(help);
      return 0;
    }
    if (file === undefined) throw new UserError("USAGE", "Which Compose file?", "causeway import docker-compose.yml --to platform.ts");
    if (values.to !== undefined && existsSync(values.to))
      throw new UserError("IMPORT_TO", `${values.to} exists.`, `causeway import ${file} --to another-file.ts`);
    const { source, notes, findings } = imported(file);
    if (values.to !== undefined) writeFileSync(values.to, source);
    if (values.json) console.log(JSON.stringify({ schemaVersion: 1, source, notes, findings }, undefined, 2));
    else if (values.to === undefined) process.stdout.write(source);
    if (!values.json) report(notes, values.to);
    if (findings.length > 0 && !values.json) throw new InvalidDefinition(findings);
    return findings.length > 0 ? 3 : 0;
  },
} satisfies Command;

function flags(args: string[]) {
  try {
    const { values, positionals } = parseArgs({ args, options, strict: true, allowPositionals: true });
    if (positionals.length > 1) throw new Error(`One Compose file at a time, ${positionals.length} given.`);
    return { values, file: positionals[0] };
  } catch (error) {
    throw new UserError("USAGE", error instanceof Error ? error.message : String(error), "causeway import --help");
  }
}

/** The definition's source, and what does not parse of it: a Compose file may hold what the definition refuses. */
export function imported(file: string): { source: string; notes: Note[]; findings: Finding[] } {
  const folder = dirname(resolve(file));
  if (!existsSync(file)) throw new UserError("COMPOSE_MISSING", `There is no file ${file}.`, "causeway import docker-compose.yml");
  const read = (path: string) => (existsSync(join(folder, path)) ? readFileSync(join(folder, path), "utf8") : undefined);
  const { name, notes, ...sections } = convert(readFileSync(file, "utf8"), file, { read });
  const { input, source } = starter({ name: name ?? basename(folder), notes, ...sections });
  return { source, notes, findings: parse(input).findings };
}

/** Each note a line, on stderr: the definition itself may be on stdout. */
export function report(notes: readonly Note[], to: string | undefined): void {
  for (const { where, what } of notes) console.error(`note: ${where}: ${what}`);
  if (to !== undefined)
    console.error(`${to} written, ${notes.length} ${notes.length === 1 ? "note" : "notes"}\nnext: causeway check --config ${to}`);
}
