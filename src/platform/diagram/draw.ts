/** Placed boxes and lines → SVG, light and dark in one file (the reader's own scheme) or fixed to one of them. */
import { icons } from "./icons.ts";
import { font, iconAt, measure, place, texts, type Group, type Item, type Node, type Placed, type Rect, type Text } from "./layout.ts";
import { width } from "./text.ts";

export type Side = "left" | "right" | "top" | "bottom";
export type Edge = {
  from: string;
  to: string;
  /** Where it leaves and arrives; the line has at most two corners. From bottom to bottom it goes under everything. */
  sides: [Side, Side];
  label?: string;
  /** `data`: what is replicated or copied. `standby`: used when the other is lost. */
  style?: "data" | "standby" | "control";
  /** Part of the way at which the middle stretch lies; and where the ends are on their sides. 0 to 1. */
  bend?: number;
  leave?: number;
  arrive?: number;
  /** Where along the line the label stands: on its first, middle or last stretch. */
  at?: "first" | "middle" | "last";
};
export type Theme = "auto" | "light" | "dark";
export type Picture = { title: string; description: string; root: Node; edges: Edge[] };

type Point = { x: number; y: number };
export type Drawn = {
  placed: Placed[];
  texts: Text[];
  lines: { edge: Edge; points: Point[]; label?: Text }[];
  width: number;
  height: number;
};

const margin = 24;
/** Room under everything, for lines that go round. */
const cellar = 26;

/** The geometry of a picture, before any SVG. */
export function arrange({ root, edges }: Picture): Drawn {
  const placed = place(root, margin, margin);
  const byId = new Map(placed.map((each) => [each.node.id, each.rect]));
  const size = measure(root);
  const floor = margin + size.height + cellar / 2;
  const lines = edges.map((edge) => {
    const from = byId.get(edge.from);
    const to = byId.get(edge.to);
    if (!from || !to) return undefined;
    const points = route(edge, from, to, floor);
    return { edge, points, label: edge.label ? labelOf(edge, points) : undefined };
  });
  return {
    placed,
    texts: placed.flatMap(texts),
    lines: lines.filter((each) => each !== undefined),
    width: size.width + margin * 2,
    height: size.height + margin * 2 + (edges.some(({ sides }) => sides.join() === "bottom,bottom") ? cellar : 0),
  };
}

function anchor(rect: Rect, side: Side, part = 0.5): Point {
  if (side === "left" || side === "right") return { x: side === "left" ? rect.x : rect.x + rect.width, y: rect.y + rect.height * part };
  return { x: rect.x + rect.width * part, y: side === "top" ? rect.y : rect.y + rect.height };
}

function route({ sides: [out, into], bend = 0.5, leave, arrive }: Edge, from: Rect, to: Rect, floor: number): Point[] {
  const start = anchor(from, out, leave);
  const end = anchor(to, into, arrive);
  const across = (side: Side) => side === "left" || side === "right";
  if (across(out) && across(into)) {
    const x =
      out === into
        ? out === "right"
          ? Math.max(start.x, end.x) + 24 * bend * 2
          : Math.min(start.x, end.x) - 24 * bend * 2
        : start.x + (end.x - start.x) * bend;
    return [start, { x, y: start.y }, { x, y: end.y }, end];
  }
  if (!across(out) && !across(into)) {
    const y = out === into ? (out === "bottom" ? floor : Math.min(start.y, end.y) - 24 * bend * 2) : start.y + (end.y - start.y) * bend;
    return [start, { x: start.x, y }, { x: end.x, y }, end];
  }
  return across(out) ? [start, { x: end.x, y: start.y }, end] : [start, { x: start.x, y: end.y }, end];
}

function labelOf({ label = "", at = "middle" }: Edge, points: Point[]): Text {
  const straight = points.every(({ y }) => y === points[0]!.y) || points.every(({ x }) => x === points[0]!.x);
  const stretches = straight
    ? [[points[0]!, points.at(-1)!] as const]
    : points.slice(1).map((end, index) => [points[index]!, end] as const);
  const [start, end] = at === "first" ? stretches[0]! : at === "last" ? stretches.at(-1)! : longest(stretches);
  const size = width(label, font.note, false) + 10;
  return {
    text: label,
    size: font.note,
    bold: false,
    owner: "edge",
    x: (start.x + end.x) / 2 - size / 2,
    y: (start.y + end.y) / 2 - 8,
    width: size,
    height: 16,
  };
}

function longest(stretches: (readonly [Point, Point])[]): readonly [Point, Point] {
  const length = ([start, end]: readonly [Point, Point]) => Math.abs(end.x - start.x) + Math.abs(end.y - start.y);
  return stretches.reduce((best, each) => (length(each) > length(best) + 1 ? each : best));
}

const escape = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
const n = (value: number) => String(Math.round(value * 10) / 10);
const box = (rect: Rect, radius: number, classes: string) =>
  `<rect x="${n(rect.x)}" y="${n(rect.y)}" width="${n(rect.width)}" height="${n(rect.height)}" rx="${radius}" class="${classes}"/>`;

