/** Buckets: names, regions, making and removing them. docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
import type * as sdk from "@aws-sdk/client-s3";
import { AwsError } from "../../service.ts";
import regions from "../../../data/regions.json" with { type: "json" };
import { checkNewAcl, grantsOf } from "./acl.ts";
import { canonicalId, elsewhere, findBucket, noSuchBucket, type Bucket, type Here, type S3Operations } from "./bucket.ts";
import { invalidArgument, notEmulated } from "./refusals.ts";
import { bucketTags } from "./tagging.ts";

const REGIONS = new Set(regions.regions.map(({ code }) => code));

// docs.aws.amazon.com/AmazonS3/latest/userguide/BucketRestrictions.html: 10,000 by default
const BUCKETS_MAX = 10_000;

export function checkName(name: string): void {
  const fits = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) && !name.includes("..") && !/^\d+\.\d+\.\d+\.\d+$/.test(name);
  const reserved = /^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/.test(name);
  if (!fits || reserved) throw new AwsError("InvalidBucketName", "The specified bucket is not valid.", 400, { BucketName: name });
}

/** Where a bucket is to be: that of the endpoint, except that North Virginia's, which is also the world's, makes them anywhere. */
function regionFor(call: Here, asked: string | undefined): string {
  if (call.region === "us-east-1") {
    if (asked === undefined) return "us-east-1";
    const region = asked === "EU" ? "eu-west-1" : asked;
    if (region !== "us-east-1" && REGIONS.has(region)) return region;
    throw new AwsError("InvalidLocationConstraint", "The specified location-constraint is not valid", 400, { LocationConstraint: asked });
  }
  if (asked === call.region || (asked === "EU" && call.region === "eu-west-1")) return call.region;
  const message = `The ${asked ?? "unspecified"} location constraint is incompatible for the region specific endpoint this request was sent to.`;
  throw new AwsError("IllegalLocationConstraintException", message, 400);
}

type Asked = sdk.CreateBucketRequest & { Bucket: string };

/** Checks everything and answers what is to be kept. */
function newBucket(call: Here, input: Asked): Bucket {
  const {
    Bucket: name,
    CreateBucketConfiguration: configuration,
    ObjectLockEnabledForBucket,
    ObjectOwnership = "BucketOwnerEnforced",
  } = input;
  checkName(name);
  if (configuration?.Location !== undefined || configuration?.Bucket !== undefined) throw notEmulated("directory buckets");
  if (!["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"].includes(ObjectOwnership)) {
    throw invalidArgument("Invalid x-amz-object-ownership header: " + ObjectOwnership, "x-amz-object-ownership", ObjectOwnership);
  }
  const region = regionFor(call, configuration?.LocationConstraint);
  checkNewAcl(input, ObjectOwnership);
  const owned = [...call.state.buckets.values()].filter(({ account }) => account === call.account).length;
  if (owned >= BUCKETS_MAX) throw new AwsError("TooManyBuckets", "You have attempted to create more buckets than allowed", 400);
  const settings = new Map<string, any>([
    // Since April 2023 for every new bucket: docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html
    ["PublicAccessBlock", { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true }],
    ["OwnershipControls", { Rules: [{ ObjectOwnership }] }],
  ]);
  if (ObjectLockEnabledForBucket) settings.set("ObjectLockConfiguration", { ObjectLockEnabled: "Enabled" });
  const bucket: Bucket = {
    name,
    region,
    account: call.account,
    created: call.date,
    versioning: ObjectLockEnabledForBucket ? "Enabled" : undefined,
    objectLock: ObjectLockEnabledForBucket ?? false,
    keys: [],
    objects: new Map(),
    uploads: new Map(),
    tags: bucketTags(configuration?.Tags ?? []),
    settings,
  };
  const grants = ObjectOwnership === "BucketOwnerEnforced" ? undefined : grantsOf(bucket, input);
  if (grants) settings.set("Acl", grants);
  return bucket;
}

