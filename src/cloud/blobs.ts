/** Object bodies, kept outside the run by their digest: in memory, or as files under `--state`. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeAtomically } from "../kernel/snapshot.ts";

/** What the run knows of a body. */
export type Blob = {
  /** SHA-256, hexadecimal: the body's name in the store. */
  digest: string;
  size: number;
  /** MD5, hexadecimal: S3's ETag. */
  md5: string;
  /** Base64 by algorithm (`CRC32`, `CRC32C`, `CRC64NVME`, `SHA1`, `SHA256`), those that the request named. */
  checksums: Record<string, string>;
  /** In an answer: the bytes to send, both ends included. Absent = all. */
  range?: { start: number; end: number };
};

export interface Blobs {
  /** Stores it durably (when the store is a folder) before it returns. */
  put(bytes: Uint8Array, checksums?: Record<string, string>): Blob;
  /** Throws when the digest is unknown: the run and its bodies have been separated. */
  get(blob: Pick<Blob, "digest">): Uint8Array;
  has(digest: string): boolean;
  /** Bytes that it holds, as far as it knows: of a folder, those that this process has stored. */
  readonly size: number;
  /** Forgets every body whose digest `keep` does not name. Returns how many. */
  sweep(keep: ReadonlySet<string>): number;
  /** Set when bodies are files: their path, for zero-copy sending. */
  path?(digest: string): string;
}

export function describe(bytes: Uint8Array, checksums: Record<string, string> = {}): Blob {
  return {
    digest: createHash("sha256").update(bytes).digest("hex"),
    size: bytes.byteLength,
    md5: createHash("md5").update(bytes).digest("hex"),
    checksums,
  };
}

export function memoryBlobs(): Blobs {
  const bodies = new Map<string, Uint8Array>();
  let size = 0;
  return {
    get size() {
      return size;
    },
    put(bytes, checksums) {
      const blob = describe(bytes, checksums);
      if (bodies.has(blob.digest)) return blob;
      bodies.set(blob.digest, bytes);
      size += blob.size;
      return blob;
    },
    get({ digest }) {
      const bytes = bodies.get(digest);
      if (!bytes) throw new Error(`Body ${digest} is not in the store.`);
      return bytes;
    },
    has: (digest) => bodies.has(digest),
    sweep(keep) {
      let swept = 0;
      for (const [digest, bytes] of bodies) {
        if (keep.has(digest)) continue;
        bodies.delete(digest);
        size -= bytes.byteLength;
        swept++;
      }
      return swept;
    },
  };
}

/** Bodies as `dir/ab/abcdef…`; written beside, synced and renamed, so that a name never stands for half a body. */
export function fileBlobs(dir: string): Blobs {
  mkdirSync(dir, { recursive: true });
  const known = new Set<string>();
  let size = 0;
  const path = (digest: string) => join(dir, digest.slice(0, 2), digest);
  const has = (digest: string) => known.has(digest) || existsSync(path(digest));
  return {
    path,
    has,
    get size() {
      return size;
    },
    put(bytes, checksums) {
      const blob = describe(bytes, checksums);
      if (has(blob.digest)) return blob;
      const folder = join(dir, blob.digest.slice(0, 2));
      mkdirSync(folder, { recursive: true });
      writeAtomically(path(blob.digest), bytes);
      known.add(blob.digest);
      size += blob.size;
      return blob;
    },
    get: ({ digest }) => readFileSync(path(digest)),
    sweep(keep) {
      let swept = 0;
      for (const folder of readdirSync(dir)) {
        // Also what a crash left half written: its name ends in .part
        for (const name of readdirSync(join(dir, folder))) {
          if (keep.has(name)) continue;
          rmSync(join(dir, folder, name), { force: true });
          known.delete(name);
          swept++;
        }
      }
      size = 0;
      return swept;
    },
  };
}
