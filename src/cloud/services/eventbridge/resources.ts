/** CloudFormation: AWS::Events::Rule, EventBus, EventBusPolicy. */
import type * as sdk from "@aws-sdk/client-eventbridge";
import { resource, type Call, type Properties, type Stack } from "../../service.ts";
import { busArn, type Here } from "./bus.ts";

/** The operations that are used here; named, for a type can't follow from itself. */
type Own = {
  PutRule(input: sdk.PutRuleRequest): { RuleArn?: string };
  DeleteRule(input: sdk.DeleteRuleRequest): void;
  PutTargets(input: sdk.PutTargetsRequest): void;
  RemoveTargets(input: sdk.RemoveTargetsRequest): void;
  CreateEventBus(input: sdk.CreateEventBusRequest): void;
  UpdateEventBus(input: sdk.UpdateEventBusRequest): void;
  DeleteEventBus(input: sdk.DeleteEventBusRequest): void;
  PutPermission(input: sdk.PutPermissionRequest): void;
  RemovePermission(input: sdk.RemovePermissionRequest): void;
};
const own = (call: Call): Own => call.ask("events");
const tagsOf = ({ Tags = [] }: Properties, stack: Stack) =>
  Object.entries({ ...stack.tags, ...Object.fromEntries(Tags.map(({ Key, Value }: Properties) => [Key, String(Value)])) }).map(
    ([Key, Value]) => ({ Key, Value: String(Value) }),
  );

/** `arn:…:rule/name`, `arn:…:rule/bus/name`, `name`, `bus|name` → both. */
function ruleOf(id: string, { EventBusName }: Properties): { name: string; bus: string } {
  const path = id.slice(id.indexOf("rule/") + 5).split("/");
  const name = id.startsWith("arn:") ? path.at(-1)! : id.slice(id.indexOf("|") + 1);
  const bus = EventBusName?.startsWith("arn:") ? EventBusName.slice(EventBusName.indexOf("event-bus/") + 10) : (EventBusName ?? "default");
  return { name, bus };
}

function put(call: Call, Name: string, properties: Properties, stack: Stack): void {
  const { EventBusName, EventPattern, ScheduleExpression, State, Description, RoleArn } = properties;
  own(call).PutRule({
    Name,
    EventBusName,
    ScheduleExpression,
    State,
    Description,
    RoleArn,
    EventPattern: EventPattern === undefined ? undefined : typeof EventPattern === "string" ? EventPattern : JSON.stringify(EventPattern),
    Tags: tagsOf(properties, stack),
  });
  if (properties.Targets?.length > 0) own(call).PutTargets({ Rule: Name, EventBusName, Targets: properties.Targets.map(targetOf) });
}

const number = (value: unknown): number | undefined => (value === undefined ? undefined : Number(value));

/** Templates may carry numbers as text. */
function targetOf(target: Properties): sdk.Target {
  const { RetryPolicy, ...rest } = target;
  if (RetryPolicy === undefined) return rest as sdk.Target;
  const { MaximumRetryAttempts, MaximumEventAgeInSeconds } = RetryPolicy;
  return {
    ...rest,
    RetryPolicy: { MaximumRetryAttempts: number(MaximumRetryAttempts), MaximumEventAgeInSeconds: number(MaximumEventAgeInSeconds) },
  } as sdk.Target;
}

/** Takes away what the last template set, and sets what this one does. */
function retag(found: { tags: Record<string, string> } | undefined, previous: Properties, properties: Properties, stack: Stack): void {
  if (!found) return;
  for (const { Key } of previous.Tags ?? []) delete found.tags[Key];
  Object.assign(found.tags, Object.fromEntries(tagsOf(properties, stack).map(({ Key, Value }) => [Key, Value])));
}

function find(call: Call, id: string, properties: Properties) {
  const { name, bus } = ruleOf(id, properties);
  return (call as Here).state.buses.get(bus)?.rules.get(name);
}

