/** What AWS itself reports, to the same topic as the alarms: maintenance, database events, failed deployments, failed backups, tampering with keys. */
import { type Stack } from "aws-cdk-lib";
import * as events from "aws-cdk-lib/aws-events";
import type { Foundation } from "../parts.ts";
import type { Place } from "../place.ts";
import { arn } from "../template.ts";

export function eventRules(stack: Stack, place: Place, { alarmTopicArn }: Foundation): void {
  const { names, definition } = place;
  const rule = (id: string, description: string, eventPattern: object) =>
    new events.CfnRule(stack, `${id}Events`, {
      name: names.stack(id.toLowerCase()),
      description,
      eventPattern,
      targets: [{ id: "topic", arn: alarmTopicArn }],
    });
  rule("Health", "AWS Health: maintenance of lines, scheduled changes, incidents", { source: ["aws.health"] });
  rule("Deployment", "A deployment of a service failed or was rolled back", {
    source: ["aws.ecs"],
    "detail-type": ["ECS Deployment State Change"],
    detail: { eventName: ["SERVICE_DEPLOYMENT_FAILED"] },
  });
  rule("Placement", "Tasks find no machine", {
    source: ["aws.ecs"],
    "detail-type": ["ECS Service Action"],
    detail: { eventName: ["SERVICE_TASK_PLACEMENT_FAILURE", "SERVICE_TASK_START_IMPAIRED"] },
  });
  rule("Launch", "The group cannot start machines", {
    source: ["aws.autoscaling"],
    "detail-type": ["EC2 Instance Launch Unsuccessful"],
    detail: { AutoScalingGroupName: [`${names.cluster}-hosts`] },
  });
  if (definition.database) {
    // Failover, failure, low storage, read replica: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.Messages.html
    rule("Database", "The database failed over, failed, or is short of storage", {
      source: ["aws.rds"],
      "detail-type": ["RDS DB Instance Event"],
      resources: [arn("rds", `db:${names.database}`)],
      detail: { EventCategories: ["failover", "failure", "low storage", "read replica"] },
    });
  }
  rule("Backup", "A backup, copy or restore test failed", {
    source: ["aws.backup"],
    "detail-type": ["Backup Job State Change", "Copy Job State Change", "Restore Job State Change"],
    detail: { state: ["FAILED", "ABORTED", "EXPIRED"] },
  });
}