const light = `--page:#ffffff;--card:#ffffff;--ink:#16191f;--muted:#545b64;--line:#5f6b7a;--edge:#c6ccd4;--site:#f4f5f7;--cloud:#fbfbfc;--region:#f2f8fd;--vpc:#f6f2fd;--zone:#ffffff;--public:#edf7e6;--private:#e8f3fa;--compute:#c2560c;--database:#2e50c8;--storage:#3f7d20;--network:#7330c9;--management:#bc1356;--neutral:#4d5866;--data:#2e50c8;--control:#bc1356`;
const dark = `--page:#0f141a;--card:#1c2430;--ink:#f2f4f7;--muted:#aab4c0;--line:#93a0af;--edge:#3a4656;--site:#171d25;--cloud:#12181f;--region:#13202c;--vpc:#1b1a2e;--zone:#151c25;--public:#17291b;--private:#13283a;--compute:#ff9d52;--database:#8fa8ff;--storage:#8fd16a;--network:#bd93ff;--management:#ff7aa8;--neutral:#b4bfcc;--data:#8fa8ff;--control:#ff7aa8`;

function style(theme: Theme): string {
  const scheme =
    theme === "auto" ? `svg{${light}}@media (prefers-color-scheme:dark){svg{${dark}}}` : `svg{${theme === "dark" ? dark : light}}`;
  return `${scheme}
text{font-family:"Helvetica Neue",Helvetica,Arial,"Liberation Sans",sans-serif;fill:var(--ink)}
.note{fill:var(--muted)} .page{fill:var(--page)} .card{fill:var(--card);stroke:var(--edge)} .off{stroke-dasharray:4 3;fill:none}
.group{stroke:var(--edge)} ${["site", "cloud", "region", "vpc", "zone", "public", "private"].map((look) => `.${look}{fill:var(--${look})}`).join(" ")}
.dash{stroke-dasharray:5 4} .faded{opacity:.62}
.edge{fill:none;stroke:var(--line);stroke-width:1.6} .standby{stroke-dasharray:7 4} .data{stroke:var(--data)} .control{stroke:var(--control);stroke-dasharray:2 3}
.label{fill:var(--page)} ${["compute", "database", "storage", "network", "management", "neutral"].map((tone) => `.${tone}{stroke:var(--${tone})}`).join(" ")}
.icon{fill:none;stroke-width:1.7;stroke-linecap:round;stroke-linejoin:round} marker path{fill:var(--line)} #arrow-data path{fill:var(--data)} #arrow-control path{fill:var(--control)}`;
}

export function svg(picture: Picture, theme: Theme = "auto"): string {
  const drawn = arrange(picture);
  const marker = (id: string) =>
    `<marker id="${id}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0 .8 7 4 0 7.2z"/></marker>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${n(drawn.width)} ${n(drawn.height)}" width="${n(drawn.width)}" height="${n(drawn.height)}" role="img" aria-labelledby="title description">`,
    `<title id="title">${escape(picture.title)}</title><desc id="description">${escape(picture.description)}</desc>`,
    `<style>${style(theme)}</style><defs>${["arrow", "arrow-data", "arrow-control"].map(marker).join("")}</defs>`,
    `<rect width="100%" height="100%" class="page"/>`,
    ...drawn.placed.filter(({ node }) => node.kind === "group").map((each) => drawGroup(each as Placed & { node: Group })),
    ...drawn.lines.map(({ edge, points }) => drawLine(edge, points)),
    ...drawn.placed.filter(({ node }) => node.kind === "item").map((each) => drawItem(each as Placed & { node: Item })),
    ...drawn.texts.map((text) => drawText(text, drawn.placed)),
    ...drawn.lines.flatMap(({ label }) => (label ? [box(label, 4, "label"), drawText({ ...label, x: label.x + 5 }, [])] : [])),
    "</svg>\n",
  ].join("\n");
}

function drawGroup({ node, rect }: { node: Group; rect: Rect }): string {
  if (node.look === "plain" || node.look === "page") return "";
  const dashed = node.look === "zone" || node.state === "off" ? " dash" : "";
  return box(rect, node.look === "zone" ? 4 : 8, `group ${node.state === "off" ? "off" : node.look}${dashed}`);
}

function drawItem(placed: { node: Item; rect: Rect; depth: number }): string {
  const { node, rect } = placed;
  const at = iconAt(placed);
  const off = node.state === "off";
  return `${box(rect, 7, off ? "card off" : "card")}<g class="icon ${node.tone}${off ? " faded" : ""}" transform="translate(${n(at.x)} ${n(at.y)}) scale(${n(at.width / 24)})">${icons[node.icon] ?? ""}</g>`;
}

function drawLine({ style: look, from, to }: Edge, points: Point[]): string {
  const path = points.map(({ x, y }, at) => `${at ? "L" : "M"}${n(x)} ${n(y)}`).join(" ");
  const end = look === "data" ? "arrow-data" : look === "control" ? "arrow-control" : "arrow";
  return `<path d="${path}" class="edge${look ? ` ${look}` : ""}" marker-end="url(#${end})" data-from="${escape(from)}" data-to="${escape(to)}"/>`;
}

function drawText({ text, x, y, size, bold, owner }: Text, placed: Placed[]): string {
  const node = placed.find((each) => each.node.id === owner)?.node;
  const off = node && node.kind !== "space" && node.state === "off";
  const classes = [bold ? "" : "note", off ? "faded" : ""].filter(Boolean).join(" ");
  return `<text x="${n(x)}" y="${n(y + 11.5)}" font-size="${size}"${bold ? ' font-weight="600"' : ""}${classes ? ` class="${classes}"` : ""}>${escape(text)}</text>`;
}
