/** What a launch asks for: the request over its launch template, checked as AWS checks it. */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, type Checked } from "../../service.ts";
import { defaultVpcOf } from "./default-vpc.ts";
import { imageOf } from "./images.ts";
import { instanceType, type InstanceType } from "./instance-types.ts";
import { find, versionOf } from "./launch-templates.ts";
import { groupsOf } from "./interfaces.ts";
import { defaultSecurityGroup } from "./security-groups.ts";
import type { Here } from "./state.ts";
import { findSubnet, type Subnet } from "./subnets.ts";
import { tagsOf } from "./tags.ts";
import type { PublicImage } from "../ssm/public-parameters.ts";

type Request = Omit<Checked<sdk.RunInstancesRequest>, "ClientToken">;

export type Disk = { device: string; size: number; type: sdk.VolumeType; encrypted: boolean; key?: string; gone: boolean };

export type Wish = {
  min: number;
  max: number;
  image: PublicImage;
  type: InstanceType;
  subnet: Subnet;
  groups: string[];
  address?: string;
  publicAddress: boolean;
  profile?: { Arn: string; Id: string };
  userData?: string;
  disks: Disk[];
  metadata: sdk.InstanceMetadataOptionsResponse;
  monitoring: boolean;
  protection: { termination: boolean; stop: boolean };
  shutdown: "stop" | "terminate";
  key?: string;
  tags: { instance: sdk.Tag[]; volume: sdk.Tag[]; interface: sdk.Tag[] };
  /** Where it may count against a reservation. */
  reservation?: { preference?: string; id?: string };
};

/** Members that change nothing that is modelled, or that are dealt with here. */
const known = new Set([
  "BlockDeviceMappings", "ImageId", "InstanceType", "KeyName", "MaxCount", "MinCount", "Monitoring", "Placement", "SecurityGroupIds",
  "SubnetId", "UserData", "DisableApiTermination", "DisableApiStop", "EbsOptimized", "IamInstanceProfile", "InstanceInitiatedShutdownBehavior",
  "LaunchTemplate", "MetadataOptions", "NetworkInterfaces", "PrivateIpAddress", "TagSpecifications", "CapacityReservationSpecification",
  "DryRun", "CreditSpecification", "EnclaveOptions", "HibernationOptions", "MaintenanceOptions", "PrivateDnsNameOptions",
]); // prettier-ignore

export function wishOf(call: Here, request: Request): Wish {
  const template = request.LaunchTemplate && versionOf(find(call, request.LaunchTemplate), request.LaunchTemplate.Version).data;
  const given = Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined));
  const asked = { ...(template as Partial<Request> | undefined), ...given } as Partial<Request> & Pick<Request, "MinCount" | "MaxCount">;
  const strange = Object.entries(asked).find(([member, value]) => value !== undefined && !known.has(member))?.[0];
  if (strange) throw new AwsError("NotImplemented", `Causeway does not emulate ${strange} of a launch.`, 501);
  const { MinCount: min, MaxCount: max } = request;
  if (min < 1 || max < min)
    throw new AwsError("InvalidParameterValue", `The value for minCount (${min}) must be 1 at least and no more than maxCount (${max}).`);
  if (asked.ImageId === undefined) throw new AwsError("MissingParameter", "The request must contain the parameter ImageId");
  const image = imageOf(call, resolved(call, asked.ImageId));
  const type = typeOf(asked.InstanceType ?? "m1.small", image);
  const [first] = asked.NetworkInterfaces ?? [];
  const subnet = subnetOf(call, first?.SubnetId ?? asked.SubnetId, asked.Placement?.AvailabilityZone);
  return {
    min,
    max,
    image,
    type,
    subnet,
    groups: groupIds(call, first?.Groups ?? asked.SecurityGroupIds, subnet),
    address: first?.PrivateIpAddress ?? asked.PrivateIpAddress,
    publicAddress: first?.AssociatePublicIpAddress ?? subnet.MapPublicIpOnLaunch,
    profile: asked.IamInstanceProfile && profileOf(call, asked.IamInstanceProfile),
    userData: asked.UserData,
    disks: disksOf(image, asked.BlockDeviceMappings ?? []),
    metadata: metadataOf(asked.MetadataOptions),
    monitoring: asked.Monitoring?.Enabled ?? false,
    protection: { termination: asked.DisableApiTermination ?? false, stop: asked.DisableApiStop ?? false },
    shutdown: asked.InstanceInitiatedShutdownBehavior === "terminate" ? "terminate" : "stop",
    key: asked.KeyName,
    tags: specified(call, template?.TagSpecifications, request.TagSpecifications),
    reservation: reservationWish(asked.CapacityReservationSpecification),
  };
}

/** `resolve:ssm:/aws/service/…/image_id`: docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-systems-manager-parameters.html */
function resolved(call: Here, id: string): string {
  const [, name] = /^resolve:ssm:(.+)$/.exec(id) ?? [];
  if (name === undefined) return id;
  const { Parameter } = call.ask("ssm").GetParameter({ Name: name });
  return Parameter?.Value ?? id;
}

