import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { S3 } from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

const connect = () => {
  const cloud = new Cloud({ paranoid: true });
  const cfn = clients(cloud)(CloudFormation);
  const s3 = clients(cloud)(S3);
  const put = async (Resources: object, { again = false, outputs = {} }: { again?: boolean; outputs?: Record<string, object> } = {}) => {
    const Outputs = Object.fromEntries(Object.entries(outputs).map(([name, Value]) => [name, { Value }]));
    const asked = {
      StackName: "files",
      TemplateBody: JSON.stringify({ Resources, ...(Object.keys(outputs).length > 0 ? { Outputs } : {}) }),
      Tags: [{ Key: "stack", Value: "files" }],
    };
    await (again ? cfn.updateStack(asked) : cfn.createStack(asked));
    cloud.settle();
    return described();
  };
  const described = async () => {
    const [stack] = (await cfn.describeStacks({ StackName: "files" })).Stacks!;
    return {
      status: stack!.StackStatus,
      outputs: Object.fromEntries((stack!.Outputs ?? []).map((each) => [each.OutputKey, each.OutputValue])) as Record<string, string>,
    };
  };
  const resourcesOf = async () =>
    Object.fromEntries(
      (await cfn.describeStackResources({ StackName: "files" })).StackResources!.map((each) => [each.LogicalResourceId, each]),
    );
  return { cloud, cfn, s3, put, described, resourcesOf };
};
const bucket = (Properties: object = {}) => ({ Type: "AWS::S3::Bucket", Properties });

test("a stack makes a bucket with a name of its own, its tags and attributes", async () => {
  const { s3, put } = connect();
  const attributes = ["Arn", "DomainName", "RegionalDomainName", "WebsiteURL"];
  const outputs = { Ref: { Ref: "Files" }, ...Object.fromEntries(attributes.map((name) => [name, { "Fn::GetAtt": ["Files", name] }])) };
  const { status, outputs: made } = await put({ Files: bucket({ Tags: [{ Key: "own", Value: "1" }] }) }, { outputs });
  expect(status).toBe("CREATE_COMPLETE");
  const name = made.Ref!;
  expect(name).toMatch(/^files-files-[a-z0-9]{12,13}$/);
  expect(made).toMatchObject({
    Arn: `arn:aws:s3:::${name}`,
    DomainName: `${name}.s3.amazonaws.com`,
    RegionalDomainName: `${name}.s3.eu-west-1.amazonaws.com`,
    WebsiteURL: expect.stringMatching(/^http:\/\/.*s3-website-eu-west-1\.amazonaws\.com$/),
  });
  expect((await s3.getBucketTagging({ Bucket: name })).TagSet).toEqual(
    expect.arrayContaining([
      { Key: "own", Value: "1" },
      { Key: "stack", Value: "files" },
    ]),
  );
});

