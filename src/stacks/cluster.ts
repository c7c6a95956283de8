/** The cluster: machines that an Auto Scaling group starts, and the capacity provider through which ECS says how many. */
import type { Stack } from "aws-cdk-lib";
import * as ec2 from "aws-cdk-lib/aws-ec2";
import * as ecs from "aws-cdk-lib/aws-ecs";
import * as logs from "aws-cdk-lib/aws-logs";
import { days } from "../kernel/units.ts";
import { machineBounds } from "./capacity.ts";
import { groupName, hosts } from "./hosts.ts";
import type { Foundation, Network } from "./parts.ts";
import { letter, type Place } from "./place.ts";
import { output } from "./template.ts";

/** ECS keeps names that begin with these words for itself: docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCapacityProvider.html */
const capacityProviderName = (place: Place): string =>
  /^(aws|ecs|fargate)/.test(groupName(place)) ? `on-${groupName(place)}` : groupName(place);

/** What services need of it. */
export type Cluster = {
  name: string;
  capacityProvider: string;
  /** Services that name the capacity provider are refused before, and keep it from being removed after. */
  ready: ecs.CfnClusterCapacityProviderAssociations;
};

export function cluster(stack: Stack, place: Place, { foundation, network }: { foundation: Foundation; network: Network }): Cluster {
  const { definition, names } = place;
  const commands = new logs.CfnLogGroup(stack, "CommandLog", {
    logGroupName: names.logGroup("exec"),
    kmsKeyId: foundation.keyArn,
    retentionInDays: definition.logs / days(1),
  });
  const made = new ecs.CfnCluster(stack, "Cluster", {
    clusterName: names.cluster,
    clusterSettings: [{ name: "containerInsights", value: "enhanced" }],
    configuration: {
      executeCommandConfiguration: {
        kmsKeyId: foundation.keyArn,
        logging: "OVERRIDE",
        logConfiguration: { cloudWatchLogGroupName: commands.ref, cloudWatchEncryptionEnabled: true },
      },
    },
  });
  const group = hosts(stack, place, { foundation, network });
  const provider = capacityProvider(stack, place, group.ref);
  const ready = new ecs.CfnClusterCapacityProviderAssociations(stack, "CapacityProviderAssociation", {
    cluster: made.ref,
    capacityProviders: [provider.ref],
    defaultCapacityProviderStrategy: [{ capacityProvider: provider.ref, weight: 1 }],
  });
  reservations(stack, place);
  output(stack, "ClusterName", made.ref, "The ECS cluster of the region's machines and of data-centre hosts that are homed here.");
  output(stack, "AutoScalingGroupName", group.ref, "The group of the cluster's machines.");
  output(stack, "CapacityProviderName", provider.ref, "ECS scales the group through it.");
  return { name: made.ref, capacityProvider: provider.ref, ready };
}

function capacityProvider(stack: Stack, place: Place, autoScalingGroup: string): ecs.CfnCapacityProvider {
  const { targetCapacity, step, warmUp } = place.definition.cluster;
  return new ecs.CfnCapacityProvider(stack, "CapacityProvider", {
    name: capacityProviderName(place),
    autoScalingGroupProvider: {
      autoScalingGroupArn: autoScalingGroup,
      managedScaling: {
        status: "ENABLED",
        targetCapacity,
        minimumScalingStepSize: step.min,
        maximumScalingStepSize: step.max,
        instanceWarmupPeriod: warmUp / 1000,
      },
      // Refused without managed scaling, and without the group's protection of new instances.
      managedTerminationProtection: "ENABLED",
      // Whoever ends an instance (scaling, a refresh, a zonal shift), its tasks leave first.
      managedDraining: "ENABLED",
    },
  });
}

/**
 * The machines that are missing in quiet times, kept free by AWS in each zone: they are the group's when it grows. Only beside a stack that
 * stands: in one that is switched on at recovery the reservation would come with the need.
 */
function reservations(stack: Stack, place: Place): void {
  const { definition, zones, role, holdings } = place;
  if (!definition.recovery.reserveCapacity || role !== "recovery") return;
  if (holdings.compute !== "live" && holdings.compute !== "zero") return;
  const missing = definition.cluster.min - machineBounds(place).min;
  for (const [zone, availabilityZoneId] of zones.entries()) {
    const instanceCount = Math.floor((missing + zones.length - 1 - zone) / zones.length);
    if (instanceCount < 1) continue;
    new ec2.CfnCapacityReservation(stack, `CapacityReservation${letter(zone)}`, {
      availabilityZoneId,
      instanceType: definition.cluster.instanceTypes[0]!,
      instancePlatform: "Linux/UNIX",
      instanceCount,
      instanceMatchCriteria: "open",
      endDateType: "unlimited",
    });
  }
}
