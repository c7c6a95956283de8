/** Every share's bucket is replicated to the recovery region, and the delay is measured. */
import type { Check } from "../check.ts";
import { placeOf } from "../reach/intent.ts";
import { members, named, text } from "../values.ts";

export const filesCopy: Check = {
  id: "RES021",
  title: "Every share is replicated to the recovery region",
  // docs.aws.amazon.com/AmazonS3/latest/userguide/replication-time-control.html
  why: "Only objects written after replication was set are copied, and without replication time control nobody knows how far behind the copy is.",
  fix: "Leave the bucket's ReplicationConfiguration with ReplicationTime and Metrics enabled.",
  *check({ places, model }) {
    // The other direction is switched on when the first one is deployed: until then one bucket would wait for the other.
    for (const { role, region, other, holdings } of places) {
      if (role !== "primary" || !other || holdings.files === "absent") continue;
      for (const bucket of model.byType("AWS::S3::Bucket", region).filter(({ part }) => part === "files")) {
        const rules = members(bucket.properties.ReplicationConfiguration?.Rules).filter(
          ({ Status, Destination }) => Status === "Enabled" && text(Destination?.Bucket ?? "").includes(other.region),
        );
        const measured = rules.some(
          ({ Destination }) => Destination?.ReplicationTime?.Status === "Enabled" && Destination?.Metrics?.Status === "Enabled",
        );
        if (measured) continue;
        const lacks = rules.length ? `is replicated to ${other.region} without a measured delay` : `is not replicated to ${other.region}`;
        yield { message: `${named(bucket)} ${lacks}.`, place: placeOf(bucket) };
      }
    }
  },
};
