/** Instances: what is launched and what it is. Guide: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Instances.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, type Known, type Operations } from "../../service.ts";
import { madeBefore, remember } from "./client-tokens.ts";
import { filtered } from "./filters.ts";
import { byId, byIds } from "./ids.ts";
import { instanceStatus, type Status } from "./instance-status.ts";
import { reboot, start, stop, terminate } from "./instance-states.ts";
import { wishOf, type Wish } from "./instance-wishes.ts";
import { launch } from "./launches.ts";
import { page } from "./pages.ts";
import type { Here, State } from "./state.ts";

export type InstanceState = "pending" | "running" | "shutting-down" | "terminated" | "stopping" | "stopped";

/** An instance. What its interface says of it is the interface's, and put together in answers. */
export type Instance = Known<
  Omit<sdk.Instance, "State" | "NetworkInterfaces" | "Tags" | "InstanceType">,
  "InstanceId" | "ImageId" | "LaunchTime" | "Placement" | "SubnetId" | "VpcId" | "PrivateIpAddress"
> & {
  InstanceType: string;
  state: InstanceState;
  interfaceId: string;
  reservation: { ReservationId: string; RequesterId?: string };
  Tags: sdk.Tag[];
  userData?: string;
  status: Status;
  protection: { termination: boolean; stop: boolean };
  shutdown: "stop" | "terminate";
  volumes: { device: string; volumeId: string; gone: boolean }[];
  /** The next of its states, or its status. */
  event?: number;
};

// docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-state-changes… numbers of InstanceState.Code
const codes: Record<InstanceState, number> = { pending: 0, running: 16, "shutting-down": 32, terminated: 48, stopping: 64, stopped: 80 };

