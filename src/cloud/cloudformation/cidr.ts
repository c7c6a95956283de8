/** `Fn::Cidr`. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-cidr.html */
import { isIPv6 } from "node:net";
import { invalid } from "./template.ts";

/** The first `count` blocks of `bits` host bits inside `block`. */
export function cidrs(block: string, count: number, bits = 8): string[] {
  const [address = "", length = ""] = block.split("/");
  const wide = isIPv6(address);
  const size = wide ? 128 : 32;
  const prefix = Number(length);
  // 1 to 256 blocks: the page above.
  if (!(count >= 1 && count <= 256) || !Number.isInteger(prefix) || !(bits >= 1 && bits <= size - prefix)) {
    throw invalid(`Template error: Fn::Cidr is not able to create ${count} subnets of ${bits} host bits in ${block}`);
  }
  const start = (wide ? fromSix(address) : fromFour(address)) & ~((1n << BigInt(size - prefix)) - 1n);
  if (BigInt(count) << BigInt(bits) > 1n << BigInt(size - prefix))
    throw invalid(`Template error: Fn::Cidr is not able to create ${count} subnets of ${bits} host bits in ${block}`);
  return Array.from({ length: count }, (_none, index) => {
    const at = start + (BigInt(index) << BigInt(bits));
    return `${wide ? toSix(at) : toFour(at)}/${size - bits}`;
  });
}

const fromFour = (address: string) => address.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n);
const toFour = (value: bigint) => [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join(".");

function fromSix(address: string): bigint {
  const [head = "", tail] = address.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const groups = tail === undefined ? left : [...left, ...Array.from({ length: 8 - left.length - right.length }, () => "0"), ...right];
  return groups.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}

/** The longest run of zero groups becomes `::`, as RFC 5952 has it. */
function toSix(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_none, index) => ((value >> BigInt(112 - 16 * index)) & 65_535n).toString(16));
  let best = { start: 0, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (groups[start + length] === "0") length++;
    if (length > best.length) best = { start, length };
  }
  if (best.length < 2) return groups.join(":");
  return `${groups.slice(0, best.start).join(":")}::${groups.slice(best.start + best.length).join(":")}`;
}
