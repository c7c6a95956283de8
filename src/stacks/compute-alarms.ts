/** What must not go unnoticed about machines and services. In the compute stack, because it comes and goes with it. */
import { type Stack } from "aws-cdk-lib";
import * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import type { Balancer } from "./balancer.ts";
import { groupName, machines } from "./cluster.ts";
import type { Foundation } from "./parts.ts";
import { pascal, type Place } from "./place.ts";
import { taskBounds } from "./scaling.ts";

export function computeAlarms(stack: Stack, place: Place, { alarmTopicArn }: Foundation, balancer: Balancer | undefined): void {
  const { definition, names } = place;
  const alarm = (
    id: string,
    alarmDescription: string,
    props: Omit<cloudwatch.CfnAlarmProps, "comparisonOperator" | "evaluationPeriods"> & Partial<cloudwatch.CfnAlarmProps>,
  ) =>
    new cloudwatch.CfnAlarm(stack, `${id}Alarm`, {
      alarmName: `${names.stack("")}${id}`,
      alarmDescription,
      alarmActions: [alarmTopicArn],
      okActions: [alarmTopicArn],
      comparisonOperator: "GreaterThanOrEqualToThreshold",
      evaluationPeriods: 3,
      period: 60,
      ...props,
    });
  const group = [{ name: "AutoScalingGroupName", value: groupName(place) }];
  alarm("HostsAtMaximum", "The group is as large as it may become: the next task finds no machine.", {
    namespace: "AWS/AutoScaling",
    metricName: "GroupInServiceInstances",
    dimensions: group,
    statistic: "Minimum",
    threshold: machines(place).max,
    treatMissingData: "notBreaching",
  });
  if (!balancer) return;
  const loadBalancer = { name: "LoadBalancer", value: balancer.fullName };
  alarm("BalancerErrors", "The load balancer itself answers with 5xx: no target takes the requests.", {
    namespace: "AWS/ApplicationELB",
    metricName: "HTTPCode_ELB_5XX_Count",
    dimensions: [loadBalancer],
    statistic: "Sum",
    threshold: 10,
    treatMissingData: "notBreaching",
  });
  for (const [name, target] of Object.entries(balancer.targets)) {
    const dimensions = [{ name: "TargetGroup", value: target.fullName }, loadBalancer];
    alarm(`${pascal(name)}Unhealthy`, `Tasks of ${name} fail their health check.`, {
      namespace: "AWS/ApplicationELB",
      metricName: "UnHealthyHostCount",
      dimensions,
      statistic: "Maximum",
      threshold: 1,
      treatMissingData: "notBreaching",
    });
    if (taskBounds(place, definition.services[name]!).min === 0) continue;
    alarm(`${pascal(name)}Gone`, `No task of ${name} is healthy.`, {
      namespace: "AWS/ApplicationELB",
      metricName: "HealthyHostCount",
      dimensions,
      statistic: "Maximum",
      comparisonOperator: "LessThanThreshold",
      threshold: 1,
      treatMissingData: "breaching",
    });
  }
}
