/** Compose's durations, sizes and command lines: docs.docker.com/reference/compose-file/extension */
import { bytes, gib, hours, kib, mib, milliseconds, minutes, seconds, type Bytes, type Duration } from "../../kernel/units.ts";

const times: Record<string, (count: number) => Duration> = {
  us: (count) => milliseconds(count / 1000),
  ms: milliseconds,
  s: seconds,
  m: minutes,
  h: hours,
};

/** `1m30s`; a bare number is seconds. Undefined when it is no duration. */
export function durationIn(text: string): Duration | undefined {
  if (/^\d+$/.test(text)) return seconds(Number(text));
  if (!/^(\d+(\.\d+)?(us|ms|s|m|h))+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(us|ms|s|m|h)/g)];
  return milliseconds(parts.reduce((sum, [, count, unit]) => sum + times[unit!]!(Number(count)), 0));
}

const sizes: Record<string, (count: number) => Bytes> = { b: bytes, k: kib, m: mib, g: gib };

/** `512M`, `1gb`, `300k`; a bare number is bytes. Undefined when it is no size. */
export function sizeIn(text: string): Bytes | undefined {
  const [, count, unit = "b"] = /^(\d+(?:\.\d+)?)\s*([bkmg])?(?:i?b)?$/i.exec(text) ?? [];
  return count === undefined ? undefined : bytes(Math.round(sizes[unit.toLowerCase()]!(Number(count))));
}

/** A command line as its words, with quotes as a shell reads them. Nothing is expanded. */
export function wordsOf(line: string): string[] {
  const words: string[] = [];
  const piece = /\s*((?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+)/gs;
  for (const [, word = ""] of line.matchAll(piece)) {
    words.push(
      word.replaceAll(
        /\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'/gs,
        (_, escaped?: string, double?: string, single?: string) =>
          escaped ?? (double === undefined ? (single ?? "") : double.replaceAll(/\\(["\\$`])/g, "$1")),
      ),
    );
  }
  return words;
}
