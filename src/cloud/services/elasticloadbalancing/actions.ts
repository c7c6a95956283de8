/** Actions and conditions of listeners and rules, as AWS accepts and shows them. API_Action.html, API_RuleCondition.html */
import type * as sdk from "@aws-sdk/client-elastic-load-balancing-v2";
import { AwsError } from "../../service.ts";
import { valuesOf } from "./routing.ts";
import { groupOf, groupsIn, invalid, notImplemented, refuse, type Here, type LoadBalancer, type TargetGroup } from "./state.ts";

// docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
const GROUPS_PER_ACTION = 5;
const GROUPS_PER_BALANCER = 100;
const VALUES_PER_RULE = 5;
const WILDCARDS_PER_RULE = 6;

const fields = ["http-header", "http-request-method", "host-header", "path-pattern", "query-string", "source-ip"];

export function checkConditions(conditions: readonly sdk.RuleCondition[]): void {
  if (conditions.length === 0) throw invalid("A condition must be specified");
  for (const condition of conditions) checkCondition(condition);
  // Host, path, method and address once each; headers and queries as often as one likes: rule-condition-types.html
  const once = conditions.map(({ Field = "" }) => Field).filter((field) => field !== "http-header" && field !== "query-string");
  if (new Set(once).size < once.length)
    throw invalid("A rule can have only one condition of each of these types: " + [...new Set(once)].join(", "));
  const values = conditions.flatMap(valuesOf);
  if (values.length > VALUES_PER_RULE) throw invalid(`Rules cannot have more than ${VALUES_PER_RULE} condition values`);
  const wildcards = values.reduce((sum, value) => sum + (JSON.stringify(value).match(/[*?]/g)?.length ?? 0), 0);
  if (wildcards > WILDCARDS_PER_RULE) throw invalid(`Rules cannot have more than ${WILDCARDS_PER_RULE} wildcards`);
}

function checkCondition(condition: sdk.RuleCondition): void {
  const { Field = "", HttpHeaderConfig, RegexValues } = condition;
  if (!fields.includes(Field)) throw invalid(`Condition field '${Field}' must be one of '[${fields.join(", ")}]'`);
  refuse("rule conditions", {
    RegexValues:
      RegexValues ?? condition.HostHeaderConfig?.RegexValues ?? condition.PathPatternConfig?.RegexValues ?? HttpHeaderConfig?.RegexValues,
  });
  const values = valuesOf(condition);
  if (values.length === 0) throw invalid("A condition value must be specified");
  if (Field === "http-header" && !HttpHeaderConfig?.HttpHeaderName) throw invalid("An HTTP header name must be specified");
  for (const value of values) {
    if (typeof value !== "string") continue;
    if (value.length > 128) throw invalid(`Condition value '${value}' must not be longer than 128 characters`);
    if (Field === "http-request-method" && !/^[A-Z_-]{1,40}$/.test(value)) throw invalid(`HTTP request method '${value}' is not valid`);
    if (Field === "source-ip" && value.includes(":")) throw notImplemented("source-ip conditions with IPv6 ranges");
    if (Field === "source-ip" && !/^\d{1,3}(\.\d{1,3}){3}\/(\d|[12]\d|3[0-2])$/.test(value))
      throw invalid(`CIDR block '${value}' is not valid`);
  }
}

/** Also that its target groups are there, fit the load balancer, and have no other one. */
export function checkActions(call: Here, balancer: LoadBalancer, actions: readonly sdk.Action[]): void {
  if (actions.length === 0) throw invalid("An action must be specified");
  for (const action of actions) checkAction(balancer, action);
  // Those that could stand before it are refused, so there is one: API_CreateRule.html
  if (actions.length > 1) throw new AwsError("TooManyActions", "You can specify only one forward, redirect or fixed-response action");
  const groups = groupsIn(actions).map((arn) => groupOf(call, arn));
  for (const group of groups) checkGroup(balancer, group);
  if (new Set([...balancer.groups, ...groups.map(({ TargetGroupArn }) => TargetGroupArn)]).size > GROUPS_PER_BALANCER)
    throw new AwsError(
      "TooManyUniqueTargetGroupsPerLoadBalancer",
      `You have reached the maximum number of unique target groups that you can associate with a load balancer of type '${balancer.Type}': [${GROUPS_PER_BALANCER}]`,
    );
}

