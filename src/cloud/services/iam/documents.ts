/** Policy documents: read, and checked as IAM checks them. Grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html */
import { AwsError } from "../../service.ts";
import { OPERATORS } from "./conditions.ts";

/** What may be in a document depends on what it is attached to. */
export type Kind = "identity" | "trust" | "resource";

export type Condition = { operator: string; key: string; values: string[] };

/** Lists of principals by their type: AWS, Service, Federated, CanonicalUser. */
export type Principals = "*" | Record<string, string[]>;

export type Statement = {
  Sid?: string;
  Effect: "Allow" | "Deny";
  Principal?: Principals;
  NotPrincipal?: Principals;
  Action?: string[];
  NotAction?: string[];
  Resource?: string[];
  NotResource?: string[];
  Condition: Condition[];
};

export type Document = { Version: "2008-10-17" | "2012-10-17"; Id?: string; Statement: Statement[] };

const malformed = (message: string) => new AwsError("MalformedPolicyDocument", message);
const SYNTAX = "Syntax errors in policy.";

const STATEMENT_FIELDS = new Set([
  "Sid",
  "Effect",
  "Principal",
  "NotPrincipal",
  "Action",
  "NotAction",
  "Resource",
  "NotResource",
  "Condition",
]);

/** Reads a document, or refuses it with IAM's own words. */
export function parse(text: string, kind: Kind): Document {
  const policy = json(text);
  if (!isObject(policy)) throw malformed(SYNTAX);
  for (const field of Object.keys(policy))
    if (!["Version", "Id", "Statement"].includes(field)) throw malformed(kind === "trust" ? `Unknown field ${field}` : SYNTAX);
  const { Version = "2008-10-17", Id, Statement } = policy;
  if (Version !== "2012-10-17" && Version !== "2008-10-17") throw malformed("The policy must contain a valid version string");
  if (kind === "identity" && Version !== "2012-10-17") throw malformed("Policy document must be version 2012-10-17 or greater.");
  if (Statement === undefined) throw malformed(SYNTAX);
  const statements = list(Statement).map((each) => statement(each, kind));
  if (statements.length === 0) throw malformed(SYNTAX);
  const sids = statements.flatMap(({ Sid }) => Sid ?? []).filter((sid) => sid !== "");
  if (new Set(sids).size < sids.length) throw malformed("Statement IDs (SID) in a single policy must be unique.");
  return { Version, Id: typeof Id === "string" ? Id : undefined, Statement: statements };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed("This policy contains invalid Json");
  }
}

function statement(given: unknown, kind: Kind): Statement {
  if (!isObject(given)) throw malformed(SYNTAX);
  for (const field of Object.keys(given))
    if (!STATEMENT_FIELDS.has(field)) throw malformed(kind === "trust" ? `Unknown field ${field}` : SYNTAX);
  const { Sid, Effect } = given;
  if (Effect !== "Allow" && Effect !== "Deny") throw malformed(SYNTAX);
  if (Sid !== undefined && typeof Sid !== "string") throw malformed(SYNTAX);
  // Only IAM asks this of a Sid, resources' policies may have spaces: .../reference_policies_elements_sid.html
  if (Sid !== undefined && kind !== "resource" && !/^[0-9A-Za-z]*$/.test(Sid)) {
    throw malformed("Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*");
  }
  const [Action, NotAction] = either(given, "Action", "NotAction");
  if (!Action && !NotAction) throw malformed("Policy statement must contain actions.");
  for (const action of Action ?? NotAction ?? []) checkAction(action, kind);
  const [Resource, NotResource] = either(given, "Resource", "NotResource");
  checkResources(Resource ?? NotResource, kind, Resource ? "Resource" : "NotResource");
  const [Principal, NotPrincipal] = checkPrincipals(given, kind, Effect);
  return { Sid, Effect, Principal, NotPrincipal, Action, NotAction, Resource, NotResource, Condition: conditions(given.Condition) };
}

function either(given: Record<string, unknown>, one: string, other: string): [string[] | undefined, string[] | undefined] {
  if (given[one] !== undefined && given[other] !== undefined) throw malformed(SYNTAX);
  return [texts(given[one]), texts(given[other])];
}

function texts(given: unknown): string[] | undefined {
  if (given === undefined) return undefined;
  const all = list(given);
  if (!all.every((each) => typeof each === "string")) throw malformed(SYNTAX);
  return all.length === 0 ? undefined : all;
}

function checkAction(action: string, kind: Kind): void {
  const parts = action.split(":");
  if (kind === "trust") {
    // SetSourceIdentity and TagSession go with AssumeRole; SetContext is of trusted token issuers.
    if (!/^(sts:(AssumeRole\w*|TagSession|SetSourceIdentity|SetContext|\*|Assume\*)|\*)$/i.test(action))
      throw malformed("AssumeRole policy may only specify STS AssumeRole actions.");
    return;
  }
  if (action === "*") return;
  if (parts.length < 2) throw malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
  if (parts.length > 2) throw malformed("Actions/Condition can contain only one colon.");
  if (!/^[\w-]+$/.test(parts[0]!)) throw malformed(`Vendor ${parts[0]} is not valid`);
}

