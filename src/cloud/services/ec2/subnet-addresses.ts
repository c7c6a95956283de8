/** Which addresses of a subnet are taken, how many are free, and which one comes next. Guide: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html */
import { AwsError } from "../../service.ts";
import { block, holds, last, parseAddress, parseBlock, showAddress, showBlock, size, type Block } from "./cidr.ts";
import type { Here, State } from "./state.ts";
import type { Subnet } from "./subnets.ts";

// The first four (network, router, DNS, future use) and the last: the guide above.
const RESERVED_FIRST = 4n;
const RESERVED = 5n;
// Prefixes given to interfaces: docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-prefix-eni.html
const PREFIX_IPV4 = 28;
const PREFIX_IPV6 = 80;

/** Addresses as numbers, of one subnet and one family. */
type Taken = { addresses: Set<bigint>; prefixes: Block[] };

/** AvailableIpAddressCount: what the interfaces and the five reserved addresses leave. */
export function freeAddresses(state: State, subnet: Subnet): number {
  const whole = block(subnet.CidrBlock);
  const { addresses, prefixes } = takenIn(state, subnet, 4);
  return Number(size(4, whole.length) - RESERVED - BigInt(addresses.size) - BigInt(prefixes.length) * size(4, PREFIX_IPV4));
}

/** `count` free IPv4 addresses, after those that are asked for by name. */
export function takeAddresses(
  call: Here,
  subnet: Subnet,
  { named = [], count = 0 }: { named?: readonly string[]; count?: number },
): string[] {
  const whole = block(subnet.CidrBlock);
  const taken = takenIn(call.state, subnet, 4);
  for (const address of named) taken.addresses.add(checkNamed(whole, taken, address, subnet));
  if (freeAddresses(call.state, subnet) < named.length + count) throw insufficient();
  const usable = { first: whole.first + RESERVED_FIRST, last: last(whole) - 1n };
  return [...named, ...draw(call, usable, taken, count).map((address) => showAddress(4, address))];
}

/** The same for IPv6. The first four addresses and the last are reserved here too. */
export function takeIpv6Addresses(
  call: Here,
  subnet: Subnet,
  { named = [], count = 0 }: { named?: readonly string[]; count?: number },
): string[] {
  if (named.length + count === 0) return [];
  const whole = ipv6BlockOf(subnet);
  const taken = takenIn(call.state, subnet, 6);
  const asked = named.map((address) => checkNamed(whole, taken, address, subnet));
  for (const address of asked) taken.addresses.add(address);
  const usable = { first: whole.first + RESERVED_FIRST, last: last(whole) - 1n };
  return [...asked, ...draw(call, usable, taken, count)].map((address) => showAddress(6, address));
}

/** `count` free /28 (IPv4) or /80 (IPv6) prefixes, none of which holds a taken or reserved address. */
export function takePrefixes(
  call: Here,
  subnet: Subnet,
  family: 4 | 6,
  /** `avoiding`: addresses that the same request takes. */
  { named = [], count = 0, avoiding = [] }: { named?: readonly string[]; count?: number; avoiding?: readonly string[] },
): string[] {
  if (named.length + count === 0) return [];
  const whole = family === 4 ? block(subnet.CidrBlock) : ipv6BlockOf(subnet);
  const length = family === 4 ? PREFIX_IPV4 : PREFIX_IPV6;
  const { addresses, prefixes } = takenIn(call.state, subnet, family);
  for (const address of avoiding) addresses.add(parseAddress(address)!.value);
  const reserved = [...Array.from({ length: Number(RESERVED_FIRST) }, (_, at) => whole.first + BigInt(at)), last(whole)];
  const blocked = new Set([
    ...[...addresses, ...reserved].map((address) => address - (address % size(family, length))),
    ...prefixes.map(({ first }) => first),
  ]);
  const found: bigint[] = [];
  for (const text of named) {
    const parsed = parseBlock(text);
    if (!parsed || parsed.length !== length || !holds(whole, family, parsed.first) || blocked.has(parsed.first))
      throw new AwsError("InvalidParameterValue", `The prefix ${text} is not available in subnet ${subnet.SubnetId}`);
    blocked.add(parsed.first);
    found.push(parsed.first);
  }
  for (let first = whole.first; found.length < named.length + count && first <= last(whole); first += size(family, length)) {
    if (!blocked.has(first)) found.push(first);
  }
  if (found.length < named.length + count)
    throw new AwsError("InsufficientCidrBlocks", `The specified subnet does not have enough free cidr blocks to satisfy the request.`);
  return found.map((first) => showBlock({ family, first, length }));
}

