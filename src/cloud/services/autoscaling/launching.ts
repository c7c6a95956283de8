/** Where and as what instances are launched, and what happens when EC2 has none. https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-availability-zone-balanced.html */
import type * as sdk from "@aws-sdk/client-auto-scaling";
import type * as ec2 from "@aws-sdk/client-ec2";
import { hours, milliseconds, plus, seconds } from "../../../kernel/units.ts";
import { AwsError } from "../../service.ts";
import { freeOf } from "../ec2/capacity-reservations.ts";
import { freeAddresses } from "../ec2/subnet-addresses.ts";
import { resourceTags } from "../ec2/tags.ts";
import { begin, failed } from "./activities.ts";
import { candidatesOf, typesOf } from "./launch-source.ts";
import { capacityOf, counts, isWarm, stamp, type Group, type Here, type Member } from "./state.ts";

/** A zone of the group, and where in it instances may be. */
export type Zone = { zone: string; subnets: string[] };

// ASG-024: a group that could launch nothing for a day is suspended.
const SUSPENDED_AFTER = hours(24);

export function zonesOf(call: Here, group: Group): Zone[] {
  const zones = new Map<string, Zone>(group.AvailabilityZones.map((zone) => [zone, { zone, subnets: [] }]));
  for (const id of (group.VPCZoneIdentifier ?? "").split(",").filter(Boolean)) {
    const subnet = call.peek("ec2").subnets.get(id);
    if (subnet) zones.get(subnet.AvailabilityZone)?.subnets.push(id);
  }
  return [...zones.values()];
}

/** Zone → members that make up its capacity. */
export function spread(group: Group, of: (member: Member) => boolean = counts): Map<string, number> {
  const found = new Map(group.AvailabilityZones.map((zone) => [zone, 0]));
  for (const member of group.members.values())
    if (of(member)) found.set(member.AvailabilityZone, (found.get(member.AvailabilityZone) ?? 0) + 1);
  return found;
}

export type Launch = {
  count: number;
  /** Only there: to balance the zones. */
  zones?: readonly string[];
  cause: string;
  /** Into the warm pool. */
  warm?: boolean;
};

/** Launches so many, each in the zone that has fewest. Answers how many it got. */
export function launch(call: Here, group: Group, wish: Launch): number {
  const open = zonesOf(call, group).filter(({ zone }) => !wish.zones || wish.zones.includes(zone));
  const unshifted = open.filter(({ zone }) => !group.shifted.has(zone)); // ASG-028
  let zones = group.shifted.size ? unshifted : open;
  let got = 0;
  if (group.AvailabilityZoneDistribution.CapacityDistributionStrategy === "reservations-then-balanced")
    for (const zone of zones) {
      const reserved = Math.min(wish.count - got, freeReservations(call, group, zone));
      if (reserved > 0) got += launchIn(call, group, zone, reserved, wish);
    }
  while (got < wish.count && zones.length > 0) {
    const have = spread(group, wish.warm ? isWarm : counts);
    const shares = share(zones, have, wish.count - got);
    const out: string[] = [];
    for (const [zone, count] of shares) {
      const launched = launchIn(call, group, zone, count, wish);
      got += launched;
      if (launched < count) out.push(zone.zone);
    }
    // ASG-009: balanced-only keeps to the zones that have fewest, best effort goes on elsewhere.
    if (out.length && group.AvailabilityZoneDistribution.CapacityDistributionStrategy === "balanced-only") break;
    zones = zones.filter(({ zone }) => !out.includes(zone));
  }
  outcome(call, group, got === wish.count);
  return got;
}

/** Places of open Capacity Reservations for what the group launches. */
function freeReservations(call: Here, group: Group, { zone }: Zone): number {
  const types = typesOf(call, group);
  let free = 0;
  for (const each of call.peek("ec2").capacityReservations.values())
    if (each.AvailabilityZone === zone && each.InstanceMatchCriteria === "open" && types.includes(each.InstanceType)) free += freeOf(each);
  return free;
}

/** So many over the zones, one by one to that with fewest; of equals the first in the group's list. */
function share(zones: readonly Zone[], have: ReadonlyMap<string, number>, count: number): Map<Zone, number> {
  const shares = new Map<Zone, number>();
  const level = (zone: Zone) => (have.get(zone.zone) ?? 0) + (shares.get(zone) ?? 0);
  for (let left = count; left > 0; left--) {
    let fewest = zones[0]!;
    for (const zone of zones) if (level(zone) < level(fewest)) fewest = zone;
    shares.set(fewest, (shares.get(fewest) ?? 0) + 1);
  }
  return shares;
}

