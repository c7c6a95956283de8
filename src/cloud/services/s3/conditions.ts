/** Conditional requests: docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html, RFC 9110 section 13 */
import { AwsError } from "../../service.ts";
import { current, noSuchKey, type Bucket, type Version } from "./bucket.ts";

type Read = { IfMatch?: string; IfNoneMatch?: string; IfModifiedSince?: Date; IfUnmodifiedSince?: Date };

const failed = (condition: string) =>
  new AwsError("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412, { Condition: condition });

function names(list: string, etag: string): boolean {
  return list.split(",").some((each) => {
    const wanted = each.trim().replace(/^W\//, "").replaceAll('"', "");
    return wanted === "*" || wanted === etag;
  });
}

const seconds = (at: Date) => Math.floor(at.getTime() / 1000);

/** Refuses a read whose conditions do not hold. A matching ETag outweighs the date beside it. */
export function checkRead({ IfMatch, IfNoneMatch, IfModifiedSince, IfUnmodifiedSince }: Read, { etag, modified }: Version): void {
  if (IfMatch !== undefined) {
    if (!names(IfMatch, etag)) throw failed("If-Match");
  } else if (IfUnmodifiedSince && seconds(modified) > seconds(IfUnmodifiedSince)) throw failed("If-Unmodified-Since");
  const unchanged =
    IfNoneMatch === undefined ? IfModifiedSince !== undefined && seconds(modified) <= seconds(IfModifiedSince) : names(IfNoneMatch, etag);
  if (unchanged)
    throw new AwsError("NotModified", "Not Modified", 304, { headers: { etag: `"${etag}"`, "last-modified": modified.toUTCString() } });
}

/** Refuses a copy whose conditions on the source do not hold: all of them are 412. */
export function checkCopy(conditions: Read, source: Version): void {
  try {
    checkRead(conditions, source);
  } catch (error) {
    if (error instanceof AwsError && error.status === 304) throw failed("x-amz-copy-source-If-None-Match");
    throw error;
  }
}

/** Conditional writes: only if the key is absent (`If-None-Match: *`), or only over a known ETag. */
export function checkWrite(bucket: Bucket, key: string, { IfMatch, IfNoneMatch }: Read): void {
  const newest = current(bucket, key);
  const there = newest && !newest.marker ? newest : undefined;
  if (IfNoneMatch !== undefined) {
    if (IfNoneMatch !== "*")
      throw new AwsError("NotImplemented", "A header you provided implies functionality that is not implemented", 501, {
        Header: "If-None-Match",
      });
    if (there) throw failed("If-None-Match");
  }
  if (IfMatch === undefined) return;
  if (!there) throw noSuchKey(key);
  if (!names(IfMatch, there.etag)) throw failed("If-Match");
}
