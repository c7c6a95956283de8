/** The tables that the shop needs, made by whoever comes first. */

/** One of many tasks that start together; the others wait and find everything there. */
const lock = "SELECT pg_advisory_xact_lock(1936225904)";

const tables = `${lock};
CREATE TABLE IF NOT EXISTS counters (name text PRIMARY KEY, value bigint NOT NULL);
CREATE TABLE IF NOT EXISTS orders (
  sequence bigint PRIMARY KEY,
  id uuid NOT NULL UNIQUE,
  item text NOT NULL,
  quantity integer NOT NULL,
  details text NOT NULL,
  placed_at timestamptz NOT NULL
);
INSERT INTO counters VALUES ('orders', 0) ON CONFLICT DO NOTHING;`;

export async function prepare(database) {
  const [{ there }] = await database.query("SELECT to_regclass('counters') IS NOT NULL AS there");
  if (!there) await database.script(tables);
}
