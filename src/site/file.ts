/** What rendering gives: files, each for one machine of the data centre. */

export type SiteFile = {
  /** Below the directory that is rendered to: `routers/edge-1/frr.conf`. */
  path: string;
  text: string;
  /** Default 0o644. */
  mode?: number;
};

/** Lines to a text; `false` leaves a line out, a list puts several in. */
export type Lines = readonly (string | false | undefined | Lines)[];

export const text = (...lines: Lines): string => `${flat(lines).join("\n")}\n`;

const flat = (lines: Lines): string[] =>
  lines.flatMap((line) => (typeof line === "string" ? [line] : line === false || line === undefined ? [] : flat(line)));