function typeOf(name: string, image: PublicImage): Wish["type"] {
  const type = instanceType(name);
  if (!type) throw new AwsError("InvalidParameterValue", `The following supplied instance types do not exist: [${name}]`);
  const architectures = type.ProcessorInfo?.SupportedArchitectures ?? [];
  if (!architectures.includes(image.architecture))
    throw new AwsError(
      "InvalidParameterValue",
      `The architecture '${architectures.join(",")}' of the specified instance type does not match the architecture '${image.architecture}' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and try again.`,
    );
  return type;
}

function subnetOf(call: Here, id: string | undefined, zone: string | undefined): Subnet {
  if (id !== undefined) {
    const subnet = findSubnet(call, id);
    if (zone !== undefined && subnet.AvailabilityZone !== zone)
      throw new AwsError("InvalidParameterValue", `The specified subnet is not in the zone ${zone}.`);
    return subnet;
  }
  const vpc = defaultVpcOf(call.state);
  const subnet =
    vpc &&
    [...call.state.subnets.values()].find(
      (each) => each.VpcId === vpc.VpcId && each.DefaultForAz && (!zone || each.AvailabilityZone === zone),
    );
  if (!subnet) throw new AwsError("MissingInput", "No subnets found for the default VPC. Please specify a subnet.");
  return subnet;
}

const groupIds = (call: Here, ids: readonly string[] | undefined, subnet: Subnet): string[] =>
  groupsOf(call, ids?.length ? ids : [defaultSecurityGroup(call, subnet.VpcId).GroupId], subnet).map(({ GroupId }) => GroupId);

function profileOf(call: Here, { Name, Arn }: sdk.IamInstanceProfileSpecification): { Arn: string; Id: string } {
  const name = Name ?? Arn?.replace(/^.*\//, "") ?? "";
  const profile = call.peek("iam").profiles.get(name);
  if (!profile)
    throw new AwsError(
      "InvalidParameterValue",
      `Value (${Name ?? Arn}) for parameter ${Name === undefined ? "iamInstanceProfile.arn" : "iamInstanceProfile.name"} is invalid. Invalid IAM Instance Profile ${Name === undefined ? "ARN" : "name"}`,
    );
  return { Arn: profile.Arn, Id: profile.InstanceProfileId };
}

/** The root device of the image unless it is mapped too. 30 GiB is what the ECS-optimized image has. */
function disksOf({ rootDeviceName }: PublicImage, mappings: readonly sdk.BlockDeviceMapping[]): Disk[] {
  const all = mappings.some(({ DeviceName }) => DeviceName === rootDeviceName)
    ? mappings
    : [{ DeviceName: rootDeviceName, Ebs: {} }, ...mappings];
  return all.flatMap(({ DeviceName = "", Ebs, NoDevice }): Disk[] => {
    if (!Ebs || NoDevice !== undefined) return [];
    const { VolumeSize = 30, VolumeType = "gp3", Encrypted = Ebs.KmsKeyId !== undefined, KmsKeyId, DeleteOnTermination = true } = Ebs;
    if (VolumeSize < 1 || VolumeSize > 65_536) throw new AwsError("InvalidParameterValue", `Volume of ${VolumeSize}GiB is not valid.`);
    if (KmsKeyId !== undefined && !Encrypted)
      throw new AwsError("InvalidParameterDependency", "The parameter KmsKeyId requires the parameter Encrypted to be set.");
    return [
      {
        device: DeviceName,
        size: VolumeSize,
        type: VolumeType,
        encrypted: Encrypted,
        key: KmsKeyId,
        gone: DeleteOnTermination,
      },
    ];
  });
}

/** AWS's defaults but for tokens, which newer images require: docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html */
const metadataOf = (asked: sdk.InstanceMetadataOptionsRequest = {}): sdk.InstanceMetadataOptionsResponse => ({
  State: "applied",
  HttpTokens: asked.HttpTokens ?? "required",
  HttpPutResponseHopLimit: asked.HttpPutResponseHopLimit ?? 2,
  HttpEndpoint: asked.HttpEndpoint ?? "enabled",
  HttpProtocolIpv6: asked.HttpProtocolIpv6 ?? "disabled",
  InstanceMetadataTags: asked.InstanceMetadataTags ?? "disabled",
});

/** The template's tags and the request's: of one key the request's. */
function specified(
  call: Here,
  template: sdk.TagSpecification[] | undefined,
  own: readonly sdk.TagSpecification[] | undefined,
): Wish["tags"] {
  const of = (type: sdk.ResourceType) => {
    const tags = new Map(
      [...tagsOf(call, pick(template, type), type), ...tagsOf(call, pick(own, type), type)].map((tag) => [tag.Key, tag]),
    );
    return [...tags.values()];
  };
  return { instance: of("instance"), volume: of("volume"), interface: of("network-interface") };
}

const pick = (specifications: readonly sdk.TagSpecification[] | undefined, type: sdk.ResourceType) =>
  specifications?.filter(({ ResourceType }) => ResourceType === type);

const reservationWish = (asked: sdk.CapacityReservationSpecification | undefined): Wish["reservation"] =>
  asked && { preference: asked.CapacityReservationPreference, id: asked.CapacityReservationTarget?.CapacityReservationId };
