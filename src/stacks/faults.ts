/** FIS experiments: the losses that AWS can inflict on purpose, ready to be started, each stopped by an alarm. */
import { Fn, type Stack } from "aws-cdk-lib";
import * as fis from "aws-cdk-lib/aws-fis";
import * as logs from "aws-cdk-lib/aws-logs";
import { days } from "../kernel/units.ts";
import type { Foundation, Link, Network } from "./parts.ts";
import { letter, pascal, type Place } from "./place.ts";
import { allow, makeRole } from "./role.ts";
import { acknowledge, arn, bucketArn } from "./template.ts";

type Needs = { foundation: Foundation; network: Network; link?: Link };
type Experiment = {
  description: string;
  actions: Record<string, fis.CfnExperimentTemplate.ExperimentTemplateActionProperty>;
  targets: Record<string, fis.CfnExperimentTemplate.ExperimentTemplateTargetProperty>;
};

/** How long a loss lasts; a virtual interface can be taken down for 10 minutes at least. */
const lasting = "PT10M";

export function faults(stack: Stack, place: Place, needs: Needs): void {
  const roleArn = role(stack, place);
  const log = new logs.CfnLogGroup(stack, "ExperimentLog", {
    logGroupName: place.names.logGroup("faults"),
    kmsKeyId: needs.foundation.keyArn,
    retentionInDays: place.definition.logs / days(1),
  });
  for (const [name, experiment] of Object.entries(experiments(place, needs))) {
    new fis.CfnExperimentTemplate(stack, `${pascal(name)}Experiment`, {
      description: experiment.description,
      roleArn,
      actions: experiment.actions,
      targets: experiment.targets,
      stopConditions: [{ source: "aws:cloudwatch:alarm", value: arn("cloudwatch", `alarm:${place.names.stack("stop-experiments")}`) }],
      logConfiguration: { logSchemaVersion: 2, cloudWatchLogsConfiguration: { LogGroupArn: log.attrArn } },
      experimentOptions: { accountTargeting: "single-account", emptyTargetResolutionMode: "skip" },
      tags: { Name: place.names.stack(name) },
    });
  }
}

const platformTag = ({ definition }: Place) => ({ "causeway:platform": definition.name });

function experiments(place: Place, needs: Needs): Record<string, Experiment> {
  const { definition, holdings, names, other } = place;
  const zones = place.zones.map((zone, at) => [`lose-zone-${letter(at).toLowerCase()}`, loseZone(place, needs, zone, at)] as const);
  const virtualInterfaces = needs.link?.virtualInterfaceIds ?? [];
  const replicates = holdings.files === "writable" && other !== undefined && Object.keys(definition.files.shares).length > 0;
  return {
    ...Object.fromEntries(zones),
    ...(holdings.database === "writer" && { "database-failover": databaseFailover(names.database) }),
    ...(holdings.compute === "live" && { "stop-tasks": stopTasks(place) }),
    ...(virtualInterfaces.length > 0 && { "lose-direct-connect": loseDirectConnect(virtualInterfaces) }),
    ...(replicates && { "pause-replication": pauseReplication(place, other.region) }),
  };
}

const databaseFailover = (identifier: string): Experiment => ({
  description: "The database's primary instance reboots with failover to the other zone.",
  actions: {
    failover: { actionId: "aws:rds:reboot-db-instances", parameters: { forceFailover: "true" }, targets: { DBInstances: "database" } },
  },
  targets: { database: { resourceType: "aws:rds:db", selectionMode: "ALL", resourceArns: [arn("rds", `db:${identifier}`)] } },
});