const full = {
  BucketName: "all-settings",
  VersioningConfiguration: { Status: "Enabled" },
  BucketEncryption: {
    ServerSideEncryptionConfiguration: [
      { ServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms", KMSMasterKeyID: "alias/a" }, BucketKeyEnabled: "true" },
    ],
  },
  PublicAccessBlockConfiguration: { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
  CorsConfiguration: { CorsRules: [{ Id: "web", AllowedMethods: ["GET"], AllowedOrigins: ["*"], ExposedHeaders: ["ETag"], MaxAge: "60" }] },
  LifecycleConfiguration: {
    Rules: [
      {
        Id: "old",
        Status: "Enabled",
        Prefix: "logs/",
        ExpirationInDays: "30",
        NoncurrentVersionExpiration: { NoncurrentDays: 7 },
        Transitions: [{ StorageClass: "GLACIER", TransitionInDays: 10 }],
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 3 },
      },
    ],
  },
  OwnershipControls: { Rules: [{ ObjectOwnership: "BucketOwnerPreferred" }] },
  WebsiteConfiguration: {
    IndexDocument: "index.html",
    ErrorDocument: "404.html",
    RoutingRules: [{ RoutingRuleCondition: { KeyPrefixEquals: "old/" }, RedirectRule: { ReplaceKeyPrefixWith: "new/" } }],
  },
  NotificationConfiguration: {
    EventBridgeConfiguration: { EventBridgeEnabled: true },
    QueueConfigurations: [
      {
        Event: "s3:ObjectCreated:*",
        Queue: "arn:aws:sqs:eu-west-1:123456789012:jobs",
        Filter: { S3Key: { Rules: [{ Name: "prefix", Value: "in/" }] } },
      },
    ],
  },
  LoggingConfiguration: { LogFilePrefix: "log/" },
  IntelligentTieringConfigurations: [
    { Id: "archive", Status: "Enabled", Prefix: "a/", Tierings: [{ AccessTier: "ARCHIVE_ACCESS", Days: "90" }] },
  ],
  AccelerateConfiguration: { AccelerationStatus: "Enabled" },
};

test("every property reaches the bucket, and what the template drops is taken away", async () => {
  const { s3, put } = connect();
  const Bucket = "all-settings";
  expect((await put({ Files: bucket(full) })).status).toBe("CREATE_COMPLETE");
  expect((await s3.getBucketVersioning({ Bucket })).Status).toBe("Enabled");
  expect((await s3.getBucketEncryption({ Bucket })).ServerSideEncryptionConfiguration).toMatchObject({
    Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms", KMSMasterKeyID: "alias/a" }, BucketKeyEnabled: true }],
  });
  expect((await s3.getBucketCors({ Bucket })).CORSRules).toEqual([
    { ID: "web", AllowedMethods: ["GET"], AllowedOrigins: ["*"], ExposeHeaders: ["ETag"], MaxAgeSeconds: 60 },
  ]);
  expect((await s3.getBucketLifecycleConfiguration({ Bucket })).Rules).toEqual([
    {
      ID: "old",
      Status: "Enabled",
      Filter: { Prefix: "logs/" },
      Expiration: { Days: 30 },
      NoncurrentVersionExpiration: { NoncurrentDays: 7 },
      Transitions: [{ StorageClass: "GLACIER", Days: 10 }],
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 3 },
    },
  ]);
  expect((await s3.getBucketOwnershipControls({ Bucket })).OwnershipControls).toEqual({
    Rules: [{ ObjectOwnership: "BucketOwnerPreferred" }],
  });
  expect(await s3.getBucketWebsite({ Bucket })).toMatchObject({
    IndexDocument: { Suffix: "index.html" },
    ErrorDocument: { Key: "404.html" },
    RoutingRules: [{ Condition: { KeyPrefixEquals: "old/" }, Redirect: { ReplaceKeyPrefixWith: "new/" } }],
  });
  expect(await s3.getBucketNotificationConfiguration({ Bucket })).toMatchObject({
    EventBridgeConfiguration: {},
    QueueConfigurations: [
      {
        QueueArn: "arn:aws:sqs:eu-west-1:123456789012:jobs",
        Events: ["s3:ObjectCreated:*"],
        Filter: { Key: { FilterRules: [{ Name: "prefix", Value: "in/" }] } },
      },
    ],
  });
  expect((await s3.getBucketLogging({ Bucket })).LoggingEnabled).toEqual({ TargetBucket: Bucket, TargetPrefix: "log/" });
  expect((await s3.getBucketIntelligentTieringConfiguration({ Bucket, Id: "archive" })).IntelligentTieringConfiguration).toEqual({
    Id: "archive",
    Status: "Enabled",
    Filter: { Prefix: "a/" },
    Tierings: [{ AccessTier: "ARCHIVE_ACCESS", Days: 90 }],
  });
  expect((await put({ Files: bucket({ BucketName: Bucket }) }, { again: true })).status).toBe("UPDATE_COMPLETE");
  expect((await s3.getBucketVersioning({ Bucket })).Status).toBe("Suspended");
  expect((await s3.getBucketAccelerateConfiguration({ Bucket })).Status).toBe("Suspended");
  for (const read of [
    s3.getBucketCors({ Bucket }),
    s3.getBucketLifecycleConfiguration({ Bucket }),
    s3.getBucketWebsite({ Bucket }),
    s3.getBucketIntelligentTieringConfiguration({ Bucket, Id: "archive" }),
  ])
    await expect(read).rejects.toMatchObject({ $metadata: { httpStatusCode: 404 } });
  expect((await s3.getBucketNotificationConfiguration({ Bucket })).QueueConfigurations).toBeUndefined();
});

