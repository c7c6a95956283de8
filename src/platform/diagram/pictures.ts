/** The list of pictures. */
import type { Definition } from "../definition.ts";
import { architecture } from "./architecture.ts";
import type { Picture } from "./draw.ts";
import { linesPicture } from "./lines.ts";
import { strategyPicture } from "./strategy.ts";

/** Name → picture; the four of the recovery strategies are drawn whichever is chosen, to compare them. */
export function pictures(definition: Definition): Record<string, Picture> {
  const lines = linesPicture(definition);
  return {
    architecture: architecture(definition),
    ...(lines && { lines }),
    ...(definition.regions.recovery && {
      "backup-restore": strategyPicture(definition, "backup-restore"),
      "pilot-light": strategyPicture(definition, "pilot-light"),
      "warm-standby": strategyPicture(definition, "warm-standby"),
      "active-active": strategyPicture(definition, "active-active"),
    }),
  };
}
