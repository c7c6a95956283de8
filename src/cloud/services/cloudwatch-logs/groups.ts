/** Log groups and streams. */
import type * as sdk from "@aws-sdk/client-cloudwatch-logs";
import { AwsError, type Operations } from "../../service.ts";
import { alive, findGroup, findStream, invalid, page, sizeOf, type Group, type Here, type State, type Stream } from "./log.ts";

// API_PutRetentionPolicy
const RETENTIONS = new Set([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]);

export function checkRetention(days: number): void {
  if (!RETENTIONS.has(days))
    throw invalid(
      `1 validation error detected: Value '${days}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [${[...RETENTIONS].join(", ")}]`,
    );
}

export function checkTags(tags: Record<string, string>): void {
  if (Object.keys(tags).length > 50) throw new AwsError("TooManyTagsException", "A resource can have no more than 50 tags.", 400);
  const reserved = Object.keys(tags).find((key) => /^aws:(?!cloudformation:)/i.test(key));
  if (reserved) throw invalid(`Tag keys can't begin with aws:: ${reserved}`);
}

const bytes = (call: Here, group: Group): number => {
  let sum = 0;
  for (const stream of group.streams.values()) for (const { message } of alive(group, stream, call.now)) sum += sizeOf(message);
  return sum;
};

function shownGroup(call: Here, group: Group): sdk.LogGroup {
  return {
    logGroupName: group.name,
    creationTime: group.created,
    retentionInDays: group.retentionInDays,
    metricFilterCount: group.metricFilters.size,
    arn: `${group.arn}:*`,
    logGroupArn: group.arn,
    storedBytes: bytes(call, group),
    kmsKeyId: group.kmsKeyId,
    logGroupClass: group.logGroupClass,
    deletionProtectionEnabled: group.deletionProtection,
  };
}

function shownStream(call: Here, group: Group, stream: Stream): sdk.LogStream {
  const events = alive(group, stream, call.now);
  return {
    logStreamName: stream.name,
    creationTime: stream.created,
    firstEventTimestamp: events[0]?.timestamp,
    lastEventTimestamp: events.at(-1)?.timestamp,
    lastIngestionTime: stream.lastIngestion,
    uploadSequenceToken: undefined,
    arn: `${group.arn}:log-stream:${stream.name}`,
    storedBytes: 0, // AWS itself has reported 0 for streams since June 2019: API_LogStream
  };
}

