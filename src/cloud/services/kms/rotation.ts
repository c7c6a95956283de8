/** Rotation: new backing material under the same id, and the old ones still decrypt. https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html */
import type * as sdk from "@aws-sdk/client-kms";
import { days, instant, plus, seconds, since, date } from "../../../kernel/units.ts";
import { AwsError, type Operations } from "../../service.ts";
import {
  checkOurs,
  checkState,
  current,
  find,
  invalid,
  page,
  unsupported,
  type Here,
  type Key,
  type Material,
  type State,
  type Timers,
} from "./key.ts";
import { makeMaterial, materialId } from "./material.ts";
import { primaryOf, related } from "./relations.ts";
import { isSymmetric } from "./specs.ts";

const PERIOD = 365; // docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html
const [PERIOD_MIN, PERIOD_MAX] = [90, 2560]; // same
const ON_DEMAND_MAX = 25; // docs.aws.amazon.com/kms/latest/APIReference/API_RotateKeyOnDemand.html
const ON_DEMAND_DURATION = seconds(5); // our figure: AWS says only that there may be a slight delay

export const rotationOperations = {
  EnableKeyRotation(call, { KeyId, RotationPeriodInDays = PERIOD }) {
    const key = rotatable(call, KeyId, "EnableKeyRotation");
    if (RotationPeriodInDays < PERIOD_MIN || RotationPeriodInDays > PERIOD_MAX) {
      const bound = RotationPeriodInDays < PERIOD_MIN ? `greater than or equal to ${PERIOD_MIN}` : `less than or equal to ${PERIOD_MAX}`;
      throw invalid(
        `1 validation error detected: Value '${RotationPeriodInDays}' at 'rotationPeriodInDays' failed to satisfy constraint: Member must have value ${bound}`,
      );
    }
    if (key.metadata.Origin === "EXTERNAL") throw unsupported();
    startRotation(call, key, RotationPeriodInDays);
  },
  DisableKeyRotation(call, { KeyId }) {
    stopRotation(call, rotatable(call, KeyId, "DisableKeyRotation"));
  },
  GetKeyRotationStatus(call, { KeyId }) {
    const key = find(call, KeyId, { aliases: false });
    const { rotation, onDemandSince } = primaryOf(call, key) ?? key;
    const { Arn, KeyState } = key.metadata;
    // A key that waits for its end is not rotated, though it keeps its period for when the deletion is cancelled.
    const enabled = rotation !== undefined && KeyState !== "PendingDeletion" && KeyState !== "PendingReplicaDeletion";
    return {
      KeyId: Arn,
      KeyRotationEnabled: enabled,
      RotationPeriodInDays: enabled ? rotation.days : undefined,
      NextRotationDate: enabled ? rotation.next : undefined,
      OnDemandRotationStartDate: onDemandSince,
    };
  },
  RotateKeyOnDemand(call, { KeyId }) {
    const key = rotatable(call, KeyId, "RotateKeyOnDemand");
    if (key.onDemandSince) throw new AwsError("ConflictException", `${key.metadata.Arn} is already being rotated on demand.`);
    // An imported key rotates to material that was imported beforehand; that second import is not emulated.
    if (key.metadata.Origin === "EXTERNAL")
      throw new AwsError("KMSInvalidStateException", `${key.metadata.Arn} has no imported key material pending rotation.`);
    if (key.materials.filter(({ rotated }) => rotated?.type === "ON_DEMAND").length >= ON_DEMAND_MAX) {
      throw new AwsError("LimitExceededException", `The number of on-demand rotations for ${key.metadata.Arn} exceeds ${ON_DEMAND_MAX}.`);
    }
    key.onDemandSince = call.date;
    call.after(ON_DEMAND_DURATION, "rotateOnDemand", { keyId: key.metadata.KeyId });
    return { KeyId: key.metadata.KeyId };
  },
  ListKeyRotations(call, { KeyId, Limit, Marker, IncludeKeyMaterial = "ROTATIONS_ONLY" }) {
    const key = find(call, KeyId, { aliases: false });
    if (!isSymmetric(key.metadata.KeySpec)) throw unsupported();
    const wanted = [...key.materials].reverse().filter(({ rotated }) => rotated || IncludeKeyMaterial === "ALL_KEY_MATERIAL");
    const { items, ...rest } = page(wanted, { Limit, Marker });
    return { Rotations: items.map((material) => listed(key, material)), ...rest };
  },
} satisfies Operations<sdk.KMS, State, Timers>;

