/** Parameter policies: expiry and its notices. https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-policies.html */
import { days, hours, instant, since, type Duration, type Instant } from "../../../kernel/units.ts";
import type * as sdk from "@aws-sdk/client-ssm";
import { AwsError, type Known } from "../../service.ts";
import type { Here, Parameter } from "./parameter.ts";

export type Policy = Known<sdk.ParameterInlinePolicy, "PolicyText" | "PolicyType" | "PolicyStatus">;
type Attributes = Record<string, string | undefined>;
type Parsed = { type: string; attributes: Attributes; text: string };

const POLICIES_MAX = 10; // docs.aws.amazon.com/general/latest/gr/ssm.html, "Parameter policies per advanced parameter"
const ATTRIBUTES: Record<string, readonly string[]> = {
  Expiration: ["Timestamp"],
  ExpirationNotification: ["Before", "Unit"],
  NoChangeNotification: ["After", "Unit"],
};

/** From the JSON array that PutParameter takes; `{}` and `[]` take all policies away. */
export function parsePolicies(text: string, now: Instant): Policy[] {
  const parsed = read(text).map((each) => check(each, now));
  if (parsed.length > POLICIES_MAX)
    throw new AwsError(
      "PoliciesLimitExceededException",
      `You specified more than the maximum number of allowed policies for the parameter. The maximum is ${POLICIES_MAX}.`,
    );
  const expirations = parsed.filter(({ type }) => type === "Expiration").length;
  const notices = parsed.some(({ type }) => type === "ExpirationNotification");
  if (expirations > 1 || (notices && expirations === 0)) {
    throw new AwsError(
      "IncompatiblePolicyException",
      "There is a conflict in the policies specified for this parameter. An ExpirationNotification needs exactly one Expiration.",
    );
  }
  return parsed.map(({ type, text: policy }) => ({ PolicyText: policy, PolicyType: type, PolicyStatus: "Pending" }));
}

function read(text: string): unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new AwsError("InvalidPolicyAttributeException", "The policies are not a valid JSON array.");
  }
  if (Array.isArray(value)) return value;
  if (typeof value === "object" && value !== null && Object.keys(value).length === 0) return [];
  throw new AwsError("InvalidPolicyAttributeException", "The policies are not a valid JSON array.");
}

function check(policy: any, now: Instant): Parsed {
  const required = ATTRIBUTES[policy?.Type];
  if (!required || policy.Version !== "1.0")
    throw new AwsError("InvalidPolicyTypeException", `The policy type ${policy?.Type} with version ${policy?.Version} is not supported.`);
  const attributes: Attributes = policy.Attributes ?? {};
  const missing = required.find((name) => !attributes[name]);
  if (missing) throw new AwsError("InvalidPolicyAttributeException", `The policy ${policy.Type} lacks the attribute ${missing}.`);
  const parsed = { type: policy.Type, attributes, text: JSON.stringify(policy) };
  if (!timing(parsed)) throw new AwsError("InvalidPolicyAttributeException", `The attributes of the policy ${policy.Type} are not valid.`);
  if (policy.Type === "Expiration" && instant(attributes.Timestamp!) <= now)
    throw new AwsError("InvalidPolicyAttributeException", "The expiration time must be in the future.");
  return parsed;
}

function timing({ type, attributes }: Parsed): boolean {
  if (type === "Expiration") return !Number.isNaN(instant(attributes.Timestamp!));
  return /^\d+$/.test(attributes.Before ?? attributes.After ?? "") && /^(days|hours)$/i.test(attributes.Unit!);
}

/** Sets the clock for a parameter's policies, after those of the version before were taken off. */
export function schedulePolicies(call: Here, name: string, parameter: Parameter, policies: readonly Policy[]): void {
  for (const timer of parameter.timers) call.cancel(timer);
  const parsed = policies.map((policy) => ({ policy, attributes: JSON.parse(policy.PolicyText).Attributes as Attributes }));
  const expiry = parsed.find(({ policy }) => policy.PolicyType === "Expiration")?.attributes.Timestamp;
  parameter.timers = parsed.flatMap(({ policy, attributes }) => {
    if (policy.PolicyStatus === "Finished") return [];
    if (policy.PolicyType === "Expiration") return [call.background(since(call.now, instant(attributes.Timestamp!)), "expire", { name })];
    const length = span(attributes.Before ?? attributes.After!, attributes.Unit!);
    const delay = policy.PolicyType === "NoChangeNotification" ? length : ((instant(expiry!) - call.now - length) as Duration);
    return delay < 0 ? [] : [call.background(delay, "notify", { name, policy: policy.PolicyText })];
  });
}

const span = (count: string, unit: string): Duration => (/^days$/i.test(unit) ? days(Number(count)) : hours(Number(count)));
