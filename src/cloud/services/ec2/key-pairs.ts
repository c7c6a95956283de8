/** Key pairs. Guide: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-key-pairs.html */
import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, type Known, type Operations } from "../../service.ts";
import { makeMaterial, privateKey } from "../kms/material.ts";
import { filtered } from "./filters.ts";
import type { Here, State } from "./state.ts";
import { tagsOf } from "./tags.ts";

export type KeyPair = Known<
  Omit<sdk.KeyPairInfo, "Tags" | "PublicKey">,
  "KeyPairId" | "KeyName" | "KeyType" | "KeyFingerprint" | "CreateTime"
> & {
  Tags: sdk.Tag[];
  /** In OpenSSH's form. */
  publicKey: string;
};

const MAX = 5000; // docs.aws.amazon.com/general/latest/gr/ec2-service.html, key pairs in a region
const NAME_MAX = 255;

export const keyPairOperations = {
  CreateKeyPair(call, { KeyName, KeyType = "rsa", KeyFormat = "pem", TagSpecifications }) {
    if (KeyFormat === "ppk") throw new AwsError("NotImplemented", "Causeway does not emulate the format ppk of key pairs.", 501);
    if (KeyType !== "rsa" && KeyType !== "ed25519")
      throw new AwsError("InvalidParameterValue", `Value (${String(KeyType)}) for parameter keyType is invalid.`);
    checkName(call, KeyName);
    const tags = tagsOf(call, TagSpecifications, "key-pair");
    const bytes = (length: number) => call.bytes(length);
    const pkcs8 = makeMaterial(KeyType === "rsa" ? "RSA_2048" : "ECC_NIST_EDWARDS25519", bytes);
    const secret = privateKey(pkcs8);
    const publicKey = openSsh(createPublicKey(secret), KeyName);
    // An RSA key that AWS made goes by the SHA-1 of its private half: verify-keys.html
    const fingerprint = KeyType === "rsa" ? colons(createHash("sha1").update(pkcs8).digest("hex")) : sha256(publicKey);
    const { KeyPairId, KeyFingerprint } = keep(call, { KeyName, KeyType, KeyFingerprint: fingerprint, publicKey, Tags: tags });
    const text = String(secret.export({ format: "pem", type: KeyType === "rsa" ? "pkcs1" : "pkcs8" } as { format: "pem"; type: "pkcs8" }));
    return { KeyPairId, KeyName, KeyFingerprint, KeyMaterial: text.trimEnd(), Tags: tags };
  },

  ImportKeyPair(call, { KeyName, PublicKeyMaterial, TagSpecifications }) {
    checkName(call, KeyName);
    const tags = tagsOf(call, TagSpecifications, "key-pair");
    const given = Buffer.from(PublicKeyMaterial).toString().trim();
    const { type, key } = parsed(given);
    const fingerprint =
      type === "rsa"
        ? colons(
            createHash("md5")
              .update(key.export({ format: "der", type: "spki" }))
              .digest("hex"),
          )
        : sha256(given);
    const { KeyPairId } = keep(call, { KeyName, KeyType: type, KeyFingerprint: fingerprint, publicKey: given, Tags: tags });
    return { KeyPairId, KeyName, KeyFingerprint: fingerprint, Tags: tags };
  },

  DeleteKeyPair(call, { KeyName, KeyPairId }) {
    const found = [...call.state.keyPairs.values()].find((each) => each.KeyPairId === KeyPairId || each.KeyName === KeyName);
    // What is not there is deleted too, as AWS says it.
    if (found) call.state.keyPairs.delete(found.KeyPairId);
    return { Return: true, KeyPairId: found?.KeyPairId };
  },

  DescribeKeyPairs(call, { KeyNames, KeyPairIds, IncludePublicKey, Filters }) {
    const all =
      KeyNames?.length || KeyPairIds?.length
        ? [...(KeyNames ?? []).map((name) => findKeyPair(call, name)), ...(KeyPairIds ?? []).map((id) => findById(call, id))]
        : [...call.state.keyPairs.values()];
    const kept = filtered(all, Filters, {
      "key-pair-id": ({ KeyPairId }) => KeyPairId,
      fingerprint: ({ KeyFingerprint }) => KeyFingerprint,
      "key-name": ({ KeyName }) => KeyName,
    });
    return { KeyPairs: kept.map(({ publicKey, ...pair }) => ({ ...pair, PublicKey: IncludePublicKey ? publicKey : undefined })) };
  },
} satisfies Operations<sdk.EC2, State>;

