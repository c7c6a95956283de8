/** The quotas that checks know and those that the embedded cloud answers with are AWS's, and so the same. */
import { expect, test } from "vitest";
import { known } from "../src/checks/quota-table.ts";
import { OWNERS } from "../src/cloud/services/service-quotas/catalogue.ts";

test("checks and Service Quotas agree about every default that both know", () => {
  const answered = new Map(
    OWNERS.flatMap(({ code: service, quotas }) => quotas.map(({ code, value }) => [code, { service, default: value }])),
  );
  const both = Object.entries(known).filter(([code]) => answered.has(code));
  expect(both.length).toBeGreaterThan(15);
  for (const [code, quota] of both) expect({ service: quota.service, default: quota.default }, code).toEqual(answered.get(code));
});
