/** Whatever can be lost without anybody noticing has an alarm. */
import type { Check } from "../check.ts";
import type { Model } from "../model.ts";
import { placeOf } from "../reach/intent.ts";
import { members, named, text, type ModelResource } from "../values.ts";

type Properties = Record<string, any>;
/** A metric as `NAMESPACE NAME`, the dimensions that choose among its series, and the alarm that looks at it. */
type Watched = { metric: string; dimensions: Map<string, string>; alarm: Properties };

/** What is lost silently: its metric, and the dimension that names it: with a name of its own, or with its id. */
type Loss = {
  metric: string;
  dimension?: string;
  called?: (properties: Properties) => unknown;
  when?: (properties: Properties) => boolean;
  /** Whether an alarm on the metric rings for this loss; others may have other reasons to look at it. */
  rings?: (alarm: Properties) => boolean;
};

// docs.aws.amazon.com/directconnect/latest/UserGuide/monitoring-cloudwatch.html
const line: Loss[] = [
  { metric: "AWS/DX VirtualInterfaceBgpStatus", dimension: "VirtualInterfaceId" },
  { metric: "AWS/DX ConnectionState", dimension: "ConnectionId", called: ({ ConnectionId }) => ConnectionId },
];
const database = { dimension: "DBInstanceIdentifier", called: ({ DBInstanceIdentifier }: Properties) => DBInstanceIdentifier as unknown };

const losses: Record<string, Loss[]> = {
  // docs.aws.amazon.com/vpn/latest/s2svpn/monitoring-cloudwatch-vpn.html
  "AWS::EC2::VPNConnection": [
    // The largest value of two tunnels falls only when both are lost.
    { metric: "AWS/VPN TunnelState", dimension: "VpnId", rings: ({ Statistic }) => Statistic !== "Maximum" },
  ],
  "AWS::DirectConnect::TransitVirtualInterface": line,
  "AWS::DirectConnect::PrivateVirtualInterface": line,
  // docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html
  "AWS::RDS::DBInstance": [
    { metric: "AWS/RDS FreeStorageSpace", ...database },
    {
      metric: "AWS/RDS ReplicaLag",
      ...database,
      when: ({ SourceDBInstanceIdentifier }) => SourceDBInstanceIdentifier !== undefined,
      // Below zero it tells a replica from a writer.
      rings: ({ Threshold }) => Number(Threshold) > 0,
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
  "AWS::ElasticLoadBalancingV2::TargetGroup": [
    // A group of plain TCP holds a load balancer, not tasks.
    { metric: "AWS/ApplicationELB UnHealthyHostCount", dimension: "TargetGroup", when: ({ Protocol }) => Protocol !== "TCP" },
  ],
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
      const silent = (losses[resource.type] ?? [])
        .filter(({ when }) => !when || when(resource.properties))
        .filter((loss) => !watchedIn(model, resource.region).some((watched) => watches(watched, loss, resource)))
        .map(({ metric }) => metric);
      if (silent.length > 0) yield { message: `Nothing watches ${silent.join(" and ")} of ${named(resource)}.`, place: placeOf(resource) };
    }
  },
};

/** Metrics of a region's alarms, those inside expressions and queries too. */
function watchedIn(model: Model, region: string): Watched[] {
  return model.byType("AWS::CloudWatch::Alarm", region).flatMap(({ properties: alarm }) => {
    const inside = members(alarm.Metrics);
    const plain = [alarm, ...inside.map(({ MetricStat }) => MetricStat?.Metric as Properties | undefined)];
    return [
      ...plain.flatMap((metric) => (metric?.MetricName === undefined ? [] : { ...series(metric), alarm })),
      ...inside.flatMap(({ Expression }) =>
        Expression === undefined ? [] : selected(text(Expression)).map((each) => ({ ...each, alarm })),
      ),
    ];
  });
}

const series = ({ Namespace, MetricName, Dimensions }: Properties): Omit<Watched, "alarm"> => ({
  metric: `${text(Namespace ?? "")} ${text(MetricName)}`,
  dimensions: new Map(members(Dimensions).map(({ Name, Value }) => [text(Name), text(Value)])),
});

/** docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-metrics-insights-querylanguage.html */
function selected(query: string): Omit<Watched, "alarm">[] {
  const [, name, namespace] = /^SELECT \w+\((\w+)\) FROM (?:SCHEMA\()?"([^"]+)"/.exec(query) ?? [];
  if (name === undefined || namespace === undefined) return [];
  const conditions = [...query.matchAll(/(\w+) = '([^']*)'/g)].map(([, dimension = "", value = ""]) => [dimension, value] as const);
  return [{ metric: `${namespace} ${name}`, dimensions: new Map(conditions) }];
}

function watches({ metric, dimensions, alarm }: Watched, loss: Loss, resource: ModelResource): boolean {
  if (metric !== loss.metric || loss.rings?.(alarm) === false) return false;
  if (loss.dimension === undefined) return true;
  const value = dimensions.get(loss.dimension) ?? "";
  if (loss.called && value === text(loss.called(resource.properties))) return true;
  // The resource itself, or one of its attributes.
  return value === `\${${named(resource)}}` || value.startsWith(`\${${named(resource)}.`);
}
