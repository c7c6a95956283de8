import { appendFileSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { UserError } from "./assert.ts";
import { Journal } from "./journal.ts";
import { decode, encode } from "./snapshot.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "causeway-journal-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const file = () => join(dir, "journal.0");

async function write(...records: unknown[]): Promise<void> {
  const { journal } = await Journal.open(dir);
  for (const record of records) await journal.append(record); // one frame each
  await journal.close();
}

async function read(options = {}): Promise<{ records: unknown[]; notices: string[] }> {
  const { journal, records, notices } = await Journal.open(dir, options);
  await journal.close();
  return { records, notices };
}

async function refused(options = {}): Promise<UserError> {
  try {
    await read(options);
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return error as UserError;
  }
  throw new Error("it was not refused");
}

test("records come back in order, with their dates and bytes", async () => {
  const records = [{ at: 1, date: new Date(5), bytes: new Uint8Array([1, 2]) }, "two", new Map([["three", 3]])];
  await write(...records);
  expect((await read()).records).toEqual(records);
});

test("records that wait together are written together, in the order in which they came", async () => {
  const { journal } = await Journal.open(dir);
  await Promise.all(Array.from({ length: 1000 }, (_, index) => journal.append(index)));
  await journal.close();
  expect((await read()).records).toEqual(Array.from({ length: 1000 }, (_, index) => index));
});

test("a record may be changed by its owner right after it was appended", async () => {
  const { journal } = await Journal.open(dir);
  const record = { value: "as it was" };
  const written = journal.append(record);
  record.value = "changed";
  await written;
  await journal.close();
  expect((await read()).records).toEqual([{ value: "as it was" }]);
});

test("a last record that was cut off anywhere is dropped, those before it stay, and writing goes on behind them", async () => {
  await write("one", "two");
  const whole = statSync(file()).size;
  await write("three");
  const cut = readFileSync(file());
  for (let size = whole + 1; size < cut.length; size++) {
    writeFileSync(file(), cut);
    truncateSync(file(), size);
    const { records, notices } = await read();
    expect(records).toEqual(["one", "two"]);
    expect(notices[0]).toContain(`at offset ${whole}`);
    await write("four");
    expect((await read()).records).toEqual(["one", "two", "four"]);
  }
});

test("a last record of which only zeros reached the disk is dropped", async () => {
  await write("one");
  appendFileSync(file(), Buffer.alloc(4096));
  expect((await read()).records).toEqual(["one"]);
});

test("a damaged earlier record is refused with its offset and a way out, and the way out works", async () => {
  await write("one");
  const offset = statSync(file()).size;
  await write("two", "three");
  const bytes = readFileSync(file());
  bytes[offset + 14]! ^= 0x40;
  writeFileSync(file(), bytes);

  const error = await refused();
  expect(error.code).toBe("JOURNAL_DAMAGED");
  expect(error.message).toContain(`at offset ${offset}`);
  expect(error.hint).toContain("--salvage");
  expect(readFileSync(file()).equals(bytes)).toBe(true); // a refusal changes nothing

  const { records, notices } = await read({ salvage: true });
  expect(records).toEqual(["one"]);
  expect(notices[0]).toContain("journal.0.damaged");
  expect(readFileSync(`${file()}.damaged`).equals(bytes)).toBe(true);
  expect((await read()).records).toEqual(["one"]);
});

test("whichever bit is damaged: never a wrong record, never a lost one in silence", async () => {
  await write("one", "two", "three");
  const good = readFileSync(file());
  const all = ["one", "two", "three"];
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
      const bytes = Buffer.from(good);
      bytes[at]! ^= mask;
      writeFileSync(file(), bytes);
      try {
        const { records, notices } = await read();
        // Only damage to the last frame may pass, for it looks like one that a crash cut off; and it is said.
        expect(records).toEqual(all.slice(0, 2));
        expect(notices).toHaveLength(1);
      } catch (error) {
        expect((error as UserError).code).toBe("JOURNAL_DAMAGED");
      }
    }),
    { numRuns: 150 },
  );
});

test("after a rotation the snapshot holds what was before it and the journal what came after, also what waited meanwhile", async () => {
  const { journal } = await Journal.open(dir);
  const before = [journal.append("before 1"), journal.append("before 2")];
  const rotated = journal.rotate(encode(["before 1", "before 2"]));
  const after = [journal.append("after 1"), journal.append("after 2")];
  await Promise.all([...before, rotated, ...after]);
  await journal.close();
  expect(readdirSync(dir).sort()).toEqual(["journal.1", "snapshot.1"]);
  const opened = await Journal.open(dir);
  await opened.journal.close();
  expect(decode(opened.snapshot!)).toEqual(["before 1", "before 2"]);
  expect(opened.records).toEqual(["after 1", "after 2"]);
});

test("a crash between the new journal and its snapshot loses nothing", async () => {
  await write("before");
  // What the crash leaves: both journals, and no snapshot that replaces the first.
  const other = mkdtempSync(join(tmpdir(), "causeway-journal-"));
  const { journal } = await Journal.open(other);
  await journal.append("after");
  await journal.close();
  writeFileSync(join(dir, "journal.1"), readFileSync(join(other, "journal.0")));
  rmSync(other, { recursive: true });
  expect((await read()).records).toEqual(["before", "after"]);
});

test("a folder is one process's at a time, and a dead one's lock is no obstacle", async () => {
  const { journal } = await Journal.open(dir);
  expect((await refused()).code).toBe("STATE_IN_USE");
  await journal.close();
  expect(existsSync(join(dir, "lock"))).toBe(false);
  writeFileSync(join(dir, "lock"), "4194305 1"); // above the largest process number of Linux: man 5 proc, pid_max
  expect((await read()).records).toEqual([]);
});

test("a snapshot that is not whole is refused by name", () => {
  const bytes = encode({ some: "run" });
  expect(decode(bytes)).toEqual({ some: "run" });
  bytes[20]! ^= 1;
  expect(() => decode(bytes)).toThrow("not whole");
  expect(() => decode(bytes.subarray(0, 5))).toThrow("not whole");
});
