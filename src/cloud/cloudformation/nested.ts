/** What an engine must know of nested stacks: an update of theirs is final only when their root's is, and their templates may change by themselves. */
import { seconds } from "../../kernel/units.ts";
import { AwsError, type Call, type Properties } from "../service.ts";
import { changesOf, differsBeyondResources } from "./diff.ts";
import { prepare } from "./plan.ts";
import { download } from "./sources.ts";
import type { Here, Plan, StackRecord, StackResource } from "./state.ts";

const NESTED = "AWS::CloudFormation::Stack";

/** What a parent hands to a nested stack; numbers and lists arrive as they do in AWS, as texts. */
export function nestedRequest(call: Call, { TemplateURL, Parameters = {}, Tags = [] }: Properties, tags: Record<string, string>) {
  const own = Object.fromEntries((Tags as { Key: string; Value: string }[]).map(({ Key, Value }) => [Key, Value]));
  return {
    body: download(call, String(TemplateURL)),
    parameters: Object.entries(Parameters as Record<string, unknown>).map(([ParameterKey, value]) => ({
      ParameterKey,
      ParameterValue: [value].flat().map(String).join(","),
    })),
    tags: Object.entries({ ...tags, ...own })
      .filter(([Key]) => !Key.startsWith("aws:"))
      .map(([Key, Value]) => ({ Key, Value })),
  };
}

/** Whether a nested stack whose properties are the same would change: its template may be another at the same URL, or import another value. */
export function nestedDiffers(call: Here, { type, physicalId, properties }: StackResource, plan: Plan): boolean {
  const child = type === NESTED && physicalId !== undefined ? call.state.stacks.get(physicalId) : undefined;
  if (!child) return false;
  const tags = Object.fromEntries(plan.tags.map(({ Key, Value }) => [Key!, Value!]));
  try {
    const wanted = prepare(call, child, { ...nestedRequest(call, properties, tags), previous: child.plan });
    return changesOf(call, child, wanted).length > 0 || differsBeyondResources(call, child, wanted);
  } catch (error) {
    // The update will meet the same refusal, and say so.
    if (error instanceof AwsError) return true;
    throw error;
  }
}

function children(call: Here, stack: StackRecord): StackRecord[] {
  return [...stack.resources.values()]
    .filter(({ type, physicalId }) => type === NESTED && physicalId !== undefined)
    .map(({ physicalId }) => call.state.stacks.get(physicalId!))
    .filter((child) => child !== undefined);
}

/** Lets the nested stacks clean up that wait for it; answers whether there were any. */
export function releaseNested(call: Here, stack: StackRecord): boolean {
  const waiting = children(call, stack).filter(({ operation }) => operation?.nested && operation.phase === "cleanup");
  for (const child of waiting) {
    child.operation!.nested = false;
    call.after(seconds(1), "begin", { stackId: child.StackId, operation: child.operation!.id });
  }
  return waiting.length > 0;
}

/** Whether nested stacks still clean up. */
export const nestedBusy = (call: Here, stack: StackRecord): boolean =>
  children(call, stack).some(({ operation }) => operation?.phase === "cleanup");
