/** What CloudWatch knows of a region. */
import type * as sdk from "@aws-sdk/client-cloudwatch";
import type { Duration, Instant } from "../../../kernel/units.ts";
import { AwsError, type Call, type Known } from "../../service.ts";
import type { Metric } from "./series.ts";

type Common = {
  kind: "metric" | "composite";
  name: string;
  arn: string;
  description?: string;
  actionsEnabled: boolean;
  actions: Record<sdk.StateValue, string[]>;
  state: sdk.StateValue;
  reason: string;
  reasonData?: string;
  /** When the state was set last, and when it was last another. */
  updated: Date;
  transitioned: Date;
  configured: Date;
  tags: Record<string, string>;
};

export type MetricAlarm = Common & {
  kind: "metric";
  /** As it was put. */
  input: sdk.PutMetricAlarmInput;
  periods: number;
  datapoints: number;
  threshold: number;
  operator: sdk.ComparisonOperator;
  missing: "breaching" | "notBreaching" | "ignore" | "missing";
  /** Milliseconds. */
  period: Duration;
  /** Keys of the metrics that it looks at. */
  metrics: string[];
  /** The datapoints of the range that was looked at last, oldest first, NaN missing, and where it ended. */
  window: number[];
  until: Instant;
  /** The latest change of a metric: a range that begins later is the same for ever. */
  changed: Instant;
};

export type CompositeAlarm = Common & {
  kind: "composite";
  rule: string;
  /** Names of the alarms in its rule. */
  children: string[];
  suppressor?: { alarm: string; wait: Duration; extension: Duration; until?: Instant; state?: sdk.ActionsSuppressedBy };
};

export type Alarm = MetricAlarm | CompositeAlarm;
export type History = Known<sdk.AlarmHistoryItem, "AlarmName" | "Timestamp" | "HistoryItemType" | "HistorySummary">;

export const state = () => ({
  metrics: new Map<string, Metric>(),
  alarms: new Map<string, Alarm>(),
  /** Alarm → composites that name it. */
  parents: new Map<string, Set<string>>(),
  /** Alarms with a query: metrics that are made later may be theirs. */
  querying: new Set<string>(),
  /** Alarms whose range is not the same for ever yet. */
  active: new Set<string>(),
  /** Alarms in a state whose scaling actions are said again each minute. */
  repeating: new Set<string>(),
  /** So long after a minute has closed its datapoints are seen; drawn once. */
  delay: undefined as Duration | undefined,
  /** Whether the next minute is scheduled. */
  ticking: false,
  history: [] as History[],
  dashboards: new Map<string, { body: string; modified: Date }>(),
});

export type State = ReturnType<typeof state>;
export type Timers = { tick: { until: Instant } };
export type Here = Call<State, Timers>;

export const invalid = (message: string): AwsError => new AwsError("ValidationError", message);
export const wrongValue = (message: string): AwsError => new AwsError("InvalidParameterValue", message);
export const notFound = (message: string): AwsError => new AwsError("ResourceNotFound", message, 404);

/** A page of a list, by offset in an opaque token. */
export function page<Item>(items: readonly Item[], size: number, token: string | undefined): { items: Item[]; next?: string } {
  const begin = token === undefined ? 0 : Number(Buffer.from(token, "base64url").toString());
  if (!Number.isInteger(begin) || begin < 0) throw new AwsError("InvalidNextToken", "The next token specified is invalid.");
  const next = begin + size < items.length ? Buffer.from(String(begin + size)).toString("base64url") : undefined;
  return { items: items.slice(begin, begin + size), next };
}
