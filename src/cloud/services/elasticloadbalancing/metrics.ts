/** What CloudWatch is told. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html */
import { level, rate, sample, type Series } from "../cloudwatch/report.ts";
import { counted, crosses, enough, inZone, receivers } from "./sharing.ts";
import { leaderOf, noFlow, type Flow, type Here, type LoadBalancer, type TargetGroup, type Told } from "./state.ts";

/** Of a load balancer, or of one of its target groups; of one zone, or of all. */
type About = { balancer: LoadBalancer; group?: TargetGroup; zone?: string };

function series({ balancer, group, zone }: About, name: string): Series {
  const dimensions: Record<string, string> = { LoadBalancer: balancer.fullName };
  if (group) dimensions.TargetGroup = group.fullName;
  if (zone !== undefined) dimensions.AvailabilityZone = zone;
  const namespace = balancer.Type === "network" ? "AWS/NetworkELB" : "AWS/ApplicationELB";
  return { namespace, name, dimensions, unit: name === "TargetResponseTime" ? "Seconds" : "Count" };
}

/** What holds from now on; nothing to say when it did before. */
function say(call: Here, how: typeof level, about: About, name: string, value: number | undefined): void {
  const told = about.group?.told ?? about.balancer.told;
  const key = about.zone === undefined ? name : `${name} ${about.zone}`;
  const now = value ?? Number.NaN;
  if (Object.is(told.get(key) ?? Number.NaN, now)) return;
  told.set(key, now);
  how(call, series(about, name), value);
}

/** The load balancer is no more, or leads to the group no more: nobody counts. */
export function forget(call: Here, balancer: LoadBalancer, told: Told, group?: TargetGroup): void {
  for (const key of told.keys()) {
    const [name = "", zone] = key.split(" ");
    level(call, series({ balancer, group, zone }, name), undefined);
  }
  if (group && told.has("RequestCountPerTarget")) level(call, alone(group), undefined);
  told.clear();
}

/** ALB-024: whenever there are checks, with or without requests. */
export function reportHealth(call: Here, group: TargetGroup): void {
  const balancer = leaderOf(call, group);
  if (!balancer) return;
  const all = [...group.targets.values()];
  const count = (state: string, zone?: string) =>
    all.filter((each) => each.state === state && (zone === undefined || each.zone === zone)).length;
  for (const zone of [undefined, ...balancer.nodes.map((node) => node.zone)]) {
    say(call, level, { balancer, group, zone }, "HealthyHostCount", count("healthy", zone));
    say(call, level, { balancer, group, zone }, "UnHealthyHostCount", count("unhealthy", zone));
  }
  const zones = balancer.nodes.map(({ zone }) => counted(inZone(all, crosses(group, balancer) ? undefined : zone)));
  for (const [name, purpose] of [
    ["DNS", "dns_failover"],
    ["Routing", "unhealthy_state_routing"],
  ] as const) {
    const healthy = zones.filter((zone) => enough(group, purpose, zone)).length;
    say(call, level, { balancer, group }, `HealthyState${name}`, healthy);
    say(call, level, { balancer, group }, `UnhealthyState${name}`, zones.length - healthy);
  }
}

/** ALB-023: zeros are not reported. */
const some = (value: number): number | undefined => (value > 0 ? value : undefined);
const within = (codes: ReadonlyMap<number, number>, hundreds: number): number => {
  let sum = 0;
  for (const [code, each] of codes) if (Math.floor(code / 100) === hundreds) sum += each;
  return sum;
};

/** Codes that the load balancer has metrics of their own for. */
const own = [500, 502, 503, 504];

/** What passes through a load balancer from now on; `groups`: those whose flow is another. */
export function reportFlow(call: Here, balancer: LoadBalancer, groups: Iterable<TargetGroup>): void {
  if (balancer.Type === "network") return reportNetwork(call, balancer);
  const all = noFlow();
  for (const offer of balancer.offers.values()) {
    all.requests += offer.rate - offer.lost;
    merge(all.own, offer.own);
  }
  for (const arn of balancer.groups) {
    const flow = call.state.targetGroups.get(arn)?.flow;
    if (flow) gather(all, flow);
  }
  const said = (name: string, value: number, zone?: string) => say(call, rate, { balancer, zone }, name, some(value));
  said("RequestCount", all.requests);
  for (const { zone } of balancer.nodes)
    said("RequestCount", balancer.named.includes(zone) ? all.requests / balancer.named.length : 0, zone);
  for (const hundreds of [2, 3, 4, 5]) {
    said(`HTTPCode_Target_${hundreds}XX_Count`, within(all.target, hundreds));
    if (hundreds > 2) said(`HTTPCode_ELB_${hundreds}XX_Count`, within(all.own, hundreds));
  }
  for (const code of own) said(`HTTPCode_ELB_${code}_Count`, all.own.get(code) ?? 0);
  said("TargetConnectionErrorCount", all.refusedConnections);
  say(call, level, { balancer }, "TargetResponseTime", all.answered > 0 ? all.time / all.answered : undefined);
  for (const group of groups) reportGroup(call, balancer, group);
}

function reportGroup(call: Here, balancer: LoadBalancer, group: TargetGroup): void {
  const { flow } = group;
  const about = { balancer, group };
  const said = (name: string, value: number) => say(call, rate, about, name, some(value));
  said("RequestCount", flow.requests);
  for (const hundreds of [2, 3, 4, 5]) said(`HTTPCode_Target_${hundreds}XX_Count`, within(flow.target, hundreds));
  said("TargetConnectionErrorCount", flow.refusedConnections);
  said("UnhealthyRoutingRequestCount", flow.open);
  // ALB-025: by those that requests go to.
  const targets = receivers(group, balancer, undefined).targets.length;
  const each = targets === 0 ? 0 : flow.requests / targets;
  if (some(each) !== group.told.get("RequestCountPerTarget")) rate(call, alone(group), some(each));
  said("RequestCountPerTarget", each);
  say(call, level, about, "TargetResponseTime", flow.answered > 0 ? flow.time / flow.answered : undefined);
}

/** ALB-023: the one metric that is told of a group by itself, too. */
const alone = ({ fullName }: TargetGroup): Series => ({
  namespace: "AWS/ApplicationELB",
  name: "RequestCountPerTarget",
  dimensions: { TargetGroup: fullName },
  unit: "Count",
});

/** docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-cloudwatch-metrics.html; a request is taken for a flow. */
function reportNetwork(call: Here, balancer: LoadBalancer): void {
  let flows = 0;
  for (const { rate: all, lost } of balancer.offers.values()) flows += all - lost;
  say(call, rate, { balancer }, "NewFlowCount", some(flows));
  say(call, rate, { balancer }, "NewFlowCount_TCP", some(flows));
}

/** Requests that were under way when their target went. */
export function reportCut(call: Here, balancer: LoadBalancer, requests: number, code: 502 | 504): void {
  if (balancer.Type === "network") return;
  for (const name of [`HTTPCode_ELB_${code}_Count`, "HTTPCode_ELB_5XX_Count"]) sample(call, series({ balancer }, name), requests);
}

export function merge(into: Map<number, number>, codes: ReadonlyMap<number, number>): void {
  for (const [code, each] of codes) into.set(code, (into.get(code) ?? 0) + each);
}

function gather(all: Flow, flow: Flow): void {
  merge(all.own, flow.own);
  merge(all.target, flow.target);
  all.time += flow.time;
  all.answered += flow.answered;
  all.refusedConnections += flow.refusedConnections;
}
