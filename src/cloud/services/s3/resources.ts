/** CloudFormation: AWS::S3::Bucket and AWS::S3::BucketPolicy. docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html */
import { AwsError, resource, type Call, type Properties, type Stack } from "../../service.ts";
import { state, type Bucket, type Here } from "./bucket.ts";
import { bucketOperations } from "./buckets.ts";
import { aclOperations } from "./acl.ts";
import { encryptionOperations } from "./encryption.ts";
import { lifecycleOperations } from "./lifecycle.ts";
import { notificationOperations } from "./notifications.ts";
import { replicationOperations } from "./replication.ts";
import { lockOperations } from "./lock.ts";
import { policyOperations } from "./policy.ts";
import { settingOperations } from "./settings.ts";
import { bucketTags } from "./tagging.ts";
import {
  analytics,
  inventory,
  lifecycleRule,
  lock,
  metrics,
  notifications,
  number,
  replication,
  tiering,
  truth,
  website,
} from "./template-shapes.ts";

type Put = (call: Here, Bucket: string, value: any) => void;
type Drop = (call: Here, Bucket: string) => void;

/** A property that is a list of settings with ids. */
const named = (setting: string, shape: (value: any) => any): [Put, Drop] => [
  (call, Bucket, value) =>
    void own(call, Bucket).settings.set(setting, Object.fromEntries(value.map((each: any) => [each.Id, shape(each)]))),
  (call, Bucket) => void own(call, Bucket).settings.delete(setting),
];

/** `BucketOwnerFullControl` → `bucket-owner-full-control`. Every new bucket is private, so that this asks for nothing. */
function putAcl(call: Here, Bucket: string, value: string): void {
  if (value === "Private" && !own(call, Bucket).settings.has("Acl")) return;
  aclOperations.PutBucketAcl(call, { Bucket, ACL: value.replace(/(?!^)[A-Z]/g, "-$&").toLowerCase() as "private" });
}