function checkAction(
  balancer: LoadBalancer,
  { Type, TargetGroupArn, ForwardConfig, RedirectConfig, FixedResponseConfig }: sdk.Action,
): void {
  if (Type !== "forward" && Type !== "redirect" && Type !== "fixed-response") throw notImplemented(`actions of type ${Type}`);
  if (balancer.Type === "network" && Type !== "forward")
    throw new AwsError("InvalidLoadBalancerAction", `Action type '${Type}' is not supported with load balancers of type 'network'`);
  if (Type === "forward") checkForward(TargetGroupArn, ForwardConfig);
  if (Type === "redirect") checkRedirect(RedirectConfig);
  if (Type === "fixed-response" && !/^[245]\d\d$/.test(FixedResponseConfig?.StatusCode ?? ""))
    throw invalid("A fixed response must have a status code that matches '^(2|4|5)\\d\\d$'");
}

function checkForward(arn: string | undefined, config: sdk.ForwardActionConfig | undefined): void {
  const groups = config?.TargetGroups ?? [];
  if (!arn && groups.length === 0) throw invalid("A target group ARN must be specified");
  if (groups.length > GROUPS_PER_ACTION) throw invalid(`A forward action cannot have more than ${GROUPS_PER_ACTION} target groups`);
  if (arn && groups.length > 0 && !(groups.length === 1 && groups[0]?.TargetGroupArn === arn))
    throw invalid("You can specify a target group ARN and a forward configuration only if both name the same, single target group");
  if (groups.some(({ Weight = 1 }) => !Number.isInteger(Weight) || Weight < 0 || Weight > 999))
    throw invalid("The weight of a target group must be between 0 and 999");
  const { Enabled, DurationSeconds } = config?.TargetGroupStickinessConfig ?? {};
  if (Enabled && (DurationSeconds === undefined || DurationSeconds < 1 || DurationSeconds > 604_800))
    throw invalid("Target group stickiness duration must be between 1 and 604800 seconds");
}

function checkRedirect(config: sdk.RedirectActionConfig | undefined): void {
  if (!config?.StatusCode) throw invalid("A redirect must have a status code: HTTP_301 or HTTP_302");
  const { Protocol = "#{protocol}", Host = "#{host}", Port = "#{port}", Path = "/#{path}" } = config;
  if (!/^(HTTPS?|#\{protocol\})$/.test(Protocol)) throw invalid(`Redirect protocol '${Protocol}' must match '^(HTTPS?|#{protocol})$'`);
  if (Port !== "#{port}" && !(Number(Port) >= 1 && Number(Port) <= 65_535))
    throw invalid(`Redirect port '${Port}' must be between 1 and 65535 or #{port}`);
  // Else it would lead to itself for ever: API_RedirectActionConfig.html
  if (Protocol === "#{protocol}" && Host === "#{host}" && Port === "#{port}" && Path === "/#{path}")
    throw invalid("You must modify at least one of the following components to avoid a redirect loop: protocol, hostname, port, or path");
}

/** ALB: HTTP(S) groups; NLB: the others. And none that another load balancer has. */
function checkGroup({ Type, LoadBalancerArn }: LoadBalancer, { Protocol, TargetGroupArn, LoadBalancerArns }: TargetGroup): void {
  if (Protocol.startsWith("HTTP") !== (Type === "application"))
    throw new AwsError(
      "IncompatibleProtocols",
      `The protocol '${Protocol}' of target group '${TargetGroupArn}' does not fit a load balancer of type '${Type}'`,
    );
  if (LoadBalancerArns.some((arn) => arn !== LoadBalancerArn))
    throw new AwsError(
      "TargetGroupAssociationLimit",
      `The following target groups cannot be associated with more than one load balancer: ${TargetGroupArn}`,
    );
}

/** As AWS shows them: the group also in the forward's configuration, and alone where there is one. */
export const ordered = (actions: readonly sdk.Action[]): sdk.Action[] =>
  actions.map((action) => {
    if (action.Type === "redirect") return { ...action, RedirectConfig: filled(action.RedirectConfig) };
    if (action.Type !== "forward") return action;
    const groups = action.ForwardConfig?.TargetGroups?.length
      ? action.ForwardConfig.TargetGroups
      : [{ TargetGroupArn: action.TargetGroupArn }];
    return {
      ...action,
      TargetGroupArn: groups.length === 1 ? groups[0]?.TargetGroupArn : undefined,
      ForwardConfig: {
        TargetGroups: groups.map(({ TargetGroupArn, Weight = 1 }) => ({ TargetGroupArn, Weight })),
        TargetGroupStickinessConfig: action.ForwardConfig?.TargetGroupStickinessConfig ?? { Enabled: false },
      },
    };
  });

const filled = (config: sdk.RedirectActionConfig | undefined): sdk.RedirectActionConfig => ({
  StatusCode: "HTTP_301",
  Protocol: "#{protocol}",
  Port: "#{port}",
  Host: "#{host}",
  Path: "/#{path}",
  Query: "#{query}",
  ...Object.fromEntries(Object.entries(config ?? {}).filter(([, value]) => value !== undefined)),
});
