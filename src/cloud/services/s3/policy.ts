/** Bucket policies, checked as S3 checks them. docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html */
import { AwsError } from "../../service.ts";
import { findBucket, type Bucket, type S3Operations } from "./bucket.ts";
import { accessDenied, missing } from "./refusals.ts";

type Statement = Record<string, unknown>;

// The page above: 20 KB
const POLICY_MAX = 20 * 1024;
const FIELDS = new Set(["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"]);

const malformed = (message: string) => new AwsError("MalformedPolicy", message, 400);

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : value === undefined ? [] : [value]);
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

function statements(policy: string): Statement[] {
  let document: unknown;
  try {
    document = JSON.parse(policy);
  } catch {
    throw malformed("Policies must be valid JSON and the first byte must be '{'");
  }
  if (!isObject(document)) throw malformed("Policies must be valid JSON and the first byte must be '{'");
  for (const name of Object.keys(document)) if (!["Version", "Id", "Statement"].includes(name)) throw malformed(`Unknown field ${name}`);
  const { Version, Statement } = document;
  if (Version !== undefined && Version !== "2012-10-17" && Version !== "2008-10-17")
    throw malformed("The policy must contain a valid version string");
  const all = list(Statement);
  if (all.length === 0) throw malformed("Missing required field Statement");
  if (!all.every(isObject)) throw malformed("Invalid policy syntax.");
  return all;
}

export function checkPolicy(bucket: Bucket, policy: string): void {
  if (Buffer.byteLength(policy) > POLICY_MAX) throw new AwsError("PolicyTooLarge", "Bucket policies are limited to 20 KB in size.", 400);
  const all = statements(policy);
  const sids = all.flatMap(({ Sid }) => (typeof Sid === "string" ? [Sid] : []));
  if (new Set(sids).size < sids.length) throw malformed("Statement IDs (SID) in a single policy must be unique.");
  for (const statement of all) checkStatement(bucket, statement);
  if (bucket.settings.get("PublicAccessBlock")?.BlockPublicPolicy && isPublic(policy)) {
    const who = `because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.`;
    throw accessDenied(`User is not authorized to perform: s3:PutBucketPolicy on resource: "arn:aws:s3:::${bucket.name}" ${who}`);
  }
}

function checkStatement({ name }: Bucket, statement: Statement): void {
  for (const field of Object.keys(statement)) if (!FIELDS.has(field)) throw malformed(`Unknown field ${field}`);
  const { Effect, Principal, NotPrincipal, Action, NotAction, Resource, NotResource, Condition } = statement;
  if (Effect === undefined) throw malformed("Missing required field Effect");
  if (Effect !== "Allow" && Effect !== "Deny") throw malformed("Invalid effect");
  if (Principal === undefined && NotPrincipal === undefined) throw malformed("Missing required field Principal");
  if (!(Principal ?? NotPrincipal) || !principalFits(Principal ?? NotPrincipal)) throw malformed("Invalid principal in policy");
  const actions = list(Action ?? NotAction);
  if (actions.length === 0) throw malformed("Missing required field Action");
  if (!actions.every((action) => typeof action === "string" && (action === "*" || /^s3:[A-Za-z*?]+$/i.test(action))))
    throw malformed("Policy has invalid action");
  const resources = list(Resource ?? NotResource);
  if (resources.length === 0) throw malformed("Missing required field Resource");
  if (!resources.every((each) => typeof each === "string" && resourceFits(name, each))) throw malformed("Policy has invalid resource");
  if (Action !== undefined && Resource !== undefined) checkReach(actions as string[], resources as string[]);
  if (Condition !== undefined && !isObject(Condition)) throw malformed("Invalid policy syntax.");
}

/** Forms only: `*`, account numbers, IAM and STS ARNs, services, canonical users. */
function principalFits(principal: unknown): boolean {
  if (principal === "*") return true;
  if (!isObject(principal)) return false;
  return Object.entries(principal).every(([kind, names]) =>
    list(names).every((each) => {
      if (typeof each !== "string") return false;
      if (kind === "AWS") return each === "*" || /^\d{12}$|^arn:aws:(iam|sts)::(\d{12}|cloudfront):.+$|^A[A-Z0-9]{15,}$/.test(each);
      if (kind === "Service") return each === "*" || /^[a-z0-9.-]+\.(amazonaws\.com|internal)$/.test(each);
      return kind === "CanonicalUser" ? /^[0-9a-f]{64}$/.test(each) : kind === "Federated";
    }),
  );
}

