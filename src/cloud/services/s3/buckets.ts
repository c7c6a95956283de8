/** Buckets: names, regions, making and removing them. docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
import type * as sdk from "@aws-sdk/client-s3";
import { AwsError, type Operations } from "../../service.ts";
import { canonicalId, elsewhere, findBucket, noSuchBucket, ownerOf, type Bucket, type Here, type State } from "./bucket.ts";

// docs.aws.amazon.com/AmazonS3/latest/userguide/BucketRestrictions.html: 10,000 by default
const BUCKETS_MAX = 10_000;

export function checkName(name: string): void {
  const fits = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) && !name.includes("..") && !/^\d+\.\d+\.\d+\.\d+$/.test(name);
  const reserved = /^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/.test(name);
  if (!fits || reserved) throw new AwsError("InvalidBucketName", "The specified bucket is not valid.", 400, { BucketName: name });
}

/** Checks everything and answers what is to be kept. */
export function newBucket(call: Here, { Bucket: name, CreateBucketConfiguration: configuration, ObjectLockEnabledForBucket, ObjectOwnership }: sdk.CreateBucketRequest & { Bucket: string }): Bucket {
  checkName(name);
  const asked = configuration?.LocationConstraint as string | undefined;
  const location = asked === "EU" ? "eu-west-1" : asked;
  if (call.region === "us-east-1" ? location === "us-east-1" : location !== undefined && location !== call.region) {
    const code = call.region === "us-east-1" ? "InvalidLocationConstraint" : "IllegalLocationConstraintException";
    const message = code === "InvalidLocationConstraint" ? "The specified location-constraint is not valid" : `The ${location} location constraint is incompatible for the region specific endpoint this request was sent to.`;
    throw new AwsError(code, message, 400, { LocationConstraint: asked });
  }
  if (location === undefined && call.region !== "us-east-1") {
    throw new AwsError("IllegalLocationConstraintException", "The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.", 400);
  }
  const owned = [...call.state.buckets.values()].filter(({ account }) => account === call.account).length;
  if (owned >= BUCKETS_MAX) throw new AwsError("TooManyBuckets", "You have attempted to create more buckets than allowed", 400);
  const settings = new Map<string, any>([
    // Since April 2023 for every new bucket: docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html
    ["PublicAccessBlock", { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true }],
    ["OwnershipControls", { Rules: [{ ObjectOwnership: ObjectOwnership ?? "BucketOwnerEnforced" }] }],
  ]);
  if (ObjectLockEnabledForBucket) settings.set("ObjectLockConfiguration", { ObjectLockEnabled: "Enabled" });
  return {
    name,
    region: location ?? "us-east-1",
    account: call.account,
    created: call.date,
    versioning: ObjectLockEnabledForBucket ? "Enabled" : undefined,
    objectLock: ObjectLockEnabledForBucket ?? false,
    keys: [],
    objects: new Map(),
    uploads: new Map(),
    tags: Object.fromEntries((configuration?.Tags ?? []).map(({ Key = "", Value = "" }) => [Key, Value])),
    settings,
  };
}

