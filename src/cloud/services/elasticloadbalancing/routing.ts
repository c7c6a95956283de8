/** Which action a request gets. Pure. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html */
import type * as sdk from "@aws-sdk/client-elastic-load-balancing-v2";
import { AwsError } from "../../service.ts";

/** What conditions look at. Names of headers in lower case. */
export type Asked = {
  host: string;
  path: string;
  method: string;
  headers?: Record<string, string>;
  query?: [string, string][];
  source?: string;
};

const fields = ["host-header", "path-pattern", "http-header", "http-request-method", "query-string", "source-ip"];

export function checkCondition({ Field = "", ...condition }: sdk.RuleCondition): void {
  if (!fields.includes(Field)) throw new AwsError("ValidationError", `Condition field '${Field}' must be one of '[${fields.join(", ")}]'`);
  if (valuesOf({ Field, ...condition }).length === 0) throw new AwsError("ValidationError", "A condition value must be specified");
}

const valuesOf = ({
  Field,
  Values = [],
  HostHeaderConfig,
  PathPatternConfig,
  HttpHeaderConfig,
  HttpRequestMethodConfig,
  QueryStringConfig,
  SourceIpConfig,
}: sdk.RuleCondition): unknown[] =>
  ({
    "host-header": HostHeaderConfig?.Values ?? Values,
    "path-pattern": PathPatternConfig?.Values ?? Values,
    "http-header": HttpHeaderConfig?.Values ?? [],
    "http-request-method": HttpRequestMethodConfig?.Values ?? [],
    "query-string": QueryStringConfig?.Values ?? [],
    "source-ip": SourceIpConfig?.Values ?? [],
  })[Field ?? ""] ?? [];

/** All conditions hold, each by one of its values. */
export const holds = (conditions: readonly sdk.RuleCondition[], asked: Asked): boolean =>
  conditions.every((condition) => valuesOf(condition).some((value) => matches(condition, value, asked)));

function matches({ Field, HttpHeaderConfig }: sdk.RuleCondition, value: unknown, asked: Asked): boolean {
  if (Field === "host-header") return wild(String(value).toLowerCase(), asked.host.toLowerCase());
  if (Field === "path-pattern") return wild(String(value), asked.path.split("?")[0]!);
  if (Field === "http-request-method") return value === asked.method;
  if (Field === "http-header")
    return wild(
      String(value).toLowerCase(),
      (asked.headers?.[HttpHeaderConfig?.HttpHeaderName?.toLowerCase() ?? ""] ?? "\0").toLowerCase(),
    );
  if (Field === "source-ip") return asked.source !== undefined && inRange(asked.source, String(value));
  const { Key, Value = "" } = value as sdk.QueryStringKeyValuePair;
  return (asked.query ?? []).some(
    ([key, each]) => (Key === undefined || wild(Key.toLowerCase(), key.toLowerCase())) && wild(Value.toLowerCase(), each.toLowerCase()),
  );
}

/** `*` for any characters, `?` for one. */
function wild(pattern: string, text: string): boolean {
  // Most have neither, and a million requests are asked about.
  if (!/[*?]/.test(pattern)) return pattern === text;
  const literal = pattern.replace(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${literal.replaceAll("*", ".*").replaceAll("?", ".")}$`, "s").test(text);
}

const number = (address: string): number => address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);

function inRange(address: string, cidr: string): boolean {
  const [network = "", length = "32"] = cidr.split("/");
  const size = 2 ** (32 - Number(length));
  return Math.floor(number(address) / size) === Math.floor(number(network) / size);
}
