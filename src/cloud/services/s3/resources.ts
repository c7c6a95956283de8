/** CloudFormation: AWS::S3::Bucket and AWS::S3::BucketPolicy. docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html */
import { AwsError, resource, type Call, type Properties, type Stack } from "../../service.ts";
import { state, type Bucket, type Here } from "./bucket.ts";
import { bucketOperations } from "./buckets.ts";
import { settingOperations } from "./settings.ts";

type Put = (call: Here, Bucket: string, value: any) => void;
type Drop = (call: Here, Bucket: string) => void;

/** Property → how it is set and unset. Their shapes are those of the API but for the names said here. */
const settings: Record<string, [Put, Drop]> = {
  BucketEncryption: [
    (call, Bucket, value) =>
      settingOperations.PutBucketEncryption(call, { Bucket, ServerSideEncryptionConfiguration: { Rules: value.ServerSideEncryptionConfiguration.map((rule: any) => ({ ApplyServerSideEncryptionByDefault: rule.ServerSideEncryptionByDefault, BucketKeyEnabled: truth(rule.BucketKeyEnabled) })) } }),
    (call, Bucket) => settingOperations.DeleteBucketEncryption(call, { Bucket }),
  ],
  CorsConfiguration: [
    (call, Bucket, value) => settingOperations.PutBucketCors(call, { Bucket, CORSConfiguration: { CORSRules: value.CorsRules.map((rule: any) => ({ ID: rule.Id, AllowedHeaders: rule.AllowedHeaders, AllowedMethods: rule.AllowedMethods, AllowedOrigins: rule.AllowedOrigins, ExposeHeaders: rule.ExposedHeaders, MaxAgeSeconds: number(rule.MaxAge) })) } }),
    (call, Bucket) => settingOperations.DeleteBucketCors(call, { Bucket }),
  ],
  LifecycleConfiguration: [(call, Bucket, value) => void settingOperations.PutBucketLifecycleConfiguration(call, { Bucket, LifecycleConfiguration: { Rules: value.Rules.map(lifecycleRule) } }), (call, Bucket) => settingOperations.DeleteBucketLifecycle(call, { Bucket })],
  PublicAccessBlockConfiguration: [
    (call, Bucket, value) => settingOperations.PutPublicAccessBlock(call, { Bucket, PublicAccessBlockConfiguration: Object.fromEntries(Object.entries(value).map(([name, each]) => [name, truth(each)])) }),
    (call, Bucket) => settingOperations.DeletePublicAccessBlock(call, { Bucket }),
  ],
  OwnershipControls: [(call, Bucket, value) => settingOperations.PutBucketOwnershipControls(call, { Bucket, OwnershipControls: value }), (call, Bucket) => settingOperations.DeleteBucketOwnershipControls(call, { Bucket })],
  WebsiteConfiguration: [
    (call, Bucket, value) =>
      settingOperations.PutBucketWebsite(call, { Bucket, WebsiteConfiguration: { IndexDocument: value.IndexDocument && { Suffix: value.IndexDocument }, ErrorDocument: value.ErrorDocument && { Key: value.ErrorDocument }, RedirectAllRequestsTo: value.RedirectAllRequestsTo, RoutingRules: value.RoutingRules } }),
    (call, Bucket) => settingOperations.DeleteBucketWebsite(call, { Bucket }),
  ],
  LoggingConfiguration: [
    (call, Bucket, value) => settingOperations.PutBucketLogging(call, { Bucket, BucketLoggingStatus: { LoggingEnabled: { TargetBucket: value.DestinationBucketName ?? Bucket, TargetPrefix: value.LogFilePrefix ?? "" } } }),
    (call, Bucket) => settingOperations.PutBucketLogging(call, { Bucket, BucketLoggingStatus: {} }),
  ],
  AccelerateConfiguration: [
    (call, Bucket, value) => settingOperations.PutBucketAccelerateConfiguration(call, { Bucket, AccelerateConfiguration: { Status: value.AccelerationStatus } }),
    (call, Bucket) => settingOperations.PutBucketAccelerateConfiguration(call, { Bucket, AccelerateConfiguration: { Status: "Suspended" } }),
  ],
  NotificationConfiguration: [(call, Bucket, value) => settingOperations.PutBucketNotificationConfiguration(call, { Bucket, NotificationConfiguration: notifications(value) }), (call, Bucket) => settingOperations.PutBucketNotificationConfiguration(call, { Bucket, NotificationConfiguration: {} })],
  ReplicationConfiguration: [(call, Bucket, value) => settingOperations.PutBucketReplication(call, { Bucket, ReplicationConfiguration: replication(value) }), (call, Bucket) => settingOperations.DeleteBucketReplication(call, { Bucket })],
  ObjectLockConfiguration: [(call, Bucket, value) => settingOperations.PutObjectLockConfiguration(call, { Bucket, ObjectLockConfiguration: lock(value) }), (call, Bucket) => settingOperations.PutObjectLockConfiguration(call, { Bucket, ObjectLockConfiguration: { ObjectLockEnabled: "Enabled" } })],
  IntelligentTieringConfigurations: [
    (call, Bucket, value) => void own(call, Bucket).settings.set("IntelligentTiering", Object.fromEntries(value.map(({ Tierings, ...rest }: any) => [rest.Id, { ...rest, Tierings: Tierings.map(({ AccessTier, Days }: any) => ({ AccessTier, Days: number(Days) })) }]))),
    (call, Bucket) => void own(call, Bucket).settings.delete("IntelligentTiering"),
  ],
};

