/** RSA signatures over a digest: RSASSA-PKCS1-v1_5 and RSASSA-PSS of RFC 8017. Node signs messages only, where KMS also signs digests. */
import { constants, createHash, privateEncrypt, publicDecrypt, type KeyObject } from "node:crypto";

/** What stands before the digest in a DigestInfo: RFC 8017, 9.2, note 1. */
const PREFIXES: Record<string, string> = {
  sha256: "3031300d060960864801650304020105000420",
  sha384: "3041300d060960864801650304020205000430",
  sha512: "3051300d060960864801650304020305000440",
};

const info = (digest: Uint8Array, hash: string): Buffer => Buffer.concat([Buffer.from(PREFIXES[hash]!, "hex"), digest]);

export const pkcs1Sign = (key: KeyObject, digest: Uint8Array, hash: string): Uint8Array =>
  new Uint8Array(privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, info(digest, hash)));

export function pkcs1Verify(key: KeyObject, digest: Uint8Array, signature: Uint8Array, hash: string): boolean {
  const opened = open(key, signature, constants.RSA_PKCS1_PADDING);
  return opened?.equals(info(digest, hash)) ?? false;
}

/** The salt is as long as the hash and comes from the digest, so that the same request has the same answer. */
export function pssSign(key: KeyObject, digest: Uint8Array, hash: string): Uint8Array {
  const length = modulusLength(key);
  const salt = createHash(hash).update("salt").update(digest).digest();
  const check = pssHash(digest, salt, hash);
  const block = Buffer.alloc(length - check.length - 1);
  salt.copy(block, block.length - salt.length);
  block[block.length - salt.length - 1] = 1;
  const masked = xor(block, mask(check, block.length, hash));
  masked[0] = masked[0]! & 0x7f;
  const encoded = Buffer.concat([masked, check, Buffer.from([0xbc])]);
  return new Uint8Array(privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, encoded));
}

export function pssVerify(key: KeyObject, digest: Uint8Array, signature: Uint8Array, hash: string): boolean {
  const encoded = open(key, signature, constants.RSA_NO_PADDING);
  if (!encoded || encoded.at(-1) !== 0xbc || encoded[0]! & 0x80) return false;
  const check = encoded.subarray(-1 - digest.length, -1);
  const block = encoded.subarray(0, -1 - digest.length);
  const plain = xor(block, mask(check, block.length, hash));
  plain[0] = plain[0]! & 0x7f;
  const mark = plain.indexOf(1);
  if (mark < 0 || plain.subarray(0, mark).some((byte) => byte !== 0) || plain.length - mark - 1 !== digest.length) return false;
  return pssHash(digest, plain.subarray(mark + 1), hash).equals(check);
}

const pssHash = (digest: Uint8Array, salt: Uint8Array, hash: string): Buffer =>
  createHash(hash).update(Buffer.alloc(8)).update(digest).update(salt).digest();

/** MGF1: RFC 8017, B.2.1. */
function mask(seed: Uint8Array, length: number, hash: string): Buffer {
  const parts: Buffer[] = [];
  for (let counter = 0, have = 0; have < length; counter++) {
    const part = createHash(hash)
      .update(seed)
      .update(Buffer.from([counter >>> 24, counter >>> 16, counter >>> 8, counter]))
      .digest();
    parts.push(part);
    have += part.length;
  }
  return Buffer.concat(parts).subarray(0, length);
}

const xor = (one: Uint8Array, other: Uint8Array): Buffer => Buffer.from(one.map((byte, at) => byte ^ other[at]!));

const modulusLength = (key: KeyObject): number => key.asymmetricKeyDetails!.modulusLength! / 8;

function open(key: KeyObject, signature: Uint8Array, padding: number): Buffer | undefined {
  if (signature.length !== modulusLength(key)) return undefined;
  try {
    return publicDecrypt({ key, padding }, signature);
  } catch {
    return undefined;
  }
}
