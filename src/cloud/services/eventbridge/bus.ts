/** What EventBridge keeps: buses with their rules and targets; and how each is found. */
import type * as sdk from "@aws-sdk/client-eventbridge";
import type { Instant } from "../../../kernel/units.ts";
import { AwsError, type Call } from "../../service.ts";
import type { Pattern } from "./pattern.ts";

export type Rule = {
  name: string;
  bus: string;
  description?: string;
  pattern?: Pattern;
  patternText?: string;
  schedule?: string;
  state: sdk.RuleState;
  roleArn?: string;
  managedBy?: string;
  createdBy: string;
  tags: Record<string, string>;
  targets: Map<string, sdk.Target>;
  /** From when a rate counts. */
  since: Instant;
  /** The pending event of a schedule. */
  alarm?: number;
  /** What CloudWatch would count of it. */
  counts: { matched: number; delivered: number; failed: number; lastFailure?: string };
};

export type Bus = {
  name: string;
  description?: string;
  kmsKeyIdentifier?: string;
  deadLetterArn?: string;
  logConfig?: sdk.LogConfig;
  created: Instant;
  policy?: string;
  tags: Record<string, string>;
  rules: Map<string, Rule>;
};

export const DEFAULT = "default";

const newBus = (name: string, created: Instant): Bus => ({ name, created, tags: {}, rules: new Map() });

export const state = () => ({ buses: new Map<string, Bus>([[DEFAULT, newBus(DEFAULT, 0 as Instant)]]) });
export type State = ReturnType<typeof state>;

/** An event as rules and targets see it. */
export type Envelope = {
  version: "0";
  id: string;
  "detail-type": string;
  source: string;
  account: string;
  time: string;
  region: string;
  resources: string[];
  detail: unknown;
};

export type Timers = {
  scheduled: { bus: string; rule: string };
  /** `forwarded`: it came from another bus. */ deliver: { bus: string; rule: string; target: string; event: Envelope; forwarded: boolean };
};
export type Here = Call<State, Timers>;

export const busArn = (call: Here, name: string): string => call.arn("events", `event-bus/${name}`);

export function ruleArn(call: Here, { bus, name }: Pick<Rule, "bus" | "name">): string {
  return call.arn("events", bus === DEFAULT ? `rule/${name}` : `rule/${bus}/${name}`);
}

/** By name or ARN; the default one when none is named. */
export function findBus(call: Here, given: string = DEFAULT): Bus {
  const name = given.startsWith("arn:") ? given.slice(given.indexOf("event-bus/") + 10) : given;
  const bus = call.state.buses.get(name);
  if (!bus) throw new AwsError("ResourceNotFoundException", `Event bus ${name} does not exist.`, 400);
  return bus;
}

export function findRule(call: Here, name: string, busName?: string): Rule {
  const bus = findBus(call, busName);
  const rule = bus.rules.get(name);
  if (!rule) throw new AwsError("ResourceNotFoundException", `Rule ${name} does not exist on EventBus ${bus.name}.`, 400);
  return rule;
}

export const makeBus = newBus;

export const invalid = (message: string) => new AwsError("ValidationException", message, 400);

/** Sorted pages with the last name as token. */
export function page<Item>(
  items: readonly Item[],
  name: (item: Item) => string,
  limit = 100,
  token?: string,
): { items: Item[]; NextToken?: string } {
  if (limit < 1 || limit > 100)
    throw invalid(
      `1 validation error detected: Value '${limit}' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 100`,
    );
  const after = token === undefined ? "" : Buffer.from(token, "base64").toString();
  const rest = items.filter((item) => name(item) > after).sort((a, b) => (name(a) < name(b) ? -1 : 1));
  const shown = rest.slice(0, limit);
  return { items: shown, NextToken: shown.length < rest.length ? Buffer.from(name(shown.at(-1)!)).toString("base64") : undefined };
}
