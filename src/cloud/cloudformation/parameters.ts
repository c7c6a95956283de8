/** Template parameters: values, defaults, constraints. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html */
import type * as sdk from "@aws-sdk/client-cloudformation";
import type { Call } from "../service.ts";
import { invalid, malformed, type ParameterDefinition, type Template } from "./template.ts";

export type ResolvedParameter = {
  key: string;
  /** As it was given, or the default. */
  value: string;
  /** What an AWS::SSM::Parameter::Value<…> stands for. */
  resolved?: string;
  /** What `Ref` gives. */
  means: unknown;
  secret: boolean;
};

const STORED = /^AWS::SSM::Parameter::Value<(.+)>$/;
const LIST = /^(?:CommaDelimitedList|List<.+>)$/;

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-supplied-parameter-types.html */
const TYPE =
  /^(?:String|Number|List<Number>|CommaDelimitedList|AWS::SSM::Parameter::Name|(?:List<)?AWS::(?:EC2::(?:AvailabilityZone::Name|Image::Id|Instance::Id|KeyPair::KeyName|SecurityGroup::GroupName|SecurityGroup::Id|Subnet::Id|Volume::Id|VPC::Id)|Route53::HostedZone::Id)>?|AWS::SSM::Parameter::Value<.+>)$/;

const secret = ({ NoEcho }: ParameterDefinition) => NoEcho === true || NoEcho === "true";

/** The values of all parameters, from what is given, the stack as it is, and the defaults. */
export function resolveParameters(
  call: Call,
  { Parameters }: Template,
  given: readonly sdk.Parameter[],
  previous: readonly ResolvedParameter[] = [],
): ResolvedParameter[] {
  checkDefinitions(Parameters);
  const strangers = given.filter(({ ParameterKey }) => Parameters[ParameterKey!] === undefined).map(({ ParameterKey }) => ParameterKey);
  if (strangers.length > 0) throw invalid(`Parameters: [${strangers.join(", ")}] do not exist in the template`);
  const values = new Map<string, string>();
  const lacking: string[] = [];
  for (const [key, definition] of Object.entries(Parameters)) {
    const own = given.find(({ ParameterKey }) => ParameterKey === key);
    const before = previous.find((parameter) => parameter.key === key)?.value;
    if (own?.UsePreviousValue && own.ParameterValue !== undefined)
      throw invalid(`Invalid input for parameter key ${key}. Cannot specify usePreviousValue as true and non empty value for a parameter`);
    const value = own?.UsePreviousValue
      ? before
      : (own?.ParameterValue ?? (definition.Default === undefined ? undefined : String(definition.Default)));
    if (own?.UsePreviousValue && before === undefined)
      throw invalid(`Invalid input for parameter key ${key}. Previous value does not exist; cannot use usePreviousValue`);
    if (value === undefined) lacking.push(key);
    else values.set(key, value);
  }
  if (lacking.length > 0) throw invalid(`Parameters: [${lacking.join(", ")}] must have values`);
  const stored = lookUp(call, Parameters, values);
  return [...values].map(([key, value]) => resolve(call, key, Parameters[key]!, value, stored));
}

function checkDefinitions(definitions: Template["Parameters"]): void {
  for (const [key, { Type, Default, AllowedValues, AllowedPattern }] of Object.entries(definitions)) {
    if (!TYPE.test(Type)) throw malformed(`Unrecognized parameter type: ${Type}`);
    if (typeof Default === "object") throw malformed("Every Default member must be a string.");
    if (AllowedValues !== undefined && !Array.isArray(AllowedValues))
      throw malformed(`Every AllowedValues member of parameter ${key} must be a list.`);
    if (AllowedPattern !== undefined && !compile(AllowedPattern))
      throw malformed(`AllowedPattern of parameter ${key} is not a valid regular expression.`);
  }
}

/** The values in Parameter Store, by name, read in one go. */
function lookUp(
  call: Call,
  definitions: Template["Parameters"],
  values: ReadonlyMap<string, string>,
): Map<string, { Value?: string; Type?: string }> {
  const names = [...values]
    .filter(([key]) => STORED.test(definitions[key]!.Type) || definitions[key]!.Type === "AWS::SSM::Parameter::Name")
    .map(([, value]) => value);
  const found = new Map<string, { Value?: string; Type?: string }>();
  const ssm =
    names.length > 0
      ? (call.ask("ssm") as unknown as {
          GetParameters(input: { Names: string[] }): { Parameters?: { Name?: string; Value?: string; Type?: string; Selector?: string }[] };
        })
      : undefined;
  for (let start = 0; start < names.length; start += 10) {
    for (const parameter of ssm!.GetParameters({ Names: [...new Set(names.slice(start, start + 10))] }).Parameters ?? [])
      found.set(`${parameter.Name}${parameter.Selector ?? ""}`, parameter);
  }
  const lacking = names.filter((name) => !found.has(name));
  if (lacking.length > 0) throw invalid(`Unable to fetch parameters [${lacking.join(",")}] from parameter store for this account.`);
  for (const name of names) {
    // docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-supplied-parameter-types.html#ssm-parameter-types-unsupported
    if (found.get(name)?.Type === "SecureString")
      throw invalid(`Parameters [${name}] referenced by template have types not supported by CloudFormation.`);
  }
  return found;
}

