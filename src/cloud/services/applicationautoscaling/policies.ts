/** Scaling policies and the alarms of those that track a target. */
import type * as sdk from "@aws-sdk/client-application-auto-scaling";
import { AwsError, type Operations } from "../../service.ts";
import { stepsFault } from "./arithmetic.ts";
import {
  checkDimension,
  DIMENSION,
  invalid,
  missing,
  NAMESPACE,
  page,
  partsOf,
  policyKey,
  targetOf,
  type Here,
  type Policy,
  type State,
  type Timers,
} from "./state.ts";

// AAS-028
const POLICIES_MAX = 50;
const STEPS_MAX = 20;

export const policyOperations = {
  PutScalingPolicy(call, input) {
    checkDimension(input.ServiceNamespace, input.ScalableDimension);
    const target = targetOf(call, input.ResourceId);
    const known = call.state.policies.get(policyKey(input.ResourceId, input.PolicyName));
    const type = input.PolicyType ?? known?.PolicyType ?? "StepScaling";
    if (known && input.PolicyType && known.PolicyType !== type) throw invalid("You cannot change the type of a scaling policy.");
    check(type, input);
    if (!known && target.policies.size >= POLICIES_MAX)
      throw new AwsError("LimitExceededException", `The limit of ${POLICIES_MAX} policies for a scalable target is exceeded.`);
    const policy = known ?? made(call, input.ResourceId, input.PolicyName, type);
    policy.StepScalingPolicyConfiguration = input.StepScalingPolicyConfiguration;
    policy.TargetTrackingScalingPolicyConfiguration = input.TargetTrackingScalingPolicyConfiguration;
    call.state.policies.set(policyKey(policy.ResourceId, policy.PolicyName), policy);
    target.policies.add(policy.PolicyName);
    if (type === "TargetTrackingScaling") putAlarms(call, policy);
    return { PolicyARN: policy.PolicyARN, Alarms: policy.Alarms };
  },

  DeleteScalingPolicy(call, { ServiceNamespace, ScalableDimension, ResourceId, PolicyName }) {
    checkDimension(ServiceNamespace, ScalableDimension);
    const policy = call.state.policies.get(policyKey(ResourceId, PolicyName));
    if (!policy)
      throw missing(
        `No scaling policy found for service namespace: ${NAMESPACE}, resource ID: ${ResourceId}, scalable dimension: ${DIMENSION}: ${PolicyName}`,
      );
    deletePolicy(call, policy);
  },

  DescribeScalingPolicies(call, { ServiceNamespace, ScalableDimension, ResourceId, PolicyNames, MaxResults, NextToken }) {
    checkDimension(ServiceNamespace, ScalableDimension);
    const all = [...call.state.policies.values()].filter(
      (each) => (!ResourceId || each.ResourceId === ResourceId) && (!PolicyNames?.length || PolicyNames.includes(each.PolicyName)),
    );
    const { items, next } = page(all, MaxResults, NextToken);
    // A step policy's alarms are the user's own: those that name it.
    return { ScalingPolicies: items.map((each) => ({ ...each, Alarms: alarmsOf(call, each) })), NextToken: next };
  },
} satisfies Operations<sdk.ApplicationAutoScaling, State, Timers>;

export function deletePolicy(call: Here, policy: Policy): void {
  call.state.policies.delete(policyKey(policy.ResourceId, policy.PolicyName));
  call.state.targets.get(policy.ResourceId)?.policies.delete(policy.PolicyName);
  if (policy.Alarms.length) call.ask("cloudwatch").DeleteAlarms({ AlarmNames: policy.Alarms.map((alarm) => alarm.AlarmName) });
}

function made(call: Here, resource: string, name: string, type: sdk.PolicyType): Policy {
  const id = call.uuid();
  return {
    PolicyARN: call.arn("autoscaling", `scalingPolicy:${id}:resource/${NAMESPACE}/${resource}:policyName/${name}`),
    PolicyName: name,
    ServiceNamespace: NAMESPACE,
    ResourceId: resource,
    ScalableDimension: DIMENSION,
    PolicyType: type,
    CreationTime: call.date,
    Alarms: [],
  };
}

function alarmsOf(call: Here, policy: Policy): sdk.Alarm[] {
  if (policy.PolicyType !== "StepScaling") return policy.Alarms;
  const { MetricAlarms } = call.ask("cloudwatch").DescribeAlarms({ ActionPrefix: policy.PolicyARN });
  return MetricAlarms.map(({ AlarmName, AlarmArn }) => ({ AlarmName, AlarmARN: AlarmArn }));
}

function check(type: sdk.PolicyType, input: Parameters<(typeof policyOperations)["PutScalingPolicy"]>[1]): void {
  const { StepScalingPolicyConfiguration: step, TargetTrackingScalingPolicyConfiguration: tracking } = input;
  if (type === "StepScaling") {
    if (!step) throw invalid("StepScalingPolicyConfiguration is required for a policy of type StepScaling.");
    return checkSteps(step);
  }
  if (type !== "TargetTrackingScaling") throw new AwsError("NotImplemented", `Causeway does not emulate policies of type ${type}.`, 501);
  if (!tracking) throw invalid("TargetTrackingScalingPolicyConfiguration is required for a policy of type TargetTrackingScaling.");
  const { TargetValue = 0, PredefinedMetricSpecification, CustomizedMetricSpecification } = tracking;
  if (!(TargetValue > 0)) throw invalid("TargetValue must be greater than zero.");
  if ((PredefinedMetricSpecification === undefined) === (CustomizedMetricSpecification === undefined))
    throw invalid("Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification must be given.");
  if (PredefinedMetricSpecification) predefined(PredefinedMetricSpecification, input.ResourceId);
}

