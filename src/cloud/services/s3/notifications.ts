/** Where a bucket's events are to go: checked and kept; they are sent in a later part of the cloud. docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html */
import type * as sdk from "@aws-sdk/client-s3";
import { findBucket, type Here, type S3Operations } from "./bucket.ts";
import { invalidArgument } from "./refusals.ts";

type Target = Pick<sdk.QueueConfiguration, "Id" | "Events" | "Filter">;
type Checked = { arn: string; target: Target };

// docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html
const EVENTS =
  /^s3:(ReducedRedundancyLostObject|ObjectCreated:(\*|Put|Post|Copy|CompleteMultipartUpload)|ObjectRemoved:(\*|Delete|DeleteMarkerCreated)|ObjectRestore:(\*|Post|Completed|Delete)|Replication:(\*|Operation(FailedReplication|MissedThreshold|ReplicatedAfterThreshold|NotTracked))|LifecycleTransition|IntelligentTiering|ObjectAcl:Put|LifecycleExpiration:(\*|Delete|DeleteMarkerCreated)|ObjectTagging:(\*|Put|Delete)|ObjectAnnotation:(\*|Put|Delete))$/;

const alike = (a: string, b: string) => a.startsWith(b) || b.startsWith(a);
const endAlike = (a: string, b: string) => a.endsWith(b) || b.endsWith(a);
const meets = (a: string, b: string) =>
  a === b || (a.endsWith("*") && b.startsWith(a.slice(0, -1))) || (b.endsWith("*") && a.startsWith(b.slice(0, -1)));

function rule({ Filter }: Target, name: "prefix" | "suffix"): string {
  return Filter?.Key?.FilterRules?.find(({ Name }) => Name?.toLowerCase() === name)?.Value ?? "";
}

function check({ arn, target }: Checked, service: string): void {
  if (!new RegExp(`^arn:aws:${service}:[a-z0-9-]+:\\d{12}:.+$`).test(arn)) throw invalidArgument("The ARN could not be parsed", "ARN", arn);
  const events = target.Events ?? [];
  const unknown = events.find((event) => !EVENTS.test(event));
  if (events.length === 0 || unknown !== undefined) throw invalidArgument("The event is not supported for notifications", "Event", unknown);
  const names = (target.Filter?.Key?.FilterRules ?? []).map(({ Name }) => Name?.toLowerCase());
  if (names.some((name) => name !== "prefix" && name !== "suffix"))
    throw invalidArgument("filter rule name must be either prefix or suffix", "FilterRule.Name");
  if (new Set(names).size < names.length) throw invalidArgument("Cannot specify more than one prefix rule in a filter.", "FilterRule.Name");
}

/** Two targets may not want the same event of the same key. */
function checkOverlaps(all: readonly Checked[]): void {
  all.forEach(({ target: one }, index) => {
    for (const { target: other } of all.slice(index + 1)) {
      const events = one.Events!.some((a) => other.Events!.some((b) => meets(a, b)));
      const keys = alike(rule(one, "prefix"), rule(other, "prefix")) && endAlike(rule(one, "suffix"), rule(other, "suffix"));
      if (events && keys)
        throw invalidArgument("Configurations overlap. Configurations on the same bucket cannot share a common event type.");
    }
  });
}

const named = <Kind extends Target>(call: Here, targets: Kind[] | undefined): Kind[] | undefined =>
  targets?.map((target) => ({ ...target, Id: target.Id || call.uuid() }));

export const notificationOperations = {
  PutBucketNotificationConfiguration(call, { Bucket, NotificationConfiguration: asked, ExpectedBucketOwner }) {
    const bucket = findBucket(call, Bucket, ExpectedBucketOwner);
    const queues = (asked.QueueConfigurations ?? []).map((target) => ({ arn: target.QueueArn ?? "", target }));
    const topics = (asked.TopicConfigurations ?? []).map((target) => ({ arn: target.TopicArn ?? "", target }));
    const functions = (asked.LambdaFunctionConfigurations ?? []).map((target) => ({ arn: target.LambdaFunctionArn ?? "", target }));
    for (const each of queues) check(each, "sqs");
    for (const each of topics) check(each, "sns");
    for (const each of functions) check(each, "lambda");
    checkOverlaps([...queues, ...topics, ...functions]);
    const ids = [...queues, ...topics, ...functions].flatMap(({ target }) => target.Id ?? []);
    if (new Set(ids).size < ids.length) throw invalidArgument("Same ID used for multiple configurations. IDs must be unique", "Id");
    bucket.settings.set("Notification", {
      EventBridgeConfiguration: asked.EventBridgeConfiguration,
      QueueConfigurations: named(call, asked.QueueConfigurations),
      TopicConfigurations: named(call, asked.TopicConfigurations),
      LambdaFunctionConfigurations: named(call, asked.LambdaFunctionConfigurations),
    } satisfies sdk.NotificationConfiguration);
  },
  GetBucketNotificationConfiguration(call, { Bucket, ExpectedBucketOwner }) {
    return findBucket(call, Bucket, ExpectedBucketOwner).settings.get("Notification") ?? {};
  },
} satisfies S3Operations;