export const bucketOperations = {
  CreateBucket(call, input) {
    const existing = call.state.buckets.get(input.Bucket);
    if (existing && existing.account !== call.account) {
      throw new AwsError("BucketAlreadyExists", "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.", 409, { BucketName: input.Bucket });
    }
    const location = { Location: call.region === "us-east-1" ? `/${input.Bucket}` : `http://${input.Bucket}.s3.amazonaws.com/` };
    if (existing) {
      // North Virginia alone answers a second creation with success: docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
      if (existing.region === "us-east-1" && call.region === "us-east-1") return location;
      throw new AwsError("BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded and you already own it.", 409, { BucketName: input.Bucket });
    }
    const bucket = newBucket(call, input);
    call.state.buckets.set(bucket.name, bucket);
    return location;
  },
  DeleteBucket(call, { Bucket, ExpectedBucketOwner }) {
    const bucket = findBucket(call, Bucket, ExpectedBucketOwner);
    if (bucket.keys.length > 0) {
      const message = bucket.versioning ? "The bucket you tried to delete is not empty. You must delete all versions in the bucket." : "The bucket you tried to delete is not empty";
      throw new AwsError("BucketNotEmpty", message, 409, { BucketName: Bucket });
    }
    call.state.buckets.delete(Bucket);
  },
  HeadBucket(call, { Bucket, ExpectedBucketOwner }) {
    const bucket = call.state.buckets.get(Bucket);
    if (!bucket) throw new AwsError("NotFound", "", 404);
    if (bucket.region !== call.region) throw elsewhere(bucket);
    if (bucket.account !== call.account || (ExpectedBucketOwner && ExpectedBucketOwner !== bucket.account)) {
      throw new AwsError("Forbidden", "", 403, { headers: { "x-amz-bucket-region": bucket.region } });
    }
    return { BucketRegion: bucket.region, BucketArn: `arn:aws:s3:::${Bucket}`, AccessPointAlias: false };
  },
  GetBucketLocation(call, { Bucket }) {
    const bucket = call.state.buckets.get(Bucket);
    if (!bucket) throw noSuchBucket(Bucket);
    return { LocationConstraint: (bucket.region === "us-east-1" ? undefined : bucket.region) as sdk.BucketLocationConstraint | undefined };
  },
  ListBuckets(call, { Prefix = "", BucketRegion, MaxBuckets = 10_000, ContinuationToken }) {
    if (MaxBuckets < 1 || MaxBuckets > 10_000) throw new AwsError("InvalidArgument", "Argument max-buckets must be an integer between 1 and 10000", 400);
    const after = ContinuationToken === undefined ? "" : Buffer.from(ContinuationToken, "base64url").toString();
    const all = [...call.state.buckets.values()]
      .filter(({ account, name, region }) => account === call.account && name.startsWith(Prefix) && name > after && (!BucketRegion || BucketRegion === region))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const page = all.slice(0, MaxBuckets);
    return {
      Buckets: page.map(({ name, created, region }) => ({ Name: name, CreationDate: created, BucketRegion: region, BucketArn: `arn:aws:s3:::${name}` })),
      Owner: { ID: canonicalId(call.account) },
      Prefix: Prefix || undefined,
      ContinuationToken: page.length < all.length ? Buffer.from(page.at(-1)!.name).toString("base64url") : undefined,
    };
  },
  GetBucketVersioning(call, { Bucket, ExpectedBucketOwner }) {
    const { versioning, mfaDelete } = findBucket(call, Bucket, ExpectedBucketOwner);
    return { Status: versioning, MFADelete: mfaDelete };
  },
  PutBucketVersioning(call, { Bucket, VersioningConfiguration, ExpectedBucketOwner }) {
    const bucket = findBucket(call, Bucket, ExpectedBucketOwner);
    const { Status } = VersioningConfiguration;
    if (Status !== "Enabled" && Status !== "Suspended") throw new AwsError("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema", 400);
    if (Status === "Suspended" && bucket.objectLock) {
      throw new AwsError("InvalidBucketState", "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.", 409);
    }
    if (Status === "Suspended" && bucket.settings.has("ReplicationConfiguration")) {
      throw new AwsError("InvalidBucketState", "A replication configuration is present on this bucket, so you cannot change the versioning state. To change the versioning state, first delete the replication configuration.", 409);
    }
    bucket.versioning = Status;
  },
  GetBucketAcl(call, { Bucket, ExpectedBucketOwner }) {
    const { account, settings } = findBucket(call, Bucket, ExpectedBucketOwner);
    return { Owner: ownerOf(account), Grants: settings.get("Acl") ?? [{ Grantee: { Type: "CanonicalUser", ID: canonicalId(account) }, Permission: "FULL_CONTROL" }] };
  },
  PutBucketAcl(call, { Bucket, ACL, AccessControlPolicy, ExpectedBucketOwner }) {
    const bucket = findBucket(call, Bucket, ExpectedBucketOwner);
    checkAclsAllowed(bucket, ACL);
    if (AccessControlPolicy?.Grants) bucket.settings.set("Acl", AccessControlPolicy.Grants);
    else bucket.settings.delete("Acl");
  },
} satisfies Operations<sdk.S3, State>;

const OWNERS = new Set(["private", "bucket-owner-read", "bucket-owner-full-control"]);

/** Buckets whose owner owns everything in them take no ACL but those that say so. */
export function checkAclsAllowed(bucket: Bucket, acl: string | undefined): void {
  const ownership = bucket.settings.get("OwnershipControls")?.Rules?.[0]?.ObjectOwnership;
  if (ownership !== "BucketOwnerEnforced") {
    if (acl !== undefined && !OWNERS.has(acl)) throw new AwsError("NotImplemented", `Causeway keeps no canned ACL but those that grant to the owner alone: ${acl}.`, 501);
    return;
  }
  if (acl === "bucket-owner-full-control") return;
  throw new AwsError("AccessControlListNotSupported", "The bucket does not allow ACLs", 400);
}