test("lifecycle filters by tags and sizes are kept", async () => {
  const { s3, put } = connect();
  await put({
    Files: bucket({
      BucketName: "filtered",
      LifecycleConfiguration: {
        Rules: [
          {
            Id: "small",
            Status: "Enabled",
            Prefix: "a/",
            ObjectSizeLessThan: "1024",
            TagFilters: [{ Key: "t", Value: "1" }],
            ExpirationInDays: 1,
          },
        ],
      },
    }),
  });
  const [rule] = (await s3.getBucketLifecycleConfiguration({ Bucket: "filtered" })).Rules!;
  expect(rule!.Filter).toEqual({ And: { Prefix: "a/", ObjectSizeLessThan: 1024, Tags: [{ Key: "t", Value: "1" }] } });
});

test("inventory, metrics and analytics are made with the bucket", async () => {
  const { s3, put } = connect();
  const Bucket = "watched";
  const destination = { BucketArn: "arn:aws:s3:::reports", Format: "CSV" };
  const Properties = {
    BucketName: Bucket,
    MetricsConfigurations: [{ Id: "all", Prefix: "a/" }],
    InventoryConfigurations: [
      { Id: "daily", Enabled: true, IncludedObjectVersions: "All", ScheduleFrequency: "Daily", Destination: destination },
    ],
    AnalyticsConfigurations: [
      { Id: "look", StorageClassAnalysis: { DataExport: { OutputSchemaVersion: "V_1", Destination: destination } } },
    ],
  };
  expect((await put({ Files: bucket(Properties) })).status).toBe("CREATE_COMPLETE");
  expect((await s3.getBucketMetricsConfiguration({ Bucket, Id: "all" })).MetricsConfiguration).toEqual({
    Id: "all",
    Filter: { Prefix: "a/" },
  });
  expect((await s3.getBucketInventoryConfiguration({ Bucket, Id: "daily" })).InventoryConfiguration).toMatchObject({
    Id: "daily",
    IsEnabled: true,
    Schedule: { Frequency: "Daily" },
    Destination: { S3BucketDestination: { Bucket: "arn:aws:s3:::reports", Format: "CSV" } },
  });
  expect((await s3.getBucketAnalyticsConfiguration({ Bucket, Id: "look" })).AnalyticsConfiguration).toMatchObject({
    Id: "look",
    StorageClassAnalysis: {
      DataExport: { OutputSchemaVersion: "V_1", Destination: { S3BucketDestination: { Bucket: "arn:aws:s3:::reports", Format: "CSV" } } },
    },
  });
});

test("S3-17 a bucket with Object Lock retains by default", async () => {
  const { s3, put } = connect();
  await put({
    Files: bucket({
      BucketName: "vault",
      ObjectLockEnabled: true,
      ObjectLockConfiguration: { ObjectLockEnabled: "Enabled", Rule: { DefaultRetention: { Mode: "COMPLIANCE", Days: "3" } } },
    }),
  });
  const { VersionId } = await s3.putObject({ Bucket: "vault", Key: "a", Body: "x" });
  await expect(s3.deleteObject({ Bucket: "vault", Key: "a", VersionId })).rejects.toMatchObject({ name: "AccessDenied" });
});

