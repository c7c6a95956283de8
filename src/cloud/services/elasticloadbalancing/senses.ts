/** What load balancers perceive of the world, and hear of EC2. Requests find out at once what health checks find out later. */
import type { Notices } from "../../service.ts";
import type { Change } from "../../../world/physics.ts";
import { reconsider, revise } from "./health.ts";
import { machineOf } from "./probe.ts";
import { leaderOf, targetKey, type Here, type Target, type TargetGroup } from "./state.ts";
import { lost, reroute, touch } from "./traffic.ts";

type Found = { group: TargetGroup; target: Target };

/** Targets with one of these ids, of that port if one is given (or checked at it). */
function* targetsAt(call: Here, ids: Iterable<string>, port?: number): Iterable<Found> {
  for (const id of ids)
    for (const arn of call.state.holders.get(id) ?? []) {
      const group = call.state.targetGroups.get(arn);
      if (!group) continue;
      const exact = port === undefined || group.HealthCheckPort === String(port) ? undefined : group.targets.get(targetKey(id, port));
      if (exact) yield { group, target: exact };
      else for (const target of group.targets.values()) if (target.id === id && fits(group, target, port)) yield { group, target };
    }
}

const fits = ({ HealthCheckPort }: TargetGroup, target: Target, port: number | undefined): boolean =>
  port === undefined || target.port === port || HealthCheckPort === String(port);

export function containerChanged(call: Here, { container: id }: Extract<Change, { kind: "container" }>): void {
  const container = call.world.containers.get(id);
  if (!container) return;
  for (const key of container.listens) {
    const [, address = "", port] = key.split("/");
    look(call, targetsAt(call, new Set([container.machine, address]), Number(port)));
  }
}

export function machineChanged(call: Here, { machine: id }: Extract<Change, { kind: "machine" }>): void {
  const { machines, containers } = call.world;
  const machine = machines.get(id);
  const ids = new Set([id, machine?.address ?? id]);
  for (const container of machine?.containers ?? [])
    for (const key of containers.get(container)?.listens ?? []) ids.add(key.split("/")[1] ?? "");
  look(call, targetsAt(call, ids));
}

/** A line to a data centre: its hosts are there for some, or not. */
export function lineChanged(call: Here, { site }: Extract<Change, { kind: "line" }>): void {
  const found: Found[] = [];
  for (const group of call.state.targetGroups.values())
    if (group.TargetType === "ip") for (const target of group.targets.values()) if (target.network === site) found.push({ group, target });
  look(call, found);
}

function look(call: Here, found: Iterable<Found>): void {
  for (const { group, target } of found) {
    target.network ??= group.TargetType === "ip" ? machineOf(call, group, target)?.site : undefined;
    lost(call, group, target);
    reconsider(call, group, target);
    if (group.offered.size > 0) touch(call, { group });
  }
}

/** A zone is dark, or lit again: so are the nodes in it. */
export function zoneChanged(call: Here, { zone }: Extract<Change, { kind: "zone" }>): void {
  for (const balancer of call.state.loadBalancers.values())
    if (balancer.offers.size > 0 && balancer.nodes.some(({ zoneId }) => zoneId === zone)) reroute(call, balancer);
}

/** ALB-007: an instance that is stopped or terminated gets nothing; one that runs again begins anew. */
export function instanceChanged(call: Here, { instanceId }: Notices["instance-state"]): void {
  for (const { group, target } of targetsAt(call, [instanceId])) revise(call, group, target);
}

/** Whether anybody leads to it has changed. */
export function reviseAll(call: Here, group: TargetGroup): void {
  for (const target of group.targets.values()) revise(call, group, target);
}

/** Users of the zones that a load balancer has lost or won. */
export function reviseZones(call: Here, arns: Iterable<string>): void {
  for (const arn of arns) {
    const group = call.state.targetGroups.get(arn);
    if (group && leaderOf(call, group)) reviseAll(call, group);
  }
}
