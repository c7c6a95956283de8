/** Scaling policies, and the alarms of those that track a target. https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scale-based-on-demand.html */
import type * as sdk from "@aws-sdk/client-auto-scaling";
import { AwsError, type Operations } from "../../service.ts";
import { stepsFault } from "../applicationautoscaling/arithmetic.ts";
import { carryOut } from "./scaling.ts";
import { groupNamed, invalid, page, unlike, type Group, type Here, type Policy, type State, type Timers } from "./state.ts";

// docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-quotas.html
const POLICIES_MAX = 50;
const STEPS_MAX = 20;
const ADJUSTMENTS = ["ChangeInCapacity", "ExactCapacity", "PercentChangeInCapacity"];

export const policyOperations = {
  PutScalingPolicy(call, input) {
    const group = groupNamed(call, input.AutoScalingGroupName);
    const known = group.policies.get(input.PolicyName);
    const type = input.PolicyType ?? known?.PolicyType ?? "SimpleScaling";
    if (known && known.PolicyType !== type) throw invalid("You cannot change the type of a scaling policy.");
    if (!known && group.policies.size >= POLICIES_MAX)
      throw new AwsError("LimitExceeded", `A group takes ${POLICIES_MAX} scaling policies.`);
    check(type, input);
    const { PredictiveScalingConfiguration: _predictive, MinAdjustmentStep, ...given } = input;
    const policy: Policy = {
      ...given,
      // Its older name: API_PutScalingPolicy
      MinAdjustmentMagnitude: given.MinAdjustmentMagnitude ?? MinAdjustmentStep,
      PolicyType: type,
      Enabled: input.Enabled ?? true,
      PolicyARN:
        known?.PolicyARN ??
        call.arn(
          "autoscaling",
          `scalingPolicy:${call.uuid()}:autoScalingGroupName/${group.AutoScalingGroupName}:policyName/${input.PolicyName}`,
        ),
      Alarms: known?.Alarms ?? [],
    };
    if (type === "StepScaling") policy.MetricAggregationType ??= "Average";
    group.policies.set(policy.PolicyName, policy);
    if (type === "TargetTrackingScaling") putAlarms(call, policy);
    return { PolicyARN: policy.PolicyARN, Alarms: policy.Alarms };
  },

  DeletePolicy(call, { AutoScalingGroupName, PolicyName }) {
    const { group, policy } = policyOf(call, AutoScalingGroupName, PolicyName);
    group.policies.delete(policy.PolicyName);
    const known = call.peek("cloudwatch").alarms;
    const names = policy.Alarms.map(({ AlarmName }) => AlarmName).filter((name) => known.has(name));
    if (names.length) call.ask("cloudwatch").DeleteAlarms({ AlarmNames: names });
  },

  DescribePolicies(call, { AutoScalingGroupName, PolicyNames, PolicyTypes, MaxRecords, NextToken }) {
    const groups = AutoScalingGroupName === undefined ? [...call.state.groups.values()] : [groupNamed(call, AutoScalingGroupName)];
    const all = groups
      .flatMap(({ policies }) => [...policies.values()])
      .filter((each) => !PolicyNames?.length || PolicyNames.includes(each.PolicyName) || PolicyNames.includes(each.PolicyARN))
      .filter((each) => !PolicyTypes?.length || PolicyTypes.includes(each.PolicyType));
    const { items, NextToken: next } = page(all, MaxRecords, NextToken);
    return {
      ScalingPolicies: items.map((each) => ({ ...each, StepAdjustments: each.StepAdjustments ?? [], Alarms: alarmsOf(call, each) })),
      NextToken: next,
    };
  },

  ExecutePolicy(call, { AutoScalingGroupName, PolicyName, HonorCooldown = false, MetricValue, BreachThreshold }) {
    const { group, policy } = policyOf(call, AutoScalingGroupName, PolicyName);
    if (policy.PolicyType === "TargetTrackingScaling") throw invalid("A policy of type TargetTrackingScaling can't be executed.");
    if (policy.PolicyType === "StepScaling" && (MetricValue === undefined || BreachThreshold === undefined))
      throw invalid("MetricValue and BreachThreshold must be specified for a policy of type StepScaling.");
    carryOut(call, group, policy, { values: [MetricValue ?? 0], threshold: BreachThreshold, honour: HonorCooldown });
  },

  GetPredictiveScalingForecast() {
    throw unlike("predictive scaling");
  },
} satisfies Operations<sdk.AutoScaling, State, Timers>;

