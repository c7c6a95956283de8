/** What S3 refuses of lifecycle, replication and notification rules, and what it adds to them. */
import { S3, type LifecycleRule, type NotificationConfiguration, type ReplicationRule } from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

const Bucket = "my-files";
const Role = "arn:aws:iam::123456789012:role/replication";
async function connect() {
  const s3 = clients(new Cloud({ paranoid: true }))(S3, { region: "eu-west-1" });
  const create = async (name: string, options: object = {}) => {
    await s3.createBucket({ Bucket: name, CreateBucketConfiguration: { LocationConstraint: "eu-west-1" }, ...options });
    await s3.putBucketVersioning({ Bucket: name, VersioningConfiguration: { Status: "Enabled" } });
  };
  await create(Bucket);
  const lifecycle = (...Rules: Partial<LifecycleRule>[]) =>
    s3.putBucketLifecycleConfiguration({
      Bucket,
      LifecycleConfiguration: { Rules: Rules.map((rule) => ({ Status: "Enabled" as const, Filter: { Prefix: "" }, ...rule })) },
    });
  const replicate = (...Rules: Partial<ReplicationRule>[]) =>
    s3.putBucketReplication({
      Bucket,
      ReplicationConfiguration: {
        Role,
        Rules: Rules.map((rule) => ({
          Status: "Enabled" as const,
          Priority: 1,
          Filter: { Prefix: "" },
          DeleteMarkerReplication: { Status: "Disabled" as const },
          Destination: { Bucket: "arn:aws:s3:::replica" },
          ...rule,
        })),
      },
    });
  const notify = (NotificationConfiguration: NotificationConfiguration) =>
    s3.putBucketNotificationConfiguration({ Bucket, NotificationConfiguration });
  return { s3, create, lifecycle, replicate, notify };
}

test.each<[string, Partial<LifecycleRule>[], string]>([
  ["no rule", [], "MalformedXML"],
  ["a rule that does nothing", [{}], "InvalidRequest"],
  [
    "two rules of one name",
    [
      { ID: "a", Expiration: { Days: 1 } },
      { ID: "a", Expiration: { Days: 2 } },
    ],
    "InvalidArgument",
  ],
  ["no day", [{ Expiration: { Days: 0 } }], "InvalidArgument"],
  ["days and a date", [{ Expiration: { Days: 1, Date: new Date("2027-01-01") } }], "MalformedXML"],
  ["a date that is no midnight", [{ Expiration: { Date: new Date("2027-01-01T10:00:00Z") } }], "InvalidArgument"],
  [
    "a filter with two criteria outside And",
    [{ Filter: { Prefix: "a", ObjectSizeGreaterThan: 1 }, Expiration: { Days: 1 } }],
    "MalformedXML",
  ],
  [
    "an expiration before its transition",
    [{ Transitions: [{ Days: 60, StorageClass: "GLACIER" }], Expiration: { Days: 60 } }],
    "InvalidArgument",
  ],
  ["an unknown class", [{ Transitions: [{ Days: 60, StorageClass: "TAPE" as "GLACIER" }] }], "MalformedXML"],
  [
    "marker clean-up by tag",
    [{ Filter: { Tag: { Key: "a", Value: "b" } }, Expiration: { ExpiredObjectDeleteMarker: true } }],
    "InvalidRequest",
  ],
  [
    "abortion by tag",
    [{ Filter: { Tag: { Key: "a", Value: "b" } }, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } }],
    "InvalidRequest",
  ],
])("a lifecycle with %s is refused", async (_what, rules, name) => {
  const { s3, lifecycle } = await connect();
  await expect(lifecycle(...rules)).rejects.toMatchObject({ name });
  await expect(s3.getBucketLifecycleConfiguration({ Bucket })).rejects.toMatchObject({ name: "NoSuchLifecycleConfiguration" });
});

test("a lifecycle's rules get names where they have none", async () => {
  const { s3, lifecycle } = await connect();
  await lifecycle({ Expiration: { Days: 1 } }, { ID: "mine", Filter: { Prefix: "b" }, Expiration: { Days: 1 } });
  const { Rules, TransitionDefaultMinimumObjectSize } = await s3.getBucketLifecycleConfiguration({ Bucket });
  expect(Rules!.map(({ ID }) => ID)).toEqual([expect.stringMatching(/^[\w-]{48}$/), "mine"]);
  expect(TransitionDefaultMinimumObjectSize).toBe("all_storage_classes_128K");
});

