/** Secrets' lives: made, described, changed, deleted, restored. API: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html */
import type * as sdk from "@aws-sdk/client-secrets-manager";
import { date, days, plus } from "../../../kernel/units.ts";
import { AwsError, type Operations } from "../../service.ts";
import { filterTest } from "./filters.ts";
import { addReplicas, changed, checkReplicas, statusOf } from "./replication.ts";
import {
  CURRENT,
  find,
  findActive,
  findPrimary,
  invalidParameter,
  invalidRequest,
  isReplica,
  keyOf,
  makeVersion,
  open,
  page,
  seal,
  type Here,
  type Secret,
  type State,
  type Timers,
  type Version,
} from "./secret.ts";
import { checkNewTags, tagList, tagMap } from "./tags.ts";
import { addVersion, checkToken, repeats, touched, valueIn } from "./values.ts";

const DESCRIPTION_MAX = 2048; // docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
const [WINDOW_MIN, WINDOW_MAX] = [7, 30]; // docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

export const secretOperations = {
  CreateSecret(call, input) {
    const {
      Name,
      ClientRequestToken,
      Description,
      KmsKeyId,
      Tags = [],
      AddReplicaRegions = [],
      ForceOverwriteReplicaSecret = false,
      Type,
    } = input;
    checkName(Name);
    if (Type !== undefined) throw invalidParameter(`Managed external secrets are not emulated: leave out Type ${Type}.`);
    const value = valueIn(input);
    const versionId = ClientRequestToken ?? call.uuid();
    checkToken(versionId);
    const existing = call.state.secrets.get(Name);
    if (existing) return again(existing, versionId, value);
    checkDescription(Description);
    checkNewTags({}, Tags);
    checkReplicas(call, AddReplicaRegions);
    const suffix = [...call.bytes(6)].map((byte) => LETTERS[byte % LETTERS.length]).join("");
    const ARN = call.arn("secretsmanager", `secret:${Name}-${suffix}`);
    const key = ownKey(KmsKeyId);
    // The one step that may still fail comes before the secret is there.
    const first = value && makeVersion(call, { ARN }, keyOf({ KmsKeyId: key }), versionId, value, [CURRENT]);
    const secret: Secret = {
      ARN,
      Name,
      Description,
      KmsKeyId: key,
      CreatedDate: call.date,
      LastChangedDate: call.date,
      // Secrets that an AWS service manages for its customers: docs.aws.amazon.com/secretsmanager/latest/userguide/service-linked-secrets.html
      OwningService: Name.includes("!") ? Name.slice(0, Name.indexOf("!")) : undefined,
      tags: tagMap(Tags),
      versions: first ? [first] : [],
      replicas: [],
    };
    call.state.secrets.set(Name, secret);
    addReplicas(call, secret, AddReplicaRegions, ForceOverwriteReplicaSecret);
    return { ARN, Name, VersionId: first?.versionId, ReplicationStatus: secret.replicas.length > 0 ? statusOf(secret) : undefined };
  },

  UpdateSecret(call, { SecretId, ClientRequestToken, Description, KmsKeyId, SecretString, SecretBinary, Type }) {
    if (Type !== undefined) throw invalidParameter(`Managed external secrets are not emulated: leave out Type ${Type}.`);
    const onlyKey = KmsKeyId !== undefined && Description === undefined && SecretString === undefined && SecretBinary === undefined;
    // A replica's key is its own; the rest comes from the primary (SM-02).
    const secret = onlyKey ? findActive(call, SecretId) : findPrimary(call, SecretId);
    const value = valueIn({ SecretString, SecretBinary });
    const versionId = ClientRequestToken ?? call.uuid();
    const repeated = value && repeats(secret, versionId, value);
    checkDescription(Description);
    const { ARN, Name } = secret;
    const key = KmsKeyId === undefined ? secret.KmsKeyId : ownKey(KmsKeyId);
    const resealed = key === secret.KmsKeyId ? secret.versions : reseal(call, secret, keyOf({ KmsKeyId: key }));
    const version = value && !repeated && makeVersion(call, secret, keyOf({ KmsKeyId: key }), versionId, value, []);
    secret.KmsKeyId = key;
    secret.versions = resealed;
    if (Description !== undefined) secret.Description = Description || undefined;
    if (version) addVersion(call, secret, version, [CURRENT]);
    else touched(call, secret);
    return { ARN, Name, VersionId: value ? versionId : undefined };
  },

  DescribeSecret(call, { SecretId }) {
    const secret = find(call, SecretId);
    const stages = Object.fromEntries(
      secret.versions.filter((version) => version.stages.length > 0).map((version) => [version.versionId, version.stages]),
    );
    return {
      ...listed(secret),
      VersionIdsToStages: Object.keys(stages).length > 0 ? stages : undefined,
      ReplicationStatus: secret.replicas.length > 0 ? statusOf(secret) : undefined,
    };
  },

  ListSecrets(
    call,
    { IncludePlannedDeletion = false, MaxResults = 100, NextToken, Filters = [], SortOrder = "desc", SortBy = "created-date" },
  ) {
    const matches = filterTest(Filters);
    const found = [...call.state.secrets.values()].filter((secret) => (IncludePlannedDeletion || !secret.DeletedDate) && matches(secret));
    found.sort((one, other) =>
      sortKey(one, SortBy) < sortKey(other, SortBy) ? -1 : sortKey(one, SortBy) > sortKey(other, SortBy) ? 1 : 0,
    );
    if (SortOrder === "desc") found.reverse();
    const { items, NextToken: more } = page(found, MaxResults, NextToken);
    const SecretList = items.map((secret) => ({
      ...listed(secret),
      SecretVersionsToStages: Object.fromEntries(secret.versions.map(({ versionId, stages }) => [versionId, stages])),
    }));
    return { SecretList, NextToken: more };
  },

  DeleteSecret(call, { SecretId, RecoveryWindowInDays, ForceDeleteWithoutRecovery = false }) {
    if (ForceDeleteWithoutRecovery && RecoveryWindowInDays !== undefined)
      throw invalidParameter("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.");
    const window = RecoveryWindowInDays ?? WINDOW_MAX;
    if (window < WINDOW_MIN || window > WINDOW_MAX)
      throw invalidParameter(`The RecoveryWindowInDays value must be between ${WINDOW_MIN} and ${WINDOW_MAX} days (inclusive).`);
    const secret = ForceDeleteWithoutRecovery ? forced(call, SecretId) : find(call, SecretId);
    // Forcing away what is not there is no error: docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html
    if (!secret) return { Name: SecretId, DeletionDate: call.date };
    if (isReplica(call, secret))
      throw invalidRequest("Operation not permitted on a replica secret. Call must be made in primary secret's region.");
    if (secret.replicas.length > 0)
      throw invalidRequest(
        `You can't delete secret ${secret.Name} that still has replica regions [${secret.replicas.map(({ Region }) => Region).join(", ")}]`,
      );
    if (secret.DeletedDate && !ForceDeleteWithoutRecovery)
      throw invalidRequest("You can't perform this operation on the secret because it was already scheduled for deletion.");
    const DeletionDate = ForceDeleteWithoutRecovery ? call.date : date(plus(call.now, days(window)));
    if (ForceDeleteWithoutRecovery) forget(call, secret);
    else {
      secret.DeletedDate = DeletionDate;
      secret.deletionTimer = call.background(days(window), "delete", { name: secret.Name });
    }
    return { ARN: secret.ARN, Name: secret.Name, DeletionDate };
  },

  RestoreSecret(call, { SecretId }) {
    const secret = find(call, SecretId);
    if (isReplica(call, secret))
      throw invalidRequest("Operation not permitted on a replica secret. Call must be made in primary secret's region.");
    if (secret.deletionTimer !== undefined) call.cancel(secret.deletionTimer);
    delete secret.deletionTimer;
    delete secret.DeletedDate;
    return { ARN: secret.ARN, Name: secret.Name };
  },

  TagResource(call, { SecretId, Tags }) {
    const secret = findPrimary(call, SecretId);
    checkNewTags(secret.tags, Tags);
    Object.assign(secret.tags, tagMap(Tags));
    changed(call, secret);
  },

  UntagResource(call, { SecretId, TagKeys }) {
    const secret = findPrimary(call, SecretId);
    for (const key of TagKeys) delete secret.tags[key];
    changed(call, secret);
  },
} satisfies Operations<sdk.SecretsManager, State, Timers>;

