/** One dashboard for each region: what a person looks at first when something is wrong. Widgets from the outside inwards. */
import type { Stack } from "aws-cdk-lib";
import * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import { groupName } from "../hosts.ts";
import type { Link } from "../parts.ts";
import type { Place } from "../place.ts";
import { sub } from "../template.ts";

type Metric = (string | object)[];
type Graph = { title: string; metrics: Metric[]; more?: object };

/** Of 24 columns. */
const half = 12;
const height = 6;

export function dashboard(stack: Stack, place: Place, { link, gatewayId }: { link?: Link; gatewayId?: string }): void {
  const graphs = [...front(place), ...compute(place), ...database(place), ...(link ? lines(link) : []), ...files(place, gatewayId)];
  const widgets = graphs.map(({ title, metrics, more }, at) => ({
    type: "metric",
    x: (at % 2) * half,
    y: Math.floor(at / 2) * height,
    width: half,
    height,
    properties: { title, region: place.region, metrics, period: 60, stat: "Average", view: "timeSeries", ...more },
  }));
  new cloudwatch.CfnDashboard(stack, "Dashboard", {
    dashboardName: place.names.stack(place.region),
    dashboardBody: stack.toJsonString({ widgets }),
  });
}

/** For metrics with a dimension that AWS chose: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html */
const search = (id: string, words: string, statistic = "Average"): Metric => [{ id, expression: `SEARCH('${words}', '${statistic}', 60)` }];

function front({ names, definition }: Place): Graph[] {
  if (!Object.values(definition.services).some(({ route }) => route)) return [];
  const balancers = `"${names.stack("public")}" OR "${names.stack("internal")}"`;
  const of = (metric: string, more = "") => `{AWS/ApplicationELB,LoadBalancer${more}} MetricName="${metric}" (${balancers})`;
  return [
    {
      title: "Requests, and those that failed",
      metrics: [
        search("requests", of("RequestCount"), "Sum"),
        search("failed", of("HTTPCode_Target_5XX_Count"), "Sum"),
        search("refused", of("HTTPCode_ELB_5XX_Count"), "Sum"),
      ],
    },
    { title: "Answer time by service, 99th percentile", metrics: [search("time", of("TargetResponseTime", ",TargetGroup"), "p99")] },
  ];
}

function compute(place: Place): Graph[] {
  const { names, definition } = place;
  const services = Object.entries(definition.services).flatMap(([name, { runsOn }]) => (runsOn === "site" ? [] : [names.service(name)]));
  return [
    {
      title: "CPU of the services, percent",
      metrics: services.map((service) => ["AWS/ECS", "CPUUtilization", "ClusterName", names.cluster, "ServiceName", service]),
    },
    {
      title: "Machines, and how many of them are needed",
      metrics: [
        ["AWS/AutoScaling", "GroupInServiceInstances", "AutoScalingGroupName", groupName(place)],
        search("needed", `{AWS/ECS/ManagedScaling,CapacityProviderName,ClusterName} ClusterName="${names.cluster}"`),
      ],
    },
  ];
}

function database({ holdings, names }: Place): Graph[] {
  if (holdings.database === "absent") return [];
  const of = (metric: string, ...more: object[]): Metric => ["AWS/RDS", metric, "DBInstanceIdentifier", names.database, ...more];
  return [
    {
      title: "Database",
      metrics: [
        of("CPUUtilization"),
        of("DatabaseConnections"),
        ...(holdings.database === "replica" ? [of("ReplicaLag", { yAxis: "right" })] : []),
      ],
    },
    { title: "Free storage of the database", metrics: [of("FreeStorageSpace")] },
  ];
}

function lines({ vpnConnectionId, virtualInterfaceIds }: Link): Graph[] {
  const of = (metric: string, id: string) => `Namespace="AWS/DX" MetricName="${metric}" VirtualInterfaceId="${id}"`;
  const metrics = virtualInterfaceIds.flatMap((id, at) => [
    search(`out${at}`, of("VirtualInterfaceBpsEgress", id)),
    search(`in${at}`, of("VirtualInterfaceBpsIngress", id)),
  ]);
  const vpn = (metric: string, more: object = {}): Metric => ["AWS/VPN", metric, "VpnId", vpnConnectionId!, more];
  return [
    ...(metrics.length > 0 ? [{ title: "Direct Connect, bits a second", metrics, more: { period: 300 } }] : []),
    ...(vpnConnectionId
      ? [
          {
            title: "VPN: bytes, and tunnels that are up",
            metrics: [vpn("TunnelDataOut", { stat: "Sum" }), vpn("TunnelDataIn", { stat: "Sum" }), vpn("TunnelState", { yAxis: "right" })],
            more: { period: 300 },
          },
        ]
      : []),
  ];
}

function files({ holdings, other, names, definition, region }: Place, gatewayId: string | undefined): Graph[] {
  const cache = (id: string, metric: string) =>
    search(id, `Namespace="AWS/StorageGateway" MetricName="${metric}" GatewayId="${gatewayId}"`);
  const gateway: Graph = {
    title: "Storage gateway's cache, percent",
    metrics: [cache("dirty", "CachePercentDirty"), cache("used", "CachePercentUsed"), cache("hits", "CacheHitPercent")],
  };
  const replicates = other !== undefined && holdings.files === "writable";
  const replication = (metric: string, more: object = {}) =>
    Object.keys(definition.files.shares).map((share): Metric => [
      "AWS/S3",
      metric,
      "SourceBucket",
      sub(names.shareBucket(share, region)),
      "DestinationBucket",
      sub(names.shareBucket(share, other!.region)),
      "RuleId",
      "ToOtherRegion",
      { stat: "Maximum", ...more },
    ]);
  return [
    ...(gatewayId ? [gateway] : []),
    ...(replicates
      ? [
          {
            title: "Files on their way to the other region: seconds, and how many",
            metrics: [...replication("ReplicationLatency"), ...replication("OperationsPendingReplication", { yAxis: "right" })],
          },
        ]
      : []),
  ];
}
