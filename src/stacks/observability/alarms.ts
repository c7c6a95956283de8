/** An alarm for every redundancy that can be lost without anybody noticing: the platform would go on, until the second loss. */
import { type Stack } from "aws-cdk-lib";
import * as cloudwatch from "aws-cdk-lib/aws-cloudwatch";
import { gib } from "../../kernel/units.ts";
import type { Foundation, Link } from "../parts.ts";
import { pascal, type Place } from "../place.ts";
import { sub } from "../template.ts";

type Dimension = { name: string; value: string };
type Watch = {
  id: string;
  description: string;
  namespace: string;
  metric: string;
  dimensions: Dimension[];
  statistic: "Minimum" | "Maximum" | "Average" | "Sum";
  /** Breaches when below or above. */
  below?: number;
  above?: number;
  /** Seconds, and how many of them in a row. */
  period?: number;
  periods?: number;
  missing: "breaching" | "notBreaching" | "missing";
};

export function alarms(stack: Stack, place: Place, { foundation, link }: { foundation: Foundation; link?: Link }): void {
  const watches = [
    ...lines(link),
    ...(place.definition.database ? database(place) : []),
    ...files(place),
    ...backups(place),
    ...experiments(place),
  ];
  for (const watch of watches) {
    new cloudwatch.CfnAlarm(stack, `${pascal(watch.id)}Alarm`, {
      alarmName: place.names.stack(watch.id),
      alarmDescription: watch.description,
      namespace: watch.namespace,
      metricName: watch.metric,
      dimensions: watch.dimensions,
      statistic: watch.statistic,
      period: watch.period ?? 60,
      evaluationPeriods: watch.periods ?? 3,
      threshold: watch.below ?? watch.above ?? 0,
      comparisonOperator: watch.below === undefined ? "GreaterThanThreshold" : "LessThanThreshold",
      treatMissingData: watch.missing,
      alarmActions: [foundation.alarmTopicArn],
      okActions: [foundation.alarmTopicArn],
    });
  }
}

/** Metrics: docs.aws.amazon.com/directconnect/latest/UserGuide/monitoring-cloudwatch.html, docs.aws.amazon.com/vpn/latest/s2svpn/monitoring-cloudwatch-vpn.html */
function* lines(link: Link | undefined): Generator<Watch> {
  if (!link) return;
  for (const [at, value] of link.connectionIds.entries()) {
    yield {
      id: `DirectConnectPort${at + 1}`,
      description: "The Direct Connect port is down.",
      namespace: "AWS/DX",
      metric: "ConnectionState",
      dimensions: [{ name: "ConnectionId", value }],
      statistic: "Minimum",
      below: 1,
      periods: 2,
      missing: "breaching",
    };
  }
  for (const [at, value] of link.virtualInterfaceIds.entries()) {
    const dimensions = [{ name: "VirtualInterfaceId", value }];
    yield {
      id: `DirectConnectBgp${at + 1}`,
      description: "The BGP session over Direct Connect is down: all traffic is on the VPN.",
      namespace: "AWS/DX",
      metric: "VirtualInterfaceBgpStatus",
      dimensions,
      statistic: "Minimum",
      below: 1,
      periods: 2,
      missing: "breaching",
    };
  }
  if (link.vpnConnectionId) {
    // TunnelState of the connection is the mean of its two: below 1, one of them is down.
    const dimensions = [{ name: "VpnId", value: link.vpnConnectionId }];
    yield {
      id: "VpnTunnels",
      description: "A tunnel of the VPN is down: its redundancy is gone, with both so is the failover.",
      namespace: "AWS/VPN",
      metric: "TunnelState",
      dimensions,
      statistic: "Average",
      below: 1,
      missing: "breaching",
    };
  }
}

