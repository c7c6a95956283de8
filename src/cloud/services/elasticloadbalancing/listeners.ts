/** Listeners and their rules. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-listeners.html */
import type * as sdk from "@aws-sdk/client-elastic-load-balancing-v2";
import { AwsError, type Operations } from "../../service.ts";
import { register } from "./health.ts";
import { checkCondition } from "./routing.ts";
import {
  balancerOf,
  groupOf,
  groupsIn,
  invalid,
  listenerOf,
  page,
  ruleOf,
  tagMap,
  type Here,
  type Listener,
  type Rule,
  type State,
  type Timers,
} from "./state.ts";
import { relate } from "./target-groups.ts";
import { flowSoon } from "./traffic.ts";

const LISTENERS_MAX = 50;
const RULES_MAX = 100;
const USUAL_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06";

export const listenerOperations = {
  CreateListener(call, { LoadBalancerArn, Port, Protocol, DefaultActions, Certificates = [], SslPolicy, AlpnPolicy, Tags }) {
    const balancer = balancerOf(call, LoadBalancerArn);
    if (Port === undefined || Protocol === undefined) throw invalid("A listener port and a protocol must be specified");
    const secure = Protocol === "HTTPS" || Protocol === "TLS";
    const allowed = balancer.Type === "application" ? ["HTTP", "HTTPS"] : ["TCP", "TLS", "UDP", "TCP_UDP"];
    if (!allowed.includes(Protocol))
      throw invalid(`Listener protocol '${Protocol}' is not supported with load balancers of type ${balancer.Type}`);
    if ([...balancer.listeners].some((arn) => call.state.listeners.get(arn)?.Port === Port))
      throw new AwsError("DuplicateListener", "A listener already exists on this port for this load balancer");
    if (balancer.listeners.size >= LISTENERS_MAX)
      throw new AwsError("TooManyListeners", "The maximum number of listeners has been reached.");
    if (secure && Certificates.length === 0)
      throw new AwsError("CertificateNotFound", `A certificate must be specified for ${Protocol} listeners`);
    for (const { CertificateArn = "" } of Certificates) checkCertificate(call, CertificateArn);
    checkActions(call, DefaultActions);
    const ListenerArn = `${balancer.LoadBalancerArn.replace(":loadbalancer/", ":listener/")}/${call.token(16).toLowerCase()}`;
    const listener: Listener = {
      ListenerArn,
      LoadBalancerArn,
      Port,
      Protocol,
      DefaultActions: ordered(DefaultActions),
      certificates: Certificates,
      SslPolicy: secure ? (SslPolicy ?? USUAL_POLICY) : undefined,
      AlpnPolicy,
      rules: [],
      attributes: {},
      tags: tagMap(Tags),
    };
    call.state.listeners.set(ListenerArn, listener);
    balancer.listeners.add(ListenerArn);
    changed(call, LoadBalancerArn);
    return { Listeners: [shown(listener)] };
  },

  ModifyListener(call, { ListenerArn, Port, Protocol, DefaultActions, Certificates, SslPolicy }) {
    const listener = listenerOf(call, ListenerArn);
    if (DefaultActions) checkActions(call, DefaultActions);
    for (const { CertificateArn = "" } of Certificates ?? []) checkCertificate(call, CertificateArn);
    if (Port !== undefined) listener.Port = Port;
    if (Protocol !== undefined) listener.Protocol = Protocol;
    if (DefaultActions) listener.DefaultActions = ordered(DefaultActions);
    if (Certificates) listener.certificates = Certificates;
    if (SslPolicy !== undefined) listener.SslPolicy = SslPolicy;
    changed(call, listener.LoadBalancerArn);
    return { Listeners: [shown(listener)] };
  },

  DeleteListener(call, { ListenerArn }) {
    listenerOf(call, ListenerArn);
    deleteListener(call, ListenerArn);
  },

  DescribeListeners(call, { LoadBalancerArn, ListenerArns, PageSize, Marker }) {
    for (const arn of ListenerArns ?? []) listenerOf(call, arn);
    if (LoadBalancerArn !== undefined) balancerOf(call, LoadBalancerArn);
    const kept = [...call.state.listeners.values()].filter(
      (each) =>
        (!LoadBalancerArn || each.LoadBalancerArn === LoadBalancerArn) &&
        (!ListenerArns?.length || ListenerArns.includes(each.ListenerArn)),
    );
    const { items, next } = page(kept, PageSize, Marker);
    return { Listeners: items.map(shown), NextMarker: next };
  },

  DescribeListenerAttributes(call, { ListenerArn }) {
    return { Attributes: Object.entries(listenerOf(call, ListenerArn).attributes).map(([Key, Value]) => ({ Key, Value })) };
  },

  DescribeListenerCertificates(call, { ListenerArn }) {
    return { Certificates: listenerOf(call, ListenerArn).certificates.map((each, at) => ({ ...each, IsDefault: at === 0 })) };
  },

  CreateRule(call, { ListenerArn, Priority, Conditions, Actions, Tags }) {
    const listener = listenerOf(call, ListenerArn);
    if (Priority < 1 || Priority > 50_000) throw invalid("Priority must be between 1 and 50000");
    if (listener.rules.some((arn) => call.state.rules.get(arn)?.priority === Priority))
      throw new AwsError("PriorityInUse", `Priority '${Priority}' is currently in use`);
    if (listener.rules.length >= RULES_MAX) throw new AwsError("TooManyRules", "The maximum number of rules has been reached.");
    if (Conditions.length === 0) throw invalid("A condition must be specified");
    for (const condition of Conditions) checkCondition(condition);
    checkActions(call, Actions);
    const RuleArn = `${ListenerArn.replace(":listener/", ":listener-rule/")}/${call.token(16).toLowerCase()}`;
    const rule: Rule = { RuleArn, Conditions, Actions: ordered(Actions), listener: ListenerArn, priority: Priority, tags: tagMap(Tags) };
    call.state.rules.set(RuleArn, rule);
    listener.rules.push(RuleArn);
    arrange(call, listener);
    changed(call, listener.LoadBalancerArn);
    return { Rules: [ruleShown(rule)] };
  },

  ModifyRule(call, { RuleArn, Conditions, Actions }) {
    const rule = ruleOf(call, RuleArn);
    for (const condition of Conditions ?? []) checkCondition(condition);
    if (Actions) checkActions(call, Actions);
    if (Conditions) rule.Conditions = Conditions;
    if (Actions) rule.Actions = ordered(Actions);
    changed(call, listenerOf(call, rule.listener).LoadBalancerArn);
    return { Rules: [ruleShown(rule)] };
  },

  DeleteRule(call, { RuleArn }) {
    const listener = listenerOf(call, ruleOf(call, RuleArn).listener);
    listener.rules = listener.rules.filter((arn) => arn !== RuleArn);
    call.state.rules.delete(RuleArn);
    changed(call, listener.LoadBalancerArn);
  },

  SetRulePriorities(call, { RulePriorities }) {
    const rules = RulePriorities.map(({ RuleArn = "", Priority = 0 }) => ({ rule: ruleOf(call, RuleArn), priority: Priority }));
    for (const { rule, priority } of rules) {
      const others = listenerOf(call, rule.listener).rules.filter((arn) => !rules.some((each) => each.rule.RuleArn === arn));
      if (others.some((arn) => call.state.rules.get(arn)?.priority === priority))
        throw new AwsError("PriorityInUse", `Priority '${priority}' is currently in use`);
    }
    for (const { rule, priority } of rules) rule.priority = priority;
    for (const { rule } of rules) arrange(call, listenerOf(call, rule.listener));
    for (const { rule } of rules) changed(call, listenerOf(call, rule.listener).LoadBalancerArn);
    return { Rules: rules.map(({ rule }) => ruleShown(rule)) };
  },

  DescribeRules(call, { ListenerArn, RuleArns, PageSize, Marker }) {
    if (RuleArns?.length) return { Rules: RuleArns.map((arn) => ruleShown(ruleOf(call, arn))) };
    if (ListenerArn === undefined) throw invalid("A listener or rules must be specified");
    const listener = listenerOf(call, ListenerArn);
    const standard: sdk.Rule = {
      RuleArn: `${ListenerArn.replace(":listener/", ":listener-rule/")}/default`,
      Priority: "default",
      Conditions: [],
      Actions: listener.DefaultActions,
      IsDefault: true,
    };
    const { items, next } = page([...listener.rules.map((arn) => ruleShown(ruleOf(call, arn))), standard], PageSize, Marker);
    return { Rules: items, NextMarker: next };
  },
} satisfies Operations<sdk.ElasticLoadBalancingV2, State, Timers>;

