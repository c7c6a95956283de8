/** CloudFormation's types of listeners, their rules and certificates. */
import { AwsError, resource, type Properties } from "../../service.ts";
import { listenerOperations } from "./listeners.ts";
import { ruleOperations } from "./rules.ts";
import { invalid, listenerOf, type Here } from "./state.ts";
import { applyTags, attributesRead, listed, restricted, retag, tagsRead, typed } from "./template-values.ts";

const listener = resource({
  create(call: Here, { ListenerAttributes, Tags, ...rest }, stack) {
    const wish = typed(rest);
    // The operation hands out what stands there with the same settings, and that is another's.
    const taken = [...call.state.listeners.values()].some(
      (each) => each.LoadBalancerArn === wish.LoadBalancerArn && each.Port === wish.Port,
    );
    if (taken) throw new AwsError("DuplicateListener", "A listener already exists on this port for this load balancer");
    const arn = listenerOperations.CreateListener(call, wish).Listeners[0]?.ListenerArn ?? "";
    applyTags(call, arn, Tags, stack);
    if (ListenerAttributes) listenerOperations.ModifyListenerAttributes(call, { ListenerArn: arn, Attributes: listed(ListenerAttributes) });
    return arn;
  },
  update(call: Here, id, { LoadBalancerArn: _balancer, ListenerAttributes, Tags, ...rest }, previous, stack) {
    listenerOperations.ModifyListener(call, { ListenerArn: id, ...typed(rest) });
    if (ListenerAttributes) listenerOperations.ModifyListenerAttributes(call, { ListenerArn: id, Attributes: listed(ListenerAttributes) });
    retag(call, id, Tags, previous.Tags, stack);
  },
  delete(call: Here, id) {
    if (call.state.listeners.has(id)) listenerOperations.DeleteListener(call, { ListenerArn: id });
  },
  attributes: (_call, id) => ({ ListenerArn: id }),
  read(call: Here, id, { ListenerAttributes, DefaultActions }) {
    const found = call.state.listeners.get(id);
    if (!found) return undefined;
    const { certificates, attributes, tags, ...shown } = found;
    return {
      ...shown,
      DefaultActions: restricted(DefaultActions, found.DefaultActions),
      Certificates: certificates.slice(0, 1),
      ListenerAttributes: attributesRead(ListenerAttributes, attributes),
      Tags: tagsRead(tags),
    };
  },
});

const listenerRule = resource({
  create(call: Here, { Tags, ...rest }, stack) {
    const arn = ruleOperations.CreateRule(call, typed(rest)).Rules[0]?.RuleArn ?? "";
    applyTags(call, arn, Tags, stack);
    return arn;
  },
  update(call: Here, id, { Priority, Conditions, Actions, Transforms, Tags }, previous, stack) {
    ruleOperations.ModifyRule(call, { RuleArn: id, ...typed({ Conditions, Actions, Transforms }) });
    if (Number(Priority) !== Number(previous.Priority))
      ruleOperations.SetRulePriorities(call, { RulePriorities: [{ RuleArn: id, Priority: Number(Priority) }] });
    retag(call, id, Tags, previous.Tags, stack);
  },
  delete(call: Here, id) {
    if (call.state.rules.has(id)) ruleOperations.DeleteRule(call, { RuleArn: id });
  },
  attributes: (_call, id) => ({ RuleArn: id, IsDefault: false }),
  read(call: Here, id, { Conditions, Actions }) {
    const found = call.state.rules.get(id);
    if (!found) return undefined;
    return {
      ListenerArn: found.listener,
      Priority: found.priority,
      Conditions: restricted(Conditions, found.Conditions),
      Actions: restricted(Actions, found.Actions),
      Tags: tagsRead(found.tags),
    };
  },
});

/** "You can specify one certificate per resource": aws-resource-elasticloadbalancingv2-listenercertificate.html */
function certificateOf({ Certificates }: Properties): string {
  const [first, ...others] = typed(Certificates) as { CertificateArn?: string }[];
  if (first?.CertificateArn === undefined || others.length > 0) throw invalid("One certificate must be specified");
  return first.CertificateArn;
}

const listenerCertificate = resource({
  create(call: Here, properties) {
    const ListenerArn = String(properties.ListenerArn);
    const CertificateArn = certificateOf(properties);
    listenerOperations.AddListenerCertificates(call, { ListenerArn, Certificates: [{ CertificateArn }] });
    return `${ListenerArn}|${CertificateArn}`;
  },
  update(call: Here, id, properties, previous) {
    const [ListenerArn = ""] = id.split("|");
    const before = certificateOf(previous);
    const now = certificateOf(properties);
    if (before === now) return id;
    listenerOperations.AddListenerCertificates(call, { ListenerArn, Certificates: [{ CertificateArn: now }] });
    listenerOperations.RemoveListenerCertificates(call, { ListenerArn, Certificates: [{ CertificateArn: before }] });
    return `${ListenerArn}|${now}`;
  },
  delete(call: Here, id) {
    const [ListenerArn = "", CertificateArn = ""] = id.split("|");
    if (!call.state.listeners.has(ListenerArn)) return;
    listenerOperations.RemoveListenerCertificates(call, { ListenerArn, Certificates: [{ CertificateArn }] });
  },
  attributes: (_call, id) => ({ Id: id }),
  read(call: Here, id) {
    const [ListenerArn = "", CertificateArn = ""] = id.split("|");
    if (!call.state.listeners.has(ListenerArn)) return undefined;
    const known = listenerOf(call, ListenerArn).certificates.some((each) => each.CertificateArn === CertificateArn);
    return known ? { ListenerArn, Certificates: [{ CertificateArn }] } : undefined;
  },
});

export const listenerResources = {
  "AWS::ElasticLoadBalancingV2::Listener": listener,
  "AWS::ElasticLoadBalancingV2::ListenerRule": listenerRule,
  "AWS::ElasticLoadBalancingV2::ListenerCertificate": listenerCertificate,
};
