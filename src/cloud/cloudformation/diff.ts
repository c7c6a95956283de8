/** What an update would do to each resource: for change sets, and to tell whether there is anything to do. https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html */
import type * as sdk from "@aws-sdk/client-cloudformation";
import { references } from "./graph.ts";
import { evaluate, UNKNOWN, type Scope } from "./intrinsics.ts";
import { nestedDiffers } from "./nested.ts";
import { planned, scopeOf } from "./plan.ts";
import { changed, check, recreation, same, schemaOf, type Finding } from "./schema.ts";
import type { Here, Plan, StackRecord, StackResource } from "./state.ts";
import type { ResourceDefinition } from "./template.ts";

type Fate = "same" | "modify" | "perhaps" | "replace" | "add";

/** Attributes of a definition besides its properties that a change set reports. */
const ATTRIBUTES = ["Metadata", "CreationPolicy", "UpdatePolicy", "DeletionPolicy", "UpdateReplacePolicy"] as const;

/** Knows values of resources that stay; all others are not known before the change. */
function forecast(call: Here, stack: StackRecord, plan: Plan, fates: ReadonlyMap<string, Fate>): Scope {
  const now = scopeOf(call, stack, plan);
  return {
    ...planned(call, stack, plan),
    ref: (id) => (fates.get(id) === "same" || fates.get(id) === "modify" ? now.ref(id) : UNKNOWN),
    attribute: (id, name) => (fates.get(id) === "same" ? now.attribute(id, name) : UNKNOWN),
  };
}

export function changesOf(call: Here, stack: StackRecord, plan: Plan): sdk.Change[] {
  const fates = new Map<string, Fate>();
  const scope = forecast(call, stack, plan, fates);
  const changes: sdk.ResourceChange[] = [];
  for (const id of plan.dependencies.keys()) {
    const definition = plan.template.Resources[id]!;
    const current = live(stack.resources.get(id));
    if (!current) {
      fates.set(id, "add");
      changes.push({ Action: "Add", LogicalResourceId: id, ResourceType: definition.Type, Scope: [], Details: [] });
      continue;
    }
    const change = modification(
      call,
      stack,
      plan,
      current,
      definition,
      evaluate(definition.Properties ?? {}, scope) as Record<string, unknown>,
    );
    fates.set(id, change ? ({ True: "replace", Conditional: "perhaps", False: "modify" } as const)[change.Replacement!] : "same");
    if (change) changes.push(change);
  }
  for (const { logicalId, physicalId, type, deletionPolicy, status } of stack.resources.values()) {
    if (plan.dependencies.has(logicalId) || status === "DELETE_COMPLETE") continue;
    changes.push({
      Action: "Remove",
      LogicalResourceId: logicalId,
      PhysicalResourceId: physicalId,
      ResourceType: type,
      PolicyAction: deletionPolicy.startsWith("Retain") ? "Retain" : "Delete",
      Scope: [],
      Details: [],
    });
  }
  changes.sort((a, b) => (a.LogicalResourceId! < b.LogicalResourceId! ? -1 : 1));
  return changes.map((ResourceChange) => ({ Type: "Resource", ResourceChange }));
}

const live = (resource: StackResource | undefined) =>
  resource?.physicalId === undefined || /^(CREATE_FAILED|DELETE_COMPLETE|DELETE_SKIPPED)$/.test(resource.status) ? undefined : resource;

function modification(
  call: Here,
  stack: StackRecord,
  plan: Plan,
  current: StackResource,
  definition: ResourceDefinition,
  wanted: Record<string, unknown>,
): sdk.ResourceChange | undefined {
  const old = stack.plan?.template.Resources[current.logicalId];
  const updates = call.types.get(definition.Type)!.type.update !== undefined;
  const details = changed(current.properties, wanted).flatMap((name) => {
    const demand = updates ? recreation(definition.Type, name, current.properties[name], wanted[name]) : "Always";
    return explain(plan, name, old?.Properties?.[name], definition.Properties?.[name], demand);
  });
  const scope: sdk.ResourceAttribute[] = details.length > 0 ? [...new Set(details.map(({ Target }) => Target!.Attribute!))] : [];
  for (const attribute of ATTRIBUTES) {
    if (JSON.stringify(old?.[attribute]) === JSON.stringify(definition[attribute])) continue;
    scope.push(attribute);
    details.push({
      Target: { Attribute: attribute, RequiresRecreation: "Never" },
      Evaluation: "Static",
      ChangeSource: "DirectModification",
    });
  }
  if (tagsDiffer(stack, plan) && schemaOf(definition.Type)?.properties.has("Tags") && !scope.includes("Tags")) {
    scope.push("Tags");
    details.push({ Target: { Attribute: "Tags", RequiresRecreation: "Never" }, Evaluation: "Static", ChangeSource: "DirectModification" });
  }
  if (details.length === 0 && nestedDiffers(call, current, plan))
    details.push({ Target: { Attribute: "Properties", RequiresRecreation: "Never" }, Evaluation: "Dynamic", ChangeSource: "Automatic" });
  if (details.length === 0 && current.status !== "UPDATE_FAILED") return undefined;
  const Replacement = replacement(details);
  const retained = definition.UpdateReplacePolicy === "Retain";
  return {
    Action: "Modify",
    LogicalResourceId: current.logicalId,
    PhysicalResourceId: current.physicalId,
    ResourceType: current.type,
    Replacement,
    PolicyAction: Replacement === "True" ? (retained ? "ReplaceAndRetain" : "ReplaceAndDelete") : undefined,
    Scope: scope,
    Details: details,
  };
}