/** AAS-019: steps neither overlap nor leave a gap, and are open where they must be. */
function checkSteps({ AdjustmentType, StepAdjustments = [] }: sdk.StepScalingPolicyConfiguration): void {
  if (!AdjustmentType) throw invalid("AdjustmentType is required.");
  if (StepAdjustments.length === 0) throw invalid("At least one StepAdjustment is required.");
  if (StepAdjustments.length > STEPS_MAX) throw new AwsError("LimitExceededException", `A policy takes ${STEPS_MAX} step adjustments.`);
  if (
    StepAdjustments.some(
      ({ MetricIntervalLowerBound: lower, MetricIntervalUpperBound: upper }) => lower === undefined && upper === undefined,
    )
  )
    throw invalid("At least one StepAdjustment bound must be given.");
  const fault = stepsFault(StepAdjustments);
  if (fault !== undefined) throw invalid(fault);
  if (AdjustmentType === "ExactCapacity" && StepAdjustments.some(({ ScalingAdjustment = 0 }) => ScalingAdjustment < 0))
    throw invalid("ScalingAdjustment must not be negative for ExactCapacity.");
}

type Metric = { Namespace?: string; MetricName?: string; Dimensions?: { Name: string; Value: string }[]; Statistic?: "Average" | "Sum" };

/** AAS-016 */
function predefined({ PredefinedMetricType: type, ResourceLabel: label }: sdk.PredefinedMetricSpecification, resource: string): Metric {
  const { cluster, service } = partsOf(resource);
  const dimensions = [
    { Name: "ClusterName", Value: cluster },
    { Name: "ServiceName", Value: service },
  ];
  if (type === "ECSServiceAverageCPUUtilization")
    return { Namespace: "AWS/ECS", MetricName: "CPUUtilization", Dimensions: dimensions, Statistic: "Average" };
  if (type === "ECSServiceAverageMemoryUtilization")
    return { Namespace: "AWS/ECS", MetricName: "MemoryUtilization", Dimensions: dimensions, Statistic: "Average" };
  if (type !== "ALBRequestCountPerTarget")
    throw new AwsError("NotImplemented", `Causeway does not emulate the predefined metric ${type}.`, 501);
  const [, balancer, group] = /^(app\/[^/]+\/[^/]+)\/(targetgroup\/[^/]+\/[^/]+)$/.exec(label ?? "") ?? [];
  if (balancer === undefined || group === undefined)
    throw invalid("ResourceLabel must be app/<load-balancer-name>/<load-balancer-id>/targetgroup/<target-group-name>/<target-group-id>.");
  return {
    Namespace: "AWS/ApplicationELB",
    MetricName: "RequestCountPerTarget",
    Dimensions: [
      { Name: "LoadBalancer", Value: balancer },
      { Name: "TargetGroup", Value: group },
    ],
    Statistic: "Sum",
  };
}

/** AAS-003, AAS-004: too much for three minutes, too little for fifteen. */
function putAlarms(call: Here, policy: Policy): void {
  const {
    TargetValue = 0,
    PredefinedMetricSpecification,
    CustomizedMetricSpecification,
  } = policy.TargetTrackingScalingPolicyConfiguration!;
  const metric = PredefinedMetricSpecification
    ? predefined(PredefinedMetricSpecification, policy.ResourceId)
    : custom(CustomizedMetricSpecification!);
  const ways = [
    { way: "High", EvaluationPeriods: 3, Threshold: TargetValue, ComparisonOperator: "GreaterThanThreshold" },
    // Binary fractions are not to be seen: 0.9 × 30 is 27.
    { way: "Low", EvaluationPeriods: 15, Threshold: Number((0.9 * TargetValue).toPrecision(12)), ComparisonOperator: "LessThanThreshold" },
  ] as const;
  const known = policy.Alarms;
  policy.Alarms = ways.map(({ way, ...rule }, at) => {
    const AlarmName = known[at]?.AlarmName ?? `TargetTracking-${policy.ResourceId}-Alarm${way}-${call.uuid()}`;
    call.ask("cloudwatch").PutMetricAlarm({
      AlarmName,
      AlarmDescription: `DO NOT EDIT OR DELETE. For TargetTrackingScaling policy ${policy.PolicyARN}.`,
      ActionsEnabled: true,
      AlarmActions: [policy.PolicyARN],
      ...("Metrics" in metric ? metric : { ...metric, Period: 60 }),
      ...rule,
    });
    return { AlarmName, AlarmARN: call.arn("cloudwatch", `alarm:${AlarmName}`) };
  });
}

function custom({ MetricName, Namespace, Dimensions, Statistic, Unit, Metrics }: sdk.CustomizedMetricSpecification) {
  if (!Metrics?.length) {
    const dimensions = Dimensions?.map(({ Name = "", Value = "" }) => ({ Name, Value }));
    return { MetricName, Namespace, Dimensions: dimensions, Statistic, ...(Unit && { Unit: Unit as "Count" }) };
  }
  return {
    Metrics: Metrics.map(({ Id = "", Expression, Label, MetricStat, ReturnData }) => ({
      Id,
      Expression,
      Label,
      ReturnData: ReturnData ?? true,
      ...(MetricStat && {
        MetricStat: { Metric: MetricStat.Metric, Stat: MetricStat.Stat, Unit: MetricStat.Unit as "Count" | undefined, Period: 60 },
      }),
    })),
  };
}
