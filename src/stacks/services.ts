/** The services: on the region's machines through the capacity provider, in the data centre as ECS Anywhere. */
import { CfnCondition, CfnParameter, Fn, Token, type Stack } from "aws-cdk-lib";
import * as ecs from "aws-cdk-lib/aws-ecs";
import * as logs from "aws-cdk-lib/aws-logs";
import { days } from "../kernel/units.ts";
import type { Service } from "../platform/definition.ts";
import type { Balancer } from "./balancer.ts";
import { siteTasks } from "./capacity.ts";
import type { Cluster } from "./cluster.ts";
import { discovery } from "./discovery.ts";
import type { Foundation } from "./parts.ts";
import { pascal, type Place } from "./place.ts";
import { scaling } from "./scaling.ts";
import { commandable, taskDefinitions } from "./task-definition.ts";

type Needs = { foundation: Foundation; cluster: Cluster; balancer?: Balancer };
type Made = { name: string; service: Service; task: ecs.CfnTaskDefinition };

export function services(stack: Stack, place: Place, needs: Needs): void {
  const { definition, names } = place;
  const connections = discovery(stack, place);
  for (const [name, service] of Object.entries(definition.services)) {
    const log = new logs.CfnLogGroup(stack, `${pascal(name)}Log`, {
      logGroupName: names.logGroup(`services/${name}`),
      kmsKeyId: needs.foundation.keyArn,
      retentionInDays: definition.logs / days(1),
    });
    const task = taskDefinitions(stack, place, name, log.ref);
    if (service.runsOn !== "site") {
      const made = inRegion(stack, place, { name, service, task: task.cloud }, needs, connections[name]);
      scaling(stack, place, { name, service, ecsService: made.attrName, balancer: needs.balancer });
    }
    if (service.runsOn !== "cloud") onSite(stack, place, { name, service, task: task.site }, needs);
  }
}

function inRegion(
  stack: Stack,
  place: Place,
  { name, service, task }: Made,
  { cluster, balancer }: Needs,
  connection: ecs.CfnService.ServiceConnectConfigurationProperty | undefined,
): ecs.CfnService {
  const { deployment, placement, health } = service;
  const target = balancer?.targets[name];
  const made = new ecs.CfnService(stack, `${pascal(name)}Service`, {
    serviceName: place.names.service(name),
    cluster: cluster.name,
    taskDefinition: task.ref,
    // Never a launch type, which would pass the capacity provider by.
    capacityProviderStrategy: [{ capacityProvider: cluster.capacityProvider, weight: 1 }],
    // The scalable target owns the count, and an update would set it back. Only to begin with none it must be said: without it ECS begins with one.
    desiredCount: place.holdings.compute === "zero" ? 0 : undefined,
    deploymentConfiguration: {
      minimumHealthyPercent: deployment.minimumHealthy,
      maximumPercent: deployment.maximum,
      deploymentCircuitBreaker: { enable: deployment.circuitBreaker, rollback: deployment.circuitBreaker },
    },
    placementStrategies: [
      { type: "spread", field: "attribute:ecs.availability-zone" },
      placement.strategy === "spread" ? { type: "spread", field: "instanceId" } : { type: "binpack", field: "memory" },
    ],
    placementConstraints: constraints(service),
    // It starts the new task first: docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html
    availabilityZoneRebalancing: deployment.maximum > 100 ? "ENABLED" : "DISABLED",
    loadBalancers: target && [{ containerName: name, containerPort: service.port, targetGroupArn: target.arn }],
    healthCheckGracePeriodSeconds: target && health.grace / 1000,
    serviceConnectConfiguration: connection,
    enableExecuteCommand: commandable(place.definition, service),
    enableEcsManagedTags: true,
    propagateTags: "SERVICE",
  });
  made.addResourceDependency(cluster.ready);
  // A target group that no listener leads to is refused.
  for (const each of balancer?.ready ?? []) made.addResourceDependency(each);
  return made;
}

const constraints = ({ placement: { constraint } }: Service) => (constraint ? [{ type: "memberOf", expression: constraint }] : undefined);

/**
 * Without what the data centre does not have: load balancer, Service Connect, capacity provider, circuit breaker, zones, service auto scaling.
 * docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere.html
 */
function onSite(stack: Stack, place: Place, { name, service, task }: Made, { cluster }: Needs): void {
  const { deployment, runsOn } = service;
  new ecs.CfnService(stack, `${pascal(name)}SiteService`, {
    serviceName: place.names.service(runsOn === "both" ? `${name}-site` : name),
    cluster: cluster.name,
    taskDefinition: task.ref,
    launchType: "EXTERNAL",
    schedulingStrategy: "REPLICA",
    desiredCount: onceEnrolled(stack, siteTasks(place, service)),
    deploymentConfiguration: { minimumHealthyPercent: deployment.minimumHealthy, maximumPercent: deployment.maximum },
    placementStrategies: [{ type: "spread", field: "instanceId" }],
    placementConstraints: constraints(service),
    enableExecuteCommand: commandable(place.definition, service),
    enableEcsManagedTags: true,
    propagateTags: "SERVICE",
  });
}

/**
 * CloudFormation waits until a service runs all of its tasks, and hosts can enrol only in a cluster that exists: made with a count, the stack
 * would wait for hours and fail. So it comes without, and gets the count by an update with SiteHostsEnrolled=true.
 */
function onceEnrolled(stack: Stack, count: number): number {
  if (count === 0) return 0;
  const condition = stack.node.tryFindChild("SiteHostsAreEnrolled") ?? enrolment(stack);
  return Token.asNumber(Fn.conditionIf((condition as CfnCondition).logicalId, count, 0));
}

function enrolment(stack: Stack): CfnCondition {
  const parameter = new CfnParameter(stack, "SiteHostsEnrolled", {
    type: "String",
    default: "false",
    allowedValues: ["true", "false"],
    description: "true: data-centre hosts are enrolled in this cluster, and their services start.",
  });
  return new CfnCondition(stack, "SiteHostsAreEnrolled", { expression: Fn.conditionEquals(parameter.valueAsString, "true") });
}