export const secretTimers = {
  /** The recovery window is over. */
  delete(call: Here, { name }: Timers["delete"]) {
    const secret = call.state.secrets.get(name);
    if (secret?.DeletedDate) forget(call, secret);
  },
};

export function forget(call: Here, secret: Secret): void {
  for (const timer of [secret.deletionTimer, secret.rotationTimer]) if (timer !== undefined) call.cancel(timer);
  call.state.secrets.delete(secret.Name);
}

/** The secret that a forced deletion means, if there is one. */
function forced(call: Here, asked: string): Secret | undefined {
  try {
    return find(call, asked);
  } catch (error) {
    if (error instanceof AwsError) return undefined;
    throw error;
  }
}

/** The name is taken: by a secret that is being deleted, by another one, or by what this same request made before. */
function again(existing: Secret, versionId: string, value: ReturnType<typeof valueIn>) {
  if (existing.DeletedDate)
    throw invalidRequest("You can't create this secret because a secret with this name is already scheduled for deletion.");
  const { ARN, Name } = existing;
  if (value && repeats(existing, versionId, value)) return { ARN, Name, VersionId: versionId };
  throw new AwsError("ResourceExistsException", `The operation failed because the secret ${Name} already exists.`);
}

/** The key that AWS manages is what a secret has that names none. */
const ownKey = (keyId: string | undefined): string | undefined =>
  !keyId || keyId.endsWith("alias/aws/secretsmanager") ? undefined : keyId;

