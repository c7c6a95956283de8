/** Object Lock: retention, legal hold, and what they forbid. docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html */
import type * as sdk from "@aws-sdk/client-s3";
import { AwsError } from "../../service.ts";
import { findBucket, findVersion, type Bucket, type Here, type S3Operations, type Version } from "./bucket.ts";
import { accessDenied, invalidArgument, invalidRequest, malformedXml, missing } from "./refusals.ts";

type Locks = Pick<Version, "retention" | "legalHold">;
type Asked = Pick<sdk.PutObjectRequest, "ObjectLockMode" | "ObjectLockRetainUntilDate" | "ObjectLockLegalHoldStatus">;

// object-lock.html: 100 years
const DAYS_MAX = 36_500;
const YEARS_MAX = 100;

const denied = () => accessDenied("Access Denied because object protected by object lock.");

/** Refuses the removal of a version that is held or retained; only GOVERNANCE can be bypassed. */
export function checkLocks(call: Here, { legalHold, retention }: Version, bypass: boolean): void {
  if (legalHold) throw denied();
  if (!retention || retention.RetainUntilDate <= call.date) return;
  if (retention.Mode === "COMPLIANCE" || !bypass) throw denied();
}

function checkFuture(call: Here, until: Date): void {
  if (until <= call.date)
    throw invalidArgument("The retain until date must be in the future!", "x-amz-object-lock-retain-until-date", until.toISOString());
}

/** The locks of a new version: those that its upload names, else the bucket's default retention. */
export function locksOf(
  call: Here,
  bucket: Bucket,
  { ObjectLockMode: mode, ObjectLockRetainUntilDate: until, ObjectLockLegalHoldStatus: hold }: Asked,
): Locks {
  if ((mode !== undefined || until !== undefined || hold !== undefined) && !bucket.objectLock) {
    throw invalidRequest("Bucket is missing Object Lock Configuration");
  }
  if ((mode === undefined) !== (until === undefined)) {
    throw invalidArgument("x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied");
  }
  if (hold !== undefined && hold !== "ON" && hold !== "OFF") {
    throw invalidArgument("Legal Hold must be either of 'ON' or 'OFF'", "x-amz-object-lock-legal-hold", hold);
  }
  const legalHold = hold === "ON";
  if (mode && until) {
    if (mode !== "GOVERNANCE" && mode !== "COMPLIANCE")
      throw invalidArgument("Unknown wormMode directive.", "x-amz-object-lock-mode", mode);
    checkFuture(call, until);
    return { retention: { Mode: mode, RetainUntilDate: until }, legalHold };
  }
  return { retention: defaultRetention(call, bucket), legalHold };
}

function defaultRetention(call: Here, { settings }: Bucket): Version["retention"] {
  const {
    Mode,
    Days = 0,
    Years = 0,
  } = (settings.get("ObjectLockConfiguration") as sdk.ObjectLockConfiguration | undefined)?.Rule?.DefaultRetention ?? {};
  if (!Mode) return undefined;
  const until = call.date;
  until.setUTCDate(until.getUTCDate() + Days);
  until.setUTCFullYear(until.getUTCFullYear() + Years);
  return { Mode, RetainUntilDate: until };
}

/** The version, in a bucket that knows locks at all. */
function locate(
  call: Here,
  { Bucket, Key, VersionId, ExpectedBucketOwner }: { Bucket: string; Key: string; VersionId?: string; ExpectedBucketOwner?: string },
): Version {
  const bucket = findBucket(call, Bucket, ExpectedBucketOwner);
  const version = findVersion(bucket, Key, VersionId, "object");
  if (!bucket.objectLock) throw invalidRequest("Bucket is missing Object Lock Configuration");
  return version;
}

const noLock = () => new AwsError("NoSuchObjectLockConfiguration", "The specified object does not have a ObjectLock configuration", 404);

export const lockOperations = {
  PutObjectLockConfiguration(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    const configuration = input.ObjectLockConfiguration;
    if (bucket.versioning !== "Enabled") {
      throw new AwsError("InvalidBucketState", "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration", 409);
    }
    if (configuration?.ObjectLockEnabled !== "Enabled") throw malformedXml();
    if (configuration.Rule) checkDefault(configuration.Rule.DefaultRetention);
    bucket.objectLock = true;
    bucket.settings.set("ObjectLockConfiguration", configuration);
  },
  GetObjectLockConfiguration(call, { Bucket, ExpectedBucketOwner }) {
    const ObjectLockConfiguration = findBucket(call, Bucket, ExpectedBucketOwner).settings.get("ObjectLockConfiguration");
    if (ObjectLockConfiguration) return { ObjectLockConfiguration };
    throw missing("ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket", Bucket);
  },

  GetObjectRetention(call, input) {
    const { retention } = locate(call, input);
    if (!retention) throw noLock();
    return { Retention: retention };
  },
  PutObjectRetention(call, input) {
    const version = locate(call, input);
    const { Mode, RetainUntilDate } = input.Retention ?? {};
    if ((Mode === undefined) !== (RetainUntilDate === undefined)) throw malformedXml();
    if (Mode !== undefined && Mode !== "GOVERNANCE" && Mode !== "COMPLIANCE") throw malformedXml();
    if (RetainUntilDate) checkFuture(call, RetainUntilDate);
    const before = version.retention;
    if (before && before.RetainUntilDate > call.date) {
      const weaker =
        !RetainUntilDate || RetainUntilDate < before.RetainUntilDate || (before.Mode === "COMPLIANCE" && Mode !== "COMPLIANCE");
      if (weaker && (before.Mode === "COMPLIANCE" || !input.BypassGovernanceRetention)) throw denied();
    }
    version.retention = Mode && RetainUntilDate ? { Mode, RetainUntilDate } : undefined;
  },

  GetObjectLegalHold(call, input) {
    return { LegalHold: { Status: locate(call, input).legalHold ? "ON" : "OFF" } };
  },
  PutObjectLegalHold(call, input) {
    const version = locate(call, input);
    const { Status } = input.LegalHold ?? {};
    if (Status !== "ON" && Status !== "OFF") throw malformedXml();
    version.legalHold = Status === "ON";
  },
} satisfies S3Operations;

function checkDefault(retention: sdk.DefaultRetention | undefined): void {
  const { Mode, Days, Years } = retention ?? {};
  if ((Mode !== "GOVERNANCE" && Mode !== "COMPLIANCE") || (Days === undefined) === (Years === undefined)) throw malformedXml();
  const [length, most, unit] = Days === undefined ? [Years!, YEARS_MAX, "Years"] : [Days, DAYS_MAX, "Days"];
  if (length <= 0) throw invalidArgument(`Default retention period must be a positive integer value.`, unit, length);
  if (length > most) throw invalidArgument(`Default retention period too large.`, unit, length);
}
