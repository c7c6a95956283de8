/** Metrics Insights: one SELECT over all metrics of a schema. docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-metrics-insights-querylanguage.html */
import type { Duration } from "../../../kernel/units.ts";
import { AwsError } from "../../service.ts";
import type { Line } from "./expressions.ts";
import { datapoint, type Metric, type Statistic } from "./series.ts";
import { invalid, type Here } from "./state.ts";

type Query = {
  fold: string;
  name: string;
  namespace: string;
  schema?: string[];
  where: [string, string][];
  group: string[];
  limit: number;
};

const folds: Record<string, (points: Statistic[]) => number> = {
  SUM: (points) => points.reduce((sum, point) => sum + point.sum, 0),
  AVG: (points) => points.reduce((sum, point) => sum + point.sum, 0) / points.reduce((sum, point) => sum + point.count, 0),
  MIN: (points) => Math.min(...points.map(({ min }) => min)),
  MAX: (points) => Math.max(...points.map(({ max }) => max)),
  COUNT: (points) => points.reduce((sum, point) => sum + point.count, 0),
};

export function parseQuery(text: string): Query {
  const shape =
    /^\s*SELECT\s+(\w+)\("?([\w.]+)"?\)\s+FROM\s+(?:SCHEMA\("([^"]+)"((?:,\s*\w+)*)\)|"([^"]+)")(?:\s+WHERE\s+(.+?))?(?:\s+GROUP\s+BY\s+([\w,\s]+?))?(?:\s+ORDER\s+BY\s+.+?)?(?:\s+LIMIT\s+(\d+))?\s*$/i.exec(
      text,
    );
  if (!shape) throw invalid(`The query is not one that can be read: ${text}`);
  const [, fold = "", name = "", ofSchema, dimensions, plain, where, group, limit] = shape;
  if (!folds[fold.toUpperCase()]) throw new AwsError("NotImplemented", `Causeway does not emulate ${fold} of Metrics Insights.`, 501);
  const conditions = where === undefined ? [] : where.split(/\s+AND\s+/i);
  return {
    fold: fold.toUpperCase(),
    name,
    namespace: ofSchema ?? plain ?? "",
    schema:
      ofSchema === undefined
        ? undefined
        : (dimensions ?? "")
            .split(",")
            .map((each) => each.trim())
            .filter(Boolean),
    where: conditions.map((each) => {
      const [, key, value] = /^\s*"?([\w.]+)"?\s*=\s*'([^']*)'\s*$/.exec(each) ?? [];
      if (key === undefined || value === undefined)
        throw new AwsError("NotImplemented", `Causeway reads only key = 'value' in WHERE, not ${each}.`, 501);
      return [key, value];
    }),
    group: (group ?? "")
      .split(",")
      .map((each) => each.trim())
      .filter(Boolean),
    limit: Number(limit ?? 500),
  };
}

/** The metrics of its schema: with exactly these dimensions, and these values. */
export function matching(call: Here, { namespace, name, schema, where }: Query): Metric[] {
  return [...call.state.metrics.values()].filter((metric) => {
    if (metric.namespace !== namespace || metric.name !== name) return false;
    if (schema && (metric.dimensions.length !== schema.length || !metric.dimensions.every(({ Name }) => schema.includes(Name))))
      return false;
    return where.every(([key, value]) => metric.dimensions.some(({ Name, Value }) => Name === key && Value === value));
  });
}

export function selectedMetrics(call: Here, text: string, times: readonly number[], period: Duration): Line[] {
  const query = parseQuery(text);
  const groups = new Map<string, Metric[]>();
  for (const metric of matching(call, query)) {
    const label = query.group.map((key) => metric.dimensions.find(({ Name }) => Name === key)?.Value ?? "").join(" ");
    groups.set(label, [...(groups.get(label) ?? []), metric]);
  }
  if (groups.size === 0) return [{ label: query.name, values: times.map(() => Number.NaN) }];
  return [...groups].slice(0, query.limit).map(([label, metrics]) => ({
    label: label || query.name,
    values: times.map((time) => {
      const points = metrics.flatMap((metric) => datapoint(metric, time, time + period) ?? []);
      return points.length ? folds[query.fold]!(points) : Number.NaN;
    }),
  }));
}
