/** A run as bytes: magic, version, checksum, then the run by v8's own serializer. */
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { deserialize, serialize } from "node:v8";
import { crc32 } from "node:zlib";
import { UserError } from "./assert.ts";

const MAGIC = "CWAY";
const VERSION = 1;
const HEAD = 12;

export function encode(run: unknown): Buffer {
  const body = serialize(run);
  const head = Buffer.alloc(HEAD);
  head.write(MAGIC, 0, "latin1");
  head.writeUInt32LE(VERSION, 4);
  head.writeUInt32LE(crc32(body), 8);
  return Buffer.concat([head, body]);
}

/** Throws `UserError` SNAPSHOT_DAMAGED or SNAPSHOT_VERSION. */
export function decode(bytes: Uint8Array): unknown {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < HEAD || buffer.toString("latin1", 0, 4) !== MAGIC || crc32(buffer.subarray(HEAD)) !== buffer.readUInt32LE(8)) {
    throw new UserError(
      "SNAPSHOT_DAMAGED",
      "The snapshot is not whole.",
      "Restore the folder from a copy, or begin anew with another --state DIR.",
    );
  }
  const version = buffer.readUInt32LE(4);
  if (version !== VERSION)
    throw new UserError(
      "SNAPSHOT_VERSION",
      `The snapshot has format ${version}, this program reads ${VERSION}.`,
      "Use the version of causeway that wrote it.",
    );
  return deserialize(buffer.subarray(HEAD));
}

/** Writes a file so that its name never stands for half of it, even over a crash. */
export function writeAtomically(path: string, bytes: Uint8Array): void {
  const part = `${path}.part`;
  const file = openSync(part, "w");
  try {
    for (let at = 0; at < bytes.byteLength;) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(part, path);
  syncFolder(dirname(path));
}

/** Makes names in a folder durable. */
export function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
