/** Target groups. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html */
import type * as sdk from "@aws-sdk/client-elastic-load-balancing-v2";
import { AwsError, type Operations } from "../../service.ts";
import { attributeList, groupAttributes, groupDefaults } from "./attributes.ts";
import { checkSettings, settingsOf } from "./health-settings.ts";
import { forgetEvent, resettle } from "./health.ts";
import { quotaOf } from "./limits.ts";
import { reportHealth } from "./metrics.ts";
import { slowOver, slowSettled } from "./slow-start.ts";
import {
  balancerOf,
  digits,
  groupOf,
  invalid,
  noFlow,
  notImplemented,
  page,
  refuse,
  tagMap,
  type State,
  type TargetGroup,
  type Timers,
} from "./state.ts";
import { checkTags } from "./tags.ts";
import { forgetHolder } from "./targets.ts";
import { refresh } from "./traffic.ts";

const protocols = ["HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP"];
const types = ["instance", "ip", "alb"];

export const targetGroupOperations = {
  CreateTargetGroup(call, { Tags, ...input }) {
    const { Name, TargetType = "instance", IpAddressType = "ipv4", TargetControlPort, ProtocolVersion } = input;
    checkName(Name);
    if (!types.includes(TargetType)) throw notImplemented(`targets of type ${TargetType}`);
    refuse("target groups", { TargetControlPort });
    if (IpAddressType !== "ipv4") throw notImplemented("target groups with IPv6 addresses");
    const { Protocol, Port, VpcId } = input;
    if (Protocol === undefined) throw invalid("A protocol must be specified");
    if (!protocols.includes(Protocol)) throw notImplemented(`target groups of protocol ${Protocol}`);
    if (Port === undefined || Port < 1 || Port > 65_535) throw invalid("A port between 1 and 65535 must be specified");
    if (VpcId === undefined) throw invalid("A VPC ID must be specified");
    if (!call.peek("ec2").vpcs.has(VpcId)) throw invalid(`The VPC ID '${VpcId}' is not found`);
    if (TargetType === "alb" && Protocol !== "TCP") throw invalid("Target groups of type 'alb' must have the protocol TCP");
    const http = Protocol.startsWith("HTTP");
    if (ProtocolVersion !== undefined && !http) throw invalid("A protocol version can be specified for HTTP and HTTPS target groups only");
    if (!["HTTP1", "HTTP2", "GRPC"].includes(ProtocolVersion ?? "HTTP1"))
      throw invalid(`Protocol version '${ProtocolVersion}' is not valid`);
    const asked = JSON.stringify(input);
    const twin = [...call.state.targetGroups.values()].find((each) => each.TargetGroupName === Name);
    // The same wish again is answered with what is there: API_CreateTargetGroup.html
    if (twin?.asked === asked) return { TargetGroups: [shown(twin)] };
    if (twin)
      throw new AwsError("DuplicateTargetGroupName", `A target group with the same name '${Name}' exists, but with different settings`);
    if (call.state.targetGroups.size >= quotaOf(call, "groups"))
      throw new AwsError("TooManyTargetGroups", "The maximum number of target groups has been reached");
    checkTags(Tags);
    const settings = settingsOf({ Protocol, TargetType, ProtocolVersion: http ? (ProtocolVersion ?? "HTTP1") : undefined }, input);
    const fullName = `targetgroup/${Name}/${digits(call)}`;
    const group: TargetGroup = {
      TargetGroupArn: call.arn("elasticloadbalancing", fullName),
      TargetGroupName: Name,
      Protocol,
      ...(http && { ProtocolVersion: ProtocolVersion ?? "HTTP1" }),
      Port,
      VpcId,
      TargetType,
      IpAddressType,
      LoadBalancerArns: [],
      ...settings,
      targets: new Map(),
      attributes: groupDefaults({ Protocol, TargetType }),
      tags: tagMap(Tags),
      fullName,
      asked,
      users: new Set(),
      offered: new Map(),
      flow: noFlow(),
      told: new Map(),
    };
    call.state.targetGroups.set(group.TargetGroupArn, group);
    return { TargetGroups: [shown(group)] };
  },

  ModifyTargetGroup(call, { TargetGroupArn, ...input }) {
    const group = groupOf(call, TargetGroupArn);
    const { HealthCheckIntervalSeconds, HealthCheckTimeoutSeconds, HealthyThresholdCount, UnhealthyThresholdCount } = group;
    const { HealthCheckEnabled, HealthCheckPort, HealthCheckProtocol, HealthCheckPath, Matcher } = group;
    const now = { HealthCheckIntervalSeconds, HealthCheckTimeoutSeconds, HealthyThresholdCount, UnhealthyThresholdCount };
    const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
    const settings = { ...now, HealthCheckEnabled, HealthCheckPort, HealthCheckProtocol, HealthCheckPath, Matcher, ...given };
    checkSettings(group, settings);
    resettle(call, group, () => Object.assign(group, settings, { asked: "" }));
    return { TargetGroups: [shown(group)] };
  },

  DeleteTargetGroup(call, { TargetGroupArn }) {
    const group = call.state.targetGroups.get(TargetGroupArn);
    if (!group) return; // "If the target group does not exist, the call succeeds", as with load balancers
    if (group.users.size > 0)
      throw new AwsError("ResourceInUse", `Target group '${TargetGroupArn}' is currently in use by a listener or a rule`);
    for (const target of group.targets.values()) {
      forgetEvent(call, target);
      slowOver(call, target);
      group.targets.delete(`${target.id}:${target.port}`);
      forgetHolder(call, group, target.id);
    }
    call.state.targetGroups.delete(TargetGroupArn);
  },

  DescribeTargetGroups(call, { LoadBalancerArn, TargetGroupArns, Names, PageSize, Marker }) {
    const all = [...call.state.targetGroups.values()];
    const byName = Names?.map((name) => {
      const found = all.find((each) => each.TargetGroupName === name);
      if (!found) throw new AwsError("TargetGroupNotFound", `Target groups '[${name}]' not found`);
      return found;
    });
    const ofBalancer =
      LoadBalancerArn === undefined ? undefined : [...balancerOf(call, LoadBalancerArn).groups].map((arn) => groupOf(call, arn));
    const named = TargetGroupArns?.length ? TargetGroupArns.map((arn) => groupOf(call, arn)) : undefined;
    const { items, next } = page(named ?? (byName?.length ? byName : (ofBalancer ?? all)), PageSize, Marker);
    return { TargetGroups: items.map(shown), NextMarker: next };
  },

  DescribeTargetGroupAttributes(call, { TargetGroupArn }) {
    return { Attributes: attributeList(groupOf(call, TargetGroupArn).attributes) };
  },

  ModifyTargetGroupAttributes(call, { TargetGroupArn, Attributes }) {
    const group = groupOf(call, TargetGroupArn);
    group.attributes = groupAttributes(group, Attributes);
    slowSettled(call, group);
    reportHealth(call, group);
    refresh(call, group);
    return { Attributes: attributeList(group.attributes) };
  },
} satisfies Operations<sdk.ElasticLoadBalancingV2, State, Timers>;

function checkName(name: string): void {
  if (!/^[A-Za-z0-9-]{1,32}$/.test(name)) throw invalid(`Target group name '${name}' must have 1 to 32 letters, digits or hyphens`);
  if (name.startsWith("-") || name.endsWith("-")) throw invalid(`Target group name '${name}' must not begin or end with a hyphen`);
}

export const shown = ({
  targets: _targets,
  attributes: _attributes,
  tags: _tags,
  fullName: _fullName,
  asked: _asked,
  users: _users,
  offered: _offered,
  flow: _flow,
  told: _told,
  ...group
}: TargetGroup): sdk.TargetGroup => group;
