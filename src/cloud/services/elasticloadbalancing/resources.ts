/** CloudFormation's types of Elastic Load Balancing. docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ElasticLoadBalancingV2.html */
import type * as sdk from "@aws-sdk/client-elastic-load-balancing-v2";
import { AwsError, resource, type Properties, type Stack } from "../../service.ts";
import { listenerOperations } from "./listeners.ts";
import { loadBalancerOperations } from "./load-balancers.ts";
import type { Here } from "./state.ts";
import { targetGroupOperations } from "./target-groups.ts";

const tagsOf = (own: unknown, { tags }: Stack): sdk.Tag[] => {
  const mine = Object.fromEntries(((own as sdk.Tag[] | undefined) ?? []).map(({ Key = "", Value = "" }) => [Key, Value]));
  return Object.entries({ ...tags, ...mine }).map(([Key, Value]) => ({ Key, Value }));
};

const numbers = new Set([
  "Port",
  "Weight",
  "Order",
  "Priority",
  "DurationSeconds",
  "HealthCheckIntervalSeconds",
  "HealthCheckTimeoutSeconds",
  "HealthyThresholdCount",
  "UnhealthyThresholdCount",
]);

/** CloudFormation may pass numbers and flags as texts; a redirect's port stays one. */
function typed(value: unknown, within = ""): any {
  if (Array.isArray(value)) return value.map((each) => typed(each, within));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key,
      numbers.has(key) && within !== "RedirectConfig" && each !== undefined
        ? Number(each)
        : key === "Enabled" || key === "HealthCheckEnabled"
          ? String(each) === "true"
          : typed(each, key),
    ]),
  );
}

const attributes = (list: unknown): { Key: string; Value: string }[] =>
  ((list as Properties[] | undefined) ?? []).map(({ Key, Value }) => ({ Key: String(Key), Value: String(Value) }));

const loadBalancer = resource({
  create(call: Here, { Name, LoadBalancerAttributes, Tags, ...rest }, stack) {
    const { EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic: _enforce, ...known } = rest;
    const { LoadBalancers } = loadBalancerOperations.CreateLoadBalancer(call, {
      ...typed(known),
      Name: String(Name ?? stack.generatedName(32)),
      Tags: tagsOf(Tags, stack),
    });
    const arn = LoadBalancers[0]!.LoadBalancerArn!;
    if (LoadBalancerAttributes)
      loadBalancerOperations.ModifyLoadBalancerAttributes(call, { LoadBalancerArn: arn, Attributes: attributes(LoadBalancerAttributes) });
    return arn;
  },
  update(call: Here, id, { LoadBalancerAttributes, SecurityGroups }) {
    if (LoadBalancerAttributes)
      loadBalancerOperations.ModifyLoadBalancerAttributes(call, { LoadBalancerArn: id, Attributes: attributes(LoadBalancerAttributes) });
    if (SecurityGroups) loadBalancerOperations.SetSecurityGroups(call, { LoadBalancerArn: id, SecurityGroups: SecurityGroups as string[] });
  },
  delete: (call: Here, id) => loadBalancerOperations.DeleteLoadBalancer(call, { LoadBalancerArn: id }),
  settled: (call: Here, id) => call.state.loadBalancers.get(id)?.State.Code === "active",
  attributes(call: Here, id) {
    const found = call.state.loadBalancers.get(id);
    return {
      LoadBalancerArn: id,
      DNSName: found?.DNSName,
      CanonicalHostedZoneID: found?.CanonicalHostedZoneId,
      LoadBalancerFullName: found?.fullName,
      LoadBalancerName: found?.LoadBalancerName,
      SecurityGroups: found?.SecurityGroups,
    };
  },
  read: (call: Here, id, properties) => (call.state.loadBalancers.has(id) ? properties : undefined),
});

