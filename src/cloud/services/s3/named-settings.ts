/** The settings of which a bucket has several, each with an id: Intelligent-Tiering, analytics, inventory, metrics. */
import { AwsError } from "../../service.ts";
import { findBucket, type Here, type S3Operations } from "./bucket.ts";

type Named = { Bucket: string; Id: string; ExpectedBucketOwner?: string };

function all(call: Here, { Bucket, ExpectedBucketOwner }: Omit<Named, "Id">, setting: string): Record<string, any> {
  return findBucket(call, Bucket, ExpectedBucketOwner).settings.get(setting) ?? {};
}

function put(call: Here, input: Named, setting: string, value: { Id?: string }): void {
  if (value.Id !== input.Id) throw new AwsError("InvalidArgument", "The configuration id in the request and in the document differ.", 400);
  const before = all(call, input, setting);
  // 1,000 of each kind: docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAnalyticsConfiguration.html
  if (!(input.Id in before) && Object.keys(before).length >= 1000)
    throw new AwsError(
      "TooManyConfigurations",
      "You are attempting to create a new configuration but have already reached the 1,000-configuration limit.",
      400,
    );
  findBucket(call, input.Bucket).settings.set(setting, { ...before, [input.Id]: value });
}

function get(call: Here, input: Named, setting: string): any {
  const value = all(call, input, setting)[input.Id];
  if (!value) throw new AwsError("NoSuchConfiguration", "The specified configuration does not exist.", 404);
  return value;
}

function drop(call: Here, input: Named, setting: string): void {
  get(call, input, setting);
  const { [input.Id]: _gone, ...rest } = all(call, input, setting);
  findBucket(call, input.Bucket).settings.set(setting, rest);
}

const list = (call: Here, input: Omit<Named, "Id">, setting: string): any[] =>
  Object.entries(all(call, input, setting))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, value]) => value);

export const namedSettingOperations = {
  PutBucketIntelligentTieringConfiguration: (call, input) => put(call, input, "IntelligentTiering", input.IntelligentTieringConfiguration),
  GetBucketIntelligentTieringConfiguration: (call, input) => ({ IntelligentTieringConfiguration: get(call, input, "IntelligentTiering") }),
  DeleteBucketIntelligentTieringConfiguration: (call, input) => drop(call, input, "IntelligentTiering"),
  ListBucketIntelligentTieringConfigurations: (call, input) => ({
    IsTruncated: false,
    IntelligentTieringConfigurationList: list(call, input, "IntelligentTiering"),
  }),

  PutBucketAnalyticsConfiguration: (call, input) => put(call, input, "Analytics", input.AnalyticsConfiguration),
  GetBucketAnalyticsConfiguration: (call, input) => ({ AnalyticsConfiguration: get(call, input, "Analytics") }),
  DeleteBucketAnalyticsConfiguration: (call, input) => drop(call, input, "Analytics"),
  ListBucketAnalyticsConfigurations: (call, input) => ({ IsTruncated: false, AnalyticsConfigurationList: list(call, input, "Analytics") }),

  PutBucketInventoryConfiguration: (call, input) => put(call, input, "Inventory", input.InventoryConfiguration),
  GetBucketInventoryConfiguration: (call, input) => ({ InventoryConfiguration: get(call, input, "Inventory") }),
  DeleteBucketInventoryConfiguration: (call, input) => drop(call, input, "Inventory"),
  ListBucketInventoryConfigurations: (call, input) => ({ IsTruncated: false, InventoryConfigurationList: list(call, input, "Inventory") }),

  PutBucketMetricsConfiguration: (call, input) => put(call, input, "Metrics", input.MetricsConfiguration),
  GetBucketMetricsConfiguration: (call, input) => ({ MetricsConfiguration: get(call, input, "Metrics") }),
  DeleteBucketMetricsConfiguration: (call, input) => drop(call, input, "Metrics"),
  ListBucketMetricsConfigurations: (call, input) => ({ IsTruncated: false, MetricsConfigurationList: list(call, input, "Metrics") }),
} satisfies S3Operations;
