import { expect, test } from "vitest";
import reference from "../../platform.ts";
import { parse } from "./parse.ts";

test("the reference platform parses without a finding", () => {
  const { definition, findings } = parse(reference);
  expect(findings).toEqual([]);
  expect(definition?.name).toBe("customer-three");
});
