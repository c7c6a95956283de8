/** The ground that everything stands on, recovery first of all: key, secrets, buckets, alarm topic, reserved addresses. */
import { type Stack } from "aws-cdk-lib";
import * as ec2 from "aws-cdk-lib/aws-ec2";
import * as secretsmanager from "aws-cdk-lib/aws-secretsmanager";
import * as sns from "aws-cdk-lib/aws-sns";
import { key } from "./foundation/key.ts";
import { logBucket, recoveryBucket } from "./foundation/buckets.ts";
import type { Foundation } from "./parts.ts";
import { letter, type Place } from "./place.ts";
import { acknowledge, output, replicaKeyArn } from "./template.ts";

export function foundation(stack: Stack, place: Place): Foundation {
  const { arn: keyArn, id } = key(stack, place);
  if (place.role === "primary" && place.definition.database) databaseSecret(stack, place, id);
  logBucket(stack, place);
  recoveryBucket(stack, place, keyArn);
  return {
    keyArn,
    alarmTopicArn: alarmTopic(stack, place, keyArn),
    logBucket: place.names.logBucket(place.region),
    natAddresses: reserved(stack, place, "Nat").map(({ attrAllocationId }) => attrAllocationId),
    frontAddresses: lateFront(place)
      ? reserved(stack, place, "Front").map(({ attrAllocationId, attrPublicIp }) => ({
          allocationId: attrAllocationId,
          address: attrPublicIp,
        }))
      : [],
  };
}

/** Whether the load balancer is made at recovery only, so that its addresses must be known before it is. */
const lateFront = ({ holdings, definition }: Place): boolean =>
  definition.domain !== undefined &&
  (holdings.compute === "off" || holdings.compute === "prepared") &&
  Object.values(definition.services).some(({ route }) => route);

/** Partners allow-list these: they exist before the disaster, whatever uses them then. */
function reserved(stack: Stack, { zones, names }: Place, purpose: "Nat" | "Front"): ec2.CfnEIP[] {
  return zones.map((zone, at) => {
    const address = new ec2.CfnEIP(stack, `${purpose}Address${letter(at)}`, {
      domain: "vpc",
      tags: [{ key: "Name", value: names.stack(`${purpose.toLowerCase()}-${zone}`) }],
    });
    output(stack, `${purpose}Address${letter(at)}Ip`, address.attrPublicIp, `Elastic address (${purpose}) of ${zone}, for allow-lists.`);
    return address;
  });
}

/**
 * Ours rather than RDS's own: a managed master password forbids read replicas (docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html),
 * and the recovery region needs the same one under the same name.
 */
function databaseSecret(stack: Stack, { definition, names, other }: Place, keyId: string): void {
  const secret = new secretsmanager.CfnSecret(stack, "DatabaseSecret", {
    name: names.secret("database"),
    description: `Master user of ${definition.name}'s database`,
    kmsKeyId: keyId,
    generateSecretString: {
      secretStringTemplate: JSON.stringify({ username: "causeway", dbname: definition.database!.name }),
      generateStringKey: "password",
      passwordLength: 40,
      // What RDS refuses in a master password, and what a connection URL would need to escape.
      excludePunctuation: true,
    },
    replicaRegions: other && [{ region: other.region, kmsKeyId: replicaKeyArn(keyId, other.region) }],
  });
  acknowledge(
    secret,
    "AwsSolutions-SMG4",
    "Rotation needs a function inside the VPC; the runbook rotates the password while both regions' tasks restart.",
  );
}

function alarmTopic(stack: Stack, { definition, names }: Place, keyArn: string): string {
  const topic = new sns.CfnTopic(stack, "AlarmTopic", {
    topicName: names.stack("alarms"),
    displayName: `${definition.name} alarms`,
    kmsMasterKeyId: keyArn,
  });
  new sns.CfnTopicPolicy(stack, "AlarmTopicPolicy", {
    topics: [topic.ref],
    policyDocument: {
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "ServicesOfThisAccount",
          Effect: "Allow",
          Principal: { Service: ["cloudwatch.amazonaws.com", "backup.amazonaws.com", "budgets.amazonaws.com"] },
          Action: "sns:Publish",
          Resource: topic.ref,
          Condition: { StringEquals: { "aws:SourceAccount": stack.account } },
        },
        {
          // EventBridge sends no condition keys: docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
          Sid: "EventsOfThisAccount",
          Effect: "Allow",
          Principal: { Service: "events.amazonaws.com" },
          Action: "sns:Publish",
          Resource: topic.ref,
        },
        {
          Sid: "OnlyEncrypted",
          Effect: "Deny",
          Principal: "*",
          Action: "sns:Publish",
          Resource: topic.ref,
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        },
      ],
    },
  });
  definition.operations.notify.forEach((endpoint, at) => {
    new sns.CfnSubscription(stack, `AlarmMail${at + 1}`, { topicArn: topic.ref, protocol: "email", endpoint });
  });
  return topic.ref;
}
