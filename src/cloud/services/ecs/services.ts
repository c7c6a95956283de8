/** Services: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html */
import type * as sdk from "@aws-sdk/client-ecs";
import { seconds } from "../../../kernel/units.ts";
import { AwsError, type Operations } from "../../service.ts";
import { newDeployment } from "./circuit-breaker.ts";
import { lookSoon, primaryOf, tasksOf } from "./scheduler.ts";
import {
  clusterOf,
  definitionOf,
  idOf,
  invalid,
  page,
  serviceOf,
  tagList,
  tagMap,
  type Here,
  type Service,
  type State,
  type Timers,
} from "./state.ts";
import { forgetUnused } from "./task-definitions.ts";
import { checkLaunch, usable } from "./tasks.ts";

// ECS-016
const SERVICES_MAX = 5000;
const GROUPS_MAX = 5;

export const serviceOperations = {
  CreateService(call, input) {
    const { cluster: asked, serviceName, taskDefinition, launchType = "EC2", schedulingStrategy = "REPLICA", loadBalancers = [] } = input;
    const cluster = clusterOf(call, asked);
    if (!/^[A-Za-z0-9_-]{1,255}$/.test(serviceName))
      throw invalid("The service name takes 1 to 255 letters, digits, hyphens and underscores.");
    if (taskDefinition === undefined) throw invalid("TaskDefinition can not be blank.");
    if (input.capacityProviderStrategy?.length)
      throw new AwsError("NotImplemented", "Causeway does not emulate capacity providers yet.", 501);
    if (input.deploymentController && input.deploymentController.type !== "ECS")
      throw new AwsError("NotImplemented", `Causeway does not emulate the deployment controller ${input.deploymentController.type}.`, 501);
    checkLaunch(launchType);
    const definition = usable(call, taskDefinition);
    const arn = `${cluster.arn.replace(":cluster/", ":service/")}/${serviceName}`;
    if (call.state.services.get(arn)?.status === "ACTIVE") throw invalid("Creation of service was not idempotent.");
    if (call.state.services.get(arn)?.status === "DRAINING") throw invalid("Unable to Start a service that is still Draining.");
    if (cluster.services.size >= SERVICES_MAX) throw invalid("The limit of services has been reached.");
    checkBalancers(call, loadBalancers, launchType);
    const configuration = configurationOf(input.deploymentConfiguration, schedulingStrategy);
    if (launchType === "EXTERNAL" && input.serviceRegistries?.length)
      throw invalid("Service discovery is not supported on external instances."); // ECS-076
    const service: Service = {
      arn,
      name: serviceName,
      cluster: cluster.name,
      status: "ACTIVE",
      definition: definition.taskDefinitionArn,
      desired: schedulingStrategy === "DAEMON" ? 0 : (input.desiredCount ?? 1),
      scheduling: schedulingStrategy,
      launchType,
      configuration,
      placement: { constraints: input.placementConstraints ?? [], strategies: input.placementStrategy ?? [] },
      rebalancing: input.availabilityZoneRebalancing ?? "DISABLED",
      grace: seconds(input.healthCheckGracePeriodSeconds ?? 0),
      deployments: [],
      tasks: new Set(),
      events: [],
      created: call.date,
      createdBy: call.principal.arn,
      tags: tagMap(input.tags),
      propagate: input.propagateTags ?? "NONE",
      managedTags: input.enableECSManagedTags ?? false,
      execute: input.enableExecuteCommand ?? false,
      connect: input.serviceConnectConfiguration,
      role: input.role,
      unplaced: 0,
      failures: 0,
      used: { cores: 0, memory: 0, tasks: 0 },
    };
    call.state.services.set(arn, service);
    cluster.services.add(arn);
    newDeployment(call, service, definition.taskDefinitionArn, { balancers: loadBalancers });
    lookSoon(call, service);
    return { service: shown(call, service) };
  },

  /** ECS-049: what starts a deployment, and what does not. */
  UpdateService(call, input) {
    const service = serviceOf(call, clusterOf(call, input.cluster), input.service);
    if (service.status !== "ACTIVE") throw new AwsError("ServiceNotActiveException", "Service was not ACTIVE.");
    if (input.capacityProviderStrategy?.length)
      throw new AwsError("NotImplemented", "Causeway does not emulate capacity providers yet.", 501);
    const definition = input.taskDefinition === undefined ? definitionOf(call, service.definition) : usable(call, input.taskDefinition);
    if (input.loadBalancers) checkBalancers(call, input.loadBalancers, service.launchType ?? "EC2");
    if (input.desiredCount !== undefined && input.desiredCount < 0) throw invalid("Desired count must not be negative.");
    const configuration =
      input.deploymentConfiguration && configurationOf(input.deploymentConfiguration, service.scheduling, service.configuration);
    const before = primaryOf(service);
    if (input.desiredCount !== undefined && service.scheduling === "REPLICA") service.desired = input.desiredCount;
    if (configuration) service.configuration = configuration;
    if (input.placementConstraints) service.placement.constraints = input.placementConstraints;
    if (input.placementStrategy) service.placement.strategies = input.placementStrategy;
    if (input.availabilityZoneRebalancing) service.rebalancing = input.availabilityZoneRebalancing;
    if (input.healthCheckGracePeriodSeconds !== undefined) service.grace = seconds(input.healthCheckGracePeriodSeconds);
    if (input.enableExecuteCommand !== undefined) service.execute = input.enableExecuteCommand;
    if (input.propagateTags) service.propagate = input.propagateTags;
    if (input.enableECSManagedTags !== undefined) service.managedTags = input.enableECSManagedTags;
    if (input.serviceConnectConfiguration) service.connect = input.serviceConnectConfiguration;
    const other =
      definition.taskDefinitionArn !== before.definition ||
      (input.loadBalancers !== undefined && JSON.stringify(input.loadBalancers) !== JSON.stringify(before.balancers));
    if (input.forceNewDeployment || other)
      newDeployment(call, service, definition.taskDefinitionArn, input.loadBalancers ? { balancers: input.loadBalancers } : {});
    lookSoon(call, service);
    return { service: shown(call, service) };
  },

  DeleteService(call, { cluster: asked, service: name, force = false }) {
    const cluster = clusterOf(call, asked);
    const service = serviceOf(call, cluster, name);
    if (!force && service.scheduling === "REPLICA" && service.desired > 0)
      throw invalid("The service cannot be stopped while it is scaled above 0.");
    service.desired = 0;
    service.status = service.tasks.size === 0 ? "INACTIVE" : "DRAINING";
    cluster.services.delete(service.arn);
    lookSoon(call, service);
    const definition = call.state.definitions.get(idOf(service.definition));
    if (definition) forgetUnused(call, definition);
    return { service: shown(call, service) };
  },

  DescribeServices(call, { cluster: asked, services, include = [] }) {
    const cluster = clusterOf(call, asked);
    if (services.length > 10) throw invalid("At most 10 services at a time.");
    const found = services.map((name) => {
      const arn = name.startsWith("arn:") ? name : `${cluster.arn.replace(":cluster/", ":service/")}/${name}`;
      return { arn, service: call.state.services.get(arn) };
    });
    return {
      services: found.flatMap(({ service }) => (service ? shown(call, service, include) : [])),
      failures: found.filter(({ service }) => !service).map(({ arn }) => ({ arn, reason: "MISSING" })),
    };
  },

  ListServices(call, { cluster: asked, launchType, schedulingStrategy, maxResults = 10, nextToken }) {
    const cluster = clusterOf(call, asked);
    const all = [...cluster.services].flatMap((arn) => call.state.services.get(arn) ?? []);
    const kept = all.filter(
      (each) =>
        (launchType === undefined || each.launchType === launchType) &&
        (schedulingStrategy === undefined || each.scheduling === schedulingStrategy),
    );
    const { items, next } = page(
      kept.map(({ arn }) => arn),
      maxResults,
      nextToken,
    );
    return { serviceArns: items, nextToken: next };
  },
} satisfies Operations<sdk.ECS, State, Timers>;

