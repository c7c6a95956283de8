/** Encrypt, Decrypt and data keys. API: https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html and its neighbours */
import { constants, createPublicKey, privateDecrypt, publicEncrypt } from "node:crypto";
import type * as sdk from "@aws-sdk/client-kms";
import { AwsError, type Operations } from "../../service.ts";
import { broken, decrypt, encrypt, parse, type Context } from "./ciphertext.ts";
import { checkEnabled, current, denied, find, invalid, unsupported, type Here, type Key, type State, type Timers } from "./key.ts";
import { managedFor } from "./creation.ts";
import { makeMaterial, privateKey, publicKeyOf } from "./material.ts";
import type { Usage } from "./specs.ts";

const PLAINTEXT_MAX = 4096; // docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html
const CIPHERTEXT_MAX = 6144; // …/API_Decrypt.html
const RANDOM_MAX = 1024; // …/API_GenerateRandom.html
type Algorithm = sdk.EncryptionAlgorithmSpec;

export const encryptionOperations = {
  Encrypt(call, { KeyId, Plaintext, EncryptionContext = {}, EncryptionAlgorithm = "SYMMETRIC_DEFAULT", DryRun }) {
    checkLength("plaintext", Plaintext.length, PLAINTEXT_MAX);
    const key = forUse(call, KeyId, "ENCRYPT_DECRYPT", "Encrypt");
    checkAlgorithm(key, EncryptionAlgorithm);
    checkDryRun(DryRun);
    return {
      CiphertextBlob: sealed(call, key, Plaintext, EncryptionContext, EncryptionAlgorithm),
      KeyId: key.metadata.Arn,
      EncryptionAlgorithm,
    };
  },

  Decrypt(call, input) {
    const { CiphertextBlob, KeyId, EncryptionContext = {}, EncryptionAlgorithm = "SYMMETRIC_DEFAULT", DryRun, Recipient } = input;
    if (Recipient) throw unsupported("Nitro enclaves and NitroTPM are not emulated: leave out Recipient.");
    if (!CiphertextBlob)
      throw invalid("1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: Member must not be null");
    const opened = unseal(call, { CiphertextBlob, KeyId, EncryptionContext, EncryptionAlgorithm }, "Decrypt");
    checkDryRun(DryRun);
    return { KeyId: opened.key.metadata.Arn, Plaintext: opened.plain, EncryptionAlgorithm, KeyMaterialId: opened.materialId };
  },

  ReEncrypt(call, input) {
    const { CiphertextBlob, SourceKeyId, SourceEncryptionContext = {}, SourceEncryptionAlgorithm = "SYMMETRIC_DEFAULT" } = input;
    const { DestinationKeyId, DestinationEncryptionContext = {}, DestinationEncryptionAlgorithm = "SYMMETRIC_DEFAULT", DryRun } = input;
    if (!CiphertextBlob)
      throw invalid("1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: Member must not be null");
    const source = {
      CiphertextBlob,
      KeyId: SourceKeyId,
      EncryptionContext: SourceEncryptionContext,
      EncryptionAlgorithm: SourceEncryptionAlgorithm,
    };
    const from = unseal(call, source, "ReEncryptFrom");
    const to = forUse(call, DestinationKeyId, "ENCRYPT_DECRYPT", "ReEncryptTo");
    checkAlgorithm(to, DestinationEncryptionAlgorithm);
    checkDryRun(DryRun);
    return {
      CiphertextBlob: sealed(call, to, from.plain, DestinationEncryptionContext, DestinationEncryptionAlgorithm),
      SourceKeyId: from.key.metadata.Arn,
      KeyId: to.metadata.Arn,
      SourceEncryptionAlgorithm,
      DestinationEncryptionAlgorithm,
      SourceKeyMaterialId: from.materialId,
      DestinationKeyMaterialId: to.metadata.CurrentKeyMaterialId,
    };
  },

  GenerateDataKey(call, input) {
    if (input.Recipient) throw unsupported("Nitro enclaves and NitroTPM are not emulated: leave out Recipient.");
    const { key, plain, CiphertextBlob } = dataKey(call, input, "GenerateDataKey");
    return { CiphertextBlob, Plaintext: plain, KeyId: key.metadata.Arn, KeyMaterialId: current(key).id };
  },

  GenerateDataKeyWithoutPlaintext(call, input) {
    const { key, CiphertextBlob } = dataKey(call, input, "GenerateDataKeyWithoutPlaintext");
    return { CiphertextBlob, KeyId: key.metadata.Arn, KeyMaterialId: current(key).id };
  },

  GenerateDataKeyPair(call, input) {
    if (input.Recipient) throw unsupported("Nitro enclaves and NitroTPM are not emulated: leave out Recipient.");
    return dataKeyPair(call, input, "GenerateDataKeyPair");
  },

  GenerateDataKeyPairWithoutPlaintext(call, input) {
    const { PrivateKeyPlaintext: _secret, ...rest } = dataKeyPair(call, input, "GenerateDataKeyPairWithoutPlaintext");
    return rest;
  },

  GenerateRandom(call, { NumberOfBytes, Recipient }) {
    if (Recipient) throw unsupported("Nitro enclaves and NitroTPM are not emulated: leave out Recipient.");
    if (NumberOfBytes === undefined) throw invalid("Number of bytes is required.");
    checkLength("numberOfBytes", NumberOfBytes, RANDOM_MAX, "value");
    return { Plaintext: call.bytes(NumberOfBytes) };
  },
} satisfies Operations<sdk.KMS, State, Timers>;