test("S3-09 replication between two buckets of a template, with its filter", async () => {
  const { s3, put } = connect();
  const versioned = { VersioningConfiguration: { Status: "Enabled" } };
  const rule = {
    Id: "all",
    Status: "Enabled",
    Priority: "1",
    Filter: { Prefix: "a/" },
    DeleteMarkerReplication: { Status: "Enabled" },
    Destination: { Bucket: { "Fn::GetAtt": ["Copy", "Arn"] }, StorageClass: "STANDARD_IA" },
  };
  const source = bucket({
    BucketName: "source",
    ...versioned,
    ReplicationConfiguration: { Role: "arn:aws:iam::123456789012:role/r", Rules: [rule] },
  });
  expect((await put({ Copy: bucket({ BucketName: "copy", ...versioned }), Files: source })).status).toBe("CREATE_COMPLETE");
  expect((await s3.getBucketReplication({ Bucket: "source" })).ReplicationConfiguration!.Rules).toEqual([
    {
      ID: "all",
      Status: "Enabled",
      Priority: 1,
      Filter: { Prefix: "a/" },
      DeleteMarkerReplication: { Status: "Enabled" },
      Destination: { Bucket: "arn:aws:s3:::copy", StorageClass: "STANDARD_IA" },
    },
  ]);
});

test("a bucket that is not empty is not deleted with its stack, and a setting that S3 refuses rolls back", async () => {
  const { cloud, cfn, s3, put, described } = connect();
  await put({ Files: bucket({ BucketName: "kept" }) });
  await s3.putObject({ Bucket: "kept", Key: "a", Body: "x" });
  expect(
    (
      await put(
        {
          Files: bucket({
            BucketName: "kept",
            LifecycleConfiguration: { Rules: [{ Status: "Enabled", Transitions: [{ StorageClass: "STANDARD_IA", TransitionInDays: 5 }] }] },
          }),
        },
        { again: true },
      )
    ).status,
  ).toBe("UPDATE_ROLLBACK_COMPLETE");
  await cfn.deleteStack({ StackName: "files" });
  cloud.settle();
  expect((await described()).status).toBe("DELETE_FAILED");
  await s3.deleteObject({ Bucket: "kept", Key: "a" });
  await cfn.deleteStack({ StackName: "files" });
  cloud.settle();
  await expect(s3.headBucket({ Bucket: "kept" })).rejects.toMatchObject({ name: "NotFound" });
});

test("a bucket's new name replaces it, and its policy goes with it", async () => {
  const { s3, put } = connect();
  const PolicyDocument = {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Deny",
        Principal: "*",
        Action: "s3:*",
        Resource: { "Fn::Sub": "${Files.Arn}/*" },
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
    ],
  };
  const template = (BucketName: string) => ({
    Files: bucket({ BucketName }),
    Policy: { Type: "AWS::S3::BucketPolicy", Properties: { Bucket: { Ref: "Files" }, PolicyDocument } },
  });
  expect((await put(template("old-name"))).status).toBe("CREATE_COMPLETE");
  expect(JSON.parse((await s3.getBucketPolicy({ Bucket: "old-name" })).Policy!)).toMatchObject({
    Statement: [{ Resource: "arn:aws:s3:::old-name/*" }],
  });
  expect((await put(template("new-name"), { again: true })).status).toBe("UPDATE_COMPLETE");
  expect(JSON.parse((await s3.getBucketPolicy({ Bucket: "new-name" })).Policy!)).toMatchObject({
    Statement: [{ Resource: "arn:aws:s3:::new-name/*" }],
  });
  await expect(s3.headBucket({ Bucket: "old-name" })).rejects.toMatchObject({ name: "NotFound" });
});

test("a name that is taken fails the stack and leaves the other bucket alone", async () => {
  const { s3, put } = connect();
  await s3.createBucket({ Bucket: "taken", CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } });
  expect((await put({ Files: bucket({ BucketName: "taken" }) })).status).toBe("ROLLBACK_COMPLETE");
  await s3.headBucket({ Bucket: "taken" });
});
