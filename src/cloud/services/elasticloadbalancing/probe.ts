/** What a health check finds at this moment. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html */
import { seconds } from "../../../kernel/units.ts";
import { listenerAt, listenerKey, service, type Container } from "../../../world/containers.ts";
import { alive, type Machine } from "../../../world/machines.ts";
import { block, holds, parseAddress } from "../ec2/cidr.ts";
import { route, weighted } from "./routing.ts";
import { receivers } from "./sharing.ts";
import type { Here, Listener, LoadBalancer, Rule, Target, TargetGroup } from "./state.ts";

type Finding = "Target.Timeout" | "Target.FailedHealthChecks" | `Target.ResponseCodeMismatch ${number}`;

/** Why a check fails; undefined: it passes. ALB-006 */
export function probe(call: Here, group: TargetGroup, target: Target): Finding | undefined {
  if (group.TargetType === "alb") return judge(group, knock(call, group, target));
  const port = group.HealthCheckPort === "traffic-port" ? target.port : Number(group.HealthCheckPort);
  const machine = machineOf(call, group, target);
  if (!machine || !alive(machine) || isCut(call, machine)) return "Target.Timeout";
  const container = containerOf(call, group, { ...target, port });
  if (!container) return "Target.FailedHealthChecks";
  if (group.HealthCheckProtocol === "TCP") return undefined;
  if (service(container).latency > seconds(group.HealthCheckTimeoutSeconds)) return "Target.Timeout";
  return judge(group, container.behaviour.unhealthy ? 503 : 200);
}

function judge(group: TargetGroup, found: number | "Target.Timeout" | "Target.FailedHealthChecks"): Finding | undefined {
  if (typeof found !== "number") return found;
  if (group.HealthCheckProtocol === "TCP") return undefined;
  // What is well answers as it is asked to: only what is not has a code of its own.
  return found === 200 || fits(group.Matcher?.HttpCode ?? "200", found) ? undefined : `Target.ResponseCodeMismatch ${found}`;
}

/** `200`, `200,202`, `200-299`. */
export const fits = (matcher: string, code: number): boolean =>
  matcher.split(",").some((part) => {
    const [least = 0, most = least] = part.split("-").map(Number);
    return code >= least && code <= most;
  });

/** The machine at a target's address: an instance's own, or whichever has it. */
export function machineOf(call: Here, group: TargetGroup, target: Target): Machine | undefined {
  const { machines, containers, listeners } = call.world;
  if (group.TargetType === "instance") return machines.get(target.id);
  const listening = containers.get(listeners.get(placeOf(call, group, target)) ?? "");
  if (listening) return machines.get(listening.machine);
  const network = networkOf(call, group, target);
  for (const machine of machines.values()) if (machine.network === network && machine.address === target.id) return machine;
  return undefined;
}

const networkOf = (call: Here, group: TargetGroup, target: Target): string =>
  target.network ?? (siteOf(call, group, target) || group.VpcId);

/** Where it listens, as the world knows places. */
export function placeOf(call: Here, group: TargetGroup, target: Target): string {
  if (group.TargetType !== "instance") return listenerKey(networkOf(call, group, target), target.id, target.port);
  const machine = call.world.machines.get(target.id);
  return listenerKey(machine?.network ?? "", machine?.address ?? "", target.port);
}

export const containerOf = (call: Here, group: TargetGroup, target: Target): Container | undefined =>
  listenerAt(call.world, placeOf(call, group, target));

/** The site whose host has an address that is none of the VPC's. */
export function siteOf(call: Here, { VpcId }: TargetGroup, { id }: Pick<Target, "id">): string | undefined {
  if (inVpc(call, VpcId, id)) return undefined;
  for (const { site, address } of call.world.machines.values()) if (site !== undefined && address === id) return site;
  return undefined;
}

export function inVpc(call: Here, vpcId: string, address: string): boolean {
  const value = parseAddress(address)?.value;
  const blocks = call.peek("ec2").vpcs.get(vpcId)?.CidrBlockAssociationSet ?? [];
  return value !== undefined && blocks.some(({ CidrBlock }) => CidrBlock !== undefined && holds(block(CidrBlock), 4, value));
}

/** A data centre that no line leads to. */
export const isCut = (call: Here, { site }: Machine): boolean => site !== undefined && call.world.linesCut.has(`${site}/${call.region}`);

/** What a load balancer answers that is another one's target. */
function knock(call: Here, group: TargetGroup, { id, port }: Target): number | "Target.Timeout" | "Target.FailedHealthChecks" {
  const balancer = call.state.loadBalancers.get(id);
  if (balancer?.State.Code !== "active") return "Target.Timeout";
  const listener = listenerOn(call, balancer, port);
  if (!listener) return "Target.FailedHealthChecks";
  const asked = { host: balancer.DNSName, path: group.HealthCheckPath ?? "/", method: "GET" };
  const { action } = route({ rules: rulesOf(call, listener), DefaultActions: listener.DefaultActions }, asked);
  if (action?.Type === "fixed-response") return Number(action.FixedResponseConfig?.StatusCode);
  if (action?.Type === "redirect") return action.RedirectConfig?.StatusCode === "HTTP_302" ? 302 : 301;
  const inner = call.state.targetGroups.get((action && weighted(action)[0]?.group) ?? "");
  const found = inner ? receivers(inner, balancer, undefined) : undefined;
  if (!found?.targets.length) return 503; // ALB-020
  return found.open ? 502 : 200; // ALB-022
}

export function* rulesOf(call: Here, { rules }: Listener): Iterable<Rule> {
  for (const arn of rules) {
    const rule = call.state.rules.get(arn);
    if (rule) yield rule;
  }
}

/** The listener of a port; without one the one that users mean: HTTPS if there is such, else the first. */
export function listenerOn(call: Here, { listeners }: LoadBalancer, port?: number): Listener | undefined {
  const all = [...listeners].flatMap((arn) => call.state.listeners.get(arn) ?? []);
  if (port !== undefined) return all.find(({ Port }) => Port === port);
  return all.find(({ Protocol, Port }) => Protocol === "HTTPS" || Protocol === "TLS" || Port === 443) ?? all[0];
}
