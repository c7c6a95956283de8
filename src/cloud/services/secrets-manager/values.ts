/** The value of a secret: its versions and their staging labels. https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html#term_version */
import type * as sdk from "@aws-sdk/client-secrets-manager";
import { days, instant, plus } from "../../../kernel/units.ts";
import { AwsError, type Operations } from "../../service.ts";
import { filterTest } from "./filters.ts";
import { changed } from "./replication.ts";
import {
  CURRENT,
  PREVIOUS,
  find,
  findActive,
  findPrimary,
  fingerprint,
  invalidParameter,
  invalidRequest,
  keyOf,
  makeVersion,
  notFound,
  open,
  page,
  staged,
  type Here,
  type Secret,
  type State,
  type Timers,
  type Value,
  type Version,
} from "./secret.ts";

const VALUE_MAX = 65_536; // docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
const STAGES_MAX = 20; // same
const VERSIONS_MAX = 100; // same
const BATCH_MAX = 20; // docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html

export const valueOperations = {
  GetSecretValue(call, { SecretId, VersionId, VersionStage }) {
    return valueOf(call, findActive(call, SecretId), VersionId, VersionStage);
  },

  BatchGetSecretValue(call, { SecretIdList, Filters, MaxResults = BATCH_MAX, NextToken }) {
    if ((SecretIdList === undefined) === (Filters === undefined))
      throw invalidParameter("Either 'SecretIdList' or 'Filters' must be provided, but not both.");
    if (SecretIdList && SecretIdList.length > BATCH_MAX)
      throw new AwsError(
        "ValidationException",
        `1 validation error detected: Value at 'secretIdList' failed to satisfy constraint: Member must have length less than or equal to ${BATCH_MAX}`,
      );
    const matches = filterTest(Filters ?? []);
    const wanted =
      SecretIdList ?? [...call.state.secrets.values()].filter((secret) => !secret.DeletedDate && matches(secret)).map(({ ARN }) => ARN);
    const { items, NextToken: more } = page(wanted, MaxResults, NextToken, BATCH_MAX);
    const SecretValues: sdk.SecretValueEntry[] = [];
    const Errors: sdk.APIErrorType[] = [];
    for (const SecretId of items) {
      try {
        SecretValues.push(valueOf(call, findActive(call, SecretId)));
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        Errors.push({ SecretId, ErrorCode: error.code, Message: error.message });
      }
    }
    return { SecretValues, Errors, NextToken: more };
  },

  PutSecretValue(call, { SecretId, ClientRequestToken, SecretString, SecretBinary, VersionStages, RotationToken }) {
    const secret = findPrimary(call, SecretId);
    if (RotationToken !== undefined)
      throw invalidParameter("A RotationToken is for rotation functions that assume a role; these are not emulated.");
    const value = valueIn({ SecretString, SecretBinary });
    if (!value) throw invalidRequest("You must provide either SecretString or SecretBinary.");
    const stages = [...new Set(VersionStages ?? [CURRENT])];
    if (stages.length === 0 || stages.length > STAGES_MAX) throw invalidParameter(`A version can have 1 to ${STAGES_MAX} staging labels.`);
    const versionId = ClientRequestToken ?? call.uuid();
    const { ARN, Name } = secret;
    const repeated = repeats(secret, versionId, value);
    if (repeated) return { ARN, Name, VersionId: versionId, VersionStages: repeated.stages };
    const version = addVersion(call, secret, makeVersion(call, secret, keyOf(secret), versionId, value, []), stages);
    return { ARN, Name, VersionId: versionId, VersionStages: version.stages };
  },

  ListSecretVersionIds(call, { SecretId, IncludeDeprecated = false, MaxResults = 100, NextToken }) {
    const secret = find(call, SecretId);
    const found = [...secret.versions].reverse().filter(({ stages }) => IncludeDeprecated || stages.length > 0);
    const { items, NextToken: more } = page(found, MaxResults, NextToken);
    const Versions = items.map(({ versionId, stages, created, keyId }) => ({
      VersionId: versionId,
      VersionStages: stages.length > 0 ? stages : undefined,
      CreatedDate: created,
      KmsKeyIds: [keyId === "alias/aws/secretsmanager" ? "DefaultEncryptionKey" : keyId],
    }));
    return { ARN: secret.ARN, Name: secret.Name, Versions, NextToken: more };
  },

  UpdateSecretVersionStage(call, { SecretId, VersionStage, RemoveFromVersionId, MoveToVersionId }) {
    const secret = findPrimary(call, SecretId);
    const holder = staged(secret, VersionStage);
    const to = MoveToVersionId === undefined ? undefined : versionById(secret, MoveToVersionId);
    const from = RemoveFromVersionId === undefined ? undefined : versionById(secret, RemoveFromVersionId);
    if (from && from !== holder)
      throw invalidParameter(`The staging label ${VersionStage} isn't attached to version ${RemoveFromVersionId}.`);
    if (!to && VersionStage === CURRENT)
      throw invalidParameter(`You can only move staging label ${CURRENT} to a different secret version. It can't be completely removed.`);
    if (to && holder && holder !== to && !from) {
      throw invalidParameter(
        `The parameter RemoveFromVersionId can't be empty. Staging label ${VersionStage} is currently attached to version ${holder.versionId}, so you must explicitly reference that version in RemoveFromVersionId.`,
      );
    }
    if (to && to.stages.length >= STAGES_MAX && !to.stages.includes(VersionStage))
      throw new AwsError("LimitExceededException", `A version can have at most ${STAGES_MAX} staging labels.`);
    if (to) attach(secret, to, VersionStage);
    else if (holder) detach(holder, VersionStage);
    touched(call, secret);
    return { ARN: secret.ARN, Name: secret.Name };
  },
} satisfies Operations<sdk.SecretsManager, State, Timers>;

