/** Intrinsic functions and pseudo parameters. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html */
import { cidrs } from "./cidr.ts";
import { invalid, isObject, type Template } from "./template.ts";

/** `AWS::NoValue`: the property is as if not written. */
export const NOTHING = Symbol("AWS::NoValue");
/** Not known before the change is made: for change sets. Whatever is computed from it is unknown too. */
export const UNKNOWN = Symbol("known after apply");

/** Where names come from. */
export type Scope = {
  template: Template;
  /** Values of parameters: a list for list types. */
  parameters: Record<string, unknown>;
  /** Evaluated, or absent while conditions are being evaluated. */
  condition(name: string): boolean;
  pseudo: Record<string, unknown>;
  /** `Ref` of a resource; throws when it is not in the stack. */
  ref(logicalId: string): unknown;
  attribute(logicalId: string, name: string): unknown;
  importValue(name: string): unknown;
  zones(region: string): string[];
};

type Function = (argument: any, scope: Scope) => unknown;

/** The value with every function carried out. */
export function evaluate(value: unknown, scope: Scope): unknown {
  if (Array.isArray(value)) return value.map((item) => evaluate(item, scope)).filter((item) => item !== NOTHING);
  if (!isObject(value)) return value;
  const keys = Object.keys(value);
  if (keys.length === 1) {
    const name = keys[0]!;
    if (name === "Ref") return reference(value.Ref, scope);
    const run = functions[name];
    if (run) return run(value[name], scope);
    if (name.startsWith("Fn::")) throw invalid(`Template error: unsupported intrinsic function ${name}`);
  }
  const result: Record<string, unknown> = {};
  for (const key of keys) {
    const item = evaluate(value[key], scope);
    if (item !== NOTHING) result[key] = item;
  }
  return result;
}

function reference(name: unknown, scope: Scope): unknown {
  if (typeof name !== "string") throw invalid("Template error: every Ref object must have a single String value.");
  if (name === "AWS::NoValue") return NOTHING;
  if (name in scope.pseudo) return scope.pseudo[name];
  if (name in scope.parameters) return scope.parameters[name];
  return scope.ref(name);
}

const unknown = (value: unknown): boolean =>
  value === UNKNOWN || (Array.isArray(value) && value.some(unknown)) || (isObject(value) && Object.values(value).some(unknown));

/** A function whose argument is evaluated first, and which is unknown when that is. */
const strict =
  (run: Function): Function =>
  (argument, scope) => {
    const value = evaluate(argument, scope);
    return unknown(value) ? UNKNOWN : run(value, scope);
  };

/** What CloudFormation writes for a value inside a text. */
export function text(value: unknown, where: string): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw invalid(`Template error: every ${where} object must resolve to a string.`);
}

const functions: Record<string, Function> = {
  "Fn::Base64": strict((value) => Buffer.from(text(value, "Fn::Base64")).toString("base64")),
  "Fn::Cidr": strict((value) => {
    const [block, count, bits] = listOf(value, "Fn::Cidr");
    return cidrs(text(block, "Fn::Cidr"), Number(count), bits === undefined ? undefined : Number(bits));
  }),
  "Fn::FindInMap": findInMap,
  "Fn::GetAtt": (argument, scope) => {
    const [logicalId, ...path] = typeof argument === "string" ? argument.split(".") : (argument as string[]);
    const name = path.map((part) => evaluate(part, scope)).join(".");
    if (!logicalId || name === "")
      throw invalid(
        "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute",
      );
    return scope.attribute(logicalId, name);
  },
  "Fn::GetAZs": strict((region, scope) => scope.zones(region === "" ? String(scope.pseudo["AWS::Region"]) : text(region, "Fn::GetAZs"))),
  "Fn::If": (argument, scope) => {
    if (!Array.isArray(argument) || argument.length !== 3)
      throw invalid("Template error: Fn::If requires a list argument with three parameters");
    return evaluate(scope.condition(String(argument[0])) ? argument[1] : argument[2], scope);
  },
  "Fn::ImportValue": strict((name, scope) => scope.importValue(text(name, "Fn::ImportValue"))),
  "Fn::Join": strict((value) => {
    if (!Array.isArray(value) || value.length !== 2 || typeof value[0] !== "string" || !Array.isArray(value[1])) {
      throw invalid(
        "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.",
      );
    }
    return value[1].map((item) => text(item, "Fn::Join")).join(value[0]);
  }),
  "Fn::Select": strict((value) => {
    const [index, list] = listOf(value, "Fn::Select");
    if (!Array.isArray(list))
      throw invalid("Template error: Fn::Select requires a list argument with two elements: an integer index and a list");
    const at = Number(index);
    if (!Number.isInteger(at) || at < 0 || at >= list.length)
      throw invalid(`Template error: Fn::Select cannot select nonexistent value at index ${index}`);
    return list[at];
  }),
  "Fn::Split": strict((value) => {
    const [delimiter, source] = listOf(value, "Fn::Split");
    if (typeof delimiter !== "string" || delimiter === "" || source === undefined)
      throw invalid(
        "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a function that returns a string to be split.",
      );
    return text(source, "Fn::Split").split(delimiter);
  }),
  "Fn::Sub": substitute,
  "Fn::Length": strict((value) => {
    if (!Array.isArray(value)) throw invalid("Transform AWS::LanguageExtensions failed with: Fn::Length only accepts arrays.");
    return value.length;
  }),
  "Fn::ToJsonString": strict((value) => JSON.stringify(value)),
  "Fn::And": (argument, scope) => listOf(argument, "Fn::And").every((item) => truth(item, scope)),
  "Fn::Or": (argument, scope) => listOf(argument, "Fn::Or").some((item) => truth(item, scope)),
  "Fn::Not": (argument, scope) => !truth(listOf(argument, "Fn::Not")[0], scope),
  "Fn::Equals": (argument, scope) => {
    const [left, right] = listOf(evaluate(argument, scope), "Fn::Equals");
    return plain(left) === plain(right);
  },
  "Fn::Contains": (argument, scope) => {
    const [list, value] = listOf(evaluate(argument, scope), "Fn::Contains");
    return (list as unknown[]).map(plain).includes(plain(value));
  },
  "Fn::EachMemberEquals": (argument, scope) => {
    const [list, value] = listOf(evaluate(argument, scope), "Fn::EachMemberEquals");
    return (list as unknown[]).every((item) => plain(item) === plain(value));
  },
  "Fn::EachMemberIn": (argument, scope) => {
    const [list, allowed] = listOf(evaluate(argument, scope), "Fn::EachMemberIn");
    return (list as unknown[]).every((item) => (allowed as unknown[]).map(plain).includes(plain(item)));
  },
};

