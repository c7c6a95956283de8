/** Target groups that the group's instances are registered in. https://docs.aws.amazon.com/autoscaling/ec2/userguide/autoscaling-load-balancer.html */
import type * as sdk from "@aws-sdk/client-auto-scaling";
import type { Notices, Operations } from "../../service.ts";
import { groupNamed, invalid, page, runs, soon, unlike, type Group, type Here, type Member, type State, type Timers } from "./state.ts";

const TYPE = "elbv2";

export const loadBalancingOperations = {
  AttachLoadBalancerTargetGroups(call, { AutoScalingGroupName, TargetGroupARNs }) {
    const group = groupNamed(call, AutoScalingGroupName);
    checkTargetGroups(call, TargetGroupARNs);
    attach(call, group, TargetGroupARNs);
  },

  DetachLoadBalancerTargetGroups(call, { AutoScalingGroupName, TargetGroupARNs }) {
    const group = groupNamed(call, AutoScalingGroupName);
    checkAttached(group, TargetGroupARNs);
    detach(call, group, TargetGroupARNs);
  },

  DescribeLoadBalancerTargetGroups(call, { AutoScalingGroupName, MaxRecords = 100, NextToken }) {
    const all = [...groupNamed(call, AutoScalingGroupName).targetGroups].map(([LoadBalancerTargetGroupARN, State]) => ({
      LoadBalancerTargetGroupARN,
      State,
    }));
    const { items, NextToken: next } = page(all, MaxRecords, NextToken);
    return { LoadBalancerTargetGroups: items, NextToken: next };
  },

  AttachTrafficSources(call, { AutoScalingGroupName, TrafficSources }) {
    const group = groupNamed(call, AutoScalingGroupName);
    const arns = targetGroupsOf(TrafficSources);
    checkTargetGroups(call, arns);
    attach(call, group, arns);
  },

  DetachTrafficSources(call, { AutoScalingGroupName, TrafficSources }) {
    const group = groupNamed(call, AutoScalingGroupName);
    const arns = targetGroupsOf(TrafficSources);
    checkAttached(group, arns);
    detach(call, group, arns);
  },

  DescribeTrafficSources(call, { AutoScalingGroupName, TrafficSourceType, MaxRecords, NextToken }) {
    const { targetGroups } = groupNamed(call, AutoScalingGroupName);
    const all = [...targetGroups].map(([Identifier, State]) => ({ Identifier, TrafficSource: Identifier, State, Type: TYPE }));
    const { items, NextToken: next } = page(
      TrafficSourceType === undefined || TrafficSourceType === TYPE ? all : [],
      MaxRecords,
      NextToken,
    );
    return { TrafficSources: items, NextToken: next };
  },

  /** Classic Load Balancers can't be attached, so there are none. */
  DescribeLoadBalancers(call, { AutoScalingGroupName }) {
    groupNamed(call, AutoScalingGroupName);
    return { LoadBalancers: [] };
  },
} satisfies Operations<sdk.AutoScaling, State, Timers>;

/** Target groups only; Classic Load Balancers and VPC Lattice are refused by name. */
export function targetGroupsOf(sources: readonly sdk.TrafficSourceIdentifier[]): string[] {
  return sources.map(({ Identifier = "", Type }) => {
    const type = Type ?? (Identifier.includes(":targetgroup/") ? TYPE : Identifier.includes("vpc-lattice") ? "vpc-lattice" : "elb");
    if (type !== TYPE) throw unlike(`traffic sources of type ${type}`);
    return Identifier;
  });
}

export function checkTargetGroups(call: Here, arns: readonly string[]): void {
  const known = call.peek("elasticloadbalancing").targetGroups;
  const strange = arns.find((arn) => !known.has(arn));
  if (strange !== undefined) throw invalid(`Provided Target Groups may not be valid. Please ensure they exist and try again: ${strange}`);
  if (arns.some((arn) => known.get(arn)!.TargetType !== "instance"))
    throw invalid("Provided Target Groups are of type ip or lambda; only those of type instance can be attached.");
}

function checkAttached({ targetGroups }: Group, arns: readonly string[]): void {
  if (arns.some((arn) => !targetGroups.has(arn))) throw invalid("Trying to remove Target Groups that are not part of the group");
}