function checkResources(resources: string[] | undefined, kind: Kind, field: string): void {
  if (kind === "trust") {
    if (resources) throw malformed(`Has prohibited field ${field}`);
    return;
  }
  // Some services' policies need no resource: it is the one they are attached to (ECR, private APIs).
  if (!resources && kind === "resource") return;
  if (!resources) throw malformed("Policy statement must contain resources.");
  for (const resource of resources) {
    if (
      resource === "*" ||
      (resource.startsWith("arn:") && resource.split(":").length >= 6) ||
      // A `*` at the end reaches over the colons that are not there.
      /^arn:[^:]*:[^:]+:.*\*$/.test(resource)
    )
      continue;
    // A variable or wildcard may stand for the rest.
    if (kind === "resource" || /^\$\{.*\}/.test(resource)) continue;
    throw malformed(
      resource.startsWith("arn:") ? "The policy failed legacy parsing" : `Resource ${resource} must be in ARN format or "*".`,
    );
  }
}

function checkPrincipals(given: Record<string, unknown>, kind: Kind, effect: string): [Principals | undefined, Principals | undefined] {
  const { Principal, NotPrincipal } = given;
  if (kind === "identity") {
    if (Principal !== undefined || NotPrincipal !== undefined) throw malformed("Policy document should not specify a principal.");
    return [undefined, undefined];
  }
  if (Principal !== undefined && NotPrincipal !== undefined) throw malformed(SYNTAX);
  if (Principal === undefined && NotPrincipal === undefined)
    throw malformed(kind === "trust" ? "Missing required field Principal" : SYNTAX);
  // .../reference_policies_elements_notprincipal.html: not in a role's trust policy
  if (NotPrincipal !== undefined && kind === "trust") throw malformed("Has prohibited field NotPrincipal");
  if (NotPrincipal !== undefined && effect === "Allow") throw malformed("Allow with NotPrincipal is not allowed.");
  return Principal === undefined ? [undefined, principals(NotPrincipal)] : [principals(Principal), undefined];
}

const PRINCIPAL_TYPES = ["AWS", "Service", "Federated", "CanonicalUser"];

function principals(given: unknown): Principals {
  if (given === "*") return "*";
  if (!isObject(given)) throw malformed(SYNTAX);
  const result: Record<string, string[]> = {};
  for (const [type, value] of Object.entries(given)) {
    if (!PRINCIPAL_TYPES.includes(type))
      throw malformed(`Invalid principal in policy: "${type.toUpperCase()}":${JSON.stringify(list(value)[0] ?? "")}`);
    const all = list(value).map((each) => (typeof each === "number" ? String(each) : each));
    for (const each of all)
      if (typeof each !== "string" || !isPrincipal(type, each))
        throw malformed(`Invalid principal in policy: "${type === "AWS" ? type : type.toUpperCase()}":${JSON.stringify(each)}`);
    if (all.length > 0) result[type] = all as string[];
  }
  if (Object.keys(result).length === 0) throw malformed("Missing required field Principal cannot be empty!");
  return result;
}

/** The forms of .../reference_policies_elements_principal.html; a unique id stands for what was deleted. */
function isPrincipal(type: string, name: string): boolean {
  if (type === "Service") return /^[\w.-]+\.(amazonaws\.com(\.cn)?|aws\.internal|amazon\.com|aws\.com)$/.test(name);
  if (type !== "AWS") return name !== "";
  return (
    name === "*" ||
    /^\d{12}$/.test(name) ||
    /^A[A-Z0-9]{15,127}$/.test(name) ||
    /^arn:aws[\w-]*:(iam::\d{12}:(root|user\/.+|role\/.+)|sts::\d{12}:(assumed-role\/.+|federated-user\/.+)|iam::cloudfront:user\/.+)$/.test(
      name,
    )
  );
}

function conditions(given: unknown): Condition[] {
  if (given === undefined) return [];
  if (!isObject(given)) throw malformed(SYNTAX);
  const result: Condition[] = [];
  for (const [operator, keys] of Object.entries(given)) {
    const name = operator.replace(/^(ForAllValues|ForAnyValue):/i, "").replace(/IfExists$/i, "");
    if (!isObject(keys)) throw malformed(SYNTAX);
    if (!OPERATORS.has(name.toLowerCase()) || (/^null$/i.test(name) && /IfExists$/i.test(operator)))
      throw malformed(`Invalid Condition type : ${operator}.`);
    for (const [key, value] of Object.entries(keys)) {
      if (!key.includes(":")) throw malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
      const values = list(value);
      if (!values.every((each) => ["string", "number", "boolean"].includes(typeof each))) throw malformed(SYNTAX);
      result.push({ operator, key, values: values.map(String) });
    }
  }
  return result;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

/** Quotas count no white space: docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
export const sizeOf = (document: string): number => document.replace(/\s/g, "").length;