/** Versions that carry one of AWS's labels are encrypted anew under the new key: API_UpdateSecret.html, KmsKeyId. */
function reseal(call: Here, secret: Secret, keyId: string): Version[] {
  // All are opened before the first is sealed, for opening may fail and sealing may make the managed key.
  const opened = secret.versions.map((version) => ({
    version,
    plain: version.stages.some((stage) => stage.startsWith("AWS")) ? open(call, secret, version) : undefined,
  }));
  return opened.map(({ version, plain }) =>
    plain ? { ...version, keyId, sealed: seal(call, secret, keyId, version.versionId, plain) } : version,
  );
}

function listed(secret: Secret) {
  const {
    tags,
    versions: _versions,
    replicas: _replicas,
    policy: _policy,
    deletionTimer: _deletion,
    rotationTimer: _rotation,
    ...described
  } = secret;
  return { ...described, Tags: tagList(tags) };
}

function sortKey(secret: Secret, by: string): number | string {
  if (by === "name") return secret.Name;
  return (by === "last-changed-date" ? secret.LastChangedDate : secret.CreatedDate)?.getTime() ?? 0;
}

function checkName(name: string): void {
  if (/^[\w/+=.@!-]{1,512}$/.test(name)) return;
  throw new AwsError(
    "ValidationException",
    "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
  );
}

function checkDescription(text: string | undefined): void {
  if (text !== undefined && text.length > DESCRIPTION_MAX)
    throw new AwsError(
      "ValidationException",
      `1 validation error detected: Value at 'description' failed to satisfy constraint: Member must have length less than or equal to ${DESCRIPTION_MAX}`,
    );
}