export const instanceOperations = {
  RunInstances(call, { ClientToken: token, ...request }) {
    const before = madeBefore(call, "RunInstances", token, request);
    if (before !== undefined)
      return reservationOf(
        call,
        [...call.state.instances.values()].filter(({ reservation }) => reservation.ReservationId === before),
      );
    const wish: Wish = wishOf(call, request);
    const instances = launch(call, wish);
    remember(call, "RunInstances", token, request, instances[0]!.reservation.ReservationId);
    return reservationOf(call, instances);
  },

  DescribeInstances(call, { InstanceIds, Filters, MaxResults, NextToken }) {
    const all = byIds(call.state.instances, "i", InstanceIds).map((each) => shown(call, each));
    const { items, NextToken: next } = page(filtered(all, Filters, instanceFilters), { MaxResults, NextToken });
    const reservations = new Map<string, ReturnType<typeof shown>[]>();
    for (const each of items) reservations.set(each.ReservationId, [...(reservations.get(each.ReservationId) ?? []), each]);
    return {
      Reservations: [...reservations].map(([ReservationId, Instances]) => ({
        ReservationId,
        OwnerId: call.account,
        Groups: [],
        Instances,
      })),
      NextToken: next,
    };
  },

  DescribeInstanceStatus(call, { InstanceIds, IncludeAllInstances = false, Filters, MaxResults, NextToken }) {
    const all = byIds(call.state.instances, "i", InstanceIds).filter(({ state }) => IncludeAllInstances || state === "running");
    const kept = filtered(all, Filters, {
      "availability-zone": ({ Placement }) => Placement.AvailabilityZone,
      "instance-state-code": ({ state }) => codes[state],
      "instance-state-name": ({ state }) => state,
      "instance-status.status": ({ status }) => status.instance,
      "system-status.status": ({ status }) => status.system,
    });
    const { items, NextToken: next } = page(kept, { MaxResults, NextToken });
    return { InstanceStatuses: items.map((each) => instanceStatus(each, { Code: codes[each.state], Name: each.state })), NextToken: next };
  },

  StartInstances: (call, { InstanceIds }) => ({ StartingInstances: changed(call, InstanceIds, "start", (each) => start(call, each)) }),

  StopInstances(call, { InstanceIds, Force = false, Hibernate }) {
    if (Hibernate) throw new AwsError("UnsupportedHibernationConfiguration", "Causeway does not emulate hibernation.");
    for (const each of all(call, InstanceIds)) {
      if (each.protection.stop) throw protectedFrom(each, "stopped", "disableApiStop");
      if (each.state === "terminated" || each.state === "shutting-down") throw incorrect(each, "stop");
    }
    return { StoppingInstances: changed(call, InstanceIds, "stop", (each) => stop(call, each, Force)) };
  },

  TerminateInstances(call, { InstanceIds }) {
    for (const each of all(call, InstanceIds))
      if (each.protection.termination) throw protectedFrom(each, "terminated", "disableApiTermination");
    return { TerminatingInstances: changed(call, InstanceIds, "terminate", (each) => terminate(call, each)) };
  },

  RebootInstances(call, { InstanceIds }) {
    const found = all(call, InstanceIds);
    for (const each of found) if (each.state !== "running") throw incorrect(each, "reboot");
    for (const each of found) reboot(call, each);
  },

  DescribeInstanceAttribute(call, { InstanceId, Attribute }) {
    const found = findInstance(call, InstanceId);
    const known: Record<string, object> = {
      disableApiTermination: { DisableApiTermination: { Value: found.protection.termination } },
      disableApiStop: { DisableApiStop: { Value: found.protection.stop } },
      instanceInitiatedShutdownBehavior: { InstanceInitiatedShutdownBehavior: { Value: found.shutdown } },
      instanceType: { InstanceType: { Value: found.InstanceType } },
      userData: { UserData: found.userData === undefined ? {} : { Value: found.userData } },
      groupSet: { Groups: found.SecurityGroups },
      ebsOptimized: { EbsOptimized: { Value: found.EbsOptimized ?? false } },
      sourceDestCheck: { SourceDestCheck: { Value: found.SourceDestCheck ?? true } },
      rootDeviceName: { RootDeviceName: { Value: found.RootDeviceName } },
    };
    if (!known[Attribute])
      throw new AwsError("NotImplemented", `Causeway does not emulate this attribute of instances: ${Attribute}.`, 501);
    return { InstanceId, ...known[Attribute] };
  },

  ModifyInstanceAttribute(call, { InstanceId, DisableApiTermination, DisableApiStop, InstanceInitiatedShutdownBehavior, ...others }) {
    const found = findInstance(call, InstanceId);
    const refused = Object.entries(others).find(([member, value]) => value !== undefined && member !== "DryRun")?.[0];
    if (refused) throw new AwsError("NotImplemented", `Causeway does not emulate this attribute of instances: ${refused}.`, 501);
    if (DisableApiTermination) found.protection.termination = DisableApiTermination.Value ?? false;
    if (DisableApiStop) found.protection.stop = DisableApiStop.Value ?? false;
    if (InstanceInitiatedShutdownBehavior) found.shutdown = InstanceInitiatedShutdownBehavior.Value === "terminate" ? "terminate" : "stop";
  },

  ModifyInstanceMetadataOptions(call, { InstanceId, ...options }) {
    const found = findInstance(call, InstanceId);
    const given = Object.fromEntries(Object.entries(options).filter(([key, value]) => value !== undefined && key !== "DryRun"));
    found.MetadataOptions = { ...found.MetadataOptions, ...given };
    return { InstanceId, InstanceMetadataOptions: found.MetadataOptions };
  },
} satisfies Operations<sdk.EC2, State>;

export const findInstance = (call: Here, id: string): Instance => byId(call.state.instances, "i", id);

const all = (call: Here, ids: readonly string[]): Instance[] => ids.map((id) => findInstance(call, id));

const protectedFrom = ({ InstanceId }: Instance, verb: string, attribute: string): AwsError =>
  new AwsError(
    "OperationNotPermitted",
    `The instance '${InstanceId}' may not be ${verb}. Modify its '${attribute}' instance attribute and try again.`,
  );

const incorrect = ({ InstanceId, state }: Instance, verb: string): AwsError =>
  new AwsError(
    "IncorrectInstanceState",
    `The instance '${InstanceId}' is not in a state from which it can be ${verb === "stop" ? "stopped" : `${verb}ed`}: ${state}.`,
  );

