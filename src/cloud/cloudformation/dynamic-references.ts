/** `{{resolve:service:reference}}`: followed when a resource is made or changed, and never kept or shown. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html */
import type { Call } from "../service.ts";
import { invalid, isObject } from "./template.ts";

const REFERENCE = /\{\{resolve:(ssm|ssm-secure|secretsmanager):([^}]+)\}\}/g;

/** A copy of the value with every reference followed. The same value when it has none. */
export function follow(call: Call, value: unknown): unknown {
  if (typeof value === "string")
    return value.includes("{{resolve:")
      ? value.replace(REFERENCE, (_whole, service: string, rest: string) => lookUp(call, service, rest))
      : value;
  if (Array.isArray(value)) return value.map((item) => follow(call, item));
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, follow(call, item)]));
  return value;
}

function lookUp(call: Call, service: string, rest: string): string {
  if (service === "secretsmanager") return secret(call, rest);
  const [name, version] = rest.split(":");
  const ssm = call.ask("ssm") as unknown as {
    GetParameter(input: { Name: string; WithDecryption: boolean }): { Parameter?: { Value?: string; Type?: string } };
  };
  const found = ssm.GetParameter({
    Name: version === undefined ? name! : `${name}:${version}`,
    WithDecryption: service === "ssm-secure",
  }).Parameter;
  if (service === "ssm" && found?.Type === "SecureString") throw invalid(`Non-secure ssm prefix was used for secure parameter: [${rest}]`);
  if (service === "ssm-secure" && found?.Type !== "SecureString")
    throw invalid(`Secure ssm prefix was used for non-secure parameter: [${rest}]`);
  return found!.Value!;
}

/** `secret-id:SecretString:json-key:version-stage:version-id`; the id may be an ARN, which has colons itself. */
function secret(call: Call, rest: string): string {
  const parts = rest.split(":");
  const id = rest.startsWith("arn:") ? parts.splice(0, 7).join(":") : parts.shift()!;
  const [kind = "SecretString", key = "", stage = "", version = ""] = parts;
  if (kind !== "SecretString" && kind !== "")
    throw invalid(`Could not parse SecretString in dynamic reference {{resolve:secretsmanager:${rest}}}`);
  const secrets = call.ask("secretsmanager") as unknown as { GetSecretValue(input: object): { SecretString?: string } };
  const value =
    secrets.GetSecretValue({ SecretId: id, VersionStage: stage || undefined, VersionId: version || undefined }).SecretString ?? "";
  if (key === "") return value;
  const member = fields(value)?.[key];
  if (member === undefined) throw invalid(`Could not find a value associated with JSONKey in SecretString`);
  return typeof member === "string" ? member : JSON.stringify(member);
}

function fields(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) throw invalid("Could not parse SecretString JSON");
    throw error;
  }
}
