/** What templates say, in the forms that operations take. */
import type * as sdk from "@aws-sdk/client-elastic-load-balancing-v2";
import { AwsError, type Properties, type Stack } from "../../service.ts";
import { tagList, type Here, type Tags } from "./state.ts";
import { tag } from "./tags.ts";

const numbers = new Set([
  "Port",
  "Weight",
  "Order",
  "Priority",
  "DurationSeconds",
  "HealthCheckIntervalSeconds",
  "HealthCheckTimeoutSeconds",
  "HealthyThresholdCount",
  "UnhealthyThresholdCount",
]);
const flags = new Set(["Enabled", "HealthCheckEnabled"]);

/** CloudFormation may pass numbers and flags as texts, and texts as numbers; a redirect's port is a text. */
export function typed(value: unknown, within = ""): any {
  if (Array.isArray(value)) return value.map((each) => typed(each, within));
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => {
      if (numbers.has(key) && within !== "RedirectConfig") return [key, each === undefined ? undefined : Number(each)];
      return [key, flags.has(key) ? String(each) === "true" : typed(each, key)];
    }),
  );
}

export const listed = (value: unknown): { Key: string; Value: string }[] =>
  ((value as Properties[] | undefined) ?? []).map(({ Key, Value }) => ({ Key: String(Key), Value: String(Value) }));

const tagsIn = (own: unknown): Tags => Object.fromEntries(listed(own).map(({ Key, Value }) => [Key, Value]));

/** A new resource's tags: the stack's, and over them its own. */
export function applyTags(call: Here, arn: string, own: unknown, stack: Stack): void {
  tag(call, arn, { ...stack.tags, ...tagsIn(own) }, []);
}

/** After the template's have changed: those that somebody else set stay. */
export function retag(call: Here, arn: string, own: unknown, previous: unknown, stack: Stack): void {
  tag(call, arn, {}, Object.keys(tagsIn(previous)));
  applyTags(call, arn, own, stack);
}

/** Of the members that a template sets, those that are not carried out are refused by name. */
export function refuseProperties(type: string, properties: Properties): void {
  const given = Object.entries(properties).find(([, value]) => value !== undefined)?.[0];
  if (given !== undefined)
    throw new AwsError("NotImplemented", `Causeway does not emulate the property ${given} of AWS::ElasticLoadBalancingV2::${type}.`, 501);
}

/** What attributes are now that a template names. */
export const attributesRead = (expected: unknown, actual: Tags): sdk.LoadBalancerAttribute[] =>
  listed(expected).map(({ Key }) => ({ Key, Value: actual[Key] ?? "" }));

export const tagsRead = (tags: Tags): sdk.Tag[] => tagList(tags);

/** Of what is there, that much as a template says: AWS fills up actions and conditions. */
export function restricted(expected: unknown, actual: unknown): unknown {
  if (Array.isArray(expected) && Array.isArray(actual))
    return actual.map((each, at) => (at < expected.length ? restricted(expected[at], each) : each));
  if (!isRecord(expected) || !isRecord(actual)) return actual;
  return Object.fromEntries(Object.entries(expected).map(([key, each]) => [key, restricted(each, actual[key])]));
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
