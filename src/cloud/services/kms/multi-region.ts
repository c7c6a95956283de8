/** ReplicateKey and UpdatePrimaryRegion. https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html */
import type * as sdk from "@aws-sdk/client-kms";
import { seconds } from "../../../kernel/units.ts";
import catalogue from "../../../data/regions.json" with { type: "json" };
import { AwsError, type Operations } from "../../service.ts";
import { checkState, find, invalid, unsupported, type Here, type Key, type State, type Timers } from "./key.ts";
import { checkPolicy, defaultPolicy } from "./policies.ts";
import { connect, regionsOf, related } from "./relations.ts";
import { continueRotation } from "./rotation.ts";
import { checkTags, tagMap, tagList } from "./tags.ts";

// AWS names no durations: "Creating" and "Updating" pass within seconds. These are ours.
const CREATION = seconds(10);
const PRIMARY_MOVE = seconds(10);

export const multiRegionOperations = {
  ReplicateKey(call, input) {
    const { KeyId, ReplicaRegion, Policy, Description = "", Tags = [], BypassPolicyLockoutSafetyCheck = false } = input;
    const primary = primaryKey(call, KeyId);
    checkRegion(ReplicaRegion);
    const { regions } = regionsOf(primary);
    if (regions.includes(ReplicaRegion))
      throw new AwsError("AlreadyExistsException", `A related multi-Region key already exists in the ${ReplicaRegion} region.`);
    const there = call.elsewhere(ReplicaRegion);
    if (Policy !== undefined) checkPolicy(there, Policy, BypassPolicyLockoutSafetyCheck);
    checkTags({}, Tags);
    const replica = copy(there, primary, { policy: Policy ?? defaultPolicy(there), description: Description, tags: tagMap(Tags) });
    connect(there, replica, call.region, [...regions, ReplicaRegion]);
    there.after(CREATION, "created", { keyId: replica.metadata.KeyId });
    return { ReplicaKeyMetadata: replica.metadata, ReplicaPolicy: replica.policy, ReplicaTags: tagList(replica.tags) };
  },

  UpdatePrimaryRegion(call, { KeyId, PrimaryRegion }) {
    const primary = primaryKey(call, KeyId);
    const replica = related(call, primary).find((other) => other.call.region === PrimaryRegion);
    if (!replica)
      throw new AwsError(
        "NotFoundException",
        `Key '${call.arn("kms", `key/${primary.metadata.KeyId}`, { region: PrimaryRegion })}' does not exist`,
      );
    checkState(replica.key, "Enabled");
    primary.metadata.KeyState = replica.key.metadata.KeyState = "Updating";
    call.after(PRIMARY_MOVE, "primaryMoved", { keyId: primary.metadata.KeyId, to: PrimaryRegion });
  },
} satisfies Operations<sdk.KMS, State, Timers>;

export const multiRegionTimers = {
  created(call: Here, { keyId }: Timers["created"]) {
    const metadata = call.state.keys.get(keyId)?.metadata;
    if (metadata?.KeyState !== "Creating") return;
    const external = metadata.Origin === "EXTERNAL";
    metadata.KeyState = external ? "PendingImport" : "Enabled";
    metadata.Enabled = !external;
  },
  /** The roles change, and with them who keeps the rotation's calendar. */
  primaryMoved(call: Here, { keyId, to }: Timers["primaryMoved"]) {
    const old = call.state.keys.get(keyId);
    const next = call.elsewhere(to).state.keys.get(keyId);
    if (!old || !next) return;
    connect(call, old, to, regionsOf(old).regions);
    old.metadata.KeyState = next.metadata.KeyState = "Enabled";
    if (!old.rotation) return;
    call.cancel(old.rotation.timer);
    next.rotation = old.rotation;
    delete old.rotation;
    continueRotation(call.elsewhere(to), next);
  },
};

function primaryKey(call: Here, keyId: string): Key {
  const key = find(call, keyId, { aliases: false });
  const { MultiRegionConfiguration, Arn } = key.metadata;
  if (MultiRegionConfiguration?.MultiRegionKeyType !== "PRIMARY") throw unsupported(`${Arn} is not a multi-Region primary key.`);
  checkState(key, "Enabled");
  return key;
}

function checkRegion(region: string): void {
  if (catalogue.regions.some(({ code }) => code === region)) return;
  throw invalid(
    `1 validation error detected: Value '${region}' at 'replicaRegion' failed to satisfy constraint: ${region} is not a region of this partition`,
  );
}

/** What is shared comes along; policy, tags, description and grants are each key's own. Imported material must be imported anew. */
function copy(there: Here, { metadata, materials }: Key, own: { policy: string; description: string; tags: Record<string, string> }): Key {
  const replica: Key = {
    metadata: {
      ...structuredClone(metadata),
      Arn: there.arn("kms", `key/${metadata.KeyId}`),
      CreationDate: there.date,
      Description: own.description,
      Enabled: false,
      KeyState: "Creating",
      ExpirationModel: undefined,
      ValidTo: undefined,
    },
    policy: own.policy,
    tags: own.tags,
    grants: [],
    materials: structuredClone(
      metadata.Origin === "EXTERNAL" ? materials.map((material) => ({ ...material, secret: new Uint8Array() })) : materials,
    ),
  };
  there.state.keys.set(metadata.KeyId, replica);
  return replica;
}
