/** AWS::KMS::Key, Alias and ReplicaKey. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_KMS.html */
import { resource, type Properties, type ResourceType, type Stack } from "../../service.ts";
import { aliasOperations } from "./aliases.ts";
import type { Here, Key } from "./key.ts";
import { keyOperations } from "./keys.ts";
import { multiRegionOperations } from "./multi-region.ts";
import { policyOperations } from "./policies.ts";
import { rotationOperations } from "./rotation.ts";
import { checkTags } from "./tags.ts";

const truth = (value: unknown): boolean => value === true || value === "true";
const text = (policy: unknown): string => (typeof policy === "string" ? policy : JSON.stringify(policy));
const own = (properties: Properties): Record<string, string> =>
  Object.fromEntries((properties.Tags ?? []).map(({ Key, Value }: { Key: string; Value: unknown }) => [Key, String(Value)]));

function setTags(key: Key, properties: Properties, previous: Properties, stack: Stack): void {
  for (const name of Object.keys(own(previous))) delete key.tags[name];
  Object.assign(key.tags, stack.tags, own(properties));
}

const checkOwnTags = (properties: Properties): void =>
  checkTags(
    {},
    Object.entries(own(properties)).map(([TagKey, TagValue]) => ({ TagKey, TagValue })),
  );

const stateOf = (call: Here, id: string): Key | undefined => call.state.keys.get(id);

function setEnabled(call: Here, id: string, enabled: boolean): void {
  if (enabled === (stateOf(call, id)?.metadata.KeyState !== "Disabled")) return;
  if (enabled) keyOperations.EnableKey(call, { KeyId: id });
  else keyOperations.DisableKey(call, { KeyId: id });
}

function setRotation(call: Here, id: string, { EnableKeyRotation, RotationPeriodInDays }: Properties): void {
  if (truth(EnableKeyRotation))
    rotationOperations.EnableKeyRotation(call, {
      KeyId: id,
      RotationPeriodInDays: RotationPeriodInDays === undefined ? undefined : Number(RotationPeriodInDays),
    });
  else if (stateOf(call, id)?.rotation) rotationOperations.DisableKeyRotation(call, { KeyId: id });
}

function remove(call: Here, id: string, { PendingWindowInDays }: Properties): void {
  const key = stateOf(call, id);
  if (!key || /^Pending.*Deletion$/.test(key.metadata.KeyState)) return;
  // A key that is still being made or moved can't be scheduled: it is finished first.
  if (key.metadata.KeyState === "Creating" || key.metadata.KeyState === "Updating") key.metadata.KeyState = "Enabled";
  keyOperations.ScheduleKeyDeletion(call, {
    KeyId: id,
    PendingWindowInDays: PendingWindowInDays === undefined ? undefined : Number(PendingWindowInDays),
  });
}

function read(call: Here, id: string): Properties | undefined {
  const key = stateOf(call, id);
  if (!key || /^Pending.*Deletion$/.test(key.metadata.KeyState)) return undefined;
  const { Description, Enabled, KeySpec, KeyUsage, MultiRegion, Origin } = key.metadata;
  return {
    Description,
    Enabled,
    KeySpec,
    KeyUsage,
    MultiRegion,
    Origin,
    KeyPolicy: JSON.parse(key.policy),
    EnableKeyRotation: key.rotation !== undefined,
    RotationPeriodInDays: key.rotation?.days,
  };
}

const arnAndId = (call: Here, id: string) => ({ Arn: stateOf(call, id)?.metadata.Arn, KeyId: id });

