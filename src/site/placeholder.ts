/**
 * What a rendered file must not or cannot hold: secrets, and values that AWS chooses. A file says which value belongs there, `causeway site fill`
 * puts it there on the way to the machine, and nothing that is rendered needs to be kept from a repository.
 */
import { UserError } from "../kernel/assert.ts";
import type { SiteFile } from "./file.ts";

export type Placeholder = {
  /**
   * `secret`: the text of a secret. `tunnel`: AWS's public address of the VPN tunnel that has the /30 of that name inside. `resolver`: an address
   * of the DNS endpoint, `NAME/1` or `NAME/2`.
   */
  kind: "secret" | "tunnel" | "resolver";
  region: string;
  name: string;
};

export const placeholder = ({ kind, region, name }: Placeholder): string => `@{${kind}:${region}:${name}}`;

/** Every placeholder of a text, once each. */
export function placeholders(text: string): Placeholder[] {
  const found = text.matchAll(/@\{(secret|tunnel|resolver):([a-z0-9-]+):([^}]+)\}/g);
  const once = new Map(
    [...found].map(([whole, kind, region = "", name = ""]) => [whole, { kind: kind as Placeholder["kind"], region, name }]),
  );
  return [...once.values()];
}

export type Filled = {
  files: SiteFile[];
  /** Files that were left out, and what they lack. */
  missing: { path: string; values: string[] }[];
};

/** Files with their values. A file that lacks one is left out whole: half a configuration is worse than yesterday's. */
export function fill(files: readonly SiteFile[], values: ReadonlyMap<string, string>): Filled {
  const filled: Filled = { files: [], missing: [] };
  for (const file of files) {
    const asked = placeholders(file.text).map(placeholder);
    const lacking = asked.filter((each) => !values.has(each));
    if (lacking.length) filled.missing.push({ path: file.path, values: lacking });
    else filled.files.push(asked.length ? withValues(file, asked, values) : file);
  }
  return filled;
}

function withValues(file: SiteFile, asked: readonly string[], values: ReadonlyMap<string, string>): SiteFile {
  let { text } = file;
  for (const each of asked) text = text.replaceAll(each, () => plain(each, values.get(each)!));
  // With secrets in it, a file is nobody else's.
  const secret = asked.some((each) => each.startsWith("@{secret:"));
  return { ...file, text, ...(secret && { mode: (file.mode ?? 0o644) & 0o750 }) };
}

/** No configuration language here could take these apart from its own syntax. */
function plain(asked: string, value: string): string {
  if (/^[\w.+/=:-]+$/.test(value)) return value;
  throw new UserError(
    "SITE_VALUE",
    `The value for ${asked} has characters that routers do not take.`,
    "Use letters, digits and . _ + / = : - only.",
  );
}
