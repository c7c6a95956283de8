/** What can be set on one object: tags, retention, legal hold, ACL. */
import type * as sdk from "@aws-sdk/client-s3";
import { AwsError, type Operations } from "../../service.ts";
import { checkAclsAllowed } from "./buckets.ts";
import { canonicalId, findBucket, findVersion, ownerOf, versionIdOf, type Here, type State } from "./bucket.ts";
import { tagSet, tagsFrom } from "./settings.ts";

type Target = { Bucket: string; Key: string; VersionId?: string; ExpectedBucketOwner?: string };

function locate(call: Here, { Bucket, Key, VersionId, ExpectedBucketOwner }: Target) {
  const bucket = findBucket(call, Bucket, ExpectedBucketOwner);
  const version = findVersion(bucket, Key, VersionId);
  if (version.marker) throw new AwsError("MethodNotAllowed", "The specified method is not allowed against this resource.", 405);
  return { bucket, version };
}

function locateLocked(call: Here, target: Target) {
  const found = locate(call, target);
  if (!found.bucket.objectLock) throw new AwsError("InvalidRequest", "Bucket is missing Object Lock Configuration", 400);
  return found;
}

export const objectSettingOperations = {
  GetObjectTagging(call, input) {
    const { bucket, version } = locate(call, input);
    return { TagSet: tagSet(version.tags), VersionId: versionIdOf(bucket, version) };
  },
  PutObjectTagging(call, input) {
    const { bucket, version } = locate(call, input);
    version.tags = tagsFrom(input.Tagging.TagSet ?? [], 10); // object-tagging.html
    return { VersionId: versionIdOf(bucket, version) };
  },
  DeleteObjectTagging(call, input) {
    const { bucket, version } = locate(call, input);
    version.tags = {};
    return { VersionId: versionIdOf(bucket, version) };
  },

  GetObjectRetention(call, input) {
    const { version } = locateLocked(call, input);
    if (!version.retention) throw new AwsError("NoSuchObjectLockConfiguration", "The specified object does not have a ObjectLock configuration", 404);
    return { Retention: version.retention };
  },
  PutObjectRetention(call, input) {
    const { version } = locateLocked(call, input);
    const { Mode, RetainUntilDate } = input.Retention ?? {};
    const before = version.retention;
    const holds = before && before.RetainUntilDate > call.date;
    const weaker = holds && (!RetainUntilDate || RetainUntilDate < before.RetainUntilDate || (before.Mode === "COMPLIANCE" && Mode !== "COMPLIANCE"));
    if (weaker && (before.Mode === "COMPLIANCE" || !input.BypassGovernanceRetention)) throw new AwsError("AccessDenied", "Access Denied because object protected by object lock.", 403);
    if (Mode && RetainUntilDate) {
      if (RetainUntilDate <= call.date) throw new AwsError("InvalidArgument", "The retain until date must be in the future!", 400);
      version.retention = { Mode, RetainUntilDate };
    } else if (Mode ?? RetainUntilDate) throw new AwsError("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema", 400);
    else version.retention = undefined;
  },

  GetObjectLegalHold(call, input) {
    const { version } = locateLocked(call, input);
    return { LegalHold: { Status: version.legalHold ? "ON" : "OFF" } };
  },
  PutObjectLegalHold(call, input) {
    const { version } = locateLocked(call, input);
    version.legalHold = input.LegalHold?.Status === "ON";
  },

  GetObjectAcl(call, input) {
    const { bucket } = locate(call, input);
    return { Owner: ownerOf(bucket.account), Grants: [{ Grantee: { Type: "CanonicalUser", ID: canonicalId(bucket.account) }, Permission: "FULL_CONTROL" }] };
  },
  PutObjectAcl(call, input) {
    const { bucket } = locate(call, input);
    checkAclsAllowed(bucket, input.ACL);
    if (input.ACL !== undefined && input.ACL !== "private" && input.ACL !== "bucket-owner-full-control") {
      throw new AwsError("NotImplemented", `Causeway keeps no object ACL but private: ${input.ACL}.`, 501);
    }
  },
} satisfies Operations<sdk.S3, State>;
