import { S3 } from "@aws-sdk/client-s3";
import fc from "fast-check";
import { expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

const Bucket = "my-files";
async function connect(keys: readonly string[] = []) {
  const s3 = clients(new Cloud({ paranoid: true }))(S3, { region: "eu-west-1" });
  await s3.createBucket({ Bucket, CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } });
  for (const Key of keys) await s3.putObject({ Bucket, Key, Body: "x" });
  return s3;
}

type Row = { Key?: string; Prefix?: string };
const rowOf = ({ Key, Prefix }: Row): string => (Key === undefined ? `dir ${Prefix}` : `key ${Key}`);
const bytewise = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
/** Keys and common prefixes of one page, in the one order that both share. */
const merged = ({ Contents = [], CommonPrefixes = [] }: { Contents?: Row[]; CommonPrefixes?: Row[] }): string[] =>
  [...Contents, ...CommonPrefixes].sort((a, b) => bytewise(a.Key ?? a.Prefix!, b.Key ?? b.Prefix!)).map(rowOf);

/** All keys in the order of their bytes, each that has the delimiter behind the prefix rolled up once. */
function naive(keys: readonly string[], prefix: string, delimiter: string, after = ""): string[] {
  const rows = new Set<string>();
  for (const key of [...new Set(keys)].sort(bytewise)) {
    if (!key.startsWith(prefix) || bytewise(key, after) <= 0) continue;
    const end = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    rows.add(end < 0 ? `key ${key}` : `dir ${key.slice(0, end + delimiter.length)}`);
  }
  return [...rows];
}

const letters = fc.constantFrom("a", "b", "/", "é", "\uffee", "😀", "-");
const key = fc.array(letters, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(""));
const listing = fc.record({
  keys: fc.uniqueArray(key, { maxLength: 12 }),
  prefix: fc.oneof(
    fc.constant(""),
    fc.array(letters, { maxLength: 2 }).map((parts) => parts.join("")),
  ),
  delimiter: fc.constantFrom("", "/", "a", "/a"),
  max: fc.integer({ min: 1, max: 5 }),
});

test("ListObjectsV2 with any keys, prefix, delimiter and page size gives what a plain sort gives", { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(listing, async ({ keys, prefix, delimiter, max }) => {
      const s3 = await connect(keys);
      const rows: string[] = [];
      let ContinuationToken: string | undefined;
      do {
        const page = await s3.listObjectsV2({ Bucket, Prefix: prefix, Delimiter: delimiter || undefined, MaxKeys: max, ContinuationToken });
        expect(page.KeyCount).toBe(merged(page).length);
        expect(page.IsTruncated).toBe(page.NextContinuationToken !== undefined);
        if (page.IsTruncated) expect(page.KeyCount).toBe(max);
        rows.push(...merged(page));
        ContinuationToken = page.NextContinuationToken;
      } while (ContinuationToken !== undefined);
      expect(rows).toEqual(naive(keys, prefix, delimiter));
    }),
    { numRuns: 80 },
  );
});

test("ListObjects pages on by NextMarker with a delimiter and by the last key without", { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(listing, async ({ keys, prefix, delimiter, max }) => {
      const s3 = await connect(keys);
      const rows: string[] = [];
      let Marker: string | undefined;
      for (;;) {
        const page = await s3.listObjects({ Bucket, Prefix: prefix, Delimiter: delimiter || undefined, MaxKeys: max, Marker });
        rows.push(...merged(page));
        if (!page.IsTruncated) break;
        expect(page.NextMarker === undefined).toBe(delimiter === "");
        Marker = page.NextMarker ?? page.Contents!.at(-1)!.Key;
      }
      expect(rows).toEqual(naive(keys, prefix, delimiter));
    }),
    { numRuns: 80 },
  );
});

