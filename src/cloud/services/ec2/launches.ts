/** From a wish to instances: capacity, quota, interface, volumes, and a machine in the world. */
import type * as sdk from "@aws-sdk/client-ec2";
import { mib } from "../../../kernel/units.ts";
import { place } from "../../../world/machines.ts";
import { AwsError } from "../../service.ts";
import { begin } from "./instance-states.ts";
import type { Disk, Wish } from "./instance-wishes.ts";
import type { Instance } from "./instances.ts";
import { createInterface, type Interface } from "./interfaces.ts";
import { privateName } from "./interface-view.ts";
import type { Here } from "./state.ts";

const STANDARD = "L-1216C47A";

export function launch(call: Here, wish: Wish): Instance[] {
  const { min, max, type, subnet } = wish;
  const count = Math.min(max, room(call, wish));
  if (count < min) throw exceeded(call, type.InstanceType);
  if (!hasCapacity(call, subnet.AvailabilityZoneId, type.InstanceType)) throw insufficient(call, wish);
  const reservation = { ReservationId: call.id("r"), RequesterId: call.principal.service };
  return Array.from({ length: count }, (_, index) => make(call, wish, reservation, index));
}

/** Whether AWS has such a machine in that zone. What is reserved was kept back before. */
const hasCapacity = ({ world, region }: Here, zone: string, type: string): boolean =>
  !world.regionsLost.has(region) &&
  !world.zonesLost.has(zone) &&
  !world.shortages.has(`${zone}/${type}`) &&
  !world.shortages.has(`${zone}/*`);

function insufficient(call: Here, { subnet, type }: Wish): AwsError {
  const others = [...new Set([...call.state.subnets.values()].map(({ AvailabilityZone }) => AvailabilityZone))].filter(
    (zone) => zone !== subnet.AvailabilityZone,
  );
  return new AwsError(
    "InsufficientInstanceCapacity",
    `We currently do not have sufficient ${type.InstanceType} capacity in the Availability Zone you requested (${subnet.AvailabilityZone}). Our system will be working on provisioning additional capacity. You can currently get ${type.InstanceType} capacity by not specifying an Availability Zone in your request or choosing ${others.toSorted().join(", ")}.`,
    500,
  );
}

const vcpusOf = ({ VCpuInfo }: Wish["type"]): number => VCpuInfo.DefaultVCpus ?? 0;

/** How many more the quota of vCPUs lets run: docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-on-demand-instances.html */
function room(call: Here, { type }: Wish): number {
  if (!/^([acdhmrtz]|i|im|is)\d/.test(type.InstanceType)) return Number.POSITIVE_INFINITY;
  const quota = quotaOf(call);
  let used = 0;
  for (const { state, InstanceType, CpuOptions } of call.state.instances.values())
    if (/^([acdhmrtz]|i|im|is)\d/.test(InstanceType) && !["terminated", "shutting-down", "stopped", "stopping"].includes(state))
      used += (CpuOptions?.CoreCount ?? 1) * (CpuOptions?.ThreadsPerCore ?? 1);
  return Math.floor((quota - used) / vcpusOf(type));
}

function quotaOf(call: Here): number {
  const { Quota } = call.ask("servicequotas").GetServiceQuota({ ServiceCode: "ec2", QuotaCode: STANDARD });
  return Quota?.Value ?? Number.POSITIVE_INFINITY;
}

const exceeded = (call: Here, type: string): AwsError =>
  new AwsError(
    "VcpuLimitExceeded",
    `You have requested more vCPU capacity than your current vCPU limit of ${quotaOf(call)} allows for the instance bucket that the specified instance type belongs to (${type}). Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.`,
  );