/** A target group that leads nowhere is refused, as is a load balancer of what is outside AWS. */
function checkBalancers(call: Here, balancers: readonly sdk.LoadBalancer[], launchType: string): void {
  if (balancers.length > GROUPS_MAX) throw invalid(`A service takes ${GROUPS_MAX} target groups.`);
  if (balancers.length && launchType === "EXTERNAL") throw invalid("Load balancers are not supported on external instances."); // ECS-076
  for (const { targetGroupArn } of balancers) {
    if (targetGroupArn === undefined) throw new AwsError("NotImplemented", "Causeway does not emulate Classic Load Balancers.", 501);
    const group = call.peek("elasticloadbalancing").targetGroups.get(targetGroupArn);
    if (!group) throw invalid("The specified target group does not exist.");
    if (group.LoadBalancerArns.length === 0)
      throw invalid(`The target group with targetGroupArn ${targetGroupArn} does not have an associated load balancer.`);
    if (group.TargetType !== "instance") throw invalid("The target group's target type must be instance for tasks on a bridge.");
  }
}

/** ECS-044, ECS-046 */
function configurationOf(
  given: sdk.DeploymentConfiguration = {},
  scheduling: string,
  known?: Service["configuration"],
): Service["configuration"] {
  const { minimumHealthyPercent: minimum, maximumPercent: maximum, deploymentCircuitBreaker: breaker, alarms, strategy } = given;
  if (strategy !== undefined && strategy !== "ROLLING")
    throw new AwsError("NotImplemented", `Causeway does not emulate deployments of the strategy ${strategy}.`, 501);
  if (alarms?.enable) throw new AwsError("NotImplemented", "Causeway does not emulate deployment alarms.", 501);
  const daemon = scheduling === "DAEMON";
  if (daemon && maximum !== undefined && maximum !== 100)
    throw invalid("The daemon scheduling strategy supports a maximumPercent of 100 only.");
  const result = {
    minimum: minimum ?? known?.minimum ?? (daemon ? 0 : 100),
    maximum: maximum ?? known?.maximum ?? (daemon ? 100 : 200),
    breaker: breaker ?? known?.breaker ?? { enable: false, rollback: false },
  };
  if (result.minimum < 0 || result.maximum < 1 || (result.minimum === 100 && result.maximum === 100 && !daemon))
    throw invalid("Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.");
  return result;
}

