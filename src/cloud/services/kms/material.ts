/**
 * Key material. It is made from the run's chance alone, so that a replay of the journal makes the same keys: Node's own
 * generators draw from the system. Private keys are kept as PKCS #8, symmetric ones as they are.
 */
import { checkPrimeSync, createHash, createPrivateKey, createPublicKey } from "node:crypto";
import type * as sdk from "@aws-sdk/client-kms";
import { buffer, curveOf, inverse, multiplyBase, number } from "./curves.ts";

/** Lengths in bytes; HMAC keys are as long as their hash: docs.aws.amazon.com/kms/latest/developerguide/hmac.html */
const LENGTHS: Partial<Record<sdk.KeySpec, number>> = { SYMMETRIC_DEFAULT: 32, HMAC_224: 28, HMAC_256: 32, HMAC_384: 48, HMAC_512: 64 };
const SEED = 48; // bytes from which an asymmetric key grows: more than the strength of any of them
const ED25519_PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex"); // RFC 8410, what comes before the seed

/** `bytes` is `call.bytes`. */
export function makeMaterial(spec: sdk.KeySpec, bytes: (length: number) => Uint8Array): Uint8Array {
  const length = LENGTHS[spec];
  if (length) return bytes(length);
  if (spec === "ECC_NIST_EDWARDS25519") return new Uint8Array(Buffer.concat([ED25519_PKCS8, bytes(32)]));
  const stream = expand(bytes(SEED));
  const jwk = spec.startsWith("RSA_") ? rsa(Number(spec.slice(4)), stream) : ellipticCurve(spec, stream);
  return new Uint8Array(createPrivateKey({ key: jwk, format: "jwk" }).export({ format: "der", type: "pkcs8" }));
}

export const privateKey = (pkcs8: Uint8Array) => createPrivateKey({ key: Buffer.from(pkcs8), format: "der", type: "pkcs8" });

export const publicKeyOf = (pkcs8: Uint8Array): Uint8Array =>
  new Uint8Array(createPublicKey(privateKey(pkcs8)).export({ format: "der", type: "spki" }));

/** Names key material as KMS does, with 64 hexadecimal digits; the same material has the same name. */
export const materialId = (material: Uint8Array): string => createHash("sha256").update("key material").update(material).digest("hex");

type Stream = (length: number) => Buffer;

/** As many bytes as wanted from a few: SHA-512 of seed and counter. */
function expand(seed: Uint8Array): Stream {
  let counter = 0;
  return (length) => {
    const parts: Buffer[] = [];
    for (let have = 0; have < length; have += 64) parts.push(createHash("sha512").update(seed).update(String(counter++)).digest());
    return Buffer.concat(parts).subarray(0, length);
  };
}

function ellipticCurve(spec: sdk.KeySpec, stream: Stream) {
  const curve = curveOf(spec);
  // Eight bytes more than the order has make its remainder as good as uniform: FIPS 186-4 B.4.1
  const scalar = (number(stream(curve.size + 8)) % (curve.order - 1n)) + 1n;
  const { x, y } = multiplyBase(curve, scalar);
  return { kty: "EC", crv: curve.jwk, d: url(buffer(scalar, curve.size)), x: url(buffer(x, curve.size)), y: url(buffer(y, curve.size)) };
}

const EXPONENT = 65_537n;

function rsa(bits: number, stream: Stream) {
  const [p, q] = [prime(bits / 2, stream), prime(bits / 2, stream)].sort((one, other) => (one > other ? -1 : 1)) as [bigint, bigint];
  const phi = (p - 1n) * (q - 1n);
  const d = inverse(EXPONENT, phi);
  const size = bits / 8;
  const half = size / 2;
  return {
    kty: "RSA",
    n: url(buffer(p * q, size)),
    e: "AQAB",
    d: url(buffer(d, size)),
    p: url(buffer(p, half)),
    q: url(buffer(q, half)),
    dp: url(buffer(d % (p - 1n), half)),
    dq: url(buffer(d % (q - 1n), half)),
    qi: url(buffer(inverse(q, p), half)),
  };
}

/** The first prime from a random place on. Its two highest bits are set, so that the product of two has its full length. */
function prime(bits: number, stream: Stream): bigint {
  let candidate = number(stream(bits / 8)) | (3n << BigInt(bits - 2)) | 1n;
  while (candidate % EXPONENT === 1n || !passes(candidate)) candidate += 2n;
  return candidate;
}

const SMALL_PRODUCT = 3n * 5n * 7n * 11n * 13n * 17n * 19n * 23n * 29n * 31n * 37n * 41n * 43n * 47n * 53n;
const SMALL = [3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53];

/** Small divisors first, for they are cheap; then Miller and Rabin's test, of which OpenSSL does enough rounds that its answer is the same each time. */
function passes(candidate: bigint): boolean {
  const rest = candidate % SMALL_PRODUCT;
  return SMALL.every((divisor) => rest % BigInt(divisor) !== 0n) && checkPrimeSync(candidate);
}

const url = (bytes: Buffer): string => bytes.toString("base64url");
