/** Filter policies: EventBridge's patterns, with bounds of their own. https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html */
import { parsePattern, PatternError, type Pattern } from "../eventbridge/pattern.ts";
import { invalid } from "./topic.ts";

const isFields = (value: unknown): value is Pattern => typeof value === "object" && value !== null && !Array.isArray(value);

export function checkFilterPolicy(text: string): void {
  const policy = parse(text);
  if (hasWildcard(policy)) throw invalid("FilterPolicy: Unrecognized match type wildcard");
  const { keys, combinations } = complexity(policy);
  if (keys > 5) throw invalid("FilterPolicy: Filter policy can not have more than 5 keys");
  if (combinations > 150) throw invalid("FilterPolicy: Filter policy is too complex");
}

function parse(text: string): Pattern {
  try {
    return parsePattern(text);
  } catch (error) {
    if (error instanceof PatternError) throw invalid(`FilterPolicy: ${error.message}`);
    throw error;
  }
}

/** EventBridge has this operator, SNS does not: inside of the lists only, elsewhere it is a field's name. */
function hasWildcard(value: unknown, inList = false): boolean {
  if (Array.isArray(value)) return value.some((each) => hasWildcard(each, true));
  if (!isFields(value)) return false;
  return Object.entries(value).some(
    ([key, inner]) => (inList && key === "wildcard") || hasWildcard(inner, inList && key === "anything-but"),
  );
}

/** How many fields a policy names, and how many combinations of their values there are. */
function complexity(policy: Pattern): { keys: number; combinations: number } {
  let keys = 0;
  let combinations = 1;
  for (const [key, wanted] of Object.entries(policy)) {
    const parts = isFields(wanted) ? [wanted] : key === "$or" && Array.isArray(wanted) && wanted.every(isFields) ? wanted : [];
    const inner = parts.map(complexity);
    keys += parts.length === 0 ? 1 : inner.reduce((sum, each) => sum + each.keys, 0);
    combinations *= parts.length === 0 ? [wanted].flat().length : inner.reduce((sum, each) => sum + each.combinations, 0);
  }
  return { keys, combinations };
}
