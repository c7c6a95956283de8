/** Lifecycle rules: checked and kept; they act in a later part of the cloud. docs.aws.amazon.com/AmazonS3/latest/userguide/object-lifecycle-mgmt.html */
import type * as sdk from "@aws-sdk/client-s3";
import { AwsError } from "../../service.ts";
import { findBucket, type Here, type S3Operations } from "./bucket.ts";
import { invalidArgument, invalidRequest, malformedXml, missing } from "./refusals.ts";

// how-to-set-lifecycle-configuration-intro.html: 1,000 rules; an ID has at most 255 characters
const RULES_MAX = 1000;
const ID_MAX = 255;
const CLASSES = new Set(["STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"]);
const SIZES = new Set(["all_storage_classes_128K", "varies_by_storage_class"]);

function checkRules(rules: readonly sdk.LifecycleRule[]): void {
  if (rules.length === 0) throw malformedXml();
  if (rules.length > RULES_MAX)
    throw invalidRequest(`The number of lifecycle rules must not exceed the allowed limit of ${RULES_MAX} rules`);
  const ids = rules.flatMap(({ ID }) => ID ?? []);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw invalidArgument("Rule ID must be unique. Found same ID for more than one rule", "ID", twice);
  for (const rule of rules) checkRule(rule);
}

function checkRule(rule: sdk.LifecycleRule): void {
  const { ID, Status, Expiration, Transitions, NoncurrentVersionExpiration, NoncurrentVersionTransitions, AbortIncompleteMultipartUpload } =
    rule;
  if (ID !== undefined && ID.length > ID_MAX) throw invalidArgument("ID length should not exceed allowed limit of 255", "ID", ID);
  if (Status !== "Enabled" && Status !== "Disabled") throw malformedXml();
  checkFilter(rule);
  if (!(Expiration ?? Transitions ?? NoncurrentVersionExpiration ?? NoncurrentVersionTransitions ?? AbortIncompleteMultipartUpload)) {
    throw invalidRequest("At least one action needs to be specified in a rule");
  }
  if (Expiration) checkExpiration(rule, Expiration);
  checkTransitions(rule);
  const { NoncurrentDays, NewerNoncurrentVersions } = NoncurrentVersionExpiration ?? {};
  if (NoncurrentDays !== undefined)
    positive(NoncurrentDays, "'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer");
  if (NewerNoncurrentVersions !== undefined && (NewerNoncurrentVersions < 1 || NewerNoncurrentVersions > 100)) {
    throw invalidRequest("'NewerNoncurrentVersions' for NoncurrentVersionExpiration action must be between 1 and 100");
  }
  if (AbortIncompleteMultipartUpload) {
    positive(
      AbortIncompleteMultipartUpload.DaysAfterInitiation ?? 0,
      "'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer",
    );
    if (selects(rule).tags.length > 0) throw invalidRequest("AbortIncompleteMultipartUpload cannot be specified with Tags");
  }
}

function positive(days: number, message: string): void {
  if (!Number.isInteger(days) || days <= 0) throw invalidArgument(message);
}

/** What a rule selects, whichever of the forms its filter has. */
export function selects({ Prefix, Filter }: sdk.LifecycleRule): {
  prefix: string;
  tags: sdk.Tag[];
  greaterThan?: number;
  lessThan?: number;
} {
  const { And, Tag } = Filter ?? {};
  return {
    prefix: And?.Prefix ?? Filter?.Prefix ?? Prefix ?? "",
    tags: And?.Tags ?? (Tag ? [Tag] : []),
    greaterThan: And?.ObjectSizeGreaterThan ?? Filter?.ObjectSizeGreaterThan,
    lessThan: And?.ObjectSizeLessThan ?? Filter?.ObjectSizeLessThan,
  };
}

function checkFilter({ Prefix, Filter }: sdk.LifecycleRule): void {
  if (Filter && Prefix !== undefined) throw malformedXml();
  if (!Filter && Prefix === undefined) throw malformedXml();
  const predicates = Object.values(Filter ?? {}).filter((value) => value !== undefined);
  if (predicates.length > 1) throw malformedXml();
  if (Filter?.And && Object.values(Filter.And).filter((value) => value !== undefined).length < 2 && (Filter.And.Tags?.length ?? 0) < 2)
    throw malformedXml();
  const keys = (Filter?.And?.Tags ?? []).map(({ Key }) => Key);
  if (new Set(keys).size < keys.length) throw invalidRequest("Duplicate Tag Keys are not allowed.");
}

