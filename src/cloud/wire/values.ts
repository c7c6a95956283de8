/** Simple values as text: numbers, truths, moments, bytes; what can't be read is refused by its place in the request. */
import type { Blob } from "../blobs.ts";
import type { Shape } from "./schema.ts";

/** A refusal by the wire itself, before any handler: the request can't be understood. */
export class WireError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status: number | undefined = 400,
    readonly members: Record<string, unknown> = {},
  ) {
    super(message);
    this.name = code;
  }
}

/** A value of the wrong form; each protocol says it in its own words. */
export class Unreadable extends Error {
  constructor(
    readonly path: string,
    readonly value: string,
    readonly expected: string,
  ) {
    super(`${path}: ${expected} expected`);
  }
}

/** Deeper than any request of AWS's clients, and shallow enough for the stack. */
export const DEPTH_MAX = 64;

// ECMAScript's range of moments, in milliseconds
const MOMENT_MAX = 8.64e15;

export function readText(shape: Shape, text: string, path: string): unknown {
  switch (shape.kind) {
    case "string":
    case "document":
      return text;
    case "number":
      return readNumber(text, path);
    case "boolean":
      if (text === "true" || text === "false") return text === "true";
      if (/^(true|false)$/i.test(text)) return text.toLowerCase() === "true"; // boto3 of old sends True
      throw new Unreadable(path, text, "a boolean");
    case "timestamp":
      return readMoment(text, path);
    case "blob":
    case "stream":
      return readBytes(text, path);
    default:
      throw new Unreadable(path, text, "a structure");
  }
}

function readNumber(text: string, path: string): number {
  const number = Number(text);
  if (text.trim() === "" || !Number.isFinite(number)) throw new Unreadable(path, text, "a number");
  return number;
}

/** ISO 8601, seconds since 1970, or an HTTP date. */
export function readMoment(value: string | number, path: string): Date {
  const seconds = typeof value === "number" ? value : /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
  const at = seconds === undefined ? Date.parse(value as string) : Math.round(seconds * 1000);
  if (!(Math.abs(at) <= MOMENT_MAX)) throw new Unreadable(path, String(value), "a timestamp");
  return new Date(at);
}

export function readBytes(text: string, path: string): Uint8Array {
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(text)) throw new Unreadable(path, text.slice(0, 40), "base64");
  return new Uint8Array(Buffer.from(text, "base64"));
}

/** A moment in the form that the shape or, failing that, the protocol asks for. */
export function momentText(value: Date | number, format: number): string {
  const at = new Date(value);
  if (format === 6) return at.toUTCString();
  if (format === 7) return String(at.getTime() / 1000);
  return at.toISOString();
}

export function valueText(shape: Shape, value: any, format: number): string {
  if (shape.kind === "timestamp") return momentText(value, shape.format === 4 ? format : shape.format);
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
  return String(value);
}

/** Whether a handler's value for a streaming member names a stored body. */
export const isStored = (value: any): value is Blob => typeof value === "object" && value !== null && typeof value.digest === "string" && typeof value.size === "number";

/** `KeyId` → `keyId`, as AWS names members in its messages. */
export const lowerFirst = (name: string): string => name.slice(0, 1).toLowerCase() + name.slice(1);

/** AWS's sentence for required members that are missing. */
export function missingSentence(missing: readonly string[]): string {
  const each = missing.map((path) => `Value null at '${path}' failed to satisfy constraint: Member must not be null`);
  return `${missing.length} validation error${missing.length > 1 ? "s" : ""} detected: ${each.join("; ")}`;
}

/** Sets a member whatever its name: `__proto__` too is only a key. */
export function put(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__") Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
}
