/**
 * CloudFormation's functions, worked out as far as templates alone allow.
 * docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
 */
import type { Assembly, SynthesizedStack } from "../stacks/assembly.ts";
import { account, isJoined, type ModelResource, type Value } from "./values.ts";

/** What recovery sets; every other parameter has its default. */
const switchedOn: Record<string, string> = { DrActive: "true" };

type Find = (stack: string, id: string) => ModelResource | undefined;
/** undefined: the property is not there (`AWS::NoValue`). */
type Resolve = (stack: string, value: unknown) => Value | undefined;
type Here = { stack: SynthesizedStack; all: All };
type All = {
  stacks: Map<string, SynthesizedStack>;
  find: Find;
  /** `REGION NAME` → where the export is made. */
  exports: Map<string, { stack: SynthesizedStack; value: unknown }>;
  /** `REGION NAME` → where the parameter's value is made. */
  parameters: Map<string, { stack: SynthesizedStack; value: unknown }>;
  /** What is being worked out, so that a circle of parameters ends. */
  open: Set<string>;
};

export function resolver(assembly: Assembly, find: Find): Resolve {
  const stacks = new Map(assembly.stacks.map((each) => [each.id, each]));
  const all: All = { stacks, find, exports: new Map(), parameters: new Map(), open: new Set() };
  for (const stack of assembly.stacks) collect(all, stack, assembly);
  return (id, value) => resolve({ stack: stacks.get(id)!, all }, value);
}

function collect(all: All, stack: SynthesizedStack, { handovers, stacks }: Assembly): void {
  const here = { stack, all };
  for (const [id, { Value: value, Export }] of Object.entries(stack.template.Outputs ?? {})) {
    const name = Export && resolve(here, Export.Name);
    if (typeof name === "string") all.exports.set(`${stack.region} ${name}`, { stack, value });
    for (const { name: handover, from, to } of handovers) {
      if (from.role !== stack.role || from.part !== stack.part || from.output !== id) continue;
      const region = stacks.find(({ role }) => role === to.role)?.region;
      all.parameters.set(`${region} handover/${handover}`, { stack, value });
    }
  }
  for (const { Type, Properties } of Object.values(stack.template.Resources)) {
    if (Type !== "AWS::SSM::Parameter") continue;
    const name = resolve(here, Properties?.Name);
    if (typeof name === "string") all.parameters.set(`${stack.region} ${name}`, { stack, value: Properties?.Value });
  }
}

function resolve(here: Here, value: unknown): Value | undefined {
  if (Array.isArray(value)) return value.map((each) => resolve(here, each)).filter((each) => each !== undefined);
  if (typeof value !== "object" || value === null) return value as Value;
  const entries = Object.entries(value);
  const [name, argument] = entries[0] ?? [];
  if (entries.length === 1 && name && (name === "Ref" || name.startsWith("Fn::"))) return call(here, name, argument);
  const resolved = entries.map(([key, each]) => [key, resolve(here, each)] as const);
  return Object.fromEntries(resolved.filter((entry): entry is [string, Value] => entry[1] !== undefined));
}

function call(here: Here, name: string, argument: unknown): Value | undefined {
  switch (name) {
    case "Ref":
      return reference(here, String(argument));
    case "Fn::GetAtt": {
      const [id = "", ...attribute] = typeof argument === "string" ? argument.split(".") : (argument as string[]);
      const resource = here.all.find(here.stack.id, id);
      return resource ? { resource, attribute: attribute.join(".") } : { unknown: name, of: `${id}.${attribute.join(".")}` };
    }
    case "Fn::ImportValue":
      return imported(here, argument);
    case "Fn::Sub":
      return substituted(here, argument);
    case "Fn::Join": {
      const [between, parts] = argument as [string, unknown];
      const list = resolve(here, parts);
      return Array.isArray(list) ? join(list.flatMap((each, at) => (at ? [between, each] : [each]))) : { unknown: name, of: list ?? null };
    }
    case "Fn::Select":
      return selected(here, argument as [unknown, unknown]);
    case "Fn::Split": {
      const [at, whole] = argument as [string, unknown];
      const resolved = resolve(here, whole);
      return typeof resolved === "string" ? resolved.split(at) : { unknown: name, of: resolved ?? null };
    }
    case "Fn::If":
      return chosen(here, argument as [string, unknown, unknown]);
    case "Fn::Base64":
      return resolve(here, argument);
    default:
      return { unknown: name, of: resolve(here, argument) ?? null };
  }
}

