/** What Application Auto Scaling knows of a region, and the words its files share. */
import type * as sdk from "@aws-sdk/client-application-auto-scaling";
import type { Instant } from "../../../kernel/units.ts";
import { AwsError, type Call, type Known } from "../../service.ts";

export type Target = Known<
  sdk.ScalableTarget,
  "ServiceNamespace" | "ResourceId" | "ScalableDimension" | "MinCapacity" | "MaxCapacity" | "RoleARN" | "CreationTime" | "ScalableTargetARN"
> & {
  SuspendedState: Required<sdk.SuspendedState>;
  tags: Record<string, string>;
  /** Names of its policies. */
  policies: Set<string>;
  /** Running out since the last activity of each direction that succeeded. */
  cooldowns: { out?: Cooldown; in?: Cooldown };
  /** The activity that ECS has not fulfilled yet. */
  pending?: string;
};

/** In effect until `until`: what `from` became by it, in tasks. */
export type Cooldown = { until: Instant; from: number; to: number };

export type Policy = Known<
  Omit<sdk.ScalingPolicy, "Alarms">,
  "PolicyARN" | "PolicyName" | "ServiceNamespace" | "ResourceId" | "ScalableDimension" | "PolicyType" | "CreationTime"
> & { Alarms: { AlarmName: string; AlarmARN: string }[] };

export type Scheduled = Known<
  sdk.ScheduledAction,
  "ScheduledActionName" | "ScheduledActionARN" | "ServiceNamespace" | "Schedule" | "ResourceId" | "CreationTime"
> & { event?: number };

export type Activity = Known<
  sdk.ScalingActivity,
  "ActivityId" | "ServiceNamespace" | "ResourceId" | "ScalableDimension" | "Description" | "Cause" | "StartTime" | "StatusCode"
> & {
  /** For the cooldown that begins when it succeeds. */
  change?: { from: number; to: number; cooldown: number };
};

export const state = () => ({
  /** By `resource id`: ECS's services are all that scales here, by their desired count. */
  targets: new Map<string, Target>(),
  policies: new Map<string, Policy>(),
  scheduledActions: new Map<string, Scheduled>(),
  /** Of a resource, newest last. */
  activities: new Map<string, Activity[]>(),
});

export type State = ReturnType<typeof state>;
export type Timers = {
  act: { policy: string; alarm: string; values: number[] };
  scheduled: { resource: string; name: string };
};
export type Here = Call<State, Timers>;

export const DIMENSION = "ecs:service:DesiredCount";
export const NAMESPACE = "ecs";
const RESOURCE = /^service\/([A-Za-z0-9_-]{1,255})\/([A-Za-z0-9_-]{1,255})$/;

export const invalid = (message: string) => new AwsError("ValidationException", message);
export const missing = (message: string) => new AwsError("ObjectNotFoundException", message);

/** Services of ECS only; the other twelve that AWS scales are refused by name. */
export function checkDimension(namespace: string, dimension: string = DIMENSION): void {
  if (namespace !== NAMESPACE)
    throw new AwsError("NotImplemented", `Causeway scales ECS services, and nothing of the namespace ${namespace}.`, 501);
  if (dimension !== DIMENSION)
    throw invalid(`Unsupported service namespace, resource type or scalable dimension: ${namespace}, ${dimension}`);
}

/** `service/cluster/name` → its parts. */
export function partsOf(resource: string): { cluster: string; service: string } {
  const [, cluster, service] = RESOURCE.exec(resource) ?? [];
  if (cluster === undefined || service === undefined)
    throw invalid(
      `1 validation error detected: Value '${resource}' at 'resourceId' failed to satisfy constraint: service/cluster-name/service-name`,
    );
  return { cluster, service };
}

export function targetOf(call: Here, resource: string): Target {
  const target = call.state.targets.get(resource);
  if (!target)
    throw missing(
      `No scalable target found for service namespace: ${NAMESPACE}, resource ID: ${resource}, scalable dimension: ${DIMENSION}`,
    );
  return target;
}

export const policyKey = (resource: string, name: string): string => `${resource}/${name}`;

export function* policiesOf(call: Here, { ResourceId, policies }: Target): Iterable<Policy> {
  for (const name of policies) {
    const policy = call.state.policies.get(policyKey(ResourceId, name));
    if (policy) yield policy;
  }
}

/** A page of a list, by offset in an opaque token. */
export function page<Item>(items: readonly Item[], max: number | undefined, token: string | undefined): { items: Item[]; next?: string } {
  const size = max ?? 50;
  if (size < 1 || size > 50) throw invalid("MaxResults must be between 1 and 50.");
  const begin = token === undefined ? 0 : Number(Buffer.from(token, "base64url").toString());
  if (!Number.isInteger(begin) || begin < 0) throw new AwsError("InvalidNextTokenException", "The next token is not valid.");
  const end = begin + size;
  return { items: items.slice(begin, end), next: end < items.length ? Buffer.from(String(end)).toString("base64url") : undefined };
}
