/** Volumes. Guide: https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volumes.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, type Call, type Checked, type Known, type Operations } from "../../service.ts";
import { madeBefore, remember } from "./client-tokens.ts";
import { encryptionKey, isUsable, willEncrypt } from "./encryption.ts";
import { filtered } from "./filters.ts";
import { byId, byIds } from "./ids.ts";
import { page } from "./pages.ts";
import { zonesOf } from "./regions.ts";
import { findSnapshot } from "./snapshots.ts";
import type { Here, State } from "./state.ts";
import { tagsOf } from "./tags.ts";
import type { Modification } from "./volume-changes.ts";
import { performanceOf, type Performance } from "./volume-types.ts";

export type Volume = Known<
  Omit<sdk.Volume, "Attachments" | "Tags">,
  "VolumeId" | "AvailabilityZone" | "AvailabilityZoneId" | "CreateTime" | "Encrypted" | "Size" | "State" | "VolumeType"
> & { Attachments: Known<sdk.VolumeAttachment, "InstanceId" | "Device" | "State">[]; Tags: sdk.Tag[]; modification?: Modification };

export type VolumeTimers = { volumeMade: { id: string } };

/** What a volume is made of; a launch makes its own in use from the start. */
export type Making = {
  zone: { AvailabilityZone: string; AvailabilityZoneId: string };
  performance: Performance;
  encrypted: boolean;
  key?: string;
  snapshot?: string;
  tags: sdk.Tag[];
};

const timed = (call: Here): Call<State, VolumeTimers> => call;

export const volumeOperations = {
  CreateVolume(call, { ClientToken: token, ...request }) {
    const before = madeBefore(call, "CreateVolume", token, request);
    if (before !== undefined) return shown(findVolume(call, before));
    const wish = wishOf(call, request);
    const volume = makeVolume(call, wish);
    timed(call).after(call.latency("volume-creation"), "volumeMade", { id: volume.VolumeId });
    remember(call, "CreateVolume", token, request, volume.VolumeId);
    return { ...shown(volume), Attachments: undefined };
  },

  DeleteVolume(call, { VolumeId }) {
    const { State: state, Attachments } = findVolume(call, VolumeId);
    if (Attachments.length > 0)
      throw new AwsError("VolumeInUse", `Volume ${VolumeId} is currently attached to ${Attachments[0]!.InstanceId}`);
    if (state === "creating") throw new AwsError("IncorrectState", `The volume '${VolumeId}' is '${state}'`);
    call.state.volumes.delete(VolumeId);
  },

  DescribeVolumes(call, { VolumeIds, Filters, MaxResults, NextToken }) {
    const all = byIds(call.state.volumes, "vol", VolumeIds);
    const kept = filtered(all, Filters, volumeFilters);
    const { items, NextToken: next } = page(kept, { MaxResults, NextToken });
    return { Volumes: items.map(shown), NextToken: next };
  },

  DescribeVolumeStatus(call, { VolumeIds, Filters, MaxResults, NextToken }) {
    const kept = filtered(byIds(call.state.volumes, "vol", VolumeIds), Filters, {
      "availability-zone": ({ AvailabilityZone }) => AvailabilityZone,
      "volume-status.status": statusOf,
    });
    const { items, NextToken: next } = page(kept, { MaxResults, NextToken });
    return {
      VolumeStatuses: items.map((each) => ({
        VolumeId: each.VolumeId,
        AvailabilityZone: each.AvailabilityZone,
        AvailabilityZoneId: each.AvailabilityZoneId,
        Actions: [],
        Events: [],
        VolumeStatus: { Status: statusOf(each), Details: [{ Name: "io-enabled", Status: "passed" }] },
      })),
      NextToken: next,
    };
  },

  DescribeVolumeAttribute(call, { VolumeId, Attribute }) {
    findVolume(call, VolumeId);
    return Attribute === "productCodes" ? { VolumeId, ProductCodes: [] } : { VolumeId, AutoEnableIO: { Value: false } };
  },
} satisfies Operations<sdk.EC2, State>;

export const volumeTimers = {
  volumeMade(call: Here, { id }: VolumeTimers["volumeMade"]) {
    const volume = call.state.volumes.get(id);
    if (!volume) return;
    const made = volume.KmsKeyId === undefined || isUsable(call, volume.KmsKeyId);
    volume.State = made ? "available" : "error";
    tellVolume(call, volume, "createVolume", made ? "available" : "failed", made ? "" : `arn ${volume.KmsKeyId} is disabled or gone`);
  },
};

/** docs.aws.amazon.com/ebs/latest/userguide/ebs-cloud-watch-events.html */
export const tellVolume = (call: Here, { VolumeId }: Volume, event: string, result: string, cause = ""): void =>
  call.tell("event", {
    source: "aws.ec2",
    detailType: "EBS Volume Notification",
    detail: { event, result, cause, "request-id": "" },
    resources: [call.arn("ec2", `volume/${VolumeId}`)],
  });

