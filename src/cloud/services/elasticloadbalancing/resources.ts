/** CloudFormation's types of Elastic Load Balancing. docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ElasticLoadBalancingV2.html */
import { AwsError, resource } from "../../service.ts";
import { listenerResources } from "./listener-resources.ts";
import { loadBalancerOperations } from "./load-balancers.ts";
import type { Here, LoadBalancer } from "./state.ts";
import { targetGroupOperations } from "./target-groups.ts";
import { targetOperations } from "./targets.ts";
import { applyTags, attributesRead, listed, refuseProperties, retag, tagsRead, typed } from "./template-values.ts";

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

const loadBalancer = resource({
  create(
    call: Here,
    { Name, Type, Scheme, Subnets, SubnetMappings, SecurityGroups, IpAddressType, LoadBalancerAttributes, Tags, ...others },
    stack,
  ) {
    const { EnablePrefixForIpv6SourceNat, ...refused } = others;
    refuseProperties("LoadBalancer", refused);
    const name = String(Name ?? stack.generatedName(32));
    // What exists with the same settings is another's: the operation would hand it over.
    if ([...call.state.loadBalancers.values()].some((each) => each.LoadBalancerName === name))
      throw new AwsError("DuplicateLoadBalancerName", `A load balancer with the same name '${name}' exists, but with different settings`);
    const wish = typed({ Type, Scheme, Subnets, SubnetMappings, SecurityGroups, IpAddressType, EnablePrefixForIpv6SourceNat });
    const { LoadBalancers } = loadBalancerOperations.CreateLoadBalancer(call, { ...wish, Name: name });
    const arn = LoadBalancers[0]?.LoadBalancerArn ?? "";
    applyTags(call, arn, Tags, stack);
    if (LoadBalancerAttributes)
      loadBalancerOperations.ModifyLoadBalancerAttributes(call, { LoadBalancerArn: arn, Attributes: listed(LoadBalancerAttributes) });
    return arn;
  },
  update(call: Here, id, properties, previous, stack) {
    const { Subnets, SubnetMappings, SecurityGroups, IpAddressType, LoadBalancerAttributes, Tags } = properties;
    const { EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic, MinimumLoadBalancerCapacity, Ipv4IpamPoolId } = properties;
    refuseProperties("LoadBalancer", { EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic, MinimumLoadBalancerCapacity, Ipv4IpamPoolId });
    if (LoadBalancerAttributes && !same(LoadBalancerAttributes, previous.LoadBalancerAttributes))
      loadBalancerOperations.ModifyLoadBalancerAttributes(call, { LoadBalancerArn: id, Attributes: listed(LoadBalancerAttributes) });
    if (!same([Subnets, SubnetMappings], [previous.Subnets, previous.SubnetMappings]))
      loadBalancerOperations.SetSubnets(call, { LoadBalancerArn: id, ...typed({ Subnets, SubnetMappings }) });
    if (SecurityGroups && !same(SecurityGroups, previous.SecurityGroups))
      loadBalancerOperations.SetSecurityGroups(call, { LoadBalancerArn: id, SecurityGroups: typed(SecurityGroups) });
    if (!same(IpAddressType, previous.IpAddressType))
      loadBalancerOperations.SetIpAddressType(call, { LoadBalancerArn: id, IpAddressType: IpAddressType ?? "ipv4" });
    retag(call, id, Tags, previous.Tags, stack);
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
  read(call: Here, id, { LoadBalancerAttributes }) {
    const found = call.state.loadBalancers.get(id);
    return found && { ...balancerRead(found), LoadBalancerAttributes: attributesRead(LoadBalancerAttributes, found.attributes) };
  },
});

const balancerRead = ({ LoadBalancerName, Type, Scheme, IpAddressType, SecurityGroups, AvailabilityZones, tags }: LoadBalancer) => ({
  Name: LoadBalancerName,
  Type,
  Scheme,
  IpAddressType,
  SecurityGroups,
  Subnets: AvailabilityZones.map(({ SubnetId }) => SubnetId),
  SubnetMappings: AvailabilityZones.map(({ SubnetId, LoadBalancerAddresses = [] }) => {
    const [{ AllocationId, PrivateIPv4Address } = {}] = LoadBalancerAddresses;
    return { SubnetId, ...(AllocationId && { AllocationId }), ...(PrivateIPv4Address && { PrivateIPv4Address }) };
  }),
  Tags: tagsRead(tags),
});

const targetGroup = resource({
  create(call: Here, { Name, TargetGroupAttributes, Targets, Tags, ...rest }, stack) {
    const name = String(Name ?? stack.generatedName(32));
    if ([...call.state.targetGroups.values()].some((each) => each.TargetGroupName === name))
      throw new AwsError("DuplicateTargetGroupName", `A target group with the same name '${name}' exists, but with different settings`);
    const { TargetGroups } = targetGroupOperations.CreateTargetGroup(call, { ...typed(rest), Name: name });
    const arn = TargetGroups[0]?.TargetGroupArn ?? "";
    applyTags(call, arn, Tags, stack);
    if (TargetGroupAttributes)
      targetGroupOperations.ModifyTargetGroupAttributes(call, { TargetGroupArn: arn, Attributes: listed(TargetGroupAttributes) });
    if ((Targets as unknown[] | undefined)?.length)
      targetOperations.RegisterTargets(call, { TargetGroupArn: arn, Targets: typed(Targets) });
    return arn;
  },
  update(call: Here, id, properties, previous, stack) {
    const { TargetGroupAttributes, Targets, Tags, Name: _name, ...rest } = properties;
    const {
      Port: _port,
      Protocol: _protocol,
      ProtocolVersion: _version,
      VpcId: _vpc,
      TargetType: _type,
      IpAddressType: _address,
      ...settings
    } = typed(rest);
    targetGroupOperations.ModifyTargetGroup(call, { TargetGroupArn: id, ...settings });
    if (TargetGroupAttributes && !same(TargetGroupAttributes, previous.TargetGroupAttributes))
      targetGroupOperations.ModifyTargetGroupAttributes(call, { TargetGroupArn: id, Attributes: listed(TargetGroupAttributes) });
    const wanted = (typed(Targets) ?? []) as { Id: string; Port?: number }[];
    const former = (typed(previous.Targets) ?? []) as { Id: string; Port?: number }[];
    const leaving = former.filter((each) => !wanted.some((other) => same(each, other)));
    const coming = wanted.filter((each) => !former.some((other) => same(each, other)));
    if (leaving.length > 0) targetOperations.DeregisterTargets(call, { TargetGroupArn: id, Targets: leaving });
    if (coming.length > 0) targetOperations.RegisterTargets(call, { TargetGroupArn: id, Targets: coming });
    retag(call, id, Tags, previous.Tags, stack);
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
  read(call: Here, id, { TargetGroupAttributes }) {
    const found = call.state.targetGroups.get(id);
    if (!found) return undefined;
    const { TargetGroupName, attributes, tags, targets, ...shown } = found;
    return {
      ...shown,
      Name: TargetGroupName,
      TargetGroupAttributes: attributesRead(TargetGroupAttributes, attributes),
      Targets: [...targets.values()].filter(({ state }) => state !== "draining").map(({ id: Id, port: Port }) => ({ Id, Port })),
      Tags: tagsRead(tags),
    };
  },
});

export const resources = {
  "AWS::ElasticLoadBalancingV2::LoadBalancer": loadBalancer,
  "AWS::ElasticLoadBalancingV2::TargetGroup": targetGroup,
  ...listenerResources,
};
