/** Wildcards and policy variables. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html */

/** A text in which `*` and `?` stand for more, unless they came out of a variable. */
export type Pattern = readonly (string | typeof MANY | typeof ONE)[];
export const MANY = 0;
export const ONE = 1;

/** Values of the request by the key's name in lower case: names of keys are not distinguished by case. */
export type Values = ReadonlyMap<string, readonly string[]>;

const VARIABLE = /\$\{([^}]*)\}/g;

/**
 * The pattern with its variables filled in; undefined when one has no value and no default: then nothing matches.
 * Only policies of version 2012-10-17 have variables: `values` is absent for the older ones.
 */
export function pattern(text: string, values: Values | undefined, wildcards = true): Pattern | undefined {
  const parts: (string | 0 | 1)[] = [];
  let at = 0;
  if (values) {
    for (const found of text.matchAll(VARIABLE)) {
      push(parts, text.slice(at, found.index), wildcards);
      const value = variable(found[1]!, values);
      if (value === undefined) return undefined;
      parts.push(...value);
      at = found.index + found[0].length;
    }
  }
  push(parts, text.slice(at), wildcards);
  return parts;
}

function push(parts: (string | 0 | 1)[], text: string, wildcards: boolean): void {
  for (const character of text) parts.push(wildcards && character === "*" ? MANY : wildcards && character === "?" ? ONE : character);
}

/** `${*}`, `${?}` and `${$}` are the characters themselves; `${key, 'default'}` has something to fall back on. */
function variable(inside: string, values: Values): readonly string[] | undefined {
  if (inside === "*" || inside === "?" || inside === "$") return [inside];
  const [, name = "", fallback] = /^\s*([^,]*?)\s*(?:,\s*'([^']*)'\s*)?$/.exec(inside) ?? [];
  const found = values.get(name.toLowerCase());
  // A key with several values can't be a variable.
  const value = found?.length === 1 ? found[0] : fallback;
  return value === undefined ? undefined : Array.from(value);
}

/** The keys that a text's variables name. */
export function variables(text: string): string[] {
  return [...text.matchAll(VARIABLE)].map((found) => found[1]!.split(",")[0]!.trim()).filter((name) => !["*", "?", "$", ""].includes(name));
}

/** Whether the whole text fits. Takes at most pattern × text steps. */
export function fits(pattern: Pattern, text: string): boolean {
  const characters = Array.from(text);
  let at = 0;
  let part = 0;
  let star = -1;
  let resume = 0;
  while (at < characters.length) {
    const expected = pattern[part];
    if (expected === MANY) {
      star = part++;
      resume = at;
    } else if (expected === ONE || (expected !== undefined && expected === characters[at])) {
      at++;
      part++;
    } else if (star >= 0) {
      part = star + 1;
      at = ++resume;
    } else return false;
  }
  while (pattern[part] === MANY) part++;
  return part === pattern.length;
}

/** A text of a policy against one of the request, with wildcards and without variables. */
export const like = (text: string, value: string): boolean => fits(pattern(text, undefined)!, value);

/** Actions are not distinguished by case. */
export const actionFits = (text: string, action: string): boolean => like(text.toLowerCase(), action.toLowerCase());

/**
 * ARNs are compared part by part, so that a `*` in one does not reach into the next:
 * docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
 */
export function arnFits(pattern: Pattern, arn: string): boolean {
  const expected = cut(pattern);
  const parts = arn.split(":");
  const given = [...parts.slice(0, 5), parts.slice(5).join(":")];
  return parts.length >= 6 && expected.length === 6 && expected.every((part, index) => fits(part, given[index]!));
}

function cut(pattern: Pattern): Pattern[] {
  const parts: (string | 0 | 1)[][] = [[]];
  for (const each of pattern) {
    if (each === ":" && parts.length < 6) parts.push([]);
    else parts.at(-1)!.push(each);
  }
  return parts;
}
