import { expect, test } from "vitest";
import { locator } from "./locate.ts";

const source = `import { definePlatform, gbps } from "causeway";
const base = { cpu: 256, port: 80 };
export const web = { ...base, image: "nginx", "uses": ["api", ...more] };
const more = ["database", "internet"];
const shared = { zones: ["euw1-az1", "euw1-az2"] };
const services = { web };
export default definePlatform({
  name: "shop",
  regions: { primary: { region: "eu-west-1", zones: shared.zones } },
  services,
  ["tags"]: { owner: fromElsewhere() },
  site: { routers: [{ name: "edge" }] } as never,
} satisfies object);
`;
const locate = locator("platform.ts", source);
const at = (...path: (string | number)[]) => {
  const { line, column } = locate(path);
  return `${line}:${column}`;
};

test.each([
  [["name"], "8:3"],
  [["regions", "primary", "region"], "9:25"],
  [["site", "routers", 0, "name"], "12:23"],
])("%j is found where it is written", (path, place) => expect(at(...path)).toBe(place));

test("shorthand, spreads, members and variables of the file are followed", () => {
  expect(at("services", "web", "image")).toBe("3:31");
  expect(at("services", "web", "cpu")).toBe("2:16");
  expect(at("services", "web", "uses", 2)).toBe("4:27");
  expect(at("regions", "primary", "zones", 1)).toBe("5:38");
});

test("what is missing or made elsewhere is placed at what is around it", () => {
  expect(at("services", "web", "memory")).toBe("6:20");
  expect(at("tags", "owner", "x")).toBe("11:15");
  expect(at("recovery")).toBe("7:31");
});

test("a file without a default export, or that declares a thing by itself, gives the file alone", () => {
  expect(locator("a.ts", "export const a = 1;")(["name"])).toEqual({ path: ["name"], file: "a.ts" });
  expect(locator("a.ts", "const a = a; export default a;")(["name"]).line).toBeUndefined();
});