export const resources = {
  "AWS::Events::Rule": resource({
    create(call, properties, stack) {
      const name = properties.Name ?? stack.generatedName(64);
      put(call, name, properties, stack);
      return properties.EventBusName && properties.EventBusName !== "default" ? `${ruleOf("", properties).bus}|${name}` : name;
    },
    update(call, id, properties, previous, stack) {
      const { name } = ruleOf(id, properties);
      const kept = new Set((properties.Targets ?? []).map(({ Id }: Properties) => Id));
      const gone = (previous.Targets ?? []).map(({ Id }: Properties) => Id).filter((each: string) => !kept.has(each));
      if (gone.length > 0) own(call).RemoveTargets({ Rule: name, EventBusName: properties.EventBusName, Ids: gone });
      put(call, name, properties, stack);
      retag(find(call, id, properties), previous, properties, stack);
    },
    delete(call, id, properties) {
      const rule = find(call, id, properties);
      if (!rule) return;
      if (rule.targets.size > 0) own(call).RemoveTargets({ Rule: rule.name, EventBusName: rule.bus, Ids: [...rule.targets.keys()] });
      own(call).DeleteRule({ Name: rule.name, EventBusName: rule.bus });
    },
    attributes(call, id, properties) {
      const { name, bus } = ruleOf(id, properties);
      return { Arn: call.arn("events", bus === "default" ? `rule/${name}` : `rule/${bus}/${name}`) };
    },
    read(call, id, properties) {
      const rule = find(call, id, properties);
      return rule && { Name: rule.name, ScheduleExpression: rule.schedule, State: rule.state, Description: rule.description };
    },
  }),
  "AWS::Events::EventBus": resource({
    create(call, properties, stack) {
      const { Name, Description, KmsKeyIdentifier, DeadLetterConfig, LogConfig } = properties;
      own(call).CreateEventBus({ Name, Description, KmsKeyIdentifier, DeadLetterConfig, LogConfig, Tags: tagsOf(properties, stack) });
      setPolicy(call, Name, properties, {});
      return Name;
    },
    update(call, id, properties, previous, stack) {
      const { Description, KmsKeyIdentifier, DeadLetterConfig, LogConfig } = properties;
      own(call).UpdateEventBus({ Name: id, Description, KmsKeyIdentifier, DeadLetterConfig, LogConfig });
      setPolicy(call, id, properties, previous);
      retag((call as Here).state.buses.get(id), previous, properties, stack);
    },
    delete: (call, id) => own(call).DeleteEventBus({ Name: id }),
    attributes: (call, id) => ({ Arn: busArn(call as Here, id), Name: id, Policy: (call as Here).state.buses.get(id)?.policy ?? "" }),
  }),
  "AWS::Events::EventBusPolicy": resource({
    create(call, properties, stack) {
      permit(call, properties);
      return `${properties.EventBusName ?? "default"}|${properties.StatementId ?? stack.logicalId}`;
    },
    update: (call, _id, properties) => permit(call, properties),
    delete(call, _id, { EventBusName = "default", StatementId }) {
      const policy = (call as Here).state.buses.get(EventBusName)?.policy;
      if (policy?.includes(`"Sid":"${StatementId}"`)) own(call).RemovePermission({ EventBusName, StatementId });
    },
  }),
};

function setPolicy(call: Call, EventBusName: string, { Policy }: Properties, previous: Properties): void {
  if (Policy !== undefined) own(call).PutPermission({ EventBusName, Policy: typeof Policy === "string" ? Policy : JSON.stringify(Policy) });
  else if (previous.Policy !== undefined) own(call).RemovePermission({ EventBusName, RemoveAllPermissions: true });
}

/** A whole statement, or the parts of one. */
function permit(call: Call, { EventBusName, StatementId, Statement, Action, Principal, Condition }: Properties): void {
  if (Statement === undefined) {
    own(call).PutPermission({ EventBusName, StatementId, Action, Principal, Condition });
    return;
  }
  const bus = (call as Here).state.buses.get(EventBusName ?? "default");
  const before = bus?.policy
    ? (JSON.parse(bus.policy) as { Statement: { Sid?: string }[] }).Statement.filter(({ Sid }) => Sid !== StatementId)
    : [];
  own(call).PutPermission({
    EventBusName,
    Policy: JSON.stringify({ Version: "2012-10-17", Statement: [...before, { Sid: StatementId, ...Statement }] }),
  });
}
