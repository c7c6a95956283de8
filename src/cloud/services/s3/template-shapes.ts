/** From the shapes of AWS::S3::Bucket's properties to those of the API: docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html */
import type * as sdk from "@aws-sdk/client-s3";
import { date, instant } from "../../../kernel/units.ts";

// Templates are checked against AWS's schema before they come here; numbers and booleans may be texts.
export const truth = (value: unknown) => (value === undefined ? undefined : value === true || value === "true");
export const number = (value: unknown) => (value === undefined ? undefined : Number(value));

type Given = Record<string, any>;

/** One criterion stands alone, several under `And`. */
function filterOf({ Prefix, tags = [], greater, less }: { Prefix?: string; tags?: sdk.Tag[]; greater?: number; less?: number }): Given {
  const count = [Prefix, greater, less].filter((each) => each !== undefined).length + tags.length;
  if (count > 1)
    return { And: { Prefix, Tags: tags.length > 0 ? tags : undefined, ObjectSizeGreaterThan: greater, ObjectSizeLessThan: less } };
  return count === 0 ? { Prefix: "" } : { Prefix, Tag: tags[0], ObjectSizeGreaterThan: greater, ObjectSizeLessThan: less };
}

/** As above, where no criterion means no filter. */
const optionalFilter = ({ Prefix, TagFilters }: Given): any =>
  Prefix === undefined && (TagFilters ?? []).length === 0 ? undefined : filterOf({ Prefix, tags: TagFilters });

export function lifecycleRule(rule: Given): any {
  const transition = (each: Given) => ({
    StorageClass: each.StorageClass,
    Days: number(each.TransitionInDays),
    Date: each.TransitionDate && date(instant(each.TransitionDate)),
  });
  const leaving = (each: Given) => ({
    StorageClass: each.StorageClass,
    NoncurrentDays: number(each.TransitionInDays),
    NewerNoncurrentVersions: number(each.NewerNoncurrentVersions),
  });
  const expires = rule.ExpirationInDays ?? rule.ExpirationDate ?? rule.ExpiredObjectDeleteMarker;
  const noncurrent =
    rule.NoncurrentVersionExpiration ??
    (rule.NoncurrentVersionExpirationInDays === undefined ? undefined : { NoncurrentDays: rule.NoncurrentVersionExpirationInDays });
  return {
    ID: rule.Id,
    Status: rule.Status,
    Filter: filterOf({
      Prefix: rule.Prefix,
      tags: rule.TagFilters,
      greater: number(rule.ObjectSizeGreaterThan),
      less: number(rule.ObjectSizeLessThan),
    }),
    Expiration:
      expires === undefined
        ? undefined
        : {
            Days: number(rule.ExpirationInDays),
            Date: rule.ExpirationDate && date(instant(rule.ExpirationDate)),
            ExpiredObjectDeleteMarker: truth(rule.ExpiredObjectDeleteMarker),
          },
    Transitions: (rule.Transitions ?? (rule.Transition && [rule.Transition]))?.map(transition),
    NoncurrentVersionExpiration: noncurrent && {
      NoncurrentDays: number(noncurrent.NoncurrentDays),
      NewerNoncurrentVersions: number(noncurrent.NewerNoncurrentVersions),
    },
    NoncurrentVersionTransitions: (
      rule.NoncurrentVersionTransitions ??
      (rule.NoncurrentVersionTransition && [rule.NoncurrentVersionTransition])
    )?.map(leaving),
    AbortIncompleteMultipartUpload: rule.AbortIncompleteMultipartUpload && {
      DaysAfterInitiation: number(rule.AbortIncompleteMultipartUpload.DaysAfterInitiation),
    },
  };
}

