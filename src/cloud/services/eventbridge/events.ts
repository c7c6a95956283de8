/** Amazon EventBridge: buses, rules, events. API: https://docs.aws.amazon.com/eventbridge/latest/APIReference/ */
import type * as sdk from "@aws-sdk/client-eventbridge";
import { AwsError, type Notices, type Operations, type Service, type Tagged } from "../../service.ts";
import {
  busArn,
  DEFAULT,
  findBus,
  invalid,
  makeBus,
  page,
  ruleArn,
  state,
  type Bus,
  type Envelope,
  type Here,
  type State,
  type Timers,
} from "./bus.ts";
import { deliver, publish } from "./delivery.ts";
import { resources } from "./resources.ts";
import { fire, ruleOperations } from "./rules.ts";

// docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
const BUSES_MAX = 100;
// API_PutEvents: 10 entries; 1 MB together since 2025, eb-putevents.html
const ENTRIES_MAX = 10;
const REQUEST_BYTES = 1_048_576;

const sizeOf = ({ Source = "", DetailType = "", Detail = "", Resources = [], Time }: sdk.PutEventsRequestEntry) =>
  Buffer.byteLength(Source + DetailType + Detail + Resources.join("")) + (Time ? 14 : 0);

function shownBus(call: Here, bus: Bus): sdk.EventBus {
  const made = bus.name === DEFAULT ? undefined : new Date(bus.created);
  return {
    Name: bus.name,
    Arn: busArn(call, bus.name),
    Description: bus.description,
    Policy: bus.policy,
    CreationTime: made,
    LastModifiedTime: made,
  };
}

/** Why an entry is refused; undefined = it is taken. */
function fault(
  call: Here,
  { Source, DetailType, Detail }: sdk.PutEventsRequestEntry,
): { ErrorCode: string; ErrorMessage: string } | undefined {
  const bad = (ErrorMessage: string, ErrorCode = "InvalidArgument") => ({ ErrorCode, ErrorMessage });
  if (!Source) return bad("Parameter Source is not valid. Reason: Source is a required argument.");
  if (!DetailType) return bad("Parameter DetailType is not valid. Reason: DetailType is a required argument.");
  if (!Detail) return bad("Parameter Detail is not valid. Reason: Detail is a required argument.");
  // Only AWS's own services speak in its name.
  if (Source.startsWith("aws.") && !call.principal.service) return bad("Not authorized for the source.", "NotAuthorizedForSourceException");
  try {
    const parsed: unknown = JSON.parse(Detail);
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)
      ? undefined
      : bad("Detail is malformed.", "MalformedDetail");
  } catch {
    return bad("Detail is malformed.", "MalformedDetail");
  }
}

type Statement = { Sid?: string };
const statements = ({ policy }: Bus): Statement[] => (policy ? (JSON.parse(policy) as { Statement: Statement[] }).Statement : []);