test.each<[string, Partial<ReplicationRule>[]]>([
  ["no word on delete markers", [{ DeleteMarkerReplication: undefined }]],
  ["no priority", [{ Priority: undefined }]],
  ["one priority twice", [{}, { ID: "b" }]],
  ["a destination that does not exist", [{ Destination: { Bucket: "arn:aws:s3:::nowhere" } }]],
  ["itself as its destination", [{ Destination: { Bucket: `arn:aws:s3:::${Bucket}` } }]],
])("S3-09 a replication with %s is refused", async (_what, rules) => {
  const { create, replicate } = await connect();
  await create("replica");
  await expect(replicate(...rules)).rejects.toMatchObject({ name: "InvalidRequest" });
});

test("S3-09 a source with Object Lock wants a destination with it", async () => {
  const { s3, create, replicate } = await connect();
  await create("replica");
  await s3.putObjectLockConfiguration({ Bucket, ObjectLockConfiguration: { ObjectLockEnabled: "Enabled" } });
  await expect(replicate({})).rejects.toMatchObject({ name: "InvalidRequest", message: expect.stringContaining("Object Lock") });
  await s3.putObjectLockConfiguration({ Bucket: "replica", ObjectLockConfiguration: { ObjectLockEnabled: "Enabled" } });
  await replicate({});
});

test("S3-11 rules that choose by tag do not replicate delete markers", async () => {
  const { create, replicate } = await connect();
  await create("replica");
  const markers = { DeleteMarkerReplication: { Status: "Enabled" as const } };
  await expect(replicate({ ...markers, Filter: { Tag: { Key: "a", Value: "b" } } })).rejects.toMatchObject({ name: "InvalidRequest" });
  await replicate(markers);
});

const queue = (name: string) => `arn:aws:sqs:eu-west-1:123456789012:${name}`;
const prefix = (Value: string) => ({ Key: { FilterRules: [{ Name: "prefix" as const, Value }] } });

test("notifications get ids, and the bridge is one of them", async () => {
  const { s3, notify } = await connect();
  await notify({ EventBridgeConfiguration: {}, QueueConfigurations: [{ QueueArn: queue("a"), Events: ["s3:ObjectCreated:*"] }] });
  const { EventBridgeConfiguration, QueueConfigurations } = await s3.getBucketNotificationConfiguration({ Bucket });
  expect(EventBridgeConfiguration).toEqual({});
  expect(QueueConfigurations).toEqual([
    { Id: expect.stringMatching(/^[0-9a-f-]{36}$/), QueueArn: queue("a"), Events: ["s3:ObjectCreated:*"] },
  ]);
  await notify({});
  expect((await s3.getBucketNotificationConfiguration({ Bucket })).QueueConfigurations).toBeUndefined();
});

test.each<[string, NotificationConfiguration]>([
  ["an unknown event", { QueueConfigurations: [{ QueueArn: queue("a"), Events: ["s3:Everything" as "s3:ObjectCreated:*"] }] }],
  [
    "an ARN of another service",
    { QueueConfigurations: [{ QueueArn: "arn:aws:sns:eu-west-1:123456789012:a", Events: ["s3:ObjectCreated:*"] }] },
  ],
  [
    "an event that two want of the same keys",
    {
      QueueConfigurations: [
        { QueueArn: queue("a"), Events: ["s3:ObjectCreated:*"], Filter: prefix("in/") },
        { QueueArn: queue("b"), Events: ["s3:ObjectCreated:Put"], Filter: prefix("in/a") },
      ],
    },
  ],
])("a notification with %s is refused", async (_what, configuration) => {
  const { notify } = await connect();
  await expect(notify(configuration)).rejects.toMatchObject({ name: "InvalidArgument" });
});

test("two want an event of different keys", async () => {
  const { notify } = await connect();
  const to = (name: string) => ({ QueueArn: queue(name), Events: ["s3:ObjectCreated:*" as const], Filter: prefix(`${name}/`) });
  await notify({ QueueConfigurations: [to("a"), to("b")] });
});
