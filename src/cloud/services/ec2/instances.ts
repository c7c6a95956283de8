/** Instances: what is launched and what it is. Guide: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Instances.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, type Known, type Operations } from "../../service.ts";
import { madeBefore, remember } from "./client-tokens.ts";
import { filtered } from "./filters.ts";
import { byId, byIds } from "./ids.ts";
import { machinesFor, reboot, start, stop, terminate } from "./instance-states.ts";
import { instanceStatus, statusFilters, type Status } from "./instance-status.ts";
import { codes, instanceFilters, shown } from "./instance-view.ts";
import { wishOf } from "./instance-wishes.ts";
import { launch } from "./launches.ts";
import { page } from "./pages.ts";
import type { Here, State } from "./state.ts";

export type InstanceState = "pending" | "running" | "shutting-down" | "terminated" | "stopping" | "stopped";

/** An instance. What its interface says of it is the interface's, and put together in answers. */
export type Instance = Known<
  Omit<sdk.Instance, "State" | "NetworkInterfaces" | "BlockDeviceMappings" | "Tags" | "InstanceType">,
  "InstanceId" | "ImageId" | "LaunchTime" | "Placement" | "SubnetId" | "VpcId" | "PrivateIpAddress" | "RootDeviceName"
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
  /** `gone`: with the instance. */
  volumes: { device: string; volumeId: string; gone: boolean; since: Date }[];
  /** Each time it starts it gets one. */
  publicAddress: boolean;
  credits?: "standard" | "unlimited";
  /** Since when it has its profile. */
  association?: { id: string; since: Date };
  /** The access key that it has of its role. */
  session?: string;
  /** Percent in use, as reported, and the Auto Scaling group that it counts for. */
  cpu?: number;
  group?: string;
  /** Properties of its template that only a stopped instance takes: it gets them, and starts again. */
  restarts?: string[];
  /** The next of its states. */
  event?: number;
};

export const instanceOperations = {
  RunInstances(call, { ClientToken: token, ...request }) {
    const before = madeBefore(call, "RunInstances", token, request);
    if (before !== undefined) return reservationOf(call, [...call.state.instances.values()].filter(isOf(before)));
    const instances = launch(call, wishOf(call, request), token);
    remember(call, "RunInstances", token, request, instances[0]!.reservation.ReservationId);
    return reservationOf(call, instances);
  },

  DescribeInstances(call, { InstanceIds, Filters, MaxResults, NextToken }) {
    const all = byIds(call.state.instances, "i", InstanceIds).map((each) => shown(call, each));
    const { items, NextToken: next } = page(filtered(all, Filters, instanceFilters), { MaxResults, NextToken });
    const reservations = new Map<string, ReturnType<typeof shown>[]>();
    for (const each of items) {
      const together = reservations.get(each.ReservationId);
      if (together) together.push(each);
      else reservations.set(each.ReservationId, [each]);
    }
    return {
      Reservations: [...reservations].map(([ReservationId, Instances]) => ({
        ReservationId,
        RequesterId: call.state.instances.get(Instances[0]!.InstanceId)?.reservation.RequesterId,
        OwnerId: call.account,
        Groups: [],
        Instances,
      })),
      NextToken: next,
    };
  },

  DescribeInstanceStatus(call, { InstanceIds, IncludeAllInstances = false, Filters, MaxResults, NextToken }) {
    const all = byIds(call.state.instances, "i", InstanceIds).filter(({ state }) => IncludeAllInstances || state === "running");
    const { items, NextToken: next } = page(filtered(all, Filters, statusFilters), { MaxResults, NextToken });
    return { InstanceStatuses: items.map(instanceStatus), NextToken: next };
  },

  StartInstances(call, { InstanceIds, AdditionalInfo }) {
    if (AdditionalInfo !== undefined) throw new AwsError("NotImplemented", "Causeway does not emulate AdditionalInfo of a start.", 501);
    const found = all(call, InstanceIds);
    for (const each of found) if (!["stopped", "running", "pending"].includes(each.state)) throw incorrect(each, "started");
    const reserved = machinesFor(
      call,
      found.filter(({ state }) => state === "stopped"),
    );
    return { StartingInstances: changed(found, (each) => start(call, each, reserved.get(each))) };
  },

  StopInstances(call, { InstanceIds, Force = false, Hibernate, SkipOsShutdown = false }) {
    if (Hibernate)
      throw new AwsError("UnsupportedHibernationConfiguration", `The instance ${InstanceIds[0]} is not enabled for hibernation.`);
    const found = all(call, InstanceIds);
    for (const each of found) {
      if (each.protection.stop && each.state !== "stopped") throw protectedFrom(each, "stopped", "disableApiStop");
      if (!["running", "stopping", "stopped"].includes(each.state)) throw incorrect(each, "stopped");
    }
    return { StoppingInstances: changed(found, (each) => stop(call, each, Force || SkipOsShutdown)) };
  },

  TerminateInstances(call, { InstanceIds }) {
    const found = all(call, InstanceIds);
    for (const each of found)
      if (each.protection.termination && each.state !== "terminated") throw protectedFrom(each, "terminated", "disableApiTermination");
    return { TerminatingInstances: changed(found, (each) => terminate(call, each)) };
  },

  RebootInstances(call, { InstanceIds }) {
    const found = all(call, InstanceIds);
    for (const each of found) if (each.state !== "running") throw incorrect(each, "rebooted");
    for (const each of found) reboot(call, each);
  },
} satisfies Operations<sdk.EC2, State>;

export const findInstance = (call: Here, id: string): Instance => byId(call.state.instances, "i", id);

/** Each once, however often it is named. */
const all = (call: Here, ids: readonly string[]): Instance[] => [...new Set(ids)].map((id) => findInstance(call, id));

const isOf =
  (id: string) =>
  ({ reservation }: Instance): boolean =>
    reservation.ReservationId === id;

const protectedFrom = ({ InstanceId }: Instance, verb: string, attribute: string): AwsError =>
  new AwsError(
    "OperationNotPermitted",
    `The instance '${InstanceId}' may not be ${verb}. Modify its '${attribute}' instance attribute and try again.`,
  );

const incorrect = ({ InstanceId }: Instance, verb: string): AwsError =>
  new AwsError("IncorrectInstanceState", `The instance '${InstanceId}' is not in a state from which it can be ${verb}.`);

const changed = (found: readonly Instance[], change: (instance: Instance) => void): sdk.InstanceStateChange[] =>
  found.map((each) => {
    const before = { Code: codes[each.state], Name: each.state };
    change(each);
    return { InstanceId: each.InstanceId, PreviousState: before, CurrentState: { Code: codes[each.state], Name: each.state } };
  });

const reservationOf = (call: Here, instances: Instance[]) => ({
  ReservationId: instances[0]!.reservation.ReservationId,
  RequesterId: instances[0]!.reservation.RequesterId,
  OwnerId: call.account,
  Groups: [],
  Instances: instances.map((each) => shown(call, each)),
});
