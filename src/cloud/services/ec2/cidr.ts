/** Addresses and CIDR blocks, IPv4 and IPv6: read, write, compare. An address is a number, a block its first address and its length. */
import { isIPv4, isIPv6 } from "node:net";

export type Family = 4 | 6;
export type Block = { family: Family; first: bigint; length: number };

const WIDTH = { 4: 32, 6: 128 } as const;

/** A block as written: `10.0.0.1/16` is that of 10.0.0.0. Undefined when it is none. */
export function parseBlock(text: string): Block | undefined {
  const [address = "", length = "", rest] = text.split("/");
  const parsed = parseAddress(address);
  if (!parsed || rest !== undefined || !/^(0|[1-9]\d{0,2})$/.test(length)) return undefined;
  const { family, value } = parsed;
  if (Number(length) > WIDTH[family]) return undefined;
  return { family, first: value - (value % size(family, Number(length))), length: Number(length) };
}

/** For a text that was checked when it came in. */
export function block(text: string): Block {
  const parsed = parseBlock(text);
  if (!parsed) throw new TypeError(`${text} is not a CIDR block`);
  return parsed;
}

/** The block in the form that AWS shows: host bits gone, IPv6 shortened. */
export function canonical(text: string): string | undefined {
  const parsed = parseBlock(text);
  return parsed && showBlock(parsed);
}

export function showBlock({ family, first, length }: Block): string {
  return `${showAddress(family, first)}/${length}`;
}

export function parseAddress(text: string): { family: Family; value: bigint } | undefined {
  if (isIPv4(text)) return { family: 4, value: text.split(".").reduce((value, part) => (value << 8n) | BigInt(part), 0n) };
  if (!isIPv6(text) || text.includes("%")) return undefined;
  // The IPv4 form of the last 32 bits, as in ::ffff:10.0.0.1.
  const plain = text.replace(/[\d.]+$/, (tail) => (tail.includes(".") ? tailGroups(tail) : tail));
  const [head = "", tail] = plain.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail ? tail.split(":") : [];
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - left.length - right.length }, () => "0");
  return { family: 6, value: [...left, ...zeros, ...right].reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n) };
}

function tailGroups(dotted: string): string {
  const { value } = parseAddress(dotted) ?? { value: 0n };
  return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
}

export function showAddress(family: Family, value: bigint): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join(".");
  const groups = Array.from({ length: 8 }, (_, at) => ((value >> BigInt(112 - 16 * at)) & 0xffffn).toString(16));
  const { start, length } = longestZeros(groups);
  if (length < 2) return groups.join(":");
  return `${groups.slice(0, start).join(":")}::${groups.slice(start + length).join(":")}`;
}

/** What RFC 5952 shortens to `::`: the first of the longest runs of zeros. */
function longestZeros(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let length = 0;
  groups.forEach((group, at) => {
    length = group === "0" ? length + 1 : 0;
    if (length > best.length) best = { start: at - length + 1, length };
  });
  return best;
}

/** How many addresses a block of that length has. */
export function size(family: Family, length: number): bigint {
  return 1n << BigInt(WIDTH[family] - length);
}

export function last({ family, first, length }: Block): bigint {
  return first + size(family, length) - 1n;
}

export function overlaps(one: Block, other: Block): boolean {
  return one.family === other.family && one.first <= last(other) && other.first <= last(one);
}

/** Whether `inner` lies in `outer`, or is it. */
export function contains(outer: Block, inner: Block): boolean {
  return outer.family === inner.family && outer.first <= inner.first && last(inner) <= last(outer);
}

export function holds(block: Block, family: Family, address: bigint): boolean {
  return block.family === family && block.first <= address && address <= last(block);
}
