import { expect, test } from "vitest";
import { domain } from "./domain.ts";
import { define, placeOf, template } from "./testing.ts";

const [primary, recovery] = (["primary", "recovery"] as const).map((role) => template(placeOf(define(), role), domain));

test("S13 certificates are in both regions before any disaster, validated in the one zone", () => {
  for (const each of [primary!, recovery!])
    expect(each.Resources["Certificate"]!.Properties).toMatchObject({
      DomainName: "shop.customer-three.example",
      // The regions' own names; the wildcard's validation record is the name's.
      SubjectAlternativeNames: ["*.shop.customer-three.example"],
      ValidationMethod: "DNS",
    });
  const validated = (each: typeof primary) => each!.Resources["Certificate"]!.Properties!["DomainValidationOptions"][0].HostedZoneId;
  expect(validated(primary)).toEqual({ Ref: "HostedZone" });
  expect(validated(recovery)).toEqual({ Ref: "HostedZoneId" });
  expect(recovery!.Parameters!["HostedZoneId"]!.Default).toBe("/customer-three/handover/hosted-zone-id");
});

test("S27 the zone is made once, outlives its stack, and takes changes again when us-east-1 is impaired", () => {
  expect(primary!.Resources["HostedZone"]).toMatchObject({
    DeletionPolicy: "Retain",
    UpdateReplacePolicy: "Retain",
    Properties: { Name: "shop.customer-three.example", HostedZoneFeatures: { EnableAcceleratedRecovery: true } },
  });
  expect(recovery!.Resources["HostedZone"]).toBeUndefined();
});

test("S27 a zone that exists is used, and nothing is handed over", () => {
  const given = define((input) => (input.domain.zone = "Z0123456789ABC"));
  for (const role of ["primary", "recovery"] as const) {
    const made = template(placeOf(given, role), domain);
    expect(made.Resources["HostedZone"]).toBeUndefined();
    expect(made.Parameters?.["HostedZoneId"]).toBeUndefined();
    expect(made.Resources["Certificate"]!.Properties!["DomainValidationOptions"][0].HostedZoneId).toBe("Z0123456789ABC");
  }
});