export const groupOperations = {
  CreateLogGroup(call, { logGroupName, kmsKeyId, tags = {}, logGroupClass = "STANDARD", deletionProtectionEnabled = false }) {
    if (!/^[.\-_/#A-Za-z0-9]{1,512}$/.test(logGroupName))
      throw invalid(
        `1 validation error detected: Value '${logGroupName}' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+`,
      );
    if (call.state.groups.has(logGroupName))
      throw new AwsError("ResourceAlreadyExistsException", "The specified log group already exists", 400);
    checkTags(tags);
    call.state.groups.set(logGroupName, {
      name: logGroupName,
      arn: call.arn("logs", `log-group:${logGroupName}`),
      created: call.now,
      logGroupClass,
      kmsKeyId,
      deletionProtection: deletionProtectionEnabled,
      tags: { ...tags },
      streams: new Map(),
      metricFilters: new Map(),
      subscriptionFilters: new Map(),
    });
  },
  DeleteLogGroup(call, { logGroupName }) {
    const group = findGroup(call, logGroupName);
    if (group.deletionProtection)
      throw new AwsError("ValidationException", "The log group can't be deleted while deletion protection is enabled.", 400);
    call.state.groups.delete(group.name);
  },
  DescribeLogGroups(call, { logGroupNamePrefix = "", logGroupNamePattern, logGroupIdentifiers, logGroupClass, limit, nextToken }) {
    if (logGroupNamePattern !== undefined && logGroupNamePrefix !== "")
      throw invalid("Only one of logGroupNamePrefix and logGroupNamePattern can be specified.");
    const named =
      logGroupIdentifiers && new Set(logGroupIdentifiers.map((identifier) => /:log-group:([^:]+)/.exec(identifier)?.[1] ?? identifier));
    const pattern = logGroupNamePattern?.toLowerCase();
    const all = [...call.state.groups.values()]
      .filter(
        ({ name, logGroupClass: kind }) =>
          name.startsWith(logGroupNamePrefix) &&
          (pattern === undefined || name.toLowerCase().includes(pattern)) &&
          (!named || named.has(name)) &&
          (logGroupClass === undefined || kind === logGroupClass),
      )
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const { page: groups, nextToken: next } = page(all, limit, nextToken);
    return { logGroups: groups.map((group) => shownGroup(call, group)), nextToken: next };
  },
  PutRetentionPolicy(call, { logGroupName, retentionInDays }) {
    const group = findGroup(call, logGroupName);
    checkRetention(retentionInDays);
    group.retentionInDays = retentionInDays;
  },
  DeleteRetentionPolicy(call, { logGroupName }) {
    findGroup(call, logGroupName).retentionInDays = undefined;
  },
  PutLogGroupDeletionProtection(call, { logGroupIdentifier, deletionProtectionEnabled }) {
    findGroup(call, logGroupIdentifier).deletionProtection = deletionProtectionEnabled;
  },
  AssociateKmsKey(call, { logGroupName, resourceIdentifier, kmsKeyId }) {
    findGroup(call, logGroupName ?? resourceIdentifier).kmsKeyId = kmsKeyId;
  },
  DisassociateKmsKey(call, { logGroupName, resourceIdentifier }) {
    findGroup(call, logGroupName ?? resourceIdentifier).kmsKeyId = undefined;
  },

  CreateLogStream(call, { logGroupName, logStreamName }) {
    const group = findGroup(call, logGroupName);
    if (!/^[^:*]{1,512}$/.test(logStreamName))
      throw invalid(
        `1 validation error detected: Value '${logStreamName}' at 'logStreamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:*]*`,
      );
    if (group.streams.has(logStreamName))
      throw new AwsError("ResourceAlreadyExistsException", "The specified log stream already exists", 400);
    group.streams.set(logStreamName, { name: logStreamName, created: call.now, events: [] });
  },
  DeleteLogStream(call, { logGroupName, logStreamName }) {
    const group = findGroup(call, logGroupName);
    group.streams.delete(findStream(group, logStreamName).name);
  },
  DescribeLogStreams(
    call,
    { logGroupName, logGroupIdentifier, logStreamNamePrefix = "", orderBy = "LogStreamName", descending = false, limit, nextToken },
  ) {
    const group = findGroup(call, logGroupIdentifier ?? logGroupName);
    if (orderBy === "LastEventTime" && logStreamNamePrefix !== "")
      throw invalid("Cannot order by LastEventTime with a logStreamNamePrefix.");
    const shown = [...group.streams.values()]
      .filter(({ name }) => name.startsWith(logStreamNamePrefix))
      .map((stream) => shownStream(call, group, stream));
    const byName = (a: sdk.LogStream, b: sdk.LogStream) => (a.logStreamName! < b.logStreamName! ? -1 : 1);
    shown.sort((a, b) =>
      orderBy === "LastEventTime" ? (a.lastEventTimestamp ?? 0) - (b.lastEventTimestamp ?? 0) || byName(a, b) : byName(a, b),
    );
    if (descending) shown.reverse();
    const { page: logStreams, nextToken: next } = page(shown, limit, nextToken);
    return { logStreams, nextToken: next };
  },

  TagResource(call, { resourceArn, tags }) {
    tag(findGroup(call, resourceArn), tags, []);
  },
  UntagResource(call, { resourceArn, tagKeys }) {
    tag(findGroup(call, resourceArn), {}, tagKeys);
  },
  ListTagsForResource: (call, { resourceArn }) => ({ tags: { ...findGroup(call, resourceArn).tags } }),
  TagLogGroup(call, { logGroupName, tags }) {
    tag(findGroup(call, logGroupName), tags, []);
  },
  UntagLogGroup(call, { logGroupName, tags }) {
    tag(findGroup(call, logGroupName), {}, tags);
  },
  ListTagsLogGroup: (call, { logGroupName }) => ({ tags: { ...findGroup(call, logGroupName).tags } }),
} satisfies Operations<sdk.CloudWatchLogs, State>;

export function tag(group: Group, set: Record<string, string>, remove: readonly string[]): void {
  const tags = Object.fromEntries(Object.entries({ ...group.tags, ...set }).filter(([key]) => !remove.includes(key)));
  checkTags(tags);
  group.tags = tags;
}
