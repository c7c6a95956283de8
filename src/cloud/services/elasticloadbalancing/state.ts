/** What Elastic Load Balancing knows of a region. */
import type * as sdk from "@aws-sdk/client-elastic-load-balancing-v2";
import { AwsError, type Call, type Known } from "../../service.ts";
import type { Series } from "../cloudwatch/report.ts";

export type Tags = Record<string, string>;

export type LoadBalancer = Known<
  sdk.LoadBalancer,
  | "LoadBalancerArn"
  | "LoadBalancerName"
  | "DNSName"
  | "Type"
  | "Scheme"
  | "VpcId"
  | "AvailabilityZones"
  | "CreatedTime"
  | "State"
  | "SecurityGroups"
> & {
  attributes: Tags;
  tags: Tags;
  /** Its listeners by ARN. */
  listeners: Set<string>;
  /** Target groups that its listeners and rules lead to, by ARN. */
  groups: Set<string>;
  /** Its requests are to be reckoned anew at this instant. */
  flowing: boolean;
  /** What is reported of it, by name and target group. */
  reported: Map<string, Series>;
  /** Its interfaces, one in each zone. */
  interfaces: string[];
  /** What is told of it in metrics: `app/name/id`. */
  fullName: string;
};

export type Listener = Known<sdk.Listener, "ListenerArn" | "LoadBalancerArn" | "Port" | "Protocol" | "DefaultActions"> & {
  /** In the order of their priority; the default is not among them. */
  rules: string[];
  certificates: sdk.Certificate[];
  attributes: Tags;
  tags: Tags;
};

export type Rule = Known<sdk.Rule, "RuleArn" | "Actions" | "Conditions"> & { listener: string; priority: number; tags: Tags };

export type TargetState = "initial" | "healthy" | "unhealthy" | "unused" | "draining";

export type Target = {
  id: string;
  port: number;
  zone?: string;
  state: TargetState;
  reason?: string;
  description?: string;
  /** A health check's outcome as things are now. */
  outcome?: string;
  /** The next state that the checks will find, or the end of draining. */
  event?: number;
  /** Requests a second that it gets. */
  load: number;
};

export type TargetGroup = Known<
  sdk.TargetGroup,
  | "TargetGroupArn"
  | "TargetGroupName"
  | "Protocol"
  | "Port"
  | "VpcId"
  | "TargetType"
  | "LoadBalancerArns"
  | "HealthCheckIntervalSeconds"
  | "HealthCheckTimeoutSeconds"
  | "HealthyThresholdCount"
  | "UnhealthyThresholdCount"
> & { targets: Map<string, Target>; attributes: Tags; tags: Tags; fullName: string };

export const state = () => ({
  loadBalancers: new Map<string, LoadBalancer>(),
  /** DNS name → ARN. */
  names: new Map<string, string>(),
  listeners: new Map<string, Listener>(),
  rules: new Map<string, Rule>(),
  targetGroups: new Map<string, TargetGroup>(),
  /** Machine → target groups that have it, or a place on it, as a target. */
  watched: new Map<string, Set<string>>(),
  /** Demand → what its users have seen, in requests since it was first served. */
  served: new Map<string, Served>(),
});

/** What users of a demand got, reckoned up to `at`. */
type Served = { at: number; rate: number; failing: number; requests: number; failed: number };

export type State = ReturnType<typeof state>;
export type Timers = {
  active: { balancer: string };
  flow: { balancer: string };
  checked: { group: string; target: string; to: "healthy" | "unhealthy" };
  drained: { group: string; target: string };
};
export type Here = Call<State, Timers>;

export const invalid = (message: string): AwsError => new AwsError("ValidationError", message);
export const missing = (code: string, message: string): AwsError => new AwsError(code, message);

export const tagMap = (tags: readonly { Key?: string; Value?: string }[] = []): Tags =>
  Object.fromEntries(tags.map(({ Key = "", Value = "" }) => [Key, Value]));
export const tagList = (tags: Tags): sdk.Tag[] => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

export function balancerOf(call: Here, arn: string): LoadBalancer {
  const found = call.state.loadBalancers.get(arn);
  if (!found) throw missing("LoadBalancerNotFound", `Load balancers '[${arn}]' not found`);
  return found;
}

export function groupOf(call: Here, arn: string): TargetGroup {
  const found = call.state.targetGroups.get(arn);
  if (!found) throw missing("TargetGroupNotFound", "One or more target groups not found");
  return found;
}

export function listenerOf(call: Here, arn: string): Listener {
  const found = call.state.listeners.get(arn);
  if (!found) throw missing("ListenerNotFound", "One or more listeners not found");
  return found;
}

export function ruleOf(call: Here, arn: string): Rule {
  const found = call.state.rules.get(arn);
  if (!found) throw missing("RuleNotFound", "One or more rules not found");
  return found;
}

export function page<Item>(items: readonly Item[], size = 400, marker?: string): { items: Item[]; next?: string } {
  const begin = marker === undefined ? 0 : Number(Buffer.from(marker, "base64url").toString());
  if (!Number.isInteger(begin) || begin < 0) throw invalid("The marker is not valid.");
  const next = begin + size < items.length ? Buffer.from(String(begin + size)).toString("base64url") : undefined;
  return { items: items.slice(begin, begin + size), next };
}

/** Every target group that an action leads to. */
export const groupsIn = (actions: readonly sdk.Action[]): string[] =>
  actions.flatMap(({ TargetGroupArn, ForwardConfig }) => [
    ...(TargetGroupArn ? [TargetGroupArn] : []),
    ...(ForwardConfig?.TargetGroups ?? []).flatMap((each) => each.TargetGroupArn ?? []),
  ]);
