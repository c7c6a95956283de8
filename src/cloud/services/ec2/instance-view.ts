/** An instance as answers show it. Reference: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Instance.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { shown as shownInterface } from "./interface-view.ts";
import type { Instance, InstanceState } from "./instances.ts";
import type { Here } from "./state.ts";

export const codes: Record<InstanceState, number> = {
  pending: 0,
  running: 16,
  "shutting-down": 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
}; // API_InstanceState.html

export type Shown = ReturnType<typeof shown>;

export function shown(call: Here, instance: Instance) {
  const {
    state,
    interfaceId,
    reservation,
    userData: _userData,
    status: _status,
    protection: _protection,
    shutdown: _shutdown,
    volumes,
    event: _event,
    association: _association,
    session: _session,
    credits: _credits,
    publicAddress: _publicAddress,
    cpu: _cpu,
    group: _group,
    restarts: _restarts,
    ...rest
  } = instance;
  const known = call.state.networkInterfaces.get(interfaceId);
  const own = known?.Attachment?.InstanceId === instance.InstanceId ? shownInterface(call, known) : undefined;
  return {
    ...rest,
    // What it was on is somebody else's by now.
    ...(state === "terminated" && { SubnetId: undefined, VpcId: undefined, PrivateIpAddress: undefined, PrivateDnsName: "" }),
    InstanceType: instance.InstanceType as sdk._InstanceType,
    State: { Code: codes[state], Name: state },
    ReservationId: reservation.ReservationId,
    PublicIpAddress: own?.Association?.PublicIp,
    PublicDnsName: own?.Association?.PublicDnsName ?? "",
    Ipv6Address: own?.Ipv6Address,
    SourceDestCheck: own?.SourceDestCheck,
    SecurityGroups: own?.Groups ?? [],
    BlockDeviceMappings: disks(call, volumes),
    NetworkInterfaces: own ? [interfaceOf(own)] : [],
  };
}

export const disks = (call: Here, volumes: Instance["volumes"]): sdk.InstanceBlockDeviceMapping[] =>
  volumes.map(({ device, volumeId, gone, since }) => ({
    DeviceName: device,
    Ebs: {
      VolumeId: volumeId,
      Status: call.state.volumes.get(volumeId)?.Attachments[0]?.State as sdk.AttachmentStatus | undefined,
      AttachTime: since,
      DeleteOnTermination: gone,
    },
  }));

function interfaceOf(own: ReturnType<typeof shownInterface>): sdk.InstanceNetworkInterface {
  const { Association, Attachment, PrivateIpAddresses } = own;
  const publicOf = (its: typeof Association) =>
    its && { IpOwnerId: its.IpOwnerId, PublicDnsName: its.PublicDnsName ?? "", PublicIp: its.PublicIp };
  return {
    Association: publicOf(Association),
    Attachment: Attachment && {
      AttachmentId: Attachment.AttachmentId,
      AttachTime: Attachment.AttachTime,
      DeleteOnTermination: Attachment.DeleteOnTermination,
      DeviceIndex: Attachment.DeviceIndex,
      NetworkCardIndex: Attachment.NetworkCardIndex,
      Status: Attachment.Status,
    },
    Description: own.Description,
    Groups: own.Groups,
    InterfaceType: own.InterfaceType,
    Ipv6Addresses: own.Ipv6Addresses,
    MacAddress: own.MacAddress,
    NetworkInterfaceId: own.NetworkInterfaceId,
    OwnerId: own.OwnerId,
    PrivateDnsName: own.PrivateDnsName,
    PrivateIpAddress: own.PrivateIpAddress,
    PrivateIpAddresses: PrivateIpAddresses.map((each) => ({ ...each, Association: publicOf(each.Association) })),
    SourceDestCheck: own.SourceDestCheck,
    Status: own.Status,
    SubnetId: own.SubnetId,
    VpcId: own.VpcId,
  };
}

const devices =
  <Value>(value: (device: sdk.InstanceBlockDeviceMapping) => Value) =>
  ({ BlockDeviceMappings }: Shown) =>
    BlockDeviceMappings.map(value);
const interfaces =
  <Value>(value: (each: sdk.InstanceNetworkInterface) => Value) =>
  ({ NetworkInterfaces }: Shown) =>
    NetworkInterfaces.map(value);

// docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
export const instanceFilters = {
  architecture: ({ Architecture }: Shown) => Architecture,
  "availability-zone": ({ Placement }: Shown) => Placement.AvailabilityZone,
  "availability-zone-id": ({ Placement }: Shown) => Placement.AvailabilityZoneId,
  "block-device-mapping.delete-on-termination": devices(({ Ebs }) => Ebs?.DeleteOnTermination),
  "block-device-mapping.device-name": devices(({ DeviceName }) => DeviceName),
  "block-device-mapping.status": devices(({ Ebs }) => Ebs?.Status),
  "block-device-mapping.volume-id": devices(({ Ebs }) => Ebs?.VolumeId),
  "capacity-reservation-id": ({ CapacityReservationId }: Shown) => CapacityReservationId,
  "client-token": ({ ClientToken }: Shown) => ClientToken,
  "dns-name": ({ PublicDnsName }: Shown) => PublicDnsName,
  hypervisor: ({ Hypervisor }: Shown) => Hypervisor,
  "iam-instance-profile.arn": ({ IamInstanceProfile }: Shown) => IamInstanceProfile?.Arn,
  "iam-instance-profile.id": ({ IamInstanceProfile }: Shown) => IamInstanceProfile?.Id,
  "image-id": ({ ImageId }: Shown) => ImageId,
  "instance-id": ({ InstanceId }: Shown) => InstanceId,
  "instance-state-code": ({ State: { Code } }: Shown) => Code,
  "instance-state-name": ({ State: { Name } }: Shown) => Name,
  "instance-type": ({ InstanceType }: Shown) => InstanceType,
  "instance.group-id": ({ SecurityGroups }: Shown) => SecurityGroups.map(({ GroupId }) => GroupId),
  "instance.group-name": ({ SecurityGroups }: Shown) => SecurityGroups.map(({ GroupName }) => GroupName),
  "ip-address": ({ PublicIpAddress }: Shown) => PublicIpAddress,
  "key-name": ({ KeyName }: Shown) => KeyName,
  "launch-index": ({ AmiLaunchIndex }: Shown) => AmiLaunchIndex,
  "launch-time": ({ LaunchTime }: Shown) => LaunchTime,
  "metadata-options.http-tokens": ({ MetadataOptions }: Shown) => MetadataOptions?.HttpTokens,
  "metadata-options.http-endpoint": ({ MetadataOptions }: Shown) => MetadataOptions?.HttpEndpoint,
  "monitoring-state": ({ Monitoring }: Shown) => Monitoring?.State,
  "network-interface.network-interface-id": interfaces(({ NetworkInterfaceId }) => NetworkInterfaceId),
  "network-interface.subnet-id": interfaces(({ SubnetId }) => SubnetId),
  "network-interface.vpc-id": interfaces(({ VpcId }) => VpcId),
  "network-interface.addresses.private-ip-address": interfaces(({ PrivateIpAddress }) => PrivateIpAddress),
  "placement-group-name": ({ Placement }: Shown) => Placement.GroupName,
  "private-dns-name": ({ PrivateDnsName }: Shown) => PrivateDnsName,
  "private-ip-address": ({ PrivateIpAddress }: Shown) => PrivateIpAddress,
  reason: ({ StateTransitionReason }: Shown) => StateTransitionReason,
  "reservation-id": ({ ReservationId }: Shown) => ReservationId,
  "root-device-name": ({ RootDeviceName }: Shown) => RootDeviceName,
  "root-device-type": ({ RootDeviceType }: Shown) => RootDeviceType,
  "source-dest-check": ({ SourceDestCheck }: Shown) => SourceDestCheck,
  "state-reason-code": ({ StateReason }: Shown) => StateReason?.Code,
  "subnet-id": ({ SubnetId }: Shown) => SubnetId,
  tenancy: ({ Placement }: Shown) => Placement.Tenancy,
  "virtualization-type": ({ VirtualizationType }: Shown) => VirtualizationType,
  "vpc-id": ({ VpcId }: Shown) => VpcId,
};
