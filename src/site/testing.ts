/** For tests: the reference platform with changes, and its rendered files by path. */
import reference from "../../platform.ts";
import { definitionSchema, type Definition } from "../platform/definition.ts";
import { placeholder, placeholders, fill } from "./placeholder.ts";
import { render } from "./render.ts";

/** The reference platform after `change`. */
export function define(change: (input: any) => void = () => undefined): Definition {
  const input = structuredClone(reference);
  change(input);
  return definitionSchema.parse(input);
}

/** Path → text. */
export const rendered = (definition: Definition): Record<string, string> =>
  Object.fromEntries(render(definition).map(({ path, text }) => [path, text]));

/** What a test puts where secrets stand. */
export const testKey = "Rehearsed.Value_1";

/** With values that a router takes: one key for all, a documentation address for each tunnel. */
export function filled(definition: Definition): Record<string, string> {
  const files = render(definition);
  const asked = files.flatMap(({ text }) => placeholders(text));
  const outside = [...new Set(asked.map(placeholder))];
  const value = (text: string, kind: string) => (kind === "secret" ? testKey : `198.51.100.${outside.indexOf(text) + 1}`);
  const values = new Map(asked.map((each) => [placeholder(each), value(placeholder(each), each.kind)]));
  return Object.fromEntries(fill(files, values).files.map(({ path, text }) => [path, text]));
}