/** By name and group, or by ARN. */
function policyOf(call: Here, groupName: string | undefined, name: string): { group: Group; policy: Policy } {
  const [, ofArn, named] = /:autoScalingGroupName\/(.+):policyName\/(.+)$/.exec(name) ?? [];
  const group = call.state.groups.get(ofArn ?? groupName ?? "");
  const policy = group?.policies.get(named ?? name);
  if (!group || !policy) throw invalid("PolicyName or PolicyARN not found");
  return { group, policy };
}

/** Of simple and step policies the user's own: those that name it. */
function alarmsOf(call: Here, policy: Policy): sdk.Alarm[] {
  if (policy.PolicyType === "TargetTrackingScaling") return policy.Alarms;
  const { MetricAlarms } = call.ask("cloudwatch").DescribeAlarms({ ActionPrefix: policy.PolicyARN });
  return MetricAlarms.map(({ AlarmName, AlarmArn }) => ({ AlarmName, AlarmARN: AlarmArn }));
}

type Put = Parameters<(typeof policyOperations)["PutScalingPolicy"]>[1];

function check(type: string, input: Put): void {
  if (type === "PredictiveScaling") throw unlike("predictive scaling");
  if (!["SimpleScaling", "StepScaling", "TargetTrackingScaling"].includes(type)) throw invalid(`"${type}" is not a valid policy type.`);
  if (type === "TargetTrackingScaling") return checkTracking(input);
  if (!ADJUSTMENTS.includes(input.AdjustmentType ?? "")) throw invalid(`AdjustmentType must be one of [${ADJUSTMENTS.join(", ")}]`);
  const magnitude = input.MinAdjustmentMagnitude ?? input.MinAdjustmentStep;
  if (magnitude !== undefined && input.AdjustmentType !== "PercentChangeInCapacity")
    throw invalid("MinAdjustmentMagnitude is only for the adjustment type PercentChangeInCapacity.");
  if (type === "StepScaling") return checkSteps(input);
  if (input.ScalingAdjustment === undefined) throw invalid("ScalingAdjustment is required for a policy of type SimpleScaling.");
  if (input.StepAdjustments?.length) throw invalid("StepAdjustments are not for a policy of type SimpleScaling.");
}

function checkTracking({ TargetTrackingConfiguration: tracking }: Put): void {
  if (!tracking) throw invalid("TargetTrackingConfiguration is required for a policy of type TargetTrackingScaling.");
  const { PredefinedMetricSpecification: predefined, CustomizedMetricSpecification: custom, TargetValue = 0 } = tracking;
  if (!(TargetValue > 0)) throw invalid("TargetValue must be greater than zero.");
  if (!predefined === !custom)
    throw invalid("Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification must be given.");
  if (predefined) predefinedMetric(predefined, "");
  // ASG-019
  if (custom?.Period !== undefined && ![10, 30, 60].includes(custom.Period)) throw invalid("Period must be 10, 30 or 60.");
}

/** AAS-019 holds here too: steps neither overlap nor leave a gap, and are open where they must be. */
function checkSteps({ StepAdjustments = [], Cooldown, ScalingAdjustment }: Put): void {
  if (StepAdjustments.length === 0) throw invalid("At least one StepAdjustment is required.");
  if (StepAdjustments.length > STEPS_MAX) throw new AwsError("LimitExceeded", `A policy takes ${STEPS_MAX} step adjustments.`);
  if (Cooldown !== undefined) throw invalid("Cooldown is only for a policy of type SimpleScaling.");
  if (ScalingAdjustment !== undefined) throw invalid("ScalingAdjustment is only for a policy of type SimpleScaling.");
  const fault = stepsFault(StepAdjustments);
  if (fault !== undefined) throw invalid(fault);
}

