/** Values from outside: where they go, and what happens when one is not there. */
import { expect, test } from "vitest";
import { UserError } from "../kernel/assert.ts";
import { fill, placeholder, placeholders } from "./placeholder.ts";

const key = placeholder({ kind: "secret", region: "eu-west-1", name: "shop/vpn/tunnel-1" });
const outside = placeholder({ kind: "tunnel", region: "eu-west-1", name: "169.254.10.0/30" });
const file = { path: "keys", text: `id = ${outside}\nsecret = "${key}"\nagain = ${outside}\n`, mode: 0o644 };

test("a text's placeholders are found once each", () => {
  expect(placeholders(file.text).map(placeholder)).toEqual([outside, key]);
});

test("a file is filled whole, and one with a secret loses its other readers", () => {
  const values = new Map([
    [key, "Abc.123"],
    [outside, "198.51.100.7"],
  ]);
  expect(fill([file], values)).toEqual({
    files: [{ path: "keys", text: 'id = 198.51.100.7\nsecret = "Abc.123"\nagain = 198.51.100.7\n', mode: 0o640 }],
    missing: [],
  });
});

test("a file that lacks a value is left out and named", () => {
  const plain = { path: "plain", text: "nothing to fill\n" };
  expect(fill([file, plain], new Map([[key, "Abc.123"]]))).toEqual({ files: [plain], missing: [{ path: "keys", values: [outside] }] });
});

test("a value that would be read as configuration is refused", () => {
  const values = new Map([
    [key, 'a"\nneighbor 192.0.2.1'],
    [outside, "198.51.100.7"],
  ]);
  expect(() => fill([file], values)).toThrow(UserError);
});
