/** What can be set on a bucket and is small: CORS, website, logging, ownership, public access, acceleration, who pays. */
import type * as sdk from "@aws-sdk/client-s3";
import { AwsError } from "../../service.ts";
import { ownershipOf, privateGrants } from "./acl.ts";
import { findBucket, type Here, type S3Operations } from "./bucket.ts";
import { invalidArgument, invalidRequest, malformedXml, missing } from "./refusals.ts";

type Target = { Bucket: string; ExpectedBucketOwner?: string };

function read(call: Here, { Bucket, ExpectedBucketOwner }: Target, setting: string, code: string, message: string): any {
  const value = findBucket(call, Bucket, ExpectedBucketOwner).settings.get(setting);
  if (value === undefined) throw missing(code, message, Bucket);
  return value;
}

function clear(call: Here, { Bucket, ExpectedBucketOwner }: Target, setting: string): void {
  findBucket(call, Bucket, ExpectedBucketOwner).settings.delete(setting);
}

const corsAndWebsite = {
  PutBucketCors(call, input) {
    const { settings } = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    const { CORSRules = [] } = input.CORSConfiguration;
    if (CORSRules.length === 0 || CORSRules.length > 100) throw malformedXml(); // at most 100 rules: API_PutBucketCors
    for (const { AllowedMethods = [], AllowedOrigins = [], AllowedHeaders = [], ID } of CORSRules) {
      const odd = AllowedMethods.find((method) => !/^(GET|PUT|HEAD|POST|DELETE)$/.test(method));
      if (odd !== undefined) throw invalidRequest(`Found unsupported HTTP method in CORS config. Unsupported method is ${odd}`);
      if (AllowedMethods.length === 0 || AllowedOrigins.length === 0) throw malformedXml();
      for (const [member, values] of [
        ["AllowedOrigin", AllowedOrigins],
        ["AllowedHeader", AllowedHeaders],
      ] as const) {
        const wild = values.find((value) => value.split("*").length > 2);
        if (wild !== undefined) throw invalidRequest(`${member} "${wild}" can not have more than one wildcard.`);
      }
      if (ID !== undefined && ID.length > 255)
        throw invalidArgument("The ID for a CORS rule cannot be longer than 255 characters.", "ID", ID);
    }
    settings.set("Cors", CORSRules);
  },
  GetBucketCors: (call, input) => ({
    CORSRules: read(call, input, "Cors", "NoSuchCORSConfiguration", "The CORS configuration does not exist"),
  }),
  DeleteBucketCors: (call, input) => clear(call, input, "Cors"),

  PutBucketWebsite(call, input) {
    const { settings } = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    const { IndexDocument, ErrorDocument, RedirectAllRequestsTo, RoutingRules } = input.WebsiteConfiguration;
    if (RedirectAllRequestsTo) {
      if (IndexDocument ?? ErrorDocument ?? RoutingRules)
        throw invalidArgument("RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.");
      if (!RedirectAllRequestsTo.HostName) throw malformedXml();
    } else if (!IndexDocument)
      throw invalidArgument("A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty", "IndexDocument", "null");
    else if (!IndexDocument.Suffix || IndexDocument.Suffix.includes("/"))
      throw invalidArgument("The IndexDocument Suffix is not well formed", "IndexDocument", IndexDocument.Suffix);
    if (ErrorDocument && !ErrorDocument.Key)
      throw invalidArgument("A value for ErrorDocument Key must be provided", "ErrorDocument", ErrorDocument.Key);
    // Website hosting: "up to 50 routing rules": docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-page-redirect.html
    if (RoutingRules && RoutingRules.length > 50)
      throw invalidRequest("50 routing rules can be specified at most for one website configuration.");
    for (const { Redirect } of RoutingRules ?? [])
      if (!Redirect || Object.values(Redirect).every((value) => value === undefined)) throw malformedXml();
    settings.set("Website", input.WebsiteConfiguration);
  },
  GetBucketWebsite: (call, input) =>
    read(call, input, "Website", "NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration"),
  DeleteBucketWebsite: (call, input) => clear(call, input, "Website"),
} satisfies S3Operations;

