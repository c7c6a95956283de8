/**
 * Users' requests through a load balancer, as rates: rules, target groups, targets, and what comes back.
 * Worked out anew when demand, rules, registrations or health change, and not in between.
 */
import type * as sdk from "@aws-sdk/client-elastic-load-balancing-v2";
import { milliseconds } from "../../../kernel/units.ts";
import { listenerAt, loads, service, setLoad } from "../../../world/containers.ts";
import type { Demand } from "../../../world/demand.ts";
import { alive } from "../../../world/machines.ts";
import type { Change } from "../../../world/physics.ts";
import { level, rate, seriesOf, type Series } from "../cloudwatch/report.ts";
import { placeOf } from "./health.ts";
import { holds } from "./routing.ts";
import type { Here, LoadBalancer, Target, TargetGroup, Timers } from "./state.ts";

/** Requests a second by what answered them. */
type Answers = { elb: Map<number, number>; target: Map<number, number>; requests: number; time: number; answered: number };

const none = (): Answers => ({ elb: new Map(), target: new Map(), requests: 0, time: 0, answered: 0 });

const add = (map: Map<number, number>, code: number, by: number): void => {
  if (by > 0) map.set(code, (map.get(code) ?? 0) + by);
};

/** Once an instant, however much has changed: after all that happens at it. */
export function flowSoon(call: Here, arn: string): void {
  const balancer = call.state.loadBalancers.get(arn);
  if (!balancer || balancer.flowing) return;
  balancer.flowing = true;
  call.after(milliseconds(0), "flow", { balancer: arn });
}

export function flowOfGroup(call: Here, group: TargetGroup): void {
  for (const arn of group.LoadBalancerArns) flowSoon(call, arn);
}

export function demandChanged(call: Here, { demand: id }: Extract<Change, { kind: "demand" }>): void {
  const demand = call.world.demands.get(id);
  if (!demand) for (const arn of call.state.loadBalancers.keys()) flowSoon(call, arn);
  else {
    const arn = call.state.names.get(demand.name);
    if (arn !== undefined) flowSoon(call, arn);
  }
}

/** Splits all demand of a load balancer over its targets, tells them, and reports what users see. */
export function flow(call: Here, { balancer: arn }: Timers["flow"]): void {
  const balancer = call.state.loadBalancers.get(arn);
  if (!balancer) return;
  balancer.flowing = false;
  const wanted = new Map<TargetGroup, number>();
  const answers = none();
  const shares: { id: string; demand: Demand; parts: { group?: TargetGroup; code?: number; rate: number }[] }[] = [];
  for (const [id, demand] of call.world.demands) {
    if (demand.name !== balancer.DNSName) continue;
    const parts = routed(call, balancer, demand);
    shares.push({ id, demand, parts });
    answers.requests += demand.rate;
    for (const { group, code, rate: part } of parts) {
      if (group) wanted.set(group, (wanted.get(group) ?? 0) + part);
      else add(answers.elb, code ?? 503, part);
    }
  }
  const changed: string[] = [];
  const failing = new Map<TargetGroup, number>();
  for (const group of groupsOf(call, balancer)) failing.set(group, serve(call, group, wanted.get(group) ?? 0, answers, changed));
  loads(call.world, changed, call.region);
  report(call, balancer, answers, wanted);
  for (const { id, demand, parts } of shares) {
    const failed = parts.reduce(
      (sum, { group, code = 503, rate: part }) => sum + part * (group ? (failing.get(group) ?? 0) : code >= 500 ? 1 : 0),
      0,
    );
    count(call, id, demand.rate, failed);
  }
}

const groupsOf = (call: Here, { groups }: LoadBalancer): TargetGroup[] =>
  [...groups].flatMap((arn) => call.state.targetGroups.get(arn) ?? []);

/** The first rule that holds, on the listener that serves: HTTPS if there is one, else HTTP. */
function routed(call: Here, balancer: LoadBalancer, demand: Demand): { group?: TargetGroup; code?: number; rate: number }[] {
  const listeners = [...balancer.listeners].map((arn) => call.state.listeners.get(arn)!);
  const listener = listeners.find(({ Protocol }) => Protocol === "HTTPS") ?? listeners[0];
  if (!listener || balancer.State.Code !== "active") return [{ code: 503, rate: demand.rate }];
  const asked = { host: demand.host ?? balancer.DNSName, path: demand.path, method: demand.method };
  const rule = listener.rules.map((arn) => call.state.rules.get(arn)!).find(({ Conditions }) => holds(Conditions, asked));
  const action = (rule?.Actions ?? listener.DefaultActions).find(
    ({ Type }) => Type === "forward" || Type === "fixed-response" || Type === "redirect",
  );
  if (action?.Type !== "forward") return [{ code: Number(action?.FixedResponseConfig?.StatusCode ?? 301), rate: demand.rate }];
  return weighted(call, action, demand.rate);
}

function weighted(call: Here, { ForwardConfig }: sdk.Action, all: number): { group?: TargetGroup; code?: number; rate: number }[] {
  const groups = ForwardConfig?.TargetGroups ?? [];
  const total = groups.reduce((sum, { Weight = 1 }) => sum + Weight, 0);
  if (total === 0) return [{ code: 503, rate: all }];
  return groups.flatMap(({ TargetGroupArn = "", Weight = 1 }) => {
    const group = call.state.targetGroups.get(TargetGroupArn);
    return Weight > 0 ? [{ group, code: 503, rate: (all * Weight) / total }] : [];
  });
}

