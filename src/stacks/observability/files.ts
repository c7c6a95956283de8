/**
 * Files on their way: in the gateway's cache, then in S3, then in the other region's bucket.
 * docs.aws.amazon.com/filegateway/latest/files3/monitoring-file-gateway.html, docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html
 */
import type { Place } from "../place.ts";
import { sub } from "../template.ts";
import type { Watch } from "./watch.ts";

export const files = (place: Place, gatewayId: string | undefined): Watch[] => [
  ...(gatewayId ? gateway(place, gatewayId) : []),
  ...replication(place),
];

/** Queries, since the gateway's name is a dimension too, and it is the gateway's to change. Levels: docs.aws.amazon.com/filegateway/latest/files3/cloudwatch-alarms.html */
function gateway({ definition, holdings }: Place, id: string): Watch[] {
  const select = (metric: string) => ({ query: `SELECT MAX(${metric}) FROM "AWS/StorageGateway" WHERE GatewayId = '${id}'`, period: 300 });
  const watches: Watch[] = [
    {
      ...select("HealthNotifications"),
      purpose: "gateway-health",
      description: "The storage gateway reports trouble with its disks, its network or its machine.",
      above: 0,
      periods: 1,
      missing: "notBreaching",
    },
    {
      ...select("FileSharesUnavailable"),
      purpose: "gateway-shares",
      description: "A share of the storage gateway is unavailable.",
      above: 0,
      periods: 1,
      missing: "notBreaching",
    },
  ];
  if (holdings.files !== "writable") return watches;
  return [
    ...watches,
    {
      ...select("CachePercentDirty"),
      purpose: "cache-dirty",
      description: "The gateway holds files that are not in S3 yet: with it they would be lost, and a full cache stops writers.",
      above: definition.alarms.cacheDirty,
      periods: 4,
      // A gateway that says nothing is cut off or dead, with all that it holds.
      missing: "breaching",
    },
    {
      ...select("FilesFailingUpload"),
      purpose: "gateway-uploads",
      description: "Files do not get from the gateway into S3 at all.",
      above: 0,
      periods: 1,
      missing: "notBreaching",
    },
  ];
}

function replication({ definition, names, region, other, holdings }: Place): Watch[] {
  if (!other || other.holdings.files === "absent" || holdings.files !== "writable") return [];
  return Object.keys(definition.files.shares).flatMap((share): Watch[] => {
    const metric = {
      namespace: "AWS/S3",
      dimensions: {
        SourceBucket: sub(names.shareBucket(share, region)),
        DestinationBucket: sub(names.shareBucket(share, other.region)),
        // The rule's name in files.ts.
        RuleId: "ToOtherRegion",
      },
      statistic: "Maximum" as const,
      period: 60,
      // No file, no figure.
      missing: "notBreaching" as const,
    };
    return [
      {
        ...metric,
        metric: "ReplicationLatency",
        purpose: `${share}-replication`,
        description: `Files of ${share} reach ${other.region} late: what a loss of ${region} would cost is growing.`,
        above: definition.alarms.replicationPending / 1000,
        periods: 3,
      },
      {
        ...metric,
        metric: "OperationsFailedReplication",
        purpose: `${share}-replication-failed`,
        description: `Files of ${share} do not reach ${other.region} at all.`,
        above: 0,
        periods: 1,
      },
    ];
  });
}
