/** Colour where a person reads: NO_COLOR, CLICOLOR and FORCE_COLOR are obeyed (no-color.org, bixense.com/clicolors). */
import type { WriteStream } from "node:tty";

const codes = { red: 31, green: 32, yellow: 33, blue: 34, grey: 90, bold: 1 } as const;
export type Colours = Record<keyof typeof codes, (text: string) => string>;

export function colours(stream: { isTTY?: boolean } | WriteStream): Colours {
  const { NO_COLOR, CLICOLOR, FORCE_COLOR } = process.env;
  const on = NO_COLOR ? false : FORCE_COLOR ? FORCE_COLOR !== "0" : CLICOLOR === "0" ? false : stream.isTTY === true;
  const paint = (code: number) => (text: string) => (on ? `\u001B[${code}m${text}\u001B[0m` : text);
  return Object.fromEntries(Object.entries(codes).map(([name, code]) => [name, paint(code)])) as Colours;
}
