/** What each experiment does to what. Actions, targets: docs.aws.amazon.com/fis/latest/userguide/fis-actions-reference.html */
import { Fn } from "aws-cdk-lib";
import type * as fis from "aws-cdk-lib/aws-fis";
import type { Foundation, Link, Network } from "../parts.ts";
import { letter, type Place } from "../place.ts";
import { arn } from "../template.ts";

export type Needs = { foundation: Foundation; network: Network; link?: Link };

type Target = fis.CfnExperimentTemplate.ExperimentTemplateTargetProperty;

export type Experiment = {
  description: string;
  actions: Record<string, fis.CfnExperimentTemplate.ExperimentTemplateActionProperty & { actionId: string }>;
  targets: Record<string, Target>;
};

/** How long a loss lasts; a virtual interface can be taken down for 10 minutes at least. */
const lasting = "PT10M";

export function experiments(place: Place, needs: Needs): Record<string, Experiment> {
  const { holdings, other, definition } = place;
  const virtualInterfaces = needs.link?.virtualInterfaceIds ?? [];
  const running = holdings.compute === "live";
  const replicates = holdings.files === "writable" && other !== undefined && other.holdings.files !== "absent";
  const fails = holdings.database === "writer" && definition.database!.multiAz;
  return {
    ...Object.fromEntries(place.zones.map((_, at) => [`lose-zone-${letter(at).toLowerCase()}`, loseZone(place, needs, at)])),
    ...(running && { "lose-machine": loseMachine(place), "lose-tasks": loseTasks(place) }),
    ...(fails && { "database-failover": databaseFailover(place) }),
    ...(virtualInterfaces.length > 0 && { "lose-direct-connect": loseDirectConnect(virtualInterfaces) }),
    ...(other && running && { "lose-other-region": loseOtherRegion(place, needs, other.region, replicates) }),
    ...(replicates && { "pause-replication": pauseReplication(place, other.region) }),
  };
}

/** What of a zone's loss FIS can do: no traffic in its subnets, its machines stopped and no new ones there, the database in the other zone. */
function loseZone(place: Place, { network }: Needs, at: number): Experiment {
  const zone = place.zones[at]!;
  const running = place.holdings.compute === "live";
  const fails = place.holdings.database === "writer" && place.definition.database!.multiAz;
  return {
    description: `Zone ${zone} is lost: its subnets are cut off${running ? ", its machines stop and no new ones start there" : ""}.`,
    actions: {
      cut: {
        actionId: "aws:network:disrupt-connectivity",
        parameters: { duration: lasting, scope: "all" },
        targets: { Subnets: "subnets" },
      },
      ...(running && {
        stopMachines: {
          actionId: "aws:ec2:stop-instances",
          // The group ends what was stopped and replaces it: that is no failure of the experiment.
          parameters: { startInstancesAfterDuration: lasting, completeIfInstancesTerminated: "true" },
          targets: { Instances: "machines" },
        },
        noNewMachines: {
          actionId: "aws:ec2:asg-insufficient-instance-capacity-error",
          parameters: { duration: lasting, availabilityZoneIdentifiers: zone, percentage: "100" },
          targets: { AutoScalingGroups: "groups" },
        },
      }),
      ...(fails && { failover: failover("database") }),
    },
    targets: {
      subnets: subnets([network.publicSubnets[at]!, network.appSubnets[at]!, network.dataSubnets[at]!]),
      ...(running && {
        machines: machines(place, "ALL", network.appSubnets[at]),
        groups: { resourceType: "aws:ec2:autoscaling-group", selectionMode: "ALL", resourceTags: ours(place) },
      }),
      // Only where the primary instance is in this zone; else there is nothing to do.
      ...(fails && { database: { ...database(place), parameters: { availabilityZoneIdentifiers: zone } } }),
    },
  };
}

