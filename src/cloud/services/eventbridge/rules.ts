/** Rules and their targets. Quotas: docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html */
import type * as sdk from "@aws-sdk/client-eventbridge";
import { date, since } from "../../../kernel/units.ts";
import { AwsError, type Operations } from "../../service.ts";
import { findBus, findRule, invalid, page, ruleArn, type Envelope, type Here, type Rule, type State, type Timers } from "./bus.ts";
import { trigger } from "./delivery.ts";
import { matches, parsePattern, PatternError } from "./pattern.ts";
import { nextAfter, parseSchedule } from "./schedule.ts";

const RULES_MAX = 300;
const TARGETS_MAX = 5;

function patternOf(text: string) {
  try {
    return parsePattern(text);
  } catch (error) {
    if (error instanceof PatternError)
      throw new AwsError("InvalidEventPatternException", `Event pattern is not valid. Reason: ${error.message}`, 400);
    throw error;
  }
}

/** Sets, moves or removes the moment when a schedule fires next. */
export function setAlarm(call: Here, rule: Rule): void {
  if (rule.alarm !== undefined) call.cancel(rule.alarm);
  rule.alarm = undefined;
  const schedule = rule.schedule === undefined ? undefined : parseSchedule(rule.schedule);
  const next = rule.state === "DISABLED" || !schedule ? undefined : nextAfter(schedule, call.now, rule.since);
  if (next !== undefined) rule.alarm = call.background(since(call.now, next), "scheduled", { bus: rule.bus, rule: rule.name });
}

export function fire(call: Here, { bus, rule: name }: Timers["scheduled"]): void {
  const rule = call.state.buses.get(bus)?.rules.get(name);
  if (!rule) return;
  rule.alarm = undefined;
  const event: Envelope = {
    version: "0",
    id: call.uuid(),
    "detail-type": "Scheduled Event",
    source: "aws.events",
    account: call.account,
    time: date(call.now).toISOString().replace(".000Z", "Z"),
    region: call.region,
    resources: [ruleArn(call, rule)],
    detail: {},
  };
  trigger(call, rule, event);
  setAlarm(call, rule);
}

function shown(call: Here, rule: Rule): sdk.Rule {
  return {
    Name: rule.name,
    Arn: ruleArn(call, rule),
    EventPattern: rule.patternText,
    State: rule.state,
    Description: rule.description,
    ScheduleExpression: rule.schedule,
    RoleArn: rule.roleArn,
    ManagedBy: rule.managedBy,
    EventBusName: rule.bus,
  };
}

/** The service that made it; CloudFormation makes the user's rules, and asks in EventBridge's own name. */
function managerOf({ principal: { service } }: Here): string | undefined {
  return service === "cloudformation.amazonaws.com" || service === "events.amazonaws.com" ? undefined : service;
}

function setState(call: Here, name: string, bus: string | undefined, state: sdk.RuleState): void {
  const rule = findRule(call, name, bus);
  rule.state = state;
  setAlarm(call, rule);
}

