/** Outputs and exports: values for other stacks of the account and region. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html */
import type * as sdk from "@aws-sdk/client-cloudformation";
import { evaluate, text, NOTHING, type Scope } from "./intrinsics.ts";
import { scopeOf } from "./plan.ts";
import type { Here, Plan, StackRecord } from "./state.ts";
import { invalid } from "./template.ts";

/** The outputs whose conditions hold. Throws where a value is no text. */
export function outputsOf(call: Here, stack: StackRecord, plan: Plan): sdk.Output[] {
  const scope = scopeOf(call, stack, plan);
  return Object.entries(plan.template.Outputs)
    .filter(([, { Condition }]) => Condition === undefined || plan.conditions[Condition])
    .map(([OutputKey, { Value, Description, Export }]) => ({
      OutputKey,
      OutputValue: textOf(OutputKey, Value, scope),
      Description,
      ExportName: Export ? textOf(OutputKey, Export.Name, scope) : undefined,
    }));
}

function textOf(key: string, value: unknown, scope: Scope): string {
  const result = evaluate(value, scope);
  if (result === NOTHING || typeof result === "object")
    throw invalid(`Template format error: Output ${key} is malformed. The Value field of every Outputs member must evaluate to a String.`);
  return text(result, "Outputs");
}

/** Whose stacks import an export. */
export function importers(call: Here, name: string): string[] {
  return [...call.state.names].filter(([, id]) => call.state.stacks.get(id)!.plan?.imports.includes(name)).map(([stackName]) => stackName);
}

/** Refuses names that another stack exports, and the change or loss of what others import. */
export function checkExports(call: Here, stack: StackRecord, outputs: readonly sdk.Output[]): void {
  const mine = new Map(
    outputs.filter(({ ExportName }) => ExportName !== undefined).map(({ ExportName, OutputValue }) => [ExportName!, OutputValue!]),
  );
  for (const name of mine.keys()) {
    const holder = call.state.exports.get(name)?.ExportingStackId;
    if (holder !== undefined && holder !== stack.StackId)
      throw invalid(`Export with name ${name} is already exported by stack ${call.state.stacks.get(holder)!.StackName}.`);
  }
  for (const { Name, Value, ExportingStackId } of call.state.exports.values()) {
    if (ExportingStackId !== stack.StackId || mine.get(Name) === Value) continue;
    const users = importers(call, Name);
    if (users.length > 0)
      throw invalid(`Export ${Name} cannot be ${mine.has(Name) ? "updated" : "deleted"} as it is in use by ${users.join(" and ")}`);
  }
}

/** Makes the exports those of `outputs`. */
export function publish(call: Here, stack: StackRecord, outputs: readonly sdk.Output[]): void {
  for (const [name, { ExportingStackId }] of call.state.exports) if (ExportingStackId === stack.StackId) call.state.exports.delete(name);
  for (const { ExportName, OutputValue } of outputs) {
    if (ExportName !== undefined)
      call.state.exports.set(ExportName, { ExportingStackId: stack.StackId, Name: ExportName, Value: OutputValue! });
  }
}
