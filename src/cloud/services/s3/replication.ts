/** Replication rules: checked and kept; they act in a later part of the cloud. docs.aws.amazon.com/AmazonS3/latest/userguide/replication.html */
import type * as sdk from "@aws-sdk/client-s3";
import { findBucket, type Bucket, type Here, type S3Operations } from "./bucket.ts";
import { invalidArgument, invalidRequest, malformedXml, missing } from "./refusals.ts";

// docs.aws.amazon.com/AmazonS3/latest/API/API_ReplicationConfiguration.html: 1,000 rules
const RULES_MAX = 1000;

function checkRule(call: Here, bucket: Bucket, rule: sdk.ReplicationRule): void {
  const { Status, Destination, Filter, Prefix, Priority, DeleteMarkerReplication, ID } = rule;
  if ((Status !== "Enabled" && Status !== "Disabled") || !Destination?.Bucket) throw malformedXml();
  if (Filter && Prefix !== undefined) throw malformedXml();
  if (ID !== undefined && ID.length > 255) throw invalidArgument("ID length should not exceed allowed limit of 255", "ID", ID);
  // With a Filter it is the second version of the schema, which wants these two said.
  if (Filter && DeleteMarkerReplication === undefined) {
    throw invalidRequest(
      "DeleteMarkerReplication must be specified for this version of Cross Region Replication configuration schema. Please refer to S3 Developer Guide for more information.",
    );
  }
  if (Filter && Priority === undefined) {
    throw invalidRequest(
      "Priority must be specified for this version of Cross Region Replication configuration schema. Please refer to S3 Developer Guide for more information.",
    );
  }
  // S3-11: not for rules that choose by tag
  if (DeleteMarkerReplication?.Status === "Enabled" && (Filter?.Tag ?? Filter?.And?.Tags)) {
    throw invalidRequest(
      "Delete marker replication is not supported if any Tag filter is specified. Please refer to S3 Developer Guide for more information.",
    );
  }
  checkDestination(call, bucket, Destination);
}

function checkDestination(call: Here, bucket: Bucket, destination: sdk.Destination): void {
  const [, name] = /^arn:aws:s3:::([^/]+)$/.exec(destination.Bucket ?? "") ?? [];
  if (name === undefined) throw invalidArgument("Invalid bucket ARN.", "Bucket", destination.Bucket);
  const target = call.state.buckets.get(name);
  if (!target) throw invalidRequest("Destination bucket must exist.");
  if (target === bucket) throw invalidRequest("Destination bucket cannot be the same as the source bucket.");
  if (target.versioning !== "Enabled") throw invalidRequest("Destination bucket must have versioning enabled.");
  if (bucket.objectLock && !target.objectLock) {
    throw invalidRequest("Destination bucket must have Object Lock enabled because the source bucket has Object Lock enabled.");
  }
  const { ReplicationTime, Metrics } = destination;
  // 15 is the one value: API_ReplicationTimeValue
  if (ReplicationTime?.Status === "Enabled" && (ReplicationTime.Time?.Minutes !== 15 || Metrics?.Status !== "Enabled"))
    throw malformedXml();
}

export const replicationOperations = {
  PutBucketReplication(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    const { Role, Rules = [] } = input.ReplicationConfiguration;
    if (bucket.versioning !== "Enabled")
      throw invalidRequest("Versioning must be 'Enabled' on the bucket to apply a replication configuration");
    if (!Role || Rules.length === 0) throw malformedXml();
    if (!/^arn:aws:iam::\d{12}:role\/.+$/.test(Role)) throw invalidArgument("Invalid ARN for the replication role.", "Role", Role);
    if (Rules.length > RULES_MAX)
      throw invalidRequest(`The number of replication rules must not exceed the allowed limit of ${RULES_MAX} rules.`);
    for (const rule of Rules) checkRule(call, bucket, rule);
    const ids = Rules.flatMap(({ ID }) => ID ?? []);
    if (new Set(ids).size < ids.length)
      throw invalidArgument(
        "Rule Id must be unique",
        "ID",
        ids.find((id, index) => ids.indexOf(id) !== index),
      );
    const priorities = Rules.flatMap(({ Priority }) => Priority ?? []);
    if (new Set(priorities).size < priorities.length)
      throw invalidRequest("Found duplicate priority. Each rule must have a unique priority.");
    const named = Rules.map((rule) => ({ ...rule, ID: rule.ID || Buffer.from(call.uuid()).toString("base64url") }));
    bucket.settings.set("ReplicationConfiguration", { Role, Rules: named });
  },
  GetBucketReplication(call, { Bucket, ExpectedBucketOwner }) {
    const ReplicationConfiguration = findBucket(call, Bucket, ExpectedBucketOwner).settings.get("ReplicationConfiguration");
    if (ReplicationConfiguration) return { ReplicationConfiguration };
    throw missing("ReplicationConfigurationNotFoundError", "The replication configuration was not found", Bucket);
  },
  DeleteBucketReplication(call, { Bucket, ExpectedBucketOwner }) {
    findBucket(call, Bucket, ExpectedBucketOwner).settings.delete("ReplicationConfiguration");
  },
} satisfies S3Operations;
