/**
 * Users' requests through load balancers, as rates: rules, target groups, targets, and what comes back.
 * Worked out anew for what a change touches, and not in between.
 */
import { milliseconds, type Duration } from "../../../kernel/units.ts";
import { loads, service, setLoad, type Container } from "../../../world/containers.ts";
import type { Demand } from "../../../world/demand.ts";
import { alive } from "../../../world/machines.ts";
import type { Change } from "../../../world/physics.ts";
import { addressesOf, doors, rename } from "./dns.ts";
import { reconsider } from "./health.ts";
import { reportCut, reportFlow } from "./metrics.ts";
import { containerOf, isCut, listenerOn, machineOf, rulesOf } from "./probe.ts";
import { route, weighted } from "./routing.ts";
import { crosses, receivers, registered, split } from "./sharing.ts";
import {
  calm,
  groupOf,
  leaderOf,
  noFlow,
  type Flow,
  type Here,
  type LoadBalancer,
  type Offer,
  type Target,
  type TargetGroup,
} from "./state.ts";

const add = (map: Map<number, number>, code: number, by: number): void => {
  if (by > 0) map.set(code, (map.get(code) ?? 0) + by);
};

export function demandChanged(call: Here, { demand: id }: Extract<Change, { kind: "demand" }>): void {
  const demand = call.world.demands.get(id);
  const entry = demand && call.state.names.get(demand.name);
  const known = call.state.served.get(id);
  const before = known?.balancer;
  if (entry === undefined && !known) return;
  const former = call.state.loadBalancers.get(before ?? "");
  if (former && (before !== entry || !demand)) withdraw(call, former, id);
  const balancer = call.state.loadBalancers.get(entry ?? "");
  if (balancer && demand) offer(call, balancer, id, demand.rate);
  const { requests, failed } = servedOf(call, id);
  call.state.served.set(id, { balancer: entry, at: call.now, rate: 0, failing: 0, requests, failed });
  touch(call, { demand: id });
}

/** A name leads to a load balancer from now on, or (without one) to none: what Route 53 knows. */
export function alias(call: Here, name: string, dnsName: string | undefined): void {
  const arn = call.state.names.get(dnsName ?? "");
  if (arn === undefined) call.state.names.delete(name);
  else call.state.names.set(name, arn);
  named(call, name);
}

/** Users of that name find it led elsewhere. */
export function named(call: Here, name: string): void {
  for (const [demand, { name: theirs }] of call.world.demands) if (theirs === name) demandChanged(call, { kind: "demand", demand });
}

/** To be worked out anew: once an instant, after all that happens at it, however much that is. */
export function touch(call: Here, { group, balancer, demand }: { group?: TargetGroup; balancer?: LoadBalancer; demand?: string }): void {
  const { wave } = call.state;
  if (group) wave.groups.add(group.TargetGroupArn);
  if (balancer) wave.balancers.add(balancer.LoadBalancerArn);
  if (demand !== undefined) wave.demands.add(demand);
  wave.event ??= call.after(milliseconds(0), "ripple", {});
}

/** Listeners, rules, zones or addresses of a load balancer are others. */
export function reroute(call: Here, balancer: LoadBalancer): void {
  for (const [id, { rate, port }] of [...balancer.offers]) offer(call, balancer, id, rate, port);
  knockedAt(call, balancer);
}

/** Targets of a group are others, or fare otherwise. */
export function refresh(call: Here, group: TargetGroup): void {
  const balancer = leaderOf(call, group);
  if (!balancer) return;
  if (group.TargetType === "alb") return reroute(call, balancer);
  if (balancer.offers.size > 0) touch(call, { group, balancer });
  knockedAt(call, balancer);
}

/** Checks of a load balancer before it may find something else. */
function knockedAt(call: Here, balancer: LoadBalancer): void {
  for (const arn of call.state.holders.get(balancer.LoadBalancerArn) ?? []) {
    const outer = groupOf(call, arn);
    for (const target of outer.targets.values()) reconsider(call, outer, target);
  }
}

/** All requests of a demand that come to a load balancer, by its rules. The listener: of that port, or the one users mean. */
function offer(call: Here, balancer: LoadBalancer, id: string, rate: number, port?: number): void {
  withdraw(call, balancer, id);
  const demand = call.world.demands.get(id);
  if (!demand) return;
  if (balancer.offers.size === 0) balancer.named = addressesOf(call, balancer); // who comes first looks the name up
  const made: Offer = { rate, port, to: new Map(), own: new Map(), lost: 0 };
  balancer.offers.set(id, made);
  touch(call, { balancer, demand: id });
  const listener = listenerOn(call, balancer, port);
  if (!listener || balancer.State.Code !== "active" || doors(call, balancer).length === 0) {
    made.lost = rate;
    return;
  }
  const { action } = route({ rules: rulesOf(call, listener), DefaultActions: listener.DefaultActions }, askedBy(demand, balancer));
  if (action?.Type === "fixed-response") return add(made.own, Number(action.FixedResponseConfig?.StatusCode), rate);
  if (action?.Type === "redirect") return add(made.own, action.RedirectConfig?.StatusCode === "HTTP_302" ? 302 : 301, rate);
  const parts = action ? weighted(action) : [];
  if (parts.length === 0) add(made.own, 503, rate);
  for (const { group, share } of parts) forward(call, { balancer, id, made }, groupOf(call, group), rate * share);
}

