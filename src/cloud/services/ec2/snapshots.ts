/** Snapshots. Guide: https://docs.aws.amazon.com/ebs/latest/userguide/ebs-snapshots.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, type Call, type Known, type Operations } from "../../service.ts";
import { encryptionKey, willEncrypt } from "./encryption.ts";
import { filtered } from "./filters.ts";
import { byId, byIds } from "./ids.ts";
import { page } from "./pages.ts";
import type { Here, State } from "./state.ts";
import { tagsOf } from "./tags.ts";
import type { Volume } from "./volumes.ts";

export type Snapshot = Known<
  Omit<sdk.Snapshot, "Tags">,
  "SnapshotId" | "State" | "StartTime" | "VolumeSize" | "VolumeId" | "Encrypted" | "OwnerId"
> & { Tags: sdk.Tag[] };

export type SnapshotTimers = { snapshotDone: { id: string } };

const timed = (call: Here): Call<State, SnapshotTimers> => call;

export const snapshotOperations = {
  CreateSnapshot(call, { VolumeId, Description, TagSpecifications, OutpostArn, Location }) {
    if (OutpostArn !== undefined || Location === "local")
      throw new AwsError("NotImplemented", "Causeway does not emulate snapshots in Local Zones or on Outposts.", 501);
    const volume = byId(call.state.volumes, "vol", VolumeId);
    if (volume.State !== "available" && volume.State !== "in-use")
      throw new AwsError("IncorrectState", `Volume '${VolumeId}' is in the '${volume.State}' state.`);
    return snapshotOf(call, volume, Description, tagsOf(call, TagSpecifications, "snapshot"));
  },

  CopySnapshot(call, { SourceRegion, SourceSnapshotId, Description, Encrypted, KmsKeyId, TagSpecifications, ...others }) {
    const strange = (["CompletionDurationMinutes", "DestinationOutpostArn", "DestinationAvailabilityZone"] as const).find(
      (member) => others[member] !== undefined,
    );
    if (strange) throw new AwsError("NotImplemented", `Causeway does not emulate ${strange} of a copy.`, 501);
    const source = findSnapshot(SourceRegion === call.region ? call : call.elsewhere(SourceRegion), SourceSnapshotId);
    if (source.State !== "completed")
      throw new AwsError("IncorrectState", `The snapshot '${SourceSnapshotId}' is in the '${source.State}' state.`);
    const encrypted = willEncrypt(call, { Encrypted, KmsKeyId }, source);
    const tags = tagsOf(call, TagSpecifications, "snapshot");
    const { SnapshotId } = copyOf(call, source, { encrypted, key: KmsKeyId, description: Description, tags });
    return { SnapshotId, Tags: tags };
  },

  DeleteSnapshot(call, { SnapshotId }) {
    findSnapshot(call, SnapshotId);
    const user = [...call.state.images.values()].find(({ BlockDeviceMappings }) =>
      BlockDeviceMappings.some(({ Ebs }) => Ebs?.SnapshotId === SnapshotId),
    );
    if (user) throw new AwsError("InvalidSnapshot.InUse", `The snapshot ${SnapshotId} is currently in use by ${user.ImageId}`);
    call.state.snapshots.delete(SnapshotId);
  },

  DescribeSnapshots(call, { SnapshotIds, OwnerIds, RestorableByUserIds, Filters, MaxResults, NextToken }) {
    const mine = (who: string) => who === "self" || who === call.account;
    const all = byIds(call.state.snapshots, "snap", SnapshotIds).filter(
      () => (!OwnerIds?.length || OwnerIds.some(mine)) && (!RestorableByUserIds?.length || RestorableByUserIds.some(mine)),
    );
    const kept = filtered(all, Filters, {
      description: ({ Description }) => Description,
      encrypted: ({ Encrypted }) => Encrypted,
      "owner-id": ({ OwnerId }) => OwnerId,
      progress: ({ Progress }) => Progress,
      "snapshot-id": ({ SnapshotId }) => SnapshotId,
      "start-time": ({ StartTime }) => StartTime,
      status: ({ State: state }) => state,
      "storage-tier": ({ StorageTier }) => StorageTier,
      "volume-id": ({ VolumeId }) => VolumeId,
      "volume-size": ({ VolumeSize }) => VolumeSize,
    });
    const { items, NextToken: next } = page(kept, { MaxResults, NextToken });
    return { Snapshots: items, NextToken: next };
  },
} satisfies Operations<sdk.EC2, State>;

export const snapshotTimers = {
  snapshotDone(call: Here, { id }: SnapshotTimers["snapshotDone"]) {
    const snapshot = call.state.snapshots.get(id);
    if (!snapshot) return;
    Object.assign(snapshot, { State: "completed", Progress: "100%", CompletionTime: call.date });
    // docs.aws.amazon.com/ebs/latest/userguide/ebs-cloud-watch-events.html
    const arn = call.arn("ec2", `snapshot/${id}`, { account: "" });
    call.tell("event", {
      source: "aws.ec2",
      detailType: "EBS Snapshot Notification",
      detail: {
        event: "createSnapshot",
        result: "succeeded",
        cause: "",
        "request-id": "",
        snapshot_id: arn,
        source: call.arn("ec2", `volume/${snapshot.VolumeId}`, { account: "" }),
        startTime: snapshot.StartTime.toISOString(),
        endTime: call.date.toISOString(),
      },
      resources: [arn],
    });
  },
};

export const findSnapshot = (call: Here, id: string): Snapshot => byId(call.state.snapshots, "snap", id);

/** Of what is on the volume now; it is written in the background. */
export const snapshotOf = (call: Here, { VolumeId, Size, Encrypted, KmsKeyId }: Volume, description = "", tags: sdk.Tag[] = []): Snapshot =>
  begin(call, { VolumeId, VolumeSize: Size, Encrypted, KmsKeyId, Description: description, Tags: tags });

type Copy = { encrypted: boolean; key?: string; description?: string; tags?: sdk.Tag[] };

export const copyOf = (call: Here, source: Pick<Snapshot, "VolumeSize">, { encrypted, key, description = "", tags = [] }: Copy): Snapshot =>
  begin(call, {
    // A copy has no volume of its own, and says so in this way: API_Snapshot.html
    VolumeId: "vol-ffffffff",
    VolumeSize: source.VolumeSize,
    Encrypted: encrypted,
    KmsKeyId: encrypted ? encryptionKey(call, key) : undefined,
    Description: description,
    Tags: tags,
  });

function begin(call: Here, facts: Pick<Snapshot, "VolumeId" | "VolumeSize" | "Encrypted" | "KmsKeyId" | "Description" | "Tags">): Snapshot {
  const snapshot: Snapshot = {
    SnapshotId: call.id("snap"),
    OwnerId: call.account,
    State: "pending",
    Progress: "0%",
    StartTime: call.date,
    StorageTier: "standard",
    ...facts,
  };
  call.state.snapshots.set(snapshot.SnapshotId, snapshot);
  timed(call).after(call.latency("snapshot"), "snapshotDone", { id: snapshot.SnapshotId });
  return snapshot;
}
