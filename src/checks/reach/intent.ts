/** What must be possible and what must not, said about paths; a complaint shows the path hop by hop. */
import type { Complaint } from "../check.ts";
import type { Model } from "../model.ts";
import { named, type ModelResource } from "../values.ts";
import type { End, Interface, LineKind, Site } from "./ends.ts";
import { path, type Outcome, type Traffic } from "./path.ts";

export type Question = {
  from: End;
  to: End;
  traffic: Traffic;
  /** For people: "load balancer", "database". */ names: readonly [from: string, to: string];
};
type Sides = { model: Model; site: readonly string[] };

/** Every pair: each zone's own way has to work. */
export function* pairs(from: readonly Interface[], to: readonly Interface[]): Generator<[Interface, Interface]> {
  for (const one of from) for (const other of to) yield [one, other];
}

export function* must({ model, site }: Sides, { from, to, traffic, names: [who, whom] }: Question): Generator<Complaint> {
  const found = path(model, from, to, traffic, site);
  if (found.allowed) return;
  const message = `${where(who, from)} cannot reach ${where(whom, to)}${by(from)}: ${found.because}.${way(found)}`;
  yield { message, place: found.refusedBy };
}

export function* mustNot({ model, site }: Sides, { from, to, names: [who, whom] }: Omit<Question, "traffic">): Generator<Complaint> {
  const found = path(model, from, to, "anything", site);
  if (!found.allowed) return;
  const last = found.there.at(-1);
  yield { message: `${where(who, from)} reaches ${where(whom, to)}.${way(found)}`, ...(last && { place: placeOf(last) }) };
}

export const placeOf = ({ stack, id }: ModelResource) => ({ stack, resource: id });

export const way = ({ hops }: Outcome): string => (hops.length > 0 ? ` Its way: ${hops.join("; ")}.` : "");

export const where = (name: string, end: End): string => (end.kind === "interface" ? `${name} (${named(end.subnet)})` : name);

const cut: Record<LineKind, string> = { direct: " while Direct Connect is down", tunnel: " while the VPN is down" };
const by = (end: End): string => (end.kind === "site" && end.down ? cut[end.down] : "");

/** The data centre with one line cut, for each line of which there is another; whole where there is one only. */
export function cuts(cidrs: readonly string[], lines: readonly LineKind[]): Site[] {
  const whole: Site = { kind: "site", cidrs };
  return lines.length < 2 ? [whole] : lines.map((down) => ({ ...whole, down }));
}
