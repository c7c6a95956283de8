/** The digests that a request may name for its body: docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { AwsError } from "./service.ts";

const algorithms: Record<string, (bytes: Uint8Array) => string> = {
  crc32: (bytes) => base64of32(crc32(bytes)),
  crc32c: (bytes) => base64of32(crc32c(bytes)),
  crc64nvme: (bytes) => crc64nvme(bytes),
  sha1: (bytes) => createHash("sha1").update(bytes).digest("base64"),
  sha256: (bytes) => createHash("sha256").update(bytes).digest("base64"),
};

/** In bytes, before base64. */
const lengths: Record<string, number> = { crc32: 4, crc32c: 4, crc64nvme: 8, sha1: 20, sha256: 32 };

/** Base64, by the algorithm's name in either case; undefined for a name that S3 does not know. */
export function checksum(algorithm: string, bytes: Uint8Array): string | undefined {
  return algorithms[algorithm.toLowerCase()]?.(bytes);
}

/** The checksums of the body by every algorithm that the request names, by a value or by name alone. */
export function checksumsOf(headers: Record<string, string>, body: Uint8Array): Record<string, string> {
  const found: Record<string, string> = {};
  const named = (headers["x-amz-sdk-checksum-algorithm"] ?? headers["x-amz-checksum-algorithm"] ?? "").toLowerCase();
  for (const [name, compute] of Object.entries(algorithms)) {
    if (name === named || headers[`x-amz-checksum-${name}`] !== undefined) found[name.toUpperCase()] = compute(body);
  }
  return found;
}

/** Refuses a body whose digest differs from what the request says of it. */
export function verifyDigests(headers: Record<string, string>, body: Uint8Array): void {
  verifyMd5(headers["content-md5"], body);
  verifySha256(headers["x-amz-content-sha256"], body);
  const given = Object.keys(algorithms).filter((name) => headers[`x-amz-checksum-${name}`] !== undefined);
  if (given.length > 1) {
    throw new AwsError("InvalidRequest", "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.", 400);
  }
  const [name] = given;
  // A completion names the checksum of the whole object, which is S3's to check.
  if (name === undefined || /<CompleteMultipartUpload/.test(Buffer.from(body.subarray(0, 200)).toString("latin1"))) return;
  const value = headers[`x-amz-checksum-${name}`]!;
  if (Buffer.from(value, "base64").length !== lengths[name]) {
    throw new AwsError("InvalidRequest", `Value for x-amz-checksum-${name} header is invalid.`, 400);
  }
  if (checksum(name, body) !== value) {
    throw new AwsError("BadDigest", `The ${name.toUpperCase()} you specified did not match the calculated checksum.`, 400);
  }
}

function verifyMd5(md5: string | undefined, body: Uint8Array): void {
  if (md5 === undefined) return;
  if (Buffer.from(md5, "base64").length !== 16) throw new AwsError("InvalidDigest", "The Content-MD5 you specified was invalid.", 400);
  const computed = createHash("md5").update(body).digest("base64");
  if (computed !== md5) {
    const members = { ExpectedDigest: md5, CalculatedDigest: computed };
    throw new AwsError("BadDigest", "The Content-MD5 you specified did not match what we received.", 400, members);
  }
}

/** Streaming and unsigned bodies name no digest here but say so in words. */
function verifySha256(sha256: string | undefined, body: Uint8Array): void {
  if (sha256 === undefined || !/^[0-9a-f]{64}$/.test(sha256)) return;
  const computed = createHash("sha256").update(body).digest("hex");
  if (computed === sha256) return;
  const members = { ClientComputedContentSHA256: sha256, S3ComputedContentSHA256: computed };
  throw new AwsError(
    "XAmzContentSHA256Mismatch",
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
    400,
    members,
  );
}

function base64of32(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes.toString("base64");
}

// Castagnoli's polynomial, reflected: RFC 3720, B.4
const castagnoli = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value >>> 0;
});

function crc32c(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (let at = 0; at < bytes.length; at++) value = castagnoli[(value ^ bytes[at]!) & 255]! ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

// CRC-64/NVME, reflected polynomial 0x9a6c9329ac4bc9b5, as two halves: BigInt would be thirty times slower.
const high = new Uint32Array(256);
const low = new Uint32Array(256);
for (let index = 0; index < 256; index++) {
  let upper = 0;
  let lower = index;
  for (let bit = 0; bit < 8; bit++) {
    const carry = lower & 1;
    lower = ((lower >>> 1) | (upper << 31)) >>> 0;
    upper >>>= 1;
    if (carry) {
      upper = (upper ^ 0x9a6c9329) >>> 0;
      lower = (lower ^ 0xac4bc9b5) >>> 0;
    }
  }
  high[index] = upper;
  low[index] = lower;
}

function crc64nvme(bytes: Uint8Array): string {
  let upper = 0xffffffff;
  let lower = 0xffffffff;
  for (let at = 0; at < bytes.length; at++) {
    const index = (lower ^ bytes[at]!) & 255;
    lower = (((lower >>> 8) | (upper << 24)) ^ low[index]!) >>> 0;
    upper = ((upper >>> 8) ^ high[index]!) >>> 0;
  }
  const result = Buffer.alloc(8);
  result.writeUInt32BE((upper ^ 0xffffffff) >>> 0, 0);
  result.writeUInt32BE((lower ^ 0xffffffff) >>> 0, 4);
  return result.toString("base64");
}
