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
export const parseRule = (text: string): Term => new Parser(text).rule();

/** Recursive descent; names may be quoted, or be ARNs. */
class Parser {
  readonly #text: string;
  readonly #tokens: string[];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = text.match(/"(?:[^"\\]|\\.)*"|[(),]|[^\s(),"]+/g) ?? [];
  }

  rule(): Term {
    const term = this.#either();
    if (this.#at < this.#tokens.length) throw this.#wrong("nothing more expected");
    return term;
  }

  #wrong(message: string) {
    return invalid(`AlarmRule is not valid: ${message} at token ${this.#at + 1} of "${this.#text}".`);
  }

  #take(expected?: string): string {
    const token = this.#tokens[this.#at];
    if (token === undefined || (expected !== undefined && token !== expected)) throw this.#wrong(`${expected ?? "more"} expected`);
    this.#at++;
    return token;
  }

  #name(): string {
    const token = this.#take()
      .replace(/^"(.*)"$/, "$1")
      .replace(/\\(.)/g, "$1");
    return token.startsWith("arn:") ? token.slice(token.indexOf(":alarm:") + ":alarm:".length) : token;
  }

  #state(token: string): State {
    if (token !== "ALARM" && token !== "OK" && token !== "INSUFFICIENT_DATA") throw this.#wrong(`${token} is no state`);
    return token;
  }

  /** `AT_LEAST(2, ALARM, (a, b, c))` */
  #least(): Term {
    this.#take("(");
    const [, number, percent] = /^(\d+)(%?)$/.exec(this.#take()) ?? [];
    if (number === undefined) throw this.#wrong("a number or percentage expected");
    this.#take(",");
    const state = this.#state(this.#take());
    this.#take(",");
    this.#take("(");
    const of = [this.#name()];
    while (this.#tokens[this.#at] === ",") {
      this.#at++;
      of.push(this.#name());
    }
    this.#take(")");
    this.#take(")");
    return { least: Number(number), percent: percent === "%", state, of };
  }

  #factor(): Term {
    const token = this.#take();
    if (token === "NOT") return { not: this.#factor() };
    if (token === "TRUE" || token === "FALSE") return { is: token === "TRUE" };
    if (token === "AT_LEAST") return this.#least();
    if (token === "(") {
      const inner = this.#either();
      this.#take(")");
      return inner;
    }
    const state = this.#state(token);
    this.#take("(");
    const alarm = this.#name();
    this.#take(")");
    return { alarm, state };
  }

  #joined(word: "AND" | "OR", part: () => Term): Term[] {
    const all = [part()];
    while (this.#tokens[this.#at] === word) {
      this.#at++;
      all.push(part());
    }
    return all;
  }

  #both(): Term {
    const all = this.#joined("AND", () => this.#factor());
    return all.length === 1 ? all[0]! : { all };
  }

  #either(): Term {
    const any = this.#joined("OR", () => this.#both());
    return any.length === 1 ? any[0]! : { any };
  }
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
