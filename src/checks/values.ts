/** What a template says once its references are followed: texts, links to resources, and what only AWS knows. */
import type { Role } from "../platform/definition.ts";
import type { PartName } from "../stacks/parts.ts";

export type ModelResource = {
  /** The stack's id, such as `eu-west-1-network`, and the resource's logical id in it. */
  stack: string;
  id: string;
  type: string;
  region: string;
  role: Role;
  part: PartName;
  /** `recovery`: its template waits until the platform is recovered. */
  when: "deploy" | "recovery";
  /** The condition's name. */
  condition?: string;
  /** Resolved; see `Value`. */
  properties: Record<string, any>;
};

/** A resource of these templates, or one attribute of it. */
export type Link = { resource: ModelResource; attribute?: string };
/** What a parameter of Systems Manager holds: its name, and what it will hold where these templates or a handover say so. */
export type Parameter = { parameter: string; of?: Value };
/** A text of which some pieces are known only in AWS. */
export type Joined = { joined: Value[] };
/** A function whose result is known only in AWS, with what it is made of. */
export type Unknown = { unknown: string; of: Value };
export type Value = string | number | boolean | null | Value[] | Link | Parameter | Joined | Unknown | { [key: string]: Value };

/** A value of AWS's documentation: no check depends on whose account it is. */
export const account = "123456789012";

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

export const isLink = (value: unknown): value is Link => isRecord(value) && isRecord(value.resource) && "properties" in value.resource;
export const isParameter = (value: unknown): value is Parameter => isRecord(value) && typeof value.parameter === "string";
export const isJoined = (value: unknown): value is Joined => isRecord(value) && Array.isArray(value.joined);
export const isUnknown = (value: unknown): value is Unknown => isRecord(value) && typeof value.unknown === "string" && "of" in value;

/** The resource that a value stands for, through handovers too. */
export function linked(value: unknown): ModelResource | undefined {
  if (isLink(value)) return value.resource;
  return isParameter(value) ? linked(value.of) : undefined;
}

/** The resources that a list of links stands for; what is no link is left out. */
export const linkedAll = (value: unknown): ModelResource[] =>
  (Array.isArray(value) ? value : [value]).map(linked).filter((each) => each !== undefined);

/** The members of a list; what only AWS knows has none that could be looked at. */
export const members = (value: unknown): Record<string, any>[] => (Array.isArray(value) ? value.filter(isRecord) : []);

/** Every text, link and parameter inside a value, with the keys on the way; a link's own resource is not entered. */
export function* leaves(value: unknown, path: string[] = []): Generator<{ path: string[]; value: string | Link | Parameter }> {
  if (typeof value === "string" || isLink(value) || isParameter(value)) yield { path, value };
  else if (isJoined(value)) yield* leaves(value.joined, path);
  else if (isUnknown(value)) yield* leaves(value.of, path);
  else if (Array.isArray(value)) for (const each of value) yield* leaves(each, path);
  else if (isRecord(value)) for (const [key, each] of Object.entries(value)) yield* leaves(each, [...path, key]);
}

/** For people: `eu-west-1-network.AppSubnetA`. */
export const named = ({ stack, id }: ModelResource): string => `${stack}.${id}`;

/** A value as a text for people and patterns; what only AWS knows is in `${…}`. */
export function text(value: unknown): string {
  if (isLink(value)) return `\${${named(value.resource)}${value.attribute ? `.${value.attribute}` : ""}}`;
  if (isParameter(value)) return `\${${value.parameter}}`;
  if (isJoined(value)) return value.joined.map(text).join("");
  if (isUnknown(value)) return `\${${value.unknown}}`;
  return typeof value === "string" ? value : JSON.stringify(value);
}