/** A key that may now be used for that: enabled, of that usage, and not one that AWS manages for somebody else. */
export function forUse(call: Here, keyId: string, usage: Usage, operation: string): Key {
  const key = (usage === "ENCRYPT_DECRYPT" ? managedFor(call, keyId) : undefined) ?? find(call, keyId);
  return checkUse(call, key, usage, operation);
}

function checkUse(call: Here, key: Key, usage: Usage, operation: string): Key {
  const { KeyUsage, Arn, KeyManager } = key.metadata;
  if (KeyManager === "AWS" && !call.principal.service) throw denied(call, key, operation);
  checkEnabled(key);
  if (KeyUsage !== usage)
    throw new AwsError("InvalidKeyUsageException", `${Arn} key usage is ${KeyUsage} which is not valid for ${operation}.`);
  return key;
}

function checkAlgorithm(key: Key, algorithm: Algorithm): void {
  if (key.metadata.EncryptionAlgorithms?.includes(algorithm)) return;
  throw new AwsError("InvalidKeyUsageException", `Algorithm ${algorithm} is incompatible with key spec ${key.metadata.KeySpec}.`);
}

export function checkDryRun(dryRun: boolean | undefined): void {
  if (dryRun) throw new AwsError("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.");
}

export function checkLength(member: string, length: number, most: number, of = "length"): void {
  if (length >= 1 && length <= most) return;
  const bound = length < 1 ? "greater than or equal to 1" : `less than or equal to ${most}`;
  throw invalid(`1 validation error detected: Value at '${member}' failed to satisfy constraint: Member must have ${of} ${bound}`);
}

function sealed(call: Here, key: Key, plain: Uint8Array, context: Context, algorithm: Algorithm): Uint8Array {
  if (algorithm === "SYMMETRIC_DEFAULT") return encrypt(key, plain, context, call.bytes(12));
  if (Object.keys(context).length > 0) throw invalid("Encryption context is not supported for asymmetric encryption.");
  const most = modulusBytes(key) - 2 - 2 * (algorithm === "RSAES_OAEP_SHA_1" ? 20 : 32); // RFC 8017, 7.1.1
  if (plain.length > most)
    throw invalid(`Algorithm ${algorithm} and key spec ${key.metadata.KeySpec} cannot encrypt data larger than ${most} bytes.`);
  // The padding's randomness is the system's: the answer is no part of the run.
  const publicKey = createPublicKey({ key: Buffer.from(publicKeyOf(current(key).secret)), format: "der", type: "spki" });
  return new Uint8Array(publicEncrypt({ key: publicKey, ...oaep(algorithm) }, plain));
}

const modulusBytes = ({ metadata: { KeySpec } }: Key): number => Number(KeySpec.slice(4)) / 8;

const oaep = (algorithm: Algorithm) => ({
  padding: constants.RSA_PKCS1_OAEP_PADDING,
  oaepHash: algorithm === "RSAES_OAEP_SHA_1" ? "sha1" : "sha256",
});

type Sealed = { CiphertextBlob: Uint8Array; KeyId?: string; EncryptionContext: Context; EncryptionAlgorithm: Algorithm };