export function attach(call: Here, group: Group, arns: readonly string[]): void {
  for (const arn of arns) {
    if (group.targetGroups.has(arn)) continue;
    group.targetGroups.set(arn, "Adding");
    call.state.targets.set(arn, (call.state.targets.get(arn) ?? new Set()).add(group.AutoScalingGroupName));
    const serving = [...group.members.values()].filter(({ LifecycleState }) => LifecycleState === "InService");
    registerIn(call, group, arn, serving);
  }
  soon(call, group);
}

export function detach(call: Here, group: Group, arns: readonly string[]): void {
  for (const arn of arns) {
    group.targetGroups.delete(arn);
    call.state.targets.get(arn)?.delete(group.AutoScalingGroupName);
    const serving = [...group.members.keys()].filter((id) => isRegistered(call, arn, id));
    if (serving.length) call.ask("elasticloadbalancing").DeregisterTargets({ TargetGroupArn: arn, Targets: serving.map((Id) => ({ Id })) });
  }
}

/** ASG-002, ASG-024: unless AddToLoadBalancer is suspended, and then it is not made up for. */
export function register(call: Here, group: Group, members: readonly Member[]): void {
  if (!runs(group, "AddToLoadBalancer")) return;
  for (const arn of group.targetGroups.keys()) registerIn(call, group, arn, members);
}

function registerIn(call: Here, group: Group, arn: string, members: readonly Member[]): void {
  const known = call.peek("elasticloadbalancing").targetGroups.has(arn);
  const Targets = members.filter((each) => isUp(call, each)).map(({ InstanceId }) => ({ Id: InstanceId }));
  if (known && Targets.length) call.ask("elasticloadbalancing").RegisterTargets({ TargetGroupArn: arn, Targets });
  if (group.targetGroups.get(arn) === "Adding") group.targetGroups.set(arn, "Added");
}

const isUp = (call: Here, { InstanceId }: Member): boolean => call.peek("ec2").instances.get(InstanceId)?.state === "running";

const isRegistered = (call: Here, arn: string, instance: string): boolean => {
  for (const { id, state } of call.peek("elasticloadbalancing").targetGroups.get(arn)?.targets.values() ?? [])
    if (id === instance && state !== "draining") return true;
  return false;
};

/** Answers whether there is a connection to wait for. */
export function deregister(call: Here, group: Group, members: readonly Member[]): boolean {
  for (const arn of group.targetGroups.keys()) {
    const Targets = members.filter(({ InstanceId }) => isRegistered(call, arn, InstanceId)).map(({ InstanceId }) => ({ Id: InstanceId }));
    if (Targets.length) call.ask("elasticloadbalancing").DeregisterTargets({ TargetGroupArn: arn, Targets });
  }
  return members.some((member) => draining(call, group, member));
}

export function draining(call: Here, group: Group, { InstanceId }: Member): boolean {
  const known = call.peek("elasticloadbalancing").targetGroups;
  for (const arn of group.targetGroups.keys())
    for (const { id } of known.get(arn)?.targets.values() ?? []) if (id === InstanceId) return true;
  return false;
}

/** ASG-004: the attachment is in service when one of its instances has passed. Answers the groups for which that is so now. */
export function attachmentsProven(call: Here, { targetGroupArn, id, state }: Notices["target-health"]): Group[] {
  if (state !== "healthy") return [];
  const proven: Group[] = [];
  for (const name of call.state.targets.get(targetGroupArn) ?? []) {
    const group = call.state.groups.get(name);
    if (!group?.members.has(id) || group.targetGroups.get(targetGroupArn) === "InService") continue;
    group.targetGroups.set(targetGroupArn, "InService");
    proven.push(group);
  }
  return proven;
}

/** The first of its target groups that finds it unhealthy. */
export function unhealthyTarget(call: Here, group: Group, { InstanceId }: Member): boolean {
  const known = call.peek("elasticloadbalancing").targetGroups;
  for (const [arn, attachment] of group.targetGroups) {
    if (attachment !== "InService") continue;
    for (const { id, state } of known.get(arn)?.targets.values() ?? []) if (id === InstanceId && state === "unhealthy") return true;
  }
  return false;
}
