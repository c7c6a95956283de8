/** Machine images: those that AWS publishes, and the account's own. Guide: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/AMIs.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { hash } from "../../../kernel/digest.ts";
import { AwsError, type Known, type Operations } from "../../service.ts";
import { publicImages, type PublicImage } from "../ssm/public-parameters.ts";
import { filtered } from "./filters.ts";
import { page } from "./pages.ts";
import type { Here, State } from "./state.ts";

export type Image = Known<
  Omit<sdk.Image, "Tags">,
  "ImageId" | "Name" | "Architecture" | "OwnerId" | "RootDeviceName" | "State" | "BlockDeviceMappings" | "CreationDate"
> & { Tags: sdk.Tag[] };

export const imageOperations = {
  DescribeImages(call, { ImageIds, Owners, ExecutableUsers, Filters, MaxResults, NextToken }) {
    const all = [...publicImages(call.region).map((each) => published(call, each)), ...call.state.images.values()];
    const known = new Set(all.map(({ ImageId }) => ImageId));
    const strange = ImageIds?.find((id) => !known.has(id));
    if (strange !== undefined) throw unknown(strange);
    const some = all.filter(
      (each) =>
        (!ImageIds?.length || ImageIds.includes(each.ImageId)) &&
        (!Owners?.length || Owners.some((owner) => isOwner(call, owner, each))) &&
        // Those that others have shared with the account; nobody has.
        (!ExecutableUsers?.length || (ExecutableUsers.includes("all") && each.Public)),
    );
    const { items, NextToken: next } = page(filtered(some, Filters, imageFilters), { MaxResults, NextToken });
    return { Images: items, NextToken: next };
  },
} satisfies Operations<sdk.EC2, State>;

const isOwner = (call: Here, owner: string, { OwnerId, ImageOwnerAlias }: Image): boolean =>
  owner === OwnerId || owner === ImageOwnerAlias || (owner === "self" && OwnerId === call.account);

// docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html
const imageFilters = {
  architecture: ({ Architecture }: Image) => Architecture,
  "block-device-mapping.device-name": ({ BlockDeviceMappings }: Image) => BlockDeviceMappings.map(({ DeviceName }) => DeviceName),
  "block-device-mapping.snapshot-id": ({ BlockDeviceMappings }: Image) => BlockDeviceMappings.map(({ Ebs }) => Ebs?.SnapshotId),
  "block-device-mapping.volume-type": ({ BlockDeviceMappings }: Image) => BlockDeviceMappings.map(({ Ebs }) => Ebs?.VolumeType),
  "creation-date": ({ CreationDate }: Image) => CreationDate,
  description: ({ Description }: Image) => Description,
  "ena-support": ({ EnaSupport }: Image) => EnaSupport,
  hypervisor: ({ Hypervisor }: Image) => Hypervisor,
  "image-id": ({ ImageId }: Image) => ImageId,
  "image-type": ({ ImageType }: Image) => ImageType,
  "is-public": ({ Public }: Image) => Public,
  name: ({ Name }: Image) => Name,
  "owner-alias": ({ ImageOwnerAlias }: Image) => ImageOwnerAlias,
  "owner-id": ({ OwnerId }: Image) => OwnerId,
  "root-device-name": ({ RootDeviceName }: Image) => RootDeviceName,
  "root-device-type": ({ RootDeviceType }: Image) => RootDeviceType,
  state: ({ State: state }: Image) => state,
  "virtualization-type": ({ VirtualizationType }: Image) => VirtualizationType,
};

const unknown = (id: string) => new AwsError("InvalidAMIID.NotFound", `The image id '[${id}]' does not exist`);

/** By id, to be launched, copied or described. */
export function imageOf(call: Here, id: string): Image {
  if (!/^ami-[0-9a-f]{8,17}$/.test(id)) throw new AwsError("InvalidAMIID.Malformed", `Invalid id: "${id}" (expecting "ami-...")`);
  const own = call.state.images.get(id);
  if (own) return own;
  const image = publicImages(call.region).find(({ imageId }) => imageId === id);
  if (!image) throw unknown(id);
  return published(call, image);
}

/** One of AWS's as EC2 shows it. */
function published({ region }: Here, image: PublicImage): Image {
  return {
    ImageId: image.imageId,
    Name: image.name,
    Description: image.description,
    Architecture: image.architecture,
    OwnerId: image.ownerId,
    ImageOwnerAlias: "amazon",
    ImageLocation: `amazon/${image.name}`,
    ImageType: "machine",
    Public: true,
    State: "available",
    RootDeviceName: image.rootDeviceName,
    RootDeviceType: "ebs",
    VirtualizationType: "hvm",
    Hypervisor: "xen",
    EnaSupport: true,
    PlatformDetails: "Linux/UNIX",
    UsageOperation: "RunInstances",
    // docs.aws.amazon.com/linux/al2023/ug/imds.html
    ImdsSupport: image.name.startsWith("al2023") ? "v2.0" : undefined,
    CreationDate: image.published.toISOString(),
    BlockDeviceMappings: disksOf(image.name).map(([DeviceName, VolumeSize]) => ({
      DeviceName,
      Ebs: {
        DeleteOnTermination: true,
        Encrypted: false,
        SnapshotId: `snap-0${hash([region, image.name, DeviceName]).slice(0, 16)}`,
        VolumeSize,
        VolumeType: image.name.startsWith("amzn2") ? "gp2" : "gp3",
      },
    })),
    Tags: [],
  };
}

/** Devices and GiB. ECS-optimized: docs.aws.amazon.com/AmazonECS/latest/developerguide/al2023.html; Bottlerocket: its README, "Storage volumes". */
function disksOf(name: string): [device: string, size: number][] {
  if (name.startsWith("bottlerocket"))
    return [
      ["/dev/xvda", 2],
      ["/dev/xvdb", 20],
    ];
  return [["/dev/xvda", name.includes("-ecs") ? 30 : name.includes("-minimal") ? 2 : 8]];
}
