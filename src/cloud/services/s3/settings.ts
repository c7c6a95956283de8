/** What can be set on a bucket. Stored here; lifecycle, replication and notifications act in a later part of the cloud. */
import type * as sdk from "@aws-sdk/client-s3";
import { AwsError, type Operations } from "../../service.ts";
import { findBucket, type Bucket, type Here, type State } from "./bucket.ts";

type Target = { Bucket: string; ExpectedBucketOwner?: string };

const missing = (code: string, message: string, { name }: Bucket) => new AwsError(code, message, 404, { BucketName: name });

function read(call: Here, { Bucket, ExpectedBucketOwner }: Target, setting: string, code: string, message: string): any {
  const bucket = findBucket(call, Bucket, ExpectedBucketOwner);
  const value = bucket.settings.get(setting);
  if (value === undefined) throw missing(code, message, bucket);
  return value;
}

function write(call: Here, { Bucket, ExpectedBucketOwner }: Target, setting: string, value: unknown): void {
  findBucket(call, Bucket, ExpectedBucketOwner).settings.set(setting, value);
}

const clear = (call: Here, { Bucket, ExpectedBucketOwner }: Target, setting: string): void => void findBucket(call, Bucket, ExpectedBucketOwner).settings.delete(setting);

const malformed = () => new AwsError("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema", 400);

