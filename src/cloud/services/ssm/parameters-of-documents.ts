/** What a document is given: its declared parameters, and where they stand in its steps. docs.aws.amazon.com/systems-manager/latest/userguide/documents-syntax-data-elements-parameters.html */
import { AwsError } from "../../service.ts";
import type { Content } from "./documents.ts";

type Values = Record<string, string[]>;

/** Every declared parameter with its value or default. Throws `code` for what is missing, strange or not allowed. */
export function valuesFor(
  declared: Content["parameters"],
  given: Readonly<Record<string, readonly string[] | undefined>>,
  code: string,
): Values {
  const strange = Object.keys(given).find((name) => !(name in declared));
  if (strange !== undefined) throw new AwsError(code, `The parameter ${strange} is not declared by the document.`);
  const values: Values = {};
  for (const [name, { default: usual, allowedValues, allowedPattern }] of Object.entries(declared)) {
    const value = given[name] ?? (usual === undefined ? undefined : [usual].flat().map(String));
    if (value === undefined) throw new AwsError(code, `The parameter ${name} is required.`);
    for (const each of value) {
      const allowed = !allowedValues || allowedValues.map(String).includes(each);
      if (!allowed || (allowedPattern !== undefined && !new RegExp(allowedPattern).test(each)))
        throw new AwsError(code, `The value ${each} of the parameter ${name} is not allowed.`);
    }
    values[name] = [...value];
  }
  return values;
}

/** `{{ name }}` replaced, however deep. A text that is nothing else becomes the value itself, a list where it is one. */
export function filled(template: unknown, lookUp: (name: string) => unknown): unknown {
  if (Array.isArray(template)) return template.flatMap((each) => filled(each, lookUp));
  if (typeof template === "object" && template !== null)
    return Object.fromEntries(Object.entries(template).map(([key, each]) => [key, filled(each, lookUp)]));
  if (typeof template !== "string") return template;
  const whole = /^\{\{\s*([^{}\s]+)\s*\}\}$/.exec(template);
  if (whole) return lookUp(whole[1]!);
  return template.replace(/\{\{\s*([^{}\s]+)\s*\}\}/g, (_text, name: string) => String(lookUp(name)));
}

/** Of a command: a list of one is that one. */
export const looked =
  (values: Values) =>
  (name: string): unknown => {
    const value = values[name];
    return value?.length === 1 ? value[0] : (value ?? "");
  };
