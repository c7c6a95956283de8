/** What Elastic Load Balancing knows of a region. */
import type * as sdk from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Instant } from "../../../kernel/units.ts";
import { AwsError, type Call, type Known } from "../../service.ts";

export type Tags = Record<string, string>;

/** Where a load balancer meets a subnet: one in each of its zones. */
export type Node = { subnet: string; zone: string; zoneId: string; interface: string };

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
  /** What it was asked for with, to know the same wish again. */
  asked: string;
  /** Its listeners by ARN. */
  listeners: Set<string>;
  /** Target groups that its listeners and rules lead to. */
  groups: Set<string>;
  nodes: Node[];
  /** What is told of it in metrics: `app/name/id`. */
  fullName: string;
  /** Zones whose addresses users have for its name; what they will have, when their copies of the record have run out. */
  named: string[];
  renaming?: { zones: string[]; event: number };
  /** A zonal shift away from that zone. */
  shift?: { zone: string; expires: Instant; event: number };
  /** Demand → where its requests go. */
  offers: Map<string, Offer>;
  told: Told;
};

/** What CloudWatch was told last, by metric and zone: it is told only what is different. */
export type Told = Map<string, number>;

/** Requests a second of one demand at one load balancer. */
export type Offer = {
  rate: number;
  /** The listener's port. */
  port?: number;
  /** Target group → requests a second. */
  to: Map<string, number>;
  /** Codes that the load balancer answers with itself → requests a second. */
  own: Map<number, number>;
  /** Those that reach no node of it. */
  lost: number;
};

export type Listener = Known<sdk.Listener, "ListenerArn" | "LoadBalancerArn" | "Port" | "Protocol" | "DefaultActions"> & {
  /** In the order of their priority; the default is not among them. */
  rules: string[];
  certificates: sdk.Certificate[];
  attributes: Tags;
  tags: Tags;
  asked: string;
};

export type Rule = Known<sdk.Rule, "RuleArn" | "Actions" | "Conditions"> & { listener: string; priority: number; tags: Tags };

export type TargetState = "initial" | "healthy" | "unhealthy" | "unused" | "draining";

export type Target = {
  id: string;
  port: number;
  /** `all`: it serves every zone. */
  zone?: string;
  /** An address outside the VPC: the network of the machine that has it, once there is one. */
  network?: string;
  state: TargetState;
  /** When it came into that state. */
  since: Instant;
  reason?: string;
  description?: string;
  /** When its first check is; the others follow in the group's interval. */
  first: Instant;
  /** What a check finds as things are: the reason why it fails; undefined: it is well. */
  outcome?: string;
  streak: Streak;
  /** When the checks will have changed their mind, or draining ends. */
  event?: number;
  /** Requests a second that it gets, and the container that they went to. */
  load: number;
  container?: string;
  /** It has become healthy in a group that starts slowly. */
  slow?: { since: Instant; event: number };
  /** Draining: requests that will still be open when the delay ends. */
  cut?: number;
};

/** Checks in a row that find the present outcome: from that check on, after `count` others. `before`: in a row that found the opposite just before. */
export type Streak = { from: Instant; count: number; before: number };

export type TargetGroup = Known<
  sdk.TargetGroup,
  | "TargetGroupArn"
  | "TargetGroupName"
  | "Protocol"
  | "Port"
  | "VpcId"
  | "TargetType"
  | "LoadBalancerArns"
  | "HealthCheckPort"
  | "HealthCheckProtocol"
  | "HealthCheckIntervalSeconds"
  | "HealthCheckTimeoutSeconds"
  | "HealthyThresholdCount"
  | "UnhealthyThresholdCount"
> & {
  targets: Map<string, Target>;
  attributes: Tags;
  tags: Tags;
  fullName: string;
  asked: string;
  /** Listeners (by their default action) and rules that lead to it. */
  users: Set<string>;
  /** Demand → requests a second. */
  offered: Map<string, number>;
  flow: Flow;
  told: Told;
};

/** How a target group's requests fare, a second. */
export type Flow = {
  requests: number;
  /** By the load balancer's own codes, and by the targets'. */
  own: Map<number, number>;
  target: Map<number, number>;
  /** Seconds that those that were answered took, a second. */
  time: number;
  answered: number;
  /** Sent to targets that are not healthy. */
  open: number;
  refusedConnections: number;
  /** Share of the requests that fail for the user. */
  failing: number;
};

