/** The disks of a launch: the image's, with what the request says of them. Guide: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/block-device-mapping-concepts.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError } from "../../service.ts";
import { willEncrypt } from "./encryption.ts";
import type { Image } from "./images.ts";
import { findSnapshot } from "./snapshots.ts";
import type { Here } from "./state.ts";
import { performanceOf, type Performance } from "./volume-types.ts";

export type Disk = {
  device: string;
  performance: Performance;
  encrypted: boolean;
  key?: string;
  snapshot?: string;
  /** With the instance. */
  gone: boolean;
};

/** One mapping of a device goes over another, member by member: the image's, the template's, the request's. */
export function mappingsOf(...layers: (readonly sdk.BlockDeviceMapping[] | undefined)[]): sdk.BlockDeviceMapping[] {
  const all = new Map<string, sdk.BlockDeviceMapping>();
  for (const layer of layers)
    for (const { DeviceName = "", Ebs, NoDevice, VirtualName } of layer ?? []) {
      const said = Object.fromEntries(Object.entries(Ebs ?? {}).filter(([, value]) => value !== undefined));
      const before = all.get(DeviceName)?.Ebs;
      // Another type has another type's figures.
      const kept = before && said["VolumeType"] !== undefined ? { ...before, Iops: undefined, Throughput: undefined } : before;
      all.set(DeviceName, { DeviceName, NoDevice, VirtualName, Ebs: Ebs && { ...kept, ...said } });
    }
  return [...all.values()];
}

export function disksOf(call: Here, image: Image, mappings: readonly sdk.BlockDeviceMapping[]): Disk[] {
  const root = mappings.find(({ DeviceName }) => DeviceName === image.RootDeviceName);
  if (root?.NoDevice !== undefined || !root?.Ebs)
    throw new AwsError("InvalidBlockDeviceMapping", `The root device ${image.RootDeviceName} cannot be left out.`);
  return mappings.flatMap(({ DeviceName = "", Ebs, NoDevice, VirtualName }): Disk[] => {
    if (VirtualName !== undefined) throw new AwsError("NotImplemented", "Causeway does not emulate instance store volumes.", 501);
    return Ebs && NoDevice === undefined ? [diskOf(call, image, DeviceName, Ebs)] : [];
  });
}

function diskOf(call: Here, image: Image, device: string, asked: sdk.EbsBlockDevice): Disk {
  for (const member of ["OutpostArn", "VolumeInitializationRate", "EbsCardIndex"] as const)
    if (asked[member] !== undefined) throw new AwsError("NotImplemented", `Causeway does not emulate ${member} of a volume.`, 501);
  const { SnapshotId: snapshot, VolumeType = "gp2", DeleteOnTermination } = asked;
  // What an image is made of may be somebody else's, and is taken from there.
  const base = image.BlockDeviceMappings.find(({ Ebs }) => Ebs?.SnapshotId !== undefined && Ebs.SnapshotId === snapshot)?.Ebs;
  const source = snapshot === undefined ? undefined : (base ?? findSnapshot(call, snapshot));
  const size = asked.VolumeSize ?? source?.VolumeSize;
  if (size === undefined)
    throw new AwsError("MissingParameter", `The request must contain the parameter size or snapshotId for the device ${device}`);
  if (source?.VolumeSize !== undefined && size < source.VolumeSize)
    throw new AwsError(
      "InvalidBlockDeviceMapping",
      `Volume of size ${size}GB is smaller than snapshot '${snapshot}', expect size >= ${source.VolumeSize}GB`,
    );
  return {
    device,
    performance: performanceOf(VolumeType, size, asked),
    encrypted: willEncrypt(call, asked, source),
    key: asked.KmsKeyId,
    snapshot,
    gone: DeleteOnTermination ?? true,
  };
}
