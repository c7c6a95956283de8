import * as fc from "fast-check";
import { isIPv6 } from "node:net";
import { expect, test } from "vitest";
import {
  block,
  canonical,
  contains,
  holds,
  last,
  overlaps,
  parseAddress,
  showAddress,
  showBlock,
  type Block,
  type Family,
} from "./cidr.ts";

const blocks = (family: Family): fc.Arbitrary<Block> => {
  const width = family === 4 ? 32 : 128;
  return fc
    .record({ address: fc.bigInt(0n, (1n << BigInt(width)) - 1n), length: fc.integer({ min: 0, max: width }) })
    .map(({ address, length }) => {
      const size = 1n << BigInt(width - length);
      return { family, first: address - (address % size), length };
    });
};

test.each([
  ["100.68.0.18/18", "100.68.0.0/18"], // the user guide's example
  ["0.0.0.0/0", "0.0.0.0/0"],
  ["2001:DB8:0:0:0:0:0:1/64", "2001:db8::/64"],
  ["2001:db8:0:1:0:0:0:0/64", "2001:db8:0:1::/64"],
  ["::/0", "::/0"],
  ["2001:0:0:1:0:0:0:1/128", "2001:0:0:1::1/128"],
  ["10.0.0.0/33", undefined],
  ["10.0.0/8", undefined],
  ["10.0.0.0/08", undefined],
  ["::1%lo/64", undefined],
])("%s is written %s", (given, written) => expect(canonical(given)).toBe(written));

test("what is shown can be read again, in both families", () => {
  fc.assert(
    fc.property(fc.oneof(blocks(4), blocks(6)), (each) => {
      expect(block(showBlock(each))).toEqual(each);
    }),
  );
  fc.assert(
    fc.property(fc.bigInt(0n, (1n << 128n) - 1n), (value) => {
      const text = showAddress(6, value);
      expect(isIPv6(text)).toBe(true);
      expect(parseAddress(text)).toEqual({ family: 6, value });
    }),
  );
});

test("two blocks overlap exactly when one contains the other", () => {
  fc.assert(
    fc.property(fc.oneof(blocks(4), blocks(6)), fc.oneof(blocks(4), blocks(6)), (one, other) => {
      expect(overlaps(one, other)).toBe(contains(one, other) || contains(other, one));
      expect(overlaps(one, other)).toBe(overlaps(other, one));
      expect(overlaps(one, other)).toBe(holds(one, other.family, other.first) || holds(other, one.family, one.first));
      expect(holds(one, one.family, last(one) + 1n)).toBe(false);
    }),
  );
});
