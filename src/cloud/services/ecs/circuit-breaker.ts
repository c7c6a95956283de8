/** The deployment circuit breaker. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html */
import { announce, tell } from "./service-events.ts";
import { lookSoon } from "./scheduler.ts";
import type { Deployment, Here, Service } from "./state.ts";

// ECS-053: half of the wanted tasks, 3 at least and 200 at most.
const SHARE = 0.5;
const LEAST = 3;
const MOST = 200;

export const threshold = (desired: number): number => Math.min(MOST, Math.max(LEAST, Math.ceil(desired * SHARE)));

export const breakerTripped = ({ configuration, desired }: Service, { rollout, failed }: Deployment): boolean =>
  configuration.breaker.enable === true && rollout === "IN_PROGRESS" && failed >= threshold(desired);

/** ECS-055: to the last one that completed, if there is one and it is wanted. */
export function rollBack(call: Here, service: Service, deployment: Deployment): void {
  deployment.rollout = "FAILED";
  deployment.updated = call.date;
  const to = service.configuration.breaker.rollback ? service.completed : undefined;
  const back = to !== undefined && to !== deployment.definition;
  deployment.rolloutReason = "ECS deployment circuit breaker: task failed to start.";
  announce(call, service, "ECS Deployment State Change", "ERROR", "SERVICE_DEPLOYMENT_FAILED", {
    deploymentId: deployment.id,
    reason: deployment.rolloutReason,
  });
  tell(call, service, `(deployment ${deployment.id}) deployment failed: tasks failed to start.`);
  if (!back) return;
  const next = service.deployments.find((each) => each.definition === to && each.rollout === "COMPLETED");
  if (next) again(call, service, next);
  const primary = next ?? newDeployment(call, service, to);
  deployment.rolloutReason = `ECS deployment circuit breaker: rolling back to deploymentId ${primary.id}.`;
  tell(call, service, `rolling back to deployment ${primary.id}.`);
  lookSoon(call, service);
}

/** The one that was before is the newest again, with the tasks that it still has. */
function again(call: Here, service: Service, deployment: Deployment): void {
  for (const each of service.deployments) each.status = "ACTIVE";
  Object.assign(deployment, {
    status: "PRIMARY",
    rollout: "IN_PROGRESS",
    rolloutReason: `ECS deployment ${deployment.id} in progress.`,
    updated: call.date,
    failed: 0,
  });
  service.deployments = [deployment, ...service.deployments.filter((each) => each !== deployment)];
  service.definition = deployment.definition;
  service.failures = 0;
  service.waitsUntil = undefined;
}

/** A deployment of that definition, in place of the one that was the newest. */
export function newDeployment(call: Here, service: Service, definition: string, more: Partial<Deployment> = {}): Deployment {
  const last = service.deployments.find(({ status }) => status === "PRIMARY");
  for (const each of service.deployments) each.status = "ACTIVE";
  const id = `ecs-svc/${String(Math.floor(call.random() * 1e19)).padStart(19, "0")}`;
  const deployment: Deployment = {
    id,
    status: "PRIMARY",
    definition,
    created: call.date,
    updated: call.date,
    rollout: "IN_PROGRESS",
    rolloutReason: `ECS deployment ${id} in progress.`,
    failed: 0,
    ran: false,
    balancers: last?.balancers ?? [],
    strategy: last?.strategy ?? [],
    ...more,
  };
  service.deployments.unshift(deployment);
  service.definition = definition;
  service.failures = 0;
  service.waitsUntil = undefined;
  announce(call, service, "ECS Deployment State Change", "INFO", "SERVICE_DEPLOYMENT_IN_PROGRESS", {
    deploymentId: id,
    reason: deployment.rolloutReason,
  });
  return deployment;
}
