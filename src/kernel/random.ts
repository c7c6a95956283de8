/** Chance as plain data: sfc32 (Chris Doty-Humphrey, PractRand), 128 bits of state, passes BigCrush. */

export type Random = { s: [number, number, number, number] };

/** The same seed gives the same sequence, for ever. */
export function seed(from: string | number): Random {
  const text = String(from);
  // FNV-1a with four offsets spreads a short seed over the whole state; twelve rounds mix it.
  const state = [0x811c9dc5, 0x01000193, 0x9e3779b9, 0x85ebca6b].map((offset) => {
    let hash = offset;
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    return hash | 0;
  }) as Random["s"];
  const random = { s: state };
  for (let round = 0; round < 12; round++) word(random);
  return random;
}

/** 32 random bits, unsigned. */
export function word({ s }: Random): number {
  const sum = (((s[0] + s[1]) | 0) + s[3]) | 0;
  s[3] = (s[3] + 1) | 0;
  s[0] = s[1] ^ (s[1] >>> 9);
  s[1] = (s[2] + (s[2] << 3)) | 0;
  s[2] = (((s[2] << 21) | (s[2] >>> 11)) + sum) | 0;
  return sum >>> 0;
}

/** Uniform in [0, 1), 53 bits. */
export const unit = (random: Random): number => ((word(random) >>> 5) * 67_108_864 + (word(random) >>> 6)) / 9_007_199_254_740_992;

/** Uniform in 0 … below - 1. */
export const integer = (random: Random, below: number): number => Math.floor(unit(random) * below);

export function hex(random: Random, digits: number): string {
  let text = "";
  while (text.length < digits) text += word(random).toString(16).padStart(8, "0");
  return text.slice(0, digits);
}

const LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz";

export function alphanumeric(random: Random, length: number): string {
  let text = "";
  for (let at = 0; at < length; at++) text += LETTERS[integer(random, 36)];
  return text;
}

/** z of the 95th percentile of the normal distribution. */
const Z95 = 1.6448536269514722;

/** A duration or size of which the median and the 95th percentile are known: log-normal, as latencies are. */
export function lognormal(random: Random, median: number, p95: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - unit(random))) * Math.cos(2 * Math.PI * unit(random)); // Box and Muller
  return median * Math.exp((Math.log(p95 / median) / Z95) * normal);
}

export const copy = ({ s }: Random): Random => ({ s: [...s] });

export function restore(random: Random, from: Random): void {
  random.s = [...from.s];
}
