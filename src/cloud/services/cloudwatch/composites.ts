/** Composite alarms: a rule over the states of others. docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-combining.html */
import type * as sdk from "@aws-sdk/client-cloudwatch";
import { act } from "./actions.ts";
import { invalid, type CompositeAlarm, type Here } from "./state.ts";

type State = sdk.StateValue;
type Term =
  | { is: boolean }
  | { alarm: string; state: State }
  | { not: Term }
  | { all: Term[] }
  | { any: Term[] }
  | { least: number; percent: boolean; state: State; of: string[] };

/** Throws what AWS says of a rule that it cannot read. */
export function parseRule(text: string): Term {
  // Names may be quoted, or be ARNs.
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[(),]|[^\s(),"]+/g) ?? [];
  let at = 0;
  const wrong = (message: string) => invalid(`AlarmRule is not valid: ${message} at token ${at + 1} of "${text}".`);
  const peek = () => tokens[at];
  const take = (expected?: string): string => {
    const token = tokens[at];
    if (token === undefined || (expected !== undefined && token !== expected)) throw wrong(`${expected ?? "more"} expected`);
    at++;
    return token;
  };
  const name = (): string => {
    const token = take()
      .replace(/^"(.*)"$/, "$1")
      .replace(/\\(.)/g, "$1");
    return token.startsWith("arn:") ? token.slice(token.indexOf(":alarm:") + ":alarm:".length) : token;
  };
  const state = (token: string): State => {
    if (token !== "ALARM" && token !== "OK" && token !== "INSUFFICIENT_DATA") throw wrong(`${token} is no state`);
    return token;
  };
  const least = (): Term => {
    take("(");
    const [, number, percent] = /^(\d+)(%?)$/.exec(take()) ?? [];
    if (number === undefined) throw wrong("a number or percentage expected");
    take(",");
    const wanted = state(take());
    take(",");
    take("(");
    const of = [name()];
    while (peek() === ",") {
      take();
      of.push(name());
    }
    take(")");
    take(")");
    return { least: Number(number), percent: percent === "%", state: wanted, of };
  };
  const factor = (): Term => {
    const token = take();
    if (token === "NOT") return { not: factor() };
    if (token === "(") {
      const inner = either();
      take(")");
      return inner;
    }
    if (token === "TRUE" || token === "FALSE") return { is: token === "TRUE" };
    if (token === "AT_LEAST") return least();
    const wanted = state(token);
    take("(");
    const alarm = name();
    take(")");
    return { alarm, state: wanted };
  };
  const both = (): Term => {
    const all = [factor()];
    while (peek() === "AND") {
      take();
      all.push(factor());
    }
    return all.length === 1 ? all[0]! : { all };
  };
  const either = (): Term => {
    const any = [both()];
    while (peek() === "OR") {
      take();
      any.push(both());
    }
    return any.length === 1 ? any[0]! : { any };
  };
  const term = either();
  if (at < tokens.length) throw wrong("nothing more expected");
  return term;
}

export function namesIn(term: Term): string[] {
  if ("alarm" in term) return [term.alarm];
  if ("of" in term) return term.of;
  if ("not" in term) return namesIn(term.not);
  return "all" in term ? term.all.flatMap(namesIn) : "any" in term ? term.any.flatMap(namesIn) : [];
}

function holds(call: Here, term: Term): boolean {
  if ("is" in term) return term.is;
  if ("alarm" in term) return call.state.alarms.get(term.alarm)?.state === term.state;
  if ("not" in term) return !holds(call, term.not);
  if ("all" in term) return term.all.every((each) => holds(call, each));
  if ("any" in term) return term.any.some((each) => holds(call, each));
  const count = term.of.filter((name) => call.state.alarms.get(name)?.state === term.state).length;
  return term.percent ? count * 100 >= term.least * term.of.length : count >= term.least;
}

/** CW-015: judged when one of its alarms changes. */
export function childChanged(call: Here, name: string): void {
  const alarm = call.state.alarms.get(name);
  if (alarm?.kind === "composite") judge(call, alarm);
}

export function judge(call: Here, alarm: CompositeAlarm): void {
  const to = holds(call, parseRule(alarm.rule)) ? "ALARM" : "OK";
  if (to === alarm.state) return;
  const arns = alarm.children.map((name) => call.state.alarms.get(name)?.arn ?? name);
  const [first = ""] = arns;
  const time = call.date.toUTCString();
  const reason = `${first} transitioned to ${call.state.alarms.get(alarm.children[0] ?? "")?.state ?? "INSUFFICIENT_DATA"} at ${time}`;
  const data = {
    triggeringAlarms: alarm.children.map((child, at) => ({ arn: arns[at], state: { value: call.state.alarms.get(child)?.state } })),
  };
  act(call, alarm, to, reason, JSON.stringify(data));
}
