/** Listing objects and versions: docs.aws.amazon.com/AmazonS3/latest/userguide/ListingKeysUsingAPIs.html */
import type * as sdk from "@aws-sdk/client-s3";
import { findBucket, ownerOf, type Bucket, type S3Operations, type Version } from "./bucket.ts";
import { compare, lowerBound } from "./keys.ts";
import { invalidArgument } from "./refusals.ts";

// API_ListObjectsV2: never more than 1,000 in one answer
const KEYS_MAX = 1000;

/** How many entries an answer may have. */
export function pageSize(asked = KEYS_MAX, name = "max-keys"): number {
  if (!Number.isInteger(asked) || asked < 0 || asked > 2 ** 31 - 1) {
    throw invalidArgument(`Argument ${name} must be an integer between 0 and 2147483647`, name, asked);
  }
  return Math.min(asked, KEYS_MAX);
}

type Entry = { key: string; prefix: boolean };
/** `after`: the key behind which it begins. `passed`: where a former page ended, if it differs. */
type Window = { prefix: string; delimiter: string; after: string; passed?: string; max: number };

/** Keys and common prefixes behind `after`, at most `max` of them together; a prefix counts as one. `live` says which keys count. */
function walk(
  bucket: Bucket,
  { prefix, delimiter, after, passed = after, max }: Window,
  live: (key: string) => boolean,
): { entries: Entry[]; truncated: boolean } {
  const entries: Entry[] = [];
  let at = lowerBound(bucket.keys, compare(after, prefix) > 0 ? after : prefix);
  while (at < bucket.keys.length) {
    const key = bucket.keys[at]!;
    if (!key.startsWith(prefix)) break;
    if (key === after || !live(key)) {
      at++;
      continue;
    }
    const end = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    const common = end < 0 ? undefined : key.slice(0, end + delimiter.length);
    // A page that ended with a common prefix, or inside it, leaves all of it behind.
    if (common !== undefined && passed.startsWith(common)) {
      at = skip(bucket.keys, at, common);
      continue;
    }
    if (entries.length === max) return { entries, truncated: true };
    entries.push({ key: common ?? key, prefix: common !== undefined });
    at = common === undefined ? at + 1 : skip(bucket.keys, at, common);
  }
  return { entries, truncated: false };
}

/** The first index behind all keys with that prefix. */
function skip(keys: readonly string[], from: number, prefix: string): number {
  let low = from;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]!.startsWith(prefix) || compare(keys[middle]!, prefix) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

const alive = (bucket: Bucket) => (key: string) => bucket.objects.get(key)?.[0]?.marker === false;

/** `encoding-type=url`: for keys that XML can't hold. */
export function encoder(type: string | undefined): (text: string) => string {
  if (type !== undefined && type !== "url") throw invalidArgument("Invalid Encoding Method specified in Request", "encoding-type", type);
  return type === "url" ? (text) => encodeURIComponent(text).replaceAll("%2F", "/").replaceAll("%20", "+") : (text) => text;
}

function listedChecksums({ checksums, checksumType }: Version): Pick<sdk._Object, "ChecksumAlgorithm" | "ChecksumType"> {
  const algorithms = Object.keys(checksums) as sdk.ChecksumAlgorithm[];
  return algorithms.length > 0 ? { ChecksumAlgorithm: algorithms, ChecksumType: checksumType } : {};
}

type Shown = { encode: (text: string) => string; owner: boolean; restore: boolean };

function contents(bucket: Bucket, key: string, { encode, owner, restore: asked }: Shown): sdk._Object {
  const version = bucket.objects.get(key)![0]!;
  const { etag, size, modified, storageClass, restore } = version;
  return {
    Key: encode(key),
    LastModified: modified,
    ETag: `"${etag}"`,
    Size: size,
    StorageClass: storageClass,
    ...listedChecksums(version),
    Owner: owner ? ownerOf(bucket.account) : undefined,
    RestoreStatus: asked && restore ? { IsRestoreInProgress: restore.ongoing, RestoreExpiryDate: restore.expires } : undefined,
  };
}

const split = (entries: Entry[]) => ({
  keys: entries.filter(({ prefix }) => !prefix).map(({ key }) => key),
  prefixes: entries.filter(({ prefix }) => prefix).map(({ key }) => key),
});

const tokenOf = (key: string) => Buffer.from(`after ${key}`).toString("base64url");

function keyOf(given: string): string {
  const text = Buffer.from(given, "base64url").toString();
  if (text.startsWith("after ")) return text.slice("after ".length);
  throw invalidArgument("The continuation token provided is incorrect", "continuation-token", given);
}