export const bucketOperations = {
  CreateBucket(call, input) {
    const existing = call.state.buckets.get(input.Bucket);
    if (existing && existing.account !== call.account) {
      throw new AwsError(
        "BucketAlreadyExists",
        "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.",
        409,
        { BucketName: input.Bucket },
      );
    }
    const location = { Location: call.region === "us-east-1" ? `/${input.Bucket}` : `http://${input.Bucket}.s3.amazonaws.com/` };
    if (existing) {
      // North Virginia alone answers a second creation with success, and resets the ACL: API_CreateBucket
      if (
        existing.region === "us-east-1" &&
        call.region === "us-east-1" &&
        input.CreateBucketConfiguration?.LocationConstraint === undefined
      ) {
        existing.settings.delete("Acl");
        return location;
      }
      const message = "Your previous request to create the named bucket succeeded and you already own it.";
      throw new AwsError("BucketAlreadyOwnedByYou", message, 409, { BucketName: input.Bucket });
    }
    const bucket = newBucket(call, input);
    call.state.buckets.set(bucket.name, bucket);
    return location;
  },
  DeleteBucket(call, { Bucket, ExpectedBucketOwner }) {
    const bucket = findBucket(call, Bucket, ExpectedBucketOwner);
    if (bucket.keys.length > 0) {
      const message = bucket.versioning
        ? "The bucket you tried to delete is not empty. You must delete all versions in the bucket."
        : "The bucket you tried to delete is not empty";
      throw new AwsError("BucketNotEmpty", message, 409, { BucketName: Bucket });
    }
    call.state.buckets.delete(Bucket);
  },
  HeadBucket(call, { Bucket, ExpectedBucketOwner }) {
    const bucket = call.state.buckets.get(Bucket);
    if (!bucket) throw new AwsError("NotFound", "", 404);
    if (bucket.region !== call.region && call.region !== "") throw elsewhere(bucket);
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
    if (MaxBuckets < 1 || MaxBuckets > 10_000)
      throw invalidArgument("Argument max-buckets must be an integer between 1 and 10000", "max-buckets", MaxBuckets);
    const after = ContinuationToken === undefined ? "" : Buffer.from(ContinuationToken, "base64url").toString();
    const all = [...call.state.buckets.values()]
      .filter(
        ({ account, name, region }) =>
          account === call.account && name.startsWith(Prefix) && name > after && (!BucketRegion || BucketRegion === region),
      )
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const page = all.slice(0, MaxBuckets);
    return {
      Buckets: page.map(({ name, created, region }) => ({
        Name: name,
        CreationDate: created,
        BucketRegion: region,
        BucketArn: `arn:aws:s3:::${name}`,
      })),
      Owner: { ID: canonicalId(call.account) },
      Prefix: Prefix || undefined,
      ContinuationToken: page.length < all.length ? Buffer.from(page.at(-1)!.name).toString("base64url") : undefined,
    };
  },
  GetBucketVersioning(call, { Bucket, ExpectedBucketOwner }) {
    const { versioning } = findBucket(call, Bucket, ExpectedBucketOwner);
    return { Status: versioning };
  },
  PutBucketVersioning(call, { Bucket, VersioningConfiguration, ExpectedBucketOwner }) {
    const bucket = findBucket(call, Bucket, ExpectedBucketOwner);
    const { Status, MFADelete } = VersioningConfiguration;
    if (MFADelete === "Enabled") throw notEmulated("MFA Delete");
    if (Status !== "Enabled" && Status !== "Suspended") {
      const message = "The Versioning element must be specified";
      throw new AwsError("IllegalVersioningConfigurationException", message, 400);
    }
    if (Status === "Suspended" && bucket.objectLock) {
      throw new AwsError(
        "InvalidBucketState",
        "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
        409,
      );
    }
    if (Status === "Suspended" && bucket.settings.has("ReplicationConfiguration")) {
      throw new AwsError(
        "InvalidBucketState",
        "A replication configuration is present on this bucket, so you cannot change the versioning state. To change the versioning state, first delete the replication configuration.",
        409,
      );
    }
    bucket.versioning = Status;
  },
} satisfies S3Operations;
