/**
 * What the templates say once their references are followed: every resource of every stack, with properties in which links are links and texts are
 * texts. Checks read this instead of CloudFormation's functions. It shows the platform with everything switched on that recovery switches on.
 */
import type { Assembly } from "../stacks/assembly.ts";
import { resolver } from "./resolve.ts";
import type { ModelResource, Value } from "./values.ts";

export type { ModelResource } from "./values.ts";

export type Model = {
  resources: ModelResource[];
  byType(type: string, region?: string): ModelResource[];
  find(stack: string, id: string): ModelResource | undefined;
};

export function model(assembly: Assembly): Model {
  const resources: ModelResource[] = [];
  const byName = new Map<string, ModelResource>();
  const byType = new Map<string, ModelResource[]>();
  for (const { id: stack, template, region, role, part, when } of assembly.stacks) {
    for (const [id, { Type: type, Condition: condition }] of Object.entries(template.Resources)) {
      const resource: ModelResource = { stack, id, type, region, role, part, when, ...(condition && { condition }), properties: {} };
      resources.push(resource);
      byName.set(`${stack}.${id}`, resource);
      const alike = byType.get(type);
      if (alike) alike.push(resource);
      else byType.set(type, [resource]);
    }
  }
  const find = (stack: string, id: string) => byName.get(`${stack}.${id}`);
  const resolve = resolver(assembly, find);
  // Links go to the very objects, so nothing is resolved twice and the order does not matter.
  for (const { id: stack, template } of assembly.stacks) {
    for (const [id, { Properties }] of Object.entries(template.Resources)) {
      find(stack, id)!.properties = (resolve(stack, Properties ?? {}) ?? {}) as Record<string, Value>;
    }
  }
  return {
    resources,
    byType: (type, region) => (byType.get(type) ?? []).filter((each) => region === undefined || each.region === region),
    find,
  };
}
