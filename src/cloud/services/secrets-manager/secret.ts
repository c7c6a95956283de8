/** What Secrets Manager keeps of a secret, and how one is found. https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html */
import { createHash } from "node:crypto";
import type * as sdk from "@aws-sdk/client-secrets-manager";
import { AwsError, type Call, type Known } from "../../service.ts";
import { openEnvelope, sealEnvelope } from "../kms/envelope.ts";

export type Version = {
  versionId: string;
  /** The value under a data key of KMS; the plain text is stored nowhere. */
  sealed: Uint8Array;
  binary: boolean;
  /** Of the plain text: tells a repeated request from another one with the same token. */
  fingerprint: string;
  stages: string[];
  created: Date;
  keyId: string;
};

export type Replication = Known<sdk.ReplicationStatusType, "Region" | "Status"> & { overwrite: boolean };

/** In the shape that DescribeSecret answers with, but for the versions, which know their own stages. */
type Described = Omit<sdk.DescribeSecretResponse, "Tags" | "VersionIdsToStages" | "ReplicationStatus">;
export type Secret = Known<Described, "ARN" | "Name" | "CreatedDate"> & {
  tags: Record<string, string>;
  versions: Version[];
  replicas: Replication[];
  policy?: string;
  deletionTimer?: number;
  rotationTimer?: number;
};

export const state = () => ({ secrets: new Map<string, Secret>() });
export type State = ReturnType<typeof state>;
export type Timers = { delete: { name: string }; replicate: { name: string; region: string }; rotate: { name: string } };
export type Here = Call<State, Timers>;

export const invalidRequest = (message: string): AwsError => new AwsError("InvalidRequestException", message);
export const invalidParameter = (message: string): AwsError => new AwsError("InvalidParameterException", message);
export const notFound = (what = "the specified secret"): AwsError =>
  new AwsError("ResourceNotFoundException", `Secrets Manager can't find ${what}.`);

/** By name, by ARN, or by an ARN without the six characters at its end. */
export function find(call: Here, asked: string): Secret {
  const arn = call.arn("secretsmanager", "secret:");
  const named = asked.startsWith(arn) ? asked.slice(arn.length) : asked;
  const secret = call.state.secrets.get(named) ?? call.state.secrets.get(named.replace(/-[A-Za-z0-9]{6}$/, ""));
  if (!secret) throw notFound();
  const exact = asked === secret.ARN || named === secret.Name;
  if (!exact) throw notFound();
  return secret;
}

/** One that is not on its way out. */
export function findActive(call: Here, asked: string): Secret {
  const secret = find(call, asked);
  if (secret.DeletedDate) throw invalidRequest("You can't perform this operation on the secret because it was marked for deletion.");
  return secret;
}

export const isReplica = (call: Here, secret: Secret): boolean =>
  secret.PrimaryRegion !== undefined && secret.PrimaryRegion !== call.region;

/** One that may be changed here: a replica is changed through its primary (SM-02). */
export function findPrimary(call: Here, asked: string): Secret {
  const secret = findActive(call, asked);
  if (isReplica(call, secret))
    throw invalidRequest("Operation not permitted on a replica secret. Call must be made in primary secret's region.");
  return secret;
}

export const CURRENT = "AWSCURRENT";
export const PREVIOUS = "AWSPREVIOUS";
export const PENDING = "AWSPENDING";

export const staged = ({ versions }: Secret, stage: string): Version | undefined => versions.find(({ stages }) => stages.includes(stage));

export const keyOf = ({ KmsKeyId }: Pick<Secret, "KmsKeyId">): string => KmsKeyId ?? "alias/aws/secretsmanager";

export type Value = { bytes: Uint8Array; binary: boolean };
type Owner = { ARN: string };

export const fingerprint = ({ bytes, binary }: Value): string =>
  createHash("sha256")
    .update(binary ? "binary" : "string")
    .update(bytes)
    .digest("hex");

const context = ({ ARN }: Owner, versionId: string) => ({ SecretARN: ARN, SecretVersionId: versionId });

/** docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html: a data key a version, and secret and version as its context */
export function seal(call: Here, owner: Owner, keyId: string, versionId: string, bytes: Uint8Array): Uint8Array {
  return throughKms("EncryptionFailure", "encrypt", () =>
    sealEnvelope(call, { KeyId: keyId, EncryptionContext: context(owner, versionId) }, bytes),
  );
}

export function open(call: Here, owner: Owner, { sealed, versionId }: Version): Uint8Array {
  return throughKms("DecryptionFailure", "decrypt", () => openEnvelope(call, sealed, context(owner, versionId)));
}

function throughKms<Result>(code: string, verb: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const reason = `(Service: Kms, Status Code: 400, Error Code: ${error.code})`;
    throw new AwsError(
      code,
      `Secrets Manager can't ${verb} the protected secret text using the provided KMS key. Check that the KMS key is available, enabled, and not in an invalid state. ${error.message} ${reason}`,
    );
  }
}

export function makeVersion(call: Here, owner: Owner, keyId: string, versionId: string, value: Value, stages: string[]): Version {
  return {
    versionId,
    sealed: seal(call, owner, keyId, versionId, value.bytes),
    binary: value.binary,
    fingerprint: fingerprint(value),
    stages,
    created: call.date,
    keyId,
  };
}

/** One page of a list; the token is the place where the next one begins. */
export function page<Item>(
  items: readonly Item[],
  size: number,
  token: string | undefined,
  most = 100,
): { items: Item[]; NextToken?: string } {
  if (size < 1 || size > most)
    throw new AwsError(
      "ValidationException",
      `1 validation error detected: Value '${size}' at 'maxResults' failed to satisfy constraint: Member must have value between 1 and ${most}`,
    );
  const place = token === undefined ? "0" : Buffer.from(token, "base64url").toString();
  const from = Number(place);
  if (!/^\d+$/.test(place) || from > items.length) throw new AwsError("InvalidNextTokenException", "Invalid next token.");
  const end = from + size;
  return { items: items.slice(from, end), NextToken: end < items.length ? Buffer.from(String(end)).toString("base64url") : undefined };
}
