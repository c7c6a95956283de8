/** The account's own images: made of instances, of snapshots, of other images. Guide: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/creating-an-ami-ebs.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, type Call, type Operations } from "../../service.ts";
import { madeBefore, remember } from "./client-tokens.ts";
import { willEncrypt } from "./encryption.ts";
import { imageOf, type Image } from "./images.ts";
import { reboot } from "./instance-states.ts";
import { findInstance } from "./instances.ts";
import { copyOf, findSnapshot, snapshotOf, type Snapshot } from "./snapshots.ts";
import type { Here, State } from "./state.ts";
import { tagsOf } from "./tags.ts";
import { findVolume } from "./volumes.ts";

export type ImageTimers = { imageReady: { id: string } };

const timed = (call: Here): Call<State, ImageTimers> => call;

export const ownImageOperations = {
  CreateImage(call, { InstanceId, Name, Description, NoReboot = false, BlockDeviceMappings, TagSpecifications }) {
    if (BlockDeviceMappings?.length)
      throw new AwsError("NotImplemented", "Causeway does not emulate BlockDeviceMappings of CreateImage.", 501);
    const instance = findInstance(call, InstanceId);
    if (instance.state !== "running" && instance.state !== "stopped")
      throw new AwsError("IncorrectInstanceState", `The instance '${InstanceId}' is not in the 'running' or 'stopped' states.`);
    checkName(call, Name);
    const [tags, snapshotTags] = [tagsOfKind(call, TagSpecifications, "image"), tagsOfKind(call, TagSpecifications, "snapshot")];
    const source = imageOf(call, instance.ImageId);
    const id = call.id("ami");
    const disks = instance.volumes.map(({ device, volumeId, gone }): sdk.BlockDeviceMapping => {
      const volume = findVolume(call, volumeId);
      const snapshot = snapshotOf(call, volume, `Created by CreateImage(${InstanceId}) for ${id}`, snapshotTags);
      return { DeviceName: device, Ebs: { ...ebsOf(snapshot, volume.VolumeType), DeleteOnTermination: gone } };
    });
    if (!NoReboot && instance.state === "running") reboot(call, instance);
    keep(call, { ...inherited(source), ImageId: id, Name, Description, BlockDeviceMappings: disks, Tags: tags });
    return { ImageId: id };
  },

  RegisterImage(call, { Name, Description, Architecture = "i386", RootDeviceName, BlockDeviceMappings = [], ...request }) {
    for (const member of ["ImageLocation", "KernelId", "RamdiskId", "TpmSupport", "UefiData", "BillingProducts"] as const)
      if (request[member] !== undefined) throw new AwsError("NotImplemented", `Causeway does not emulate ${member} of an image.`, 501);
    checkName(call, Name);
    const root = BlockDeviceMappings.find(({ DeviceName }) => DeviceName === RootDeviceName)?.Ebs;
    if (RootDeviceName === undefined || !root?.SnapshotId)
      throw new AwsError("InvalidRequest", "The request must name a root device, and a snapshot for it.");
    const disks = BlockDeviceMappings.map(({ DeviceName, Ebs }): sdk.BlockDeviceMapping => {
      const snapshot = Ebs?.SnapshotId === undefined ? undefined : findSnapshot(call, Ebs.SnapshotId);
      return { DeviceName, Ebs: { DeleteOnTermination: true, ...(snapshot && ebsOf(snapshot, "gp2")), ...Ebs } };
    });
    const tags = tagsOf(call, request.TagSpecifications, "image");
    const id = call.id("ami");
    const facts = { Architecture, RootDeviceName, ImdsSupport: request.ImdsSupport, EnaSupport: request.EnaSupport ?? false };
    keep(call, { ...facts, ImageId: id, Name, Description, BlockDeviceMappings: disks, Tags: tags });
    return { ImageId: id };
  },

  CopyImage(call, { ClientToken: token, ...request }) {
    const before = madeBefore(call, "CopyImage", token, request);
    if (before !== undefined) return { ImageId: before };
    const { SourceRegion, SourceImageId, Name, Description, Encrypted, KmsKeyId, CopyImageTags = false, TagSpecifications } = request;
    if (request.DestinationOutpostArn !== undefined)
      throw new AwsError("NotImplemented", "Causeway does not emulate DestinationOutpostArn of a copy.", 501);
    const there = SourceRegion === call.region ? call : call.elsewhere(SourceRegion);
    const source = launchable(there, SourceImageId);
    checkName(call, Name);
    const own = tagsOfKind(call, TagSpecifications, "image");
    const encrypted = willEncrypt(call, { Encrypted, KmsKeyId }, source.BlockDeviceMappings[0]?.Ebs);
    const id = call.id("ami");
    const disks = source.BlockDeviceMappings.map(({ DeviceName, Ebs }): sdk.BlockDeviceMapping => {
      const description = `Copied for DestinationAmi ${id} from SourceAmi ${SourceImageId} for SourceSnapshot ${Ebs?.SnapshotId}.`;
      const { VolumeSize = 0 } = Ebs ?? {};
      const snapshot = copyOf(call, { VolumeSize }, { encrypted, key: KmsKeyId, description });
      return { DeviceName, Ebs: { ...Ebs, ...ebsOf(snapshot, Ebs?.VolumeType) } };
    });
    const tags = CopyImageTags && source.OwnerId === call.account ? [...source.Tags, ...own] : own;
    const facts = { SourceImageId, SourceImageRegion: SourceRegion, Description: Description ?? source.Description };
    keep(call, { ...inherited(source), ...facts, ImageId: id, Name, BlockDeviceMappings: disks, Tags: tags });
    remember(call, "CopyImage", token, request, id);
    return { ImageId: id };
  },

  DeregisterImage(call, { ImageId, DeleteAssociatedSnapshots = false }) {
    const image = ownImage(call, ImageId);
    call.state.images.delete(ImageId);
    const snapshots = image.BlockDeviceMappings.flatMap(({ Ebs }) => Ebs?.SnapshotId ?? []);
    if (DeleteAssociatedSnapshots) for (const id of snapshots) call.state.snapshots.delete(id);
    const results = snapshots.map((SnapshotId) => ({ SnapshotId, ReturnCode: "success" as const }));
    return { Return: true, DeleteSnapshotResults: DeleteAssociatedSnapshots ? results : undefined };
  },

  DescribeImageAttribute(call, { ImageId, Attribute }) {
    const image = imageOf(call, ImageId);
    if (Attribute === "description") return { ImageId, Description: { Value: image.Description } };
    if (Attribute === "blockDeviceMapping") return { ImageId, BlockDeviceMappings: image.BlockDeviceMappings };
    if (Attribute === "launchPermission") return { ImageId, LaunchPermissions: [] };
    if (Attribute === "imdsSupport") return { ImageId, ImdsSupport: { Value: image.ImdsSupport } };
    throw new AwsError("NotImplemented", `Causeway does not emulate this attribute of images: ${Attribute}.`, 501);
  },

  ModifyImageAttribute(call, { ImageId, Description, Attribute, Value, ...others }) {
    const image = ownImage(call, ImageId);
    const strange = Object.entries(others).find(([member, value]) => value !== undefined && member !== "DryRun")?.[0];
    if (strange || (Attribute !== undefined && Attribute !== "description"))
      throw new AwsError("NotImplemented", `Causeway does not emulate this attribute of images: ${strange ?? Attribute}.`, 501);
    image.Description = Description?.Value ?? Value ?? image.Description;
  },
} satisfies Operations<sdk.EC2, State>;

export const imageTimers = {
  imageReady(call: Here, { id }: ImageTimers["imageReady"]) {
    const image = call.state.images.get(id);
    if (!image) return;
    image.State = "available";
    // docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitor-ami-events.html
    const arn = call.arn("ec2", `image/${id}`, { account: "" });
    const detail = { RequestId: "", ImageId: id, State: "available", ErrorMessage: "" };
    call.tell("event", { source: "aws.ec2", detailType: "EC2 AMI State Change", detail, resources: [arn] });
  },
};

/** An image that instances can be made of. */
export function launchable(call: Here, id: string): Image {
  const image = imageOf(call, id);
  if (image.State !== "available") throw new AwsError("InvalidAMIID.Unavailable", `The image ID '${id}' is not available: ${image.State}.`);
  return image;
}

