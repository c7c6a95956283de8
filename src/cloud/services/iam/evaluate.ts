/**
 * Whether a request is allowed: pure functions over documents, for every service that asks.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
import { holds } from "./conditions.ts";
import type { Document, Statement } from "./documents.ts";
import { actionFits, fits, pattern, variables, type Values } from "./patterns.ts";
import { exempt, meets, type Asker, type Meeting } from "./principals.ts";

export type Decision = "allowed" | "explicitDeny" | "implicitDeny";

/** A document and what to call it in an answer. */
export type Source = { name: string; type: string; document: Document };

export type Match = { source: Source; statement: number };

export type Question = {
  asker: Asker;
  /** `s3:GetObject` */
  action: string;
  /** An ARN, or `*` for actions without one. */
  resource: string;
  /** Whose resource it is; absent = the asker's account. */
  resourceAccount?: string;
  context?: Values;
};

/** Those absent don't limit; an empty list of boundaries or session policies allows nothing. */
export type Policies = {
  identity?: readonly Source[];
  boundary?: readonly Source[];
  /** Policies given with AssumeRole or GetFederationToken. */
  session?: readonly Source[];
  resource?: readonly Source[];
  /** Organizations: each level must allow. */
  organization?: readonly (readonly Source[])[];
  /** Role trust and KMS key policies: without their allowance nothing else counts, even in the same account. */
  resourceMustAllow?: boolean;
};

export type Verdict = {
  decision: Decision;
  /** The statements that decided. */
  matched: Match[];
  byBoundary?: boolean;
  byOrganization?: boolean;
  /** What each side said, for a request from another account. */
  identityDecision: Decision;
  resourceDecision: Decision;
};

export function evaluate(question: Question, policies: Policies): Verdict {
  const { identity = [], boundary, session, resource = [], organization, resourceMustAllow = false } = policies;
  const found = {
    identity: opinion(question, identity),
    boundary: boundary && opinion(question, boundary),
    session: session && opinion(question, session),
    resource: opinion(question, resource),
    organization: organization?.map((level) => opinion(question, level)),
  };
  const limits = [found.boundary, found.session].filter((each) => each !== undefined);
  const byBoundary = found.boundary && found.boundary.denies.length === 0 && found.boundary.allows.length > 0;
  const byOrganization = found.organization?.every(({ allows, denies }) => allows.length > 0 && denies.length === 0);
  const all = [found.identity, ...limits, found.resource, ...(found.organization ?? [])];
  const sides = { identityDecision: decisionOf(found.identity), resourceDecision: decisionOf(found.resource), byBoundary, byOrganization };
  const denies = all.flatMap(({ denies }) => denies);
  if (denies.length > 0) return { decision: "explicitDeny", matched: denies, ...sides };
  const allowed = byOrganization !== false && grants(question, found.identity, found.resource, limits, resourceMustAllow);
  const matched = [...found.identity.allows, ...found.resource.allows].map(({ source, statement }) => ({ source, statement }));
  return { decision: allowed ? "allowed" : "implicitDeny", matched: allowed ? matched : [], ...sides };
}

/** Nothing denies: is there an allowance that counts? */
function grants(
  { asker, resourceAccount = asker.account }: Question,
  identity: Opinion,
  resource: Opinion,
  limits: Opinion[],
  resourceMustAllow: boolean,
): boolean {
  const limited = limits.every(({ allows }) => allows.length > 0);
  const own = identity.allows.length > 0 && limited;
  const how = new Set(resource.allows.map(({ meeting }) => meeting));
  // Neither a service nor an identity provider has policies of its own.
  if (asker.service !== undefined || asker.federated !== undefined) return how.has("direct") && limited;
  const everything = asker.arn === `arn:aws:iam::${asker.account}:root`;
  if (resourceAccount !== asker.account) return how.size > 0 && (everything || own);
  // The root user needs no policy in its account, but for what the resource must allow itself.
  if (everything) return resourceMustAllow ? how.size > 0 : true;
  // A user or session that is named needs nothing else and no boundary limits it; a role that is named stays within its limits.
  if (how.has("direct")) return true;
  if (how.has("role") && limited) return true;
  return own && (!resourceMustAllow || how.has("account"));
}

type Opinion = { allows: (Match & { meeting: Meeting | undefined })[]; denies: Match[] };

function opinion(question: Question, sources: readonly Source[]): Opinion {
  const result: Opinion = { allows: [], denies: [] };
  for (const source of sources) {
    source.document.Statement.forEach((statement, index) => {
      const meeting = applies(statement, question, source.document.Version === "2012-10-17");
      if (meeting === false) return;
      if (statement.Effect === "Deny") result.denies.push({ source, statement: index });
      else result.allows.push({ source, statement: index, meeting });
    });
  }
  return result;
}

const decisionOf = ({ allows, denies }: Opinion): Decision =>
  denies.length > 0 ? "explicitDeny" : allows.length > 0 ? "allowed" : "implicitDeny";

/** How the statement meets who asks when all of it fits the request; false when any part does not. */
function applies(
  statement: Statement,
  { asker, action, resource, context = new Map() }: Question,
  withVariables: boolean,
): Meeting | undefined | false {
  const { Principal, NotPrincipal, Action, NotAction, Resource, NotResource, Condition } = statement;
  const meeting = Principal && meets(Principal, asker);
  if (Principal && !meeting) return false;
  if (NotPrincipal && exempt(NotPrincipal, asker)) return false;
  if (Action && !Action.some((each) => actionFits(each, action))) return false;
  if (NotAction?.some((each) => actionFits(each, action))) return false;
  const values = withVariables ? context : undefined;
  if (Resource && !Resource.some((each) => resourceFits(each, resource, values))) return false;
  if (NotResource?.some((each) => resourceFits(each, resource, values))) return false;
  return Condition.every((each) => holds(each, context, withVariables)) && meeting;
}

/** A `*` in an ARN reaches over its colons: .../reference_policies_elements_resource.html. Case counts. */
function resourceFits(text: string, resource: string, values: Values | undefined): boolean {
  const found = pattern(text, values);
  return found !== undefined && fits(found, resource);
}

/** The context keys that a document names, in conditions and variables, each once. */
export function contextKeys({ Statement, Version }: Document): string[] {
  const keys = new Map<string, string>();
  const add = (name: string) => void (keys.has(name.toLowerCase()) || keys.set(name.toLowerCase(), name));
  for (const { Condition, Resource = [], NotResource = [] } of Statement) {
    for (const { key, values } of Condition) {
      add(key);
      if (Version === "2012-10-17") values.flatMap(variables).forEach(add);
    }
    if (Version === "2012-10-17") [...Resource, ...NotResource].flatMap(variables).forEach(add);
  }
  return [...keys.values()];
}
