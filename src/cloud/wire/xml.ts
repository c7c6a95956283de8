/** XML bodies by shape, both ways: smithy.io/2.0/spec/protocol-traits.html#xml-bindings */
import { XMLParser, XMLValidator } from "fast-xml-parser";
import type { Member, Shape } from "./schema.ts";
import { DEPTH_MAX, lowerFirst, put, readText, Unreadable, valueText, WireError } from "./values.ts";

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "@",
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  htmlEntities: true, // numeric character references
});

const malformed = () =>
  new WireError("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema");

type Tree = Record<string, any>;

/** The root element as name and content. Document types are refused: nothing of AWS's needs one, and entities can grow without bound. */
export function parseXml(body: Uint8Array): { root: string; content: any } {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString();
  if (/<!(DOCTYPE|ENTITY)/i.test(text)) throw malformed();
  let tree: Tree;
  try {
    if (XMLValidator.validate(text) !== true) throw malformed();
    tree = parser.parse(text);
  } catch {
    throw malformed();
  }
  const [root] = Object.keys(tree).filter((name) => name !== "#text");
  if (root === undefined) throw malformed();
  return { root, content: tree[root] };
}

export const xmlName = (member: Member): string => member.traits.xmlName ?? member.name;

/** An element's content as a value of that shape. */
export function readXml(shape: Shape, content: any, missing: string[], path = "", depth = 0): any {
  if (depth > DEPTH_MAX) throw malformed();
  if (shape.kind === "unit") return {};
  if (shape.kind === "structure") return readStructure(shape, content, missing, path, depth);
  if (shape.kind === "list") {
    if (typeof content === "string") return [];
    return many(first(content)?.[shape.element!.traits.xmlName ?? "member"]).map((item, index) =>
      readXml(shape.element!.shape, item, missing, `${path}.${index + 1}`, depth + 1),
    );
  }
  if (shape.kind === "map") return typeof content === "string" ? {} : readEntries(shape, many(first(content)?.entry), missing, path, depth);
  return readText(shape, textOf(content, path), path);
}

function readStructure(shape: Shape, content: any, missing: string[], path: string, depth: number): object {
  const tree: Tree = typeof content === "object" && content !== null ? first(content) : {};
  const result: Record<string, unknown> = {};
  for (const member of shape.members) {
    if (member.traits.httpLabel || member.traits.httpQuery || member.traits.httpHeader || member.traits.httpPrefixHeaders) continue;
    const name = xmlName(member);
    const item = member.traits.xmlAttribute ? tree[`@${name}`] : tree[name];
    const place = path ? `${path}.${lowerFirst(member.name)}` : lowerFirst(member.name);
    if (item === undefined) {
      if (member.required) missing.push(place);
    } else if (member.traits.xmlFlattened && member.shape.kind === "list") {
      result[member.name] = many(item).map((each, index) =>
        readXml(member.shape.element!.shape, each, missing, `${place}.${index + 1}`, depth + 1),
      );
    } else if (member.traits.xmlFlattened && member.shape.kind === "map") {
      result[member.name] = readEntries(member.shape, many(item), missing, place, depth);
    } else result[member.name] = readXml(member.shape, item, missing, place, depth + 1);
  }
  return result;
}

function readEntries(shape: Shape, entries: any[], missing: string[], path: string, depth: number): object {
  const result: Record<string, unknown> = {};
  for (const entry of entries) {
    if (typeof entry !== "object" || entry === null) throw malformed();
    const key = textOf(entry[shape.key!.traits.xmlName ?? "key"], path);
    put(result, key, readXml(shape.element!.shape, entry[shape.element!.traits.xmlName ?? "value"], missing, `${path}.${key}`, depth + 1));
  }
  return result;
}

const many = (item: any): any[] => (Array.isArray(item) ? item : item === undefined ? [] : [item]);
const first = (content: any): any => (Array.isArray(content) ? content[0] : content);

function textOf(content: any, path: string): string {
  const item = first(content);
  if (typeof item === "string") return item;
  if (typeof item === "object" && item !== null && typeof item["#text"] === "string") return item["#text"];
  if (typeof item === "object" && item !== null && Object.keys(item).every((key) => key.startsWith("@"))) return "";
  throw new Unreadable(path, "", "a value");
}

