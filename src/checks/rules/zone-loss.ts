/** What is left of the machines when a zone is lost carries the load, in quiet times and at the peak. */
import { machineBounds, machinesAt, type Bound } from "../../stacks/capacity.ts";
import type { Place } from "../../stacks/place.ts";
import type { Check, Complaint } from "../check.ts";

/** A group spreads its machines evenly; the zone that is lost may be the one with the odd machine. */
const surviving = (machines: number, zones: number): number => machines - Math.ceil(machines / zones);

function* short(
  { places }: { places: Place[] },
  bound: Bound,
  sentence: (left: number, all: number, needed: number) => string,
): Generator<Complaint> {
  const primary = places.find(({ role }) => role === "primary")!;
  const needed = machinesAt(primary, bound);
  const all = machineBounds(primary)[bound];
  const zones = primary.zones.length;
  if (needed === undefined || zones < 2 || surviving(all, zones) >= needed) return;
  let enough = all;
  while (surviving(enough, zones) < needed) enough++;
  yield {
    message: sentence(surviving(all, zones), all, needed),
    severity: "warning",
    fix: `cluster: { ${bound}: ${enough} }`,
    place: { path: ["cluster", bound] },
  };
}

export const quietZoneLoss: Check = {
  id: "RES040",
  title: "With a zone lost in quiet times every service keeps its tasks",
  // docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/static-stability.html
  why: "New machines take minutes, and when a zone is lost everybody asks for them at once: what must go on is there already.",
  fix: "cluster: { min: 4 }",
  check: (subject) =>
    short(
      subject,
      "min",
      (left, all, needed) => `When a zone is lost ${left} of the ${all} machines are left, and the services' fewest tasks need ${needed}.`,
    ),
};

export const peakZoneLoss: Check = {
  id: "RES041",
  title: "With a zone lost at the peak the other zones may hold all tasks",
  why: "While a zone is shifted away its machines still count against the group's maximum: the others may not grow beyond what is left of it.",
  fix: "cluster: { max: 16 }",
  check: (subject) =>
    short(
      subject,
      "max",
      (left, all, needed) =>
        `When a zone is lost ${left} of at most ${all} machines are left, and the services' most tasks need ${needed}.`,
    ),
};