/** Property → how it is set and unset. Their shapes are those of the API but for the names said here. */
const settings: Record<string, [Put, Drop]> = {
  BucketEncryption: [
    (call, Bucket, value) =>
      encryptionOperations.PutBucketEncryption(call, {
        Bucket,
        ServerSideEncryptionConfiguration: {
          Rules: value.ServerSideEncryptionConfiguration.map((rule: any) => ({
            ApplyServerSideEncryptionByDefault: rule.ServerSideEncryptionByDefault,
            BucketKeyEnabled: truth(rule.BucketKeyEnabled),
            BlockedEncryptionTypes: rule.BlockedEncryptionTypes,
          })),
        },
      }),
    (call, Bucket) => encryptionOperations.DeleteBucketEncryption(call, { Bucket }),
  ],
  CorsConfiguration: [
    (call, Bucket, value) =>
      settingOperations.PutBucketCors(call, {
        Bucket,
        CORSConfiguration: {
          CORSRules: value.CorsRules.map((rule: any) => ({
            ID: rule.Id,
            AllowedHeaders: rule.AllowedHeaders,
            AllowedMethods: rule.AllowedMethods,
            AllowedOrigins: rule.AllowedOrigins,
            ExposeHeaders: rule.ExposedHeaders,
            MaxAgeSeconds: number(rule.MaxAge),
          })),
        },
      }),
    (call, Bucket) => settingOperations.DeleteBucketCors(call, { Bucket }),
  ],
  LifecycleConfiguration: [
    (call, Bucket, value) =>
      void lifecycleOperations.PutBucketLifecycleConfiguration(call, {
        Bucket,
        LifecycleConfiguration: { Rules: value.Rules.map(lifecycleRule) },
        TransitionDefaultMinimumObjectSize: value.TransitionDefaultMinimumObjectSize,
      }),
    (call, Bucket) => lifecycleOperations.DeleteBucketLifecycle(call, { Bucket }),
  ],
  PublicAccessBlockConfiguration: [
    (call, Bucket, value) =>
      settingOperations.PutPublicAccessBlock(call, {
        Bucket,
        PublicAccessBlockConfiguration: Object.fromEntries(Object.entries(value).map(([name, each]) => [name, truth(each)])),
      }),
    (call, Bucket) => settingOperations.DeletePublicAccessBlock(call, { Bucket }),
  ],
  OwnershipControls: [
    (call, Bucket, value) => settingOperations.PutBucketOwnershipControls(call, { Bucket, OwnershipControls: value }),
    (call, Bucket) => settingOperations.DeleteBucketOwnershipControls(call, { Bucket }),
  ],
  WebsiteConfiguration: [
    (call, Bucket, value) => settingOperations.PutBucketWebsite(call, { Bucket, WebsiteConfiguration: website(value) }),
    (call, Bucket) => settingOperations.DeleteBucketWebsite(call, { Bucket }),
  ],
  LoggingConfiguration: [
    (call, Bucket, value) =>
      settingOperations.PutBucketLogging(call, {
        Bucket,
        BucketLoggingStatus: {
          LoggingEnabled: {
            TargetBucket: value.DestinationBucketName ?? Bucket,
            TargetPrefix: value.LogFilePrefix ?? "",
            TargetObjectKeyFormat: value.TargetObjectKeyFormat,
          },
        },
      }),
    (call, Bucket) => settingOperations.PutBucketLogging(call, { Bucket, BucketLoggingStatus: {} }),
  ],
  AccelerateConfiguration: [
    (call, Bucket, value) =>
      settingOperations.PutBucketAccelerateConfiguration(call, { Bucket, AccelerateConfiguration: { Status: value.AccelerationStatus } }),
    (call, Bucket) =>
      settingOperations.PutBucketAccelerateConfiguration(call, { Bucket, AccelerateConfiguration: { Status: "Suspended" } }),
  ],
  NotificationConfiguration: [
    (call, Bucket, value) =>
      notificationOperations.PutBucketNotificationConfiguration(call, { Bucket, NotificationConfiguration: notifications(value) }),
    (call, Bucket) => notificationOperations.PutBucketNotificationConfiguration(call, { Bucket, NotificationConfiguration: {} }),
  ],
  ReplicationConfiguration: [
    (call, Bucket, value) => replicationOperations.PutBucketReplication(call, { Bucket, ReplicationConfiguration: replication(value) }),
    (call, Bucket) => replicationOperations.DeleteBucketReplication(call, { Bucket }),
  ],
  ObjectLockConfiguration: [
    (call, Bucket, value) => lockOperations.PutObjectLockConfiguration(call, { Bucket, ObjectLockConfiguration: lock(value) }),
    (call, Bucket) =>
      lockOperations.PutObjectLockConfiguration(call, { Bucket, ObjectLockConfiguration: { ObjectLockEnabled: "Enabled" } }),
  ],
  IntelligentTieringConfigurations: named("IntelligentTiering", tiering),
  InventoryConfigurations: named("Inventory", inventory),
  AnalyticsConfigurations: named("Analytics", analytics),
  MetricsConfigurations: named("Metrics", metrics),
  AccessControl: [(call, Bucket, value) => putAcl(call, Bucket, value), (call, Bucket) => putAcl(call, Bucket, "Private")],
};

function own(call: Here, name: string): Bucket {
  return call.state.buckets.get(name)!;
}

const tagsFor = (properties: Properties, stack: Stack) => ({
  ...stack.tags,
  ...bucketTags((properties.Tags ?? []).map(({ Key, Value }: any) => ({ Key, Value: String(Value) }))),
});

const OTHERS = new Set(["BucketName", "VersioningConfiguration", "ObjectLockEnabled", "Tags"]);

/** What is not carried out is refused by its name. */
function checkKnown(properties: Properties): void {
  const unknown = Object.keys(properties).find((name) => !(name in settings) && !OTHERS.has(name));
  if (unknown) throw new AwsError("NotImplemented", `Causeway does not emulate ${unknown} of AWS::S3::Bucket.`, 501);
}

/** Puts every property that is set, and unsets what was set before and is no longer. */
function apply(call: Here, name: string, properties: Properties, previous: Properties, stack: Stack): void {
  checkKnown(properties);
  const bucket = own(call, name);
  const versioning = properties.VersioningConfiguration?.Status;
  if (versioning) bucketOperations.PutBucketVersioning(call, { Bucket: name, VersioningConfiguration: { Status: versioning } });
  else if (previous.VersioningConfiguration && bucket.versioning === "Enabled")
    bucketOperations.PutBucketVersioning(call, { Bucket: name, VersioningConfiguration: { Status: "Suspended" } });
  for (const [property, [put, drop]] of Object.entries(settings)) {
    if (properties[property] !== undefined) put(call, name, properties[property]);
    else if (previous[property] !== undefined) drop(call, name);
  }
  bucket.tags = tagsFor(properties, stack);
}