function takenIn(state: State, subnet: Subnet, family: 4 | 6): Taken {
  const taken: Taken = { addresses: new Set(), prefixes: [] };
  for (const each of state.networkInterfaces.values()) {
    if (each.SubnetId !== subnet.SubnetId) continue;
    const addresses =
      family === 4
        ? each.PrivateIpAddresses.map(({ PrivateIpAddress }) => PrivateIpAddress)
        : each.Ipv6Addresses.map(({ Ipv6Address }) => Ipv6Address);
    for (const address of addresses) taken.addresses.add(parseAddress(address)!.value);
    for (const prefix of family === 4
      ? each.Ipv4Prefixes.map(({ Ipv4Prefix }) => Ipv4Prefix)
      : each.Ipv6Prefixes.map(({ Ipv6Prefix }) => Ipv6Prefix))
      taken.prefixes.push(block(prefix));
  }
  return taken;
}

/** Free addresses from a point drawn by chance, upwards and round: AWS promises no order. */
function draw(call: Here, usable: { first: bigint; last: bigint }, { addresses, prefixes }: Taken, count: number): bigint[] {
  if (count === 0) return [];
  const span = usable.last - usable.first + 1n;
  let next = usable.first + BigInt(Math.floor(call.random() * Number(span < 1n << 52n ? span : 1n << 52n)));
  const found: bigint[] = [];
  for (let seen = 0n; found.length < count && seen < span; seen++) {
    const isFree = !addresses.has(next) && !prefixes.some((prefix) => holds(prefix, prefix.family, next));
    if (isFree) found.push(next);
    next = next === usable.last ? usable.first : next + 1n;
  }
  if (found.length < count) throw insufficient();
  return found;
}

function checkNamed(whole: Block, { addresses, prefixes }: Taken, text: string, subnet: Subnet): bigint {
  const parsed = parseAddress(text);
  if (parsed?.family !== whole.family)
    throw new AwsError("InvalidParameterValue", `Value (${text}) for parameter address is invalid. Address is not valid.`);
  const { value } = parsed;
  if (!holds(whole, whole.family, value))
    throw new AwsError("InvalidParameterValue", "Address does not fall within the subnet's address range");
  if (value < whole.first + RESERVED_FIRST || value === last(whole))
    throw new AwsError("InvalidParameterValue", "Address is in subnet's reserved address range");
  if (addresses.has(value) || prefixes.some((prefix) => holds(prefix, prefix.family, value))) {
    throw new AwsError(
      whole.family === 4 ? "InvalidIPAddress.InUse" : "InvalidIPAddress.InUse",
      `Address ${text} is in use in subnet ${subnet.SubnetId}.`,
    );
  }
  return value;
}

function ipv6BlockOf(subnet: Subnet): Block {
  const [association] = subnet.Ipv6CidrBlockAssociationSet;
  if (!association) throw new AwsError("InvalidParameterValue", `The subnet '${subnet.SubnetId}' does not have an IPv6 CIDR block`);
  return block(association.Ipv6CidrBlock);
}

function insufficient(): AwsError {
  return new AwsError(
    "InsufficientFreeAddressesInSubnet",
    `The specified subnet does not have enough free addresses to satisfy the request.`,
  );
}
