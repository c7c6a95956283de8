/** A database in a container becomes the platform's, on RDS: its engine, version and first database's name. */
import type { PlatformInput } from "../definition.ts";
import type { ComposeService } from "./file.ts";
import type { Note } from "./note.ts";

type Database = NonNullable<PlatformInput["database"]>;
type Engine = NonNullable<Database["engine"]>;

export type ImportedDatabase = {
  /** Its name in the Compose file, which is its host name there. */
  service: string;
  engine: Engine;
  input: Database;
  /** What its own variables say, to recognize the same values in the services that use it. */
  values: { username?: string; password?: string; dbname?: string };
  notes: Note[];
};

const engines: Record<string, Engine> = {
  postgres: "postgres",
  postgresql: "postgres",
  postgis: "postgres",
  mysql: "mysql",
  mariadb: "mariadb",
};

/** The engine of an image, by its name: `postgres:16`, `bitnami/postgresql`, `mysql/mysql-server` is none. */
export function engineOf(image: string | undefined): Engine | undefined {
  const name = /([^/:@]+)(:[^/@]*)?(@.*)?$/.exec(image ?? "")?.[1] ?? "";
  return Object.hasOwn(engines, name) ? engines[name] : undefined;
}

export function databaseOf(service: string, compose: ComposeService, engine: Engine): ImportedDatabase {
  const { image = "", environment, command, volumes } = compose;
  // The first that is set, by the official images' names and by Bitnami's.
  const variable = (...names: string[]): string | undefined =>
    names.map((name) => environment?.[name]).find((each) => typeof each === "string") ?? undefined;
  const prefixes = engine === "postgres" ? ["POSTGRES", "POSTGRESQL"] : engine === "mysql" ? ["MYSQL"] : ["MARIADB", "MYSQL"];
  const every = (...ends: string[]) => prefixes.flatMap((prefix) => ends.map((end) => `${prefix}_${end}`));
  const values = {
    username: variable(...every("USER", "USERNAME")),
    password: variable(...every("PASSWORD", "ROOT_PASSWORD")),
    dbname: variable(...every("DB", "DATABASE")),
  };
  const version = /:(\d+(?:\.\d+){0,2})(?=[-@]|$)/.exec(image)?.[1];
  const name = values.dbname && /^[a-z][a-z0-9_]{0,62}$/.test(values.dbname) ? values.dbname : undefined;
  const note = (key: string, what: string): Note => ({ where: key ? `${service}.${key}` : service, what });
  return {
    service,
    engine,
    values,
    input: { engine, ...(version && { version }), ...(name && { name }) },
    notes: [
      note("", "became database, on RDS with a standby: load its data with a dump, before the services start"),
      ...(version
        ? [note("image", `version ${version} is one that RDS must offer: aws rds describe-db-engine-versions --engine ${engine}`)]
        : []),
      ...(values.dbname && !name
        ? [note("environment", `the database's name ${values.dbname} is none that RDS takes: it is called app`)]
        : []),
      ...(command ? [note("command", "settings of the engine belong in database.parameters, by RDS's names")] : []),
      ...(volumes?.length ? [note("volumes", "RDS keeps the data; what initializes it is run by you, once")] : []),
    ],
  };
}
