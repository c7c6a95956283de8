/** Templates in a form for people: a line for each property that decides something, references as names, sorted; and what differs between two. */
import { createHash } from "node:crypto";
import type { Assembly, SynthesizedStack, TemplateResource } from "../src/stacks/assembly.ts";

/** `stack Resource`, or `stack Resource Property` → its text. The resource's own line holds its type. */
export type Lines = Map<string, string>;

/** What is for readers of the console, or the same everywhere. */
const leftOut = new Set([
  "Tags",
  "Description",
  "AlarmDescription",
  "HealthCheckTags",
  "HostedZoneTags",
  "FileSystemTags",
  "BackupPlanTags",
]);

/** A longer value is told part by part. */
const textMax = 240;
/** One that has no parts and is longer than this (a dashboard) would hide the rest: its length and the start of its SHA-256 tell that it changed. */
const wholeMax = 1000;

export function lines({ stacks }: Assembly): Lines {
  const all = stacks.flatMap((stack) => {
    const names = exportsOf(stacks.filter(({ region }) => region === stack.region));
    return Object.entries(stack.template.Resources)
      .filter(([, { Type }]) => Type !== "AWS::CDK::Metadata")
      .flatMap(([name, resource]): [string, string][] => [
        [`${stack.id} ${name}`, resource.Type],
        ...settings(resource).flatMap(([key, value]) => told(`${stack.id} ${name} ${key}`, value, names)),
      ]);
  });
  return sorted(all);
}

const sorted = (all: Iterable<[string, string]>): Lines => new Map([...all].toSorted(([one], [other]) => (one < other ? -1 : 1)));

/** Name of an export → `part/Resource`, since the CDK's own names end in a hash. */
function exportsOf(stacks: SynthesizedStack[]): Map<string, string> {
  const all = stacks.flatMap(({ part, template: { Outputs = {} } }) =>
    Object.values(Outputs)
      .filter(({ Export }) => Export)
      .map(({ Export, Value }): [string, string] => [Export!.Name, `@${part}/${text(Value, new Map()).slice(1)}`]),
  );
  return new Map(all);
}

/** In round brackets: what is not a property. */
function settings({ Properties = {}, Condition, DependsOn, DeletionPolicy, UpdatePolicy }: TemplateResource): [string, unknown][] {
  const around = {
    "(if)": Condition,
    "(after)": DependsOn && [DependsOn].flat().toSorted().join(" "),
    "(at its end)": DeletionPolicy,
    "(updated by)": UpdatePolicy,
  };
  return Object.entries({ ...around, ...Properties }).filter(([key, value]) => value !== undefined && !leftOut.has(key));
}

function told(key: string, value: any, names: Exports): [string, string][] {
  const whole = text(value, names);
  if (whole.length > textMax && hasParts(value)) return Object.entries(value).flatMap(([part, each]) => toldPart(key, part, each, names));
  if (whole.length <= wholeMax) return [[key, whole]];
  return [[key, `${whole.length} characters, ${createHash("sha256").update(whole).digest("hex").slice(0, 12)}`]];
}

/** Permissions are a set: by their places, one that comes between would change all that follow. */
const toldPart = (key: string, part: string, value: any, names: Exports): [string, string][] =>
  isStatement(value) ? [[`${key} ${text(value, names)}`, ""]] : told(`${key}.${part}`, value, names);

const isStatement = (value: any): boolean => typeof value === "object" && value !== null && "Effect" in value;

/** A permission and a function of CloudFormation are read as a whole. */
const hasParts = (value: any): boolean =>
  typeof value === "object" && !isStatement(value) && !Object.keys(value).some((each) => each === "Ref" || each.startsWith("Fn::"));

type Exports = Map<string, string>;

function text(value: any, names: Exports): string {
  const say = (each: any) => text(each, names);
  if (Array.isArray(value)) return `[${value.map(say).join(", ")}]`;
  if (typeof value !== "object" || value === null) return String(value).replaceAll("\n", " ⏎ ");
  if (isStatement(value)) return statement(value, say);
  const keys = Object.keys(value);
  const short = keys.length === 1 ? intrinsic(keys[0]!, value[keys[0]!], names) : undefined;
  return short ?? `{${keys.map((key) => `${key}: ${say(value[key])}`).join(", ")}}`;
}

