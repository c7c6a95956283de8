/** Texts that tell whether they are whole: the last line is the checksum of all before it. */
import { createHash } from "node:crypto";

const sum = (text) => createHash("sha256").update(text).digest("hex");

export const seal = (text) => `${text}\nsha256 ${sum(text)}\n`;

/** The text without its seal; throws when it is not what was sealed. */
export function unseal(sealed) {
  const [, text, checksum] = /^([^]*)\nsha256 ([0-9a-f]{64})\n$/.exec(sealed) ?? [];
  if (text === undefined || sum(text) !== checksum) throw new Error("A file on the share is not what was written.");
  return text;
}
