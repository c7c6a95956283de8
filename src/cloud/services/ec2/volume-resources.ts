/** CloudFormation's types of volumes and of where they are. */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, resource, type Properties } from "../../service.ts";
import { snapshotOf } from "./snapshots.ts";
import type { Here } from "./state.ts";
import { resourceTags, retag } from "./tags.ts";
import { count, flag, refuse } from "./template-values.ts";
import { volumeChangeOperations } from "./volume-changes.ts";
import { volumeOperations } from "./volumes.ts";

const REFUSED = ["AutoEnableIO", "MultiAttachEnabled", "OutpostArn", "SourceVolumeId", "VolumeInitializationRate"];
/** Changing one makes another volume of it, which CloudFormation leaves to whoever wrote the template. */
const FIXED = ["AvailabilityZone", "AvailabilityZoneId", "Encrypted", "KmsKeyId", "SnapshotId"];

export const volumeResources = {
  "AWS::EC2::Volume": resource({
    create(call: Here, properties, stack) {
      refuse(properties, REFUSED);
      const { AvailabilityZone, AvailabilityZoneId, Encrypted, KmsKeyId, SnapshotId, Tags } = properties;
      const { VolumeId = "" } = volumeOperations.CreateVolume(call, {
        AvailabilityZone,
        AvailabilityZoneId,
        Encrypted: Encrypted === undefined ? undefined : flag(Encrypted),
        KmsKeyId,
        SnapshotId,
        ...performance(properties),
        TagSpecifications: [{ ResourceType: "volume", Tags: resourceTags(Tags, stack) }],
      });
      return VolumeId;
    },
    update(call: Here, id, properties, previous, stack) {
      const fixed = FIXED.find((name) => properties[name] !== previous[name]);
      if (fixed) throw new AwsError("InvalidRequest", `Update to resource type AWS::EC2::Volume: property ${fixed} cannot be changed.`);
      refuse(properties, REFUSED);
      const [now, before] = [performance(properties), performance(previous)];
      if (JSON.stringify(now) !== JSON.stringify(before)) volumeChangeOperations.ModifyVolume(call, { VolumeId: id, ...now });
      retag(call, id, properties["Tags"], previous["Tags"], stack);
    },
    delete(call: Here, id) {
      if (call.state.volumes.has(id)) volumeOperations.DeleteVolume(call, { VolumeId: id });
    },
    settled(call: Here, id) {
      const volume = call.state.volumes.get(id);
      if (volume?.State === "error") throw new AwsError("NotStabilized", `Volume ${id} could not be made.`);
      return volume?.State !== "creating";
    },
    snapshot(call: Here, id, { Tags }, stack) {
      const volume = call.state.volumes.get(id);
      if (volume) snapshotOf(call, volume, `Created by CloudFormation before ${stack.logicalId} was deleted`, resourceTags(Tags, stack));
    },
    attributes: (_call, id) => ({ VolumeId: id }),
    read(call: Here, id, properties) {
      const volume = call.state.volumes.get(id);
      if (!volume) return undefined;
      const now = Object.entries(volume).filter(([name]) => properties[name] !== undefined);
      return { ...properties, ...Object.fromEntries(now) };
    },
  }),

  "AWS::EC2::VolumeAttachment": resource({
    create(call: Here, properties) {
      const { VolumeId, InstanceId, Device = "/dev/sdf" } = properties;
      refuse(properties, ["EbsCardIndex"]);
      volumeChangeOperations.AttachVolume(call, { VolumeId, InstanceId, Device });
      return `${VolumeId}|${InstanceId}`;
    },
    settled: (call: Here, _id, { VolumeId }) => call.state.volumes.get(VolumeId)?.Attachments[0]?.State === "attached",
    delete(call: Here, id) {
      const attachment = attachmentOf(call, id);
      if (attachment && attachment.State !== "detaching")
        volumeChangeOperations.DetachVolume(call, { VolumeId: id.split("|")[0]!, InstanceId: attachment.InstanceId });
    },
    gone: (call: Here, id) => !attachmentOf(call, id),
    read(call: Here, id, properties) {
      const attachment = attachmentOf(call, id);
      return attachment && { ...properties, Device: attachment.Device };
    },
  }),
};

function attachmentOf(call: Here, id: string) {
  const [volume = "", instance] = id.split("|");
  return call.state.volumes.get(volume)?.Attachments.find(({ InstanceId }) => InstanceId === instance);
}

const performance = ({ Size, VolumeType, Iops, Throughput }: Properties) => ({
  Size: count(Size),
  VolumeType: VolumeType as sdk.VolumeType | undefined,
  Iops: count(Iops),
  Throughput: count(Throughput),
});
