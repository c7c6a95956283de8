/** Key material of the customer's own. https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys.html */
import { constants, createDecipheriv, createPrivateKey, privateDecrypt } from "node:crypto";
import type * as sdk from "@aws-sdk/client-kms";
import { date, hours, instant, plus, since } from "../../../kernel/units.ts";
import { AwsError, type Operations } from "../../service.ts";
import { checkState, find, invalid, unsupported, type Here, type Key, type State, type Timers } from "./key.ts";
import { makeMaterial, materialId, privateKey, publicKeyOf } from "./material.ts";
import { isMac, isSymmetric } from "./specs.ts";

const TOKEN_VALIDITY = hours(24); // docs.aws.amazon.com/kms/latest/APIReference/API_GetParametersForImport.html
const WRAPPING_SPECS = ["RSA_2048", "RSA_3072", "RSA_4096"];
const HASHES: Record<string, string> = {
  RSAES_OAEP_SHA_1: "sha1",
  RSAES_OAEP_SHA_256: "sha256",
  RSA_AES_KEY_WRAP_SHA_1: "sha1",
  RSA_AES_KEY_WRAP_SHA_256: "sha256",
};

export const importOperations = {
  GetParametersForImport(call, { KeyId, WrappingAlgorithm, WrappingKeySpec }) {
    const key = external(call, KeyId);
    checkState(key, "PendingImport", "Enabled", "Disabled");
    const wrong = WRAPPING_SPECS.includes(WrappingKeySpec) ? !(WrappingAlgorithm in HASHES) && WrappingAlgorithm : WrappingKeySpec;
    if (wrong)
      throw invalid(
        `1 validation error detected: Value '${wrong}' failed to satisfy constraint: the wrapping key specs are [${WRAPPING_SPECS.join(", ")}], the algorithms [${Object.keys(HASHES).join(", ")}]`,
      );
    const wrapping = makeMaterial(WrappingKeySpec, (length) => call.bytes(length));
    const validTo = date(plus(call.now, TOKEN_VALIDITY));
    // The token names the algorithm, which the import has to use.
    const token = new Uint8Array(Buffer.concat([call.bytes(64), Buffer.from(WrappingAlgorithm)]));
    key.importing = { token, wrapping, validTo };
    return { KeyId: key.metadata.Arn, ImportToken: token, PublicKey: publicKeyOf(wrapping), ParametersValidTo: validTo };
  },

  ImportKeyMaterial(call, input) {
    const { KeyId, ImportToken, EncryptedKeyMaterial, ValidTo, ExpirationModel = "KEY_MATERIAL_EXPIRES", ImportType } = input;
    const key = external(call, KeyId);
    checkState(key, "PendingImport", "Enabled", "Disabled");
    if (ImportType === "NEW_KEY_MATERIAL" && key.materials.length > 0) throw unsupported("A second imported key material is not emulated.");
    const expires = ExpirationModel === "KEY_MATERIAL_EXPIRES";
    if (expires !== (ValidTo !== undefined))
      throw invalid(
        expires
          ? "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"
          : "A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE",
      );
    if (ValidTo && instant(ValidTo) <= call.now) throw invalid("The validTo date must be in the future.");
    const { importing } = key;
    if (!importing || !Buffer.from(importing.token).equals(ImportToken)) throw new AwsError("InvalidImportTokenException", "");
    if (instant(importing.validTo) < call.now) throw new AwsError("ExpiredImportTokenException", "");
    const secret = unwrap(importing.wrapping, EncryptedKeyMaterial, Buffer.from(ImportToken).toString("latin1", 64));
    checkMaterial(key, secret);
    install(call, key, secret, ValidTo);
    return { KeyId: key.metadata.Arn, KeyMaterialId: key.metadata.CurrentKeyMaterialId };
  },

  DeleteImportedKeyMaterial(call, { KeyId }) {
    const key = external(call, KeyId);
    checkState(key, "Enabled", "Disabled", "PendingImport", "PendingDeletion", "PendingReplicaDeletion");
    empty(call, key);
    return { KeyId: key.metadata.Arn, KeyMaterialId: key.metadata.CurrentKeyMaterialId };
  },
} satisfies Operations<sdk.KMS, State, Timers>;