export const listingOperations = {
  ListObjects(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    const max = pageSize(input.MaxKeys);
    const encode = encoder(input.EncodingType);
    const { entries, truncated } = walk(
      bucket,
      { prefix: input.Prefix ?? "", delimiter: input.Delimiter ?? "", after: input.Marker ?? "", max },
      alive(bucket),
    );
    const { keys, prefixes } = split(entries);
    const shown = { encode, owner: true, restore: input.OptionalObjectAttributes?.includes("RestoreStatus") ?? false };
    return {
      Name: input.Bucket,
      Prefix: encode(input.Prefix ?? ""),
      Marker: encode(input.Marker ?? ""),
      MaxKeys: max,
      Delimiter: input.Delimiter === undefined ? undefined : encode(input.Delimiter),
      EncodingType: input.EncodingType,
      IsTruncated: truncated && max > 0,
      // Only with a delimiter: API_ListObjects
      NextMarker: truncated && input.Delimiter && max > 0 ? encode(entries.at(-1)!.key) : undefined,
      Contents: keys.map((key) => contents(bucket, key, shown)),
      CommonPrefixes: prefixes.map((prefix) => ({ Prefix: encode(prefix) })),
    };
  },

  ListObjectsV2(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    const max = pageSize(input.MaxKeys);
    const encode = encoder(input.EncodingType);
    const { ContinuationToken: token, StartAfter = "" } = input;
    // A token goes before StartAfter, which moves through keys and does not know of common prefixes.
    const from = token === undefined ? { after: StartAfter, passed: "" } : { after: keyOf(token) };
    const { entries, truncated } = walk(
      bucket,
      { prefix: input.Prefix ?? "", delimiter: input.Delimiter ?? "", ...from, max },
      alive(bucket),
    );
    const { keys, prefixes } = split(entries);
    const shown = { encode, owner: input.FetchOwner ?? false, restore: input.OptionalObjectAttributes?.includes("RestoreStatus") ?? false };
    return {
      Name: input.Bucket,
      Prefix: encode(input.Prefix ?? ""),
      StartAfter: input.StartAfter === undefined ? undefined : encode(input.StartAfter),
      ContinuationToken: token,
      NextContinuationToken: truncated && max > 0 ? tokenOf(entries.at(-1)!.key) : undefined,
      KeyCount: entries.length,
      MaxKeys: max,
      Delimiter: input.Delimiter === undefined ? undefined : encode(input.Delimiter),
      EncodingType: input.EncodingType,
      IsTruncated: truncated && max > 0,
      Contents: keys.map((key) => contents(bucket, key, shown)),
      CommonPrefixes: prefixes.map((prefix) => ({ Prefix: encode(prefix) })),
    };
  },

  ListObjectVersions(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    const max = pageSize(input.MaxKeys);
    const encode = encoder(input.EncodingType);
    if (input.VersionIdMarker && !input.KeyMarker)
      throw invalidArgument("A version-id marker cannot be specified without a key marker.", "version-id-marker", input.VersionIdMarker);
    const page = versionPage(bucket, {
      prefix: input.Prefix ?? "",
      delimiter: input.Delimiter ?? "",
      keyMarker: input.KeyMarker ?? "",
      idMarker: input.VersionIdMarker || undefined,
      max,
    });
    const shown = page.versions.map(({ key, version, latest }) => ({
      marker: version.marker,
      entry: listed(bucket, key, version, latest, encode),
    }));
    return {
      Name: input.Bucket,
      Prefix: encode(input.Prefix ?? ""),
      KeyMarker: encode(input.KeyMarker ?? ""),
      VersionIdMarker: input.VersionIdMarker ?? "",
      MaxKeys: max,
      Delimiter: input.Delimiter === undefined ? undefined : encode(input.Delimiter),
      EncodingType: input.EncodingType,
      IsTruncated: page.next !== undefined,
      NextKeyMarker: page.next && encode(page.next.key),
      NextVersionIdMarker: page.next?.versionId,
      Versions: shown.filter(({ marker }) => !marker).map(({ entry }) => entry),
      DeleteMarkers: shown
        .filter(({ marker }) => marker)
        .map(({ entry: { Key, VersionId, IsLatest, LastModified, Owner } }) => ({ Key, VersionId, IsLatest, LastModified, Owner })),
      CommonPrefixes: page.prefixes.map((prefix) => ({ Prefix: encode(prefix) })),
    };
  },
} satisfies S3Operations;

function listed(bucket: Bucket, key: string, version: Version, latest: boolean, encode: (text: string) => string): sdk.ObjectVersion {
  const { versionId, modified, etag, size, storageClass } = version;
  return {
    Key: encode(key),
    VersionId: versionId,
    IsLatest: latest,
    LastModified: modified,
    ETag: `"${etag}"`,
    Size: size,
    ...listedChecksums(version),
    StorageClass: storageClass as sdk.ObjectVersionStorageClass,
    Owner: ownerOf(bucket.account),
  };
}

type Listed = { key: string; version: Version; latest: boolean };
type Place = { key: string; versionId?: string };

function versionPage(
  bucket: Bucket,
  { prefix, delimiter, keyMarker, idMarker, max }: { prefix: string; delimiter: string; keyMarker: string; idMarker?: string; max: number },
) {
  const versions: Listed[] = [];
  const prefixes: string[] = [];
  let next: Place | undefined;
  let last: Place | undefined;
  // The rest of the marker's own key comes first, when a version of it is named.
  const rest =
    idMarker === undefined
      ? []
      : behind(bucket.objects.get(keyMarker) ?? [], idMarker).map((version) => ({ key: keyMarker, version, latest: false }));
  const room = () => versions.length + prefixes.length < max;
  const take = (each: Listed) => {
    if (room()) {
      versions.push(each);
      last = { key: each.key, versionId: each.version.versionId };
    } else next ??= last;
  };
  if (keyMarker.startsWith(prefix)) for (const each of rest) take(each);
  let after = keyMarker;
  while (next === undefined) {
    const { entries, truncated } = walk(bucket, { prefix, delimiter, after, max: KEYS_MAX }, () => true);
    for (const { key, prefix: common } of entries) {
      if (!common) bucket.objects.get(key)!.forEach((version, index) => take({ key, version, latest: index === 0 }));
      else if (room()) {
        prefixes.push(key);
        last = { key };
      } else next ??= last;
      after = key;
    }
    if (!truncated) break;
  }
  return { versions, prefixes, next: max === 0 ? undefined : next };
}

const behind = (versions: Version[], versionId: string): Version[] =>
  versions.slice(versions.findIndex((version) => version.versionId === versionId) + 1 || versions.length);