function changed(call: Here, ids: readonly string[], verb: string, change: (instance: Instance) => void): sdk.InstanceStateChange[] {
  const found = all(call, ids);
  if (verb === "start") for (const each of found) if (!["stopped", "running", "pending"].includes(each.state)) throw incorrect(each, verb);
  return found.map((each) => {
    const before = { Code: codes[each.state], Name: each.state };
    change(each);
    return { InstanceId: each.InstanceId, PreviousState: before, CurrentState: { Code: codes[each.state], Name: each.state } };
  });
}

const reservationOf = (call: Here, instances: Instance[]) => ({
  ReservationId: instances[0]!.reservation.ReservationId,
  RequesterId: instances[0]!.reservation.RequesterId,
  OwnerId: call.account,
  Groups: [],
  Instances: instances.map((each) => shown(call, each)),
});

function shown(call: Here, instance: Instance) {
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
    ...rest
  } = instance;
  const own = call.state.networkInterfaces.get(interfaceId);
  const attached = volumes.map(({ device, volumeId, gone }) => ({
    DeviceName: device,
    Ebs: { VolumeId: volumeId, Status: "attached" as const, AttachTime: instance.LaunchTime, DeleteOnTermination: gone },
  }));
  return {
    ...rest,
    InstanceType: instance.InstanceType as sdk._InstanceType,
    State: { Code: codes[state], Name: state },
    ReservationId: reservation.ReservationId,
    PublicIpAddress: own?.publicIp,
    BlockDeviceMappings: state === "terminated" ? [] : attached,
    NetworkInterfaces: own
      ? [
          {
            NetworkInterfaceId: interfaceId,
            SubnetId: own.SubnetId,
            VpcId: own.VpcId,
            PrivateIpAddress: own.PrivateIpAddress,
            Status: own.Status,
            Groups: own.Groups,
            MacAddress: own.MacAddress,
            SourceDestCheck: own.SourceDestCheck,
            OwnerId: own.OwnerId,
            Attachment: own.Attachment,
          },
        ]
      : [],
  };
}

// docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
const instanceFilters = {
  architecture: ({ Architecture }: ReturnType<typeof shown>) => Architecture,
  "availability-zone": ({ Placement }: ReturnType<typeof shown>) => Placement.AvailabilityZone,
  "client-token": ({ ClientToken }: ReturnType<typeof shown>) => ClientToken,
  "dns-name": ({ PublicDnsName }: ReturnType<typeof shown>) => PublicDnsName,
  "iam-instance-profile.arn": ({ IamInstanceProfile }: ReturnType<typeof shown>) => IamInstanceProfile?.Arn,
  "image-id": ({ ImageId }: ReturnType<typeof shown>) => ImageId,
  "instance-id": ({ InstanceId }: ReturnType<typeof shown>) => InstanceId,
  "instance-state-code": ({ State: { Code } }: ReturnType<typeof shown>) => Code,
  "instance-state-name": ({ State: { Name } }: ReturnType<typeof shown>) => Name,
  "instance-type": ({ InstanceType }: ReturnType<typeof shown>) => InstanceType,
  "instance.group-id": ({ SecurityGroups = [] }: ReturnType<typeof shown>) => SecurityGroups.map(({ GroupId }) => GroupId),
  "launch-time": ({ LaunchTime }: ReturnType<typeof shown>) => LaunchTime,
  "private-ip-address": ({ PrivateIpAddress }: ReturnType<typeof shown>) => PrivateIpAddress,
  "ip-address": ({ PublicIpAddress }: ReturnType<typeof shown>) => PublicIpAddress,
  "private-dns-name": ({ PrivateDnsName }: ReturnType<typeof shown>) => PrivateDnsName,
  "reservation-id": ({ ReservationId }: ReturnType<typeof shown>) => ReservationId,
  "subnet-id": ({ SubnetId }: ReturnType<typeof shown>) => SubnetId,
  "vpc-id": ({ VpcId }: ReturnType<typeof shown>) => VpcId,
};