test(
  "ListObjectVersions with any page size gives every version and marker once, each key's newest first",
  { timeout: 120_000 },
  async () => {
    const writes = fc.array(fc.record({ key: fc.constantFrom("a", "a/b", "a/c", "b", "😀"), marker: fc.boolean() }), { maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(
        writes,
        fc.constantFrom("", "/"),
        fc.constantFrom("", "a", "a/"),
        fc.integer({ min: 1, max: 4 }),
        async (all, delimiter, prefix, max) => {
          const s3 = await connect();
          await s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Enabled" } });
          const made: { key: string; id: string }[] = [];
          for (const { key: Key, marker } of all)
            made.unshift({
              key: Key,
              id: (marker ? await s3.deleteObject({ Bucket, Key }) : await s3.putObject({ Bucket, Key, Body: "x" })).VersionId!,
            });
          const expected = naive(
            made.map((each) => each.key),
            prefix,
            delimiter,
          ).flatMap((row) => (row.startsWith("dir ") ? [row] : made.filter((each) => `key ${each.key}` === row).map(({ id }) => id)));
          const rows: string[] = [];
          let at: { KeyMarker?: string; VersionIdMarker?: string } | undefined;
          do {
            const page = await s3.listObjectVersions({ Bucket, Prefix: prefix, Delimiter: delimiter || undefined, MaxKeys: max, ...at });
            const entries = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])].map(({ Key = "", VersionId = "", IsLatest }) => ({
              Key,
              VersionId,
              IsLatest,
            }));
            for (const { Key, VersionId, IsLatest } of entries)
              expect(IsLatest).toBe(made.find((each) => each.key === Key)!.id === VersionId);
            const order = (each: string) => expected.indexOf(each);
            rows.push(
              ...[...entries.map(({ VersionId }) => VersionId), ...(page.CommonPrefixes ?? []).map(({ Prefix }) => `dir ${Prefix}`)].sort(
                (a, b) => order(a) - order(b),
              ),
            );
            if (page.IsTruncated) expect(entries.length + (page.CommonPrefixes ?? []).length).toBe(max);
            at = page.IsTruncated ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker } : undefined;
          } while (at);
          expect(rows).toEqual(expected);
        },
      ),
      { numRuns: 60 },
    );
  },
);

test("StartAfter begins behind a key, and a token outweighs it", async () => {
  const s3 = await connect(["a", "b", "c", "d"]);
  const first = await s3.listObjectsV2({ Bucket, StartAfter: "a", MaxKeys: 1 });
  const second = await s3.listObjectsV2({ Bucket, StartAfter: "a", ContinuationToken: first.NextContinuationToken });
  expect([first, second].map(merged)).toEqual([["key b"], ["key c", "key d"]]);
  expect(first).toMatchObject({ StartAfter: "a", MaxKeys: 1, IsTruncated: true, Name: Bucket });
});

test("no keys are asked for: none come, and nothing is left over", async () => {
  const s3 = await connect(["a"]);
  expect(await s3.listObjectsV2({ Bucket, MaxKeys: 0 })).toMatchObject({ KeyCount: 0, IsTruncated: false });
  expect((await s3.listObjectsV2({ Bucket, MaxKeys: 5000 })).MaxKeys).toBe(1000);
  await expect(s3.listObjectsV2({ Bucket, MaxKeys: -1 })).rejects.toMatchObject({ name: "InvalidArgument" });
});

test("what is deleted under versioning is not listed as an object", async () => {
  const s3 = await connect(["a", "b"]);
  await s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Enabled" } });
  await s3.deleteObject({ Bucket, Key: "a" });
  expect(merged(await s3.listObjectsV2({ Bucket }))).toEqual(["key b"]);
});

test("keys can be asked for in URL encoding; owners on request", async () => {
  const s3 = await connect(["a b/ü+c"]);
  const { Contents, EncodingType } = await s3.listObjectsV2({ Bucket, EncodingType: "url", FetchOwner: true });
  expect([Contents![0]!.Key, EncodingType]).toEqual(["a+b/%C3%BC%2Bc", "url"]);
  expect(Contents![0]!.Owner!.ID).toMatch(/^[0-9a-f]{64}$/);
  expect((await s3.listObjectsV2({ Bucket })).Contents![0]!.Owner).toBeUndefined();
});

test("a version marker without its key is refused", async () => {
  await expect((await connect()).listObjectVersions({ Bucket, VersionIdMarker: "x" })).rejects.toMatchObject({ name: "InvalidArgument" });
});
