/** Archived objects: not readable until restored, and then for the days asked. docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects.html */
import { days, hours, minutes, plus, type Duration } from "../../../kernel/units.ts";
import { AwsError } from "../../service.ts";
import { findBucket, findVersion, type Here, type S3Operations, type Timers, type Version } from "./bucket.ts";
import { invalidArgument, malformedXml, notEmulated } from "./refusals.ts";

/** The upper end of what AWS states, for it promises no less: restoring-objects-retrieval-options.html */
const RETRIEVAL: Record<string, Record<string, Duration>> = {
  GLACIER: { Expedited: minutes(5), Standard: hours(5), Bulk: hours(12) },
  DEEP_ARCHIVE: { Standard: hours(12), Bulk: hours(48) },
};

const isArchived = ({ storageClass }: Version) => storageClass in RETRIEVAL;

/** Refuses the reading of an archived object that has no restored copy. */
export function checkReadable(call: Here, version: Version): void {
  const { storageClass, restore } = version;
  if (!isArchived(version) || (restore?.expires && restore.expires > call.date)) return;
  const message = "The operation is not valid for the object's storage class";
  throw new AwsError("InvalidObjectState", message, 403, { StorageClass: storageClass });
}

/** A restored copy stays until the midnight (UTC) after its days: restoring-objects.html */
function expiry(call: Here, asked: number): Date {
  const end = plus(call.now, days(asked + 1));
  return new Date(Math.floor(end / days(1)) * days(1));
}

export const restoreOperations = {
  RestoreObject(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    const version = findVersion(bucket, input.Key, input.VersionId, "object");
    const { Days, GlacierJobParameters, Tier: tier, Type, OutputLocation } = input.RestoreRequest ?? {};
    if (Type !== undefined || OutputLocation !== undefined) throw notEmulated("RestoreObject of type SELECT");
    if (!isArchived(version)) {
      const message = "Restore is not allowed for the object's current storage class";
      throw new AwsError("InvalidObjectState", message, 403, { StorageClass: version.storageClass });
    }
    if (Days === undefined) throw malformedXml();
    if (!Number.isInteger(Days) || Days < 1) throw invalidArgument("restoration days should be at least 1", "Days", Days);
    const wanted = GlacierJobParameters?.Tier ?? tier ?? "Standard";
    const duration = RETRIEVAL[version.storageClass]![wanted];
    if (duration === undefined) throw invalidArgument(`Retrieval option is not supported by this storage class: ${wanted}`, "Tier", wanted);
    if (version.restore?.ongoing) throw new AwsError("RestoreAlreadyInProgress", "Object restore is already in progress", 409);
    const request = call.uuid();
    const place = { bucket: input.Bucket, key: input.Key, versionId: version.versionId, request };
    if (version.restore) {
      // A copy is there: only its end moves.
      version.restore = { request, ongoing: false, expires: expiry(call, Days) };
      call.background((version.restore.expires!.getTime() - call.now) as Duration, "restoreExpired", place);
      return {};
    }
    version.restore = { request, ongoing: true };
    call.after(duration, "restored", { ...place, days: Days });
    return {};
  },
} satisfies S3Operations;

/** The version that a restoration was for, if it is still the one under way. */
function restoring(call: Here, { bucket, key, versionId, request }: Timers["restoreExpired"]): Version | undefined {
  const version = call.state.buckets
    .get(bucket)
    ?.objects.get(key)
    ?.find((each) => each.versionId === versionId);
  return version?.restore?.request === request ? version : undefined;
}

export const restoreTimers = {
  restored(call: Here, { days: asked, ...place }: Timers["restored"]) {
    const version = restoring(call, place);
    if (!version) return;
    const expires = expiry(call, asked);
    version.restore = { request: place.request, ongoing: false, expires };
    call.background((expires.getTime() - call.now) as Duration, "restoreExpired", place);
  },
  restoreExpired(call: Here, place: Timers["restoreExpired"]) {
    const version = restoring(call, place);
    if (version) version.restore = undefined;
  },
};
