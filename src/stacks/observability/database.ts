/** The database: room, load, and the replica that recovery stands on. docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html */
import type { Place } from "../place.ts";
import type { Watch } from "./watch.ts";

export function database(place: Place): Watch[] {
  const { holdings } = place;
  if (holdings.database === "absent" || holdings.database === "restored") return [];
  return [...instance(place), ...(holdings.database === "replica" ? replica(place) : source(place))];
}

/** The alarm that says of a region that it cannot take over yet (traffic.ts). */
export const standby = "standby";

const metric = ({ names }: Place) => ({ namespace: "AWS/RDS", dimensions: { DBInstanceIdentifier: names.database }, period: 60 });

function instance(place: Place): Watch[] {
  const { storage } = place.definition.database!;
  return [
    {
      ...metric(place),
      metric: "FreeStorageSpace",
      statistic: "Minimum",
      purpose: "database-storage",
      // RDS grows a volume with less than 10 % free, unless it did so lately: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html
      // That the ceiling is near, an event says (events.ts).
      description: "The database is short of storage and does not grow: it may not yet again, or is at its ceiling (database.storage.max).",
      below: Math.round(storage.initial * 0.05),
      periods: 5,
      missing: "breaching",
    },
    {
      ...metric(place),
      metric: "CPUUtilization",
      statistic: "Average",
      purpose: "database-cpu",
      description: "The database has been busy for a quarter of an hour.",
      above: 90,
      periods: 15,
      missing: "notBreaching",
    },
  ];
}

/**
 * PostgreSQL's lag is the age of the last change that was replayed; RDS writes one every 5 minutes even when nobody else does. A promoted replica
 * has none: then the alarm is right too, as nothing follows the new writer yet.
 */
function replica(place: Place): Watch[] {
  return [
    {
      ...metric(place),
      metric: "ReplicaLag",
      statistic: "Maximum",
      // -1 while replication is not active, which is below every limit: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.Monitoring.html
      counted: "IF(value < 0, 86400, value)",
      purpose: "replica-lag",
      description:
        "The replica is behind, or does not replicate (counted as a day): what a loss of the primary region would cost is growing.",
      above: place.definition.alarms.replicaLag / 1000,
      periods: 5,
      missing: "breaching",
    },
    {
      ...metric(place),
      metric: "ReplicaLag",
      statistic: "Maximum",
      purpose: standby,
      description: "In alarm while the database here is a replica, as it should be: Route 53 reads it and sends no users here meanwhile.",
      // Whatever the lag is, -1 included.
      above: -2,
      periods: 1,
      // People hear of it once, when the replica is there.
      missing: "ignore",
    },
  ];
}

function source(place: Place): Watch[] {
  const { engine, storage } = place.definition.database!;
  if (engine !== "postgres" || place.other?.holdings.database !== "replica") return [];
  return [
    {
      ...metric(place),
      metric: "OldestReplicationSlotLag",
      statistic: "Maximum",
      purpose: "replica-backlog",
      description: "The writer keeps more than a tenth of its first volume for a replica that does not fetch it: it will fill up.",
      above: Math.round(storage.initial * 0.1),
      periods: 15,
      missing: "notBreaching",
    },
  ];
}