export function deleteListener(call: Here, arn: string): void {
  const listener = call.state.listeners.get(arn);
  if (!listener) return;
  for (const rule of listener.rules) call.state.rules.delete(rule);
  call.state.listeners.delete(arn);
  call.state.loadBalancers.get(listener.LoadBalancerArn)?.listeners.delete(arn);
  changed(call, listener.LoadBalancerArn);
}

/** Rules lead elsewhere: what was registered in a group that nobody led to is checked from now on. */
function changed(call: Here, arn: string): void {
  const balancer = call.state.loadBalancers.get(arn);
  if (!balancer) return;
  relate(call, balancer);
  for (const name of balancer.groups) {
    const group = call.state.targetGroups.get(name)!;
    for (const [key, { id, port, state }] of group.targets) {
      if (state !== "unused") continue;
      group.targets.delete(key);
      register(call, group, id, port);
    }
  }
  flowSoon(call, arn);
}

const arrange = (call: Here, listener: Listener): void =>
  void listener.rules.sort((one, other) => call.state.rules.get(one)!.priority - call.state.rules.get(other)!.priority);

function checkCertificate(call: Here, arn: string): void {
  if (arn.startsWith("arn:aws:iam:")) return;
  if (!call.peek("acm").certificates.has(arn)) throw new AwsError("CertificateNotFound", `Certificate '${arn}' not found`);
}

