/** Rules of listeners. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html */
import type * as sdk from "@aws-sdk/client-elastic-load-balancing-v2";
import { AwsError, type Operations } from "../../service.ts";
import { checkActions, checkConditions, ordered } from "./actions.ts";
import { lead } from "./leading.ts";
import {
  balancerOf,
  digits,
  invalid,
  listenerOf,
  page,
  refuse,
  ruleOf,
  tagMap,
  type Here,
  type Listener,
  type Rule,
  type State,
  type Timers,
} from "./state.ts";
import { checkTags } from "./tags.ts";
import { reroute } from "./traffic.ts";

// "Rules (not counting default rules) per Application Load Balancer": load-balancer-limits.html
const RULES_MAX = 100;
const PRIORITY_MAX = 50_000;

export const ruleOperations = {
  CreateRule(call, { ListenerArn, Priority, Conditions, Actions, Tags, Transforms }) {
    const listener = listenerOf(call, ListenerArn);
    const balancer = balancerOf(call, listener.LoadBalancerArn);
    refuse("rules", { Transforms: Transforms?.length ? Transforms : undefined });
    if (balancer.Type !== "application")
      throw new AwsError("UnsupportedProtocol", `Listeners of protocol '${listener.Protocol}' cannot have rules`);
    checkPriority(Priority);
    if (listener.rules.some((arn) => ruleOf(call, arn).priority === Priority))
      throw new AwsError("PriorityInUse", `Priority '${Priority}' is currently in use`);
    const rules = [...balancer.listeners].reduce((sum, arn) => sum + listenerOf(call, arn).rules.length, 0);
    if (rules >= RULES_MAX)
      throw new AwsError("TooManyRules", `The maximum number of rules has been reached on load balancer '${balancer.LoadBalancerArn}'`);
    checkConditions(Conditions);
    checkActions(call, balancer, Actions);
    checkTags(Tags);
    const RuleArn = `${ListenerArn.replace(":listener/", ":listener-rule/")}/${digits(call)}`;
    const rule: Rule = {
      RuleArn,
      Conditions: Conditions.map(filled),
      Actions: ordered(Actions),
      listener: ListenerArn,
      priority: Priority,
      tags: tagMap(Tags),
    };
    call.state.rules.set(RuleArn, rule);
    listener.rules.push(RuleArn);
    arrange(call, listener);
    lead(call, balancer, RuleArn, { now: rule.Actions });
    return { Rules: [shown(rule)] };
  },

  ModifyRule(call, { RuleArn, Conditions, Actions, Transforms, ResetTransforms }) {
    const rule = ruleOf(call, RuleArn);
    const balancer = balancerOf(call, listenerOf(call, rule.listener).LoadBalancerArn);
    refuse("rules", { Transforms: Transforms?.length ? Transforms : undefined, ResetTransforms: ResetTransforms || undefined });
    if (Conditions) checkConditions(Conditions);
    if (Actions) checkActions(call, balancer, Actions);
    const before = rule.Actions;
    if (Conditions) rule.Conditions = Conditions.map(filled);
    if (Actions) rule.Actions = ordered(Actions);
    lead(call, balancer, RuleArn, { before, now: rule.Actions });
    return { Rules: [shown(rule)] };
  },

  DeleteRule(call, { RuleArn }) {
    if (RuleArn.endsWith("/default")) throw new AwsError("OperationNotPermitted", `Default rule '${RuleArn}' cannot be deleted`);
    const rule = ruleOf(call, RuleArn);
    const listener = listenerOf(call, rule.listener);
    listener.rules = listener.rules.filter((arn) => arn !== RuleArn);
    call.state.rules.delete(RuleArn);
    lead(call, balancerOf(call, listener.LoadBalancerArn), RuleArn, { before: rule.Actions });
  },

  SetRulePriorities(call, { RulePriorities }) {
    const wanted = RulePriorities.map(({ RuleArn = "", Priority = 0 }) => ({ rule: ruleOf(call, RuleArn), priority: Priority }));
    const moved = new Map(wanted.map(({ rule, priority }) => [rule.RuleArn, priority]));
    for (const { rule, priority } of wanted) {
      checkPriority(priority);
      const taken = listenerOf(call, rule.listener).rules.filter((arn) => (moved.get(arn) ?? ruleOf(call, arn).priority) === priority);
      if (taken.length > 1) throw new AwsError("PriorityInUse", `Priority '${priority}' is currently in use`);
    }
    for (const { rule, priority } of wanted) rule.priority = priority;
    for (const arn of new Set(wanted.map(({ rule }) => rule.listener))) {
      arrange(call, listenerOf(call, arn));
      reroute(call, balancerOf(call, listenerOf(call, arn).LoadBalancerArn));
    }
    return { Rules: wanted.map(({ rule }) => shown(rule)) };
  },

  DescribeRules(call, { ListenerArn, RuleArns, PageSize, Marker }) {
    if (!RuleArns?.length && ListenerArn === undefined) throw invalid("You must specify either listener rule ARNs or a listener ARN");
    const all = RuleArns?.length ? RuleArns.map((arn) => found(call, arn)) : rulesShown(call, listenerOf(call, ListenerArn ?? ""));
    const { items, next } = page(all, PageSize, Marker);
    return { Rules: items, NextMarker: next };
  },
} satisfies Operations<sdk.ElasticLoadBalancingV2, State, Timers>;

/** A listener's default is a rule as well, the last one. */
const rulesShown = (call: Here, listener: Listener): sdk.Rule[] => [
  ...listener.rules.map((arn) => shown(ruleOf(call, arn))),
  { RuleArn: defaultOf(listener), Priority: "default", Conditions: [], Actions: listener.DefaultActions, IsDefault: true },
];

const defaultOf = ({ ListenerArn }: Listener): string => `${ListenerArn.replace(":listener/", ":listener-rule/")}/default`;

function found(call: Here, arn: string): sdk.Rule {
  for (const listener of arn.endsWith("/default") ? call.state.listeners.values() : [])
    if (defaultOf(listener) === arn) return rulesShown(call, listener).at(-1)!;
  return shown(ruleOf(call, arn));
}

function checkPriority(priority: number): void {
  if (!Number.isInteger(priority) || priority < 1 || priority > PRIORITY_MAX)
    throw invalid(`Priority '${priority}' must be between 1 and ${PRIORITY_MAX}`);
}

const arrange = (call: Here, listener: Listener): void =>
  void listener.rules.sort((one, other) => ruleOf(call, one).priority - ruleOf(call, other).priority);

/** AWS shows the values of the two oldest conditions in both forms. */
function filled(condition: sdk.RuleCondition): sdk.RuleCondition {
  const { Field, Values, HostHeaderConfig, PathPatternConfig } = condition;
  const values = HostHeaderConfig?.Values ?? PathPatternConfig?.Values ?? Values;
  if (Field === "host-header") return { Field, Values: values, HostHeaderConfig: { Values: values } };
  if (Field === "path-pattern") return { Field, Values: values, PathPatternConfig: { Values: values } };
  return condition;
}

export const shown = ({ listener: _listener, priority, tags: _tags, ...rule }: Rule): sdk.Rule => ({
  ...rule,
  Priority: String(priority),
  IsDefault: false,
});
