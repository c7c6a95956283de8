/** What commands on a machine's shell come to: modelled, since nobody can know what a script does. */
import { seconds, type Duration } from "../kernel/units.ts";
import type { World } from "./world.ts";

export type Outcome = { takes: Duration; exit: number; output: string };

/** Of a script that nobody has said anything about: it does its work in a second and says nothing. */
export const quiet: Outcome = { takes: seconds(1), exit: 0, output: "" };

/** The outcome said for a text that the script contains, the longest such; else the quiet one. */
export function outcomeOf({ scripts }: World, script: string): Outcome {
  let found = quiet;
  let length = -1;
  for (const [part, outcome] of scripts) {
    if (part.length <= length || !script.includes(part)) continue;
    found = outcome;
    length = part.length;
  }
  return found;
}
