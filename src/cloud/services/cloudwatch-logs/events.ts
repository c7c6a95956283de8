/** Log events: putting, reading a stream, searching a group. Limits: docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html */
import type * as sdk from "@aws-sdk/client-cloudwatch-logs";
import { days, hours } from "../../../kernel/units.ts";
import type { Operations } from "../../service.ts";
import { compile } from "./filter-pattern.ts";
import {
  alive,
  findGroup,
  findStream,
  horizon,
  indexAt,
  invalid,
  sizeOf,
  token,
  untoken,
  type Event,
  type Here,
  type State,
} from "./log.ts";

const BATCH_BYTES = 1_048_576;
const BATCH_EVENTS = 10_000;
const EVENT_BYTES = 1_048_576;
const PAGE_EVENTS = 10_000;

type Input = readonly sdk.InputLogEvent[];

function checkBatch(events: Input): void {
  if (events.length === 0 || events.length > BATCH_EVENTS)
    throw invalid(
      "1 validation error detected: Value at 'logEvents' failed to satisfy constraint: Member must have length between 1 and 10000",
    );
  let size = 0;
  let last = Number.NEGATIVE_INFINITY;
  for (const { timestamp = 0, message = "" } of events) {
    if (message === "") throw invalid("Log event message can't be empty.");
    if (sizeOf(message) > EVENT_BYTES) throw invalid(`Log event too large: ${sizeOf(message)} bytes exceeds limit of ${EVENT_BYTES}`);
    if (timestamp < last) throw invalid("Log events in a single PutLogEvents request must be in chronological order.");
    last = timestamp;
    size += sizeOf(message);
  }
  if (size > BATCH_BYTES) throw invalid(`Upload too large: ${size} bytes exceeds limit of ${BATCH_BYTES}`);
  if (last - (events[0]!.timestamp ?? 0) > hours(24))
    throw invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.");
}

/** What the service may not take: too old (14 days, or the retention), too new (2 hours). API_PutLogEvents */
function split(call: Here, events: Input, limit: number): { taken: Input; rejected?: sdk.RejectedLogEventsInfo } {
  const expired = events.findLastIndex(({ timestamp = 0 }) => timestamp < limit) + 1;
  const old = events.findLastIndex(({ timestamp = 0 }) => timestamp < call.now - days(14)) + 1;
  const newFrom = events.findIndex(({ timestamp = 0 }) => timestamp > call.now + hours(2));
  const from = Math.max(expired, old);
  const to = newFrom < 0 ? events.length : newFrom;
  const rejected: sdk.RejectedLogEventsInfo = {};
  if (expired > 0) rejected.expiredLogEventEndIndex = expired;
  if (old > 0) rejected.tooOldLogEventEndIndex = old;
  if (newFrom >= 0) rejected.tooNewLogEventStartIndex = newFrom;
  return { taken: events.slice(from, to), rejected: Object.keys(rejected).length > 0 ? rejected : undefined };
}

const shown = ({ timestamp, message, ingestionTime }: Event): sdk.OutputLogEvent => ({ timestamp, message, ingestionTime });