export const settingOperations = {
  PutBucketCors(call, input) {
    const { CORSRules = [] } = input.CORSConfiguration;
    if (CORSRules.length === 0 || CORSRules.length > 100) throw malformed(); // at most 100 rules: API_PutBucketCors
    for (const method of CORSRules.flatMap(({ AllowedMethods }) => AllowedMethods ?? [])) {
      if (!/^(GET|PUT|HEAD|POST|DELETE)$/.test(method)) throw new AwsError("InvalidRequest", `Found unsupported HTTP method in CORS config. Unsupported method is ${method}`, 400);
    }
    write(call, input, "Cors", CORSRules);
  },
  GetBucketCors: (call, input) => ({ CORSRules: read(call, input, "Cors", "NoSuchCORSConfiguration", "The CORS configuration does not exist") }),
  DeleteBucketCors: (call, input) => clear(call, input, "Cors"),

  PutBucketLifecycleConfiguration(call, input) {
    const rules = input.LifecycleConfiguration?.Rules ?? [];
    checkLifecycle(rules);
    const TransitionDefaultMinimumObjectSize = input.TransitionDefaultMinimumObjectSize ?? "all_storage_classes_128K";
    write(call, input, "Lifecycle", { Rules: rules.map((rule, index) => ({ ...rule, ID: rule.ID ?? `rule-${index + 1}` })), TransitionDefaultMinimumObjectSize });
    return { TransitionDefaultMinimumObjectSize };
  },
  GetBucketLifecycleConfiguration: (call, input) => read(call, input, "Lifecycle", "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"),
  DeleteBucketLifecycle: (call, input) => clear(call, input, "Lifecycle"),

  PutBucketReplication(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    if (bucket.versioning !== "Enabled") throw new AwsError("InvalidRequest", "Versioning must be 'Enabled' on the bucket to apply a replication configuration", 400);
    for (const { Destination } of input.ReplicationConfiguration.Rules ?? []) {
      const target = call.state.buckets.get(Destination?.Bucket?.replace("arn:aws:s3:::", "") ?? "");
      if (!target) throw new AwsError("InvalidRequest", "Destination bucket must exist.", 400);
      if (target.versioning !== "Enabled") throw new AwsError("InvalidRequest", "Destination bucket must have versioning enabled.", 400);
    }
    bucket.settings.set("ReplicationConfiguration", input.ReplicationConfiguration);
  },
  GetBucketReplication: (call, input) => ({ ReplicationConfiguration: read(call, input, "ReplicationConfiguration", "ReplicationConfigurationNotFoundError", "The replication configuration was not found") }),
  DeleteBucketReplication: (call, input) => clear(call, input, "ReplicationConfiguration"),

  PutBucketEncryption(call, input) {
    const rules = input.ServerSideEncryptionConfiguration.Rules ?? [];
    if (rules.length !== 1) throw malformed();
    const applied = rules[0]!.ApplyServerSideEncryptionByDefault;
    if (applied?.KMSMasterKeyID && applied.SSEAlgorithm === "AES256") throw new AwsError("InvalidArgument", "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse", 400);
    write(call, input, "Encryption", { Rules: [{ BucketKeyEnabled: false, ...rules[0] }] });
  },
  // Every bucket encrypts since January 2023: docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html
  GetBucketEncryption(call, { Bucket, ExpectedBucketOwner }) {
    const { settings } = findBucket(call, Bucket, ExpectedBucketOwner);
    return { ServerSideEncryptionConfiguration: settings.get("Encryption") ?? { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" }, BucketKeyEnabled: false }] } };
  },
  DeleteBucketEncryption: (call, input) => clear(call, input, "Encryption"),

  PutBucketWebsite: (call, input) => write(call, input, "Website", input.WebsiteConfiguration),
  GetBucketWebsite: (call, input) => read(call, input, "Website", "NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration"),
  DeleteBucketWebsite: (call, input) => clear(call, input, "Website"),

  PutPublicAccessBlock(call, input) {
    const { BlockPublicAcls = false, IgnorePublicAcls = false, BlockPublicPolicy = false, RestrictPublicBuckets = false } = input.PublicAccessBlockConfiguration;
    write(call, input, "PublicAccessBlock", { BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets });
  },
  GetPublicAccessBlock: (call, input) => ({ PublicAccessBlockConfiguration: read(call, input, "PublicAccessBlock", "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found") }),
  DeletePublicAccessBlock: (call, input) => clear(call, input, "PublicAccessBlock"),

  PutBucketOwnershipControls: (call, input) => write(call, input, "OwnershipControls", input.OwnershipControls),
  GetBucketOwnershipControls: (call, input) => ({ OwnershipControls: read(call, input, "OwnershipControls", "OwnershipControlsNotFoundError", "The bucket ownership controls were not found") }),
  DeleteBucketOwnershipControls: (call, input) => clear(call, input, "OwnershipControls"),

  PutBucketNotificationConfiguration: (call, input) => write(call, input, "Notification", input.NotificationConfiguration),
  GetBucketNotificationConfiguration: (call, { Bucket, ExpectedBucketOwner }) => findBucket(call, Bucket, ExpectedBucketOwner).settings.get("Notification") ?? {},

  PutBucketLogging: (call, input) => write(call, input, "Logging", input.BucketLoggingStatus),
  GetBucketLogging: (call, { Bucket, ExpectedBucketOwner }) => findBucket(call, Bucket, ExpectedBucketOwner).settings.get("Logging") ?? {},

  PutBucketAccelerateConfiguration: (call, input) => write(call, input, "Accelerate", input.AccelerateConfiguration),
  GetBucketAccelerateConfiguration: (call, { Bucket, ExpectedBucketOwner }) => findBucket(call, Bucket, ExpectedBucketOwner).settings.get("Accelerate") ?? {},

  PutBucketRequestPayment: (call, input) => write(call, input, "RequestPayment", input.RequestPaymentConfiguration),
  GetBucketRequestPayment: (call, { Bucket, ExpectedBucketOwner }) => findBucket(call, Bucket, ExpectedBucketOwner).settings.get("RequestPayment") ?? { Payer: "BucketOwner" },

  PutObjectLockConfiguration(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    if (bucket.versioning !== "Enabled") throw new AwsError("InvalidBucketState", "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration", 409);
    if (input.ObjectLockConfiguration?.ObjectLockEnabled !== "Enabled") throw malformed();
    const retention = input.ObjectLockConfiguration.Rule?.DefaultRetention;
    if (retention && (retention.Days === undefined) === (retention.Years === undefined)) throw malformed();
    bucket.objectLock = true;
    bucket.settings.set("ObjectLockConfiguration", input.ObjectLockConfiguration);
  },
  GetObjectLockConfiguration: (call, input) => ({ ObjectLockConfiguration: read(call, input, "ObjectLockConfiguration", "ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket") }),

  PutBucketTagging(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    bucket.tags = tagsFrom(input.Tagging.TagSet ?? [], 50);
  },
  GetBucketTagging(call, { Bucket, ExpectedBucketOwner }) {
    const bucket = findBucket(call, Bucket, ExpectedBucketOwner);
    if (Object.keys(bucket.tags).length === 0) throw missing("NoSuchTagSet", "The TagSet does not exist", bucket);
    return { TagSet: tagSet(bucket.tags) };
  },
  DeleteBucketTagging(call, { Bucket, ExpectedBucketOwner }) {
    findBucket(call, Bucket, ExpectedBucketOwner).tags = {};
  },

  PutBucketPolicy(call, { Bucket, Policy, ExpectedBucketOwner }) {
    const bucket = findBucket(call, Bucket, ExpectedBucketOwner);
    checkPolicy(bucket, Policy);
    bucket.policy = Policy;
  },
  GetBucketPolicy(call, { Bucket, ExpectedBucketOwner }) {
    const bucket = findBucket(call, Bucket, ExpectedBucketOwner);
    if (bucket.policy === undefined) throw missing("NoSuchBucketPolicy", "The bucket policy does not exist", bucket);
    return { Policy: bucket.policy };
  },
  GetBucketPolicyStatus(call, { Bucket, ExpectedBucketOwner }) {
    const bucket = findBucket(call, Bucket, ExpectedBucketOwner);
    if (bucket.policy === undefined) throw missing("NoSuchBucketPolicy", "The bucket policy does not exist", bucket);
    return { PolicyStatus: { IsPublic: isPublic(bucket.policy) } };
  },
  DeleteBucketPolicy(call, { Bucket, ExpectedBucketOwner }) {
    findBucket(call, Bucket, ExpectedBucketOwner).policy = undefined;
  },
} satisfies Operations<sdk.S3, State>;

export const tagSet = (tags: Record<string, string>) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

export function tagsFrom(set: readonly { Key?: string; Value?: string }[], most: number): Record<string, string> {
  if (set.length > most) throw new AwsError("BadRequest", `Object tags cannot be greater than ${most}`, 400);
  const tags: Record<string, string> = {};
  for (const { Key = "", Value = "" } of set) {
    if (Key === "" || Key.length > 128) throw new AwsError("InvalidTag", "The TagKey you have provided is invalid", 400);
    if (Value.length > 256) throw new AwsError("InvalidTag", "The TagValue you have provided is invalid", 400);
    if (Key in tags) throw new AwsError("InvalidTag", "Cannot provide multiple Tags with the same key", 400);
    tags[Key] = Value;
  }
  return tags;
}

function checkLifecycle(rules: sdk.LifecycleRule[]): void {
  if (rules.length === 0 || rules.length > 1000) throw malformed(); // 1,000 rules: docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-set-lifecycle-configuration-intro.html
  const ids = rules.flatMap(({ ID }) => ID ?? []);
  if (new Set(ids).size < ids.length) throw new AwsError("InvalidArgument", "Rule ID must be unique. Found same ID for more than one rule", 400);
  for (const rule of rules) {
    if (rule.Status !== "Enabled" && rule.Status !== "Disabled") throw malformed();
    const acts = rule.Expiration ?? rule.Transitions ?? rule.NoncurrentVersionExpiration ?? rule.NoncurrentVersionTransitions ?? rule.AbortIncompleteMultipartUpload;
    if (!acts) throw new AwsError("InvalidRequest", "At least one action needs to be specified in a rule", 400);
    if (rule.Expiration?.Days !== undefined && rule.Expiration.Days <= 0) throw new AwsError("InvalidArgument", "'Days' for Expiration action must be a positive integer", 400);
    for (const { StorageClass, Days = 0 } of rule.Transitions ?? []) {
      // 30 days in Standard before the infrequent classes: lifecycle-transition-general-considerations.html
      if ((StorageClass === "STANDARD_IA" || StorageClass === "ONEZONE_IA") && Days < 30) {
        throw new AwsError("InvalidArgument", `'Days' in Transition action must be greater than or equal to 30 for storageClass '${StorageClass}'`, 400);
      }
    }
  }
}

type Statement = { Effect?: string; Principal?: unknown; Action?: unknown; NotAction?: unknown; Resource?: unknown; NotResource?: unknown; Condition?: object };

const listed = (value: unknown): unknown[] => (Array.isArray(value) ? value : value === undefined ? [] : [value]);

function statements(policy: string): Statement[] {
  return listed((JSON.parse(policy) as { Statement?: unknown }).Statement) as Statement[];
}

function checkPolicy(bucket: Bucket, policy: string): void {
  const malformedPolicy = (message: string) => new AwsError("MalformedPolicy", message, 400);
  // 20 KB: docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
  if (Buffer.byteLength(policy) > 20 * 1024) throw new AwsError("PolicyTooLarge", "Bucket policies are limited to 20 KB in size.", 400);
  let all: Statement[];
  try {
    all = statements(policy);
  } catch {
    throw malformedPolicy("Policies must be valid JSON and the first byte must be '{'");
  }
  if (all.length === 0) throw malformedPolicy("Missing required field Statement");
  for (const { Effect, Principal, Action, NotAction, Resource, NotResource } of all) {
    if (Effect !== "Allow" && Effect !== "Deny") throw malformedPolicy("Invalid effect");
    if (Principal === undefined) throw malformedPolicy("Missing required field Principal");
    if (Action === undefined && NotAction === undefined) throw malformedPolicy("Missing required field Action");
    const resources = listed(Resource ?? NotResource).map(String);
    if (resources.length === 0) throw malformedPolicy("Missing required field Resource");
    if (!resources.every((resource) => resource.startsWith(`arn:aws:s3:::${bucket.name}`) || /^arn:aws:s3:::[^/]*[*?]/.test(resource) || resource === "*")) throw malformedPolicy("Policy has invalid resource");
  }
  if (bucket.settings.get("PublicAccessBlock")?.BlockPublicPolicy && isPublic(policy)) throw new AwsError("AccessDenied", "Access Denied", 403);
}

/** An Allow for everybody without a condition: docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html */
function isPublic(policy: string): boolean {
  return statements(policy).some(({ Effect, Principal, Condition }) => {
    const everybody = Principal === "*" || (typeof Principal === "object" && listed((Principal as { AWS?: unknown } | null)?.AWS).includes("*"));
    return Effect === "Allow" && everybody && Condition === undefined;
  });
}
