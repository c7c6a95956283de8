import { S3 } from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

const Bucket = "my-files";
async function connect() {
  const s3 = clients(new Cloud({ paranoid: true }))(S3, { region: "eu-west-1" });
  await s3.createBucket({ Bucket, CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } });
  return s3;
}
const meta = ({ $metadata: _metadata, ...rest }: { $metadata: unknown }) => rest;

type Triple = {
  put: (s3: S3) => Promise<unknown>;
  get: (s3: S3) => Promise<{ $metadata: unknown }>;
  /** What get gives after put. */
  is: object;
  drop?: (s3: S3) => Promise<unknown>;
  /** What get gives or refuses with where nothing is set. */
  without: string | object;
};

const cors = [
  {
    ID: "web",
    AllowedMethods: ["GET", "PUT"],
    AllowedOrigins: ["https://shop.example.com"],
    AllowedHeaders: ["*"],
    ExposeHeaders: ["ETag"],
    MaxAgeSeconds: 60,
  },
];
const lifecycle = [
  {
    ID: "old",
    Status: "Enabled" as const,
    Filter: { Prefix: "logs/" },
    Transitions: [
      { Days: 30, StorageClass: "STANDARD_IA" as const },
      { Days: 90, StorageClass: "GLACIER" as const },
    ],
    Expiration: { Days: 365 },
  },
  {
    ID: "and",
    Status: "Disabled" as const,
    Filter: {
      And: {
        Prefix: "a/",
        Tags: [
          { Key: "t", Value: "1" },
          { Key: "u", Value: "2" },
        ],
        ObjectSizeGreaterThan: 10,
      },
    },
    NoncurrentVersionExpiration: { NoncurrentDays: 7, NewerNoncurrentVersions: 2 },
  },
];
const encryption = {
  Rules: [
    {
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms" as const, KMSMasterKeyID: "alias/a" },
      BucketKeyEnabled: true,
      BlockedEncryptionTypes: { EncryptionType: ["NONE" as const] },
    },
  ],
};
const website = {
  IndexDocument: { Suffix: "index.html" },
  ErrorDocument: { Key: "404.html" },
  RoutingRules: [{ Condition: { KeyPrefixEquals: "old/" }, Redirect: { ReplaceKeyPrefixWith: "new/" } }],
};
const access = { BlockPublicAcls: true, IgnorePublicAcls: false, BlockPublicPolicy: true, RestrictPublicBuckets: false };
const owned = { Rules: [{ ObjectOwnership: "BucketOwnerPreferred" as const }] };
const notification = {
  QueueConfigurations: [
    {
      Id: "q",
      QueueArn: "arn:aws:sqs:eu-west-1:123456789012:jobs",
      Events: ["s3:ObjectCreated:*" as const],
      Filter: { Key: { FilterRules: [{ Name: "prefix" as const, Value: "in/" }] } },
    },
  ],
  EventBridgeConfiguration: {},
};
const logging = { LoggingEnabled: { TargetBucket: Bucket, TargetPrefix: "my-files/" } };
const policy = JSON.stringify({
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Deny",
      Principal: "*",
      Action: "s3:*",
      Resource: [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`],
      Condition: { Bool: { "aws:SecureTransport": "false" } },
    },
  ],
});
const tiering = {
  Id: "archive",
  Status: "Enabled" as const,
  Filter: { Prefix: "a/" },
  Tierings: [{ Days: 90, AccessTier: "ARCHIVE_ACCESS" as const }],
};
const analytics = {
  Id: "look",
  Filter: { Prefix: "a/" },
  StorageClassAnalysis: {
    DataExport: {
      OutputSchemaVersion: "V_1" as const,
      Destination: { S3BucketDestination: { Format: "CSV" as const, Bucket: "arn:aws:s3:::reports" } },
    },
  },
};
const inventory = {
  Id: "daily",
  IsEnabled: true,
  IncludedObjectVersions: "All" as const,
  Schedule: { Frequency: "Daily" as const },
  OptionalFields: ["Size" as const],
  Destination: { S3BucketDestination: { Bucket: "arn:aws:s3:::reports", Format: "CSV" as const } },
};
const metrics = { Id: "all", Filter: { Prefix: "a/" } };

const triples: Record<string, Triple> = {
  Cors: {
    put: (s3) => s3.putBucketCors({ Bucket, CORSConfiguration: { CORSRules: cors } }),
    get: (s3) => s3.getBucketCors({ Bucket }),
    is: { CORSRules: cors },
    drop: (s3) => s3.deleteBucketCors({ Bucket }),
    without: "NoSuchCORSConfiguration",
  },
  LifecycleConfiguration: {
    put: (s3) => s3.putBucketLifecycleConfiguration({ Bucket, LifecycleConfiguration: { Rules: lifecycle } }),
    get: (s3) => s3.getBucketLifecycleConfiguration({ Bucket }),
    is: { Rules: lifecycle, TransitionDefaultMinimumObjectSize: "all_storage_classes_128K" },
    drop: (s3) => s3.deleteBucketLifecycle({ Bucket }),
    without: "NoSuchLifecycleConfiguration",
  },
  Encryption: {
    put: (s3) => s3.putBucketEncryption({ Bucket, ServerSideEncryptionConfiguration: encryption }),
    get: (s3) => s3.getBucketEncryption({ Bucket }),
    is: { ServerSideEncryptionConfiguration: encryption },
    drop: (s3) => s3.deleteBucketEncryption({ Bucket }),
    without: {
      ServerSideEncryptionConfiguration: {
        Rules: [
          {
            ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" },
            BucketKeyEnabled: false,
            BlockedEncryptionTypes: { EncryptionType: ["SSE-C"] },
          },
        ],
      },
    },
  },
  Website: {
    put: (s3) => s3.putBucketWebsite({ Bucket, WebsiteConfiguration: website }),
    get: (s3) => s3.getBucketWebsite({ Bucket }),
    is: website,
    drop: (s3) => s3.deleteBucketWebsite({ Bucket }),
    without: "NoSuchWebsiteConfiguration",
  },
  Tagging: {
    put: (s3) =>
      s3.putBucketTagging({
        Bucket,
        Tagging: {
          TagSet: [
            { Key: "a", Value: "1" },
            { Key: "b", Value: "" },
          ],
        },
      }),
    get: (s3) => s3.getBucketTagging({ Bucket }),
    is: {
      TagSet: [
        { Key: "a", Value: "1" },
        { Key: "b", Value: "" },
      ],
    },
    drop: (s3) => s3.deleteBucketTagging({ Bucket }),
    without: "NoSuchTagSet",
  },
  Policy: {
    put: (s3) => s3.putBucketPolicy({ Bucket, Policy: policy }),
    get: (s3) => s3.getBucketPolicy({ Bucket }),
    is: { Policy: policy },
    drop: (s3) => s3.deleteBucketPolicy({ Bucket }),
    without: "NoSuchBucketPolicy",
  },
  PublicAccessBlock: {
    put: (s3) => s3.putPublicAccessBlock({ Bucket, PublicAccessBlockConfiguration: access }),
    get: (s3) => s3.getPublicAccessBlock({ Bucket }),
    is: { PublicAccessBlockConfiguration: access },
    drop: (s3) => s3.deletePublicAccessBlock({ Bucket }),
    without: "NoSuchPublicAccessBlockConfiguration",
  },
  OwnershipControls: {
    put: (s3) => s3.putBucketOwnershipControls({ Bucket, OwnershipControls: owned }),
    get: (s3) => s3.getBucketOwnershipControls({ Bucket }),
    is: { OwnershipControls: owned },
    drop: (s3) => s3.deleteBucketOwnershipControls({ Bucket }),
    without: "OwnershipControlsNotFoundError",
  },
  Notification: {
    put: (s3) => s3.putBucketNotificationConfiguration({ Bucket, NotificationConfiguration: notification }),
    get: (s3) => s3.getBucketNotificationConfiguration({ Bucket }),
    is: notification,
    drop: (s3) => s3.putBucketNotificationConfiguration({ Bucket, NotificationConfiguration: {} }),
    without: {},
  },
  Logging: {
    put: (s3) => s3.putBucketLogging({ Bucket, BucketLoggingStatus: logging }),
    get: (s3) => s3.getBucketLogging({ Bucket }),
    is: logging,
    drop: (s3) => s3.putBucketLogging({ Bucket, BucketLoggingStatus: {} }),
    without: {},
  },
  Accelerate: {
    put: (s3) => s3.putBucketAccelerateConfiguration({ Bucket, AccelerateConfiguration: { Status: "Enabled" } }),
    get: (s3) => s3.getBucketAccelerateConfiguration({ Bucket }),
    is: { Status: "Enabled" },
    without: {},
  },
  RequestPayment: {
    put: (s3) => s3.putBucketRequestPayment({ Bucket, RequestPaymentConfiguration: { Payer: "Requester" } }),
    get: (s3) => s3.getBucketRequestPayment({ Bucket }),
    is: { Payer: "Requester" },
    without: { Payer: "BucketOwner" },
  },
  Versioning: {
    put: (s3) => s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Enabled" } }),
    get: (s3) => s3.getBucketVersioning({ Bucket }),
    is: { Status: "Enabled" },
    without: {},
  },
  IntelligentTiering: {
    put: (s3) => s3.putBucketIntelligentTieringConfiguration({ Bucket, Id: "archive", IntelligentTieringConfiguration: tiering }),
    get: (s3) => s3.getBucketIntelligentTieringConfiguration({ Bucket, Id: "archive" }),
    is: { IntelligentTieringConfiguration: tiering },
    drop: (s3) => s3.deleteBucketIntelligentTieringConfiguration({ Bucket, Id: "archive" }),
    without: "NoSuchConfiguration",
  },
  Analytics: {
    put: (s3) => s3.putBucketAnalyticsConfiguration({ Bucket, Id: "look", AnalyticsConfiguration: analytics }),
    get: (s3) => s3.getBucketAnalyticsConfiguration({ Bucket, Id: "look" }),
    is: { AnalyticsConfiguration: analytics },
    drop: (s3) => s3.deleteBucketAnalyticsConfiguration({ Bucket, Id: "look" }),
    without: "NoSuchConfiguration",
  },
  Inventory: {
    put: (s3) => s3.putBucketInventoryConfiguration({ Bucket, Id: "daily", InventoryConfiguration: inventory }),
    get: (s3) => s3.getBucketInventoryConfiguration({ Bucket, Id: "daily" }),
    is: { InventoryConfiguration: inventory },
    drop: (s3) => s3.deleteBucketInventoryConfiguration({ Bucket, Id: "daily" }),
    without: "NoSuchConfiguration",
  },
  Metrics: {
    put: (s3) => s3.putBucketMetricsConfiguration({ Bucket, Id: "all", MetricsConfiguration: metrics }),
    get: (s3) => s3.getBucketMetricsConfiguration({ Bucket, Id: "all" }),
    is: { MetricsConfiguration: metrics },
    drop: (s3) => s3.deleteBucketMetricsConfiguration({ Bucket, Id: "all" }),
    without: "NoSuchConfiguration",
  },
};

test.each(Object.entries(triples))(
  "%s is given back as it was put, and is gone when it is taken away",
  async (name, { put, get, is, drop, without }) => {
    const s3 = await connect();
    const asWithout = async () =>
      typeof without === "string"
        ? expect(get(s3)).rejects.toMatchObject({ name: without, $metadata: { httpStatusCode: 404 } })
        : expect(meta(await get(s3))).toEqual(without);
    if (name !== "PublicAccessBlock" && name !== "OwnershipControls") await asWithout(); // those two every new bucket has
    await put(s3);
    expect(meta(await get(s3))).toEqual(is);
    if (!drop) return;
    await drop(s3);
    await asWithout();
  },
);

test("a new bucket is private, owns what is in it and encrypts", async () => {
  const s3 = await connect();
  expect((await s3.getPublicAccessBlock({ Bucket })).PublicAccessBlockConfiguration).toEqual({
    BlockPublicAcls: true,
    IgnorePublicAcls: true,
    BlockPublicPolicy: true,
    RestrictPublicBuckets: true,
  });
  expect((await s3.getBucketOwnershipControls({ Bucket })).OwnershipControls).toEqual({
    Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }],
  });
  expect((await s3.getBucketAcl({ Bucket })).Grants).toMatchObject([{ Permission: "FULL_CONTROL" }]);
  await expect(s3.putBucketAcl({ Bucket, ACL: "public-read" })).rejects.toMatchObject({ name: "AccessControlListNotSupported" });
});

test("a public policy is refused while it is blocked, and seen as public when it is not", async () => {
  const s3 = await connect();
  const Policy = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: `arn:aws:s3:::${Bucket}/*` }],
  });
  await expect(s3.putBucketPolicy({ Bucket, Policy })).rejects.toMatchObject({ name: "AccessDenied" });
  await s3.deletePublicAccessBlock({ Bucket });
  await s3.putBucketPolicy({ Bucket, Policy });
  expect((await s3.getBucketPolicyStatus({ Bucket })).PolicyStatus).toEqual({ IsPublic: true });
  await s3.putBucketPolicy({ Bucket, Policy: policy });
  expect((await s3.getBucketPolicyStatus({ Bucket })).PolicyStatus).toEqual({ IsPublic: false });
});

const allow = { Effect: "Allow", Principal: { AWS: "arn:aws:iam::123456789012:root" }, Action: "s3:*", Resource: `arn:aws:s3:::${Bucket}` };
test.each([
  ["no JSON", "hello"],
  ["no statement", JSON.stringify({ Version: "2012-10-17", Statement: [] })],
  ["no principal", JSON.stringify({ Statement: [{ ...allow, Principal: undefined }] })],
  ["another bucket's resource", JSON.stringify({ Statement: [{ ...allow, Resource: "arn:aws:s3:::other/*" }] })],
  [
    "the resource of a bucket whose name only begins alike",
    JSON.stringify({ Statement: [{ ...allow, Resource: `arn:aws:s3:::${Bucket}-other/*` }] }),
  ],
  ["an odd effect", JSON.stringify({ Statement: [{ ...allow, Effect: "Maybe" }] })],
])("a policy with %s is malformed", async (_what, Policy) => {
  await expect((await connect()).putBucketPolicy({ Bucket, Policy })).rejects.toMatchObject({ name: "MalformedPolicy" });
});

test("S3-08 a lifecycle takes objects to the infrequent classes after 30 days at the earliest", async () => {
  const s3 = await connect();
  const put = (rule: object) =>
    s3.putBucketLifecycleConfiguration({
      Bucket,
      LifecycleConfiguration: { Rules: [{ Status: "Enabled", Filter: { Prefix: "" }, ...rule }] },
    });
  await expect(put({ Transitions: [{ Days: 29, StorageClass: "STANDARD_IA" }] })).rejects.toMatchObject({ name: "InvalidArgument" });
  await put({ Transitions: [{ Days: 30, StorageClass: "STANDARD_IA" }] });
  await expect(put({})).rejects.toMatchObject({ name: "InvalidRequest" });
  await expect(put({ Expiration: { Days: 0 } })).rejects.toMatchObject({ name: "InvalidArgument" });
  expect((await s3.getBucketLifecycleConfiguration({ Bucket })).Rules![0]!.ID).toMatch(/./);
});

test("S3-09 replication needs versioning on both buckets, and holds it on at the source", async () => {
  const s3 = await connect();
  await s3.createBucket({ Bucket: "replica", CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } });
  const ReplicationConfiguration = {
    Role: "arn:aws:iam::123456789012:role/replicate",
    Rules: [
      {
        ID: "all",
        Priority: 1,
        Status: "Enabled" as const,
        Filter: { Prefix: "" },
        DeleteMarkerReplication: { Status: "Disabled" as const },
        Destination: { Bucket: "arn:aws:s3:::replica", StorageClass: "STANDARD_IA" as const },
      },
    ],
  };
  const put = () => s3.putBucketReplication({ Bucket, ReplicationConfiguration });
  const enable = (name: string) => s3.putBucketVersioning({ Bucket: name, VersioningConfiguration: { Status: "Enabled" } });
  await expect(put()).rejects.toMatchObject({ name: "InvalidRequest" });
  await enable(Bucket);
  await expect(put()).rejects.toThrow("Destination bucket must have versioning enabled.");
  await enable("replica");
  await put();
  expect((await s3.getBucketReplication({ Bucket })).ReplicationConfiguration).toEqual(ReplicationConfiguration);
  await expect(s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Suspended" } })).rejects.toMatchObject({
    name: "InvalidBucketState",
  });
  await s3.deleteBucketReplication({ Bucket });
  await expect(s3.getBucketReplication({ Bucket })).rejects.toMatchObject({ name: "ReplicationConfigurationNotFoundError" });
});

test("named settings are listed in order, and an id must be the document's own", async () => {
  const s3 = await connect();
  for (const Id of ["b", "a"]) await s3.putBucketMetricsConfiguration({ Bucket, Id, MetricsConfiguration: { Id } });
  expect((await s3.listBucketMetricsConfigurations({ Bucket })).MetricsConfigurationList!.map(({ Id }) => Id)).toEqual(["a", "b"]);
  await expect(s3.putBucketMetricsConfiguration({ Bucket, Id: "c", MetricsConfiguration: { Id: "d" } })).rejects.toMatchObject({
    name: "InvalidArgument",
  });
  expect((await s3.listBucketInventoryConfigurations({ Bucket })).InventoryConfigurationList).toBeUndefined();
});

test("tags that no bucket may have are refused", async () => {
  const s3 = await connect();
  const put = (TagSet: { Key: string; Value: string }[]) => s3.putBucketTagging({ Bucket, Tagging: { TagSet } });
  await expect(
    put([
      { Key: "a", Value: "1" },
      { Key: "a", Value: "2" },
    ]),
  ).rejects.toMatchObject({ name: "InvalidTag" });
  await expect(put([{ Key: "k".repeat(129), Value: "" }])).rejects.toMatchObject({ name: "InvalidTag" });
  await expect(put(Array.from({ length: 51 }, (_, at) => ({ Key: `k${at}`, Value: "" })))).rejects.toMatchObject({ name: "BadRequest" });
});
