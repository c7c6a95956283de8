/** What the world does by itself, when the moment has come. */
import { exited, listening } from "./containers.ts";
import { step } from "./demand.ts";
import { booted } from "./machines.ts";
import type { Happening, Physics } from "./physics.ts";

export function happen(physics: Physics, happening: Happening): void {
  switch (happening.type) {
    case "booted":
      return booted(physics, happening.machine, happening.boot);
    case "listening":
      return listening(physics, happening.container);
    case "exited":
      return exited(physics, happening.container, happening.code);
    case "demand":
      return step(physics, happening.demand, happening.step);
  }
}