function unseal(call: Here, { CiphertextBlob, KeyId, EncryptionContext, EncryptionAlgorithm }: Sealed, operation: string) {
  checkLength("ciphertextBlob", CiphertextBlob.length, CIPHERTEXT_MAX);
  if (EncryptionAlgorithm !== "SYMMETRIC_DEFAULT") return unsealAsymmetric(call, CiphertextBlob, KeyId, EncryptionAlgorithm, operation);
  const named = KeyId === undefined ? undefined : checkUse(call, find(call, KeyId), "ENCRYPT_DECRYPT", operation);
  if (named) checkAlgorithm(named, EncryptionAlgorithm);
  const parsed = parse(CiphertextBlob);
  if (named && named.metadata.KeyId !== parsed.keyId) {
    throw new AwsError("IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation.");
  }
  const key = call.state.keys.get(parsed.keyId);
  if (!key)
    throw new AwsError(
      "AccessDeniedException",
      "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.",
    );
  checkUse(call, key, "ENCRYPT_DECRYPT", operation);
  return { key, ...decrypt(key, parsed, EncryptionContext) };
}

function unsealAsymmetric(call: Here, blob: Uint8Array, keyId: string | undefined, algorithm: Algorithm, operation: string) {
  if (keyId === undefined) throw invalid("KeyId is required for asymmetric keys.");
  const key = checkUse(call, find(call, keyId), "ENCRYPT_DECRYPT", operation);
  checkAlgorithm(key, algorithm);
  try {
    return {
      key,
      plain: new Uint8Array(privateDecrypt({ key: privateKey(current(key).secret), ...oaep(algorithm) }, blob)),
      materialId: undefined,
    };
  } catch {
    throw broken();
  }
}

type DataKeyInput = { KeyId: string; EncryptionContext?: Context; KeySpec?: sdk.DataKeySpec; NumberOfBytes?: number; DryRun?: boolean };

function dataKey(call: Here, { KeyId, EncryptionContext = {}, KeySpec, NumberOfBytes, DryRun }: DataKeyInput, operation: string) {
  if ((KeySpec === undefined) === (NumberOfBytes === undefined)) throw invalid("Please specify either number of bytes or key spec.");
  if (NumberOfBytes !== undefined) checkLength("numberOfBytes", NumberOfBytes, RANDOM_MAX, "value");
  if (KeySpec !== undefined && KeySpec !== "AES_128" && KeySpec !== "AES_256") {
    throw invalid(
      `1 validation error detected: Value '${String(KeySpec)}' at 'keySpec' failed to satisfy constraint: Member must satisfy enum value set: [AES_256, AES_128]`,
    );
  }
  const key = symmetric(call, KeyId, operation);
  checkDryRun(DryRun);
  const plain = call.bytes(NumberOfBytes ?? (KeySpec === "AES_128" ? 16 : 32));
  return { key, plain, CiphertextBlob: encrypt(key, plain, EncryptionContext, call.bytes(12)) };
}

function symmetric(call: Here, keyId: string, operation: string): Key {
  const key = forUse(call, keyId, "ENCRYPT_DECRYPT", operation);
  if (key.metadata.KeySpec !== "SYMMETRIC_DEFAULT")
    throw new AwsError(
      "InvalidKeyUsageException",
      `${key.metadata.Arn} key spec is ${key.metadata.KeySpec} which is not valid for ${operation}.`,
    );
  return key;
}

const PAIRS = [
  "RSA_2048",
  "RSA_3072",
  "RSA_4096",
  "ECC_NIST_P256",
  "ECC_NIST_P384",
  "ECC_NIST_P521",
  "ECC_SECG_P256K1",
  "ECC_NIST_EDWARDS25519",
];

function dataKeyPair(
  call: Here,
  input: { KeyId: string; EncryptionContext?: Context; KeyPairSpec: sdk.DataKeyPairSpec; DryRun?: boolean },
  operation: string,
) {
  const { KeyId, EncryptionContext = {}, KeyPairSpec, DryRun } = input;
  if (!PAIRS.includes(KeyPairSpec)) {
    throw invalid(
      `1 validation error detected: Value '${KeyPairSpec}' at 'keyPairSpec' failed to satisfy constraint: Member must satisfy enum value set: [${PAIRS.join(", ")}]`,
    );
  }
  const key = symmetric(call, KeyId, operation);
  checkDryRun(DryRun);
  const secret = makeMaterial(KeyPairSpec, (length) => call.bytes(length));
  return {
    PrivateKeyCiphertextBlob: encrypt(key, secret, EncryptionContext, call.bytes(12)),
    PrivateKeyPlaintext: secret,
    PublicKey: publicKeyOf(secret),
    KeyId: key.metadata.Arn,
    KeyPairSpec,
    KeyMaterialId: current(key).id,
  };
}
