/** Service auto scaling: target tracking as the rule, steps and schedules where the definition has them. */
import { Fn, type Stack } from "aws-cdk-lib";
import * as applicationautoscaling from "aws-cdk-lib/aws-applicationautoscaling";
import * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import type { Service } from "../platform/definition.ts";
import type { Balancer } from "./balancer.ts";
import { scheduledBounds, taskBounds } from "./capacity.ts";
import { pascal, type Place } from "./place.ts";

type Scaled = {
  name: string;
  service: Service;
  /** The ECS service's name, by reference: its scaling comes after it. */
  ecsService: string;
  balancer?: Balancer;
};

export function scaling(stack: Stack, place: Place, scaled: Scaled): void {
  const { name, service, ecsService } = scaled;
  const { min, max } = taskBounds(place, service);
  const target = new applicationautoscaling.CfnScalableTarget(stack, `${pascal(name)}Scaling`, {
    serviceNamespace: "ecs",
    scalableDimension: "ecs:service:DesiredCount",
    resourceId: Fn.join("/", ["service", place.names.cluster, ecsService]),
    minCapacity: min,
    maxCapacity: max,
    scheduledActions: scheduledBounds(place, service).map(
      ({ name: scheduledActionName, at: schedule, timezone, min: minCapacity, max: maxCapacity }) => ({
        scheduledActionName,
        schedule,
        timezone,
        scalableTargetAction: { minCapacity, maxCapacity },
      }),
    ),
  });
  tracking(stack, scaled, target.ref);
  stepping(stack, place, scaled, target.ref);
}

function tracking(stack: Stack, { name, service, balancer }: Scaled, scalingTargetId: string): void {
  const { cpu, memory, requests, scaleOutCooldown, scaleInCooldown } = service.scaling;
  const policy = (suffix: string, targetValue: number, predefinedMetricType: string, resourceLabel?: string) =>
    new applicationautoscaling.CfnScalingPolicy(stack, `${pascal(name)}ScaleOn${suffix}`, {
      policyName: `${name}-${suffix.toLowerCase()}`,
      policyType: "TargetTrackingScaling",
      scalingTargetId,
      targetTrackingScalingPolicyConfiguration: {
        targetValue,
        predefinedMetricSpecification: { predefinedMetricType, resourceLabel },
        scaleOutCooldown: scaleOutCooldown / 1000,
        scaleInCooldown: scaleInCooldown / 1000,
      },
    });
  if (cpu !== undefined) policy("Cpu", cpu, "ECSServiceAverageCPUUtilization");
  if (memory !== undefined) policy("Memory", memory, "ECSServiceAverageMemoryUtilization");
  const target = balancer?.targets[name];
  if (requests === undefined || !balancer || !target) return;
  // app/NAME/ID/targetgroup/NAME/ID: docs.aws.amazon.com/autoscaling/application/APIReference/API_PredefinedMetricSpecification.html
  const label = Fn.join("/", [balancer.fullName, target.fullName]);
  const onRequests = policy("Requests", requests, "ALBRequestCountPerTarget", label);
  // The label is refused while the target group hangs on no listener.
  for (const each of balancer.ready) onRequests.addResourceDependency(each);
}

type Direction = {
  suffix: "Out" | "In";
  threshold: number;
  comparisonOperator: "GreaterThanOrEqualToThreshold" | "LessThanThreshold";
  /** Minutes in a row. */
  evaluationPeriods: number;
  stepAdjustments: applicationautoscaling.CfnScalingPolicy.StepAdjustmentProperty[];
};

/**
 * Bounds count from the alarm's threshold: each step ends where the next begins, and the last is open, so that none overlap and no breach falls
 * between two. Out after one minute, for the surge that tracking (three minutes) is late for; in after fifteen, as tracking does.
 */
function directions({ threshold, out, in: inward }: NonNullable<Service["scaling"]["steps"]>): Direction[] {
  const outward: Direction = {
    suffix: "Out",
    threshold,
    comparisonOperator: "GreaterThanOrEqualToThreshold",
    evaluationPeriods: 1,
    stepAdjustments: out.map(({ from, add }, at) => ({
      metricIntervalLowerBound: from,
      metricIntervalUpperBound: out[at + 1]?.from,
      scalingAdjustment: add,
    })),
  };
  if (!inward) return [outward];
  const stepAdjustments = [{ metricIntervalUpperBound: 0, scalingAdjustment: -inward.remove }];
  return [
    outward,
    { suffix: "In", threshold: inward.below, comparisonOperator: "LessThanThreshold", evaluationPeriods: 15, stepAdjustments },
  ];
}

function stepping(stack: Stack, { names }: Place, { name, service, ecsService }: Scaled, scalingTargetId: string): void {
  const { steps } = service.scaling;
  if (!steps) return;
  for (const { suffix, stepAdjustments, ...alarm } of directions(steps)) {
    const purpose = `${name}-step-${suffix.toLowerCase()}`;
    const policy = new applicationautoscaling.CfnScalingPolicy(stack, `${pascal(name)}Step${suffix}`, {
      policyName: purpose,
      policyType: "StepScaling",
      scalingTargetId,
      stepScalingPolicyConfiguration: {
        adjustmentType: "ChangeInCapacity",
        metricAggregationType: "Average",
        cooldown: steps.cooldown / 1000,
        stepAdjustments,
      },
    });
    new cloudwatch.CfnAlarm(stack, `${pascal(name)}Step${suffix}Alarm`, {
      ...alarm,
      alarmName: names.stack(purpose),
      alarmDescription: `Makes ${name} take a step ${suffix.toLowerCase()}. Not for people.`,
      namespace: "AWS/ECS",
      metricName: steps.metric === "cpu" ? "CPUUtilization" : "MemoryUtilization",
      dimensions: [
        { name: "ClusterName", value: names.cluster },
        { name: "ServiceName", value: ecsService },
      ],
      statistic: "Average",
      period: 60,
      treatMissingData: "notBreaching",
      alarmActions: [policy.ref],
    });
  }
}
