/** Key policies: checked and stored; who may do what is not decided here. https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html */
import type * as sdk from "@aws-sdk/client-kms";
import { AwsError, type Operations } from "../../service.ts";
import { checkOurs, checkState, find, invalid, page, type Here, type State } from "./key.ts";

const POLICY_MAX = 32_768; // docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html

export const policyOperations = {
  GetKeyPolicy(call, { KeyId, PolicyName = "default" }) {
    const { policy } = find(call, KeyId, { aliases: false });
    checkPolicyName(PolicyName);
    return { Policy: policy, PolicyName };
  },
  PutKeyPolicy(call, { KeyId, Policy, PolicyName = "default", BypassPolicyLockoutSafetyCheck = false }) {
    const key = find(call, KeyId, { aliases: false });
    checkOurs(call, key, "PutKeyPolicy");
    checkPolicyName(PolicyName);
    checkState(key, "Enabled", "Disabled", "PendingImport", "PendingDeletion", "PendingReplicaDeletion", "Unavailable", "Updating");
    checkPolicy(call, Policy, BypassPolicyLockoutSafetyCheck);
    key.policy = Policy;
    return {};
  },
  ListKeyPolicies(call, { KeyId, Limit, Marker }) {
    find(call, KeyId, { aliases: false });
    const { Truncated, NextMarker } = page(["default"], { Limit, Marker });
    return { PolicyNames: ["default"], Truncated, NextMarker };
  },
} satisfies Operations<sdk.KMS, State>;

function checkPolicyName(name: string): void {
  if (name !== "default") throw new AwsError("NotFoundException", "No such policy exists");
}

/** The policy of a key made without one gives the account, and so its IAM policies, all rights. */
export function defaultPolicy(call: Here): string {
  const statement = {
    Sid: "Enable IAM User Permissions",
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${call.account}:root` },
    Action: "kms:*",
    Resource: "*",
  };
  return JSON.stringify({ Version: "2012-10-17", Id: "key-default-1", Statement: [statement] }, undefined, 2);
}

/** As AWS writes it for its managed keys: only through that service, from this account. */
export function managedPolicy(call: Here, service: string): string {
  const use = {
    Sid: `Allow access through ${service} for all principals in the account that are authorized to use it`,
    Effect: "Allow",
    Principal: { AWS: "*" },
    Action: ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey"],
    Resource: "*",
    Condition: { StringEquals: { "kms:CallerAccount": call.account, "kms:ViaService": `${service}.${call.region}.amazonaws.com` } },
  };
  const look = {
    Sid: "Allow direct access to key metadata to the account",
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${call.account}:root` },
    Action: ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
    Resource: "*",
  };
  return JSON.stringify({ Version: "2012-10-17", Id: `auto-${service}-1`, Statement: [use, look] }, undefined, 2);
}

type Statement = {
  Effect?: string;
  Principal?: unknown;
  NotPrincipal?: unknown;
  Action?: unknown;
  NotAction?: unknown;
  Resource?: unknown;
};

export function checkPolicy(call: Here, text: string, bypass: boolean): void {
  if (text.length < 1 || text.length > POLICY_MAX)
    throw invalid(
      `1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must have length less than or equal to ${POLICY_MAX}`,
    );
  const statements = parse(text);
  for (const statement of statements) checkStatement(statement);
  if (bypass || statements.some((statement) => keepsControl(call, statement))) return;
  throw new AwsError("MalformedPolicyDocumentException", "The new key policy will not allow you to update the key policy in the future.");
}

const malformed = (message: string) => new AwsError("MalformedPolicyDocumentException", message);

function parse(text: string): Statement[] {
  let policy: any;
  try {
    policy = JSON.parse(text);
  } catch {
    throw malformed("Policy contains a JSON syntax error.");
  }
  if (typeof policy !== "object" || policy === null || Array.isArray(policy)) throw malformed("Policy is not a JSON object.");
  if (policy.Version !== undefined && !["2012-10-17", "2008-10-17"].includes(policy.Version))
    throw malformed("Policy contains an invalid version.");
  const statements = list(policy.Statement);
  if (statements.length === 0) throw malformed("Policy contains no statement.");
  return statements as Statement[];
}

function checkStatement({ Effect, Principal, NotPrincipal, Action, NotAction, Resource }: Statement): void {
  if (Effect !== "Allow" && Effect !== "Deny") throw malformed("Policy contains a statement with an invalid effect.");
  if (Principal === undefined && NotPrincipal === undefined) throw malformed("Policy contains a statement with no principal.");
  if (Action === undefined && NotAction === undefined) throw malformed("Policy contains a statement with no action.");
  if (Resource === undefined) throw malformed("Policy contains a statement with no resource.");
  const principals = principalsOf(Principal ?? NotPrincipal);
  if (principals.length === 0 || principals.some((each) => typeof each !== "string" || each === ""))
    throw malformed("Policy contains a statement with one or more invalid principals.");
}

/** Whether the caller, as itself or as part of its account, may still put a policy. */
function keepsControl({ account, principal }: Here, { Effect, Principal, NotPrincipal, Action, NotAction }: Statement): boolean {
  if (Effect !== "Allow") return false;
  const own = ["*", account, `arn:aws:iam::${account}:root`, principal.arn, roleOf(principal.arn)];
  const named = principalsOf(Principal ?? NotPrincipal).some((each) => own.includes(each as string));
  const action = list(Action ?? NotAction).some((each) => typeof each === "string" && wildcard(each).test("kms:PutKeyPolicy"));
  return named === (Principal !== undefined) && action === (Action !== undefined);
}

/** A session's role is who the policy names. */
const roleOf = (arn: string): string => arn.replace(/^arn:aws:sts::(\d+):assumed-role\/([^/]+)\/.*$/, "arn:aws:iam::$1:role/$2");

const wildcard = (pattern: string) =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
    "i",
  );

const list = (value: unknown): unknown[] => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

function principalsOf(principal: unknown): unknown[] {
  if (typeof principal === "string") return principal === "*" ? ["*"] : [];
  return typeof principal === "object" && principal !== null ? Object.values(principal).flatMap(list) : [];
}
