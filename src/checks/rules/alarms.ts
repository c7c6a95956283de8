/** Whatever can be lost without anybody noticing has an alarm. */
import type { Check } from "../check.ts";
import type { Model } from "../model.ts";
import { placeOf } from "../reach/intent.ts";
import { linked, members, named, text, type ModelResource } from "../values.ts";

type Watched = { metric: string; dimensions: { Name: unknown; Value: unknown }[] };

/** What is lost silently, by type: its metric, and the dimension that names it. */
type Loss = {
  metric: string;
  dimension?: string;
  called?: (properties: Record<string, any>) => unknown;
  when?: (properties: Record<string, any>) => boolean;
};

const losses: Record<string, Loss[]> = {
  // docs.aws.amazon.com/vpn/latest/s2svpn/monitoring-cloudwatch-vpn.html
  "AWS::EC2::VPNConnection": [{ metric: "AWS/VPN TunnelState", dimension: "VpnId" }],
  // docs.aws.amazon.com/directconnect/latest/UserGuide/monitoring-cloudwatch.html
  "AWS::DirectConnect::TransitVirtualInterface": [
    { metric: "AWS/DX VirtualInterfaceBgpStatus", dimension: "VirtualInterfaceId" },
    { metric: "AWS/DX ConnectionState", dimension: "ConnectionId", called: ({ ConnectionId }) => ConnectionId },
  ],
  "AWS::DirectConnect::PrivateVirtualInterface": [
    { metric: "AWS/DX VirtualInterfaceBgpStatus", dimension: "VirtualInterfaceId" },
    { metric: "AWS/DX ConnectionState", dimension: "ConnectionId", called: ({ ConnectionId }) => ConnectionId },
  ],
  // docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html
  "AWS::RDS::DBInstance": [
    { metric: "AWS/RDS FreeStorageSpace", dimension: "DBInstanceIdentifier", called: ({ DBInstanceIdentifier }) => DBInstanceIdentifier },
    {
      metric: "AWS/RDS ReplicaLag",
      dimension: "DBInstanceIdentifier",
      called: ({ DBInstanceIdentifier }) => DBInstanceIdentifier,
      when: ({ SourceDBInstanceIdentifier }) => SourceDBInstanceIdentifier !== undefined,
    },
  ],
  // docs.aws.amazon.com/AmazonS3/latest/userguide/repl-metrics.html
  "AWS::S3::Bucket": [
    {
      metric: "AWS/S3 ReplicationLatency",
      dimension: "SourceBucket",
      called: ({ BucketName }) => BucketName,
      when: ({ ReplicationConfiguration }) => ReplicationConfiguration !== undefined,
    },
  ],
  // docs.aws.amazon.com/filegateway/latest/files3/monitoring-file-gateway.html; the gateway is made by a step in the data centre.
  "AWS::StorageGateway::NFSFileShare": [{ metric: "AWS/StorageGateway CachePercentDirty", when: ({ ReadOnly }) => ReadOnly !== true }],
  // docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-auto-scaling.html
  "AWS::ECS::CapacityProvider": [{ metric: "AWS/ECS/ManagedScaling CapacityProviderReservation", dimension: "CapacityProviderName" }],
  // docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
  "AWS::ElasticLoadBalancingV2::TargetGroup": [{ metric: "AWS/ApplicationELB UnHealthyHostCount", dimension: "TargetGroup" }],
  // docs.aws.amazon.com/aws-backup/latest/devguide/cloudwatch.html
  "AWS::Backup::BackupPlan": [{ metric: "AWS/Backup NumberOfBackupJobsFailed" }],
};

export const alarms: Check = {
  id: "RES030",
  title: "Everything that can be lost silently has its alarm",
  why: "The second of two lines, replicas or tunnels carries on alone, so nobody notices until it is lost too.",
  fix: "Leave its alarm in the stack observability or compute.",
  *check({ model }) {
    for (const resource of model.resources) {
      for (const loss of losses[resource.type] ?? []) {
        if (loss.when && !loss.when(resource.properties)) continue;
        if (watchedIn(model, resource.region).some((watched) => watches(watched, loss, resource))) continue;
        yield { message: `Nothing watches ${loss.metric} of ${named(resource)}.`, place: placeOf(resource) };
      }
    }
  },
};

/** Metrics of a region's alarms, those inside expressions too. */
function watchedIn(model: Model, region: string): Watched[] {
  return model.byType("AWS::CloudWatch::Alarm", region).flatMap(({ properties }) => {
    const inside = members(properties.Metrics).map(({ MetricStat }) => MetricStat?.Metric);
    return [properties, ...inside].filter(Boolean).map(({ Namespace, MetricName, Dimensions }: Record<string, any>) => ({
      metric: `${text(Namespace ?? "")} ${text(MetricName ?? "")}`,
      dimensions: members(Dimensions) as Watched["dimensions"],
    }));
  });
}

function watches({ metric, dimensions }: Watched, loss: Loss, resource: ModelResource): boolean {
  if (metric !== loss.metric) return false;
  if (loss.dimension === undefined) return true;
  const value = dimensions.find(({ Name }) => Name === loss.dimension)?.Value;
  return linked(value) === resource || (loss.called !== undefined && text(value) === text(loss.called(resource.properties)));
}
