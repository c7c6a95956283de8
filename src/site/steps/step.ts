/** What CloudFormation cannot make: one step of a person or of a machine, done when its check says so. */
import type { Definition, Role } from "../../platform/definition.ts";

export type Step = {
  /** Stable, such as `gateway-primary`. */
  id: string;
  /** `person`: needs hands, a signature or a password. `machine`: the commands are all of it. */
  who: "person" | "machine";
  title: string;
  why: string;
  /** Says whether it is done already; so every step may be taken again. */
  check: { command: string; done: string };
  /** Commands and instructions, in order. Instructions begin with `#`. */
  do: string[];
  /** From beginning to end, where it is more than minutes. */
  takes?: string;
  /** In US dollars. */
  costs?: string;
  /** A flag that must be given before it is shown with its commands: it spends money. */
  confirm?: "confirm-order";
  /** When, if not now. */
  when?: string;
};

/** One family of steps. */
export type Steps = (definition: Definition) => Step[];

/** The regions that are kept up, with their codes. */
export function regionsKept({ regions, recovery }: Definition): { role: Role; region: string }[] {
  const both = (["primary", "recovery"] as const).filter((role) => role === "primary" || recovery.strategy !== "none");
  return both.flatMap((role) => (regions[role] ? [{ role, region: regions[role].region }] : []));
}
