/** A Compose file as the services, database and shares of a definition. Containers stay as they are; what has no counterpart is said by name. */
import type { PlatformInput } from "../definition.ts";
import { databaseOf, engineOf, type ImportedDatabase } from "./database.ts";
import { readCompose, type Beside, type ComposeFile } from "./file.ts";
import { fileLeftovers } from "./leftovers.ts";
import { renamed } from "./names.ts";
import type { Note } from "./note.ts";
import { portsOf } from "./ports.ts";
import { serviceOf, type Around } from "./service.ts";

export type Imported = Pick<PlatformInput, "services" | "database" | "files"> & {
  /** The project's name, where the file gives one. */
  name?: string;
  notes: Note[];
};

/** `shown` is how messages name the file. */
export function convert(text: string, shown: string, beside: Beside): Imported {
  const { file, variables, notes } = readCompose(text, shown, beside);
  const database = firstDatabase(file, notes);
  const kept = Object.entries(file.services).filter(([name]) => name !== database?.service);
  const around: Around = {
    names: renamed(kept.map(([name]) => name)),
    listening: new Set(kept.filter(([name, compose]) => portsOf(name, compose).port !== undefined).map(([name]) => name)),
    database,
    shares: new Map(),
    variables,
    beside,
    defaultFree: true,
  };
  const services: PlatformInput["services"] = {};
  for (const [name, compose] of kept) {
    const { input, notes: more } = serviceOf(name, compose, around);
    services[around.names.get(name)!] = input;
    notes.push(...more);
    if (input.route) around.defaultFree = false;
  }
  const shares = Object.fromEntries([...around.shares.values()].map((share) => [share, {}]));
  return {
    ...(file.name && { name: file.name }),
    services,
    ...(database && { database: database.input }),
    ...(around.shares.size > 0 && { files: { shares } }),
    notes: [...notes, ...fileLeftovers(file)],
  };
}

/** The platform has one; a second stays a container, which forgets. */
function firstDatabase(file: ComposeFile, notes: Note[]): ImportedDatabase | undefined {
  let first: ImportedDatabase | undefined;
  for (const [name, compose] of Object.entries(file.services)) {
    const engine = engineOf(compose.image);
    if (!engine) continue;
    if (first)
      notes.push({
        where: name,
        what: `a second database: it stays a container and loses its data with its task; ${first.service} is the platform's`,
      });
    else {
      first = databaseOf(name, compose, engine);
      notes.push(...first.notes);
    }
  }
  return first;
}