const operations = {
  ...ruleOperations,
  PutEvents(call, { Entries }) {
    if (Entries.length === 0 || Entries.length > ENTRIES_MAX)
      throw invalid(
        "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length between 1 and 10",
      );
    if (Entries.reduce((sum, entry) => sum + sizeOf(entry), 0) > REQUEST_BYTES)
      throw invalid("Total size of the entries in the request is over the limit.");
    let FailedEntryCount = 0;
    const answers = Entries.map((entry): sdk.PutEventsResultEntry => {
      const refused = fault(call, entry);
      if (refused) {
        FailedEntryCount++;
        return refused;
      }
      const id = call.uuid();
      const name = entry.EventBusName ?? DEFAULT;
      const bus = call.state.buses.get(name.startsWith("arn:") ? name.slice(name.indexOf("event-bus/") + 10) : name);
      const event: Envelope = {
        version: "0",
        id,
        "detail-type": entry.DetailType!,
        source: entry.Source!,
        account: call.account,
        time: (entry.Time ?? call.date).toISOString().replace(/\.\d+Z$/, "Z"),
        region: call.region,
        resources: entry.Resources ?? [],
        detail: JSON.parse(entry.Detail!),
      };
      // A bus that doesn't exist takes events and drops them: API_PutEvents
      if (bus) publish(call, bus, event);
      return { EventId: id };
    });
    return { FailedEntryCount, Entries: answers };
  },

  CreateEventBus(call, { Name, Description, KmsKeyIdentifier, DeadLetterConfig, LogConfig, Tags = [], EventSourceName }) {
    if (!/^[/.\-_A-Za-z0-9]{1,256}$/.test(Name))
      throw invalid(
        `1 validation error detected: Value '${Name}' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [/\\.\\-_A-Za-z0-9]+`,
      );
    if (EventSourceName !== undefined || Name.startsWith("aws.partner/"))
      throw new AwsError("NotImplemented", "Causeway has no partner event sources.", 501);
    if (call.state.buses.has(Name)) throw new AwsError("ResourceAlreadyExistsException", `Event bus ${Name} already exists.`, 400);
    if (call.state.buses.size >= BUSES_MAX)
      throw new AwsError("LimitExceededException", "The requested resource exceeds the maximum number allowed.", 400);
    const bus = {
      ...makeBus(Name, call.now),
      description: Description,
      kmsKeyIdentifier: KmsKeyIdentifier,
      deadLetterArn: DeadLetterConfig?.Arn,
      logConfig: LogConfig,
      tags: Object.fromEntries(Tags.map(({ Key = "", Value = "" }) => [Key, Value])),
    };
    call.state.buses.set(Name, bus);
    return { EventBusArn: busArn(call, Name), Description, KmsKeyIdentifier, DeadLetterConfig, LogConfig };
  },
  UpdateEventBus(call, { Name, Description, KmsKeyIdentifier, DeadLetterConfig, LogConfig }) {
    const bus = findBus(call, Name);
    bus.description = Description;
    bus.kmsKeyIdentifier = KmsKeyIdentifier;
    bus.deadLetterArn = DeadLetterConfig?.Arn;
    bus.logConfig = LogConfig;
    return { Arn: busArn(call, bus.name), Name: bus.name, Description, KmsKeyIdentifier, DeadLetterConfig, LogConfig };
  },
  DescribeEventBus(call, { Name }) {
    const bus = findBus(call, Name);
    return {
      ...shownBus(call, bus),
      KmsKeyIdentifier: bus.kmsKeyIdentifier,
      DeadLetterConfig: bus.deadLetterArn ? { Arn: bus.deadLetterArn } : undefined,
      LogConfig: bus.logConfig,
    };
  },
  ListEventBuses(call, { NamePrefix = "", Limit, NextToken }) {
    const { items, NextToken: next } = page(
      [...call.state.buses.values()].filter(({ name }) => name.startsWith(NamePrefix)),
      ({ name }) => name,
      Limit,
      NextToken,
    );
    return { EventBuses: items.map((bus) => shownBus(call, bus)), NextToken: next };
  },
  DeleteEventBus(call, { Name }) {
    if (Name === DEFAULT) throw invalid("Cannot delete event bus default.");
    const bus = call.state.buses.get(Name);
    for (const { alarm } of bus?.rules.values() ?? []) if (alarm !== undefined) call.cancel(alarm);
    call.state.buses.delete(Name);
  },
  PutPermission(call, { EventBusName, Policy, StatementId, Action, Principal, Condition }) {
    const bus = findBus(call, EventBusName);
    if (Policy !== undefined) {
      try {
        JSON.parse(Policy);
      } catch {
        throw invalid("Policy is not valid JSON.");
      }
      bus.policy = Policy;
      return;
    }
    if (!StatementId || !Action || !Principal) throw invalid("StatementId, Action and Principal must be given.");
    const statement = {
      Sid: StatementId,
      Effect: "Allow",
      Principal: Principal === "*" ? "*" : { AWS: `arn:aws:iam::${Principal}:root` },
      Action,
      Resource: busArn(call, bus.name),
      Condition: Condition && { [Condition.Type!]: { [Condition.Key!]: Condition.Value } },
    };
    bus.policy = JSON.stringify({
      Version: "2012-10-17",
      Statement: [...statements(bus).filter(({ Sid }) => Sid !== StatementId), statement],
    });
  },
  RemovePermission(call, { EventBusName, StatementId, RemoveAllPermissions = false }) {
    const bus = findBus(call, EventBusName);
    const rest = RemoveAllPermissions ? [] : statements(bus).filter(({ Sid }) => Sid !== StatementId);
    if (!RemoveAllPermissions && rest.length === statements(bus).length)
      throw new AwsError("ResourceNotFoundException", `Statement with the provided id does not exist.`, 400);
    bus.policy = rest.length > 0 ? JSON.stringify({ Version: "2012-10-17", Statement: rest }) : undefined;
  },

  TagResource(call, { ResourceARN, Tags }) {
    if (!tag(call, ResourceARN, Object.fromEntries(Tags.map(({ Key = "", Value = "" }) => [Key, Value])), [])) throw missing(ResourceARN);
  },
  UntagResource(call, { ResourceARN, TagKeys }) {
    if (!tag(call, ResourceARN, {}, TagKeys)) throw missing(ResourceARN);
  },
  ListTagsForResource(call, { ResourceARN }) {
    for (const { arn, tags } of tagged(call))
      if (arn === ResourceARN) return { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
    throw missing(ResourceARN);
  },
} satisfies Operations<sdk.EventBridge, State, Timers>;

const missing = (arn: string) => new AwsError("ResourceNotFoundException", `Resource ${arn} does not exist.`, 400);

function* tagged(call: Here): Iterable<Tagged> {
  for (const bus of call.state.buses.values()) {
    yield { arn: busArn(call, bus.name), tags: bus.tags };
    for (const rule of bus.rules.values()) yield { arn: ruleArn(call, rule), tags: rule.tags };
  }
}

function tag(call: Here, arn: string, set: Record<string, string>, remove: readonly string[]): boolean {
  for (const bus of call.state.buses.values()) {
    const found = busArn(call, bus.name) === arn ? bus : [...bus.rules.values()].find((rule) => ruleArn(call, rule) === arn);
    if (!found) continue;
    found.tags = Object.fromEntries(Object.entries({ ...found.tags, ...set }).filter(([key]) => !remove.includes(key)));
    return true;
  }
  return false;
}

/** An event of an AWS service: on the default bus. docs.aws.amazon.com/eventbridge/latest/ref/event-delivery-level.html */
function heard(call: Here, { source, detailType, detail, resources }: Notices["event"]): void {
  const bus = findBus(call);
  if (bus.rules.size === 0) return;
  const { account, region } = call;
  const time = call.date.toISOString().replace(".000Z", "Z");
  publish(call, bus, { version: "0", id: call.uuid(), "detail-type": detailType, source, account, time, region, resources, detail });
}

export const events = {
  api: { signing: "events", protocol: "awsJson1_1", version: "2015-10-07", target: "AWSEvents" },
  sdk: () => import("@aws-sdk/client-eventbridge"),
  needs: ["sqs", "sns", "logs"],
  state,
  operations,
  timers: { scheduled: fire, deliver },
  hears: { event: heard },
  changes: { TestEventPattern: false },
  tagged,
  tag,
  resources,
} satisfies Service;
