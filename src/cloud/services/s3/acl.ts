/** Access control lists: canned ones, grants in headers and in documents. docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html */
import type * as sdk from "@aws-sdk/client-s3";
import { AwsError } from "../../service.ts";
import { canonicalId, findBucket, findVersion, ownerOf, type Bucket, type S3Operations } from "./bucket.ts";
import { accessDenied, invalidArgument, invalidRequest } from "./refusals.ts";

type Headers = Pick<sdk.PutObjectAclRequest, "GrantFullControl" | "GrantRead" | "GrantReadACP" | "GrantWrite" | "GrantWriteACP">;
type Asked = Headers & { ACL?: string; AccessControlPolicy?: sdk.AccessControlPolicy };

const ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers";
const AUTHENTICATED_USERS = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
const LOG_DELIVERY = "http://acs.amazonaws.com/groups/s3/LogDelivery";
// The account of EC2 that reads AMI bundles; S3 shows its canonical id.
const EC2_BUNDLES = "6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c";

const group = (URI: string, Permission: sdk.Permission): sdk.Grant => ({ Grantee: { Type: "Group", URI }, Permission });
const user = (ID: string, Permission: sdk.Permission): sdk.Grant => ({ Grantee: { Type: "CanonicalUser", ID }, Permission });

/** What each canned ACL grants besides full control for the owner: the page above. */
const CANNED: Record<string, sdk.Grant[]> = {
  private: [],
  "public-read": [group(ALL_USERS, "READ")],
  "public-read-write": [group(ALL_USERS, "READ"), group(ALL_USERS, "WRITE")],
  "authenticated-read": [group(AUTHENTICATED_USERS, "READ")],
  "log-delivery-write": [group(LOG_DELIVERY, "WRITE"), group(LOG_DELIVERY, "READ_ACP")],
  "aws-exec-read": [user(EC2_BUNDLES, "READ")],
  // The bucket's owner is the object's owner here, so that these two add nothing.
  "bucket-owner-read": [],
  "bucket-owner-full-control": [],
};

export const privateGrants = ({ account }: Bucket): sdk.Grant[] => [user(canonicalId(account), "FULL_CONTROL")];

export const ownershipOf = ({ settings }: Bucket): string | undefined => settings.get("OwnershipControls")?.Rules?.[0]?.ObjectOwnership;

const malformedAcl = () =>
  new AwsError("MalformedACLError", "The XML you provided was not well-formed or did not validate against our published schema", 400);

const isPublic = (grants: readonly sdk.Grant[]) =>
  grants.some(({ Grantee }) => Grantee?.URI === ALL_USERS || Grantee?.URI === AUTHENTICATED_USERS);

const GRANT_HEADERS: [keyof Headers, sdk.Permission][] = [
  ["GrantFullControl", "FULL_CONTROL"],
  ["GrantRead", "READ"],
  ["GrantReadACP", "READ_ACP"],
  ["GrantWrite", "WRITE"],
  ["GrantWriteACP", "WRITE_ACP"],
];

/** `id="…", uri="…"`: the grantees that a header names. */
function fromHeader(text: string, Permission: sdk.Permission): sdk.Grant[] {
  return text.split(",").map((each) => {
    const [, kind = "", name = ""] = /^\s*(id|uri|emailAddress)\s*=\s*"?([^"]*)"?\s*$/.exec(each) ?? [];
    if (kind === "id" && /^[0-9a-f]{64}$/.test(name)) return user(name, Permission);
    if (kind === "id") throw invalidArgument("Invalid id", "CanonicalUser/ID", name);
    if (kind === "uri" && [ALL_USERS, AUTHENTICATED_USERS, LOG_DELIVERY].includes(name)) return group(name, Permission);
    if (kind === "uri") throw invalidArgument("Invalid group uri", "uri", name);
    throw invalidArgument("Argument format not recognized", "grant", each.trim());
  });
}

