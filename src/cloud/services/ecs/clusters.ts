/** Clusters: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/clusters.html */
import type * as sdk from "@aws-sdk/client-ecs";
import { AwsError, type Operations } from "../../service.ts";
import { clusterOf, idOf, invalid, page, tagList, tagMap, type Cluster, type Here, type State, type Timers } from "./state.ts";

const CLUSTERS_MAX = 10_000; // ECS-016

export const clusterOperations = {
  CreateCluster(
    call,
    {
      clusterName = "default",
      settings = [],
      configuration,
      capacityProviders = [],
      defaultCapacityProviderStrategy = [],
      serviceConnectDefaults,
      tags = [],
    },
  ) {
    if (!/^[A-Za-z0-9_-]{1,255}$/.test(clusterName))
      throw invalid("The cluster name takes 1 to 255 letters, digits, hyphens and underscores.");
    const known = call.state.clusters.get(clusterName);
    if (known?.status === "ACTIVE") return { cluster: shown(call, known) };
    if (call.state.clusters.size >= CLUSTERS_MAX) throw new AwsError("LimitExceededException", "The limit of clusters has been reached.");
    const strange = capacityProviders[0];
    if (strange !== undefined) throw new AwsError("NotImplemented", `Causeway does not emulate capacity providers yet: ${strange}.`, 501);
    const cluster: Cluster = {
      arn: call.arn("ecs", `cluster/${clusterName}`),
      name: clusterName,
      status: "ACTIVE",
      settings,
      configuration,
      capacityProviders,
      strategy: defaultCapacityProviderStrategy,
      connectNamespace: serviceConnectDefaults?.namespace,
      tags: tagMap(tags),
      instances: new Set(),
      services: new Set(),
      tasks: new Set(),
    };
    call.state.clusters.set(clusterName, cluster);
    return { cluster: shown(call, cluster) };
  },

  UpdateCluster(call, { cluster: asked, settings, configuration, serviceConnectDefaults }) {
    const cluster = clusterOf(call, asked);
    if (settings) cluster.settings = settings;
    if (configuration) cluster.configuration = configuration;
    if (serviceConnectDefaults) cluster.connectNamespace = serviceConnectDefaults.namespace;
    return { cluster: shown(call, cluster) };
  },

  UpdateClusterSettings(call, { cluster: asked, settings }) {
    const cluster = clusterOf(call, asked);
    cluster.settings = settings;
    return { cluster: shown(call, cluster) };
  },

  /** ECS-019 */
  DeleteCluster(call, { cluster: asked }) {
    const cluster = clusterOf(call, asked);
    if (cluster.instances.size > 0)
      throw new AwsError(
        "ClusterContainsContainerInstancesException",
        "The Cluster cannot be deleted while Container Instances are active or draining.",
      );
    if ([...cluster.services].some((arn) => call.state.services.get(arn)?.status !== "INACTIVE"))
      throw new AwsError("ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active.");
    if ([...cluster.tasks].some((arn) => call.state.tasks.get(arn)?.lastStatus !== "STOPPED"))
      throw new AwsError("ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.");
    cluster.status = "INACTIVE";
    return { cluster: shown(call, cluster) };
  },

  DescribeClusters(call, { clusters = ["default"], include = [] }) {
    const found = clusters.map((asked) => ({ asked, cluster: call.state.clusters.get(asked.startsWith("arn:") ? idOf(asked) : asked) }));
    return {
      clusters: found.flatMap(({ cluster }) => (cluster ? shown(call, cluster, include) : [])),
      failures: found
        .filter(({ cluster }) => !cluster)
        .map(({ asked }) => ({ arn: asked.startsWith("arn:") ? asked : call.arn("ecs", `cluster/${asked}`), reason: "MISSING" })),
    };
  },

  ListClusters(call, { maxResults, nextToken }) {
    const active = [...call.state.clusters.values()].filter(({ status }) => status === "ACTIVE").map(({ arn }) => arn);
    const { items, next } = page(active, maxResults, nextToken);
    return { clusterArns: items, nextToken: next };
  },
} satisfies Operations<sdk.ECS, State, Timers>;

export function shown(call: Here, cluster: Cluster, include: readonly string[] = []): sdk.Cluster {
  const tasks = [...cluster.tasks].map((arn) => call.state.tasks.get(arn)?.lastStatus);
  const services = [...cluster.services].filter((arn) => call.state.services.get(arn)?.status === "ACTIVE");
  return {
    clusterArn: cluster.arn,
    clusterName: cluster.name,
    status: cluster.status,
    registeredContainerInstancesCount: cluster.instances.size,
    runningTasksCount: tasks.filter((status) => status === "RUNNING").length,
    pendingTasksCount: tasks.filter((status) => status === "PENDING" || status === "PROVISIONING").length,
    activeServicesCount: services.length,
    statistics: [],
    tags: include.includes("TAGS") ? tagList(cluster.tags) : [],
    settings: include.includes("SETTINGS") || include.length === 0 ? cluster.settings : [],
    configuration: cluster.configuration,
    capacityProviders: cluster.capacityProviders,
    defaultCapacityProviderStrategy: cluster.strategy,
    serviceConnectDefaults: cluster.connectNamespace === undefined ? undefined : { namespace: cluster.connectNamespace },
  };
}
