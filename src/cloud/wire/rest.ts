/** Requests by method and path, members in paths, queries and headers: smithy.io/2.0/spec/http-bindings.html */
import type { Member, Operation, Shape } from "./schema.ts";
import { lowerFirst, momentText, readText, Unreadable, valueText, WireError } from "./values.ts";

type Segment = { literal: string } | { label: string; greedy: boolean };

export type Route = {
  operation: Operation;
  method: string;
  status: number;
  segments: Segment[];
  /** How many of them are literals: `/plans/import` is not the plan "import". */
  literalSegments: number;
  /** `?tagging`, `?list-type=2`: what the query must have. */
  literals: [string, string][];
  /** Members that must be in the query or the headers: they tell UploadPart from PutObject. */
  query: string[];
  headers: string[];
};

export type Query = Map<string, string[]>;

export function routeOf(operation: Operation, bucketInPath: boolean): Route | undefined {
  const http = operation.traits.http;
  if (!http) return undefined;
  const [method, template, status] = http as [string, string, number];
  const [path, query = ""] = template.split("?", 2) as [string, string?];
  const { members } = operation.input;
  const bucket = bucketInPath && members.some(({ name, traits }) => name === "Bucket" && traits.httpLabel);
  const parts = [...(bucket ? ["{Bucket}"] : []), ...path.split("/").filter((part) => part !== "")];
  return {
    operation,
    method,
    status,
    literalSegments: parts.filter((part) => !part.startsWith("{")).length,
    segments: parts.map((part) =>
      part.startsWith("{") ? { label: part.replace(/^\{|\+?\}$/g, ""), greedy: part.endsWith("+}") } : { literal: part },
    ),
    literals: query
      .split("&")
      .filter((pair) => pair !== "" && !pair.startsWith("x-id="))
      .map((pair) => pair.split("=", 2) as [string, string?])
      .map(([name, value = ""]) => [name, value]),
    query: members.filter(({ required, traits }) => required && traits.httpQuery).map(({ traits }) => traits.httpQuery),
    headers: members
      .filter(({ required, traits }) => required && traits.httpHeader)
      .map(({ traits }) => String(traits.httpHeader).toLowerCase()),
  };
}

/** The labels when the path fits. A greedy label takes the rest, slashes included. */
function fit({ segments }: Route, path: string): Record<string, string> | undefined {
  const labels: Record<string, string> = {};
  let rest = path.startsWith("/") ? path.slice(1) : path;
  for (const segment of segments) {
    if (rest === "") return undefined;
    const slash = "greedy" in segment && segment.greedy ? -1 : rest.indexOf("/");
    const part = slash < 0 ? rest : rest.slice(0, slash);
    if ("literal" in segment ? part !== segment.literal : part === "") return undefined;
    if ("label" in segment) labels[segment.label] = part;
    rest = slash < 0 ? "" : rest.slice(slash + 1);
  }
  return rest === "" ? labels : undefined;
}

/** The best route: the most literals in the query, then in the path, then the most required members at hand; one that lacks required members only if nothing else fits. */
export function findRoute(
  routes: readonly Route[],
  method: string,
  path: string,
  query: Query,
  headers: Record<string, string>,
): { route: Route; labels: Record<string, string> } | undefined {
  let best: { route: Route; labels: Record<string, string>; score: number } | undefined;
  for (const route of routes) {
    if (route.method !== method || !route.literals.every(([name, value]) => query.get(name)?.includes(value) ?? false)) continue;
    const labels = fit(route, path);
    if (!labels) continue;
    const asked = route.query.length + route.headers.length;
    const there = route.query.filter((name) => query.has(name)).length + route.headers.filter((name) => headers[name] !== undefined).length;
    const score = route.literals.length * 1000 + route.literalSegments * 100 + (there === asked ? there * 2 + 1 : there - asked);
    if (!best || score > best.score) best = { route, labels, score };
  }
  return best;
}

export function parseQuery(text: string): Query {
  const query: Query = new Map();
  for (const pair of text.split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = unescapeUri(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? "" : unescapeUri(pair.slice(equals + 1).replaceAll("+", " "));
    const values = query.get(name);
    if (values) values.push(value);
    else query.set(name, [value]);
  }
  return query;
}

export function unescapeUri(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw new WireError("InvalidURI", "Couldn't parse the specified URI.");
  }
}

