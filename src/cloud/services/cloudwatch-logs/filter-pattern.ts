/** Filter patterns: docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html */
import { AwsError } from "../../service.ts";

/** Whether an event's message matches; compiled once for many events. */
export type Matcher = (message: string) => boolean;

const invalid = (why = "") => new AwsError("InvalidParameterException", `Invalid filter pattern${why && `: ${why}`}`, 400);

export function compile(pattern: string): Matcher {
  const text = pattern.trim();
  if (text.length > 1024) throw invalid("Pattern is longer than 1024 characters"); // API_FilterLogEvents
  if (text === "") return () => true;
  if (text.startsWith("{")) return compileJson(text);
  if (text.startsWith("[")) return compileFields(text);
  return compileTerms(text);
}

/** `%regular expression%`; AWS's is a subset of ours. */
function regex(text: string): RegExp {
  try {
    return new RegExp(text, "u");
  } catch {
    throw invalid("malformed regular expression");
  }
}

/** Terms: all of the plain ones, at least one of the `?` ones, none of the `-` ones. With a plain one beside them, `?` ones don't count. */
function compileTerms(text: string): Matcher {
  const terms: { sign: string; holds: Matcher }[] = [];
  const term = /([?-]?)(?:"((?:\\.|[^"\\])*)"|%((?:\\.|[^%\\])*)%|([^\s"%]+))/gy;
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text[at]!)) {
      at++;
      continue;
    }
    term.lastIndex = at;
    const found = term.exec(text);
    if (!found) throw invalid();
    const [whole, sign = "", quoted, expression, plain] = found;
    if (expression !== undefined) {
      const compiled = regex(expression);
      terms.push({ sign, holds: (message) => compiled.test(message) });
    } else {
      const wanted = quoted === undefined ? plain! : quoted.replace(/\\(.)/g, "$1");
      if (quoted === undefined && !/^[\w@/.:#-]+$/.test(wanted))
        throw invalid("Terms with other than alphanumeric characters must be in double quotes");
      terms.push({ sign, holds: (message) => message.includes(wanted) });
    }
    at += whole.length;
  }
  const all = terms.filter(({ sign }) => sign === "");
  const any = terms.filter(({ sign }) => sign === "?");
  const none = terms.filter(({ sign }) => sign === "-");
  return (message) =>
    all.every(({ holds }) => holds(message)) &&
    (all.length > 0 || any.length === 0 || any.some(({ holds }) => holds(message))) &&
    !none.some(({ holds }) => holds(message));
}

type Compare = (value: unknown) => boolean;

/** A value as text; structures as JSON. */
const plain = (value: unknown): string => (typeof value === "string" ? value : (JSON.stringify(value) ?? ""));

/** What stands to the right of a selector: text with `*`, a number, or a `%regular expression%`. */
function comparison(operator: string, operand: string): Compare {
  const quoted = /^"((?:\\.|[^"\\])*)"$/.exec(operand)?.[1]?.replace(/\\(.)/g, "$1");
  const expression = /^%(.*)%$/.exec(operand)?.[1];
  if (expression !== undefined) {
    const compiled = regex(expression);
    return (value) => value !== undefined && compiled.test(plain(value)) === (operator === "=");
  }
  const number = Number(operand);
  if (quoted === undefined && operand !== "" && Number.isFinite(number)) return numeric(operator, number);
  if (operator !== "=" && operator !== "!=") throw invalid(`${operator} needs a number`);
  const text = quoted ?? operand;
  const pattern = new RegExp(
    `^${text
      .split("*")
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
      .join(".*")}$`,
    "s",
  );
  return (value) => value !== undefined && value !== null && pattern.test(plain(value)) === (operator === "=");
}

function numeric(operator: string, number: number): Compare {
  const by: Record<string, (value: number) => boolean> = {
    "=": (value) => value === number,
    "!=": (value) => value !== number,
    "<": (value) => value < number,
    ">": (value) => value > number,
    "<=": (value) => value <= number,
    ">=": (value) => value >= number,
  };
  const holds = by[operator];
  if (!holds) throw invalid(`unknown operator ${operator}`);
  return (value) => value !== null && value !== "" && Number.isFinite(Number(value)) && typeof value !== "boolean" && holds(Number(value));
}

const TOKEN =
  /\s*(\(|\)|&&|\|\||<=|>=|!=|=|<|>|IS\s+NULL|NOT\s+EXISTS|IS\s+TRUE|IS\s+FALSE|"(?:\\.|[^"\\])*"|%(?:\\.|[^%\\])*%|\$[^\s=!<>&|()]*|[^\s=!<>&|()"]+)/gy;

function tokens(text: string): string[] {
  const found: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const from = TOKEN.lastIndex;
    const token = TOKEN.exec(text);
    if (!token) {
      if (text.slice(from).trim() === "") break;
      throw invalid();
    }
    found.push(token[1]!.replace(/\s+/g, " "));
  }
  return found;
}

type Condition<Subject> = (subject: Subject) => boolean;

