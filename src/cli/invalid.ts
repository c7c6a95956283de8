/** A definition with findings: ends a command with exit code 3, after all of them were printed. */
import type { Finding } from "../platform/finding.ts";

export class InvalidDefinition extends Error {
  constructor(readonly findings: Finding[]) {
    super("The definition is not valid.");
  }
}
