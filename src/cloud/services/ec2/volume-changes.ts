/** What happens to a volume that is there: on and off an instance, larger, faster. Guide: https://docs.aws.amazon.com/ebs/latest/userguide/ebs-modify-volume.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { days, type Instant } from "../../../kernel/units.ts";
import { AwsError, type Call, type Known, type Operations } from "../../service.ts";
import { filtered } from "./filters.ts";
import { findInstance, type Instance } from "./instances.ts";
import { page } from "./pages.ts";
import type { Here, State } from "./state.ts";
import { performanceOf } from "./volume-types.ts";
import { findVolume, tellVolume, type Volume } from "./volumes.ts";

/** The last modification, and when the recent ones began. */
export type Modification = Known<sdk.VolumeModification, "VolumeId" | "ModificationState" | "StartTime"> & { begun: Instant[] };

export type VolumeChangeTimers = {
  /** `at`: when it began; what has been taken off meanwhile is not attached by it. */
  volumeAttached: { id: string; at: Instant };
  volumeDetached: { id: string };
  volumeModified: { id: string };
};

// API_ModifyVolume.html: "up to four times within a rolling 24-hour period", each when the one before is complete.
const MODIFICATIONS_MAX = 4;
const MODIFICATIONS_WITHIN = days(1);

const timed = (call: Here): Call<State, VolumeChangeTimers> => call;

export const volumeChangeOperations = {
  AttachVolume(call, { VolumeId, InstanceId, Device, EbsCardIndex }) {
    if (EbsCardIndex) throw new AwsError("NotImplemented", "Causeway does not emulate EbsCardIndex of an attachment.", 501);
    const volume = findVolume(call, VolumeId);
    const instance = findInstance(call, InstanceId);
    checkAttachable(volume, instance, Device);
    const attachment = { VolumeId, InstanceId, Device, State: "attaching" as const, AttachTime: call.date, DeleteOnTermination: false };
    volume.Attachments = [attachment];
    volume.State = "in-use";
    instance.volumes.push({ device: Device, volumeId: VolumeId, gone: false, since: call.date });
    timed(call).after(call.latency("volume-attachment"), "volumeAttached", { id: VolumeId, at: call.now });
    return attachment;
  },

  DetachVolume(call, { VolumeId, InstanceId, Device, Force }) {
    const volume = findVolume(call, VolumeId);
    const [attachment] = volume.Attachments;
    if (!attachment || attachment.State === "detaching")
      throw new AwsError("IncorrectState", `Volume '${VolumeId}' is in the '${attachment ? "detaching" : volume.State}' state.`);
    if ((InstanceId ?? attachment.InstanceId) !== attachment.InstanceId || (Device ?? attachment.Device) !== attachment.Device)
      throw new AwsError(
        "InvalidAttachment.NotFound",
        `The volume '${VolumeId}' is not attached to instance '${InstanceId}' as ${Device}.`,
      );
    const instance = call.state.instances.get(attachment.InstanceId);
    const isRoot = instance?.RootDeviceName === attachment.Device;
    if (isRoot && instance.state !== "stopped" && instance.state !== "terminated")
      throw new AwsError("OperationNotPermitted", `Unable to detach root volume '${VolumeId}' from instance '${instance.InstanceId}'`);
    attachment.State = "detaching";
    if (Force) volumeChangeTimers.volumeDetached(call, { id: VolumeId });
    else timed(call).after(call.latency("volume-attachment"), "volumeDetached", { id: VolumeId });
    return { ...attachment, State: "detaching" as const };
  },

  ModifyVolume(call, { VolumeId, Size, VolumeType, Iops, Throughput, MultiAttachEnabled }) {
    if (MultiAttachEnabled !== undefined)
      throw new AwsError("NotImplemented", "Causeway does not emulate MultiAttachEnabled of a volume.", 501);
    const volume = findVolume(call, VolumeId);
    checkModifiable(call, volume, Size);
    const same = VolumeType === undefined || VolumeType === volume.VolumeType;
    const target = performanceOf(VolumeType ?? volume.VolumeType, Size ?? volume.Size, {
      // Of the same type what is not said stays; gp2's follow from its size.
      Iops: Iops ?? (same && volume.VolumeType !== "gp2" ? volume.Iops : undefined),
      Throughput: Throughput ?? (same ? volume.Throughput : undefined),
    });
    const begun = [...(volume.modification?.begun ?? []).filter((at) => at > call.now - MODIFICATIONS_WITHIN), call.now];
    volume.modification = {
      VolumeId,
      ModificationState: "optimizing",
      Progress: 0,
      StartTime: call.date,
      OriginalSize: volume.Size,
      OriginalVolumeType: volume.VolumeType,
      OriginalIops: volume.Iops,
      OriginalThroughput: volume.Throughput,
      TargetSize: target.Size,
      TargetVolumeType: target.VolumeType,
      TargetIops: target.Iops,
      TargetThroughput: target.Throughput,
      begun,
    };
    // The size is there as soon as it is optimizing: monitoring-volume-modifications.html
    Object.assign(volume, target);
    timed(call).after(call.latency("volume-optimization"), "volumeModified", { id: VolumeId });
    return { VolumeModification: { ...shown(volume.modification), ModificationState: "modifying" as const } };
  },

  DescribeVolumesModifications(call, { VolumeIds, Filters, MaxResults, NextToken }) {
    const all = (VolumeIds?.length ? VolumeIds.map((id) => findVolume(call, id)) : [...call.state.volumes.values()]).flatMap(
      ({ modification }) => modification ?? [],
    );
    if (VolumeIds?.length && all.length === 0)
      throw new AwsError("InvalidVolumeModification.NotFound", `Modification for volume '${VolumeIds[0]}' does not exist.`);
    const kept = filtered(all, Filters, {
      "modification-state": ({ ModificationState }) => ModificationState,
      "original-size": ({ OriginalSize }) => OriginalSize,
      "start-time": ({ StartTime }) => StartTime,
      "target-size": ({ TargetSize }) => TargetSize,
      "target-volume-type": ({ TargetVolumeType }) => TargetVolumeType,
      "volume-id": ({ VolumeId }) => VolumeId,
    });
    const { items, NextToken: next } = page(kept, { MaxResults, NextToken });
    return { VolumesModifications: items.map(shown), NextToken: next };
  },
} satisfies Operations<sdk.EC2, State>;