const truth = (value: unknown) => (value === undefined ? undefined : value === true || value === "true");
const number = (value: unknown) => (value === undefined ? undefined : Number(value));

function own(call: Here, name: string): Bucket {
  return call.state.buckets.get(name)!;
}

function lifecycleRule(rule: any): any {
  const transition = (each: any) => ({ StorageClass: each.StorageClass, Days: number(each.TransitionInDays), Date: each.TransitionDate && new Date(each.TransitionDate) });
  const expires = rule.ExpirationInDays ?? rule.ExpirationDate ?? rule.ExpiredObjectDeleteMarker;
  return {
    ID: rule.Id,
    Status: rule.Status,
    Filter: { Prefix: rule.Prefix ?? "" },
    Expiration: expires === undefined ? undefined : { Days: number(rule.ExpirationInDays), Date: rule.ExpirationDate && new Date(rule.ExpirationDate), ExpiredObjectDeleteMarker: truth(rule.ExpiredObjectDeleteMarker) },
    Transitions: (rule.Transitions ?? (rule.Transition && [rule.Transition]))?.map(transition),
    NoncurrentVersionExpiration: rule.NoncurrentVersionExpiration
      ? { NoncurrentDays: number(rule.NoncurrentVersionExpiration.NoncurrentDays), NewerNoncurrentVersions: number(rule.NoncurrentVersionExpiration.NewerNoncurrentVersions) }
      : rule.NoncurrentVersionExpirationInDays && { NoncurrentDays: number(rule.NoncurrentVersionExpirationInDays) },
    NoncurrentVersionTransitions: rule.NoncurrentVersionTransitions?.map((each: any) => ({ StorageClass: each.StorageClass, NoncurrentDays: number(each.TransitionInDays) })),
    AbortIncompleteMultipartUpload: rule.AbortIncompleteMultipartUpload && { DaysAfterInitiation: number(rule.AbortIncompleteMultipartUpload.DaysAfterInitiation) },
  };
}

function notifications(value: any): any {
  const filter = (each: any) => each.Filter && { Key: { FilterRules: each.Filter.S3Key.Rules } };
  return {
    EventBridgeConfiguration: value.EventBridgeConfiguration && {},
    QueueConfigurations: value.QueueConfigurations?.map((each: any) => ({ Events: [each.Event], QueueArn: each.Queue, Filter: filter(each) })),
    TopicConfigurations: value.TopicConfigurations?.map((each: any) => ({ Events: [each.Event], TopicArn: each.Topic, Filter: filter(each) })),
    LambdaFunctionConfigurations: value.LambdaConfigurations?.map((each: any) => ({ Events: [each.Event], LambdaFunctionArn: each.Function, Filter: filter(each) })),
  };
}

function replication(value: any): any {
  return { Role: value.Role, Rules: value.Rules.map(({ Id, Priority, ...rest }: any) => ({ ...rest, ID: Id, Priority: number(Priority) })) };
}

function lock(value: any): any {
  const byDefault = value.Rule?.DefaultRetention;
  return { ObjectLockEnabled: value.ObjectLockEnabled ?? "Enabled", Rule: byDefault && { DefaultRetention: { Mode: byDefault.Mode, Days: number(byDefault.Days), Years: number(byDefault.Years) } } };
}

const tagsFor = (properties: Properties, stack: Stack) => ({ ...stack.tags, ...Object.fromEntries((properties.Tags ?? []).map(({ Key, Value }: any) => [Key, String(Value)])) });

/** Puts every property that is set, and unsets what was set before and is no longer. */
function apply(call: Here, name: string, properties: Properties, previous: Properties, stack: Stack): void {
  const bucket = own(call, name);
  const versioning = properties.VersioningConfiguration?.Status;
  if (versioning) bucketOperations.PutBucketVersioning(call, { Bucket: name, VersioningConfiguration: { Status: versioning } });
  else if (previous.VersioningConfiguration && bucket.versioning === "Enabled") bucketOperations.PutBucketVersioning(call, { Bucket: name, VersioningConfiguration: { Status: "Suspended" } });
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
        WebsiteURL: `http://${id}.s3-website${region === "us-east-1" ? "-" : "."}${region}.amazonaws.com`,
      };
    },
    read(call: Call, id) {
      const bucket = (call as Here).state.buckets.get(id);
      if (!bucket) return undefined;
      return { BucketName: id, VersioningConfiguration: bucket.versioning && { Status: bucket.versioning }, PublicAccessBlockConfiguration: bucket.settings.get("PublicAccessBlock") };
    },
  }),
  "AWS::S3::BucketPolicy": resource({
    create(call: Call, { Bucket, PolicyDocument }) {
      settingOperations.PutBucketPolicy(call as Here, { Bucket, Policy: JSON.stringify(PolicyDocument) });
      return Bucket;
    },
    update: (call: Call, id, { PolicyDocument }) => settingOperations.PutBucketPolicy(call as Here, { Bucket: id, Policy: JSON.stringify(PolicyDocument) }),
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