export const noFlow = (): Flow => ({
  requests: 0,
  own: new Map(),
  target: new Map(),
  time: 0,
  answered: 0,
  open: 0,
  refusedConnections: 0,
  failing: 0,
});

/** What users of a demand got, reckoned up to `at`. */
export type Served = { balancer?: string; at: number; rate: number; failing: number; requests: number; failed: number };

/** What changes of this instant have touched, by ARN and id. */
export type Wave = { groups: Set<string>; balancers: Set<string>; demands: Set<string>; event?: number };

export const calm = (): Wave => ({ groups: new Set(), balancers: new Set(), demands: new Set() });

export const state = () => ({
  loadBalancers: new Map<string, LoadBalancer>(),
  listeners: new Map<string, Listener>(),
  rules: new Map<string, Rule>(),
  targetGroups: new Map<string, TargetGroup>(),
  /** Instance, address or load balancer → target groups that have it as a target. */
  holders: new Map<string, Set<string>>(),
  /** DNS name → load balancer: its own, and those that lead to it. */
  names: new Map<string, string>(),
  served: new Map<string, Served>(),
  wave: calm(),
});

export type State = ReturnType<typeof state>;
export type Timers = {
  active: { balancer: string };
  checked: { group: string; target: string };
  drained: { group: string; target: string };
  quicker: { group: string; target: string };
  ripple: {};
  renamed: { balancer: string };
  shiftOver: { balancer: string };
};
export type Here = Call<State, Timers>;

export const invalid = (message: string): AwsError => new AwsError("ValidationError", message);
export const notImplemented = (what: string): AwsError => new AwsError("NotImplemented", `Causeway does not emulate ${what}.`, 501);

/** Refuses what it does not carry out, by name. */
export function refuse(owner: string, members: Record<string, unknown>): void {
  const given = Object.entries(members).find(([, value]) => value !== undefined)?.[0];
  if (given !== undefined) throw notImplemented(`${given} of ${owner}`);
}

export const tagMap = (tags: readonly { Key?: string; Value?: string }[] = []): Tags =>
  Object.fromEntries(tags.map(({ Key = "", Value = "" }) => [Key, Value]));
export const tagList = (tags: Tags): sdk.Tag[] => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
/** The digits that end names and ARNs. */
export const digits = (call: Here): string => call.id("", 16).slice(1);
export const targetKey = (id: string, port: number): string => `${id}:${port}`;

export function balancerOf(call: Here, arn: string): LoadBalancer {
  const found = call.state.loadBalancers.get(arn);
  if (!found) throw new AwsError("LoadBalancerNotFound", `Load balancer '${arn}' not found`);
  return found;
}

export function groupOf(call: Here, arn: string): TargetGroup {
  const found = call.state.targetGroups.get(arn);
  if (!found) throw new AwsError("TargetGroupNotFound", `Target groups '${arn}' not found`);
  return found;
}

export function listenerOf(call: Here, arn: string): Listener {
  const found = call.state.listeners.get(arn);
  if (!found) throw new AwsError("ListenerNotFound", `Listener '${arn}' not found`);
  return found;
}

export function ruleOf(call: Here, arn: string): Rule {
  const found = call.state.rules.get(arn);
  if (!found) throw new AwsError("RuleNotFound", `Rule '${arn}' not found`);
  return found;
}

export function page<Item>(items: readonly Item[], size = 400, marker?: string): { items: Item[]; next?: string } {
  if (!Number.isInteger(size) || size < 1 || size > 400) throw invalid("Page size must be between 1 and 400");
  const begin = marker === undefined ? 0 : Number(Buffer.from(marker, "base64url").toString());
  if (!Number.isInteger(begin) || begin < 0) throw invalid("The marker is not valid");
  const next = begin + size < items.length ? Buffer.from(String(begin + size)).toString("base64url") : undefined;
  return { items: items.slice(begin, begin + size), next };
}

/** Every target group that an action leads to. */
export const groupsIn = (actions: readonly sdk.Action[]): string[] =>
  actions.flatMap(({ TargetGroupArn, ForwardConfig }) => [
    ...(TargetGroupArn ? [TargetGroupArn] : []),
    ...(ForwardConfig?.TargetGroups ?? []).flatMap((each) => each.TargetGroupArn ?? []),
  ]);

/** The one load balancer that leads to a group: AWS allows no second. */
export const leaderOf = (call: Here, { LoadBalancerArns: [arn = ""] }: TargetGroup): LoadBalancer | undefined =>
  call.state.loadBalancers.get(arn);