export const findVolume = (call: Here, id: string): Volume => byId(call.state.volumes, "vol", id);

export function makeVolume(call: Here, { zone, performance, encrypted, key, snapshot, tags }: Making): Volume {
  const volume: Volume = {
    VolumeId: call.id("vol"),
    ...zone,
    CreateTime: call.date,
    Encrypted: encrypted,
    KmsKeyId: encrypted ? encryptionKey(call, key) : undefined,
    ...performance,
    SnapshotId: snapshot ?? "",
    State: "creating",
    MultiAttachEnabled: false,
    Attachments: [],
    Tags: tags,
  };
  call.state.volumes.set(volume.VolumeId, volume);
  return volume;
}

function wishOf(call: Here, request: Omit<Checked<sdk.CreateVolumeRequest>, "ClientToken">): Making {
  const { AvailabilityZone: name, AvailabilityZoneId: zoneId, Size, SnapshotId, VolumeType = "gp2", TagSpecifications } = request;
  for (const member of ["OutpostArn", "MultiAttachEnabled", "Operator", "VolumeInitializationRate"] as const)
    if (request[member]) throw new AwsError("NotImplemented", `Causeway does not emulate ${member} of a volume.`, 501);
  const snapshot = SnapshotId === undefined ? undefined : findSnapshot(call, SnapshotId);
  if (snapshot && snapshot.State !== "completed") throw new AwsError("IncorrectState", `Snapshot is in invalid state - ${snapshot.State}`);
  if (Size === undefined && !snapshot)
    throw new AwsError("MissingParameter", "The request must contain the parameter size/snapshotId or volumeSize");
  if (snapshot && Size !== undefined && Size < snapshot.VolumeSize)
    throw new AwsError(
      "InvalidParameterValue",
      `The volume size '${Size}GiB' is smaller than the snapshot's, expect size >= ${snapshot.VolumeSize}GiB`,
    );
  return {
    zone: zoneOf(call, name, zoneId),
    performance: performanceOf(VolumeType, Size ?? snapshot?.VolumeSize ?? 0, request),
    encrypted: willEncrypt(call, request, snapshot),
    key: request.KmsKeyId ?? snapshot?.KmsKeyId,
    snapshot: SnapshotId,
    tags: tagsOf(call, TagSpecifications, "volume"),
  };
}

/** By name or by id, and one of them. */
export function zoneOf(call: Here, name: string | undefined, id: string | undefined): Making["zone"] {
  if (name === undefined && id === undefined)
    throw new AwsError("MissingParameter", "The request must contain the parameter availabilityZone or availabilityZoneId");
  const zone = zonesOf(call.region).find(({ ZoneName, ZoneId }) => (name === undefined ? ZoneId === id : ZoneName === name));
  if (!zone) throw new AwsError("InvalidZone.NotFound", `The zone '${name ?? id}' does not exist.`);
  return { AvailabilityZone: zone.ZoneName, AvailabilityZoneId: zone.ZoneId };
}

export const shown = ({ modification: _modification, ...volume }: Volume): sdk.Volume => volume;

const statusOf = ({ State: state }: Volume): sdk.VolumeStatusInfoStatus =>
  state === "error" ? "impaired" : state === "creating" ? "insufficient-data" : "ok";

// docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVolumes.html
const volumeFilters = {
  "attachment.attach-time": ({ Attachments }: Volume) => Attachments.map(({ AttachTime }) => AttachTime),
  "attachment.delete-on-termination": ({ Attachments }: Volume) => Attachments.map(({ DeleteOnTermination }) => DeleteOnTermination),
  "attachment.device": ({ Attachments }: Volume) => Attachments.map(({ Device }) => Device),
  "attachment.instance-id": ({ Attachments }: Volume) => Attachments.map(({ InstanceId }) => InstanceId),
  "attachment.status": ({ Attachments }: Volume) => Attachments.map(({ State: state }) => state),
  "availability-zone": ({ AvailabilityZone }: Volume) => AvailabilityZone,
  "availability-zone-id": ({ AvailabilityZoneId }: Volume) => AvailabilityZoneId,
  "create-time": ({ CreateTime }: Volume) => CreateTime,
  encrypted: ({ Encrypted }: Volume) => Encrypted,
  size: ({ Size }: Volume) => Size,
  "snapshot-id": ({ SnapshotId }: Volume) => SnapshotId,
  status: ({ State: state }: Volume) => state,
  "volume-id": ({ VolumeId }: Volume) => VolumeId,
  "volume-type": ({ VolumeType }: Volume) => VolumeType,
};
