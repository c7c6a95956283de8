/** What zod says of a definition's structure, in words: unknown keys, wrong types, ranges, choices, numbers without their unit. */
import type { z } from "zod";
import { dotted, type Finding } from "./finding.ts";
import { nearest } from "./nearest.ts";
import { bounds, expected, keysAt, schemaAt, unitNumbers, unitOf } from "./schema.ts";
import { inUnit, looksBare, meant, oneOf, shown, type UnitName } from "./written.ts";

type Issue = z.core.$ZodIssue;
type Path = (string | number)[];

/** The shape of AWS's names and numbers is the reason for most of them; each field's comment has the rest. */
const reasons = {
  DEF000: "A definition is one object, the argument of definePlatform.",
  DEF001: "A key that nothing reads would be a wish that nobody fulfils.",
  DEF002: "There is no default that would be right for everybody.",
  DEF003: "Every field has one type.",
  DEF004: "AWS refuses what is outside these bounds, or the platform could not keep its promises.",
  DEF005: "The field takes these values and no others.",
  DEF006: "The text becomes part of a template, and AWS takes it in this form only.",
  DEF007: "The field has several forms, each with keys of its own.",
  DEF008: "The key becomes part of names in AWS.",
  DEF009: "AWS takes whole seconds, sizes from a mebibyte and rates from a megabit, so the number has lost its unit.",
} as const;
type Code = keyof typeof reasons;

const finding = (code: Code, path: Path, message: string, fix: string): Finding => ({
  code,
  severity: "error",
  message,
  why: reasons[code],
  fix,
  place: { path },
});

/** All of them; `input` is what was parsed. */
export const structure = (issues: readonly Issue[], input: unknown): Finding[] =>
  issues.flatMap((issue) => explain(issue, [], input)).concat(unitless(input, issues));

function explain(issue: Issue, above: Path, input: unknown): Finding[] {
  const path = [...above, ...(issue.path as Path)];
  const name = path.length ? dotted(path) : "The definition";
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownKey(path, key));
    case "invalid_type":
      return [wrongType(path, name, valueAt(input, path), issue.expected)];
    case "too_small":
    case "too_big":
      return [outOfBounds(issue, path, name, valueAt(input, path))];
    case "invalid_value":
      return [choice(path, name, valueAt(input, path), issue.values)];
    case "invalid_format":
    case "custom":
      return [wrongForm(path, name, valueAt(input, path), form(issue))];
    case "invalid_key":
      return [wrongKey(path, issue.issues)];
    case "invalid_union":
      return union(issue, path, name, input);
    default:
      return [finding("DEF003", path, `${name} is ${shown(valueAt(input, path))}: ${issue.message}.`, "correct the value")];
  }
}

function unknownKey(path: Path, key: string): Finding {
  const known = keysAt(path);
  const near = nearest(key, known);
  const where = path.length ? dotted(path) : "The definition";
  return finding(
    "DEF001",
    [...path, key],
    `${where} has no key ${JSON.stringify(key)}.${near ? ` Did you mean ${JSON.stringify(near)}?` : ""}`,
    near ? `${near}: …` : `remove ${JSON.stringify(key)}; known are ${known.join(", ")}`,
  );
}

function wrongType(path: Path, name: string, value: unknown, wanted: string): Finding {
  if (path.length === 0) {
    return finding("DEF000", path, `The definition is ${shown(value)}, but must be an object.`, "export default definePlatform({ … })");
  }
  const schema = schemaAt(path);
  const words = schema ? expected(schema) : `of type ${wanted}`;
  const key = path.at(-1);
  if (value === undefined)
    return finding("DEF002", path, `${name} is missing.`, `${key}: ${words === "an object" ? "{ … }" : `… (${words})`}`);
  if (wanted === "int")
    return finding("DEF003", path, `${name} is ${shown(value)}, but must be a whole number.`, `${key}: ${Math.round(Number(value))}`);
  return finding("DEF003", path, `${name} is ${shown(value)}, but must be ${words}.`, `write ${words}`);
}

function outOfBounds(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig, path: Path, name: string, value: unknown): Finding {
  const schema = schemaAt(path);
  const unit = unitOf(schema);
  if (unit && schema && typeof value === "number" && looksBare(value, unit)) return withoutUnit(path, name, value, unit, bounds(schema));
  const least = issue.code === "too_small";
  const limit = Number(least ? issue.minimum : issue.maximum);
  const bound = unit ? inUnit(limit, unit) : String(limit);
  const side = issue.inclusive === false ? (least ? "more than" : "less than") : least ? "at least" : "at most";
  if (issue.origin === "number") {
    return finding("DEF004", path, `${name} is ${shown(value, unit)}, but must be ${side} ${bound}.`, `${path.at(-1)}: ${bound}`);
  }
  const things = issue.origin === "string" ? "characters" : "entries";
  const count = typeof value === "string" || Array.isArray(value) ? ` has ${value.length} ${things}` : ` is ${shown(value)}`;
  return finding(
    "DEF004",
    path,
    `${name}${count}, but must have ${side} ${bound}.`,
    `${least ? "add" : "remove"} ${things}: ${side} ${bound}`,
  );
}