export function shown(call: Here, service: Service, include: readonly string[] = []): sdk.Service {
  const tasks = tasksOf(call, service);
  const running = (some: typeof tasks) => some.filter(({ lastStatus }) => lastStatus === "RUNNING").length;
  const pending = (some: typeof tasks) =>
    some.filter(({ lastStatus }) => ["PENDING", "PROVISIONING", "ACTIVATING"].includes(lastStatus)).length;
  const desired = service.scheduling === "DAEMON" ? tasks.length : service.desired;
  return {
    serviceArn: service.arn,
    serviceName: service.name,
    clusterArn: service.arn.replace(/:service\/([^/]+)\/.*$/, ":cluster/$1"),
    status: service.status,
    desiredCount: desired,
    runningCount: running(tasks),
    pendingCount: pending(tasks),
    launchType: service.launchType,
    taskDefinition: service.definition,
    schedulingStrategy: service.scheduling,
    deploymentController: { type: "ECS" },
    deploymentConfiguration: {
      minimumHealthyPercent: service.configuration.minimum,
      maximumPercent: service.configuration.maximum,
      deploymentCircuitBreaker: service.configuration.breaker,
      strategy: "ROLLING",
    },
    loadBalancers: primaryOf(service).balancers,
    serviceRegistries: [],
    placementConstraints: service.placement.constraints,
    placementStrategy: service.placement.strategies,
    availabilityZoneRebalancing: service.rebalancing,
    healthCheckGracePeriodSeconds: service.grace / 1000,
    enableECSManagedTags: service.managedTags,
    enableExecuteCommand: service.execute,
    propagateTags: service.propagate,
    createdAt: service.created,
    createdBy: service.createdBy,
    roleArn: service.role,
    tags: include.includes("TAGS") ? tagList(service.tags) : [],
    events: service.events.map(({ id, at, message }) => ({ id, createdAt: at, message })),
    deployments: service.deployments.map((each) => {
      const own = tasks.filter(({ deployment }) => deployment === each.id);
      return {
        id: each.id,
        status: each.status,
        taskDefinition: each.definition,
        desiredCount: each.status === "PRIMARY" ? desired : 0,
        runningCount: running(own),
        pendingCount: pending(own),
        failedTasks: each.failed,
        createdAt: each.created,
        updatedAt: each.updated,
        launchType: service.launchType,
        rolloutState: each.rollout,
        rolloutStateReason: each.rolloutReason,
        serviceConnectConfiguration: service.connect,
      };
    }),
  };
}
