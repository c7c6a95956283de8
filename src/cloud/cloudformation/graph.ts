/** Who needs whom: `DependsOn`, and every reference inside a resource. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-dependson.html */
import { variables } from "./intrinsics.ts";
import { invalid, isObject, malformed, type Template } from "./template.ts";

/** Calls `found` with the name of everything that a value refers to; `attribute` when it is by `Fn::GetAtt`. */
export function references(value: unknown, found: (name: string, attribute?: string) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) references(item, found);
    return;
  }
  if (!isObject(value)) return;
  for (const [key, item] of Object.entries(value)) {
    if (key === "Ref" && typeof item === "string") found(item);
    else if (key === "Fn::GetAtt") {
      const [name, ...path] = typeof item === "string" ? item.split(".") : Array.isArray(item) ? item : [];
      if (typeof name === "string") found(name, path.filter((part) => typeof part === "string").join("."));
      references(path, found);
    } else {
      if (key === "Fn::Sub")
        for (const name of variables(item)) found(name.split(".")[0]!, name.includes(".") ? name.slice(name.indexOf(".") + 1) : undefined);
      references(item, found);
    }
  }
}

/** Refuses references to what the template lacks. */
export function checkReferences(template: Template, pseudo: Record<string, unknown>): void {
  const lacking = new Set<string>();
  const known = (name: string) => name in template.Resources || name in template.Parameters || name in pseudo || name === "AWS::NoValue";
  for (const { Properties, DependsOn, Metadata } of Object.values(template.Resources)) {
    references([Properties, Metadata], (name, attribute) => {
      if (attribute === undefined ? !known(name) : !(name in template.Resources)) lacking.add(name);
    });
    for (const name of [DependsOn ?? []].flat()) if (!(name in template.Resources)) lacking.add(name);
  }
  if (lacking.size > 0)
    throw malformed(`Unresolved resource dependencies [${[...lacking].join(", ")}] in the Resources block of the template`);
  for (const { Value, Export } of Object.values(template.Outputs)) {
    references([Value, Export], (name, attribute) => {
      if (attribute === undefined ? !known(name) : !(name in template.Resources)) lacking.add(name);
    });
  }
  if (lacking.size > 0)
    throw malformed(`Unresolved resource dependencies [${[...lacking].join(", ")}] in the Outputs block of the template`);
}

/** For each resource of `included`, in an order in which they can be made, those that must exist before it. */
export function dependencies(template: Template, included: ReadonlySet<string>): Map<string, string[]> {
  const needs = new Map<string, string[]>();
  for (const id of included) {
    const { Properties, DependsOn } = template.Resources[id]!;
    const names = new Set([DependsOn ?? []].flat());
    references(Properties, (name) => names.add(name));
    needs.set(
      id,
      [...names].filter((name) => included.has(name)),
    );
  }
  return sorted(needs);
}

function sorted(needs: Map<string, string[]>): Map<string, string[]> {
  const result = new Map<string, string[]>();
  const waits = new Map([...needs].map(([id, names]) => [id, names.length]));
  const unblocks = inverse(needs);
  const ready = [...waits].filter(([, count]) => count === 0).map(([id]) => id);
  for (const id of ready) {
    result.set(id, needs.get(id)!);
    for (const next of unblocks.get(id)!) {
      const left = waits.get(next)! - 1;
      waits.set(next, left);
      if (left === 0) ready.push(next);
    }
  }
  if (result.size < needs.size) throw invalid(`Circular dependency between resources: [${circle(needs, result).join(", ")}]`);
  return result;
}

/** The other way round: for each, those that need it. */
export function inverse(needs: ReadonlyMap<string, readonly string[]>): Map<string, string[]> {
  const result = new Map([...needs.keys()].map((id) => [id, [] as string[]]));
  for (const [id, names] of needs) for (const name of names) result.get(name)?.push(id);
  return result;
}

/** Of what could not be ordered, only what lies on a circle, not what hangs below one. */
function circle(needs: Map<string, string[]>, done: ReadonlyMap<string, unknown>): string[] {
  const left = new Set([...needs.keys()].filter((id) => !done.has(id)));
  const users = inverse(needs);
  for (let before = -1; before !== left.size;) {
    before = left.size;
    for (const id of left) if (!users.get(id)!.some((user) => left.has(user))) left.delete(id);
  }
  return [...left];
}