const key = resource({
  create(call: Here, properties, stack) {
    const { Description, KeyPolicy, KeySpec, KeyUsage, MultiRegion, Origin, BypassPolicyLockoutSafetyCheck } = properties;
    checkOwnTags(properties);
    const { KeyId } = keyOperations.CreateKey(call, {
      Description,
      Policy: KeyPolicy === undefined ? undefined : text(KeyPolicy),
      KeySpec,
      KeyUsage,
      MultiRegion: truth(MultiRegion),
      Origin,
      BypassPolicyLockoutSafetyCheck: truth(BypassPolicyLockoutSafetyCheck),
    }).KeyMetadata;
    setTags(stateOf(call, KeyId)!, properties, {}, stack);
    setRotation(call, KeyId, properties);
    if (properties.Enabled !== undefined) setEnabled(call, KeyId, truth(properties.Enabled));
    return KeyId;
  },
  update(call: Here, id, properties, previous, stack) {
    const { Description = "", KeyPolicy, BypassPolicyLockoutSafetyCheck } = properties;
    keyOperations.UpdateKeyDescription(call, { KeyId: id, Description });
    if (KeyPolicy !== undefined)
      policyOperations.PutKeyPolicy(call, {
        KeyId: id,
        Policy: text(KeyPolicy),
        BypassPolicyLockoutSafetyCheck: truth(BypassPolicyLockoutSafetyCheck),
      });
    const enabled = properties.Enabled === undefined || truth(properties.Enabled);
    // Rotation can be set on an enabled key only.
    if (enabled) setEnabled(call, id, true);
    const rotates = ["EnableKeyRotation", "RotationPeriodInDays"].some((name) => String(properties[name]) !== String(previous[name]));
    if (rotates) setRotation(call, id, properties);
    if (!enabled) setEnabled(call, id, false);
    setTags(stateOf(call, id)!, properties, previous, stack);
  },
  delete: remove,
  attributes: arnAndId,
  read,
} satisfies ResourceType);

const replica = resource({
  create(call: Here, properties, stack) {
    const { PrimaryKeyArn, Description, KeyPolicy } = properties;
    checkOwnTags(properties);
    const region = String(PrimaryKeyArn).split(":")[3] ?? call.region;
    const Policy = KeyPolicy === undefined ? undefined : text(KeyPolicy);
    const { ReplicaKeyMetadata } = multiRegionOperations.ReplicateKey(call.elsewhere(region), {
      KeyId: PrimaryKeyArn,
      ReplicaRegion: call.region,
      Description,
      Policy,
    });
    const { KeyId } = ReplicaKeyMetadata;
    setTags(stateOf(call, KeyId)!, properties, {}, stack);
    return KeyId;
  },
  settled(call: Here, id, properties) {
    if (stateOf(call, id)?.metadata.KeyState === "Creating") return false;
    if (properties.Enabled !== undefined) setEnabled(call, id, truth(properties.Enabled));
    return true;
  },
  update(call: Here, id, properties, previous, stack) {
    keyOperations.UpdateKeyDescription(call, { KeyId: id, Description: properties.Description ?? "" });
    if (properties.KeyPolicy !== undefined) policyOperations.PutKeyPolicy(call, { KeyId: id, Policy: text(properties.KeyPolicy) });
    setEnabled(call, id, properties.Enabled === undefined || truth(properties.Enabled));
    setTags(stateOf(call, id)!, properties, previous, stack);
  },
  delete: remove,
  attributes: arnAndId,
  read,
} satisfies ResourceType);

const alias = resource({
  create(call: Here, { AliasName, TargetKeyId }) {
    aliasOperations.CreateAlias(call, { AliasName, TargetKeyId });
    return AliasName;
  },
  update(call: Here, id, { TargetKeyId }) {
    aliasOperations.UpdateAlias(call, { AliasName: id, TargetKeyId });
  },
  delete(call: Here, id) {
    if (call.state.aliases.has(id)) aliasOperations.DeleteAlias(call, { AliasName: id });
  },
  read(call: Here, id) {
    const found = call.state.aliases.get(id);
    return found && { AliasName: id, TargetKeyId: found.TargetKeyId };
  },
} satisfies ResourceType);

export const resources = { "AWS::KMS::Key": key, "AWS::KMS::ReplicaKey": replica, "AWS::KMS::Alias": alias };
