/** Auto Scaling groups: make, change, show, end. https://docs.aws.amazon.com/autoscaling/ec2/userguide/auto-scaling-groups.html */
import type * as sdk from "@aws-sdk/client-auto-scaling";
import { AwsError, type Checked, type Operations } from "../../service.ts";
import { key } from "../iam/names.ts";
import { inProgress } from "./activities.ts";
import { settingsOf } from "./group-settings.ts";
import { judgeAll } from "./health.ts";
import { checkTarget, hookOf } from "./hooks.ts";
import { launchingOf } from "./launch-source.ts";
import { endAll, forget } from "./lifecycle.ts";
import { attach, checkTargetGroups, targetGroupsOf } from "./load-balancing.ts";
import { reportGroup } from "./metrics.ts";
import {
  because,
  groupToChange,
  groupOf,
  invalid,
  page,
  soon,
  unlike,
  type Group,
  type Here,
  type Hook,
  type State,
  type Timers,
} from "./state.ts";
import { checkTags, tagsFrom } from "./tags.ts";
import { groupShown } from "./views.ts";

// docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-quotas.html
export const GROUPS_MAX = 500;
const SIZE_MAX = 10_000;

export const groupOperations = {
  CreateAutoScalingGroup(call, input) {
    const { AutoScalingGroupName: name, MinSize: min, MaxSize: max, DesiredCapacity: desired = min } = input;
    if (!/^[^:/]{1,255}$/.test(name))
      throw invalid(`1 validation error detected: Value '${name}' at 'autoScalingGroupName' failed to satisfy constraint`);
    if (call.state.groups.has(name))
      throw new AwsError(
        "AlreadyExists",
        "AutoScalingGroup by this name already exists - A group with the name " + name + " already exists",
      );
    if (call.state.groups.size >= GROUPS_MAX)
      throw new AwsError("LimitExceeded", "You have exceeded the maximum number of Auto Scaling groups.");
    if (input.LoadBalancerNames?.length) throw unlike("Classic Load Balancers");
    checkSizes(min, max, desired);
    const settings = settingsOf(call, input);
    if (!settings.AvailabilityZones) throw invalid("At least one Availability Zone or VPC Subnet is required.");
    const launching = launchingOf(call, input);
    if (!launching)
      throw invalid(
        "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter.",
      );
    const arns = [...(input.TargetGroupARNs ?? []), ...targetGroupsOf(input.TrafficSources ?? [])];
    checkTargetGroups(call, arns);
    checkTags(input.Tags);
    const hooks = hooksOf(call, name, input.LifecycleHookSpecificationList ?? []);
    const role = input.ServiceLinkedRoleARN ?? linkedRole(call);
    const group: Group = {
      ...blank(call, input),
      ...settings,
      ...launching,
      ServiceLinkedRoleARN: role,
      hooks,
      tags: tagsFrom(input.Tags),
    };
    call.state.groups.set(name, group);
    attach(call, group, arns);
    if (desired > 0) because(call, group, `a user request created an AutoScalingGroup changing the desired capacity from 0 to ${desired}`);
    soon(call, group);
  },

  UpdateAutoScalingGroup(call, input) {
    const group = groupToChange(call, input.AutoScalingGroupName);
    const { MinSize: min = group.MinSize, MaxSize: max = group.MaxSize } = input;
    const before = group.DesiredCapacity;
    // ASG-022: other bounds move it along.
    const desired = input.DesiredCapacity ?? Math.min(max, Math.max(min, before));
    checkSizes(min, max, desired);
    const settings = settingsOf(call, input);
    const launching = launchingOf(call, input);
    Object.assign(group, settings);
    if (launching) Object.assign(group, { LaunchTemplate: undefined, MixedInstancesPolicy: undefined }, launching);
    resize(
      call,
      group,
      { min, max, desired },
      `a user request update of AutoScalingGroup constraints to min: ${min}, max: ${max}, desired: ${desired}`,
    );
    if (settings.HealthCheckType !== undefined) judgeAll(call, group);
    group.unbalanced = undefined;
    if (launching || settings.AvailabilityZones || settings.AvailabilityZoneDistribution) group.failing = undefined;
    soon(call, group);
  },

  SetDesiredCapacity(call, { AutoScalingGroupName, DesiredCapacity: desired, HonorCooldown = false }) {
    const group = groupToChange(call, AutoScalingGroupName);
    // ASG-022
    if (desired > group.MaxSize)
      throw invalid(`New SetDesiredCapacity value ${desired} is above max value ${group.MaxSize} for the AutoScalingGroup.`);
    if (desired < group.MinSize)
      throw invalid(`New SetDesiredCapacity value ${desired} is below min value ${group.MinSize} for the AutoScalingGroup.`);
    if (HonorCooldown && isCooling(call, group))
      throw new AwsError(
        "ScalingActivityInProgress",
        `Scaling activity ${group.activities.at(-1)?.ActivityId ?? ""} is in progress and blocks this action`,
      );
    resize(call, group, { min: group.MinSize, max: group.MaxSize, desired }, "a user request explicitly set group desired capacity");
  },

  DeleteAutoScalingGroup(call, { AutoScalingGroupName, ForceDelete = false }) {
    const group = groupOf(call, AutoScalingGroupName);
    const { DeletionProtection: protection = "none" } = group;
    if (protection === "prevent-all-deletion" || (ForceDelete && protection === "prevent-force-deletion"))
      throw invalid(`You cannot delete the Auto Scaling group: its deletion protection is ${protection}.`);
    if (group.members.size > 0 && !ForceDelete)
      throw new AwsError(
        "ResourceInUse",
        "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group.",
      );
    if (inProgress(group) && !ForceDelete)
      throw new AwsError(
        "ScalingActivityInProgress",
        "You cannot delete an AutoScalingGroup while there are scaling activities in progress for that group.",
      );
    if (group.members.size === 0) return forget(call, group);
    group.Status = "Delete in progress";
    Object.assign(group, { MinSize: 0, MaxSize: 0, DesiredCapacity: 0 });
    endAll(call, group);
  },

  DescribeAutoScalingGroups(call, { AutoScalingGroupNames, Filters, IncludeInstances = true, MaxRecords, NextToken }) {
    const names = AutoScalingGroupNames?.length ? AutoScalingGroupNames : [...call.state.groups.keys()];
    // Those that are not there are left out.
    const all = names
      .flatMap((name) => call.state.groups.get(name) ?? [])
      .filter((group) => (Filters ?? []).every((filter) => matches(group, filter)));
    const { items, NextToken: next } = page(all, MaxRecords, NextToken);
    return { AutoScalingGroups: items.map((group) => groupShown(group, IncludeInstances)), NextToken: next };
  },
} satisfies Operations<sdk.AutoScaling, State, Timers>;

