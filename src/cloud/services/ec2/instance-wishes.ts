/** What a launch asks for: the request over its launch template, checked as AWS checks it. Reference: API_RunInstances.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, type Checked } from "../../service.ts";
import type { ReservationWish } from "./capacity.ts";
import { defaultVpcOf } from "./default-vpc.ts";
import type { Image } from "./images.ts";
import { disksOf, mappingsOf, type Disk } from "./instance-disks.ts";
import { interfaceWish, type OwnInterface } from "./instance-interfaces.ts";
import { metadataOf } from "./instance-metadata.ts";
import { namedProfile } from "./instance-profiles.ts";
import { instanceType, type InstanceType } from "./instance-types.ts";
import type { Instance } from "./instances.ts";
import { findKeyPair } from "./key-pairs.ts";
import { find, versionOf } from "./launch-templates.ts";
import { launchable } from "./own-images.ts";
import { placeIn } from "./placement-groups.ts";
import type { Here } from "./state.ts";
import { findSubnet, type Subnet } from "./subnets.ts";
import { tagsOf } from "./tags.ts";

type Request = Omit<Checked<sdk.RunInstancesRequest>, "ClientToken">;
export type Asked = Partial<Request>;

export type Wish = {
  min: number;
  max: number;
  image: Image;
  type: InstanceType;
  subnet: Subnet;
  interface: OwnInterface;
  profile?: { Arn: string; Id: string };
  userData?: string;
  disks: Disk[];
  metadata: sdk.InstanceMetadataOptionsResponse;
  monitoring: boolean;
  protection: { termination: boolean; stop: boolean };
  shutdown: "stop" | "terminate";
  key?: string;
  group?: string;
  credits?: Instance["credits"];
  tags: { instance: sdk.Tag[]; volume: sdk.Tag[]; interface: sdk.Tag[] };
  reservation?: ReservationWish;
};

/** Members that change nothing that is modelled, or that are dealt with here. */
const known = new Set([
  "BlockDeviceMappings", "ImageId", "InstanceType", "KeyName", "MaxCount", "MinCount", "Monitoring", "Placement", "SecurityGroupIds",
  "SecurityGroups", "SubnetId", "UserData", "DisableApiTermination", "DisableApiStop", "EbsOptimized", "IamInstanceProfile",
  "InstanceInitiatedShutdownBehavior", "LaunchTemplate", "MetadataOptions", "NetworkInterfaces", "PrivateIpAddress", "TagSpecifications",
  "CapacityReservationSpecification", "DryRun", "CreditSpecification", "EnclaveOptions", "HibernationOptions", "MaintenanceOptions",
  "PrivateDnsNameOptions", "Ipv6AddressCount", "Ipv6Addresses",
]); // prettier-ignore
const TAGGED = ["instance", "volume", "network-interface", "spot-instances-request", "elastic-gpu"];
const USER_DATA_MAX = 16_384; // docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html

const invalid = (message: string) => new AwsError("InvalidParameterValue", message);
const unlike = (what: string) => new AwsError("NotImplemented", `Causeway does not emulate ${what} of a launch.`, 501);

export function wishOf(call: Here, request: Request): Wish {
  const template = request.LaunchTemplate && versionOf(find(call, request.LaunchTemplate), request.LaunchTemplate.Version).data;
  const asked = over(template as Asked | undefined, request);
  checkMembers(asked);
  checkCounts(request);
  if (asked.ImageId === undefined) throw new AwsError("MissingParameter", "The request must contain the parameter ImageId");
  const image = launchable(call, resolved(call, asked.ImageId));
  const type = typeOf(asked.InstanceType ?? "m1.small", image);
  const own = interfaceWish(call, asked, (id) => subnetOf(call, id, asked.Placement?.AvailabilityZone));
  const { subnet } = own;
  const { group, room } = placeIn(call, asked.Placement ?? {}, subnet.AvailabilityZone);
  if (room < request.MinCount)
    throw new AwsError("InsufficientInstanceCapacity", "There is no further room in the spread placement group in this zone.", 500);
  return {
    min: request.MinCount,
    max: Math.min(request.MaxCount, room),
    image,
    type,
    subnet,
    interface: own,
    profile: asked.IamInstanceProfile && namedProfile(call, asked.IamInstanceProfile),
    userData: checkUserData(asked.UserData),
    disks: disksOf(call, image, mappingsOf(image.BlockDeviceMappings, template?.BlockDeviceMappings, request.BlockDeviceMappings)),
    metadata: metadataOf(call, asked.MetadataOptions, image),
    monitoring: asked.Monitoring?.Enabled ?? false,
    protection: { termination: asked.DisableApiTermination ?? false, stop: asked.DisableApiStop ?? false },
    shutdown: asked.InstanceInitiatedShutdownBehavior === "terminate" ? "terminate" : "stop",
    key: asked.KeyName === undefined ? undefined : findKeyPair(call, asked.KeyName).KeyName,
    group: group?.GroupName,
    credits: creditsOf(type, asked.CreditSpecification),
    tags: specified(call, template?.TagSpecifications, request.TagSpecifications),
    reservation: reservationWish(asked.CapacityReservationSpecification),
  };
}

