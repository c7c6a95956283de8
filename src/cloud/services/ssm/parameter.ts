/** What Parameter Store keeps of a parameter, and how one is found by name, ARN, version or label. */
import type * as sdk from "@aws-sdk/client-ssm";
import { AwsError, type Call, type Known } from "../../service.ts";
import { publicParameter } from "./public-parameters.ts";

type Always = "Name" | "Type" | "Value" | "Version" | "LastModifiedDate" | "LastModifiedUser" | "Tier" | "DataType" | "Labels" | "Policies";
/** One version. The value of a SecureString is its ciphertext in base64: the plain text is stored nowhere. */
export type Version = Known<sdk.ParameterHistory, Always>;
export type Parameter = { versions: Version[]; tags: Record<string, string>; timers: number[] };

export const parameterState = () => ({
  parameters: new Map<string, Parameter>(),
  /** Service settings that differ from AWS's default, by their id. */
  settings: new Map<string, { value: string; at: Date; by: string }>(),
});
export type ParameterState = ReturnType<typeof parameterState>;
export type ParameterTimers = { expire: { name: string }; notify: { name: string; policy: string } };
export type Here = Call<ParameterState, ParameterTimers>;

export const arnOf = (call: Here, name: string): string => call.arn("ssm", `parameter${name.startsWith("/") ? "" : "/"}${name}`);

export const latest = (parameter: Parameter): Version => parameter.versions[parameter.versions.length - 1]!;

export function find(call: Here, name: string): Parameter {
  const parameter = call.state.parameters.get(nameOf(call, name));
  if (!parameter) throw notFound(name);
  return parameter;
}

/** AWS sends this error without a message; ours names the parameter. */
export const notFound = (name: string): AwsError => new AwsError("ParameterNotFound", `Parameter ${name} not found.`);

/** The name in an ARN, which does not tell `x` from `/x`; a name stays as it is. */
export function nameOf(call: Here, nameOrArn: string): string {
  if (!nameOrArn.startsWith("arn:")) return nameOrArn.trim();
  const name = nameOrArn.slice(nameOrArn.indexOf(":parameter/") + ":parameter".length);
  return call.state.parameters.has(name) || publicParameter(call.region, name) ? name : name.slice(1);
}

/** `/a/b:3` is version 3 and `/a/b:prod` the version with that label: docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html */
export function select(call: Here, asked: string): { version: Version; selector?: string; arn: string } {
  const { bare, selector } = parse(asked);
  const name = nameOf(call, bare);
  const known = publicParameter(call.region, name);
  if (known) return { version: known, arn: `arn:aws:ssm:${call.region}::parameter${name}`, selector: selector && `:${selector}` };
  const parameter = find(call, name);
  const arn = arnOf(call, name);
  if (selector === undefined) return { version: latest(parameter), arn };
  const numbered = /^\d+$/.test(selector);
  const version = parameter.versions.find(({ Version: number, Labels }) =>
    numbered ? number === Number(selector) : Labels.includes(selector),
  );
  if (version) return { version, arn, selector: `:${selector}` };
  const what = numbered ? "version" : "label";
  throw new AwsError(
    "ParameterVersionNotFound",
    `Systems Manager could not find ${what} ${selector} of ${name}. Verify the ${what} and try again.`,
  );
}

function parse(asked: string): { bare: string; selector?: string } {
  const from = asked.startsWith("arn:") ? asked.indexOf(":parameter/") + 1 : 0;
  const colon = asked.indexOf(":", from);
  return colon < 0 ? { bare: asked } : { bare: asked.slice(0, colon), selector: asked.slice(colon + 1) };
}

export const invalid = (message: string): AwsError => new AwsError("ValidationException", message);

/** One page of what is asked for; the token names the item that the next page begins with. */
export function page<Item>(
  items: readonly Item[],
  size: number,
  token: string | undefined,
  key: (item: Item) => string,
): { items: Item[]; NextToken?: string } {
  const from = token ? items.findIndex((item) => key(item) === Buffer.from(token, "base64url").toString()) : 0;
  if (from < 0) throw new AwsError("InvalidNextToken", "The specified token is not valid.");
  const next = items[from + size];
  return { items: items.slice(from, from + size), NextToken: next && Buffer.from(key(next)).toString("base64url") };
}

export function checkPageSize(size: number, most: number): void {
  if (size >= 1 && size <= most) return;
  const bound = size < 1 ? "greater than or equal to 1" : `less than or equal to ${most}`;
  throw invalid(
    `1 validation error detected: Value '${size}' at 'maxResults' failed to satisfy constraint: Member must have value ${bound}`,
  );
}
