/** Target groups and what is registered in them. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html */
import type * as sdk from "@aws-sdk/client-elastic-load-balancing-v2";
import { AwsError, type Operations } from "../../service.ts";
import { deregister, register } from "./health.ts";
import {
  groupOf,
  groupsIn,
  invalid,
  page,
  tagMap,
  type Here,
  type LoadBalancer,
  type State,
  type Tags,
  type Target,
  type TargetGroup,
  type Timers,
} from "./state.ts";

/** docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html; ALB-008, ALB-010, ALB-012, ALB-016 */
const usual: Tags = {
  "deregistration_delay.timeout_seconds": "300",
  "load_balancing.algorithm.anomaly_mitigation": "off",
  "load_balancing.algorithm.type": "round_robin",
  "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
  "slow_start.duration_seconds": "0",
  "stickiness.app_cookie.cookie_name": "",
  "stickiness.app_cookie.duration_seconds": "86400",
  "stickiness.enabled": "false",
  "stickiness.lb_cookie.duration_seconds": "86400",
  "stickiness.type": "lb_cookie",
  "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
  "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
  "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
  "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
};

export const targetGroupOperations = {
  CreateTargetGroup(call, input) {
    const { Name, Protocol = "HTTP", Port, VpcId, TargetType = "instance", Tags } = input;
    if (!/^(?!-)[A-Za-z0-9-]{1,32}(?<!-)$/.test(Name)) throw invalid(`Target group name '${Name}' is not valid.`);
    if (TargetType !== "instance" && TargetType !== "ip")
      throw new AwsError("NotImplemented", `Causeway does not emulate targets of type ${TargetType}.`, 501);
    if (Port === undefined || Port < 1 || Port > 65_535) throw invalid("A port from 1 to 65535 must be specified");
    if (VpcId === undefined || !call.peek("ec2").vpcs.has(VpcId)) throw invalid(`The VPC ID '${VpcId}' is not found`);
    if ([...call.state.targetGroups.values()].some((each) => each.TargetGroupName === Name))
      throw new AwsError("DuplicateTargetGroupName", `A target group with the same name '${Name}' exists, but with different settings`);
    const fullName = `targetgroup/${Name}/${call.token(16).toLowerCase()}`;
    const http = Protocol.startsWith("HTTP");
    const group: TargetGroup = {
      TargetGroupArn: call.arn("elasticloadbalancing", fullName),
      TargetGroupName: Name,
      Protocol,
      ProtocolVersion: http ? (input.ProtocolVersion ?? "HTTP1") : undefined,
      Port,
      VpcId,
      TargetType,
      IpAddressType: "ipv4",
      LoadBalancerArns: [],
      HealthCheckEnabled: true,
      HealthCheckPort: "traffic-port",
      HealthCheckProtocol: http ? "HTTP" : "TCP",
      HealthCheckPath: http ? "/" : undefined,
      // ALB-001, ALB-002
      HealthCheckIntervalSeconds: 30,
      HealthCheckTimeoutSeconds: http ? 5 : 10,
      HealthyThresholdCount: 5,
      UnhealthyThresholdCount: 2,
      Matcher: http ? { HttpCode: "200" } : undefined,
      targets: new Map(),
      attributes: { ...usual },
      tags: tagMap(Tags),
      fullName,
    };
    configure(group, input);
    call.state.targetGroups.set(group.TargetGroupArn, group);
    return { TargetGroups: [shown(group)] };
  },

  ModifyTargetGroup(call, { TargetGroupArn, ...input }) {
    const group = groupOf(call, TargetGroupArn);
    configure(group, input);
    return { TargetGroups: [shown(group)] };
  },

  DeleteTargetGroup(call, { TargetGroupArn }) {
    const group = call.state.targetGroups.get(TargetGroupArn);
    if (!group) return;
    if (group.LoadBalancerArns.length)
      throw new AwsError("ResourceInUse", `Target group '${TargetGroupArn}' is currently in use by a listener or a rule`);
    for (const target of group.targets.values()) if (target.event !== undefined) call.cancel(target.event);
    call.state.targetGroups.delete(TargetGroupArn);
  },

  DescribeTargetGroups(call, { LoadBalancerArn, TargetGroupArns, Names, PageSize, Marker }) {
    for (const arn of TargetGroupArns ?? []) groupOf(call, arn);
    const all = [...call.state.targetGroups.values()];
    const strange = Names?.find((name) => !all.some((each) => each.TargetGroupName === name));
    if (strange !== undefined) throw new AwsError("TargetGroupNotFound", "One or more target groups not found");
    const kept = all.filter(
      (each) =>
        (!LoadBalancerArn || each.LoadBalancerArns.includes(LoadBalancerArn)) &&
        (!TargetGroupArns?.length || TargetGroupArns.includes(each.TargetGroupArn)) &&
        (!Names?.length || Names.includes(each.TargetGroupName)),
    );
    const { items, next } = page(kept, PageSize, Marker);
    return { TargetGroups: items.map(shown), NextMarker: next };
  },

  DescribeTargetGroupAttributes(call, { TargetGroupArn }) {
    return { Attributes: Object.entries(groupOf(call, TargetGroupArn).attributes).map(([Key, Value]) => ({ Key, Value })) };
  },

  ModifyTargetGroupAttributes(call, { TargetGroupArn, Attributes }) {
    const group = groupOf(call, TargetGroupArn);
    const strange = Attributes.find(({ Key = "" }) => !(Key in usual));
    if (strange) throw invalid(`Target group attribute key '${strange.Key}' is not recognized`);
    Object.assign(group.attributes, tagMap(Attributes));
    return { Attributes: Object.entries(group.attributes).map(([Key, Value]) => ({ Key, Value })) };
  },

  RegisterTargets(call, { TargetGroupArn, Targets }) {
    const group = groupOf(call, TargetGroupArn);
    for (const { Id = "" } of Targets) checkTarget(call, group, Id);
    for (const { Id = "", Port = group.Port } of Targets) register(call, group, Id, Port);
  },

  DeregisterTargets(call, { TargetGroupArn, Targets }) {
    const group = groupOf(call, TargetGroupArn);
    for (const { Id = "", Port } of Targets)
      for (const target of group.targets.values())
        if (target.id === Id && (Port === undefined || target.port === Port)) deregister(call, group, target);
  },

  DescribeTargetHealth(call, { TargetGroupArn, Targets }) {
    const group = groupOf(call, TargetGroupArn);
    const all = [...group.targets.values()];
    const asked = Targets?.map(
      ({ Id = "", Port = group.Port }): Target =>
        all.find((each) => each.id === Id && each.port === Port) ?? {
          id: Id,
          port: Port,
          state: "unused",
          reason: "Target.NotRegistered",
          description: "Target is not registered to the target group",
          load: 0,
        },
    );
    return {
      TargetHealthDescriptions: (asked ?? all).map(({ id, port, zone, state, reason, description }) => ({
        Target: { Id: id, Port: port, AvailabilityZone: group.TargetType === "ip" ? zone : undefined },
        HealthCheckPort: String(port),
        TargetHealth: { State: state, Reason: reason as sdk.TargetHealthReasonEnum | undefined, Description: description },
        AdministrativeOverride: {
          State: "no_override" as const,
          Reason: "AdministrativeOverride.NoOverride" as const,
          Description: "No override is currently active on target",
        },
      })),
    };
  },
} satisfies Operations<sdk.ElasticLoadBalancingV2, State, Timers>;