function resolve(
  call: Call,
  key: string,
  definition: ParameterDefinition,
  value: string,
  stored: ReadonlyMap<string, { Value?: string }>,
): ResolvedParameter {
  const inner = STORED.exec(definition.Type)?.[1];
  checkValue(key, definition, value);
  if (inner === undefined) {
    const means = meaning(key, definition.Type, value);
    checkExists(call, definition.Type, means);
    return { key, value, means, secret: secret(definition) };
  }
  const resolved = stored.get(value)!.Value!;
  const means = meaning(key, inner, resolved);
  checkExists(call, inner, means);
  return { key, value, resolved, means, secret: secret(definition) };
}

function meaning(key: string, type: string, value: string): unknown {
  if (!LIST.test(type)) return value;
  const items = value === "" ? [] : value.split(",").map((item) => item.trim());
  if (type === "List<Number>" && items.some((item) => Number.isNaN(Number(item))))
    throw invalid(`Parameter '${key}' must be a list of numbers.`);
  return items;
}

function checkValue(key: string, definition: ParameterDefinition, value: string): void {
  const { Type, AllowedValues, AllowedPattern, MinLength, MaxLength, MinValue, MaxValue, ConstraintDescription } = definition;
  const refuse = (must: string) =>
    invalid(
      ConstraintDescription
        ? `Parameter '${key}' failed to satisfy constraint: ${ConstraintDescription}`
        : `Parameter '${key}' must ${must}`,
    );
  const items = LIST.test(Type) ? value.split(",").map((item) => item.trim()) : [value];
  if (AllowedValues && !items.every((item) => AllowedValues.map(String).includes(item))) {
    throw invalid(
      ConstraintDescription
        ? `Parameter '${key}' failed to satisfy constraint: ${ConstraintDescription}`
        : `Parameter '${key}' must be one of AllowedValues`,
    );
  }
  if (AllowedPattern !== undefined && !items.every((item) => compile(AllowedPattern)!.test(item)))
    throw refuse(`match pattern ${AllowedPattern}`);
  if (MinLength !== undefined && value.length < Number(MinLength)) throw refuse(`contain at least ${MinLength} characters`);
  if (MaxLength !== undefined && value.length > Number(MaxLength)) throw refuse(`contain at most ${MaxLength} characters`);
  if (Type !== "Number") return;
  if (value.trim() === "" || Number.isNaN(Number(value))) throw invalid(`Parameter '${key}' must be a number.`);
  if (MinValue !== undefined && Number(value) < Number(MinValue)) throw refuse(`be a number not less than ${MinValue}`);
  if (MaxValue !== undefined && Number(value) > Number(MaxValue)) throw refuse(`be a number not greater than ${MaxValue}`);
}

/** The whole value must match; Java's `\p{…}` and possessive forms that JavaScript lacks are answered as invalid. */
function compile(pattern: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${pattern})$`);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Values of AWS-specific types exist in the account and region: for those of EC2's that one question tells. */
const questions: Record<string, { ask: string; input: string; code: string }> = {
  "AWS::EC2::VPC::Id": { ask: "DescribeVpcs", input: "VpcIds", code: "vpc" },
  "AWS::EC2::Subnet::Id": { ask: "DescribeSubnets", input: "SubnetIds", code: "subnet" },
  "AWS::EC2::SecurityGroup::Id": { ask: "DescribeSecurityGroups", input: "GroupIds", code: "security group" },
  "AWS::EC2::KeyPair::KeyName": { ask: "DescribeKeyPairs", input: "KeyNames", code: "key pair" },
};

function checkExists(call: Call, type: string, means: unknown): void {
  const { ask, input } = questions[type.replace(/^List<(.+)>$/, "$1")] ?? {};
  if (!ask || !input || means === "" || (Array.isArray(means) && means.length === 0)) return;
  const ec2 = call.ask("ec2") as unknown as Record<string, (input: unknown) => unknown>;
  ec2[ask]!({ [input]: [means].flat() });
}

/** As answers show them. */
export function shownParameters(parameters: readonly ResolvedParameter[]): sdk.Parameter[] {
  return parameters.map(({ key, value, resolved, secret }) => ({
    ParameterKey: key,
    ParameterValue: secret ? "****" : value,
    ResolvedValue: secret ? undefined : resolved,
  }));
}
