/** CloudFormation's types of ECS. docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ECS.html */
import type * as sdk from "@aws-sdk/client-ecs";
import { AwsError, resource, type Stack } from "../../service.ts";
import { clusterOperations } from "./clusters.ts";
import { primaryOf, tasksOf } from "./scheduler.ts";
import { serviceOperations } from "./services.ts";
import { clusterOf, idOf, tagMap, type Here } from "./state.ts";
import { taskDefinitionOperations } from "./task-definitions.ts";

/** Members of the API begin with a small letter, texts may stand for numbers and flags. Keys of the user's own stay. */
function apiShape(value: unknown, own = false): any {
  if (Array.isArray(value)) return value.map((each) => apiShape(each));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      own ? key : key.charAt(0).toLowerCase() + key.slice(1),
      scalar(key, apiShape(each, key === "Options" || key === "DockerLabels")),
    ]),
  );
}

const numbers =
  /^(Cpu|Memory|MemoryReservation|ContainerPort|HostPort|Interval|Timeout|Retries|StartPeriod|StopTimeout|StartTimeout|SoftLimit|HardLimit|MinimumHealthyPercent|MaximumPercent|DesiredCount|HealthCheckGracePeriodSeconds|Port|Weight|Base|SizeInGiB)$/;

const scalar = (key: string, value: unknown): unknown => {
  if (value === "true" || value === "false") return value === "true";
  return typeof value === "string" && numbers.test(key) && /^\d+$/.test(value) ? Number(value) : value;
};

const tagsOf = (own: unknown, { tags }: Stack): sdk.Tag[] => {
  const mine = ((own as { Key: string; Value: string }[] | undefined) ?? []).map(({ Key, Value }) => [Key, Value] as const);
  return Object.entries({ ...tags, ...Object.fromEntries(mine) }).map(([key, value]) => ({ key, value }));
};

const cluster = resource({
  create(call: Here, { ClusterName, Tags, ...rest }, stack) {
    const clusterName = String(ClusterName ?? stack.generatedName(255));
    clusterOperations.CreateCluster(call, { ...apiShape(rest), clusterName, tags: tagsOf(Tags, stack) });
    return clusterName;
  },
  update(call: Here, id, { ClusterSettings, Configuration, ServiceConnectDefaults, Tags }, _previous, stack) {
    clusterOperations.UpdateCluster(call, {
      cluster: id,
      settings: apiShape(ClusterSettings),
      configuration: apiShape(Configuration),
      serviceConnectDefaults: apiShape(ServiceConnectDefaults),
    });
    clusterOf(call, id).tags = tagMap(tagsOf(Tags, stack));
  },
  delete(call: Here, id) {
    if (call.state.clusters.get(id)?.status === "ACTIVE") clusterOperations.DeleteCluster(call, { cluster: id });
  },
  attributes: (call: Here, id) => ({ Arn: call.state.clusters.get(id)?.arn }),
  read: (call: Here, id, properties) => (call.state.clusters.get(id)?.status === "ACTIVE" ? properties : undefined),
});

const taskDefinition = resource({
  create(call: Here, { Family, Tags, Cpu, Memory, ...rest }, stack) {
    const { taskDefinition: made } = taskDefinitionOperations.RegisterTaskDefinition(call, {
      ...apiShape(rest),
      family: String(Family ?? stack.generatedName(255)),
      cpu: Cpu === undefined ? undefined : String(Cpu),
      memory: Memory === undefined ? undefined : String(Memory),
      tags: tagsOf(Tags, stack),
    });
    return made.taskDefinitionArn ?? "";
  },
  delete(call: Here, id) {
    if (call.state.definitions.get(idOf(id))?.status === "ACTIVE")
      taskDefinitionOperations.DeregisterTaskDefinition(call, { taskDefinition: id });
  },
  attributes: (_call, id) => ({ TaskDefinitionArn: id }),
  read: (call: Here, id, properties) => (call.state.definitions.get(idOf(id))?.status === "ACTIVE" ? properties : undefined),
});

const service = resource({
  create(call: Here, { ServiceName, Tags, PlacementStrategies, Cluster, ...rest }, stack) {
    const { service: made } = serviceOperations.CreateService(call, {
      ...apiShape(rest),
      cluster: Cluster as string | undefined,
      serviceName: String(ServiceName ?? stack.generatedName(255)),
      placementStrategy: apiShape(PlacementStrategies),
      tags: tagsOf(Tags, stack),
    });
    return made.serviceArn ?? "";
  },
  update(
    call: Here,
    id,
    { TaskDefinition, DesiredCount, DeploymentConfiguration, PlacementStrategies, PlacementConstraints, Cluster, ...rest },
    previous,
  ) {
    const {
      HealthCheckGracePeriodSeconds,
      AvailabilityZoneRebalancing,
      LoadBalancers,
      EnableExecuteCommand,
      PropagateTags,
      ServiceConnectConfiguration,
    } = rest;
    serviceOperations.UpdateService(call, {
      cluster: Cluster as string | undefined,
      service: id,
      taskDefinition: TaskDefinition as string | undefined,
      // Without a count the service keeps what scaling has given it.
      desiredCount: DesiredCount === undefined || DesiredCount === previous.DesiredCount ? undefined : Number(DesiredCount),
      deploymentConfiguration: apiShape(DeploymentConfiguration),
      placementStrategy: apiShape(PlacementStrategies),
      placementConstraints: apiShape(PlacementConstraints),
      healthCheckGracePeriodSeconds: HealthCheckGracePeriodSeconds === undefined ? undefined : Number(HealthCheckGracePeriodSeconds),
      availabilityZoneRebalancing: AvailabilityZoneRebalancing as sdk.AvailabilityZoneRebalancing | undefined,
      loadBalancers: apiShape(LoadBalancers),
      enableExecuteCommand: EnableExecuteCommand === undefined ? undefined : String(EnableExecuteCommand) === "true",
      propagateTags: PropagateTags as sdk.PropagateTags | undefined,
      serviceConnectConfiguration: apiShape(ServiceConnectConfiguration),
    });
  },
  delete(call: Here, id, { Cluster }) {
    if (call.state.services.get(id)?.status === "ACTIVE")
      serviceOperations.DeleteService(call, { cluster: Cluster as string | undefined, service: id, force: true });
  },
  gone: (call: Here, id) => (call.state.services.get(id)?.status ?? "INACTIVE") === "INACTIVE",
  /** CloudFormation waits until all of its tasks run and the old ones are gone; a deployment that failed is the end. */
  settled(call: Here, id) {
    const made = call.state.services.get(id);
    if (!made) return true;
    const { rollout, rolloutReason } = primaryOf(made);
    if (rollout === "FAILED")
      throw new AwsError(
        "NotStabilized",
        `Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'. ${rolloutReason}`,
      );
    return rollout === "COMPLETED" || (made.desired === 0 && tasksOf(call, made).length === 0);
  },
  attributes(call: Here, id) {
    const made = call.state.services.get(id);
    return { ServiceArn: id, Name: made?.name };
  },
  read: (call: Here, id, properties) => (call.state.services.get(id)?.status === "ACTIVE" ? properties : undefined),
});

export const resources = { "AWS::ECS::Cluster": cluster, "AWS::ECS::TaskDefinition": taskDefinition, "AWS::ECS::Service": service };
