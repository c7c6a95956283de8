/** Form-encoded requests of awsQuery and ec2Query: smithy.io/2.0/aws/protocols/aws-query-protocol.html, aws-ec2-query-protocol.html */
import type { Member, Shape } from "./schema.ts";
import { DEPTH_MAX, lowerFirst, put, readText, WireError } from "./values.ts";

/** Parameters by the parts of their names: `Tag.1.Key=a` is Tag → 1 → Key. */
type Node = { value?: string; below?: Map<string, Node> };

// AWS's own bounds are not documented; CreateStack with 200 parameters and 50 tags stays under 1,000 parameters of 4 parts each.
const PARAMETERS_MAX = 20_000;
const PARTS_MAX = 100_000;

export type Form = { action?: string; root: Node };

export function parseForm(text: string): Form {
  const root: Node = {};
  let action: string | undefined;
  let count = 0;
  let parts = 0;
  for (const pair of text.split("&")) {
    if (pair === "") continue;
    if (++count > PARAMETERS_MAX) throw new WireError("MalformedQueryString", "The query string has too many parameters.");
    const equals = pair.indexOf("=");
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? "" : decode(pair.slice(equals + 1));
    if (name === "Action") action = value;
    else if (name !== "Version") parts += insert(root, name, value);
    if (parts > PARTS_MAX) throw new WireError("MalformedQueryString", "The query string has too many parameters.");
  }
  return { action, root };
}

function decode(text: string): string {
  if (!text.includes("%") && !text.includes("+")) return text;
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw new WireError("MalformedQueryString", "The query string contains a syntax error.");
  }
}

/** Answers how many parts the name has. */
function insert(root: Node, name: string, value: string): number {
  let node = root;
  const parts = name.split(".", DEPTH_MAX + 1);
  if (parts.length > DEPTH_MAX) throw new WireError("MalformedQueryString", "The query string contains a syntax error.");
  for (const part of parts) {
    node.below ??= new Map();
    let next = node.below.get(part);
    if (!next) node.below.set(part, (next = {}));
    node = next;
  }
  node.value = value;
  return parts.length;
}

/** How the two protocols name members. */
export type Naming = (member: Member) => string;
export const queryName: Naming = (member) => member.traits.xmlName ?? member.name;
export const ec2Name: Naming = (member) => {
  if (member.traits.ec2QueryName) return member.traits.ec2QueryName;
  const name: string = member.traits.xmlName ?? member.name;
  return name.slice(0, 1).toUpperCase() + name.slice(1);
};

export function readForm(shape: Shape, node: Node | undefined, naming: Naming, missing: string[], path = "", depth = 0): any {
  if (depth > DEPTH_MAX) throw new WireError("MalformedQueryString", "The query string is nested too deeply.");
  if (shape.kind === "structure") return readStructure(shape, node, naming, missing, path, depth);
  if (shape.kind === "list")
    return indexed(listNode(shape, node)).map((item, index) =>
      readForm(shape.element!.shape, item, naming, missing, `${path}.${index + 1}`, depth + 1),
    );
  if (shape.kind === "map") return readEntries(shape, node, naming, missing, path, depth);
  return shape.kind === "unit" ? {} : readText(shape, node?.value ?? "", path);
}

function readStructure(shape: Shape, node: Node | undefined, naming: Naming, missing: string[], path: string, depth: number): object {
  const result: Record<string, unknown> = {};
  for (const member of shape.members) {
    const below = memberNode(node, member, naming);
    const place = path ? `${path}.${lowerFirst(member.name)}` : lowerFirst(member.name);
    if (below) result[member.name] = readForm(member.shape, below, naming, missing, place, depth + 1);
    else if (member.required) missing.push(naming === ec2Name ? naming(member) : place);
  }
  return result;
}

/** SQS names a flattened list after its items in its old protocol, which is the member's own name in the SDK's schema. */
function memberNode(node: Node | undefined, member: Member, naming: Naming): Node | undefined {
  return node?.below?.get(naming(member)) ?? node?.below?.get(member.name);
}

/** Flattened lists have their numbers at once, others under `member` or the items' own name. */
function listNode(shape: Shape, node: Node | undefined): Node | undefined {
  return node?.below?.get(shape.element!.traits.xmlName ?? "member") ?? node?.below?.get("member") ?? node;
}

function indexed(node: Node | undefined): Node[] {
  const items: [number, Node][] = [];
  for (const [part, below] of node?.below ?? []) if (/^\d{1,9}$/.test(part)) items.push([Number(part), below]);
  return items.sort(([a], [b]) => a - b).map(([, item]) => item);
}

function readEntries(shape: Shape, node: Node | undefined, naming: Naming, missing: string[], path: string, depth: number): object {
  const result: Record<string, unknown> = {};
  const key = shape.key!.traits.xmlName ?? "key";
  const value = shape.element!.traits.xmlName ?? "value";
  for (const entry of indexed(node?.below?.get("entry") ?? node)) {
    const name = entry.below?.get(key)?.value;
    if (name !== undefined)
      put(result, name, readForm(shape.element!.shape, entry.below?.get(value), naming, missing, `${path}.${name}`, depth + 1));
  }
  return result;
}
