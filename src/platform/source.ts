/** A definition as the TypeScript that a person would write: durations and sizes with their units, a comment at each section. */
import type { PlatformInput } from "./definition.ts";
import { schemaAt, unitOf } from "./schema.ts";
import { inUnit } from "./written.ts";

type Path = (string | number)[];

const width = 120;

export type Section = {
  key: keyof PlatformInput;
  /** A line of comment above it. */
  comment?: string;
  /** What could be written, commented out, where the definition has no such section. */
  example?: string;
};

/** The whole file. `heading` is comment lines above everything. */
export function sourceOf(input: PlatformInput, sections: readonly Section[], heading: readonly string[]): string {
  const units = new Set(["definePlatform"]);
  const body = sections.flatMap(({ key, comment, example }) => {
    const lines = comment ? [`  // ${comment}`] : [];
    if (input[key] !== undefined) return [...lines, `  ${key}: ${written(input[key], [key], "  ", units)},`];
    return example === undefined ? [] : [...lines, ...example.split("\n").map((line) => `  // ${line}`)];
  });
  const names = [...units].sort().join(", ");
  const above = heading.length ? [...heading.map((line) => (line ? `// ${line}` : "//")), ""] : [];
  return [`import { ${names} } from "causeway";`, "", ...above, "export default definePlatform({", ...body, "});", ""].join("\n");
}

/** A value in one line where it fits. */
function written(value: unknown, path: Path, indent: string, units: Set<string>): string {
  if (typeof value === "number") return number(value, path, units);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  const list = Array.isArray(value);
  const parts = list
    ? value.map((each, at) => written(each, [...path, at], inner, units))
    : Object.entries(value).map(([key, each]) => `${keyText(key)}: ${written(each, [...path, key], inner, units)}`);
  if (parts.length === 0) return list ? "[]" : "{}";
  const [open, close] = list ? ["[", "]"] : ["{ ", " }"];
  const line = `${open}${parts.join(", ")}${close}`;
  if (!line.includes("\n") && indent.length + line.length + String(path.at(-1)).length < width) return line;
  return `${open.trim()}\n${parts.map((part) => `${inner}${part},\n`).join("")}${indent}${close.trim()}`;
}

function number(value: number, path: Path, units: Set<string>): string {
  const unit = unitOf(schemaAt(path));
  if (!unit) return String(value);
  const text = inUnit(value, unit);
  units.add(text.slice(0, text.indexOf("(")));
  return text;
}

const keyText = (key: string): string => (/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key));
