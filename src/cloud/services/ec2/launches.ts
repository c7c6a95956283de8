/** From a wish to instances: capacity, interface, volumes, and a machine in the world. */
import type * as sdk from "@aws-sdk/client-ec2";
import { mib } from "../../../kernel/units.ts";
import { place } from "../../../world/machines.ts";
import { AwsError } from "../../service.ts";
import { occupy } from "./capacity-reservations.ts";
import { grant, vcpusOf } from "./capacity.ts";
import type { Disk } from "./instance-disks.ts";
import { interfaceFor } from "./instance-interfaces.ts";
import { regroup } from "./instance-metrics.ts";
import { begin } from "./instance-states.ts";
import type { InstanceType } from "./instance-types.ts";
import type { ReservationWish } from "./capacity.ts";
import type { Wish } from "./instance-wishes.ts";
import type { Instance } from "./instances.ts";
import { privateName } from "./interface-view.ts";
import type { Here } from "./state.ts";
import { freeAddresses } from "./subnet-addresses.ts";
import { makeVolume } from "./volumes.ts";

export function launch(call: Here, wish: Wish, token: string | undefined): Instance[] {
  const { min, max, type, subnet, reservation } = wish;
  const { count, reserved } = grant(call, { type, zone: subnet, reservation }, min, Math.min(max, addresses(call, wish)));
  const of = { ClientToken: token ?? "", reservation: { ReservationId: call.id("r"), RequesterId: call.principal.service } };
  return Array.from({ length: count }, (_, index) => {
    const instance = make(call, wish, index, of);
    if (reserved[index]) occupy(call, reserved[index], instance);
    return instance;
  });
}

/** How many the subnet has addresses for. */
function addresses(call: Here, { subnet, min, interface: own }: Wish): number {
  if (own.existing !== undefined) return 1;
  const each = 1 + (own.secondary?.named?.length ?? 0) + (own.secondary?.count ?? 0);
  const free = Math.floor(freeAddresses(call.state, subnet) / each);
  if (free < min)
    throw new AwsError(
      "InsufficientFreeAddressesInSubnet",
      `The specified subnet ${subnet.SubnetId} does not have enough free addresses to satisfy the request.`,
    );
  return free;
}

function make(call: Here, wish: Wish, index: number, of: Pick<Instance, "ClientToken" | "reservation">): Instance {
  const { type, subnet } = wish;
  const InstanceId = call.id("i");
  // First, as it alone can still be refused.
  const own = interfaceFor(call, wish.interface, wish.tags.interface, InstanceId);
  const instance: Instance = {
    ...factsOf(call, wish),
    ...of,
    InstanceId,
    AmiLaunchIndex: index,
    PrivateIpAddress: own.PrivateIpAddress,
    PrivateDnsName: privateName(call.region, own.PrivateIpAddress),
    state: "pending",
    interfaceId: own.NetworkInterfaceId,
    Tags: [...wish.tags.instance],
    userData: wish.userData,
    status: { instance: "initializing", system: "initializing" },
    protection: { ...wish.protection },
    shutdown: wish.shutdown,
    publicAddress: wish.interface.publicAddress,
    credits: wish.credits,
    association: wish.profile && { id: call.id("iip-assoc"), since: call.date },
    volumes: wish.disks.map((disk) => attach(call, disk, wish, InstanceId)),
  };
  call.state.instances.set(InstanceId, instance);
  regroup(call, instance);
  place(call.world, {
    id: InstanceId,
    network: subnet.VpcId,
    address: own.PrivateIpAddress,
    region: call.region,
    zone: subnet.AvailabilityZoneId,
    ...hardware(type),
    boot: call.latency("instance-boot"),
  });
  begin(call, instance);
  return instance;
}

/** What a type is as a machine. */
export const hardware = (type: InstanceType) => ({ cores: vcpusOf(type), memory: mib(type.MemoryInfo.SizeInMiB ?? 0) });

/** What a type says of an instance. */
export const typeFacts = (type: InstanceType) => ({
  InstanceType: type.InstanceType,
  CpuOptions: { CoreCount: type.VCpuInfo.DefaultCores ?? vcpusOf(type), ThreadsPerCore: type.VCpuInfo.DefaultThreadsPerCore ?? 1 },
});

export const reservationFacts = ({ preference, id }: ReservationWish = {}): sdk.CapacityReservationSpecificationResponse =>
  id === undefined
    ? { CapacityReservationPreference: (preference ?? "open") as sdk.CapacityReservationPreference }
    : { CapacityReservationTarget: { CapacityReservationId: id } };

/** What the wish alone says of it. */
const factsOf = (call: Here, { image, type, subnet, profile, metadata, monitoring, key, group, reservation }: Wish) => ({
  ImageId: image.ImageId,
  ...typeFacts(type),
  Architecture: image.Architecture,
  LaunchTime: call.date,
  UsageOperationUpdateTime: call.date,
  PlatformDetails: "Linux/UNIX",
  UsageOperation: "RunInstances",
  Placement: {
    AvailabilityZone: subnet.AvailabilityZone,
    AvailabilityZoneId: subnet.AvailabilityZoneId,
    Tenancy: "default" as const,
    GroupName: group ?? "",
  },
  SubnetId: subnet.SubnetId,
  VpcId: subnet.VpcId,
  KeyName: key,
  IamInstanceProfile: profile,
  MetadataOptions: metadata,
  Monitoring: { State: monitoring ? ("enabled" as const) : ("disabled" as const) },
  CapacityReservationSpecification: reservationFacts(reservation),
  EbsOptimized: true,
  EnaSupport: true,
  EnclaveOptions: { Enabled: false },
  HibernationOptions: { Configured: false },
  MaintenanceOptions: { AutoRecovery: "default" as const },
  PrivateDnsNameOptions: { HostnameType: "ip-name" as const, EnableResourceNameDnsARecord: false, EnableResourceNameDnsAAAARecord: false },
  BootMode: image.BootMode,
  Hypervisor: "xen" as const,
  VirtualizationType: "hvm" as const,
  RootDeviceName: image.RootDeviceName,
  RootDeviceType: "ebs" as const,
});

function attach(call: Here, disk: Disk, { subnet, tags }: Wish, InstanceId: string): Instance["volumes"][number] {
  const { device, gone, performance, encrypted, key, snapshot } = disk;
  const { AvailabilityZone, AvailabilityZoneId } = subnet;
  const zone = { AvailabilityZone, AvailabilityZoneId };
  const volume = makeVolume(call, { zone, performance, encrypted, key, snapshot, tags: [...tags.volume] });
  const { VolumeId } = volume;
  volume.State = "in-use";
  volume.Attachments = [{ VolumeId, InstanceId, Device: device, State: "attached", AttachTime: call.date, DeleteOnTermination: gone }];
  return { device, volumeId: VolumeId, gone, since: call.date };
}