export function findKeyPair(call: Here, name: string): KeyPair {
  const found = [...call.state.keyPairs.values()].find(({ KeyName }) => KeyName === name);
  if (!found) throw new AwsError("InvalidKeyPair.NotFound", `The key pair '${name}' does not exist`);
  return found;
}

function findById(call: Here, id: string): KeyPair {
  const found = call.state.keyPairs.get(id);
  if (!found) throw new AwsError("InvalidKeyPair.NotFound", `The key pair '${id}' does not exist`);
  return found;
}

function checkName(call: Here, name: string): void {
  if (name.length > NAME_MAX) throw new AwsError("InvalidParameterValue", `The key pair name must not exceed ${NAME_MAX} characters.`);
  const all = [...call.state.keyPairs.values()];
  if (all.some(({ KeyName }) => KeyName === name)) throw new AwsError("InvalidKeyPair.Duplicate", `The keypair '${name}' already exists.`);
  if (all.length >= MAX) throw new AwsError("KeyPairLimitExceeded", `The maximum number of key pairs (${MAX}) has been reached.`);
}

function keep(call: Here, facts: Omit<KeyPair, "KeyPairId" | "CreateTime">): KeyPair {
  const pair: KeyPair = { KeyPairId: call.id("key"), CreateTime: call.date, ...facts };
  call.state.keyPairs.set(pair.KeyPairId, pair);
  return pair;
}

const colons = (hex: string): string => hex.match(/../g)!.join(":");

/** As `ssh-keygen -l` has it, with the padding that AWS leaves on. */
const sha256 = (openSshKey: string): string =>
  createHash("sha256")
    .update(Buffer.from(openSshKey.split(/\s+/)[1] ?? "", "base64"))
    .digest("base64");

const field = (bytes: Uint8Array): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.byteLength);
  return Buffer.concat([length, bytes]);
};

/** RFC 4253, 6.6, and RFC 8709. */
function openSsh(key: KeyObject, comment: string): string {
  const jwk = key.export({ format: "jwk" });
  if (jwk.x !== undefined) {
    const wire = Buffer.concat([field(Buffer.from("ssh-ed25519")), field(Buffer.from(jwk.x, "base64url"))]);
    return `ssh-ed25519 ${wire.toString("base64")} ${comment}`;
  }
  const positive = (number = "") => {
    const bytes = Buffer.from(number, "base64url");
    return field((bytes[0] ?? 0) & 128 ? Buffer.concat([Buffer.of(0), bytes]) : bytes);
  };
  const wire = Buffer.concat([field(Buffer.from("ssh-rsa")), positive(jwk.e), positive(jwk.n)]);
  return `ssh-rsa ${wire.toString("base64")} ${comment}`;
}

/** OpenSSH's form; what AWS takes besides (PEM, DER in base64) is turned down by name. */
function parsed(text: string): { type: "rsa" | "ed25519"; key: KeyObject } {
  const wrong = () => new AwsError("InvalidKey.Format", "Key is not in valid OpenSSH public key format");
  const [kind, body = ""] = text.split(/\s+/);
  if (kind !== "ssh-rsa" && kind !== "ssh-ed25519") throw wrong();
  const [name, first, second] = fields(Buffer.from(body, "base64"));
  if (String(name) !== kind || !first) throw wrong();
  if (kind === "ssh-ed25519") {
    if (first.length !== 32) throw wrong();
    return {
      type: "ed25519",
      key: createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x: first.toString("base64url") } }),
    };
  }
  if (!second) throw wrong();
  const number = (bytes: Buffer) => (bytes[0] === 0 ? bytes.subarray(1) : bytes).toString("base64url");
  return { type: "rsa", key: createPublicKey({ format: "jwk", key: { kty: "RSA", e: number(first), n: number(second) } }) };
}

function fields(wire: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at + 4 <= wire.length;) {
    const end = at + 4 + wire.readUInt32BE(at);
    if (end > wire.length) break;
    found.push(wire.subarray(at + 4, end));
    at = end;
  }
  return found;
}