const SPECIAL = /[&<>"\r\u0000-\u0008\u000b\u000c\u000e-\u001f]/;
const names: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

export function escape(text: string): string {
  if (!SPECIAL.test(text)) return text;
  return text.replace(
    /[&<>"\r\u0000-\u0008\u000b\u000c\u000e-\u001f]/g,
    (character) => names[character] ?? `&#x${character.codePointAt(0)!.toString(16).toUpperCase()};`,
  );
}

/** A value as XML text. Each shape's and member's is made once: names, tags and kinds are then settled, and only values are looked at. */
type Writer = (value: any) => string;

const contents = new WeakMap<Shape, Writer>();
const elements = new WeakMap<Member, Writer>();

/** The content of an element for a value of that shape. */
export function writeXml(shape: Shape, value: any): string {
  return contentOf(shape)(value);
}

/** A structure's member as an element, or as several when it is flattened. */
export function writeMember(member: Member, value: any): string {
  let writer = elements.get(member);
  if (!writer) {
    writer = memberWriter(member);
    elements.set(member, writer);
  }
  return writer(value);
}

/** Shapes contain themselves, so a writer is looked up when it is first used and not when it is made. */
function contentOf(shape: Shape): Writer {
  let writer = contents.get(shape);
  if (!writer) {
    let made: Writer | undefined;
    writer = (value) => (made ??= contentWriter(shape))(value);
    contents.set(shape, writer);
  }
  return writer;
}

function contentWriter(shape: Shape): Writer {
  if (shape.kind === "structure") return structureWriter(shape);
  if (shape.kind === "list") return itemsWriter(shape, shape.element!.traits.xmlName ?? "member");
  if (shape.kind === "map") return entriesWriter(shape, "entry");
  if (shape.kind === "timestamp") return (value) => valueText(shape, value, 5);
  return (value) => escape(typeof value === "string" ? value : valueText(shape, value, 5));
}

function structureWriter(shape: Shape): Writer {
  const parts = shape.members
    .filter(({ traits }) => !traits.xmlAttribute)
    .map((member) => ({ name: member.name, write: memberWriter(member) }));
  return (value) => {
    let text = "";
    for (const { name, write } of parts) {
      const item = value[name];
      if (item !== undefined && item !== null) text += write(item);
    }
    return text;
  };
}

function memberWriter(member: Member): Writer {
  const name = xmlName(member);
  const { shape } = member;
  if (member.traits.xmlFlattened && shape.kind === "list") return itemsWriter(shape, name);
  if (member.traits.xmlFlattened && shape.kind === "map") return entriesWriter(shape, name);
  return elementWriter(shape, name);
}

function elementWriter(shape: Shape, name: string): Writer {
  const write = contentOf(shape);
  const open = `<${name}>`;
  const close = `</${name}>`;
  const attributes = shape.kind === "structure" ? shape.members.filter(({ traits }) => traits.xmlAttribute) : [];
  if (attributes.length === 0) return (value) => open + write(value) + close;
  return (value) => `<${name}${attributeText(attributes, value)}>${write(value)}${close}`;
}

function itemsWriter(shape: Shape, name: string): Writer {
  const write = elementWriter(shape.element!.shape, name);
  return (items: any[]) => {
    let text = "";
    for (const item of items) if (item !== undefined && item !== null) text += write(item);
    return text;
  };
}

function entriesWriter(shape: Shape, name: string): Writer {
  const key = shape.key!.traits.xmlName ?? "key";
  const write = elementWriter(shape.element!.shape, shape.element!.traits.xmlName ?? "value");
  return (map: object) => {
    let text = "";
    for (const [each, item] of Object.entries(map)) {
      if (item !== undefined && item !== null) text += `<${name}><${key}>${escape(each)}</${key}>${write(item)}</${name}>`;
    }
    return text;
  };
}

/** Only S3's grantee has one: its type, with the namespace of that attribute. */
function attributeText(members: readonly Member[], value: any): string {
  let text = "";
  for (const member of members) {
    if (value[member.name] === undefined) continue;
    const name = xmlName(member);
    if (name.startsWith("xsi:")) text += ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';
    text += ` ${name}="${escape(String(value[member.name]))}"`;
  }
  return text;
}
