import { S3 } from "@aws-sdk/client-s3";
import fc from "fast-check";
import { expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

const Bucket = "my-files";
async function connect() {
  const s3 = clients(new Cloud({ paranoid: true }))(S3, { region: "eu-west-1" });
  await s3.createBucket({ Bucket, CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } });
  const versioning = (Status: "Enabled" | "Suspended") => s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status } });
  const read = async (Key: string, VersionId?: string) => (await s3.getObject({ Bucket, Key, VersionId })).Body!.transformToString();
  return { s3, versioning, read };
}

test("S3-06 a simple delete puts a marker: 404 with it, 405 on it, and what was before comes back without it", async () => {
  const { s3, versioning, read } = await connect();
  await versioning("Enabled");
  const one = await s3.putObject({ Bucket, Key: "a", Body: "one" });
  const marker = await s3.deleteObject({ Bucket, Key: "a" });
  expect(marker).toMatchObject({ DeleteMarker: true, VersionId: expect.stringMatching(/^\w{32}$/) });
  const missing = await s3
    .getObject({ Bucket, Key: "a" })
    .catch((error: { name: string; $response: { headers: Record<string, string> } }) => error);
  expect(missing).toMatchObject({
    name: "NoSuchKey",
    $response: { headers: { "x-amz-delete-marker": "true", "x-amz-version-id": marker.VersionId } },
  });
  await expect(read("a", marker.VersionId)).rejects.toMatchObject({ name: "MethodNotAllowed", $metadata: { httpStatusCode: 405 } });
  await expect(s3.headObject({ Bucket, Key: "a", VersionId: marker.VersionId })).rejects.toMatchObject({
    $metadata: { httpStatusCode: 405 },
  });
  expect(await read("a", one.VersionId)).toBe("one");
  expect(await s3.deleteObject({ Bucket, Key: "a", VersionId: marker.VersionId })).toMatchObject({
    DeleteMarker: true,
    VersionId: marker.VersionId,
  });
  expect(await read("a")).toBe("one");
});

test("objects from before versioning have the null id, which suspension writes again", async () => {
  const { s3, versioning, read } = await connect();
  expect((await s3.putObject({ Bucket, Key: "a", Body: "old" })).VersionId).toBeUndefined();
  await versioning("Enabled");
  await s3.putObject({ Bucket, Key: "a", Body: "new" });
  expect(await read("a", "null")).toBe("old");
  await versioning("Suspended");
  await s3.putObject({ Bucket, Key: "a", Body: "now" });
  expect(await read("a", "null")).toBe("now");
  expect((await s3.listObjectVersions({ Bucket })).Versions).toHaveLength(2);
  expect(await s3.deleteObject({ Bucket, Key: "a" })).toMatchObject({ DeleteMarker: true, VersionId: "null" });
  expect((await s3.listObjectVersions({ Bucket })).Versions).toHaveLength(1);
});

test("a copy from a version brings it back on top", async () => {
  const { s3, versioning, read } = await connect();
  await versioning("Enabled");
  const { VersionId } = await s3.putObject({ Bucket, Key: "a", Body: "one" });
  await s3.putObject({ Bucket, Key: "a", Body: "two" });
  expect((await s3.copyObject({ Bucket, Key: "a", CopySource: `${Bucket}/a?versionId=${VersionId}` })).CopySourceVersionId).toBe(VersionId);
  expect(await read("a")).toBe("one");
});

test("an unknown version is no such version, and its deletion changes nothing", async () => {
  const { s3, versioning, read } = await connect();
  await versioning("Enabled");
  await s3.putObject({ Bucket, Key: "a", Body: "one" });
  await expect(read("a", "x".repeat(32))).rejects.toMatchObject({ name: "NoSuchVersion" });
  await s3.deleteObject({ Bucket, Key: "a", VersionId: "x".repeat(32) });
  expect(await read("a")).toBe("one");
});