/** Tries on a bucket that nobody sees, so that a refusal leaves nothing half made. */
function rehearse(call: Here, bucket: Bucket, properties: Properties, previous: Properties, stack: Stack): void {
  const buckets = new Map(call.state.buckets);
  buckets.set(bucket.name, { ...bucket, settings: new Map(bucket.settings) });
  const trial = Object.create(call, { state: { value: { ...state(), buckets } } }) as Here;
  apply(trial, bucket.name, properties, previous, stack);
}

/** The older regions, whose website endpoints have a dash before the region: docs.aws.amazon.com/general/latest/gr/s3.html */
const DASHED = new Set([
  "us-east-1",
  "us-west-1",
  "us-west-2",
  "ap-southeast-1",
  "ap-southeast-2",
  "ap-northeast-1",
  "eu-west-1",
  "sa-east-1",
]);

export const resources = {
  "AWS::S3::Bucket": resource({
    create(call: Call, properties, stack) {
      const Bucket = properties.BucketName ?? stack.generatedName(63).toLowerCase();
      const input = {
        Bucket,
        CreateBucketConfiguration: call.region === "us-east-1" ? undefined : { LocationConstraint: call.region as "eu-west-1" },
        ObjectLockEnabledForBucket: truth(properties.ObjectLockEnabled),
      };
      if (call.state.buckets.has(Bucket)) throw new AwsError("AlreadyExists", `${Bucket} already exists`, 409);
      // A trial of everything on a copy of the state, then the same in earnest.
      const trial = Object.create(call, { state: { value: { buckets: new Map(call.state.buckets) } } }) as Here;
      bucketOperations.CreateBucket(trial, input);
      apply(trial, Bucket, properties, {}, stack);
      call.state.buckets.set(Bucket, trial.state.buckets.get(Bucket)!);
      return Bucket;
    },
    update(call: Call, id, properties, previous, stack) {
      const bucket = call.state.buckets.get(id);
      if (!bucket) throw new AwsError("NotFound", `Bucket ${id} does not exist`, 404);
      rehearse(call, bucket, properties, previous, stack);
      apply(call, id, properties, previous, stack);
    },
    delete(call: Call, id) {
      if (call.state.buckets.has(id)) bucketOperations.DeleteBucket(call as Here, { Bucket: id });
    },
    attributes: (call, id) => {
      const region = (call as Here).state.buckets.get(id)?.region ?? call.region;
      return {
        Arn: `arn:aws:s3:::${id}`,
        DomainName: `${id}.s3.amazonaws.com`,
        DualStackDomainName: `${id}.s3.dualstack.${region}.amazonaws.com`,
        RegionalDomainName: `${id}.s3.${region}.amazonaws.com`,
        WebsiteURL: `http://${id}.s3-website${DASHED.has(region) ? "-" : "."}${region}.amazonaws.com`,
      };
    },
    read(call: Call, id) {
      const bucket = (call as Here).state.buckets.get(id);
      if (!bucket) return undefined;
      return {
        BucketName: id,
        VersioningConfiguration: bucket.versioning && { Status: bucket.versioning },
        PublicAccessBlockConfiguration: bucket.settings.get("PublicAccessBlock"),
      };
    },
  }),
  "AWS::S3::BucketPolicy": resource({
    create(call: Call, { Bucket, PolicyDocument }) {
      policyOperations.PutBucketPolicy(call as Here, { Bucket, Policy: JSON.stringify(PolicyDocument) });
      return Bucket;
    },
    update: (call: Call, id, { PolicyDocument }) =>
      policyOperations.PutBucketPolicy(call as Here, { Bucket: id, Policy: JSON.stringify(PolicyDocument) }),
    delete(call: Call, id) {
      const bucket = (call as Here).state.buckets.get(id);
      if (bucket) bucket.policy = undefined;
    },
    read: (call: Call, id) => {
      const policy = (call as Here).state.buckets.get(id)?.policy;
      return policy === undefined ? undefined : { Bucket: id, PolicyDocument: JSON.parse(policy) };
    },
  }),
};
