/** CloudFormation's types of Application Auto Scaling. docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ApplicationAutoScaling.html */
import type * as sdk from "@aws-sdk/client-application-auto-scaling";
import { resource, type Call, type Properties } from "../../service.ts";
import { policyOperations } from "./policies.ts";
import { scheduleOperations } from "./schedules.ts";
import { DIMENSION, NAMESPACE, type Here, type Policy } from "./state.ts";
import { targetOperations } from "./targets.ts";

const number = (value: unknown): number | undefined => (value === undefined ? undefined : Number(value));
const flag = (value: unknown): boolean | undefined => (value === undefined ? undefined : value === true || value === "true");

const scalableTarget = resource({
  create(call: Call, properties) {
    register(call, properties);
    return idOf(properties);
  },
  update(call: Call, _id, properties, previous) {
    register(call, properties);
    const kept = new Set(actions(properties).map(({ ScheduledActionName }) => String(ScheduledActionName)));
    for (const { ScheduledActionName } of actions(previous)) {
      if (kept.has(String(ScheduledActionName))) continue;
      scheduleOperations.DeleteScheduledAction(call, { ...named(properties), ScheduledActionName: String(ScheduledActionName) });
    }
  },
  delete(call: Here, _id, properties) {
    if (call.state.targets.has(String(properties.ResourceId))) targetOperations.DeregisterScalableTarget(call, named(properties));
  },
  attributes: (_call, id) => ({ Id: id }),
  read(call: Here, _id, properties) {
    const target = call.state.targets.get(String(properties.ResourceId));
    return target && { ...properties, MinCapacity: target.MinCapacity, MaxCapacity: target.MaxCapacity };
  },
});

const scalingPolicy = resource({
  create: (call: Call, properties) => put(call, properties).PolicyARN,
  update: (call: Call, _id, properties) => void put(call, properties),
  delete(call: Here, id) {
    const policy = byArn(call, id);
    if (policy) policyOperations.DeleteScalingPolicy(call, { ...namedOf(policy), PolicyName: policy.PolicyName });
  },
  attributes: (_call, id) => ({ Arn: id }),
  read: (call: Here, id, properties) => (byArn(call, id) ? properties : undefined),
});

export const resources = {
  "AWS::ApplicationAutoScaling::ScalableTarget": scalableTarget,
  "AWS::ApplicationAutoScaling::ScalingPolicy": scalingPolicy,
};

const idOf = ({ ResourceId, ScalableDimension = DIMENSION, ServiceNamespace = NAMESPACE }: Properties): string =>
  `${String(ResourceId)}|${String(ScalableDimension)}|${String(ServiceNamespace)}`;

const named = ({ ResourceId, ScalableDimension, ServiceNamespace }: Properties) => ({
  ResourceId: String(ResourceId),
  ScalableDimension: ScalableDimension as sdk.ScalableDimension,
  ServiceNamespace: ServiceNamespace as sdk.ServiceNamespace,
});

const namedOf = ({ ResourceId, ScalableDimension, ServiceNamespace }: Policy) => ({ ResourceId, ScalableDimension, ServiceNamespace });

const actions = ({ ScheduledActions }: Properties): Properties[] => (ScheduledActions as Properties[] | undefined) ?? [];

function register(call: Call, properties: Properties): void {
  const { RoleARN, SuspendedState, MinCapacity, MaxCapacity } = properties;
  const suspended = Object.fromEntries(
    Object.entries((SuspendedState as object | undefined) ?? {}).map(([key, value]) => [key, flag(value)]),
  );
  targetOperations.RegisterScalableTarget(call, {
    ...named(properties),
    MinCapacity: number(MinCapacity),
    MaxCapacity: number(MaxCapacity),
    RoleARN: RoleARN as string | undefined,
    SuspendedState: suspended,
  });
  for (const { ScheduledActionName, Schedule, Timezone, StartTime, EndTime, ScalableTargetAction } of actions(properties)) {
    scheduleOperations.PutScheduledAction(call, {
      ...named(properties),
      ScheduledActionName: String(ScheduledActionName),
      Schedule: Schedule as string,
      Timezone: Timezone as string | undefined,
      StartTime: StartTime === undefined ? undefined : new Date(String(StartTime)),
      EndTime: EndTime === undefined ? undefined : new Date(String(EndTime)),
      ScalableTargetAction: {
        MinCapacity: number((ScalableTargetAction as Properties | undefined)?.MinCapacity),
        MaxCapacity: number((ScalableTargetAction as Properties | undefined)?.MaxCapacity),
      },
    });
  }
}

/** By `ScalingTargetId`, or by the three names that it is made of. */
function put(call: Call, properties: Properties) {
  const [ResourceId, ScalableDimension, ServiceNamespace] = String(properties.ScalingTargetId ?? idOf(properties)).split("|");
  return policyOperations.PutScalingPolicy(call, {
    ...named({ ResourceId, ScalableDimension, ServiceNamespace }),
    PolicyName: String(properties.PolicyName),
    PolicyType: properties.PolicyType as sdk.PolicyType,
    StepScalingPolicyConfiguration: steps(properties.StepScalingPolicyConfiguration as Properties | undefined),
    TargetTrackingScalingPolicyConfiguration: tracking(properties.TargetTrackingScalingPolicyConfiguration as Properties | undefined),
  });
}

function steps(given: Properties | undefined): sdk.StepScalingPolicyConfiguration | undefined {
  if (!given) return undefined;
  return {
    AdjustmentType: given.AdjustmentType as sdk.AdjustmentType,
    Cooldown: number(given.Cooldown),
    MetricAggregationType: given.MetricAggregationType as sdk.MetricAggregationType,
    MinAdjustmentMagnitude: number(given.MinAdjustmentMagnitude),
    StepAdjustments: ((given.StepAdjustments as Properties[] | undefined) ?? []).map((step) => ({
      MetricIntervalLowerBound: number(step.MetricIntervalLowerBound),
      MetricIntervalUpperBound: number(step.MetricIntervalUpperBound),
      ScalingAdjustment: number(step.ScalingAdjustment),
    })),
  };
}

function tracking(given: Properties | undefined): sdk.TargetTrackingScalingPolicyConfiguration | undefined {
  if (!given) return undefined;
  return {
    ...(given as sdk.TargetTrackingScalingPolicyConfiguration),
    TargetValue: Number(given.TargetValue),
    ScaleInCooldown: number(given.ScaleInCooldown),
    ScaleOutCooldown: number(given.ScaleOutCooldown),
    DisableScaleIn: flag(given.DisableScaleIn),
  };
}

const byArn = (call: Here, arn: string): Policy | undefined => [...call.state.policies.values()].find(({ PolicyARN }) => PolicyARN === arn);
