/** Load balancers: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html */
import type * as sdk from "@aws-sdk/client-elastic-load-balancing-v2";
import { AwsError, type Operations } from "../../service.ts";
import { attributeList, balancerAttributes, balancerDefaults } from "./attributes.ts";
import { hostedZoneOf } from "./hosted-zones.ts";
import { deleteListener } from "./listeners.ts";
import { quotaOf } from "./limits.ts";
import { forget } from "./metrics.ts";
import { fall, regroup, securityGroupsOf, sitesOf, stand, zoneOf } from "./nodes.ts";
import { reviseZones } from "./senses.ts";
import {
  balancerOf,
  digits,
  invalid,
  notImplemented,
  page,
  refuse,
  tagMap,
  type Here,
  type LoadBalancer,
  type State,
  type Timers,
} from "./state.ts";
import { checkTags } from "./tags.ts";
import { named, reroute } from "./traffic.ts";
import { endShift } from "./zonal-shift.ts";

export const loadBalancerOperations = {
  CreateLoadBalancer(call, { Tags, ...input }) {
    const { Name, Type = "application", Scheme = "internet-facing", IpAddressType = "ipv4", SecurityGroups } = input;
    const { CustomerOwnedIpv4Pool, EnablePrefixForIpv6SourceNat, IpamPools } = input;
    if (Type !== "application" && Type !== "network") throw notImplemented(`load balancers of type ${Type}`);
    refuse("load balancers", { CustomerOwnedIpv4Pool, IpamPools });
    if (EnablePrefixForIpv6SourceNat === "on") throw notImplemented("EnablePrefixForIpv6SourceNat of load balancers");
    checkName(Name);
    const asked = JSON.stringify(input);
    const twin = [...call.state.loadBalancers.values()].find((each) => each.LoadBalancerName === Name);
    // The same wish again is answered with what is there: API_CreateLoadBalancer.html
    if (twin?.asked === asked) return { LoadBalancers: [shown(twin)] };
    if (twin)
      throw new AwsError("DuplicateLoadBalancerName", `A load balancer with the same name '${Name}' exists, but with different settings`);
    const alike = [...call.state.loadBalancers.values()].filter((each) => each.Type === Type).length;
    if (alike >= quotaOf(call, Type)) throw new AwsError("TooManyLoadBalancers", "The maximum number of load balancers has been reached");
    checkTags(Tags);
    const sites = sitesOf(call, { Type, Scheme, IpAddressType }, mappingsOf(input));
    const VpcId = sites[0]!.subnet.VpcId;
    const groups = securityGroupsOf(call, Type, VpcId, SecurityGroups);
    const token = digits(call);
    const fullName = `${Type === "network" ? "net" : "app"}/${Name}/${token}`;
    const nodes = sites.map((site) => stand(call, { Type, Scheme, fullName, SecurityGroups: groups }, site));
    const balancer: LoadBalancer = {
      LoadBalancerArn: call.arn("elasticloadbalancing", `loadbalancer/${fullName}`),
      LoadBalancerName: Name,
      DNSName: dnsName(call, { Name, Type, Scheme, token }),
      CanonicalHostedZoneId: hostedZoneOf(call.region, Type),
      CreatedTime: call.date,
      Scheme,
      VpcId,
      State: { Code: "provisioning" },
      Type,
      AvailabilityZones: sites.map(zoneOf),
      SecurityGroups: groups,
      IpAddressType,
      attributes: balancerDefaults(Type, Scheme),
      tags: tagMap(Tags),
      asked,
      listeners: new Set(),
      groups: new Set(),
      nodes,
      fullName,
      named: nodes.map(({ zone }) => zone),
      offers: new Map(),
      told: new Map(),
    };
    call.state.loadBalancers.set(balancer.LoadBalancerArn, balancer);
    call.state.names.set(balancer.DNSName, balancer.LoadBalancerArn);
    call.after(call.latency("load-balancer-provisioning"), "active", { balancer: balancer.LoadBalancerArn });
    named(call, balancer.DNSName);
    return { LoadBalancers: [shown(balancer)] };
  },

  DeleteLoadBalancer(call, { LoadBalancerArn }) {
    const balancer = call.state.loadBalancers.get(LoadBalancerArn);
    if (!balancer) return; // "If the load balancer does not exist or has already been deleted, the call succeeds": API_DeleteLoadBalancer.html
    if (balancer.attributes["deletion_protection.enabled"] === "true")
      throw new AwsError(
        "OperationNotPermitted",
        `Load balancer '${LoadBalancerArn}' cannot be deleted because deletion protection is enabled`,
      );
    if (call.state.holders.get(LoadBalancerArn)?.size)
      throw new AwsError("ResourceInUse", `Load balancer '${LoadBalancerArn}' is registered as a target: deregister it first`);
    for (const arn of balancer.listeners) deleteListener(call, arn);
    endShift(call, balancer);
    if (balancer.renaming) call.cancel(balancer.renaming.event);
    for (const node of balancer.nodes) fall(call, node);
    forget(call, balancer, balancer.told);
    call.state.loadBalancers.delete(LoadBalancerArn);
    for (const [name, arn] of [...call.state.names])
      if (arn === LoadBalancerArn) {
        call.state.names.delete(name);
        named(call, name);
      }
  },

  DescribeLoadBalancers(call, { LoadBalancerArns, Names, PageSize, Marker }) {
    const all = [...call.state.loadBalancers.values()];
    const byName = Names?.map((name) => {
      const found = all.find((each) => each.LoadBalancerName === name);
      if (!found) throw new AwsError("LoadBalancerNotFound", `Load balancers '[${name}]' not found`);
      return found;
    });
    const kept = LoadBalancerArns?.length ? LoadBalancerArns.map((arn) => balancerOf(call, arn)) : byName?.length ? byName : all;
    const { items, next } = page(kept, PageSize, Marker);
    return { LoadBalancers: items.map(shown), NextMarker: next };
  },

  DescribeLoadBalancerAttributes(call, { LoadBalancerArn }) {
    return { Attributes: attributeList(balancerOf(call, LoadBalancerArn).attributes) };
  },

  ModifyLoadBalancerAttributes(call, { LoadBalancerArn, Attributes }) {
    const balancer = balancerOf(call, LoadBalancerArn);
    balancer.attributes = balancerAttributes(balancer, Attributes);
    if (balancer.attributes["zonal_shift.config.enabled"] === "false") endShift(call, balancer); // ALB-018
    reroute(call, balancer);
    return { Attributes: attributeList(balancer.attributes) };
  },

  SetSecurityGroups(call, { LoadBalancerArn, SecurityGroups, EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic }) {
    const balancer = balancerOf(call, LoadBalancerArn);
    refuse("load balancers", { EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic });
    if (SecurityGroups.length === 0 && balancer.Type === "application") throw invalid("At least one security group must be specified");
    if (balancer.Type === "network" && balancer.SecurityGroups.length === 0 && SecurityGroups.length > 0)
      throw new AwsError(
        "InvalidConfigurationRequest",
        "You cannot add security groups to a Network Load Balancer that was created without any",
      );
    const groups = securityGroupsOf(call, balancer.Type, balancer.VpcId, SecurityGroups);
    balancer.SecurityGroups = groups;
    regroup(call, balancer.nodes, groups);
    return { SecurityGroupIds: groups };
  },

  SetSubnets(call, { LoadBalancerArn, Subnets, SubnetMappings, IpAddressType, EnablePrefixForIpv6SourceNat }) {
    const balancer = balancerOf(call, LoadBalancerArn);
    if (EnablePrefixForIpv6SourceNat === "on") throw notImplemented("EnablePrefixForIpv6SourceNat of load balancers");
    const type = IpAddressType ?? balancer.IpAddressType;
    const standing = new Map(balancer.nodes.map((node) => [node.subnet, node]));
    const wanted = mappingsOf({ Subnets, SubnetMappings });
    // An address stays where it is; what is there already is not asked for once more.
    const fresh = wanted.map((each) => (standing.has(each.SubnetId ?? "") ? { SubnetId: each.SubnetId } : each));
    const sites = sitesOf(call, { Type: balancer.Type, Scheme: balancer.Scheme, IpAddressType: type }, fresh, [...standing.keys()]);
    if (sites.some(({ subnet }) => subnet.VpcId !== balancer.VpcId))
      throw new AwsError("InvalidSubnet", `The subnets must be in the load balancer's VPC '${balancer.VpcId}'`);
    const zones = new Map(balancer.AvailabilityZones.map((zone) => [zone.SubnetId, zone]));
    const kept = new Set(sites.map(({ subnet }) => subnet.SubnetId));
    for (const node of balancer.nodes) if (!kept.has(node.subnet)) fall(call, node);
    balancer.nodes = sites.map((site) => standing.get(site.subnet.SubnetId) ?? stand(call, balancer, site));
    balancer.AvailabilityZones = sites.map((site) => zones.get(site.subnet.SubnetId) ?? zoneOf(site));
    balancer.IpAddressType = type;
    balancer.named = balancer.nodes.map(({ zone }) => zone);
    reroute(call, balancer);
    reviseZones(call, balancer.groups);
    return { AvailabilityZones: balancer.AvailabilityZones, IpAddressType: type };
  },

  SetIpAddressType(call, { LoadBalancerArn, IpAddressType }) {
    const balancer = balancerOf(call, LoadBalancerArn);
    if (!["ipv4", "dualstack", "dualstack-without-public-ipv4"].includes(IpAddressType))
      throw invalid(`IP address type '${IpAddressType}' is not valid`);
    const { Type, Scheme, nodes } = balancer;
    const mappings = nodes.map(({ subnet }): sdk.SubnetMapping => ({ SubnetId: subnet }));
    sitesOf(
      call,
      { Type, Scheme, IpAddressType },
      mappings,
      nodes.map(({ subnet }) => subnet),
    );
    balancer.IpAddressType = IpAddressType;
    return { IpAddressType };
  },

  /** Nobody can reserve any: ModifyCapacityReservation is not emulated. */
  DescribeCapacityReservation(call, { LoadBalancerArn }) {
    balancerOf(call, LoadBalancerArn);
    return { CapacityReservationState: [] };
  },
} satisfies Operations<sdk.ElasticLoadBalancingV2, State, Timers>;