/** Whether a resource, wildcards and all, can mean this bucket or something in it. */
function resourceFits(bucket: string, resource: string): boolean {
  if (resource === "*") return true;
  const [, pattern] = /^arn:aws:s3:::([^/]+)(?:\/.*)?$/s.exec(resource) ?? [];
  if (pattern === undefined) return false;
  if (!/[*?]/.test(pattern)) return pattern === bucket;
  const expression = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${expression}(/.*)?$`).test(bucket);
}

const OF_OBJECTS =
  /^s3:(Get|Put|Delete|Restore)Object(Version)?(Acl|Tagging|Retention|LegalHold|Attributes)?$|^s3:AbortMultipartUpload$|^s3:ListMultipartUploadParts$/i;
const OF_BUCKETS =
  /^s3:(ListBucket(Versions|MultipartUploads)?|(Get|Put)Bucket[A-Za-z]+|DeleteBucket(Policy|Website)?|(Get|Put)(Lifecycle|Replication|Encryption|Inventory|Metrics|Analytics)Configuration)$/i;

/** Each action must reach something of its kind; what a wildcard may mean is left alone. */
function checkReach(actions: string[], resources: string[]): void {
  const objects = resources.some((each) => each.includes("/") || each.includes("*"));
  const buckets = resources.some((each) => !each.includes("/") || /^arn:aws:s3:::[^/]*\*/.test(each));
  for (const action of actions) {
    if ((OF_OBJECTS.test(action) && !objects) || (OF_BUCKETS.test(action) && !buckets)) {
      throw malformed("Action does not apply to any resource(s) in statement");
    }
  }
}

/** Keys that pin a request to somebody known, when their value is fixed: access-control-block-public-access.html, "The meaning of public". */
const PINNING =
  /^(aws:(sourceip|sourcearn|sourcevpc|sourcevpce|sourceowner|sourceaccount|principalarn|principalaccount|principalorgid|principalorgpaths|sourceorgid|userid|vpcsourceip)|s3:(x-amz-server-side-encryption-aws-kms-key-id|dataaccesspointarn|dataaccesspointaccount))$/i;

function pins(condition: unknown): boolean {
  if (!isObject(condition)) return false;
  return Object.entries(condition).some(
    ([operator, keys]) =>
      !/Not|IfExists/i.test(operator) &&
      isObject(keys) &&
      Object.entries(keys).some(([key, values]) => PINNING.test(key) && list(values).every((value) => fixed(key, String(value)))),
  );
}

function fixed(key: string, value: string): boolean {
  // Ranges wider than /8 (IPv4) or /32 (IPv6) count as everybody: the page above.
  const [, width] = /\/(\d+)$/.exec(value) ?? [];
  if (/ip$/i.test(key)) return width === undefined || Number(width) >= (value.includes(":") ? 32 : 8);
  return /arn$/i.test(key) ? !/^\*|^arn:[^:]*:[^:]*:[^:]*:\*/.test(value) : !/[*?]/.test(value);
}

/** Whether it allows something to everybody, without a condition that says who. */
export function isPublic(policy: string): boolean {
  return statements(policy).some(({ Effect, Principal, NotPrincipal, Condition }) => {
    const everybody = NotPrincipal !== undefined || Principal === "*" || (isObject(Principal) && list(Principal.AWS).includes("*"));
    return Effect === "Allow" && everybody && !pins(Condition);
  });
}

const noPolicy = (bucket: string) => missing("NoSuchBucketPolicy", "The bucket policy does not exist", bucket);

export const policyOperations = {
  PutBucketPolicy(call, { Bucket, Policy, ExpectedBucketOwner }) {
    const bucket = findBucket(call, Bucket, ExpectedBucketOwner);
    checkPolicy(bucket, Policy);
    bucket.policy = Policy;
  },
  GetBucketPolicy(call, { Bucket, ExpectedBucketOwner }) {
    const { policy } = findBucket(call, Bucket, ExpectedBucketOwner);
    if (policy === undefined) throw noPolicy(Bucket);
    return { Policy: policy };
  },
  GetBucketPolicyStatus(call, { Bucket, ExpectedBucketOwner }) {
    const { policy } = findBucket(call, Bucket, ExpectedBucketOwner);
    if (policy === undefined) throw noPolicy(Bucket);
    return { PolicyStatus: { IsPublic: isPublic(policy) } };
  },
  DeleteBucketPolicy(call, { Bucket, ExpectedBucketOwner }) {
    findBucket(call, Bucket, ExpectedBucketOwner).policy = undefined;
  },
} satisfies S3Operations;
