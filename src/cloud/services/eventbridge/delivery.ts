/** From an event to its targets: matching, shaping the input, carrying it there. docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html */
import type * as sdk from "@aws-sdk/client-eventbridge";
import { milliseconds } from "../../../kernel/units.ts";
import { AwsError } from "../../service.ts";
import { findBus, ruleArn, type Bus, type Envelope, type Here, type Rule, type Timers } from "./bus.ts";
import { matches } from "./pattern.ts";

// "typically … about half a second": aws.amazon.com/eventbridge/faqs, latency
const LATENCY = milliseconds(500);

/** Puts an event before every rule of a bus. */
export function publish(call: Here, bus: Bus, event: Envelope, forwarded = false): void {
  for (const rule of bus.rules.values()) {
    if (rule.state === "DISABLED" || !rule.pattern || !matches(rule.pattern, event)) continue;
    trigger(call, rule, event, forwarded);
  }
}

export function trigger(call: Here, rule: Rule, event: Envelope, forwarded = false): void {
  rule.counts.matched++;
  for (const target of rule.targets.keys()) call.after(LATENCY, "deliver", { bus: rule.bus, rule: rule.name, target, event, forwarded });
}

export function deliver(call: Here, { bus, rule: ruleName, target: id, event, forwarded }: Timers["deliver"]): void {
  const rule = call.state.buses.get(bus)?.rules.get(ruleName);
  const target = rule?.targets.get(id);
  if (!rule || !target) return; // removed meanwhile
  // What came from another bus does not go on to a third, so no ring of buses runs for ever: eb-bus-to-bus.html
  if (forwarded && parts(target.Arn ?? "").service === "events") return;
  try {
    carry(call, target.Arn ?? "", inputOf(target, event, ruleArn(call, rule), rule.name), event, target);
    rule.counts.delivered++;
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    rule.counts.failed++;
    rule.counts.lastFailure = `${id}: ${error.code}: ${error.message}`;
    if (target.DeadLetterConfig?.Arn) bury(call, target.DeadLetterConfig.Arn, event, rule, target, error);
  }
}

type Carrier = (call: Here, arn: string, text: string, event: Envelope, target: sdk.Target) => void;

// Written out because a service's type can't follow from its own.
type Queues = {
  SendMessage(input: { QueueUrl: string; MessageBody: string; MessageGroupId?: string; MessageAttributes?: object }): unknown;
};
type Topics = { Publish(input: { TopicArn: string; Message: string }): unknown };
type Logs = {
  CreateLogStream(input: object): unknown;
  DescribeLogStreams(input: object): { logStreams?: { logStreamName?: string }[] };
  PutLogEvents(input: object): unknown;
};

/** By the target's service. One that is not here fails by its name, as a target that can't be reached does. */
const carriers: Record<string, Carrier> = {
  sqs(call, arn, MessageBody, _event, { SqsParameters }) {
    const queues = at(call, arn).ask("sqs") as unknown as Queues;
    const { account, resource } = parts(arn);
    queues.SendMessage({ QueueUrl: `${account}/${resource}`, MessageBody, MessageGroupId: SqsParameters?.MessageGroupId });
  },
  sns(call, arn, Message) {
    (at(call, arn).ask("sns") as unknown as Topics).Publish({ TopicArn: arn, Message });
  },
  logs(call, arn, message) {
    const logs = call.ask("logs") as unknown as Logs;
    const logGroupName = /:log-group:([^:]+)/.exec(arn)?.[1];
    const logStreamName = "events"; // AWS makes one of its own naming
    const there = logs
      .DescribeLogStreams({ logGroupName, logStreamNamePrefix: logStreamName })
      .logStreams?.some((stream) => stream.logStreamName === logStreamName);
    if (!there) logs.CreateLogStream({ logGroupName, logStreamName });
    logs.PutLogEvents({ logGroupName, logStreamName, logEvents: [{ timestamp: call.now, message }] });
  },
  events(call, arn, _text, event) {
    const there = at(call, arn);
    publish(there, findBus(there, arn), event, true);
  },
};

function parts(arn: string) {
  const [, , service = "", region = "", account = "", ...resource] = arn.split(":");
  return { service, region, account, resource: resource.join(":") };
}

const at = (call: Here, arn: string): Here => (parts(arn).region === call.region ? call : call.elsewhere(parts(arn).region));

function carry(call: Here, arn: string, text: string, event: Envelope, target: sdk.Target): void {
  const { service } = parts(arn);
  const carrier = carriers[service];
  if (!carrier) throw new AwsError("NotImplemented", `Causeway does not deliver events to ${service} yet.`, 501);
  carrier(call, arn, text, event, target);
}

/** What failed goes to the target's dead-letter queue with the reason: eb-rule-dlq.html */
function bury(call: Here, arn: string, event: Envelope, rule: Rule, target: sdk.Target, error: AwsError): void {
  const text = (StringValue: string) => ({ DataType: "String", StringValue });
  const { account, resource } = parts(arn);
  try {
    (at(call, arn).ask("sqs") as unknown as Queues).SendMessage({
      QueueUrl: `${account}/${resource}`,
      MessageBody: JSON.stringify(event),
      MessageAttributes: {
        RULE_ARN: text(ruleArn(call, rule)),
        TARGET_ARN: text(target.Arn ?? ""),
        ERROR_CODE: text(error.code),
        ERROR_MESSAGE: text(error.message || error.code),
      },
    });
  } catch (failure) {
    if (!(failure instanceof AwsError)) throw failure;
    rule.counts.lastFailure = `dead-letter queue: ${failure.code}`;
  }
}

/** The event itself, a constant, a part of it, or a template: eb-transform-target-input.html */
export function inputOf({ Input, InputPath, InputTransformer }: sdk.Target, event: Envelope, arn: string, name: string): string {
  if (Input !== undefined) return Input;
  if (InputPath !== undefined) return JSON.stringify(select(event, InputPath)) ?? "";
  if (!InputTransformer) return JSON.stringify(event);
  const template = InputTransformer.InputTemplate ?? "";
  const variables: Record<string, unknown> = Object.fromEntries(
    Object.entries(InputTransformer.InputPathsMap ?? {}).map(([variable, path]) => [variable, select(event, path)]),
  );
  Object.assign(variables, {
    "aws.events.rule-arn": arn,
    "aws.events.rule-name": name,
    "aws.events.event.ingestion-time": event.time,
    "aws.events.event": event,
    "aws.events.event.json": event,
  });
  return template.replace(/<([\w.-]+)>/g, (whole, variable: string, offset: number) => {
    if (!(variable in variables)) return whole;
    const value = variables[variable];
    if (value === undefined) return "";
    // Inside quotes a text stands as it is; elsewhere it is JSON.
    const quoted = (template.slice(0, offset).match(/(?<!\\)"/g)?.length ?? 0) % 2 === 1;
    if (typeof value === "string") return quoted || !/^\s*[{[]/.test(template) ? value : JSON.stringify(value);
    return quoted ? JSON.stringify(value).replaceAll('"', '\\"') : JSON.stringify(value);
  });
}

/** A JSON path of names and indices: `$.detail.items[0].id`. */
function select(event: unknown, path: string): unknown {
  let value = event;
  for (const [, name, index, quoted] of path.matchAll(/\.([\w-]+)|\[(\d+)\]|\['([^']+)'\]/g)) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<string, unknown>)[name ?? index ?? quoted!];
  }
  return value;
}
