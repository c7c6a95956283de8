/** Service auto scaling: target tracking as the rule, steps and schedules where the definition has them. */
import { Fn, type Stack } from "aws-cdk-lib";
import * as appscaling from "aws-cdk-lib/aws-applicationautoscaling";
import * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import type { Service } from "../platform/definition.ts";
import type { Balancer } from "./balancer.ts";
import { pascal, type Place } from "./place.ts";
import { sub } from "./template.ts";

/** How many tasks a region keeps of a service that runs on its machines. */
export function taskBounds({ holdings }: Place, { scaling }: Service): { min: number; max: number } {
  if (holdings.compute === "zero") return { min: 0, max: scaling.max };
  // What is switched on at recovery comes up whole.
  const share = holdings.compute === "live" ? holdings.share : 1;
  return { min: Math.ceil(scaling.min * share), max: scaling.max };
}

export function scaling(
  stack: Stack,
  place: Place,
  name: string,
  service: Service,
  ecsService: { ref: string; attrName: string },
  balancer: Balancer | undefined,
): void {
  const { min, max } = taskBounds(place, service);
  const id = pascal(name);
  const target = new appscaling.CfnScalableTarget(stack, `${id}Scaling`, {
    serviceNamespace: "ecs",
    scalableDimension: "ecs:service:DesiredCount",
    resourceId: Fn.join("/", ["service", place.names.cluster, ecsService.attrName]),
    minCapacity: min,
    maxCapacity: max,
    // Application Auto Scaling's service-linked role, which AWS makes at the first use.
    roleArn: sub(
      "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService",
    ),
    scheduledActions: service.scaling.schedule.map(
      ({ name: scheduledActionName, at: schedule, timezone, min: minCapacity, max: maxCapacity }) => ({
        scheduledActionName,
        schedule,
        timezone,
        scalableTargetAction: { minCapacity, maxCapacity },
      }),
    ),
  });
  tracking(stack, id, service, target.ref, name, balancer);
  steps(stack, place, id, service, target.ref, ecsService.attrName);
}

function tracking(
  stack: Stack,
  id: string,
  { scaling: wishes }: Service,
  scalingTargetId: string,
  name: string,
  balancer: Balancer | undefined,
): void {
  const policy = (suffix: string, targetValue: number, predefinedMetricType: string, resourceLabel?: string) =>
    new appscaling.CfnScalingPolicy(stack, `${id}ScaleOn${suffix}`, {
      policyName: `${name}-${suffix.toLowerCase()}`,
      policyType: "TargetTrackingScaling",
      scalingTargetId,
      targetTrackingScalingPolicyConfiguration: {
        targetValue,
        predefinedMetricSpecification: { predefinedMetricType, resourceLabel },
        scaleOutCooldown: wishes.scaleOutCooldown / 1000,
        scaleInCooldown: wishes.scaleInCooldown / 1000,
      },
    });
  if (wishes.cpu) policy("Cpu", wishes.cpu, "ECSServiceAverageCPUUtilization");
  if (wishes.memory) policy("Memory", wishes.memory, "ECSServiceAverageMemoryUtilization");
  const target = balancer?.targets[name];
  if (wishes.requests && balancer && target) {
    const requests = policy("Requests", wishes.requests, "ALBRequestCountPerTarget", Fn.join("/", [balancer.fullName, target.fullName]));
    // The label is refused while the target group hangs on no listener.
    for (const each of [...balancer.listeners, ...Object.values(balancer.rules)]) requests.node.addDependency(each);
  }
}

/** Bounds count from the alarm's threshold; each step ends where the next begins, the last is open. */
function steps(
  stack: Stack,
  place: Place,
  id: string,
  { scaling: { steps: wishes } }: Service,
  scalingTargetId: string,
  serviceName: string,
): void {
  if (!wishes) return;
  const out = wishes.out.map(({ from, add }, at) => ({
    metricIntervalLowerBound: from,
    metricIntervalUpperBound: wishes.out[at + 1]?.from,
    scalingAdjustment: add,
  }));
  const sides = [
    { suffix: "Out", threshold: wishes.threshold, comparison: "GreaterThanOrEqualToThreshold", periods: 1, adjustments: out },
    ...(wishes.in
      ? [
          {
            suffix: "In",
            threshold: wishes.in.below,
            comparison: "LessThanOrEqualToThreshold",
            periods: 15,
            adjustments: [{ metricIntervalUpperBound: 0, scalingAdjustment: -wishes.in.remove }],
          },
        ]
      : []),
  ];
  for (const { suffix, threshold, comparison, periods, adjustments } of sides) {
    const policy = new appscaling.CfnScalingPolicy(stack, `${id}Step${suffix}`, {
      policyName: `${id}-step-${suffix.toLowerCase()}`,
      policyType: "StepScaling",
      scalingTargetId,
      stepScalingPolicyConfiguration: {
        adjustmentType: "ChangeInCapacity",
        cooldown: wishes.cooldown / 1000,
        metricAggregationType: "Average",
        stepAdjustments: adjustments,
      },
    });
    new cloudwatch.CfnAlarm(stack, `${id}Step${suffix}Alarm`, {
      alarmName: place.names.stack(`${id}-step-${suffix}`.toLowerCase()),
      alarmDescription: `Steps ${suffix.toLowerCase()}: the service's tasks are ${suffix === "Out" ? "above" : "below"} ${threshold} % ${wishes.metric}.`,
      namespace: "AWS/ECS",
      metricName: wishes.metric === "cpu" ? "CPUUtilization" : "MemoryUtilization",
      dimensions: [
        { name: "ClusterName", value: place.names.cluster },
        { name: "ServiceName", value: serviceName },
      ],
      statistic: "Average",
      period: 60,
      evaluationPeriods: periods,
      threshold,
      comparisonOperator: comparison,
      treatMissingData: "missing",
      alarmActions: [policy.ref],
    });
  }
}