function* database({ definition, names, holdings }: Place): Generator<Watch> {
  if (holdings.database === "restored" || holdings.database === "absent") return;
  const dimensions = [{ name: "DBInstanceIdentifier", value: names.database }];
  const rds = { namespace: "AWS/RDS", dimensions };
  const { storage } = definition.database!;
  // Storage autoscaling acts below 10 % free; below 5 % of the ceiling it has stopped helping. docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html
  yield {
    ...rds,
    id: "DatabaseStorage",
    description: "The database is short of storage: its autoscaling is at its ceiling, or waits six hours after the last step.",
    metric: "FreeStorageSpace",
    statistic: "Minimum",
    below: Math.round(storage.initial * 0.05),
    missing: "breaching",
  };
  yield {
    ...rds,
    id: "DatabaseCpu",
    description: "The database has been busy for a quarter of an hour.",
    metric: "CPUUtilization",
    statistic: "Average",
    above: 90,
    periods: 15,
    missing: "missing",
  };
  if (holdings.database === "replica") {
    yield {
      ...rds,
      id: "ReplicaLag",
      description: "The replica is behind: what a loss of the primary region would cost is growing.",
      metric: "ReplicaLag",
      statistic: "Maximum",
      above: definition.alarms.replicaLag / 1000,
      periods: 5,
      missing: "breaching",
    };
    yield {
      ...rds,
      id: "ReplicaCeiling",
      description: "The replica's volume nears its own ceiling; at the ceiling replication stops.",
      metric: "FreeStorageSpace",
      statistic: "Minimum",
      below: gib(5),
      missing: "breaching",
    };
  }
}

function* files({ definition, names, region, other, holdings }: Place): Generator<Watch> {
  const shares = Object.keys(definition.files.shares);
  if (shares.length === 0) return;
  if (definition.files.gateway && holdings.files === "writable") {
    const dimensions = [{ name: "GatewayName", value: names.stack(`gateway-${region}`) }];
    const gateway = { namespace: "AWS/StorageGateway", dimensions, statistic: "Maximum" as const };
    yield {
      ...gateway,
      id: "CacheDirty",
      description: "The gateway holds files that are not in S3 yet: with it they would be lost, and a full cache stops writers.",
      metric: "CachePercentDirty",
      above: definition.alarms.cacheDirty,
      period: 300,
      missing: "breaching",
    };
    yield {
      ...gateway,
      id: "GatewayHealth",
      description: "The gateway reports trouble with its disks, its network or its uploads.",
      metric: "HealthNotifications",
      above: 0,
      period: 300,
      periods: 1,
      missing: "notBreaching",
    };
  }
  if (!other || other.holdings.files === "absent" || holdings.files !== "writable") return;
  for (const share of shares) {
    const dimensions = [
      { name: "SourceBucket", value: sub(names.shareBucket(share, region)) },
      { name: "DestinationBucket", value: sub(names.shareBucket(share, other.region)) },
      { name: "RuleId", value: "ToOtherRegion" },
    ];
    const s3 = { namespace: "AWS/S3", dimensions, statistic: "Maximum" as const, missing: "notBreaching" as const };
    yield {
      ...s3,
      id: `${pascal(share)}Replication`,
      description: `Files of ${share} reach the other region late.`,
      metric: "ReplicationLatency",
      above: definition.alarms.replicationPending / 1000,
    };
    yield {
      ...s3,
      id: `${pascal(share)}ReplicationFailed`,
      description: `Files of ${share} do not reach the other region at all.`,
      metric: "OperationsFailedReplication",
      above: 0,
      periods: 1,
    };
  }
}

function* backups({ names, role }: Place): Generator<Watch> {
  const dimensions = [{ name: "BackupVaultName", value: names.vault }];
  const jobs = {
    namespace: "AWS/Backup",
    dimensions,
    statistic: "Sum" as const,
    above: 0,
    period: 3600,
    periods: 1,
    missing: "notBreaching" as const,
  };
  if (role === "primary") yield { ...jobs, id: "BackupFailed", description: "A backup failed.", metric: "NumberOfBackupJobsFailed" };
  yield { ...jobs, id: "CopyFailed", description: "A copy between the regions' vaults failed.", metric: "NumberOfCopyJobsFailed" };
  yield {
    ...jobs,
    id: "RestoreFailed",
    description: "A restore failed: a backup never restored is not a backup.",
    metric: "NumberOfRestoreJobsFailed",
  };
}

/** The alarm that experiments stop at: users are being turned away. */
function* experiments({ names }: Place): Generator<Watch> {
  yield {
    id: "stop-experiments",
    description: "No region answers: running experiments stop.",
    namespace: names.stack("journeys"),
    metric: "JourneysFailed",
    dimensions: [],
    statistic: "Sum",
    above: 0,
    periods: 3,
    missing: "notBreaching",
  };
}