/** `a && b || (c)`: or of ands, over whatever `leaf` reads. */
function expression<Subject>(all: string[], leaf: (take: () => string) => Condition<Subject>): Condition<Subject> {
  let at = 0;
  const take = () => {
    const token = all[at++];
    if (token === undefined) throw invalid("unexpected end");
    return token;
  };
  const unit = (): Condition<Subject> => {
    if (all[at] !== "(") return leaf(take);
    at++;
    const inner = either();
    if (take() !== ")") throw invalid("a parenthesis is not closed");
    return inner;
  };
  const both = (): Condition<Subject> => {
    let left = unit();
    while (all[at] === "&&") {
      at++;
      const [one, other] = [left, unit()];
      left = (subject) => one(subject) && other(subject);
    }
    return left;
  };
  const either = (): Condition<Subject> => {
    let left = both();
    while (all[at] === "||") {
      at++;
      const [one, other] = [left, both()];
      left = (subject) => one(subject) || other(subject);
    }
    return left;
  };
  const whole = either();
  if (at < all.length) throw invalid(`unexpected ${all[at]}`);
  return whole;
}

/** `{ $.status = 500 && $.user.name != "root" }` */
function compileJson(text: string): Matcher {
  if (!text.endsWith("}")) throw invalid("a brace is not closed");
  const condition = expression<unknown>(tokens(text.slice(1, -1)), (take) => {
    const select = selector(take());
    const operator = take();
    if (operator === "IS NULL") return (subject) => select(subject) === null;
    if (operator === "NOT EXISTS") return (subject) => select(subject) === undefined;
    if (operator === "IS TRUE") return (subject) => select(subject) === true;
    if (operator === "IS FALSE") return (subject) => select(subject) === false;
    const holds = comparison(operator, take());
    return (subject) => holds(select(subject));
  });
  return (message) => {
    let parsed: unknown;
    try {
      parsed = JSON.parse(message);
    } catch {
      return false; // only JSON events can match
    }
    return typeof parsed === "object" && parsed !== null && condition(parsed);
  };
}

/** `$.a.b[0]["c d"]` */
function selector(text: string): (subject: unknown) => unknown {
  if (!text.startsWith("$")) throw invalid("a selector begins with $");
  const steps = [...text.slice(1).matchAll(/\.([^.[\]]+)|\[(\d+)\]|\[["']([^"']+)["']\]/g)].map(
    ([, name, index, quoted]) => name ?? index ?? quoted!,
  );
  return (subject) => {
    let value = subject;
    for (const step of steps) {
      if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
      value = (value as Record<string, unknown>)[step];
    }
    return value;
  };
}

/** `[ip, user, ..., status = 4*, bytes > 1000]`: fields between spaces, those in quotes or brackets as one. */
function compileFields(text: string): Matcher {
  if (!text.endsWith("]")) throw invalid("a bracket is not closed");
  const names = fieldNames(text);
  const gap = names.indexOf("...");
  const fields = names.map((part) => (part === "..." ? undefined : fieldCondition(part)));
  return (message) => {
    const values = fieldValues(message);
    if (gap < 0 ? values.length !== fields.length : values.length < fields.length - 1) return false;
    return fields.every((holds, index) => {
      if (!holds) return true;
      return holds(values[gap >= 0 && index > gap ? values.length - (fields.length - index) : index]);
    });
  };
}

function fieldCondition(part: string): Condition<string | undefined> {
  const all = tokens(part);
  if (all.length <= 1) return () => true;
  return expression<string | undefined>(all, (take) => {
    take(); // the field's name says nothing about its value
    const holds = comparison(take(), take());
    return (value) => holds(value);
  });
}

/** The parts between commas, but for those in quotes or in a regular expression. */
const fieldNames = (text: string): string[] =>
  (text.slice(1, -1).match(/(?:"(?:\\.|[^"\\])*"|%(?:\\.|[^%\\])*%|[^,])+/g) ?? []).map((part) => part.trim());

const fieldValues = (message: string): string[] =>
  [...message.matchAll(/"([^"]*)"|\[([^\]]*)\]|(\S+)/g)].map(([, quoted, bracketed, plain = ""]) => quoted ?? bracketed ?? plain);

/** What a pattern reads out of a message that it matches: `$status` and `$3` of fields, `$.user.name` of JSON. API_TestMetricFilter */
export function extract(pattern: string, message: string): Record<string, string> {
  const text = pattern.trim();
  if (text.startsWith("[")) return extractFields(fieldNames(text), fieldValues(message));
  if (!text.startsWith("{")) return {};
  const parsed: unknown = JSON.parse(message);
  const found = tokens(text.slice(1, -1))
    .filter((token) => token.startsWith("$"))
    .map((token) => [token, selector(token)(parsed)] as const);
  return Object.fromEntries(found.flatMap(([token, value]) => (value === undefined ? [] : [[token, plain(value)]])));
}

function extractFields(names: readonly string[], values: readonly string[]): Record<string, string> {
  const gap = names.indexOf("...");
  const found = values.map((value, index) => {
    const fromEnd = names.length - (values.length - index);
    const name = gap < 0 || index < gap ? names[index] : fromEnd > gap ? names[fromEnd] : undefined;
    return [`$${/^[\w-]+/.exec(name ?? "")?.[0] ?? index + 1}`, value];
  });
  return Object.fromEntries(found);
}