/** Where a member travels; undefined = in the body. */
export const isBound = ({ traits }: Member): boolean =>
  Boolean(
    traits.httpLabel ||
    traits.httpQuery ||
    traits.httpQueryParams ||
    traits.httpHeader ||
    traits.httpPrefixHeaders ||
    traits.httpResponseCode ||
    traits.httpPayload,
  );

/** Reads the members that travel outside the body into `input`. */
export function readBound(
  shape: Shape,
  labels: Record<string, string>,
  query: Query,
  headers: Record<string, string>,
  missing: string[],
  input: Record<string, unknown>,
): void {
  for (const member of shape.members) {
    const { traits, name } = member;
    let value: unknown;
    if (traits.httpLabel)
      value = labels[name] === undefined ? undefined : readText(member.shape, unescapeUri(labels[name]), lowerFirst(name));
    else if (traits.httpQuery) value = readQuery(member, query.get(traits.httpQuery));
    else if (traits.httpHeader) value = readHeader(member, headers[String(traits.httpHeader).toLowerCase()]);
    else if (traits.httpPrefixHeaders !== undefined) value = prefixed(String(traits.httpPrefixHeaders).toLowerCase(), headers);
    else if (traits.httpQueryParams)
      value = Object.fromEntries(
        [...query].map(([key, values]) => [key, member.shape.element?.shape.kind === "list" ? values : values[0]]),
      );
    else continue;
    if (value !== undefined) input[name] = value;
    else if (member.required) missing.push(lowerFirst(name));
  }
}

function readQuery(member: Member, values: string[] | undefined): unknown {
  if (!values) return undefined;
  if (member.shape.kind === "list") return values.map((value) => readText(member.shape.element!.shape, value, member.traits.httpQuery));
  // An empty number or date is as good as none: some clients send `max-keys=`.
  if (values[0] === "" && member.shape.kind !== "string") return undefined;
  return readText(member.shape, values[0]!, member.traits.httpQuery);
}

function readHeader(member: Member, value: string | undefined): unknown {
  if (value === undefined) return undefined;
  if (member.shape.kind === "list")
    return listed(value).map((part) => readText(member.shape.element!.shape, part, member.traits.httpHeader));
  // A string with a media type travels as base64.
  if (member.traits.mediaType && member.shape.kind === "string") return Buffer.from(value, "base64").toString();
  try {
    return readText(member.shape, value, member.traits.httpHeader);
  } catch (error) {
    // A date that can't be read in a condition is ignored: RFC 9110, 13.1.3
    if (error instanceof Unreadable && member.shape.kind === "timestamp" && /^if-|^expires$/i.test(member.traits.httpHeader))
      return undefined;
    throw error;
  }
}

/** The items of a header: between commas, those with a comma or a quote in them in quotes. */
function listed(value: string): string[] {
  const items = value.match(/"(?:\\.|[^"\\])*"|[^,\s][^,]*/g) ?? [];
  return items.map((item) => (item.startsWith('"') ? item.slice(1, -1).replace(/\\(.)/g, "$1") : item.trim()));
}

function prefixed(prefix: string, headers: Record<string, string>): Record<string, string> | undefined {
  const found = Object.entries(headers).filter(([name]) => name.startsWith(prefix));
  return found.length > 0 ? Object.fromEntries(found.map(([name, value]) => [name.slice(prefix.length), value])) : undefined;
}

/** The members of an output that travel in headers. */
export function writeBound(shape: Shape, output: any, headers: Record<string, string>): void {
  for (const { name, traits, shape: type } of shape.members) {
    const value = output[name];
    if (value === undefined || value === null) continue;
    if (traits.httpHeader) headers[String(traits.httpHeader).toLowerCase()] = headerText(type, value);
    else if (traits.httpPrefixHeaders !== undefined) {
      for (const [key, each] of Object.entries(value))
        headers[`${String(traits.httpPrefixHeaders).toLowerCase()}${key}`] = headerSafe(String(each));
    }
  }
}

function headerText(shape: Shape, value: any): string {
  if (shape.kind === "list") return (value as unknown[]).map((item) => headerText(shape.element!.shape, item)).join(", ");
  if (shape.kind === "timestamp") return momentText(value, shape.format === 4 ? 6 : shape.format);
  return headerSafe(valueText(shape, value, 6));
}

/** HTTP headers are Latin-1 without line ends; S3 encodes what is not as RFC 2047 words. */
function headerSafe(text: string): string {
  if (/^[\t\x20-\x7e]*$/.test(text)) return text;
  return `=?UTF-8?B?${Buffer.from(text).toString("base64")}?=`;
}
