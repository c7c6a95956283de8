/** Signals that a resource is ready: creation policies and wait conditions. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-creationpolicy.html */
import { minutes, seconds, type Duration } from "../../kernel/units.ts";
import type { Here, StackRecord } from "./state.ts";
import { invalid, type ResourceDefinition } from "./template.ts";

/** Whether the creation policy is met; throws when it never will be. */
export function signalled(
  _call: Here,
  stack: StackRecord,
  { CreationPolicy }: ResourceDefinition,
  logicalId: string,
  waited: Duration,
): boolean {
  const wanted = CreationPolicy?.ResourceSignal;
  if (!wanted) return true;
  const count = Number(wanted.Count ?? 1);
  const patience = duration(wanted.Timeout ?? "PT5M"); // both defaults: the page above
  const { good, bad } = tally(stack, logicalId);
  if (bad > 0)
    throw invalid(`Failed to receive ${count} resource signal(s) within the specified duration: received ${bad} FAILURE signal(s)`);
  if (good >= count) return true;
  if (waited >= patience) throw invalid(`Failed to receive ${count - good} resource signal(s) within the specified duration`);
  return false;
}

export function tally(stack: StackRecord, logicalId: string): { good: number; bad: number } {
  const received = stack.signals.get(logicalId) ?? [];
  const good = received.filter(({ success }) => success).length;
  return { good, bad: received.length - good };
}

/** `PT1H30M5S`. */
function duration(text: string): Duration {
  const [, hours = 0, mins = 0, secs = 0] = /^PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?$/.exec(text) ?? [];
  return (minutes(Number(hours) * 60 + Number(mins)) + seconds(Number(secs))) as Duration;
}