const askedBy = ({ host, path, method }: Demand, { DNSName }: LoadBalancer) => {
  const [bare = "", query = ""] = path.split("?");
  return { host: host ?? DNSName, path: bare, method, query: [...new URLSearchParams(query)] };
};

type Offered = { balancer: LoadBalancer; id: string; made: Offer };

function forward(call: Here, { balancer, id, made }: Offered, group: TargetGroup, rate: number): void {
  made.to.set(group.TargetGroupArn, (made.to.get(group.TargetGroupArn) ?? 0) + rate);
  group.offered.set(id, (group.offered.get(id) ?? 0) + rate);
  touch(call, { group });
  if (group.TargetType !== "alb") return;
  const [next] = receivers(group, balancer, undefined).targets;
  const inner = call.state.loadBalancers.get(next?.id ?? "");
  if (next && inner) offer(call, inner, id, rate, next.port);
}

function withdraw(call: Here, balancer: LoadBalancer, id: string): void {
  const made = balancer.offers.get(id);
  if (!made) return;
  balancer.offers.delete(id);
  touch(call, { balancer, demand: id });
  for (const arn of made.to.keys()) {
    const group = call.state.targetGroups.get(arn);
    if (!group) continue;
    group.offered.delete(id);
    touch(call, { group });
    for (const { id: inner } of group.TargetType === "alb" ? group.targets.values() : []) {
      const next = call.state.loadBalancers.get(inner);
      if (next) withdraw(call, next, id);
    }
  }
}

/** Works out what has been touched, each part once: groups, then the loads of all containers, then metrics, names and users. */
export function ripple(call: Here): void {
  const { groups: arns, balancers: names, demands } = call.state.wave;
  call.state.wave = calm();
  const groups = [...arns].flatMap((arn) => call.state.targetGroups.get(arn) ?? []);
  const changed = new Map<string, { group: TargetGroup; target: Target }>();
  const touched = new Map<string, TargetGroup[]>([...names].map((arn) => [arn, []]));
  for (const group of groups) {
    serve(call, group, changed);
    for (const arn of group.LoadBalancerArns) touched.set(arn, [...(touched.get(arn) ?? []), group]);
    for (const id of group.offered.keys()) demands.add(id);
  }
  loads(call.world, [...changed.keys()], call.region);
  for (const [arn, theirs] of touched) {
    const balancer = call.state.loadBalancers.get(arn);
    if (!balancer) continue;
    reportFlow(call, balancer, theirs);
    rename(call, balancer);
  }
  for (const id of demands) count(call, id);
  // Who has too much to do may answer too late for a check.
  for (const { group, target } of changed.values()) reconsider(call, group, target);
}

/** Splits a group's requests over its targets. ALB-013, ALB-015, ALB-016 */
function serve(call: Here, group: TargetGroup, changed: Map<string, { group: TargetGroup; target: Target }>): void {
  const flow = noFlow();
  for (const rate of group.offered.values()) flow.requests += rate;
  const balancer = leaderOf(call, group);
  const given = new Map<Target, number>();
  group.flow = flow;
  if (group.TargetType === "alb") return;
  const known = new Map([...group.targets.values()].map((target) => [target, containerOf(call, group, target)]));
  const found = (target: Target) => known.get(target);
  for (const { zone, share } of balancer && flow.requests > 0 ? scopes(call, group, balancer) : []) {
    const { targets, open } = receivers(group, balancer!, zone);
    const rate = flow.requests * share;
    if (targets.length === 0) add(flow.own, 503, rate);
    if (open) flow.open += rate;
    const containers = targets.map((target) => found(target));
    const parts = split(group, targets, containers, rate, call.now);
    for (const [at, target] of targets.entries()) given.set(target, (given.get(target) ?? 0) + (parts[at] ?? 0));
  }
  for (const target of group.targets.values()) {
    const load = given.get(target) ?? 0;
    if (load === 0 && target.load === 0) continue;
    const container = found(target);
    if (container && give(target, container, load)) changed.set(container.id, { group, target });
    target.load = load;
    target.container = container?.id;
  }
  for (const [target, load] of given) answer(call, { group, target, flow, container: found(target) }, load);
  const failed = [...flow.own.values()].reduce((sum, each) => sum + each, 0) + sumOf(flow.target, 500);
  flow.failing = flow.requests === 0 ? 0 : failed / flow.requests;
}

const sumOf = (codes: ReadonlyMap<number, number>, from: number): number =>
  [...codes].reduce((sum, [code, each]) => sum + (code >= from ? each : 0), 0);

