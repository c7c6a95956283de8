/** Findings for people: `error[NET014]: …`, where, why, how to fix. */
import { dotted, type Finding } from "../platform/finding.ts";
import { colours } from "./colours.ts";

/** One finding as text of several lines. */
export function described({ code, severity, message, why, fix, place }: Finding, colour = colours(process.stdout)): string {
  const head = colour[severity === "error" ? "red" : "yellow"](`${severity}[${code}]`);
  const lines = [`${head}: ${message}`];
  const where = whereOf(place);
  if (where) lines.push(`  --> ${where}`);
  lines.push(`  why: ${why}`, `  fix: ${fix}`);
  return lines.join("\n");
}

function whereOf({ file, line, column, path, stack, resource }: Finding["place"]): string {
  const source = file && `${file}${line ? `:${line}${column ? `:${column}` : ""}` : ""}`;
  const key = path?.length ? dotted(path) : undefined;
  const synthesized = stack && (resource ? `${stack}/${resource}` : stack);
  return [source, key, synthesized].filter(Boolean).join("  ");
}

/** `2 errors, 1 warning`. */
export function counted(findings: readonly Finding[]): string {
  const count = (severity: Finding["severity"]) => findings.filter((each) => each.severity === severity).length;
  const word = (number: number, name: string) => `${number} ${name}${number === 1 ? "" : "s"}`;
  return `${word(count("error"), "error")}, ${word(count("warning"), "warning")}`;
}