function blank(
  call: Here,
  { AutoScalingGroupName: name, MinSize, MaxSize, DesiredCapacity = MinSize }: Checked<sdk.CreateAutoScalingGroupType>,
): Group {
  return {
    AutoScalingGroupName: name,
    AutoScalingGroupARN: call.arn("autoscaling", `autoScalingGroup:${call.uuid()}:autoScalingGroupName/${name}`),
    MinSize,
    MaxSize,
    DesiredCapacity,
    // API_CreateAutoScalingGroup; ASG-005: the console's 300 s is not the API's.
    DefaultCooldown: 300,
    HealthCheckType: "EC2",
    HealthCheckGracePeriod: 0,
    CreatedTime: call.date,
    AvailabilityZones: [],
    TerminationPolicies: ["Default"],
    NewInstancesProtectedFromScaleIn: false,
    CapacityRebalance: false,
    DeletionProtection: "none",
    AvailabilityZoneDistribution: { CapacityDistributionStrategy: "balanced-best-effort" },
    AvailabilityZoneImpairmentPolicy: { ZonalShiftEnabled: false },
    members: new Map(),
    tags: new Map(),
    suspended: new Map(),
    metrics: new Set(),
    targetGroups: new Map(),
    hooks: new Map(),
    policies: new Map(),
    scheduled: new Map(),
    notifications: new Map(),
    activities: [],
    refreshes: [],
    shifted: new Set(),
    reasons: [],
  };
}

function hooksOf(call: Here, AutoScalingGroupName: string, specifications: readonly sdk.LifecycleHookSpecification[]): Map<string, Hook> {
  const hooks = new Map<string, Hook>();
  for (const specification of specifications) {
    const hook = hookOf({ AutoScalingGroupName, hooks }, specification);
    checkTarget(call, hook);
    hooks.set(hook.LifecycleHookName, hook);
  }
  return hooks;
}

function checkSizes(min: number, max: number, desired: number): void {
  if (min < 0 || max < 0 || desired < 0 || max > SIZE_MAX) throw invalid(`Sizes must be between 0 and ${SIZE_MAX}.`);
  if (min > max) throw invalid("Max bound, " + max + ", must be greater than or equal to min bound, " + min);
  if (desired < min) throw invalid(`Desired capacity:${desired} must be between the specified min size:${min} and max size:${max}`);
  if (desired > max) throw invalid(`Desired capacity:${desired} must be between the specified min size:${min} and max size:${max}`);
}

type Sizes = { min: number; max: number; desired: number };

/** Sets the sizes; the reason is said by the activities that follow. */
export function resize(call: Here, group: Group, { min, max, desired }: Sizes, reason: string): void {
  const before = group.DesiredCapacity;
  Object.assign(group, { MinSize: min, MaxSize: max, DesiredCapacity: desired });
  reportGroup(call, group);
  if (desired !== before) because(call, group, `${reason} changing the desired capacity from ${before} to ${desired}`);
  // What it asked for and could not have is another matter now.
  if (desired !== before) group.failing = undefined;
  soon(call, group);
}

export const isCooling = (call: Here, { cooldown }: Group): boolean =>
  cooldown !== undefined && (cooldown.until === undefined || call.now < cooldown.until);

/** AWS makes the role with the account's first group. docs.aws.amazon.com/autoscaling/ec2/userguide/autoscaling-service-linked-role.html */
function linkedRole(call: Here): string {
  const RoleName = "AWSServiceRoleForAutoScaling";
  if (!call.peek("iam").roles.has(key(RoleName))) call.ask("iam").CreateServiceLinkedRole({ AWSServiceName: "autoscaling.amazonaws.com" });
  return `arn:aws:iam::${call.account}:role/aws-service-role/autoscaling.amazonaws.com/${RoleName}`;
}

function matches({ tags }: Group, { Name = "", Values = [] }: sdk.Filter): boolean {
  if (Name === "tag-key") return Values.some((value) => tags.has(value));
  if (Name === "tag-value") return Values.some((value) => [...tags.values()].some((tag) => tag.value === value));
  if (Name.startsWith("tag:")) return Values.includes(tags.get(Name.slice("tag:".length))?.value ?? "\0");
  throw invalid(`Filter type ${Name} is not correct. Allowed Filter types are: tag-key, tag-value, tag:<key>`);
}