function valueOf(call: Here, secret: Secret, versionId?: string, stage?: string) {
  const version = pick(secret, versionId, stage);
  const plain = open(call, secret, version);
  return {
    ARN: secret.ARN,
    Name: secret.Name,
    VersionId: version.versionId,
    ...(version.binary ? { SecretBinary: plain } : { SecretString: Buffer.from(plain).toString() }),
    VersionStages: version.stages,
    CreatedDate: version.created,
  };
}

function pick(secret: Secret, versionId: string | undefined, stage: string | undefined): Version {
  if (versionId === undefined) {
    const version = staged(secret, stage ?? CURRENT);
    if (!version) throw notFound(`the specified secret value for staging label: ${stage ?? CURRENT}`);
    return version;
  }
  const version = secret.versions.find((each) => each.versionId === versionId);
  if (!version) throw notFound(`the specified secret value for VersionId: ${versionId}`);
  if (stage !== undefined && !version.stages.includes(stage))
    throw invalidRequest("You provided a VersionStage that is not associated to the provided VersionId.");
  return version;
}

function versionById(secret: Secret, versionId: string): Version {
  const version = secret.versions.find((each) => each.versionId === versionId);
  if (!version) throw notFound(`the specified secret version ${versionId}`);
  return version;
}

/** The value that a request carries, if it does. */
export function valueIn({ SecretString, SecretBinary }: { SecretString?: string; SecretBinary?: Uint8Array }): Value | undefined {
  if (SecretString !== undefined && SecretBinary !== undefined)
    throw invalidParameter("You can't specify both a binary secret value and a string secret value in the same secret.");
  const bytes = SecretBinary ?? (SecretString === undefined ? undefined : new Uint8Array(Buffer.from(SecretString)));
  if (!bytes) return undefined;
  if (bytes.length < 1 || bytes.length > VALUE_MAX)
    throw new AwsError(
      "ValidationException",
      `1 validation error detected: Value at 'secretString' failed to satisfy constraint: Member must have length between 1 and ${VALUE_MAX}`,
    );
  return { bytes, binary: SecretBinary !== undefined };
}

/** The version that an earlier request with the same token made of the same value; another value under that token is refused. */
export function repeats(secret: Secret, versionId: string, value: Value): Version | undefined {
  checkToken(versionId);
  const version = secret.versions.find((each) => each.versionId === versionId);
  if (version && version.fingerprint !== fingerprint(value)) {
    throw new AwsError(
      "ResourceExistsException",
      `You can't use ClientRequestToken ${versionId} because that value is already in use for a version of secret ${secret.ARN}.`,
    );
  }
  return version;
}

export function checkToken(token: string): void {
  if (token.length >= 32 && token.length <= 64) return;
  throw invalidParameter("ClientRequestToken must be 32-64 characters long.");
}

/** The first version of all is the current one whatever is asked for. */
export function addVersion(call: Here, secret: Secret, version: Version, stages: readonly string[]): Version {
  const wanted = secret.versions.length === 0 ? [...new Set([CURRENT, ...stages])] : stages;
  secret.versions.push(version);
  for (const stage of wanted) attach(secret, version, stage);
  prune(call, secret);
  touched(call, secret);
  return version;
}

/** A label is on one version at a time. The version that loses AWSCURRENT becomes AWSPREVIOUS. */
export function attach(secret: Secret, version: Version, stage: string): void {
  const holder = staged(secret, stage);
  if (holder === version) return;
  if (holder) detach(holder, stage);
  version.stages.push(stage);
  if (stage !== CURRENT) return;
  const previous = staged(secret, PREVIOUS);
  if (previous) detach(previous, PREVIOUS);
  if (holder) holder.stages.push(PREVIOUS);
}

export function detach(version: Version, stage: string): void {
  version.stages = version.stages.filter((each) => each !== stage);
}

/** Beyond a hundred, versions without a label that are older than a day go. */
function prune(call: Here, secret: Secret): void {
  const excess = secret.versions.length - VERSIONS_MAX;
  const old = secret.versions
    .filter(({ stages, created }) => stages.length === 0 && plus(instant(created), days(1)) <= call.now)
    .slice(0, Math.max(excess, 0));
  secret.versions = secret.versions.filter((version) => !old.includes(version));
}

export function touched(call: Here, secret: Secret): void {
  secret.LastChangedDate = call.date;
  changed(call, secret);
}
