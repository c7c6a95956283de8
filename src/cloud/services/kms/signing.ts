/** Signatures, message authentication codes and key agreement. API: https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html and its neighbours */
import { createHash, createHmac, createPublicKey, diffieHellman, sign, timingSafeEqual, verify, type KeyObject } from "node:crypto";
import type * as sdk from "@aws-sdk/client-kms";
import { AwsError, type Operations } from "../../service.ts";
import { curveOf, ecdsaSign, ecdsaVerify, number } from "./curves.ts";
import { checkDryRun, checkLength, forUse } from "./encryption.ts";
import { checkEnabled, current, find, invalid, unsupported, type Key, type State } from "./key.ts";
import { privateKey, publicKeyOf } from "./material.ts";
import { pkcs1Sign, pkcs1Verify, pssSign, pssVerify } from "./rsa-signatures.ts";
import { isMac, isSymmetric } from "./specs.ts";

const MESSAGE_MAX = 4096; // docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html

export const signingOperations = {
  Sign(call, { KeyId, Message, MessageType = "RAW", SigningAlgorithm, DryRun }) {
    checkLength("message", Message.length, MESSAGE_MAX);
    const key = forUse(call, KeyId, "SIGN_VERIFY", "Sign");
    const digest = prepared(key, Message, MessageType, SigningAlgorithm);
    checkDryRun(DryRun);
    return { KeyId: key.metadata.Arn, Signature: signed(key, digest, SigningAlgorithm), SigningAlgorithm };
  },

  Verify(call, { KeyId, Message, MessageType = "RAW", Signature, SigningAlgorithm, DryRun }) {
    checkLength("message", Message.length, MESSAGE_MAX);
    const key = forUse(call, KeyId, "SIGN_VERIFY", "Verify");
    const digest = prepared(key, Message, MessageType, SigningAlgorithm);
    if (!verified(key, digest, Signature, SigningAlgorithm)) throw new AwsError("KMSInvalidSignatureException", "");
    checkDryRun(DryRun);
    return { KeyId: key.metadata.Arn, SignatureValid: true, SigningAlgorithm };
  },

  GetPublicKey(call, { KeyId }) {
    const key = find(call, KeyId);
    checkEnabled(key);
    const { Arn, KeySpec, CustomerMasterKeySpec, KeyUsage, EncryptionAlgorithms, SigningAlgorithms, KeyAgreementAlgorithms } = key.metadata;
    if (isSymmetric(KeySpec) || isMac(KeySpec)) throw unsupported(`${Arn} key spec is ${KeySpec} which is not valid for GetPublicKey.`);
    const PublicKey = publicKeyOf(current(key).secret);
    return {
      KeyId: Arn,
      PublicKey,
      KeySpec,
      CustomerMasterKeySpec,
      KeyUsage,
      EncryptionAlgorithms,
      SigningAlgorithms,
      KeyAgreementAlgorithms,
    };
  },

  GenerateMac(call, { KeyId, Message, MacAlgorithm, DryRun }) {
    checkLength("message", Message.length, MESSAGE_MAX);
    const key = forUse(call, KeyId, "GENERATE_VERIFY_MAC", "GenerateMac");
    const Mac = mac(key, Message, MacAlgorithm);
    checkDryRun(DryRun);
    return { KeyId: key.metadata.Arn, Mac, MacAlgorithm };
  },

  VerifyMac(call, { KeyId, Message, MacAlgorithm, Mac, DryRun }) {
    checkLength("message", Message.length, MESSAGE_MAX);
    const key = forUse(call, KeyId, "GENERATE_VERIFY_MAC", "VerifyMac");
    const wanted = mac(key, Message, MacAlgorithm);
    if (wanted.length !== Mac.length || !timingSafeEqual(wanted, Mac)) throw new AwsError("KMSInvalidMacException", "");
    checkDryRun(DryRun);
    return { KeyId: key.metadata.Arn, MacValid: true, MacAlgorithm };
  },

  DeriveSharedSecret(call, { KeyId, KeyAgreementAlgorithm, PublicKey, DryRun, Recipient }) {
    if (Recipient) throw unsupported("Nitro enclaves and NitroTPM are not emulated: leave out Recipient.");
    const key = forUse(call, KeyId, "KEY_AGREEMENT", "DeriveSharedSecret");
    if (KeyAgreementAlgorithm !== "ECDH")
      throw invalid(
        `1 validation error detected: Value '${String(KeyAgreementAlgorithm)}' at 'keyAgreementAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [ECDH]`,
      );
    const SharedSecret = agreed(key, PublicKey);
    checkDryRun(DryRun);
    return { KeyId: key.metadata.Arn, SharedSecret, KeyAgreementAlgorithm, KeyOrigin: key.metadata.Origin };
  },
} satisfies Operations<sdk.KMS, State>;