export const volumeChangeTimers = {
  volumeAttached(call: Here, { id, at }: VolumeChangeTimers["volumeAttached"]) {
    const attachment = call.state.volumes.get(id)?.Attachments[0];
    if (attachment?.State === "attaching" && attachment.AttachTime?.getTime() === at) attachment.State = "attached";
  },
  volumeDetached(call: Here, { id }: VolumeChangeTimers["volumeDetached"]) {
    const volume = call.state.volumes.get(id);
    const [attachment] = volume?.Attachments ?? [];
    if (!volume || attachment?.State !== "detaching") return;
    const instance = call.state.instances.get(attachment.InstanceId);
    if (instance) instance.volumes = instance.volumes.filter(({ volumeId }) => volumeId !== id);
    volume.Attachments = [];
    volume.State = "available";
  },
  volumeModified(call: Here, { id }: VolumeChangeTimers["volumeModified"]) {
    const volume = call.state.volumes.get(id);
    if (!volume?.modification) return;
    Object.assign(volume.modification, { ModificationState: "completed", Progress: 100, EndTime: call.date });
    tellVolume(call, volume, "modifyVolume", "completed");
  },
};

const shown = ({ begun: _begun, ...modification }: Modification): sdk.VolumeModification => modification;

function checkAttachable(volume: Volume, { InstanceId, state, Placement, volumes }: Instance, device: string): void {
  const { VolumeId, AvailabilityZone, Attachments, State: its } = volume;
  if (Attachments.length > 0) throw new AwsError("VolumeInUse", `${VolumeId} is already attached to an instance`);
  if (its !== "available") throw new AwsError("IncorrectState", `Volume '${VolumeId}' is not 'available'.`);
  if (state !== "running" && state !== "stopped")
    throw new AwsError("IncorrectState", `Instance '${InstanceId}' is not 'running' or 'stopped'.`);
  if (Placement.AvailabilityZone !== AvailabilityZone)
    throw new AwsError(
      "InvalidVolume.ZoneMismatch",
      `The volume '${VolumeId}' is not in the same availability zone as instance '${InstanceId}'`,
    );
  if (volumes.some((each) => each.device === device))
    throw new AwsError("InvalidParameterValue", `Invalid value '${device}' for unixDevice. Attachment point ${device} is already in use`);
}

function checkModifiable(call: Here, { VolumeId, State: state, Size, modification }: Volume, size = Size): void {
  if (state !== "available" && state !== "in-use") throw new AwsError("IncorrectState", `Volume '${VolumeId}' is in the '${state}' state.`);
  if (modification && modification.ModificationState !== "completed")
    throw new AwsError("IncorrectModificationState", `Cannot modify volume ${VolumeId}: it is in the modification state OPTIMIZING.`);
  if ((modification?.begun ?? []).filter((at) => at > call.now - MODIFICATIONS_WITHIN).length >= MODIFICATIONS_MAX)
    throw new AwsError(
      "VolumeModificationRateExceeded",
      `You've reached the maximum modification rate per volume limit: ${MODIFICATIONS_MAX} modifications within 24 hours.`,
    );
  if (size < Size) throw new AwsError("InvalidParameterValue", "New size cannot be smaller than existing size");
}
