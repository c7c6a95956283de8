/** Condition operators. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html */
import { instant } from "../../../kernel/units.ts";
import type { Condition } from "./documents.ts";
import { arnFits, fits, pattern, type Values } from "./patterns.ts";

/** Whether one value of the policy, its variables filled in, fits one of the request; `values` is absent where there are no variables. */
type Test = (expected: string, given: string, values: Values | undefined) => boolean;

const text =
  (fold: boolean, wildcards: boolean): Test =>
  (expected, given, values) => {
    const found = pattern(fold ? expected.toLowerCase() : expected, values, wildcards);
    // Folding the policy's text leaves a variable's value as it is.
    return (
      found !== undefined &&
      (fold
        ? fits(
            found.map((part) => (typeof part === "string" ? part.toLowerCase() : part)),
            given.toLowerCase(),
          )
        : fits(found, given))
    );
  };

const compared =
  (read: (text: string) => number, holds: (given: number, expected: number) => boolean): Test =>
  (expected, given) => {
    const [left, right] = [read(given), read(expected)];
    return !Number.isNaN(left) && !Number.isNaN(right) && holds(left, right);
  };

const number = (text: string): number => (text.trim() === "" ? Number.NaN : Number(text));
/** ISO 8601, or seconds since 1970. */
const moment = (text: string): number => (/^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : instant(text));

const arn: Test = (expected, given, values) => {
  const found = pattern(expected, values);
  return found !== undefined && arnFits(found, given);
};

const comparisons = {
  equals: (a: number, b: number) => a === b,
  lessthan: (a: number, b: number) => a < b,
  lessthanequals: (a: number, b: number) => a <= b,
  greaterthan: (a: number, b: number) => a > b,
  greaterthanequals: (a: number, b: number) => a >= b,
};

const TESTS: Record<string, Test> = {
  stringequals: text(false, false),
  stringequalsignorecase: text(true, false),
  stringlike: text(false, true),
  bool: (expected, given) => expected.toLowerCase() === given.toLowerCase(),
  binaryequals: (expected, given) => expected === given,
  ipaddress: (expected, given) => within(expected, given),
  arnequals: arn,
  arnlike: arn,
  ...Object.fromEntries(Object.entries(comparisons).map(([name, holds]) => [`numeric${name}`, compared(number, holds)])),
  ...Object.fromEntries(Object.entries(comparisons).map(([name, holds]) => [`date${name}`, compared(moment, holds)])),
};

/** Those that hold when the other does not. */
const NEGATED: Record<string, string> = {
  stringnotequals: "stringequals",
  stringnotequalsignorecase: "stringequalsignorecase",
  stringnotlike: "stringlike",
  numericnotequals: "numericequals",
  datenotequals: "dateequals",
  notipaddress: "ipaddress",
  arnnotequals: "arnequals",
  arnnotlike: "arnlike",
};

/** In lower case: operators are not distinguished by case. */
export const OPERATORS: ReadonlySet<string> = new Set([...Object.keys(TESTS), ...Object.keys(NEGATED), "null"]);

/** Whether one condition holds for the values of the request. `variables`: whether the policy's version has them. */
export function holds({ operator, key, values: expected }: Condition, values: Values, variables: boolean): boolean {
  const [, set, name = "", ifExists] = /^(?:(forallvalues|foranyvalue):)?(.*?)(ifexists)?$/.exec(operator.toLowerCase())!;
  const given = values.get(key.toLowerCase());
  if (name === "null") return expected.some((each) => (each.toLowerCase() === "true") === (given === undefined));
  const negated = name in NEGATED;
  if (given === undefined || given.length === 0) {
    if (set === "forallvalues" || ifExists) return true;
    // A key that is not there is not equal to anything; with ForAnyValue there must be one.
    return negated && set !== "foranyvalue";
  }
  const test = TESTS[NEGATED[name] ?? name]!;
  const any = (value: string) => expected.some((each) => test(each, value, variables ? values : undefined));
  if (set === "forallvalues") return given.every((value) => any(value) !== negated);
  if (set === "foranyvalue") return given.some((value) => any(value) !== negated);
  return given.some(any) !== negated;
}

/** Whether an address is in a block; an address alone is a block of one. IPv4 and IPv6. */
function within(block: string, address: string): boolean {
  const [base = "", length] = block.split("/");
  const left = bits(base);
  const right = bits(address);
  if (!left || !right || left.length !== right.length) return false;
  const prefix = length === undefined ? left.length : Number(length);
  return Number.isInteger(prefix) && prefix >= 0 && left.slice(0, prefix) === right.slice(0, prefix);
}

function bits(address: string): string | undefined {
  if (!address.includes(":")) {
    const parts = address.split(".");
    if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)) return undefined;
    return parts.map((part) => Number(part).toString(2).padStart(8, "0")).join("");
  }
  const [head = "", tail] = address.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = 8 - left.length - right.length;
  if (tail === undefined ? zeros !== 0 : zeros < 1) return undefined;
  const groups = [...left, ...Array.from({ length: zeros }, () => "0"), ...right];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return groups.map((group) => Number.parseInt(group, 16).toString(2).padStart(16, "0")).join("");
}
