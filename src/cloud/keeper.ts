/** Keeps a run under `--state`: every change is in the journal before its answer leaves, a snapshot now and then. */
import { join } from "node:path";
import { Journal } from "../kernel/journal.ts";
import { decode, encode } from "../kernel/snapshot.ts";
import type { Instant } from "../kernel/units.ts";
import type { Act } from "../world/acts.ts";
import { fileBlobs, type Blobs } from "./blobs.ts";
import { Cloud, emptyRun, type CloudRun, type Request } from "./cloud.ts";

/** What the journal holds: calls, what was done to the world, and the moves of the clock that somebody ordered. */
type Entry = { at: Instant } & (
  | { kind: "call"; call: Request }
  | { kind: "act"; act: Act }
  | { kind: "clock" }
  | { kind: "reset"; seed: string }
  | { kind: "endpoint"; endpoint: string }
);

/** A snapshot is taken after so many entries: a replay of them takes about a second. */
const ENTRIES_PER_SNAPSHOT = 20_000;

export class Keeper {
  readonly cloud: Cloud;
  /** What the journal had to drop or move aside, for the user to read. */
  readonly notices: readonly string[];
  readonly #journal: Journal;
  #entries = 0;
  #rotating: Promise<void> | undefined;

  private constructor(cloud: Cloud, journal: Journal, notices: readonly string[]) {
    this.cloud = cloud;
    this.#journal = journal;
    this.notices = notices;
  }

  /** Opens a folder: the last snapshot and every entry after it. Throws `UserError` when it is damaged or in use. */
  static async open(dir: string, start: Instant, { salvage = false } = {}): Promise<Keeper> {
    const blobs: Blobs = fileBlobs(join(dir, "objects"));
    const { journal, snapshot, records, notices } = await Journal.open(dir, { salvage });
    const cloud = new Cloud({ blobs, run: snapshot ? (decode(snapshot) as CloudRun) : emptyRun("causeway", start) });
    await cloud.loadAll();
    for (const record of records) await replay(cloud, record as Entry);
    const keeper = new Keeper(cloud, journal, notices);
    cloud.sweepBlobs();
    if (!snapshot && records.length === 0) await journal.rotate(encode(cloud.run));
    return keeper;
  }

  record(call: Request): Promise<void> {
    return this.#append({ at: this.cloud.run.now, kind: "call", call });
  }

  acted(act: Act): Promise<void> {
    return this.#append({ at: this.cloud.run.now, kind: "act", act });
  }

  /** Remembers how far time has come, so that it does not run backwards over a restart. */
  mark(): Promise<void> {
    return this.#append({ at: this.cloud.run.now, kind: "clock" });
  }

  /** Remembers where the cloud listens, for URLs of it are part of what a replay makes. */
  async endpoint(endpoint: string): Promise<void> {
    if (this.cloud.run.universe.endpoint === endpoint) return;
    this.cloud.run.universe.endpoint = endpoint;
    await this.#append({ at: this.cloud.run.now, kind: "endpoint", endpoint });
  }

  reset(seed: string): Promise<void> {
    this.cloud.run = emptyRun(seed, this.cloud.run.now, this.cloud.run.universe.endpoint);
    return this.#append({ at: this.cloud.run.now, kind: "reset", seed });
  }

  async #append(entry: Entry): Promise<void> {
    const written = this.#journal.append(entry);
    if (++this.#entries >= ENTRIES_PER_SNAPSHOT && !this.#rotating) {
      this.#entries = 0;
      this.#rotating = this.#journal.rotate(encode(this.cloud.run)).finally(() => {
        this.#rotating = undefined;
      });
    }
    await written;
  }

  async close(): Promise<void> {
    await this.#rotating;
    await this.#journal.rotate(encode(this.cloud.run));
    await this.#journal.close();
  }
}

async function replay(cloud: Cloud, entry: Entry): Promise<void> {
  cloud.advance(entry.at);
  if (entry.kind === "reset") cloud.run = emptyRun(entry.seed, entry.at, cloud.run.universe.endpoint);
  if (entry.kind === "endpoint") cloud.run.universe.endpoint = entry.endpoint;
  if (entry.kind === "act") cloud.act(entry.act);
  if (entry.kind === "call") {
    await cloud.load(entry.call.service);
    cloud.call(entry.call);
  }
}
