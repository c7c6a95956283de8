/**
 * The SDK's Smithy schemas in a form that is quick to walk: each is resolved once.
 * An SDK schema is a number (simple, or a list or map of it), or an array: 0 simple, 1 list, 2 map, 3 structure, 4 union, -3 error, 9 operation.
 */

export type Traits = Record<string, any>;

export type Kind = "string" | "number" | "boolean" | "timestamp" | "blob" | "stream" | "document" | "list" | "map" | "structure" | "unit";

export type Shape = {
  kind: Kind;
  name: string;
  traits: Traits;
  /** Of timestamps: 4 the protocol's own, 5 date-time, 6 HTTP date, 7 seconds since 1970. */
  format: number;
  /** Of lists and maps. */
  element?: Member;
  /** Of maps. */
  key?: Member;
  /** Of structures; filled in when first asked for, for shapes contain themselves. */
  members: Member[];
};

export type Member = {
  name: string;
  shape: Shape;
  /** The shape's own and the member's, the member's prevailing. */
  traits: Traits;
  /** Those of the member alone. */
  memberTraits: Traits;
  required: boolean;
};

export type Operation = { name: string; traits: Traits; input: Shape; output: Shape };

// In the order of their bits: a number stands for these traits.
const BITS = ["httpLabel", "idempotent", "idempotencyToken", "sensitive", "httpPayload", "httpResponseCode", "httpQueryParams"];

function traitsOf(given: number | Traits | undefined): Traits {
  if (given === undefined || given === 0) return {};
  if (typeof given === "object") return given;
  return Object.fromEntries(BITS.filter((_, bit) => (given >> bit) & 1).map((name) => [name, 1]));
}

const simple: Record<number, Kind> = {
  0: "string",
  1: "number",
  2: "boolean",
  4: "timestamp",
  5: "timestamp",
  6: "timestamp",
  7: "timestamp",
  15: "document",
  17: "number",
  19: "number",
  21: "blob",
  42: "stream",
};

const known = new WeakMap<object, Shape>();

/** The shape behind a schema, however it is wrapped, and the traits that it was given on the way. */
function resolve(ref: any): { shape: Shape; memberTraits: Traits } {
  let memberTraits: Traits = {};
  let schema = ref;
  for (;;) {
    if (typeof schema === "function") schema = schema();
    else if (Array.isArray(schema) && schema.length === 2) {
      memberTraits = { ...traitsOf(schema[1]), ...memberTraits };
      schema = schema[0];
    } else break;
  }
  return { shape: shapeOf(schema), memberTraits };
}

function memberOf(name: string, ref: any, required: boolean): Member {
  const { shape, memberTraits } = resolve(ref);
  return { name, shape, memberTraits, traits: { ...shape.traits, ...memberTraits }, required };
}

function shapeOf(schema: any): Shape {
  if (typeof schema === "number") return ofNumber(schema, "", {});
  if (schema === "unit" || schema === undefined) return { kind: "unit", name: "", traits: {}, format: 4, members: [] };
  let shape = known.get(schema);
  if (!shape) {
    shape = ofArray(schema);
    known.set(schema, shape);
  }
  return shape;
}

function ofNumber(number: number, name: string, traits: Traits): Shape {
  if (number >= 64 && number <= 255) {
    const element = memberOf("member", number & 63, false);
    const kind = number < 128 ? "list" : "map";
    return { kind, name, traits, format: 4, element, key: kind === "map" ? memberOf("key", 0, true) : undefined, members: [] };
  }
  const kind = simple[number];
  if (!kind) throw new TypeError(`The SDK has a kind of schema that is not known here: ${number}`);
  return { kind: traits.streaming ? "stream" : kind, name, traits, format: kind === "timestamp" ? number : 4, members: [] };
}

function ofArray(schema: any[]): Shape {
  const [id, , name, given] = schema;
  const traits = traitsOf(given);
  if (id === 0) {
    const { shape } = resolve(schema[4]);
    return { ...shape, name, traits: { ...shape.traits, ...traits }, kind: traits.streaming ? "stream" : shape.kind };
  }
  if (id === 1 || id === 2) return lazy({ kind: id === 1 ? "list" : "map", name, traits, format: 4, members: [] }, schema);
  return lazy({ kind: "structure", name, traits, format: 4, members: [] }, schema);
}

/** Members, elements and keys are resolved when first asked for. */
function lazy(shape: Shape, schema: any[]): Shape {
  const define = (property: keyof Shape, make: () => unknown) =>
    Object.defineProperty(shape, property, {
      configurable: true,
      enumerable: true,
      get: () => {
        const value = make();
        Object.defineProperty(shape, property, { value, enumerable: true });
        return value;
      },
    });
  if (shape.kind === "structure") {
    define("members", () => (schema[4] as string[]).map((name, index) => memberOf(name, schema[5][index], index < (schema[6] ?? 0))));
  } else {
    define("element", () => memberOf(shape.kind === "map" ? "value" : "member", schema[shape.kind === "map" ? 5 : 4], false));
    if (shape.kind === "map") define("key", () => memberOf("key", schema[4] ?? 0, true));
  }
  return shape;
}

/** An SDK module's operation; undefined when it has none of that name. */
export function operationOf(schemas: any, name: string): Operation | undefined {
  const schema = /^[A-Za-z][A-Za-z0-9]{1,100}$/.test(name) ? schemas[`${name}$`] : undefined;
  if (!Array.isArray(schema) || schema[0] !== 9) return undefined;
  return { name, traits: traitsOf(schema[3]), input: resolve(schema[4]).shape, output: resolve(schema[5]).shape };
}

export type Failure = { name: string; queryCode?: string; status: number; fault: "client" | "server"; shape: Shape };

/** A module's modelled errors, by class name and by their code in the query protocol. */
export function failuresOf(schemas: any): Map<string, Failure> {
  const failures = new Map<string, Failure>();
  const byCode: Failure[] = [];
  for (const [key, schema] of Object.entries<any>(schemas)) {
    if (!key.endsWith("$") || !Array.isArray(schema) || schema[0] !== -3) continue;
    const traits = traitsOf(schema[3]);
    const [queryCode, queryStatus] = traits.awsQueryError ?? [];
    const failure: Failure = {
      name: schema[2],
      queryCode,
      status: queryStatus ?? traits.httpError ?? (traits.error === "server" ? 500 : 400),
      fault: traits.error ?? "client",
      shape: shapeOf(schema),
    };
    failures.set(failure.name, failure);
    if (queryCode) byCode.push(failure);
  }
  for (const failure of byCode) if (!failures.has(failure.queryCode!)) failures.set(failure.queryCode!, failure);
  return failures;
}

/** All operations of a module. */
export function operationsOf(schemas: any): Operation[] {
  const names = Object.keys(schemas).filter((key) => key.endsWith("$") && Array.isArray(schemas[key]) && schemas[key][0] === 9);
  return names.map((key) => operationOf(schemas, key.slice(0, -1))!);
}