function ownImage(call: Here, id: string): Image {
  const image = imageOf(call, id);
  if (image.OwnerId !== call.account) throw new AwsError("AuthFailure", `Not authorized for image:${id}`, 403);
  return image;
}

function checkName(call: Here, name: string | undefined): asserts name is string {
  if (!name || !/^[\w ()[\]./'@-]{3,128}$/.test(name))
    throw new AwsError(
      "InvalidAMIName.Malformed",
      "AMI names must be between 3 and 128 characters long, and may contain letters, numbers, '(', ')', '[', ']', ' ', '.', '/', '-', ''', '@' and '_'",
    );
  const other = [...call.state.images.values()].find(({ Name }) => Name === name);
  if (other) throw new AwsError("InvalidAMIName.Duplicate", `AMI name ${name} is already in use by AMI ${other.ImageId}`);
}

const tagsOfKind = (call: Here, all: readonly sdk.TagSpecification[] | undefined, type: sdk.ResourceType): sdk.Tag[] =>
  tagsOf(
    call,
    all?.filter(({ ResourceType }) => ResourceType === type || !["image", "snapshot"].includes(ResourceType ?? "")),
    type,
  );

/** What an image has of the one that it comes of. */
const inherited = ({ Architecture, RootDeviceName, ImdsSupport, EnaSupport }: Image) => ({
  Architecture,
  RootDeviceName,
  ImdsSupport,
  EnaSupport,
});

const ebsOf = ({ SnapshotId, VolumeSize, Encrypted }: Snapshot, VolumeType: sdk.VolumeType = "gp2"): sdk.EbsBlockDevice => ({
  SnapshotId,
  VolumeSize,
  Encrypted,
  VolumeType,
});

type Facts = Pick<Image, "ImageId" | "Name" | "Architecture" | "RootDeviceName" | "BlockDeviceMappings" | "Tags"> & Partial<Image>;

/** Pending until its snapshots are written. */
function keep(call: Here, facts: Facts): void {
  call.state.images.set(facts.ImageId, {
    OwnerId: call.account,
    ImageLocation: `${call.account}/${facts.Name}`,
    ImageType: "machine",
    Public: false,
    State: "pending",
    RootDeviceType: "ebs",
    VirtualizationType: "hvm",
    Hypervisor: "xen",
    PlatformDetails: "Linux/UNIX",
    UsageOperation: "RunInstances",
    CreationDate: call.date.toISOString(),
    ...facts,
  });
  timed(call).after(call.latency("snapshot"), "imageReady", { id: facts.ImageId });
}
