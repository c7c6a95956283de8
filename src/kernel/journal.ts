/**
 * A folder that remembers: `snapshot.N`, and `journal.N` with what happened since. Records are on the disk before `append` resolves;
 * those that wait together are written and synced together, as one frame that is there whole or not at all.
 * Frame: payload length, CRC-32 of the payload, CRC-32 of those eight bytes (each u32 LE), then records as (length u32 LE, v8-serialized).
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { crc32 } from "node:zlib";
import { UserError } from "./assert.ts";
import { syncFolder, writeAtomically } from "./snapshot.ts";

const HEAD = 12;

export type Opened = {
  journal: Journal;
  snapshot?: Uint8Array;
  /** Everything that was appended since the snapshot. */
  records: unknown[];
  /** What had to be dropped or moved aside, in sentences for the user. */
  notices: string[];
};

type Appended = { bytes: Buffer; resolve: () => void; reject: (reason: unknown) => void };
type Rotation = { rotate: (generation: number) => void; reject: (reason: unknown) => void };

export class Journal {
  readonly #dir: string;
  #generation: number;
  #file: FileHandle;
  #waiting: (Appended | Rotation)[] = [];
  #writing: Promise<void> | undefined;
  #failure: UserError | undefined;

  private constructor(dir: string, generation: number, file: FileHandle) {
    this.#dir = dir;
    this.#generation = generation;
    this.#file = file;
  }

  /**
   * Opens the folder, makes it if it is missing, and locks it for this process.
   * A frame that a crash cut off is dropped. A damaged one with whole ones after it is refused: `UserError` JOURNAL_DAMAGED with its
   * offset; with `salvage` what comes after the damage is moved aside instead. `UserError` STATE_IN_USE when another process has it.
   */
  static async open(dir: string, { salvage = false } = {}): Promise<Opened> {
    mkdirSync(dir, { recursive: true });
    lock(dir);
    try {
      const base = Math.max(0, ...numbered(dir, "snapshot"));
      const journals = numbered(dir, "journal").filter((generation) => generation >= base);
      const notices: string[] = [];
      const records: unknown[] = [];
      for (const generation of journals) {
        const stopped = readInto(records, join(dir, `journal.${generation}`), { last: generation === journals.at(-1), salvage, notices });
        if (!stopped) continue;
        for (const later of journals.filter((other) => other > generation))
          renameSync(join(dir, `journal.${later}`), join(dir, `journal.${later}.damaged`));
        break;
      }
      const snapshot = base > 0 ? readFileSync(join(dir, `snapshot.${base}`)) : undefined;
      const generation = Math.max(base, ...numbered(dir, "journal"));
      const file = await open(join(dir, `journal.${generation}`), "a", 0o600);
      syncFolder(dir);
      return { journal: new Journal(dir, generation, file), snapshot, records, notices };
    } catch (error) {
      unlock(dir);
      throw error;
    }
  }

