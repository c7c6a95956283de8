/** Conditions and rules: what parameters decide. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html */
import { evaluate, truth, type Scope } from "./intrinsics.ts";
import { invalid, malformed, type Template } from "./template.ts";

/** Every condition's value; they may name each other. */
export function evaluateConditions(template: Template, scope: Omit<Scope, "condition">): Record<string, boolean> {
  const values: Record<string, boolean> = {};
  const open = new Set<string>();
  const within: Scope = { ...scope, condition };
  function condition(name: string): boolean {
    const known = values[name];
    if (known !== undefined) return known;
    if (!(name in template.Conditions)) throw malformed(`Unresolved condition dependency ${name} in the Conditions block of the template`);
    if (open.has(name)) throw malformed(`Circular dependency between conditions: [${[...open].join(", ")}]`);
    open.add(name);
    const value = truth(template.Conditions[name], within);
    open.delete(name);
    values[name] = value;
    return value;
  }
  for (const name of Object.keys(template.Conditions)) condition(name);
  return values;
}

/** Refuses parameters that a rule's assertions deny. */
export function checkRules(template: Template, scope: Scope, parameterTypes: Template["Parameters"]): void {
  for (const [name, { RuleCondition, Assertions }] of Object.entries(template.Rules)) {
    if (!Array.isArray(Assertions)) throw malformed(`Rule ${name} must contain a list of Assertions.`);
    if (RuleCondition !== undefined && !truth(specific(RuleCondition, parameterTypes, scope), scope)) continue;
    for (const { Assert, AssertDescription } of Assertions) {
      if (!truth(specific(Assert, parameterTypes, scope), scope))
        throw invalid(`Template validation error: Rule ${name} failed: ${AssertDescription ?? JSON.stringify(Assert)}`);
    }
  }
}

/** Rules have a function of their own that needs the parameters' types. */
function specific(value: any, types: Template["Parameters"], scope: Scope): any {
  if (Array.isArray(value)) return value.map((item) => specific(item, types, scope));
  if (typeof value !== "object" || value === null) return value;
  if ("Fn::RefAll" in value) {
    const wanted = String(value["Fn::RefAll"]);
    return Object.entries(types)
      .filter(([, { Type }]) => Type === wanted || Type === `List<${wanted}>`)
      .flatMap(([key]) => evaluate({ Ref: key }, scope));
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, specific(item, types, scope)]));
}