const tagsDiffer = (stack: StackRecord, plan: Plan) => {
  const record = (tags: readonly sdk.Tag[]) => Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));
  return !same(record(stack.plan?.tags ?? []), record(plan.tags));
};

/** Certain when a certain change demands it, possible when a possible one does. */
function replacement(details: readonly sdk.ResourceChangeDetail[]): sdk.Replacement {
  if (details.some(({ Target, Evaluation }) => Target!.RequiresRecreation === "Always" && Evaluation === "Static")) return "True";
  return details.some(({ Target }) => Target!.RequiresRecreation !== "Never") ? "Conditional" : "False";
}

/** Why a property changes: it was written anew, or something that it refers to changes. */
function explain(
  plan: Plan,
  name: string,
  before: unknown,
  after: unknown,
  demand: "Never" | "Conditionally" | "Always",
): sdk.ResourceChangeDetail[] {
  const Target: sdk.ResourceTargetDefinition =
    name === "Tags"
      ? { Attribute: "Tags", RequiresRecreation: demand }
      : { Attribute: "Properties", Name: name, RequiresRecreation: demand };
  if (JSON.stringify(before) !== JSON.stringify(after)) {
    const causes = causesIn(plan, after).filter(({ Evaluation }) => Evaluation === "Dynamic");
    return [{ Target, Evaluation: causes.length > 0 ? "Dynamic" : "Static", ChangeSource: "DirectModification" }];
  }
  const causes = causesIn(plan, after);
  return causes.length > 0
    ? causes.map((cause) => ({ Target, ...cause }))
    : [{ Target, Evaluation: "Dynamic", ChangeSource: "DirectModification" }];
}

function causesIn(plan: Plan, value: unknown): Pick<sdk.ResourceChangeDetail, "Evaluation" | "ChangeSource" | "CausingEntity">[] {
  const causes = new Map<string, Pick<sdk.ResourceChangeDetail, "Evaluation" | "ChangeSource" | "CausingEntity">>();
  references(value, (entity, attribute) => {
    if (attribute !== undefined)
      causes.set(`${entity}.${attribute}`, {
        Evaluation: "Dynamic",
        ChangeSource: "ResourceAttribute",
        CausingEntity: `${entity}.${attribute}`,
      });
    else if (entity in plan.template.Parameters)
      causes.set(entity, { Evaluation: "Static", ChangeSource: "ParameterReference", CausingEntity: entity });
    else if (entity in plan.template.Resources)
      causes.set(entity, { Evaluation: "Dynamic", ChangeSource: "ResourceReference", CausingEntity: entity });
  });
  return [...causes.values()];
}

/** Whether there is anything to update besides resources: outputs, and the stack's tags. */
export function differsBeyondResources(call: Here, stack: StackRecord, plan: Plan): boolean {
  if (JSON.stringify(stack.plan?.template.Outputs) !== JSON.stringify(plan.template.Outputs) || tagsDiffer(stack, plan)) return true;
  const scope = scopeOf(call, stack, plan);
  return Object.entries(plan.template.Outputs).some(([key, { Value, Condition }]) => {
    const held = Condition === undefined || plan.conditions[Condition];
    const current = stack.Outputs?.find(({ OutputKey }) => OutputKey === key)?.OutputValue;
    return held ? !same(current, evaluate(Value, scope)) : current !== undefined;
  });
}

/** What a look at the properties finds before anything is made. */
export function findings(call: Here, stack: StackRecord, plan: Plan): (Finding & { logicalId: string; type: string })[] {
  const scope = planned(call, stack, plan);
  return [...plan.dependencies.keys()].flatMap((logicalId) => {
    const { Type, Properties } = plan.template.Resources[logicalId]!;
    return check(Type, evaluate(Properties ?? {}, scope) as Record<string, unknown>).map((finding) => ({
      ...finding,
      logicalId,
      type: Type,
    }));
  });
}
