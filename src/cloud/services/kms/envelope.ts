/** For the services that encrypt through KMS: more than KMS takes in one call goes under a data key. */
import { createCipheriv, createDecipheriv } from "node:crypto";
import type { Call } from "../../service.ts";

type Asked = { KeyId: string; EncryptionContext?: Record<string, string> };

/** The ARN of the key that AWS manages for a service (`aws/ssm`, `aws/secretsmanager` …); made when it is first wanted. */
export function managedKey(call: Call, alias: string): string {
  return call.ask("kms").DescribeKey({ KeyId: `alias/${alias}` }).KeyMetadata.Arn;
}

/** Two bytes of length, the encrypted data key, IV, tag and ciphertext. Throws what KMS throws, before anything has changed. */
export function sealEnvelope(call: Call, asked: Asked, plain: Uint8Array): Uint8Array {
  const { Plaintext, CiphertextBlob } = call.ask("kms").GenerateDataKey({ ...asked, KeySpec: "AES_256" });
  const iv = call.bytes(12);
  const cipher = createCipheriv("aes-256-gcm", Plaintext, iv);
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  const length = Buffer.from([CiphertextBlob.length >> 8, CiphertextBlob.length & 255]);
  return new Uint8Array(Buffer.concat([length, CiphertextBlob, iv, cipher.getAuthTag(), body]));
}

export function openEnvelope(call: Call, sealed: Uint8Array, EncryptionContext?: Record<string, string>): Uint8Array {
  const bytes = Buffer.from(sealed);
  const from = 2 + bytes.readUInt16BE(0);
  const { Plaintext } = call.ask("kms").Decrypt({ CiphertextBlob: bytes.subarray(2, from), EncryptionContext });
  const decipher = createDecipheriv("aes-256-gcm", Plaintext, bytes.subarray(from, from + 12)).setAuthTag(
    bytes.subarray(from + 12, from + 28),
  );
  return new Uint8Array(Buffer.concat([decipher.update(bytes.subarray(from + 28)), decipher.final()]));
}
