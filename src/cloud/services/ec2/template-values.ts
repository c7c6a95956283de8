/** What templates say, in the operations' terms. */
import { AwsError, type Properties } from "../../service.ts";

/** CloudFormation may hand over a boolean as text. */
export const flag = (value: unknown): boolean => value === true || value === "true";

/** …and a number. */
export const count = (value: unknown): number | undefined => (value === undefined ? undefined : Number(value));

/** Properties that AWS acts upon and we do not: better refused by name than passed over. */
export function refuse(properties: Properties, names: readonly string[]): void {
  const given = names.find((name) => properties[name] !== undefined);
  if (given !== undefined) throw new AwsError("NotImplemented", `Causeway does not emulate the property ${given} of this type.`, 501);
}

/** The rest of a creation; what has been made before goes again when it fails. */
export function orUndo(work: () => void, undo: () => void): void {
  let isDone = false;
  try {
    work();
    isDone = true;
  } finally {
    if (!isDone) undo();
  }
}