function choice(path: Path, name: string, value: unknown, values: readonly unknown[]): Finding {
  const unit = unitOf(schemaAt(path));
  if (value === undefined)
    return finding("DEF002", path, `${name} is missing.`, `${path.at(-1)}: ${values.map((each) => shown(each, unit)).join(" | ")}`);
  const texts = values.filter((each) => typeof each === "string");
  const near = typeof value === "string" ? nearest(value, texts) : undefined;
  const choices = oneOf(values.map((each) => shown(each, unit)));
  // A bare 30 where days(30) is a choice.
  const sameNumber = unit && values.find((each) => typeof each === "number" && inUnit(each, unit).endsWith(`(${shown(value)})`));
  const suggestion = near ?? sameNumber ?? values[0];
  const given = shown(value, typeof value === "number" && unit && !looksBare(value, unit) ? unit : undefined);
  return finding("DEF005", path, `${name} is ${given}, but must be ${choices}.`, `${path.at(-1)}: ${shown(suggestion, unit)}`);
}

const wrongForm = (path: Path, name: string, value: unknown, wanted: string): Finding =>
  finding("DEF006", path, `${name} is ${shown(value)}, but must be ${wanted}.`, `write ${wanted}`);

function wrongKey(path: Path, issues: readonly Issue[]): Finding {
  const key = String(path.at(-1));
  const wanted = issues.map((issue) => (issue.code === "too_big" ? `${issue.maximum} characters at most` : form(issue))).join("; ");
  return finding("DEF008", path, `The key ${JSON.stringify(key)} in ${dotted(path.slice(0, -1))} must be of ${wanted}.`, renamed(key));
}

/** `Web_1` → `web-1`. */
function renamed(key: string): string {
  const better = key
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^[^a-z]+|-+$/g, "");
  return better && better !== key ? `${JSON.stringify(better)}: …` : "choose another key";
}

/** Messages that the schema gives itself are noun phrases; zod's own are not. */
function form(issue: Issue): string {
  if (issue.code !== "invalid_format") return issue.message;
  const named: Record<string, string> = { ipv4: "an IPv4 address such as 10.0.0.10", email: "an e-mail address" };
  if (named[issue.format]) return named[issue.format]!;
  if (issue.format === "starts_with" && "prefix" in issue) return `a text that begins with ${JSON.stringify(issue.prefix)}`;
  return issue.message.startsWith("Invalid") ? `of the form ${issue.pattern ?? issue.format}` : issue.message;
}

function union(issue: z.core.$ZodIssueInvalidUnion, path: Path, name: string, input: unknown): Finding[] {
  const value = valueAt(input, path);
  const alternatives = issue.errors;
  if (value === undefined) return [finding("DEF002", path, `${name} is missing.`, `${path.at(-1)}: …`)];
  const literals = alternatives.map((each) => (each.length === 1 && each[0]?.code === "invalid_value" ? each[0].values : undefined));
  if (literals.every((each) => each !== undefined)) return [choice(path, name, value, literals.flat())];
  const forms = alternatives.flatMap((each) => (each.length === 1 && each[0]!.path.length === 0 ? [form(each[0]!)] : []));
  if (forms.length === alternatives.length) return [wrongForm(path, name, value, oneOf([...new Set(forms)]))];
  // Forms told apart by their key: complain about the one that was begun, or name them all.
  const begun = alternatives.filter(
    (each) => !each.some((inner) => inner.path.length === 1 && valueAt(value, inner.path as Path) === undefined),
  );
  if (begun.length === 1) return begun[0]!.flatMap((inner) => explain(inner, path, input));
  const keys = keysAt(path);
  return [
    finding(
      "DEF007",
      path,
      `${name} is none of its forms: ${oneOf(keys.map((key) => `{ ${key} }`))}.`,
      `${path.at(-1)}: { ${near(value, keys)}: … }`,
    ),
  ];
}

const near = (value: unknown, keys: string[]): string =>
  Object.keys(Object(value))
    .map((key) => nearest(key, keys))
    .find((key) => key !== undefined) ?? keys[0]!;

const withoutUnit = (path: Path, name: string, value: number, unit: UnitName, { min, max }: { min: number; max: number }): Finding =>
  finding(
    "DEF009",
    path,
    `${name} is a bare ${value}, which counts as ${value} ${unit}.`,
    `${path.at(-1)}: ${meant(value, unit, min, max)}`,
  );

/** Bare numbers that lie within their bounds, because zero does. */
function unitless(input: unknown, issues: readonly Issue[]): Finding[] {
  const said = new Set(issues.map((issue) => dotted(issue.path as Path)));
  return [...unitNumbers(input)]
    .filter(({ path, value, unit }) => looksBare(value, unit) && !said.has(dotted(path)))
    .map(({ path, value, unit, schema }) => withoutUnit(path, dotted(path), value, unit, bounds(schema)));
}

function valueAt(input: unknown, path: Path): unknown {
  let value = input;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}