export const ruleOperations = {
  PutRule(call, { Name, ScheduleExpression, EventPattern, State = "ENABLED", Description, RoleArn, Tags = [], EventBusName }) {
    const bus = findBus(call, EventBusName);
    if (!/^[.\-_A-Za-z0-9]{1,64}$/.test(Name))
      throw invalid(
        `1 validation error detected: Value '${Name}' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+`,
      );
    if (ScheduleExpression === undefined && EventPattern === undefined)
      throw invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.");
    if (ScheduleExpression !== undefined && !parseSchedule(ScheduleExpression)) throw invalid("Parameter ScheduleExpression is not valid.");
    if (ScheduleExpression !== undefined && bus.name !== "default")
      throw invalid("ScheduleExpression is supported only on the default event bus.");
    const pattern = EventPattern === undefined ? undefined : patternOf(EventPattern);
    const before = bus.rules.get(Name);
    if (!before && bus.rules.size >= RULES_MAX)
      throw new AwsError("LimitExceededException", "The requested resource exceeds the maximum number allowed.", 400);
    const rule: Rule = {
      targets: before?.targets ?? new Map(),
      // Tags of an existing rule stay as they are: API_PutRule
      tags: before?.tags ?? Object.fromEntries(Tags.map(({ Key = "", Value = "" }) => [Key, Value])),
      counts: before?.counts ?? { matched: 0, delivered: 0, failed: 0 },
      since: before && before.schedule === ScheduleExpression ? before.since : call.now,
      alarm: before?.alarm,
      createdBy: call.account,
      managedBy: managerOf(call),
      name: Name,
      bus: bus.name,
      description: Description,
      pattern,
      patternText: EventPattern,
      schedule: ScheduleExpression,
      state: State,
      roleArn: RoleArn,
    };
    bus.rules.set(Name, rule);
    setAlarm(call, rule);
    return { RuleArn: ruleArn(call, rule) };
  },
  DescribeRule(call, { Name, EventBusName }) {
    const rule = findRule(call, Name, EventBusName);
    return { ...shown(call, rule), CreatedBy: rule.createdBy };
  },
  DeleteRule(call, { Name, EventBusName, Force = false }) {
    const bus = findBus(call, EventBusName);
    const rule = bus.rules.get(Name);
    if (!rule) return;
    if (rule.targets.size > 0) throw invalid("Rule can't be deleted since it has targets.");
    if (rule.managedBy && !Force) throw new AwsError("ManagedRuleException", `The rule is managed by ${rule.managedBy}.`, 400);
    if (rule.alarm !== undefined) call.cancel(rule.alarm);
    bus.rules.delete(Name);
  },
  EnableRule: (call, { Name, EventBusName }) => setState(call, Name, EventBusName, "ENABLED"),
  DisableRule: (call, { Name, EventBusName }) => setState(call, Name, EventBusName, "DISABLED"),
  ListRules(call, { NamePrefix = "", EventBusName, Limit, NextToken }) {
    const rules = [...findBus(call, EventBusName).rules.values()].filter(({ name }) => name.startsWith(NamePrefix));
    const { items, NextToken: next } = page(rules, ({ name }) => name, Limit, NextToken);
    return { Rules: items.map((rule) => shown(call, rule)), NextToken: next };
  },
  ListRuleNamesByTarget(call, { TargetArn, EventBusName, Limit, NextToken }) {
    const names = [...findBus(call, EventBusName).rules.values()]
      .filter(({ targets }) => [...targets.values()].some(({ Arn }) => Arn === TargetArn))
      .map(({ name }) => name);
    const { items, NextToken: next } = page(names, (name) => name, Limit, NextToken);
    return { RuleNames: items, NextToken: next };
  },
  TestEventPattern(_call, { EventPattern, Event }) {
    const pattern = patternOf(EventPattern);
    let event: unknown;
    try {
      event = JSON.parse(Event);
    } catch {
      throw invalid("Parameter Event is not valid. Reason: Event is not valid JSON");
    }
    return { Result: matches(pattern, event) };
  },

  PutTargets(call, { Rule: name, EventBusName, Targets }) {
    const rule = findRule(call, name, EventBusName);
    for (const target of Targets) {
      const ways = [target.Input, target.InputPath, target.InputTransformer].filter((each) => each !== undefined).length;
      if (ways > 1) throw invalid("Only one of Input, InputPath, or InputTransformer must be provided for a target.");
      if (!target.Arn?.startsWith("arn:"))
        throw invalid(`Parameter ${target.Arn} is not valid. Reason: Provided Arn is not in correct format.`);
    }
    const ids = new Set([...rule.targets.keys(), ...Targets.map(({ Id = "" }) => Id)]);
    if (ids.size > TARGETS_MAX)
      throw new AwsError("LimitExceededException", "The requested resource exceeds the maximum number allowed.", 400);
    for (const target of Targets) rule.targets.set(target.Id ?? "", target);
    return { FailedEntryCount: 0, FailedEntries: [] };
  },
  RemoveTargets(call, { Rule: name, EventBusName, Ids }) {
    const rule = findRule(call, name, EventBusName);
    const missing = Ids.filter((id) => !rule.targets.has(id));
    for (const id of Ids) rule.targets.delete(id);
    return {
      FailedEntryCount: missing.length,
      FailedEntries: missing.map((TargetId) => ({
        TargetId,
        ErrorCode: "ResourceNotFoundException",
        ErrorMessage: `Rule ${name} does not have a target with the Id ${TargetId}.`,
      })),
    };
  },
  ListTargetsByRule(call, { Rule: name, EventBusName, Limit, NextToken }) {
    const { items, NextToken: next } = page(
      [...findRule(call, name, EventBusName).targets.values()],
      ({ Id = "" }) => Id,
      Limit,
      NextToken,
    );
    return { Targets: items, NextToken: next };
  },
} satisfies Operations<sdk.EventBridge, State, Timers>;