function reference(here: Here, name: string): Value | undefined {
  const { stack, all } = here;
  if (name.startsWith("AWS::")) return pseudo(stack, name);
  const parameter = stack.template.Parameters?.[name];
  if (!parameter) {
    const resource = all.find(stack.id, name);
    return resource ? { resource } : { unknown: "Ref", of: name };
  }
  if (parameter.Type.startsWith("AWS::SSM::Parameter::Value")) return stored(here, String(parameter.Default));
  return switchedOn[name] ?? (parameter.Default === undefined ? { unknown: "Ref", of: name } : (parameter.Default as Value));
}

function pseudo({ region, name: stackName }: SynthesizedStack, name: string): Value | undefined {
  const known: Record<string, Value> = {
    "AWS::AccountId": account,
    "AWS::Region": region,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": stackName,
    "AWS::NotificationARNs": [],
  };
  return name === "AWS::NoValue" ? undefined : (known[name] ?? { unknown: name, of: name });
}

/** A parameter of Systems Manager, made by one of these stacks or handed over from the other region. */
function stored({ stack, all }: Here, parameter: string): Value {
  const handover = /\/handover\/.+$/.exec(parameter)?.[0].slice(1);
  const key = `${stack.region} ${handover ?? parameter}`;
  const made = all.parameters.get(key);
  if (!made || all.open.has(key)) return { parameter };
  all.open.add(key);
  const of = resolve({ stack: made.stack, all }, made.value);
  all.open.delete(key);
  return of === undefined ? { parameter } : { parameter, of };
}

/** Exports are a region's own: what another region exports is not found. */
function imported(here: Here, argument: unknown): Value | undefined {
  const name = resolve(here, argument);
  const made = typeof name === "string" ? here.all.exports.get(`${here.stack.region} ${name}`) : undefined;
  return made ? resolve({ stack: made.stack, all: here.all }, made.value) : { unknown: "Fn::ImportValue", of: name ?? null };
}

function substituted(here: Here, argument: unknown): Value {
  const [whole, given] = (Array.isArray(argument) ? argument : [argument, {}]) as [string, Record<string, unknown>];
  // Odd pieces are the names between the braces; `${!Name}` is the text `${Name}`.
  const pieces = whole.split(/\$\{([^}]+)\}/);
  return join(
    pieces.map((piece, at): Value => {
      if (at % 2 === 0) return piece;
      if (piece.startsWith("!")) return `\${${piece.slice(1)}}`;
      if (piece in given) return resolve(here, given[piece]) ?? "";
      return (piece.includes(".") ? call(here, "Fn::GetAtt", piece) : reference(here, piece)) ?? "";
    }),
  );
}

/** One text when all pieces are known. */
function join(pieces: Value[]): Value {
  const result: Value[] = [];
  for (const piece of pieces.flatMap((each) => (isJoined(each) ? each.joined : [each]))) {
    const known = typeof piece === "number" || typeof piece === "boolean" ? String(piece) : piece;
    const last = result.at(-1);
    if (typeof known === "string" && typeof last === "string") result[result.length - 1] = last + known;
    else if (known !== "") result.push(known);
  }
  if (result.length === 0) return "";
  return result.length === 1 && typeof result[0] === "string" ? result[0] : { joined: result };
}

function selected(here: Here, [at, from]: [unknown, unknown]): Value | undefined {
  const list = resolve(here, from);
  const index = Number(resolve(here, at));
  return Array.isArray(list) ? list[index] : { unknown: "Fn::Select", of: list ?? null };
}

function chosen(here: Here, [name, yes, no]: [string, unknown, unknown]): Value | undefined {
  const holds = condition(here, { Condition: name });
  if (holds !== undefined) return resolve(here, holds ? yes : no);
  return { unknown: "Fn::If", of: [resolve(here, yes) ?? null, resolve(here, no) ?? null] };
}

/** undefined: only AWS knows. */
function condition(here: Here, expression: unknown): boolean | undefined {
  const [[name, argument] = ["", undefined]] = Object.entries(expression as Record<string, unknown>);
  const several = () => (argument as unknown[]).map((each) => condition(here, each));
  switch (name) {
    case "Condition":
      return condition(here, here.stack.template.Conditions?.[argument as string] ?? {});
    case "Fn::Equals": {
      const [one, other] = (argument as unknown[]).map((each) => resolve(here, each));
      return typeof one === "string" && typeof other === "string" ? one === other : undefined;
    }
    case "Fn::Not": {
      const [inner] = several();
      return inner === undefined ? undefined : !inner;
    }
    case "Fn::And":
      return several().includes(false) ? false : several().includes(undefined) ? undefined : true;
    case "Fn::Or":
      return several().includes(true) ? true : several().includes(undefined) ? undefined : false;
    default:
      return undefined;
  }
}