/** `RSASSA_PSS_SHA_256` → `sha256` */
const hashOf = (algorithm: string): string => `sha${algorithm.slice(-3)}`;

/** The digest to sign; for Ed25519, which takes the whole message, the message. */
function prepared(key: Key, message: Uint8Array, type: string, algorithm: sdk.SigningAlgorithmSpec): Uint8Array {
  if (!key.metadata.SigningAlgorithms?.includes(algorithm)) {
    throw new AwsError("InvalidKeyUsageException", `Algorithm ${algorithm} is incompatible with key spec ${key.metadata.KeySpec}.`);
  }
  if (type !== "RAW" && type !== "DIGEST")
    throw invalid(
      `1 validation error detected: Value '${type}' at 'messageType' failed to satisfy constraint: Member must satisfy enum value set: [DIGEST, RAW]`,
    );
  if (algorithm === "ED25519_SHA_512") {
    if (type === "DIGEST") throw invalid(`MessageType DIGEST is not valid for algorithm ${algorithm}.`);
    return message;
  }
  const digest = type === "RAW" ? createHash(hashOf(algorithm)).update(message).digest() : message;
  if (digest.length !== Number(algorithm.slice(-3)) / 8) throw invalid(`Digest is invalid length for algorithm ${algorithm}.`);
  return digest;
}

function signed(key: Key, digest: Uint8Array, algorithm: string): Uint8Array {
  const secret = privateKey(current(key).secret);
  if (algorithm.startsWith("ED25519")) return new Uint8Array(sign(null, digest, secret));
  if (algorithm.startsWith("RSASSA_PKCS1")) return pkcs1Sign(secret, digest, hashOf(algorithm));
  if (algorithm.startsWith("RSASSA_PSS")) return pssSign(secret, digest, hashOf(algorithm));
  const scalar = number(Buffer.from(secret.export({ format: "jwk" }).d!, "base64url"));
  return ecdsaSign(curveOf(key.metadata.KeySpec), scalar, digest, hashOf(algorithm));
}

function verified(key: Key, digest: Uint8Array, signature: Uint8Array, algorithm: string): boolean {
  const open = spki(publicKeyOf(current(key).secret));
  if (algorithm.startsWith("ED25519")) return verify(null, digest, open, signature);
  if (algorithm.startsWith("RSASSA_PKCS1")) return pkcs1Verify(open, digest, signature, hashOf(algorithm));
  if (algorithm.startsWith("RSASSA_PSS")) return pssVerify(open, digest, signature, hashOf(algorithm));
  const { x, y } = open.export({ format: "jwk" });
  const point = Buffer.concat([Buffer.from([4]), Buffer.from(x!, "base64url"), Buffer.from(y!, "base64url")]);
  return ecdsaVerify(curveOf(key.metadata.KeySpec), point, digest, signature);
}

const spki = (bytes: Uint8Array): KeyObject => createPublicKey({ key: Buffer.from(bytes), format: "der", type: "spki" });

function mac(key: Key, message: Uint8Array, algorithm: sdk.MacAlgorithmSpec): Uint8Array {
  if (!key.metadata.MacAlgorithms?.includes(algorithm)) {
    throw new AwsError("InvalidKeyUsageException", `Algorithm ${algorithm} is incompatible with key spec ${key.metadata.KeySpec}.`);
  }
  return new Uint8Array(createHmac(hashOf(algorithm), current(key).secret).update(message).digest());
}

function agreed(key: Key, theirs: Uint8Array): Uint8Array {
  try {
    return new Uint8Array(diffieHellman({ privateKey: privateKey(current(key).secret), publicKey: spki(theirs) }));
  } catch {
    throw invalid(`The public key is not a valid point of the curve of ${key.metadata.KeySpec}.`);
  }
}
