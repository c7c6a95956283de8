/** Where the lines between data centre and AWS end. */
import { expect, test } from "vitest";
import reference from "../../platform.ts";
import { definitionSchema } from "./definition.ts";
import { directLines, hubAsn, lines, tunnelLines } from "./lines.ts";

/** The reference platform after `change`. */
function define(change: (input: any) => void = () => undefined) {
  const input = structuredClone(reference);
  change(input);
  return definitionSchema.parse(input);
}

test("the reference platform has a Direct Connect on one router, and two tunnels to each region on the other", () => {
  expect(lines(define()).map(({ kind, router, site, aws, asn }) => [kind, router, site, aws, asn])).toEqual([
    ["direct", "edge-1", "169.254.20.1", "169.254.20.2", 64_512],
    ["tunnel", "edge-2", "169.254.10.2", "169.254.10.1", 64_513],
    ["tunnel", "edge-2", "169.254.10.6", "169.254.10.5", 64_513],
    ["tunnel", "edge-2", "169.254.10.10", "169.254.10.9", 64_514],
    ["tunnel", "edge-2", "169.254.10.14", "169.254.10.13", 64_514],
  ]);
});

test("lines ordered at two locations end on both routers in turn, unless one is named", () => {
  const order = { order: { locations: ["EqDB4", "TelehouseNorth"] } };
  const routers = (directConnect: object) =>
    directLines(
      define((input) => Object.assign(input.site, { directConnect: { connection: order, bandwidth: 1e10, ...directConnect } })),
    ).map(({ router, inside }) => [router, inside]);
  expect(routers({})).toEqual([
    ["edge-1", "169.254.20.0/30"],
    ["edge-2", "169.254.20.4/30"],
  ]);
  expect(routers({ router: "edge-2" }).map(([router]) => router)).toEqual(["edge-2", "edge-2"]);
});

test("S2 no gateway has the BGP number of the Direct Connect gateway or of the data centre", () => {
  const numbers = (site: object) => {
    const definition = define((input) => Object.assign(input.site, site));
    return [hubAsn(definition, "primary"), hubAsn(definition, "recovery")];
  };
  expect(numbers({})).toEqual([64_513, 64_514]);
  expect(numbers({ asn: 64_514 })).toEqual([64_513, 64_515]);
  expect(numbers({ asn: 64_514, directConnect: { connection: { use: "dxcon-a" }, bandwidth: 1e10, amazonAsn: 64_513 } })).toEqual([
    64_515, 64_516,
  ]);
});

test("without a recovery region there are the primary's tunnels only", () => {
  const definition = define((input) => {
    delete input.regions.recovery;
    input.recovery = { strategy: "none" };
  });
  expect(tunnelLines(definition).map(({ role, number }) => [role, number])).toEqual([
    ["primary", 1],
    ["primary", 2],
  ]);
});
