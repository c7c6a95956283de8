/** From datapoints to a state: AWS's own tables. */
import { expect, test } from "vitest";
import { breaches, rangeOf, verdict, type Missing, type Rule, type Verdict } from "./verdict.ts";

const rule = (datapoints: number, missing: Missing): Rule => ({
  periods: 3,
  datapoints,
  threshold: 50,
  operator: "GreaterThanThreshold",
  missing,
});
/** `0` is well, `X` breaches, `-` is missing; oldest first. */
const range = (text: string): number[] => text.split("").map((each) => (each === "-" ? Number.NaN : each === "X" ? 90 : 10));
const all = (text: string, datapoints: number): Verdict[] =>
  (["missing", "ignore", "breaching", "notBreaching"] as const).map((missing) => verdict(rule(datapoints, missing), range(text)));

test.each<[string, Verdict[]]>([
  ["0-X-X", ["OK", "OK", "OK", "OK"]],
  ["0----", ["OK", "OK", "OK", "OK"]],
  ["-----", ["INSUFFICIENT_DATA", "keep", "ALARM", "OK"]],
  ["0XX-X", ["ALARM", "ALARM", "ALARM", "ALARM"]],
  ["--X--", ["ALARM", "keep", "ALARM", "OK"]],
])("CW-006 CW-007 3 of 3, %s", (text, expected) => {
  expect(all(text, 3)).toEqual(expected);
});

test.each<[string, Verdict[]]>([
  ["0-X-X", ["ALARM", "ALARM", "ALARM", "ALARM"]],
  ["00X0X", ["ALARM", "ALARM", "ALARM", "ALARM"]],
  ["0-X--", ["OK", "OK", "ALARM", "OK"]],
  ["----0", ["OK", "OK", "ALARM", "OK"]],
  ["---X-", ["ALARM", "keep", "ALARM", "OK"]],
])("CW-003 CW-008 2 of 3, %s", (text, expected) => {
  expect(all(text, 2)).toEqual(expected);
});

test("CW-009 a breach that is not old enough does not alarm yet: better ones may come", () => {
  expect([verdict(rule(3, "missing"), range("----X")), verdict(rule(3, "missing"), range("---X-"))]).toEqual(["keep", "keep"]);
});

test("CW-004 CW-005 operators, and two datapoints more than are judged", () => {
  const at = (operator: Rule["operator"]) => [49, 50, 51].map((value) => breaches({ operator, threshold: 50 }, value));
  expect(at("GreaterThanThreshold")).toEqual([false, false, true]);
  expect(at("GreaterThanOrEqualToThreshold")).toEqual([false, true, true]);
  expect(at("LessThanThreshold")).toEqual([true, false, false]);
  expect(at("LessThanOrEqualToThreshold")).toEqual([true, true, false]);
  expect(rangeOf(3)).toBe(5);
});