/** Numbers and booleans compare as the texts that they are in templates. */
const plain = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

function listOf(value: unknown, name: string): any[] {
  if (!Array.isArray(value)) throw invalid(`Template error: every ${name} object requires a list argument.`);
  return value;
}

/** A condition expression's truth. */
export function truth(value: unknown, scope: Scope): boolean {
  if (isObject(value) && Object.keys(value).length === 1 && "Condition" in value) return scope.condition(String(value.Condition));
  const result = evaluate(value, scope);
  if (typeof result === "boolean") return result;
  if (result === "true" || result === "false") return result === "true";
  throw invalid("Template format error: Every Condition member must be a boolean expression.");
}

function findInMap(argument: any, scope: Scope): unknown {
  if (!Array.isArray(argument) || argument.length < 3)
    throw invalid(
      "Template error: every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value",
    );
  const [map, top, second] = argument.slice(0, 3).map((part) => text(evaluate(part, scope), "Fn::FindInMap")) as [string, string, string];
  const found = scope.template.Mappings[map]?.[top]?.[second];
  if (found !== undefined) return evaluate(found, scope);
  // A fourth argument is AWS::LanguageExtensions' default.
  const fallback = argument[3];
  if (isObject(fallback) && "DefaultValue" in fallback) return evaluate(fallback.DefaultValue, scope);
  if (!(map in scope.template.Mappings))
    throw invalid(`Template error: Mapping named '${map}' is not present in the 'Mappings' section of template.`);
  throw invalid(`Template error: Unable to get mapping for ${map}::${top}::${second}`);
}

const VARIABLE = /\$\{(!?)([^${}!]*)\}/g;

/** The names in a text of `Fn::Sub`, without those that its own map defines. */
export function variables(argument: unknown): string[] {
  const [template, own] = Array.isArray(argument) ? argument : [argument, {}];
  if (typeof template !== "string") return [];
  return [...template.matchAll(VARIABLE)]
    .filter(([, literal, name]) => !literal && !(name!.trim() in (own ?? {})))
    .map(([, , name]) => name!.trim());
}

function substitute(argument: any, scope: Scope): unknown {
  const [template, own] = Array.isArray(argument) ? argument : [argument, {}];
  if (typeof template !== "string")
    throw invalid(
      "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and an optional second argument to specify a mapping of values to replace in the string",
    );
  let open = false;
  const result = template.replace(VARIABLE, (_whole, literal: string, raw: string) => {
    const name = raw.trim();
    if (literal) return `\${${raw}}`;
    const value = name in own ? evaluate(own[name], scope) : name.includes(".") ? dotted(name, scope) : reference(name, scope);
    if (unknown(value)) open = true;
    return open || value === NOTHING ? "" : Array.isArray(value) ? value.join(",") : text(value, "Fn::Sub");
  });
  return open ? UNKNOWN : result;
}

function dotted(name: string, scope: Scope): unknown {
  const dot = name.indexOf(".");
  return scope.attribute(name.slice(0, dot), name.slice(dot + 1));
}