const access = {
  PutPublicAccessBlock(call, input) {
    const { settings } = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    const {
      BlockPublicAcls = false,
      IgnorePublicAcls = false,
      BlockPublicPolicy = false,
      RestrictPublicBuckets = false,
    } = input.PublicAccessBlockConfiguration;
    settings.set("PublicAccessBlock", { BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets });
  },
  GetPublicAccessBlock: (call, input) => ({
    PublicAccessBlockConfiguration: read(
      call,
      input,
      "PublicAccessBlock",
      "NoSuchPublicAccessBlockConfiguration",
      "The public access block configuration was not found",
    ),
  }),
  DeletePublicAccessBlock: (call, input) => clear(call, input, "PublicAccessBlock"),

  PutBucketOwnershipControls(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    const [rule, ...more] = input.OwnershipControls.Rules ?? [];
    if (!rule || more.length > 0 || !["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"].includes(rule.ObjectOwnership ?? ""))
      throw malformedXml();
    if (rule.ObjectOwnership === "BucketOwnerEnforced" && ownershipOf(bucket) !== "BucketOwnerEnforced") {
      const grants = bucket.settings.get("Acl") as sdk.Grant[] | undefined;
      const [own] = privateGrants(bucket);
      if (grants?.some(({ Grantee }) => Grantee?.ID !== own?.Grantee?.ID)) {
        throw new AwsError(
          "InvalidBucketAclWithObjectOwnership",
          "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
          400,
        );
      }
    }
    bucket.settings.set("OwnershipControls", input.OwnershipControls);
  },
  GetBucketOwnershipControls: (call, input) => ({
    OwnershipControls: read(
      call,
      input,
      "OwnershipControls",
      "OwnershipControlsNotFoundError",
      "The bucket ownership controls were not found",
    ),
  }),
  DeleteBucketOwnershipControls: (call, input) => clear(call, input, "OwnershipControls"),
} satisfies S3Operations;

const delivery = {
  PutBucketLogging(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    const { LoggingEnabled } = input.BucketLoggingStatus;
    if (!LoggingEnabled) {
      bucket.settings.delete("Logging");
      return;
    }
    if (LoggingEnabled.TargetBucket === undefined || LoggingEnabled.TargetPrefix === undefined) throw malformedXml();
    const target = call.state.buckets.get(LoggingEnabled.TargetBucket);
    const wrong = (message: string) =>
      new AwsError("InvalidTargetBucketForLogging", message, 400, { TargetBucket: LoggingEnabled.TargetBucket });
    if (!target) throw wrong("The target bucket for logging does not exist");
    if (target.account !== bucket.account) throw wrong("The owner for the bucket to be logged and the target bucket must be the same.");
    if (target.region !== bucket.region) {
      throw new AwsError("CrossLocationLoggingProhibitted", "Cross S3 location logging not allowed.", 403, {
        SourceBucketLocation: bucket.region,
        TargetBucketLocation: target.region,
      });
    }
    bucket.settings.set("Logging", { LoggingEnabled });
  },
  GetBucketLogging: (call, { Bucket, ExpectedBucketOwner }) => findBucket(call, Bucket, ExpectedBucketOwner).settings.get("Logging") ?? {},

  PutBucketAccelerateConfiguration(call, input) {
    const { settings, name } = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    const { Status } = input.AccelerateConfiguration;
    if (name.includes(".")) throw invalidRequest("S3 Transfer Acceleration is not supported for buckets with periods (.) in their names");
    if (Status !== "Enabled" && Status !== "Suspended") throw malformedXml();
    settings.set("Accelerate", { Status });
  },
  GetBucketAccelerateConfiguration: (call, { Bucket, ExpectedBucketOwner }) =>
    findBucket(call, Bucket, ExpectedBucketOwner).settings.get("Accelerate") ?? {},

  PutBucketRequestPayment(call, input) {
    const { settings } = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    const { Payer } = input.RequestPaymentConfiguration;
    if (Payer !== "Requester" && Payer !== "BucketOwner") throw malformedXml();
    settings.set("RequestPayment", { Payer });
  },
  GetBucketRequestPayment: (call, { Bucket, ExpectedBucketOwner }) =>
    findBucket(call, Bucket, ExpectedBucketOwner).settings.get("RequestPayment") ?? { Payer: "BucketOwner" },
} satisfies S3Operations;

export const settingOperations = { ...corsAndWebsite, ...access, ...delivery };
