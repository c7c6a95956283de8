/** The list of checks over what was synthesized. A new family is a line here. */
import type { Check } from "./check.ts";
import { objectives } from "./objectives.ts";
import { quotas } from "./quotas.ts";
import { reach } from "./reach/list.ts";
import { recoveryPath } from "./recovery-path.ts";
import { resilience } from "./rules/list.ts";

export const checks: Check[] = [...resilience, ...quotas, ...reach, ...recoveryPath, ...objectives];