export const importTimers = {
  materialExpired(call: Here, { keyId }: Timers["materialExpired"]) {
    const key = call.state.keys.get(keyId);
    if (key) empty(call, key);
  },
};

function external(call: Here, keyId: string): Key {
  const key = find(call, keyId, { aliases: false });
  if (key.metadata.Origin !== "EXTERNAL")
    throw unsupported(`${key.metadata.Arn} origin is ${key.metadata.Origin} which is not valid for this operation.`);
  return key;
}

/** OAEP alone, or OAEP over an AES key under which the material is wrapped (RFC 5649). */
function unwrap(wrapping: Uint8Array, encrypted: Uint8Array, algorithm: string): Uint8Array {
  const key = { key: privateKey(wrapping), padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: HASHES[algorithm]! };
  const modulus = key.key.asymmetricKeyDetails!.modulusLength! / 8;
  try {
    const opened = privateDecrypt(key, encrypted.subarray(0, modulus));
    if (!algorithm.startsWith("RSA_AES")) return new Uint8Array(opened);
    const decipher = createDecipheriv("id-aes256-wrap-pad", opened, Buffer.from("a65959a6", "hex"));
    return new Uint8Array(Buffer.concat([decipher.update(encrypted.subarray(modulus)), decipher.final()]));
  } catch {
    throw new AwsError("InvalidCiphertextException", "");
  }
}

/** Of the right kind; and once a key has had material, only that same material comes back. */
function checkMaterial({ metadata, materials }: Key, secret: Uint8Array): void {
  const { KeySpec } = metadata;
  const before = materials[0];
  if (before && before.id !== materialId(secret)) throw new AwsError("IncorrectKeyMaterialException", "");
  const length = isSymmetric(KeySpec) ? 32 : isMac(KeySpec) ? Math.ceil(Number(KeySpec.slice(5)) / 8) : undefined;
  const fits = length === undefined ? isPrivateKey(secret) : secret.length === length;
  if (!fits) throw new AwsError("IncorrectKeyMaterialException", `The key material does not fit the key spec ${KeySpec}.`);
}

function isPrivateKey(secret: Uint8Array): boolean {
  try {
    createPrivateKey({ key: Buffer.from(secret), format: "der", type: "pkcs8" });
    return true;
  } catch {
    return false;
  }
}

function install(call: Here, key: Key, secret: Uint8Array, validTo: Date | undefined): void {
  const { metadata } = key;
  const id = materialId(secret);
  key.materials = [{ id, secret }];
  delete key.importing;
  if (key.expiryTimer !== undefined) call.cancel(key.expiryTimer);
  key.expiryTimer = validTo && call.background(since(call.now, instant(validTo)), "materialExpired", { keyId: metadata.KeyId });
  metadata.CurrentKeyMaterialId = isSymmetric(metadata.KeySpec) ? id : undefined;
  metadata.ExpirationModel = validTo ? "KEY_MATERIAL_EXPIRES" : "KEY_MATERIAL_DOES_NOT_EXPIRE";
  metadata.ValidTo = validTo;
  if (metadata.KeyState !== "PendingImport") return;
  metadata.KeyState = "Enabled";
  metadata.Enabled = true;
}

function empty(call: Here, key: Key): void {
  if (key.expiryTimer !== undefined) call.cancel(key.expiryTimer);
  delete key.expiryTimer;
  for (const material of key.materials) material.secret = new Uint8Array();
  const { metadata } = key;
  metadata.ExpirationModel = undefined;
  metadata.ValidTo = undefined;
  if (metadata.KeyState === "PendingDeletion" || metadata.KeyState === "PendingReplicaDeletion") return;
  metadata.KeyState = "PendingImport";
  metadata.Enabled = false;
}
