/** What must not go unnoticed about machines and services. In the compute stack, because it comes and goes with it. */
import type { Stack } from "aws-cdk-lib";
import * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import type { Balancer } from "./balancer.ts";
import { machineBounds, siteTasks, taskBounds } from "./capacity.ts";
import type { Cluster } from "./cluster.ts";
import { groupName } from "./hosts.ts";
import type { Foundation } from "./parts.ts";
import { pascal, type Place } from "./place.ts";

type Needs = { foundation: Foundation; cluster: Cluster; balancer?: Balancer };

type Alarm = Partial<cloudwatch.CfnAlarmProps> & {
  /** Ends its name, and its logical id in Pascal case. */
  purpose: string;
  alarmDescription: string;
  threshold: number;
  /** Minutes in a row. */
  evaluationPeriods: number;
  treatMissingData: "breaching" | "notBreaching";
};

export function computeAlarms(stack: Stack, place: Place, needs: Needs): void {
  const { alarmTopicArn } = needs.foundation;
  for (const { purpose, ...props } of [
    ...machines(place, needs.cluster),
    ...tasks(place, needs.cluster),
    ...requests(place, needs.balancer),
  ]) {
    new cloudwatch.CfnAlarm(stack, `${pascal(purpose)}Alarm`, {
      comparisonOperator: "GreaterThanOrEqualToThreshold",
      ...(props.metrics ? {} : { period: 60 }),
      ...props,
      alarmName: place.names.stack(purpose),
      alarmActions: [alarmTopicArn],
      okActions: [alarmTopicArn],
    });
  }
}

function machines(place: Place, cluster: Cluster): Alarm[] {
  return [
    {
      purpose: "hosts-at-maximum",
      alarmDescription: "The cluster has all the machines it may have: the next task finds no room. Raise cluster.max or lower what runs.",
      namespace: "AWS/AutoScaling",
      metricName: "GroupInServiceInstances",
      dimensions: [{ name: "AutoScalingGroupName", value: groupName(place) }],
      statistic: "Minimum",
      threshold: machineBounds(place).max,
      evaluationPeriods: 5,
      treatMissingData: "notBreaching",
    },
    {
      // 100 × machines needed / machines there: docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-auto-scaling.html
      purpose: "tasks-wait-for-hosts",
      alarmDescription: "Tasks have waited for a machine for 15 minutes: EC2 has none of the types, or the group may not grow.",
      namespace: "AWS/ECS/ManagedScaling",
      metricName: "CapacityProviderReservation",
      dimensions: [
        { name: "CapacityProviderName", value: cluster.capacityProvider },
        { name: "ClusterName", value: place.names.cluster },
      ],
      statistic: "Minimum",
      comparisonOperator: "GreaterThanThreshold",
      threshold: 100,
      evaluationPeriods: 15,
      treatMissingData: "notBreaching",
    },
  ];
}

/** Container Insights counts tasks of both sides: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-enhanced-observability-metrics-ECS.html */
function tasks(place: Place, cluster: Cluster): Alarm[] {
  const metric = (service: string, metricName: string) => ({
    namespace: "ECS/ContainerInsights",
    metricName,
    dimensions: [
      { name: "ClusterName", value: cluster.name },
      { name: "ServiceName", value: place.names.service(service) },
    ],
    statistic: "Minimum",
  });
  return Object.entries(place.definition.services).flatMap(([name, service]): Alarm[] => {
    const { min, max } = taskBounds(place, service);
    const inRegion = service.runsOn !== "site";
    const onSite = service.runsOn === "both" ? `${name}-site` : name;
    const short = (id: string, count: number, where: string): Alarm[] =>
      count === 0
        ? []
        : [
            {
              ...metric(id, "RunningTaskCount"),
              purpose: `${id}-short-of-tasks`,
              alarmDescription: `Fewer tasks of ${name} run in ${where} than the ${count} that always should.`,
              comparisonOperator: "LessThanThreshold",
              threshold: count,
              evaluationPeriods: 5,
              treatMissingData: "breaching",
            },
          ];
    return [
      ...(inRegion ? short(name, min, place.region) : []),
      ...(service.runsOn === "cloud" ? [] : short(onSite, siteTasks(place, service), "the data centre")),
      ...(inRegion && max > min
        ? [
            {
              ...metric(name, "DesiredTaskCount"),
              purpose: `${name}-at-maximum`,
              alarmDescription: `${name} has been at the most tasks it may have for 15 minutes. Raise scaling.max or find out who asks.`,
              threshold: max,
              evaluationPeriods: 15,
              treatMissingData: "notBreaching",
            } satisfies Alarm,
          ]
        : []),
    ];
  });
}

function requests({ definition }: Place, balancer: Balancer | undefined): Alarm[] {
  if (!balancer) return [];
  const loadBalancer = { name: "LoadBalancer", value: balancer.fullName };
  const own: Alarm = {
    purpose: "load-balancer-errors",
    alarmDescription: "The load balancer answers with errors of its own: no target takes the request, or not in time.",
    namespace: "AWS/ApplicationELB",
    metricName: "HTTPCode_ELB_5XX_Count",
    dimensions: [loadBalancer],
    statistic: "Sum",
    threshold: 10,
    evaluationPeriods: 3,
    treatMissingData: "notBreaching",
  };
  return [
    own,
    ...Object.entries(balancer.targets).flatMap(([name, { fullName }]): Alarm[] => {
      const dimensions = [{ name: "TargetGroup", value: fullName }, loadBalancer];
      return [
        {
          purpose: `${name}-unhealthy`,
          alarmDescription: `The load balancer finds tasks of ${name} unhealthy (${definition.services[name]!.health.path}).`,
          namespace: "AWS/ApplicationELB",
          metricName: "UnHealthyHostCount",
          dimensions,
          statistic: "Maximum",
          threshold: 1,
          evaluationPeriods: 3,
          treatMissingData: "notBreaching",
        },
        failing(name, dimensions),
      ];
    }),
  ];
}

/** A share of the requests, since a count would cry at noon and sleep at night; our figure: one in twenty, for three minutes. */
function failing(name: string, dimensions: cloudwatch.CfnAlarm.DimensionProperty[]): Alarm {
  const sum = (id: string, metricName: string): cloudwatch.CfnAlarm.MetricDataQueryProperty => ({
    id,
    returnData: false,
    metricStat: { metric: { namespace: "AWS/ApplicationELB", metricName, dimensions }, period: 60, stat: "Sum" },
  });
  return {
    purpose: `${name}-errors`,
    alarmDescription: `At least 5 % of the requests to ${name} fail (5xx).`,
    metrics: [
      sum("failed", "HTTPCode_Target_5XX_Count"),
      sum("all", "RequestCount"),
      { id: "share", label: `Failed requests to ${name}, %`, expression: "100 * FILL(failed, 0) / all", returnData: true },
    ],
    threshold: 5,
    evaluationPeriods: 3,
    treatMissingData: "notBreaching",
  };
}
