/**
 * Which targets of a group get how much. Pure but for what it looks up.
 * docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
 */
import type { Instant } from "../../../kernel/units.ts";
import { service, type Container } from "../../../world/containers.ts";
import type { LoadBalancer, Target, TargetGroup } from "./state.ts";

/** ALB-010: AWS lets a target's share grow linearly; here it grows in so many equal steps. */
export const SLOW_STEPS = 10;
/** What an anomalous target still gets: AWS says "reduces", not how far; ours. ALB-011 */
const ANOMALOUS_WEIGHT = 0.1;
const ANOMALY_TARGETS_MIN = 3; // automatic-target-weights.html

/** ALB-016 */
export function crosses({ attributes }: TargetGroup, balancer: LoadBalancer): boolean {
  const own = attributes["load_balancing.cross_zone.enabled"];
  return (own === "true" || own === "false" ? own : balancer.attributes["load_balancing.cross_zone.enabled"]) === "true";
}

/** ALB-012: whether so many of the registered targets are enough. `for`: `dns_failover` or `unhealthy_state_routing`. */
export function enough(
  { attributes }: TargetGroup,
  purpose: "dns_failover" | "unhealthy_state_routing",
  { healthy, registered }: { healthy: number; registered: number },
): boolean {
  const of = (what: string) => attributes[`target_group_health.${purpose}.minimum_healthy_targets.${what}`] ?? "off";
  const [count, percentage] = [of("count"), of("percentage")];
  return (count === "off" || healthy >= Number(count)) && (percentage === "off" || healthy * 100 >= Number(percentage) * registered);
}

/** Registered and not on its way out. ALB-008 */
export const registered = (target: Target): boolean => target.state !== "draining" && target.state !== "unused";

/** Those of a zone's nodes; with cross-zone load balancing those of all. */
export const inZone = (targets: readonly Target[], zone: string | undefined): Target[] =>
  targets.filter((target) => registered(target) && (zone === undefined || target.zone === zone || target.zone === "all"));

/** ALB-018: no new traffic for the targets of a zone that is shifted away from. */
export const overridden = (balancer: LoadBalancer, { zone }: Target): boolean =>
  balancer.shift !== undefined && balancer.shift.zone === zone;

export const counted = (targets: readonly Target[]) => ({
  registered: targets.length,
  healthy: targets.filter(({ state }) => state === "healthy").length,
});

/** ALB-013: the healthy ones; when they are too few, all that are registered (`open`). */
export function receivers(group: TargetGroup, balancer: LoadBalancer, zone: string | undefined): { targets: Target[]; open: boolean } {
  const all = inZone([...group.targets.values()], zone);
  const kept = all.filter((target) => !overridden(balancer, target));
  const within = kept.length > 0 ? kept : all;
  if (enough(group, "unhealthy_state_routing", counted(within)))
    return { targets: within.filter(({ state }) => state === "healthy"), open: false };
  return { targets: within, open: within.length > 0 };
}

/** ALB-010: the middle of the step that it is in, so that the sum over all steps is that of a straight line. */
function slowShare({ slow }: Target, duration: number, now: Instant): number {
  if (!slow || duration === 0) return 1;
  const step = Math.floor(((now - slow.since) / duration) * SLOW_STEPS);
  return step >= SLOW_STEPS ? 1 : (step + 0.5) / SLOW_STEPS;
}

/** Requests a second for each of them, by the group's algorithm. ALB-011 */
export function split(
  group: TargetGroup,
  targets: readonly Target[],
  containers: readonly (Container | undefined)[],
  rate: number,
  now: Instant,
): number[] {
  const algorithm = group.attributes["load_balancing.algorithm.type"];
  if (algorithm === "least_outstanding_requests") return leastOutstanding(containers, rate);
  const duration = Number(group.attributes["slow_start.duration_seconds"] ?? 0) * 1000;
  const mitigates = algorithm === "weighted_random" && group.attributes["load_balancing.algorithm.anomaly_mitigation"] === "on";
  const anomalous = mitigates ? anomalies(targets, containers) : [];
  const weights = targets.map((target, at) => (anomalous[at] ? ANOMALOUS_WEIGHT : slowShare(target, duration, now)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => (total === 0 ? 0 : (rate * weight) / total));
}

/** Requests a second that it can work off. */
const capacityOf = ({ behaviour, limit }: Container): number =>
  behaviour.perRequest === 0 ? Number.POSITIVE_INFINITY : Math.max(0, limit.cores - behaviour.idle) / behaviour.perRequest;

/**
 * Who has the fewest requests open gets the next one, so all have equally many open. With n open, latency T and capacity c a target is given
 * n / (T + n / c) a second (the world's queue turned round); n is the one with which these add up.
 */
function leastOutstanding(containers: readonly (Container | undefined)[], rate: number): number[] {
  const first = containers[0];
  const alike = containers.every(
    (each) => each && first && each.behaviour.latency === first.behaviour.latency && capacityOf(each) === capacityOf(first),
  );
  // Where nothing listens, requests fail at once or wait in vain; taken as equals, for AWS does not say how these count.
  if (alike || containers.some((each) => !each)) return containers.map(() => rate / containers.length);
  const facts = containers.flatMap((each) => (each ? [{ time: Math.max(each.behaviour.latency, 1) / 1000, most: capacityOf(each) }] : []));
  const most = facts.reduce((sum, each) => sum + each.most, 0);
  if (rate >= most) return facts.map((each) => (rate * each.most) / most);
  const given = (open: number) => facts.map((each) => open / (each.time + open / each.most));
  const sum = (open: number) => given(open).reduce((total, each) => total + each, 0);
  let [low, high] = [0, 1];
  while (sum(high) < rate) high *= 2;
  for (let round = 0; round < 50; round++) {
    const middle = (low + high) / 2;
    if (sum(middle) < rate) low = middle;
    else high = middle;
  }
  // To the last digit what came in goes out.
  const shares = given(high);
  const off = rate / shares.reduce((total, each) => total + each, 0);
  return shares.map((each) => each * off);
}

/** ALB-011: whose share of errors stands out from the others'. AWS does not say by how much; ours: five points more than the middle one's. */
export function anomalies(targets: readonly Target[], containers: readonly (Container | undefined)[]): boolean[] {
  if (targets.length < ANOMALY_TARGETS_MIN) return targets.map(() => false);
  const errors = containers.map((each) => {
    if (!each) return 1;
    const { refused, failing } = service(each);
    return refused + (1 - refused) * failing;
  });
  const middle = errors.toSorted((one, other) => one - other)[Math.floor((errors.length - 1) / 2)] ?? 0;
  return errors.map((each) => each > middle + 0.05);
}
