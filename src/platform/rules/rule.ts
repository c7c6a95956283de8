/** The form of every rule over a definition: what it needs, what it says, how it is put right. */
import type { Definition } from "../definition.ts";

export type Section = keyof Definition;
export type Path = readonly (string | number)[];

export type Violation = {
  path: Path;
  /** What is wrong, with the values that are. One sentence. */
  message: string;
  /** Better than the rule's own, when the case says more. */
  fix?: string;
};

export type Rule = {
  id: string;
  why: string;
  fix: string;
  /** The rule runs when these parsed well, whatever the others did. */
  needs: readonly Section[];
  check(definition: Definition): Iterable<Violation>;
};

/** Lets `check` see the sections that it needs and no others. */
export const rule = <const Needs extends Section>(
  each: Omit<Rule, "needs" | "check"> & { needs: readonly Needs[]; check(definition: Pick<Definition, Needs>): Iterable<Violation> },
): Rule => each;
