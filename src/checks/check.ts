/** The form of every check over what was synthesized: what it looks for, why, and how it is put right. */
import type { Definition } from "../platform/definition.ts";
import type { Finding, Place as Where } from "../platform/finding.ts";
import type { Assembly } from "../stacks/assembly.ts";
import type { Place } from "../stacks/place.ts";
import type { Model } from "./model.ts";

export type Subject = { definition: Definition; places: Place[]; assembly: Assembly; model: Model };

export type Complaint = {
  /** What is wrong, with the values that are. One sentence. */
  message: string;
  place?: Where;
  severity?: Finding["severity"];
  /** Better than the check's own, when the case says more. */
  fix?: string;
};

export type Check = {
  /** Stable, such as `RCH001`. */
  id: string;
  title: string;
  why: string;
  fix: string;
  check(subject: Subject): Iterable<Complaint>;
};