export function active(call: Here, { balancer: arn }: Timers["active"]): void {
  const balancer = call.state.loadBalancers.get(arn);
  if (!balancer) return;
  balancer.State = { Code: "active" };
  reroute(call, balancer);
}

function checkName(name: string): void {
  if (!/^[A-Za-z0-9-]{1,32}$/.test(name)) throw invalid(`The load balancer name '${name}' must have 1 to 32 letters, digits or hyphens`);
  if (name.startsWith("-") || name.endsWith("-")) throw invalid(`The load balancer name '${name}' must not begin or end with a hyphen`);
  if (name.startsWith("internal-")) throw invalid(`The load balancer name '${name}' must not begin with 'internal-'`);
}

function mappingsOf({ Subnets, SubnetMappings }: Pick<sdk.CreateLoadBalancerInput, "Subnets" | "SubnetMappings">): sdk.SubnetMapping[] {
  if (Subnets?.length && SubnetMappings?.length) throw invalid("You must specify either subnets or subnet mappings, but not both");
  return SubnetMappings?.length ? SubnetMappings : (Subnets ?? []).map((SubnetId) => ({ SubnetId }));
}

function dnsName(call: Here, { Name, Type, Scheme, token }: { Name: string; Type: string; Scheme: string; token: string }): string {
  const name = `${Scheme === "internal" ? "internal-" : ""}${Name}`;
  if (Type === "network") return `${Name}-${token}.elb.${call.region}.amazonaws.com`;
  return `${name}-${Math.floor(100_000_000 + call.random() * 2_000_000_000)}.${call.region}.elb.amazonaws.com`;
}

export const shown = ({
  attributes: _attributes,
  tags: _tags,
  asked: _asked,
  listeners: _listeners,
  groups: _groups,
  nodes: _nodes,
  fullName: _fullName,
  named: _named,
  renaming: _renaming,
  shift: _shift,
  offers: _offers,
  told: _told,
  ...balancer
}: LoadBalancer): sdk.LoadBalancer => balancer;
