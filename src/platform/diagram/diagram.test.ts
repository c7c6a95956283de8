import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { definitionSchema, type Definition } from "../definition.ts";
import reference from "../../../platform.ts";
import { arrange, svg } from "./draw.ts";
import type { Rect } from "./layout.ts";
import { pictures } from "./pictures.ts";

const define = (change: (input: any) => void = () => undefined): Definition => {
  const input = structuredClone(reference);
  change(input);
  return definitionSchema.parse(input);
};

const variants: Record<string, Definition> = {
  reference: define(),
  "three zones, no database": define((input) => {
    input.regions.primary.zones.push("euw1-az3");
    delete input.database;
  }),
  "one region, no site": define((input) => {
    delete input.site;
    delete input.regions.recovery;
    delete input.services.worker;
    input.files = {};
    input.recovery = { strategy: "none" };
  }),
  "many services with long names": define((input) => {
    for (let at = 0; at < 12; at++) input.services[`quite-a-long-name-${at}`] = { image: "a@sha256:0", port: 80 };
    input.site.hub = "vgw";
    input.site.routers.pop();
    input.site.vpn = { router: "edge-1" };
  }),
};

const meet = (one: Rect, other: Rect) =>
  one.x < other.x + other.width && other.x < one.x + one.width && one.y < other.y + other.height && other.y < one.y + one.height;
const inside = (inner: Rect, outer: Rect) =>
  inner.x >= outer.x &&
  inner.y >= outer.y &&
  inner.x + inner.width <= outer.x + outer.width + 0.5 &&
  inner.y + inner.height <= outer.y + outer.height + 0.5;

describe.each(Object.entries(variants))("%s", (_, definition) => {
  test.each(Object.entries(pictures(definition)))("S33 no text lies on another or leaves its box: %s", (_name, picture) => {
    const { texts, lines, placed, width, height } = arrange(picture);
    const labels = [...texts, ...lines.flatMap(({ label }) => label ?? [])];
    labels.forEach((one, at) =>
      labels.slice(at + 1).forEach((other) => expect(meet(one, other), `"${one.text}" and "${other.text}"`).toBe(false)),
    );
    const boxes = new Map(placed.map(({ node, rect }) => [node.id, rect]));
    for (const text of texts) expect(inside(text, boxes.get(text.owner)!), text.text).toBe(true);
    for (const label of labels) expect(inside(label, { x: 0, y: 0, width, height }), label.text).toBe(true);
    const items = placed.filter(({ node }) => node.kind === "item");
    for (const { label } of lines)
      if (label) for (const each of items) expect(meet(label, each.rect), `${label.text} on ${each.node.id}`).toBe(false);
  });

  test("S33 every line joins boxes that are there", () => {
    for (const picture of Object.values(pictures(definition))) {
      const ids = arrange(picture).placed.map(({ node }) => node.id);
      expect(new Set(ids).size).toBe(ids.length);
      for (const { label } of arrange(picture).lines) expect(label?.text).not.toBe("");
    }
  });
});

test.each(Object.entries(pictures(variants["reference"]!)))("S33 the reference platform's picture: %s", async (name, picture) => {
  await expect(svg(picture)).toMatchFileSnapshot(join(import.meta.dirname, "..", "..", "..", "docs", "pictures", `${name}.svg`));
});

test("S33 the strategies differ in what they show as off", () => {
  const drawn = pictures(define());
  const off = (name: string) => arrange(drawn[name]!).placed.filter(({ node }) => node.kind === "item" && node.state === "off").length;
  // Load balancer, services and cluster; with backup and restore the database as well.
  expect({ restore: off("backup-restore"), pilot: off("pilot-light"), warm: off("warm-standby"), active: off("active-active") }).toEqual({
    restore: 4,
    pilot: 3,
    warm: 0,
    active: 0,
  });
});
