/**
 * Event patterns: docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html. SNS filter policies are the same
 * language with fewer words: docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
 */

export type Pattern = { [field: string]: unknown };

/** Why a pattern can't be used; each service says it in its own error. */
export class PatternError extends Error {
  override name = "PatternError";
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/** Parses and checks a pattern; throws a `PatternError` with the reason. */
export function parsePattern(text: string): Pattern {
  let pattern: unknown;
  try {
    pattern = JSON.parse(text);
  } catch {
    throw new PatternError("Filter is not valid JSON");
  }
  if (!isObject(pattern)) throw new PatternError("Filter is not an object");
  checkPattern(pattern);
  return pattern;
}

export function checkPattern(pattern: Record<string, unknown>): void {
  if (Object.keys(pattern).length === 0) throw new PatternError("Empty objects are not allowed");
  for (const [field, wanted] of Object.entries(pattern)) {
    if (field === "$or" && Array.isArray(wanted) && wanted.length > 1 && wanted.every(isObject)) {
      for (const each of wanted) checkPattern(each);
    } else if (isObject(wanted)) checkPattern(wanted);
    else if (!Array.isArray(wanted)) throw new PatternError(`"${field}" must be an object or an array`);
    else if (wanted.length === 0) throw new PatternError("Empty arrays are not allowed");
    else for (const each of wanted) checkCondition(each);
  }
}

const OPERATORS = new Set(["prefix", "suffix", "anything-but", "numeric", "exists", "cidr", "equals-ignore-case", "wildcard"]);

function checkCondition(condition: unknown): void {
  if (!isObject(condition)) {
    if (Array.isArray(condition)) throw new PatternError("Match value must be String, number, true, false, or null");
    return;
  }
  const [[operator, operand] = ["", undefined], ...more] = Object.entries(condition);
  if (more.length > 0) throw new PatternError("Only one key allowed in match expression");
  if (!OPERATORS.has(operator)) throw new PatternError(`Unrecognized match type ${operator}`);
  if (operator === "exists" && typeof operand !== "boolean") throw new PatternError("exists match pattern must be either true or false.");
  if (operator === "numeric") numericRange(operand);
  if (operator === "cidr" && (typeof operand !== "string" || !cidrOf(operand))) throw new PatternError("Malformed CIDR, one '/' required");
  if ((operator === "wildcard" || operator === "equals-ignore-case") && typeof operand !== "string")
    throw new PatternError(`${operator} match pattern must be a string`);
}

/** Whether a subject (an event, a message's body, its attributes) matches. */
export function matches(pattern: Record<string, unknown>, subject: unknown): boolean {
  return Object.entries(pattern).every(([field, wanted]) => {
    if (field === "$or" && Array.isArray(wanted) && wanted.every(isObject)) return wanted.some((each) => matches(each, subject));
    const found = valuesAt(subject, field);
    if (isObject(wanted)) return found.length === 0 ? matches(wanted, {}) : found.some((value) => matches(wanted, value));
    return (wanted as unknown[]).some((condition) => holds(condition, found.flat()));
  });
}

/** The values of a field; arrays of objects are looked through. */
function valuesAt(subject: unknown, field: string): unknown[] {
  if (Array.isArray(subject)) return subject.flatMap((each) => valuesAt(each, field));
  return isObject(subject) && Object.hasOwn(subject, field) ? [subject[field]] : [];
}

function holds(condition: unknown, values: readonly unknown[]): boolean {
  if (!isObject(condition)) return values.includes(condition);
  const [[operator, operand] = ["", undefined]] = Object.entries(condition);
  if (operator === "exists") return values.length > 0 === operand;
  // "Anything but" is about values that are there.
  if (operator === "anything-but") return values.some((value) => !isObject(value) && !barred(operand, value));
  const test = tests[operator];
  return test !== undefined && values.some((value) => test(operand, value));
}

const tests: Record<string, (operand: unknown, value: unknown) => boolean> = {
  prefix: (operand, value) => typeof value === "string" && affix(operand, value, (text, part) => text.startsWith(part)),
  suffix: (operand, value) => typeof value === "string" && affix(operand, value, (text, part) => text.endsWith(part)),
  "equals-ignore-case": (operand, value) => typeof value === "string" && value.toLowerCase() === String(operand).toLowerCase(),
  wildcard: (operand, value) => typeof value === "string" && wildcard(String(operand)).test(value),
  numeric: (operand, value) => typeof value === "number" && numericRange(operand).every((each) => each(value)),
  cidr: (operand, value) => typeof value === "string" && inCidr(String(operand), value),
};

function affix(operand: unknown, value: string, has: (text: string, part: string) => boolean): boolean {
  if (isObject(operand)) return has(value.toLowerCase(), String(operand["equals-ignore-case"]).toLowerCase());
  return has(value, String(operand));
}

function barred(operand: unknown, value: unknown): boolean {
  if (Array.isArray(operand)) return operand.includes(value);
  if (!isObject(operand)) return operand === value;
  const [[operator, inner] = ["", undefined]] = Object.entries(operand);
  const test = tests[operator];
  return test !== undefined && (Array.isArray(inner) ? inner : [inner]).some((each) => test(each, value));
}

const compiled = new Map<string, RegExp>();

function wildcard(text: string): RegExp {
  let found = compiled.get(text);
  if (!found) {
    found = new RegExp(
      `^${text
        .split("*")
        .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
        .join(".*")}$`,
      "s",
    );
    // The same few patterns are asked again and again; the bound is against those that are not.
    if (compiled.size > 1000) compiled.clear();
    compiled.set(text, found);
  }
  return found;
}

/** `[">", 0, "<=", 5]` as conditions that all must hold. */
function numericRange(operand: unknown): ((value: number) => boolean)[] {
  if (!Array.isArray(operand) || operand.length < 2 || operand.length % 2 === 1)
    throw new PatternError("Value of numeric must be an array of operators and numbers");
  const conditions: ((value: number) => boolean)[] = [];
  for (let at = 0; at < operand.length; at += 2) {
    const bound: unknown = operand[at + 1];
    if (typeof bound !== "number") throw new PatternError("Value of equals must be numeric");
    const by: Record<string, (value: number) => boolean> = {
      "=": (value) => value === bound,
      "<": (value) => value < bound,
      "<=": (value) => value <= bound,
      ">": (value) => value > bound,
      ">=": (value) => value >= bound,
    };
    const condition = by[String(operand[at])];
    if (!condition) throw new PatternError(`Unrecognized numeric range operator: ${String(operand[at])}`);
    conditions.push(condition);
  }
  return conditions;
}

function bitsOf(address: string): { bits: bigint; width: number } | undefined {
  if (/^\d+(\.\d+){3}$/.test(address)) {
    const parts = address.split(".").map(Number);
    return parts.some((part) => part > 255) ? undefined : { bits: parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n), width: 32 };
  }
  if (!/^[0-9a-f:]+$/i.test(address) || !address.includes(":")) return undefined;
  const [head, tail] = address.split("::") as [string, string?];
  const groups = (text: string | undefined) => (text ? text.split(":") : []);
  const missing = 8 - groups(head).length - groups(tail).length;
  if (tail === undefined ? missing !== 0 : missing < 0) return undefined;
  const all = [...groups(head), ...Array.from({ length: tail === undefined ? 0 : missing }, () => "0"), ...groups(tail)];
  return { bits: all.reduce((sum, group) => (sum << 16n) | BigInt(Number.parseInt(group, 16)), 0n), width: 128 };
}

function cidrOf(text: string): { bits: bigint; width: number; length: number } | undefined {
  const [address, length] = text.split("/") as [string, string?];
  const parsed = bitsOf(address);
  return parsed && length !== undefined && /^\d+$/.test(length) && Number(length) <= parsed.width
    ? { ...parsed, length: Number(length) }
    : undefined;
}

function inCidr(text: string, address: string): boolean {
  const block = cidrOf(text);
  const parsed = bitsOf(address);
  if (!block || !parsed || block.width !== parsed.width) return false;
  const host = BigInt(block.width - block.length);
  return block.bits >> host === parsed.bits >> host;
}
