/** A Compose file, read: YAML, variables filled in, the forms of each key made one. docs.docker.com/reference/compose-file */
import { LineCounter, parseDocument, type Document } from "yaml";
import { z } from "zod";
import { UserError } from "../../kernel/assert.ts";
import { wordsOf } from "./amounts.ts";
import type { Note } from "./note.ts";
import { environmentFile, fill, type Variables } from "./variables.ts";

/** Text, numbers and booleans are all written without quotes. */
const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const list = z.union([z.array(scalar), scalar.transform((each) => [each])]);

/** `{ NAME: value }` or `["NAME=value"]`; null is taken from whoever runs Compose. */
const pairs = z.union([
  z.record(z.string(), scalar.nullable()),
  z
    .array(z.string())
    .transform((lines) =>
      Object.fromEntries(
        lines.map((line) => (line.includes("=") ? [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)] : [line, null])),
      ),
    ),
]);

const words = z.union([z.array(scalar), scalar.transform(wordsOf)]);
/** `["db"]`, or `{ db: { … } }`. */
const named = z.union([z.array(z.string()), z.record(z.string(), z.unknown()).transform(Object.keys)]);

const serviceSchema = z.looseObject({
  image: z.string().optional(),
  command: words.nullish(),
  environment: pairs.nullish(),
  env_file: z
    .union([list, z.array(z.union([z.string(), z.looseObject({ path: z.string() })]))])
    .transform((files) => files.map((each) => (typeof each === "string" ? each : each.path)))
    .nullish(),
  ports: z
    .array(z.union([scalar, z.looseObject({ target: scalar, published: scalar.optional(), protocol: z.string().optional() })]))
    .nullish(),
  expose: z.array(scalar).nullish(),
  healthcheck: z
    .looseObject({
      test: z.union([z.string().transform((line) => ["CMD-SHELL", line]), z.array(scalar)]).optional(),
      interval: scalar.optional(),
      timeout: scalar.optional(),
      retries: scalar.optional(),
      start_period: scalar.optional(),
      disable: z.boolean().optional(),
    })
    .nullish(),
  depends_on: named.nullish(),
  links: z.array(z.string()).nullish(),
  secrets: z.array(z.union([z.string(), z.looseObject({ source: z.string(), target: z.string().optional() })])).nullish(),
  volumes: z
    .array(
      z.union([
        z.string(),
        z.looseObject({ type: z.string(), source: z.string().optional(), target: z.string(), read_only: z.boolean().optional() }),
      ]),
    )
    .nullish(),
  deploy: z
    .looseObject({
      replicas: z.coerce.number().optional(),
      resources: z.looseObject({ limits: z.looseObject({ cpus: scalar.optional(), memory: scalar.optional() }).optional() }).optional(),
    })
    .nullish(),
  scale: z.coerce.number().optional(),
  cpus: scalar.optional(),
  mem_limit: scalar.optional(),
  stop_grace_period: scalar.optional(),
  read_only: z.boolean().optional(),
});

const fileSchema = z.looseObject({ name: z.string().optional(), services: z.record(z.string(), serviceSchema) });

export type ComposeService = z.output<typeof serviceSchema>;
export type ComposeFile = z.output<typeof fileSchema>;

export type Beside = {
  /** The text of a file beside the Compose file; undefined when there is none. */
  read(path: string): string | undefined;
};

/** `shown` is how messages name the file. */
export function readCompose(text: string, shown: string, beside: Beside): { file: ComposeFile; variables: Variables; notes: Note[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { merge: true, lineCounter: lines });
  const [fault] = document.errors;
  if (fault) {
    const { line, col } = lines.linePos(fault.pos[0]);
    throw new UserError("COMPOSE_SYNTAX", `${shown}:${line}:${col}: ${fault.message.split("\n")[0]}`, "correct the YAML");
  }
  const value = plain(document, shown);
  const variables = environmentFile(beside.read(".env") ?? "");
  const notes: Note[] = [];
  const parsed = fileSchema.safeParse(filled(value, variables, [], notes));
  if (parsed.success) return { file: parsed.data, variables, notes };
  const [issue] = parsed.error.issues;
  const where = issue?.path.length ? issue.path.join(".") : "the file";
  throw new UserError("COMPOSE_FORM", `${shown}: ${where} has not the form that Compose gives it.`, "docker compose config says more");
}

function plain(document: Document, shown: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    // An alias without its anchor, or so many that they would fill the memory.
    if (error instanceof ReferenceError)
      throw new UserError("COMPOSE_SYNTAX", `${shown}: ${error.message}`, "correct the YAML's anchors and aliases");
    throw error;
  }
}

/** Every text with its variables. What stays open is noted where it is. */
function filled(value: unknown, variables: Variables, path: string[], notes: Note[]): unknown {
  if (Array.isArray(value)) return value.map((each: unknown) => filled(each, variables, path, notes));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, filled(each, variables, [...path, key], notes)]));
  }
  if (typeof value !== "string") return value;
  const { text, missing, secret } = fill(value, variables);
  const where = path.filter((key) => key !== "services").join(".");
  for (const name of missing) notes.push({ where, what: `${name} has no value here and is left empty, as Compose does` });
  // In the environment the whole variable becomes a secret, which is noted there.
  if (path.includes("environment")) return text;
  for (const name of secret)
    notes.push({ where, what: `$${name} is a secret and was not written: give it to the container as a variable` });
  // Without braces: CloudFormation takes them for its own.
  return secret.reduce((open, name) => open.replaceAll(`\${${name}}`, `$${name}`), text);
}