export const rotationTimers = {
  /** A year has passed, or whatever the period is. A key that is not enabled is rotated as soon as it is. */
  rotate(call: Here, { keyId }: Timers["rotate"]) {
    const key = call.state.keys.get(keyId);
    if (!key?.rotation) return;
    if (key.metadata.KeyState !== "Enabled") key.rotation.due = true;
    else {
      renew(call, key, "AUTOMATIC");
      startRotation(call, key, key.rotation.days);
    }
  },
  rotateOnDemand(call: Here, { keyId }: Timers["rotateOnDemand"]) {
    const key = call.state.keys.get(keyId);
    if (!key) return;
    delete key.onDemandSince;
    renew(call, key, "ON_DEMAND");
  },
};

export function startRotation(call: Here, key: Key, period: number): void {
  stopRotation(call, key);
  const timer = call.background(days(period), "rotate", { keyId: key.metadata.KeyId });
  key.rotation = { days: period, next: date(plus(call.now, days(period))), timer, due: false };
}

/** Takes up the period of a key that becomes the primary, or goes on after a deletion was cancelled. */
export function continueRotation(call: Here, key: Key): void {
  const { rotation } = key;
  if (!rotation) return;
  if (rotation.due || instant(rotation.next) <= call.now) {
    if (key.metadata.KeyState !== "Enabled") return;
    renew(call, key, "AUTOMATIC");
    startRotation(call, key, rotation.days);
    return;
  }
  call.cancel(rotation.timer);
  rotation.timer = call.background(since(call.now, instant(rotation.next)), "rotate", { keyId: key.metadata.KeyId });
}

export function stopRotation(call: Here, key: Key): void {
  if (key.rotation) call.cancel(key.rotation.timer);
  delete key.rotation;
}

/** New material; the keys in other regions that share it get it at the same moment. */
function renew(call: Here, key: Key, type: "AUTOMATIC" | "ON_DEMAND"): void {
  const secret = makeMaterial("SYMMETRIC_DEFAULT", (length) => call.bytes(length));
  const material: Material = { id: materialId(secret), secret, rotated: { at: call.date, type } };
  for (const each of [key, ...related(call, key).map((other) => other.key)]) {
    each.materials.push(structuredClone(material));
    each.metadata.CurrentKeyMaterialId = material.id;
  }
}

/** A customer's symmetric key, and of a multi-Region one the primary. */
function rotatable(call: Here, keyId: string, operation: string): Key {
  const key = find(call, keyId, { aliases: false });
  checkOurs(call, key, operation);
  const { KeySpec, MultiRegionConfiguration } = key.metadata;
  if (!isSymmetric(KeySpec)) throw unsupported();
  if (MultiRegionConfiguration?.MultiRegionKeyType === "REPLICA")
    throw unsupported(`${key.metadata.Arn} is a multi-Region replica key: its primary key sets the rotation.`);
  checkState(key, "Enabled");
  return key;
}

function listed(key: Key, material: Material): sdk.RotationsListEntry {
  const { metadata } = key;
  return {
    KeyId: metadata.KeyId,
    KeyMaterialId: material.id,
    KeyMaterialState: material === current(key) ? "CURRENT" : "NON_CURRENT",
    ImportState: metadata.Origin === "EXTERNAL" ? (material.secret.length > 0 ? "IMPORTED" : "PENDING_IMPORT") : undefined,
    ExpirationModel: metadata.ExpirationModel,
    ValidTo: metadata.ValidTo,
    RotationDate: material.rotated?.at,
    RotationType: material.rotated?.type,
  };
}