/** The grants that a request asks for; undefined = it asks for none. Checks that the bucket takes them. */
export function grantsOf(bucket: Bucket, asked: Asked): sdk.Grant[] | undefined {
  const headers = GRANT_HEADERS.filter(([name]) => asked[name] !== undefined);
  if (asked.ACL === undefined && headers.length === 0 && asked.AccessControlPolicy === undefined) return undefined;
  if (asked.ACL !== undefined && headers.length > 0) throw invalidRequest("Specifying both Canned ACLs and Header Grants is not allowed");
  if (ownershipOf(bucket) === "BucketOwnerEnforced" && asked.ACL !== "bucket-owner-full-control") {
    throw new AwsError("AccessControlListNotSupported", "The bucket does not allow ACLs", 400);
  }
  const grants = read(bucket, asked, headers);
  if (isPublic(grants) && bucket.settings.get("PublicAccessBlock")?.BlockPublicAcls) throw accessDenied();
  return grants;
}

function read(bucket: Bucket, { ACL, AccessControlPolicy, ...given }: Asked, headers: typeof GRANT_HEADERS): sdk.Grant[] {
  if (ACL !== undefined) {
    const further = CANNED[ACL];
    if (!further) throw invalidArgument("", "x-amz-acl", ACL);
    return [...privateGrants(bucket), ...further];
  }
  if (headers.length > 0) return headers.flatMap(([name, permission]) => fromHeader(given[name]!, permission));
  const { Grants, Owner } = AccessControlPolicy!;
  if (!Owner?.ID) throw malformedAcl();
  if (Owner.ID !== canonicalId(bucket.account)) throw accessDenied();
  for (const { Grantee, Permission } of Grants ?? []) {
    if (!Permission || !GRANT_HEADERS.some(([, known]) => known === Permission)) throw malformedAcl();
    if (Grantee?.Type !== "CanonicalUser" && Grantee?.Type !== "Group") throw malformedAcl();
  }
  return Grants ?? [];
}

/** For CreateBucket, where the ownership asked for comes with the ACL: its refusals have names of their own. */
export function checkNewAcl(asked: Asked, ownership: string): void {
  const headers = GRANT_HEADERS.some(([name]) => asked[name] !== undefined);
  if ((asked.ACL === undefined || asked.ACL === "private") && !headers) return;
  if (ownership === "BucketOwnerEnforced") {
    const message = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting";
    throw new AwsError("InvalidBucketAclWithObjectOwnership", message, 400);
  }
  const canned = CANNED[asked.ACL ?? "private"];
  if (!canned) throw invalidArgument("", "x-amz-acl", asked.ACL);
  if (isPublic(canned)) {
    throw new AwsError(
      "InvalidBucketAclWithBlockPublicAccessError",
      "Bucket cannot have public ACLs set with BlockPublicAccess enabled",
      400,
    );
  }
}

export const aclOperations = {
  GetBucketAcl(call, { Bucket, ExpectedBucketOwner }) {
    const bucket = findBucket(call, Bucket, ExpectedBucketOwner);
    return { Owner: ownerOf(bucket.account), Grants: bucket.settings.get("Acl") ?? privateGrants(bucket) };
  },
  PutBucketAcl(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    const grants = grantsOf(bucket, input);
    if (!grants)
      throw new AwsError("MissingSecurityHeader", "Your request was missing a required header", 400, { MissingHeaderName: "x-amz-acl" });
    bucket.settings.set("Acl", grants);
  },
  GetObjectAcl(call, { Bucket, Key, VersionId, ExpectedBucketOwner }) {
    const bucket = findBucket(call, Bucket, ExpectedBucketOwner);
    const { grants } = findVersion(bucket, Key, VersionId, "object");
    return { Owner: ownerOf(bucket.account), Grants: grants ?? privateGrants(bucket) };
  },
  PutObjectAcl(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    const version = findVersion(bucket, input.Key, input.VersionId, "object");
    const grants = grantsOf(bucket, input);
    if (!grants)
      throw new AwsError("MissingSecurityHeader", "Your request was missing a required header", 400, { MissingHeaderName: "x-amz-acl" });
    version.grants = grants;
  },
} satisfies S3Operations;
