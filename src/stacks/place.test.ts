import { expect, test } from "vitest";
import { define, placeOf } from "./testing.ts";

test("a third zone later moves no subnet", () => {
  const two = placeOf(define());
  const three = placeOf(define((input) => input.regions.primary.zones.push("euw1-az3")));
  expect(three.addresses.app.slice(0, 2)).toEqual(two.addresses.app);
  expect(three.addresses.data.slice(0, 2)).toEqual(two.addresses.data);
  expect(three.addresses.public).toHaveLength(3);
});

test("generated ranges keep clear of the data centre, of Docker's bridge and of each other", () => {
  const definition = define((input) => (input.site.cidrs = ["10.0.0.0/15"]));
  expect(placeOf(definition).addresses.vpc).toBe("10.2.0.0/16"); // 10.0 and 10.1 are the site's
  expect(placeOf(definition, "recovery").addresses.vpc).toBe("10.3.0.0/16");
});
