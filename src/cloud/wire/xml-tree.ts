/**
 * XML text as a tree, in one pass that takes time by the length of the text: www.w3.org/TR/xml
 * No document types: nothing of AWS's needs one, and entities can grow without bound. Namespaces' prefixes are dropped, as S3 drops them.
 */
import { bodyText, DEPTH_MAX, WireError } from "./values.ts";

export type Element = {
  /** All text in it, but not that of the elements below. */
  text: string;
  /** By local name. */
  below?: Map<string, Element[]>;
  /** By name as written, for the one that AWS has is `xsi:type`. */
  attributes?: Map<string, string>;
};

// CompleteMultipartUpload names 10,000 parts with up to 12 elements each.
const ELEMENTS_MAX = 250_000;

const START = /<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)/y;
const END = /<\/(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)\s*>/y;
const ATTRIBUTE = /\s+([A-Za-z_][\w:.-]*)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y;
const CLOSE = /\s*(\/?)>/y;
// What XML 1.0 has no way to hold, not even as a reference
const FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;

export const malformed = () =>
  new WireError("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema");

/** The root element's local name, and the element. */
export function parseXml(body: Uint8Array): { root: string; element: Element } {
  let text = bodyText(body);
  if (text === undefined || FORBIDDEN.test(text)) throw malformed();
  if (text.includes("\r")) text = text.replace(/\r\n?/g, "\n");
  return new Reader(text).read(text.startsWith("\ufeff") ? 1 : 0);
}

class Reader {
  readonly #text: string;
  /** The open elements, the document itself first. */
  readonly #open: { name: string; element: Element }[] = [{ name: "", element: { text: "" } }];
  #count = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(from: number): { root: string; element: Element } {
    let at = from;
    while (at < this.#text.length) {
      const next = this.#text.indexOf("<", at);
      if (next !== at) this.#characters(unescapeXml(this.#text.slice(at, next < 0 ? undefined : next)));
      if (next < 0) break;
      at = this.#markup(next);
    }
    const [document] = this.#open;
    const [root] = document!.element.below ?? [];
    // Left open, or nothing at all.
    if (this.#open.length > 1 || !root) throw malformed();
    return { root: root[0], element: root[1][0]! };
  }

  #characters(text: string): void {
    const { element } = this.#open.at(-1)!;
    if (this.#open.length > 1) element.text += text;
    else if (text.trim() !== "") throw malformed();
  }

  /** Reads what begins with `<` at that place; answers where it ends. */
  #markup(at: number): number {
    switch (this.#text[at + 1]) {
      case "/":
        return this.#end(at);
      case "?":
        return this.#past("?>", at + 2);
      case "!": {
        if (this.#text.startsWith("<!--", at)) return this.#past("-->", at + 4);
        if (!this.#text.startsWith("<![CDATA[", at) || this.#open.length === 1) throw malformed();
        const end = this.#past("]]>", at + 9);
        this.#characters(this.#text.slice(at + 9, end - 3));
        return end;
      }
      default:
        return this.#start(at);
    }
  }

  #past(mark: string, from: number): number {
    const found = this.#text.indexOf(mark, from);
    if (found < 0) throw malformed();
    return found + mark.length;
  }

  #start(at: number): number {
    const name = this.#match(START, at)?.[1];
    if (name === undefined || ++this.#count > ELEMENTS_MAX || this.#open.length > DEPTH_MAX) throw malformed();
    const { element: parent } = this.#open.at(-1)!;
    const element: Element = { text: "" };
    let next = START.lastIndex;
    for (let found = this.#match(ATTRIBUTE, next); found; found = this.#match(ATTRIBUTE, next)) {
      element.attributes ??= new Map();
      if (element.attributes.has(found[1]!)) throw malformed();
      element.attributes.set(found[1]!, unescapeXml(found[2] ?? found[3]!));
      next = ATTRIBUTE.lastIndex;
    }
    const close = this.#match(CLOSE, next);
    if (!close) throw malformed();
    parent.below ??= new Map();
    const siblings = parent.below.get(name);
    // A document has one root.
    if (this.#open.length === 1 && parent.below.size > 0) throw malformed();
    if (siblings) siblings.push(element);
    else parent.below.set(name, [element]);
    if (close[1] === "") this.#open.push({ name, element });
    return CLOSE.lastIndex;
  }

  #end(at: number): number {
    const name = this.#match(END, at)?.[1];
    if (name === undefined || this.#open.length === 1 || this.#open.pop()!.name !== name) throw malformed();
    return END.lastIndex;
  }

  #match(expression: RegExp, at: number): RegExpExecArray | null {
    expression.lastIndex = at;
    return expression.exec(this.#text);
  }
}

const entities: Record<string, string> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(
    /&(?:(lt|gt|amp|quot|apos)|#(\d{1,7})|#x([0-9a-fA-F]{1,6}));|&/g,
    (_whole, name?: string, decimal?: string, hexadecimal?: string) => {
      if (name !== undefined) return entities[name]!;
      const point = decimal !== undefined ? Number(decimal) : Number.parseInt(hexadecimal ?? "", 16);
      if (!(point <= 0x10ffff) || (point >= 0xd800 && point <= 0xdfff)) throw malformed();
      const character = String.fromCodePoint(point);
      if (FORBIDDEN.test(character)) throw malformed();
      return character;
    },
  );
}
