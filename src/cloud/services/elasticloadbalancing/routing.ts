/** What a load balancer does with a request: pure. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html */
import type * as sdk from "@aws-sdk/client-elastic-load-balancing-v2";

/** What conditions look at. Names of headers in lower case. */
export type Asked = {
  host: string;
  /** Without the query. */
  path: string;
  method: string;
  headers?: Readonly<Record<string, string>>;
  query?: readonly (readonly [string, string])[];
  source?: string;
};

/** A listener's rules in the order of their priority, and its default. */
type Book<Rule> = { rules: Iterable<Rule>; DefaultActions: readonly sdk.Action[] };
type Conditional = { Conditions: readonly sdk.RuleCondition[]; Actions: readonly sdk.Action[] };

/** The first rule that holds, else the default; and the action that answers: the last one, for what stands before it only lets in or keeps out. */
export function route<Rule extends Conditional>({ rules, DefaultActions }: Book<Rule>, asked: Asked): { rule?: Rule; action?: sdk.Action } {
  for (const rule of rules) if (holds(rule.Conditions, asked)) return { rule, action: rule.Actions.at(-1) };
  return { action: DefaultActions.at(-1) };
}

/** The values that a condition allows: any one will do. */
export const valuesOf = (condition: sdk.RuleCondition): readonly (string | sdk.QueryStringKeyValuePair)[] => {
  switch (condition.Field) {
    case "host-header":
      return condition.HostHeaderConfig?.Values ?? condition.Values ?? [];
    case "path-pattern":
      return condition.PathPatternConfig?.Values ?? condition.Values ?? [];
    case "http-header":
      return condition.HttpHeaderConfig?.Values ?? [];
    case "http-request-method":
      return condition.HttpRequestMethodConfig?.Values ?? [];
    case "query-string":
      return condition.QueryStringConfig?.Values ?? [];
    case "source-ip":
      return condition.SourceIpConfig?.Values ?? [];
    default:
      return [];
  }
};

/** All conditions hold, each by one of its values. */
export const holds = (conditions: readonly sdk.RuleCondition[], asked: Asked): boolean =>
  conditions.every((condition) => valuesOf(condition).some((value) => matches(condition, value, asked)));

function matches({ Field, HttpHeaderConfig }: sdk.RuleCondition, value: string | sdk.QueryStringKeyValuePair, asked: Asked): boolean {
  if (typeof value !== "string") {
    const { Key, Value = "" } = value;
    return (asked.query ?? []).some(([key, each]) => (Key === undefined || like(Key, key)) && like(Value, each));
  }
  switch (Field) {
    case "host-header":
      return like(value, asked.host.replace(/:\d+$/, ""));
    case "path-pattern":
      return wild(value, asked.path); // the only one that tells capitals from small letters, with the method
    case "http-request-method":
      return value === asked.method;
    case "http-header": {
      const header = asked.headers?.[HttpHeaderConfig?.HttpHeaderName?.toLowerCase() ?? ""];
      return header !== undefined && like(value, header);
    }
    default:
      return asked.source !== undefined && inRange(asked.source, value);
  }
}

const like = (pattern: string, text: string): boolean => wild(pattern.toLowerCase(), text.toLowerCase());

/** `*` for any characters, also none, `?` for exactly one. Takes time in proportion to both lengths at worst, whatever a pattern says. */
export function wild(pattern: string, text: string): boolean {
  let [at, star, after] = [0, -1, 0];
  for (let place = 0; place < text.length;) {
    if (pattern[at] === "*") {
      star = at++;
      after = place;
    } else if (pattern[at] === "?" || pattern[at] === text[place]) {
      at++;
      place++;
    } else if (star >= 0) {
      at = star + 1;
      place = ++after;
    } else return false;
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}

const number = (address: string): number => address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);

function inRange(address: string, cidr: string): boolean {
  const [network = "", length = "32"] = cidr.split("/");
  const size = 2 ** (32 - Number(length));
  return Math.floor(number(address) / size) === Math.floor(number(network) / size);
}

/** Where a redirect leads. Absent parts stay as the request has them: API_RedirectActionConfig.html */
export function redirectOf(
  config: sdk.RedirectActionConfig,
  asked: Asked,
  listener: { Protocol: string; Port: number },
): { status: number; location: string } {
  const query = (asked.query ?? []).map(([key, value]) => `${key}=${value}`).join("&");
  const parts: Record<string, string> = {
    protocol: listener.Protocol.toLowerCase(),
    host: asked.host.replace(/:\d+$/, ""),
    port: String(listener.Port),
    path: asked.path.replace(/^\//, ""),
    query,
  };
  const filled = (text: string) => text.replace(/#\{(protocol|host|port|path|query)\}/g, (_all, name: string) => parts[name] ?? "");
  const { Protocol = "#{protocol}", Host = "#{host}", Port = "#{port}", Path = "/#{path}", Query = "#{query}", StatusCode } = config;
  const protocol = filled(Protocol).toLowerCase();
  const port = filled(Port);
  const usual = port === (protocol === "https" ? "443" : "80");
  const asks = filled(Query);
  const location = `${protocol}://${filled(Host)}${usual ? "" : `:${port}`}${filled(Path)}${asks === "" ? "" : `?${asks}`}`;
  return { status: StatusCode === "HTTP_302" ? 302 : 301, location };
}

/** The share of a forward action's requests that each of its target groups gets. With all weights 0, nobody gets any. */
export function weighted({ ForwardConfig, TargetGroupArn }: sdk.Action): { group: string; share: number }[] {
  const groups = ForwardConfig?.TargetGroups ?? [{ TargetGroupArn, Weight: 1 }];
  const total = groups.reduce((sum, { Weight = 1 }) => sum + Weight, 0);
  return groups.flatMap(({ TargetGroupArn: group = "", Weight = 1 }) => (Weight > 0 ? [{ group, share: Weight / total }] : []));
}
