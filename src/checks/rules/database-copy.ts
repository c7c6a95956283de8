/** The recovery region has what the strategy promotes or restores the database from. */
import type { Check } from "../check.ts";
import { placeOf } from "../reach/intent.ts";
import { named, text } from "../values.ts";

export const databaseCopy: Check = {
  id: "RES020",
  title: "The database has its copy in the recovery region",
  // docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.XRgn.html and USER_ReplicateBackups.html
  why: "When the region is lost, only what was copied out of it before is left.",
  fix: "Leave replica and backup replication in the database's stacks.",
  *check({ places, model }) {
    for (const { region, holdings, other } of places) {
      if (!other || holdings.database === "absent" || holdings.database === "writer") continue;
      const writers = model.byType("AWS::RDS::DBInstance", other.region);
      if (holdings.database === "restored") {
        for (const writer of writers) {
          if (writer.properties.AutomaticBackupReplicationRegion === region) continue;
          yield { message: `The backups of ${named(writer)} are not replicated to ${region}.`, place: placeOf(writer) };
        }
        continue;
      }
      const replicas = model
        .byType("AWS::RDS::DBInstance", region)
        .filter(({ properties }) =>
          writers.some((writer) => sourceIs(properties.SourceDBInstanceIdentifier, writer.properties, other.region)),
        );
      if (replicas.length === 0)
        yield { message: `${region} has no replica of the database of ${other.region}.`, place: { stack: stackOf(region) } };
    }
  },
};

const stackOf = (region: string): string => `${region}-database`;

/** A replica in another region names its source by ARN. */
const sourceIs = (source: unknown, writer: Record<string, any>, region: string): boolean =>
  source !== undefined && text(source).includes(`:${region}:`) && text(source).endsWith(`:db:${text(writer.DBInstanceIdentifier)}`);
