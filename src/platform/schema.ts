/** Finding one's way in the definition's zod schema: what is expected at a path, so that a complaint can say it. */
import { z } from "zod";
import { definitionSchema } from "./definition.ts";
import type { UnitName } from "./written.ts";

type Step = string | number;
type Schema = z.core.$ZodType;

/** The schema without `optional`, `nullable`, `default`, `prefault`. */
export function bare(schema: Schema): Schema {
  let inner: Schema = schema;
  while (
    inner instanceof z.ZodOptional ||
    inner instanceof z.ZodNullable ||
    inner instanceof z.ZodDefault ||
    inner instanceof z.ZodPrefault
  ) {
    inner = inner.unwrap();
  }
  return inner;
}

/** What is expected under a key; undefined where nothing is. */
function within(schema: Schema, step: Step): Schema | undefined {
  const outer = bare(schema);
  if (outer instanceof z.ZodObject) return Object.hasOwn(outer.shape, step) ? outer.shape[step] : undefined;
  if (outer instanceof z.ZodRecord) return outer.valueType;
  if (outer instanceof z.ZodArray) return outer.element;
  if (outer instanceof z.ZodTuple) return outer.def.items[Number(step)];
  if (outer instanceof z.ZodUnion) {
    for (const option of outer.options) {
      const found = within(option, step);
      if (found) return found;
    }
  }
  return undefined;
}

export function schemaAt(path: readonly Step[]): Schema | undefined {
  let schema: Schema | undefined = definitionSchema;
  for (const step of path) schema = schema && within(schema, step);
  return schema && bare(schema);
}

export const unitOf = (schema: Schema | undefined): UnitName | undefined =>
  schema && (z.globalRegistry.get(bare(schema)) as { unit?: UnitName } | undefined)?.unit;

/** Smallest and largest number that a schema takes. */
export function bounds(schema: Schema): { min: number; max: number } {
  const { minimum = 0, maximum = Infinity } = schema._zod.bag as { minimum?: number; maximum?: number };
  return { min: minimum, max: maximum };
}

/** The keys that an object may have at a path; for a union those of each of its forms. Empty where any key may be. */
export function keysAt(path: readonly Step[]): string[] {
  const schema = schemaAt(path);
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape);
  if (!(schema instanceof z.ZodUnion)) return [];
  return schema.options.flatMap((option) => (option instanceof z.ZodObject ? Object.keys(option.shape) : []));
}

/** What somebody must write at a path, in words. */
export function expected(schema: Schema): string {
  const inner = bare(schema);
  if (inner instanceof z.ZodEnum) return inner.options.map((each) => JSON.stringify(each)).join(" | ");
  if (inner instanceof z.ZodString || inner instanceof z.ZodStringFormat) return "a text";
  if (inner instanceof z.ZodNumber) return unitOf(inner) ?? "a number";
  if (inner instanceof z.ZodBoolean) return "true or false";
  if (inner instanceof z.ZodArray || inner instanceof z.ZodTuple) return "a list";
  if (inner instanceof z.ZodObject || inner instanceof z.ZodRecord) return "an object";
  return "a value";
}

/** Every number of a definition that has a unit, with its path. */
export function* unitNumbers(value: unknown, schema: Schema = definitionSchema, path: Step[] = []): Generator<UnitNumber> {
  const inner = bare(schema);
  const unit = unitOf(inner);
  if (unit && typeof value === "number") yield { path, value, unit, schema: inner };
  if (typeof value !== "object" || value === null) return;
  const keys: Step[] = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  for (const key of keys) {
    const next = within(inner, key);
    if (next) yield* unitNumbers((value as Record<Step, unknown>)[key], next, [...path, key]);
  }
}
export type UnitNumber = { path: Step[]; value: number; unit: UnitName; schema: Schema };
