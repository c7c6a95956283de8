/** IPv4 ranges as pairs of numbers. */

/** First and last address, both inclusive, as unsigned 32-bit numbers. */
export type Range = { first: number; last: number };

/** An address as a number; undefined when the text is none. */
export function address(text: string): number | undefined {
  const bytes = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (!bytes?.every((byte) => byte < 256)) return undefined;
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}

/** What a range covers; undefined when the text is none or has host bits set. */
export function range(text: string): Range | undefined {
  const [, base = "", length = ""] = /^([\d.]+)\/(\d{1,2})$/.exec(text) ?? [];
  const first = address(base);
  const bits = Number(length);
  if (first === undefined || bits > 32 || first % 2 ** (32 - bits) !== 0) return undefined;
  return { first, last: first + 2 ** (32 - bits) - 1 };
}

export const overlaps = (one: Range, other: Range): boolean => one.first <= other.last && other.first <= one.last;
export const contains = (outer: Range, inner: Range): boolean => outer.first <= inner.first && inner.last <= outer.last;
export const prefixLength = (text: string): number => Number(text.slice(text.indexOf("/") + 1));

/** 167772160 → "10.0.0.0". */
export const dotted = (number: number): string => [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");

/** The `index`th range of that prefix length inside `outer`, counted from its beginning; undefined past its end. */
export function slice(outer: string, length: number, index: number): string | undefined {
  const whole = range(outer);
  if (!whole) return undefined;
  const first = whole.first + index * 2 ** (32 - length);
  return first + 2 ** (32 - length) - 1 > whole.last ? undefined : `${dotted(first)}/${length}`;
}

/** The `index`th address of a range: 0 is the network's own. */
export const host = (text: string, index: number): string => dotted((range(text)?.first ?? 0) + index);
