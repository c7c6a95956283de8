/** The list of checks over what was synthesized. A new family is a line here. */
import type { Check } from "./check.ts";
import { objectives } from "./objectives.ts";
import { reach } from "./reach/list.ts";
import { recoveryPath } from "./recovery-path.ts";

export const checks: Check[] = [...reach, ...recoveryPath, ...objectives];
