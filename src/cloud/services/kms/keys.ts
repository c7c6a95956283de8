/** Keys' lives: made, described, enabled, disabled, deleted. API: https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html */
import type * as sdk from "@aws-sdk/client-kms";
import { date, days, plus } from "../../../kernel/units.ts";
import { AwsError, type Operations } from "../../service.ts";
import { ensureManaged, makeKey } from "./creation.ts";
import { checkOurs, checkState, find, invalid, page, unsupported, type Here, type Key, type State, type Timers } from "./key.ts";
import { checkPolicy, defaultPolicy } from "./policies.ts";
import { connect, regionsOf, related } from "./relations.ts";
import { continueRotation } from "./rotation.ts";
import { checkSpec, usageOf } from "./specs.ts";
import { checkTags, tagMap } from "./tags.ts";

const DESCRIPTION_MAX = 8192; // docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html
const [WINDOW_MIN, WINDOW_MAX] = [7, 30]; // docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html

export const keyOperations = {
  CreateKey(call, input) {
    const {
      Description = "",
      Policy = defaultPolicy(call),
      Tags = [],
      MultiRegion = false,
      Origin = "AWS_KMS",
      BypassPolicyLockoutSafetyCheck = false,
    } = input;
    const asked = input.KeySpec ?? input.CustomerMasterKeySpec ?? "SYMMETRIC_DEFAULT";
    if (input.KeySpec && input.CustomerMasterKeySpec && input.KeySpec !== input.CustomerMasterKeySpec)
      throw invalid("You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.");
    const { spec, usage } = checkSpec(asked, usageOf(asked, input.KeyUsage));
    if (input.CustomKeyStoreId || input.XksKeyId)
      throw new AwsError("CustomKeyStoreNotFoundException", `Custom key store ${input.CustomKeyStoreId} not found.`);
    if (Origin !== "AWS_KMS" && Origin !== "EXTERNAL") throw unsupported(`Keys of the origin ${Origin} need a custom key store.`);
    checkDescription(Description);
    checkPolicy(call, Policy, BypassPolicyLockoutSafetyCheck);
    checkTags({}, Tags);
    const key = makeKey(call, {
      spec,
      usage,
      description: Description,
      policy: Policy,
      tags: tagMap(Tags),
      multiRegion: MultiRegion,
      external: Origin === "EXTERNAL",
    });
    return { KeyMetadata: key.metadata };
  },

  /** The predefined alias of an AWS service makes that service's key when it does not exist, as AWS documents of DescribeKey. */
  DescribeKey(call, { KeyId }) {
    return { KeyMetadata: (ensureManaged(call, KeyId) ?? find(call, KeyId)).metadata };
  },

  ListKeys(call, { Limit, Marker }) {
    const { items, ...rest } = page([...call.state.keys.values()], { Limit, Marker });
    return { Keys: items.map(({ metadata }) => ({ KeyId: metadata.KeyId, KeyArn: metadata.Arn })), ...rest };
  },

  UpdateKeyDescription(call, { KeyId, Description }) {
    const key = ours(call, KeyId, "UpdateKeyDescription");
    checkState(key, "Enabled", "Disabled", "PendingImport", "Updating", "Unavailable");
    checkDescription(Description);
    key.metadata.Description = Description;
  },

  EnableKey(call, { KeyId }) {
    const key = ours(call, KeyId, "EnableKey");
    checkState(key, "Enabled", "Disabled");
    key.metadata.KeyState = "Enabled";
    key.metadata.Enabled = true;
    continueRotation(call, key);
  },

  DisableKey(call, { KeyId }) {
    const key = ours(call, KeyId, "DisableKey");
    checkState(key, "Enabled", "Disabled");
    key.metadata.KeyState = "Disabled";
    key.metadata.Enabled = false;
  },

  ScheduleKeyDeletion(call, { KeyId, PendingWindowInDays = WINDOW_MAX }) {
    const key = ours(call, KeyId, "ScheduleKeyDeletion");
    if (PendingWindowInDays < WINDOW_MIN || PendingWindowInDays > WINDOW_MAX) {
      const bound = PendingWindowInDays < WINDOW_MIN ? `greater than or equal to ${WINDOW_MIN}` : `less than or equal to ${WINDOW_MAX}`;
      throw invalid(
        `1 validation error detected: Value '${PendingWindowInDays}' at 'pendingWindowInDays' failed to satisfy constraint: Member must have value ${bound}`,
      );
    }
    checkState(key, "Enabled", "Disabled", "PendingImport", "Unavailable");
    const { metadata } = key;
    metadata.Enabled = false;
    const primaryWithReplicas = metadata.MultiRegionConfiguration?.MultiRegionKeyType === "PRIMARY" && related(call, key).length > 0;
    if (primaryWithReplicas) {
      metadata.KeyState = "PendingReplicaDeletion";
      metadata.PendingDeletionWindowInDays = PendingWindowInDays;
    } else startWaiting(call, key, PendingWindowInDays);
    return { KeyId: metadata.Arn, DeletionDate: metadata.DeletionDate, KeyState: metadata.KeyState, PendingWindowInDays };
  },

  CancelKeyDeletion(call, { KeyId }) {
    const key = ours(call, KeyId, "CancelKeyDeletion");
    const { metadata } = key;
    if (metadata.KeyState !== "PendingDeletion" && metadata.KeyState !== "PendingReplicaDeletion")
      throw new AwsError("KMSInvalidStateException", `${metadata.Arn} is not pending deletion.`);
    if (key.deletionTimer !== undefined) call.cancel(key.deletionTimer);
    delete key.deletionTimer;
    metadata.DeletionDate = undefined;
    metadata.PendingDeletionWindowInDays = undefined;
    const empty = key.materials.length === 0 || key.materials.some(({ secret }) => secret.length === 0);
    metadata.KeyState = empty ? "PendingImport" : "Disabled";
    return { KeyId: metadata.Arn };
  },
} satisfies Operations<sdk.KMS, State, Timers>;

