/** The port that the database listens on. */
import type { Database } from "./definition.ts";

/** Each engine's own. Source: docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html (Port) */
const own: Record<Database["engine"], number> = { postgres: 5432, mysql: 3306, mariadb: 3306 };

export const databasePort = ({ engine, port }: Pick<Database, "engine" | "port">): number => port ?? own[engine];
