/**
 * What Encrypt gives and Decrypt takes: AES-256-GCM under the key's material, with the encryption context as additional data.
 * The form inside is ours (AWS's is not published); like AWS's it begins with `AQICAH` in base64 and says which key made it.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { AwsError } from "../../service.ts";
import { current, type Key } from "./key.ts";

const MAGIC = Buffer.from("0102020078", "hex");
const [KEY_ID, MATERIAL_ID, IV, TAG] = [17, 32, 12, 16];
const HEADER = MAGIC.length + KEY_ID + MATERIAL_ID;

export type Context = Record<string, string>;
type Parsed = { keyId: string; materialId: string; header: Buffer; iv: Buffer; tag: Buffer; body: Buffer };

export function encrypt(key: Key, plain: Uint8Array, context: Context, iv: Uint8Array): Uint8Array {
  const material = current(key);
  const { KeyId } = key.metadata;
  const kind = KeyId.startsWith("mrk-") ? 1 : 0;
  const id = Buffer.from(KeyId.replace("mrk-", "").replaceAll("-", ""), "hex");
  const header = Buffer.concat([MAGIC, Buffer.from([kind]), id, Buffer.from(material.id, "hex")]);
  const cipher = createCipheriv("aes-256-gcm", material.secret, iv).setAAD(additional(header, context));
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return new Uint8Array(Buffer.concat([header, iv, cipher.getAuthTag(), body]));
}

export function parse(blob: Uint8Array): Parsed {
  const bytes = Buffer.from(blob);
  if (bytes.length < HEADER + IV + TAG || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw broken();
  const header = bytes.subarray(0, HEADER);
  const hex = header.toString("hex", MAGIC.length + 1, MAGIC.length + KEY_ID);
  const uuid = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  const at = (from: number, length: number) => bytes.subarray(HEADER + from, HEADER + from + length);
  return {
    keyId: header[MAGIC.length] === 1 ? `mrk-${hex}` : uuid,
    materialId: header.toString("hex", MAGIC.length + KEY_ID),
    header,
    iv: at(0, IV),
    tag: at(IV, TAG),
    body: bytes.subarray(HEADER + IV + TAG),
  };
}

/** With whichever of the key's materials encrypted it. */
export function decrypt(
  key: Key,
  { materialId, header, iv, tag, body }: Parsed,
  context: Context,
): { plain: Uint8Array; materialId: string } {
  const material = key.materials.find(({ id }) => id === materialId);
  if (!material || material.secret.length === 0) throw broken();
  try {
    const decipher = createDecipheriv("aes-256-gcm", material.secret, iv).setAAD(additional(header, context)).setAuthTag(tag);
    return { plain: new Uint8Array(Buffer.concat([decipher.update(body), decipher.final()])), materialId };
  } catch {
    throw broken();
  }
}

/** AWS gives no message, so that a forger learns nothing. */
export const broken = (): AwsError => new AwsError("InvalidCiphertextException", "");

/** The order of the pairs does not matter: docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html */
function additional(header: Buffer, context: Context): Buffer {
  const pairs = Object.entries(context).sort(([one], [other]) => (one < other ? -1 : 1));
  return Buffer.concat([header, Buffer.from(JSON.stringify(pairs))]);
}