/** The request over its template, member by member. */
function over(template: Asked | undefined, request: Request): Asked {
  const given = Object.entries(request).filter(([, value]) => value !== undefined);
  return { ...template, ...Object.fromEntries(given) };
}

function checkMembers(asked: Asked): void {
  const strange = Object.entries(asked).find(([member, value]) => value !== undefined && !known.has(member))?.[0];
  if (strange) throw unlike(strange);
  if (asked.HibernationOptions?.Configured) throw unlike("hibernation");
  if (asked.EnclaveOptions?.Enabled) throw unlike("enclaves");
  if (asked.PrivateDnsNameOptions?.HostnameType === "resource-name") throw unlike("host names by resource name");
  const { Tenancy = "default", ...placement } = asked.Placement ?? {};
  const host = (["Affinity", "HostId", "HostResourceGroupArn", "PartitionNumber", "SpreadDomain"] as const).find(
    (member) => placement[member] !== undefined,
  );
  if (host) throw unlike(`Placement.${host}`);
  if (Tenancy !== "default") throw unlike(`the tenancy ${Tenancy}`);
}

function checkCounts({ MinCount, MaxCount }: Request): void {
  if (MinCount < 1 || MaxCount < MinCount)
    throw invalid(`The value for minCount (${MinCount}) must be 1 at least and no more than maxCount (${MaxCount}).`);
}

/** `resolve:ssm:/aws/service/…/image_id`: docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-systems-manager-parameters.html */
function resolved(call: Here, id: string): string {
  const [, name] = /^resolve:ssm:(.+)$/.exec(id) ?? [];
  if (name === undefined) return id;
  const { Parameter } = call.ask("ssm").GetParameter({ Name: name });
  return Parameter?.Value ?? id;
}

export function typeOf(name: string, { Architecture = "x86_64" }: { Architecture?: string }): InstanceType {
  const type = instanceType(name);
  if (!type) throw invalid(`The following supplied instance types do not exist: [${name}]`);
  const architectures: readonly string[] = type.ProcessorInfo.SupportedArchitectures ?? [];
  if (!architectures.includes(Architecture))
    throw invalid(
      `The architecture '${architectures.join(",")}' of the specified instance type does not match the architecture '${Architecture}' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and try again.`,
    );
  return type;
}

function subnetOf(call: Here, id: string | undefined, zone: string | undefined): Subnet {
  if (id !== undefined) {
    const subnet = findSubnet(call, id);
    if (zone !== undefined && subnet.AvailabilityZone !== zone) throw invalid(`The specified subnet is not in the zone ${zone}.`);
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

function checkUserData(text: string | undefined): string | undefined {
  if (text === undefined || text === "") return undefined;
  if (!/^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(text)) throw new AwsError("InvalidUserData.Malformed", "Invalid BASE64 encoding of user data.");
  if (Buffer.from(text, "base64").byteLength > USER_DATA_MAX) throw invalid(`User data is limited to ${USER_DATA_MAX} bytes`);
  return text;
}

/** docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-performance-instances-unlimited-mode.html */
export function creditsOf(
  { InstanceType, BurstablePerformanceSupported }: InstanceType,
  asked?: sdk.CreditSpecificationRequest,
): Instance["credits"] {
  if (!BurstablePerformanceSupported) {
    if (asked?.CpuCredits === undefined) return undefined;
    throw new AwsError("InvalidParameterCombination", `The credit specification is not supported for ${InstanceType}.`);
  }
  const credits = asked?.CpuCredits ?? (InstanceType.startsWith("t2") ? "standard" : "unlimited");
  if (credits !== "standard" && credits !== "unlimited") throw invalid(`Value (${credits}) for parameter cpuCredits is invalid.`);
  return credits;
}

/** The template's tags and the request's: of one key the request's. */
function specified(
  call: Here,
  template: sdk.TagSpecification[] | undefined,
  own: readonly sdk.TagSpecification[] | undefined,
): Wish["tags"] {
  for (const { ResourceType } of [...(template ?? []), ...(own ?? [])])
    if (ResourceType !== undefined && !TAGGED.includes(ResourceType))
      throw invalid(`'${ResourceType}' is not a valid taggable resource type for this operation.`);
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

export function reservationWish(asked: sdk.CapacityReservationSpecification | undefined): ReservationWish | undefined {
  const { CapacityReservationPreference: preference, CapacityReservationTarget: target } = asked ?? {};
  if (target?.CapacityReservationResourceGroupArn !== undefined) throw unlike("groups of Capacity Reservations");
  if (preference === "none" && target?.CapacityReservationId !== undefined)
    throw new AwsError("InvalidParameterCombination", "A Capacity Reservation target cannot be combined with the preference none.");
  return asked && { preference, id: target?.CapacityReservationId };
}