const scopes = (call: Here, group: TargetGroup, balancer: LoadBalancer): { zone?: string; share: number }[] => {
  if (crosses(group, balancer)) return [{ share: 1 }];
  const open = doors(call, balancer);
  return open.map((zone) => ({ zone, share: 1 / open.length }));
};

/** A container may be a target twice, so it is given the difference; in billionths, lest sums of fractions never come back to nothing. */
function give(target: Target, container: Container, load: number): boolean {
  const before = target.container === container.id ? target.load : 0;
  return setLoad(container, Math.max(0, Math.round((container.load + load - before) * 1e9) / 1e9));
}

type Answering = { group: TargetGroup; target: Target; flow: Flow; container: Container | undefined };

/** What comes back of a target's requests. ALB-020 */
function answer(call: Here, { group, target, flow, container }: Answering, load: number): void {
  const machine = container ? call.world.machines.get(container.machine) : machineOf(call, group, target);
  const cutOff = machine !== undefined && isCut(call, machine);
  if (!container || cutOff) {
    // A machine that is there refuses the connection at once; one that is not lets ten seconds pass. ALB-019
    add(flow.own, alive(machine) && !cutOff ? 502 : 504, load);
    flow.refusedConnections += load;
    return;
  }
  const { latency, refused, failing } = service(container);
  const balancer = leaderOf(call, group);
  const idle = Number(balancer?.attributes["idle_timeout.timeout_seconds"] ?? Number.POSITIVE_INFINITY) * 1000;
  // What it has no cores for waits until the idle time-out, and so does what takes longer. ALB-019
  const late = latency > idle ? 1 : refused;
  const answered = load * (1 - late);
  add(flow.own, 504, load * late);
  add(flow.target, 500, answered * failing);
  add(flow.target, 200, answered * (1 - failing));
  flow.time += (latency / 1000) * answered;
  flow.answered += answered;
}

/** What users of a demand have got until now, and what they get from now on. */
function count(call: Here, id: string): void {
  const known = call.state.served.get(id);
  if (!known) return;
  const demand = call.world.demands.get(id);
  const balancer = call.state.loadBalancers.get(known.balancer ?? "");
  const rate = demand?.rate ?? 0;
  // A name that leads nowhere any more serves nobody.
  const failing = balancer ? failingOf(call, balancer, id) : rate;
  call.state.served.set(id, { balancer: known.balancer, at: call.now, rate, failing, ...servedOf(call, id) });
}

function failingOf(call: Here, balancer: LoadBalancer, id: string): number {
  const { offers } = balancer;
  const made = offers.get(id);
  if (!made) return 0;
  if (doors(call, balancer).length === 0) return made.rate; // the region, or all of its zones, are lost
  let failing = made.lost + sumOf(made.own, 500);
  for (const [arn, rate] of made.to) {
    const group = call.state.targetGroups.get(arn);
    if (group?.TargetType !== "alb") failing += rate * (group?.flow.failing ?? 1);
    else {
      const inner = [...group.targets.values()].filter(registered).map((target) => call.state.loadBalancers.get(target.id));
      const next = inner.find((each) => each?.offers.has(id));
      failing += next ? failingOf(call, next, id) : rate;
    }
  }
  return failing;
}

/** Requests of a demand, and those of them that failed for the users, up to this moment. */
export function servedOf(call: Here, id: string): { requests: number; failed: number } {
  const known = call.state.served.get(id);
  if (!known) return { requests: 0, failed: 0 };
  const seconds = (call.now - known.at) / 1000;
  return { requests: known.requests + known.rate * seconds, failed: known.failed + known.failing * seconds };
}

/** Requests of a target that will still be open when its deregistration delay ends. ALB-008 */
export function cutOff(call: Here, group: TargetGroup, target: Target, delay: Duration): number {
  const container = containerOf(call, group, target);
  if (!container || target.load === 0) return 0;
  return (target.load * Math.max(0, service(container).latency - delay)) / 1000;
}

/** Those are cut: their users see an error. */
export function cut(call: Here, group: TargetGroup, requests: number, code: 502 | 504): void {
  const balancer = leaderOf(call, group);
  if (!balancer || requests === 0) return;
  reportCut(call, balancer, requests, code);
  const total = [...group.offered.values()].reduce((sum, each) => sum + each, 0);
  for (const [id, rate] of group.offered) {
    const served = call.state.served.get(id);
    if (served) served.failed += (requests * rate) / total;
  }
}

/** Its container has ended, or its machine has: what it was working on is lost. */
export function lost(call: Here, group: TargetGroup, target: Target): void {
  const container = call.world.containers.get(target.container ?? "");
  if (!container || target.load === 0) return;
  const on = alive(call.world.machines.get(container.machine));
  if (container.state !== "ended" && on) return;
  const { latency } = service({ ...container, load: target.load });
  cut(call, group, (target.load * milliseconds(latency)) / 1000, on ? 502 : 504);
  target.container = undefined; // once
}
