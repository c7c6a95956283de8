/** FIS experiments: the losses that AWS can inflict on purpose, ready to be started, each stopped by an alarm. */
import { Fn, type Stack } from "aws-cdk-lib";
import * as fis from "aws-cdk-lib/aws-fis";
import * as iam from "aws-cdk-lib/aws-iam";
import * as logs from "aws-cdk-lib/aws-logs";
import { days } from "../kernel/units.ts";
import type { Foundation, Link, Network } from "./parts.ts";
import { letter, pascal, type Place } from "./place.ts";
import { acknowledge, arn, sub } from "./template.ts";

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
  const { definition, holdings, zones, region } = place;
  const list: Record<string, Experiment> = {};
  const running = holdings.compute === "live";
  zones.forEach((zone, at) => {
    list[`lose-zone-${letter(at).toLowerCase()}`] = loseZone(place, needs, zone, at, running);
  });
  if (definition.database && holdings.database === "writer") {
    list["database-failover"] = {
      description: "The database's primary instance reboots with failover to the other zone.",
      actions: {
        failover: { actionId: "aws:rds:reboot-db-instances", parameters: { forceFailover: "true" }, targets: { DBInstances: "database" } },
      },
      targets: { database: { resourceType: "aws:rds:db", selectionMode: "ALL", resourceArns: [arn("rds", `db:${place.names.database}`)] } },
    };
  }
  if (running) {
    list["stop-tasks"] = {
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
    };
  }
  if (needs.link?.virtualInterfaceIds.length) {
    list["lose-direct-connect"] = {
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
          resourceArns: needs.link.virtualInterfaceIds.map((id) => Fn.join("", [arn("directconnect", "dxvif/"), id])),
        },
      },
    };
  }
  if (holdings.files === "writable" && place.other && Object.keys(definition.files.shares).length) {
    list["pause-replication"] = {
      description: "Files are not copied to the other region: the backlog and its alarm must show.",
      actions: {
        pause: {
          actionId: "aws:s3:bucket-pause-replication",
          parameters: { duration: lasting, region: place.other.region },
          targets: { Buckets: "buckets" },
        },
      },
      targets: {
        buckets: {
          resourceType: "aws:s3:bucket",
          selectionMode: "ALL",
          resourceArns: Object.keys(definition.files.shares).map((share) =>
            sub(`arn:\${AWS::Partition}:s3:::${place.names.shareBucket(share, region)}`),
          ),
        },
      },
    };
  }
  return list;
}

/** What of a zone's loss FIS can do: no traffic in its subnets, its machines stopped and no new ones, the database elsewhere. */
function loseZone({ definition, names }: Place, { network }: Needs, zone: string, at: number, running: boolean): Experiment {
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

function role(stack: Stack, { names, region, definition }: Place): string {
  const own = { StringEquals: { "aws:ResourceTag/causeway:platform": definition.name } };
  const made = new iam.CfnRole(stack, "ExperimentRole", {
    roleName: names.role("faults", region),
    assumeRolePolicyDocument: {
      Version: "2012-10-17",
      Statement: {
        Effect: "Allow",
        Principal: { Service: "fis.amazonaws.com" },
        Action: "sts:AssumeRole",
        Condition: { StringEquals: { "aws:SourceAccount": stack.account } },
      },
    },
    policies: [
      {
        policyName: "faults",
        policyDocument: {
          Version: "2012-10-17",
          Statement: [
            // Actions by experiment: docs.aws.amazon.com/fis/latest/userguide/fis-actions-reference.html
            {
              Effect: "Allow",
              Action: ["ec2:StopInstances", "ec2:StartInstances", "rds:RebootDBInstance", "ecs:StopTask"],
              Resource: "*",
              Condition: own,
            },
            {
              Effect: "Allow",
              Action: [
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
              ],
              Resource: "*",
            },
            {
              Effect: "Allow",
              Action: [
                "ec2:CreateNetworkAcl",
                "ec2:CreateNetworkAclEntry",
                "ec2:DeleteNetworkAcl",
                "ec2:ReplaceNetworkAclAssociation",
                "ec2:CreateTags",
              ],
              Resource: ["network-acl", "vpc", "subnet"].map((kind) => arn("ec2", `${kind}/*`)),
            },
            {
              Effect: "Allow",
              Action: [
                "directconnect:StartBgpFailoverTest",
                "directconnect:StopBgpFailoverTest",
                "directconnect:ListVirtualInterfaceTestHistory",
              ],
              Resource: arn("directconnect", "dxvif/*"),
              Condition: own,
            },
            {
              Effect: "Allow",
              Action: ["s3:GetReplicationConfiguration", "s3:PutReplicationConfiguration", "s3:PauseReplication"],
              Resource: sub(`arn:\${AWS::Partition}:s3:::${definition.name}-*`),
            },
            {
              Effect: "Allow",
              Action: ["logs:CreateLogDelivery", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups"],
              Resource: "*",
            },
          ],
        },
      },
    ],
  });
  acknowledge(
    made,
    "AwsSolutions-IAM5",
    "Targets are found when an experiment starts; what is changed must carry the platform's tag where the API can ask for it.",
  );
  return made.attrArn;
}
