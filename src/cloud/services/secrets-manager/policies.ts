/** Resource policies of secrets: checked and stored; who may do what is not decided here. https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_resource-policies.html */
import type * as sdk from "@aws-sdk/client-secrets-manager";
import { AwsError, type Operations } from "../../service.ts";
import { changed } from "./replication.ts";
import { find, findActive, findPrimary, type State } from "./secret.ts";

const POLICY_MAX = 20_480; // docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutResourcePolicy.html
type Finding = { CheckName: string; ErrorMessage: string };

export const policyOperations = {
  GetResourcePolicy(call, { SecretId }) {
    const { ARN, Name, policy } = find(call, SecretId);
    return { ARN, Name, ResourcePolicy: policy };
  },
  PutResourcePolicy(call, { SecretId, ResourcePolicy, BlockPublicPolicy = false }) {
    const secret = findPrimary(call, SecretId);
    const [finding] = findings(ResourcePolicy);
    const isPublic = finding?.CheckName === "PUBLIC_POLICY";
    if (finding && !isPublic) throw new AwsError("MalformedPolicyDocumentException", finding.ErrorMessage);
    if (isPublic && BlockPublicPolicy)
      throw new AwsError(
        "PublicPolicyException",
        "The BlockPublicPolicy parameter is set to true, and the resource policy did not prevent broad access to the secret.",
      );
    secret.policy = ResourcePolicy;
    changed(call, secret);
    return { ARN: secret.ARN, Name: secret.Name };
  },
  DeleteResourcePolicy(call, { SecretId }) {
    const secret = findPrimary(call, SecretId);
    delete secret.policy;
    changed(call, secret);
    return { ARN: secret.ARN, Name: secret.Name };
  },
  ValidateResourcePolicy(call, { SecretId, ResourcePolicy }) {
    if (SecretId !== undefined) findActive(call, SecretId);
    const found = findings(ResourcePolicy);
    return { PolicyValidationPassed: found.length === 0, ValidationErrors: found };
  },
} satisfies Operations<sdk.SecretsManager, State>;

function findings(text: string): Finding[] {
  const malformed = (ErrorMessage: string) => [{ CheckName: "SYNTAX", ErrorMessage }];
  if (text.length < 1 || text.length > POLICY_MAX) return malformed(`The resource policy must have 1 to ${POLICY_MAX} characters.`);
  let policy: any;
  try {
    policy = JSON.parse(text);
  } catch {
    return malformed("This resource policy contains a syntax error.");
  }
  const statements: any[] = [policy?.Statement ?? []].flat();
  const complete = (each: any) =>
    ["Allow", "Deny"].includes(each?.Effect) &&
    (each.Action ?? each.NotAction) !== undefined &&
    (each.Principal ?? each.NotPrincipal) !== undefined &&
    (each.Resource ?? each.NotResource) !== undefined;
  if (statements.length === 0 || !statements.every(complete)) return malformed("This resource policy contains a syntax error.");
  return statements.some(isPublic)
    ? [{ CheckName: "PUBLIC_POLICY", ErrorMessage: "The resource policy grants broad access to the secret." }]
    : [];
}

/** Everybody is allowed and no condition narrows it. */
function isPublic({ Effect, Principal, Condition }: any): boolean {
  const principals = typeof Principal === "object" && Principal !== null ? Object.values(Principal).flat() : [Principal];
  return Effect === "Allow" && principals.includes("*") && (Condition === undefined || Object.keys(Condition).length === 0);
}
