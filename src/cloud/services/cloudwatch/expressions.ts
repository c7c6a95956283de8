/** Metric math: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html */
import type * as sdk from "@aws-sdk/client-cloudwatch";
import type { Duration } from "../../../kernel/units.ts";
import { AwsError } from "../../service.ts";
import { selectedMetrics } from "./insights.ts";
import { datapoint, seriesKey, statisticOf } from "./series.ts";
import { invalid, type Here } from "./state.ts";

/** A time series: one value for each of the asked times, NaN where it is missing. */
export type Line = { label: string; values: number[] };
/** Id → its lines; an expression over several metrics may have several. */
export type Evaluated = Map<string, Line[]>;

type Value = number | Line[];

/** Works out every query. `times` are the beginnings of the periods. */
export function evaluated(call: Here, queries: readonly sdk.MetricDataQuery[], times: readonly number[], period: Duration): Evaluated {
  const done: Evaluated = new Map();
  const left = [...queries];
  while (left.length > 0) {
    const at = left.findIndex(({ Expression = "", MetricStat }) => MetricStat || idsIn(Expression, queries).every((id) => done.has(id)));
    if (at < 0) throw invalid("The expressions refer to each other in a circle, or to an id that is not there.");
    const [query] = left.splice(at, 1) as [sdk.MetricDataQuery];
    done.set(query.Id!, query.MetricStat ? [measured(call, query, times, period)] : calculated(call, query, times, period, done));
  }
  return done;
}

function measured(call: Here, { Id, Label, MetricStat }: sdk.MetricDataQuery, times: readonly number[], period: Duration): Line {
  const { Metric: wanted = {}, Stat = "", Period } = MetricStat!;
  const metric = call.state.metrics.get(seriesKey(wanted.Namespace ?? "", wanted.MetricName ?? "", wanted.Dimensions ?? []));
  const length = Period ? Period * 1000 : period;
  const statistic = statisticOf(Stat);
  if (!statistic) throw invalid(`The statistic ${Stat} is not valid.`);
  const values = times.map((time) => {
    const found = metric && datapoint(metric, time, time + length);
    return found ? statistic(found) : Number.NaN;
  });
  return { label: Label ?? wanted.MetricName ?? Id ?? "", values };
}