test("many are deleted at once, each with its own answer, quietly when asked", async () => {
  const { s3, versioning } = await connect();
  await versioning("Enabled");
  const { VersionId } = await s3.putObject({ Bucket, Key: "a", Body: "one" });
  const { Deleted } = await s3.deleteObjects({ Bucket, Delete: { Objects: [{ Key: "a", VersionId }, { Key: "never" }] } });
  expect(Deleted).toEqual([
    { Key: "a", VersionId },
    { Key: "never", DeleteMarker: true, DeleteMarkerVersionId: expect.any(String) },
  ]);
  expect((await s3.deleteObjects({ Bucket, Delete: { Quiet: true, Objects: [{ Key: "a" }] } })).Deleted).toBeUndefined();
  await expect(
    s3.deleteObjects({ Bucket, Delete: { Objects: Array.from({ length: 1001 }, (_, at) => ({ Key: `${at}` })) } }),
  ).rejects.toMatchObject({ name: "MalformedXML" });
});

type Entry = { id: string; body?: string };
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ act: fc.constant("put" as const), key: fc.constantFrom("a", "b") }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant("delete" as const), key: fc.constantFrom("a", "b") }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant("remove" as const), key: fc.constantFrom("a", "b"), index: fc.nat(4) }) },
  {
    weight: 2,
    arbitrary: fc.record({ act: fc.constant("turn" as const), status: fc.constantFrom("Enabled" as const, "Suspended" as const) }),
  },
);

/** The user guide's rules for PUT and DELETE in each of the three states, over plain arrays, the newest first. */
function model() {
  const keys = new Map<string, Entry[]>();
  let status: string | undefined;
  const top = (key: string, entry: Entry) => {
    const rest = (keys.get(key) ?? []).filter(({ id }) => entry.id !== "null" || id !== "null");
    keys.set(key, [entry, ...rest]);
  };
  return {
    keys,
    setStatus: (next: string) => void (status = next),
    put: (key: string, id: string | undefined, body: string) => top(key, { id: status === "Enabled" ? id! : "null", body }),
    delete: (key: string, id: string | undefined) =>
      status === undefined ? keys.set(key, []) : top(key, { id: status === "Enabled" ? id! : "null" }),
    remove: (key: string, id: string) =>
      keys.set(
        key,
        (keys.get(key) ?? []).filter((entry) => entry.id !== id),
      ),
  };
}

test("any sequence of puts, deletes, removals and changes of the status leaves what the rules say", { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
      const { s3, versioning, read } = await connect();
      const expected = model();
      for (const [at, each] of steps.entries()) {
        if (each.act === "turn") {
          await versioning(each.status);
          expected.setStatus(each.status);
        } else if (each.act === "put")
          expected.put(each.key, (await s3.putObject({ Bucket, Key: each.key, Body: `v${at}` })).VersionId, `v${at}`);
        else if (each.act === "delete") expected.delete(each.key, (await s3.deleteObject({ Bucket, Key: each.key })).VersionId);
        else {
          const entry = expected.keys.get(each.key)?.[each.index];
          if (!entry) continue;
          await s3.deleteObject({ Bucket, Key: each.key, VersionId: entry.id });
          expected.remove(each.key, entry.id);
        }
      }
      const { Versions = [], DeleteMarkers = [] } = await s3.listObjectVersions({ Bucket });
      for (const key of ["a", "b"]) {
        const entries = expected.keys.get(key) ?? [];
        const ids = (all: { Key?: string; VersionId?: string }[]) => all.filter(({ Key }) => Key === key).map(({ VersionId }) => VersionId);
        expect(ids(Versions)).toEqual(entries.filter(({ body }) => body !== undefined).map(({ id }) => id));
        expect(ids(DeleteMarkers)).toEqual(entries.filter(({ body }) => body === undefined).map(({ id }) => id));
        expect(await read(key).catch((error: Error) => error.name)).toBe(entries[0]?.body ?? "NoSuchKey");
        for (const { id, body } of entries) if (body !== undefined) expect(await read(key, id)).toBe(body);
      }
    }),
    { numRuns: 60 },
  );
});