function make(call: Here, wish: Wish, reservation: Instance["reservation"], index: number): Instance {
  const { type, subnet } = wish;
  const InstanceId = call.id("i");
  const own = interfaceFor(call, wish, InstanceId);
  const instance: Instance = {
    ...factsOf(call, wish),
    InstanceId,
    AmiLaunchIndex: index,
    PrivateIpAddress: own.PrivateIpAddress,
    PrivateDnsName: privateName(call.region, own.PrivateIpAddress),
    SecurityGroups: own.Groups,
    state: "pending",
    interfaceId: own.NetworkInterfaceId,
    reservation,
    Tags: wish.tags.instance,
    userData: wish.userData,
    status: { instance: "initializing", system: "initializing" },
    protection: wish.protection,
    shutdown: wish.shutdown,
    volumes: wish.disks.map((disk) => attach(call, disk, wish, InstanceId)),
  };
  call.state.instances.set(InstanceId, instance);
  place(call.world, {
    id: InstanceId,
    network: subnet.VpcId,
    address: own.PrivateIpAddress,
    region: call.region,
    zone: subnet.AvailabilityZoneId,
    cores: vcpusOf(type),
    memory: mib(type.MemoryInfo.SizeInMiB ?? 0),
    boot: call.latency("instance-boot"),
  });
  begin(call, instance);
  return instance;
}

function interfaceFor(call: Here, wish: Wish, InstanceId: string): Interface {
  const attachment = {
    AttachmentId: call.id("eni-attach"),
    AttachTime: call.date,
    DeleteOnTermination: true,
    DeviceIndex: 0,
    InstanceId,
    InstanceOwnerId: call.account,
    Status: "attached" as const,
  };
  return createInterface(call, {
    subnetId: wish.subnet.SubnetId,
    groups: wish.groups,
    address: wish.address,
    tags: wish.tags.interface,
    attachment,
    publicIp: wish.publicAddress ? publicAddress(call) : undefined,
  });
}

/** What the wish alone says of it. */
const factsOf = (call: Here, { image, type, subnet, profile, metadata, monitoring, key }: Wish) => ({
  ImageId: image.imageId,
  InstanceType: type.InstanceType,
  Architecture: image.architecture,
  LaunchTime: call.date,
  Placement: {
    AvailabilityZone: subnet.AvailabilityZone,
    AvailabilityZoneId: subnet.AvailabilityZoneId,
    Tenancy: "default" as const,
    GroupName: "",
  },
  SubnetId: subnet.SubnetId,
  VpcId: subnet.VpcId,
  PublicDnsName: "",
  SourceDestCheck: true,
  KeyName: key,
  IamInstanceProfile: profile,
  MetadataOptions: metadata,
  Monitoring: { State: monitoring ? ("enabled" as const) : ("disabled" as const) },
  CpuOptions: { CoreCount: type.VCpuInfo.DefaultCores ?? vcpusOf(type), ThreadsPerCore: type.VCpuInfo.DefaultThreadsPerCore ?? 1 },
  EbsOptimized: true,
  EnaSupport: true,
  Hypervisor: "xen" as const,
  VirtualizationType: "hvm" as const,
  RootDeviceName: image.rootDeviceName,
  RootDeviceType: "ebs" as const,
});

/** Out of a range that Amazon announces in eu-west-1. */
const publicAddress = (call: Here): string =>
  `54.${Math.floor(call.random() * 32) + 216}.${Math.floor(call.random() * 256)}.${Math.floor(call.random() * 254) + 1}`;

function attach(
  call: Here,
  { device, size, type, encrypted, key, gone }: Disk,
  { subnet, tags }: Wish,
  InstanceId: string,
): Instance["volumes"][number] {
  const VolumeId = call.id("vol");
  const volume: sdk.Volume & { VolumeId: string; Tags: sdk.Tag[] } = {
    VolumeId,
    AvailabilityZone: subnet.AvailabilityZone,
    CreateTime: call.date,
    Encrypted: encrypted,
    KmsKeyId: encrypted ? key : undefined,
    Size: size,
    VolumeType: type,
    Iops: type === "gp3" ? 3000 : undefined,
    Throughput: type === "gp3" ? 125 : undefined,
    State: "in-use",
    MultiAttachEnabled: false,
    Attachments: [{ VolumeId, InstanceId, Device: device, State: "attached", AttachTime: call.date, DeleteOnTermination: gone }],
    Tags: tags.volume,
  };
  call.state.volumes.set(VolumeId, volume);
  return { device, volumeId: VolumeId, gone };
}
