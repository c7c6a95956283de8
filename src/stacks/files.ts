/** The buckets behind the file shares, and their replication to the other region. */
import { CfnCondition, CfnDeletionPolicy, CfnParameter, Fn, Token, type Stack } from "aws-cdk-lib";
import * as s3 from "aws-cdk-lib/aws-s3";
import { days } from "../kernel/units.ts";
import type { Share } from "../platform/definition.ts";
import { onlyTls } from "./foundation/buckets.ts";
import type { Files, Foundation } from "./parts.ts";
import { pascal, type Place } from "./place.ts";
import { allow, makeRole } from "./role.ts";
import { acknowledge, arn, bucketArn, roleArn, sub } from "./template.ts";

const replication = "replication";

const sharesOf = ({ definition }: Place): [string, Share][] => Object.entries(definition.files.shares);

/** The region's key by its alias, which the other region can name without knowing the key's id. */
const keyAliasArn = ({ names }: Place, region: string): string => arn("kms", names.keyAlias, region);

/** Reads here, writes there: these buckets, these keys, nothing else. */
export function filesRoles(stack: Stack, place: Place): void {
  const { names, region, other } = place;
  if (!other || sharesOf(place).length === 0) return;
  const here = sharesOf(place).map(([share]) => names.shareBucket(share, region));
  const there = sharesOf(place).map(([share]) => names.shareBucket(share, other.region));
  const objects = (buckets: string[]) => buckets.map((bucket) => bucketArn(`${bucket}/*`));
  const withKey = (action: string[], at: string) =>
    allow(action, arn("kms", "key/*", at), {
      "ForAnyValue:StringEquals": { "kms:ResourceAliases": names.keyAlias },
      StringEquals: { "kms:ViaService": `s3.${at}.amazonaws.com` },
    });
  const role = makeRole(stack, "ReplicationRole", place, replication, {
    service: ["s3.amazonaws.com", "batchoperations.s3.amazonaws.com"],
    statements: [
      allow(["s3:GetReplicationConfiguration", "s3:ListBucket", "s3:PutInventoryConfiguration"], here.map(bucketArn)),
      // docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html; InitiateReplication is the batch job's, for older objects
      allow(
        [
          "s3:GetObjectVersionForReplication",
          "s3:GetObjectVersionAcl",
          "s3:GetObjectVersionTagging",
          "s3:GetObjectRetention",
          "s3:GetObjectLegalHold",
          "s3:InitiateReplication",
        ],
        objects(here),
      ),
      allow(["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"], objects(there)),
      withKey(["kms:Decrypt"], region),
      withKey(["kms:Encrypt", "kms:GenerateDataKey"], other.region),
    ],
  });
  acknowledge(
    role,
    "AwsSolutions-IAM5",
    "Every object of these buckets, and the one key that carries the platform's alias: its id is AWS's choice.",
  );
}

export function files(stack: Stack, place: Place, { foundation }: { foundation: Foundation }): Files {
  const { names, region } = place;
  const back = place.role === "recovery" ? replicateBack(stack, place) : undefined;
  const buckets = sharesOf(place).map(([name, share]) => {
    const bucketName = names.shareBucket(name, region);
    const bucket = new s3.CfnBucket(stack, `${pascal(name)}Bucket`, {
      bucketName: sub(bucketName),
      ...settings(place, name, share, foundation),
      replicationConfiguration: replicationOf(place, name, share, back),
    });
    bucket.cfnOptions.deletionPolicy = bucket.cfnOptions.updateReplacePolicy = CfnDeletionPolicy.RETAIN;
    new s3.CfnBucketPolicy(stack, `${pascal(name)}BucketPolicy`, {
      bucket: bucket.ref,
      policyDocument: {
        Version: "2012-10-17",
        Statement: [onlyTls(bucket.attrArn)],
      },
    });
    return [name, { name: bucket.ref, arn: bucket.attrArn }] as const;
  });
  return { buckets: Object.fromEntries(buckets) };
}

