/**
 * ECDSA over a digest. Node signs messages only, where KMS also signs digests that the caller made; and it draws its nonce
 * from the system, where ours comes from key and digest (RFC 6979), so that an answer can be repeated.
 * Curves: SEC 2 (secg.org/sec2-v2.pdf) and FIPS 186-4 D.1.2.
 */
import { createECDH, createHmac } from "node:crypto";
import type * as sdk from "@aws-sdk/client-kms";
import { assert } from "../../../kernel/assert.ts";

export type Curve = { openssl: string; jwk: string; size: number; prime: bigint; a: bigint; order: bigint };
const P256 = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
const P384 = 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n;
const P521 = 2n ** 521n - 1n;
// Its upper 261 bits are all set.
const P521_ORDER = (2n ** 261n - 1n) * 2n ** 260n + 0xa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n;
const K256 = 2n ** 256n - 2n ** 32n - 977n;
const CURVES: Partial<Record<sdk.KeySpec, Curve>> = {
  ECC_NIST_P256: {
    openssl: "prime256v1",
    jwk: "P-256",
    size: 32,
    prime: P256,
    a: -3n,
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  },
  ECC_NIST_P384: {
    openssl: "secp384r1",
    jwk: "P-384",
    size: 48,
    prime: P384,
    a: -3n,
    order: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
  ECC_NIST_P521: { openssl: "secp521r1", jwk: "P-521", size: 66, prime: P521, a: -3n, order: P521_ORDER },
  ECC_SECG_P256K1: {
    openssl: "secp256k1",
    jwk: "secp256k1",
    size: 32,
    prime: K256,
    a: 0n,
    order: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
  },
};

export function curveOf(spec: sdk.KeySpec): Curve {
  const curve = CURVES[spec];
  assert(curve, `no curve for ${spec}`);
  return curve;
}

export const number = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString("hex") || "0"}`);
export const buffer = (value: bigint, size: number): Buffer => Buffer.from(value.toString(16).padStart(size * 2, "0"), "hex");
const modulo = (value: bigint, modulus: bigint): bigint => ((value % modulus) + modulus) % modulus;

/** Euclid's algorithm, extended. */
export function inverse(value: bigint, modulus: bigint): bigint {
  let [old, rest, oldFactor, factor] = [modulo(value, modulus), modulus, 1n, 0n];
  while (rest !== 0n) {
    const quotient = old / rest;
    [old, rest] = [rest, old - quotient * rest];
    [oldFactor, factor] = [factor, oldFactor - quotient * factor];
  }
  return modulo(oldFactor, modulus);
}

/** `scalar` times the curve's base point: OpenSSL does that when it derives a public key. */
export function multiplyBase({ openssl, size }: Curve, scalar: bigint): { x: bigint; y: bigint } {
  const pair = createECDH(openssl);
  pair.setPrivateKey(buffer(scalar, size));
  const point = pair.getPublicKey();
  return { x: number(point.subarray(1, 1 + size)), y: number(point.subarray(1 + size)) };
}

/** The signature as ANSI X9.62 writes it, which is what KMS gives. */
export function ecdsaSign(curve: Curve, secret: bigint, digest: Uint8Array, hash: string): Uint8Array {
  const wanted = leftmost(curve, digest);
  for (const nonce of nonces(curve, secret, digest, hash)) {
    const r = multiplyBase(curve, nonce).x % curve.order;
    const s = modulo(inverse(nonce, curve.order) * (wanted + r * secret), curve.order);
    if (r !== 0n && s !== 0n) return der(r, s);
  }
  throw new RangeError("the nonces do not end");
}

export function ecdsaVerify(curve: Curve, point: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean {
  const pair = undoDer(signature);
  if (!pair || pair.some((value) => value < 1n || value >= curve.order)) return false;
  const [r, s] = pair;
  const w = inverse(s, curve.order);
  const [u1, u2] = [modulo(leftmost(curve, digest) * w, curve.order), modulo(r * w, curve.order)];
  const key = jacobian({ x: number(point.subarray(1, 1 + curve.size)), y: number(point.subarray(1 + curve.size)) });
  const left = u1 === 0n ? ZERO : jacobian(multiplyBase(curve, u1));
  const { x, z } = add(curve, left, multiply(curve, key, u2));
  if (z === 0n) return false;
  return modulo(x * inverse(z * z, curve.prime), curve.prime) % curve.order === r;
}

/** As many of the digest's bits as the order has. */
function leftmost({ order }: Curve, digest: Uint8Array): bigint {
  const excess = digest.length * 8 - order.toString(2).length;
  return excess > 0 ? number(digest) >> BigInt(excess) : number(digest);
}

/** RFC 6979, 3.2. */
function* nonces(curve: Curve, secret: bigint, digest: Uint8Array, hash: string): Generator<bigint> {
  const hmac = (key: Uint8Array, ...parts: Uint8Array[]) => parts.reduce((mac, part) => mac.update(part), createHmac(hash, key)).digest();
  const seed = Buffer.concat([buffer(secret, curve.size), buffer(leftmost(curve, digest) % curve.order, curve.size)]);
  const length = digest.length;
  let value: Buffer = Buffer.alloc(length, 1);
  let key: Buffer = Buffer.alloc(length, 0);
  for (const step of [0, 1]) {
    key = hmac(key, value, Buffer.from([step]), seed);
    value = hmac(key, value);
  }
  for (;;) {
    const parts: Buffer[] = [];
    for (let have = 0; have < curve.size; have += length) parts.push((value = hmac(key, value)));
    const nonce = leftmost(curve, Buffer.concat(parts));
    if (nonce >= 1n && nonce < curve.order) yield nonce;
    key = hmac(key, value, Buffer.from([0]));
    value = hmac(key, value);
  }
}

/** A point in Jacobian coordinates, which need no division at each step. */
type Point = { x: bigint; y: bigint; z: bigint };
const ZERO: Point = { x: 1n, y: 1n, z: 0n };
const jacobian = ({ x, y }: { x: bigint; y: bigint }): Point => ({ x, y, z: 1n });

function multiply(curve: Curve, point: Point, scalar: bigint): Point {
  let sum = ZERO;
  for (const bit of scalar.toString(2)) {
    sum = double(curve, sum);
    if (bit === "1") sum = add(curve, sum, point);
  }
  return sum;
}

/** hyperelliptic.org/EFD/g1p/auto-shortw-jacobian.html, dbl-2007-bl */
function double({ prime, a }: Curve, { x, y, z }: Point): Point {
  if (z === 0n || y === 0n) return ZERO;
  const yy = modulo(y * y, prime);
  const s = modulo(4n * x * yy, prime);
  const m = modulo(3n * x * x + a * z ** 4n, prime);
  const next = modulo(m * m - 2n * s, prime);
  return { x: next, y: modulo(m * (s - next) - 8n * yy * yy, prime), z: modulo(2n * y * z, prime) };
}

function add(curve: Curve, one: Point, other: Point): Point {
  if (one.z === 0n) return other;
  if (other.z === 0n) return one;
  const { prime } = curve;
  const [zz1, zz2] = [modulo(one.z * one.z, prime), modulo(other.z * other.z, prime)];
  const [u1, u2] = [modulo(one.x * zz2, prime), modulo(other.x * zz1, prime)];
  const [s1, s2] = [modulo(one.y * other.z * zz2, prime), modulo(other.y * one.z * zz1, prime)];
  if (u1 === u2) return s1 === s2 ? double(curve, one) : ZERO;
  const [h, r] = [u2 - u1, s2 - s1];
  const [hh, hhh] = [modulo(h * h, prime), modulo(h * h * h, prime)];
  const x = modulo(r * r - hhh - 2n * u1 * hh, prime);
  return { x, y: modulo(r * (u1 * hh - x) - s1 * hhh, prime), z: modulo(h * one.z * other.z, prime) };
}

/** ASN.1: a sequence of two integers. */
function der(...values: bigint[]): Uint8Array {
  const integers = values.map((value) => {
    const hex = value.toString(16);
    const bytes = Buffer.from(hex.length % 2 ? `0${hex}` : hex, "hex");
    const positive = bytes[0]! & 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
    return Buffer.concat([Buffer.from([2, positive.length]), positive]);
  });
  const body = Buffer.concat(integers);
  const head = body.length < 128 ? [0x30, body.length] : [0x30, 0x81, body.length];
  return new Uint8Array(Buffer.concat([Buffer.from(head), body]));
}

function undoDer(signature: Uint8Array): [bigint, bigint] | undefined {
  const bytes = Buffer.from(signature);
  const from = bytes[1] === 0x81 ? 3 : 2;
  const first = bytes[from + 1] ?? 0;
  const second = from + 2 + first;
  const length = bytes[second + 1] ?? 0;
  if (bytes[0] !== 0x30 || bytes[from] !== 2 || bytes[second] !== 2 || second + 2 + length !== bytes.length) return undefined;
  return [number(bytes.subarray(from + 2, second)), number(bytes.subarray(second + 2))];
}
