/** What each key spec can do. https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html */
import type * as sdk from "@aws-sdk/client-kms";
import { invalid } from "./key.ts";

export type Usage = "ENCRYPT_DECRYPT" | "SIGN_VERIFY" | "GENERATE_VERIFY_MAC" | "KEY_AGREEMENT";
type Spec = { usages: readonly Usage[]; signing?: readonly sdk.SigningAlgorithmSpec[]; mac?: sdk.MacAlgorithmSpec };

const RSA: Spec = {
  usages: ["ENCRYPT_DECRYPT", "SIGN_VERIFY"],
  signing: [
    "RSASSA_PKCS1_V1_5_SHA_256",
    "RSASSA_PKCS1_V1_5_SHA_384",
    "RSASSA_PKCS1_V1_5_SHA_512",
    "RSASSA_PSS_SHA_256",
    "RSASSA_PSS_SHA_384",
    "RSASSA_PSS_SHA_512",
  ],
};
const mac = (algorithm: sdk.MacAlgorithmSpec): Spec => ({ usages: ["GENERATE_VERIFY_MAC"], mac: algorithm });
const curve = (signing: sdk.SigningAlgorithmSpec): Spec => ({ usages: ["SIGN_VERIFY", "KEY_AGREEMENT"], signing: [signing] });

/** Those that are not here (SM2 of the regions in China, ML-DSA and ML-KEM, which Node 20 lacks) are refused by name. */
const SPECS: Partial<Record<sdk.KeySpec, Spec>> = {
  SYMMETRIC_DEFAULT: { usages: ["ENCRYPT_DECRYPT"] },
  RSA_2048: RSA,
  RSA_3072: RSA,
  RSA_4096: RSA,
  ECC_NIST_P256: curve("ECDSA_SHA_256"),
  ECC_NIST_P384: curve("ECDSA_SHA_384"),
  ECC_NIST_P521: curve("ECDSA_SHA_512"),
  ECC_SECG_P256K1: { usages: ["SIGN_VERIFY"], signing: ["ECDSA_SHA_256"] },
  ECC_NIST_EDWARDS25519: { usages: ["SIGN_VERIFY"], signing: ["ED25519_SHA_512"] },
  HMAC_224: mac("HMAC_SHA_224"),
  HMAC_256: mac("HMAC_SHA_256"),
  HMAC_384: mac("HMAC_SHA_384"),
  HMAC_512: mac("HMAC_SHA_512"),
};

export function checkSpec(name: string, usage: string): { spec: sdk.KeySpec; usage: Usage } {
  const spec = SPECS[name as sdk.KeySpec];
  if (!spec) {
    throw invalid(
      `1 validation error detected: Value '${name}' at 'keySpec' failed to satisfy constraint: Member must satisfy enum value set: [${Object.keys(SPECS).join(", ")}]`,
    );
  }
  if (!spec.usages.includes(usage as Usage)) throw invalid(`KeyUsage ${usage} is not compatible with KeySpec ${name}`);
  return { spec: name as sdk.KeySpec, usage: usage as Usage };
}

/** The usage where the caller gives none: only a symmetric key has a default, docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html */
export function usageOf(spec: string, asked: string | undefined): string {
  if (asked) return asked;
  if (spec === "SYMMETRIC_DEFAULT" || !SPECS[spec as sdk.KeySpec]) return "ENCRYPT_DECRYPT";
  throw invalid("You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.");
}

/** The algorithms as DescribeKey and GetPublicKey list them. */
export function algorithmsOf(spec: sdk.KeySpec, usage: Usage) {
  const { signing, mac: macAlgorithm } = SPECS[spec] ?? {};
  const encryption: sdk.EncryptionAlgorithmSpec[] =
    spec === "SYMMETRIC_DEFAULT" ? ["SYMMETRIC_DEFAULT"] : ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"];
  return {
    EncryptionAlgorithms: usage === "ENCRYPT_DECRYPT" ? encryption : undefined,
    SigningAlgorithms: usage === "SIGN_VERIFY" ? [...(signing ?? [])] : undefined,
    MacAlgorithms: macAlgorithm && [macAlgorithm],
    KeyAgreementAlgorithms: usage === "KEY_AGREEMENT" ? (["ECDH"] satisfies sdk.KeyAgreementAlgorithmSpec[]) : undefined,
  };
}

export const isSymmetric = (spec: sdk.KeySpec): boolean => spec === "SYMMETRIC_DEFAULT";
export const isMac = (spec: sdk.KeySpec): boolean => spec.startsWith("HMAC_");