const targetGroup = resource({
  create(call: Here, { Name, TargetGroupAttributes, Targets, Tags, ...rest }, stack) {
    const { TargetGroups } = targetGroupOperations.CreateTargetGroup(call, {
      ...typed(rest),
      Name: String(Name ?? stack.generatedName(32)),
      Tags: tagsOf(Tags, stack),
    });
    const arn = TargetGroups[0]!.TargetGroupArn!;
    if (TargetGroupAttributes)
      targetGroupOperations.ModifyTargetGroupAttributes(call, { TargetGroupArn: arn, Attributes: attributes(TargetGroupAttributes) });
    if (Targets) targetGroupOperations.RegisterTargets(call, { TargetGroupArn: arn, Targets: typed(Targets) });
    return arn;
  },
  update(call: Here, id, { TargetGroupAttributes, Name: _name, Targets: _targets, Tags: _tags, ...rest }) {
    const { Port: _port, Protocol: _protocol, VpcId: _vpc, TargetType: _type, ...settings } = typed(rest);
    targetGroupOperations.ModifyTargetGroup(call, { TargetGroupArn: id, ...settings });
    if (TargetGroupAttributes)
      targetGroupOperations.ModifyTargetGroupAttributes(call, { TargetGroupArn: id, Attributes: attributes(TargetGroupAttributes) });
  },
  delete: (call: Here, id) => targetGroupOperations.DeleteTargetGroup(call, { TargetGroupArn: id }),
  attributes(call: Here, id) {
    const found = call.state.targetGroups.get(id);
    return {
      TargetGroupArn: id,
      TargetGroupFullName: found?.fullName,
      TargetGroupName: found?.TargetGroupName,
      LoadBalancerArns: found?.LoadBalancerArns,
    };
  },
  read: (call: Here, id, properties) => (call.state.targetGroups.has(id) ? properties : undefined),
});

const listener = resource({
  create(call: Here, { ListenerAttributes, MutualAuthentication, ...rest }) {
    if (ListenerAttributes ?? MutualAuthentication)
      throw new AwsError("NotImplemented", "Causeway does not emulate ListenerAttributes and MutualAuthentication of this type.", 501);
    return listenerOperations.CreateListener(call, typed(rest)).Listeners[0]!.ListenerArn!;
  },
  update(call: Here, id, { LoadBalancerArn: _balancer, ListenerAttributes: _attributes, ...rest }) {
    listenerOperations.ModifyListener(call, { ListenerArn: id, ...typed(rest) });
  },
  delete(call: Here, id) {
    if (call.state.listeners.has(id)) listenerOperations.DeleteListener(call, { ListenerArn: id });
  },
  attributes: (_call, id) => ({ ListenerArn: id }),
  read: (call: Here, id, properties) => (call.state.listeners.has(id) ? properties : undefined),
});

const listenerRule = resource({
  create: (call: Here, properties) => listenerOperations.CreateRule(call, typed(properties)).Rules[0]!.RuleArn!,
  update(call: Here, id, { Priority, Conditions, Actions }, previous) {
    listenerOperations.ModifyRule(call, { RuleArn: id, Conditions: typed(Conditions), Actions: typed(Actions) });
    if (Priority !== previous.Priority)
      listenerOperations.SetRulePriorities(call, { RulePriorities: [{ RuleArn: id, Priority: Number(Priority) }] });
  },
  delete(call: Here, id) {
    if (call.state.rules.has(id)) listenerOperations.DeleteRule(call, { RuleArn: id });
  },
  attributes: (_call, id) => ({ RuleArn: id, IsDefault: false }),
  read: (call: Here, id, properties) => (call.state.rules.has(id) ? properties : undefined),
});

export const resources = {
  "AWS::ElasticLoadBalancingV2::LoadBalancer": loadBalancer,
  "AWS::ElasticLoadBalancingV2::TargetGroup": targetGroup,
  "AWS::ElasticLoadBalancingV2::Listener": listener,
  "AWS::ElasticLoadBalancingV2::ListenerRule": listenerRule,
};