const loseMachine = (place: Place): Experiment => ({
  description: "One machine stops: its tasks start elsewhere, the group replaces it.",
  actions: {
    stop: {
      actionId: "aws:ec2:stop-instances",
      parameters: { startInstancesAfterDuration: lasting, completeIfInstancesTerminated: "true" },
      targets: { Instances: "machines" },
    },
  },
  targets: { machines: machines(place, "COUNT(1)") },
});

const loseTasks = (place: Place): Experiment => ({
  description: "A third of the tasks stop.",
  actions: { stop: { actionId: "aws:ecs:stop-task", targets: { Tasks: "tasks" } } },
  targets: {
    tasks: {
      resourceType: "aws:ecs:task",
      selectionMode: "PERCENT(33)",
      resourceTags: ours(place),
      parameters: { cluster: place.names.cluster },
    },
  },
});

const databaseFailover = (place: Place): Experiment => ({
  description: "The database's primary instance reboots with failover to the other zone.",
  actions: { failover: failover("database") },
  targets: { database: database(place) },
});

const loseDirectConnect = (virtualInterfaces: string[]): Experiment => ({
  description: "The BGP sessions of Direct Connect go down: traffic must move to the VPN and back.",
  actions: {
    cut: {
      actionId: "aws:directconnect:virtual-interface-disconnect",
      parameters: { duration: lasting },
      targets: { VirtualInterfaces: "lines" },
    },
  },
  targets: {
    lines: {
      resourceType: "aws:directconnect:virtual-interface",
      selectionMode: "ALL",
      resourceArns: virtualInterfaces.map((id) => Fn.join("", [arn("directconnect", "dxvif/"), id])),
    },
  },
});

/**
 * As AWS's own scenario does it: docs.aws.amazon.com/fis/latest/userguide/cross-region-scenario.html. Route tables need room for 250 routes more
 * than they have.
 */
const loseOtherRegion = (place: Place, { network }: Needs, region: string, replicates: boolean): Experiment => ({
  description: `Nothing from here reaches ${region}: this region must do without it.`,
  actions: {
    cut: {
      actionId: "aws:network:route-table-disrupt-cross-region-connectivity",
      parameters: { duration: lasting, region },
      targets: { Subnets: "subnets" },
    },
    ...(replicates && { pause: pause(region) }),
  },
  targets: { subnets: subnets([...network.appSubnets, ...network.dataSubnets]), ...(replicates && { buckets: buckets(place) }) },
});

const pauseReplication = (place: Place, region: string): Experiment => ({
  description: "Files are not copied to the other region: the backlog and its alarm must show.",
  actions: { pause: pause(region) },
  targets: { buckets: buckets(place) },
});

const failover = (target: string) => ({
  actionId: "aws:rds:reboot-db-instances",
  parameters: { forceFailover: "true" },
  targets: { DBInstances: target },
});

const pause = (region: string) => ({
  actionId: "aws:s3:bucket-pause-replication",
  parameters: { duration: lasting, region },
  targets: { Buckets: "buckets" },
});

const ours = ({ definition }: Place) => ({ "causeway:platform": definition.name });

const subnets = (ids: string[]): Target => ({
  resourceType: "aws:ec2:subnet",
  selectionMode: "ALL",
  resourceArns: ids.map((id) => Fn.join("", [arn("ec2", "subnet/"), id])),
});

const machines = (place: Place, selectionMode: string, subnet?: string): Target => ({
  resourceType: "aws:ec2:instance",
  selectionMode,
  resourceTags: ours(place),
  filters: [{ path: "State.Name", values: ["running"] }, ...(subnet ? [{ path: "SubnetId", values: [subnet] }] : [])],
});

/** Found by tags, since a target by ARN takes no zone. Database and share buckets carry the second one, the platform's other resources do not. */
const kept = (place: Place) => ({ ...ours(place), "causeway:backup": "all" });
const database = (place: Place): Target => ({ resourceType: "aws:rds:db", selectionMode: "ALL", resourceTags: kept(place) });
/** The action takes no bucket by ARN. */
const buckets = (place: Place): Target => ({ resourceType: "aws:s3:bucket", selectionMode: "ALL", resourceTags: kept(place) });
