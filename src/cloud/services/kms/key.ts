/** A KMS key: what is kept of it, how it is found, and what its state allows. https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html */
import type * as sdk from "@aws-sdk/client-kms";
import { AwsError, type Call, type Known } from "../../service.ts";

type Always =
  | "KeyId"
  | "Arn"
  | "AWSAccountId"
  | "CreationDate"
  | "Enabled"
  | "Description"
  | "KeyUsage"
  | "KeyState"
  | "Origin"
  | "KeyManager"
  | "KeySpec"
  | "MultiRegion";
export type Metadata = Known<sdk.KeyMetadata, Always>;

/** One backing key; a rotation adds one, and the older ones still decrypt. */
export type Material = {
  id: string;
  /** Empty when imported material was deleted or has expired. */
  secret: Uint8Array;
  /** Absent for the first. */
  rotated?: { at: Date; type: "AUTOMATIC" | "ON_DEMAND" };
};

export type Grant = Known<sdk.GrantListEntry, "GrantId" | "KeyId" | "Operations" | "CreationDate"> & { token: string };

export type Key = {
  metadata: Metadata;
  policy: string;
  tags: Record<string, string>;
  grants: Grant[];
  materials: Material[];
  rotation?: { days: number; next: Date; timer: number; /** Fell due while the key could not be rotated. */ due: boolean };
  onDemandSince?: Date;
  deletionTimer?: number;
  expiryTimer?: number;
  /** What GetParametersForImport gave out last. */
  importing?: { token: Uint8Array; wrapping: Uint8Array; validTo: Date };
};

export type Alias = Known<sdk.AliasListEntry, "AliasName" | "AliasArn" | "TargetKeyId" | "CreationDate" | "LastUpdatedDate">;

export const state = () => ({ keys: new Map<string, Key>(), aliases: new Map<string, Alias>() });
export type State = ReturnType<typeof state>;
export type Timers = {
  rotate: { keyId: string };
  rotateOnDemand: { keyId: string };
  delete: { keyId: string };
  created: { keyId: string };
  primaryMoved: { keyId: string; to: string };
  materialExpired: { keyId: string };
};
export type Here = Call<State, Timers>;

export const invalid = (message: string): AwsError => new AwsError("ValidationException", message);

export const current = (key: Key): Material => key.materials[key.materials.length - 1]!;

/** By id, ARN, alias or alias ARN. `aliases: false` for the operations that manage a key, which take no alias. */
export function find(call: Here, asked: string, { aliases = true } = {}): Key {
  const resource = local(call, asked);
  if (resource.startsWith("alias/")) {
    if (!aliases) throw invalid(`Invalid keyId ${asked}`);
    const target = call.state.aliases.get(resource);
    if (!target) throw new AwsError("NotFoundException", `Alias ${call.arn("kms", resource)} is not found.`);
    return call.state.keys.get(target.TargetKeyId)!;
  }
  const keyId = resource.replace(/^key\//, "");
  if (!/^(mrk-)?[0-9a-f-]+$/i.test(keyId)) throw new AwsError("NotFoundException", `Invalid keyId '${asked}'`);
  const key = call.state.keys.get(keyId);
  if (!key) throw new AwsError("NotFoundException", `Key '${call.arn("kms", `key/${keyId}`)}' does not exist`);
  return key;
}

/** What an id means in this account and region; an ARN of another one names nothing here. */
export function local(call: Here, asked: string): string {
  if (!asked.startsWith("arn:")) return asked;
  const [, , service, region, account, ...rest] = asked.split(":");
  const resource = rest.join(":");
  if (service !== "kms" || !/^(key|alias)\//.test(resource)) throw new AwsError("InvalidArnException", `Invalid arn ${asked}`);
  if (region !== call.region) throw new AwsError("NotFoundException", `Invalid arn ${region}`);
  if (account !== call.account) {
    throw new AwsError(
      "AccessDeniedException",
      `User: ${call.principal.arn} is not authorized to perform this operation on resource: ${asked} because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`,
    );
  }
  return resource;
}

const PENDING: Partial<Record<sdk.KeyState, string>> = {
  PendingDeletion: "is pending deletion.",
  PendingReplicaDeletion: "is pending replica deletion.",
  PendingImport: "is pending import.",
  Creating: "is creating.",
  Updating: "is updating.",
  Unavailable: "is unavailable.",
};

/** For cryptography: only enabled keys, and those whose primary is just moving. */
export function checkEnabled(key: Key): void {
  const { KeyState, Arn } = key.metadata;
  if (KeyState === "Enabled" || KeyState === "Updating") return;
  if (KeyState === "Disabled") throw new AwsError("DisabledException", `${Arn} is disabled.`);
  throw new AwsError("KMSInvalidStateException", `${Arn} ${PENDING[KeyState]}`);
}

/** For management: refuses the states that the table of AWS's page marks. */
export function checkState(key: Key, ...allowed: sdk.KeyState[]): void {
  const { KeyState, Arn } = key.metadata;
  if (allowed.includes(KeyState)) return;
  if (KeyState === "Disabled") throw new AwsError("DisabledException", `${Arn} is disabled.`);
  throw new AwsError("KMSInvalidStateException", `${Arn} ${PENDING[KeyState] ?? `is ${KeyState.toLowerCase()}.`}`);
}

/** A key that AWS manages is changed and deleted by nobody. */
export function checkOurs(call: Here, key: Key, operation: string): void {
  if (key.metadata.KeyManager === "CUSTOMER") return;
  throw denied(call, key, operation);
}

export function denied(call: Here, key: Key, operation: string): AwsError {
  return new AwsError(
    "AccessDeniedException",
    `User: ${call.principal.arn} is not authorized to perform: kms:${operation} on resource: ${key.metadata.Arn} because no resource-based policy allows the kms:${operation} action`,
  );
}

export const unsupported = (message = ""): AwsError => new AwsError("UnsupportedOperationException", message);

/** One page of a list: `Limit` and `Marker`, as all of KMS's lists have. */
export function page<Item>(
  items: readonly Item[],
  { Limit = 100, Marker, most = 1000 }: { Limit?: number; Marker?: string; most?: number },
) {
  if (Limit < 1 || Limit > most) {
    const bound = Limit < 1 ? "greater than or equal to 1" : `less than or equal to ${most}`;
    throw invalid(`1 validation error detected: Value '${Limit}' at 'limit' failed to satisfy constraint: Member must have value ${bound}`);
  }
  const place = Marker === undefined ? "0" : Buffer.from(Marker, "base64url").toString();
  const from = Number(place);
  if (!/^\d+$/.test(place) || from > items.length) throw new AwsError("InvalidMarkerException", "Could not deserialize marker");
  const Truncated = from + Limit < items.length;
  return {
    items: items.slice(from, from + Limit),
    Truncated,
    NextMarker: Truncated ? Buffer.from(String(from + Limit)).toString("base64url") : undefined,
  };
}