function checkTarget(call: Here, group: TargetGroup, id: string): void {
  if (group.TargetType === "ip") {
    if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(id)) throw new AwsError("InvalidTarget", `The IP address '${id}' is not a valid IPv4 address`);
    return;
  }
  const instance = call.peek("ec2").instances.get(id);
  if (!instance) throw new AwsError("InvalidTarget", `The following targets are not valid: ${id}`);
  if (instance.state === "terminated" || instance.state === "shutting-down")
    throw new AwsError("InvalidTarget", `The following targets are not in a running state and cannot be registered: '${id}'`);
  if (instance.VpcId !== group.VpcId)
    throw new AwsError("InvalidTarget", `The following targets are not in the target group VPC '${group.VpcId}': ${id}`);
}

type Settings = Pick<
  sdk.CreateTargetGroupInput,
  | "HealthCheckPath"
  | "HealthCheckPort"
  | "HealthCheckProtocol"
  | "HealthCheckEnabled"
  | "HealthCheckIntervalSeconds"
  | "HealthCheckTimeoutSeconds"
  | "HealthyThresholdCount"
  | "UnhealthyThresholdCount"
  | "Matcher"
>;

/** ALB-001 */
function configure(
  group: TargetGroup,
  { Matcher, HealthCheckPath, HealthCheckPort, HealthCheckProtocol, HealthCheckEnabled, ...counts }: Settings,
): void {
  const within = (name: string, value: number | undefined, least: number, most: number) => {
    if (value !== undefined && (value < least || value > most)) throw invalid(`${name} must be between ${least} and ${most}`);
  };
  within("Health check interval", counts.HealthCheckIntervalSeconds, 5, 300);
  within("Health check timeout", counts.HealthCheckTimeoutSeconds, 2, 120);
  within("Healthy threshold count", counts.HealthyThresholdCount, 2, 10);
  within("Unhealthy threshold count", counts.UnhealthyThresholdCount, 2, 10);
  const {
    HealthCheckIntervalSeconds: interval = group.HealthCheckIntervalSeconds,
    HealthCheckTimeoutSeconds: timeout = group.HealthCheckTimeoutSeconds,
  } = counts;
  if (timeout >= interval) throw invalid(`Health check interval must be greater than the timeout: ${interval}, ${timeout}`);
  const { HealthCheckIntervalSeconds, HealthCheckTimeoutSeconds, HealthyThresholdCount, UnhealthyThresholdCount } = counts;
  const given = {
    Matcher,
    HealthCheckPath,
    HealthCheckPort,
    HealthCheckProtocol,
    HealthCheckEnabled,
    HealthCheckIntervalSeconds,
    HealthCheckTimeoutSeconds,
    HealthyThresholdCount,
    UnhealthyThresholdCount,
  };
  Object.assign(group, Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)));
}

/** Where a load balancer's listeners and rules lead is worked out anew when they change: ALB-007. */
export function relate(call: Here, balancer: LoadBalancer): void {
  const groups = new Set<string>();
  for (const arn of balancer.listeners) {
    const { DefaultActions, rules } = call.state.listeners.get(arn)!;
    for (const actions of [DefaultActions, ...rules.map((rule) => call.state.rules.get(rule)!.Actions)])
      for (const group of groupsIn(actions)) groups.add(group);
  }
  const { LoadBalancerArn: arn } = balancer;
  for (const left of balancer.groups) {
    const group = groups.has(left) ? undefined : call.state.targetGroups.get(left);
    if (group) group.LoadBalancerArns = group.LoadBalancerArns.filter((each) => each !== arn);
  }
  for (const found of groups) {
    const group = call.state.targetGroups.get(found);
    if (group && !group.LoadBalancerArns.includes(arn)) group.LoadBalancerArns.push(arn);
  }
  balancer.groups = groups;
}

export const shown = ({
  targets: _targets,
  attributes: _attributes,
  tags: _tags,
  fullName: _fullName,
  ...group
}: TargetGroup): sdk.TargetGroup => group;
