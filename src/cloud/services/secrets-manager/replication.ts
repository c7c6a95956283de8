/** Replicas of a secret in other regions. https://docs.aws.amazon.com/secretsmanager/latest/userguide/replicate-secrets.html */
import type * as sdk from "@aws-sdk/client-secrets-manager";
import { seconds } from "../../../kernel/units.ts";
import catalogue from "../../../data/regions.json" with { type: "json" };
import { AwsError, type Operations } from "../../service.ts";
import {
  findActive,
  findPrimary,
  invalidParameter,
  invalidRequest,
  isReplica,
  keyOf,
  makeVersion,
  open,
  type Here,
  type Replication,
  type Secret,
  type State,
  type Timers,
} from "./secret.ts";

const DELAY = seconds(2); // our figure: AWS gives none, and shows InProgress for a moment

export const replicationOperations = {
  ReplicateSecretToRegions(call, { SecretId, AddReplicaRegions, ForceOverwriteReplicaSecret = false }) {
    const secret = findPrimary(call, SecretId);
    if (AddReplicaRegions.length === 0) throw invalidParameter("AddReplicaRegions can't be empty.");
    checkReplicas(call, AddReplicaRegions);
    addReplicas(call, secret, AddReplicaRegions, ForceOverwriteReplicaSecret);
    return { ARN: secret.ARN, ReplicationStatus: statusOf(secret) };
  },

  RemoveRegionsFromReplication(call, { SecretId, RemoveReplicaRegions }) {
    const secret = findPrimary(call, SecretId);
    const unknown = RemoveReplicaRegions.find((region) => !secret.replicas.some(({ Region }) => Region === region));
    if (unknown !== undefined) throw invalidParameter(`The secret isn't replicated to region ${unknown}.`);
    secret.replicas = secret.replicas.filter(({ Region }) => !RemoveReplicaRegions.includes(Region));
    if (secret.replicas.length === 0) delete secret.PrimaryRegion;
    for (const region of RemoveReplicaRegions) {
      const there = call.elsewhere(region);
      if (there.state.secrets.get(secret.Name)?.PrimaryRegion === call.region) there.state.secrets.delete(secret.Name);
    }
    return { ARN: secret.ARN, ReplicationStatus: statusOf(secret) };
  },

  /** In the replica's region, so that it works when the primary's is down (SM-02). */
  StopReplicationToReplica(call, { SecretId }) {
    const secret = findActive(call, SecretId);
    if (!isReplica(call, secret)) throw invalidRequest("The secret is not a replica secret.");
    const home = call.elsewhere(secret.PrimaryRegion ?? "");
    const primary = home.state.secrets.get(secret.Name);
    delete secret.PrimaryRegion;
    if (primary) {
      primary.replicas = primary.replicas.filter(({ Region }) => Region !== call.region);
      if (primary.replicas.length === 0) delete primary.PrimaryRegion;
    }
    return { ARN: secret.ARN };
  },
} satisfies Operations<sdk.SecretsManager, State, Timers>;

export const replicationTimers = {
  replicate(call: Here, { name, region }: Timers["replicate"]) {
    const secret = call.state.secrets.get(name);
    const status = secret?.replicas.find(({ Region }) => Region === region);
    if (!secret || !status || status.Status !== "InProgress") return;
    try {
      replicate(call, secret, status);
      status.Status = "InSync";
      status.StatusMessage = "Replication succeeded";
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      status.Status = "Failed";
      status.StatusMessage = `Replication failed: ${error.message}`;
    }
  },
};

export const statusOf = ({ replicas }: Secret): sdk.ReplicationStatusType[] =>
  replicas.map(({ overwrite: _overwrite, ...status }) => ({ ...status }));

export function checkReplicas(call: Here, regions: readonly sdk.ReplicaRegionType[]): void {
  for (const { Region = "" } of regions) {
    if (Region === call.region || !catalogue.regions.some(({ code }) => code === Region))
      throw invalidParameter(`Invalid replica region: ${Region}.`);
  }
  if (new Set(regions.map(({ Region }) => Region)).size < regions.length) throw invalidParameter("A replica region is named twice.");
}

export function addReplicas(call: Here, secret: Secret, regions: readonly sdk.ReplicaRegionType[], overwrite: boolean): void {
  for (const { Region = "", KmsKeyId } of regions) {
    const status: Replication = { Region, KmsKeyId: KmsKeyId ?? "alias/aws/secretsmanager", Status: "InProgress", overwrite };
    secret.replicas = [...secret.replicas.filter((replica) => replica.Region !== Region), status];
    call.after(DELAY, "replicate", { name: secret.Name, region: Region });
  }
  if (secret.replicas.length > 0) secret.PrimaryRegion = call.region;
}

/** A primary that has changed is copied anew; what failed before is tried again with it. */
export function changed(call: Here, secret: Secret): void {
  for (const status of secret.replicas) {
    status.Status = "InProgress";
    status.StatusMessage = undefined;
    call.after(DELAY, "replicate", { name: secret.Name, region: status.Region });
  }
}

/** Value, tags and resource policy go over (SM-01), the value under a key of the region it goes to. */
function replicate(call: Here, secret: Secret, { Region, KmsKeyId = "", overwrite }: Replication): void {
  const there = call.elsewhere(Region);
  const existing = there.state.secrets.get(secret.Name);
  const ours = existing?.PrimaryRegion === call.region;
  if (existing && !ours && !overwrite)
    throw new AwsError("ResourceExistsException", `Secret name ${secret.Name} already exists in region ${Region}.`);
  const { deletionTimer: _deletion, rotationTimer: _rotation, ...shared } = secret;
  const own = ours ? existing.KmsKeyId : KmsKeyId.endsWith("alias/aws/secretsmanager") ? undefined : KmsKeyId;
  const ARN = there.arn("secretsmanager", secret.ARN.slice(call.arn("secretsmanager", "").length));
  const replica: Secret = {
    ...structuredClone({ ...shared, versions: [] }),
    ARN,
    KmsKeyId: own,
    replicas: [],
    CreatedDate: ours ? existing.CreatedDate : there.date,
  };
  const has = ours ? existing.versions : [];
  replica.versions = secret.versions.map((version) => {
    const same = has.find(
      ({ versionId, fingerprint, keyId }) =>
        versionId === version.versionId && fingerprint === version.fingerprint && keyId === keyOf(replica),
    );
    if (same) return { ...same, stages: [...version.stages] };
    const value = { bytes: open(call, secret, version), binary: version.binary };
    return { ...makeVersion(there, replica, keyOf(replica), version.versionId, value, [...version.stages]), created: version.created };
  });
  if (existing?.deletionTimer !== undefined) there.cancel(existing.deletionTimer);
  there.state.secrets.set(secret.Name, replica);
}