/** One zone: the types in their order, each until EC2 has no more of it. */
function launchIn(call: Here, group: Group, zone: Zone, count: number, { cause, warm = false, zones }: Launch): number {
  const balancing = zones !== undefined;
  let got = 0;
  let refused: AwsError | undefined;
  const subnet = roomiest(call, zone);
  const preference = preferences[group.CapacityReservationSpecification?.CapacityReservationPreference ?? "default"];
  for (const candidate of candidatesOf(call, group)) {
    while (got < count) {
      try {
        const { Instances } = call.ask("ec2").RunInstances({
          MinCount: 1,
          MaxCount: count - got,
          LaunchTemplate: candidate.template,
          ...(candidate.type !== undefined && { InstanceType: candidate.type as ec2._InstanceType }),
          ...(candidate.image !== undefined && { ImageId: candidate.image }),
          ...(subnet === undefined ? { Placement: { AvailabilityZone: zone.zone } } : { SubnetId: subnet }),
          ...(preference !== undefined && { CapacityReservationSpecification: { CapacityReservationPreference: preference } }),
          TagSpecifications: [{ ResourceType: "instance", Tags: tagsFor(group) }],
        });
        for (const instance of Instances) adopt(call, group, instance, { cause, warm, balancing, template: candidate.template });
        got += Instances.length;
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        refused = error;
        break;
      }
    }
    // Another type helps only where this one is short.
    if (got === count || refused?.code !== "InsufficientInstanceCapacity") break;
  }
  if (got < count && refused) failed(call, group, cause, whyFailed(group, refused), { zone: zone.zone, subnet });
  return got;
}

/** A group's preference in EC2's words; open reservations are what EC2 takes first anyway. */
const preferences: Record<string, ec2.CapacityReservationPreference | undefined> = {
  none: "none",
  "capacity-reservations-first": "open",
  "capacity-reservations-only": "capacity-reservations-only",
};

const whyFailed = ({ MixedInstancesPolicy: mixed }: Group, { code, message }: AwsError): string => {
  const text = /[.!]$/.test(message) ? message : `${message}.`;
  return `${mixed ? `Could not launch On-Demand Instances. ${code} - ` : ""}${text} Launching EC2 instance failed.`;
};

/** ASG-009: inside a zone, where most addresses are free. */
function roomiest(call: Here, { subnets }: Zone): string | undefined {
  const state = call.peek("ec2");
  let best: { id: string; free: number } | undefined;
  for (const id of subnets) {
    if (subnets.length === 1) return id;
    const free = freeAddresses(state, state.subnets.get(id)!);
    if (!best || free > best.free) best = { id, free };
  }
  return best?.id;
}

/** The group's tags that are to be passed on, and AWS's own. */
function tagsFor(group: Group): ec2.Tag[] {
  const own = [...group.tags].filter(([, { propagate }]) => propagate).map(([Key, { value }]) => ({ Key, Value: value }));
  return resourceTags(own, { tags: { "aws:autoscaling:groupName": group.AutoScalingGroupName } });
}

type Adoption = { cause: string; warm: boolean; balancing: boolean; template: sdk.LaunchTemplateSpecification };

type Launched = {
  InstanceId: string;
  InstanceType?: string;
  Placement?: { AvailabilityZone?: string; AvailabilityZoneId?: string };
  SubnetId?: string;
};

function adopt(call: Here, group: Group, instance: Launched, { cause, warm, balancing, template }: Adoption): void {
  const member = newMember(call, group, instance, warm ? "Warmed:Pending" : "Pending");
  member.LaunchTemplate = template;
  if (balancing) member.balancing = true;
  const pool = warm ? " into warm pool" : "";
  begin(
    call,
    group,
    { Cause: cause, Description: `Launching a new EC2 instance${pool}: ${instance.InstanceId}`, StatusCode: "PreInService", Progress: 30 },
    member,
  );
}

export function newMember(call: Here, group: Group, instance: Launched, LifecycleState: sdk.LifecycleState): Member {
  const member: Member = {
    InstanceId: instance.InstanceId,
    InstanceType: instance.InstanceType ?? "",
    AvailabilityZone: instance.Placement?.AvailabilityZone ?? "",
    AvailabilityZoneId: instance.Placement?.AvailabilityZoneId,
    LifecycleState,
    HealthStatus: "Healthy",
    ProtectedFromScaleIn: false,
    subnet: instance.SubnetId,
    launched: call.now,
    waits: new Map(),
  };
  group.members.set(member.InstanceId, member);
  call.state.instances.set(member.InstanceId, group.AutoScalingGroupName);
  return member;
}

/** What fails is tried again, less and less often. A day without an instance, and AWS gives up. */
function outcome(call: Here, group: Group, well: boolean): void {
  if (well) {
    group.failing = undefined;
    return;
  }
  const tries = (group.failing?.tries ?? 0) + 1;
  const since = group.failing?.since ?? call.now;
  const wait = Math.min(call.latency("launch-retry") * 2 ** (tries - 1), RETRY_MOST);
  group.failing = { since, tries, next: plus(call.now, milliseconds(wait)) };
  if (call.now - since >= SUSPENDED_AFTER && capacityOf(group) === 0) {
    group.suspended.set("Launch", `Administratively suspended at ${stamp(call)}`);
  }
}

/** Ours: no longer than a quarter of an hour between two tries, so that capacity that is back is found. */
const RETRY_MOST = seconds(900);