const idsIn = (expression: string, queries: readonly sdk.MetricDataQuery[]): string[] =>
  /^\s*SELECT\b/i.test(expression)
    ? []
    : queries.map(({ Id = "" }) => Id).filter((id) => new RegExp(`(?<![\\w.])${id}(?![\\w(])`).test(expression.replace(/"[^"]*"/g, "")));

function calculated(
  call: Here,
  { Id = "", Label, Expression = "" }: sdk.MetricDataQuery,
  times: readonly number[],
  period: Duration,
  done: Evaluated,
): Line[] {
  if (/^\s*SELECT\b/i.test(Expression)) return selectedMetrics(call, Expression, times, period);
  const metrics = () => [...done.values()].flat();
  const value = new Calculation(Expression, { done, metrics, times, period }).result();
  if (typeof value === "number") return [{ label: Label ?? Id, values: times.map(() => value) }];
  return value.map((line) => ({ ...line, label: value.length === 1 ? (Label ?? Id) : line.label }));
}

type Around = { done: Evaluated; metrics: () => Line[]; times: readonly number[]; period: Duration };

const operators: Record<string, [precedence: number, (one: number, other: number) => number]> = {
  "||": [1, (one, other) => Number(one !== 0 || other !== 0)],
  OR: [1, (one, other) => Number(one !== 0 || other !== 0)],
  "&&": [2, (one, other) => Number(one !== 0 && other !== 0)],
  AND: [2, (one, other) => Number(one !== 0 && other !== 0)],
  "==": [3, (one, other) => Number(one === other)],
  "!=": [3, (one, other) => Number(one !== other)],
  "<": [4, (one, other) => Number(one < other)],
  "<=": [4, (one, other) => Number(one <= other)],
  ">": [4, (one, other) => Number(one > other)],
  ">=": [4, (one, other) => Number(one >= other)],
  "+": [5, (one, other) => one + other],
  "-": [5, (one, other) => one - other],
  "*": [6, (one, other) => one * other],
  "/": [6, (one, other) => (other === 0 ? Number.NaN : one / other)],
  "^": [7, (one, other) => one ** other],
};

/** Over several lines: of each moment what they come to together; of one line: what it comes to over time. */
const folds: Record<string, (values: number[]) => number> = {
  SUM: (values) => values.reduce((sum, value) => sum + value, 0),
  AVG: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  MIN: (values) => Math.min(...values),
  MAX: (values) => Math.max(...values),
};

const each: Record<string, (value: number) => number> = {
  ABS: Math.abs,
  CEIL: Math.ceil,
  FLOOR: Math.floor,
  LOG: Math.log,
  LOG10: Math.log10,
};

/** Recursive descent by precedence. Names of functions that are not here are refused by name. */
class Calculation {
  readonly #tokens: string[];
  readonly #around: Around;
  #at = 0;

  constructor(expression: string, around: Around) {
    this.#tokens = expression.match(/"[^"]*"|\d+(?:\.\d+)?|[A-Za-z_]\w*|\|\||&&|[<>=!]=|[-+*/^(),<>[\]]/g) ?? [];
    this.#around = around;
  }

  result(): Value {
    const value = this.#binary(0);
    if (this.#at < this.#tokens.length) throw invalid(`The expression has ${this.#tokens[this.#at]} where it should end.`);
    return value;
  }

  #binary(least: number): Value {
    let left = this.#unary();
    for (;;) {
      const [precedence = 0, operation] = operators[this.#tokens[this.#at] ?? ""] ?? [];
      if (!operation || precedence <= least) return left;
      this.#at++;
      left = combined(left, this.#binary(precedence), operation);
    }
  }

  #unary(): Value {
    if (this.#tokens[this.#at] !== "-") return this.#primary();
    this.#at++;
    return combined(0, this.#unary(), (zero, value) => zero - value);
  }

  #primary(): Value {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw invalid("The expression ends too early.");
    if (/^\d/.test(token)) return Number(token);
    if (token === "(") return this.#closed(this.#binary(0), ")");
    if (token === "[") return this.#closed(this.#list("]").flatMap(linesOf), "]");
    if (this.#tokens[this.#at] === "(") {
      this.#at++;
      const given = this.#tokens[this.#at] === ")" ? [] : this.#list(")");
      return this.#closed(this.#called(token.toUpperCase(), given), ")");
    }
    const known = this.#around.done.get(token);
    if (!known) throw invalid(`The expression has ${token}, which is no id of the request.`);
    return known;
  }

  #list(end: string): Value[] {
    const all = [this.#binary(0)];
    while (this.#tokens[this.#at] === ",") {
      this.#at++;
      // FILL's second argument may be a word.
      const word = this.#tokens[this.#at] ?? "";
      if (word === "REPEAT" || word === "LINEAR") throw new AwsError("NotImplemented", `Causeway does not emulate FILL(…, ${word}).`, 501);
      all.push(this.#binary(0));
    }
    if (this.#tokens[this.#at] !== end) throw invalid(`${end} is missing in the expression.`);
    return all;
  }

  #closed<Result>(value: Result, end: string): Result {
    if (this.#tokens[this.#at++] !== end) throw invalid(`${end} is missing in the expression.`);
    return value;
  }

  #called(name: string, given: Value[]): Value {
    const { times, period, metrics } = this.#around;
    const [first, second, third] = given;
    if (name === "METRICS") return metrics();
    if (name === "PERIOD") return period / 1000;
    if (name === "FILL") return linesOf(first).map((line) => filledBy(line, second));
    if (name === "IF") return chosen(first, second, third);
    if (name === "RATE")
      return linesOf(first).map(({ label, values }) => ({
        label,
        values: values.map((value, at) => (at === 0 ? Number.NaN : ((value - values[at - 1]!) / (times[at]! - times[at - 1]!)) * 1000)),
      }));
    if (each[name]) return mapped(first, each[name]);
    const fold = folds[name];
    if (!fold) throw new AwsError("NotImplemented", `Causeway does not emulate the metric math function ${name}.`, 501);
    return folded(first, fold, times);
  }
}

const linesOf = (value: Value | undefined): Line[] => {
  if (value === undefined || typeof value === "number")
    throw invalid("A metric is expected where the expression has a number, or nothing.");
  return value;
};

const mapped = (value: Value | undefined, change: (value: number) => number): Value =>
  typeof value === "number" ? change(value) : linesOf(value).map(({ label, values }) => ({ label, values: values.map(change) }));

function combined(one: Value, other: Value, operation: (one: number, other: number) => number): Value {
  if (typeof one === "number") return mapped(other, (value) => operation(one, value));
  if (typeof other === "number") return mapped(one, (value) => operation(value, other));
  const longer = one.length >= other.length ? one : other;
  return longer.map(({ label }, at) => {
    const [left, right] = [one[one.length === 1 ? 0 : at], other[other.length === 1 ? 0 : at]];
    return { label, values: (left?.values ?? []).map((value, time) => operation(value, right?.values[time] ?? Number.NaN)) };
  });
}

const real = (values: number[]): number[] => values.filter((value) => !Number.isNaN(value));

function folded(value: Value | undefined, fold: (values: number[]) => number, times: readonly number[]): Value {
  const lines = linesOf(value);
  if (lines.length === 1) {
    const values = real(lines[0]!.values);
    return values.length ? fold(values) : [{ label: "", values: times.map(() => Number.NaN) }];
  }
  const values = times.map((_, at) => {
    const all = real(lines.map((line) => line.values[at] ?? Number.NaN));
    return all.length ? fold(all) : Number.NaN;
  });
  return [{ label: "", values }];
}

const filledBy = ({ label, values }: Line, by: Value | undefined): Line => ({
  label,
  values: values.map((value, at) =>
    Number.isNaN(value) ? (typeof by === "number" ? by : (linesOf(by)[0]?.values[at] ?? Number.NaN)) : value,
  ),
});

function chosen(condition: Value | undefined, yes: Value | undefined, no: Value | undefined): Value {
  const valueAt = (value: Value | undefined, at: number) =>
    value === undefined ? Number.NaN : typeof value === "number" ? value : (value[0]?.values[at] ?? Number.NaN);
  if (typeof condition === "number") return (condition !== 0 ? yes : no) ?? Number.NaN;
  return linesOf(condition).map(({ label, values }) => ({
    label,
    values: values.map((value, at) => valueAt(value !== 0 && !Number.isNaN(value) ? yes : no, at)),
  }));
}
