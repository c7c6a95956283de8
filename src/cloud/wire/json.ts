/** JSON bodies by shape, both ways: smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html */
import type { Member, Shape } from "./schema.ts";
import { bodyText, DEPTH_MAX, lowerFirst, put, readBytes, readMoment, Unreadable, WireError } from "./values.ts";

/** The parsed body; empty = an empty structure. */
export function parseJson(body: Uint8Array): unknown {
  if (body.byteLength === 0) return {};
  const text = bodyText(body);
  try {
    if (text !== undefined) return JSON.parse(text);
  } catch {
    // said below
  }
  throw new WireError("SerializationException", "The request body is not valid JSON.");
}

/** What was parsed, as an input of that shape. `missing` collects the paths of required members that are not there. */
export function readJson(shape: Shape, value: unknown, missing: string[], path = "", depth = 0): any {
  if (depth > DEPTH_MAX) throw new Unreadable(path, "", "less depth");
  switch (shape.kind) {
    case "structure":
      return readStructure(shape, value, missing, path, depth);
    case "list": {
      if (!Array.isArray(value)) throw unexpected(path, value, "a list");
      const items: unknown[] = [];
      for (const [index, item] of value.entries())
        if (item !== null) items.push(readJson(shape.element!.shape, item, missing, `${path}.${index + 1}.member`, depth + 1));
      return items;
    }
    case "map": {
      if (!isObject(value)) throw unexpected(path, value, "a map");
      const map: Record<string, unknown> = {};
      for (const [key, item] of Object.entries(value))
        if (item !== null) put(map, key, readJson(shape.element!.shape, item, missing, `${path}.${key}.member`, depth + 1));
      return map;
    }
    case "unit":
      return {};
    default:
      return readSimple(shape, value, path);
  }
}

function readStructure(shape: Shape, value: unknown, missing: string[], path: string, depth: number): object {
  if (!isObject(value)) throw unexpected(path, value, "a structure");
  const result: Record<string, unknown> = {};
  for (const member of shape.members) {
    const item = value[member.traits.jsonName ?? member.name];
    if (item === undefined || item === null) {
      if (member.required) missing.push(below(path, member));
    } else result[member.name] = readJson(member.shape, item, missing, below(path, member), depth + 1);
  }
  return result;
}

const below = (path: string, { name }: Member) => (path ? `${path}.${lowerFirst(name)}` : lowerFirst(name));

function readSimple(shape: Shape, value: unknown, path: string): unknown {
  switch (shape.kind) {
    case "string":
      if (typeof value === "string") return value;
      throw unexpected(path, value, "a string");
    case "number":
      if (typeof value === "number" && Number.isFinite(value)) return value;
      throw unexpected(path, value, "a number");
    case "boolean":
      if (typeof value === "boolean") return value;
      throw unexpected(path, value, "a boolean");
    case "timestamp":
      if (typeof value === "number" || typeof value === "string") return readMoment(value, path);
      throw unexpected(path, value, "a timestamp");
    case "blob":
    case "stream":
      if (typeof value === "string") return readBytes(value, path);
      throw unexpected(path, value, "base64");
    default:
      if (tooDeep(value, 0)) throw new Unreadable(path, "", "less depth");
      return value; // a document is whatever it is
  }
}

const tooDeep = (value: unknown, depth: number): boolean =>
  typeof value === "object" && value !== null && (depth > DEPTH_MAX || Object.values(value).some((item) => tooDeep(item, depth + 1)));

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/** Only simple values are repeated: a list may be as deep as the stack. */
const quoted = (value: unknown): string => (Array.isArray(value) ? "[…]" : isObject(value) ? "{…}" : JSON.stringify(value));

const unexpected = (path: string, value: unknown, expected: string) => new Unreadable(path, quoted(value), expected);

/** A handler's output as what `JSON.stringify` takes; members that the shape doesn't have stay behind. */
export function writeJson(shape: Shape, value: any): unknown {
  switch (shape.kind) {
    case "structure": {
      const result: Record<string, unknown> = {};
      for (const member of shape.members) {
        const item = value[member.name];
        if (item !== undefined && item !== null) result[member.traits.jsonName ?? member.name] = writeJson(member.shape, item);
      }
      return result;
    }
    case "list": {
      const element = shape.element!.shape;
      return element.kind === "string" ? value : (value as unknown[]).map((item) => writeJson(element, item));
    }
    case "map": {
      const result: Record<string, unknown> = {};
      for (const [key, item] of Object.entries(value))
        if (item !== undefined && item !== null) put(result, key, writeJson(shape.element!.shape, item));
      return result;
    }
    case "timestamp":
      if (shape.format === 5) return new Date(value).toISOString();
      return shape.format === 6 ? new Date(value).toUTCString() : new Date(value).getTime() / 1000;
    case "blob":
    case "stream":
      return typeof value === "string" ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
    case "number":
      return Number.isFinite(value) ? value : String(value);
    default:
      return value;
  }
}
