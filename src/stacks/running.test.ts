import { expect, test } from "vitest";
import { assemble } from "./assemble.ts";
import { define } from "./testing.ts";

test("the same definition gives the same bytes, and every stack stays far below CloudFormation's limits", () => {
  const once = assemble(define());
  expect(JSON.stringify(assemble(define()))).toBe(JSON.stringify(once));
  for (const { id, template } of once.stacks) {
    // 500 resources and 1 MB: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
    expect(Object.keys(template.Resources).length, id).toBeLessThan(250);
    expect(JSON.stringify(template).length, id).toBeLessThan(500_000);
  }
});

test("logical ids say what they are: no hashes", () => {
  for (const { template } of assemble(define()).stacks)
    for (const id of Object.keys(template.Resources)) expect(id).not.toMatch(/[0-9A-F]{8}$/);
});
