/** One dashboard for each region: what a person looks at first when something is wrong. Widgets from the outside inwards. */
import { type Stack } from "aws-cdk-lib";
import * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import { groupName } from "../cluster.ts";
import type { Link } from "../parts.ts";
import type { Place } from "../place.ts";

type Metric = (string | object)[];
type Widget = { type: "metric"; width: number; height: number; properties: object };

const half = 12;

export function dashboard(stack: Stack, place: Place, link: Link | undefined): void {
  const { names, region, definition, holdings } = place;
  const search = (expression: string): Metric => [{ expression: `SEARCH('${expression}', 'Average', 60)`, id: "e1" }];
  const graph = (title: string, metrics: Metric[], more: object = {}): Widget => ({
    type: "metric",
    width: half,
    height: 6,
    properties: { title, region, metrics, period: 60, stat: "Average", view: "timeSeries", ...more },
  });
  const widgets: Widget[] = [
    graph("Requests and errors of the load balancer", [
      search(
        `{AWS/ApplicationELB,LoadBalancer} MetricName="RequestCount" OR MetricName="HTTPCode_ELB_5XX_Count" app/${names.stack("web")}`,
      ),
    ]),
    graph("Answer time by service", [
      search(`{AWS/ApplicationELB,LoadBalancer,TargetGroup} MetricName="TargetResponseTime" app/${names.stack("web")}`),
    ]),
    graph(
      "CPU of the services, percent",
      Object.entries(definition.services).flatMap(([name, { runsOn }]) =>
        runsOn === "site" ? [] : [["AWS/ECS", "CPUUtilization", "ClusterName", names.cluster, "ServiceName", names.service(name)]],
      ),
    ),
    graph("Machines", [
      ["AWS/AutoScaling", "GroupInServiceInstances", "AutoScalingGroupName", groupName(place)],
      ["AWS/ECS/ManagedScaling", "CapacityProviderReservation", "CapacityProviderName", groupName(place), "ClusterName", names.cluster],
    ]),
  ];
  if (holdings.database === "writer" || holdings.database === "replica") {
    const of = (metric: string): Metric => ["AWS/RDS", metric, "DBInstanceIdentifier", names.database];
    widgets.push(
      graph("Database", [of("CPUUtilization"), of("DatabaseConnections"), ...(holdings.database === "replica" ? [of("ReplicaLag")] : [])]),
      graph("Free storage of the database", [of("FreeStorageSpace")]),
    );
  }
  if (link) widgets.push(lines(graph, link));
  if (definition.files.gateway) {
    const of = (metric: string): Metric => ["AWS/StorageGateway", metric, "GatewayName", names.stack(`gateway-${region}`)];
    widgets.push(graph("Storage gateway: cache", [of("CachePercentDirty"), of("CachePercentUsed"), of("CacheHitPercent")]));
  }
  new cloudwatch.CfnDashboard(stack, "Dashboard", {
    dashboardName: names.stack(region),
    dashboardBody: stack.toJsonString({ widgets: placed(widgets) }),
  });
}

function lines(graph: (title: string, metrics: Metric[], more?: object) => Widget, { vpnConnectionId, virtualInterfaceIds }: Link): Widget {
  const metrics: Metric[] = virtualInterfaceIds.flatMap((id) => [
    ["AWS/DX", "VirtualInterfaceBpsEgress", "VirtualInterfaceId", id],
    ["AWS/DX", "VirtualInterfaceBgpStatus", "VirtualInterfaceId", id, { yAxis: "right" }],
  ]);
  if (vpnConnectionId)
    metrics.push(
      ["AWS/VPN", "TunnelState", "VpnId", vpnConnectionId, { yAxis: "right" }],
      ["AWS/VPN", "TunnelDataOut", "VpnId", vpnConnectionId],
    );
  return graph("Lines to the data centre", metrics);
}

/** Two in a row, 24 columns. */
const placed = (widgets: Widget[]) =>
  widgets.map((widget, at) => ({ ...widget, x: (at % 2) * half, y: Math.floor(at / 2) * widget.height }));
