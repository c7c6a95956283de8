/** What AWS itself reports, to the same topic as the alarms: incidents, maintenance, failovers, failed deployments and backups, hosts that fell silent. */
import type { Stack } from "aws-cdk-lib";
import * as events from "aws-cdk-lib/aws-events";
import { groupName } from "../hosts.ts";
import type { Foundation } from "../parts.ts";
import { pascal, type Place } from "../place.ts";
import { arn } from "../template.ts";

type Event = {
  /** Ends the rule's name, and its logical id in Pascal case. */
  about: string;
  description: string;
  source: string;
  types: string[];
  resources?: unknown[];
  detail?: object;
};

export function eventRules(stack: Stack, place: Place, { alarmTopicArn }: Foundation): void {
  for (const { about, description, source, types, resources, detail } of [...everywhere(place), ...containers(place), ...database(place)]) {
    new events.CfnRule(stack, `${pascal(about)}Events`, {
      name: place.names.stack(about),
      description,
      eventPattern: { source: [source], "detail-type": types, ...(resources && { resources }), ...(detail && { detail }) },
      targets: [{ id: "topic", arn: alarmTopicArn }],
    });
  }
}

/** Notices about other services would bury these. Codes: docs.aws.amazon.com/health/latest/ug/aws-health-events-eventbridge-schema.html */
const stoodOn =
  "ACM AUTOSCALING BACKUP DIRECTCONNECT EC2 ECR ECS ELASTICLOADBALANCING KMS NATGATEWAY RDS ROUTE53 S3 STORAGEGATEWAY TRANSITGATEWAY VPC VPN";

const unfinished = ["FAILED", "ABORTED", "EXPIRED"];

function everywhere({ definition }: Place): Event[] {
  const certificate: Event = {
    about: "certificate",
    description: "A certificate is about to expire: its validation record is gone, so it was not renewed",
    source: "aws.acm",
    types: ["ACM Certificate Approaching Expiration", "ACM Certificate Expired"],
  };
  return [
    {
      about: "health",
      description: "AWS Health: incidents, and maintenance that is announced, of what the platform stands on",
      source: "aws.health",
      types: ["AWS Health Event"],
      detail: { service: stoodOn.split(" "), eventTypeCategory: ["issue", "scheduledChange"] },
    },
    {
      about: "backup",
      description: "A backup, a copy, a restore or a test of one failed",
      source: "aws.backup",
      types: ["Backup Job State Change", "Copy Job State Change", "Restore Job State Change"],
      // Restores name their state in another field: docs.aws.amazon.com/aws-backup/latest/devguide/eventbridge.html
      detail: { $or: [{ state: unfinished }, { status: unfinished }] },
    },
    {
      about: "patching",
      description: "A maintenance window failed",
      source: "aws.ssm",
      types: ["Maintenance Window Execution State-change Notification"],
      detail: { status: ["FAILED", "TIMED_OUT"] },
    },
    {
      about: "patches-missing",
      description: "A machine lacks patches that are approved: it was not patched, or its image is old",
      source: "aws.ssm",
      types: ["Configuration Compliance State Change"],
      detail: { "compliance-type": ["Patch"], "compliance-status": ["non_compliant"] },
    },
    ...(definition.domain ? [certificate] : []),
  ];
}

/** docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_cwe_events.html */
function containers(place: Place): Event[] {
  const { names, definition } = place;
  const clusterArn = [arn("ecs", `cluster/${names.cluster}`)];
  const event = (about: string, description: string, type: string, detail: object): Event => ({
    about,
    description,
    source: "aws.ecs",
    types: [type],
    detail,
  });
  return [
    {
      ...event("deployment", "A deployment of a service failed and is rolled back", "ECS Deployment State Change", {
        eventName: ["SERVICE_DEPLOYMENT_FAILED"],
      }),
      resources: [{ prefix: arn("ecs", `service/${names.cluster}/`) }],
    },
    event("placement", "Tasks find no machine, or start and fail again and again", "ECS Service Action", {
      eventName: ["SERVICE_TASK_PLACEMENT_FAILURE", "SERVICE_TASK_START_IMPAIRED"],
      clusterArn,
    }),
    {
      about: "launch",
      description: "The group cannot start machines",
      source: "aws.autoscaling",
      types: ["EC2 Instance Launch Unsuccessful"],
      detail: { AutoScalingGroupName: [groupName(place)] },
    },
    ...(definition.site?.hosts.length
      ? [
          // Its containers go on, but nothing starts or stops there, and their credentials run out.
          event("host-silent", "A host of the data centre lost its connection to the cluster", "ECS Container Instance State Change", {
            clusterArn,
            ec2InstanceId: [{ prefix: "mi-" }],
            agentConnected: [false],
          }),
        ]
      : []),
  ];
}

/** docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.Messages.html */
function database({ definition, names }: Place): Event[] {
  if (!definition.database) return [];
  const event = { source: "aws.rds", types: ["RDS DB Instance Event"], resources: [arn("rds", `db:${names.database}`)] };
  return [
    {
      ...event,
      about: "database",
      description: "The database failed over, failed, is short of storage, or its replication broke",
      detail: { EventCategories: ["failover", "failure", "low storage", "read replica"] },
    },
    {
      ...event,
      about: "database-ceiling",
      description: "The database's volume has reached 80 % of its ceiling, would pass it, or cannot grow: raise database.storage.max",
      detail: { EventID: ["RDS-EVENT-0225", "RDS-EVENT-0224", "RDS-EVENT-0223"] },
    },
  ];
}