/** As one would say it. `@` is a reference, `${…}` stands where CloudFormation puts something. */
function intrinsic(name: string, value: any, names: Exports): string | undefined {
  const say = (each: any) => text(each, names);
  switch (name) {
    case "Ref":
      return `@${value}`;
    case "Fn::GetAtt":
      return `@${[value].flat().join(".")}`;
    case "Fn::ImportValue":
      return names.get(value) ?? `@${say(value)}`;
    case "Fn::Sub":
      return Array.isArray(value) ? `${value[0]} with ${say(value[1])}` : value;
    case "Fn::If":
      return `(${value[0]} ? ${say(value[1])} : ${say(value[2])})`;
    case "Fn::Join":
      return Array.isArray(value[1]) ? value[1].map(say).join(value[0]) : undefined;
    default:
      return undefined;
  }
}

function statement({ Effect, Action, NotAction, Resource, Principal, Condition }: any, say: (value: any) => string): string {
  return [
    Effect,
    ...(Principal ? [`to ${say(Principal)}`] : []),
    Action ? say(Action) : `all but ${say(NotAction)}`,
    ...(Resource ? [`on ${say(Resource)}`] : []),
    ...(Condition ? [`if ${say(Condition)}`] : []),
  ].join(" ");
}

const stackOf = (key: string): string => key.slice(0, key.indexOf(" "));
function parsed(key: string): { stack: string; resource: string; property?: string } {
  const [stack = "", resource = "", ...property] = key.split(" ");
  return { stack, resource, ...(property.length > 0 && { property: property.join(" ") }) };
}

const stacksOf = (all: Lines): Set<string> => new Set([...all.keys()].map(stackOf));

/**
 * What made `to` out of `from`, done to `base`, which another decision made out of `from`. Where both changed the same, `base` stays; a stack that
 * it does not have gets nothing.
 */
export function alsoChanged(base: Lines, from: Lines, to: Lines): Lines {
  const stacks = stacksOf(base);
  const result = new Map(base);
  for (const key of new Set([...from.keys(), ...to.keys()])) {
    const [before, after] = [from.get(key), to.get(key)];
    if (before === after || base.get(key) !== before || !stacks.has(stackOf(key))) continue;
    if (after === undefined) result.delete(key);
    else result.set(key, after);
  }
  return sorted(result);
}

/** Resources with their properties below, those of a stack together. */
export function printed(all: Lines): string {
  return [...stacksOf(all)]
    .map((stack) => [stack, ...[...all].filter(([key]) => stackOf(key) === stack).map(([key, value]) => line(key, value))].join("\n"))
    .join("\n\n");
}

function line(key: string, value: string, mark = ""): string {
  const { resource, property } = parsed(key);
  return `${property === undefined ? "  " : "      "}${mark}${property ?? resource}${value && `: ${value}`}`;
}

/** `-` goes (a resource with all that it had), `+` comes; both for one property: it becomes something else. */
export function printedDifference(from: Lines, to: Lines): string {
  const keys = [...new Set([...from.keys(), ...to.keys()])].filter((key) => from.get(key) !== to.get(key)).toSorted();
  const there = stacksOf(to);
  return [...new Set(keys.map(stackOf))]
    .toSorted()
    .map((stack) => {
      if (!there.has(stack)) return `${stack}\n  - the whole stack`;
      return [
        stack,
        ...changes(
          keys.filter((key) => stackOf(key) === stack),
          from,
          to,
        ),
      ].join("\n");
    })
    .join("\n\n");
}

function changes(keys: string[], from: Lines, to: Lines): string[] {
  let last = "";
  return keys.flatMap((key) => {
    const { stack, resource, property } = parsed(key);
    const own = `${stack} ${resource}`;
    if (property !== undefined && !to.has(own)) return [];
    // A resource that stays is named above its first property that does not.
    const name = property !== undefined && last !== own && to.get(own) === from.get(own) ? [`  ${resource}`] : [];
    last = own;
    return [
      ...name,
      ...[
        ["- ", from],
        ["+ ", to],
      ].flatMap(([mark, lines]) => one(key, lines as Lines, mark as string)),
    ];
  });
}

const one = (key: string, lines: Lines, mark: string): string[] => (lines.has(key) ? [line(key, lines.get(key)!, mark)] : []);
