/** Values of a template: texts may stand for numbers and flags, single ones for lists. */
import type { Properties } from "../../service.ts";

type Scalar = string | number | boolean;

export const text = (value: Scalar | undefined): string | undefined => (value === undefined ? undefined : String(value));
export const number = (value: Scalar | undefined): number | undefined => (value === undefined ? undefined : Number(value));
export const flag = (value: Scalar | undefined): boolean | undefined => (value === undefined ? undefined : String(value) === "true");

export function list(value: Scalar | Scalar[] | undefined): string[] | undefined {
  if (value === undefined) return undefined;
  return Array.isArray(value) ? value.map(String) : [String(value)];
}

/** Members that are numbers and flags in the API, wherever they stand. */
const numbers =
  /^(MinSize|MaxSize|DesiredCapacity|MinHealthyPercentage|MaxHealthyPercentage|OnDemandBaseCapacity|OnDemandPercentageAboveBaseCapacity|SpotInstancePools|HeartbeatTimeout|EstimatedInstanceWarmup|MinAdjustmentMagnitude|MetricIntervalLowerBound|MetricIntervalUpperBound|ScalingAdjustment|TargetValue|Period|Cooldown|MaxGroupPreparedCapacity)$/;
const flags = /^(ZonalShiftEnabled|DisableScaleIn|ReturnData|ReuseOnScaleIn)$/;

/** The property in the API's types; members are called alike in both. */
export const typed = (value: unknown): Properties[string] => (value === undefined ? undefined : convert("", value));

function convert(name: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => convert(name, each));
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, convert(key, each)]));
  if (numbers.test(name)) return Number(value);
  if (flags.test(name)) return String(value) === "true";
  return String(value);
}

/** The value in the form in which the template has it. */
export const withoutDifference = (given: unknown, value: number | string): number | string =>
  typeof given === "string" ? String(value) : value;
