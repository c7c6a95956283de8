/** Boxes inside boxes: sizes from their texts, places from their sizes. Rows and columns only, so that nothing can lie on anything else. */
import { width } from "./text.ts";

export type Look = "page" | "site" | "cloud" | "region" | "vpc" | "zone" | "public" | "private" | "plain";
export type Tone = "compute" | "database" | "storage" | "network" | "management" | "neutral";
/** How much of it is there: `off` and `prepared` are drawn as outlines. */
export type State = "on" | "small" | "off";

export type Item = { kind: "item"; id: string; icon: string; tone: Tone; title: string; notes?: string[]; state?: State };
export type Group = {
  kind: "group";
  id: string;
  look: Look;
  title?: string;
  note?: string;
  direction: "row" | "column";
  gap?: number;
  children: Node[];
  state?: State;
  /** Children of one size along the direction. */
  even?: boolean;
  /** Takes no more room than it needs along its parent's direction. */
  fixed?: boolean;
  /** Its children stand at the beginning, not in the middle. */
  start?: boolean;
  /** Its items are all as wide (or high) as itself. */
  stretch?: boolean;
};
/** Empty room, for lines and their labels. */
export type Space = { kind: "space"; id: string; width: number; height: number };
export type Node = Item | Group | Space;

export type Rect = { x: number; y: number; width: number; height: number };
export type Text = Rect & { text: string; size: number; bold: boolean; owner: string };
export type Placed = { node: Node; rect: Rect; depth: number };

export const font = { title: 12, note: 10.5, group: 12 };
const icon = 28;
const padding = { item: 10, group: 14, header: 28 };
const lineHeight = 15;

type Size = { width: number; height: number };

function itemSize({ title, notes = [] }: Item): Size {
  const text = Math.max(width(title, font.title, true), ...notes.map((each) => width(each, font.note, false)));
  return { width: Math.ceil(padding.item * 3 + icon + text), height: Math.max(icon, lineHeight * (1 + notes.length)) + padding.item * 2 };
}

const header = (group: Group) => (group.title ? padding.header : 0);
const inset = (group: Group) => (group.look === "plain" || group.look === "page" ? 0 : padding.group);
const gapOf = (group: Group) => group.gap ?? 14;

function childSizes({ children, even, direction }: Group): Size[] {
  const sizes = children.map(measure);
  const key = direction === "row" ? "width" : "height";
  const most = Math.max(0, ...sizes.map((each) => each[key]));
  return even ? sizes.map((each) => ({ ...each, [key]: most })) : sizes;
}

/** The least room that a node needs. */
export function measure(node: Node): Size {
  if (node.kind === "item") return itemSize(node);
  if (node.kind === "space") return { width: node.width, height: node.height };
  const sizes = childSizes(node);
  const gaps = gapOf(node) * Math.max(0, sizes.length - 1);
  const along = (key: keyof Size) => sizes.reduce((sum, each) => sum + each[key], 0) + gaps;
  const across = (key: keyof Size) => Math.max(0, ...sizes.map((each) => each[key]));
  const content =
    node.direction === "row" ? { width: along("width"), height: across("height") } : { width: across("width"), height: along("height") };
  const title = node.title ? width(node.title, font.group, true) + (node.note ? width(node.note, font.note, false) + 12 : 0) : 0;
  return {
    width: Math.ceil(Math.max(content.width, title) + inset(node) * 2),
    height: Math.ceil(content.height + inset(node) * 2 + header(node)),
  };
}

/** Every node with its place, outer ones first. Groups fill the room across their parent's direction; items keep their size and are centred. */
export function place(node: Node, x = 0, y = 0): Placed[] {
  const placed: Placed[] = [];
  put(node, { x, y, ...measure(node) }, 0, placed);
  return placed;
}

function put(node: Node, rect: Rect, depth: number, placed: Placed[]): void {
  placed.push({ node, rect, depth });
  if (node.kind !== "group") return;
  const row = node.direction === "row";
  const pad = inset(node);
  const inner = {
    x: rect.x + pad,
    y: rect.y + pad + header(node),
    width: rect.width - pad * 2,
    height: rect.height - pad * 2 - header(node),
  };
  const sizes = childSizes(node);
  const used = sizes.reduce((sum, each) => sum + (row ? each.width : each.height), gapOf(node) * Math.max(0, sizes.length - 1));
  // Room that is left over goes to the groups, evenly, so that columns end together.
  const growing = node.children.filter((each) => each.kind === "group" && !each.fixed).length;
  const spare = Math.max(0, (row ? inner.width : inner.height) - used);
  const extra = growing ? spare / growing : 0;
  let cursor = (row ? inner.x : inner.y) + (growing || node.start ? 0 : spare / 2);
  node.children.forEach((child, at) => {
    const size = sizes[at]!;
    const grow = child.kind === "group";
    const along = (row ? size.width : size.height) + (grow && !child.fixed ? extra : 0);
    const room = row ? inner.height : inner.width;
    const across = grow || (node.stretch && child.kind === "item") ? room : row ? size.height : size.width;
    const offset = (room - across) / 2;
    put(
      child,
      row
        ? { x: cursor, y: inner.y + offset, width: along, height: across }
        : { x: inner.x + offset, y: cursor, width: across, height: along },
      depth + 1,
      placed,
    );
    cursor += along + gapOf(node);
  });
}

/** Where every text of a node stands: what the drawing writes and what the test of overlaps looks at. */
export function texts({ node, rect }: Placed): Text[] {
  if (node.kind === "space") return [];
  const line = (text: string, x: number, top: number, size: number, bold: boolean): Text => ({
    text,
    size,
    bold,
    owner: node.id,
    x,
    y: top,
    width: width(text, size, bold),
    height: lineHeight,
  });
  if (node.kind === "group") {
    if (!node.title) return [];
    const title = line(node.title, rect.x + padding.group, rect.y + 10, font.group, true);
    return node.note ? [title, line(node.note, title.x + title.width + 10, rect.y + 10, font.note, false)] : [title];
  }
  const left = rect.x + padding.item * 2 + icon;
  const notes = node.notes ?? [];
  const top = rect.y + (rect.height - lineHeight * (1 + notes.length)) / 2;
  return [
    line(node.title, left, top, font.title, true),
    ...notes.map((note, at) => line(note, left, top + lineHeight * (at + 1), font.note, false)),
  ];
}

export const iconAt = ({ rect }: Placed): Rect => ({
  x: rect.x + padding.item,
  y: rect.y + (rect.height - icon) / 2,
  width: icon,
  height: icon,
});