function checkActions(call: Here, actions: readonly sdk.Action[]): void {
  if (actions.length === 0) throw invalid("An action must be specified");
  for (const { Type, TargetGroupArn, ForwardConfig, RedirectConfig, FixedResponseConfig } of actions) {
    if (Type !== "forward" && Type !== "redirect" && Type !== "fixed-response")
      throw new AwsError("NotImplemented", `Causeway does not emulate actions of type ${Type}.`, 501);
    if (Type === "forward" && !TargetGroupArn && !ForwardConfig?.TargetGroups?.length)
      throw invalid("A target group ARN must be specified");
    if (Type === "redirect" && !RedirectConfig) throw invalid("A redirect configuration must be specified");
    if (Type === "fixed-response" && !FixedResponseConfig) throw invalid("A fixed response configuration must be specified");
  }
  for (const arn of groupsIn(actions)) groupOf(call, arn);
}

const ordered = (actions: readonly sdk.Action[]): sdk.Action[] =>
  actions.map((action, at) => ({
    ...action,
    Order: action.Order ?? at + 1,
    ...(action.Type === "forward" && {
      TargetGroupArn:
        action.TargetGroupArn ??
        (action.ForwardConfig?.TargetGroups?.length === 1 ? action.ForwardConfig.TargetGroups[0]!.TargetGroupArn : undefined),
      ForwardConfig: action.ForwardConfig ?? {
        TargetGroups: [{ TargetGroupArn: action.TargetGroupArn, Weight: 1 }],
        TargetGroupStickinessConfig: { Enabled: false },
      },
    }),
  }));

export const shown = ({ rules: _rules, certificates, attributes: _attributes, tags: _tags, ...listener }: Listener): sdk.Listener => ({
  ...listener,
  Certificates: certificates.length ? certificates : undefined,
});

const ruleShown = ({ listener: _listener, priority, tags: _tags, ...rule }: Rule): sdk.Rule => ({
  ...rule,
  Priority: String(priority),
  IsDefault: false,
});
