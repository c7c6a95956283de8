/** Machine images: those that AWS publishes. Guide: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/AMIs.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, type Operations } from "../../service.ts";
import { publicImages, type PublicImage } from "../ssm/public-parameters.ts";
import { filtered } from "./filters.ts";
import { page } from "./pages.ts";
import type { Here, State } from "./state.ts";

export const imageOperations = {
  DescribeImages(call, { ImageIds, Owners, Filters, MaxResults, NextToken }) {
    const all = publicImages(call.region).map(shown);
    const strange = ImageIds?.find((id) => !all.some(({ ImageId }) => ImageId === id));
    if (strange !== undefined) throw unknown(strange);
    const some = all.filter(
      ({ ImageId, OwnerId }) =>
        (!ImageIds?.length || ImageIds.includes(ImageId)) &&
        (!Owners?.length || Owners.some((owner) => owner === "amazon" || owner === OwnerId)),
    );
    const kept = filtered(some, Filters, {
      architecture: ({ Architecture }) => Architecture,
      description: ({ Description }) => Description,
      "image-id": ({ ImageId }) => ImageId,
      "image-type": ({ ImageType }) => ImageType,
      "is-public": ({ Public }) => Public,
      name: ({ Name }) => Name,
      "owner-alias": ({ ImageOwnerAlias }) => ImageOwnerAlias,
      "owner-id": ({ OwnerId }) => OwnerId,
      "root-device-type": ({ RootDeviceType }) => RootDeviceType,
      state: ({ State: state }) => state,
      "virtualization-type": ({ VirtualizationType }) => VirtualizationType,
    });
    const { items, NextToken: next } = page(kept, { MaxResults, NextToken });
    return { Images: items, NextToken: next };
  },
} satisfies Operations<sdk.EC2, State>;

const unknown = (id: string) => new AwsError("InvalidAMIID.NotFound", `The image id '[${id}]' does not exist`);

/** By id, or as `resolve:ssm:` names a parameter of AWS's. */
export function imageOf(call: Here, id: string): PublicImage {
  if (!/^ami-[0-9a-f]{8,17}$/.test(id)) throw new AwsError("InvalidAMIID.Malformed", `Invalid id: "${id}" (expecting "ami-...")`);
  const image = publicImages(call.region).find(({ imageId }) => imageId === id);
  if (!image) throw unknown(id);
  return image;
}

const shown = (image: PublicImage) => ({
  ImageId: image.imageId,
  Name: image.name,
  Description: image.description,
  Architecture: image.architecture,
  OwnerId: image.ownerId,
  ImageOwnerAlias: "amazon",
  ImageLocation: `amazon/${image.name}`,
  ImageType: "machine" as const,
  Public: true,
  State: "available" as const,
  RootDeviceName: image.rootDeviceName,
  RootDeviceType: "ebs" as const,
  VirtualizationType: "hvm" as const,
  Hypervisor: "xen" as const,
  EnaSupport: true,
  CreationDate: image.published.toISOString(),
});