/** ASG-019 */
function predefinedMetric(
  { PredefinedMetricType: type = "ASGAverageCPUUtilization", ResourceLabel: label = "" }: sdk.PredefinedMetricSpecification,
  group: string,
) {
  const own: Record<string, string> = {
    ASGAverageCPUUtilization: "CPUUtilization",
    ASGAverageNetworkIn: "NetworkIn",
    ASGAverageNetworkOut: "NetworkOut",
  };
  if (own[type])
    return {
      Namespace: "AWS/EC2",
      MetricName: own[type],
      Dimensions: [{ Name: "AutoScalingGroupName", Value: group }],
      Statistic: "Average" as const,
    };
  if (type !== "ALBRequestCountPerTarget") throw unlike(`the predefined metric ${type}`);
  const [, balancer, target] = /^(app\/[^/]+\/[^/]+)\/(targetgroup\/[^/]+\/[^/]+)$/.exec(label) ?? [];
  if (balancer === undefined || target === undefined)
    throw invalid("ResourceLabel must be app/<load-balancer-name>/<load-balancer-id>/targetgroup/<target-group-name>/<target-group-id>.");
  const Dimensions = [
    { Name: "LoadBalancer", Value: balancer },
    { Name: "TargetGroup", Value: target },
  ];
  return { Namespace: "AWS/ApplicationELB", MetricName: "RequestCountPerTarget", Dimensions, Statistic: "Sum" as const };
}

/** ECS's own policy on a group: its alarms are quicker, and both at the target. CAS-009 */
export const isManaged = ({ TargetTrackingConfiguration: tracking }: Policy): boolean =>
  tracking?.CustomizedMetricSpecification?.Namespace === "AWS/ECS/ManagedScaling";

/** ASG-020: the newer accounts' lower threshold. */
const LOW = 0.7;

function putAlarms(call: Here, policy: Policy): void {
  const {
    TargetValue = 0,
    PredefinedMetricSpecification: predefined,
    CustomizedMetricSpecification: own,
  } = policy.TargetTrackingConfiguration!;
  const metric = predefined ? predefinedMetric(predefined, policy.AutoScalingGroupName) : custom(own!);
  const managed = isManaged(policy);
  // Binary fractions are not to be seen: 0.7 × 30 is 21.
  const low = managed ? TargetValue : Number((LOW * TargetValue).toPrecision(12));
  const ways = [
    { way: "High", EvaluationPeriods: managed ? 1 : 3, Threshold: TargetValue, ComparisonOperator: "GreaterThanThreshold" },
    { way: "Low", EvaluationPeriods: 15, Threshold: low, ComparisonOperator: "LessThanThreshold" },
  ] as const;
  const known = policy.Alarms;
  policy.Alarms = ways.map(({ way, ...rule }, at) => {
    const AlarmName = known[at]?.AlarmName ?? `TargetTracking-${policy.AutoScalingGroupName}-Alarm${way}-${call.uuid()}`;
    call.ask("cloudwatch").PutMetricAlarm({
      AlarmName,
      AlarmDescription: `DO NOT EDIT OR DELETE. For TargetTrackingScaling policy ${policy.PolicyARN}.`,
      ActionsEnabled: true,
      AlarmActions: [policy.PolicyARN],
      ...("Metrics" in metric ? metric : { ...metric, Period: own?.Period ?? 60 }),
      ...rule,
    });
    return { AlarmName, AlarmARN: call.arn("cloudwatch", `alarm:${AlarmName}`) };
  });
}

function custom({ MetricName, Namespace, Dimensions, Statistic, Unit, Metrics }: sdk.CustomizedMetricSpecification) {
  if (!Metrics?.length) {
    const dimensions = Dimensions?.map(({ Name, Value }) => ({ Name: Name ?? "", Value: Value ?? "" }));
    return { MetricName, Namespace, Dimensions: dimensions, Statistic, ...(Unit !== undefined && { Unit: Unit as "Count" }) };
  }
  return {
    Metrics: Metrics.map(({ Id, Expression, Label, MetricStat, ReturnData = true, Period }) => ({
      Id,
      Expression,
      Label,
      ReturnData,
      Period,
      ...(MetricStat && {
        MetricStat: {
          Metric: MetricStat.Metric,
          Stat: MetricStat.Stat,
          Unit: MetricStat.Unit as "Count" | undefined,
          Period: MetricStat.Period ?? 60,
        },
      }),
    })),
  };
}
