/** A hash of plain data in a canonical form: equal data hash alike, however the engine happens to hold them. */
import { createHash } from "node:crypto";
import type { Run } from "./loop.ts";
import { inOrder } from "./queue.ts";

/** Of a run: its live events count in their order, not the heap's layout. */
export function digest(run: Run<unknown>): string {
  return hash([run.now, run.seq, run.random.s, run.working, inOrder(run.queue), run.universe]);
}

export const hash = (value: unknown): string => createHash("sha256").update(canonical(value)).digest("hex");

/** Objects by sorted keys; Maps, Sets and arrays in their order, which is part of what they are. */
export function canonical(value: unknown): string {
  const parts: string[] = [];
  write(value, parts);
  return parts.join("");
}

function write(value: unknown, parts: string[]): void {
  if (typeof value === "string") parts.push(JSON.stringify(value));
  else if (typeof value === "number") parts.push(Object.is(value, -0) ? "-0" : String(value), ";");
  else if (typeof value === "object" && value !== null) writeObject(value, parts);
  else if (typeof value === "bigint") parts.push(String(value), "n;");
  else if (typeof value === "function" || typeof value === "symbol")
    throw new TypeError(`A run is plain data; it holds a ${typeof value}.`);
  else parts.push(String(value), ";");
}

function writeObject(value: object, parts: string[]): void {
  if (Array.isArray(value)) {
    parts.push("[");
    for (const each of value) write(each, parts);
    parts.push("]");
  } else if (value instanceof Map) {
    parts.push("M(");
    for (const [key, each] of value) {
      write(key, parts);
      write(each, parts);
    }
    parts.push(")");
  } else if (value instanceof Set) {
    parts.push("S(");
    for (const each of value) write(each, parts);
    parts.push(")");
  } else if (value instanceof Date) parts.push("D", String(value.getTime()), ";");
  else if (ArrayBuffer.isView(value))
    parts.push("B", Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64"), ";");
  else {
    parts.push("{");
    for (const key of Object.keys(value).sort()) {
      const each = (value as Record<string, unknown>)[key];
      if (each === undefined) continue;
      parts.push(JSON.stringify(key), ":");
      write(each, parts);
    }
    parts.push("}");
  }
}