export function website({ IndexDocument, ErrorDocument, RedirectAllRequestsTo, RoutingRules }: Given): any {
  return {
    IndexDocument: IndexDocument && { Suffix: IndexDocument },
    ErrorDocument: ErrorDocument && { Key: ErrorDocument },
    RedirectAllRequestsTo,
    RoutingRules: RoutingRules?.map(({ RoutingRuleCondition, RedirectRule }: Given) => ({
      Condition: RoutingRuleCondition,
      Redirect: RedirectRule,
    })),
  };
}

export function notifications(value: Given): any {
  const filter = (each: Given) => each.Filter && { Key: { FilterRules: each.Filter.S3Key.Rules } };
  const bridge = value.EventBridgeConfiguration;
  return {
    EventBridgeConfiguration: bridge && truth(bridge.EventBridgeEnabled) !== false ? {} : undefined,
    QueueConfigurations: value.QueueConfigurations?.map((each: Given) => ({
      Events: [each.Event],
      QueueArn: each.Queue,
      Filter: filter(each),
    })),
    TopicConfigurations: value.TopicConfigurations?.map((each: Given) => ({
      Events: [each.Event],
      TopicArn: each.Topic,
      Filter: filter(each),
    })),
    LambdaFunctionConfigurations: value.LambdaConfigurations?.map((each: Given) => ({
      Events: [each.Event],
      LambdaFunctionArn: each.Function,
      Filter: filter(each),
    })),
  };
}

const threshold = (given: Given | undefined, name: string) =>
  given && { Status: given.Status, [name]: given[name] && { Minutes: number(given[name].Minutes) } };

function replicationFilter({ Prefix, TagFilter, And }: Given): Given {
  return And ? { And: { Prefix: And.Prefix, Tags: And.TagFilters } } : { Prefix, Tag: TagFilter };
}

export function replication({ Role, Rules }: Given): any {
  const rule = ({ Id, Priority, Filter, Destination, ...rest }: Given) => ({
    ...rest,
    ID: Id,
    Priority: number(Priority),
    Filter: Filter && replicationFilter(Filter),
    Destination: {
      ...Destination,
      ReplicationTime: threshold(Destination.ReplicationTime, "Time"),
      Metrics: threshold(Destination.Metrics, "EventThreshold"),
    },
  });
  return { Role, Rules: Rules.map(rule) };
}

export function lock({ ObjectLockEnabled, Rule }: Given): any {
  const byDefault = Rule?.DefaultRetention;
  return {
    ObjectLockEnabled: ObjectLockEnabled ?? "Enabled",
    Rule: byDefault && { DefaultRetention: { Mode: byDefault.Mode, Days: number(byDefault.Days), Years: number(byDefault.Years) } },
  };
}

const report = ({ BucketArn, BucketAccountId, ...rest }: Given) => ({
  S3BucketDestination: { ...rest, Bucket: BucketArn, AccountId: BucketAccountId },
});

export function tiering({ Id, Status, Tierings, ...criteria }: Given): any {
  return {
    Id,
    Status,
    Filter: optionalFilter(criteria),
    Tierings: Tierings.map(({ AccessTier, Days }: Given) => ({ AccessTier, Days: number(Days) })),
  };
}

export function inventory({ Id, Enabled, IncludedObjectVersions, ScheduleFrequency, OptionalFields, Prefix, Destination }: Given): any {
  return {
    Id,
    IsEnabled: truth(Enabled),
    IncludedObjectVersions,
    OptionalFields,
    Filter: Prefix === undefined ? undefined : { Prefix },
    Schedule: { Frequency: ScheduleFrequency },
    Destination: report(Destination),
  };
}

export function analytics({ Id, StorageClassAnalysis, ...criteria }: Given): any {
  const { DataExport } = StorageClassAnalysis ?? {};
  return {
    Id,
    Filter: optionalFilter(criteria),
    StorageClassAnalysis: {
      DataExport: DataExport && { OutputSchemaVersion: DataExport.OutputSchemaVersion, Destination: report(DataExport.Destination) },
    },
  };
}

export const metrics = ({ Id, ...criteria }: Given): any => ({ Id, Filter: optionalFilter(criteria) });