function checkExpiration(rule: sdk.LifecycleRule, { Days, Date: on, ExpiredObjectDeleteMarker }: sdk.LifecycleExpiration): void {
  const given = [Days, on, ExpiredObjectDeleteMarker].filter((value) => value !== undefined);
  if (given.length !== 1) throw malformedXml();
  if (Days !== undefined) positive(Days, "'Days' for Expiration action must be a positive integer");
  if (on) checkMidnight(on);
  if (ExpiredObjectDeleteMarker !== undefined && selects(rule).tags.length > 0) {
    throw invalidRequest("ExpiredObjectDeleteMarker cannot be specified with Tags");
  }
}

function checkMidnight(on: Date): void {
  if (on.getTime() % 86_400_000 !== 0) throw invalidArgument("'Date' must be at midnight GMT", "Date", on.toISOString());
}

function checkTransitions({ Expiration, Transitions = [], NoncurrentVersionTransitions = [], ...rule }: sdk.LifecycleRule): void {
  const seen = new Set<string>();
  for (const { StorageClass = "", Days, Date: on } of Transitions) {
    if (!CLASSES.has(StorageClass) || (Days === undefined) === (on === undefined)) throw malformedXml();
    if (seen.has(StorageClass))
      throw invalidRequest(`'StorageClass' must be different for 'Transition' actions in same 'Rule' with ${where(rule)}`);
    seen.add(StorageClass);
    if (on) checkMidnight(on);
    if (Days !== undefined) checkDays("Days", "Transition", StorageClass, Days);
    if (Days !== undefined && Expiration?.Days !== undefined && Expiration.Days <= Days) {
      throw invalidArgument(`'Days' in the Expiration action for ${where(rule)} must be greater than 'Days' in the Transition action`);
    }
  }
  for (const { StorageClass = "", NoncurrentDays } of NoncurrentVersionTransitions) {
    if (!CLASSES.has(StorageClass) || NoncurrentDays === undefined) throw malformedXml();
    checkDays("NoncurrentDays", "NoncurrentVersionTransition", StorageClass, NoncurrentDays);
  }
}

const where = (rule: sdk.LifecycleRule) => `prefix '${selects(rule).prefix}'`;

// S3-08: 30 days in Standard before the infrequent classes: lifecycle-transition-general-considerations.html
function checkDays(member: string, action: string, storageClass: string, given: number): void {
  if (given < 0) throw invalidArgument(`'${member}' in ${action} action must be nonnegative`);
  if (given < 30 && (storageClass === "STANDARD_IA" || storageClass === "ONEZONE_IA")) {
    throw invalidArgument(
      `'${member}' in ${action} action must be greater than or equal to 30 for storageClass '${storageClass}'`,
      member,
      given,
    );
  }
}

/** A rule as S3 gives it back: with an ID, made where none was given. */
const named = (call: Here, rule: sdk.LifecycleRule): sdk.LifecycleRule => ({
  ...rule,
  ID: rule.ID || Buffer.from(call.uuid()).toString("base64url"),
});

export const lifecycleOperations = {
  PutBucketLifecycleConfiguration(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    const rules = input.LifecycleConfiguration?.Rules ?? [];
    checkRules(rules);
    const TransitionDefaultMinimumObjectSize = input.TransitionDefaultMinimumObjectSize ?? "all_storage_classes_128K";
    if (!SIZES.has(TransitionDefaultMinimumObjectSize)) {
      throw new AwsError("InvalidRequest", `Invalid TransitionDefaultMinimumObjectSize found: ${TransitionDefaultMinimumObjectSize}`, 400);
    }
    bucket.settings.set("Lifecycle", { Rules: rules.map((rule) => named(call, rule)), TransitionDefaultMinimumObjectSize });
    return { TransitionDefaultMinimumObjectSize };
  },
  GetBucketLifecycleConfiguration(call, { Bucket, ExpectedBucketOwner }) {
    const found = findBucket(call, Bucket, ExpectedBucketOwner).settings.get("Lifecycle");
    if (found) return found as sdk.GetBucketLifecycleConfigurationOutput;
    throw missing("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist", Bucket);
  },
  DeleteBucketLifecycle(call, { Bucket, ExpectedBucketOwner }) {
    findBucket(call, Bucket, ExpectedBucketOwner).settings.delete("Lifecycle");
  },
} satisfies S3Operations;