export const keyTimers = {
  delete(call: Here, { keyId }: Timers["delete"]) {
    const key = call.state.keys.get(keyId);
    if (!key) return;
    const others = related(call, key);
    forget(call, key);
    const { primary, regions } = regionsOf(key);
    const first = others[0];
    if (!first) return;
    connect(
      first.call,
      first.key,
      primary,
      regions.filter((region) => region !== call.region),
    );
    // The primary waits until the last replica is gone, and only then do its own days begin.
    const waiting = others.find((other) => other.call.region === primary && other.key.metadata.KeyState === "PendingReplicaDeletion");
    if (waiting && others.length === 1)
      startWaiting(waiting.call, waiting.key, waiting.key.metadata.PendingDeletionWindowInDays ?? WINDOW_MAX);
  },
};

function startWaiting(call: Here, key: Key, window: number): void {
  key.metadata.KeyState = "PendingDeletion";
  key.metadata.PendingDeletionWindowInDays = undefined;
  key.metadata.DeletionDate = date(plus(call.now, days(window)));
  key.deletionTimer = call.background(days(window), "delete", { keyId: key.metadata.KeyId });
}

/** With it go its aliases and its grants. */
function forget(call: Here, { metadata, rotation, expiryTimer }: Key): void {
  if (rotation) call.cancel(rotation.timer);
  if (expiryTimer !== undefined) call.cancel(expiryTimer);
  call.state.keys.delete(metadata.KeyId);
  for (const [name, { TargetKeyId }] of call.state.aliases) if (TargetKeyId === metadata.KeyId) call.state.aliases.delete(name);
}

function ours(call: Here, keyId: string, operation: string): Key {
  const key = find(call, keyId, { aliases: false });
  checkOurs(call, key, operation);
  return key;
}

function checkDescription(text: string): void {
  if (text.length > DESCRIPTION_MAX)
    throw invalid(
      `1 validation error detected: Value at 'description' failed to satisfy constraint: Member must have length less than or equal to ${DESCRIPTION_MAX}`,
    );
}
