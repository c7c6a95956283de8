/** AWS's published schemas of resource types, compact (scripts/cfn-schemas.js): what a property is, and whether changing it replaces the resource. */
import schemas from "../data/cfn/schemas.json" with { type: "json" };
import { NOTHING, UNKNOWN } from "./intrinsics.ts";
import { isObject } from "./template.ts";

type Written = {
  id: string[];
  properties: Record<string, string>;
  attributes: string[];
  definitions?: Record<string, Record<string, string>>;
};

/** What a change of a property does to the resource. */
export type Recreation = "Never" | "Conditionally" | "Always";

export type Property = { required: boolean; recreation: Recreation; types: string[] };

export type Schema = {
  /** The properties or attributes that `Ref` is made of. */
  id: string[];
  properties: Map<string, Property>;
  attributes: Set<string>;
  definition(name: string): Map<string, Property>;
};

const parsed = new Map<string, Schema>();

/** Undefined for types that AWS publishes no schema of, e.g. AWS::CDK::Metadata. */
export function schemaOf(type: string): Schema | undefined {
  const known = parsed.get(type);
  if (known) return known;
  const written = (schemas as unknown as Record<string, Written>)[type];
  if (!written) return undefined;
  const definitions = new Map<string, Map<string, Property>>();
  const schema: Schema = {
    id: written.id,
    properties: properties(written.properties),
    attributes: new Set(written.attributes),
    definition(name) {
      let found = definitions.get(name);
      if (!found) definitions.set(name, (found = properties(written.definitions?.[name] ?? {})));
      return found;
    },
  };
  parsed.set(type, schema);
  return schema;
}

function properties(written: Record<string, string>): Map<string, Property> {
  return new Map(
    Object.entries(written).map(([name, text]) => {
      const [, star, mark, types] = /^(\*?)([+~]?)(.*)$/.exec(text)!;
      return [
        name,
        {
          required: star === "*",
          recreation: mark === "+" ? "Always" : mark === "~" ? "Conditionally" : "Never",
          types: types!.split("|"),
        },
      ];
    }),
  );
}

export type Finding = { path: string; message: string };

/**
 * What CloudFormation would find wrong with the properties, with the texts of its own property checks.
 * Values that are not known yet pass.
 */
export function check(type: string, values: Record<string, unknown>): Finding[] {
  const schema = schemaOf(type);
  const findings: Finding[] = [];
  if (schema) checkObject(schema, schema.properties, values, "", findings);
  return findings;
}

function checkObject(
  schema: Schema,
  known: Map<string, Property>,
  values: Record<string, unknown>,
  path: string,
  findings: Finding[],
): void {
  for (const [name, value] of Object.entries(values)) {
    if (name.startsWith("Fn::") || name === "Ref") return;
    const property = known.get(name);
    if (!property) findings.push({ path: `${path}/${name}`, message: `Encountered unsupported property ${name}` });
    else if (
      value !== NOTHING &&
      !property.types.some((type) => fits(schema, type, value, `${path}/${name}`, property.types.length > 1 ? [] : findings))
    ) {
      findings.push({
        path: `${path}/${name}`,
        message: `Value of property ${name} must be ${kinds[property.types[0]![0]!] ?? "a valid value"}`,
      });
    }
  }
  for (const [name, { required }] of known) {
    if (required && (!(name in values) || values[name] === NOTHING))
      findings.push({ path: `${path}/${name}`, message: `Property ${name} cannot be empty.` });
  }
}

const kinds: Record<string, string> = {
  s: "of type String",
  i: "of type Integer",
  n: "of type Number",
  b: "of type Boolean",
  "[": "of type List",
  "{": "an object",
  "#": "an object",
  t: "an object",
  j: "an object",
};

function fits(schema: Schema, type: string, value: unknown, path: string, findings: Finding[]): boolean {
  if (value === UNKNOWN || type === "j" || type === undefined) return true;
  if (isObject(value) && Object.keys(value).length === 1 && /^(Ref|Fn::)/.test(Object.keys(value)[0]!)) return true;
  switch (type[0]) {
    case "s":
    case "d":
      return ["string", "number", "boolean"].includes(typeof value);
    case "i":
      return Number.isInteger(Number(value)) && typeof value !== "object" && value !== "";
    case "n":
      return Number.isFinite(Number(value)) && typeof value !== "object" && value !== "";
    case "b":
      return typeof value === "boolean" || /^(true|false)$/i.test(String(value));
    case "[":
      // CloudFormation takes a single value where a list of plain values is wanted.
      if (!Array.isArray(value)) return type[1] === "s" && typeof value === "string";
      return value.every((item, index) => fits(schema, type.slice(1), item, `${path}/${index}`, findings));
    case "{":
      return isObject(value);
    case "t":
      return isObject(value);
    case "#":
      if (!isObject(value)) return false;
      checkObject(schema, schema.definition(type.slice(1)), value, path, findings);
      return true;
    default:
      return true;
  }
}

const order: Recreation[] = ["Never", "Conditionally", "Always"];
const worse = (one: Recreation, other: Recreation) => (order.indexOf(one) >= order.indexOf(other) ? one : other);

/** What the change of one top-level property demands, looking into it as far as the schema does. */
export function recreation(type: string, name: string, before: unknown, after: unknown): Recreation {
  const schema = schemaOf(type);
  const property = schema?.properties.get(name);
  return schema && property ? within(schema, property, before, after) : "Never";
}

function within(schema: Schema, { recreation: own, types }: Property, before: unknown, after: unknown): Recreation {
  if (own !== "Never") return own;
  let worst: Recreation = own;
  for (const type of types) {
    const reference = type.slice(type.lastIndexOf("#") + 1);
    if (!type.includes("#")) continue;
    const pairs = Array.isArray(before) || Array.isArray(after) ? zip(before, after) : [[before, after] as const];
    for (const [old, next] of pairs) {
      if (!isObject(old) || !isObject(next)) continue;
      for (const [name, property] of schema.definition(reference)) {
        if (!same(old[name], next[name])) worst = worse(worst, within(schema, property, old[name], next[name]));
      }
    }
  }
  return worst;
}

const zip = (before: unknown, after: unknown) =>
  Array.isArray(before) ? before.map((item, index) => [item, Array.isArray(after) ? after[index] : undefined] as const) : [];

/** Equal as CloudFormation compares properties: `"1"` is `1`, `"true"` is `true`. */
export function same(one: unknown, other: unknown): boolean {
  if (one === other) return one !== UNKNOWN;
  if (Array.isArray(one))
    return Array.isArray(other) && one.length === other.length && one.every((item, index) => same(item, other[index]));
  if (isObject(one)) {
    if (!isObject(other)) return false;
    const keys = Object.keys(one);
    return keys.length === Object.keys(other).length && keys.every((key) => key in other && same(one[key], other[key]));
  }
  return plain(one) && plain(other) && String(one) === String(other);
}

const plain = (value: unknown): value is string | number | boolean =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean";

/** Properties whose values differ. */
export function changed(before: Record<string, unknown>, after: Record<string, unknown>): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => !same(before[name], after[name]));
}
