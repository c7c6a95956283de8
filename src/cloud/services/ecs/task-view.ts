/** A task as answers and events show it. */
import type * as sdk from "@aws-sdk/client-ecs";
import { tagList, type Task } from "./state.ts";

export function shown(task: Task, include: readonly string[] = []): sdk.Task {
  return {
    taskArn: task.arn,
    clusterArn: task.arn.replace(/:task\/([^/]+)\/.*$/, ":cluster/$1"),
    taskDefinitionArn: task.definition,
    containerInstanceArn: task.instance,
    group: task.group,
    startedBy: task.startedBy,
    launchType: task.provider === undefined ? task.launchType : undefined,
    capacityProviderName: task.provider,
    availabilityZone: task.zone,
    lastStatus: task.lastStatus,
    desiredStatus: task.desiredStatus,
    healthStatus: healthOf(task),
    connectivity: task.started ? "CONNECTED" : undefined,
    connectivityAt: task.started,
    createdAt: task.created,
    pullStartedAt: task.pullStarted,
    pullStoppedAt: task.pullStopped,
    startedAt: task.started,
    stoppingAt: task.stopping,
    executionStoppedAt: task.executionStopped,
    stoppedAt: task.stopped,
    stopCode: task.stopCode,
    stoppedReason: task.stoppedReason,
    version: task.version,
    overrides: task.overrides ?? { containerOverrides: task.containers.map(({ name }) => ({ name })) },
    attachments: [],
    attributes: [],
    tags: include.includes("TAGS") ? tagList(task.tags) : [],
    containers: task.containers.map((container) => ({
      containerArn: container.arn,
      taskArn: task.arn,
      name: container.name,
      image: container.image,
      runtimeId: task.started ? container.id : undefined,
      lastStatus: container.status,
      exitCode: container.exitCode,
      reason: container.reason,
      healthStatus: container.health,
      networkBindings: task.started ? container.bindings : [],
      networkInterfaces: [],
    })),
  };
}

/** ECS-013: the worst of the essential ones. */
export function healthOf({ containers }: Task): sdk.HealthStatus {
  const essential = containers.filter((each) => each.essential).map(({ health }) => health);
  if (essential.includes("UNHEALTHY")) return "UNHEALTHY";
  return essential.includes("UNKNOWN") ? "UNKNOWN" : "HEALTHY";
}