export const eventOperations = {
  PutLogEvents(call, { logGroupName, logStreamName, logEvents }) {
    const group = findGroup(call, logGroupName);
    const stream = findStream(group, logStreamName);
    checkBatch(logEvents);
    const { taken, rejected } = split(call, logEvents, horizon(group, call.now));
    for (const { timestamp = 0, message = "" } of taken) {
      // 56 digits as AWS's, in the order of the stream: its moment, then its arrival.
      const event: Event = {
        timestamp,
        message,
        ingestionTime: call.now,
        id: `${30_000_000_000_000_000_000n + BigInt(timestamp)}${String(++call.state.sequence).padStart(36, "0")}`,
      };
      const last = stream.events.at(-1);
      if (!last || last.timestamp <= timestamp) stream.events.push(event);
      else stream.events.splice(indexAt(stream.events, timestamp + 1), 0, event);
    }
    stream.lastIngestion = call.now;
    return { nextSequenceToken: String(call.state.sequence).padStart(56, "4"), rejectedLogEventsInfo: rejected };
  },

  GetLogEvents(
    call,
    {
      logGroupName,
      logGroupIdentifier,
      logStreamName,
      startTime = 0,
      endTime = Number.MAX_SAFE_INTEGER,
      limit = PAGE_EVENTS,
      startFromHead = false,
      nextToken,
    },
  ) {
    const group = findGroup(call, logGroupIdentifier ?? logGroupName);
    const stream = findStream(group, logStreamName);
    if (limit < 1 || limit > PAGE_EVENTS)
      throw invalid(
        `1 validation error detected: Value '${limit}' at 'limit' failed to satisfy constraint: Member must have value between 1 and 10000`,
      );
    const events = alive(group, stream, call.now).filter(({ timestamp }) => timestamp >= startTime && timestamp < endTime);
    const [direction, place] = nextToken === undefined ? [] : ([nextToken[0], nextToken.slice(2)] as const);
    if (nextToken !== undefined && direction !== "f" && direction !== "b") throw invalid("The specified nextToken is invalid.");
    const [from, to] = bounds(events, limit, direction ?? (startFromHead ? "f" : "b"), place);
    const page = events.slice(from, to);
    // At either end the token stays what it was: that is how clients know.
    return {
      events: page.map(shown),
      nextForwardToken: page.length > 0 ? `f/${page.at(-1)!.id}` : direction === "f" ? nextToken : `f/${place ?? 0}`,
      nextBackwardToken: page.length > 0 ? `b/${page[0]!.id}` : direction === "b" ? nextToken : `b/${place ?? 0}`,
    };
  },

  FilterLogEvents(
    call,
    {
      logGroupName,
      logGroupIdentifier,
      logStreamNames,
      logStreamNamePrefix,
      startTime = 0,
      endTime = Number.MAX_SAFE_INTEGER,
      filterPattern = "",
      limit = PAGE_EVENTS,
      nextToken,
    },
  ) {
    const group = findGroup(call, logGroupIdentifier ?? logGroupName);
    if (logStreamNames && logStreamNamePrefix !== undefined)
      throw invalid("Only one of logStreamNamePrefix and logStreamNames can be specified.");
    if (limit < 1 || limit > PAGE_EVENTS)
      throw invalid(
        `1 validation error detected: Value '${limit}' at 'limit' failed to satisfy constraint: Member must have value between 1 and 10000`,
      );
    const matches = compile(filterPattern);
    for (const name of logStreamNames ?? []) findStream(group, name);
    const streams = [...group.streams.values()].filter(({ name }) =>
      logStreamNames ? logStreamNames.includes(name) : name.startsWith(logStreamNamePrefix ?? ""),
    );
    const found = streams.flatMap((stream) =>
      alive(group, stream, call.now)
        .filter(({ timestamp, message }) => timestamp >= startTime && timestamp <= endTime && matches(message))
        .map((event) => ({ event, stream: stream.name })),
    );
    found.sort((a, b) => a.event.timestamp - b.event.timestamp || (a.event.id < b.event.id ? -1 : 1));
    const after = nextToken === undefined ? undefined : String(untoken(nextToken));
    const next = after === undefined ? 0 : found.findIndex(({ event }) => event.id > after);
    const from = next < 0 ? found.length : next;
    const page = found.slice(from, from + limit);
    return {
      events: page.map(({ event, stream }) => ({ ...shown(event), logStreamName: stream, eventId: event.id })),
      searchedLogStreams: [],
      nextToken: from + limit < found.length ? token(page.at(-1)!.event.id) : undefined,
    };
  },
} satisfies Operations<sdk.CloudWatchLogs, State>;

/** The part of a stream to show: onwards from an event, backwards from it, or from an end. */
function bounds(events: readonly Event[], limit: number, direction: string, place: string | undefined): [number, number] {
  if (direction === "f") {
    const next = place === undefined ? 0 : events.findIndex(({ id }) => id > place);
    const from = next < 0 ? events.length : next;
    return [from, Math.min(events.length, from + limit)];
  }
  const before = place === undefined ? -1 : events.findIndex(({ id }) => id >= place);
  const to = before < 0 ? events.length : before;
  return [Math.max(0, to - limit), to];
}