  /** Resolves when the record is on the disk. The record is copied at once and may change afterwards. */
  append(record: unknown): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    const bytes = serialize(record);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ bytes, resolve, reject });
      this.#writing ??= this.#write();
    });
  }

  /** Begins the next generation with a snapshot that holds exactly what was appended before this call, and drops what it replaces. */
  async rotate(snapshot: Uint8Array): Promise<void> {
    const next = await new Promise<number>((resolve, reject) => {
      this.#waiting.push({ rotate: resolve, reject });
      this.#writing ??= this.#write();
    });
    writeAtomically(join(this.#dir, `snapshot.${next}`), snapshot);
    for (const kind of ["journal", "snapshot"]) {
      for (const old of numbered(this.#dir, kind)) if (old < next) rmSync(join(this.#dir, `${kind}.${old}`));
    }
  }

  async close(): Promise<void> {
    while (this.#writing) await this.#writing;
    await this.#file.close();
    unlock(this.#dir);
  }

  /** Writes what waits, frame by frame, until nothing does. Never rejects: who waits is told. */
  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const turn = this.#waiting.findIndex((waiting) => "rotate" in waiting);
      const batch = this.#waiting.splice(0, turn < 0 ? this.#waiting.length : Math.max(turn, 1));
      try {
        if (this.#failure) throw this.#failure;
        const [first] = batch;
        if (first && "rotate" in first) first.rotate(await this.#next());
        else await this.#sync(batch as Appended[]);
      } catch (error) {
        // After a failed write nobody knows what the disk holds, so nothing more may be promised.
        this.#failure ??= new UserError(
          "JOURNAL_WRITE",
          `The journal in ${this.#dir} can't be written: ${(error as Error).message}.`,
          "Free space on its disk and start again; every answered change is kept.",
        );
        for (const { reject } of batch) reject(this.#failure);
      }
    }
    this.#writing = undefined;
  }

  async #sync(batch: readonly Appended[]): Promise<void> {
    await this.#file.appendFile(frame(batch));
    await this.#file.datasync();
    for (const { resolve } of batch) resolve();
  }

  async #next(): Promise<number> {
    const before = this.#file;
    this.#file = await open(join(this.#dir, `journal.${this.#generation + 1}`), "a", 0o600);
    this.#generation++;
    syncFolder(this.#dir);
    await before.close();
    return this.#generation;
  }
}

function frame(batch: readonly Appended[]): Buffer {
  const parts: Buffer[] = [Buffer.alloc(HEAD)];
  for (const { bytes } of batch) {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    parts.push(length, bytes);
  }
  const whole = Buffer.concat(parts);
  whole.writeUInt32LE(whole.length - HEAD, 0);
  whole.writeUInt32LE(crc32(whole.subarray(HEAD)), 4);
  whole.writeUInt32LE(crc32(whole.subarray(0, 8)), 8);
  return whole;
}

/** The end of the whole frame at `at`; undefined when there is none. */
function frameEnd(bytes: Buffer, at: number): number | undefined {
  if (at + HEAD > bytes.length || crc32(bytes.subarray(at, at + 8)) !== bytes.readUInt32LE(at + 8)) return undefined;
  const end = at + HEAD + bytes.readUInt32LE(at);
  if (end > bytes.length || crc32(bytes.subarray(at + HEAD, end)) !== bytes.readUInt32LE(at + 4)) return undefined;
  return end;
}

function readInto(
  records: unknown[],
  path: string,
  { last, salvage, notices }: { last: boolean; salvage: boolean; notices: string[] },
): boolean {
  const bytes = readFileSync(path);
  let at = 0;
  for (let end = frameEnd(bytes, at); end !== undefined; end = frameEnd(bytes, at)) {
    for (let record = at + HEAD; record < end;) {
      const length = bytes.readUInt32LE(record);
      records.push(deserialize(bytes.subarray(record + 4, record + 4 + length)));
      record += 4 + length;
    }
    at = end;
  }
  if (at === bytes.length) return false;
  const torn = last && !wholeFrameAfter(bytes, at);
  if (torn) {
    notices.push(`${path}: dropped ${bytes.length - at} bytes at offset ${at}, a write that a crash cut off before it was answered.`);
  } else if (salvage) {
    copyFileSync(path, `${path}.damaged`);
    notices.push(`${path}: damaged at offset ${at}. What came after it is lost to the run; the file as it was is kept as ${path}.damaged.`);
  } else {
    const hint = "Restore the folder from a copy, or keep what came before the damage: causeway cloud --state DIR --salvage";
    throw new UserError(
      "JOURNAL_DAMAGED",
      `${path} is damaged at offset ${at} of ${bytes.length}; ${records.length} records before it are whole.`,
      hint,
    );
  }
  truncateSync(path, at);
  return !torn;
}

/** A crash can only cut off the end, so a whole frame behind a broken one means damage. */
function wholeFrameAfter(bytes: Buffer, broken: number): boolean {
  for (let at = broken + 1; at + HEAD <= bytes.length; at++)
    if (frameEnd(bytes, at) !== undefined && bytes.readUInt32LE(at) > 0) return true;
  return false;
}

function numbered(dir: string, kind: string): number[] {
  const name = new RegExp(`^${kind}\\.(\\d+)$`);
  return readdirSync(dir)
    .flatMap((file) => name.exec(file)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** One process at a time: a file with the process's number and, where the system tells, its start, for numbers are used again. */
function lock(dir: string): void {
  const path = join(dir, "lock");
  const own = `${process.pid} ${startOf(process.pid)}`;
  for (;;) {
    try {
      writeFileSync(path, own, { flag: "wx", mode: 0o600 });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const holder = readFileSync(path, "utf8");
    const [pid, started] = holder.split(" ");
    if (runs(Number(pid)) && startOf(Number(pid)) === (started ?? "")) {
      throw new UserError(
        "STATE_IN_USE",
        `${dir} is in use by process ${pid}.`,
        "Stop that process, or choose another folder with --state DIR.",
      );
    }
    rmSync(path, { force: true });
  }
}

const unlock = (dir: string) => rmSync(join(dir, "lock"), { force: true });

function runs(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Field 22 of /proc/PID/stat, clock ticks since boot: man 5 proc. Empty where there is no /proc. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}
