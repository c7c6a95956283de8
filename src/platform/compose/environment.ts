/** A service's variables: plain ones as they are, secrets by name. Values of secrets are never written. */
import type { ImportedDatabase } from "./database.ts";
import type { Beside, ComposeService } from "./file.ts";
import type { Note } from "./note.ts";
import { environmentFile, secretName, secretValue, type Variables } from "./variables.ts";

export type Environment = { environment: Record<string, string>; secrets: Record<string, string>; notes: Note[] };

type Given = {
  service: string;
  compose: ComposeService;
  identifier: string;
  database?: ImportedDatabase;
  variables: Variables;
  beside: Beside;
};

export function environmentOf(given: Given): Environment {
  const result: Environment = { environment: {}, secrets: {}, notes: [] };
  for (const [name, value] of Object.entries(everything(given, result.notes))) place(given, name, value, result);
  mounted(given, result);
  const { secrets, notes } = result;
  const own = Object.entries(secrets).filter(([, secret]) => secret.startsWith(`${given.identifier}:`));
  if (own.length > 0) {
    const keys = own.map(([, secret]) => secret.split(":")[1]).join(", ");
    notes.push({
      where: `${given.service}.environment`,
      what: `make the secret ${given.identifier} in Secrets Manager, JSON with the keys ${keys}; no value was written`,
    });
  }
  return result;
}

/** Files first, then what the service itself says, as Compose orders them. */
function everything({ service, compose, variables, beside }: Given, notes: Note[]): Record<string, string> {
  const all: Record<string, string> = {};
  for (const path of compose.env_file ?? []) {
    const text = beside.read(path);
    if (text === undefined) notes.push({ where: `${service}.env_file`, what: `${path} is not there: add its variables by hand` });
    else Object.assign(all, environmentFile(text));
  }
  for (const [name, value] of Object.entries(compose.environment ?? {})) {
    if (value === null && variables[name] === undefined && !secretName(name)) {
      notes.push({ where: `${service}.environment.${name}`, what: "its value comes from whoever runs Compose: add it by hand" });
    } else all[name] = value ?? variables[name] ?? "";
  }
  return all;
}

function place({ service, identifier, database }: Given, name: string, value: string, { environment, secrets, notes }: Environment): void {
  const where = `${service}.environment.${name}`;
  if (!/^[A-Za-z_]\w*$/.test(name)) return void notes.push({ where, what: "not a name that a shell takes: left out" });
  const key = database && value !== "" && keyOfDatabase(value, database.values);
  // The name or user of a database may be a common word: only variables that say what they are follow the platform's secret.
  if (database && key && (key === "password" || /user|name|database|_db$/i.test(name))) {
    secrets[name] = `database:${key}`;
    notes.push({ where, what: `taken from the database's own secret, key ${key}` });
    return;
  }
  const file = /^\/run\/secrets\/([\w.-]+)$/.exec(value)?.[1];
  if (file && name.endsWith("_FILE")) {
    const variable = name.slice(0, -"_FILE".length);
    secrets[variable] = `${identifier}:${variable}`;
    notes.push({ where, what: `became the variable ${variable}: a task gets secrets as variables, not as files` });
    return;
  }
  if (isSecret(name, value)) secrets[name] = `${identifier}:${name}`;
  else environment[name] = value;
  if (database && hasHost(value, database.service)) {
    const instead = "a task has DATABASE_HOST, DATABASE_PORT, DATABASE_NAME, DATABASE_USER and DATABASE_PASSWORD";
    notes.push({ where, what: `names the host ${database.service}, which is no more: ${instead}` });
  }
}

/** `db`, `db:5432`, `postgres://user@db/app`. */
const hasHost = (value: string, host: string): boolean => value.split(/[/@,]/).some((part) => part.replace(/[:?].*$/, "") === host);

const isSecret = (name: string, value: string): boolean =>
  (secretName(name) && !/^(true|false|yes|no|on|off|0|1)?$/i.test(value)) || secretValue(value) || /\$\{\w+\}/.test(value);

const keyOfDatabase = (value: string, values: ImportedDatabase["values"]) =>
  (["password", "username", "dbname"] as const).find((key) => values[key] !== undefined && values[key] === value);

/** Secrets that Compose mounts as files and that no variable points to. */
function mounted({ service, compose, identifier }: Given, { secrets, notes }: Environment): void {
  for (const each of compose.secrets ?? []) {
    const source = typeof each === "string" ? each : each.source;
    const variable = source
      .toUpperCase()
      .replaceAll(/[^A-Z0-9_]/g, "_")
      .replace(/^(?=\d)/, "_");
    const pointed = Object.values(compose.environment ?? {}).includes(`/run/secrets/${source}`);
    if (pointed) continue;
    secrets[variable] = `${identifier}:${variable}`;
    notes.push({
      where: `${service}.secrets.${source}`,
      what: `became the variable ${variable}: a task gets secrets as variables, not as the file /run/secrets/${source}`,
    });
  }
}
