/** Simple values as text: numbers, truths, moments, bytes; what can't be read is refused by its place in the request. */
import { isUtf8 } from "node:buffer";
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
  readonly value: string;

  constructor(
    readonly path: string,
    value: string,
    readonly expected: string,
  ) {
    super(`${path}: ${expected} expected`);
    // A refusal repeats what was sent, but not megabytes of it.
    this.value = value.length > QUOTED_MAX ? `${value.slice(0, QUOTED_MAX)}…` : value;
  }
}

const QUOTED_MAX = 100;

/** Deeper than any request of AWS's clients, and shallow enough for the stack. */
export const DEPTH_MAX = 64;

/**
 * What is parsed as a whole. The largest that AWS takes is ECR's UploadLayerPart, 20 MiB of layer in base64
 * (docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html); S3's objects are not parsed and don't count.
 */
const TEXT_MAX = 64 * 1024 ** 2;

/** A body as text; undefined when it is not UTF-8. */
export function bodyText(body: Uint8Array): string | undefined {
  if (body.byteLength > TEXT_MAX) throw new WireError("RequestEntityTooLarge", "The request body is too large.", 413);
  if (!isUtf8(body)) return undefined;
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString();
}

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
  const number = /^\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(number)) throw new Unreadable(path, text, "a number");
  return number;
}

/** ISO 8601, seconds since 1970, or an HTTP date. */
export function readMoment(value: string | number, path: string): Date {
  const seconds = typeof value === "number" ? value : /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
  const at = seconds === undefined ? parseDate(value as string) : Math.round(seconds * 1000);
  if (!(Math.abs(at) <= MOMENT_MAX)) throw new Unreadable(path, String(value), "a timestamp");
  return new Date(at);
}

const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:[Zz]|([+-])(\d\d):?(\d\d))?)?$/;
const HTTP_DATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

/** Milliseconds, or NaN. Not `Date.parse`: it reads "junk 1" as a date, and what names no zone by the zone of this machine. */
function parseDate(text: string): number {
  if (HTTP_DATE.test(text)) {
    const at = new Date(text);
    // The 31st of February would become the 3rd of March.
    return Number.isNaN(at.getTime()) || at.toUTCString().slice(5) !== text.slice(5) ? Number.NaN : at.getTime();
  }
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "", sign, zoneHours = "0", zoneMinutes = "0"] =
    ISO.exec(text) ?? [];
  if (!year || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59 || Number(zoneHours) > 23 || Number(zoneMinutes) > 59)
    return Number.NaN;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return Number.NaN;
  date.setUTCHours(Number(hour), Number(minute), Number(second), Number(fraction.slice(0, 3).padEnd(3, "0")));
  const zone = (Number(zoneHours) * 60 + Number(zoneMinutes)) * 60_000;
  return date.getTime() - (sign === "-" ? -zone : zone);
}

export function readBytes(text: string, path: string): Uint8Array {
  // Line ends go first: one expression for both takes time by the square of the length.
  const digits = /\s/.test(text) ? text.replace(/\s+/g, "") : text;
  if (digits.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(digits)) throw new Unreadable(path, text, "base64");
  return new Uint8Array(Buffer.from(digits, "base64"));
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
export const isStored = (value: any): value is Blob =>
  typeof value === "object" && value !== null && typeof value.digest === "string" && typeof value.size === "number";

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
