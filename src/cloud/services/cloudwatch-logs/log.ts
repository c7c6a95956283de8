/** What CloudWatch Logs keeps: groups, streams, events; and how each is found. */
import type * as sdk from "@aws-sdk/client-cloudwatch-logs";
import { days, type Instant } from "../../../kernel/units.ts";
import { AwsError, type Call } from "../../service.ts";

export type Event = { timestamp: number; message: string; ingestionTime: number; id: string };

export type Stream = {
  name: string;
  created: Instant;
  /** By timestamp, those of one moment as they came. */ events: Event[];
  lastIngestion?: Instant;
};

export type Group = {
  name: string;
  arn: string;
  created: Instant;
  logGroupClass: sdk.LogGroupClass;
  retentionInDays?: number;
  kmsKeyId?: string;
  deletionProtection: boolean;
  tags: Record<string, string>;
  streams: Map<string, Stream>;
  metricFilters: Map<string, sdk.MetricFilter>;
  subscriptionFilters: Map<string, sdk.SubscriptionFilter>;
};

export const state = () => ({ groups: new Map<string, Group>(), policies: new Map<string, sdk.ResourcePolicy>(), sequence: 0 });
export type State = ReturnType<typeof state>;
export type Here = Call<State>;

export const invalid = (message: string) => new AwsError("InvalidParameterException", message, 400);

/** By name, or by ARN with or without `:*`. */
export function findGroup(call: Here, identifier: string | undefined): Group {
  if (identifier === undefined) throw invalid("Either logGroupName or logGroupIdentifier must be provided.");
  const name = /^arn:[^:]+:logs:[^:]*:\d+:log-group:([^:]+)/.exec(identifier)?.[1] ?? identifier;
  const group = call.state.groups.get(name);
  if (!group) throw new AwsError("ResourceNotFoundException", "The specified log group does not exist.", 400);
  return group;
}

export function findStream(group: Group, name: string): Stream {
  const stream = group.streams.get(name);
  if (!stream) throw new AwsError("ResourceNotFoundException", "The specified log stream does not exist.", 400);
  return stream;
}

/** Before which an event is gone for its age. Reading respects it, so nothing needs to happen at that moment. */
export function horizon({ retentionInDays }: Group, now: Instant): number {
  return retentionInDays === undefined ? Number.NEGATIVE_INFINITY : now - days(retentionInDays);
}

/** Those of a stream that are left, oldest first. */
export function alive(group: Group, { events }: Stream, now: Instant): readonly Event[] {
  const limit = horizon(group, now);
  return limit === Number.NEGATIVE_INFINITY || (events[0]?.timestamp ?? 0) >= limit ? events : events.slice(indexAt(events, limit));
}

/** The index of the first event at or after a moment. */
export function indexAt(events: readonly Event[], timestamp: number): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (events[middle]!.timestamp < timestamp) low = middle + 1;
    else high = middle;
  }
  return low;
}

// 26 bytes an event: docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
export const sizeOf = (message: string): number => Buffer.byteLength(message) + 26;

export const token = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

export function untoken(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, "base64url").toString());
  } catch {
    throw invalid("The specified nextToken is invalid.");
  }
}

/** A page of what is sorted already, by place. */
export function page<Item>(
  items: readonly Item[],
  limit: number | undefined,
  nextToken: string | undefined,
  max = 50,
): { page: Item[]; nextToken?: string } {
  if (limit !== undefined && (limit < 1 || limit > max))
    throw invalid(
      `1 validation error detected: Value '${limit}' at 'limit' failed to satisfy constraint: Member must have value less than or equal to ${max}`,
    );
  const from = nextToken === undefined ? 0 : Number(untoken(nextToken));
  const to = from + (limit ?? max);
  return { page: items.slice(from, to), nextToken: to < items.length ? token(to) : undefined };
}