/** ALB-013: to the healthy ones; when too few are, to all that are registered. */
function receivers(group: TargetGroup): { targets: Target[]; open: boolean } {
  const registered = [...group.targets.values()].filter(({ state }) => state !== "draining" && state !== "unused");
  const healthy = registered.filter(({ state }) => state === "healthy");
  const { attributes } = group;
  const least = Number(attributes["target_group_health.unhealthy_state_routing.minimum_healthy_targets.count"] ?? 1);
  const percent = Number(attributes["target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage"]);
  const enough = healthy.length >= least && (Number.isNaN(percent) || healthy.length * 100 >= percent * registered.length);
  return enough ? { targets: healthy, open: false } : { targets: registered, open: registered.length > 0 };
}

/** Answers the share of the requests that fail. ALB-020 */
function serve(call: Here, group: TargetGroup, all: number, answers: Answers, changed: string[]): number {
  const { targets } = receivers(group);
  const each = targets.length === 0 ? 0 : all / targets.length;
  const chosen = new Set(targets);
  let failed = targets.length === 0 ? all : 0;
  if (targets.length === 0) add(answers.elb, 503, all);
  for (const target of group.targets.values()) {
    const load = chosen.has(target) ? each : 0;
    target.load = load;
    const { key, machine } = placeOf(call, group, target);
    const container = listenerAt(call.world, key);
    if (container && setLoad(container, load)) changed.push(container.id);
    if (load === 0) continue;
    if (!container) {
      // A machine that is there refuses, one that is not lets the connection time out.
      add(answers.elb, machine === undefined || alive(call.world.machines.get(machine)) ? 502 : 504, load);
      failed += load;
      continue;
    }
    const { latency, refused, failing } = service(container);
    const answered = load * (1 - refused);
    add(answers.elb, 504, load * refused);
    add(answers.target, 500, answered * failing);
    add(answers.target, 200, answered * (1 - failing));
    answers.time += (latency / 1000) * answered;
    answers.answered += answered;
    failed += load * refused + answered * failing;
  }
  return all === 0 ? 0 : failed / all;
}

const classes = ["2XX", "3XX", "4XX", "5XX"];
const own = [500, 502, 503, 504];

/** The balancer's series of that name, or its target group's: made once, for it is reported whenever anything changes. */
function series({ reported, fullName }: LoadBalancer, name: string, group?: TargetGroup): Series {
  const key = group ? `${name} ${group.fullName}` : name;
  let known = reported.get(key);
  if (!known) {
    const dimensions = { LoadBalancer: fullName, ...(group && { TargetGroup: group.fullName }) };
    known = seriesOf({ namespace: "AWS/ApplicationELB", name, dimensions, unit: name === "TargetResponseTime" ? "Seconds" : "Count" });
    reported.set(key, known);
  }
  return known;
}

/** ALB-023, ALB-025: only while requests come. */
function report(call: Here, balancer: LoadBalancer, answers: Answers, wanted: ReadonlyMap<TargetGroup, number>): void {
  const { elb, target, requests, time, answered } = answers;
  const tell = (name: string, value: number, group?: TargetGroup) =>
    rate(call, series(balancer, name, group), value > 0 ? value : undefined);
  const sum = (map: Map<number, number>, first: number) => {
    let total = 0;
    for (const [code, each] of map) if (Math.floor(code / 100) === first) total += each;
    return total;
  };
  tell("RequestCount", requests);
  for (const [at, name] of classes.entries()) {
    tell(`HTTPCode_Target_${name}_Count`, sum(target, at + 2));
    if (at > 0) tell(`HTTPCode_ELB_${name}_Count`, sum(elb, at + 2));
  }
  for (const code of own) tell(`HTTPCode_ELB_${code}_Count`, elb.get(code) ?? 0);
  tell("TargetConnectionErrorCount", (elb.get(502) ?? 0) + (elb.get(504) ?? 0));
  level(call, series(balancer, "TargetResponseTime"), answered === 0 ? undefined : time / answered);
  for (const [group, all] of wanted) {
    const { length: targets } = receivers(group).targets;
    tell("RequestCount", all, group);
    tell("RequestCountPerTarget", targets === 0 ? 0 : all / targets, group);
  }
}

/** What users of a demand have got until now. */
function count(call: Here, id: string, rateNow: number, failing: number): void {
  const known = call.state.served.get(id) ?? { at: call.now, rate: 0, failing: 0, requests: 0, failed: 0 };
  const seconds = (call.now - known.at) / 1000;
  call.state.served.set(id, {
    at: call.now,
    rate: rateNow,
    failing,
    requests: known.requests + known.rate * seconds,
    failed: known.failed + known.failing * seconds,
  });
}

/** Requests of a demand, and those of them that failed, up to this moment. */
export function servedOf(call: Here, id: string): { requests: number; failed: number } {
  const known = call.state.served.get(id);
  if (!known) return { requests: 0, failed: 0 };
  const seconds = (call.now - known.at) / 1000;
  return { requests: known.requests + known.rate * seconds, failed: known.failed + known.failing * seconds };
}
