/**
 * The authority behind the certificates that this cloud issues: real X.509 (RFC 5280), so that a client can parse and verify
 * them, from an authority that nobody trusts by accident. Keys come from the run's chance and RSA signatures have none of
 * their own (RSASSA-PKCS1-v1_5), so a replay issues the same bytes.
 */
import { createCipheriv, createHash, createPublicKey, pbkdf2Sync, sign } from "node:crypto";
import type * as sdk from "@aws-sdk/client-acm";
import { makeMaterial, privateKey, publicKeyOf } from "../kms/material.ts";
import { bits, identifier, integer, moment, nothing, octets, pem, sequence, set, tagged, text, tlv, truth } from "./der.ts";

const SPECS = { RSA_2048: "RSA_2048", EC_prime256v1: "ECC_NIST_P256", EC_secp384r1: "ECC_NIST_P384" } as const;
/** The algorithms of public certificates: docs.aws.amazon.com/acm/latest/userguide/acm-certificate-characteristics.html */
export type Algorithm = keyof typeof SPECS;
export const isAlgorithm = (name: string): name is Algorithm => Object.hasOwn(SPECS, name);

const SHA256_WITH_RSA = sequence(identifier("1.2.840.113549.1.1.11"), nothing());
const NAME = sequence(
  set(sequence(identifier("2.5.4.10"), text("Causeway"))),
  set(sequence(identifier("2.5.4.3"), text("Causeway embedded ACM authority"))),
);

export const makeKey = (algorithm: Algorithm, bytes: (length: number) => Uint8Array): Uint8Array => makeMaterial(SPECS[algorithm], bytes);

/** The same authority in every region and account. Made when first needed, for it takes a while. */
export const makeAuthorityKey = (): Uint8Array =>
  makeMaterial("RSA_2048", (length) => createHash("sha512").update("Causeway embedded ACM authority").digest().subarray(0, length));

type Wanted = { subject: Uint8Array; serial: Uint8Array; publicKey: Uint8Array; from: Date; until: Date; extensions: Uint8Array[] };

function build(authority: Uint8Array, { subject, serial, publicKey, from, until, extensions }: Wanted): string {
  const body = sequence(
    tagged(0, integer(new Uint8Array([2]))),
    integer(serial),
    SHA256_WITH_RSA,
    NAME,
    sequence(moment(from), moment(until)),
    subject,
    publicKey,
    tagged(3, sequence(...extensions)),
  );
  return pem("CERTIFICATE", sequence(body, SHA256_WITH_RSA, bits(sign("sha256", body, privateKey(authority)))));
}

const extension = (id: string, critical: boolean, value: Uint8Array): Buffer =>
  sequence(identifier(id), ...(critical ? [truth()] : []), octets(value));
const keyId = (spki: Uint8Array): Buffer => createHash("sha1").update(spki).digest();

type Issue = { domain: string; names: readonly string[]; key: Uint8Array; serial: Uint8Array; from: Date; until: Date };

/** A certificate for TLS servers, with every name in its subjectAltName. */
export function issue(authority: Uint8Array, { domain, names, key, serial, from, until }: Issue): string {
  const publicKey = publicKeyOf(key);
  return build(authority, {
    subject: sequence(set(sequence(identifier("2.5.4.3"), text(domain)))),
    serial,
    publicKey,
    from,
    until,
    extensions: [
      extension("2.5.29.35", false, sequence(tlv(0x80, keyId(publicKeyOf(authority))))),
      extension("2.5.29.14", false, octets(keyId(publicKey))),
      extension("2.5.29.17", false, sequence(...names.map((name) => tlv(0x82, Buffer.from(name))))),
      extension("2.5.29.15", true, tlv(0x03, Buffer.from([5, 0xa0]))), // digitalSignature, keyEncipherment
      extension("2.5.29.37", false, sequence(identifier("1.3.6.1.5.5.7.3.1"), identifier("1.3.6.1.5.5.7.3.2"))),
      extension("2.5.29.19", true, sequence()),
    ],
  });
}

/** The authority's own certificate: the chain that goes with each that it issues. */
export function authorityCertificate(authority: Uint8Array): string {
  const publicKey = publicKeyOf(authority);
  return build(authority, {
    subject: NAME,
    serial: new Uint8Array([1]),
    publicKey,
    from: new Date("1970-01-01T00:00:00Z"), // a run may begin at the epoch
    until: new Date("2099-12-31T23:59:59Z"),
    extensions: [
      extension("2.5.29.14", false, octets(keyId(publicKey))),
      extension("2.5.29.15", true, tlv(0x03, Buffer.from([1, 0x06]))), // keyCertSign, cRLSign
      extension("2.5.29.19", true, sequence(truth())),
    ],
  });
}

const ITERATIONS = 2048; // OpenSSL's own default for PKCS #8 files

/** The key under a passphrase, as `openssl rsa -in` reads it: PBES2 of RFC 8018 with AES-256. */
export function sealKey(key: Uint8Array, passphrase: Uint8Array, salt: Uint8Array, iv: Uint8Array): string {
  const cipher = createCipheriv("aes-256-cbc", pbkdf2Sync(passphrase, salt, ITERATIONS, 32, "sha256"), iv);
  const sealed = Buffer.concat([cipher.update(key), cipher.final()]);
  const hash = sequence(identifier("1.2.840.113549.2.9"), nothing());
  const derivation = sequence(
    identifier("1.2.840.113549.1.5.12"),
    sequence(octets(salt), integer(new Uint8Array([ITERATIONS >> 8, ITERATIONS & 255])), hash),
  );
  const encryption = sequence(identifier("2.16.840.1.101.3.4.1.42"), octets(iv));
  const scheme = sequence(identifier("1.2.840.113549.1.5.13"), sequence(derivation, encryption));
  return pem("ENCRYPTED PRIVATE KEY", sequence(scheme, octets(sealed)));
}

/** The algorithm of a key as ACM names it; undefined for those that ACM does not take. */
export function algorithmOf(publicKey: ReturnType<typeof createPublicKey>): sdk.KeyAlgorithm | undefined {
  const { modulusLength, namedCurve } = publicKey.asymmetricKeyDetails ?? {};
  const curves: Record<string, sdk.KeyAlgorithm> = { prime256v1: "EC_prime256v1", secp384r1: "EC_secp384r1", secp521r1: "EC_secp521r1" };
  const sizes: Record<number, sdk.KeyAlgorithm> = { 1024: "RSA_1024", 2048: "RSA_2048", 3072: "RSA_3072", 4096: "RSA_4096" };
  if (publicKey.asymmetricKeyType === "ec") return curves[namedCurve ?? ""];
  return publicKey.asymmetricKeyType === "rsa" ? sizes[modulusLength ?? 0] : undefined;
}