const stopTasks = (place: Place): Experiment => ({
  description: "A third of the tasks stop.",
  actions: { stop: { actionId: "aws:ecs:stop-task", targets: { Tasks: "tasks" } } },
  targets: {
    tasks: {
      resourceType: "aws:ecs:task",
      selectionMode: "PERCENT(33)",
      resourceTags: platformTag(place),
      parameters: { cluster: place.names.cluster },
    },
  },
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

const pauseReplication = ({ definition, names, region }: Place, to: string): Experiment => ({
  description: "Files are not copied to the other region: the backlog and its alarm must show.",
  actions: {
    pause: { actionId: "aws:s3:bucket-pause-replication", parameters: { duration: lasting, region: to }, targets: { Buckets: "buckets" } },
  },
  targets: {
    buckets: {
      resourceType: "aws:s3:bucket",
      selectionMode: "ALL",
      resourceArns: Object.keys(definition.files.shares).map((share) => bucketArn(names.shareBucket(share, region))),
    },
  },
});

/** What of a zone's loss FIS can do: no traffic in its subnets, its machines stopped and no new ones, the database elsewhere. */
function loseZone({ definition, names, holdings }: Place, { network }: Needs, zone: string, at: number): Experiment {
  const running = holdings.compute === "live";
  const subnets = [network.publicSubnets[at]!, network.appSubnets[at]!, network.dataSubnets[at]!];
  const experiment: Experiment = {
    description: `Zone ${zone} is lost: its subnets are cut off${running ? " and its machines stop" : ""}.`,
    actions: {
      cut: {
        actionId: "aws:network:disrupt-connectivity",
        parameters: { duration: lasting, scope: "all" },
        targets: { Subnets: "subnets" },
      },
    },
    targets: {
      subnets: {
        resourceType: "aws:ec2:subnet",
        selectionMode: "ALL",
        resourceArns: subnets.map((id) => Fn.join("", [arn("ec2", "subnet/"), id])),
      },
    },
  };
  if (!running) return experiment;
  experiment.actions["stopMachines"] = {
    actionId: "aws:ec2:stop-instances",
    parameters: { startInstancesAfterDuration: lasting, completeIfInstancesTerminated: "true" },
    targets: { Instances: "machines" },
  };
  experiment.targets["machines"] = {
    resourceType: "aws:ec2:instance",
    selectionMode: "ALL",
    resourceTags: { "causeway:platform": definition.name, "aws:autoscaling:groupName": `${names.cluster}-hosts` },
    filters: [{ path: "SubnetId", values: [network.appSubnets[at]!] }],
  };
  return experiment;
}

function role(stack: Stack, place: Place): string {
  const { name } = place.definition;
  const own = { StringEquals: { "aws:ResourceTag/causeway:platform": name } };
  const made = makeRole(stack, "ExperimentRole", place, "faults", {
    service: "fis.amazonaws.com",
    // Actions by experiment: docs.aws.amazon.com/fis/latest/userguide/fis-actions-reference.html
    statements: [
      allow(["ec2:StopInstances", "ec2:StartInstances", "rds:RebootDBInstance", "ecs:StopTask"], "*", own),
      allow(looks, "*"),
      allow(
        ["ec2:CreateNetworkAcl", "ec2:CreateNetworkAclEntry", "ec2:DeleteNetworkAcl", "ec2:ReplaceNetworkAclAssociation", "ec2:CreateTags"],
        ["network-acl", "vpc", "subnet"].map((kind) => arn("ec2", `${kind}/*`)),
      ),
      allow(
        ["directconnect:StartBgpFailoverTest", "directconnect:StopBgpFailoverTest", "directconnect:ListVirtualInterfaceTestHistory"],
        arn("directconnect", "dxvif/*"),
        own,
      ),
      allow(["s3:GetReplicationConfiguration", "s3:PutReplicationConfiguration", "s3:PauseReplication"], bucketArn(`${name}-*`)),
    ],
  });
  acknowledge(
    made,
    "AwsSolutions-IAM5",
    "Targets are found when an experiment starts; what is changed must carry the platform's tag where the API can ask for it.",
  );
  return made.attrArn;
}

/** Questions, which have no resources to name, and the delivery of the experiments' log. */
const looks = [
  "ec2:DescribeInstances",
  "ec2:DescribeSubnets",
  "ec2:DescribeNetworkAcls",
  "ec2:DescribeVpcs",
  "ec2:DescribeManagedPrefixLists",
  "rds:DescribeDBInstances",
  "ecs:DescribeTasks",
  "ecs:ListTasks",
  "directconnect:DescribeVirtualInterfaces",
  "tag:GetResources",
  "cloudwatch:DescribeAlarms",
  "logs:CreateLogDelivery",
  "logs:PutResourcePolicy",
  "logs:DescribeResourcePolicies",
  "logs:DescribeLogGroups",
];