function settings(place: Place, name: string, share: Share, { keyArn }: Foundation): Partial<s3.CfnBucketProps> {
  return {
    versioningConfiguration: { status: "Enabled" },
    publicAccessBlockConfiguration: { blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
    ownershipControls: { rules: [{ objectOwnership: "BucketOwnerEnforced" }] },
    bucketEncryption: {
      serverSideEncryptionConfiguration: [
        { bucketKeyEnabled: true, serverSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: keyArn } },
      ],
    },
    loggingConfiguration: { destinationBucketName: sub(place.names.logBucket(place.region)), logFilePrefix: `buckets/${name}/` },
    notificationConfiguration: { eventBridgeConfiguration: { eventBridgeEnabled: true } },
    lifecycleConfiguration: { rules: lifecycle(share) },
    ...(share.lock && {
      objectLockEnabled: true,
      objectLockConfiguration: {
        objectLockEnabled: "Enabled",
        rule: { defaultRetention: { mode: "GOVERNANCE", days: share.lock / days(1) } },
      },
    }),
    tags: [{ key: "causeway:backup", value: "all" }],
  };
}

/** No archive tiers: a file that has to be restored first is an error to whoever reads it over NFS. */
function lifecycle({ tiering, versions }: Share): s3.CfnBucket.RuleProperty[] {
  return [
    ...(tiering === "intelligent"
      ? [{ id: "IntelligentTiering", status: "Enabled", transitions: [{ storageClass: "INTELLIGENT_TIERING", transitionInDays: 0 }] }]
      : []),
    {
      id: "OldVersions",
      status: "Enabled",
      noncurrentVersionExpiration: { noncurrentDays: versions / days(1) },
      expiredObjectDeleteMarker: true,
      abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
    },
  ];
}

/** S3 refuses a rule to a bucket that is not there yet. The recovery region's buckets come first, so their way back is switched on afterwards. */
function replicateBack(stack: Stack, { holdings }: Place): CfnCondition {
  const parameter = new CfnParameter(stack, "ReplicateBack", {
    type: "String",
    default: "false",
    allowedValues: ["true", "false"],
    description: `true: these buckets replicate to the primary region. ${holdings.files === "writable" ? "Set it once the primary region's buckets are there." : "For the time after a recovery."}`,
  });
  return new CfnCondition(stack, "Replicating", { expression: Fn.conditionEquals(parameter.valueAsString, "true") });
}

function replicationOf(
  place: Place,
  name: string,
  share: Share,
  condition: CfnCondition | undefined,
): s3.CfnBucketProps["replicationConfiguration"] {
  const { names, other } = place;
  if (!other || (place.role === "primary" && other.holdings.files === "absent")) return undefined;
  const within = { minutes: 15 }; // S3 Replication Time Control: docs.aws.amazon.com/AmazonS3/latest/userguide/replication-time-control.html
  const rule = {
    id: "ToOtherRegion",
    status: "Enabled",
    priority: 1,
    filter: { prefix: "" },
    deleteMarkerReplication: { status: "Enabled" },
    sourceSelectionCriteria: { replicaModifications: { status: "Enabled" }, sseKmsEncryptedObjects: { status: "Enabled" } },
    destination: {
      bucket: bucketArn(names.shareBucket(name, other.region)),
      encryptionConfiguration: { replicaKmsKeyId: keyAliasArn(place, other.region) },
      storageClass: share.tiering === "intelligent" ? "INTELLIGENT_TIERING" : "STANDARD",
      metrics: { status: "Enabled", eventThreshold: within },
      replicationTime: { status: "Enabled", time: within },
    },
  } satisfies s3.CfnBucket.ReplicationRuleProperty;
  const configuration: s3.CfnBucket.ReplicationConfigurationProperty = { role: roleArn(place, replication), rules: [rule] };
  return condition ? Token.asAny(Fn.conditionIf(condition.logicalId, renderedRule(configuration), { Ref: "AWS::NoValue" })) : configuration;
}

/** Inside `Fn::If` the CDK does not translate names, so CloudFormation's own are written. */
function renderedRule(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(renderedRule);
  if (typeof value !== "object" || value === null || Token.isUnresolved(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key === "id" ? "Id" : key === "replicaKmsKeyId" ? "ReplicaKmsKeyID" : key[0]!.toUpperCase() + key.slice(1),
      renderedRule(inner),
    ]),
  );
}
