/** Stack policies: which updates of which resources are allowed. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html */
import { invalid, isObject } from "./template.ts";

type Statement = {
  Effect: "Allow" | "Deny";
  Action?: string | string[];
  NotAction?: string | string[];
  Resource?: string | string[];
  NotResource?: string | string[];
  Condition?: Record<string, Record<string, string | string[]>>;
};

const ACTIONS = /^(\*|Update:(\*|Modify|Replace|Delete))$/;

/** Refuses what is no stack policy. */
export function checkPolicy(text: string): void {
  if (Buffer.byteLength(text) > 16_384) throw invalid("Stack policy body may not exceed 16384 bytes.");
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw invalid("Error validating stack policy: Invalid JSON.");
  }
  const statements = isObject(document) ? document.Statement : undefined;
  if (!Array.isArray(statements) || statements.length === 0) throw invalid("Error validating stack policy: Invalid stack policy");
  for (const { Effect, Action, NotAction, Principal, Resource, NotResource } of statements) {
    const actions = [Action ?? NotAction ?? []].flat();
    if (!/^(Allow|Deny)$/.test(Effect) || actions.length === 0 || !actions.every((action: string) => ACTIONS.test(action)))
      throw invalid("Error validating stack policy: Invalid stack policy");
    if (Principal !== "*" || (Resource === undefined) === (NotResource === undefined))
      throw invalid("Error validating stack policy: Invalid stack policy");
  }
}

/** Why the policy denies the action, or undefined when it allows it. What no statement allows is denied. */
export function denied(policy: string | undefined, logicalId: string, type: string, action: string): string | undefined {
  if (policy === undefined) return undefined;
  const { Statement } = JSON.parse(policy) as { Statement: Statement[] };
  const applying = Statement.map((statement, index) => ({ ...statement, index })).filter((statement) =>
    applies(statement, logicalId, type, action),
  );
  const deny = applying.find(({ Effect }) => Effect === "Deny");
  if (deny)
    return `Action denied by stack policy: Statement [#${deny.index + 1}] does not allow [${action}] for resource [LogicalResourceId/${logicalId}]`;
  return applying.length > 0
    ? undefined
    : `Action not allowed by stack policy: no statement allows [${action}] for resource [LogicalResourceId/${logicalId}]`;
}

function applies(
  { Action, NotAction, Resource, NotResource, Condition }: Statement,
  logicalId: string,
  type: string,
  action: string,
): boolean {
  const actions = Action === undefined ? !matches(NotAction, action) : matches(Action, action);
  const name = `LogicalResourceId/${logicalId}`;
  const resources = Resource === undefined ? !matches(NotResource, name) : matches(Resource, name);
  const types = Object.values(Condition ?? {}).every(({ ResourceType }) => ResourceType === undefined || matches(ResourceType, type));
  return actions && resources && types;
}

function matches(patterns: string | string[] | undefined, text: string): boolean {
  return [patterns ?? []].flat().some((pattern) =>
    new RegExp(
      `^${pattern
        .replace(/[.+^${}()|[\]\\]/g, "\\$&")
        .replace(/\*/g, ".*")
        .replace(/\?/g, ".")}$`,
    ).test(text),
  );
}
