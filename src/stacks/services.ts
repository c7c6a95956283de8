/** The services: on the region's machines through the capacity provider, in the data centre as ECS Anywhere. */
import { type Stack } from "aws-cdk-lib";
import * as ecs from "aws-cdk-lib/aws-ecs";
import type { Service } from "../platform/definition.ts";
import type { Balancer } from "./balancer.ts";
import { groupName } from "./cluster.ts";
import type { Foundation } from "./parts.ts";
import { pascal, type Place } from "./place.ts";
import { scaling } from "./scaling.ts";
import { taskDefinition } from "./task-definition.ts";

export function services(stack: Stack, place: Place, foundation: Foundation, balancer: Balancer | undefined): void {
  for (const [name, service] of Object.entries(place.definition.services)) {
    const task = taskDefinition(stack, place, name, service, foundation);
    if (service.runsOn !== "site") inCloud(stack, place, name, service, task, balancer);
    if (service.runsOn !== "cloud") onSite(stack, place, name, service, task);
  }
}

const shared = ({ names }: Place, task: ecs.CfnTaskDefinition) => ({
  cluster: names.cluster,
  taskDefinition: task.ref,
  enableEcsManagedTags: true,
  propagateTags: "SERVICE",
});

function inCloud(
  stack: Stack,
  place: Place,
  name: string,
  service: Service,
  task: ecs.CfnTaskDefinition,
  balancer: Balancer | undefined,
): void {
  const { names } = place;
  const { deployment, placement, health } = service;
  const target = balancer?.targets[name];
  const made = new ecs.CfnService(stack, `${pascal(name)}Service`, {
    ...shared(place, task),
    serviceName: names.service(name),
    // No DesiredCount: scaling owns it. No LaunchType: it would exclude the capacity provider.
    capacityProviderStrategy: [{ capacityProvider: groupName(place), weight: 1 }],
    deploymentConfiguration: {
      minimumHealthyPercent: deployment.minimumHealthy,
      maximumPercent: deployment.maximum,
      deploymentCircuitBreaker: { enable: deployment.circuitBreaker, rollback: deployment.circuitBreaker },
    },
    placementStrategies: [
      { type: "spread", field: "attribute:ecs.availability-zone" },
      placement.strategy === "spread" ? { type: "spread", field: "instanceId" } : { type: "binpack", field: "memory" },
    ],
    placementConstraints: placement.constraint ? [{ type: "memberOf", expression: placement.constraint }] : undefined,
    availabilityZoneRebalancing: "ENABLED",
    enableExecuteCommand: true,
    loadBalancers: target && [{ containerName: name, containerPort: service.port, targetGroupArn: target.arn }],
    healthCheckGracePeriodSeconds: target && health.grace / 1000,
  });
  made.node.addDependency(stack.node.findChild("CapacityProviderAssociation"));
  for (const each of balancer ? [...balancer.listeners, ...Object.values(balancer.rules)] : []) made.node.addDependency(each);
  scaling(stack, place, name, service, made, balancer);
}

/**
 * ECS Anywhere has no load balancer, no capacity provider, no circuit breaker, no zones and no scaling that would be acted on:
 * docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere.html
 */
function onSite(stack: Stack, place: Place, name: string, service: Service, task: ecs.CfnTaskDefinition): void {
  const made = new ecs.CfnService(stack, `${pascal(name)}SiteService`, {
    ...shared(place, task),
    serviceName: service.runsOn === "both" ? `${place.names.service(name)}-site` : place.names.service(name),
    launchType: "EXTERNAL",
    desiredCount: siteTasks(place, service),
    deploymentConfiguration: { minimumHealthyPercent: service.deployment.minimumHealthy, maximumPercent: service.deployment.maximum },
    enableExecuteCommand: true,
  });
  made.node.addDependency(stack.node.findChild("Cluster"));
}

/** A host belongs to one region's cluster at a time: the recovery region's services start there when hosts are re-homed, or have their share. */
export function siteTasks({ holdings, role }: Place, { scaling: { min } }: Service): number {
  if (role === "primary") return holdings.traffic === "shared" ? Math.ceil(min / 2) : min;
  if (holdings.traffic === "shared") return Math.floor(min / 2);
  return 0;
}
